/*
 * roster.h - who is on call now: the one question that paging asks of a schedule.
 *
 * Fixed shifts only; rotations, layers and calendars will answer the same question behind the
 * same call.
 */
#ifndef TOCSIN_ROSTER_H
#define TOCSIN_ROSTER_H

#include <stddef.h>
#include <stdint.h>

#define ROSTER_MAX 16

struct plan;
struct plan_person;
struct plan_schedule;

struct roster {
	/* On call now, in the order of succession: primary, backup, other roles as the plan has them.
	 * A person stands here once. Nobody: a gap; the caller asks the schedule's fallback. */
	const struct plan_person *people[ROSTER_MAX];
	const char *roles[ROSTER_MAX];
	size_t n;
	int64_t until_ms; /* the answer holds until then; 0: for ever */
};

/* role NULL: all roles. */
void roster_at(const struct plan *plan, const struct plan_schedule *schedule, const char *role,
	int64_t now_ms, struct roster *out);
#endif
