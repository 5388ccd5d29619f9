/* lint_oncall.c - the next 30 days of every schedule: gaps, overlaps, too few people. */
#include <stdlib.h>
#include <string.h>

#include "bot/plan/lint.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/roster.h"
#include "tocsin/zone.h"

#define OVERLAPS_SHOWN 10
#define GAPS_SHOWN 3
#define ROLES_MAX 32
#define MINUTE_MS 60000
#define STEPS_MAX 20000 /* changes of one schedule that are looked at */

struct schedule {
	struct lint *l;
	const struct plan_schedule *s;
	const struct node **nodes; /* of its shifts */
	int64_t from_ms, to_ms;    /* the window */
	bool rolling;              /* has a rotation or layers */
};

/* --- gaps --- */

struct gaps {
	size_t n;
	int64_t from_ms[GAPS_SHOWN], to_ms[GAPS_SHOWN];
	int64_t total_ms;
};

static void add_gap(struct gaps *g, int64_t from_ms, int64_t to_ms)
{
	if (from_ms >= to_ms)
		return;
	if (g->n < GAPS_SHOWN) {
		g->from_ms[g->n] = from_ms;
		g->to_ms[g->n] = to_ms;
	}
	g->n++;
	g->total_ms += to_ms - from_ms;
}

/* From change to change. */
static void find_gaps_rolling(const struct schedule *sc, const char *role, struct gaps *g)
{
	int64_t gap_ms = -1, at_ms = sc->from_ms;

	for (int i = 0; i < STEPS_MAX && at_ms < sc->to_ms; i++) {
		struct roster r;

		roster_at(sc->l->plan, sc->s, role, at_ms, &r);
		if (r.n == 0 && gap_ms < 0)
			gap_ms = at_ms;
		if (r.n > 0 && gap_ms >= 0) {
			add_gap(g, gap_ms, at_ms);
			gap_ms = -1;
		}
		at_ms = r.until_ms ? r.until_ms : sc->to_ms;
	}
	if (gap_ms >= 0)
		add_gap(g, gap_ms, sc->to_ms);
}

/* Shifts are sorted by their begin: whatever lies behind the furthest end so far is a gap. */
static void find_gaps(const struct schedule *sc, const char *role, struct gaps *g)
{
	int64_t covered_ms = sc->from_ms;

	memset(g, 0, sizeof(*g));
	if (sc->rolling) {
		find_gaps_rolling(sc, role, g);
		return;
	}
	for (size_t i = 0; i < sc->s->n_shifts; i++) {
		const struct plan_shift *sh = &sc->s->shifts[i];

		if ((role && strcmp(sh->role, role) != 0) || sh->to_ms <= covered_ms)
			continue;
		if (sh->from_ms >= sc->to_ms)
			break;
		add_gap(g, covered_ms, sh->from_ms);
		covered_ms = sh->to_ms;
	}
	add_gap(g, covered_ms, sc->to_ms);
}

static const char *describe_gaps(const struct schedule *sc, const struct gaps *g)
{
	struct buf out;

	if (g->total_ms == sc->to_ms - sc->from_ms)
		return lint_say(sc->l, "in all of the next %d days", LINT_DAYS);
	buf_init_arena(&out, sc->l->arena, 1000);
	for (size_t i = 0; i < g->n && i < GAPS_SHOWN; i++)
		buf_printf(&out, "%sfrom %s to %s", i ? ", " : "", lint_time(sc->l, g->from_ms[i]),
			lint_time(sc->l, g->to_ms[i]));
	if (g->n > GAPS_SHOWN)
		buf_printf(&out, ", and %zu more in the next %d days", g->n - GAPS_SHOWN, LINT_DAYS);
	return buf_text(&out);
}

static void check_gaps(const struct schedule *sc, const char *role)
{
	struct lint *l = sc->l;
	struct gaps g;

	find_gaps(sc, role, &g);
	if (!g.n)
		return;
	lint_add(l, sc->s->fallback ? FINDING_NOTICE : FINDING_ERROR,
		lint_key(l, "oncall", sc->s->key, sc->s->n_shifts || !sc->rolling ? "shifts" : "rotation", NULL),
		lint_say(l, "nobody is %s%s of %s %s%s%s", role ? role : "on call", role || sc->rolling ? "" : " by the shifts",
			sc->s->key, describe_gaps(sc, &g), sc->s->fallback ? "; the fallback is paged then: " : "",
			sc->s->fallback ? sc->s->fallback : ""),
		sc->s->fallback ? "add a shift where that is not meant"
				: "add shifts, or fallback: and who is paged instead");
}

