/* admin.c - the admin API: one table of what can be asked. */
#include "admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "burst.h"
#include "delivery.h"
#include "fake.h"
#include "fault.h"
#include "http.h"
#include "limits.h"
#include "people.h"
#include "socket.h"
#include "waiter.h"
#include "workspace.h"

json_t *admin_counters(const struct fake *f)
{
	const struct counters *n = &f->count;
	const struct {
		const char *name;
		uint64_t value;
	} all[] = {
		{ "envelopes_sent", n->envelopes_sent }, { "acked", n->acked }, { "late", n->late },
		{ "unacked", n->unacked }, { "retried", n->retried }, { "lost", n->lost },
		{ "undelivered", n->undelivered }, { "unknown_acks", n->unknown_acks },
		{ "double_acks", n->double_acks }, { "api_calls", n->api_calls },
		{ "api_refused", n->api_refused }, { "rate_limited", n->rate_limited },
		{ "faults_played", n->faults_played }, { "sockets_opened", n->sockets_opened },
		{ "sockets_closed", n->sockets_closed }, { "response_url_posts", n->response_url_posts },
		{ "pongs", n->pings_received },
	};
	json_t *out = json_object();

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		json_object_set_new(out, all[i].name, json_integer((json_int_t)all[i].value));
	json_object_set(out, "methods", f->method_counts);
	return out;
}

static json_t *messages_json(const struct channel *ch, const char *thread)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ch->count; i++) {
		const struct message *m = ch->messages[i];

		if (!m->deleted && (!*thread || !strcmp(m->thread_ts, thread) || !strcmp(m->ts, thread)))
			json_array_append(list, m->body);
	}
	return list;
}

static json_t *views_json(const struct fake *f)
{
	json_t *list = json_array();

	for (struct view *v = f->ws->views; v; v = v->next) {
		json_t *one = view_json(f->ws, v, true);

		json_put(one, "user", v->user);
		if (v->errors)
			json_object_set(one, "errors", v->errors);
		json_array_append_new(list, one);
	}
	return list;
}

static void state(struct fake *f, struct request *r, json_t *in)
{
	json_t *channels = json_array(), *one;
	const struct workspace *ws = f->ws;

	(void)in;
	for (size_t i = 0; i < ws->channel_count; i++) {
		struct channel *ch = ws->channels[i];

		one = channel_json(ws, ch);
		json_object_set(one, "members", ch->members);
		json_object_set(one, "pins", ch->pins);
		json_object_set(one, "bookmarks", ch->bookmarks);
		json_object_set_new(one, "messages", messages_json(ch, ""));
		json_array_append_new(channels, one);
	}
	http_answer_json_owned(r, 200, json_pack(
		"{s:b, s:O, s:O, s:o, s:O, s:o, s:o, s:o, s:O, s:o, s:O}", "ok", 1, "users", ws->users,
		"usergroups", ws->usergroups, "channels", channels, "ephemerals", ws->ephemerals, "views",
		views_json(f), "sockets", hub_json(f), "counters", admin_counters(f), "complaints",
		f->complaints, "faults", faults_json(f->faults), "files", ws->files));
}

static void messages(struct fake *f, struct request *r, json_t *in)
{
	struct channel *ch = people_channel(f, r, in);

	if (ch)
		http_answer_json_owned(r, 200, json_pack("{s:b, s:o}", "ok", 1, "messages",
							 messages_json(ch, json_text(in, "thread_ts"))));
}

static void ephemerals(struct fake *f, struct request *r, json_t *in)
{
	json_t *list = json_array(), *one;
	size_t i;

	json_array_foreach(f->ws->ephemerals, i, one)
		if ((!*json_text(in, "user") || !strcmp(json_text(one, "user"), json_text(in, "user"))) &&
		    (!*json_text(in, "channel") || !strcmp(json_text(one, "channel"), json_text(in, "channel"))))
			json_array_append(list, one);
	http_answer_json_owned(r, 200, json_pack("{s:b, s:o}", "ok", 1, "messages", list));
}

static void complaints(struct fake *f, struct request *r, json_t *in)
{
	json_t *list = json_array(), *one;
	size_t i;

	json_array_foreach(f->complaints, i, one)
		if (json_flag(in, "all", false) || strcmp(json_text(one, "kind"), "benign") != 0)
			json_array_append(list, one);
	if (json_flag(in, "clear", false)) {
		json_decref(f->complaints);
		f->complaints = json_array();
	}
	http_answer_json_owned(r, 200, json_pack("{s:b, s:i, s:o}", "ok", 1, "count",
						 (int)json_array_size(list), "complaints", list));
}

static void counters(struct fake *f, struct request *r, json_t *in)
{
	json_t *out = admin_counters(f);

	(void)in;
	json_object_set_new(out, "ok", json_true());
	json_object_set_new(out, "sockets", hub_json(f));
	http_answer_json_owned(r, 200, out);
}

static void views(struct fake *f, struct request *r, json_t *in)
{
	(void)in;
	http_answer_json_owned(r, 200, json_pack("{s:b, s:o}", "ok", 1, "views", views_json(f)));
}

static int base64_value(char c)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(set, c) : NULL;

	return at ? (int)(at - set) : -1;
}

static size_t base64_decode(const char *in, char *out)
{
	uint32_t bits = 0;
	int have = 0;
	size_t n = 0;

	for (; *in; in++) {
		int v = base64_value(*in);

		if (v < 0)
			continue;
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (char)(bits >> have);
		}
	}
	return n;
}

