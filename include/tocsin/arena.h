/*
 * arena.h - the memory of one task: everything a request needs lives and dies together.
 *
 * A handler allocates and never frees. Allocation does not return on failure: out of memory, or
 * past the arena's limit, it jumps to the recovery point that whoever runs the task has set, so
 * one request fails and the daemon goes on. What must be undone even then (a json_t, say) is
 * registered with arena_defer() right where it is made.
 */
#ifndef TOCSIN_ARENA_H
#define TOCSIN_ARENA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;

/* Makes an arena that may hold at most limit_bytes. NULL when out of memory. */
struct arena *arena_new(size_t limit_bytes);

/* Runs the deferred functions, newest first, and frees everything. NULL is allowed. */
void arena_free(struct arena *a);

/* As arena_free(), but keeps the arena itself and its first block for the next task. */
void arena_reset(struct arena *a);

/* The recovery point: `if (setjmp(*arena_recovery(a))) { ... the task is out of memory ... }`.
 * An arena without one aborts on failure, which is what tests want. */
jmp_buf *arena_recovery(struct arena *a);

/* Forgets the recovery point; call before the function that did the setjmp() returns. */
void arena_recovery_clear(struct arena *a);

/* n zeroed bytes, aligned for any type. Never NULL. n may be 0. */
void *arena_alloc(struct arena *a, size_t n);

/* The same, not zeroed: for who writes all of it at once. */
void *arena_take(struct arena *a, size_t n);

/* Makes room behind the last allocation, of n bytes: it has `more` now, the new ones not zeroed.
 * False when something else came after it or the block is full: then take and copy. */
bool arena_extend(struct arena *a, void *last, size_t n, size_t more);

char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* Runs fn(ptr) when the arena is reset or freed. */
void arena_defer(struct arena *a, void (*fn)(void *), void *ptr);

/* Bytes handed out so far. */
size_t arena_used(const struct arena *a);

/* Tests only: the nth allocation from now fails (0 switches it off). */
void arena_fail_at(struct arena *a, unsigned long nth);

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_alloc((a), sizeof(type) * (size_t)(n)))
#endif
