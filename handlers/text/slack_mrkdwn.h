/*
 * slack_mrkdwn.h - spans to Slack's mrkdwn, in pieces that keep a limit.
 *
 * A piece never ends inside <...>, inside an entity, inside a UTF-8 sequence or with a style
 * open: styles are closed at its end and opened again in the next. Where the text allows it, the
 * cut is at a space. Lengths are UTF-16 units.
 */
#ifndef TOCSIN_TEXT_SLACK_MRKDWN_H
#define TOCSIN_TEXT_SLACK_MRKDWN_H

#include <stdbool.h>
#include <stddef.h>

#include "tocsin/buf.h"
#include "tocsin/message.h"
#include "tocsin/render.h"

#define MRKDWN_STYLES 3

struct mrkdwn {
	const struct render_options *o;
	struct buf text;    /* the piece being written */
	size_t units;       /* of it */
	size_t limit;       /* for it, closing marks included */
	/* A full piece is handed over, and the limit of the next one comes back; 0: no more fits. NULL:
	 * one piece is all there is, and it ends in "…" when it is cut. */
	size_t (*piece)(void *ctx, const char *text, size_t units);
	void *ctx;
	bool full;          /* text was left out */
	char open[MRKDWN_STYLES];
	unsigned n_open;
	const char *prefix; /* begins each line and each piece (a quote's "> "), or NULL */
	size_t space;       /* text.len just after the last white space where a cut is good; 0: none */
	size_t space_units;
};

void mrkdwn_init(struct mrkdwn *w, const struct render_options *o, struct arena *a, size_t limit);
void mrkdwn_spans(struct mrkdwn *w, const struct span *s);
void mrkdwn_quote(struct mrkdwn *w, const struct span *s);
void mrkdwn_text(struct mrkdwn *w, const char *s, size_t len); /* escapes & < > */
void mrkdwn_break(struct mrkdwn *w); /* a new line, styles closed and opened again around it */
void mrkdwn_end(struct mrkdwn *w); /* hands over the last piece */

/* Appends text with & < > escaped, at most `units` units, cut between characters. false: cut. */
bool slack_escape(struct buf *out, const char *s, size_t len, size_t units);

#endif
