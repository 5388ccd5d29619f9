/* cmd_role.c - `role`: who coordinates, who leads. */
#include "handlers/incident/verbs.h"

#include <ctype.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/plan.h"

/* "Tech Lead", "techlead" and "tech-lead" are one role. */
static bool role_same(const char *a, const char *b, bool prefix)
{
	for (;;) {
		while (*a == '-' || *a == '_' || *a == ' ')
			a++;
		while (*b == '-' || *b == '_' || *b == ' ')
			b++;
		if (!*a)
			return prefix || !*b;
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
		a++;
		b++;
	}
}

/* The plan's role that is meant, in one word or two, in full or by a beginning that only one has. */
static const char *role_typed(struct context *cx, struct call *call, size_t *words)
{
	const struct plan_incident *pi = &cx->plan->incident;
	const struct args *args = &call->args;
	const char *found = NULL;

	if (call->next >= args->n || args->items[call->next].kind != ARG_WORD)
		return NULL;
	for (*words = call->next + 1 < args->n && args->items[call->next + 1].kind == ARG_WORD ? 2 : 1;
		*words > 0; (*words)--) {
		const char *typed = args->items[call->next].text;

		if (*words == 2)
			typed = arena_printf(cx->arena, "%s %s", typed, args->items[call->next + 1].text);
		for (size_t i = 0; i < pi->n_roles; i++)
			if (role_same(typed, pi->roles[i].key, false))
				return pi->roles[i].key;
	}
	*words = 1;
	if (strlen(args->items[call->next].text) < 3)
		return NULL;
	for (size_t i = 0; i < pi->n_roles; i++)
		if (role_same(args->items[call->next].text, pi->roles[i].key, true)) {
			if (found)
				return NULL;
			found = pi->roles[i].key;
		}
	return found;
}

static enum step role_answer(struct context *cx, const char *template_name, const char *role,
	const char *word)
{
	struct call *call = call_of(cx);
	const struct plan_incident *pi = &cx->plan->incident;
	const struct incident_role *held = *role ? incident_role(call->inc, role) : NULL;
	struct data d;

	data_begin_inc(cx, &d, call->inc);
	data_root(cx, call->inc, &d.j);
	json_out_str(&d.j, "role", role);
	json_out_str(&d.j, "word", word);
	if (held)
		incident_who_data(&d.j, "held", &held->who);
	json_out_array(&d.j, "choices");
	for (size_t i = 0; i < pi->n_roles; i++) {
		json_out_object(&d.j, NULL);
		json_out_str(&d.j, "role", pi->roles[i].key);
		json_out_object_end(&d.j);
	}
	json_out_array_end(&d.j);
	return *role || *word ? answer_refused(cx, template_name, &d) : answer(cx, template_name, &d);
}

enum wanted { WANTED_SOMEBODY, WANTED_NOBODY, WANTED_REFUSED };

/* Who is to have the role: named, "me", "nobody", or the next backup. */
static enum wanted role_wanted(struct context *cx, struct call *call, const char *role, size_t at,
	struct incident_who *who)
{
	const struct plan_person *person;
	const struct arg *arg = &call->args.items[at];
	const char *word;
	size_t words;

	if (at >= call->args.n) {
		person = role_next(cx, call->inc, role);
		if (!person) {
			role_answer(cx, "incident/role_nobody_left", role, "");
			return WANTED_REFUSED;
		}
		*who = incident_who_of_person(person->key, cx->plan);
		return WANTED_SOMEBODY;
	}
	if (args_word_is(arg, "me") || args_word_is(arg, "myself")) {
		*who = call->by;
		return WANTED_SOMEBODY;
	}
	if (args_word_is(arg, "nobody") || args_word_is(arg, "none") || args_word_is(arg, "--"))
		return WANTED_NOBODY;
	word = args_cut(cx->arena, args_rest(&call->args, at, cx->plan, true), 60);
	switch (args_person(&call->args, at, cx->plan, &person, &words)) {
	case ARGS_PERSON_KNOWN:
		*who = incident_who_of_person(person->key, cx->plan);
		return WANTED_SOMEBODY;
	case ARGS_PERSON_FOREIGN:
		*who = (struct incident_who){"", arg->text, *arg->label ? arg->label : arg->text};
		return WANTED_SOMEBODY;
	case ARGS_PERSON_UNCLEAR:
		role_answer(cx, "incident/role_unclear", role, word);
		return WANTED_REFUSED;
	case ARGS_PERSON_NONE:
		break;
	}
	role_answer(cx, "incident/role_unknown_person", role, word);
	return WANTED_REFUSED;
}

static bool role_is_held_by(struct incident *inc, const char *role, const struct incident_who *who)
{
	const struct incident_role *r = incident_role(inc, role);

	if (!r)
		return false;
	if (*r->who.person || *who->person)
		return strcmp(r->who.person, who->person) == 0;
	return strcmp(r->who.user, who->user) == 0;
}

static enum step role_give(struct context *cx, struct incident *inc, const char *role,
	const struct incident_who *who)
{
	struct call *call = call_of(cx);
	struct incident_role *old = incident_role(inc, role);
	struct incident_who before = {"", "", ""};
	struct json_out j;
	struct buf b;
	struct data d;

	if (old)
		before = old->who;
	incident_log_begin(cx, &j, &b, "role", &call->by);
	json_out_str(&j, "role", role);
	if (who)
		json_out_str(&j, "to", who->name);
	if (*before.name)
		json_out_str(&j, "from", before.name);
	incident_log_end(cx, inc, &j);
	role_set(cx, inc, role, who);
	incident_activity(cx, inc);
	data_begin_inc(cx, &d, inc);
	json_out_str(&d.j, "role", role);
	if (who)
		incident_who_data(&d.j, "who", who);
	data_person(cx, &d.j, "before", &before);
	incident_who_data(&d.j, "by", &call->by);
	incident_post(cx, inc, "role", "incident/role", data_end(&d), false);
	if (who)
		incident_invite(cx, inc, who->user);
	incident_save(cx, inc);
	return done_role(cx, inc, role, who);
}

enum step verb_role(struct context *cx)
{
	struct call *call = call_of(cx);
	struct incident *inc = call->inc;
	struct incident_who who;
	const char *role;
	size_t words = 0;

	if (call->next >= call->args.n)
		return role_answer(cx, "incident/roles", "", "");
	role = role_typed(cx, call, &words);
	if (!role)
		return role_answer(cx, "incident/role_unknown", "",
			args_cut(cx->arena, args_rest(&call->args, call->next, cx->plan, true), 60));
	if (inc->status >= INCIDENT_CLOSED)
		return role_answer(cx, "incident/over", role, "");
	switch (role_wanted(cx, call, role, call->next + words, &who)) {
	case WANTED_REFUSED:
		return STEP_REFUSED;
	case WANTED_NOBODY:
		if (!incident_role(inc, role))
			return role_answer(cx, "incident/role_vacant", role, "");
		return role_give(cx, inc, role, NULL);
	case WANTED_SOMEBODY:
		break;
	}
	if (role_is_held_by(inc, role, &who))
		return role_answer(cx, "incident/role_same", role, "");
	return role_give(cx, inc, role, &who);
}
