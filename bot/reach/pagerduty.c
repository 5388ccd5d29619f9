/*
 * pagerduty.c - op "pagerduty": an event for PagerDuty's Events API v2.
 *
 * The routing key in the body is the credential. dedup_key makes repeats safe: a second trigger
 * adds to the open alert and rings nobody again. 202 means taken, not that somebody was rung.
 */
#include <jansson.h>
#include <string.h>

#include "bot/reach/attempt.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/json_in.h"
#include "tocsin/json_out.h"
#include "tocsin/plan.h"
#include "tocsin/utf8.h"

#define SUMMARY_UNITS 1024 /* characters, theirs */
#define DEDUP_KEY_MAX 255
#define EVENT_MAX ((size_t)512 * 1024)
#define DETAIL_UNITS 4096

static bool is_action(const char *s)
{
	return strcmp(s, "trigger") == 0 || strcmp(s, "acknowledge") == 0 || strcmp(s, "resolve") == 0;
}

static const char *severity_of(const json_t *data)
{
	static const char *const words[] = {"critical", "error", "warning", "info"};
	const char *s = json_in_str(data, "pager_severity");
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(s, words[i]) == 0)
			return words[i];
	return "critical"; /* a page that says nothing of itself is meant to ring */
}

/* One line of text for the pager's list; what the template says in further lines goes to details. */
static const char *summary_of(struct attempt *a, const char *text, const json_t *data)
{
	size_t len;

	if (*text == '\0' || *text == '\n')
		text = arena_printf(a->arena, "%s %s", json_in_str(data, "id"), json_in_str(data, "title"));
	len = strcspn(text, "\n");
	return arena_strndup(a->arena, text, utf16_prefix(text, len, SUMMARY_UNITS));
}

/* The data's plain texts, for whoever opens the alert. */
static void put_details(struct json_out *j, json_t *data, const char *text)
{
	const char *key, *s;
	json_t *value;

	json_out_object(j, "custom_details");
	if (*text)
		json_out_strn(j, "text", text, utf16_prefix(text, strlen(text), DETAIL_UNITS));
	json_object_foreach(data, key, value) {
		s = json_string_value(value);
		if (s && *s && strcmp(key, "text") != 0 && strcmp(key, "dedup_key") != 0)
			json_out_strn(j, key, s, utf16_prefix(s, strlen(s), DETAIL_UNITS));
	}
	json_out_object_end(j);
}

static void put_payload(struct json_out *j, struct attempt *a, json_t *data, const char *text)
{
	json_out_object(j, "payload");
	json_out_str(j, "summary", summary_of(a, text, data));
	json_out_str(j, "source", "tocsin");
	json_out_str(j, "severity", severity_of(data));
	put_details(j, data, text);
	json_out_object_end(j);
}

static void put_event(struct buf *b, struct attempt *a, const struct outgoing *o,
	const struct plan_connection *conn, json_t *data, const char *text)
{
	const char *dedup = json_in_str(data, "dedup_key"), *url = json_in_str(data, "url");
	struct json_out j;

	json_out_init(&j, b);
	json_out_object(&j, NULL);
	json_out_str(&j, "routing_key", conn->routing_key);
	json_out_str(&j, "event_action", o->send->arg);
	json_out_strn(&j, "dedup_key", *dedup ? dedup : o->send->entity,
		utf16_prefix(*dedup ? dedup : o->send->entity,
			strlen(*dedup ? dedup : o->send->entity), DEDUP_KEY_MAX));
	if (strcmp(o->send->arg, "trigger") == 0) {
		json_out_str(&j, "client", "tocsin");
		if (*url)
			json_out_str(&j, "client_url", url);
		put_payload(&j, a, data, text);
	}
	json_out_object_end(&j);
}

void pagerduty_begin(struct attempt *a, const struct outgoing *o)
{
	static const char *const headers[] = {"Content-Type: application/json", NULL};
	const struct plan_connection *conn = plan_connection(o->plan, o->send->via);
	struct http_request req = {.method = "POST", .headers = headers};
	json_t *data = json_in_load(a->arena, o->send->data, strlen(o->send->data));
	const char *text = attempt_text(a, o, DETAIL_UNITS);
	struct buf body;

	if (!conn || conn->kind != PLAN_CONN_PAGERDUTY || !conn->routing_key) {
		attempt_settle(a, SENT_REFUSED, "no_such_connection",
			"the plan has no PagerDuty connection of this name with a routing_key");
		return;
	}
	if (!data || !is_action(o->send->arg)) {
		attempt_settle(a, SENT_REFUSED, "bad_entry", "the entry is no PagerDuty event");
		return;
	}
	buf_init_arena(&body, a->arena, EVENT_MAX);
	put_event(&body, a, o, conn, data, text ? text : ""); /* without words it still rings */
	if (body.failed) {
		attempt_settle(a, SENT_REFUSED, "too_large", "the event is larger than 512 KB");
		return;
	}
	req.url = conn->url ? conn->url : PAGERDUTY_URL;
	req.body = body.data;
	req.body_len = body.len;
	req.allow_http = conn->private_ok;
	req.refuse_private = !conn->private_ok;
	attempt_send(a, &req, attempt_judge_http);
}
