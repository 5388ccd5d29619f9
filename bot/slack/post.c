/* post.c - chat.post and chat.update (job.h). */
#include <jansson.h>
#include <string.h>

#include "bot/log.h"
#include "bot/slack/api_error.h"
#include "bot/slack/job.h"
#include "bot/slack/slack_sender.h"
#include "tocsin/err.h"
#include "tocsin/json_in.h"
#include "tocsin/json_out.h"

/* The message itself: as the template says, or as plain text when that was refused. -1: the job
 * is over. */
static int put_words(struct job *j, struct json_out *o)
{
	const struct send *s = j->o.send;
	struct slack_words w = job_words(j);
	struct err err = { 0 };
	const char *text;

	if (!j->plain) {
		if (slack_words_message(&w, s->template_name, s->data, o, &err) == 0)
			return 0;
	} else {
		text = slack_words_plain(&w, s->template_name, s->data, SLACK_PLAIN_UNITS, &err);
		if (text) {
			text = slack_words_escape(w.arena, text, strlen(text));
			json_out_str(o, "text", *text ? text : "...");
			return 0;
		}
	}
	job_done(j, SENT_REFUSED, NULL, NULL, "template_failed", err.text, -1);
	return -1;
}

static void put_metadata(struct job *j, struct json_out *o)
{
	json_out_object(o, "metadata");
	json_out_str(o, "event_type", SLACK_EVENT_TYPE);
	json_out_object(o, "event_payload");
	json_out_str(o, "key", j->o.send->key);
	json_out_str(o, "entity", j->o.send->entity);
	json_out_object_end(o);
	json_out_object_end(o);
}

/* The message was not to Slack's liking: tell the operator what, and the people something. */
static bool try_plain(struct job *j, const struct slack_reply *r, void (*again)(struct job *))
{
	if (r->verdict != SLACK_REFUSED || !slack_error_is_content(r->error) || j->plain)
		return false;
	log_write(LOG_ERROR, "slack", NULL, "message was refused and goes out as plain text", "template",
		j->o.send->template_name, "key", j->o.send->key, "error", r->error, "messages",
		r->messages, NULL);
	j->plain = true;
	again(j);
	return true;
}

static void on_joined(struct job *j, const struct slack_reply *r)
{
	if (r->verdict == SLACK_OK)
		post_send(j);
	else if (r->verdict == SLACK_REFUSED)
		job_done(j, SENT_REFUSED, NULL, NULL, "not_in_channel", r->error, -1);
	else
		job_done(j, SENT_LATER, NULL, NULL, r->error, r->detail, r->retry_after_ms);
}

/* A public channel lets the bot in; a private one has to invite it. */
static void join(struct job *j)
{
	struct json_out o;
	struct buf b;

	j->joined = true;
	job_body(j, &b);
	json_out_init(&o, &b);
	json_out_object(&o, NULL);
	json_out_str(&o, "channel", j->channel);
	json_out_object_end(&o);
	job_call(j, "conversations.join", &b, false, on_joined);
}

static void on_posted(struct job *j, const struct slack_reply *r)
{
	if (r->verdict == SLACK_OK) {
		const char *ts = json_in_str(r->body, "ts");

		if (!*ts) /* accepted, but where it is we are not told: look */
			job_done(j, SENT_UNKNOWN, NULL, NULL, "malformed_answer", "no ts", -1);
		else
			job_done(j, SENT_ACCEPTED, json_in_str(r->body, "channel"), ts, NULL, NULL, -1);
		return;
	}
	if (try_plain(j, r, post_send))
		return;
	if (r->verdict == SLACK_REFUSED && !strcmp(r->error, "not_in_channel") && !j->joined) {
		join(j);
		return;
	}
	job_fail(j, r);
}

void post_send(struct job *j)
{
	const struct send *s = j->o.send;
	struct json_out o;
	struct buf b;

	job_body(j, &b);
	json_out_init(&o, &b);
	json_out_object(&o, NULL);
	json_out_str(&o, "channel", j->channel);
	if (*j->thread)
		json_out_str(&o, "thread_ts", j->thread);
	if (*j->thread && s->broadcast)
		json_out_bool(&o, "reply_broadcast", true);
	json_out_bool(&o, "unfurl_links", false);
	json_out_bool(&o, "unfurl_media", false);
	put_metadata(j, &o);
	if (put_words(j, &o) < 0)
		return;
	json_out_object_end(&o);
	job_call(j, "chat.postMessage", &b, false, on_posted);
}

void post_start(struct job *j)
{
	const struct send *s = j->o.send;
	const char *channel = s->to.channel, *thread = s->to.thread;

	if (*s->user)
		channel = s->user; /* Slack opens the direct message */
	if (*s->thread_ref) {
		thread = j->o.ref_ts ? j->o.ref_ts : "";
		if (j->o.ref_channel && *j->o.ref_channel)
			channel = j->o.ref_channel;
		if (!*thread) {
			job_done(j, SENT_REFUSED, NULL, NULL, "no_thread", "the root is not there", -1);
			return;
		}
	}
	if (!*channel || strlen(channel) >= JOB_ID_MAX || strlen(thread) >= JOB_ID_MAX) {
		job_done(j, SENT_REFUSED, NULL, NULL, "no_channel", "no place to send it to", -1);
		return;
	}
	snprintf(j->channel, sizeof(j->channel), "%s", channel);
	snprintf(j->thread, sizeof(j->thread), "%s", thread);
	if (j->o.maybe_sent)
		look_start(j);
	else
		post_send(j);
}

/* ---- update ---- */

static void update_send(struct job *j);

static void on_updated(struct job *j, const struct slack_reply *r)
{
	if (r->verdict == SLACK_OK)
		job_done(j, SENT_ACCEPTED, j->channel, j->thread, NULL, NULL, -1);
	else if (!try_plain(j, r, update_send))
		job_fail(j, r);
}

static void update_send(struct job *j)
{
	struct json_out o;
	struct buf b;

	job_body(j, &b);
	json_out_init(&o, &b);
	json_out_object(&o, NULL);
	json_out_str(&o, "channel", j->channel);
	json_out_str(&o, "ts", j->thread);
	if (put_words(j, &o) < 0)
		return;
	if (j->plain) {
		json_out_array(&o, "blocks"); /* the old ones must not stay beside the new text */
		json_out_array_end(&o);
	}
	json_out_object_end(&o);
	job_call(j, "chat.update", &b, false, on_updated);
}

void update_start(struct job *j)
{
	const char *channel = j->o.ref_channel ? j->o.ref_channel : "";
	const char *ts = j->o.ref_ts ? j->o.ref_ts : "";

	if (!*channel || !*ts || strlen(channel) >= JOB_ID_MAX || strlen(ts) >= JOB_ID_MAX) {
		job_done(j, SENT_REFUSED, NULL, NULL, "message_not_found", "it is not known where it is",
			-1);
		return;
	}
	snprintf(j->channel, sizeof(j->channel), "%s", channel);
	snprintf(j->thread, sizeof(j->thread), "%s", ts);
	update_send(j);
}
