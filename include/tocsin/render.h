/*
 * render.h - from a template's name and data to what a platform takes.
 *
 *	struct message *m = words_message(w, arena, "incident/root", data_json, &err);
 *	slack_render(m, &opts, &out, NULL);
 *
 * words are compiled once and shared; a render allocates in its task's arena only.
 */
#ifndef TOCSIN_RENDER_H
#define TOCSIN_RENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct err;
struct form;
struct json_out;
struct message;
struct mustache;
struct plan;
struct words;

/* --- words: every template, built in or overridden by the plan ------------------------------ */

/* One template of the plan's own folder. */
struct words_source {
	const char *name; /* "incident/root" */
	const char *path; /* for error texts: "templates/incident/root.md" */
	const char *text; /* copied */
	size_t len;
};

/*
 * mustache_parse() for a template file: sample data at its start ({{! sample: {...} }}) is taken off
 * first and put in *sample as JSON text, "" when there is none. sample may be NULL.
 */
struct mustache *template_parse(struct arena *a, const char *path, const char *text, size_t len,
	const char **sample, struct err *e);

/*
 * Compiles the built-in templates and the overrides. A faulty override is left out (the
 * built-in one, if any, stays) and noted: see words_check(). NULL when out of memory.
 */
struct words *words_new(const struct words_source *overrides, size_t n);
void words_free(struct words *w); /* NULL is allowed */

/*
 * Writes every fault, one per line, as "FILE:LINE:COLUMN: what is wrong and what to write": syntax,
 * a partial that does not exist, sample data that is no JSON object, an override that overrides
 * nothing (a misspelt name), and whatever words_render_samples() finds. Returns how many.
 */
size_t words_check(const struct words *w, struct buf *faults);

/*
 * Renders every template that holds sample data to every platform and writes a line per fault.
 * Returns how many. How many were rendered goes to *rendered (may be NULL).
 */
size_t words_render_samples(const struct words *w, struct buf *faults, size_t *rendered);

bool words_has(const struct words *w, const char *name);
/* Calls fn for each template in the order of names; sample is "" when it has none. */
void words_each(const struct words *w,
	void (*fn)(void *ctx, const char *name, const char *path, const char *sample), void *ctx);

/*
 * Template and data to a message in the arena. data_json: a JSON object, NULL or "" for none.
 * NULL with err set: ERR_BUG when there is no such template, ERR_INVALID when the data is no JSON,
 * ERR_LIMIT when a bound of mustache.h was reached.
 */
struct message *words_message(const struct words *w, struct arena *a, const char *template_name,
	const char *data_json, struct err *e);

/* The same for a form. ERR_INVALID also when the template asks no question. */
struct form *words_form(const struct words *w, struct arena *a, const char *template_name,
	const char *data_json, struct err *e);

/* The template's Mustache output as it is (text files, pages), in the arena. NULL with err set. */
char *words_text(const struct words *w, struct arena *a, const char *template_name,
	const char *data_json, int escape_mode, struct err *e);

/* --- who is who -------------------------------------------------------------------------------- */

struct resolved {
	const char *id;   /* on the platform; NULL: not known there */
	const char *name; /* for people to read; NULL: the label in the template serves */
};

/* Any function may be NULL. Each returns false for "never heard of". */
struct resolver {
	void *ctx;
	bool (*person)(void *ctx, const char *key, struct resolved *out);
	bool (*user)(void *ctx, const char *platform_id, struct resolved *out);
	bool (*channel)(void *ctx, const char *key_or_id, struct resolved *out);
};

/* People and channels of a plan, with their Slack ids. The plan must outlive the resolver. */
void resolver_slack(struct resolver *r, const struct plan *plan);

/* Appends a time as text. tz: IANA name, or NULL. The default writes "2026-01-28 17:00 UTC". */
typedef void (*time_text_fn)(void *ctx, int64_t epoch_s, const char *tz, struct buf *out);
void time_text_utc(void *ctx, int64_t epoch_s, const char *tz, struct buf *out);

/* The few words that renderers need by themselves. words_phrases() has them; NULL members fall
 * back to a sign without words ("…"). */
struct phrases {
	const char *shortened;     /* ends a message that was cut */
	const char *full_text;     /* label of the link to all of it */
	const char *confirm_title; /* heads the question before a button's command */
	const char *confirm_yes;
	const char *confirm_no;
	const char *form_submit;
	const char *form_close;
};
const struct phrases *words_phrases(const struct words *w);

/* --- renderers --------------------------------------------------------------------------------- */

struct render_options {
	const struct resolver *who;    /* or NULL: labels only */
	const struct phrases *phrases; /* or NULL */
	const char *full_text_url;     /* or NULL: where a shortened message can be read whole */
	time_text_fn time_text;        /* NULL: time_text_utc; Slack shows its own, this is its fallback */
	void *time_ctx;
	const char *tz;                /* handed to time_text, or NULL */
	/* HTML, text: the URL behind a button's command, or NULL: shown as text. May be NULL. */
	const char *(*button_url)(void *ctx, const char *command);
	void *button_ctx;
	bool no_buttons;               /* text, HTML, Markdown: leave them out */
	size_t max_units;              /* text: cut after so many UTF-16 units; 0: no limit */
};

struct render_result {
	bool shortened;           /* text was left out */
	unsigned dropped_buttons; /* command lines or rows past the platform's limits */
};

/*
 * Slack: {"text": fallback, "blocks": [...]}. The limits of Block Kit hold whatever the message.
 * o and r may be NULL. Appends to out; who sends checks out->failed.
 */
void slack_render(const struct message *m, const struct render_options *o, struct buf *out,
	struct render_result *r);
/* The same two members, into an object that is open already. */
void slack_render_members(const struct message *m, const struct render_options *o,
	struct json_out *j, struct render_result *r);

/*
 * Slack: a modal view. callback_id (the command line, at most 255 units) and private_metadata (at
 * most 3000) are the caller's. Each question is an input block whose block_id is the field's id;
 * its only element has action_id "value". Returns 0, or -1 with err set (ERR_LIMIT).
 */
int slack_render_form(const struct form *f, const struct render_options *o,
	const char *callback_id, const char *private_metadata, struct buf *out, struct err *e);

/* Plain text for mail, SMS and terminals. Ends without a new line. */
void text_render(const struct message *m, const struct render_options *o, struct buf *out);

/* HTML fragment: no document, no style, no script. */
void html_render(const struct message *m, const struct render_options *o, struct buf *out);

/* Markdown that reads the same when parsed again, mentions and times as text. */
void markdown_render(const struct message *m, const struct render_options *o, struct buf *out);
#endif
