/* load_people.c - channels, people, groups and the ways to reach people. */
#include <stdlib.h>
#include <string.h>

#include "bot/plan/walk.h"
#include "tocsin/arena.h"

/* Teams ids are opaque: "19:...@thread.tacv2", a GUID. */
static const char *teams_id(struct walk *w, const struct node *n)
{
	const char *text = walk_text(w, n, WALK_NAME_MAX);

	if (text && strpbrk(text, " \t\n")) {
		walk_error(w, n, "a Teams id holds no spaces", "copy the id again");
		return NULL;
	}
	return text;
}

void load_channels(struct walk *w)
{
	const struct node *n = node_get(w->root, "channels");
	struct plan_channel *out;

	if (!walk_section(w, n, "channels"))
		return;
	out = ARENA_ARRAY(w->arena, struct plan_channel, n->n);
	for (size_t i = 0; i < n->n; i++) {
		const struct node *v = node_value(n, i);

		out[i].key = node_key(n, i)->text;
		if (node_blank(v))
			walk_error(w, node_key(n, i), "the channel has no id", "add {slack: C...}");
		if (!walk_map(w, v, &keys_channel))
			continue;
		out[i].slack = walk_slack_id(w, node_get(v, "slack"), 'C');
		out[i].teams = teams_id(w, node_get(v, "teams"));
		out[i].purpose = walk_text(w, node_get(v, "purpose"), 250);
		out[i].mirror = walk_bool(w, node_get(v, "mirror"), false);
	}
	w->plan->channels = out;
	w->plan->n_channels = n->n;
}

struct plan_reach_list load_ways(struct walk *w, const struct node *n)
{
	struct plan_reach_list list = {NULL, 0};
	struct plan_reach *out;
	struct walk_list items;

	if (!walk_list(w, n, true, WALK_WAYS_MAX, &items))
		return list;
	out = ARENA_ARRAY(w->arena, struct plan_reach, items.n);
	for (size_t i = 0; i < items.n; i++) {
		const struct node *item = items.items[i];

		if (item->kind == NODE_SCALAR) { /* [chat, mail] */
			out[list.n].via = walk_ref(w, item, REF_VIA);
		} else if (walk_map(w, item, &keys_way)) {
			const struct node *via = node_get(item, "via");

			if (node_blank(via))
				walk_error(w, item, "`via` is missing", "add via: chat, mail or a connection");
			out[list.n].via = walk_ref(w, via, REF_VIA);
			out[list.n].after_ms = walk_duration(w, node_get(item, "after"), 0);
		}
		list.n += out[list.n].via != NULL;
	}
	list.items = out;
	return list;
}

/* Who has no name is called by the key, first letter large: "ada" -> "Ada". */
static const char *default_name(struct walk *w, const char *key)
{
	char *name = arena_strdup(w->arena, key);

	if (*name >= 'a' && *name <= 'z')
		*name = (char)(*name - 'a' + 'A');
	return name;
}

static void load_person(struct walk *w, const struct node *v, struct plan_person *out)
{
	const char *name = walk_text(w, node_get(v, "name"), WALK_NAME_MAX);

	if (name && *name)
		out->name = name;
	out->slack = walk_slack_id(w, node_get(v, "slack"), 'U');
	out->teams = teams_id(w, node_get(v, "teams"));
	out->mail = walk_checked(w, node_get(v, "mail"), value_mail);
	out->phone = walk_checked(w, node_get(v, "phone"), value_phone);
	out->zone = walk_zone(w, node_get(v, "timezone"), &out->timezone);
	out->reach = load_ways(w, node_get(v, "reach"));
	out->only = walk_refs(w, node_get(v, "only"), REF_VIA, WALK_WAYS_MAX, &out->n_only);
}

struct id_place {
	const char *id;
	const struct node *at, *person;
};

static int compare_ids(const void *pa, const void *pb)
{
	const struct id_place *a = pa, *b = pb;
	int c = strcmp(a->id, b->id);

	if (c)
		return c;
	return a->person->line < b->person->line ? -1 : a->person->line > b->person->line;
}

/* One platform id, two people: nobody could tell who pressed the button. */
static void check_one_person_per_id(struct walk *w, const struct node *people, const char *field,
	const char *platform)
{
	struct id_place *ids = ARENA_ARRAY(w->arena, struct id_place, people->n);
	size_t n = 0;

	for (size_t i = 0; i < people->n; i++) {
		const struct node *id = node_get(node_value(people, i), field);

		if (!node_blank(id) && id->kind == NODE_SCALAR)
			ids[n++] = (struct id_place){id->text, id, node_key(people, i)};
	}
	qsort(ids, n, sizeof(*ids), compare_ids);
	for (size_t i = 1; i < n; i++)
		if (strcmp(ids[i].id, ids[i - 1].id) == 0)
			walk_error(w, ids[i].at,
				say(w, "%s and %s have the same %s id", ids[i - 1].person->text,
					ids[i].person->text, platform),
				"every person has an id of their own; look which one is wrong");
}

void load_people(struct walk *w)
{
	const struct node *n = node_get(w->root, "people");
	struct plan_person *out;

	if (!walk_section(w, n, "people"))
		return;
	out = ARENA_ARRAY(w->arena, struct plan_person, n->n);
	for (size_t i = 0; i < n->n; i++) {
		const struct node *v = node_value(n, i);

		out[i].key = node_key(n, i)->text;
		out[i].name = default_name(w, out[i].key);
		if (walk_map(w, v, &keys_person))
			load_person(w, v, &out[i]);
	}
	check_one_person_per_id(w, n, "slack", "Slack");
	check_one_person_per_id(w, n, "teams", "Teams");
	w->plan->people = out;
	w->plan->n_people = n->n;
}

void load_groups(struct walk *w)
{
	const struct node *n = node_get(w->root, "groups");
	struct plan_group *out;

	if (!walk_section(w, n, "groups"))
		return;
	out = ARENA_ARRAY(w->arena, struct plan_group, n->n);
	for (size_t i = 0; i < n->n; i++) {
		out[i].key = node_key(n, i)->text;
		out[i].members = walk_refs(w, node_value(n, i), REF_PERSON, WALK_TARGETS_MAX, &out[i].n);
	}
	w->plan->groups = out;
	w->plan->n_groups = n->n;
}

static bool has_smtp(const struct walk *w)
{
	for (size_t i = 0; i < w->plan->n_connections; i++)
		if (w->plan->connections[i].kind == PLAN_CONN_SMTP)
			return true;
	return false;
}

/* After the connections: what people get where the plan says nothing is chat, and mail five minutes
 * later when there is a connection for it. */
void load_reach(struct walk *w)
{
	const struct node *n = node_get(w->root, "reach");
	struct plan_reach *way = ARENA_ARRAY(w->arena, struct plan_reach, 2);
	struct plan_reach_list otherwise = {way, has_smtp(w) ? 2 : 1};

	way[0].via = "chat";
	way[1].via = "mail";
	way[1].after_ms = 300000;
	if (walk_map(w, n, &keys_reach)) {
		w->plan->reach_urgent = load_ways(w, node_get(n, "urgent"));
		w->plan->reach_normal = load_ways(w, node_get(n, "normal"));
	}
	if (!w->plan->reach_urgent.n)
		w->plan->reach_urgent = otherwise;
	if (!w->plan->reach_normal.n)
		w->plan->reach_normal = otherwise;
}
