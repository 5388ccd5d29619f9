/*
 * slack.c - see slack.h: who we are (auth.test), the sockets or the signed requests, and the ways
 * between them and the rest.
 */
#include "bot/slack/slack.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bot/clock.h"
#include "bot/log.h"
#include "bot/metrics.h"
#include "bot/slack/api.h"
#include "bot/slack/api_error.h"
#include "bot/slack/intake.h"
#include "bot/slack/slack_http.h"
#include "bot/slack/slack_sender.h"
#include "bot/slack/socket.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/handler.h"
#include "tocsin/json_in.h"
#include "tocsin/json_out.h"

#define ARENA_LIMIT ((size_t)32 * 1024 * 1024)
#define AUTH_RETRY_MIN_MS 1000
#define AUTH_RETRY_MAX_MS 60000
#define HTTP_ID ((uint64_t)1 << 63) /* marks ids of HTTP requests among those of sockets */

/* A signed HTTP request between its arrival and its answer. */
struct http_visit {
	struct http_visit *next;
	uint64_t id;
	slack_http_fn fn;
	void *ud;
	bool ready;
	int status;
	const char *type;
	char *body;
	size_t body_len;
};

struct slack {
	struct slack_options o;
	char *app_token, *signing_secret;
	struct slack_api *api;
	struct slack_intake *intake;
	struct slack_sender *sender;
	struct slack_sockets *sockets;
	struct slack_identity me;
	char bot_user[64], bot_id[64], app_id[64], team[128];
	bool known;                /* auth.test was answered */
	bool plain;                /* the base is http:// on loopback */
	bool connected_told;
	int64_t auth_wait_ms;
	uv_timer_t auth_timer;
	uv_timer_t http_timer;
	unsigned handles;
	struct http_visit *visits;
	uint64_t last_http_id;
	char token_problem[64], socket_problem[64];
	uint64_t acknowledged;
	bool closing;
};

static bool is_family(const char *name)
{
	return family_find(name) != NULL;
}

/* ---- state ---- */

bool slack_connected(const struct slack *s)
{
	return s->sockets ? slack_sockets_live(s->sockets) > 0 : s->known && !*s->app_token;
}

static void tell_state(struct slack *s)
{
	bool connected = slack_connected(s);

	metrics_set(METRIC_CHAT_CONNECTED, 0, s->sockets ? slack_sockets_live(s->sockets) : connected);
	if (connected == s->connected_told)
		return;
	s->connected_told = connected;
	if (s->o.on_state)
		s->o.on_state(s->o.ud, connected);
}

static void on_token_trouble(void *ud, const char *error)
{
	struct slack *s = ud;

	snprintf(s->token_problem, sizeof(s->token_problem), "%s", error);
	if (*error)
		log_write(LOG_ERROR, "slack", NULL, "slack refuses the bot token", "error", error, "advice",
			slack_error_advice(error), NULL);
	else
		log_write(LOG_INFO, "slack", NULL, "slack takes the bot token again", NULL);
}

static void on_socket_problem(void *ud, const char *code)
{
	struct slack *s = ud;

	snprintf(s->socket_problem, sizeof(s->socket_problem), "%s", code);
	if (*code)
		log_write(LOG_ERROR, "slack", NULL, "no socket can be opened", "error", code, "advice",
			slack_error_advice(code), NULL);
}

static void on_live(void *ud, unsigned live)
{
	(void)live;
	tell_state(ud);
}

static void on_hello(void *ud, const struct slack_in *in)
{
	struct slack *s = ud;

	if (*in->app_id)
		snprintf(s->app_id, sizeof(s->app_id), "%s", in->app_id);
}

/* ---- who we are ---- */

static void auth_call(struct slack *s);

static void on_auth_timer(uv_timer_t *timer)
{
	auth_call(timer->data);
}

static void on_socket_envelope(void *ud, uint64_t socket, struct arena *arena_owned,
	const struct slack_in *in)
{
	struct slack *s = ud;

	slack_intake_take(s->intake, socket, arena_owned, in);
}

