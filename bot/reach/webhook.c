/*
 * webhook.c - op "webhook": a signed call of a connection (Standard Webhooks 1.0.0).
 *
 * Thin events, signed over id, time and the very bytes that are sent (`secret` in the plan). Redirects are not followed,
 * and an address inside our own network is called only when the plan itself names one.
 */
#include <inttypes.h>
#include <string.h>

#include "bot/clock.h"
#include "bot/reach/attempt.h"
#include "bot/reach/webhook_body.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/plan.h"

#define TEXT_UNITS 4000

void webhook_begin(struct attempt *a, const struct outgoing *o)
{
	const struct plan_connection *conn = plan_connection(o->plan, o->send->via);
	const char *id = webhook_id(a->arena, o->send->key), *signature, *headers[5];
	int64_t now_s = clock_wall_ms() / 1000; /* of the attempt, and real: receivers compare it */
	struct http_request req = {.method = "POST", .headers = headers};
	struct err err = {0};
	struct buf body;

	if (!conn || conn->kind != PLAN_CONN_WEBHOOK || !conn->url) {
		attempt_settle(a, SENT_REFUSED, "no_such_connection",
			"the plan has no webhook connection of this name with a url");
		return;
	}
	buf_init_arena(&body, a->arena, 1u << 20);
	if (webhook_body(&body, a->arena, *o->send->arg ? o->send->arg : "tocsin.event", o->created_ms,
		*o->send->data ? o->send->data : "{}", attempt_text(a, o, TEXT_UNITS), &err) < 0) {
		attempt_settle(a, SENT_REFUSED, "bad_entry", arena_strdup(a->arena, err.text));
		return;
	}
	headers[0] = "Content-Type: application/json";
	headers[1] = arena_printf(a->arena, "webhook-id: %s", id);
	headers[2] = arena_printf(a->arena, "webhook-timestamp: %" PRId64, now_s);
	headers[3] = headers[4] = NULL; /* a connection without a secret is called unsigned */
	if (conn->secret) {
		signature = webhook_sign(a->arena, conn->secret, id, now_s, body.data, body.len, &err);
		if (!signature) {
			attempt_settle(a, SENT_REFUSED, "bad_secret", arena_strdup(a->arena, err.text));
			return;
		}
		headers[3] = arena_printf(a->arena, "webhook-signature: %s", signature);
	}
	req.url = conn->url;
	req.body = body.data;
	req.body_len = body.len;
	req.allow_http = conn->private_ok;
	req.refuse_private = !conn->private_ok;
	attempt_send(a, &req, attempt_judge_http);
}
