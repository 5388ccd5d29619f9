/* command.c - "/oncall ...": the table of verbs, and the way from words to one of them. */
#include "handlers/oncall/verbs.h"

#include <string.h>
#include <strings.h>

#include "tocsin/arena.h"
#include "tocsin/request.h"

#define ANYBODY "anybody"
#define PEOPLE "people in the plan"

const struct verb oncall_verbs[] = {
	{"show", "now list", "[PAGE]", "Show who is on call for what right now", "/oncall", ANYBODY,
		verb_oncall_show},
	{"who", "whois", "[SCHEDULE] [at TIME]", "Say who is on call, now or at another time",
		"/oncall who engineering at fri 18:00", ANYBODY, verb_oncall_who},
	{"schedule", "week calendar", "[SCHEDULE] [7d]", "Draw the coming days of a schedule",
		"/oncall schedule engineering 14d", ANYBODY, verb_oncall_schedule},
	{"me", "my mine", "", "Show your own shifts and how you are reached", "/oncall me", PEOPLE,
		verb_oncall_me},
	{"page", "call", "WHO MESSAGE", "Page a person, group or schedule outside an incident",
		"/oncall page ben the certificate runs out tonight", PEOPLE, verb_oncall_page},
	{"override", "replace", "SCHEDULE PERSON FROM TO [REASON]", "Put somebody on call for a time",
		"/oncall override engineering @ben tomorrow 9:00 to 17:00 dentist", PEOPLE,
		verb_oncall_override},
	{"cover", "need", "me FROM TO [REASON]", "Ask the channel who takes your shift",
		"/oncall cover me tomorrow 9:00 to 13:00", PEOPLE, verb_oncall_cover},
	{"take", "i-take-it", "SCHEDULE PERSON FROM TO", "Take the shift of somebody who asked for cover",
		"/oncall take engineering ada tomorrow 9:00 to 13:00", PEOPLE, verb_oncall_take},
	{"swap", "exchange", "SCHEDULE PERSON", "Ask somebody to swap their next shift with yours",
		"/oncall swap engineering @ben", PEOPLE, verb_oncall_swap},
	{"agree", "accept", "SCHEDULE PERSON FROM TO FROM TO", "Agree to a swap that you were asked for",
		"/oncall agree engineering ada fri 9:00 17:00 sat 9:00 17:00", PEOPLE, verb_oncall_agree},
	{"away", "absent vacation holiday", "[PERSON] FROM TO [REASON]",
		"Take yourself out of every schedule for a time", "/oncall away 2026-12-24 2026-12-26 holidays",
		PEOPLE, verb_oncall_away},
	{"changes", "overrides", "[SCHEDULE]", "List overrides, covers and absences that are not over",
		"/oncall changes engineering", ANYBODY, verb_oncall_changes},
	{"undo", "revert", "SCHEDULE|away NUMBER", "Take a change back", "/oncall undo engineering 3", PEOPLE,
		verb_oncall_undo},
	{"handoff", "handover hand-over", "[SCHEDULE]", "Post who has it now and what is open",
		"/oncall handoff engineering", PEOPLE, verb_oncall_handoff},
	{"gaps", "holes", "[SCHEDULE] [30d]", "List times with too few people, and who cannot be reached",
		"/oncall gaps 30d", ANYBODY, verb_oncall_gaps},
	{"test", "ping", "", "Send yourself a marked test page over every way you have", "/oncall test",
		PEOPLE, verb_oncall_test},
	{"help", "? usage", "[COMMAND]", "Explain the commands, or one of them", "/oncall help override",
		ANYBODY, verb_oncall_help},
	{NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};

const struct family oncall_family = {
	.name = "oncall",
	.summary = "See who is on call, change it, and page people outside an incident",
	.verbs = oncall_verbs,
	.command = oncall_command,
	.timer = oncall_timer_due,
	.delivery = oncall_delivery,
};

struct oncall_call *oncall_call_of(struct context *cx)
{
	return cx->call;
}

/* --- answers ------------------------------------------------------------------------------- */

void oncall_data_begin(struct context *cx, struct oncall_data *d)
{
	buf_init_arena(&d->b, cx->arena, (size_t)128 * 1024);
	json_out_init(&d->j, &d->b);
	json_out_object(&d->j, NULL);
}

const char *oncall_data_end(struct oncall_data *d)
{
	json_out_object_end(&d->j);
	return buf_text(&d->b);
}

enum step oncall_answer(struct context *cx, const char *template_name, struct oncall_data *d)
{
	effects_reply(cx->out, REPLY_PRIVATE, template_name, oncall_data_end(d));
	return STEP_DONE;
}

enum step oncall_refuse(struct context *cx, const char *template_name, struct oncall_data *d)
{
	effects_refuse(cx->out, template_name, oncall_data_end(d));
	return STEP_REFUSED;
}

enum step oncall_refuse_with(struct context *cx, const char *template_name, const char *key,
	const char *value)
{
	struct oncall_data d;

	oncall_data_begin(cx, &d);
	if (key)
		json_out_str(&d.j, key, value);
	return oncall_refuse(cx, template_name, &d);
}

const char *oncall_name(const struct plan_person *p)
{
	return p->name ? p->name : p->key;
}

void oncall_person_data(struct json_out *j, const char *key, const struct plan_person *p)
{
	json_out_object(j, key);
	json_out_str(j, "name", oncall_name(p));
	json_out_str(j, "person", p->key);
	json_out_object_end(j);
}

/* --- words --------------------------------------------------------------------------------- */

static bool in_list(const char *list, const char *word)
{
	size_t n = strlen(word);

	while (*list) {
		size_t len = strcspn(list, " ");

		if (len == n && strncasecmp(list, word, n) == 0)
			return true;
		list += len + strspn(list + len, " ");
	}
	return false;
}

static const struct verb *verb_find(const char *word)
{
	while (*word == '-')
		word++;
	for (const struct verb *v = oncall_verbs; v->name; v++)
		if (strcasecmp(v->name, word) == 0 || in_list(v->aliases, word) ||
			(strcasecmp(word, "h") == 0 && strcmp(v->name, "help") == 0))
			return v;
	return NULL;
}

static enum step unknown_verb(struct context *cx)
{
	struct oncall_call *call = cx->call;
	struct oncall_data d;

	oncall_data_begin(cx, &d);
	json_out_str(&d.j, "word", args_cut(cx->arena, args_rest(&call->args, 0, cx->plan, true), 60));
	return oncall_refuse(cx, "oncall/unknown_verb", &d);
}

static const struct plan_schedule *schedule_named(const struct plan *plan, const char *word,
	size_t len)
{
	for (size_t i = 0; i < plan->n_schedules; i++)
		if (strlen(plan->schedules[i].key) == len && strncasecmp(plan->schedules[i].key, word, len) == 0)
			return &plan->schedules[i];
	return NULL;
}

static const struct plan_schedule *schedule_of_arg(struct context *cx, const struct arg *arg,
	const char **role)
{
	static const char *const usual[] = {"primary", "backup"};
	const char *names[ROSTER_ROLES_MAX], *dot;
	const struct plan_schedule *s;
	size_t n;

	*role = NULL;
	for (size_t i = 0; arg->kind == ARG_GROUP && i < cx->plan->n_schedules; i++)
		if (cx->plan->schedules[i].slack_usergroup &&
			strcmp(cx->plan->schedules[i].slack_usergroup, arg->text) == 0)
			return &cx->plan->schedules[i];
	if (arg->kind != ARG_WORD)
		return NULL;
	s = schedule_named(cx->plan, arg->text, strlen(arg->text));
	dot = strchr(arg->text, '.');
	if (s || !dot)
		return s;
	s = schedule_named(cx->plan, arg->text, (size_t)(dot - arg->text));
	n = s ? roster_roles(s, NULL, names) : 0;
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(names[i], dot + 1) == 0)
			*role = names[i];
	/* A second person can be put beside the only role of a schedule. */
	for (size_t i = 0; s && !*role && i < 2; i++)
		if (strcasecmp(usual[i], dot + 1) == 0)
			*role = usual[i];
	return *role ? s : NULL;
}

