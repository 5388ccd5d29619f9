/* cmd_end.c - how an incident ends: `resolve`, `reopen`, `close`, `done`, `cancel`, `postmortem`. */
#include "handlers/incident/verbs.h"

#include <stdlib.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/plan.h"

static enum step refuse_state(struct context *cx, const char *template_name)
{
	struct data d;

	data_begin_inc(cx, &d, call_of(cx)->inc);
	data_root(cx, call_of(cx)->inc, &d.j);
	return answer_refused(cx, template_name, &d);
}

/* The state and who changed it, told to everybody. */
static void say(struct context *cx, struct incident *inc, const char *what,
	const char *template_name, bool broadcast)
{
	struct data d;

	data_begin_inc(cx, &d, inc);
	data_root(cx, inc, &d.j);
	incident_who_data(&d.j, "by", &call_of(cx)->by);
	json_out_bool(&d.j, "checklist", cx->plan->incident.n_close_checklist > 0);
	incident_post(cx, inc, what, template_name, data_end(&d), broadcast);
}

static const char *text_of(struct context *cx, size_t at)
{
	return args_cut(cx->arena, args_rest(&call_of(cx)->args, at, cx->plan, false),
		INCIDENT_TEXT_MAX);
}

/* --- resolve and reopen -------------------------------------------------------------------- */

enum step verb_resolve(struct context *cx)
{
	struct call *call = call_of(cx);
	struct incident *inc = call->inc;
	const struct plan_severity *sev = incident_severity(cx, inc);
	const char *summary = text_of(cx, call->next);

	if (!incident_is_open(inc) || from_older_alert(cx, inc))
		return refuse_state(cx, "incident/over");
	if (cx->req->source == SOURCE_FORM) {
		const char *typed = form_value(cx, "summary");

		summary = typed ? args_cut(cx->arena, typed, INCIDENT_TEXT_MAX) : "";
	} else if (cx->req->source == SOURCE_BUTTON && cx->req->can_open_form && !*summary) {
		return form_resolve(cx, inc);
	}
	inc->status = INCIDENT_RESOLVED;
	inc->resolved_ms = inc->activity_ms = cx->req->now_ms;
	inc->resolved_by = call->by;
	inc->summary = summary;
	inc->update_due_ms = 0;
	if (sev && sev->postmortem_ms && !inc->postmortem_done_ms && !inc->drill)
		inc->postmortem_due_ms = cx->req->now_ms + sev->postmortem_ms;
	inc->root_dirty = inc->index_dirty = inc->topic_dirty = true;
	incident_log(cx, inc, "resolved", &call->by, summary);
	paging_stop(cx, inc, "resolved");
	say(cx, inc, "resolved", "incident/resolved", true);
	incident_save(cx, inc);
	return done(cx, inc);
}

enum step verb_reopen(struct context *cx)
{
	struct call *call = call_of(cx);
	struct incident *inc = call->inc;
	const char *reason = text_of(cx, call->next);
	struct incident_who nobody = {"", "", ""};

	if (incident_is_open(inc))
		return refuse_state(cx, "incident/open_already");
	inc->status = INCIDENT_INVESTIGATING;
	inc->resolved_ms = inc->closed_ms = inc->postmortem_due_ms = 0;
	inc->resolved_by = inc->ack_by = nobody;
	inc->ack_ms = 0;
	inc->summary = "";
	inc->reason = "";
	inc->n_items = 0;
	inc->root_dirty = inc->index_dirty = inc->topic_dirty = true;
	inc->activity_ms = cx->req->now_ms;
	incident_set_due(cx, inc);
	incident_log(cx, inc, "reopened", &call->by, reason);
	inc->reason = reason; /* for the message only */
	say(cx, inc, "reopened", "incident/reopened", true);
	inc->reason = "";
	paging_start(cx, inc);
	incident_save(cx, inc);
	return done(cx, inc);
}

/* --- the close checklist -------------------------------------------------------------------- */

