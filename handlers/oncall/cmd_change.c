/* cmd_change.c - `override`, `away`, `changes`, `undo`: first what it would change, then the change. */
#include "handlers/oncall/verbs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tocsin/arena.h"

static bool take_word(struct oncall_call *call, const char *word)
{
	if (call->next >= call->args.n || !args_word_is(&call->args.items[call->next], word))
		return false;
	call->next++;
	return true;
}

static void data_change(struct json_out *j, const struct plan *plan, const struct roster_change *c,
	const char *key)
{
	const struct plan_person *p = plan_person(plan, c->who), *instead = plan_person(plan, c->instead);

	json_out_int(j, "n", c->n);
	json_out_str(j, "of", strcmp(key, ONCALL_AWAY) == 0 ? "away" : key);
	json_out_bool(j, "override", c->kind == CHANGE_OVERRIDE);
	json_out_bool(j, "cover", c->kind == CHANGE_COVER);
	json_out_bool(j, "away", c->kind == CHANGE_AWAY);
	json_out_str(j, "role", c->role);
	json_out_str(j, "who", p ? oncall_name(p) : c->who);
	json_out_str(j, "instead", instead ? oncall_name(instead) : c->instead);
	json_out_int(j, "from", c->from_ms / 1000);
	json_out_int(j, "to", c->to_ms / 1000);
	if (*c->reason)
		json_out_str(j, "reason", c->reason);
	json_out_str(j, "by", c->by);
}

/* Everybody who gains or loses a shift by it, each told once; not whoever does it. */
static void tell_people(struct context *cx, struct oncall_doc *doc, const struct stretch *list,
	size_t n, const char *template_name, const char *data)
{
	struct oncall_call *call = oncall_call_of(cx);
	const struct plan_person *told[2 * ROSTER_MAX];
	size_t n_told = 0;

	for (size_t i = 0; i < n; i++) {
		for (int side = 0; side < 2; side++) {
			const struct roster *r = side ? &list[i].before : &list[i].now;
			const struct roster *o = side ? &list[i].now : &list[i].before;

			for (size_t k = 0; k < r->n; k++) {
				const struct plan_person *p = r->people[k];
				bool skip = p == call->me;

				for (size_t m = 0; m < o->n; m++)
					skip = skip || o->people[m] == p;
				for (size_t m = 0; m < n_told; m++)
					skip = skip || told[m] == p;
				if (skip || n_told == 2 * ROSTER_MAX)
					continue;
				told[n_told++] = p;
				oncall_tell(cx, doc, p, template_name, data);
			}
		}
	}
}

/* --- override -------------------------------------------------------------------------------- */

static enum step save_override(struct context *cx, const struct plan_schedule *s,
	const struct roster_change *wanted, const struct stretch *list, size_t n, size_t total)
{
	struct roster_change *c;
	struct oncall_data d;
	struct oncall_doc *doc;
	const char *data;

	oncall_load(cx, s->key, &doc);
	c = oncall_add(cx, doc);
	if (!c)
		return oncall_refuse_with(cx, "oncall/full", "schedule", s->key);
	*c = (struct roster_change){c->n, wanted->kind, wanted->role, wanted->who, wanted->instead,
		wanted->from_ms, wanted->to_ms, wanted->reason, wanted->by, c->at_ms};
	oncall_log(cx, s->key, "override", c);
	oncall_data_begin(cx, &d);
	json_out_str(&d.j, "schedule", s->key);
	data_change(&d.j, cx->plan, c, s->key);
	json_out_int(&d.j, "changes", (int64_t)total);
	json_out_bool(&d.j, "one", total == 1);
	stretches_data(cx, &d.j, "rows", s, list, n, total, false);
	data = oncall_data_end(&d);
	oncall_post(cx, doc, oncall_channel(cx, s), "", "oncall/changed", data);
	tell_people(cx, doc, list, n, "oncall/changed", data);
	oncall_save(cx, doc);
	oncall_look_again(cx, s->key);
	effects_reply(cx->out, REPLY_PRIVATE, "oncall/saved", data);
	return STEP_DONE;
}

