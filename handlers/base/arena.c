/* arena.c - see arena.h. A chain of blocks; the first one is kept over resets. */
#include "tocsin/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BLOCK 8192
#define ALIGN (sizeof(max_align_t))

struct block {
	struct block *next;
	size_t size;
	size_t used;
	max_align_t data[];
};

struct deferred {
	struct deferred *next;
	void (*fn)(void *);
	void *ptr;
};

struct arena {
	struct block *first;
	struct block *current;
	struct deferred *deferred;
	size_t limit;
	size_t used;
	unsigned long fail_at;
	jmp_buf recovery;
	bool has_recovery;
};

struct arena *arena_new(size_t limit_bytes)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->limit = limit_bytes;
	a->first = calloc(1, sizeof(struct block) + FIRST_BLOCK);
	if (!a->first) {
		free(a);
		return NULL;
	}
	a->first->size = FIRST_BLOCK;
	a->current = a->first;
	return a;
}

void arena_reset(struct arena *a)
{
	struct block *b, *next;

	while (a->deferred) {
		struct deferred *d = a->deferred;

		a->deferred = d->next; /* first: fn may look at the arena again */
		d->fn(d->ptr);
	}
	for (b = a->first->next; b; b = next) {
		next = b->next;
		free(b);
	}
	memset(a->first->data, 0, a->first->used);
	a->first->next = NULL;
	a->first->used = 0;
	a->current = a->first;
	a->used = 0;
	a->has_recovery = false;
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	arena_reset(a);
	free(a->first);
	free(a);
}

jmp_buf *arena_recovery(struct arena *a)
{
	a->has_recovery = true;
	return &a->recovery;
}

void arena_recovery_clear(struct arena *a)
{
	a->has_recovery = false;
}

static _Noreturn void arena_exhausted(struct arena *a)
{
	if (a->has_recovery) {
		a->has_recovery = false;
		longjmp(a->recovery, 1);
	}
	fputs("arena: out of memory and nobody to tell\n", stderr);
	abort();
}

static struct block *arena_grow(struct arena *a, size_t n)
{
	size_t size = a->current->size * 2;
	struct block *b;

	if (size < n)
		size = n;
	if (size > 1024 * 1024 && size > n)
		size = n > 1024 * 1024 ? n : 1024 * 1024;
	b = calloc(1, sizeof(*b) + size);
	if (!b)
		return NULL;
	b->size = size;
	a->current->next = b;
	a->current = b;
	return b;
}

void *arena_alloc(struct arena *a, size_t n)
{
	struct block *b = a->current;
	void *p;

	if (n > SIZE_MAX / 2)
		arena_exhausted(a);
	n = (n + ALIGN - 1) / ALIGN * ALIGN;
	if (a->fail_at && --a->fail_at == 0)
		arena_exhausted(a);
	if (n > a->limit - a->used)
		arena_exhausted(a);
	if (n > b->size - b->used) {
		b = arena_grow(a, n);
		if (!b)
			arena_exhausted(a);
	}
	p = (char *)b->data + b->used;
	b->used += n;
	a->used += n;
	return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1);

	if (n)
		memcpy(p, s, n);
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	char small[256];
	va_list again;
	int n;
	char *p;

	va_copy(again, ap);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	if (n < 0)
		n = 0;
	p = arena_alloc(a, (size_t)n + 1);
	if ((size_t)n < sizeof(small))
		memcpy(p, small, (size_t)n);
	else
		vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	p = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return p;
}

void arena_defer(struct arena *a, void (*fn)(void *), void *ptr)
{
	struct deferred *d;

	if (a->fail_at == 1 || a->limit - a->used < sizeof(*d)) {
		/* The caller has made ptr already: it must not be lost with the jump. */
		fn(ptr);
		a->fail_at = 0;
		arena_exhausted(a);
	}
	d = arena_alloc(a, sizeof(*d));
	d->fn = fn;
	d->ptr = ptr;
	d->next = a->deferred;
	a->deferred = d;
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}

void arena_fail_at(struct arena *a, unsigned long nth)
{
	a->fail_at = nth;
}
