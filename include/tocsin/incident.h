/*
 * incident.h - one incident: the document, and what every part of the family shares.
 *
 * A struct incident is decoded from its stored document into the task's arena, changed in memory,
 * and written back once by incident_save(). Strings are never NULL and live in the arena. Times
 * are milliseconds since the epoch, 0: not yet.
 *
 * Names in the store:
 *   document, entity of sends   "incident:INC-42"
 *   thread or room -> incident  link "thread:slack:CHAN:TS", link "room:slack:CHAN"
 *   captured message            link "message:slack:CHAN:TS"
 *   open ones                   index "incident:open" (score: declared), "incident:place:CHAN"
 *   resolved, not closed        index "incident:resolved:CHAN"
 *   done ones                   index "incident:closed" (score: closed)
 *   timers                      "incident:INC-42:NAME"
 *   messages                    ref "INC-42/root" is the root message, "INC-42/room" its twin in
 *                               the incident's own channel
 */
#ifndef TOCSIN_INCIDENT_H
#define TOCSIN_INCIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tocsin/alerts.h"
#include "tocsin/effects.h"
#include "tocsin/handler.h"
#include "tocsin/paging.h"
#include "tocsin/reminders.h"
#include "tocsin/request.h"

#define INCIDENT_ROLES_MAX 16
#define INCIDENT_ANSWERS_MAX 20
#define INCIDENT_ITEMS_MAX 40
#define INCIDENT_MOVES_MAX 3     /* times that the thread goes elsewhere when its channel is gone */
#define INCIDENT_TITLE_MAX 200   /* characters shown; the log keeps more */
#define INCIDENT_TEXT_MAX 3000   /* characters kept of any other text */

struct arena;
struct buf;
struct json_out;
struct plan;
struct plan_severity;

enum incident_status {
	INCIDENT_INVESTIGATING,
	INCIDENT_IDENTIFIED,
	INCIDENT_MONITORING,
	INCIDENT_RESOLVED,  /* over for users; checklist and post-mortem are left */
	INCIDENT_CLOSED,
	INCIDENT_CANCELLED, /* declared by mistake */
	INCIDENT_STATUSES
};

/* Somebody, as known when it happened. person or user may be "", name never is. */
struct incident_who {
	const char *person; /* plan key */
	const char *user;   /* platform id */
	const char *name;   /* data, never markup */
};

struct incident_role {
	const char *key;
	struct incident_who who;
	int64_t at_ms;
};

struct incident_answer {
	const char *id;    /* question of plan.incident.collect */
	const char *value;
};

struct incident_item {
	const char *title;
	struct incident_who by;
	int64_t done_ms;
};

/* Where the incident lives. The root message is always posted where people are told (the plan's
 * notify channel), with its thread; a severity with `room: channel` also gets a channel of its
 * own, and from then on the talk is there. Until then, and when it cannot be made, it is the
 * thread: incident_post() knows. */
struct incident_home {
	enum platform platform;
	const char *channel;  /* where the root message is, or was asked to be */
	const char *root_ts;  /* "" until the root was delivered */
	const char *room;     /* the incident's own channel, "" : none */
	bool wants_room;      /* asked for and not there yet */
	int64_t moves;        /* how often the root message had to go somewhere else */
};

struct incident {
	const char *id;     /* "INC-42" */
	int64_t number;
	int64_t version;    /* as loaded, 0: new */
	const char *title;
	const char *severity; /* plan key, "" : none given; the plan may have lost it since */
	enum incident_status status;
	bool drill;
	bool page;               /* no incident but a page (/oncall page): no roles, questions, clocks */
	bool page_urgent;
	const char *page_target; /* whom, as paging_person() takes it */
	int64_t page_due_ms;     /* it waits for the plan's hours; 0: it went out */

	int64_t declared_ms;
	struct incident_who declared_by;
	struct place origin; /* where the command was typed */
	int64_t resolved_ms;
	struct incident_who resolved_by;
	int64_t closed_ms;   /* also cancelled */
	const char *summary; /* of the resolution */
	const char *reason;  /* of cancelling, or of closing anyway */

	const char *update_text;
	int64_t update_ms;
	struct incident_who update_by;
	int64_t update_due_ms; /* next update; 0: none is expected */
	int64_t activity_ms;   /* last time a person did something */

	struct incident_who ack_by; /* name "" : nobody */
	int64_t ack_ms;
	int64_t ack_expires_ms;

	struct incident_role roles[INCIDENT_ROLES_MAX];
	size_t n_roles;
	struct incident_answer answers[INCIDENT_ANSWERS_MAX];
	size_t n_answers;
	struct incident_item items[INCIDENT_ITEMS_MAX]; /* the close checklist, from the first `close` on */
	size_t n_items;

	struct incident_home home;

	const char *alert_source; /* "" : declared by a person */
	const char *alert_key;
	const char *alert_episode;
	const char *alert_link;
	bool alert_firing;

	int64_t postmortem_due_ms;
	int64_t postmortem_done_ms;
	const char *postmortem_url;

	int64_t widened_ms;   /* the wider group was told */
	struct incident_who widened_by;

