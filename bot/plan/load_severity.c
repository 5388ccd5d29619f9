/* load_severity.c - severities, ladders, and when an acknowledgement expires. */
#include <string.h>

#include "bot/plan/walk.h"
#include "tocsin/arena.h"

#define SEVERITIES_MAX 20
#define STEPS_MAX 100
#define TIMES_MAX 100

/* "none" (or nothing) is no ladder. */
static const char *load_ladder_name(struct walk *w, const struct node *n)
{
	if (!node_blank(n) && n->kind == NODE_SCALAR && strcmp(n->text, "none") == 0)
		return NULL;
	return walk_ref(w, n, REF_LADDER);
}

static enum plan_room load_room(struct walk *w, const struct node *n)
{
	const char *text = walk_text(w, n, WALK_NAME_MAX);

	if (text && strcmp(text, "channel") == 0)
		return PLAN_ROOM_CHANNEL;
	if (text && strcmp(text, "thread") != 0)
		walk_error(w, n, say(w, "\"%s\" is not a room", value_quote(text).text),
			"write thread (in the channel of `notify`) or channel (one of its own)");
	return PLAN_ROOM_THREAD;
}

static void load_severity(struct walk *w, const struct node *v, struct plan_severity *out)
{
	const char *means = walk_text(w, node_get(v, "means"), 500);

	if (means)
		out->means = means;
	out->examples = walk_strings(w, node_get(v, "examples"), 20, 500, &out->n_examples);
	out->ack_ms = walk_duration(w, node_get(v, "ack"), 0);
	out->fix_ms = walk_duration(w, node_get(v, "fix"), 0);
	out->update_every_ms = walk_duration(w, node_get(v, "update_every"), 0);
	out->postmortem_ms = walk_duration(w, node_get(v, "postmortem"), 0);
	out->ladder = load_ladder_name(w, node_get(v, "ladder"));
	out->urgent = walk_bool(w, node_get(v, "urgent"), false);
	out->room = load_room(w, node_get(v, "room"));
	out->tell = walk_refs(w, node_get(v, "tell"), REF_TARGET, WALK_TARGETS_MAX, &out->n_tell);
}

static void load_ack_expires(struct walk *w, struct plan_severity *severities, size_t count)
{
	const struct node *n = node_get(w->root, "ack_expires");

	if (node_blank(n))
		return;
	if (n->kind != NODE_MAP) {
		walk_error(w, n, "`ack_expires` is a map of severities and durations",
			"write it as {P0: 30m, P1: 2h}");
		return;
	}
	for (size_t i = 0; i < n->n; i++) {
		int64_t ms = walk_duration(w, node_value(n, i), 0);

		walk_ref(w, node_key(n, i), REF_SEVERITY);
		for (size_t s = 0; s < count; s++)
			if (strcmp(severities[s].key, node_key(n, i)->text) == 0)
				severities[s].ack_expires_ms = ms;
	}
}

void load_severities(struct walk *w)
{
	const struct node *n = node_get(w->root, "severities");
	struct plan_severity *out;

	if (!walk_section(w, n, "severities") || !n->n) {
		walk_error(w, n ? n : w->root, "the plan has no severities",
			"add them, the worst first: severities: {P0: {means: ..., ack: 5m, ladder: ...}}");
		return;
	}
	if (n->n > SEVERITIES_MAX)
		walk_error(w, node_key(n, SEVERITIES_MAX),
			say(w, "there are more than %d severities", SEVERITIES_MAX), "people can tell four apart");
	out = ARENA_ARRAY(w->arena, struct plan_severity, n->n);
	for (size_t i = 0; i < n->n; i++) {
		out[i].key = node_key(n, i)->text;
		out[i].means = "";
		if (walk_map(w, node_value(n, i), &keys_severity))
			load_severity(w, node_value(n, i), &out[i]);
	}
	load_ack_expires(w, out, n->n);
	w->plan->severities = out;
	w->plan->n_severities = n->n;
}

/* Going back: not to itself or another repeat, and last in the ladder. */
static void check_repeat(struct walk *w, const struct node *n, size_t index, bool last,
	struct plan_step *out)
{
	const struct node *from = node_get(n, "repeat_from");

