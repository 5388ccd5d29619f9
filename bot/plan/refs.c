/* refs.c - every name that the plan mentions is looked up, once all of it is there. */
#include <string.h>

#include "bot/plan/walk.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"

#define CANDIDATES_MAX 4096

/* Does the schedule know the role: in a shift, or in a rotation or layer of the language? */
static bool schedule_has_role(struct walk *w, const struct plan_schedule *s, const char *role,
	struct buf *known)
{
	const struct node *n = node_get(node_get(w->root, "oncall"), s->key);
	const struct node *layers = node_get(n, "layers");
	const struct node *more[2 + 50];
	size_t n_more = 0;
	bool found = false;

	for (size_t i = 0; i < s->n_shifts; i++) {
		if (strcmp(s->shifts[i].role, role) == 0)
			return true;
		if (!strstr(buf_text(known), s->shifts[i].role))
			buf_printf(known, "%s%s", known->len ? ", " : "", s->shifts[i].role);
	}
	if (node_get(n, "rotation"))
		more[n_more++] = node_get(n, "rotation");
	for (size_t i = 0; layers && layers->kind == NODE_LIST && i < layers->n && i < 50; i++)
		more[n_more++] = layers->items[i];
	for (size_t i = 0; i < n_more; i++) {
		const struct node *r = node_get(more[i], "role");
		const char *name = r && r->kind == NODE_SCALAR ? r->text : "primary";

		found |= strcmp(name, role) == 0;
		if (!strstr(buf_text(known), name))
			buf_printf(known, "%s%s", known->len ? ", " : "", value_quote(name).text);
	}
	return found;
}

/* "engineering" or "engineering.primary"; true also when the fault has been told. */
static bool check_schedule(struct walk *w, const struct ref *r)
{
	const char *dot = strchr(r->name, '.');
	const struct plan_schedule *s;
	struct buf known;

	if (!dot)
		return plan_schedule(w->plan, r->name) != NULL;
	s = plan_schedule(w->plan, arena_strndup(w->arena, r->name, (size_t)(dot - r->name)));
	if (!s)
		return false;
	buf_init_arena(&known, w->report->arena, 1000);
	if (!schedule_has_role(w, s, dot + 1, &known))
		walk_error(w, r->at,
			say(w, "the schedule %s has no role \"%s\"", s->key, value_quote(dot + 1).text),
			known.len ? say(w, "its roles are: %s", buf_text(&known))
				  : "give its shifts that role");
	return true;
}

static bool known_role(const struct plan *p, const char *name)
{
	for (size_t i = 0; i < p->incident.n_roles; i++)
		if (strcmp(p->incident.roles[i].key, name) == 0)
			return true;
	return false;
}

static bool known(struct walk *w, const struct ref *r)
{
	const struct plan *p = w->plan;

	if ((r->kinds & REF_PERSON) && plan_person(p, r->name))
		return true;
	if ((r->kinds & REF_GROUP) && plan_group(p, r->name))
		return true;
	if ((r->kinds & REF_SCHEDULE) && check_schedule(w, r))
		return true;
	if ((r->kinds & REF_CHANNEL) && plan_channel(p, r->name))
		return true;
	if ((r->kinds & REF_LADDER) && plan_ladder(p, r->name))
		return true;
	if ((r->kinds & REF_ROLE) && known_role(p, r->name))
		return true;
	if ((r->kinds & (REF_VIA | REF_CONNECTION)) && plan_connection(p, r->name))
		return true;
	if ((r->kinds & REF_VIA) && (strcmp(r->name, "chat") == 0 || strcmp(r->name, "mail") == 0 ||
			strcmp(r->name, "phone") == 0 || strcmp(r->name, "sms") == 0))
		return true;
	if ((r->kinds & REF_ANYBODY) &&
		(strcmp(r->name, "anybody") == 0 || strcmp(r->name, "everybody") == 0 ||
			strcmp(r->name, "people") == 0 || strcmp(r->name, "declarer") == 0))
		return true;
	if (r->kinds & REF_SEVERITY)
		for (size_t i = 0; i < p->n_severities; i++) /* exactly: keys are compared by strcmp */
			if (strcmp(p->severities[i].key, r->name) == 0)
				return true;
	return false;
}

struct candidates {
	const char **names;
	size_t n;
};

static void candidate(struct candidates *c, const char *name)
{
	if (c->n < CANDIDATES_MAX)
		c->names[c->n++] = name;
}

