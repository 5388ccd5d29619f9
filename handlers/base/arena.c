/*
 * arena.c - see arena.h. A chain of blocks; the first one is kept over resets.
 *
 * Every command makes an arena and drops it, so first blocks go from one to the next without
 * asking malloc, and nothing is zeroed before somebody asks for it. Not for several threads.
 */
#include "tocsin/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tocsin/format.h"

#define FIRST_BYTES 4096 /* an arena and its first block; many wait in Redis' queue at once */
#define STEP_BYTES 8192  /* more at a time: what there is, up to this; later half of what there is */
#define BLOCK_MAX ((size_t)1024 * 1024)
#define ALIGN (_Alignof(max_align_t))

/* Kept for the next ones. None under AddressSanitizer: it finds what is used after its end. */
#if defined(__SANITIZE_ADDRESS__)
#define SPARE_MAX 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SPARE_MAX 0
#endif
#endif
#ifndef SPARE_MAX
#define SPARE_MAX 64
#endif

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
	struct block *current;
	struct deferred *deferred;
	size_t limit;
	size_t used;
	size_t size; /* of all blocks */
	unsigned long fail_at;
	bool has_recovery;
	jmp_buf recovery;
	struct arena *next_spare;
	struct block first; /* last: its data follow */
};

static struct arena *spare;
static unsigned n_spare;

struct arena *arena_new(size_t limit_bytes)
{
	struct arena *a = spare;

	if (a) {
		spare = a->next_spare;
		n_spare--;
	} else {
		a = malloc(FIRST_BYTES);
		if (!a)
			return NULL;
	}
	memset(a, 0, sizeof(*a));
	a->limit = limit_bytes;
	a->first.size = a->size = FIRST_BYTES - sizeof(*a);
	a->current = &a->first;
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
	for (b = a->first.next; b; b = next) {
		next = b->next;
		free(b);
	}
	a->first.next = NULL;
	a->first.used = 0;
	a->current = &a->first;
	a->size = a->first.size;
	a->used = 0;
	a->has_recovery = false;
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	arena_reset(a);
	if (n_spare + 1 > SPARE_MAX) {
		free(a);
		return;
	}
	a->next_spare = spare;
	spare = a;
	n_spare++;
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
	size_t size = a->size / 2 > STEP_BYTES ? a->size / 2 : STEP_BYTES;
	struct block *b;

	if (size > a->size)
		size = a->size;
	if (size < n)
		size = n;
	if (size > BLOCK_MAX && size > n)
		size = n > BLOCK_MAX ? n : BLOCK_MAX;
	b = malloc(sizeof(*b) + size);
	if (!b)
		return NULL;
	b->next = NULL;
	b->size = size;
	b->used = 0;
	a->size += size;
	a->current->next = b;
	a->current = b;
	return b;
}

static size_t rounded(size_t n)
{
	return (n + ALIGN - 1) / ALIGN * ALIGN;
}

void *arena_take(struct arena *a, size_t n)
{
	struct block *b = a->current;
	void *p;

	if (n > SIZE_MAX / 2)
		arena_exhausted(a);
	n = rounded(n);
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

bool arena_extend(struct arena *a, void *last, size_t n, size_t more)
{
	struct block *b = a->current;
	size_t was = rounded(n), is = rounded(more);

	if (b->used < was || (char *)last != (char *)b->data + b->used - was || is < was ||
		is - was > b->size - b->used || is - was > a->limit - a->used)
		return false;
	b->used += is - was;
	a->used += is - was;
	return true;
}

void *arena_alloc(struct arena *a, size_t n)
{
	void *p = arena_take(a, n);

	memset(p, 0, n);
	return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = arena_take(a, n + 1);

	if (n)
		memcpy(p, s, n);
	p[n] = '\0';
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
	n = format_text(small, sizeof(small), fmt, ap);
	if (n < 0)
		n = 0;
	p = arena_take(a, (size_t)n + 1);
	*p = '\0';
	if ((size_t)n < sizeof(small))
		memcpy(p, small, (size_t)n + 1);
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
