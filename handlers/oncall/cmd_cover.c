/* cmd_cover.c - `cover`, `take`, `swap`, `agree`: people arrange it among themselves. */
#include "handlers/oncall/verbs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tocsin/arena.h"

static bool has_person(const struct stretch *s, void *person)
{
	for (size_t i = 0; i < s->now.n; i++)
		if (s->now.people[i] == person)
			return true;
	return false;
}

static void *person_ud(const struct plan_person *p)
{
	return (void *)(uintptr_t)p;
}

static void data_span(struct json_out *j, const struct plan_schedule *s, int64_t from_ms, int64_t to_ms)
{
	json_out_str(j, "schedule", s->key);
	json_out_int(j, "from", from_ms / 1000);
	json_out_int(j, "to", to_ms / 1000);
}

/* --- cover me -------------------------------------------------------------------------------- */

/* Asks where the schedule's news go, else where it was typed. */
static void ask_for_cover(struct context *cx, const struct plan_schedule *s,
	const struct plan_person *p, int64_t from_ms, int64_t to_ms, const char *reason,
	const struct stretch *list, size_t n, size_t total)
{
	struct oncall_call *call = oncall_call_of(cx);
	const char *channel = oncall_channel(cx, s), *ref;
	struct roster_change c = {.who = p->key, .role = "", .instead = "", .from_ms = from_ms,
		.to_ms = to_ms, .reason = reason};
	struct oncall_data d;
	struct oncall_doc *doc;

	oncall_load(cx, s->key, &doc);
	if (!*channel)
		channel = cx->req->where.channel;
	ref = oncall_key(cx, doc, "ask");
	oncall_log(cx, s->key, "cover_asked", &c);
	oncall_data_begin(cx, &d);
	data_span(&d.j, s, from_ms, to_ms);
	oncall_person_data(&d.j, "whose", p);
	incident_who_data(&d.j, "asker", &call->by);
	if (*reason)
		json_out_str(&d.j, "reason", reason);
	stretches_data(cx, &d.j, "rows", s, list, n, total, true);
	json_out_str(&d.j, "take", arena_printf(cx->arena, "oncall take %s %s @%" PRId64 " @%" PRId64 " %"
		PRId64, s->key, p->key, from_ms / 1000, to_ms / 1000, doc->seq));
	oncall_post(cx, doc, channel, ref, "oncall/cover_ask", oncall_data_end(&d));
	oncall_save(cx, doc);
}

enum step verb_oncall_cover(struct context *cx)
{
	const struct plan_schedule *mine[ONCALL_MINE_MAX];
	struct stretch *list = ARENA_ARRAY(cx->arena, struct stretch, ONCALL_ROWS);
	const struct plan_person *p = oncall_person_typed(cx);
	size_t n_mine, asked = 0;
	int64_t from_ms, to_ms;
	bool more, known = true;
	struct oncall_data d;
	const char *reason;
	enum step step;

	if (!p)
		return STEP_REFUSED;
	step = oncall_span_typed(cx, &from_ms, &to_ms);
	if (step != STEP_DONE)
		return step;
	reason = oncall_reason(cx);
	n_mine = oncall_mine(cx, p->key, mine, &more);
	oncall_data_begin(cx, &d);
	oncall_person_data(&d.j, "whose", p);
	json_out_int(&d.j, "from", from_ms / 1000);
	json_out_int(&d.j, "to", to_ms / 1000);
	json_out_array(&d.j, "schedules");
	for (size_t i = 0; i < n_mine; i++) {
		struct roster_changes changes;
		size_t n, total;

		if (!oncall_changes(cx, mine[i], &changes)) {
			known = false;
			continue;
		}
		n = stretches(cx, mine[i], NULL, &changes, NULL, from_ms, to_ms, has_person, person_ud(p), list,
			ONCALL_ROWS, &total);
		if (total == 0)
			continue;
		ask_for_cover(cx, mine[i], p, from_ms, to_ms, reason, list, n, total);
		json_out_object(&d.j, NULL);
		json_out_str(&d.j, "key", mine[i]->key);
		json_out_bool(&d.j, "next", asked++ > 0);
		json_out_object_end(&d.j);
	}
	json_out_array_end(&d.j);
	if (!known)
		return STEP_NEED;
	return asked ? oncall_answer(cx, "oncall/cover_asked", &d) : oncall_refuse(cx, "oncall/cover_none", &d);
}

