/*
 * web_alerts.c - /alerts/SOURCE: a monitoring system reports.
 *
 * Who sends is checked before a byte of the body is read. Each alert becomes a request of its own,
 * and the handler knows what is no news in a repeated post. The sender hears 200 when all of them
 * are committed and 5xx only when it should send again.
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "bot/clock.h"
#include "bot/log.h"
#include "bot/reach/webhook_body.h"
#include "bot/sign.h"
#include "bot/tasks.h"
#include "bot/web/web_private.h"
#include "tocsin/alert_wire.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/json_out.h"
#include "tocsin/plan.h"
#include "tocsin/request.h"

#define PARSE_BYTES (64u << 20) /* a body of 1 MiB, its JSON tree, and room */
#define TASK_BYTES (8u << 20)

/* One post on its way: counts down to its answer. */
struct batch {
	struct web *web;
	uint64_t request;
	size_t pending, taken, refused, failed, broken;
	unsigned left_out;
};

static void reject(struct web *w, const struct web_request *req, int status, enum metric_reject why,
	const char *text)
{
	struct json_out j;
	struct buf b;

	metrics_inc1(METRIC_ALERTS_REJECTED, why);
	log_write(LOG_WARN, "web", NULL, "alerts refused", "source", req->rest, "from", req->peer, "status",
		log_int(status), "why", text, NULL);
	buf_init(&b, 4096);
	json_out_init(&j, &b);
	json_out_object(&j, NULL);
	json_out_str(&j, "status", "error");
	json_out_str(&j, "error", text);
	json_out_object_end(&j);
	web_answer_json(w, req->id, status, buf_text(&b), status == 401
		? "WWW-Authenticate: Bearer realm=\"tocsin\"\r\n" : status == 503 ? "Retry-After: 5\r\n" : NULL);
	buf_release(&b);
}

/* "Bearer TOKEN", or "Basic" with the token as its password, which some senders know only. */
static bool token_fits(const char *authorization, const char *token)
{
	unsigned char plain[1024];
	const char *colon;
	long n;

	if (strncasecmp(authorization, "Bearer ", 7) == 0) {
		authorization += 7 + strspn(authorization + 7, " ");
		return equal_constant_time(authorization, strlen(authorization), token, strlen(token));
	}
	if (strncasecmp(authorization, "Basic ", 6) != 0)
		return false;
	authorization += 6 + strspn(authorization + 6, " ");
	n = base64_decode(authorization, strlen(authorization), plain, sizeof(plain));
	colon = n > 0 ? memchr(plain, ':', (size_t)n) : NULL;
	if (!colon)
		return false;
	colon++;
	return equal_constant_time(colon, (size_t)((const char *)plain + n - colon), token, strlen(token));
}

static const char *header(const struct web_request *req, const char *name)
{
	const char *v = http_head_get(req->head, name);

	return v ? v : "";
}

/* 0, or the status to refuse with. A token of the form whsec_... means signed posts (Standard
 * Webhooks); any other is a bearer token. */
static int check_sender(const struct web_request *req, const struct plan_alert_source *source,
	struct arena *a)
{
	const char *authorization = header(req, "authorization");

	if (!source->token)
		return 0;
	if (strncmp(source->token, "whsec_", 6) == 0) {
		if (!*header(req, "webhook-signature"))
			return 401;
		return webhook_verify(a, source->token, header(req, "webhook-id"),
			header(req, "webhook-timestamp"), header(req, "webhook-signature"), req->body,
			req->body_len, clock_wall_ms() / 1000) ? 0 : 403;
	}
	if (!*authorization)
		return 401;
	return token_fits(authorization, source->token) ? 0 : 403;
}

static void batch_finish(struct batch *b)
{
	struct json_out j;
	struct buf text;
	int status = b->failed ? 503 : b->broken ? 500 : 200;

	if (status == 503)
		metrics_inc1(METRIC_ALERTS_REJECTED, METRIC_REJECT_UNAVAILABLE);
	buf_init(&text, 4096);
	json_out_init(&j, &text);
	json_out_object(&j, NULL);
	json_out_str(&j, "status", status == 200 ? "ok" : "error");
	json_out_int(&j, "alerts", (int64_t)(b->taken + b->refused));
	if (b->left_out)
		json_out_int(&j, "left_out", b->left_out);
	if (b->failed) {
		json_out_int(&j, "not_recorded", (int64_t)b->failed);
		json_out_str(&j, "error", "not everything could be recorded: send it again");
	} else if (b->broken) {
		json_out_str(&j, "error", "something broke; the log has the details");
	}
	json_out_object_end(&j);
	web_answer_json(b->web, b->request, status, buf_text(&text),
		status == 503 ? "Retry-After: 5\r\n" : NULL);
	buf_release(&text);
	web_done(b->web);
	free(b);
}

