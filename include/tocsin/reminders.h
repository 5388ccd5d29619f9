/*
 * reminders.h - what people are reminded of, whom, and when to stop.
 *
 * One timer per kind, "incident:INC-42:remind:<kind>"; the document holds when each is due, so a
 * late or doubled firing is harmless. After a long downtime each kind speaks once and counts from
 * now. A reminder that is ignored goes to the next person: the role's succession, then the tech
 * lead, then the people of the severity's `tell`. After REMINDERS_MAX of a kind it says that it
 * stops, and stops.
 */
#ifndef TOCSIN_REMINDERS_H
#define TOCSIN_REMINDERS_H

#include <stdbool.h>
#include <stdint.h>

#define REMINDERS_MAX 12

struct arena;
struct context;
struct incident;
struct json_out;
struct json_t;

enum reminder_kind {
	REMIND_UPDATE,      /* no update for the severity's update_every */
	REMIND_FIX,         /* the fix target is near (80 %), then over */
	REMIND_COORDINATOR, /* nobody coordinates */
	REMIND_ACK,         /* the severity has an ack time but no ladder, and nobody has it */
	REMIND_POSTMORTEM,  /* due after the incident was resolved */
	REMIND_CHECKLIST,   /* resolved, and nobody has touched the close checklist */
	REMIND_KINDS
};

struct reminder {
	int64_t due_ms;   /* 0: not planned */
	int64_t base_ms;  /* when it would be without any activity */
	int64_t since_ms; /* what it is counted from: a newer event begins again */
	unsigned sent;
};

struct reminders {
	struct reminder items[REMIND_KINDS];
};

const char *reminder_name(enum reminder_kind kind); /* "update", "fix", ... */

/* Members into an open object. */
void reminders_encode(struct json_out *j, const struct reminders *r);
/* o may be NULL or anything: what is missing is not planned. */
void reminders_decode(struct arena *a, const struct json_t *o, struct reminders *r);

/* Call after any change of the incident, before it is written: sets, moves and clears timers so
 * that they fit the state. */
void reminders_plan(struct context *cx, struct incident *inc);

/* name as in paging_timer(): "remind:update". Returns false when it is none of ours. */
bool reminder_timer(struct context *cx, struct incident *inc, const char *name);
#endif
