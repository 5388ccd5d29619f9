/* access.c - who may use a verb: the table's default, or what the plan says instead. */
#include "handlers/incident/verbs.h"

#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/plan.h"
#include "tocsin/targets.h"

static const struct plan_allow *allow_of(const struct context *cx, enum verb_id verb)
{
	const struct plan_incident *pi = &cx->plan->incident;

	for (size_t i = 0; i < pi->n_allow; i++)
		if (strcmp(pi->allow[i].verb, incident_verbs[verb].name) == 0)
			return &pi->allow[i];
	return NULL;
}

static bool same_who(const struct incident_who *a, const struct incident_who *b)
{
	if (*a->person || *b->person)
		return strcmp(a->person, b->person) == 0;
	return *a->user && strcmp(a->user, b->user) == 0;
}

static bool is_lead(const struct call *call)
{
	static const char *const roles[] = {"coordinator", "tech-lead"};

	if (!call->inc)
		return false;
	if (same_who(&call->by, &call->inc->declared_by))
		return true;
	for (size_t i = 0; i < 2; i++) {
		const struct incident_role *r = incident_role(call->inc, roles[i]);

		if (r && same_who(&call->by, &r->who))
			return true;
	}
	return false;
}

/* One entry of the plan's list: "anybody", "people", a role of the incident, or a target. */
static bool entry_matches(struct context *cx, const struct call *call, const char *who)
{
	struct targets t = {.cx = cx};
	struct incident_role *role;

	if (strcmp(who, "anybody") == 0 || strcmp(who, "everybody") == 0)
		return true;
	if (strcmp(who, "people") == 0)
		return *call->by.person != '\0';
	if (strcmp(who, "declarer") == 0)
		return call->inc && same_who(&call->by, &call->inc->declared_by);
	role = call->inc ? incident_role(call->inc, who) : NULL;
	if (role)
		return same_who(&call->by, &role->who);
	if (!*call->by.person || !targets_add(&t, cx->plan, call->inc, who, cx->req->now_ms))
		return false;
	for (size_t i = 0; i < t.n; i++)
		if (strcmp(t.people[i]->key, call->by.person) == 0)
			return true;
	return false;
}

static bool allowed(struct context *cx, const struct call *call)
{
	const struct plan_allow *allow = allow_of(cx, call->verb);

	/* The house itself (an alert, a timer) is nobody to be refused. */
	if (cx->req->source == SOURCE_SYSTEM)
		return true;
	if (allow) {
		for (size_t i = 0; i < allow->n; i++)
			if (entry_matches(cx, call, allow->who[i]))
				return true;
		return false;
	}
	switch (incident_rules[call->verb].access) {
	case ACCESS_ANYBODY:
		return true;
	case ACCESS_FORM:
		return *call->by.person || same_who(&call->by, &call->inc->declared_by);
	case ACCESS_PLAN:
		return *call->by.person != '\0';
	case ACCESS_LEADS:
		return is_lead(call);
	}
	return false;
}

#define NAMES_MAX 12

struct names {
	const char *seen[NAMES_MAX];
	size_t n;
	struct buf list; /* "Ada Park, Ben Ortiz" */
};

static void names_add(struct names *names, const char *name)
{
	if (names->n == NAMES_MAX)
		return;
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->seen[i], name) == 0)
			return;
	buf_printf(&names->list, "%s%s", names->n ? ", " : "", name);
	names->seen[names->n++] = name;
}

/* The people who could do it instead, so that the asker knows whom to ask. */
static void who_can(struct context *cx, const struct call *call, struct json_out *j)
{
	const struct plan_allow *allow = allow_of(cx, call->verb);
	struct names names = {.n = 0};
	struct targets t = {.cx = cx};

	buf_init_arena(&names.list, cx->arena, 4096);
	if (allow) {
		for (size_t i = 0; i < allow->n; i++) {
			struct incident_role *r = call->inc ? incident_role(call->inc, allow->who[i]) : NULL;

			if (r)
				names_add(&names, r->who.name);
			else
				targets_add(&t, cx->plan, call->inc, allow->who[i], cx->req->now_ms);
		}
	} else if (call->inc && incident_rules[call->verb].access == ACCESS_LEADS) {
		names_add(&names, call->inc->declared_by.name);
		for (size_t i = 0; i < call->inc->n_roles; i++)
			if (strcmp(call->inc->roles[i].key, "coordinator") == 0 ||
				strcmp(call->inc->roles[i].key, "tech-lead") == 0)
				names_add(&names, call->inc->roles[i].who.name);
	} else {
		for (size_t i = 0; i < cx->plan->n_people; i++)
			names_add(&names, cx->plan->people[i].name);
	}
	for (size_t i = 0; i < t.n; i++)
		names_add(&names, t.people[i]->name);
	json_out_str(j, "who", buf_text(&names.list));
	json_out_bool(j, "not_in_plan", !*call->by.person);
}

enum step call_allowed(struct context *cx, const struct call *call)
{
	struct data d;

	if (allowed(cx, call))
		return STEP_DONE;
	if (call->inc)
		data_begin_inc(cx, &d, call->inc);
	else
		data_begin(cx, &d);
	json_out_str(&d.j, "verb", incident_verbs[call->verb].name);
	who_can(cx, call, &d.j);
	return answer_refused(cx, "incident/denied", &d);
}
