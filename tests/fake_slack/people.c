/* people.c - a person types a command or a message, reacts, joins, opens the home tab. */
#include "people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "blocks.h"
#include "events.h"
#include "fake.h"
#include "http.h"
#include "socket.h"
#include "workspace.h"

void people_fail(struct request *r, const char *error, const char *detail)
{
	http_answer_json_owned(r, 400, json_pack("{s:b, s:s, s:s}", "ok", 0, "error", error, "detail",
						 detail));
}

const char *people_user(struct fake *f, struct request *r, json_t *in)
{
	const char *user = json_text(in, "user");

	if (json_object_get(f->ws->users, user))
		return user;
	people_fail(r, "user_not_found", user);
	return NULL;
}

struct channel *people_channel(struct fake *f, struct request *r, json_t *in)
{
	const char *id = json_text(in, "channel");
	struct channel *ch = channel_find(f->ws, id);

	if (!ch)
		ch = channel_find_name(f->ws, *id == '#' ? id + 1 : id);
	if (!ch && !strcmp(id, "dm") && *json_text(in, "user"))
		ch = channel_im(f->ws, json_text(in, "user"));
	if (!ch)
		people_fail(r, "channel_not_found", id);
	return ch;
}

json_t *people_json(struct fake *f, const char *user)
{
	const char *name = user_name(f->ws, user);

	return json_pack("{s:s, s:s, s:s, s:s}", "id", user, "username", name, "name", name, "team_id",
			 f->ws->team_id);
}

const char *people_show_answer(struct fake *f, struct channel *ch, const char *user, json_t *message,
			       const char *where, const char *thread_ts)
{
	const char *type = json_text(message, "response_type");
	json_t *blocks;
	const char *error;

	error = api_message_check(f, message, where, false);
	if (error)
		return error;
	if (*type && strcmp(type, "ephemeral") != 0 && strcmp(type, "in_channel") != 0)
		fake_complain(f, "rule", where, "invalid_response_type", "%s", type);
	if (strcmp(type, "in_channel") != 0) {
		json_put(message, "thread_ts", thread_ts);
		event_ephemeral(f, ch, user, message, "response");
		return NULL;
	}
	if (*json_text(message, "text") || json_object_get(message, "blocks")) {
		json_t *body = json_pack("{s:s, s:s, s:s, s:s}", "user", f->ws->bot_user, "bot_id",
					 f->ws->bot_id, "app_id", f->ws->app_id, "text",
					 json_text(message, "text"));

		blocks = json_object_get(message, "blocks");
		if (blocks) {
			blocks = json_deep_copy(blocks);
			blocks_complete(blocks);
			json_object_set_new(body, "blocks", blocks);
		}
		event_post_owned(f, ch, body, thread_ts);
	}
	return NULL;
}

struct slash {
	uint64_t request;
	char user[24], channel[24], command[64];
	char *text;
	char trigger[80], response_url[400];
};

static void slash_drop(void *arg)
{
	struct slash *s = arg;

	free(s->text);
	free(s);
}

static void slash_acked(struct fake *f, const struct ack *ack, void *arg)
{
	const struct slash *s = arg;
	struct channel *ch = channel_find(f->ws, s->channel);
	struct request *r = http_find(f, s->request);
	json_t *payload = ack->payload ? json_deep_copy(ack->payload) : NULL, *out;
	char line[400];

	if (!ack->acked && ch) {
		json_t *notice = json_object();

		snprintf(line, sizeof(line), "%s failed with the error \"%s\"", s->command, ack->error);
		json_put(notice, "text", line);
		event_ephemeral(f, ch, s->user, notice, "failure");
		json_decref(notice);
	}
	if (payload && ch) {
		if (!strcmp(json_text(payload, "response_type"), "in_channel")) {
			/* Everybody sees what was typed, but it is no event to the app. */
			message_add_owned(f->ws, ch, json_pack("{s:s, s:s, s:s+++}", "user", s->user,
							       "subtype", "slash_command", "text",
							       s->command, *s->text ? " " : "", s->text,
							       ""), NULL);
			fake_changed(f, "message", ch->id, s->user);
		}
		if (*json_text(payload, "text") || json_object_get(payload, "blocks"))
			people_show_answer(f, ch, s->user, payload, "ack of slash command", "");
	}
	if (r) {
		out = json_pack("{s:b, s:b, s:f, s:O?, s:s, s:s, s:s}", "ok", 1, "acked", ack->acked, "ms",
				ack->ms, "response", ack->payload, "trigger_id", s->trigger,
				"envelope_id", ack->envelope_id, "response_url", s->response_url);
		if (ack->error)
			json_put(out, "error", ack->error);
		http_answer_json_owned(r, 200, out);
	}
	json_decref(payload);
}