enum step verb_oncall_override(struct context *cx)
{
	struct oncall_call *call = oncall_call_of(cx);
	struct stretch *list = ARENA_ARRAY(cx->arena, struct stretch, ONCALL_ROWS);
	struct roster_change c = {.kind = CHANGE_OVERRIDE, .instead = "", .by = call->by.name};
	const char *roles[ROSTER_ROLES_MAX];
	struct roster_changes base, with;
	const struct plan_schedule *s;
	const struct plan_person *p;
	struct oncall_data d;
	size_t n, total;
	enum step step;
	bool save;

	s = oncall_schedule_typed(cx, &c.role);
	p = s ? oncall_person_typed(cx) : NULL;
	if (!p)
		return STEP_REFUSED;
	c.who = p->key;
	step = oncall_span_typed(cx, &c.from_ms, &c.to_ms);
	if (step != STEP_DONE)
		return step;
	save = take_word(call, "save");
	c.reason = oncall_reason(cx);
	if (!oncall_changes(cx, s, &base))
		return STEP_NEED;
	if (!c.role)
		c.role = roster_roles(s, &base, roles) ? roles[0] : "primary";
	oncall_changes_with(cx, &base, &c, &with);
	n = stretches(cx, s, c.role, &with, &base, c.from_ms, c.to_ms, stretch_differs, NULL, list,
		ONCALL_ROWS, &total);
	if (total == 0)
		return oncall_refuse_with(cx, "oncall/no_change", "name", oncall_name(p));
	if (save)
		return save_override(cx, s, &c, list, n, total);
	oncall_data_begin(cx, &d);
	json_out_str(&d.j, "schedule", s->key);
	data_change(&d.j, cx->plan, &c, s->key);
	json_out_int(&d.j, "changes", (int64_t)total);
	json_out_bool(&d.j, "one", total == 1);
	stretches_data(cx, &d.j, "rows", s, list, n, total, false);
	json_out_str(&d.j, "save", arena_printf(cx->arena, "oncall override %s.%s %s @%" PRId64 " @%" PRId64
		" save %s", s->key, c.role, p->key, c.from_ms / 1000, c.to_ms / 1000, c.reason));
	return oncall_answer(cx, "oncall/preview", &d);
}

/* --- away ------------------------------------------------------------------------------------ */

struct away {
	const struct plan_schedule *mine[ONCALL_MINE_MAX];
	struct stretch *list[ONCALL_MINE_MAX];
	size_t n[ONCALL_MINE_MAX], total[ONCALL_MINE_MAX];
	size_t n_mine, changes, gaps;
	bool more;
};

/* What it changes in each schedule. False: facts are asked for. */
static bool away_look(struct context *cx, const struct roster_change *c, struct away *a)
{
	bool known = true;

	a->n_mine = oncall_mine(cx, c->who, a->mine, &a->more);
	for (size_t i = 0; i < a->n_mine; i++) {
		struct roster_changes base, with;

		known &= oncall_changes(cx, a->mine[i], &base);
		oncall_changes_with(cx, &base, c, &with);
		a->list[i] = ARENA_ARRAY(cx->arena, struct stretch, ONCALL_ROWS);
		a->n[i] = stretches(cx, a->mine[i], NULL, &with, &base, c->from_ms, c->to_ms, stretch_differs,
			NULL, a->list[i], ONCALL_ROWS, &a->total[i]);
		a->changes += a->total[i];
		for (size_t k = 0; k < a->n[i]; k++)
			a->gaps += a->list[i][k].now.n == 0;
	}
	return known;
}

