/* lint.c - see plan_lint() in plan_load.h: the parts in turn, and what they share. */
#include "bot/plan/lint.h"

#include <stdarg.h>
#include <string.h>

#include "bot/plan/plan_load.h"
#include "tocsin/arena.h"
#include "tocsin/zone.h"

#define SCRATCH_BYTES ((size_t)64 * 1024 * 1024)
#define TARGET_DEPTH 4 /* fallbacks of fallbacks; as paging follows them */

const char *lint_say(struct lint *l, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = arena_vprintf(l->arena, fmt, ap);
	va_end(ap);
	return text;
}

void lint_add(struct lint *l, enum finding_level level, const struct node *at, const char *what,
	const char *mend)
{
	plan_report_add(l->report, level, at->file, at->line, at->column, what, mend);
}

const struct node *lint_key(struct lint *l, ...)
{
	const struct node *map = l->root, *found = l->root;
	const char *key;
	va_list ap;

	va_start(ap, l);
	while ((key = va_arg(ap, const char *))) {
		if (!node_get_key(map, key))
			break;
		found = node_get_key(map, key);
		map = node_get(map, key);
	}
	va_end(ap);
	return found;
}

const struct node *lint_value(struct lint *l, ...)
{
	const struct node *n = l->root;
	const char *key;
	va_list ap;

	va_start(ap, l);
	while (n && (key = va_arg(ap, const char *)))
		n = node_get(n, key);
	va_end(ap);
	return n;
}

const struct node *lint_item(const struct node *n, size_t i)
{
	if (n->kind == NODE_LIST && i < n->n)
		return n->items[i];
	return n;
}

const char *lint_time(struct lint *l, int64_t ms)
{
	struct local_time t;

	zone_to_local(l->plan->zone, ms, &t);
	return lint_say(l, "%04d-%02d-%02d %02d:%02d", t.year, t.month, t.day, t.hour, t.minute);
}

const char *lint_day(struct lint *l, int64_t ms)
{
	struct local_time t;

	zone_to_local(l->plan->zone, ms, &t);
	return lint_say(l, "%04d-%02d-%02d", t.year, t.month, t.day);
}

static void mark(struct lint *l, const char *key, bool *set)
{
	for (size_t i = 0; i < l->plan->n_people; i++)
		if (strcmp(l->plan->people[i].key, key) == 0)
			set[i] = true;
}

static void mark_layer(struct lint *l, const struct plan_layer *layer, bool *set)
{
	for (size_t i = 0; i < layer->n_turns; i++)
		for (size_t k = 0; k < layer->turns[i].n; k++)
			mark(l, layer->turns[i].who[k], set);
}

static void mark_target(struct lint *l, const char *target, bool *set, unsigned depth)
{
	const struct plan *p = l->plan;
	const struct plan_group *g = plan_group(p, target);
	const char *dot = strchr(target, '.');
	const struct plan_schedule *s;

	if (plan_person(p, target)) {
		mark(l, target, set);
		return;
	}
	for (size_t i = 0; g && i < g->n; i++)
		mark(l, g->members[i], set);
	for (size_t i = 0; depth < TARGET_DEPTH && i < p->incident.n_roles; i++)
		if (strcmp(p->incident.roles[i].key, target) == 0)
			for (size_t k = 0; k < p->incident.roles[i].n; k++)
				mark_target(l, p->incident.roles[i].members[k], set, depth + 1);
	s = plan_schedule(p, dot ? arena_strndup(l->arena, target, (size_t)(dot - target)) : target);
	for (size_t i = 0; s && i < s->n_shifts; i++)
		if (s->shifts[i].to_ms > l->now_ms && (!dot || strcmp(s->shifts[i].role, dot + 1) == 0))
			mark(l, s->shifts[i].who, set);
	for (size_t i = 0; s && i < s->n_layers; i++)
		if (s->layers[i].to_ms > l->now_ms && (!dot || strcmp(s->layers[i].role, dot + 1) == 0))
			mark_layer(l, &s->layers[i], set);
	if (s && s->fallback && depth < TARGET_DEPTH)
		mark_target(l, s->fallback, set, depth + 1);
}

size_t lint_people(struct lint *l, const char *target, bool *set)
{
	size_t n = 0;

	mark_target(l, target, set, 0);
	for (size_t i = 0; i < l->plan->n_people; i++)
		n += set[i];
	return n;
}

static void find_paged(struct lint *l)
{
	l->paged = ARENA_ARRAY(l->arena, bool, l->plan->n_people);
	for (size_t i = 0; i < l->plan->n_ladders; i++)
		for (size_t k = 0; k < l->plan->ladders[i].n; k++)
			for (size_t t = 0; t < l->plan->ladders[i].steps[k].n_page; t++)
				lint_people(l, l->plan->ladders[i].steps[k].page[t], l->paged);
}

void plan_lint(const struct plan *p, int64_t now_ms, struct plan_report *report)
{
	struct arena *scratch = arena_new(SCRATCH_BYTES);
	struct lint *l;

	if (!scratch) {
		plan_report_no_memory(report);
		return;
	}
	if (setjmp(*arena_recovery(scratch)) || setjmp(*arena_recovery(report->arena))) {
		arena_recovery_clear(report->arena);
		plan_report_no_memory(report);
		arena_free(scratch);
		return;
	}
	l = ARENA_NEW(scratch, struct lint);
	l->plan = p;
	l->box = (const struct plan_box *)p;
	l->root = l->box->root;
	l->report = report;
	l->arena = scratch;
	l->now_ms = now_ms;
	find_paged(l);
	lint_reach(l);
	lint_ladders(l);
	lint_oncall(l);
	lint_incident(l);
	lint_connections(l);
	lint_templates(l);
	arena_recovery_clear(report->arena);
	arena_free(scratch);
}