/* --- who asks for which role --- */

struct roles {
	const char *names[ROLES_MAX]; /* NULL: the schedule as a whole */
	size_t n;
};

static void note_target(const struct schedule *sc, const char *target, struct roles *r)
{
	size_t len = strlen(sc->s->key);
	const char *role;

	if (strncmp(target, sc->s->key, len) != 0 || (target[len] && target[len] != '.'))
		return;
	role = target[len] ? target + len + 1 : NULL;
	for (size_t i = 0; i < r->n; i++)
		if (r->names[i] == role || (role && r->names[i] && strcmp(r->names[i], role) == 0))
			return;
	if (r->n < ROLES_MAX)
		r->names[r->n++] = role;
}

static void note_targets(const struct schedule *sc, const char *const *list, size_t n, struct roles *r)
{
	for (size_t i = 0; i < n; i++)
		note_target(sc, list[i], r);
}

static void find_roles(const struct schedule *sc, struct roles *r)
{
	const struct plan *p = sc->l->plan;

	r->n = 0;
	for (size_t i = 0; i < p->n_ladders; i++)
		for (size_t k = 0; k < p->ladders[i].n; k++)
			note_targets(sc, p->ladders[i].steps[k].page, p->ladders[i].steps[k].n_page, r);
	for (size_t i = 0; i < p->n_severities; i++)
		note_targets(sc, p->severities[i].tell, p->severities[i].n_tell, r);
	for (size_t i = 0; i < p->incident.n_roles; i++)
		note_targets(sc, p->incident.roles[i].members, p->incident.roles[i].n, r);
	note_targets(sc, p->incident.notify_mention, p->incident.n_mention, r);
	for (size_t i = 0; i < p->n_schedules; i++)
		if (p->schedules[i].fallback)
			note_target(sc, p->schedules[i].fallback, r);
}

/* --- shifts against one another --- */

static const char *name_of(struct lint *l, const char *key)
{
	const struct plan_person *p = plan_person(l->plan, key);

	return p ? p->name : key;
}

static void tell_overlap(const struct schedule *sc, size_t first, size_t second)
{
	const struct plan_shift *a = &sc->s->shifts[first], *b = &sc->s->shifts[second];
	int64_t until = a->to_ms < b->to_ms ? a->to_ms : b->to_ms;
	struct lint *l = sc->l;
	const char *end = until == INT64_MAX ? "for ever" : lint_say(l, "until %s", lint_time(l, until));

	if (strcmp(a->role, b->role) == 0 && strcmp(a->who, b->who) == 0)
		lint_add(l, FINDING_WARNING, sc->nodes[second],
			lint_say(l, "%s is %s twice, from %s %s", name_of(l, b->who), b->role,
				lint_time(l, b->from_ms), end),
			"take out what is there twice");
	else if (strcmp(a->role, b->role) == 0)
		lint_add(l, FINDING_WARNING, sc->nodes[second],
			lint_say(l, "%s and %s are both %s, from %s %s", name_of(l, a->who), name_of(l, b->who),
				b->role, lint_time(l, b->from_ms), end),
			"let the first shift end where the second begins, or give one of them another role");
	else
		lint_add(l, FINDING_WARNING, sc->nodes[second],
			lint_say(l, "%s is %s and %s at once, from %s %s", name_of(l, b->who), a->role, b->role,
				lint_time(l, b->from_ms), end),
			"nobody stands behind somebody who is their own backup: name another person");
}

static void check_overlaps(const struct schedule *sc)
{
	unsigned shown = 0;

	for (size_t i = 0; i < sc->s->n_shifts; i++) {
		const struct plan_shift *a = &sc->s->shifts[i];

		if (a->to_ms <= sc->l->now_ms)
			continue;
		for (size_t k = i + 1; k < sc->s->n_shifts && sc->s->shifts[k].from_ms < a->to_ms; k++) {
			const struct plan_shift *b = &sc->s->shifts[k];

			if (b->to_ms <= sc->l->now_ms ||
				(strcmp(a->role, b->role) != 0 && strcmp(a->who, b->who) != 0))
				continue;
			if (shown++ == OVERLAPS_SHOWN)
				return;
			tell_overlap(sc, i, k);
		}
	}
}

