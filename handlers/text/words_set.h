/* words_set.h - inside struct words; for words*.c only. */
#ifndef TOCSIN_TEXT_WORDS_SET_H
#define TOCSIN_TEXT_WORDS_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "tocsin/render.h"

struct buf;
struct mustache;

struct word {
	const char *name;
	const char *path;
	const char *sample; /* JSON, or "" */
	bool sample_bad;    /* it begins like a sample, but is none */
	bool foreign;       /* the plan brought it; no built-in has the name */
	const struct mustache *compiled;
	const char **names; /* of the data's members that it looks at; NULL: any */
	size_t n_names;
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

/* Fills in `names` of all, once everything is loaded. */
void words_gather(struct words *w);
/* Appends the data, an object, with those members only that the template looks at. False: not to be
 * told so simply; what was appended is of no use. */
bool words_pick(const struct word *word, const char *data, struct buf *out);

#endif