static void open_sockets(struct slack *s)
{
	struct slack_sockets_options o = {
		.loop = s->o.loop, .lws = s->o.lws, .api = s->api, .app_token = s->app_token,
		.plain_ok = s->plain, .count = s->o.sockets ? s->o.sockets : 2, .me = &s->me,
		.on_envelope = on_socket_envelope, .on_hello = on_hello, .on_live = on_live,
		.on_problem = on_socket_problem, .ud = s,
	};
	struct err err = { 0 };

	if (s->sockets || !*s->app_token || s->closing)
		return;
	s->sockets = slack_sockets_new(&o, &err);
	if (!s->sockets)
		log_write(LOG_ERROR, "slack", NULL, "sockets could not be set up", "why", err.text, NULL);
}

static void on_auth(void *ud, const struct slack_reply *r)
{
	struct slack *s = ud;

	/* Before our own id is known no mention can be told from a message, so sockets wait for this;
	 * but commands and buttons work even with a bot token that does not. */
	if (r->verdict == SLACK_OK) {
		snprintf(s->bot_user, sizeof(s->bot_user), "%s", json_in_str(r->body, "user_id"));
		snprintf(s->bot_id, sizeof(s->bot_id), "%s", json_in_str(r->body, "bot_id"));
		snprintf(s->team, sizeof(s->team), "%s", json_in_str(r->body, "team"));
		s->known = true;
		log_write(LOG_INFO, "slack", NULL, "known to slack", "user", s->bot_user, "team", s->team,
			NULL);
		open_sockets(s);
		tell_state(s);
		return;
	}
	open_sockets(s);
	s->auth_wait_ms = s->auth_wait_ms ? s->auth_wait_ms * 2 : AUTH_RETRY_MIN_MS;
	if (s->auth_wait_ms > AUTH_RETRY_MAX_MS)
		s->auth_wait_ms = AUTH_RETRY_MAX_MS;
	if (!r->token_trouble && r->retry_after_ms > s->auth_wait_ms &&
	    r->retry_after_ms < AUTH_RETRY_MAX_MS)
		s->auth_wait_ms = r->retry_after_ms;
	uv_timer_start(&s->auth_timer, on_auth_timer, (uint64_t)s->auth_wait_ms, 0);
}

static void auth_call(struct slack *s)
{
	struct slack_call c = { .method = "auth.test", .body = "", .form = true, .urgent = true,
		.timeout_ms = 5000 };

	if (!slack_api_call(s->api, &c, on_auth, s))
		uv_timer_start(&s->auth_timer, on_auth_timer, AUTH_RETRY_MIN_MS, 0);
}

/* ---- acknowledgements ---- */

static void on_http_timer(uv_timer_t *timer);

static void http_answer(struct slack *s, uint64_t id, int status, const char *type,
	const char *body, size_t len)
{
	struct http_visit *v;

	for (v = s->visits; v && v->id != id; v = v->next)
		;
	if (!v || v->ready)
		return; /* the asker went away */
	v->ready = true;
	v->status = status;
	v->type = type;
	v->body = malloc(len + 1);
	if (v->body && len)
		memcpy(v->body, body, len);
	v->body_len = v->body ? len : 0;
	uv_timer_start(&s->http_timer, on_http_timer, 0, 0);
}

static void ack(void *ud, uint64_t to, const char *envelope_id, const char *payload, size_t len)
{
	struct slack *s = ud;
	struct json_out j;
	struct buf b;

	s->acknowledged++;
	if (to & HTTP_ID) {
		http_answer(s, to, 200, payload ? "application/json; charset=utf-8" : "text/plain",
			payload ? payload : "", len);
		return;
	}
	if (!s->sockets)
		return;
	buf_init(&b, len + 1024);
	json_out_init(&j, &b);
	json_out_object(&j, NULL);
	json_out_str(&j, "envelope_id", envelope_id);
	if (payload)
		json_out_raw(&j, "payload", payload, len);
	json_out_object_end(&j);
	if (!b.failed)
		slack_sockets_ack(s->sockets, to, b.data, b.len);
	buf_release(&b);
}

