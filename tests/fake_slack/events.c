/* events.c - changing the workspace and telling the app about it. */
#include "events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blocks.h"
#include "fake.h"
#include "socket.h"
#include "workspace.h"

static bool subscribed(const struct fake *f, const char *name)
{
	size_t i;
	json_t *one;

	json_array_foreach(f->ws->events, i, one)
		if (!strcmp(json_string_value(one), name))
			return true;
	return false;
}

/* Wraps an event as the Events API does, and sends it. */
static void event_send_owned(struct fake *f, json_t *event, const char *channel)
{
	struct workspace *ws = f->ws;
	char id[24], context[120];

	snprintf(id, sizeof(id), "Ev0FAKE%06lX", ++ws->serial);
	snprintf(context, sizeof(context), "1-%s-%s-%s", json_text(event, "type"), ws->team_id, channel);
	hub_event(f, json_pack("{s:s, s:s, s:s, s:n, s:s, s:o, s:s, s:s, s:I,"
			       " s:[{s:n, s:s, s:s, s:b, s:b}], s:b, s:s}",
			       "token", "deprecated-verification-token", "team_id", ws->team_id,
			       "context_team_id", ws->team_id, "context_enterprise_id", "api_app_id",
			       ws->app_id, "event", event, "type", "event_callback", "event_id", id,
			       "event_time", (json_int_t)(clock_wall_us() / 1000000), "authorizations",
			       "enterprise_id", "team_id", ws->team_id, "user_id", ws->bot_user, "is_bot",
			       1, "is_enterprise_install", 0, "is_ext_shared_channel", 0, "event_context",
			       context));
}

static const char *message_event_name(const struct channel *ch)
{
	return ch->is_im ? "message.im" : ch->is_private ? "message.groups" : "message.channels";
}

static const char *channel_type(const struct channel *ch)
{
	return ch->is_im ? "im" : ch->is_private ? "group" : "channel";
}

static bool message_told(const struct fake *f, const struct channel *ch, const json_t *body)
{
	if (!channel_has(ch, f->ws->bot_user) || !subscribed(f, message_event_name(ch)))
		return false;
	return f->tune.own_events || strcmp(json_text(body, "user"), f->ws->bot_user) != 0;
}

static void message_event(struct fake *f, struct channel *ch, json_t *body)
{
	char mention[40];
	json_t *event = json_copy(body);
	bool own = !strcmp(json_text(body, "user"), f->ws->bot_user);

	json_put(event, "channel", ch->id);
	json_put(event, "event_ts", json_text(body, "ts"));
	json_object_del(event, "metadata");
	snprintf(mention, sizeof(mention), "<@%s", f->ws->bot_user);
	if (!own && !ch->is_im && channel_has(ch, f->ws->bot_user) && subscribed(f, "app_mention") &&
	    strstr(json_text(body, "text"), mention) && !*json_text(body, "subtype")) {
		json_t *copy = json_copy(event);

		json_put(copy, "type", "app_mention");
		event_send_owned(f, copy, ch->id);
	}
	if (message_told(f, ch, body)) {
		json_put(event, "channel_type", channel_type(ch));
		event_send_owned(f, event, ch->id);
	} else {
		json_decref(event);
	}
}

struct message *event_post_owned(struct fake *f, struct channel *ch, json_t *body,
				 const char *thread_ts)
{
	struct message *m = message_add_owned(f->ws, ch, body, thread_ts);

	message_event(f, ch, m->body);
	fake_changed(f, "message", ch->id, json_text(body, "user"));
	return m;
}

void event_message_changed(struct fake *f, struct channel *ch, struct message *m, json_t *before)
{
	if (message_told(f, ch, m->body)) {
		char ts[24];

		workspace_ts(f->ws, ts);
		event_send_owned(f, json_pack("{s:s, s:s, s:O, s:O, s:s, s:b, s:s, s:s, s:s}", "type",
					      "message", "subtype", "message_changed", "message", m->body,
					      "previous_message", before, "channel", ch->id, "hidden", 1,
					      "ts", ts, "event_ts", ts, "channel_type", channel_type(ch)),
				 ch->id);
	}
	fake_changed(f, "changed", ch->id, json_text(m->body, "user"));
}

void event_message_deleted(struct fake *f, struct channel *ch, struct message *m)
{
	bool told = message_told(f, ch, m->body);

	message_delete(ch, m);
	if (told) {
		char ts[24];

		workspace_ts(f->ws, ts);
		event_send_owned(f, json_pack("{s:s, s:s, s:s, s:O, s:s, s:b, s:s, s:s, s:s}", "type",
					      "message", "subtype", "message_deleted", "deleted_ts", m->ts,
					      "previous_message", m->body, "channel", ch->id, "hidden", 1,
					      "ts", ts, "event_ts", ts, "channel_type", channel_type(ch)),
				 ch->id);
	}
	fake_changed(f, "deleted", ch->id, json_text(m->body, "user"));
}

