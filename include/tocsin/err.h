/*
 * err.h - the first error wins: a code that says who must hear, and a text for an operator.
 *
 * What a person reads in chat is never written here; it is a template (effects_refuse()).
 */
#ifndef TOCSIN_ERR_H
#define TOCSIN_ERR_H

#include <stdarg.h>

enum err_code {
	ERR_NONE = 0,
	ERR_USAGE,    /* the caller's words are off */
	ERR_INVALID,  /* outside bytes are malformed */
	ERR_LIMIT,    /* a stated bound was reached */
	ERR_UPSTREAM, /* Redis, Slack or a receiver failed: try again */
	ERR_CONFIG,   /* the plan or the environment is wrong */
	ERR_MEMORY,
	ERR_BUG       /* cannot happen */
};

struct err {
	enum err_code code;
	char text[512];
};

/* Records code and text unless an error is recorded already. e may be NULL. Always returns -1. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void err_clear(struct err *e);
const char *err_code_name(enum err_code code);
#endif
