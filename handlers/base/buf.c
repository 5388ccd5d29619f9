/* buf.c - see buf.h. */
#include "tocsin/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/format.h"

void buf_init(struct buf *b, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max;
}

void buf_init_arena(struct buf *b, struct arena *a, size_t max)
{
	buf_init(b, max);
	b->arena = a;
}

void buf_release(struct buf *b)
{
	if (!b->arena)
		free(b->data);
	b->data = NULL;
	b->len = b->cap = 0;
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data)
		b->data[0] = '\0';
}

/* Makes room for n more bytes and the NUL. */
static bool buf_reserve(struct buf *b, size_t n)
{
	size_t want, cap;
	char *p;

	if (b->failed)
		return false;
	if (n > b->max - b->len) {
		b->failed = true;
		return false;
	}
	want = b->len + n + 1;
	if (want <= b->cap)
		return true;
	cap = b->cap ? b->cap : b->arena ? 64 : 256; /* an arena can often extend it in place */
	while (cap < want)
		cap *= 2;
	if (b->arena && b->data && arena_extend(b->arena, b->data, b->cap, cap)) {
		p = b->data;
	} else if (b->arena) {
		p = arena_take(b->arena, cap);
		if (b->len)
			memcpy(p, b->data, b->len);
	} else {
		p = realloc(b->data, cap);
		if (!p) {
			b->failed = true;
			return false;
		}
	}
	b->data = p;
	b->cap = cap;
	b->data[b->len] = '\0';
	return true;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	/* Most often there is room. */
	if ((b->failed || len >= b->cap - b->len || len > b->max - b->len) && !buf_reserve(b, len))
		return;
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

char *buf_room(struct buf *b, size_t n)
{
	if ((b->failed || n >= b->cap - b->len || n > b->max - b->len) && !buf_reserve(b, n))
		return NULL;
	return b->data + b->len;
}

void buf_filled(struct buf *b, size_t n)
{
	b->len += n;
	b->data[b->len] = '\0';
}

void buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_char(struct buf *b, char c)
{
	/* The common case, inline: JSON is written a comma and a quote at a time. */
	if (b->failed || b->len + 1 >= b->cap || b->len >= b->max) {
		buf_add(b, &c, 1);
		return;
	}
	b->data[b->len++] = c;
	b->data[b->len] = '\0';
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	char small[256];
	int n;

	va_copy(again, ap);
	n = format_text(small, sizeof(small), fmt, ap);
	if (n < 0) {
		b->failed = true;
	} else if ((size_t)n < sizeof(small)) {
		buf_add(b, small, (size_t)n);
	} else if (buf_reserve(b, (size_t)n)) {
		vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void buf_truncate(struct buf *b, size_t len)
{
	if (len < b->len) {
		b->len = len;
		b->data[len] = '\0';
	}
}

const char *buf_text(const struct buf *b)
{
	return b->data ? b->data : "";
}

char *buf_detach(struct buf *b)
{
	char *p;

	if (b->failed || b->arena)
		return NULL;
	p = b->data ? b->data : calloc(1, 1);
	b->data = NULL;
	b->len = b->cap = 0;
	return p;
}
