/* load_oncall.c - schedules: fixed shifts, what is wanted of them, and the fallback. */
#include <stdlib.h>
#include <string.h>

#include "bot/plan/walk.h"
#include "tocsin/arena.h"

#define SHIFTS_MAX 5000 /* of one schedule */

struct placed_shift {
	struct plan_shift shift;
	const struct node *at;
};

/* How they follow one another where several begin at once: as they are written. */
static int compare_shifts(const void *pa, const void *pb)
{
	const struct placed_shift *a = pa, *b = pb;

	if (a->shift.from_ms != b->shift.from_ms)
		return a->shift.from_ms < b->shift.from_ms ? -1 : 1;
	if (a->at->line != b->at->line)
		return a->at->line < b->at->line ? -1 : 1;
	return a->at->column < b->at->column ? -1 : a->at->column > b->at->column;
}

static bool load_shift(struct walk *w, const struct node *n, const struct zone *zone,
	struct placed_shift *out)
{
	const struct node *from = node_get(n, "from"), *to = node_get(n, "to");
	bool good;

	if (node_blank(n))
		walk_error(w, n, "the shift is empty", "take it out");
	if (!walk_map(w, n, &keys_shift))
		return false;
	if (!node_blank(node_get(n, "timezone")))
		zone = walk_zone(w, node_get(n, "timezone"), NULL);
	out->at = n;
	out->shift.role = "primary";
	if (!node_blank(node_get(n, "role")))
		out->shift.role = walk_checked(w, node_get(n, "role"), value_key);
	if (!walk_need_text(w, n, "who", WALK_NAME_MAX))
		return false;
	out->shift.who = walk_ref(w, node_get(n, "who"), REF_PERSON);
	if (!walk_need_text(w, n, "from", WALK_NAME_MAX))
		return false;
	good = walk_time(w, from, zone, &out->shift.from_ms);
	out->shift.to_ms = INT64_MAX; /* open end: lint speaks of it */
	if (!node_blank(to))
		good &= walk_time(w, to, zone, &out->shift.to_ms);
	if (good && out->shift.to_ms <= out->shift.from_ms) {
		walk_error(w, to, "the shift ends before it begins",
			"`to` is the moment at which the next one takes over: it must be later than `from`");
		return false;
	}
	return good && out->shift.role && out->shift.who;
}

static void load_shifts(struct walk *w, const struct node *n, const struct zone *zone,
	struct plan_schedule *out, const struct node ***nodes)
{
	struct placed_shift *placed;
	struct plan_shift *shifts;
	struct walk_list list;
	size_t count = 0;

	if (!walk_list(w, n, true, SHIFTS_MAX, &list))
		return;
	placed = ARENA_ARRAY(w->arena, struct placed_shift, list.n);
	for (size_t i = 0; i < list.n; i++)
		count += load_shift(w, list.items[i], zone, &placed[count]);
	qsort(placed, count, sizeof(*placed), compare_shifts);
	shifts = ARENA_ARRAY(w->arena, struct plan_shift, count);
	*nodes = ARENA_ARRAY(w->arena, const struct node *, count);
	for (size_t i = 0; i < count; i++) {
		shifts[i] = placed[i].shift;
		(*nodes)[i] = placed[i].at;
	}
	out->shifts = shifts;
	out->n_shifts = count;
}

static void load_cover(struct walk *w, const struct node *n, struct plan_schedule *out)
{
	if (!walk_map(w, n, &keys_cover))
		return;
	out->cover_min = walk_count(w, node_get(n, "min"), 0, 100, 0);
	out->cover_want = walk_count(w, node_get(n, "want"), 0, 100, 0);
	if (out->cover_want && out->cover_want < out->cover_min)
		walk_error(w, node_get(n, "want"), "`want` is less than `min`", "write the larger number here");
}

static void load_schedule(struct walk *w, const struct node *v, struct plan_schedule *out,
	const struct node ***nodes)
{
	const struct node *announce = node_get(v, "announce");
	const struct zone *zone = w->zone;

	if (!walk_map(w, v, &keys_schedule))
		return;
	if (!node_blank(node_get(v, "timezone")))
		zone = walk_zone(w, node_get(v, "timezone"), NULL);
	out->zone = zone;
	load_shifts(w, node_get(v, "shifts"), zone, out, nodes);
	load_layers(w, v, out);
	load_cover(w, node_get(v, "cover"), out);
	out->fallback = walk_ref(w, node_get(v, "fallback"), REF_TARGET & ~REF_ROLE);
	out->slack_usergroup = walk_slack_id(w, node_get(v, "slack_usergroup"), 'S');
	if (walk_map(w, announce, &keys_announce)) {
		walk_need_text(w, announce, "channel", WALK_NAME_MAX);
		out->announce_channel = walk_ref(w, node_get(announce, "channel"), REF_CHANNEL);
		out->announce_before_ms = walk_duration(w, node_get(announce, "before"), 0);
	}
}

void load_oncall(struct walk *w)
{
	const struct node *n = node_get(w->root, "oncall");
	struct plan_schedule *out;
	size_t count = 0;

	if (!walk_section(w, n, "oncall"))
		return;
	out = ARENA_ARRAY(w->arena, struct plan_schedule, n->n);
	w->box->shift_nodes = ARENA_ARRAY(w->arena, const struct node **, n->n);
	for (size_t i = 0; i < n->n; i++) {
		const char *key = node_key(n, i)->text;

		if (strcmp(key, "periods") == 0) {
			load_periods(w, node_value(n, i));
			continue;
		}
		if (strcmp(key, "coverage") == 0) {
			load_coverage(w, node_value(n, i));
			continue;
		}
		out[count].key = key;
		load_schedule(w, node_value(n, i), &out[count], &w->box->shift_nodes[count]);
		count++;
	}
	w->plan->schedules = out;
	w->plan->n_schedules = count;
}
