/* lint_reach.c - can everybody be reached, by the ways that the plan gives? */
#include <string.h>

#include "bot/plan/lint.h"
#include "handlers/rules/paging_run.h" /* the very functions that paging asks */
#include "tocsin/arena.h"
#include "tocsin/buf.h"

bool lint_reachable(struct lint *l, const struct plan_person *person, bool urgent)
{
	struct page_way ways[PAGING_WAYS_MAX];
	unsigned n = ways_of(l->plan, person, urgent, NULL, 0, ways);
	const char *error;

	for (unsigned i = 0; i < n; i++)
		if (way_kind(l->plan, person, ways[i].via, &error) != WAY_NONE)
			return true;
	return false;
}

/* Ways that would work for this person: "chat and mail"; "" for none. */
static const char *working_ways(struct lint *l, const struct plan_person *person)
{
	struct page_way ways[PAGING_WAYS_MAX];
	unsigned n = ways_of(l->plan, person, true, NULL, 0, ways);
	const char *error;
	struct buf out;

	buf_init_arena(&out, l->arena, 1000);
	for (unsigned i = 0; i < n; i++)
		if (way_kind(l->plan, person, ways[i].via, &error) != WAY_NONE)
			buf_printf(&out, "%s%s", out.len ? ", " : "", ways[i].via);
	return buf_text(&out);
}

/* Does the plan have this way at all, whoever it is for? NULL when it does; else why not. */
static const char *unspoken(struct lint *l, const char *via)
{
	const struct plan_connection *c = plan_connection(l->plan, via);

	if (strcmp(via, "phone") == 0 || strcmp(via, "sms") == 0)
		return phone_connection(l->plan, via)
			? NULL : "there is no connection of the kind twilio to telephone by";
	if (strcmp(via, "chat") == 0)
		return NULL;
	if (strcmp(via, "mail") == 0) {
		for (size_t i = 0; i < l->plan->n_connections; i++)
			if (l->plan->connections[i].kind == PLAN_CONN_SMTP)
				return NULL;
		return "there is no connection of the kind smtp to send mail by";
	}
	if (c && (c->kind == PLAN_CONN_SERVICENOW || c->kind == PLAN_CONN_JIRA ||
		c->kind == PLAN_CONN_GITHUB_ISSUE))
		return "a ticket reaches nobody; open one by a step of the ladder: ticket: ...";
	if (c && c->kind == PLAN_CONN_OTHER)
		return lint_say(l, "this version does not speak %s", c->kind_name);
	return NULL;
}

static void check_way(struct lint *l, const char *via, const struct node *at, const char *remain)
{
	const char *why = unspoken(l, via);

	if (!why)
		return;
	lint_add(l, FINDING_ERROR, at, lint_say(l, "nobody is reached by %s: %s", via, why),
		strcmp(via, "mail") == 0
			? lint_say(l, "add connections: {mail: {kind: smtp, url: ..., from: ...}}, or take "
				      "this way out; %s", remain)
		: strcmp(via, "phone") == 0 || strcmp(via, "sms") == 0
			? lint_say(l, "add connections: {phone: {kind: twilio, account: ..., token: ..., "
				      "from: ...}}, or take this way out; %s", remain)
			: lint_say(l, "take this way out; %s", remain));
}

static const char *remaining_in(struct lint *l, const struct plan_reach_list *list)
{
	struct buf out;

	buf_init_arena(&out, l->arena, 1000);
	for (size_t i = 0; i < list->n; i++)
		if (!unspoken(l, list->items[i].via))
			buf_printf(&out, "%s%s", out.len ? ", " : "what remains is: ", list->items[i].via);
	return out.len ? buf_text(&out) : "nothing remains: add {via: chat} or {via: mail}";
}

static void check_list(struct lint *l, const struct plan_reach_list *list, const struct node *at)
{
	if (!at)
		return; /* the default, not written */
	for (size_t i = 0; i < list->n; i++)
		check_way(l, list->items[i].via, lint_item(at, i), remaining_in(l, list));
}

