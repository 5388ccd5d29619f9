/*
 * paging.h - who is paged, when, by which way, until somebody has it.
 *
 * Three things are kept apart:
 *   - the ladder: the plan's steps by time since paging began; each step calls people;
 *   - a reach: one person who is being called, way after way in that person's own order, and the
 *     people who are next in succession behind them;
 *   - a page: one promised delivery (key "INC-42/page/7"), shown as one line in the thread.
 *
 * Within a step without `together` all its people form one succession. The next of them is called
 *   - at once, when every way of the one before failed (or there was none), or
 *   - PAGING_WAIT_MS after the first page of the one before (the severity's `ack` where that is
 *     given and shorter), when nobody has acknowledged by then. The earlier person's further
 *     ways go on meanwhile.
 * When nobody of a step could be reached at all the next step is run at once instead of in its own
 * time (a repeat is never brought forward). Behind the last step the ladder waits the same time,
 * then says aloud that it is exhausted: who was tried and what to do.
 *
 * An outage must not end a ladder: when everything that was promised in this round failed (at the
 * receivers, not for want of an address), it begins again after PAGING_RETRY_MS, for an hour.
 *
 * PagerDuty knows the incident as "INC-42"; after an alert of ours was resolved the next one is
 * "INC-42/2" and so on, because pages are sent side by side: a late "resolve" must not swallow a new
 * page.
 *
 * Each page carries the guard "e<epoch>". Acknowledging, stopping and starting again raise the
 * epoch, so that everything still pending is stale in the same commit.
 *
 * Timers mean "look at the state": firing late, twice or in vain is harmless.
 *   incident:INC-42:ladder      the next step is due
 *   incident:INC-42:reach:N     reach N: the next way, or the next in succession, is due
 *   incident:INC-42:ackexpiry   the acknowledgement is too old
 *
 * All functions here are pure: they change the incident in the arena and add effects to cx->out;
 * the caller writes the document, with paging_guard() as its guard, when it is done.
 */
#ifndef TOCSIN_PAGING_H
#define TOCSIN_PAGING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGING_WAIT_MS (INT64_C(5) * 60 * 1000) /* until the next in succession is called */
#define PAGING_WAYS_MAX 8       /* ways of one person */
#define PAGING_PEOPLE_MAX 32    /* people whom one target or step may name */
#define PAGING_REACH_MAX 48     /* reaches that are kept; finished ones make room */
#define PAGING_PAGES_MAX 48     /* newest pages that are kept */
#define PAGING_RUN_MAX 32       /* pages that one request may cause */
#define PAGING_STEPS_MAX 500    /* steps that one ladder may run, repeats included */
#define PAGING_RETRY_MS (INT64_C(5) * 60 * 1000)  /* when every receiver refused: again from the first step */
#define PAGING_RETRY_FOR_MS (INT64_C(60) * 60 * 1000) /* while the round is not older than this */
#define PAGING_TICKETS_MAX 8    /* connections with a ticket */
#define PAGING_PAGERS_MAX 8     /* PagerDuty connections with an open alert */

struct actor;
struct arena;
struct context;
struct incident;
struct json_out;
struct json_t;

/* A ticket in somebody's system. */
struct page_ticket {
	const char *via;    /* connection */
	const char *number; /* "OPS-24"; "" : not opened yet */
	const char *link;   /* "" : none */
	bool failed;        /* refused: the next time that the ladder comes by it is tried again */
};

enum paging_state {
	PAGING_IDLE,      /* nobody is paged: not begun, or the severity has no ladder */
	PAGING_RUNNING,   /* waiting for an acknowledgement */
	PAGING_EXHAUSTED, /* the ladder is at its end; an acknowledgement is still welcome */
	PAGING_ACKED,     /* somebody has it; waiting for the expiry, if there is one */
	PAGING_STOPPED    /* the incident is over */
};

enum page_state {
	PAGE_SENT,     /* promised; waiting for the receiver */
	PAGE_ACCEPTED, /* the receiver took it */
	PAGE_FAILED,   /* a definite no, or not possible in this version */
	PAGE_ACKED,    /* this person acknowledged */
	PAGE_STOPPED   /* no longer needed */
};

struct page_way {
	const char *via;  /* chat, mail, phone, sms or a connection's key */
	int64_t after_ms; /* since the way before it; below 0: only when all before it failed */
};

/* One person who is being called. */
struct page_reach {
	unsigned n;         /* number within the incident, in the timer's id */
	const char *person; /* plan key */
	const char *reason; /* why this person, as written in the page: target or the asker's words */
	unsigned run;       /* which run of a ladder step called, from 1; 0: by hand */
	int64_t started_ms;
	int64_t last_ms;    /* when the last way went out */
	struct page_way ways[PAGING_WAYS_MAX];
	unsigned n_ways;
	unsigned way;       /* next way to try */
	unsigned failed;    /* ways that failed */
	const char *rest[PAGING_PEOPLE_MAX]; /* next in succession */
	unsigned n_rest;
	const char *via[PAGING_WAYS_MAX];    /* the step's own ways, for those who come next */
	unsigned n_via;
	bool handed_on;     /* the next in succession has been called, or there is none */
	bool late;          /* the step ran after its time */
	int64_t due_ms;     /* of its timer; 0: none */
};

