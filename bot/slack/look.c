/*
 * look.c - was it posted? (job.h)
 *
 * Slack has no idempotency key, but it keeps metadata: a message of ours with our key in it, since
 * shortly before the promise was made, is the one. A direct message is looked for in the
 * conversation with that person. When looking is impossible the message is sent again: twice is
 * better than never.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "bot/clock.h"
#include "bot/log.h"
#include "bot/slack/job.h"
#include "bot/slack/slack_in.h"
#include "bot/slack/slack_sender.h"
#include "tocsin/json_in.h"
#include "tocsin/json_out.h"

#define PAGES_MAX 10
#define PAGE "200"
#define SETTLE_MS 5000   /* how long a message may take to show in the history */
#define CLOCK_SKEW_S 60
#define URGENT_LOOK_MS 5000      /* for so long a page waits for a history that Slack cannot show... */
#define URGENT_LOOK_PAUSE_MS 700 /* ...asking again after so long, or when Slack says */

static void look_page(struct job *j);
static void look_now(struct job *j);

static bool is_ours(const struct job *j, const json_t *m)
{
	const struct slack_identity *me = job_me(j);
	const json_t *meta = json_in_get(m, "metadata");
	bool by_us = (*me->bot_id && !strcmp(json_in_str(m, "bot_id"), me->bot_id)) ||
		(*me->app_id && !strcmp(json_in_str(m, "app_id"), me->app_id));

	return by_us && !strcmp(json_in_str(meta, "event_type"), SLACK_EVENT_TYPE) &&
		!strcmp(json_in_str(json_in_get(meta, "event_payload"), "key"), j->o.send->key);
}

static void send_again(struct job *j, const char *why)
{
	log_write(LOG_WARN, "slack", NULL, "cannot look whether it was posted; sending it again", "key",
		j->o.send->key, "why", why, NULL);
	post_send(j);
}

/* Slack cannot say now. A page looks again for a few seconds and then goes out, all the same: it
 * rather comes twice than late. */
static void look_later(struct job *j, const struct slack_reply *r)
{
	int64_t pause = r->retry_after_ms > URGENT_LOOK_PAUSE_MS ? r->retry_after_ms : URGENT_LOOK_PAUSE_MS;
	int64_t left = j->look_since_ms + URGENT_LOOK_MS - clock_monotonic_ms();

	if (!job_urgent(j))
		job_done(j, SENT_LATER, NULL, NULL, r->error, r->detail, r->retry_after_ms);
	else if (pause > left)
		send_again(j, r->error);
	else
		job_wait(j, pause, look_now);
}

static bool is_passing(const struct slack_reply *r)
{
	return r->verdict == SLACK_LATER || r->verdict == SLACK_UNSURE;
}

static void on_joined(struct job *j, const struct slack_reply *r)
{
	if (r->verdict == SLACK_OK)
		look_page(j);
	else if (is_passing(r))
		look_later(j, r);
	else
		send_again(j, r->error);
}

static void on_page(struct job *j, const struct slack_reply *r)
{
	const json_t *messages = json_in_get(r->body, "messages");
	const char *cursor = json_in_str(json_in_get(r->body, "response_metadata"), "next_cursor");
	size_t i;

	if (r->verdict == SLACK_REFUSED && !strcmp(r->error, "not_in_channel") && !j->joined) {
		struct json_out o;
		struct buf b;

		j->joined = true;
		job_body(j, &b);
		json_out_init(&o, &b);
		json_out_object(&o, NULL);
		json_out_str(&o, "channel", j->channel);
		json_out_object_end(&o);
		job_call(j, "conversations.join", &b, false, on_joined);
		return;
	}
	if (r->verdict == SLACK_REFUSED) {
		send_again(j, r->error);
		return;
	}
	if (r->verdict != SLACK_OK) {
		look_later(j, r);
		return;
	}
	for (i = 0; i < json_array_size(messages); i++) {
		const json_t *m = json_array_get(messages, i);

		if (!is_ours(j, m))
			continue;
		log_write(LOG_INFO, "slack", NULL, "was posted already", "key", j->o.send->key, "ts",
			json_in_str(m, "ts"), NULL);
		job_done(j, SENT_ACCEPTED, j->channel, json_in_str(m, "ts"), NULL, NULL, -1);
		return;
	}
	if (*cursor && strlen(cursor) < sizeof(j->cursor) && ++j->pages < PAGES_MAX) {
		snprintf(j->cursor, sizeof(j->cursor), "%s", cursor);
		look_page(j);
		return;
	}
	if (*j->o.send->user) /* back to the way that opens the conversation */
		snprintf(j->channel, sizeof(j->channel), "%s", j->o.send->user);
	post_send(j);
}

static void look_page(struct job *j)
{
	char oldest[32];
	struct buf b;

	job_body(j, &b);
	form_add(&b, "channel", j->channel);
	if (*j->thread)
		form_add(&b, "ts", j->thread);
	if (j->o.created_wall_ms > 0) {
		snprintf(oldest, sizeof(oldest), "%lld.000000",
			(long long)(j->o.created_wall_ms / 1000 - CLOCK_SKEW_S));
		form_add(&b, "oldest", oldest);
	}
	form_add(&b, "inclusive", "true");
	form_add(&b, "limit", PAGE);
	form_add(&b, "include_all_metadata", "true");
	if (*j->cursor)
		form_add(&b, "cursor", j->cursor);
	job_call(j, *j->thread ? "conversations.replies" : "conversations.history", &b, true, on_page);
}

static void on_opened(struct job *j, const struct slack_reply *r)
{
	const char *id = json_in_str(json_in_get(r->body, "channel"), "id");

	if (r->verdict == SLACK_OK && *id && strlen(id) < JOB_ID_MAX) {
		snprintf(j->channel, sizeof(j->channel), "%s", id);
		look_page(j);
	} else if (is_passing(r)) {
		look_later(j, r);
	} else {
		send_again(j, r->error);
	}
}

static void look_now(struct job *j)
{
	struct json_out o;
	struct buf b;

	if (!*job_me(j)->bot_id && !*job_me(j)->app_id) {
		/* Before auth.test was answered no message can be told to be ours. */
		job_done(j, SENT_LATER, NULL, NULL, "identity_unknown", "auth.test is not answered yet",
			1000);
		return;
	}
	if (!*j->o.send->user || *j->o.send->thread_ref) {
		look_page(j);
		return;
	}
	job_body(j, &b);
	json_out_init(&o, &b);
	json_out_object(&o, NULL);
	json_out_str(&o, "users", j->o.send->user);
	json_out_object_end(&o);
	job_call(j, "conversations.open", &b, false, on_opened);
}

void look_start(struct job *j)
{
	int64_t ago = job_lost_ago_ms(j);

	j->look_since_ms = clock_monotonic_ms();
	/* A page rather comes twice than late. */
	if (ago >= 0 && ago < SETTLE_MS && !job_urgent(j))
		job_wait(j, SETTLE_MS - ago, look_now);
	else
		look_now(j);
}
