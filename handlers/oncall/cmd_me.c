/* cmd_me.c - my shifts and how I am reached; times with too few people. */
#include "handlers/oncall/verbs.h"

#include <string.h>

#include "handlers/rules/paging_run.h"
#include "tocsin/arena.h"

#define ME_DAYS 30
#define GAPS_DAYS 30
#define GAPS_DAYS_MAX 366

static bool stretch_has(const struct stretch *s, void *person)
{
	for (size_t i = 0; i < s->now.n; i++)
		if (s->now.people[i] == person)
			return true;
	return false;
}

static const char *role_in(const struct roster *r, const struct plan_person *p)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->people[i] == p)
			return r->roles[i];
	return "";
}

/* --- me -------------------------------------------------------------------------------------- */

static void data_ways(struct context *cx, struct json_out *j, const char *key,
	const struct plan_person *p, bool urgent)
{
	struct page_way ways[PAGING_WAYS_MAX];
	unsigned n = ways_of(cx->plan, p, urgent, NULL, 0, ways);

	json_out_array(j, key);
	for (unsigned i = 0; i < n; i++) {
		const char *error;
		bool works = way_kind(cx->plan, p, ways[i].via, &error) != WAY_NONE;

		json_out_object(j, NULL);
		json_out_str(j, "via", ways[i].via);
		json_out_bool(j, "works", works);
		json_out_bool(j, "next", i > 0);
		if (i > 0 && ways[i].after_ms >= 60000)
			json_out_int(j, "minutes", ways[i].after_ms / 60000);
		json_out_object_end(j);
	}
	json_out_array_end(j);
}

/* Mine alone: each stretch in which I have the same role. */
static size_t my_shifts(struct context *cx, const struct plan_schedule *s,
	const struct roster_changes *changes, const struct plan_person *me, struct json_out *j)
{
	struct stretch *list = ARENA_ARRAY(cx->arena, struct stretch, 200);
	int64_t now = cx->req->now_ms;
	size_t total, shown = 0;
	size_t n = stretches(cx, s, NULL, changes, NULL, now, now + ME_DAYS * ONCALL_DAY_MS, stretch_has,
		(void *)(uintptr_t)me, list, 200, &total);

	for (size_t i = 0; i < n && shown < 10;) {
		const char *role = role_in(&list[i].now, me);
		size_t k = i;

		while (k + 1 < n && list[k + 1].from_ms == list[k].to_ms &&
			strcmp(role_in(&list[k + 1].now, me), role) == 0)
			k++;
		json_out_object(j, NULL);
		json_out_str(j, "schedule", s->key);
		json_out_str(j, "role", role);
		json_out_int(j, "from", list[i].from_ms / 1000);
		json_out_int(j, "to", list[k].to_ms / 1000);
		json_out_bool(j, "now", list[i].from_ms <= now);
		json_out_object_end(j);
		shown++;
		i = k + 1;
	}
	return shown;
}

enum step verb_oncall_me(struct context *cx)
{
	struct oncall_call *call = oncall_call_of(cx);
	const struct plan_schedule *mine[ONCALL_MINE_MAX];
	size_t shifts = 0, n;
	struct oncall_data d;
	bool more, known = true;

	n = oncall_mine(cx, call->me->key, mine, &more);
	oncall_data_begin(cx, &d);
	json_out_array(&d.j, "shifts");
	for (size_t i = 0; i < n; i++) {
		struct roster_changes changes;

		known &= oncall_changes(cx, mine[i], &changes);
		shifts += my_shifts(cx, mine[i], &changes, call->me, &d.j);
	}
	json_out_array_end(&d.j);
	if (!known)
		return STEP_NEED;
	json_out_bool(&d.j, "any", shifts > 0);
	json_out_int(&d.j, "days", ME_DAYS);
	json_out_bool(&d.j, "more_schedules", more);
	data_ways(cx, &d.j, "urgent", call->me, true);
	data_ways(cx, &d.j, "normal", call->me, false);
	return oncall_answer(cx, "oncall/me", &d);
}

