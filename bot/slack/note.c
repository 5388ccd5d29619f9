/* note.c - see note.h. */
#include "bot/slack/note.h"

#include <stdlib.h>
#include <string.h>

#include "bot/log.h"
#include "bot/slack/api.h"
#include "tocsin/buf.h"
#include "tocsin/json_out.h"

#define NOTE_MAX ((size_t)600 * 1024)

enum way {
	WAY_URL,    /* the response_url: works where the bot is no member, but not inside a thread */
	WAY_PLACE,  /* chat.postEphemeral, or chat.postMessage when all may see it */
	WAY_URL_2,  /* in a thread: better beside it than not at all */
	WAY_DIRECT, /* a direct message */
	WAY_NONE
};

struct slack_note {
	struct slack_note *next, **link;
	struct slack_notes *notes;
	enum way way;
	uint64_t call_id;
	char *user, *channel, *thread, *url, *trace;
	bool all;
	char *members; /* "text":...,"blocks":... without the braces around */
	size_t len;
};

static void note_free(struct slack_note *n)
{
	if (n->link) {
		*n->link = n->next;
		if (n->next)
			n->next->link = n->link;
	}
	free(n->user);
	free(n->channel);
	free(n->thread);
	free(n->url);
	free(n->trace);
	free(n->members);
	free(n);
}

static bool open_way(const struct slack_note *n, enum way way)
{
	switch (way) {
	case WAY_URL:
		return *n->url && !*n->thread;
	case WAY_PLACE:
		return *n->channel;
	case WAY_URL_2:
		return *n->url && *n->thread;
	case WAY_DIRECT:
		return *n->user;
	case WAY_NONE:
		break;
	}
	return true;
}

static void put_place(const struct slack_note *n, struct json_out *j)
{
	if (n->way == WAY_URL || n->way == WAY_URL_2) {
		json_out_str(j, "response_type", n->all ? "in_channel" : "ephemeral");
		json_out_bool(j, "replace_original", false);
		return;
	}
	json_out_str(j, "channel", n->way == WAY_PLACE ? n->channel : n->user);
	if (n->way == WAY_PLACE && *n->thread)
		json_out_str(j, "thread_ts", n->thread);
	if (n->way == WAY_PLACE && !n->all) {
		json_out_str(j, "user", n->user);
	} else {
		json_out_bool(j, "unfurl_links", false);
		json_out_bool(j, "unfurl_media", false);
	}
}

static void note_try(struct slack_note *n);

static void on_reply(void *ud, const struct slack_reply *r)
{
	struct slack_note *n = ud;

	n->call_id = 0;
	if (r->verdict == SLACK_REFUSED && !r->token_trouble) {
		n->way++;
		note_try(n);
		return;
	}
	/* Done; or it may have arrived, or Slack wants us to wait: an answer that comes later or twice
	 * only confuses. api.c has logged it. */
	note_free(n);
}

static void note_try(struct slack_note *n)
{
	struct slack_call c = { .urgent = true, .timeout_ms = 10000, .trace = n->trace };
	struct json_out j;
	struct buf b;

	while (!open_way(n, n->way))
		n->way++;
	if (n->way == WAY_NONE) {
		log_write(LOG_WARN, "slack", n->trace, "answer found no way to the person", "user", n->user,
			NULL);
		note_free(n);
		return;
	}
	buf_init(&b, NOTE_MAX);
	json_out_init(&j, &b);
	json_out_object(&j, NULL);
	put_place(n, &j);
	buf_char(&b, ',');
	buf_add(&b, n->members, n->len);
	json_out_object_end(&j);
	c.body = buf_text(&b);
	c.body_len = b.len;
	if (n->way == WAY_URL || n->way == WAY_URL_2) {
		c.method = "response_url";
		c.url = n->url;
	} else {
		c.method = n->way == WAY_PLACE && !n->all ? "chat.postEphemeral" : "chat.postMessage";
		c.channel = n->way == WAY_PLACE ? n->channel : n->user;
	}
	n->call_id = b.failed ? 0 : slack_api_call(n->notes->api, &c, on_reply, n);
	buf_release(&b);
	if (!n->call_id) {
		log_write(LOG_WARN, "slack", n->trace, "answer could not be sent", "method", c.method, NULL);
		note_free(n);
	}
}

void slack_note_send(struct slack_notes *notes, const struct slack_note_to *to, const char *message,
	size_t len)
{
	struct slack_note *n = calloc(1, sizeof(*n));

	if (!n || len < 2) {
		free(n);
		return;
	}
	n->notes = notes;
	n->all = to->all;
	n->user = strdup(to->user);
	n->channel = strdup(to->channel);
	n->thread = strdup(to->thread);
	n->url = strdup(to->response_url);
	n->trace = strdup(to->trace ? to->trace : "");
	n->len = len - 2;
	n->members = malloc(len);
	if (!n->user || !n->channel || !n->thread || !n->url || !n->trace || !n->members) {
		note_free(n);
		return;
	}
	memcpy(n->members, message + 1, n->len);
	n->next = notes->first;
	n->link = &notes->first;
	if (n->next)
		n->next->link = &n->next;
	notes->first = n;
	note_try(n);
}

void slack_notes_release(struct slack_notes *notes)
{
	while (notes->first) {
		if (notes->first->call_id)
			slack_api_cancel(notes->api, notes->first->call_id);
		note_free(notes->first);
	}
}