/* A way that the person's own entry names needs the person's own address. */
static void check_own_way(struct lint *l, const struct plan_person *p, const char *via,
	const struct node *at)
{
	const char *error, *remain = working_ways(l, p);

	if (unspoken(l, via)) {
		check_way(l, via, at,
			*remain ? lint_say(l, "what remains for %s is: %s", p->name, remain)
				: lint_say(l, "nothing remains for %s: add chat (with slack:) or mail (with mail:)",
					  p->name));
		return;
	}
	if (way_kind(l->plan, p, via, &error) == WAY_NONE)
		lint_add(l, FINDING_WARNING, at,
			lint_say(l, "%s has no address for %s", p->name, via),
			strcmp(via, "chat") == 0 ? "add slack: U... (Teams is not spoken by this version), or "
						   "take this way out"
						 : lint_say(l, "add %s: ..., or take this way out", via));
}

static const char *mend_person(struct lint *l, const struct plan_person *p)
{
	bool mail = p->mail && !unspoken(l, "mail");

	if (p->n_only && (p->slack || mail))
		return lint_say(l, "add %s to `only`, or take `only` out", p->slack ? "chat" : "mail");
	if (p->slack || mail)
		return lint_say(l, "add {via: %s} to `reach`, of %s or of everybody", p->slack ? "chat" : "mail",
			p->name);
	if (p->mail)
		return "there is a mail address, and no connection of the kind smtp to use it: add one, or "
		       "slack: U...";
	return "add slack: U... or mail: ...";
}

static void check_person(struct lint *l, const struct plan_person *p, bool paged)
{
	const struct node *key = lint_key(l, "people", p->key, NULL);
	bool urgent = lint_reachable(l, p, true), normal = lint_reachable(l, p, false);
	const struct node *reach = lint_value(l, "people", p->key, "reach", NULL);
	const struct node *only = lint_value(l, "people", p->key, "only", NULL);

	for (size_t i = 0; reach && i < p->reach.n; i++)
		check_own_way(l, p, p->reach.items[i].via, lint_item(reach, i));
	for (size_t i = 0; only && i < p->n_only; i++)
		check_own_way(l, p, p->only[i], lint_item(only, i));
	if (urgent && normal)
		return;
	lint_add(l, paged ? FINDING_ERROR : FINDING_WARNING, key,
		lint_say(l, "%s cannot be reached%s", p->name,
			urgent ? " by pages that are not urgent" : normal ? " by urgent pages" : ""),
		mend_person(l, p));
}

/* A step's own ways come before the person's; somebody may have none of them. */
static void check_step_ways(struct lint *l, const struct plan_ladder *ladder, size_t index)
{
	const struct plan_step *s = &ladder->steps[index];
	const struct node *at = node_get(lint_item(lint_value(l, "ladders", ladder->key, NULL), index), "via");
	bool *set = ARENA_ARRAY(l->arena, bool, l->plan->n_people);

	if (!at)
		return;
	for (size_t i = 0; i < s->n_via; i++)
		check_way(l, s->via[i], lint_item(at, i),
			"behind a step's own ways each person's own are tried");
	for (size_t i = 0; i < s->n_page; i++)
		lint_people(l, s->page[i], set);
	for (size_t i = 0; i < l->plan->n_people; i++) {
		const struct plan_person *p = &l->plan->people[i];
		const char *error;
		bool some = false;

		for (size_t k = 0; set[i] && k < s->n_via; k++)
			some |= unspoken(l, s->via[k]) || way_kind(l->plan, p, s->via[k], &error) != WAY_NONE;
		if (set[i] && !some)
			lint_add(l, FINDING_WARNING, at,
				lint_say(l, "%s has no address for the ways of this step", p->name),
				lint_say(l, "add one to %s, or another way to the step; until then %s's own ways "
					    "are used", p->key, p->name));
	}
}

void lint_reach(struct lint *l)
{
	const struct plan *p = l->plan;

	check_list(l, &p->reach_urgent, lint_value(l, "reach", "urgent", NULL));
	check_list(l, &p->reach_normal, lint_value(l, "reach", "normal", NULL));
	for (size_t i = 0; i < p->n_people; i++)
		check_person(l, &p->people[i], l->paged[i]);
	for (size_t i = 0; i < p->n_ladders; i++)
		for (size_t k = 0; k < p->ladders[i].n; k++)
			check_step_ways(l, &p->ladders[i], k);
}