static void refuse_schedule(struct context *cx, const char *word)
{
	const struct plan *plan = cx->plan;
	struct oncall_data d;

	oncall_data_begin(cx, &d);
	if (word)
		json_out_str(&d.j, "word", args_cut(cx->arena, word, 60));
	json_out_bool(&d.j, "any", plan->n_schedules > 0);
	json_out_array(&d.j, "schedules");
	for (size_t i = 0; i < plan->n_schedules && i < ONCALL_PAGE; i++) {
		json_out_object(&d.j, NULL);
		json_out_str(&d.j, "key", plan->schedules[i].key);
		json_out_bool(&d.j, "next", i > 0);
		json_out_object_end(&d.j);
	}
	json_out_array_end(&d.j);
	if (plan->n_schedules > ONCALL_PAGE)
		json_out_int(&d.j, "more", (int64_t)(plan->n_schedules - ONCALL_PAGE));
	oncall_refuse(cx, "oncall/which_schedule", &d);
}

const struct plan_schedule *oncall_schedule_typed(struct context *cx, const char **role)
{
	struct oncall_call *call = cx->call;
	const struct plan_schedule *s = NULL;
	const struct arg *arg = call->next < call->args.n ? &call->args.items[call->next] : NULL;

	*role = NULL;
	if (arg)
		s = schedule_of_arg(cx, arg, role);
	if (s)
		call->next++;
	else if (!arg && cx->plan->n_schedules == 1)
		s = cx->plan->schedules;
	else
		refuse_schedule(cx, arg ? arg->text : NULL);
	return s;
}