/* --- gaps ------------------------------------------------------------------------------------ */

struct gap_count {
	size_t gaps, events, double_shifts, unreachable;
};

static bool put_gaps(struct context *cx, struct json_out *j, const struct plan_schedule *s,
	int64_t span, struct gap_count *count)
{
	struct stretch *list = ARENA_ARRAY(cx->arena, struct stretch, ONCALL_ROWS);
	unsigned min = s->cover_min ? s->cover_min : 1;
	unsigned need = s->cover_want > min ? s->cover_want : min;
	int64_t now = cx->req->now_ms;
	struct roster_changes changes;
	size_t n, total;

	if (!oncall_changes(cx, s, &changes))
		return false;
	n = stretches(cx, s, NULL, &changes, NULL, now, now + span, stretch_short, &need, list, ONCALL_ROWS,
		&total);
	if (total == 0)
		return true;
	count->gaps += total;
	json_out_object(j, NULL);
	json_out_str(j, "schedule", s->key);
	json_out_int(j, "min", min);
	json_out_int(j, "want", need);
	json_out_bool(j, "wants", need > min);
	if (s->fallback)
		json_out_str(j, "fallback", s->fallback);
	stretches_data(cx, j, "gaps", s, list, n, total, true);
	json_out_object_end(j);
	return true;
}

/* Times around risky events with fewer people than the plan wants there. */
static void put_events(struct context *cx, struct json_out *j,
	const struct plan_schedule *const *list, size_t n, int64_t span, struct gap_count *count)
{
	struct stretch *found = ARENA_ARRAY(cx->arena, struct stretch, ONCALL_ROWS);
	const struct plan *plan = cx->plan;
	struct roster_changes changes;

	json_out_array(j, "events");
	for (size_t i = 0; i < plan->n_coverage; i++) {
		const struct plan_coverage *c = &plan->coverage[i];

		for (size_t s = 0; s < n; s++) {
			for (size_t k = 0; k < c->n_around && strcmp(list[s]->key, c->schedule) == 0; k++) {
				const struct plan_event *e = plan_event(plan, c->around[k]);
				unsigned need = c->want;
				size_t total, m;

				oncall_changes(cx, list[s], &changes);
				m = oncall_around(cx, c, e, list[s], &changes, span, &need, found, &total);
				if (total == 0 || count->events >= ONCALL_ROWS)
					continue;
				count->events++;
				json_out_object(j, NULL);
				json_out_str(j, "title", e->title);
				json_out_str(j, "schedule", list[s]->key);
				json_out_int(j, "want", need);
				stretches_data(cx, j, "gaps", list[s], found, m, total, true);
				json_out_object_end(j);
			}
		}
	}
	json_out_array_end(j);
	json_out_bool(j, "any_events", count->events > 0);
}

/* Everybody of these schedules who has no way that works. */
static void put_unreachable(struct context *cx, struct json_out *j,
	const struct plan_schedule *const *list, size_t n, struct gap_count *count)
{
	json_out_array(j, "unreachable");
	for (size_t i = 0; i < cx->plan->n_people; i++) {
		const struct plan_person *p = &cx->plan->people[i];
		struct page_way ways[PAGING_WAYS_MAX];
		unsigned n_ways = ways_of(cx->plan, p, true, NULL, 0, ways);
		bool works = false, named = false;

		for (unsigned k = 0; k < n_ways; k++) {
			const char *error;

			works |= way_kind(cx->plan, p, ways[k].via, &error) != WAY_NONE;
		}
		for (size_t k = 0; !works && !named && k < n; k++)
			named = oncall_names(list[k], p->key);
		if (works || !named || count->unreachable >= ONCALL_ROWS)
			continue;
		count->unreachable++;
		json_out_object(j, NULL);
		json_out_str(j, "name", oncall_name(p));
		json_out_object_end(j);
	}
	json_out_array_end(j);
}

