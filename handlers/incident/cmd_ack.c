/* cmd_ack.c - `ack` and `page`: somebody has it, or somebody is wanted. */
#include "handlers/incident/verbs.h"

#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/plan.h"
#include "tocsin/targets.h"

/* An incident that is over: said with who ended it and when, never as a fault. */
static enum step already_over(struct context *cx, struct incident *inc)
{
	struct data d;

	data_begin_inc(cx, &d, inc);
	data_root(cx, inc, &d.j);
	return answer_refused(cx, "incident/over", &d);
}

static bool holds_it(const struct incident *inc, const struct incident_who *by)
{
	if (*inc->ack_by.person || *by->person)
		return strcmp(inc->ack_by.person, by->person) == 0;
	return *by->user && strcmp(inc->ack_by.user, by->user) == 0;
}

/* "ack take": from somebody who has it, on purpose. */
static bool takes_over(const struct call *call)
{
	static const char *const words[] = {"take", "over", "mine", "me", "takeover"};

	if (call->next >= call->args.n)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (args_word_is(&call->args.items[call->next], words[i]))
			return true;
	return false;
}

enum step verb_ack(struct context *cx)
{
	struct call *call = call_of(cx);
	struct incident *inc = call->inc;
	struct data d;

	if (!incident_is_open(inc) || from_older_alert(cx, inc))
		return already_over(cx, inc);
	if (incident_is_acked(inc) && (holds_it(inc, &call->by) || !takes_over(call))) {
		data_begin_inc(cx, &d, inc);
		data_root(cx, inc, &d.j);
		json_out_bool(&d.j, "mine", holds_it(inc, &call->by));
		return answer_refused(cx, "incident/ack_already", &d);
	}
	inc->ack_by = call->by;
	inc->ack_ms = cx->req->now_ms;
	inc->root_dirty = true;
	incident_log(cx, inc, "ack", &call->by, "");
	inc->activity_ms = cx->req->now_ms;
	paging_acknowledged(cx, inc, &cx->req->who);
	incident_invite(cx, inc, call->by.user);
	incident_save(cx, inc);
	data_begin_inc(cx, &d, inc);
	data_root(cx, inc, &d.j);
	return answer(cx, "incident/acked", &d);
}

/* Whom `page` means: one word, or a whole name. What follows is the reason. */
static const char *page_target(struct context *cx, struct call *call, size_t *words)
{
	const struct plan_person *person;
	const struct arg *arg = &call->args.items[call->next];

	switch (args_person(&call->args, call->next, cx->plan, &person, words)) {
	case ARGS_PERSON_KNOWN:
		return person->key;
	case ARGS_PERSON_FOREIGN:
		return arena_printf(cx->arena, "<@%s>", arg->text);
	case ARGS_PERSON_UNCLEAR:
	case ARGS_PERSON_NONE:
		break;
	}
	*words = 1;
	if (arg->kind == ARG_GROUP)
		return arena_printf(cx->arena, "<!subteam^%s>", arg->text);
	return arg->text;
}

/* What could be said instead: groups and schedules of the plan, and their people. */
static void data_targets(struct context *cx, struct json_out *j)
{
	json_out_array(j, "targets");
	for (size_t i = 0; i < cx->plan->n_schedules && i < 8; i++) {
		json_out_object(j, NULL);
		json_out_str(j, "key", cx->plan->schedules[i].key);
		json_out_object_end(j);
	}
	for (size_t i = 0; i < cx->plan->n_groups && i < 12; i++) {
		json_out_object(j, NULL);
		json_out_str(j, "key", cx->plan->groups[i].key);
		json_out_object_end(j);
	}
	json_out_array_end(j);
}

static enum step page_refused(struct context *cx, struct call *call, const char *target,
	const char *template_name)
{
	struct data d;

	data_begin_inc(cx, &d, call->inc);
	json_out_str(&d.j, "target", *target ? args_plain(cx->arena, cx->plan, target, true) : "");
	data_targets(cx, &d.j);
	return answer_refused(cx, template_name, &d);
}

enum step verb_page(struct context *cx)
{
	struct call *call = call_of(cx);
	struct incident *inc = call->inc;
	const char *target, *reason;
	struct data d;
	size_t words;

	if (!incident_is_open(inc))
		return already_over(cx, inc);
	if (call->next >= call->args.n)
		return page_refused(cx, call, "", "incident/page_whom");
	target = page_target(cx, call, &words);
	reason = args_cut(cx->arena, args_rest(&call->args, call->next + words, cx->plan, true), 300);
	switch (paging_person(cx, inc, target, reason)) {
	case PAGING_FOUND:
		break;
	case PAGING_UNKNOWN:
		return page_refused(cx, call, target, "incident/page_unknown");
	case PAGING_NOBODY:
		return page_refused(cx, call, target, "incident/page_nobody");
	case PAGING_UNREACHABLE:
		return page_refused(cx, call, target, "incident/page_unreachable");
	}
	incident_activity(cx, inc);
	incident_save(cx, inc);
	data_begin_inc(cx, &d, inc);
	json_out_str(&d.j, "target", target_shown(cx->arena, cx->plan, target));
	return answer(cx, "incident/page_asked", &d);
}
