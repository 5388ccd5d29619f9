/*
 * world.h - a whole world in memory for the core: a store that applies effects, a clock, timers
 * that fire, an outbox that delivers into pretended channels. No I/O, no waiting.
 *
 * Every step drains the outbox and hands results back as requests, as the shell does. What the
 * handlers said since the last step is kept as lines ("post C0WARROOM/17: ..."), which is what
 * tests look at.
 */
#ifndef TOCSIN_TESTS_WORLD_H
#define TOCSIN_TESTS_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tocsin/effects.h"
#include "tocsin/handler.h"
#include "tocsin/request.h"

#define WORLD_T0 INT64_C(1769616000000) /* 2026-01-28 16:00 UTC */
#define MINUTE_MS INT64_C(60000)

struct arena;
struct buf;
struct plan;
struct world;

struct world *world_new(const struct plan *plan);
void world_free(struct world *w);

int64_t world_now(const struct world *w);
/* Runs every timer that becomes due on the way, in order, and delivers in between. */
void world_advance(struct world *w, int64_t ms);
/* The same after a downtime: all that was due fires now, late, oldest first. */
void world_sleep(struct world *w, int64_t ms);
/* A plan has come into force: schedules are watched from now on. */
void world_look(struct world *w);

/* Somebody in the world by plan key, or any other name for a stranger (user "U0NAME"). */
struct actor world_actor(struct world *w, const char *who);
/* "war-room", "C0X", "thread INC-1", "room INC-1", "dm": where something happens. */
struct place world_place(struct world *w, const char *who, const char *where);

/* A command line as typed behind "/incident". Returns the answer as text ("" : none). */
const char *world_type(struct world *w, const char *who, const char *where, const char *text);
/* The same through other doors; can_open_form says whether a form can be opened in answer. */
const char *world_command(struct world *w, enum request_source source, const char *who,
	const char *where, const char *text, bool can_open_form);
/* Presses the button with this label on the newest message that has it and that `who` can see.
 * NULL: there is no such button. */
const char *world_press(struct world *w, const char *who, const char *label);
/* Sends the form that `who` has open: fields as "name=value" separated by ";". NULL: none is open. */
const char *world_submit(struct world *w, const char *who, const char *fields);
/* Writes a message (not a command). ts is returned. */
const char *world_say(struct world *w, const char *who, const char *where, const char *text);
void world_react(struct world *w, const char *who, const char *where, const char *emoji,
	const char *ts);
/* Any request; who, now and id are filled in when they are not given. */
const char *world_request(struct world *w, struct request *req);

/* From now on this channel (or op, or "user:U0ADA") answers with this error; "" mends it. */
void world_break(struct world *w, const char *what, const char *error);
/* The next n commits find that somebody was faster. */
void world_conflict(struct world *w, unsigned n);

/* What happened since the last world_mark(), one line each. */
const char *world_lines(struct world *w);
void world_mark(struct world *w);
/* Present state of things. "" when there is none. */
const char *world_message(struct world *w, const char *ref); /* rendered, with its buttons */
const char *world_doc(struct world *w, const char *id);      /* "incident:INC-1" */
size_t world_log_count(struct world *w, const char *id);
bool world_indexed(struct world *w, const char *index, const char *member);
size_t world_timers(struct world *w, const char *prefix);
/* Breaches of what must always hold, found on the way (a put without a version, an effect list
 * that overflowed, an idempotency key used twice, a template that does not render ...). */
const char *world_faults(struct world *w);

extern const struct plan world_plan; /* world_plan.c */
#endif