static void data_away(struct context *cx, struct json_out *j, const struct roster_change *c,
	const struct away *a)
{
	data_change(j, cx->plan, c, ONCALL_AWAY);
	json_out_array(j, "schedules");
	for (size_t i = 0; i < a->n_mine; i++) {
		if (a->total[i] == 0)
			continue;
		json_out_object(j, NULL);
		json_out_str(j, "schedule", a->mine[i]->key);
		if (a->mine[i]->fallback)
			json_out_str(j, "fallback", a->mine[i]->fallback);
		stretches_data(cx, j, "rows", a->mine[i], a->list[i], a->n[i], a->total[i], true);
		json_out_object_end(j);
	}
	json_out_array_end(j);
	json_out_int(j, "changes", (int64_t)a->changes);
	json_out_bool(j, "one", a->changes == 1);
	json_out_bool(j, "none", a->changes == 0);
	json_out_int(j, "gaps", (int64_t)a->gaps);
	json_out_bool(j, "one_gap", a->gaps == 1);
	json_out_bool(j, "more_schedules", a->more);
}

static enum step save_away(struct context *cx, const struct roster_change *wanted, const struct away *a)
{
	struct roster_change *c;
	struct oncall_data d;
	struct oncall_doc *doc;
	const char *data;

	if (!oncall_load(cx, ONCALL_AWAY, &doc))
		return STEP_NEED;
	c = oncall_add(cx, doc);
	if (!c)
		return oncall_refuse_with(cx, "oncall/full", "schedule", "away");
	*c = (struct roster_change){c->n, CHANGE_AWAY, "", wanted->who, "", wanted->from_ms, wanted->to_ms,
		wanted->reason, wanted->by, c->at_ms};
	oncall_log(cx, ONCALL_AWAY, "away", c);
	oncall_data_begin(cx, &d);
	data_away(cx, &d.j, c, a);
	data = oncall_data_end(&d);
	for (size_t i = 0; i < a->n_mine; i++) {
		bool first = true;

		if (a->total[i] == 0)
			continue;
		oncall_look_again(cx, a->mine[i]->key);
		for (size_t k = 0; k < i; k++)
			first &= a->total[k] == 0 || strcmp(oncall_channel(cx, a->mine[k]),
				oncall_channel(cx, a->mine[i])) != 0;
		if (first)
			oncall_post(cx, doc, oncall_channel(cx, a->mine[i]), "", "oncall/away_said", data);
	}
	if (plan_person(cx->plan, c->who) != oncall_call_of(cx)->me)
		oncall_tell(cx, doc, plan_person(cx->plan, c->who), "oncall/away_said", data);
	oncall_save(cx, doc);
	effects_reply(cx->out, REPLY_PRIVATE, "oncall/away_saved", data);
	return STEP_DONE;
}

enum step verb_oncall_away(struct context *cx)
{
	struct oncall_call *call = oncall_call_of(cx);
	struct roster_change c = {.kind = CHANGE_AWAY, .role = "", .instead = "", .by = call->by.name,
		.who = call->me->key};
	struct away *a = ARENA_NEW(cx->arena, struct away);
	const struct plan_person *p;
	struct oncall_data d;
	enum step step;
	size_t words;
	bool save;

	if (call->next < call->args.n && (args_word_is(&call->args.items[call->next], "me") ||
		args_person(&call->args, call->next, cx->plan, &p, &words) != ARGS_PERSON_NONE)) {
		p = oncall_person_typed(cx);
		if (!p)
			return STEP_REFUSED;
		c.who = p->key;
	}
	step = oncall_span_typed(cx, &c.from_ms, &c.to_ms);
	if (step != STEP_DONE)
		return step;
	save = take_word(call, "save");
	c.reason = oncall_reason(cx);
	if (!away_look(cx, &c, a))
		return STEP_NEED;
	if (save)
		return save_away(cx, &c, a);
	oncall_data_begin(cx, &d);
	data_away(cx, &d.j, &c, a);
	json_out_str(&d.j, "save", arena_printf(cx->arena, "oncall away %s @%" PRId64 " @%" PRId64 " save %s",
		c.who, c.from_ms / 1000, c.to_ms / 1000, c.reason));
	return oncall_answer(cx, "oncall/away", &d);
}

/* --- changes and undo ------------------------------------------------------------------------ */

