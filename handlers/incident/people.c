/* people.c - roles: who takes which when an incident begins, and who is next. */
#include "handlers/incident/verbs.h"

#include <string.h>

#include "tocsin/plan.h"
#include "tocsin/targets.h"

/* A role's people in the plan's order of succession; members may be groups or schedules. */
static void members(struct context *cx, const struct incident *inc, const struct plan_role *role,
	struct targets *out)
{
	*out = (struct targets){.cx = cx};
	for (size_t i = 0; i < role->n; i++)
		targets_add(out, cx->plan, inc, role->members[i], cx->req->now_ms);
}

static bool holds_any(const struct incident *inc, const char *person)
{
	for (size_t i = 0; i < inc->n_roles; i++)
		if (strcmp(inc->roles[i].who.person, person) == 0)
			return true;
	return false;
}

static const struct plan_role *plan_role_of(struct context *cx, const char *key)
{
	for (size_t i = 0; i < cx->plan->incident.n_roles; i++)
		if (strcmp(cx->plan->incident.roles[i].key, key) == 0)
			return &cx->plan->incident.roles[i];
	return NULL;
}

void role_set(struct context *cx, struct incident *inc, const char *key,
	const struct incident_who *who)
{
	struct incident_role *r = incident_role(inc, key);

	inc->root_dirty = true;
	if (!who) {
		if (r) {
			*r = inc->roles[--inc->n_roles];
			memset(&inc->roles[inc->n_roles], 0, sizeof(*r));
		}
		return;
	}
	if (!r) {
		if (inc->n_roles == INCIDENT_ROLES_MAX)
			return;
		r = &inc->roles[inc->n_roles++];
		r->key = key;
	}
	r->who = *who;
	r->at_ms = cx->req->now_ms;
}

/* One hat for each head while there are heads enough; who declared it is at hand already. */
static const struct plan_person *choose(const struct incident *inc, const struct targets *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->people[i]->key, inc->declared_by.person) == 0 &&
			!holds_any(inc, t->people[i]->key))
			return t->people[i];
	for (size_t i = 0; i < t->n; i++)
		if (!holds_any(inc, t->people[i]->key))
			return t->people[i];
	return t->n ? t->people[0] : NULL;
}

void roles_assign(struct context *cx, struct incident *inc)
{
	for (size_t i = 0; i < cx->plan->incident.n_roles; i++) {
		const struct plan_role *role = &cx->plan->incident.roles[i];
		const struct plan_person *p;
		struct targets t;

		members(cx, inc, role, &t);
		p = choose(inc, &t);
		if (p) {
			struct incident_who w = incident_who_of_person(p->key, cx->plan);

			role_set(cx, inc, role->key, &w);
		}
	}
}

const struct plan_person *role_next(struct context *cx, const struct incident *inc,
	const char *key)
{
	const struct plan_role *role = plan_role_of(cx, key);
	struct targets t;
	size_t i;

	if (!role)
		return NULL;
	members(cx, inc, role, &t);
	for (size_t k = 0; k < inc->n_roles; k++) {
		if (strcmp(inc->roles[k].key, key) != 0)
			continue;
		for (i = 0; i < t.n && strcmp(t.people[i]->key, inc->roles[k].who.person) != 0; i++)
			;
		/* Somebody from outside the list holds it: the list begins. */
		i = i == t.n ? 0 : i + 1;
		return i < t.n ? t.people[i] : NULL;
	}
	return t.n ? t.people[0] : NULL;
}
