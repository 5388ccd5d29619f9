/*
 * doctor_slack.c - what `tocsin doctor` asks Slack: are these the right tokens, with every scope, is
 * the clock right, is the bot where the plan wants it to post, and are the plan's people there?
 *
 * Only reading calls, one after another on a loop of our own.
 */
#include "bot/doctor.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>
#include <uv.h>

#include "bot/clock.h"
#include "bot/http_client.h"
#include "bot/slack/api.h"
#include "bot/slack/api_error.h"
#include "bot/slack/manifest.h"
#include "bot/slack/slack.h"
#include "tocsin/err.h"
#include "tocsin/json_in.h"
#include "tocsin/plan.h"

#define SKEW_WARN_S 30
#define SKEW_FAIL_S 240   /* Slack's signatures are good for five minutes */
#define CHANNELS_MOST 100
#define PEOPLE_MOST 100   /* of one plan; Slack answers about a hundred such calls a minute */
#define PATIENCE_MS 20000

/* One conversation with Slack, and the newest answer of it. */
struct visit {
	struct doctor *d;
	uv_loop_t loop;
	uv_timer_t guard;
	struct http_client *http;
	struct slack_api *api;
	bool answered;
	enum slack_verdict verdict;
	char error[128], detail[512], scopes[2048];
	long long date_s;
	json_t *body;
};

static void on_reply(void *ud, const struct slack_reply *r)
{
	struct visit *v = ud;

	v->answered = true;
	v->verdict = r->verdict;
	snprintf(v->error, sizeof(v->error), "%s", r->error);
	snprintf(v->detail, sizeof(v->detail), "%s", r->detail ? r->detail : "");
	snprintf(v->scopes, sizeof(v->scopes), "%s", r->scopes ? r->scopes : "");
	v->date_s = r->date_s;
	json_decref(v->body);
	v->body = r->body ? json_deep_copy(r->body) : NULL;
	uv_stop(&v->loop);
}