struct page {
	unsigned n;         /* "INC-42/page/<n>" */
	unsigned reach;
	int64_t epoch;
	const char *person;
	const char *via;
	const char *error;  /* PAGE_FAILED: the receiver's code, else "" */
	enum page_state state;
	int64_t at_ms;
	bool late;
	unsigned alert;     /* PagerDuty: which of our alerts, from 0 */
	bool refused;       /* failed at the receiver */
	bool live;          /* a chat message with buttons is out there */
};

struct paging {
	enum paging_state state;
	int64_t epoch;
	const char *ladder;   /* plan key, "" for none */
	int64_t started_ms;   /* when this round began */
	int64_t base_ms;      /* step i is due at base_ms + its after_ms */
	unsigned step;        /* next step, from 0 */
	unsigned cycle;       /* how often the ladder went back */
	unsigned steps_run;   /* steps that were passed in this round, repeats included */
	unsigned last_run;    /* steps_run of the newest step that called somebody */
	const char *holder;   /* name of whoever acknowledged last, as shown; data */
	int64_t next_ms;      /* of the ladder's timer; 0: none */
	bool at_end;          /* all steps have run: the timer says "exhausted" */

	unsigned last_reach;
	unsigned last_page;
	unsigned last_post;   /* numbers of what is said in the thread */
	bool status_posted;   /* the status message exists: update it from now on */
	bool room_status;     /* the one in the incident's own channel does; the other points there */
	unsigned pages_dropped;
	struct page_reach *reaches; /* room for PAGING_REACH_MAX; NULL while n_reaches is 0 */
	unsigned n_reaches;
	struct page *pages;   /* room for PAGING_PAGES_MAX, oldest first; NULL while n_pages is 0 */
	unsigned n_pages;

	const char *pagers[PAGING_PAGERS_MAX]; /* connections whose PagerDuty alert is open */
	unsigned n_pagers;
	struct page_ticket tickets[PAGING_TICKETS_MAX];
	unsigned n_tickets;
	unsigned alert;       /* PagerDuty: alerts that were resolved: part of the next one's name */
	unsigned retries;     /* how often everything failed in this round */
	const char *told[PAGING_PEOPLE_MAX];   /* people of `tell` who have been told */
	unsigned n_told;
};

/* A fresh one: idle, strings are "". */
void paging_init(struct paging *p);

/* Members into an open object. */
void paging_encode(struct json_out *j, const struct paging *p);
/* o may be NULL or anything: what is missing or of the wrong type is as in paging_init(). Strings
 * are borrowed from the tree. */
void paging_decode(struct arena *a, const struct json_t *o, struct paging *p);

/* The guard for effects_put(): "e7". In arena. */
const char *paging_guard(struct arena *a, const struct paging *p);

/* Begins (or begins again) with the severity's ladder: tells the people of `tell` who have not been
 * told, and runs the first step. A severity without a ladder: only tells. */
void paging_start(struct context *cx, struct incident *inc);

/* The severity was changed. While somebody has it, paging stays quiet and only the expiry and `tell`
 * follow the new severity; else the new ladder begins. */
void paging_severity(struct context *cx, struct incident *inc);

/* Somebody has it (inc->ack_by and ack_ms are filled in): everything pending stops, the thread and
 * the pages say who, inc->ack_expires_ms is set. Called again it changes hands. */
void paging_acknowledged(struct context *cx, struct incident *inc, const struct actor *who);

/* The incident is over: everything pending stops, PagerDuty hears. why: one word for the log,
 * "resolved", "closed", "cancelled". */
void paging_stop(struct context *cx, struct incident *inc, const char *why);

enum paging_found {
	PAGING_FOUND,    /* somebody is being paged */
	PAGING_UNKNOWN,  /* no such person, group, schedule or role */
	PAGING_NOBODY,   /* known, but there is nobody: an empty group, a gap without fallback */
	PAGING_UNREACHABLE /* people, but none of them has a way that works */
};

/*
 * Pages by hand, whatever the ladder does. target: person, group, schedule, schedule.role, a role of
 * the incident, "@ada" or a platform mention "<@U0ADA>" / "<@U0ADA|ada>". reason: data, may be "".
 * Adds effects only for PAGING_FOUND.
 */
enum paging_found paging_person(struct context *cx, struct incident *inc, const char *target,
	const char *reason);

/* People did something (inc->activity_ms is set): the acknowledgement's expiry moves. */
void paging_activity(struct context *cx, struct incident *inc);

/* The incident's own channel is there: the list of pages is kept in it from now on. */
void paging_room(struct context *cx, struct incident *inc);

/* A timer of this incident is due; name is what follows "incident:INC-42:" ("ladder", "reach:3",
 * "ackexpiry"). Returns false when it is none of ours. */
bool paging_timer(struct context *cx, struct incident *inc, const char *name);

/* cx->req->delivery is about an entry of this incident. Returns true when it was a page. */
bool paging_delivery(struct context *cx, struct incident *inc);
#endif
