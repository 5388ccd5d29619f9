/*
 * buf.h - a growable text buffer with a maximum and a sticky failure.
 *
 * Appends return nothing. The first one that does not fit, or finds no memory, sets `failed`, and
 * later ones do nothing; who sends the result checks once. The text is always NUL-terminated
 * (buf_text() is never NULL).
 */
#ifndef TOCSIN_BUF_H
#define TOCSIN_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;

struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max;          /* at most this many bytes of text */
	bool failed;
	struct arena *arena; /* when set, memory comes from here and is never freed by the buffer */
};

void buf_init(struct buf *b, size_t max);
/* Memory comes from the arena (out of memory jumps, as arena_alloc does). */
void buf_init_arena(struct buf *b, struct arena *a, size_t max);
void buf_release(struct buf *b);
void buf_reset(struct buf *b); /* empties it, keeps the memory, clears `failed` */

void buf_add(struct buf *b, const void *data, size_t len);
void buf_str(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Room for n bytes behind the text, or NULL (then it has failed); written ones are told next. */
char *buf_room(struct buf *b, size_t n);
void buf_filled(struct buf *b, size_t n);
void buf_truncate(struct buf *b, size_t len);

const char *buf_text(const struct buf *b);
/* The caller owns the text (free()); the buffer is empty afterwards. NULL when failed. Not for
 * arena buffers. */
char *buf_detach(struct buf *b);
#endif