#define CANDIDATES(kind, list, count) \
	if (kinds & (kind)) \
		for (size_t i = 0; i < p->count; i++) \
			candidate(c, p->list[i].key)

static void collect_candidates(struct walk *w, unsigned kinds, struct candidates *c)
{
	const struct plan *p = w->plan;

	CANDIDATES(REF_PERSON, people, n_people);
	CANDIDATES(REF_GROUP, groups, n_groups);
	CANDIDATES(REF_CHANNEL, channels, n_channels);
	CANDIDATES(REF_LADDER, ladders, n_ladders);
	CANDIDATES(REF_SEVERITY, severities, n_severities);
	CANDIDATES(REF_VIA | REF_CONNECTION, connections, n_connections);
	CANDIDATES(REF_ROLE, incident.roles, incident.n_roles);
	if (kinds & REF_VIA) {
		candidate(c, "chat");
		candidate(c, "mail");
	}
	if (!(kinds & REF_SCHEDULE))
		return;
	for (size_t i = 0; i < p->n_schedules; i++) {
		const struct plan_schedule *s = &p->schedules[i];

		candidate(c, s->key);
		for (size_t j = 0; j < s->n_shifts; j++)
			if (!j || strcmp(s->shifts[j].role, s->shifts[j - 1].role) != 0)
				candidate(c, arena_printf(w->report->arena, "%s.%s", s->key, s->shifts[j].role));
		for (size_t j = 0; j < s->n_layers; j++)
			candidate(c, arena_printf(w->report->arena, "%s.%s", s->key, s->layers[j].role));
	}
}

static const char *kind_words(unsigned kinds, const char **section)
{
	*section = "people";
	if (kinds & REF_GROUP) {
		*section = "people, groups or oncall";
		return kinds & REF_ROLE ? "a person, group, schedule or role" : "a person, group or schedule";
	}
	if (kinds & REF_PERSON)
		return "a person";
	if (kinds & REF_SCHEDULE) {
		*section = "oncall";
		return "a schedule";
	}
	if (kinds & REF_CHANNEL) {
		*section = "channels";
		return "a channel";
	}
	if (kinds & REF_SEVERITY) {
		*section = "severities";
		return "a severity";
	}
	if (kinds & REF_LADDER) {
		*section = "ladders";
		return "a ladder";
	}
	*section = "connections";
	return kinds & REF_VIA ? "a way to reach somebody" : "a connection";
}

static void tell_unknown(struct walk *w, const struct ref *r)
{
	struct candidates c = {ARENA_ARRAY(w->report->arena, const char *, CANDIDATES_MAX), 0};
	const char *section, *words = kind_words(r->kinds, &section), *near;

	collect_candidates(w, r->kinds, &c);
	near = value_nearest(r->name, c.names, c.n);
	if (r->kinds == REF_PERSON && plan_group(w->plan, r->name))
		walk_error(w, r->at, say(w, "%s is a group; here one person is named", r->name),
			"write the person's key");
	else
		walk_error(w, r->at, say(w, "there is no %s called \"%s\"", strchr(words, ' ') + 1,
				value_quote(r->name).text),
			near ? say(w, "did you mean %s?", near)
			     : say(w, "add it to %s, or look at how it is spelt there", section));
}

/* One name, two meanings: a step that pages "ops" would have to guess. */
static void check_ambiguous(struct walk *w)
{
	const struct plan *p = w->plan;
	const struct node *groups = node_get(w->root, "groups"), *oncall = node_get(w->root, "oncall");

	for (size_t i = 0; i < p->n_groups; i++)
		if (plan_person(p, p->groups[i].key))
			walk_error(w, node_get_key(groups, p->groups[i].key),
				say(w, "%s is a person and a group", p->groups[i].key), "rename one of them");
	for (size_t i = 0; i < p->n_schedules; i++)
		if (plan_person(p, p->schedules[i].key) || plan_group(p, p->schedules[i].key))
			walk_error(w, node_get_key(oncall, p->schedules[i].key),
				say(w, "%s is a schedule and a %s", p->schedules[i].key,
					plan_person(p, p->schedules[i].key) ? "person" : "group"),
				"rename one of them");
}

void walk_check_refs(struct walk *w)
{
	for (const struct ref *r = w->refs; r; r = r->next)
		if (!known(w, r))
			tell_unknown(w, r);
	check_ambiguous(w);
}
