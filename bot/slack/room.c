/*
 * room.c - chat.room: makes a channel (job.h).
 *
 * The channel's purpose ends with the idempotency key, so that after a crash in the middle the
 * channel is found again. A name that somebody else has gets a suffix: "inc-42-checkout-2".
 */
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "bot/log.h"
#include "bot/slack/job.h"
#include "bot/slack/slack_in.h"
#include "tocsin/err.h"
#include "tocsin/json_in.h"
#include "tocsin/json_out.h"

#define SUFFIX_MAX 9
#define NAME_ROOM (JOB_NAME_MAX - 2) /* "-9" must fit */
#define LIST_PAGES_MAX 10
#define CLOCK_SKEW_S 60

static void create(struct job *j);

/* Lower case letters, digits, - and _: what Slack takes. */
static void name_set(struct job *j, const char *wanted)
{
	size_t n = 0;

	for (; *wanted && n < NAME_ROOM; wanted++) {
		unsigned char c = (unsigned char)*wanted;

		if ((c < 0x80 && isalnum(c)) || c == '_')
			j->name[n++] = (char)tolower(c);
		else if (n && j->name[n - 1] != '-')
			j->name[n++] = '-';
	}
	while (n && j->name[n - 1] == '-')
		n--;
	j->name[n] = '\0';
}

static void finish(struct job *j)
{
	job_done(j, SENT_ACCEPTED, j->channel, NULL, NULL, NULL, -1);
}

static void on_invited(struct job *j, const struct slack_reply *r)
{
	(void)r; /* api.c has logged it: the room is there all the same */
	finish(j);
}

static void on_purpose(struct job *j, const struct slack_reply *r)
{
	struct json_out o;
	struct buf b;

	(void)r;
	if (!*j->o.send->users) {
		finish(j);
		return;
	}
	job_body(j, &b);
	json_out_init(&o, &b);
	json_out_object(&o, NULL);
	json_out_str(&o, "channel", j->channel);
	json_out_str(&o, "users", j->o.send->users);
	json_out_bool(&o, "force", true);
	json_out_object_end(&o);
	job_call(j, "conversations.invite", &b, false, on_invited);
}

/* "P0 INC-42: Checkout is down (INC-42/make-room)" */
static void set_purpose(struct job *j)
{
	const char *key = j->o.send->key, *words = "";
	char text[TOPIC_UNITS * 4];
	struct err err = { 0 };
	struct json_out o;
	struct buf b;

	if (*j->o.send->template_name && strlen(key) + 50 < TOPIC_UNITS)
		words = topic_text(j, TOPIC_UNITS - strlen(key) - 3, &err);
	if (words && *words)
		snprintf(text, sizeof(text), "%s (%s)", words, key);
	else
		snprintf(text, sizeof(text), "%s", key);
	job_body(j, &b);
	json_out_init(&o, &b);
	json_out_object(&o, NULL);
	json_out_str(&o, "channel", j->channel);
	json_out_str(&o, "purpose", text);
	json_out_object_end(&o);
	job_call(j, "conversations.setPurpose", &b, false, on_purpose);
}

static bool take_channel(struct job *j, const char *id)
{
	if (!*id || strlen(id) >= JOB_ID_MAX)
		return false;
	snprintf(j->channel, sizeof(j->channel), "%s", id);
	return true;
}

static void on_created(struct job *j, const struct slack_reply *r)
{
	if (r->verdict == SLACK_OK) {
		if (take_channel(j, json_in_str(json_in_get(r->body, "channel"), "id")))
			set_purpose(j);
		else
			job_done(j, SENT_UNKNOWN, NULL, NULL, "malformed_answer", "no channel", -1);
	} else if (!strcmp(r->error, "name_taken") && j->suffix < SUFFIX_MAX) {
		j->suffix = j->suffix ? j->suffix + 1 : 2;
		create(j);
	} else {
		job_fail(j, r);
	}
}

static void create(struct job *j)
{
	char name[JOB_NAME_MAX + 16];
	struct json_out o;
	struct buf b;

	if (j->suffix > 1)
		snprintf(name, sizeof(name), "%s-%u", j->name, j->suffix);
	else
		snprintf(name, sizeof(name), "%s", j->name);
	job_body(j, &b);
	json_out_init(&o, &b);
	json_out_object(&o, NULL);
	json_out_str(&o, "name", name);
	json_out_bool(&o, "is_private", false);
	json_out_object_end(&o);
	job_call(j, "conversations.create", &b, false, on_created);
}

/* ---- was it made already? ---- */

/* It is the key, or ends with it in brackets. */
static bool purpose_is_of(const char *purpose, const char *key)
{
	size_t n = strlen(purpose), k = strlen(key);

	if (!strcmp(purpose, key))
		return true;
	return n > k + 2 && purpose[n - k - 2] == '(' && purpose[n - 1] == ')' &&
		!strncmp(purpose + n - k - 1, key, k);
}

static bool is_ours(const struct job *j, const json_t *c)
{
	const char *purpose = json_in_str(json_in_get(c, "purpose"), "value");
	const char *name = json_in_str(c, "name");

	if (!*job_me(j)->bot_user || strcmp(json_in_str(c, "creator"), job_me(j)->bot_user))
		return false;
	if (json_in_int(c, "created") < j->o.created_wall_ms / 1000 - CLOCK_SKEW_S)
		return false; /* of an incident with the same number, in an earlier life */
	if (purpose_is_of(purpose, j->o.send->key))
		return true;
	/* The crash came before the purpose was set. */
	return !*purpose && !strncmp(name, j->name, strlen(j->name));
}

static void list_page(struct job *j);

static void on_list(struct job *j, const struct slack_reply *r)
{
	const json_t *channels = json_in_get(r->body, "channels");
	const char *cursor = json_in_str(json_in_get(r->body, "response_metadata"), "next_cursor");
	size_t i;

	if (r->verdict == SLACK_LATER || r->verdict == SLACK_UNSURE) {
		job_done(j, SENT_LATER, NULL, NULL, r->error, r->detail, r->retry_after_ms);
		return;
	}
	for (i = 0; i < json_array_size(channels); i++) {
		const json_t *c = json_array_get(channels, i);

		if (is_ours(j, c) && take_channel(j, json_in_str(c, "id"))) {
			log_write(LOG_INFO, "slack", NULL, "room was made already", "key", j->o.send->key,
				"channel", j->channel, NULL);
			set_purpose(j);
			return;
		}
	}
	if (*cursor && strlen(cursor) < sizeof(j->cursor) && ++j->pages < LIST_PAGES_MAX) {
		snprintf(j->cursor, sizeof(j->cursor), "%s", cursor);
		list_page(j);
		return;
	}
	create(j);
}

static void list_page(struct job *j)
{
	struct buf b;

	job_body(j, &b);
	form_add(&b, "types", "public_channel");
	form_add(&b, "exclude_archived", "true");
	form_add(&b, "limit", "999");
	if (*j->cursor)
		form_add(&b, "cursor", j->cursor);
	job_call(j, "conversations.list", &b, true, on_list);
}

void room_start(struct job *j)
{
	name_set(j, j->o.send->arg);
	if (!*j->name) {
		job_done(j, SENT_REFUSED, NULL, NULL, "invalid_name", "no name is left", -1);
		return;
	}
	if (j->o.maybe_sent)
		list_page(j);
	else
		create(j);
}
