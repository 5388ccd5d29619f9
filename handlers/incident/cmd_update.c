/* cmd_update.c - `update`, `status`, `note`, `sev`: what is being done, and how bad it is. */
#include "handlers/incident/verbs.h"

#include <string.h>
#include <strings.h>

#include "tocsin/arena.h"
#include "tocsin/plan.h"

/* Refusals and answers that begin with the present state. */
static enum step refuse_state(struct context *cx, const char *template_name)
{
	struct data d;

	data_begin_inc(cx, &d, call_of(cx)->inc);
	data_root(cx, call_of(cx)->inc, &d.j);
	return answer_refused(cx, template_name, &d);
}

/* "identified" or "identified:", one of the three that are not an end. */
static bool status_typed(const char *word, enum incident_status *status)
{
	size_t len = strlen(word);

	while (len && (word[len - 1] == ':' || word[len - 1] == ','))
		len--;
	for (int s = INCIDENT_INVESTIGATING; s <= INCIDENT_MONITORING; s++) {
		const char *name = incident_status_name((enum incident_status)s);

		if (len == strlen(name) && strncasecmp(word, name, len) == 0) {
			*status = (enum incident_status)s;
			return true;
		}
	}
	return false;
}

static void set_status(struct context *cx, struct incident *inc, enum incident_status status)
{
	if (inc->status == status)
		return;
	inc->status = status;
	inc->root_dirty = inc->topic_dirty = true;
	incident_log(cx, inc, "status", &call_of(cx)->by, incident_status_name(status));
}

static enum step publish(struct context *cx, struct incident *inc, const char *text,
	const enum incident_status *status)
{
	struct call *call = call_of(cx);
	struct data d;

	if (status)
		set_status(cx, inc, *status);
	inc->update_text = args_cut(cx->arena, text, INCIDENT_TEXT_MAX);
	inc->update_ms = cx->req->now_ms;
	inc->update_by = call->by;
	inc->root_dirty = true;
	incident_set_due(cx, inc);
	incident_log(cx, inc, "update", &call->by, inc->update_text);
	incident_activity(cx, inc);
	data_begin_inc(cx, &d, inc);
	data_root(cx, inc, &d.j);
	json_out_bool(&d.j, "cut", inc->update_text != text);
	incident_post(cx, inc, "update", "incident/update", data_end(&d), true);
	incident_save(cx, inc);
	data_begin_inc(cx, &d, inc);
	data_root(cx, inc, &d.j);
	return answer(cx, "incident/updated", &d);
}

enum step verb_update(struct context *cx)
{
	struct call *call = call_of(cx);
	struct incident *inc = call->inc;
	enum incident_status status;
	bool has_status = false;
	const char *text;
	size_t at = call->next;

	if (!incident_is_open(inc))
		return refuse_state(cx, "incident/over");
	if (cx->req->source == SOURCE_FORM) {
		const char *chosen = form_value(cx, "status");

		text = form_value(cx, "text");
		if (!text || !*text)
			return form_fault(cx, "text", "incident/fault_text");
		has_status = chosen && status_typed(chosen, &status);
		return publish(cx, inc, text, has_status ? &status : NULL);
	}
	/* Only with a colon, or alone: "identified the cause" is a sentence. */
	if (at < call->args.n && call->args.items[at].kind == ARG_WORD &&
		status_typed(call->args.items[at].text, &status) &&
		(at + 1 == call->args.n || strchr(call->args.items[at].text, ':'))) {
		has_status = true;
		at++;
	}
	text = args_rest(&call->args, at, cx->plan, false);
	if (!*text && has_status)
		return verb_status(cx);
	if (!*text && cx->req->can_open_form)
		return form_update(cx, inc);
	if (!*text)
		return refuse(cx, "incident/update_what");
	return publish(cx, inc, text, has_status ? &status : NULL);
}

enum step verb_status(struct context *cx)
{
	struct call *call = call_of(cx);
	struct incident *inc = call->inc;
	enum incident_status status;
	struct data d;