static void check_open_ends(const struct schedule *sc)
{
	for (size_t i = 0; i < sc->s->n_shifts; i++)
		if (sc->s->shifts[i].to_ms == INT64_MAX)
			lint_add(sc->l, FINDING_WARNING, sc->nodes[i],
				lint_say(sc->l, "the shift of %s has no end", name_of(sc->l, sc->s->shifts[i].who)),
				"add to: and the time at which somebody else takes over");
}

/* --- how many are there --- */

struct change {
	int64_t at_ms;
	int step; /* +1 a shift begins, -1 it ends, 0 a day begins */
};

static int compare_changes(const void *pa, const void *pb)
{
	const struct change *a = pa, *b = pb;

	if (a->at_ms != b->at_ms)
		return a->at_ms < b->at_ms ? -1 : 1;
	return b->step - a->step;
}

/* Different people on call at that moment. */
static unsigned people_at(const struct plan_schedule *s, int64_t ms)
{
	const char *seen[16];
	unsigned n = 0;

	for (size_t i = 0; i < s->n_shifts && s->shifts[i].from_ms <= ms && n < 16; i++) {
		unsigned k = 0;

		if (s->shifts[i].to_ms <= ms)
			continue;
		while (k < n && strcmp(seen[k], s->shifts[i].who) != 0)
			k++;
		if (k == n)
			seen[n++] = s->shifts[i].who;
	}
	return n;
}

static int64_t day_start(struct lint *l, int64_t ms, int days)
{
	struct local_time t;
	int64_t n;

	zone_to_local(l->plan->zone, ms, &t);
	n = day_number(t.year, t.month, t.day) + days;
	t = (struct local_time){0};
	day_from_number(n, &t.year, &t.month, &t.day);
	return zone_to_utc_ms(l->plan->zone, &t);
}

static void count_days_rolling(const struct schedule *sc, unsigned *fewest)
{
	int64_t at_ms = sc->from_ms, until_ms;
	int day = 0;

	for (int d = 0; d < LINT_DAYS; d++)
		fewest[d] = UINT32_MAX;
	for (int i = 0; i < STEPS_MAX && at_ms < sc->to_ms; i++, at_ms = until_ms) {
		struct roster r;

		roster_at(sc->l->plan, sc->s, NULL, at_ms, &r);
		until_ms = r.until_ms && r.until_ms < sc->to_ms ? r.until_ms : sc->to_ms;
		while (day + 1 < LINT_DAYS && at_ms >= day_start(sc->l, sc->from_ms, day + 1))
			day++;
		for (int d = day; d < LINT_DAYS; d++) {
			if (d > day && day_start(sc->l, sc->from_ms, d) >= until_ms)
				break;
			if (r.n < fewest[d])
				fewest[d] = (unsigned)r.n;
		}
	}
}

/* The fewest people of each day from now on; fewest[] has LINT_DAYS places. */
static void count_days(const struct schedule *sc, unsigned *fewest)
{
	struct change *c = ARENA_ARRAY(sc->l->arena, struct change, sc->s->n_shifts * 2 + LINT_DAYS);
	size_t n = 0;

	for (int d = 0; d < LINT_DAYS; d++) {
		int64_t at = day_start(sc->l, sc->from_ms, d);

		c[n++] = (struct change){at < sc->from_ms ? sc->from_ms : at, 0};
		fewest[d] = UINT32_MAX;
	}
	for (size_t i = 0; i < sc->s->n_shifts; i++) {
		const struct plan_shift *sh = &sc->s->shifts[i];

		if (sh->from_ms > sc->from_ms && sh->from_ms < sc->to_ms)
			c[n++] = (struct change){sh->from_ms, 1};
		if (sh->to_ms > sc->from_ms && sh->to_ms < sc->to_ms)
			c[n++] = (struct change){sh->to_ms, -1};
	}
	qsort(c, n, sizeof(*c), compare_changes);
	for (size_t i = 0, day = 0; i < n; i++) {
		unsigned people = people_at(sc->s, c[i].at_ms);

		while (day + 1 < LINT_DAYS && c[i].at_ms >= day_start(sc->l, sc->from_ms, (int)day + 1))
			day++;
		if (people < fewest[day])
			fewest[day] = people;
	}
}