/* People who are on call in two of these schedules at once. */
static void put_doubles(struct context *cx, struct json_out *j,
	const struct plan_schedule *const *list, size_t n, int64_t span, struct gap_count *count)
{
	struct stretch *mine = ARENA_ARRAY(cx->arena, struct stretch, 200);
	int64_t now = cx->req->now_ms;
	struct roster_changes changes, other;
	struct roster r, before;
	size_t total;

	json_out_array(j, "doubles");
	for (size_t i = 0; i < n; i++) {
		size_t m;

		oncall_changes(cx, list[i], &changes);
		m = stretches(cx, list[i], NULL, &changes, NULL, now, now + span, NULL, NULL, mine, 200, &total);
		for (size_t k = 0; k < n; k++) {
			if (k == i)
				continue;
			oncall_changes(cx, list[k], &other);
			for (size_t s = 0; s < m && count->double_shifts < ONCALL_ROWS; s++) {
				roster_with(cx->plan, list[k], &other, NULL, mine[s].from_ms, &r);
				/* where both begin at once it is told by the first of the two */
				roster_with(cx->plan, list[k], &other, NULL, mine[s].from_ms - 1, &before);
				for (size_t p = 0; p < mine[s].now.n; p++) {
					if (!*role_in(&r, mine[s].now.people[p]) ||
						(k < i && !*role_in(&before, mine[s].now.people[p])))
						continue;
					count->double_shifts++;
					json_out_object(j, NULL);
					json_out_str(j, "name", oncall_name(mine[s].now.people[p]));
					json_out_str(j, "one", list[i]->key);
					json_out_str(j, "other", list[k]->key);
					json_out_int(j, "from", mine[s].from_ms / 1000);
					json_out_object_end(j);
				}
			}
		}
	}
	json_out_array_end(j);
}

enum step verb_oncall_gaps(struct context *cx)
{
	struct oncall_call *call = oncall_call_of(cx);
	const struct plan_schedule *list[ONCALL_MINE_MAX];
	int64_t span = GAPS_DAYS * ONCALL_DAY_MS;
	struct gap_count count = {0};
	size_t n = 0, last = call->args.n;
	struct oncall_data d;
	bool known = true, one = false;
	const char *role;

	if (last > call->next && call->args.items[last - 1].kind == ARG_WORD &&
		when_duration(call->args.items[last - 1].text, &span))
		call->args.n = last - 1;
	if (span > GAPS_DAYS_MAX * ONCALL_DAY_MS)
		return oncall_refuse_with(cx, "oncall/too_long", "example", call->verb->example);
	if (call->next < call->args.n) {
		list[0] = oncall_schedule_typed(cx, &role);
		if (!list[0])
			return STEP_REFUSED;
		one = true;
		n = 1;
	}
	for (size_t i = 0; !one && i < cx->plan->n_schedules && n < ONCALL_MINE_MAX; i++)
		list[n++] = &cx->plan->schedules[i];
	oncall_data_begin(cx, &d);
	json_out_array(&d.j, "schedules");
	for (size_t i = 0; i < n; i++)
		known &= put_gaps(cx, &d.j, list[i], span, &count);
	json_out_array_end(&d.j);
	if (!known)
		return STEP_NEED;
	put_events(cx, &d.j, list, n, span, &count);
	put_unreachable(cx, &d.j, list, n, &count);
	put_doubles(cx, &d.j, list, n, span, &count);
	json_out_int(&d.j, "days", (span + ONCALL_DAY_MS - 1) / ONCALL_DAY_MS);
	json_out_bool(&d.j, "any", count.gaps > 0);
	json_out_bool(&d.j, "any_unreachable", count.unreachable > 0);
	json_out_bool(&d.j, "any_doubles", count.double_shifts > 0);
	json_out_bool(&d.j, "clean", count.gaps + count.events + count.unreachable + count.double_shifts == 0);
	json_out_bool(&d.j, "more_schedules", !one && n < cx->plan->n_schedules);
	return oncall_answer(cx, "oncall/gaps", &d);
}