static void drop(void *ud, uint64_t to, const char *envelope_id)
{
	(void)envelope_id;
	if (to & HTTP_ID) /* Slack repeats what was not answered with 200 */
		http_answer(ud, to, 503, "text/plain", "", 0);
}

/* ---- signed HTTP requests ---- */

static void on_http_timer(uv_timer_t *timer)
{
	struct slack *s = timer->data;
	struct http_visit **link = &s->visits;

	while (*link) {
		struct http_visit *v = *link;

		if (!v->ready) {
			link = &v->next;
			continue;
		}
		*link = v->next;
		v->fn(v->ud, v->status, v->type, v->body ? v->body : "", v->body_len);
		free(v->body);
		free(v);
		link = &s->visits; /* fn may have changed the list */
	}
}

static void http_take(struct slack *s, uint64_t id, const struct slack_http_request *req)
{
	struct arena *a = arena_new(ARENA_LIMIT);
	struct slack_in in;
	struct err err = { 0 };

	if (!a || setjmp(*arena_recovery(a))) {
		arena_free(a);
		http_answer(s, id, 503, "text/plain", "", 0);
		return;
	}
	if (slack_in_body(a, req->body, req->body_len, slack_body_kind(req->content_type), &s->me, &in,
		    &err) < 0) {
		log_write(LOG_WARN, "slack", NULL, "request cannot be read", "why", err.text, NULL);
		arena_free(a);
		http_answer(s, id, err.code == ERR_LIMIT ? 413 : 400, "text/plain", "", 0);
		return;
	}
	arena_recovery_clear(a);
	if (in.kind == SLACK_IN_CHALLENGE) {
		http_answer(s, id, 200, "text/plain", in.challenge, strlen(in.challenge));
		arena_free(a);
		return;
	}
	slack_intake_take(s->intake, id, a, &in);
}

uint64_t slack_http_receive(struct slack *s, const struct slack_http_request *req,
	slack_http_fn fn, void *ud)
{
	struct http_visit *v = calloc(1, sizeof(*v));

	if (!v)
		return 0;
	v->id = HTTP_ID | ++s->last_http_id;
	v->fn = fn;
	v->ud = ud;
	v->next = s->visits;
	s->visits = v;
	if (!slack_signature_ok(s->signing_secret, req->timestamp, req->signature, req->body,
		    req->body_len, clock_wall_ms() / 1000)) {
		log_write(LOG_WARN, "slack", NULL, "request with a bad signature", NULL);
		http_answer(s, v->id, 401, "text/plain", "", 0);
	} else {
		http_take(s, v->id, req);
	}
	return v->id;
}

void slack_http_forget(struct slack *s, uint64_t id)
{
	struct http_visit **link, *v;

	for (link = &s->visits; (v = *link); link = &v->next)
		if (v->id == id) {
			*link = v->next;
			free(v->body);
			free(v);
			return;
		}
}

/* ---- life ---- */

static bool options_ok(const struct slack_options *o, struct err *err)
{
	if (strncmp(o->bot_token, "xoxb-", 5) && strncmp(o->bot_token, "xoxe.xoxb-", 10)) {
		err_set(err, ERR_CONFIG, "%s", strncmp(o->bot_token, "xapp-", 5) ?
			"SLACK_BOT_TOKEN is no bot token: it begins with xoxb-" :
			"SLACK_BOT_TOKEN is an app-level token (xapp-): the two tokens are swapped");
		return false;
	}
	if (*o->app_token && strncmp(o->app_token, "xapp-", 5)) {
		err_set(err, ERR_CONFIG, "SLACK_APP_TOKEN is no app-level token: it begins with xapp-");
		return false;
	}
	if (!*o->app_token && !*o->signing_secret) {
		err_set(err, ERR_CONFIG,
			"SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP) is needed");
		return false;
	}
	if (*o->app_token && !o->lws) {
		err_set(err, ERR_BUG, "Socket Mode needs the lws context");
		return false;
	}
	return true;
}

static void slack_free(struct slack *s)
{
	free(s->app_token);
	free(s->signing_secret);
	free(s);
}

