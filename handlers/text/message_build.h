/* message_build.h - what message_parse.c and its neighbours share; nobody else needs it. */
#ifndef TOCSIN_TEXT_MESSAGE_BUILD_H
#define TOCSIN_TEXT_MESSAGE_BUILD_H

#include <stdbool.h>
#include <stddef.h>

#include "tocsin/buf.h"
#include "tocsin/message.h"

struct build {
	struct arena *arena;
	struct message *m;
	struct block **block_tail;
	struct block **last_at;   /* where the newest block hangs */
	struct block *inputs, **input_tail; /* questions of the open block */
	struct block *block;      /* the one that is being filled, or NULL */
	struct span **tail;       /* where the next span goes; NULL: nowhere yet */
	struct span **saved[MESSAGE_SPAN_DEPTH + 1]; /* tails outside the open styles */
	struct span *open[MESSAGE_SPAN_DEPTH + 1];
	unsigned span_depth;      /* open spans that we keep */
	unsigned span_ignored;    /* open spans beyond the depth */
	struct buf text;          /* run of text that is not yet a span */
	bool text_is_code;
	struct button *buttons, **button_tail; /* of the open block */
	const char *href, *title; /* of the open link, not yet decoded */
	unsigned link_depth;      /* images inside links: only the outermost counts */
	unsigned quote_depth;
	unsigned list_depth;
	struct { bool ordered; unsigned next; } lists[MESSAGE_LIST_DEPTH];
	bool seen_header;
	struct row **row_tail;
	struct row *row;
	unsigned cell;
	bool in_head;
	struct form_field *options_for; /* the list that comes next holds its options */
	bool in_options;
	struct buf raw;           /* an option's text, guards kept */
};

/* build_text.c. Text gathers in a run; build_flush() ends the run: it becomes a span. */
void build_text(struct build *b, const char *s, size_t len, bool code);
void build_break(struct build *b);
void build_flush(struct build *b);
struct span *build_span(struct build *b, enum span_kind kind);
struct block *build_block(struct build *b, enum block_kind kind);

/* build_link.c: the link that just ended becomes what its scheme says; *where points at s. href and
 * title are guarded still. */
void build_link(struct build *b, struct span *s, struct span **where, const char *href,
	const char *title);

/* build_urls.c: hangs the spans at *at, web addresses in their text as links. Returns the new end. */
struct span **build_urls(struct build *b, struct span **at, struct span *children);

/* build_form.c: `input:` and `form:` links. Returns false when the link is not one, or is faulty. */
bool build_form_link(struct build *b, struct span *s, const char *href, const char *title);
void build_option(struct build *b, const char *raw, size_t len, bool chosen);

#endif
