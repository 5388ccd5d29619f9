/* channel.c - channels and the messages in them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "workspace.h"

struct channel *channel_find(struct workspace *ws, const char *id)
{
	for (size_t i = 0; i < ws->channel_count; i++)
		if (!strcmp(ws->channels[i]->id, id))
			return ws->channels[i];
	return NULL;
}

struct channel *channel_find_name(struct workspace *ws, const char *name)
{
	for (size_t i = 0; i < ws->channel_count; i++)
		if (!ws->channels[i]->is_im && !strcmp(ws->channels[i]->name, name))
			return ws->channels[i];
	return NULL;
}

struct channel *channel_new(struct workspace *ws, const char *id, const char *name,
			    const char *creator, bool is_private)
{
	struct channel *ch = calloc(1, sizeof(*ch));

	snprintf(ch->id, sizeof(ch->id), "%s", id);
	snprintf(ch->name, sizeof(ch->name), "%s", name);
	snprintf(ch->creator, sizeof(ch->creator), "%s", creator);
	ch->created = clock_wall_us() / 1000000;
	ch->is_private = is_private;
	ch->topic = json_pack("{s:s, s:s, s:i}", "value", "", "creator", "", "last_set", 0);
	ch->purpose = json_pack("{s:s, s:s, s:i}", "value", "", "creator", "", "last_set", 0);
	ch->members = json_object();
	ch->pins = json_array();
	ch->bookmarks = json_array();
	ws->channels = realloc(ws->channels, (ws->channel_count + 1) * sizeof(*ws->channels));
	ws->channels[ws->channel_count++] = ch;
	return ch;
}

struct channel *channel_im(struct workspace *ws, const char *user)
{
	char id[24];
	struct channel *ch;

	/* "U0ADA" talks to the bot in "D0ADA": easy to read in a test. */
	snprintf(id, sizeof(id), "D%.20s", user[0] ? user + 1 : "");
	ch = channel_find(ws, id);
	if (ch)
		return ch;
	ch = channel_new(ws, id, user, ws->bot_user, true);
	ch->is_im = true;
	json_object_set_new(ch->members, user, json_true());
	json_object_set_new(ch->members, ws->bot_user, json_true());
	return ch;
}

bool channel_has(const struct channel *ch, const char *user)
{
	return json_object_get(ch->members, user) != NULL;
}

json_t *channel_json(const struct workspace *ws, const struct channel *ch)
{
	json_t *out;

	if (ch->is_im)
		return json_pack("{s:s, s:I, s:b, s:b, s:b, s:s, s:b, s:b}", "id", ch->id, "created",
				 (json_int_t)ch->created, "is_im", 1, "is_org_shared", 0, "is_archived", 0,
				 "user", ch->name, "is_user_deleted", 0, "is_open", 1);
	out = json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:I, s:s, s:O, s:O, s:i}",
			"id", ch->id, "name", ch->name, "name_normalized", ch->name, "is_channel",
			!ch->is_private, "is_group", ch->is_private, "is_im", 0, "is_mpim", 0, "is_private",
			ch->is_private, "is_archived", ch->is_archived, "is_general", 0, "is_member",
			channel_has(ch, ws->bot_user), "created", (json_int_t)ch->created, "creator",
			ch->creator, "topic", ch->topic, "purpose", ch->purpose, "num_members",
			(int)json_object_size(ch->members));
	return out;
}

/* Index of the first message whose ts is not smaller. */
static size_t message_index(const struct channel *ch, const char *ts)
{
	size_t low = 0, high = ch->count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (strcmp(ch->messages[mid]->ts, ts) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct message *message_find(const struct channel *ch, const char *ts)
{
	size_t i = message_index(ch, ts);

	if (i < ch->count && !strcmp(ch->messages[i]->ts, ts) && !ch->messages[i]->deleted)
		return ch->messages[i];
	return NULL;
}

static void parent_count(struct message *parent, const char *user, const char *ts, int step)
{
	json_t *users = json_object_get(parent->body, "reply_users");
	int64_t replies = json_number(parent->body, "reply_count", 0) + step;
	bool known = false;
	size_t i;
	json_t *one;

	snprintf(parent->thread_ts, sizeof(parent->thread_ts), "%s", parent->ts);
	json_put(parent->body, "thread_ts", parent->ts);
	json_object_set_new(parent->body, "reply_count", json_integer(replies));
	if (step < 0)
		return;
	if (!users) {
		users = json_array();
		json_object_set_new(parent->body, "reply_users", users);
	}
	json_array_foreach(users, i, one)
		known = known || !strcmp(json_string_value(one), user);
	if (!known)
		json_array_append_new(users, json_string(user));
	json_object_set_new(parent->body, "reply_users_count", json_integer((json_int_t)json_array_size(users)));
	json_put(parent->body, "latest_reply", ts);
}

struct message *message_add_owned(struct workspace *ws, struct channel *ch, json_t *body,
				  const char *thread_ts)
{
	struct message *m = calloc(1, sizeof(*m)), *parent;

	workspace_ts(ws, m->ts);
	json_put(body, "type", "message");
	json_put(body, "ts", m->ts);
	json_put(body, "team", ws->team_id);
	m->body = body;
	if (thread_ts && *thread_ts) {
		snprintf(m->thread_ts, sizeof(m->thread_ts), "%s", thread_ts);
		json_put(body, "thread_ts", thread_ts);
		parent = message_find(ch, thread_ts);
		if (parent) {
			parent_count(parent, json_text(body, "user"), m->ts, 1);
			json_put(body, "parent_user_id", json_text(parent->body, "user"));
		}
	}
	if (ch->count == ch->size) {
		ch->size = ch->size ? ch->size * 2 : 64;
		ch->messages = realloc(ch->messages, ch->size * sizeof(*ch->messages));
	}
	ch->messages[ch->count++] = m; /* ts only grows, so the order holds */
	return m;
}

void message_delete(struct channel *ch, struct message *m)
{
	size_t i;
	json_t *pin;
	struct message *parent;

	m->deleted = true;
	json_array_foreach(ch->pins, i, pin)
		if (!strcmp(json_string_value(pin), m->ts)) {
			json_array_remove(ch->pins, i);
			break;
		}
	if (*m->thread_ts && strcmp(m->thread_ts, m->ts) != 0) {
		parent = message_find(ch, m->thread_ts);
		if (parent)
			parent_count(parent, "", "", -1);
	}
}

json_t *ephemeral_find(struct workspace *ws, const char *channel, const char *ts)
{
	size_t i;
	json_t *one;

	json_array_foreach(ws->ephemerals, i, one)
		if (!strcmp(json_text(one, "ts"), ts) && !strcmp(json_text(one, "channel"), channel))
			return one;
	return NULL;
}

json_t *message_json(const struct message *m, bool with_metadata)
{
	json_t *out = json_copy(m->body), *metadata = json_object_get(m->body, "metadata");

	if (metadata && !with_metadata)
		json_object_set_new(out, "metadata",
				    json_pack("{s:s}", "event_type", json_text(metadata, "event_type")));
	return out;
}
