/* furniture.c - what stands around an incident: pins, topic, bookmarks, guests (job.h). */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "bot/log.h"
#include "bot/slack/api_error.h"
#include "bot/slack/job.h"
#include "bot/slack/slack_in.h"
#include "tocsin/arena.h"
#include "tocsin/err.h"
#include "tocsin/json_in.h"
#include "tocsin/json_out.h"
#include "tocsin/utf8.h"

#define TITLE_UNITS 100 /* of a bookmark */

/* For calls that may be repeated without harm. */
static void on_done(struct job *j, const struct slack_reply *r)
{
	if (r->verdict == SLACK_OK || slack_error_is_success(r->error))
		job_done(j, SENT_ACCEPTED, j->channel, j->thread, NULL, NULL, -1);
	else
		job_fail(j, r);
}

static bool set_channel(struct job *j, const char *channel)
{
	if (channel && *channel && strlen(channel) < JOB_ID_MAX) {
		snprintf(j->channel, sizeof(j->channel), "%s", channel);
		return true;
	}
	job_done(j, SENT_REFUSED, NULL, NULL, "no_channel", "it is not known where", -1);
	return false;
}

void pin_start(struct job *j)
{
	const char *ts = j->o.ref_ts ? j->o.ref_ts : "";
	struct json_out o;
	struct buf b;

	if (!set_channel(j, j->o.ref_channel))
		return;
	snprintf(j->thread, sizeof(j->thread), "%s", ts);
	job_body(j, &b);
	json_out_init(&o, &b);
	json_out_object(&o, NULL);
	json_out_str(&o, "channel", j->channel);
	json_out_str(&o, "timestamp", ts);
	json_out_object_end(&o);
	job_call(j, "pins.add", &b, false, on_done);
}

/* Everybody who could be invited was; who could not is told to the operator. */
static void on_invited(struct job *j, const struct slack_reply *r)
{
	const json_t *errors = json_in_get(r->body, "errors");
	bool harmless = r->verdict == SLACK_REFUSED && json_array_size(errors) > 0;
	size_t i;

	for (i = 0; i < json_array_size(errors); i++) {
		const json_t *e = json_array_get(errors, i);
		const char *code = json_in_str(e, "error");

		if (!strcmp(code, "already_in_channel") || !strcmp(code, "cant_invite_self"))
			continue;
		harmless = false;
		log_write(LOG_WARN, "slack", NULL, "person could not be invited", "channel", j->channel,
			"user", json_in_str(e, "user"), "error", code, NULL);
	}
	if (harmless || (r->verdict == SLACK_REFUSED && !strcmp(r->error, "cant_invite_self")))
		job_done(j, SENT_ACCEPTED, j->channel, NULL, NULL, NULL, -1);
	else
		on_done(j, r);
}

void invite_start(struct job *j)
{
	struct json_out o;
	struct buf b;

	if (!set_channel(j, j->o.send->to.channel))
		return;
	job_body(j, &b);
	json_out_init(&o, &b);
	json_out_object(&o, NULL);
	json_out_str(&o, "channel", j->channel);
	json_out_str(&o, "users", j->o.send->users);
	json_out_bool(&o, "force", true); /* one bad name does not keep the others out */
	json_out_object_end(&o);
	job_call(j, "conversations.invite", &b, false, on_invited);
}

const char *topic_text(struct job *j, size_t max, struct err *err)
{
	struct slack_words w = job_words(j);
	const char *text = slack_words_plain(&w, j->o.send->template_name, j->o.send->data, max, err);
	size_t units = max;
	char *plain, *line;

	if (!text)
		return NULL;
	plain = arena_strdup(w.arena, text);
	for (line = plain; (line = strchr(line, '\n')); line++)
		*line = ' ';
	do {
		text = slack_words_escape(w.arena, plain, utf16_prefix(plain, strlen(plain), units));
		units -= 10;
	} while (units > 10 && utf16_units(text, strlen(text)) > max);
	return text;
}

void topic_start(struct job *j)
{
	struct err err = { 0 };
	const char *text;
	struct json_out o;
	struct buf b;

	if (!set_channel(j, j->o.send->to.channel))
		return;
	text = topic_text(j, TOPIC_UNITS, &err);
	if (!text) {
		job_done(j, SENT_REFUSED, NULL, NULL, "template_failed", err.text, -1);
		return;
	}
	job_body(j, &b);
	json_out_init(&o, &b);
	json_out_object(&o, NULL);
	json_out_str(&o, "channel", j->channel);
	json_out_str(&o, "topic", text);
	json_out_object_end(&o);
	job_call(j, "conversations.setTopic", &b, false, on_done);
}

/* May be repeated: the people are set, not added. */
void group_start(struct job *j)
{
	struct json_out o;
	struct buf b;

	job_body(j, &b);
	json_out_init(&o, &b);
	json_out_object(&o, NULL);
	json_out_str(&o, "usergroup", j->o.send->arg);
	json_out_str(&o, "users", j->o.send->users);
	json_out_object_end(&o);
	job_call(j, "usergroups.users.update", &b, false, on_done);
}

/* ---- bookmarks ---- */

static void bookmark_add(struct job *j)
{
	const struct send *s = j->o.send;
	struct json_out o;
	struct buf b;

	job_body(j, &b);
	json_out_init(&o, &b);
	json_out_object(&o, NULL);
	json_out_str(&o, "channel_id", j->channel);
	json_out_strn(&o, "title", s->arg, utf16_prefix(s->arg, strlen(s->arg), TITLE_UNITS));
	json_out_str(&o, "type", "link");
	json_out_str(&o, "link", s->link);
	json_out_object_end(&o);
	job_call(j, "bookmarks.add", &b, false, on_done);
}

static void on_bookmarks(struct job *j, const struct slack_reply *r)
{
	const json_t *list = json_in_get(r->body, "bookmarks");
	size_t i;

	if (r->verdict == SLACK_LATER || r->verdict == SLACK_UNSURE) {
		job_done(j, SENT_LATER, NULL, NULL, r->error, r->detail, r->retry_after_ms);
		return;
	}
	for (i = 0; i < json_array_size(list); i++)
		if (!strcmp(json_in_str(json_array_get(list, i), "link"), j->o.send->link)) {
			job_done(j, SENT_ACCEPTED, j->channel, NULL, NULL, NULL, -1);
			return;
		}
	bookmark_add(j);
}

void bookmark_start(struct job *j)
{
	struct buf b;

	if (!set_channel(j, j->o.send->to.channel))
		return;
	if (!j->o.maybe_sent) {
		bookmark_add(j);
		return;
	}
	job_body(j, &b);
	form_add(&b, "channel_id", j->channel);
	job_call(j, "bookmarks.list", &b, true, on_bookmarks);
}