void people_slash(struct fake *f, struct request *r, json_t *in)
{
	const char *user = people_user(f, r, in), *command = json_text(in, "command");
	struct channel *ch = user ? people_channel(f, r, in) : NULL;
	const json_t *known;
	struct token *trigger, *url;
	struct slash *s;

	if (!ch)
		return;
	known = json_object_get(f->ws->commands, command);
	if (!known) {
		json_t *notice = json_pack("{s:s++}", "text", command, " is not a valid command", "");

		event_ephemeral(f, ch, user, notice, "failure");
		json_decref(notice);
		/* What a person may well type: not a fault of the request. */
		http_answer_json_owned(r, 200, json_pack("{s:b, s:s, s:s, s:b}", "ok", 0, "error",
							 "invalid_command", "detail", command, "acked", 0));
		return;
	}
	trigger = token_new(f->ws, "t", user);
	url = token_new(f->ws, "commands", user);
	snprintf(url->channel, sizeof(url->channel), "%s", ch->id);
	s = calloc(1, sizeof(*s));
	s->request = r->id;
	snprintf(s->user, sizeof(s->user), "%s", user);
	snprintf(s->channel, sizeof(s->channel), "%s", ch->id);
	snprintf(s->command, sizeof(s->command), "%s", command);
	snprintf(s->trigger, sizeof(s->trigger), "%s", trigger->id);
	snprintf(s->response_url, sizeof(s->response_url), "%s%s", f->base_url, url->id);
	s->text = json_flag(known, "should_escape", true) && !json_flag(in, "raw", false) ?
		text_escape_typed(f->ws, json_text(in, "text")) : strdup(json_text(in, "text"));
	hub_send(f, "slash_commands",
		 json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "token",
			   "deprecated-verification-token", "team_id", f->ws->team_id, "team_domain",
			   f->ws->team_domain, "channel_id", ch->id, "channel_name",
			   ch->is_im ? "directmessage" : ch->is_private ? "privategroup" : ch->name,
			   "user_id", user, "user_name", user_name(f->ws, user), "command", command,
			   "text", s->text, "api_app_id", f->ws->app_id, "is_enterprise_install", "false",
			   "response_url", s->response_url, "trigger_id", s->trigger),
		 true, slash_acked, s, slash_drop);
}

void people_message(struct fake *f, struct request *r, json_t *in)
{
	const char *user = people_user(f, r, in), *thread = json_text(in, "thread_ts");
	struct channel *ch = user ? people_channel(f, r, in) : NULL;
	struct message *m;
	char *text, id[40];

	if (!ch)
		return;
	if (*thread && !message_find(ch, thread)) {
		people_fail(r, "thread_not_found", thread);
		return;
	}
	text = json_flag(in, "raw", false) ? strdup(json_text(in, "text")) :
					     text_escape_typed(f->ws, json_text(in, "text"));
	random_hex(id, 32);
	m = event_post_owned(f, ch, json_pack("{s:s, s:s, s:s, s:o}", "user", user, "text", text,
					      "client_msg_id", id, "blocks", text_rich_blocks(text)), thread);
	free(text);
	http_answer_json_owned(r, 200, json_pack("{s:b, s:s, s:s}", "ok", 1, "ts", m->ts, "channel",
						 ch->id));
}

void people_react(struct fake *f, struct request *r, json_t *in)
{
	const char *user = people_user(f, r, in), *name = json_text(in, "name");
	struct channel *ch = user ? people_channel(f, r, in) : NULL;
	struct message *m = ch ? message_find(ch, json_text(in, "ts")) : NULL;
	size_t i, j;
	json_t *one, *who;
	bool has = false;

	if (!ch)
		return;
	if (!m || !*name) {
		people_fail(r, "message_not_found", json_text(in, "ts"));
		return;
	}
	json_array_foreach(json_object_get(m->body, "reactions"), i, one)
		if (!strcmp(json_text(one, "name"), name))
			json_array_foreach(json_object_get(one, "users"), j, who)
				has = has || !strcmp(json_string_value(who), user);
	event_reaction(f, ch, m, user, name, !has); /* a second press takes it back */
	http_answer_json_owned(r, 200, json_pack("{s:b, s:b}", "ok", 1, "added", !has));
}

void people_join(struct fake *f, struct request *r, json_t *in)
{
	const char *user = people_user(f, r, in);
	struct channel *ch = user ? people_channel(f, r, in) : NULL;

	if (!ch)
		return;
	if (!channel_has(ch, user))
		event_join(f, ch, user, json_text(in, "inviter"));
	http_answer_json_owned(r, 200, json_pack("{s:b}", "ok", 1));
}

void people_leave(struct fake *f, struct request *r, json_t *in)
{
	const char *user = people_user(f, r, in);
	struct channel *ch = user ? people_channel(f, r, in) : NULL;

	if (!ch)
		return;
	json_object_del(ch->members, user);
	fake_changed(f, "channel", ch->id, user);
	http_answer_json_owned(r, 200, json_pack("{s:b}", "ok", 1));
}

void people_home(struct fake *f, struct request *r, json_t *in)
{
	const char *user = people_user(f, r, in);

	if (!user)
		return;
	event_home_opened(f, user);
	http_answer_json_owned(r, 200, json_pack("{s:b}", "ok", 1));
}
