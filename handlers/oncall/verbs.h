/*
 * verbs.h - inside the family "/oncall": what a command line was made of, and what the verbs share.
 */
#ifndef TOCSIN_HANDLERS_ONCALL_VERBS_H
#define TOCSIN_HANDLERS_ONCALL_VERBS_H

#include "tocsin/args.h"
#include "tocsin/buf.h"
#include "tocsin/handler.h"
#include "tocsin/incident.h"
#include "tocsin/json_out.h"
#include "tocsin/oncall.h"
#include "tocsin/plan.h"
#include "tocsin/when.h"

#define ONCALL_DAY_MS (INT64_C(24) * 3600 * 1000)
#define ONCALL_LOOK_MS (60 * ONCALL_DAY_MS)  /* how far ahead "until when" is looked for */
#define ONCALL_SPAN_MS (366 * ONCALL_DAY_MS) /* of one change */
#define ONCALL_PAGE 20       /* schedules in one answer */
#define ONCALL_MINE_MAX 24   /* schedules that a question about one person looks at */
#define ONCALL_ROWS 12       /* lines of a list in an answer */
#define ONCALL_REASON_MAX 200

struct oncall_call {
	struct args args;
	size_t next;              /* first word behind the verb */
	const struct verb *verb;
	struct incident_who by;
	const struct plan_person *me; /* NULL: not in the plan */
	const struct zone *zone;      /* of whoever asks */
};

extern const struct verb oncall_verbs[];
enum step oncall_command(struct context *cx);
struct oncall_call *oncall_call_of(struct context *cx);

/* Data of a template under construction. */
struct oncall_data {
	struct json_out j;
	struct buf b;
};
void oncall_data_begin(struct context *cx, struct oncall_data *d);
const char *oncall_data_end(struct oncall_data *d);
/* Only the asker sees it; d is ended here. STEP_DONE, STEP_REFUSED. */
enum step oncall_answer(struct context *cx, const char *template_name, struct oncall_data *d);
enum step oncall_refuse(struct context *cx, const char *template_name, struct oncall_data *d);
/* With one member, or none (key NULL). */
enum step oncall_refuse_with(struct context *cx, const char *template_name, const char *key,
	const char *value);
/* key: {"name", "person"} */
void oncall_person_data(struct json_out *j, const char *key, const struct plan_person *p);
const char *oncall_name(const struct plan_person *p);

/* The schedule (and role, else NULL) that the next words name; moves on. Without a word the only one
 * of the plan. NULL: refused, STEP_REFUSED is to be returned. */
const struct plan_schedule *oncall_schedule_typed(struct context *cx, const char **role);
/* "me", a mention or a name; moves on. NULL: refused. */
const struct plan_person *oncall_person_typed(struct context *cx);
/* Refuses a moment that was not understood; wrong is the item. */
enum step oncall_bad_time(struct context *cx, enum when_result result, size_t wrong);
/* FROM TO with its bounds; moves on. STEP_DONE or what is to be returned. */
enum step oncall_span_typed(struct context *cx, int64_t *from_ms, int64_t *to_ms);
/* What is left of the words, as one line of at most ONCALL_REASON_MAX characters. */
const char *oncall_reason(struct context *cx);
/* Does the plan name the person in the schedule? */
bool oncall_names(const struct plan_schedule *s, const char *person);
/* Schedules that concern a person: all of a small plan, else those that name them. Returns how many,
 * at most ONCALL_MINE_MAX; *more: there are others. */
size_t oncall_mine(struct context *cx, const char *person, const struct plan_schedule **out,
	bool *more);

/* --- stretches.c: who is there over a time -------------------------------------------------- */
struct stretch {
	int64_t from_ms, to_ms;
	struct roster now;    /* who is there, with the changes */
	struct roster before; /* and without the new one; unused when nothing is compared */
};

typedef bool (*stretch_fn)(const struct stretch *s, void *ud);

/* Goes through [from, to), merging what is the same, and keeps those of which fn says true (fn NULL:
 * all), at most max; *total: how many there are. before NULL: nothing is compared. role NULL: all. */
size_t stretches(struct context *cx, const struct plan_schedule *s, const char *role,
	const struct roster_changes *changes, const struct roster_changes *before, int64_t from_ms,
	int64_t to_ms, stretch_fn fn, void *ud, struct stretch *out, size_t max, size_t *total);
bool stretch_differs(const struct stretch *s, void *ud);
bool stretch_short(const struct stretch *s, void *need); /* fewer than *(unsigned *)need */
/* The stretches around one event, from now on and within span, with fewer than *need people. */
size_t oncall_around(struct context *cx, const struct plan_coverage *c, const struct plan_event *e,
	const struct plan_schedule *s, const struct roster_changes *changes, int64_t span, unsigned *need,
	struct stretch *out, size_t *total);
/* "Ada Park (primary), Ben Ortiz (backup)"; "" : nobody. */
const char *roster_names(struct context *cx, const struct roster *r, bool roles);
/* Array `key` of {"from","to","names","nobody","before","was_nobody","count"}. */
void stretches_data(struct context *cx, struct json_out *j, const char *key,
	const struct plan_schedule *s, const struct stretch *list, size_t n, size_t total, bool roles);

/* --- the channel and people ------------------------------------------------------------------ */
/* Where a schedule's news go; "" : nowhere. */
const char *oncall_channel(struct context *cx, const struct plan_schedule *s);
void oncall_post(struct context *cx, struct oncall_doc *doc, const char *channel, const char *ref,
	const char *template_name, const char *data);
void oncall_tell(struct context *cx, struct oncall_doc *doc, const struct plan_person *p,
	const char *template_name, const char *data);
/* One entry of a document's log. */
void oncall_log(struct context *cx, const char *key, const char *what, const struct roster_change *c);
/* Let the schedule be looked at again now: hand-overs and gaps may have moved. */
void oncall_look_again(struct context *cx, const char *schedule);

enum step verb_oncall_show(struct context *cx);
enum step verb_oncall_who(struct context *cx);
enum step verb_oncall_schedule(struct context *cx);
enum step verb_oncall_me(struct context *cx);
enum step verb_oncall_gaps(struct context *cx);
enum step verb_oncall_page(struct context *cx);
enum step verb_oncall_test(struct context *cx);
enum step verb_oncall_override(struct context *cx);
enum step verb_oncall_cover(struct context *cx);
enum step verb_oncall_take(struct context *cx);
enum step verb_oncall_swap(struct context *cx);
enum step verb_oncall_agree(struct context *cx);
enum step verb_oncall_away(struct context *cx);
enum step verb_oncall_changes(struct context *cx);
enum step verb_oncall_undo(struct context *cx);
enum step verb_oncall_handoff(struct context *cx);
enum step verb_oncall_help(struct context *cx);

/* watch.c */
enum step oncall_timer_due(struct context *cx);
enum step oncall_delivery(struct context *cx);
/* The open incidents as data: array "incidents", "any", "more". False: asked for. */
bool oncall_open_incidents(struct context *cx, struct json_out *j);
#endif
