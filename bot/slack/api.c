/*
 * api.c - see api.h.
 *
 * Two queues, urgent and chat, in order of arrival. pump() starts what the limiter lets through
 * and sets the timer for the rest. A call is in exactly one of: a queue, or `flying`.
 */
#include "bot/slack/api.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bot/clock.h"
#include "bot/http_client.h"
#include "bot/log.h"
#include "bot/metrics.h"
#include "bot/net_address.h"
#include "bot/sign.h"
#include "bot/slack/api_error.h"
#include "bot/slack/limiter.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/json_in.h"

#define RETRY_AFTER_DEFAULT_MS 30000
#define RETRY_AFTER_MAX_MS (10 * 60 * 1000)
#define URGENT_PATIENCE_MS 2000
#define ANSWER_MAX ((size_t)8 * 1024 * 1024) /* 200 messages of a history, blocks and all */

struct call {
	struct call *next, **link;
	struct slack_api *api;
	uint64_t id;
	unsigned long http_id;
	char *method, *url, *token, *channel, *body, *trace;
	size_t body_len;
	bool form, urgent, to_url, own_token;
	long timeout_ms;
	const int64_t *leased_until;
	slack_reply_fn fn;
	void *ud;
};

struct queue {
	struct call *first, **end;
	size_t n;
};

struct slack_api {
	uv_loop_t *loop;
	struct http_client *http;
	struct slack_limiter *limiter;
	char *base;
	char *token;
	uv_timer_t timer;
	struct queue urgent, chat, flying;
	size_t flying_chat;
	uint64_t last_id;
	uint64_t calls, limited;
	uint32_t jitter;
	bool in_trouble;
	bool again; /* something was queued while pump() ran */
	void (*trouble)(void *ud, const char *error);
	void *trouble_ud;
	bool closing;
};

static void pump(struct slack_api *api);

/* ---- queues ---- */

static void queue_init(struct queue *q)
{
	q->first = NULL;
	q->end = &q->first;
	q->n = 0;
}

static void queue_push(struct queue *q, struct call *c)
{
	c->next = NULL;
	c->link = q->end;
	*q->end = c;
	q->end = &c->next;
	q->n++;
}

static void queue_take(struct queue *q, struct call *c)
{
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	else
		q->end = c->link;
	q->n--;
}

static void call_free(struct call *c)
{
	if (!c)
		return;
	free(c->method);
	free(c->url);
	free(c->token);
	free(c->channel);
	free(c->body);
	free(c->trace);
	free(c);
}

static char *copy(const char *s)
{
	return strdup(s ? s : "");
}

static struct call *call_new(struct slack_api *api, const struct slack_call *s)
{
	struct call *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->api = api;
	c->to_url = s->url != NULL;
	c->own_token = s->token != NULL;
	c->method = copy(s->method);
	c->token = copy(s->token ? s->token : api->token);
	c->channel = copy(s->channel);
	c->trace = s->trace ? strdup(s->trace) : NULL;
	c->body_len = s->body_len;
	c->body = malloc(s->body_len + 1);
	if (c->to_url)
		c->url = copy(s->url);
	else if (asprintf(&c->url, "%s%s", api->base, s->method) < 0)
		c->url = NULL;
	if (!c->method || !c->token || !c->channel || !c->body || !c->url) {
		call_free(c);
		return NULL;
	}
	if (s->body_len)
		memcpy(c->body, s->body, s->body_len);
	c->form = s->form;
	c->urgent = s->urgent;
	c->timeout_ms = s->timeout_ms;
	c->leased_until = s->leased_until;
	return c;
}

/* ---- answers ---- */

static void call_done(struct call *c, const struct slack_reply *r)
{
	slack_reply_fn fn = c->fn;
	void *ud = c->ud;
	struct slack_api *api = c->api;

	static const enum metric_slack as[] = {
		[SLACK_OK] = METRIC_SLACK_OK, [SLACK_REFUSED] = METRIC_SLACK_ERROR,
		[SLACK_LATER] = METRIC_SLACK_ERROR, [SLACK_UNSURE] = METRIC_SLACK_LOST,
	};
	bool limited = r->status == 429 || !strcmp(r->error, "ratelimited") ||
		!strcmp(r->error, "rate_limited");

	if (strcmp(r->error, SLACK_QUEUED) != 0) /* that one never left */
		metrics_inc1(METRIC_SLACK_CALLS, limited ? METRIC_SLACK_LIMITED : as[r->verdict]);
	if (!c->to_url && !c->own_token && api->in_trouble != r->token_trouble &&
	    (r->token_trouble || r->verdict == SLACK_OK)) {
		api->in_trouble = r->token_trouble;
		if (api->trouble)
			api->trouble(api->trouble_ud, r->token_trouble ? r->error : "");
	}
	if (r->verdict != SLACK_OK && !slack_error_is_success(r->error) &&
	    strcmp(r->error, SLACK_QUEUED) != 0)
		log_write(r->verdict == SLACK_LATER && limited ? LOG_INFO : LOG_WARN, "slack", c->trace,
			"call was not taken", "method", c->method, "error", r->error, "detail",
			*r->detail ? r->detail : NULL, "advice",
			*slack_error_advice(r->error) ? slack_error_advice(r->error) : NULL, NULL);
	if (fn)
		fn(ud, r);
	call_free(c);
}