/* {"text":..} or {"base64":..} or {"repeat":"x","count":N}; kind: text, binary, ping, wire. */
static void raw_frame(struct fake *f, struct request *r, json_t *in)
{
	const char *kind = *json_text(in, "kind") ? json_text(in, "kind") : "text";
	const char *base64 = json_text(in, "base64"), *repeat = json_text(in, "repeat");
	json_t *text = json_object_get(in, "text");
	size_t bytes = json_string_length(text), times = (size_t)json_number(in, "count", 1);
	char *data;

	if (*base64) {
		data = malloc(strlen(base64) + 1);
		bytes = base64_decode(base64, data);
	} else if (*repeat && times * strlen(repeat) < (64u << 20)) {
		bytes = strlen(repeat);
		data = malloc(bytes * times + 1);
		for (size_t i = 0; i < times; i++)
			memcpy(data + i * bytes, repeat, bytes);
		bytes *= times;
	} else {
		data = malloc(bytes + 1);
		memcpy(data, json_string_value(text) ? json_string_value(text) : "", bytes);
	}
	if (hub_raw(f, (int)json_number(in, "socket", -1), kind, data, bytes) < 0)
		people_fail(r, "no_socket", "");
	else
		http_answer_json_owned(r, 200, json_pack("{s:b, s:I}", "ok", 1, "bytes", (json_int_t)bytes));
	free(data);
}

static void config(struct fake *f, struct request *r, json_t *in)
{
	struct tuning *t = &f->tune;
	const struct {
		const char *name;
		int *value;
	} all[] = {
		{ "ack_ms", &t->ack_ms }, { "trigger_ms", &t->trigger_ms }, { "ping_ms", &t->ping_ms },
		{ "max_sockets", &t->max_sockets }, { "response_uses", &t->response_uses },
		{ "response_ms", &t->response_ms }, { "post_burst", &t->post_burst },
		{ "connection_time", &t->connection_time },
	};
	json_t *retry = json_object_get(in, "retry_ms"), *out = json_object();

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		*all[i].value = (int)json_number(in, all[i].name, *all[i].value);
		json_object_set_new(out, all[i].name, json_integer(*all[i].value));
	}
	for (size_t i = 0; i < 3 && i < json_array_size(retry); i++)
		t->retry_ms[i] = (int)json_integer_value(json_array_get(retry, i));
	t->own_events = json_flag(in, "own_events", t->own_events);
	f->opt.rate_limits = json_flag(in, "rate_limits", f->opt.rate_limits);
	f->opt.strict = json_flag(in, "strict", f->opt.strict);
	limiter_reset(f->limits);
	json_object_set_new(out, "ok", json_true());
	json_object_set_new(out, "rate_limits", json_boolean(f->opt.rate_limits));
	json_object_set_new(out, "strict", json_boolean(f->opt.strict));
	json_object_set_new(out, "own_events", json_boolean(t->own_events));
	json_object_set_new(out, "retry_ms", json_pack("[i,i,i]", t->retry_ms[0], t->retry_ms[1],
						       t->retry_ms[2]));
	http_answer_json_owned(r, 200, out);
}

/* Everything as at the start, except that the app's sockets stay open. */
static void reset(struct fake *f, struct request *r, json_t *in)
{
	struct workspace *fresh = workspace_new(f->opt.workspace_path, f->opt.manifest_path);

	(void)in;
	if (!fresh) {
		people_fail(r, "bad_workspace", "");
		return;
	}
	fresh->last_us = f->ws->last_us;
	fresh->serial = f->ws->serial;
	workspace_free(f->ws);
	f->ws = fresh;
	memset(&f->count, 0, sizeof(f->count));
	json_decref(f->complaints);
	f->complaints = json_array();
	json_object_clear(f->method_counts);
	faults_reset(f->faults);
	hub_reset(f);
	limiter_reset(f->limits);
	tuning_init(&f->tune);
	fake_changed(f, "reset", NULL, NULL);
	http_answer_json_owned(r, 200, json_pack("{s:b}", "ok", 1));
}

static void wait_for(struct fake *f, struct request *r, json_t *in)
{
	(void)in;
	waiter_add(f, r);
}

static const struct admin_call {
	const char *name;
	void (*fn)(struct fake *f, struct request *r, json_t *in);
} admin_calls[] = {
	{ "slash", people_slash },
	{ "message", people_message },
	{ "press", people_press },
	{ "submit", people_submit },
	{ "close_view", people_close_view },
	{ "react", people_react },
	{ "join", people_join },
	{ "leave", people_leave },
	{ "home", people_home },
	{ "state", state },
	{ "messages", messages },
	{ "ephemerals", ephemerals },
	{ "views", views },
	{ "complaints", complaints },
	{ "counters", counters },
	{ "wait", wait_for },
	{ "fault", fault_add },
	{ "raw_frame", raw_frame },
	{ "config", config },
	{ "reset", reset },
	{ "burst", burst_start },
	{ "http", delivery_admin },
};

void admin_dispatch(struct fake *f, struct request *r, const char *name)
{
	json_t *in = json_copy(r->query), *body = NULL;
	json_error_t error;

	if (r->body_bytes) {
		body = json_loadb(r->body, r->body_bytes, 0, &error);
		if (!json_is_object(body)) {
			people_fail(r, "invalid_json", body ? "not an object" : error.text);
			json_decref(body);
			json_decref(in);
			return;
		}
		json_object_update(in, body);
		json_decref(body);
	}
	for (size_t i = 0; i < sizeof(admin_calls) / sizeof(admin_calls[0]); i++)
		if (!strcmp(admin_calls[i].name, name)) {
			admin_calls[i].fn(f, r, in);
			json_decref(in);
			return;
		}
	people_fail(r, "unknown_admin_call", name);
	json_decref(in);
}
