/* cmd_new.c - `new` and `drill`: an incident is declared, at once or after a form. */
#include "handlers/incident/verbs.h"

#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/plan.h"
#include "tocsin/utf8.h"

/* "P1 - Checkout is down", "P1: ...": what joins the severity and the title is neither. */
static const char *title_trim(const char *s)
{
	size_t n;

	while (*s) {
		uint32_t c = utf8_decode(s, strlen(s), &n);

		if (c != '-' && c != ':' && c != ',' && c != ' ' && c != 0x2013 && c != 0x2014)
			break;
		s += n;
	}
	return s;
}

static enum step ask_more(struct context *cx, const char *title, const char *severity, bool drill)
{
	struct data d;

	if (cx->req->can_open_form)
		return form_declare(cx, title, severity, drill);
	data_begin(cx, &d);
	json_out_str(&d.j, "verb", drill ? "drill" : "new");
	json_out_str(&d.j, "title", args_cut(cx->arena, title, INCIDENT_TITLE_MAX));
	json_out_str(&d.j, "severity", severity);
	data_severities(cx, &d.j, severity);
	return answer_refused(cx, *severity ? "incident/need_title" : "incident/need_severity", &d);
}

static enum step declare(struct context *cx, const struct incident_declaration *dec)
{
	struct incident *inc;
	enum step step = incident_declare(cx, dec, &inc);
	struct data d;

	if (step != STEP_DONE)
		return step;
	incident_save(cx, inc);
	data_begin_inc(cx, &d, inc);
	json_out_bool(&d.j, "here", strcmp(inc->home.channel, cx->req->where.channel) == 0);
	json_out_bool(&d.j, "wants_room", inc->home.wants_room);
	json_out_bool(&d.j, "questions", cx->plan->incident.n_collect > 0 && !inc->n_answers);
	return answer(cx, "incident/declared", &d);
}

/* A form came back: what is missing is said under its question, and the form stays. */
static enum step from_form(struct context *cx, bool drill)
{
	const struct plan_incident *pi = &cx->plan->incident;
	const char *title = form_value(cx, "title"), *sev = form_value(cx, "severity");
	struct incident_declaration dec = {.drill = drill, .origin = cx->req->where};
	struct incident *answers = ARENA_NEW(cx->arena, struct incident);
	enum step step = STEP_DONE;

	title = title ? args_clean(cx->arena, title, true) : "";
	if (!*title)
		step = form_fault(cx, "title", "incident/fault_title");
	if (cx->plan->n_severities && (!sev || !plan_severity(cx->plan, sev)))
		step = form_fault(cx, "severity", "incident/fault_severity");
	for (size_t i = 0; i < pi->n_collect && i < INCIDENT_ANSWERS_MAX; i++) {
		const char *name = arena_printf(cx->arena, "q.%s", pi->collect[i].id);
		const char *value = form_value(cx, name);

		if (pi->collect[i].required && (!value || !*value))
			step = form_fault(cx, name, "incident/fault_answer");
	}
	if (step != STEP_DONE)
		return step;
	incident_init(answers);
	form_take_answers(cx, answers);
	dec.answers = answers->answers;
	dec.n_answers = answers->n_answers;
	dec.title = title;
	dec.severity = cx->plan->n_severities ? plan_severity(cx->plan, sev)->key : "";
	dec.by = call_of(cx)->by;
	return declare(cx, &dec);
}

static enum step new_or_drill(struct context *cx, bool drill)
{
	struct call *call = call_of(cx);
	const struct plan_severity *sev;
	struct incident_declaration dec = {.drill = drill, .origin = cx->req->where, .by = call->by};
	size_t at = call->next, words;

	if (cx->req->source == SOURCE_FORM)
		return from_form(cx, drill);
	sev = args_severity(&call->args, at, cx->plan, &words);
	if (sev)
		at += words;
	dec.severity = sev ? sev->key : "";
	dec.title = title_trim(args_rest(&call->args, at, cx->plan, true));
	if (!*dec.title || (!sev && cx->plan->n_severities))
		return ask_more(cx, dec.title, dec.severity, drill);
	return declare(cx, &dec);
}

enum step verb_new(struct context *cx)
{
	return new_or_drill(cx, false);
}

enum step verb_drill(struct context *cx)
{
	return new_or_drill(cx, true);
}
