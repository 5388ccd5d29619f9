/*
 * lint.h - what the parts of the lint share. The plan loads; these look whether it would work.
 */
#ifndef TOCSIN_PLAN_LINT_H
#define TOCSIN_PLAN_LINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/plan/walk.h"

#define LINT_DAYS 30

struct lint {
	const struct plan *plan;
	const struct plan_box *box;
	const struct node *root;
	struct plan_report *report;
	struct arena *arena; /* scratch */
	int64_t now_ms;
	bool *paged; /* by person: named by a ladder, directly or not */
};

const char *lint_say(struct lint *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void lint_add(struct lint *l, enum finding_level level, const struct node *at, const char *what,
	const char *mend);

/* The key at the end of a path of keys (ends with NULL), or the last that is there: the place. */
const struct node *lint_key(struct lint *l, ...) __attribute__((sentinel));
/* The value at the end of a path; NULL when it is not there. */
const struct node *lint_value(struct lint *l, ...) __attribute__((sentinel));
/* Item i of a list that may be a single item; n itself when there is none. */
const struct node *lint_item(const struct node *n, size_t i);

/* "2026-01-28 16:00" in the plan's zone, "2026-01-28". In scratch. */
const char *lint_time(struct lint *l, int64_t ms);
const char *lint_day(struct lint *l, int64_t ms);

/* Marks everybody whom the target may come to mean, now or later, the fallback included. set has
 * room for all people. Returns how many are marked now. */
size_t lint_people(struct lint *l, const char *target, bool *set);

/* Is there a way by which this person hears of a page? */
bool lint_reachable(struct lint *l, const struct plan_person *person, bool urgent);

void lint_reach(struct lint *l);
void lint_ladders(struct lint *l);
void lint_oncall(struct lint *l);
void lint_incident(struct lint *l);
void lint_connections(struct lint *l);
void lint_templates(struct lint *l);
#endif
