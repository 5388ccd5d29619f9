/*
 * paging.h - who is paged for an incident, and when: the state kept inside its document and the
 * doors of the engine. The engine changes the incident in memory and appends effects; who called
 * it saves the incident afterwards.
 */
#ifndef TOCSIN_PAGING_H
#define TOCSIN_PAGING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct actor;
struct arena;
struct context;
struct incident;
struct json_out;
struct json_t;

struct paging {
	int64_t epoch; /* grows with each acknowledgement, stop and start: pages of an older one are stale */
	bool running;
};

struct reminders {
	int64_t ignored; /* reminders without an answer */
};

void paging_encode(struct json_out *j, const struct paging *p); /* members into an open object */
void paging_decode(struct arena *a, const struct json_t *object, struct paging *p);
void reminders_encode(struct json_out *j, const struct reminders *r);
void reminders_decode(struct arena *a, const struct json_t *object, struct reminders *r);

/* Declared, made worse or opened again: the severity's ladder begins, if it has one. */
void paging_start(struct context *cx, struct incident *inc);
/* Somebody has it: nothing pending is sent any more. inc->ack is already filled in. */
void paging_acknowledged(struct context *cx, struct incident *inc, const struct actor *who);
/* Resolved, cancelled, no ladder any more. why: one word for the log. */
void paging_stop(struct context *cx, struct incident *inc, const char *why);
/* "page WHO": target is a person, group, schedule or schedule.role. False: the plan knows no such
 * target, or nobody is behind it; nothing was changed. */
bool paging_person(struct context *cx, struct incident *inc, const char *target, const char *reason);
/* Somebody did something: the acknowledgement and the reminders are pushed back. */
void paging_activity(struct context *cx, struct incident *inc);
/* A timer of the engine: name is what follows "incident:INC-42:". False: not ours. */
bool paging_timer(struct context *cx, struct incident *inc, const char *name);
/* A delivery of a page (cx->req->delivery). False: not ours. */
bool paging_delivery(struct context *cx, struct incident *inc);

/* Sets or clears every reminder timer by the incident's state. */
void reminders_plan(struct context *cx, struct incident *inc);
bool reminder_timer(struct context *cx, struct incident *inc, const char *name);
#endif