static void tell_thin_days(const struct schedule *sc, const unsigned *fewest, unsigned wanted,
	const char *key)
{
	struct lint *l = sc->l;
	struct buf days;
	unsigned n = 0;

	buf_init_arena(&days, l->arena, 1000);
	for (int d = 0; d < LINT_DAYS; d++) {
		if (fewest[d] >= wanted)
			continue;
		if (n < 5)
			buf_printf(&days, "%s%s (%u)", n ? ", " : "",
				lint_day(l, day_start(l, sc->from_ms, d)), fewest[d]);
		else if (n == 5)
			buf_str(&days, ", ...");
		n++;
	}
	if (n)
		lint_add(l, FINDING_WARNING, lint_key(l, "oncall", sc->s->key, "cover", NULL),
			lint_say(l, "on %u of the next %d days fewer than %u are on call at some hour (`%s`): %s", n,
				LINT_DAYS, wanted, key, buf_text(&days)),
			"add shifts for these days, or lower the number");
}

static void check_cover(const struct schedule *sc)
{
	unsigned fewest[LINT_DAYS];

	if (!sc->s->cover_min && !sc->s->cover_want)
		return;
	if (sc->rolling)
		count_days_rolling(sc, fewest);
	else
		count_days(sc, fewest);
	tell_thin_days(sc, fewest, sc->s->cover_min, "min");
	if (sc->s->cover_want > sc->s->cover_min)
		tell_thin_days(sc, fewest, sc->s->cover_want, "want");
}

/* --- around risky events --- */

static void check_event(struct lint *l, const struct plan_coverage *c, const struct node *at,
	const struct plan_schedule *s, const struct plan_event *e)
{
	int64_t from = e->from_ms - c->before_ms, to = e->to_ms + c->after_ms;
	size_t fewest = SIZE_MAX;
	int64_t fewest_ms = 0;

	if (to <= l->now_ms)
		return;
	if (from < l->now_ms)
		from = l->now_ms;
	for (int i = 0; i < STEPS_MAX && from < to; i++) {
		struct roster r;

		roster_at(l->plan, s, NULL, from, &r);
		if (r.n < fewest) {
			fewest = r.n;
			fewest_ms = from;
		}
		from = r.until_ms ? r.until_ms : to;
	}
	if (fewest < c->want)
		lint_add(l, FINDING_WARNING, at,
			lint_say(l, "around %s %zu of %s %s on call at %s; `%s` asks for %u", e->title, fewest, s->key,
				fewest == 1 ? "is" : "are", lint_time(l, fewest_ms), fewest < c->min ? "min" : "want",
				fewest < c->min ? c->min : c->want),
			"add a shift for that time, or lower the number");
}

static void check_coverage(struct lint *l)
{
	const struct node *list = lint_value(l, "oncall", "coverage", NULL);

	for (size_t i = 0; i < l->plan->n_coverage; i++) {
		const struct plan_coverage *c = &l->plan->coverage[i];
		const struct plan_schedule *s = c->schedule ? plan_schedule(l->plan, c->schedule) : NULL;

		for (size_t k = 0; s && k < c->n_around; k++) {
			const struct plan_event *e = plan_event(l->plan, c->around[k]);

			if (e && e->to_ms > e->from_ms)
				check_event(l, c, lint_item(list, i), s, e);
		}
	}
}

void lint_oncall(struct lint *l)
{
	check_coverage(l);
	for (size_t i = 0; i < l->plan->n_schedules; i++) {
		struct schedule sc = {.l = l, .s = &l->plan->schedules[i], .nodes = l->box->shift_nodes[i],
			.from_ms = l->now_ms, .to_ms = day_start(l, l->now_ms, LINT_DAYS)};
		struct roles roles;

		sc.rolling = sc.s->n_layers > 0;
		find_roles(&sc, &roles);
		for (size_t k = 0; k < roles.n; k++)
			check_gaps(&sc, roles.names[k]);
		if (!roles.n)
			lint_add(l, FINDING_NOTICE, lint_key(l, "oncall", sc.s->key, NULL),
				lint_say(l, "nothing asks who is on call for %s", sc.s->key),
				lint_say(l, "page it in a ladder: {page: %s.primary}", sc.s->key));
		check_overlaps(&sc);
		check_open_ends(&sc);
		check_cover(&sc);
	}
}