/* Somebody stands in for that person in part of that time already. */
static const struct roster_change *taken(const struct oncall_doc *doc, const char *instead,
	int64_t from_ms, int64_t to_ms)
{
	for (size_t i = 0; i < doc->n; i++)
		if (doc->changes[i].kind == CHANGE_COVER && strcmp(doc->changes[i].instead, instead) == 0 &&
			doc->changes[i].from_ms < to_ms && from_ms < doc->changes[i].to_ms)
			return &doc->changes[i];
	return NULL;
}

/* The question in the channel says who has it now. */
static void close_question(struct context *cx, struct oncall_doc *doc, const char *number,
	const char *data)
{
	struct send s = {.lane = LANE_CHAT, .op = "chat.update", .template_name = "oncall/cover_taken"};

	s.ref = arena_printf(cx->arena, "oncall/%s/ask/%s", doc->key, number);
	s.key = oncall_key(cx, doc, "taken");
	s.entity = oncall_entity(cx, doc->key);
	s.to.platform = PLATFORM_SLACK;
	s.data = data;
	effects_send(cx->out, &s);
}

static enum step refuse_taken(struct context *cx, const struct plan_schedule *s,
	const struct roster_change *c)
{
	const struct plan_person *p = plan_person(cx->plan, c->who);
	struct oncall_data d;

	oncall_data_begin(cx, &d);
	data_span(&d.j, s, c->from_ms, c->to_ms);
	json_out_str(&d.j, "name", p ? oncall_name(p) : c->who);
	return oncall_refuse(cx, "oncall/taken_already", &d);
}

enum step verb_oncall_take(struct context *cx)
{
	struct oncall_call *call = oncall_call_of(cx);
	struct stretch *list = ARENA_ARRAY(cx->arena, struct stretch, ONCALL_ROWS);
	struct roster_changes base, with;
	struct roster_change *c, want = {.kind = CHANGE_COVER, .role = "", .who = call->me->key,
		.reason = "", .by = call->by.name};
	const struct plan_schedule *s;
	const struct plan_person *p;
	const char *role, *number, *data;
	struct oncall_data d;
	struct oncall_doc *doc;
	size_t n, total;
	enum step step;

	s = oncall_schedule_typed(cx, &role);
	p = s ? oncall_person_typed(cx) : NULL;
	if (!p)
		return STEP_REFUSED;
	want.instead = p->key;
	step = oncall_span_typed(cx, &want.from_ms, &want.to_ms);
	if (step != STEP_DONE)
		return step;
	number = call->next < call->args.n ? call->args.items[call->next].text : "";
	if (p == call->me)
		return oncall_refuse_with(cx, "oncall/take_own", NULL, NULL);
	if (!oncall_changes(cx, s, &base))
		return STEP_NEED;
	oncall_load(cx, s->key, &doc);
	if (taken(doc, p->key, want.from_ms, want.to_ms))
		return refuse_taken(cx, s, taken(doc, p->key, want.from_ms, want.to_ms));
	oncall_changes_with(cx, &base, &want, &with);
	n = stretches(cx, s, NULL, &with, &base, want.from_ms, want.to_ms, stretch_differs, NULL, list,
		ONCALL_ROWS, &total);
	if (total == 0)
		return oncall_refuse_with(cx, "oncall/no_change", "name", call->by.name);
	c = oncall_add(cx, doc);
	if (!c)
		return oncall_refuse_with(cx, "oncall/full", "schedule", s->key);
	want.n = c->n;
	want.at_ms = c->at_ms;
	*c = want;
	oncall_log(cx, s->key, "cover", c);
	oncall_data_begin(cx, &d);
	data_span(&d.j, s, c->from_ms, c->to_ms);
	json_out_int(&d.j, "n", c->n);
	json_out_int(&d.j, "changes", (int64_t)total);
	json_out_bool(&d.j, "one", total == 1);
	oncall_person_data(&d.j, "whose", p);
	oncall_person_data(&d.j, "taker", call->me);
	stretches_data(cx, &d.j, "rows", s, list, n, total, true);
	data = oncall_data_end(&d);
	if (*number && strspn(number, "0123456789") == strlen(number) && strlen(number) < 10)
		close_question(cx, doc, number, data);
	else
		oncall_post(cx, doc, oncall_channel(cx, s), "", "oncall/cover_taken", data);
	oncall_tell(cx, doc, p, "oncall/cover_taken", data);
	oncall_save(cx, doc);
	oncall_look_again(cx, s->key);
	effects_reply(cx->out, REPLY_PRIVATE, "oncall/cover_yours", data);
	return STEP_DONE;
}

