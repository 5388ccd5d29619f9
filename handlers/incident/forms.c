/* forms.c - what is asked in forms, and what comes back. */
#include "handlers/incident/verbs.h"

#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/plan.h"

#define ANSWER_MAX (INCIDENT_TEXT_MAX / 3)

static const char *answer_of(const struct incident *inc, const char *id)
{
	for (size_t i = 0; inc && i < inc->n_answers; i++)
		if (strcmp(inc->answers[i].id, id) == 0)
			return inc->answers[i].value;
	return "";
}

static void data_questions(struct context *cx, struct json_out *j, const struct incident *inc)
{
	const struct plan_incident *pi = &cx->plan->incident;

	json_out_array(j, "questions");
	for (size_t i = 0; i < pi->n_collect && i < INCIDENT_ANSWERS_MAX; i++) {
		const struct plan_question *q = &pi->collect[i];
		const char *value = answer_of(inc, q->id);

		json_out_object(j, NULL);
		json_out_str(j, "id", q->id);
		json_out_str(j, "ask", q->ask);
		json_out_bool(j, "required", q->required);
		json_out_bool(j, "text", q->n_choose == 0);
		json_out_str(j, "value", value);
		json_out_array(j, "choices");
		for (size_t k = 0; k < q->n_choose; k++) {
			json_out_object(j, NULL);
			json_out_str(j, "choice", q->choose[k]);
			json_out_bool(j, "chosen", strcmp(q->choose[k], value) == 0);
			json_out_object_end(j);
		}
		json_out_array_end(j);
		json_out_object_end(j);
	}
	json_out_array_end(j);
}

static enum step open_form(struct context *cx, const char *template_name, struct data *d,
	const char *command)
{
	effects_form(cx->out, template_name, data_end(d), command);
	return STEP_DONE;
}

enum step form_declare(struct context *cx, const char *title, const char *severity, bool drill)
{
	struct data d;

	data_begin(cx, &d);
	json_out_str(&d.j, "title", args_cut(cx->arena, title, INCIDENT_TITLE_MAX));
	json_out_bool(&d.j, "drill", drill);
	data_severities(cx, &d.j, severity);
	json_out_bool(&d.j, "graded", cx->plan->n_severities > 0);
	data_questions(cx, &d.j, NULL);
	return open_form(cx, "incident/form_declare", &d, drill ? "incident drill" : "incident new");
}

enum step form_answers(struct context *cx, struct incident *inc)
{
	struct data d;

	data_begin_inc(cx, &d, inc);
	data_questions(cx, &d.j, inc);
	return open_form(cx, "incident/form_answers", &d,
		arena_printf(cx->arena, "incident form %s", inc->id));
}

enum step form_update(struct context *cx, struct incident *inc)
{
	struct data d;

	data_begin_inc(cx, &d, inc);
	return open_form(cx, "incident/form_update", &d,
		arena_printf(cx->arena, "incident update %s", inc->id));
}

enum step form_resolve(struct context *cx, struct incident *inc)
{
	struct data d;

	data_begin_inc(cx, &d, inc);
	return open_form(cx, "incident/form_resolve", &d,
		arena_printf(cx->arena, "incident resolve %s", inc->id));
}

const char *form_value(struct context *cx, const char *name)
{
	for (size_t i = 0; i < cx->req->n_fields; i++)
		if (strcmp(cx->req->fields[i].name, name) == 0)
			return args_clean(cx->arena, cx->req->fields[i].value, false);
	return NULL;
}

enum step form_fault(struct context *cx, const char *question, const char *template_name)
{
	effects_form_error(cx->out, question, template_name, "{}");
	return STEP_REFUSED;
}

static bool set_answer(struct incident *inc, const char *id, const char *value)
{
	size_t i;

	for (i = 0; i < inc->n_answers && strcmp(inc->answers[i].id, id) != 0; i++)
		;
	if (i == INCIDENT_ANSWERS_MAX || (i == inc->n_answers && !*value) ||
		(i < inc->n_answers && strcmp(inc->answers[i].value, value) == 0))
		return false;
	if (i == inc->n_answers)
		inc->n_answers++;
	inc->answers[i].id = id;
	inc->answers[i].value = value;
	return true;
}

size_t form_take_answers(struct context *cx, struct incident *inc)
{
	const struct plan_incident *pi = &cx->plan->incident;
	size_t changed = 0;

	for (size_t i = 0; i < pi->n_collect; i++) {
		const char *value = form_value(cx,
			arena_printf(cx->arena, "q.%s", pi->collect[i].id));

		if (value && set_answer(inc, pi->collect[i].id, args_cut(cx->arena, value, ANSWER_MAX)))
			changed++;
	}
	return changed;
}

static void log_answers(struct context *cx, struct incident *inc)
{
	struct call *call = call_of(cx);
	struct json_out j;
	struct buf b;

	incident_log_begin(cx, &j, &b, "answers", &call->by);
	json_out_array(&j, "answers");
	for (size_t i = 0; i < inc->n_answers; i++) {
		json_out_object(&j, NULL);
		json_out_str(&j, "id", inc->answers[i].id);
		json_out_str(&j, "value", inc->answers[i].value);
		json_out_object_end(&j);
	}
	json_out_array_end(&j);
	incident_log_end(cx, inc, &j);
}

/* `form`: offers it, or takes what came back. */
enum step verb_form(struct context *cx)
{
	struct call *call = call_of(cx);
	struct incident *inc = call->inc;
	struct data d;

	if (cx->plan->incident.n_collect == 0)
		return refuse(cx, "incident/no_questions");
	if (cx->req->source != SOURCE_FORM) {
		if (cx->req->can_open_form)
			return form_answers(cx, inc);
		return refuse(cx, "incident/form_offer");
	}
	if (form_take_answers(cx, inc) == 0) {
		data_begin_inc(cx, &d, inc);
		return answer_refused(cx, "incident/answers_same", &d);
	}
	incident_activity(cx, inc);
	inc->root_dirty = true;
	log_answers(cx, inc);
	data_begin_inc(cx, &d, inc);
	incident_answers_data(cx, inc, &d.j);
	incident_who_data(&d.j, "by", &call->by);
	incident_post(cx, inc, "answers", "incident/answers", data_end(&d), false);
	incident_save(cx, inc);
	return STEP_DONE;
}