	int64_t n_messages;   /* captured in the log */
	int64_t n_key_events;
	int64_t seq;          /* numbers messages and sends: never used twice */

	struct paging paging;
	struct reminders reminders;
	struct incident_alerts alerts; /* all of them; the alert_* above are the first */

	/* Not stored: what this run has changed. */
	bool root_dirty;      /* the root message shows something else now */
	bool topic_dirty;     /* severity or status changed: the room's topic says them */
	bool index_dirty;     /* opened, ended or moved: the indexes must follow */
};

/* --- the document (incident_doc.c) ------------------------------------------------------- */
void incident_init(struct incident *inc);
void incident_encode(const struct incident *inc, struct buf *out);
/* 0, or -1 when the text is not a document of ours. */
int incident_decode(struct arena *a, const char *json, size_t len, struct incident *inc);
const char *incident_status_name(enum incident_status s); /* "investigating" */
bool incident_is_open(const struct incident *inc); /* not resolved, closed or cancelled */
bool incident_is_acked(const struct incident *inc);
/* NULL when the severity is not in the plan (any more). */
const struct plan_severity *incident_severity(const struct context *cx, const struct incident *inc);
struct incident_role *incident_role(struct incident *inc, const char *key); /* NULL: not held */

/* --- working with one (incident_work.c) -------------------------------------------------- */
/* "incident:INC-42", in the arena. */
const char *incident_entity(struct context *cx, const struct incident *inc);
/* id "INC-42". STEP_DONE: *inc is set, NULL when there is none; STEP_NEED: asked for. */
enum step incident_load(struct context *cx, const char *id, struct incident **inc);
/* Timer "incident:INC-42:NAME"; due 0 clears it. */
void incident_timer(struct context *cx, const struct incident *inc, const char *name, int64_t due_ms);
/* What pages of now must still find when they go out: struct send.guard. */
const char *incident_guard(struct context *cx, const struct incident *inc);
/* "INC-42/WHAT/17": an idempotency key that was never used before. */
const char *incident_key(struct context *cx, struct incident *inc, const char *what);

/* One entry of the log: {"t":..,"what":WHAT,"by":{..}} plus what is written into j in between. */
void incident_log_begin(struct context *cx, struct json_out *j, struct buf *b, const char *what,
	const struct incident_who *by);
void incident_log_end(struct context *cx, const struct incident *inc, struct json_out *j);
/* The same in one go; text "" : none. */
void incident_log(struct context *cx, const struct incident *inc, const char *what,
	const struct incident_who *by, const char *text);

/* Data for a template: opens an object that already holds what every message of an incident may
 * show (id, title, severity and what it means, drill, status, who declared it and when ...); the
 * caller adds members and ends it. */
void incident_data_begin(struct context *cx, const struct incident *inc, struct json_out *j,
	struct buf *b);
const char *incident_data_end(struct json_out *j, struct buf *b);
/* "answers": what is known, "missing": what is not; in the plan's order. */
void incident_answers_data(struct context *cx, const struct incident *inc, struct json_out *j);
/* A person as template data: key: {"name":..,"person":..,"user":..,"mention":"person:ada"}. */
void incident_who_data(struct json_out *j, const char *key, const struct incident_who *who);

/* Posts into the incident's thread or room. what names the kind, for the key. data: from
 * incident_data_end(). broadcast: news for everybody; the channel above the thread sees it too, and
 * that of an incident with a room of its own. */
void incident_post(struct context *cx, struct incident *inc, const char *what,
	const char *template_name, const char *data, bool broadcast);
/* A pager speaks of an alert of ours that is over: nothing it says is about this incident's present. */
bool from_older_alert(struct context *cx, const struct incident *inc);
struct incident_who incident_who_of_actor(struct context *cx, const struct actor *a);
struct incident_who incident_who_of_person(const char *person_key, const struct plan *plan);

/* Writes the document, its indexes and, when root_dirty, the root message. Once, at the end. */
void incident_save(struct context *cx, struct incident *inc);

/* --- declaring (declare.c): commands and alerts ------------------------------------------- */
struct incident_declaration {
	const char *title;    /* plain text of any length; one line and INCIDENT_TITLE_MAX are seen to */
	const char *severity; /* plan key, or "" */
	bool drill;
	struct incident_who by;
	struct place origin;
	const struct incident_answer *answers;
	size_t n_answers;
	const char *alert_source; /* NULL or "" : none */
	const char *alert_key;
	const char *alert_episode;
	const char *alert_link;
	bool page;           /* see struct incident */
	const char *channel; /* platform channel for the thread instead of the plan's; NULL or "" */
};

/* STEP_DONE: a new incident in *inc, with its log, messages, pages and reminders promised; the
 * caller adds what it wants and calls incident_save(). STEP_NEED: asked for count:incident. */
enum step incident_declare(struct context *cx, const struct incident_declaration *d,
	struct incident **inc);

/* --- the doors of the family -------------------------------------------------------------- */
extern const struct family incident_family;
enum step incident_alert(struct context *cx); /* alert.c */
#endif