/* --- swap ------------------------------------------------------------------------------------ */

/* The next stretch of time in which the person is on call, one that has not begun where there is. */
static bool next_shift(struct context *cx, const struct plan_schedule *s,
	const struct roster_changes *changes, const struct plan_person *p, struct stretch *out)
{
	struct stretch *list = ARENA_ARRAY(cx->arena, struct stretch, 100);
	int64_t now = cx->req->now_ms;
	size_t total, n = stretches(cx, s, NULL, changes, NULL, now, now + ONCALL_LOOK_MS, has_person,
		person_ud(p), list, 100, &total);

	for (size_t i = 0; i < n; i++) {
		size_t k = i;

		while (k + 1 < n && list[k + 1].from_ms == list[k].to_ms)
			k++;
		if (list[i].from_ms > now) {
			*out = list[i];
			out->to_ms = list[k].to_ms;
			return true;
		}
		i = k;
	}
	return false;
}

enum step verb_oncall_swap(struct context *cx)
{
	struct oncall_call *call = oncall_call_of(cx);
	struct stretch *a = ARENA_NEW(cx->arena, struct stretch), *b = ARENA_NEW(cx->arena, struct stretch);
	const struct plan_schedule *s;
	const struct plan_person *p;
	struct roster_changes changes;
	const char *role, *data;
	struct oncall_data d;
	struct oncall_doc *doc;

	s = oncall_schedule_typed(cx, &role);
	p = s ? oncall_person_typed(cx) : NULL;
	if (!p)
		return STEP_REFUSED;
	if (p == call->me)
		return oncall_refuse_with(cx, "oncall/take_own", NULL, NULL);
	if (!oncall_changes(cx, s, &changes))
		return STEP_NEED;
	oncall_data_begin(cx, &d);
	json_out_str(&d.j, "schedule", s->key);
	oncall_person_data(&d.j, "asker", call->me);
	oncall_person_data(&d.j, "other", p);
	if (!next_shift(cx, s, &changes, call->me, a))
		return oncall_refuse_with(cx, "oncall/swap_none", "name", oncall_name(call->me));
	if (!next_shift(cx, s, &changes, p, b))
		return oncall_refuse_with(cx, "oncall/swap_none", "name", oncall_name(p));
	if (!p->slack)
		return oncall_refuse_with(cx, "oncall/swap_deaf", "name", oncall_name(p));
	json_out_int(&d.j, "from", a->from_ms / 1000);
	json_out_int(&d.j, "to", a->to_ms / 1000);
	json_out_int(&d.j, "other_from", b->from_ms / 1000);
	json_out_int(&d.j, "other_to", b->to_ms / 1000);
	json_out_str(&d.j, "agree", arena_printf(cx->arena, "oncall agree %s %s @%" PRId64 " @%" PRId64 " @%"
		PRId64 " @%" PRId64, s->key, call->me->key, a->from_ms / 1000, a->to_ms / 1000,
		b->from_ms / 1000, b->to_ms / 1000));
	data = oncall_data_end(&d);
	oncall_load(cx, s->key, &doc);
	oncall_log(cx, s->key, "swap_asked", NULL);
	oncall_tell(cx, doc, p, "oncall/swap_ask", data);
	oncall_save(cx, doc);
	effects_reply(cx->out, REPLY_PRIVATE, "oncall/swap_asked", data);
	return STEP_DONE;
}

