/* load_incident.c - what an incident asks, who does what in it, and where it is told. */
#include <string.h>

#include "bot/plan/walk.h"
#include "tocsin/arena.h"
#include "tocsin/handler.h"
#include "tocsin/utf8.h"

#define QUESTIONS_MAX 20
#define CHOICES_MAX 100 /* options of a Slack menu */
#define CHOICE_UNITS 75 /* UTF-16 units of one */
#define ID_FORMAT_MAX 32
#define VERBS_MAX 64

/* Letters, digits and -, with {n} once: "INC-{n}". */
static const char *load_id_format(struct walk *w, const struct node *n)
{
	const char *text = walk_text(w, n, WALK_NAME_MAX);
	const char *number = text ? strstr(text, "{n}") : NULL;
	bool good = number && strlen(text) <= ID_FORMAT_MAX && !strstr(number + 3, "{n}") && number > text;

	if (!text)
		return "INC-{n}";
	for (const char *p = text; good && *p; p++)
		if (p == number)
			p += 2;
		else if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-", *p))
			good = false;
	/* "X9{n}" could not be read back: 1 and 91 would both be X91 */
	if (good && number[-1] >= '0' && number[-1] <= '9')
		good = false;
	if (good && number[3] >= '0' && number[3] <= '9')
		good = false;
	if (good)
		return text;
	walk_error(w, n, say(w, "\"%s\" is not a format of incident numbers", value_quote(text).text),
		"write letters, then {n} where the number goes: INC-{n}");
	return "INC-{n}";
}

static void load_roles(struct walk *w, const struct node *n, struct plan_incident *out)
{
	struct plan_role *roles;

	if (!walk_section(w, n, "roles"))
		return;
	roles = ARENA_ARRAY(w->arena, struct plan_role, n->n);
	for (size_t i = 0; i < n->n; i++) {
		roles[i].key = node_key(n, i)->text;
		roles[i].members =
			walk_refs(w, node_value(n, i), REF_TARGET & ~REF_ROLE, WALK_TARGETS_MAX, &roles[i].n);
	}
	out->roles = roles;
	out->n_roles = n->n;
}

static void check_choices(struct walk *w, const struct node *list)
{
	if (!list || list->kind != NODE_LIST)
		return;
	for (size_t i = 0; i < list->n; i++) {
		const struct node *c = list->items[i];

		if (c->kind == NODE_SCALAR && utf16_units(c->text, strlen(c->text)) > CHOICE_UNITS)
			walk_error(w, c, say(w, "a choice is longer than %d characters", CHOICE_UNITS),
				"shorten it: chat platforms show no longer ones");
		for (size_t j = 0; j < i; j++)
			if (c->kind == NODE_SCALAR && list->items[j]->kind == NODE_SCALAR &&
				strcmp(c->text, list->items[j]->text) == 0)
				walk_error(w, c, "the same choice is there twice", "take one out");
	}
}

static bool load_question(struct walk *w, const struct node *n, struct plan_question *out)
{
	if (!walk_map(w, n, &keys_question))
		return false;
	if (!walk_need_text(w, n, "id", WALK_NAME_MAX))
		return false;
	out->id = walk_checked(w, node_get(n, "id"), value_key);
	out->ask = walk_need_text(w, n, "ask", 300);
	out->choose = walk_strings(w, node_get(n, "choose"), CHOICES_MAX, 400,
		&out->n_choose);
	check_choices(w, node_get(n, "choose"));
	out->required = walk_bool(w, node_get(n, "required"), false);
	return out->id && out->ask;
}

static void load_collect(struct walk *w, const struct node *n, struct plan_incident *out)
{
	struct plan_question *questions;
	struct walk_list list;

	if (!walk_list(w, n, true, QUESTIONS_MAX, &list))
		return;
	questions = ARENA_ARRAY(w->arena, struct plan_question, list.n);
	for (size_t i = 0; i < list.n; i++) {
		struct plan_question *q = &questions[out->n_collect];

		if (!load_question(w, list.items[i], q))
			continue;
		for (size_t j = 0; j < out->n_collect; j++)
			if (strcmp(questions[j].id, q->id) == 0)
				walk_error(w, node_get(list.items[i], "id"),
					say(w, "two questions have the id \"%s\"", q->id), "rename one");
		out->n_collect++;
	}
	out->collect = questions;
}

static void load_links(struct walk *w, const struct node *n, struct plan_incident *out)
{
	struct plan_link *links;
	struct walk_list list;

	if (!walk_list(w, n, true, 50, &list))
		return;
	links = ARENA_ARRAY(w->arena, struct plan_link, list.n);
	for (size_t i = 0; i < list.n; i++) {
		struct plan_link *l = &links[out->n_links];

		if (!walk_map(w, list.items[i], &keys_link))
			continue;
		l->title = walk_need_text(w, list.items[i], "title", WALK_NAME_MAX);
		if (!walk_need_text(w, list.items[i], "url", WALK_TEXT_MAX))
			continue;
		l->url = walk_url(w, node_get(list.items[i], "url"), "https http");
		out->n_links += l->title && l->url;
	}
	out->links = links;
}

