/* words_set.h - inside struct words; for words*.c only. */
#ifndef TOCSIN_TEXT_WORDS_SET_H
#define TOCSIN_TEXT_WORDS_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "tocsin/render.h"

struct mustache;

struct word {
	const char *name;
	const char *path;
	const char *sample; /* JSON, or "" */
	bool sample_bad;    /* it begins like a sample, but is none */
	bool foreign;       /* the plan brought it; no built-in has the name */
	const struct mustache *compiled;
};

struct word_fault {
	const char *text;
	struct word_fault *next;
};

struct words {
	struct arena *arena;
	struct word *items; /* sorted by name */
	size_t n;
	struct word_fault *faults, **fault_tail; /* found while compiling */
	size_t n_faults;
	struct phrases phrases;
};

const struct word *words_find(const struct words *w, const char *name);
int words_order(const void *a, const void *b);

#endif