static int parts_new(struct slack *s, const struct slack_options *o, struct err *err)
{
	const char *base = o->api_url && *o->api_url ? o->api_url : SLACK_API_URL_DEFAULT;
	struct slack_intake_options in = { .tasks = o->tasks, .words = o->words, .words_ud = o->ud,
		.ack = ack, .drop = drop, .ud = s };
	struct slack_sender_options out = { .loop = o->loop, .me = &s->me, .words = o->words,
		.words_ud = o->ud };

	s->plain = !strncasecmp(base, "http://", 7);
	s->api = slack_api_new(o->loop, o->http, base, o->bot_token, err);
	if (!s->api)
		return -1;
	slack_api_on_trouble(s->api, on_token_trouble, s);
	in.api = out.api = s->api;
	s->intake = slack_intake_new(&in);
	s->sender = s->intake ? slack_sender_new(&out) : NULL;
	if (s->sender)
		return 0;
	slack_intake_free(s->intake);
	slack_api_close(s->api);
	return err_set(err, ERR_MEMORY, "out of memory");
}

struct slack *slack_start(const struct slack_options *o, struct err *err)
{
	struct slack *s;

	if (!options_ok(o, err))
		return NULL;
	s = calloc(1, sizeof(*s));
	if (s) {
		s->app_token = strdup(o->app_token);
		s->signing_secret = strdup(o->signing_secret);
	}
	if (!s || !s->app_token || !s->signing_secret) {
		err_set(err, ERR_MEMORY, "out of memory");
		if (s)
			slack_free(s);
		return NULL;
	}
	s->o = *o;
	s->me = (struct slack_identity){ s->bot_user, s->bot_id, s->app_id, is_family };
	if (parts_new(s, o, err) < 0) {
		slack_free(s);
		return NULL;
	}
	uv_timer_init(o->loop, &s->auth_timer);
	uv_timer_init(o->loop, &s->http_timer);
	s->auth_timer.data = s->http_timer.data = s;
	s->handles = 2;
	auth_call(s);
	return s;
}

struct sender *slack_sender(struct slack *s)
{
	return slack_sender_face(s->sender);
}

void slack_stop(struct slack *s)
{
	slack_intake_stop(s->intake);
}

size_t slack_in_flight(const struct slack *s)
{
	const struct http_visit *v;
	size_t n = slack_intake_in_flight(s->intake) + slack_api_in_flight(s->api);

	if (s->sockets)
		n += slack_sockets_unwritten(s->sockets);
	for (v = s->visits; v; v = v->next)
		n += v->ready;
	return n;
}

static void on_handle_closed(uv_handle_t *h)
{
	struct slack *s = h->data;

	if (--s->handles == 0)
		slack_free(s);
}

void slack_close(struct slack *s)
{
	if (!s || s->closing)
		return;
	s->closing = true;
	slack_sender_close(s->sender);
	if (s->sockets)
		slack_sockets_close(s->sockets);
	s->sockets = NULL;
	slack_intake_free(s->intake);
	slack_api_close(s->api);
	while (s->visits)
		slack_http_forget(s, s->visits->id);
	uv_close((uv_handle_t *)&s->auth_timer, on_handle_closed);
	uv_close((uv_handle_t *)&s->http_timer, on_handle_closed);
}

void slack_stats(const struct slack *s, struct slack_stats *out)
{
	*out = (struct slack_stats){
		.sockets_wanted = !*s->app_token ? 0 : s->o.sockets ? s->o.sockets : 2,
		.degraded = *s->token_problem || *s->socket_problem,
		.problem = *s->token_problem ? s->token_problem : s->socket_problem,
		.envelopes = slack_intake_taken(s->intake),
		.acknowledged = s->acknowledged,
		.late = slack_intake_late(s->intake),
		.calls = slack_api_calls(s->api),
		.calls_limited = slack_api_limited(s->api),
		.calls_waiting = slack_api_waiting(s->api),
		.bot_user = s->bot_user,
		.team = s->team,
	};
	if (s->sockets) {
		out->sockets_live = slack_sockets_live(s->sockets);
		out->foreign_sockets = slack_sockets_foreign(s->sockets);
		out->reconnects = slack_sockets_reconnects(s->sockets);
	}
}
