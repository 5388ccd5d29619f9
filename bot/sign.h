/*
 * sign.h - HMAC, base64 and comparing secrets: the little that signatures need.
 */
#ifndef TOCSIN_BOT_SIGN_H
#define TOCSIN_BOT_SIGN_H

#include <stdbool.h>
#include <stddef.h>

#define HMAC_SHA256_BYTES 32

struct buf;

/* 0, or -1 when the library fails (out of memory). */
int hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
	unsigned char out[HMAC_SHA256_BYTES]);

#define HMAC_SHA1_BYTES 20
/* For the one receiver whose callbacks are signed so. */
int hmac_sha1(const void *key, size_t key_len, const void *data, size_t len,
	unsigned char out[HMAC_SHA1_BYTES]);

/* Standard base64 with padding. */
void base64_encode(struct buf *out, const void *data, size_t len);
/* base64url without padding. */
void base64url_encode(struct buf *out, const void *data, size_t len);

/* Strict: only the alphabet, right padding (standard) or none (url), unused bits zero. Returns the
 * bytes written to out, which has room for `room`, or -1. */
long base64_decode(const char *s, size_t len, unsigned char *out, size_t room);
long base64url_decode(const char *s, size_t len, unsigned char *out, size_t room);

/* Whether two texts are equal; takes no shorter when they differ early. Lengths are no secret. */
bool equal_constant_time(const void *a, size_t a_len, const void *b, size_t b_len);

/* Random bytes from the system; 0 or -1. */
int random_bytes(void *out, size_t len);
/* The value of one hex digit, -1 for anything else. */
int hex_digit(char c);
/* 2 * len hex digits and a NUL. */
void hex_encode(const unsigned char *data, size_t len, char *out);
#endif