void event_system_line(struct fake *f, struct channel *ch, const char *user, const char *subtype,
		       const char *text)
{
	event_post_owned(f, ch, json_pack("{s:s, s:s, s:s}", "user", user, "subtype", subtype, "text",
					  text), NULL);
}

void event_join(struct fake *f, struct channel *ch, const char *user, const char *inviter)
{
	char text[80];
	json_t *event;

	json_object_set_new(ch->members, user, json_true());
	snprintf(text, sizeof(text), "<@%s> has joined the channel", user);
	event_system_line(f, ch, user, "channel_join", text);
	if (!channel_has(ch, f->ws->bot_user) || !subscribed(f, "member_joined_channel"))
		return;
	event = json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "member_joined_channel", "user", user,
			  "channel", ch->id, "channel_type", ch->is_private ? "G" : "C", "team",
			  f->ws->team_id);
	if (*inviter && strcmp(inviter, user) != 0)
		json_put(event, "inviter", inviter);
	json_put(event, "event_ts", ch->messages[ch->count - 1]->ts);
	event_send_owned(f, event, ch->id);
}

static json_t *reaction_find(json_t *body, const char *name, size_t *index)
{
	json_t *list = json_object_get(body, "reactions"), *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (!strcmp(json_text(one, "name"), name)) {
			*index = i;
			return one;
		}
	return NULL;
}

void event_reaction(struct fake *f, struct channel *ch, struct message *m, const char *user,
		    const char *name, bool added)
{
	size_t at = 0, i;
	json_t *reaction = reaction_find(m->body, name, &at), *users, *one;
	char ts[24];

	if (added && !reaction) {
		if (!json_object_get(m->body, "reactions"))
			json_object_set_new(m->body, "reactions", json_array());
		reaction = json_pack("{s:s, s:[], s:i}", "name", name, "users", "count", 0);
		json_array_append_new(json_object_get(m->body, "reactions"), reaction);
	}
	users = json_object_get(reaction, "users");
	if (added)
		json_array_append_new(users, json_string(user));
	else
		json_array_foreach(users, i, one)
			if (!strcmp(json_string_value(one), user)) {
				json_array_remove(users, i);
				break;
			}
	json_object_set_new(reaction, "count", json_integer((json_int_t)json_array_size(users)));
	if (reaction && !json_array_size(users)) {
		reaction_find(m->body, name, &at);
		json_array_remove(json_object_get(m->body, "reactions"), at);
	}
	workspace_ts(f->ws, ts);
	if (channel_has(ch, f->ws->bot_user) &&
	    subscribed(f, added ? "reaction_added" : "reaction_removed"))
		event_send_owned(f, json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s}, s:s}", "type",
					      added ? "reaction_added" : "reaction_removed", "user", user,
					      "reaction", name, "item_user", json_text(m->body, "user"),
					      "item", "type", "message", "channel", ch->id, "ts", m->ts,
					      "event_ts", ts), ch->id);
	fake_changed(f, "reaction", ch->id, user);
}

void event_home_opened(struct fake *f, const char *user)
{
	struct channel *im = channel_im(f->ws, user);
	char ts[24];
	json_t *event;

	if (!subscribed(f, "app_home_opened"))
		return;
	workspace_ts(f->ws, ts);
	event = json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "app_home_opened", "user", user, "channel",
			  im->id, "tab", "home", "event_ts", ts);
	for (struct view *v = f->ws->views; v; v = v->next)
		if (v->home && !strcmp(v->user, user)) {
			json_object_set_new(event, "view", view_json(f->ws, v, true));
			break;
		}
	event_send_owned(f, event, im->id);
}

json_t *event_ephemeral(struct fake *f, struct channel *ch, const char *user, json_t *args,
			const char *kind)
{
	char ts[24];
	json_t *one, *blocks = json_object_get(args, "blocks");

	workspace_ts(f->ws, ts);
	one = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "kind", kind, "channel", ch->id, "user",
			user, "from", f->ws->bot_user, "ts", ts, "text", json_text(args, "text"), "type",
			"message", "is_ephemeral", 1);
	if (json_is_array(blocks)) {
		blocks = json_deep_copy(blocks);
		blocks_complete(blocks);
		json_object_set_new(one, "blocks", blocks);
	}
	if (*json_text(args, "thread_ts"))
		json_put(one, "thread_ts", json_text(args, "thread_ts"));
	json_array_append_new(f->ws->ephemerals, one);
	fake_changed(f, "ephemeral", ch->id, user);
	return one;
}
