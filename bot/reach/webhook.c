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
#include "tocsin/render.h"

/* The template as plain text; NULL without one. */
static const char *render(struct attempt *a, const struct outgoing *o)
{
	const struct words *words = a->reach->o.words(a->reach->o.ud);
	struct render_options ro = {.no_buttons = true, .max_units = 4000};
	struct resolver who;
	struct message *m = NULL;
	struct buf text;

	if (*o->send->template_name)
		m = words_message(words, a->arena, o->send->template_name, o->send->data, NULL);
	if (!m)
		return NULL;
	resolver_slack(&who, o->plan);
	ro.who = &who;
	ro.phrases = words_phrases(words);
	buf_init_arena(&text, a->arena, 65536);
	text_render(m, &ro, &text);
	return buf_text(&text);
}

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
		*o->send->data ? o->send->data : "{}", render(a, o), &err) < 0) {
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
