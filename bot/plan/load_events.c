/* load_events.c - risky events, and how many people there should be around them. */
#include <string.h>

#include "bot/plan/walk.h"
#include "tocsin/arena.h"

#define EVENTS_MAX 2000

static bool load_event(struct walk *w, const struct node *n, struct plan_event *out)
{
	const struct zone *zone = w->zone;
	const struct node *to = node_get(n, "to");

	if (!walk_map(w, n, &keys_event) || !walk_need_text(w, n, "id", WALK_NAME_MAX))
		return false;
	out->id = walk_checked(w, node_get(n, "id"), value_key);
	out->title = walk_text(w, node_get(n, "title"), WALK_NAME_MAX);
	if (!out->title)
		out->title = out->id;
	if (!node_blank(node_get(n, "timezone")))
		zone = walk_zone(w, node_get(n, "timezone"), NULL);
	if (!node_blank(node_get(n, "ics")))
		return out->id != NULL; /* its times are elsewhere */
	if (!walk_need_text(w, n, "from", WALK_NAME_MAX) || !walk_need_text(w, n, "to", WALK_NAME_MAX) ||
		!walk_time(w, node_get(n, "from"), zone, &out->from_ms) || !walk_time(w, to, zone, &out->to_ms))
		return false;
	if (out->to_ms <= out->from_ms) {
		walk_error(w, to, "the event ends before it begins", "`to` must be later than `from`");
		return false;
	}
	return out->id != NULL;
}

void load_events(struct walk *w)
{
	struct plan_event *out;
	struct walk_list list;

	if (!walk_list(w, node_get(w->root, "events"), true, EVENTS_MAX, &list))
		return;
	out = ARENA_ARRAY(w->arena, struct plan_event, list.n);
	for (size_t i = 0; i < list.n; i++) {
		struct plan_event *e = &out[w->plan->n_events];

		*e = (struct plan_event){0};
		w->plan->events = out;
		if (!load_event(w, list.items[i], e))
			continue;
		if (plan_event(w->plan, e->id))
			walk_error(w, list.items[i], say(w, "two events are called %s", e->id), "rename one of them");
		else
			w->plan->n_events++;
	}
}

static void load_one(struct walk *w, const struct node *n, struct plan_coverage *out)
{
	const struct node *around = node_get(n, "around");

	if (!walk_map(w, n, &keys_coverage))
		return;
	out->around = walk_strings(w, around, WALK_LIST_MAX, WALK_NAME_MAX, &out->n_around);
	for (size_t i = 0; i < out->n_around; i++)
		if (!plan_event(w->plan, out->around[i]))
			walk_error(w, around, say(w, "there is no event called \"%s\"", value_quote(out->around[i]).text),
				"add it to events, or look at its id there");
	if (out->n_around == 0)
		walk_error(w, n, "around what?", "add around: [ID], ids of events");
	out->before_ms = walk_duration(w, node_get(n, "before"), 0);
	out->after_ms = walk_duration(w, node_get(n, "after"), 0);
	if (walk_need_text(w, n, "who", WALK_NAME_MAX))
		out->schedule = walk_ref(w, node_get(n, "who"), REF_SCHEDULE);
	if (out->schedule && strchr(out->schedule, '.'))
		walk_error(w, node_get(n, "who"), "a schedule is named here, without a role",
			"write what stands before the dot");
	out->min = walk_count(w, node_get(n, "min"), 0, 100, 1);
	out->want = walk_count(w, node_get(n, "want"), 0, 100, out->min);
	if (out->want < out->min)
		walk_error(w, node_get(n, "want"), "`want` is less than `min`", "write the larger number here");
}

void load_coverage(struct walk *w, const struct node *n)
{
	struct plan_coverage *out;
	struct walk_list list;

	if (!walk_list(w, n, true, WALK_LIST_MAX, &list))
		return;
	out = ARENA_ARRAY(w->arena, struct plan_coverage, list.n);
	for (size_t i = 0; i < list.n; i++)
		load_one(w, list.items[i], &out[i]);
	w->plan->coverage = out;
	w->plan->n_coverage = list.n;
}
