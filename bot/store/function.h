/*
 * function.h - the Redis Function library, built into the program from tocsin.lua.
 *
 * The number is part of the library's and of every function's name: two versions can be loaded
 * side by side while bots are being replaced one after another.
 */
#ifndef TOCSIN_BOT_STORE_FUNCTION_H
#define TOCSIN_BOT_STORE_FUNCTION_H

#define FUNCTION_VERSION 1
#define FUNCTION_LIBRARY "tocsin_v1"
#define FUNCTION_NAME(what) FUNCTION_LIBRARY "_" what

/* NUL-terminated text of tocsin.lua. */
extern const char *const function_source;
extern const unsigned long function_source_bytes;

#define FUNCTION_DIGEST_LEN 16

/* The text as it is loaded: the digest of the original in place of @DIGEST@. The caller frees it.
 * digest gets FUNCTION_DIGEST_LEN hex digits and a NUL. NULL when out of memory. */
char *function_text(char digest[FUNCTION_DIGEST_LEN + 1]);
#endif