static void join_strings(struct buf *b, const json_t *list)
{
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		const char *s = json_string_value(json_array_get(list, i));

		if (s)
			buf_printf(b, "%s%s", b->len ? "; " : "", s);
	}
	if (b->failed) /* too much of it: what fitted is enough */
		b->failed = false;
}

/* "ok": false to a verdict. */
static void judge_code(struct slack_reply *r, bool urgent)
{
	switch (slack_error_class(r->error)) {
	case SLACK_ERROR_AMBIGUOUS:
		r->verdict = SLACK_UNSURE;
		break;
	case SLACK_ERROR_LATER:
		r->verdict = SLACK_LATER;
		break;
	case SLACK_ERROR_TOKEN:
		/* A page must not wait until somebody has mended a token; talk may. */
		r->verdict = urgent ? SLACK_REFUSED : SLACK_LATER;
		r->token_trouble = true;
		if (r->retry_after_ms < 0)
			r->retry_after_ms = RETRY_AFTER_DEFAULT_MS;
		break;
	case SLACK_ERROR_DEFINITE:
		r->verdict = SLACK_REFUSED;
		break;
	}
}

static void judge_body(struct slack_reply *r, const json_t *body, struct buf *detail,
	struct buf *messages, bool urgent)
{
	const char *needed = json_in_str(body, "needed");

	r->body = body;
	if (json_in_bool(body, "ok")) {
		r->verdict = SLACK_OK;
		return;
	}
	r->error = json_in_str(body, "error");
	if (!*r->error)
		r->error = "unknown_error";
	join_strings(messages, json_in_get(json_in_get(body, "response_metadata"), "messages"));
	if (*needed)
		buf_printf(detail, "needed %s, provided %s", needed, json_in_str(body, "provided"));
	else
		buf_add(detail, messages->data ? messages->data : "", messages->len);
	judge_code(r, urgent);
}

static void judge_status(struct slack_reply *r, char *code, size_t size)
{
	snprintf(code, size, "http_%d", r->status);
	r->error = code;
	if (r->status == 429) {
		r->error = "ratelimited";
		r->verdict = SLACK_LATER;
	} else if (r->status >= 500 || r->status == 408) {
		r->verdict = SLACK_UNSURE;
	} else if (r->status >= 200 && r->status < 300) {
		r->error = "malformed_answer";
		r->verdict = SLACK_UNSURE;
	} else {
		r->verdict = SLACK_REFUSED;
	}
}

/* 429, or the same as a code: this bucket stands still for a while. */
static void hold(struct call *c, struct slack_reply *r)
{
	struct slack_api *api = c->api;
	uint32_t x = api->jitter;

	if (r->verdict != SLACK_LATER || r->token_trouble || c->to_url)
		return;
	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	api->jitter = x;
	if (r->retry_after_ms < 0)
		r->retry_after_ms = RETRY_AFTER_DEFAULT_MS;
	if (r->retry_after_ms > RETRY_AFTER_MAX_MS)
		r->retry_after_ms = RETRY_AFTER_MAX_MS;
	r->retry_after_ms += x % 1000;
	api->limited++;
	slack_limiter_stop(api->limiter, c->method, c->channel, c->urgent, clock_monotonic_ms(),
		clock_monotonic_ms() + r->retry_after_ms);
}

static void on_http_answer(void *ud, const struct http_answer *a)
{
	struct call *c = ud;
	struct slack_api *api = c->api;
	struct slack_reply r = { .error = "", .detail = "", .messages = "",
		.retry_after_ms = a->retry_after_ms, .scopes = a->scopes, .date_s = a->date_s,
		.status = (int)a->status };
	struct buf detail, messages;
	json_t *body = NULL;
	char code[24];

	queue_take(&api->flying, c);
	if (!c->urgent)
		api->flying_chat--;
	buf_init(&detail, 1024);
	buf_init(&messages, 900);
	if (a->fate != HTTP_ANSWERED) {
		r.verdict = a->fate == HTTP_NOT_SENT ? SLACK_LATER : SLACK_UNSURE;
		r.error = a->fate == HTTP_NOT_SENT ? "not_sent" : "lost";
		buf_str(&detail, a->error);
		r.retry_after_ms = -1;
	} else {
		if (!a->too_large)
			body = json_loadb(a->body, a->body_len, JSON_ALLOW_NUL, NULL);
		if (c->to_url && a->status >= 200 && a->status < 300)
			r.verdict = SLACK_OK; /* the body is not worth reading */
		else if (json_is_object(body) && a->status == 200)
			judge_body(&r, body, &detail, &messages, c->urgent);
		else
			judge_status(&r, code, sizeof(code));
		hold(c, &r);
	}
	r.detail = buf_text(&detail);
	r.messages = buf_text(&messages);
	call_done(c, &r);
	json_decref(body);
	buf_release(&detail);
	buf_release(&messages);
	if (!api->closing)
		pump(api);
}

