/* utf8.h - the little that we need to know about UTF-8 (RFC 3629). */
#ifndef TOCSIN_UTF8_H
#define TOCSIN_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the well-formed sequence at s (1 to 4), 0 when it is malformed or cut. len > 0. */
size_t utf8_length(const char *s, size_t len);

/* Decodes one sequence and sets *n to its bytes; malformed: U+FFFD and 1. */
uint32_t utf8_decode(const char *s, size_t len, size_t *n);

/* Writes a code point; out has room for 4. Returns the bytes written. */
size_t utf8_encode(uint32_t code, char *out);

bool utf8_valid(const char *s, size_t len);

/* UTF-16 code units of the text: what Slack's limits count at worst. Malformed bytes count one. */
size_t utf16_units(const char *s, size_t len);

/* Longest prefix of s, in bytes, with at most `units` UTF-16 units and no cut inside a sequence. */
size_t utf16_prefix(const char *s, size_t len, size_t units);
#endif
