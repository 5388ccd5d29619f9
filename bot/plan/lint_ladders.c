/* lint_ladders.c - does every severity's ladder reach somebody, and do its times make sense? */
#include <string.h>

#include "bot/plan/lint.h"
#include "tocsin/arena.h"
#include "tocsin/paging.h"

static bool applies(const struct plan_step *s, const char *severity)
{
	for (size_t i = 0; i < s->n_only; i++)
		if (strcmp(s->only[i], severity) == 0)
			return true;
	return s->n_only == 0;
}

static const struct node *step_node(struct lint *l, const struct plan_ladder *ladder, size_t i)
{
	const struct node *n = lint_value(l, "ladders", ladder->key, NULL);

	return n ? lint_item(n, i) : l->root;
}

/* A target that names nobody: an empty group, a schedule without people. */
static void check_targets(struct lint *l, const struct plan_ladder *ladder, size_t index)
{
	const struct plan_step *s = &ladder->steps[index];
	const struct node *page = node_get(step_node(l, ladder, index), "page");

	for (size_t i = 0; i < s->n_page; i++) {
		bool *set = ARENA_ARRAY(l->arena, bool, l->plan->n_people);

		if (lint_people(l, s->page[i], set))
			continue;
		lint_add(l, FINDING_ERROR, page ? lint_item(page, i) : step_node(l, ladder, index),
			lint_say(l, "this step leads nowhere: nobody is behind %s", s->page[i]),
			plan_group(l->plan, s->page[i])
				? "add people to the group"
				: "add people to it, or a fallback to the schedule");
	}
	if (s->n_page > 1 && !s->together)
		return;
	if (s->together && s->n_page == 1 && plan_person(l->plan, s->page[0]))
		lint_add(l, FINDING_NOTICE, step_node(l, ladder, index),
			"`together` has no meaning for one person", "take it out");
}

static void check_ticket(struct lint *l, const struct plan_ladder *ladder, size_t index)
{
	const char *ticket = ladder->steps[index].ticket;
	const struct plan_connection *c = ticket ? plan_connection(l->plan, ticket) : NULL;

	if (!c || c->kind == PLAN_CONN_SERVICENOW || c->kind == PLAN_CONN_JIRA || c->kind == PLAN_CONN_GITHUB_ISSUE)
		return;
	lint_add(l, FINDING_ERROR, node_get(step_node(l, ladder, index), "ticket"),
		lint_say(l, "no ticket can be opened in %s: its kind is %s", ticket, c->kind_name),
		"name a connection of the kind servicenow, jira or github-issue");
}

static void check_repeats(struct lint *l, const struct plan_ladder *ladder)
{
	const struct plan_step *s = &ladder->steps[ladder->n - 1];

	if (s->repeat_from && ladder->n + (size_t)s->times * (ladder->n - s->repeat_from) > PAGING_STEPS_MAX)
		lint_add(l, FINDING_WARNING, step_node(l, ladder, ladder->n - 1),
			lint_say(l, "the ladder ends after %d steps, whatever `times` says", PAGING_STEPS_MAX),
			"lower `times`");
}

static bool ladder_used(const struct plan *p, const char *key)
{
	for (size_t i = 0; i < p->n_severities; i++)
		if (p->severities[i].ladder && strcmp(p->severities[i].ladder, key) == 0)
			return true;
	return false;
}

/* What this severity's incidents would see of the ladder. */
static void check_pair(struct lint *l, const struct plan_severity *sev, const struct plan_ladder *ladder)
{
	const struct node *at = lint_key(l, "severities", sev->key, "ladder", NULL);
	const struct plan_step *first = NULL;
	bool *set = ARENA_ARRAY(l->arena, bool, l->plan->n_people), reached = false;

	for (size_t i = 0; i < ladder->n; i++) {
		const struct plan_step *s = &ladder->steps[i];

		if (s->repeat_from || s->n_page == 0 || !applies(s, sev->key))
			continue;
		if (!first)
			first = s;
		for (size_t k = 0; k < s->n_page; k++)
			lint_people(l, s->page[k], set);
	}
	if (!first) {
		lint_add(l, FINDING_ERROR, at,
			lint_say(l, "the ladder %s pages nobody for %s: none of its steps pages and is for it",
				ladder->key, sev->key),
			lint_say(l, "add a step for %s, choose another ladder, or write ladder: none", sev->key));
		return;
	}
	for (size_t i = 0; i < l->plan->n_people; i++)
		reached |= set[i] && lint_reachable(l, &l->plan->people[i], sev->urgent);
	if (!reached)
		lint_add(l, FINDING_ERROR, at,
			lint_say(l, "the ladder %s never reaches anybody for %s", ladder->key, sev->key),
			"give its people ways by which they can be reached");
	if (first->after_ms > 0)
		lint_add(l, FINDING_WARNING, at,
			lint_say(l, "for %s the first page goes out after %lld minutes", sev->key,
				(long long)(first->after_ms / 60000)),
			"add a step without `after` that is for this severity too");
}