static void data_changes(struct context *cx, struct json_out *j, const struct oncall_doc *doc,
	const char *person, size_t *n)
{
	for (size_t i = 0; i < doc->n && *n < 2 * ONCALL_ROWS; i++) {
		const struct roster_change *c = &doc->changes[i];

		if (c->to_ms <= cx->req->now_ms || (person && strcmp(c->who, person) != 0))
			continue;
		json_out_object(j, NULL);
		data_change(j, cx->plan, c, doc->key);
		json_out_object_end(j);
		(*n)++;
	}
}

enum step verb_oncall_changes(struct context *cx)
{
	struct oncall_call *call = oncall_call_of(cx);
	const struct plan_schedule *s = NULL;
	struct oncall_doc *doc, *away;
	struct oncall_data d;
	const char *role;
	size_t n = 0, last;
	bool known;

	if (call->next < call->args.n || cx->plan->n_schedules == 1) {
		s = oncall_schedule_typed(cx, &role);
		if (!s)
			return STEP_REFUSED;
	}
	known = oncall_load(cx, ONCALL_AWAY, &away);
	last = cx->plan->n_schedules < ONCALL_MINE_MAX ? cx->plan->n_schedules : ONCALL_MINE_MAX;
	oncall_data_begin(cx, &d);
	json_out_array(&d.j, "list");
	for (size_t i = 0; i < last; i++) {
		if (s && i > 0)
			break;
		known &= oncall_load(cx, s ? s->key : cx->plan->schedules[i].key, &doc);
		data_changes(cx, &d.j, doc, NULL, &n);
	}
	for (size_t i = 0; i < away->n; i++)
		if (!s || oncall_names(s, away->changes[i].who)) {
			struct oncall_doc one = *away;

			one.changes = &away->changes[i];
			one.n = 1;
			data_changes(cx, &d.j, &one, NULL, &n);
		}
	json_out_array_end(&d.j);
	if (!known)
		return STEP_NEED;
	json_out_bool(&d.j, "any", n > 0);
	return oncall_answer(cx, "oncall/changes", &d);
}

static unsigned number_typed(struct oncall_call *call)
{
	const char *s = call->next < call->args.n ? call->args.items[call->next].text : "";

	s += *s == '#';
	return *s && strspn(s, "0123456789") == strlen(s) && strlen(s) < 9 ?
		(unsigned)strtoul(s, NULL, 10) : 0;
}

enum step verb_oncall_undo(struct context *cx)
{
	struct oncall_call *call = oncall_call_of(cx);
	const struct plan_schedule *s = NULL;
	struct roster_change c = {0};
	struct oncall_data d;
	struct oncall_doc *doc;
	const char *role, *data;
	unsigned n;

	if (!take_word(call, "away") && !(s = oncall_schedule_typed(cx, &role)))
		return STEP_REFUSED;
	n = number_typed(call);
	if (!oncall_load(cx, s ? s->key : ONCALL_AWAY, &doc))
		return STEP_NEED;
	for (size_t i = 0; i < doc->n; i++)
		if (doc->changes[i].n == n)
			c = doc->changes[i];
	if (n == 0 || c.n != n || c.to_ms <= cx->req->now_ms)
		return oncall_refuse_with(cx, "oncall/undo_what", "schedule", s ? s->key : "away");
	oncall_remove(doc, n);
	oncall_log(cx, doc->key, "undo", &c);
	oncall_data_begin(cx, &d);
	data_change(&d.j, cx->plan, &c, doc->key);
	incident_who_data(&d.j, "undone_by", &call->by);
	data = oncall_data_end(&d);
	oncall_post(cx, doc, oncall_channel(cx, s), "", "oncall/undone", data);
	if (plan_person(cx->plan, c.who) != call->me)
		oncall_tell(cx, doc, plan_person(cx->plan, c.who), "oncall/undone", data);
	if (*c.instead && plan_person(cx->plan, c.instead) != call->me)
		oncall_tell(cx, doc, plan_person(cx->plan, c.instead), "oncall/undone", data);
	oncall_save(cx, doc);
	if (s)
		oncall_look_again(cx, s->key);
	effects_reply(cx->out, REPLY_PRIVATE, "oncall/undone", data);
	return STEP_DONE;
}
