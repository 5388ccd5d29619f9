/*
 * handler.h - the contract of everything that decides.
 *
 * A handler is a pure function of (plan, request, snapshot) to effects: no clock, no I/O, no
 * randomness, no statics, no logging. What it does not know it asks for and returns STEP_NEED.
 * It may be run many times for one request (more facts, a version conflict): each run starts
 * with empty effects.
 */
#ifndef TOCSIN_HANDLER_H
#define TOCSIN_HANDLER_H

#include <stddef.h>

struct arena;
struct effects;
struct plan;
struct request;
struct snapshot;

enum step {
	STEP_DONE,   /* effects are complete: commit them; a run that asked for facts is not done */
	STEP_NEED,   /* load effects.needs, then run again */
	STEP_REFUSED /* nothing to commit: effects.reply says why */
};

struct context {
	const struct plan *plan;
	const struct request *req;
	const struct snapshot *snap;
	struct effects *out;
	struct arena *arena;
	void *call; /* what the family's command() made of the words, for the verb it runs; else NULL */
};

typedef enum step (*handler_fn)(struct context *cx);

/* One verb of a command family: "/incident ack". The table is the source of help text and of
 * docs/commands.md. */
struct verb {
	const char *name;     /* "ack" */
	const char *aliases;  /* space separated: "acknowledge acked", or "" */
	const char *args;     /* "[INC-42] TEXT" */
	const char *summary;  /* one line, starts with a verb, no full stop */
	const char *example;  /* "/incident ack" */
	const char *who;      /* who may, in words: "anybody", "people in the plan" */
	handler_fn run;
};

struct family {
	const char *name;     /* "incident": the slash command, and the first part of document ids */
	const char *summary;
	const struct verb *verbs; /* ends with a NULL name */
	handler_fn command;   /* parses the verb and runs it */
	handler_fn timer;     /* timer ids that begin with "name:" */
	handler_fn delivery;  /* deliveries whose entity begins with "name:" */
	handler_fn message;   /* NULL: not interested */
	handler_fn reaction;
	handler_fn alert;
};

/* handlers/registry.c: the families, in the order of the help text; ends with NULL. */
extern const struct family *const families[];
const struct family *family_find(const char *name);

/* Runs the handler that the request belongs to. */
enum step handle(struct context *cx);
#endif
