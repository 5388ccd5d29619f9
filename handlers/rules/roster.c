/* roster.c - see roster.h. */
#include "tocsin/roster.h"

#include <string.h>

#include "tocsin/plan.h"
#include "tocsin/rota.h"

#define COVER_DEPTH 8 /* ada is covered by ben, who is covered by chloe ... */

/* One question while it is answered. */
struct look {
	const struct plan *plan;
	const struct plan_schedule *schedule;
	const struct roster_changes *changes;
	int64_t now_ms;
	struct roster *out;
};

static int role_rank(const char *role)
{
	if (strcmp(role, "primary") == 0)
		return 0;
	return strcmp(role, "backup") == 0 ? 1 : 2;
}

/* The answer may be another one from then on. */
static void note_change(struct look *k, int64_t at_ms)
{
	if (at_ms > k->now_ms && at_ms != INT64_MAX &&
		(k->out->until_ms == 0 || at_ms < k->out->until_ms))
		k->out->until_ms = at_ms;
}

/* Does from <= now < to hold? Notes when that changes. */
static bool within(struct look *k, int64_t from_ms, int64_t to_ms)
{
	if (k->now_ms >= to_ms)
		return false;
	note_change(k, k->now_ms < from_ms ? from_ms : to_ms);
	return k->now_ms >= from_ms;
}

static void roster_add(struct look *k, const struct plan_person *person, const char *role,
	const struct roster_change *by)
{
	struct roster *r = k->out;

	for (size_t i = 0; i < r->n; i++)
		if (r->people[i] == person)
			return;
	if (r->n == ROSTER_MAX)
		return;
	r->people[r->n] = person;
	r->roles[r->n] = role;
	r->by[r->n++] = by;
}

static bool is_away(const struct look *k, const char *who)
{
	for (size_t i = 0; k->changes && i < k->changes->n; i++) {
		const struct roster_change *c = &k->changes->items[i];

		if (c->kind == CHANGE_AWAY && strcmp(c->who, who) == 0 && c->from_ms <= k->now_ms &&
			k->now_ms < c->to_ms)
			return true;
	}
	return false;
}

/* The newest cover of that person. */
static const struct roster_change *cover_of(const struct look *k, const char *who)
{
	for (size_t i = k->changes ? k->changes->n : 0; i > 0; i--) {
		const struct roster_change *c = &k->changes->items[i - 1];

		if (c->kind == CHANGE_COVER && strcmp(c->instead, who) == 0 && c->from_ms <= k->now_ms &&
			k->now_ms < c->to_ms)
			return c;
	}
	return NULL;
}

/* Whom the plan names, or whoever stands in. Returns whether somebody is there. */
static bool add_planned(struct look *k, const char *who, const char *role)
{
	const struct roster_change *by = NULL, *cover;
	const struct plan_person *person;

	for (int depth = 0; depth < COVER_DEPTH && (cover = cover_of(k, who)); depth++) {
		by = cover;
		who = cover->who;
	}
	if (is_away(k, who))
		return false;
	person = plan_person(k->plan, who);
	if (person)
		roster_add(k, person, role, by);
	return person != NULL;
}

static bool add_override(struct look *k, const char *role)
{
	for (size_t i = k->changes ? k->changes->n : 0; i > 0; i--) {
		const struct roster_change *c = &k->changes->items[i - 1];
		const struct plan_person *person;

		if (c->kind != CHANGE_OVERRIDE || strcmp(c->role, role) != 0 || k->now_ms < c->from_ms ||
			k->now_ms >= c->to_ms || is_away(k, c->who))
			continue;
		person = plan_person(k->plan, c->who);
		if (!person)
			continue;
		roster_add(k, person, role, c);
		return true;
	}
	return false;
}

static bool add_shifts(struct look *k, const char *role)
{
	const struct plan_schedule *s = k->schedule;
	bool found = false;

	for (size_t i = 0; i < s->n_shifts && s->shifts[i].from_ms <= k->now_ms; i++)
		if (k->now_ms < s->shifts[i].to_ms && strcmp(s->shifts[i].role, role) == 0)
			found |= add_planned(k, s->shifts[i].who, role);
	return found;
}

