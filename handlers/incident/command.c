/* command.c - "/incident ...": the table of verbs, and the way from words to one of them. */
#include "handlers/incident/verbs.h"

#include <string.h>
#include <strings.h>

#include "tocsin/arena.h"
#include "tocsin/plan.h"

#define BUTTON_TEXT_MAX 900 /* platforms bound what a button can carry */

#define ANYBODY "anybody"
#define PEOPLE "people in the plan"
#define FILLERS "people in the plan, and who declared it"
#define LEADS "who declared it, its coordinator and its tech lead"

const struct verb incident_verbs[] = {
	[VERB_NEW] = {"new", "declare open start create", "[SEVERITY] [TITLE]",
		"Declare an incident; without a title a form asks for it", "/incident P1 Checkout is slow",
		ANYBODY, verb_new},
	[VERB_LIST] = {"list", "ls open-incidents", "[closed] [PAGE]", "List open incidents, newest first",
		"/incident list", ANYBODY, verb_list},
	[VERB_SHOW] = {"show", "info view get", "[ID]", "Show the state of an incident",
		"/incident show INC-42", ANYBODY, verb_show},
	[VERB_TIMELINE] = {"timeline", "log history", "[ID] [PAGE]",
		"Read what happened, in order, with its key events", "/incident timeline INC-42", ANYBODY,
		verb_timeline},
	[VERB_ACK] = {"ack", "acknowledge acked take", "[ID]",
		"Acknowledge: you have it, and the paging stops", "/incident ack", PEOPLE, verb_ack},
	[VERB_UPDATE] = {"update", "say", "[ID] [STATUS:] TEXT",
		"Post an update, and set when the next one is due",
		"/incident update Rolling back the last deploy", PEOPLE, verb_update},
	[VERB_STATUS] = {"status", "state", "[ID] investigating|identified|monitoring",
		"Say how far the response has come", "/incident status monitoring", PEOPLE, verb_status},
	[VERB_SEV] = {"sev", "severity upgrade downgrade", "[ID] SEVERITY [REASON]",
		"Change the severity; paging follows it", "/incident sev P2 a workaround exists", PEOPLE,
		verb_sev},
	[VERB_ROLE] = {"role", "roles assign", "[ID] [ROLE] [PERSON|nobody]",
		"Hand out a role; without a person the next backup of the plan takes it",
		"/incident role coordinator @ben", PEOPLE, verb_role},
	[VERB_PAGE] = {"page", "escalate", "[ID] WHO [REASON]",
		"Page a person, group or schedule by hand", "/incident page ben the database is his", PEOPLE,
		verb_page},
	[VERB_NOTE] = {"note", "remark", "[ID] TEXT", "Write something into the timeline",
		"/incident note deploy 1.4.2 went out at 10:02", ANYBODY, verb_note},
	[VERB_RESOLVE] = {"resolve", "resolved fixed", "[ID] [SUMMARY]",
		"It is over for users: stop the paging, plan the clean-up",
		"/incident resolve rolled back, errors are gone", PEOPLE, verb_resolve},
	[VERB_REOPEN] = {"reopen", "unresolve", "[ID] [REASON]",
		"It is back: open it again, and page again", "/incident reopen errors are back", PEOPLE,
		verb_reopen},
	[VERB_CLOSE] = {"close", "finish", "[ID] [anyway REASON]",
		"Walk through the close checklist and close", "/incident close", PEOPLE, verb_close},
	[VERB_DONE] = {"done", "tick", "[ID] NUMBER", "Tick an item of the close checklist",
		"/incident done 2", PEOPLE, verb_done},
	[VERB_CANCEL] = {"cancel", "abort mistake", "[ID] [REASON]",
		"Call it off: it was declared by mistake", "/incident cancel a test, sorry", LEADS,
		verb_cancel},
	[VERB_DRILL] = {"drill", "exercise practice", "[SEVERITY] [TITLE]",
		"Declare a drill: all of it is real but marked DRILL", "/incident drill P0 Checkout is down",
		ANYBODY, verb_drill},
	[VERB_FORM] = {"form", "answers details edit", "[ID]", "Answer the plan's questions, or change answers",
		"/incident form", FILLERS, verb_form},
	[VERB_POSTMORTEM] = {"postmortem", "post-mortem pm", "[ID] [done [URL]]",
		"Say that the post-mortem is written, and where", "/incident postmortem done https://docs.example.com/pm-42",
		PEOPLE, verb_postmortem},
	[VERB_WIDEN] = {"widen", "widespread spread tell", "[ID]",
		"Tell the wider group of the plan, once somebody who may has confirmed it",
		"/incident widen", PEOPLE, verb_widen},
	[VERB_HELP] = {"help", "? usage", "[COMMAND]", "Explain the commands, or one of them",
		"/incident help ack", ANYBODY, verb_help},
	[VERBS] = {NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};

const struct verb_rule incident_rules[VERBS] = {
	[VERB_NEW] = {PICK_NONE, ACCESS_ANYBODY, true},
	[VERB_LIST] = {PICK_NONE, ACCESS_ANYBODY, true},
	[VERB_SHOW] = {PICK_ANY, ACCESS_ANYBODY, false},
	[VERB_TIMELINE] = {PICK_ANY, ACCESS_ANYBODY, false},
	[VERB_ACK] = {PICK_OPEN, ACCESS_PLAN, false},
	[VERB_UPDATE] = {PICK_OPEN, ACCESS_PLAN, true},
	[VERB_STATUS] = {PICK_OPEN, ACCESS_PLAN, false},
	[VERB_SEV] = {PICK_OPEN, ACCESS_PLAN, false},
	[VERB_ROLE] = {PICK_OPEN, ACCESS_PLAN, false},
	[VERB_PAGE] = {PICK_OPEN, ACCESS_PLAN, true},
	[VERB_NOTE] = {PICK_ANY, ACCESS_ANYBODY, true},
	[VERB_RESOLVE] = {PICK_OPEN, ACCESS_PLAN, true},
	[VERB_REOPEN] = {PICK_DONE, ACCESS_PLAN, true},
	[VERB_CLOSE] = {PICK_DONE, ACCESS_PLAN, true},
	[VERB_DONE] = {PICK_DONE, ACCESS_PLAN, true},
	[VERB_CANCEL] = {PICK_OPEN, ACCESS_LEADS, true},
	[VERB_DRILL] = {PICK_NONE, ACCESS_ANYBODY, true},
	[VERB_FORM] = {PICK_ANY, ACCESS_FORM, false},
	[VERB_POSTMORTEM] = {PICK_DONE, ACCESS_PLAN, true},
	[VERB_WIDEN] = {PICK_OPEN, ACCESS_PLAN, false},
	[VERB_HELP] = {PICK_NONE, ACCESS_ANYBODY, true},
};

const struct family incident_family = {
	.name = "incident",
	.summary = "Declare incidents, page people until somebody has it, and keep the record",
	.verbs = incident_verbs,
	.command = incident_command,
	.timer = incident_timer_due,
	.delivery = incident_delivery,
	.message = incident_message,
	.reaction = incident_reaction,
	.alert = incident_alert,
};

struct call *call_of(struct context *cx)
{
	return cx->call;
}

/* --- answers ------------------------------------------------------------------------------ */

void data_begin(struct context *cx, struct data *d)
{
	buf_init_arena(&d->b, cx->arena, (size_t)128 * 1024);
	json_out_init(&d->j, &d->b);
	json_out_object(&d->j, NULL);
}

void data_begin_inc(struct context *cx, struct data *d, const struct incident *inc)
{
	incident_data_begin(cx, inc, &d->j, &d->b);
}

const char *data_end(struct data *d)
{
	return incident_data_end(&d->j, &d->b);
}

enum step refuse_with(struct context *cx, const char *template_name, const char *key,
	const char *value)
{
	struct call *call = cx->call;
	struct data d;

	if (call && call->inc)
		data_begin_inc(cx, &d, call->inc);
	else
		data_begin(cx, &d);
	if (key)
		json_out_str(&d.j, key, value);
	return answer_refused(cx, template_name, &d);
}

enum step refuse(struct context *cx, const char *template_name)
{
	return refuse_with(cx, template_name, NULL, NULL);
}

enum step answer(struct context *cx, const char *template_name, struct data *d)
{
	effects_reply(cx->out, REPLY_PRIVATE, template_name, data_end(d));
	return STEP_DONE;
}

enum step answer_refused(struct context *cx, const char *template_name, struct data *d)
{
	effects_refuse(cx->out, template_name, data_end(d));
	return STEP_REFUSED;
}

enum step done(struct context *cx, const struct incident *inc)
{
	return done_role(cx, inc, "", NULL);
}

enum step done_role(struct context *cx, const struct incident *inc, const char *role,
	const struct incident_who *who)
{
	const char *verb = incident_verbs[call_of(cx)->verb].name;
	struct data d;

	if (cx->req->source != SOURCE_SLASH && cx->req->source != SOURCE_LINK)
		return STEP_DONE;
	data_begin_inc(cx, &d, inc);
	data_root(cx, inc, &d.j);
	json_out_bool(&d.j, arena_printf(cx->arena, "is_%s", verb), true);
	json_out_str(&d.j, "role", role);
	if (who)
		incident_who_data(&d.j, "who", who);
	json_out_bool(&d.j, "widened", inc->widened_ms != 0);
	return answer(cx, "incident/done", &d);
}

/* --- from words to a verb ------------------------------------------------------------------ */

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

static bool verb_find(const char *word, enum verb_id *verb)
{
	/* "/incident --help", "-h" and the like. */
	while (*word == '-')
		word++;
	if (strcasecmp(word, "h") == 0)
		word = "help";
	for (size_t i = 0; i < VERBS; i++)
		if (strcasecmp(incident_verbs[i].name, word) == 0 ||
			in_list(incident_verbs[i].aliases, word)) {
			*verb = (enum verb_id)i;
			return true;
		}
	return false;
}

/* Letters to add, drop, change or swap to get from a to b; more than 2 is 3. Short words only. */
static unsigned distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	unsigned d[16][16];

	if (n > 14 || m > 14)
		return 3;
	for (size_t i = 0; i <= n; i++)
		for (size_t j = 0; j <= m; j++) {
			unsigned best;

			if (!i || !j) {
				d[i][j] = (unsigned)(i + j);
				continue;
			}
			best = d[i - 1][j - 1] + ((a[i - 1] | 0x20) != (b[j - 1] | 0x20));
			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	return d[n][m] > 2 ? 3 : d[n][m];
}

/* A verb that was probably meant; NULL when nothing is near. */
static const char *verb_near(const char *word)
{
	const char *near = NULL;
	unsigned best = strlen(word) > 4 ? 3 : 2;

	if (strlen(word) < 3)
		return NULL;
	for (size_t i = 0; i < VERBS; i++) {
		unsigned d = distance(word, incident_verbs[i].name);

		if (d && d < best) {
			best = d;
			near = incident_verbs[i].name;
		}
	}
	return near;
}

/* Neither a verb nor a severity nor an id came first. A bare title is taken for a new incident,
 * but a misspelt verb is not, and inside a conversation nothing is declared by accident. */
static enum step not_a_verb(struct context *cx, struct call *call)
{
	const struct arg *first = &call->args.items[0];
	const char *near = first->kind == ARG_WORD ? verb_near(first->text) : NULL;
	struct data d;

	if (!near && (cx->req->source == SOURCE_SLASH || cx->req->source == SOURCE_FORM)) {
		call->verb = VERB_NEW;
		return STEP_DONE;
	}
	data_begin(cx, &d);
	if (cx->req->source == SOURCE_MENTION)
		json_out_str(&d.j, "said", args_cut(cx->arena, args_rest(&call->args, 0, cx->plan, true), 80));
	json_out_str(&d.j, "word", args_cut(cx->arena,
		first->kind == ARG_WORD ? first->text : args_rest(&call->args, 0, cx->plan, true), 80));
	if (near)
		json_out_str(&d.j, "near", near);
	return answer_refused(cx, "incident/unknown_verb", &d);
}

/* "sev 2 Login is slow": the severity of a new incident, or of the one that is open here? Where none
 * is open there is no doubt; else the asker says. */
static enum step sev_or_new(struct context *cx, struct call *call)
{
	const struct plan_severity *sev;
	const struct fact *open;
	struct data d;
	size_t words;

	if (cx->req->source != SOURCE_SLASH)
		return STEP_DONE;
	open = fact_want(cx, arena_printf(cx->arena, "index:incident:place:%s",
		cx->req->where.channel));
	if (open->state == FACT_NOT_LOADED)
		return STEP_NEED;
	if (open->n == 0) {
		call->verb = VERB_NEW;
		return STEP_DONE;
	}
	sev = args_severity(&call->args, call->next, cx->plan, &words);
	data_begin(cx, &d);
	json_out_str(&d.j, "severity", sev->key);
	/* As it was typed, tokens and all: the button types it again. */
	json_out_str(&d.j, "text", args_cut(cx->arena,
		call->args.source + call->args.items[call->next + words].at, BUTTON_TEXT_MAX));
	return answer_refused(cx, "incident/sev_or_new", &d);
}

/* "42", "INC-42 ack", "ack INC-42", "ack inc 42": sets verb, id and next. */
static enum step parse_words(struct context *cx, struct call *call)
{
	const struct args *args = &call->args;
	size_t at = 0, words;
	const struct arg *arg = args->items;

	call->id = "";
	/* "@tocsin incident ack" */
	if (args->n && cx->req->source == SOURCE_MENTION && (args_word_is(arg, "incident") ||
		args_word_is(arg, "/incident")))
		at++;
	if (at == args->n) {
		call->verb = cx->req->source == SOURCE_MENTION ? VERB_HELP : VERB_NEW;
		call->next = at;
		return STEP_DONE;
	}
	arg = &args->items[at];
	if (arg->kind == ARG_WORD && verb_find(arg->text, &call->verb)) {
		at++;
	} else if (arg->kind == ARG_WORD && *id_typed(cx, arg->text, args->n == at + 1)) {
		call->id = id_typed(cx, arg->text, true);
		at++;
		if (at == args->n)
			call->verb = VERB_SHOW;
		else if (args->items[at].kind == ARG_WORD && verb_find(args->items[at].text, &call->verb))
			at++;
		else
			return refuse_with(cx, "incident/id_without_verb", "id", call->id);
	} else if (args_severity(args, at, cx->plan, &words)) {
		call->verb = VERB_NEW;
	} else {
		call->next = at;
		return not_a_verb(cx, call);
	}
	/* "sev 2": the verb and the severity share a word. */
	if (call->verb == VERB_SEV && at > 0 && at < args->n && !*call->id &&
		args_severity(args, at - 1, cx->plan, &words) && words == 2) {
		call->next = at - 1;
		return at + 1 < args->n ? sev_or_new(cx, call) : STEP_DONE;
	}
	call->next = at;
	if (incident_rules[call->verb].pick == PICK_NONE || *call->id || at == args->n)
		return STEP_DONE;
	arg = &args->items[at];
	/* A number that begins a text is text ("update 42 users are affected"). */
	call->id = arg->kind != ARG_WORD ? "" : id_typed(cx, arg->text,
		!incident_rules[call->verb].text || (at + 1 == args->n && call->verb != VERB_DONE &&
		call->verb != VERB_NOTE && call->verb != VERB_UPDATE));
	if (*call->id)
		call->next = at + 1;
	return STEP_DONE;
}

enum step incident_command(struct context *cx)
{
	struct call *call = ARENA_NEW(cx->arena, struct call);
	enum step step;

	cx->call = call;
	args_parse(&call->args, cx->arena, cx->req->text);
	call->by = incident_who_of_actor(cx, &cx->req->who);
	step = parse_words(cx, call);
	if (step != STEP_DONE)
		return step;
	step = call_find(cx, call, incident_rules[call->verb].pick);
	if (step != STEP_DONE)
		return step;
	step = call_allowed(cx, call);
	if (step != STEP_DONE)
		return step;
	return incident_verbs[call->verb].run(cx);
}
