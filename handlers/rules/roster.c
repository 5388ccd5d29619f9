/* roster.c - see roster.h. */
#include "tocsin/roster.h"

#include <stdbool.h>
#include <string.h>

#include "tocsin/plan.h"

static bool shift_counts(const struct plan_shift *s, const char *role)
{
	return !role || strcmp(s->role, role) == 0;
}

static int role_rank(const char *role)
{
	if (strcmp(role, "primary") == 0)
		return 0;
	return strcmp(role, "backup") == 0 ? 1 : 2;
}

static void roster_add(struct roster *r, const struct plan_person *person, const char *role)
{
	size_t at;

	for (at = 0; at < r->n; at++)
		if (r->people[at] == person)
			return;
	if (r->n == ROSTER_MAX)
		return;
	/* Behind everybody of the same or a better rank. */
	for (at = r->n; at > 0 && role_rank(r->roles[at - 1]) > role_rank(role); at--) {
		r->people[at] = r->people[at - 1];
		r->roles[at] = r->roles[at - 1];
	}
	r->people[at] = person;
	r->roles[at] = role;
	r->n++;
}

void roster_at(const struct plan *plan, const struct plan_schedule *schedule, const char *role,
	int64_t now_ms, struct roster *out)
{
	memset(out, 0, sizeof(*out));
	/* Best rank first, so that who holds two roles is listed by the better one. */
	for (int rank = 0; rank <= 2; rank++) {
		for (size_t i = 0; i < schedule->n_shifts; i++) {
			const struct plan_shift *s = &schedule->shifts[i];
			const struct plan_person *person;
			int64_t change;

			if (!shift_counts(s, role) || role_rank(s->role) != rank || now_ms >= s->to_ms)
				continue;
			change = now_ms < s->from_ms ? s->from_ms : s->to_ms;
			if (out->until_ms == 0 || change < out->until_ms)
				out->until_ms = change;
			if (now_ms >= s->from_ms && (person = plan_person(plan, s->who)))
				roster_add(out, person, s->role);
		}
	}
}
