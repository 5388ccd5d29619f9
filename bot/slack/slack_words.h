/*
 * slack_words.h - a template and its data, as what Slack takes.
 */
#ifndef TOCSIN_BOT_SLACK_WORDS_H
#define TOCSIN_BOT_SLACK_WORDS_H

#include <stddef.h>

struct arena;
struct buf;
struct err;
struct json_out;
struct plan;
struct reply;
struct words;

#define SLACK_BODY_MAX ((size_t)512 * 1024) /* of one call that we make */
#define SLACK_PLAIN_UNITS 3000              /* a message that was not to Slack's liking, again */

/* What every rendering needs. plan may be NULL: no names, no channels. */
struct slack_words {
	const struct words *words;
	struct arena *arena;
	const struct plan *plan;
};

/* Adds "text" and "blocks" to the object that j has open. -1 with err set: no such template, bad
 * data; nothing was added. */
int slack_words_message(const struct slack_words *w, const char *template_name, const char *data,
	struct json_out *j, struct err *err);
/* The same as plain text, at most `units` UTF-16 units. NULL with err set. */
const char *slack_words_plain(const struct slack_words *w, const char *template_name,
	const char *data, size_t units, struct err *err);
/* Text for a place where Slack reads <...>: & < > are escaped, and nothing else. In the arena. */
const char *slack_words_escape(struct arena *a, const char *text, size_t len);
/* A modal view. 0, or -1 with err set. */
int slack_words_form(const struct slack_words *w, const struct reply *reply, const char *place,
	struct buf *out, struct err *err);
#endif
