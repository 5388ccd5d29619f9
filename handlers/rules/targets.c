/* targets.c - see targets.h. */
#include "tocsin/targets.h"

#include <string.h>
#include <strings.h>

#include "tocsin/args.h"
#include "tocsin/incident.h"
#include "tocsin/oncall.h"
#include "tocsin/plan.h"
#include "tocsin/roster.h"

/* A fallback may be a schedule with a gap and a fallback of its own, and these may form a ring. */
#define FALLBACK_DEPTH 4

static bool resolve(struct targets *t, const struct plan *plan, const struct incident *inc,
	const char *target, int64_t now_ms, int depth);

static void add_person(struct targets *t, const struct plan_person *person)
{
	if (!person || t->n == PAGING_PEOPLE_MAX)
		return;
	for (size_t i = 0; i < t->n; i++)
		if (t->people[i] == person)
			return;
	t->why[t->n] = t->asked;
	t->people[t->n++] = person;
}

static void add_schedule(struct targets *t, const struct plan *plan, const struct incident *inc,
	const struct plan_schedule *schedule, const char *role, const char *target, int64_t now_ms,
	int depth)
{
	struct roster_changes changes = {0};
	struct roster roster;

	if (t->cx && !oncall_changes(t->cx, schedule, &changes))
		return;
	roster_with(plan, schedule, &changes, role, now_ms, &roster);
	for (size_t i = 0; i < roster.n; i++)
		add_person(t, roster.people[i]);
	if (roster.n > 0)
		return;
	if (t->n_gaps < TARGETS_GAPS_MAX) {
		t->gaps[t->n_gaps].target = target;
		t->gaps[t->n_gaps++].fallback = schedule->fallback ? schedule->fallback : "";
	}
	if (schedule->fallback && depth < FALLBACK_DEPTH)
		resolve(t, plan, inc, schedule->fallback, now_ms, depth + 1);
}

/* "engineering.primary": the longest schedule key that fits, a key may hold dots itself. */
static const struct plan_schedule *schedule_of(const struct plan *plan, const char *target,
	const char **role)
{
	const struct plan_schedule *best = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < plan->n_schedules; i++) {
		const char *key = plan->schedules[i].key;
		size_t len = strlen(key);

		if (len > longest && strncmp(target, key, len) == 0 && target[len] == '.' &&
			target[len + 1]) {
			best = &plan->schedules[i];
			longest = len;
		}
	}
	*role = best ? target + longest + 1 : NULL;
	return best;
}

/* Whoever holds the role now, then the plan's backups. */
static bool add_role(struct targets *t, const struct plan *plan, const struct incident *inc,
	const char *key, int64_t now_ms, int depth)
{
	for (size_t i = 0; i < plan->incident.n_roles; i++) {
		const struct plan_role *role = &plan->incident.roles[i];

		if (strcmp(role->key, key) != 0)
			continue;
		for (size_t k = 0; inc && k < inc->n_roles; k++)
			if (strcmp(inc->roles[k].key, key) == 0)
				add_person(t, plan_person(plan, inc->roles[k].who.person));
		for (size_t k = 0; k < role->n; k++)
			if (depth < FALLBACK_DEPTH)
				resolve(t, plan, inc, role->members[k], now_ms, depth + 1);
		return true;
	}
	return false;
}

static bool resolve(struct targets *t, const struct plan *plan, const struct incident *inc,
	const char *target, int64_t now_ms, int depth)
{
	const struct plan_person *person = plan_person(plan, target);
	const struct plan_group *group;
	const struct plan_schedule *schedule;
	const char *role = NULL;

	if (person) {
		add_person(t, person);
		return true;
	}
	if ((group = plan_group(plan, target))) {
		for (size_t i = 0; i < group->n; i++)
			add_person(t, plan_person(plan, group->members[i]));
		return true;
	}
	schedule = plan_schedule(plan, target);
	if (!schedule)
		schedule = schedule_of(plan, target, &role);
	if (schedule) {
		add_schedule(t, plan, inc, schedule, role, target, now_ms, depth);
		return true;
	}
	return add_role(t, plan, inc, target, now_ms, depth);
}