	if (!incident_is_open(inc))
		return refuse_state(cx, "incident/over");
	if (call->next >= call->args.n)
		return refuse_state(cx, "incident/status_now");
	if (call->args.items[call->next].kind != ARG_WORD ||
		!status_typed(call->args.items[call->next].text, &status))
		return refuse_with(cx, "incident/status_which", "word",
			args_cut(cx->arena, args_rest(&call->args, call->next, cx->plan, true), 40));
	if (status == inc->status)
		return refuse_state(cx, "incident/status_now");
	set_status(cx, inc, status);
	incident_activity(cx, inc);
	data_begin_inc(cx, &d, inc);
	incident_who_data(&d.j, "by", &call->by);
	incident_post(cx, inc, "status", "incident/status", data_end(&d), false);
	incident_save(cx, inc);
	return done(cx, inc);
}

enum step verb_note(struct context *cx)
{
	struct call *call = call_of(cx);
	struct incident *inc = call->inc;
	const char *text = args_rest(&call->args, call->next, cx->plan, false);
	struct data d;

	if (!*text)
		return refuse(cx, "incident/note_what");
	incident_log(cx, inc, "note", &call->by, args_cut(cx->arena, text, INCIDENT_TEXT_MAX));
	incident_activity(cx, inc);
	incident_save(cx, inc);
	data_begin_inc(cx, &d, inc);
	json_out_str(&d.j, "text", args_cut(cx->arena, text, 300));
	return answer(cx, "incident/noted", &d);
}

/* --- severity ------------------------------------------------------------------------------ */

/* 0 is the worst. What the plan does not know counts as the mildest. */
static size_t rank(const struct context *cx, const struct plan_severity *sev)
{
	return sev ? (size_t)(sev - cx->plan->severities) : cx->plan->n_severities;
}

static enum step sev_refused(struct context *cx, const char *template_name)
{
	struct call *call = call_of(cx);
	struct data d;

	data_begin_inc(cx, &d, call->inc);
	data_severities(cx, &d.j, call->inc->severity);
	if (call->next < call->args.n)
		json_out_str(&d.j, "word",
			args_cut(cx->arena, args_rest(&call->args, call->next, cx->plan, true), 40));
	return answer_refused(cx, template_name, &d);
}

static void sev_say(struct context *cx, struct incident *inc, const char *before, bool worse,
	const char *reason)
{
	struct call *call = call_of(cx);
	const struct plan_severity *sev = incident_severity(cx, inc);
	struct json_out j;
	struct buf b;
	struct data d;

	incident_log_begin(cx, &j, &b, "severity", &call->by);
	json_out_str(&j, "from", before);
	json_out_str(&j, "to", inc->severity);
	if (*reason)
		json_out_str(&j, "text", reason);
	incident_log_end(cx, inc, &j);
	data_begin_inc(cx, &d, inc);
	data_root(cx, inc, &d.j);
	json_out_str(&d.j, "before", before);
	json_out_bool(&d.j, "worse", worse);
	json_out_bool(&d.j, "pages", sev && sev->ladder && !incident_is_acked(inc));
	json_out_str(&d.j, "why", reason);
	incident_who_data(&d.j, "by", &call->by);
	incident_post(cx, inc, "severity", "incident/severity", data_end(&d), true);
}

enum step verb_sev(struct context *cx)
{
	struct call *call = call_of(cx);
	struct incident *inc = call->inc;
	const struct plan_severity *sev, *old = incident_severity(cx, inc);
	const char *before = inc->severity, *reason;
	size_t words;

	if (!incident_is_open(inc))
		return refuse_state(cx, "incident/over");
	if (call->next >= call->args.n)
		return sev_refused(cx, "incident/severity_which");
	sev = args_severity(&call->args, call->next, cx->plan, &words);
	if (!sev)
		return sev_refused(cx, "incident/severity_unknown");
	if (strcmp(sev->key, inc->severity) == 0)
		return refuse_state(cx, "incident/severity_same");
	reason = args_cut(cx->arena, args_rest(&call->args, call->next + words, cx->plan, true), 500);
	inc->severity = sev->key;
	inc->root_dirty = inc->topic_dirty = true;
	incident_set_due(cx, inc);
	incident_activity(cx, inc);
	sev_say(cx, inc, before, rank(cx, sev) < rank(cx, old), reason);
	if (sev->room == PLAN_ROOM_CHANNEL && !*inc->home.room && !inc->home.wants_room)
		incident_want_room(cx, inc);
	paging_severity(cx, inc);
	incident_save(cx, inc);
	return done(cx, inc);
}
