/* bulks.c - see bulks.h. */
#include "bot/store/bulks.h"

#include <stdlib.h>
#include <string.h>

#define HOLE_DIGITS 6

void bulks_release(struct bulks *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

void bulks_reset(struct bulks *b)
{
	b->len = 0;
	b->n = 0;
	b->failed = false;
}

static char *room(struct bulks *b, size_t n)
{
	size_t cap = b->cap ? b->cap : 1024;
	char *p;

	if (b->failed)
		return NULL;
	if (n > BULKS_BYTES_MAX || b->len + n > BULKS_BYTES_MAX) {
		b->failed = true;
		return NULL;
	}
	if (b->len + n > b->cap) {
		while (cap < b->len + n)
			cap *= 2;
		p = realloc(b->data, cap);
		if (!p) {
			b->failed = true;
			return NULL;
		}
		b->data = p;
		b->cap = cap;
	}
	return b->data + b->len;
}

/* Decimal digits of value, right-aligned before end. Returns where they begin. */
static char *digits(char *end, uint64_t value)
{
	do {
		*--end = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	return end;
}

/* "$len\r\n" at p; returns behind it. */
static char *head(char *p, size_t len)
{
	char text[24];
	char *end = text + sizeof(text);
	char *first = digits(end, len);

	*p++ = '$';
	memcpy(p, first, (size_t)(end - first));
	p += end - first;
	*p++ = '\r';
	*p++ = '\n';
	return p;
}

static char *piece(char *p, const void *data, size_t len)
{
	if (len)
		memcpy(p, data, len);
	return p + len;
}

void bulks_join(struct bulks *b, const char *a, size_t a_len, const char *m, size_t m_len,
	const char *c, size_t c_len)
{
	char *p;

	if (a_len > BULKS_BYTES_MAX || m_len > BULKS_BYTES_MAX || c_len > BULKS_BYTES_MAX) {
		b->failed = true;
		return;
	}
	p = room(b, a_len + m_len + c_len + 32);
	if (!p)
		return;
	p = head(p, a_len + m_len + c_len);
	p = piece(p, a, a_len);
	p = piece(p, m, m_len);
	p = piece(p, c, c_len);
	*p++ = '\r';
	*p++ = '\n';
	b->len = (size_t)(p - b->data);
	b->n++;
}

void bulks_add(struct bulks *b, const void *data, size_t len)
{
	bulks_join(b, data, len, NULL, 0, NULL, 0);
}

void bulks_str(struct bulks *b, const char *s)
{
	bulks_add(b, s, strlen(s));
}

void bulks_int(struct bulks *b, int64_t value)
{
	char text[24];
	char *end = text + sizeof(text);
	char *first = digits(end, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);

	if (value < 0)
		*--first = '-';
	bulks_add(b, first, (size_t)(end - first));
}

size_t bulks_hole(struct bulks *b)
{
	bulks_add(b, "000000", HOLE_DIGITS);
	return b->len;
}

void bulks_fill(struct bulks *b, size_t hole, unsigned value)
{
	char *end;
	unsigned i;

	if (b->failed)
		return;
	end = b->data + hole - 2; /* before \r\n */
	for (i = 0; i < HOLE_DIGITS; i++, value /= 10)
		*--end = (char)('0' + value % 10);
}

void bulks_raw(struct bulks *b, const void *data, size_t len)
{
	char *p = room(b, len);

	if (!p)
		return;
	piece(p, data, len);
	b->len += len;
}

void bulks_append(struct bulks *b, const struct bulks *more)
{
	if (more->failed)
		b->failed = true;
	bulks_raw(b, more->data, more->len);
	b->n += more->n;
}