const struct plan_person *oncall_person_typed(struct context *cx)
{
	struct oncall_call *call = cx->call;
	const struct plan_person *p = NULL;
	enum args_person found;
	struct oncall_data d;
	size_t words = 0;

	if (call->next < call->args.n && args_word_is(&call->args.items[call->next], "me")) {
		call->next++;
		return call->me;
	}
	found = call->next < call->args.n ?
		args_person(&call->args, call->next, cx->plan, &p, &words) : ARGS_PERSON_NONE;
	if (found == ARGS_PERSON_KNOWN) {
		call->next += words;
		return p;
	}
	oncall_data_begin(cx, &d);
	if (call->next < call->args.n)
		json_out_str(&d.j, "word", args_cut(cx->arena,
			args_plain(cx->arena, cx->plan, call->args.items[call->next].text, true), 60));
	json_out_bool(&d.j, "unclear", found == ARGS_PERSON_UNCLEAR);
	json_out_bool(&d.j, "foreign", found == ARGS_PERSON_FOREIGN);
	json_out_str(&d.j, "example", call->verb->example);
	oncall_refuse(cx, "oncall/who_is_that", &d);
	return NULL;
}

enum step oncall_bad_time(struct context *cx, enum when_result result, size_t wrong)
{
	struct oncall_call *call = cx->call;
	struct oncall_data d;

	oncall_data_begin(cx, &d);
	if (wrong < call->args.n && result != WHEN_MISSING)
		json_out_str(&d.j, "word", args_cut(cx->arena, call->args.items[wrong].text, 60));
	json_out_bool(&d.j, "missing", result == WHEN_MISSING);
	json_out_bool(&d.j, "unclear", result == WHEN_UNCLEAR);
	json_out_bool(&d.j, "no_day", result == WHEN_NO_DAY);
	json_out_bool(&d.j, "order", result == WHEN_ORDER);
	json_out_str(&d.j, "example", call->verb->example);
	return oncall_refuse(cx, "oncall/bad_time", &d);
}

enum step oncall_span_typed(struct context *cx, int64_t *from_ms, int64_t *to_ms)
{
	struct oncall_call *call = cx->call;
	enum when_result r = when_span(&call->args, &call->next, call->zone, cx->req->now_ms, from_ms,
		to_ms);