	out->repeat_from = walk_count(w, from, 1, STEPS_MAX, 0);
	out->times = walk_count(w, node_get(n, "times"), 1, TIMES_MAX, 1);
	if (!node_blank(node_get(n, "page")) || !node_blank(node_get(n, "ticket")))
		walk_error(w, n, "a step either pages or goes back",
			"write `page` and `repeat_from` as two steps");
	if (out->repeat_from && out->repeat_from > index)
		walk_error(w, from,
			index ? say(w, "`repeat_from` must name a step before this one (1 to %zu)", index)
			      : "there is no step before this one to go back to",
			"steps are counted from 1");
	if (!last)
		walk_error(w, n, "steps after `repeat_from` are never reached", "make it the last step");
}

static void load_step(struct walk *w, const struct node *n, size_t index, bool last,
	struct plan_step *out)
{
	const struct node *page = node_get(n, "page");

	if (!walk_map(w, n, &keys_step)) {
		if (node_blank(n))
			walk_error(w, n, "the step is empty", "take it out");
		return;
	}
	out->after_ms = walk_duration(w, node_get(n, "after"), 0);
	out->page = walk_refs(w, page, REF_TARGET, WALK_TARGETS_MAX, &out->n_page);
	out->together = walk_bool(w, node_get(n, "together"), false);
	out->only = walk_refs(w, node_get(n, "only"), REF_SEVERITY, SEVERITIES_MAX, &out->n_only);
	out->via = walk_refs(w, node_get(n, "via"), REF_VIA, WALK_WAYS_MAX, &out->n_via);
	out->ticket = walk_ref(w, node_get(n, "ticket"), REF_CONNECTION);
	if (!node_blank(node_get(n, "repeat_from")))
		check_repeat(w, n, index, last, out);
	else if (!out->ticket && (node_blank(page) || (page->kind == NODE_LIST && !page->n)))
		walk_error(w, n, "the step pages nobody", "add page: and a person, a group or a schedule");
	else if (!node_blank(node_get(n, "times")))
		walk_error(w, node_get(n, "times"), "`times` belongs to `repeat_from`",
			"take it out, or add a last step {after: ..., repeat_from: 1, times: 3}");
}

static void load_steps(struct walk *w, const struct node *n, struct plan_ladder *out)
{
	struct plan_step *steps;
	struct walk_list list;

	if (!walk_list(w, n, true, STEPS_MAX, &list))
		return;
	steps = ARENA_ARRAY(w->arena, struct plan_step, list.n);
	for (size_t i = 0; i < list.n; i++) {
		const struct node *after = node_get(list.items[i], "after");

		load_step(w, list.items[i], i, i + 1 == list.n, &steps[i]);
		if (i && steps[i].after_ms < steps[i - 1].after_ms)
			walk_error(w, after ? after : list.items[i],
				"this step would come before the one above it",
				"`after` counts from the start of the ladder: order the steps by it");
		if (steps[i].repeat_from && steps[i].repeat_from <= i &&
			steps[i].after_ms <= steps[steps[i].repeat_from - 1].after_ms)
			walk_error(w, after ? after : list.items[i],
				"the ladder would start again at once",
				"make `after` later than the step to which it goes back");
	}
	out->steps = steps;
	out->n = list.n;
}

void load_ladders(struct walk *w)
{
	const struct node *n = node_get(w->root, "ladders");
	struct plan_ladder *out;

	if (!walk_section(w, n, "ladders"))
		return;
	out = ARENA_ARRAY(w->arena, struct plan_ladder, n->n);
	for (size_t i = 0; i < n->n; i++) {
		out[i].key = node_key(n, i)->text;
		if (strcmp(out[i].key, "none") == 0)
			walk_error(w, node_key(n, i), "\"none\" cannot be the name of a ladder",
				"it means that nobody is paged; choose another name");
		load_steps(w, node_value(n, i), &out[i]);
		if (!out[i].n)
			walk_error(w, node_key(n, i), "the ladder has no steps",
				"add at least {page: ...}; where nobody should be paged write ladder: none");
	}
	w->plan->ladders = out;
	w->plan->n_ladders = n->n;
}