static void on_task_answer(void *ud, const struct answer *answer)
{
	struct batch *b = ud;

	switch (answer->kind) {
	case ANSWER_DONE:
		b->taken++;
		break;
	case ANSWER_REFUSED: /* by rule, for good: sending it again would change nothing */
		b->refused++;
		break;
	case ANSWER_NOT_RECORDED:
	case ANSWER_UNSURE: /* a repeat is harmless: it is known by its id */
	case ANSWER_BUSY:
		b->failed++;
		break;
	case ANSWER_BROKEN:
		b->broken++;
		break;
	}
	if (--b->pending == 0)
		batch_finish(b);
}

/* A text that is forgotten here would point into memory that is gone: who adds a member to struct
 * alert must copy it below. */
_Static_assert(sizeof(struct alert) == 11 * sizeof(char *), "alert_copy() copies every text");

static void alert_copy(struct arena *a, struct alert *to, const struct alert *from)
{
	*to = *from;
	to->source = arena_strdup(a, from->source);
	to->key = arena_strdup(a, from->key);
	to->episode = arena_strdup(a, from->episode);
	to->severity = arena_strdup(a, from->severity);
	to->title = arena_strdup(a, from->title);
	to->link = arena_strdup(a, from->link);
	to->service = arena_strdup(a, from->service);
	to->description = arena_strdup(a, from->description);
	to->group = arena_strdup(a, from->group);
}

/* One alert to one task. False when there is no memory. */
static bool submit(struct web *w, struct batch *b, const struct alert *from)
{
	struct arena *a = arena_new(TASK_BYTES);
	struct request *req;

	if (!a)
		return false;
	if (setjmp(*arena_recovery(a))) {
		arena_free(a);
		return false;
	}
	req = ARENA_NEW(a, struct request);
	request_init(req);
	req->kind = REQUEST_ALERT;
	req->source = SOURCE_SYSTEM;
	alert_copy(a, &req->alert, from);
	/* Each delivery counts: a sender that repeats itself means it, and what is no news the handler
	 * knows. Remembering the alert alone would swallow one that comes back within a day. */
	req->id = arena_printf(a, "%s:%llx:%llx", alert_wire_id(a, &req->alert),
		(unsigned long long)clock_wall_ms(), (unsigned long long)b->request);
	arena_recovery_clear(a);
	metrics_inc1(METRIC_ALERTS, from->firing ? METRIC_ALERT_FIRING : METRIC_ALERT_RESOLVED);
	tasks_submit(w->o.tasks, a, req, NULL, WEB_DEADLINE_MS, on_task_answer, b);
	return true;
}

static void take(struct web *w, const struct web_request *req, const struct alert_batch *alerts)
{
	struct batch *b = calloc(1, sizeof(*b));
	size_t i;

	if (!b) {
		reject(w, req, 503, METRIC_REJECT_UNAVAILABLE, "out of memory");
		return;
	}
	b->web = w;
	b->request = req->id;
	b->left_out = alerts->left_out;
	b->pending = 1; /* ours, until all are handed over */
	web_wait(w);
	for (i = 0; i < alerts->n; i++) {
		b->pending++;
		if (!submit(w, b, &alerts->items[i])) {
			b->pending--;
			b->failed++;
		}
	}
	if (--b->pending == 0)
		batch_finish(b);
}

static void receive(struct web *w, const struct web_request *req, const struct plan_alert_source *source,
	struct arena *a)
{
	struct alert_batch alerts;
	struct err err = {0};
	int status = check_sender(req, source, a);

	if (status) {
		reject(w, req, status, METRIC_REJECT_UNAUTHORIZED, status == 401
			? "send the source's token: Authorization: Bearer TOKEN"
			: "this is not the source's token or signature");
		return;
	}
	if (alert_wire_parse(a, source->kind, source->key, req->body, req->body_len, &alerts, &err) < 0) {
		reject(w, req, err.code == ERR_LIMIT ? 413 : 400, METRIC_REJECT_INVALID, err.text);
		return;
	}
	take(w, req, &alerts);
}

void web_alerts(void *ud, const struct web_request *req)
{
	struct web *w = ud;
	struct plan *plan = w->o.plan_take(w->o.ud);
	const struct plan_alert_source *source = plan_alert_source(plan, req->rest);
	struct arena *a = arena_new(PARSE_BYTES);

	if (!source) {
		reject(w, req, 404, METRIC_REJECT_UNKNOWN, "the plan has no alert source of this name");
	} else if (!a || setjmp(*arena_recovery(a))) {
		reject(w, req, 503, METRIC_REJECT_UNAVAILABLE, "out of memory");
	} else {
		receive(w, req, source, a);
		arena_recovery_clear(a);
	}
	arena_free(a);
	w->o.plan_give(w->o.ud, plan);
}
