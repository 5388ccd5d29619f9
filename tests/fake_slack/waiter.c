/* waiter.c - who waits for what, and looking whether it is there. */
#include "waiter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "http.h"
#include "socket.h"
#include "workspace.h"

struct waiter {
	struct waiter *next;
	uint64_t request;
	json_t *filter;
};

struct waiter_list {
	struct waiter *first;
	int looking; /* answering may change state: no second look from inside the first */
};

struct waiter_list *waiters_new(void)
{
	return calloc(1, sizeof(struct waiter_list));
}

static void waiter_free(struct waiter *w)
{
	json_decref(w->filter);
	free(w);
}

void waiters_free(struct waiter_list *list)
{
	while (list && list->first) {
		struct waiter *next = list->first->next;

		waiter_free(list->first);
		list->first = next;
	}
	free(list);
}

/* Does text stand anywhere in this value? Block text counts as message text. */
static bool text_within(json_t *value, const char *wanted)
{
	const char *key;
	json_t *one;
	size_t i;

	if (json_is_string(value))
		return strcasestr(json_string_value(value), wanted) != NULL;
	json_array_foreach(value, i, one)
		if (text_within(one, wanted))
			return true;
	if (json_is_object(value))
		json_object_foreach(value, key, one)
			if (strcmp(key, "metadata") != 0 && text_within(one, wanted))
				return true;
	return false;
}

static bool message_fits(struct fake *f, json_t *filter, const char *ts, const char *thread_ts,
			 json_t *body)
{
	const char *user = json_text(filter, "user"), *from = json_text(filter, "from");
	const char *contains = json_text(filter, "contains"), *after = json_text(filter, "after");
	bool bot = !strcmp(json_text(body, "user"), f->ws->bot_user) || json_object_get(body, "from");

	if (*user && strcmp(json_text(body, "user"), user) != 0)
		return false;
	if (!strcmp(from, "bot") && !bot)
		return false;
	if (!strcmp(from, "person") && bot)
		return false;
	if (*after && strcmp(ts, after) <= 0)
		return false;
	if (json_object_get(filter, "thread_ts") && strcmp(json_text(filter, "thread_ts"), thread_ts) != 0)
		return false;
	if (*json_text(filter, "ts") && strcmp(json_text(filter, "ts"), ts) != 0)
		return false;
	if (*json_text(filter, "subtype") && strcmp(json_text(filter, "subtype"), json_text(body, "subtype")))
		return false;
	return !*contains || text_within(json_object_get(body, "text"), contains) ||
	       text_within(json_object_get(body, "blocks"), contains) ||
	       text_within(json_object_get(body, "attachments"), contains);
}

static void messages_find(struct fake *f, json_t *filter, json_t *found)
{
	const char *channel = json_text(filter, "channel");

	for (size_t i = 0; i < f->ws->channel_count; i++) {
		struct channel *ch = f->ws->channels[i];

		if (*channel && strcmp(ch->id, channel) != 0 && strcmp(ch->name, channel) != 0)
			continue;
		for (size_t j = 0; j < ch->count; j++) {
			struct message *m = ch->messages[j];
			json_t *one;

			if (m->deleted || !message_fits(f, filter, m->ts, m->thread_ts, m->body))
				continue;
			one = json_copy(m->body);
			json_put(one, "channel", ch->id);
			json_array_append_new(found, one);
		}
	}
}

static void list_find(struct fake *f, json_t *list, json_t *filter, json_t *found)
{
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
		if ((!*json_text(filter, "channel") ||
		     !strcmp(json_text(filter, "channel"), json_text(one, "channel"))) &&
		    message_fits(f, filter, json_text(one, "ts"), json_text(one, "thread_ts"), one))
			json_array_append(found, one);
}

