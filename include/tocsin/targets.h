/*
 * targets.h - from what a plan or a person calls somebody to people, in the order of succession.
 *
 * A target is a person, a group, a schedule, schedule.role or a role of the incident; typed ones may
 * also be "@ada", "<@U0ADA>", "<!subteam^S0ONCALL>" or a person's name.
 */
#ifndef TOCSIN_TARGETS_H
#define TOCSIN_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tocsin/paging.h"

struct arena;
struct context;
struct incident;
struct plan;
struct plan_person;

#define TARGETS_GAPS_MAX 8

/* Nobody was on call. */
struct target_gap {
	const char *target;   /* "engineering.primary" */
	const char *fallback; /* who is asked instead; "" : the schedule has none */
};

/* Begins as {.cx = cx}. Facts that are missing are asked for; the run is not done then (handle()). */
struct targets {
	struct context *cx; /* whose facts tell of overrides and absences; NULL: the plan alone */
	const char *asked; /* target that is being resolved */
	const struct plan_person *people[PAGING_PEOPLE_MAX]; /* each once */
	const char *why[PAGING_PEOPLE_MAX]; /* the target that named them, as given */
	size_t n;
	struct target_gap gaps[TARGETS_GAPS_MAX];
	size_t n_gaps;
};

/* Adds the people of one target. inc may be NULL. False: the plan knows nothing by that name. */
bool targets_add(struct targets *t, const struct plan *plan, const struct incident *inc,
	const char *target, int64_t now_ms);

/* The same for what somebody typed: mentions, names, any case. */
bool targets_add_typed(struct targets *t, const struct plan *plan, const struct incident *inc,
	const char *text, int64_t now_ms);

/* What a typed target is called where people read it: "Dev Rao" for "dev", else as typed. In arena. */
const char *target_shown(struct arena *a, const struct plan *plan, const char *target);
#endif