bool targets_add(struct targets *t, const struct plan *plan, const struct incident *inc,
	const char *target, int64_t now_ms)
{
	t->asked = target;
	return resolve(t, plan, inc, target, now_ms, 0);
}

/* --- what people type ---------------------------------------------------------------------- */

/* Copies until one of `stops`; out is a short name or "" when it does not fit. */
static void copy_until(char *out, size_t size, const char *from, const char *stops)
{
	size_t n = strcspn(from, stops);

	if (n >= size)
		n = 0;
	memcpy(out, from, n);
	out[n] = '\0';
}

/* The plan's own spelling of a key that was typed in another case; NULL when there is none. */
static const char *fold_key(const struct plan *plan, const char *text)
{
	for (size_t i = 0; i < plan->n_people; i++)
		if (strcasecmp(plan->people[i].key, text) == 0)
			return plan->people[i].key;
	for (size_t i = 0; i < plan->n_groups; i++)
		if (strcasecmp(plan->groups[i].key, text) == 0)
			return plan->groups[i].key;
	for (size_t i = 0; i < plan->n_schedules; i++)
		if (strcasecmp(plan->schedules[i].key, text) == 0)
			return plan->schedules[i].key;
	for (size_t i = 0; i < plan->incident.n_roles; i++)
		if (strcasecmp(plan->incident.roles[i].key, text) == 0)
			return plan->incident.roles[i].key;
	return NULL;
}

/* "Ada Park" or "ada park"; a first name only where one person has it. */
static const struct plan_person *person_by_name(const struct plan *plan, const char *text)
{
	const struct plan_person *found = NULL;
	size_t len = strlen(text);

	for (size_t i = 0; i < plan->n_people; i++)
		if (strcasecmp(plan->people[i].name, text) == 0)
			return &plan->people[i];
	for (size_t i = 0; i < plan->n_people && len > 0; i++) {
		const char *name = plan->people[i].name;

		if (strncasecmp(name, text, len) != 0 || name[len] != ' ')
			continue;
		if (found)
			return NULL;
		found = &plan->people[i];
	}
	return found;
}

static bool add_token(struct targets *t, const struct plan *plan, const struct incident *inc,
	const char *text, int64_t now_ms)
{
	char id[64];

	if (strncmp(text, "<@", 2) == 0) {
		const struct plan_person *person;

		copy_until(id, sizeof(id), text + 2, "|>");
		person = plan_person_by_slack(plan, id);
		add_person(t, person);
		return person != NULL;
	}
	if (strncmp(text, "<!subteam^", 10) == 0) {
		copy_until(id, sizeof(id), text + 10, "|>");
		for (size_t i = 0; i < plan->n_schedules; i++) {
			const struct plan_schedule *s = &plan->schedules[i];

			if (s->slack_usergroup && strcmp(s->slack_usergroup, id) == 0) {
				add_schedule(t, plan, inc, s, NULL, s->key, now_ms, 0);
				return true;
			}
		}
	}
	return false;
}

bool targets_add_typed(struct targets *t, const struct plan *plan, const struct incident *inc,
	const char *text, int64_t now_ms)
{
	const struct plan_person *person;
	const char *key;

	t->asked = "";
	if (*text == '<')
		return add_token(t, plan, inc, text, now_ms);
	if (*text == '@')
		text++;
	if (!*text)
		return false;
	if (resolve(t, plan, inc, text, now_ms, 0))
		return true;
	if ((key = fold_key(plan, text)))
		return resolve(t, plan, inc, key, now_ms, 0);
	person = person_by_name(plan, text);
	add_person(t, person);
	return person != NULL;
}

const char *target_shown(struct arena *a, const struct plan *plan, const char *target)
{
	const struct plan_person *person = plan_person(plan, target);

	return person && person->name ? person->name : args_plain(a, plan, target, true);
}
