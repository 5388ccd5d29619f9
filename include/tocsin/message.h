/*
 * message.h - what a message says, before any platform has its way with it.
 *
 * Made from Markdown (docs/templates.md), rendered to Block Kit, plain text, HTML or Markdown by
 * render.h. Everything lives in the arena that it was parsed into. Strings are UTF-8 (malformed
 * bytes are kept; renderers repair them), NUL-terminated and never NULL unless a comment says so.
 */
#ifndef TOCSIN_MESSAGE_H
#define TOCSIN_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGE_SPAN_DEPTH 12 /* styles inside styles; deeper ones are dropped, their text stays */
#define MESSAGE_LIST_DEPTH 8  /* deeper lists stay on this level */
#define MESSAGE_COLUMNS_MAX 20 /* of a table; the rest of a row is dropped */

struct arena;
struct form_field;

enum span_kind {
	SPAN_TEXT,
	SPAN_BREAK,   /* a new line inside a block */
	SPAN_CODE,
	SPAN_BOLD,    /* these four have children */
	SPAN_ITALIC,
	SPAN_STRIKE,
	SPAN_LINK,    /* target: URL, http, https or mailto, no spaces or controls in it */
	SPAN_PERSON,  /* target: person key of the plan */
	SPAN_USER,    /* target: the platform's user id */
	SPAN_CHANNEL, /* target: channel key of the plan, or the platform's channel id */
	SPAN_TIME
};

enum time_style {
	TIME_FULL, /* date and time of day */
	TIME_DATE,
	TIME_CLOCK, /* time of day only */
	TIME_AGO
};

struct span {
	enum span_kind kind;
	enum time_style style;
	const char *text;   /* TEXT, CODE: what it says; PERSON, USER, CHANNEL, TIME: the label */
	size_t len;         /* of text */
	const char *target;
	int64_t time_s;     /* TIME: seconds since the epoch, UTC */
	struct span *children;
	struct span *next;
};

struct button {
	const char *label;   /* plain text */
	const char *command; /* the command line that is run: "incident ack INC-42" */
	bool primary;
	bool danger;
	const char *confirm; /* question to ask first, or NULL */
	struct button *next;
};

struct row {
	struct span **cells; /* as many as the block has columns; NULL: empty */
	bool head;
	struct row *next;
};

enum block_kind {
	BLOCK_HEADER,  /* the first heading of level 1 */
	BLOCK_HEADING, /* every other heading */
	BLOCK_TEXT,
	BLOCK_ITEM,    /* one item of a list */
	BLOCK_QUOTE,
	BLOCK_CODE,
	BLOCK_FIELDS,  /* table of two columns: name and value; empty rows are gone */
	BLOCK_TABLE,   /* any other table */
	BLOCK_DIVIDER,
	BLOCK_CONTEXT, /* the closing quote */
	BLOCK_BUTTONS,
	BLOCK_INPUT    /* form.h: a question */
};

enum task_mark { TASK_NONE, TASK_OPEN, TASK_DONE };

struct block {
	enum block_kind kind;
	struct span *spans;      /* HEADER, HEADING, TEXT, ITEM, QUOTE, CONTEXT */
	unsigned depth;          /* ITEM: 0 is the outermost list; HEADING: level 1..6 */
	unsigned number;         /* ITEM: of an ordered list; 0: a bullet */
	enum task_mark task;     /* ITEM */
	const char *code;        /* CODE, without the last new line */
	const char *lang;        /* CODE, "" when not given */
	struct row *rows;        /* FIELDS, TABLE */
	unsigned columns;
	struct button *buttons;  /* BUTTONS */
	struct form_field *field; /* INPUT */
	struct block *next;
};

struct message {
	struct arena *arena;
	struct block *blocks;
	size_t n_blocks;
	const char *submit; /* forms: label of the button that sends it, or NULL */
	const char *close;  /* forms: label of the button that closes it, or NULL */
};

/* Never fails, whatever the bytes; NULs become U+FFFD. text is copied. */
struct message *message_parse(struct arena *a, const char *markdown, size_t len);

/* The plain text of spans (breaks are new lines), in the arena. Labels stand for mentions. */
const char *spans_text(struct arena *a, const struct span *s);

/* The header's plain text, or "" when there is none. */
const char *message_title(const struct message *m);
#endif
