/*
 * roster.h - who is on call now: the one question that paging asks of a schedule.
 *
 * For each role, from the strongest to the weakest:
 *   1. an override of that role (the newest of several),
 *   2. the fixed shifts,
 *   3. the layers, the last first, the rotation at the bottom.
 * The first of these that has somebody is the answer. Within 2 and 3 who is covered gives way to
 * whoever covers, and who is away is not there, so that the next weaker one shows.
 */
#ifndef TOCSIN_ROSTER_H
#define TOCSIN_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROSTER_MAX 16
#define ROSTER_ROLES_MAX 16
#define ROSTER_STEPS_MAX 20000 /* changes that roster_until() looks at */

struct plan;
struct plan_person;
struct plan_schedule;

enum change_kind {
	CHANGE_OVERRIDE, /* `who` has the role */
	CHANGE_COVER,    /* `who` stands in for `instead`, in any role */
	CHANGE_AWAY      /* `who` is not there, in any schedule */
};

/* What people decided beside the plan. from <= t < to. */
struct roster_change {
	unsigned n;          /* its number in its document */
	enum change_kind kind;
	const char *role;    /* OVERRIDE */
	const char *who;     /* person keys */
	const char *instead; /* COVER */
	int64_t from_ms;
	int64_t to_ms;
	const char *reason;  /* data; "" : none */
	const char *by;      /* who asked for it, as shown; data */
	int64_t at_ms;       /* when */
};

struct roster_changes {
	const struct roster_change *items; /* oldest first */
	size_t n;
};

struct roster {
	/* On call now, in the order of succession: primary, backup, other roles as the plan has them.
	 * A person stands here once. Nobody: a gap; the caller asks the schedule's fallback. */
	const struct plan_person *people[ROSTER_MAX];
	const char *roles[ROSTER_MAX];
	const struct roster_change *by[ROSTER_MAX]; /* what put them there; NULL: the plan */
	size_t n;
	int64_t until_ms; /* the answer holds until then, or longer; 0: for ever */
};

/* role NULL: all roles. */
void roster_at(const struct plan *plan, const struct plan_schedule *schedule, const char *role,
	int64_t now_ms, struct roster *out);

/* The same with what people changed; changes NULL: nothing. */
void roster_with(const struct plan *plan, const struct plan_schedule *schedule,
	const struct roster_changes *changes, const char *role, int64_t now_ms, struct roster *out);

/* Are the same people there, in the same roles? */
bool roster_same(const struct roster *a, const struct roster *b);

/* When the answer of `now` (from roster_with()) is first another one, looking no further than
 * limit_ms, which is returned when it stays. */
int64_t roster_until(const struct plan *plan, const struct plan_schedule *schedule,
	const struct roster_changes *changes, const char *role, const struct roster *now,
	int64_t limit_ms);

/* The roles of a schedule, by the plan and by overrides, best first. Returns how many; names has
 * room for ROSTER_ROLES_MAX. */
size_t roster_roles(const struct plan_schedule *schedule, const struct roster_changes *changes,
	const char **names);
#endif
