/*
 * pager_wire.h - what PagerDuty tells (webhooks v3): bytes in, who did what to which incident out.
 * Pure.
 */
#ifndef TOCSIN_PAGER_WIRE_H
#define TOCSIN_PAGER_WIRE_H

#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;
struct plan;
struct plan_person;

enum pager_event_kind {
	PAGER_OTHER,      /* nothing to do: another type, another key, or nobody did it */
	PAGER_ACKNOWLEDGED,
	PAGER_RESOLVED
};

struct pager_event {
	enum pager_event_kind kind;
	const char *type;      /* as given, for the log */
	const char *event;     /* the event's id, "" when there is none */
	const char *incident;  /* "INC-42" */
	unsigned alert;        /* "INC-42" is 0, "INC-42/2" is 1: struct paging.alert */
	const char *agent;     /* name of who did it; data */
	int64_t at_ms;         /* when it happened; 0: not said */
};

/*
 * Reads one body. Only what a person did counts: an acknowledgement by a machine means that nobody
 * has it, and our own comes back in that way, too. id_format: "INC-{n}"; keys of another form belong
 * to somebody else. 0; -1 with err set (ERR_INVALID) when it is no event at all.
 */
int pager_wire_parse(struct arena *a, const char *id_format, const char *body, size_t len,
	struct pager_event *out, struct err *err);

/* The one person of the plan with that name or mail address, in any case; NULL: none, or several. */
const struct plan_person *pager_person(const struct plan *plan, const char *agent);
#endif