static void views_find(struct fake *f, json_t *filter, json_t *found)
{
	for (struct view *v = f->ws->views; v; v = v->next) {
		json_t *one;

		if (*json_text(filter, "user") && strcmp(v->user, json_text(filter, "user")) != 0)
			continue;
		if (*json_text(filter, "callback_id") &&
		    strcmp(json_text(v->body, "callback_id"), json_text(filter, "callback_id")) != 0)
			continue;
		if (v->home != !strcmp(json_text(filter, "type"), "home"))
			continue;
		if (*json_text(filter, "contains") && !text_within(v->body, json_text(filter, "contains")))
			continue;
		one = view_json(f->ws, v, true);
		json_put(one, "user", v->user);
		json_array_append_new(found, one);
	}
}

/* What the filter asks for, as it is now; NULL while there is not enough of it. */
static json_t *filter_look(struct fake *f, json_t *filter)
{
	const char *what = *json_text(filter, "what") ? json_text(filter, "what") : "message";
	int64_t wanted = json_number(filter, "count", 1);
	json_t *found = json_array();
	size_t have;

	if (!strcmp(what, "message"))
		messages_find(f, filter, found);
	else if (!strcmp(what, "ephemeral"))
		list_find(f, f->ws->ephemerals, filter, found);
	else if (!strcmp(what, "view"))
		views_find(f, filter, found);
	else if (!strcmp(what, "complaint"))
		json_array_extend(found, f->complaints);
	have = json_array_size(found);
	if (!strcmp(what, "sockets"))
		have = hub_live(f);
	if (!strcmp(what, "acked"))
		have = f->count.acked;
	if (!strcmp(what, "call"))
		have = (size_t)json_number(f->method_counts, json_text(filter, "method"), 0);
	if (!strcmp(what, "quiet")) /* nothing on its way */
		have = f->count.envelopes_sent == f->count.acked + f->count.unacked;
	if (json_flag(filter, "gone", false) ? have > 0 : (int64_t)have < wanted) {
		json_decref(found);
		return NULL;
	}
	return json_pack("{s:b, s:b, s:i, s:o}", "ok", 1, "found", 1, "count", (int)have, "items", found);
}

void waiters_check(struct fake *f)
{
	struct waiter_list *list = f->waiters;

	if (!list || !list->first || list->looking)
		return;
	list->looking = 1;
	for (struct waiter **p = &list->first; *p;) {
		struct waiter *w = *p;
		struct request *r = http_find(f, w->request);
		json_t *answer = r ? filter_look(f, w->filter) : NULL;

		if (r && !answer) {
			p = &w->next;
			continue;
		}
		if (r)
			http_answer_json_owned(r, 200, answer);
		*p = w->next;
		waiter_free(w);
	}
	list->looking = 0;
}

static void waiter_timeout(struct fake *f, void *arg)
{
	uint64_t id = *(uint64_t *)arg;
	struct request *r;

	for (struct waiter **p = &f->waiters->first; *p; p = &(*p)->next) {
		struct waiter *w = *p;

		if (w->request != id)
			continue;
		*p = w->next;
		r = http_find(f, id);
		if (r)
			http_answer_json_owned(r, 200, json_pack("{s:b, s:b, s:O}", "ok", 1, "found", 0,
								 "filter", w->filter));
		waiter_free(w);
		return;
	}
}

void waiter_add(struct fake *f, struct request *r)
{
	json_t *filter = r->body_bytes ? json_loadb(r->body, r->body_bytes, 0, NULL) : NULL, *answer;
	struct waiter *w;
	uint64_t *id;

	if (!filter)
		filter = json_incref(r->query);
	answer = filter_look(f, filter);
	if (answer) {
		http_answer_json_owned(r, 200, answer);
		json_decref(filter);
		return;
	}
	w = calloc(1, sizeof(*w));
	w->request = r->id;
	w->filter = filter;
	w->next = f->waiters->first;
	f->waiters->first = w;
	id = malloc(sizeof(*id));
	*id = r->id;
	later_run(f, (uint64_t)json_number(filter, "timeout_ms", 10000), waiter_timeout, id, free);
}
