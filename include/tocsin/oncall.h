/*
 * oncall.h - what people decided beside the plan about who is on call.
 *
 * Documents "oncall:SCHEDULE" hold the overrides and covers of one schedule and what was said of its
 * hand-overs; the document "oncall:@away" holds who is away, in all schedules at once. Each has a
 * log of its own. Changes that ended ONCALL_KEEP_MS ago are dropped when the document is written;
 * the log keeps them.
 *
 * Timers: "oncall:SCHEDULE:handoff" and "oncall:SCHEDULE:gaps" (handoff.c). As everywhere they mean
 * "look at the state".
 */
#ifndef TOCSIN_ONCALL_H
#define TOCSIN_ONCALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tocsin/roster.h"

#define ONCALL_AWAY "@away"
#define ONCALL_CHANGES_MAX 200 /* of one document */
#define ONCALL_SAID_MAX 64     /* warnings of gaps that are remembered */
#define ONCALL_KEEP_MS (INT64_C(7) * 24 * 3600 * 1000)

struct arena;
struct context;
struct plan_schedule;
struct family;

extern const struct family oncall_family;

/* A gap of which people were told; stage: how near it was then. */
struct oncall_said {
	int64_t from_ms;
	unsigned stage;
};

struct oncall_doc {
	const char *key;  /* schedule's key, or ONCALL_AWAY */
	int64_t version;  /* as loaded, 0: new */
	unsigned last;    /* number of the newest change */
	int64_t seq;      /* numbers sends: never used twice */
	struct roster_change *changes; /* room for ONCALL_CHANGES_MAX, oldest first */
	size_t n;

	const char *now[ROSTER_MAX];   /* who was said to be on call last: person keys */
	size_t n_now;
	int64_t announced_ms;  /* the hand-over that was announced ahead */
	int64_t said_now_ms;   /* when `now` was said; 0: never */
	struct oncall_said said[ONCALL_SAID_MAX];
	size_t n_said;
};

/* False: asked for, and *doc is an empty one. A document that is not there yet is empty too. */
bool oncall_load(struct context *cx, const char *key, struct oncall_doc **doc);
/* "oncall:KEY", in the arena. */
const char *oncall_entity(struct context *cx, const char *key);
/* "oncall/KEY/WHAT/17": an idempotency key that was never used before. */
const char *oncall_key(struct context *cx, struct oncall_doc *doc, const char *what);
/* Adds a change and numbers it; NULL when there is no room. Strings are borrowed. */
struct roster_change *oncall_add(struct context *cx, struct oncall_doc *doc);
/* Takes out number n; false: there is none. */
bool oncall_remove(struct oncall_doc *doc, unsigned n);
/* Writes the document. Once, at the end. */
void oncall_save(struct context *cx, struct oncall_doc *doc);

/* What concerns one schedule: its own changes and who is away. False: asked for; *out is empty then.
 * In a run that has asked for facts nothing is committed (handler.h). */
bool oncall_changes(struct context *cx, const struct plan_schedule *schedule,
	struct roster_changes *out);
/* Asks for what oncall_changes() will want, of all schedules of a plan with few: for who needs other
 * facts anyway, so that everything comes at once. */
void oncall_expect(struct context *cx);
/* oncall_changes() and one more, which is tried out. */
void oncall_changes_with(struct context *cx, const struct roster_changes *base,
	const struct roster_change *more, struct roster_changes *out);

#endif