static size_t items_left(const struct incident *inc)
{
	size_t left = 0;

	for (size_t i = 0; i < inc->n_items; i++)
		left += inc->items[i].done_ms == 0;
	return left;
}

static void items_begin(struct context *cx, struct incident *inc)
{
	const struct plan_incident *pi = &cx->plan->incident;

	for (size_t i = 0; i < pi->n_close_checklist && i < INCIDENT_ITEMS_MAX; i++) {
		inc->items[i].title = pi->close_checklist[i];
		inc->items[i].by = (struct incident_who){"", "", ""};
		inc->items[i].done_ms = 0;
		inc->n_items++;
	}
}

static void data_items(struct context *cx, const struct incident *inc, struct json_out *j)
{
	size_t left = items_left(inc);

	json_out_array(j, "list");
	for (size_t i = 0; i < inc->n_items; i++) {
		json_out_object(j, NULL);
		json_out_int(j, "n", (int64_t)i + 1);
		json_out_str(j, "title", inc->items[i].title);
		json_out_bool(j, "done", inc->items[i].done_ms != 0);
		data_person(cx, j, "who", &inc->items[i].by);
		json_out_object_end(j);
	}
	json_out_array_end(j);
	json_out_int(j, "left", (int64_t)left);
	json_out_int(j, "all", (int64_t)inc->n_items);
	json_out_bool(j, "complete", left == 0);
}

/* One message in the thread, posted once and changed with every item. */
static void items_show(struct context *cx, struct incident *inc, bool first)
{
	struct send s = {.lane = LANE_CHAT, .template_name = "incident/checklist"};
	struct data d;

	data_begin_inc(cx, &d, inc);
	data_items(cx, inc, &d.j);
	s.op = first ? "chat.post" : "chat.update";
	s.entity = incident_entity(cx, inc);
	s.key = incident_key(cx, inc, "checklist");
	s.ref = arena_printf(cx->arena, "%s/checklist/%lld", inc->id, (long long)inc->resolved_ms);
	s.to.platform = inc->home.platform;
	if (first) {
		s.to.channel = *inc->home.room ? inc->home.room : inc->home.channel;
		if (!*inc->home.room)
			s.thread_ref = arena_printf(cx->arena, "%s/root", inc->id);
	}
	s.data = data_end(&d);
	effects_send(cx->out, &s);
	inc->root_dirty = true;
}

static enum step close_now(struct context *cx, struct incident *inc, const char *anyway)
{
	struct call *call = call_of(cx);

	inc->status = INCIDENT_CLOSED;
	inc->closed_ms = inc->activity_ms = cx->req->now_ms;
	inc->reason = anyway;
	inc->root_dirty = inc->index_dirty = inc->topic_dirty = true;
	incident_log(cx, inc, *anyway ? "closed_anyway" : "closed", &call->by, anyway);
	paging_stop(cx, inc, "closed");
	say(cx, inc, "closed", "incident/closed", true);
	incident_save(cx, inc);
	return done(cx, inc);
}

enum step verb_close(struct context *cx)
{
	struct call *call = call_of(cx);
	struct incident *inc = call->inc;
	const char *reason;
	bool first;
	struct data d;

	if (incident_is_open(inc))
		return refuse_state(cx, "incident/close_open");
	if (inc->status != INCIDENT_RESOLVED)
		return refuse_state(cx, "incident/over");
	if (call->next < call->args.n && args_word_is(&call->args.items[call->next], "anyway")) {
		reason = text_of(cx, call->next + 1);
		if (!*reason)
			return refuse(cx, "incident/close_why");
		return close_now(cx, inc, reason);
	}
	first = inc->n_items == 0 && cx->plan->incident.n_close_checklist > 0;
	if (first)
		items_begin(cx, inc);
	if (items_left(inc) == 0)
		return close_now(cx, inc, "");
	data_begin_inc(cx, &d, inc);
	data_items(cx, inc, &d.j);
	if (!first)
		return answer_refused(cx, "incident/close_left", &d);
	incident_log(cx, inc, "checklist", &call->by, "");
	items_show(cx, inc, true);
	inc->activity_ms = cx->req->now_ms;
	incident_save(cx, inc);
	return answer(cx, "incident/close_begun", &d);
}

