/*
 * bulks.h - a run of Redis arguments, already in the form in which they travel.
 *
 * Commits and loads are encoded once, when they are asked for, and only glued together when the
 * turn ends. Failure (no memory, past the bound) is sticky; who sends the result checks once.
 */
#ifndef TOCSIN_BOT_STORE_BULKS_H
#define TOCSIN_BOT_STORE_BULKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BULKS_BYTES_MAX ((size_t)16 * 1024 * 1024)

struct bulks {
	char *data;
	size_t len, cap;
	unsigned n; /* arguments so far */
	bool failed;
};

void bulks_release(struct bulks *b);
void bulks_reset(struct bulks *b); /* empties it, keeps the memory */

void bulks_add(struct bulks *b, const void *data, size_t len);
void bulks_str(struct bulks *b, const char *s);
void bulks_int(struct bulks *b, int64_t value);
/* One argument out of three pieces; c may be NULL. */
void bulks_join(struct bulks *b, const char *a, size_t a_len, const char *m, size_t m_len,
	const char *c, size_t c_len);

/* A number that is not known yet, at most 999999: bulks_fill() writes it where bulks_hole() said. */
size_t bulks_hole(struct bulks *b);
void bulks_fill(struct bulks *b, size_t hole, unsigned value);

/* As they are, without counting: the parts of a command. */
void bulks_raw(struct bulks *b, const void *data, size_t len);
void bulks_append(struct bulks *b, const struct bulks *more);
#endif