/* A URL in which {{id}}, {{title}} and {{severity}} are filled in. */
static const char *load_document(struct walk *w, const struct node *n)
{
	const char *text = walk_text(w, n, WALK_TEXT_MAX);
	struct value_fault f;
	char *plain, *open;

	if (!text)
		return NULL;
	plain = arena_strdup(w->arena, text);
	while ((open = strstr(plain, "{{"))) {
		size_t len = strcspn(open, "}");

		if (strncmp(open + len, "}}", 2) != 0 ||
			!(strncmp(open, "{{id}}", 6) == 0 || strncmp(open, "{{title}}", 9) == 0 ||
				strncmp(open, "{{severity}}", 12) == 0)) {
			walk_error(w, n, "only {{id}}, {{title}} and {{severity}} can be filled in here",
				"write one of them, or take the braces out");
			return NULL;
		}
		memset(open, 'x', len + 2);
	}
	if (value_url(plain, "https http", &f))
		return text;
	walk_fault(w, n, &f);
	return NULL;
}

/* The names of the verbs, from the command table; out has room for VERBS_MAX. */
static size_t verb_names(const char **out)
{
	const struct family *f = family_find("incident");
	size_t n = 0;

	for (const struct verb *v = f ? f->verbs : NULL; v && v->name && n < VERBS_MAX; v++)
		out[n++] = v->name;
	return n;
}

static void check_verb(struct walk *w, const struct node *key)
{
	const char *verbs[VERBS_MAX], *near;
	size_t n = verb_names(verbs);

	for (size_t i = 0; i < n; i++)
		if (strcmp(verbs[i], key->text) == 0)
			return;
	near = value_nearest(key->text, verbs, n);
	walk_error(w, key, say(w, "/incident has no verb \"%s\"", value_quote(key->text).text),
		near ? say(w, "did you mean \"%s\"?", near)
		     : "write a verb by its first name, as /incident help shows it: cancel, close, sev");
}

static void load_allow(struct walk *w, const struct node *n, struct plan_incident *out)
{
	struct plan_allow *allow;

	if (!walk_section(w, n, "allow"))
		return;
	allow = ARENA_ARRAY(w->arena, struct plan_allow, n->n);
	for (size_t i = 0; i < n->n; i++) {
		check_verb(w, node_key(n, i));
		allow[i].verb = node_key(n, i)->text;
		allow[i].who = walk_refs(w, node_value(n, i), REF_TARGET | REF_ANYBODY, WALK_TARGETS_MAX,
			&allow[i].n);
		if (!allow[i].n)
			walk_error(w, node_key(n, i), "nobody could do this",
				"name the people or groups who may, or take the line out");
	}
	out->allow = allow;
	out->n_allow = n->n;
}

static const char *load_emoji(struct walk *w, const struct node *n)
{
	const char *text = walk_text(w, n, 100);
	size_t len = text ? strlen(text) : 0;

	if (!text)
		return "pushpin";
	if (len > 2 && text[0] == ':' && text[len - 1] == ':') {
		text = arena_strndup(w->arena, text + 1, len - 2);
		len -= 2;
	}
	if (len && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_+-") == len)
		return text;
	walk_error(w, n, say(w, "\"%s\" is not the name of an emoji", value_quote(text).text),
		"write its name as you type it between colons: pushpin");
	return "pushpin";
}

static void load_telling(struct walk *w, const struct node *n, struct plan_incident *out)
{
	const struct node *notify = node_get(n, "notify"), *wide = node_get(n, "widespread");
	const struct node *track = node_get(n, "track");

	if (walk_map(w, notify, &keys_notify)) {
		out->notify_channel = walk_ref(w, node_get(notify, "channel"), REF_CHANNEL);
		out->notify_mention = walk_refs(w, node_get(notify, "mention"), REF_TARGET,
			WALK_TARGETS_MAX, &out->n_mention);
	}
	if (walk_map(w, wide, &keys_widespread)) {
		const char *when = walk_text(w, node_get(wide, "when"), 500);

		walk_need_text(w, wide, "channel", WALK_NAME_MAX);
		out->widespread_channel = walk_ref(w, node_get(wide, "channel"), REF_CHANNEL);
		out->widespread_when = when ? when : "";
		out->widespread_confirm = walk_refs(w, node_get(wide, "confirm"), REF_TARGET,
			WALK_TARGETS_MAX, &out->n_widespread_confirm);
	}
	if (walk_map(w, track, &keys_track))
		out->track_document = load_document(w, node_get(track, "document"));
}

void load_incident(struct walk *w)
{
	const struct node *n = node_get(w->root, "incident");
	struct plan_incident *out = &w->plan->incident;

	out->widespread_when = "";
	out->id_format = load_id_format(w, NULL);
	out->key_event_emoji = load_emoji(w, NULL);
	if (!walk_map(w, n, &keys_incident))
		return;
	out->id_format = load_id_format(w, node_get(n, "id"));
	out->key_event_emoji = load_emoji(w, node_get(n, "key_event"));
	load_roles(w, node_get(n, "roles"), out);
	load_collect(w, node_get(n, "collect"), out);
	load_telling(w, n, out);
	load_links(w, node_get(n, "links"), out);
	out->close_checklist = walk_strings(w, node_get(n, "close_checklist"), 50, 500,
		&out->n_close_checklist);
	load_allow(w, node_get(n, "allow"), out);
}