static void contradiction(struct lint *l, const struct plan_severity *sev, const char *key,
	const char *what, const char *mend)
{
	lint_add(l, FINDING_WARNING, lint_key(l, "severities", sev->key, key, NULL),
		lint_say(l, "%s: %s", sev->key, what), mend);
}

static void check_times(struct lint *l, const struct plan_severity *sev)
{
	const struct plan_ladder *ladder = sev->ladder ? plan_ladder(l->plan, sev->ladder) : NULL;
	const struct plan_step *last = ladder ? &ladder->steps[ladder->n - 1] : NULL;
	const struct node *expires = lint_key(l, "ack_expires", sev->key, NULL);

	if (sev->ack_ms && sev->fix_ms && sev->ack_ms > sev->fix_ms)
		contradiction(l, sev, "ack", "it should be fixed before anybody has to acknowledge it",
			"make `ack` shorter than `fix`");
	if (sev->update_every_ms && sev->fix_ms && sev->update_every_ms > sev->fix_ms)
		contradiction(l, sev, "update_every", "it should be fixed before the first update is due",
			"make `update_every` shorter than `fix`");
	if (sev->ack_ms && last && last->repeat_from && sev->ack_ms > last->after_ms)
		contradiction(l, sev, "ack",
			"the ladder starts again before the acknowledgement is even late",
			"make `ack` shorter than the `after` of the repeat");
	if (sev->ack_expires_ms && sev->update_every_ms && sev->ack_expires_ms < sev->update_every_ms)
		lint_add(l, FINDING_WARNING, expires,
			lint_say(l, "an acknowledged %s pages again before its next update is due", sev->key),
			"make it longer than `update_every`");
	if (sev->ack_expires_ms && !ladder)
		lint_add(l, FINDING_WARNING, expires,
			lint_say(l, "%s has no ladder, so nobody is paged again", sev->key),
			"take it out, or give the severity a ladder");
}

static void check_severity(struct lint *l, const struct plan_severity *sev)
{
	if (!lint_value(l, "severities", sev->key, "ladder", NULL))
		lint_add(l, FINDING_WARNING, lint_key(l, "severities", sev->key, NULL),
			lint_say(l, "nobody is paged for %s", sev->key),
			"add ladder: and its name; write ladder: none if that is meant");
	else if (sev->ladder)
		check_pair(l, sev, plan_ladder(l->plan, sev->ladder));
	if (!*sev->means)
		lint_add(l, FINDING_NOTICE, lint_key(l, "severities", sev->key, NULL),
			lint_say(l, "%s does not say what it means", sev->key),
			"add means: one sentence by which people choose it");
	check_times(l, sev);
}

void lint_ladders(struct lint *l)
{
	const struct plan *p = l->plan;

	for (size_t i = 0; i < p->n_severities; i++)
		check_severity(l, &p->severities[i]);
	for (size_t i = 0; i < p->n_ladders; i++) {
		for (size_t k = 0; k < p->ladders[i].n; k++) {
			check_targets(l, &p->ladders[i], k);
			check_ticket(l, &p->ladders[i], k);
		}
		check_repeats(l, &p->ladders[i]);
		if (!ladder_used(p, p->ladders[i].key))
			lint_add(l, FINDING_WARNING, lint_key(l, "ladders", p->ladders[i].key, NULL),
				lint_say(l, "no severity uses the ladder %s", p->ladders[i].key),
				"name it in a severity, or take it out");
	}
}