static void on_guard(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

/* True when Slack said ok. token NULL: the bot's. */
static bool ask(struct visit *v, const char *method, const char *token, const char *form)
{
	struct slack_call call = {.method = method, .token = token, .form = true, .body = form,
		.body_len = strlen(form), .urgent = true, .timeout_ms = PATIENCE_MS / 2};
	uint64_t id;

	v->answered = false;
	v->verdict = SLACK_LATER;
	snprintf(v->error, sizeof(v->error), "no_answer");
	v->detail[0] = '\0';
	id = slack_api_call(v->api, &call, on_reply, v);
	if (!id)
		return false;
	uv_timer_start(&v->guard, on_guard, PATIENCE_MS, 0);
	uv_run(&v->loop, UV_RUN_DEFAULT);
	uv_timer_stop(&v->guard);
	if (!v->answered)
		slack_api_cancel(v->api, id);
	return v->answered && v->verdict == SLACK_OK;
}

static const char *advice(const struct visit *v, const char *otherwise)
{
	const char *a = slack_error_advice(v->error);

	return *a ? a : otherwise;
}

/* --- tokens ------------------------------------------------------------------------------------------ */

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* False when there is no use in going on. */
static bool check_kinds(struct doctor *d, const struct doctor_slack *s)
{
	bool good = true;

	if (!s->bot_token) {
		doctor_say(d, DOCTOR_FAIL, "slack", "set SLACK_BOT_TOKEN to the bot token (xoxb-...) of the page "
			"\"OAuth & Permissions\"", "there is no bot token");
		good = false;
	} else if (!begins(s->bot_token, "xoxb-")) {
		doctor_say(d, DOCTOR_FAIL, "slack", "take the Bot User OAuth Token (xoxb-...) of the page "
			"\"OAuth & Permissions\"", "SLACK_BOT_TOKEN is %s",
			begins(s->bot_token, "xapp-") ? "an app-level token: it belongs into SLACK_APP_TOKEN"
			: begins(s->bot_token, "xoxp-") ? "a user's token, not the bot's"
			: "no bot token: those begin with xoxb-");
		good = false;
	}
	if (s->app_token && !begins(s->app_token, "xapp-")) {
		doctor_say(d, DOCTOR_FAIL, "slack", "make one in the app's settings, under App-Level Tokens, with the "
			"scope connections:write", "SLACK_APP_TOKEN is %s",
			begins(s->app_token, "xoxb-") ? "a bot token: it belongs into SLACK_BOT_TOKEN"
			: "no app-level token: those begin with xapp-");
		good = false;
	}
	if (!s->app_token && !s->signing_secret) {
		doctor_say(d, DOCTOR_FAIL, "slack", "set SLACK_APP_TOKEN (xapp-..., Socket Mode), or "
			"SLACK_SIGNING_SECRET for signed HTTP requests", "Slack has no way to reach tocsin");
		good = false;
	}
	return good;
}

/* Whether the comma list holds the scope. */
static bool has_scope(const char *list, const char *scope)
{
	size_t n = strlen(scope), k;

	for (; *list; list += k) {
		list += strspn(list, ", ");
		k = strcspn(list, ", ");
		if (k == n && strncmp(list, scope, n) == 0)
			return true;
	}
	return false;
}

static void check_scopes(struct visit *v)
{
	unsigned missing = 0;
	size_t i;

	if (!*v->scopes)
		return; /* a proxy took the header away: calls will tell */
	for (i = 0; manifest_scopes[i].scope; i++) {
		if (has_scope(v->scopes, manifest_scopes[i].scope))
			continue;
		missing++;
		doctor_say(v->d, DOCTOR_FAIL, "slack", "add it (or paste `tocsin manifest` again), then reinstall the app",
			"the scope %s is missing: %s", manifest_scopes[i].scope, manifest_scopes[i].why);
	}
	if (!missing)
		doctor_say(v->d, DOCTOR_OK, "slack", NULL, "the bot token has every scope");
}

static void check_clock(struct visit *v)
{
	long long skew = v->date_s ? clock_wall_ms() / 1000 - v->date_s : 0;

	if (skew < 0)
		skew = -skew;
	if (skew >= SKEW_WARN_S)
		doctor_say(v->d, skew >= SKEW_FAIL_S ? DOCTOR_FAIL : DOCTOR_WARN, "clock",
			"set the clock by NTP (timedatectl set-ntp true)",
			"this machine's clock and Slack's differ by %lld s", skew);
	else if (v->date_s)
		doctor_say(v->d, DOCTOR_OK, "clock", NULL, "right to within %d s of Slack's", SKEW_WARN_S);
}

static bool check_bot(struct visit *v)
{
	if (!ask(v, "auth.test", NULL, "")) {
		doctor_say(v->d, DOCTOR_FAIL, "slack", advice(v, "is slack.com reachable from here, and is the token right?"),
			"Slack does not take the bot token: %s%s%s", v->error, *v->detail ? ": " : "", v->detail);
		return false;
	}
	doctor_say(v->d, DOCTOR_OK, "slack", NULL, "we are @%s in %s", json_in_str(v->body, "user"),
		json_in_str(v->body, "team"));
	check_clock(v);
	check_scopes(v);
	return true;
}

/* Asks for a socket's address and does not use it. */
static void check_app_token(struct visit *v, const struct doctor_slack *s)
{
	if (!s->app_token)
		return;
	if (ask(v, "apps.connections.open", s->app_token, ""))
		doctor_say(v->d, DOCTOR_OK, "slack", NULL, "the app-level token opens sockets");
	else
		doctor_say(v->d, DOCTOR_FAIL, "slack", advice(v, "switch Socket Mode on, and give the app-level token "
			"the scope connections:write"), "Slack opens no socket: %s", v->error);
}

/* --- channels and people ----------------------------------------------------------------------------- */

static void check_channel(struct visit *v, const struct plan_channel *c)
{
	char form[128];
	const json_t *info;

	snprintf(form, sizeof(form), "channel=%.60s", c->slack);
	if (!ask(v, "conversations.info", NULL, form)) {
		if (strcmp(v->error, "channel_not_found") == 0)
			doctor_say(v->d, DOCTOR_FAIL, "slack", "check the id (channel details, at the bottom); in a private "
				"channel type /invite @tocsin", "the bot cannot see the channel %s (%s)", c->key, c->slack);
		else
			doctor_say(v->d, DOCTOR_FAIL, "slack", advice(v, "try again"), "the channel %s (%s): %s", c->key,
				c->slack, v->error);
		return;
	}
	info = json_in_get(v->body, "channel");
	if (json_in_bool(info, "is_archived"))
		doctor_say(v->d, DOCTOR_FAIL, "slack", "unarchive it, or name another in the plan",
			"the channel %s (#%s) is archived", c->key, json_in_str(info, "name"));
	else if (!json_in_bool(info, "is_member"))
		doctor_say(v->d, DOCTOR_WARN, "slack", "type /invite @tocsin there",
			"the bot is not in the channel %s (#%s): it can post, but hears nothing", c->key,
			json_in_str(info, "name"));
	else
		doctor_say(v->d, DOCTOR_OK, "slack", NULL, "the bot is in the channel %s (#%s)", c->key,
			json_in_str(info, "name"));
}

/* True when Slack knows them. */
static bool check_person(struct visit *v, const struct plan_person *p)
{
	char form[128];
	const json_t *user;

	snprintf(form, sizeof(form), "user=%.60s", p->slack);
	if (!ask(v, "users.info", NULL, form)) {
		doctor_say(v->d, DOCTOR_FAIL, "slack", strcmp(v->error, "user_not_found") == 0
			? "copy the member id from their profile (U...)" : advice(v, "try again"),
			"%s (%s): %s", p->key, p->slack, v->error);
		return false;
	}
	user = json_in_get(v->body, "user");
	if (json_in_bool(user, "deleted"))
		doctor_say(v->d, DOCTOR_FAIL, "slack", "take them out of the plan, or give their new id",
			"%s (%s) is deactivated in Slack: nobody is reached there", p->key, p->slack);
	else if (json_in_bool(user, "is_bot"))
		doctor_say(v->d, DOCTOR_WARN, "slack", "give a person's member id", "%s (%s) is a bot", p->key, p->slack);
	else
		return true;
	return false;
}

static void check_plan(struct visit *v, const struct plan *plan)
{
	size_t i, asked = 0, there = 0;

	for (i = 0; i < plan->n_channels && i < CHANNELS_MOST; i++)
		if (plan->channels[i].slack)
			check_channel(v, &plan->channels[i]);
	for (i = 0; i < plan->n_people && asked < PEOPLE_MOST; i++) {
		if (!plan->people[i].slack)
			continue;
		asked++;
		there += check_person(v, &plan->people[i]);
	}
	if (there)
		doctor_say(v->d, DOCTOR_OK, "slack", NULL, "Slack knows %zu of %zu people%s", there, asked,
			i < plan->n_people ? " (the others were not asked for)" : "");
}

/* --- the visit ---------------------------------------------------------------------------------------- */

static void visit_end(struct visit *v)
{
	if (v->api)
		slack_api_close(v->api);
	if (v->http)
		http_client_close(v->http);
	uv_close((uv_handle_t *)&v->guard, NULL);
	uv_run(&v->loop, UV_RUN_DEFAULT);
	uv_loop_close(&v->loop);
	json_decref(v->body);
}

void doctor_slack(struct doctor *d, const struct doctor_slack *s, const struct plan *plan)
{
	struct visit v = {.d = d};
	struct err e = {0};

	if (!check_kinds(d, s) || d->offline)
		return;
	uv_loop_init(&v.loop);
	uv_timer_init(&v.loop, &v.guard);
	v.http = http_client_new(&v.loop, &e);
	if (v.http)
		v.api = slack_api_new(&v.loop, v.http, s->api_url ? s->api_url : SLACK_API_URL_DEFAULT, s->bot_token, &e);
	if (!v.api)
		doctor_say(d, DOCTOR_FAIL, "slack", "check SLACK_API_URL", "%s", e.text);
	else if (check_bot(&v)) {
		check_app_token(&v, s);
		if (plan)
			check_plan(&v, plan);
	}
	visit_end(&v);
}