enum step verb_done(struct context *cx)
{
	struct call *call = call_of(cx);
	struct incident *inc = call->inc;
	const struct arg *arg = &call->args.items[call->next];
	struct incident_item *item;
	unsigned long n;
	char *end;
	struct data d;

	if (inc->status != INCIDENT_RESOLVED)
		return refuse_state(cx, incident_is_open(inc) ? "incident/close_open" : "incident/over");
	n = call->next < call->args.n && arg->kind == ARG_WORD ? strtoul(arg->text, &end, 10) : 0;
	if (n < 1 || n > inc->n_items || *end || inc->items[n - 1].done_ms) {
		data_begin_inc(cx, &d, inc);
		data_items(cx, inc, &d.j);
		json_out_bool(&d.j, "begun", inc->n_items > 0);
		if (n >= 1 && n <= inc->n_items && !*end) {
			json_out_str(&d.j, "item", inc->items[n - 1].title);
			data_person(cx, &d.j, "who", &inc->items[n - 1].by);
		}
		return answer_refused(cx, "incident/done_which", &d);
	}
	item = &inc->items[n - 1];
	item->done_ms = inc->activity_ms = cx->req->now_ms;
	item->by = call->by;
	incident_log(cx, inc, "item_done", &call->by, item->title);
	items_show(cx, inc, false);
	incident_save(cx, inc);
	if (cx->req->source == SOURCE_BUTTON)
		return STEP_DONE;
	data_begin_inc(cx, &d, inc);
	data_items(cx, inc, &d.j);
	json_out_str(&d.j, "item", item->title);
	return answer(cx, "incident/item_done", &d);
}

/* --- cancel and post-mortem ------------------------------------------------------------------ */

enum step verb_cancel(struct context *cx)
{
	struct call *call = call_of(cx);
	struct incident *inc = call->inc;

	if (!incident_is_open(inc))
		return refuse_state(cx, "incident/over");
	inc->status = INCIDENT_CANCELLED;
	inc->closed_ms = inc->activity_ms = cx->req->now_ms;
	inc->resolved_by = call->by;
	inc->update_due_ms = 0;
	inc->reason = text_of(cx, call->next);
	inc->root_dirty = inc->index_dirty = inc->topic_dirty = true;
	incident_log(cx, inc, "cancelled", &call->by, inc->reason);
	paging_stop(cx, inc, "cancelled");
	say(cx, inc, "cancelled", "incident/cancelled", true);
	incident_save(cx, inc);
	return done(cx, inc);
}

enum step verb_postmortem(struct context *cx)
{
	struct call *call = call_of(cx);
	struct incident *inc = call->inc;
	const struct arg *arg = &call->args.items[call->next];
	size_t at = call->next;

	if (incident_is_open(inc) && at < call->args.n)
		return refuse_state(cx, "incident/postmortem_early");
	if (at >= call->args.n)
		return refuse_state(cx, "incident/postmortem_state");
	if (args_word_is(arg, "done") || args_word_is(arg, "written"))
		at++;
	else if (arg->kind != ARG_LINK)
		return refuse_state(cx, "incident/postmortem_state");
	if (at < call->args.n && call->args.items[at].kind != ARG_LINK)
		return refuse_state(cx, "incident/postmortem_url");
	if (inc->postmortem_done_ms && at >= call->args.n)
		return refuse_state(cx, "incident/postmortem_state");
	inc->postmortem_done_ms = inc->activity_ms = cx->req->now_ms;
	inc->postmortem_url = at < call->args.n ? call->args.items[at].text : "";
	inc->root_dirty = true;
	incident_log(cx, inc, "postmortem", &call->by, inc->postmortem_url);
	say(cx, inc, "postmortem", "incident/postmortem_done", false);
	incident_save(cx, inc);
	return done(cx, inc);
}