/* One half of the swap; false: it would change nothing, or there is no room. */
static bool swap_half(struct context *cx, const struct plan_schedule *s, struct oncall_doc *doc,
	const struct roster_changes *base, const struct roster_change *want)
{
	struct stretch *list = ARENA_ARRAY(cx->arena, struct stretch, 1);
	struct roster_changes with;
	struct roster_change *c;
	size_t total;

	oncall_changes_with(cx, base, want, &with);
	stretches(cx, s, NULL, &with, base, want->from_ms, want->to_ms, stretch_differs, NULL, list, 1,
		&total);
	if (total == 0 || taken(doc, want->instead, want->from_ms, want->to_ms))
		return false;
	c = oncall_add(cx, doc);
	if (!c)
		return false;
	*c = (struct roster_change){c->n, CHANGE_COVER, "", want->who, want->instead, want->from_ms,
		want->to_ms, "", want->by, c->at_ms};
	oncall_log(cx, s->key, "swap", c);
	return true;
}

enum step verb_oncall_agree(struct context *cx)
{
	struct oncall_call *call = oncall_call_of(cx);
	struct roster_change mine = {.role = "", .reason = "", .kind = CHANGE_COVER, .by = call->by.name};
	struct roster_change theirs = mine;
	const struct plan_schedule *s;
	const struct plan_person *p;
	struct roster_changes base;
	const char *role, *data;
	struct oncall_data d;
	struct oncall_doc *doc;
	enum step step;

	s = oncall_schedule_typed(cx, &role);
	p = s ? oncall_person_typed(cx) : NULL;
	if (!p)
		return STEP_REFUSED;
	step = oncall_span_typed(cx, &mine.from_ms, &mine.to_ms);
	if (step == STEP_DONE)
		step = oncall_span_typed(cx, &theirs.from_ms, &theirs.to_ms);
	if (step != STEP_DONE)
		return step;
	if (p == call->me)
		return oncall_refuse_with(cx, "oncall/take_own", NULL, NULL);
	if (!oncall_changes(cx, s, &base))
		return STEP_NEED;
	oncall_load(cx, s->key, &doc);
	mine.who = theirs.instead = call->me->key;
	mine.instead = theirs.who = p->key;
	if (!swap_half(cx, s, doc, &base, &mine) || !swap_half(cx, s, doc, &base, &theirs))
		return oncall_refuse_with(cx, "oncall/swap_stale", NULL, NULL);
	oncall_data_begin(cx, &d);
	json_out_str(&d.j, "schedule", s->key);
	oncall_person_data(&d.j, "asker", p);
	oncall_person_data(&d.j, "other", call->me);
	json_out_int(&d.j, "from", mine.from_ms / 1000);
	json_out_int(&d.j, "to", mine.to_ms / 1000);
	json_out_int(&d.j, "other_from", theirs.from_ms / 1000);
	json_out_int(&d.j, "other_to", theirs.to_ms / 1000);
	json_out_int(&d.j, "n", doc->last - 1);
	json_out_int(&d.j, "n2", doc->last);
	data = oncall_data_end(&d);
	oncall_post(cx, doc, oncall_channel(cx, s), "", "oncall/swapped", data);
	oncall_tell(cx, doc, p, "oncall/swapped", data);
	oncall_save(cx, doc);
	oncall_look_again(cx, s->key);
	effects_reply(cx->out, REPLY_PRIVATE, "oncall/swapped", data);
	return STEP_DONE;
}