/* ---- sending ---- */

static void answer_waiting(struct call *c, const char *error, int64_t wait_ms)
{
	struct slack_reply r = { .verdict = SLACK_LATER, .error = error, .detail = "", .messages = "",
		.scopes = "", .retry_after_ms = wait_ms };

	call_done(c, &r);
}

/* False: it could not be sent, and its callback has run: the queues may look different now. */
static bool start(struct call *c)
{
	struct slack_api *api = c->api;
	char *authorization = NULL;
	const char *headers[3] = {
		c->form ? "Content-Type: application/x-www-form-urlencoded" :
			  "Content-Type: application/json; charset=utf-8",
	};
	struct http_request req = { .method = "POST", .url = c->url, .headers = headers,
		.body = c->body, .body_len = c->body_len, .timeout_ms = c->timeout_ms,
		.answer_max = ANSWER_MAX,
		/* A response_url comes from Slack: as plain as the base is. */
		.allow_http = !strncasecmp(api->base, "http://", 7) };

	/* It may have waited here for long: a process that stood still must not do now what another
	 * one has done meanwhile. */
	if (c->leased_until && clock_lease_ms() >= *c->leased_until) {
		answer_waiting(c, "not_ours", 0);
		return false;
	}
	if (!c->to_url) {
		if (asprintf(&authorization, "Authorization: Bearer %s", c->token) < 0) {
			answer_waiting(c, "not_sent", -1);
			return false;
		}
		headers[1] = authorization;
	}
	c->http_id = http_client_send(api->http, &req, on_http_answer, c, NULL);
	free(authorization);
	if (!c->http_id) {
		answer_waiting(c, "not_sent", 1000);
		return false;
	}
	api->calls++;
	queue_push(&api->flying, c);
	if (!c->urgent)
		api->flying_chat++;
	return true;
}

static void on_timer(uv_timer_t *timer)
{
	pump(timer->data);
}

/* When a call's turn will come, counting those who wait before it in its channel. */
static int64_t turn_ms(const struct queue *q, const struct call *c, int64_t wait)
{
	const struct call *other;

	for (other = q->first; *c->channel && other != c; other = other->next)
		if (!strcmp(other->channel, c->channel))
			wait += SLACK_CHANNEL_MS;
	return wait;
}

/* Starts what may go from one queue; returns in how many ms the next one may, -1: none waits. */
static int64_t pump_queue(struct slack_api *api, struct queue *q, int64_t now)
{
	struct call *c, *next;
	int64_t soonest = -1;

	for (c = q->first; c && !api->closing; c = next) {
		bool stopped = false;
		int64_t wait = c->to_url ? 0 : slack_limiter_wait(api->limiter, c->method, c->channel,
			c->urgent, now, &stopped);

		next = c->next;
		if (wait == 0) {
			if (api->flying.n >= SLACK_FLIGHT_MAX ||
			    (!c->urgent && api->flying_chat >= SLACK_FLIGHT_CHAT_MAX))
				break; /* on_http_answer() comes back here */
			queue_take(q, c);
			if (!c->to_url)
				slack_limiter_take(api->limiter, c->method, c->channel, now);
			if (!start(c))
				next = q->first;
		} else if (c->urgent && turn_ms(q, c, wait) > URGENT_PATIENCE_MS) {
			wait = turn_ms(q, c, wait);
			queue_take(q, c);
			answer_waiting(c, stopped ? "ratelimited" : SLACK_QUEUED, wait);
			next = q->first;
		} else if (soonest < 0 || wait < soonest) {
			soonest = wait;
		}
	}
	return soonest;
}

static void pump(struct slack_api *api)
{
	int64_t now = clock_monotonic_ms();
	int64_t soonest, other;

	api->again = false;
	soonest = pump_queue(api, &api->urgent, now);
	if (api->closing)
		return;
	other = pump_queue(api, &api->chat, now);
	if (api->closing)
		return;
	if (soonest < 0 || (other >= 0 && other < soonest))
		soonest = other;
	if (api->again)
		soonest = 0;
	if (soonest >= 0)
		uv_timer_start(&api->timer, on_timer, (uint64_t)soonest, 0);
}