static bool add_layer(struct look *k, const struct plan_layer *l)
{
	const struct plan_turn *people;
	struct rota_turn turn;
	bool found = false;

	if (l->n_turns == 0)
		return false;
	rota_turn(l, k->now_ms, &turn);
	note_change(k, turn.to_ms);
	people = &l->turns[rota_index(l, turn.number)];
	for (size_t i = 0; i < people->n; i++)
		found |= add_planned(k, people->who[i], l->role);
	return found;
}

static void add_role(struct look *k, const char *role)
{
	bool found = add_override(k, role);

	found = found || add_shifts(k, role);
	for (size_t i = k->schedule->n_layers; i > 0; i--) {
		const struct plan_layer *l = &k->schedule->layers[i - 1];
		int64_t change;
		bool counts;

		if (strcmp(l->role, role) != 0)
			continue;
		counts = rota_counts(l, k->now_ms, &change);
		note_change(k, change);
		if (counts && !found)
			found = add_layer(k, l);
	}
}

/* --- roles --------------------------------------------------------------------------------- */

static size_t role_add(const char **names, size_t n, const char *role)
{
	size_t at;

	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], role) == 0)
			return n;
	if (n == ROSTER_ROLES_MAX)
		return n;
	for (at = n; at > 0 && role_rank(names[at - 1]) > role_rank(role); at--)
		names[at] = names[at - 1];
	names[at] = role;
	return n + 1;
}

size_t roster_roles(const struct plan_schedule *s, const struct roster_changes *changes,
	const char **names)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_layers; i++)
		n = role_add(names, n, s->layers[i].role);
	for (size_t i = 0; i < s->n_shifts; i++)
		n = role_add(names, n, s->shifts[i].role);
	for (size_t i = 0; changes && i < changes->n; i++)
		if (changes->items[i].kind == CHANGE_OVERRIDE)
			n = role_add(names, n, changes->items[i].role);
	return n;
}

/* --- the question -------------------------------------------------------------------------- */

/* When fixed shifts and changes begin and end; which roles have any now. */
static size_t note_dates(struct look *k, const char *role, const char **roles)
{
	const struct plan_schedule *s = k->schedule;
	size_t n = 0;

	for (size_t i = 0; i < s->n_layers; i++)
		n = role_add(roles, n, s->layers[i].role);
	for (size_t i = 0; i < s->n_shifts; i++) {
		const struct plan_shift *sh = &s->shifts[i];

		if (role && strcmp(sh->role, role) != 0)
			continue;
		if (within(k, sh->from_ms, sh->to_ms))
			n = role_add(roles, n, sh->role);
		else if (sh->from_ms > k->now_ms)
			break; /* they are sorted: the first to come is the next */
	}
	for (size_t i = 0; k->changes && i < k->changes->n; i++) {
		const struct roster_change *c = &k->changes->items[i];

		if (within(k, c->from_ms, c->to_ms) && c->kind == CHANGE_OVERRIDE)
			n = role_add(roles, n, c->role);
	}
	return n;
}

void roster_with(const struct plan *plan, const struct plan_schedule *schedule,
	const struct roster_changes *changes, const char *role, int64_t now_ms, struct roster *out)
{
	const char *roles[ROSTER_ROLES_MAX];
	struct look k = {plan, schedule, changes, now_ms, out};
	size_t n;

	memset(out, 0, sizeof(*out));
	n = note_dates(&k, role, roles);
	if (role) {
		add_role(&k, role);
		return;
	}
	/* Best role first, so that who holds two is listed by the better one. */
	for (size_t i = 0; i < n; i++)
		add_role(&k, roles[i]);
}

void roster_at(const struct plan *plan, const struct plan_schedule *schedule, const char *role,
	int64_t now_ms, struct roster *out)
{
	roster_with(plan, schedule, NULL, role, now_ms, out);
}

bool roster_same(const struct roster *a, const struct roster *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->people[i] != b->people[i] || strcmp(a->roles[i], b->roles[i]) != 0)
			return false;
	return true;
}

int64_t roster_until(const struct plan *plan, const struct plan_schedule *schedule,
	const struct roster_changes *changes, const char *role, const struct roster *now,
	int64_t limit_ms)
{
	struct roster next = *now;

	for (int i = 0; i < ROSTER_STEPS_MAX; i++) {
		int64_t at = next.until_ms;

		if (at == 0 || at >= limit_ms)
			return limit_ms;
		roster_with(plan, schedule, changes, role, at, &next);
		if (!roster_same(now, &next))
			return at;
	}
	return limit_ms;
}