	if (r != WHEN_OK)
		return oncall_bad_time(cx, r, call->next);
	if (*to_ms <= cx->req->now_ms)
		return oncall_refuse_with(cx, "oncall/over", "example", call->verb->example);
	if (*to_ms - *from_ms > ONCALL_SPAN_MS || *from_ms > cx->req->now_ms + ONCALL_SPAN_MS)
		return oncall_refuse_with(cx, "oncall/too_long", "example", call->verb->example);
	return STEP_DONE;
}

const char *oncall_reason(struct context *cx)
{
	struct oncall_call *call = cx->call;

	return args_cut(cx->arena, args_rest(&call->args, call->next, cx->plan, true), ONCALL_REASON_MAX);
}

/* --- whose schedules ------------------------------------------------------------------------ */

bool oncall_names(const struct plan_schedule *s, const char *person)
{
	for (size_t i = 0; i < s->n_shifts; i++)
		if (strcmp(s->shifts[i].who, person) == 0)
			return true;
	for (size_t i = 0; i < s->n_layers; i++)
		for (size_t k = 0; k < s->layers[i].n_turns; k++)
			for (size_t p = 0; p < s->layers[i].turns[k].n; p++)
				if (strcmp(s->layers[i].turns[k].who[p], person) == 0)
					return true;
	return false;
}

size_t oncall_mine(struct context *cx, const char *person, const struct plan_schedule **out,
	bool *more)
{
	const struct plan *plan = cx->plan;
	size_t n = 0;

	*more = false;
	for (size_t i = 0; i < plan->n_schedules; i++) {
		if (plan->n_schedules > ONCALL_MINE_MAX && !oncall_names(&plan->schedules[i], person))
			continue;
		if (n == ONCALL_MINE_MAX) {
			*more = true;
			break;
		}
		out[n++] = &plan->schedules[i];
	}
	return n;
}

/* --- help and the way in --------------------------------------------------------------------- */

static void data_verb(struct json_out *j, const struct verb *v)
{
	json_out_object(j, NULL);
	json_out_str(j, "name", v->name);
	json_out_str(j, "args", v->args);
	json_out_str(j, "summary", v->summary);
	json_out_str(j, "example", v->example);
	json_out_str(j, "who", v->who);
	if (*v->aliases)
		json_out_str(j, "aliases", v->aliases);
	json_out_object_end(j);
}

enum step verb_oncall_help(struct context *cx)
{
	struct oncall_call *call = cx->call;
	const struct verb *one = NULL;
	struct oncall_data d;

	if (call->next < call->args.n) {
		one = verb_find(call->args.items[call->next].text);
		if (!one)
			return unknown_verb(cx);
	}
	oncall_data_begin(cx, &d);
	json_out_array(&d.j, "verbs");
	for (const struct verb *v = oncall_verbs; v->name; v++)
		if (!one || one == v)
			data_verb(&d.j, v);
	json_out_array_end(&d.j);
	return oncall_answer(cx, one ? "oncall/help_verb" : "oncall/help", &d);
}

enum step oncall_command(struct context *cx)
{
	struct oncall_call *call = ARENA_NEW(cx->arena, struct oncall_call);
	const char *role;

	cx->call = call;
	args_parse(&call->args, cx->arena, cx->req->text);
	call->by = incident_who_of_actor(cx, &cx->req->who);
	call->me = cx->req->who.person;
	call->zone = call->me && call->me->timezone ? call->me->zone : cx->plan->zone;
	call->verb = oncall_verbs;
	if (call->args.n && call->args.items[0].kind == ARG_WORD &&
		verb_find(call->args.items[0].text)) {
		call->verb = verb_find(call->args.items[0].text);
		call->next = 1;
	} else if (call->args.n && schedule_of_arg(cx, &call->args.items[0], &role)) {
		call->verb = &oncall_verbs[1]; /* "/oncall engineering" asks who */
	} else if (call->args.n && strspn(call->args.items[0].text, "0123456789") !=
		strlen(call->args.items[0].text)) {
		return unknown_verb(cx); /* a number alone is a page of the list */
	}
	if (!call->me && strcmp(call->verb->who, PEOPLE) == 0)
		return oncall_refuse_with(cx, "oncall/denied", "verb", call->verb->name);
	return call->verb->run(cx);
}