uint64_t slack_api_call(struct slack_api *api, const struct slack_call *call, slack_reply_fn fn,
	void *ud)
{
	struct call *c;

	if (api->closing || api->urgent.n + api->chat.n >= SLACK_CALLS_MAX ||
	    (!call->urgent && api->chat.n >= SLACK_CALLS_CHAT_MAX))
		return 0;
	c = call_new(api, call);
	if (!c)
		return 0;
	c->id = ++api->last_id;
	c->fn = fn;
	c->ud = ud;
	queue_push(c->urgent ? &api->urgent : &api->chat, c);
	api->again = true;
	/* In a later turn: the caller must not hear the answer inside this call. */
	uv_timer_start(&api->timer, on_timer, 0, 0);
	return c->id;
}

void slack_api_cancel(struct slack_api *api, uint64_t id)
{
	struct queue *const queues[] = { &api->urgent, &api->chat, &api->flying };
	struct call *c;
	size_t i;

	for (i = 0; i < 3; i++)
		for (c = queues[i]->first; c; c = c->next)
			if (c->id == id) {
				c->fn = NULL;
				c->leased_until = NULL;
				if (queues[i] != &api->flying) {
					queue_take(queues[i], c);
					call_free(c);
				}
				return;
			}
}

/* ---- life ---- */

static bool base_ok(const char *base, struct err *err)
{
	char host[256];
	const char *p = base + 7, *end;

	if (!strncasecmp(base, "https://", 8) && base[8] && !strpbrk(base, " \t\r\n"))
		return true;
	if (strncasecmp(base, "http://", 7) || strpbrk(base, " \t\r\n@")) {
		err_set(err, ERR_CONFIG, "SLACK_API_URL: an https:// address is wanted");
		return false;
	}
	end = *p == '[' ? strchr(p, ']') : NULL;
	end = end ? end + 1 : p + strcspn(p, ":/");
	if ((size_t)(end - p) >= sizeof(host))
		end = p;
	memcpy(host, p, (size_t)(end - p));
	host[end - p] = '\0';
	if (net_host_loopback(host))
		return true;
	err_set(err, ERR_CONFIG,
		"SLACK_API_URL: plain http:// would send the token in the open; use https://");
	return false;
}

struct slack_api *slack_api_new(uv_loop_t *loop, struct http_client *http, const char *base_url,
	const char *bot_token, struct err *err)
{
	struct slack_api *api;
	size_t n = strlen(base_url);

	if (!base_ok(base_url, err))
		return NULL;
	api = calloc(1, sizeof(*api));
	if (!api)
		goto fail;
	if (asprintf(&api->base, "%s%s", base_url, n && base_url[n - 1] == '/' ? "" : "/") < 0)
		api->base = NULL;
	api->token = strdup(bot_token);
	api->limiter = slack_limiter_new();
	if (!api->base || !api->token || !api->limiter)
		goto fail;
	api->loop = loop;
	api->http = http;
	queue_init(&api->urgent);
	queue_init(&api->chat);
	queue_init(&api->flying);
	if (random_bytes(&api->jitter, sizeof(api->jitter)) < 0 || !api->jitter)
		api->jitter = 1;
	uv_timer_init(loop, &api->timer);
	api->timer.data = api;
	return api;
fail:
	if (api) {
		free(api->base);
		free(api->token);
		slack_limiter_free(api->limiter);
		free(api);
	}
	err_set(err, ERR_MEMORY, "out of memory");
	return NULL;
}

static void on_closed(uv_handle_t *h)
{
	struct slack_api *api = h->data;

	free(api->base);
	free(api->token);
	slack_limiter_free(api->limiter);
	free(api);
}

void slack_api_close(struct slack_api *api)
{
	struct queue *const queues[] = { &api->urgent, &api->chat, &api->flying };
	size_t i;

	if (api->closing)
		return;
	api->closing = true;
	for (i = 0; i < 3; i++)
		while (queues[i]->first) {
			struct call *c = queues[i]->first;

			queue_take(queues[i], c);
			if (queues[i] == &api->flying)
				http_client_cancel(api->http, c->http_id);
			call_free(c);
		}
	uv_close((uv_handle_t *)&api->timer, on_closed);
}

void slack_api_on_trouble(struct slack_api *api, void (*fn)(void *ud, const char *error), void *ud)
{
	api->trouble = fn;
	api->trouble_ud = ud;
}

size_t slack_api_waiting(const struct slack_api *api)
{
	return api->urgent.n + api->chat.n;
}

size_t slack_api_in_flight(const struct slack_api *api)
{
	return api->flying.n;
}

uint64_t slack_api_calls(const struct slack_api *api)
{
	return api->calls;
}

uint64_t slack_api_limited(const struct slack_api *api)
{
	return api->limited;
}
