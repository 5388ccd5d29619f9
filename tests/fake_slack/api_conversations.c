/* api_conversations.c - conversations.*: channels, their members, what was said in them. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "blocks.h"
#include "events.h"
#include "fake.h"
#include "workspace.h"

static const char *name_wrong(const char *name)
{
	if (!*name)
		return "invalid_name_required";
	if (text_units(name) > 80)
		return "invalid_name_maxlength";
	if (strspn(name, "-_") == strlen(name))
		return "invalid_name_punctuation";
	for (const unsigned char *p = (const unsigned char *)name; *p; p++)
		if (*p < 0x80 && !islower(*p) && !isdigit(*p) && *p != '-' && *p != '_')
			return "invalid_name_specials";
	return NULL;
}

static json_t *channel_answer(struct call *c, struct channel *ch)
{
	return json_pack("{s:o}", "channel", channel_json(c->f->ws, ch));
}

static json_t *create(struct call *c)
{
	const char *name = json_text(c->args, "name"), *wrong = name_wrong(name);
	bool is_private = json_flag(c->args, "is_private", false);
	struct channel *ch;
	char id[24];

	if (wrong)
		return call_fail(c, wrong);
	if (!call_has_scope(c, is_private ? "groups:write" : "channels:manage")) {
		json_t *out = call_fail(c, "missing_scope");

		json_put(out, "needed", is_private ? "groups:write" : "channels:manage");
		return out;
	}
	if (channel_find_name(c->f->ws, name)) /* archived ones keep their names */
		return call_fail(c, "name_taken");
	workspace_id(c->f->ws, 'C', id);
	ch = channel_new(c->f->ws, id, name, c->f->ws->bot_user, is_private);
	event_join(c->f, ch, c->f->ws->bot_user, "");
	fake_changed(c->f, "channel", ch->id, NULL);
	return channel_answer(c, ch);
}

static json_t *changeable(struct call *c, struct channel **ch)
{
	json_t *error;

	*ch = call_channel(c, "channel", true, &error);
	if (*ch && (*ch)->is_archived)
		return call_fail(c, "is_archived");
	if (*ch && (*ch)->is_im)
		return call_fail(c, "method_not_supported_for_channel_type");
	return *ch ? NULL : error;
}

static json_t *invite(struct call *c)
{
	struct channel *ch;
	json_t *error = changeable(c, &ch), *errors, *good;
	char *users, *rest, *user;
	size_t i;
	json_t *one;

	if (error)
		return error;
	errors = json_array();
	good = json_array();
	users = rest = strdup(json_text(c->args, "users"));
	while ((user = strsep(&rest, ","))) {
		const char *wrong = NULL;

		user += strspn(user, " ");
		if (!*user)
			continue;
		if (!strcmp(user, c->f->ws->bot_user))
			wrong = "cant_invite_self";
		else if (!json_object_get(c->f->ws->users, user))
			wrong = "user_not_found";
		else if (channel_has(ch, user))
			wrong = "already_in_channel";
		if (wrong)
			json_array_append_new(errors, json_pack("{s:b, s:s, s:s}", "ok", 0, "error", wrong,
								"user", user));
		else
			json_array_append_new(good, json_string(user));
	}
	free(users);
	if (json_array_size(errors) && !(json_flag(c->args, "force", false) && json_array_size(good))) {
		error = call_fail(c, json_text(json_array_get(errors, 0), "error"));
		json_object_set(error, "errors", errors);
	} else if (!json_array_size(good)) {
		error = call_fail(c, "no_user");
	} else {
		json_array_foreach(good, i, one)
			event_join(c->f, ch, json_string_value(one), c->f->ws->bot_user);
		error = channel_answer(c, ch);
		if (json_array_size(errors))
			json_object_set(error, "errors", errors);
	}
	json_decref(errors);
	json_decref(good);
	return error;
}

static json_t *join(struct call *c)
{
	json_t *error;
	struct channel *ch = call_channel(c, "channel", false, &error);

	if (!ch)
		return error;
	if (ch->is_archived)
		return call_fail(c, "is_archived");
	if (ch->is_private)
		return call_fail(c, "method_not_supported_for_channel_type");
	if (channel_has(ch, c->f->ws->bot_user))
		json_array_append_new(c->warnings, json_string("already_in_channel"));
	else
		event_join(c->f, ch, c->f->ws->bot_user, "");
	return channel_answer(c, ch);
}

static json_t *leave(struct call *c)
{
	json_t *error;
	struct channel *ch = call_channel(c, "channel", true, &error);

	if (!ch)
		return error;
	json_object_del(ch->members, c->f->ws->bot_user);
	fake_changed(c->f, "channel", ch->id, NULL);
	return json_object();
}

static json_t *set_text(struct call *c, const char *key, const char *subtype, json_t *(*get)(struct channel *))
{
	struct channel *ch;
	json_t *error = changeable(c, &ch), *slot;
	const char *value = json_text(c->args, key);
	char line[1400];

	if (error)
		return error;
	if (text_units(value) > 250)
		return call_fail(c, "too_long");
	slot = get(ch);
	json_put(slot, "value", value);
	json_put(slot, "creator", c->f->ws->bot_user);
	json_object_set_new(slot, "last_set", json_integer(clock_wall_us() / 1000000));
	snprintf(line, sizeof(line), "set the channel %s: %s", key, value);
	event_system_line(c->f, ch, c->f->ws->bot_user, subtype, line);
	return channel_answer(c, ch);
}

static json_t *topic_of(struct channel *ch)
{
	return ch->topic;
}

static json_t *purpose_of(struct channel *ch)
{
	return ch->purpose;
}

static json_t *set_topic(struct call *c)
{
	return set_text(c, "topic", "channel_topic", topic_of);
}

static json_t *set_purpose(struct call *c)
{
	return set_text(c, "purpose", "channel_purpose", purpose_of);
}

static json_t *rename_channel(struct call *c)
{
	struct channel *ch;
	json_t *error = changeable(c, &ch);
	const char *name = json_text(c->args, "name"), *wrong = name_wrong(name);

	if (error)
		return error;
	if (wrong)
		return call_fail(c, wrong);
	if (channel_find_name(c->f->ws, name))
		return call_fail(c, "name_taken");
	snprintf(ch->name, sizeof(ch->name), "%s", name);
	fake_changed(c->f, "channel", ch->id, NULL);
	return channel_answer(c, ch);
}

static json_t *archive(struct call *c)
{
	json_t *error;
	struct channel *ch = call_channel(c, "channel", true, &error);

	if (!ch)
		return error;
	if (ch->is_archived)
		return call_fail(c, "already_archived");
	event_system_line(c->f, ch, c->f->ws->bot_user, "channel_archive", "archived the channel");
	ch->is_archived = true;
	fake_changed(c->f, "channel", ch->id, NULL);
	return json_object();
}

/* Is ts between oldest and latest, by the rules of inclusive? */
static bool ts_within(struct call *c, const char *ts)
{
	const char *oldest = json_text(c->args, "oldest"), *latest = json_text(c->args, "latest");
	bool inclusive = json_flag(c->args, "inclusive", false);
	double t = strtod(ts, NULL), low = strtod(oldest, NULL), high = strtod(latest, NULL);

	if (*oldest && !(t > low || (inclusive && (t >= low || !strcmp(ts, oldest)))))
		return false;
	if (*latest && !(t < high || (inclusive && (t <= high || !strcmp(ts, latest)))))
		return false;
	return true;
}

static json_t *history_channel(struct call *c, struct channel **ch)
{
	json_t *error;

	*ch = call_channel(c, "channel", true, &error);
	if (!*ch)
		return error;
	if ((*ch)->is_im ? !call_has_scope(c, "im:history") :
	    (*ch)->is_private ? !call_has_scope(c, "groups:history") :
				!call_has_scope(c, "channels:history"))
		return call_fail(c, "missing_scope");
	return NULL;
}

static json_t *history(struct call *c)
{
	bool all = json_flag(c->args, "include_all_metadata", false);
	json_t *list = json_array(), *out, *page, *error;
	struct channel *ch;

	error = history_channel(c, &ch);
	if (error) {
		json_decref(list);
		return error;
	}
	for (size_t i = ch->count; i > 0; i--) {
		struct message *m = ch->messages[i - 1];
		bool reply = *m->thread_ts && strcmp(m->thread_ts, m->ts) != 0;

		if (m->deleted || (reply && strcmp(json_text(m->body, "subtype"), "thread_broadcast") != 0))
			continue;
		if (*json_text(c->args, "oldest") &&
		    strtod(m->ts, NULL) < strtod(json_text(c->args, "oldest"), NULL))
			break;
		if (ts_within(c, m->ts))
			json_array_append_new(list, message_json(m, all));
	}
	out = json_pack("{s:i}", "pin_count", (int)json_array_size(ch->pins));
	page = call_page_owned(c, list, 100, out);
	json_object_set_new(out, "has_more",
			    json_boolean(*json_text(json_object_get(out, "response_metadata"),
						    "next_cursor")));
	json_object_set_new(out, "messages", page);
	return out;
}

static json_t *replies(struct call *c)
{
	bool all = json_flag(c->args, "include_all_metadata", false);
	json_t *list, *out, *page, *error;
	const char *ts = json_text(c->args, "ts");
	struct channel *ch;
	struct message *m;

	error = history_channel(c, &ch);
	if (error)
		return error;
	m = message_find(ch, ts);
	if (!m)
		return call_fail(c, "thread_not_found");
	if (*m->thread_ts)
		ts = m->thread_ts;
	list = json_array();
	for (size_t i = 0; i < ch->count; i++) {
		m = ch->messages[i];
		if (m->deleted)
			continue;
		if (!strcmp(m->ts, ts) || (!strcmp(m->thread_ts, ts) && ts_within(c, m->ts)))
			json_array_append_new(list, message_json(m, all));
	}
	out = json_object();
	page = call_page_owned(c, list, 1000, out);
	json_object_set_new(out, "has_more",
			    json_boolean(*json_text(json_object_get(out, "response_metadata"),
						    "next_cursor")));
	json_object_set_new(out, "messages", page);
	return out;
}

static json_t *info(struct call *c)
{
	json_t *error;
	struct channel *ch = call_channel(c, "channel", false, &error);

	return ch ? channel_answer(c, ch) : error;
}

static json_t *list_channels(struct call *c)
{
	const char *types = *json_text(c->args, "types") ? json_text(c->args, "types") : "public_channel";
	bool archived = !json_flag(c->args, "exclude_archived", false);
	json_t *list = json_array(), *out = json_object(), *page;

	if (!json_object_get(c->args, "limit"))
		fake_complain(c->f, "rule", c->method->name, "no_limit", "always give a limit");
	for (size_t i = 0; i < c->f->ws->channel_count; i++) {
		struct channel *ch = c->f->ws->channels[i];
		const char *type = ch->is_im ? "im" : ch->is_private ? "private_channel" : "public_channel";

		if (!strstr(types, type) || (ch->is_archived && !archived) ||
		    (ch->is_private && !channel_has(ch, c->f->ws->bot_user)))
			continue;
		json_array_append_new(list, channel_json(c->f->ws, ch));
	}
	page = call_page_owned(c, list, 100, out);
	json_object_set_new(out, "channels", page);
	return out;
}

static json_t *members(struct call *c)
{
	json_t *error, *list, *out, *value, *page;
	struct channel *ch = call_channel(c, "channel", false, &error);
	const char *id;

	if (!ch)
		return error;
	list = json_array();
	json_object_foreach(ch->members, id, value)
		json_array_append_new(list, json_string(id));
	out = json_object();
	page = call_page_owned(c, list, 100, out);
	json_object_set_new(out, "members", page);
	return out;
}

static json_t *open_im(struct call *c)
{
	const char *users = json_text(c->args, "users");
	json_t *error;
	struct channel *ch;

	if (*json_text(c->args, "channel")) {
		ch = call_channel(c, "channel", false, &error);
		if (!ch)
			return error;
	} else {
		if (!*users)
			return call_fail(c, "users_list_not_supplied");
		if (strchr(users, ','))
			return call_fail(c, "missing_scope"); /* mpim:write is not in the manifest */
		if (!json_object_get(c->f->ws->users, users))
			return call_fail(c, "user_not_found");
		ch = channel_im(c->f->ws, users);
	}
	return json_pack("{s:o}", "channel", json_flag(c->args, "return_im", false) ?
			 channel_json(c->f->ws, ch) : json_pack("{s:s}", "id", ch->id));
}

#define READ "channels:read groups:read im:read mpim:read"
#define HISTORY "channels:history groups:history im:history mpim:history"
#define TOPIC "channels:manage channels:write.topic groups:write groups:write.topic"
#define MANAGE "channels:manage groups:write"
#define HISTORY_ARGS \
	"cursor:str limit:int oldest:num latest:num inclusive:bool include_all_metadata:bool"

const struct method methods_conversations[] = {
	{ "conversations.create", 20, TOKEN_BOT, 0, MANAGE, "name*:str is_private:bool team_id:str", create },
	{ "conversations.invite", 50, TOKEN_BOT, 0,
	  "channels:manage channels:write.invites groups:write groups:write.invites",
	  "channel*:id users*:csv force:bool", invite },
	{ "conversations.join", 50, TOKEN_BOT, 0, "channels:join", "channel*:id", join },
	{ "conversations.leave", 50, TOKEN_BOT, 0, MANAGE, "channel*:id", leave },
	{ "conversations.setTopic", 20, TOKEN_BOT, 0, TOPIC, "channel*:id topic:str", set_topic },
	{ "conversations.setPurpose", 20, TOKEN_BOT, 0, TOPIC, "channel*:id purpose:str", set_purpose },
	{ "conversations.rename", 20, TOKEN_BOT, 0, MANAGE, "channel*:id name*:str", rename_channel },
	{ "conversations.archive", 20, TOKEN_BOT, 0, MANAGE, "channel*:id", archive },
	{ "conversations.history", 50, TOKEN_BOT, 0, HISTORY, "channel*:id " HISTORY_ARGS, history },
	{ "conversations.replies", 50, TOKEN_BOT, METHOD_FORM, HISTORY, "channel*:id ts*:ts " HISTORY_ARGS,
	  replies },
	{ "conversations.info", 50, TOKEN_BOT, METHOD_FORM, READ,
	  "channel*:id include_locale:bool include_num_members:bool", info },
	{ "conversations.list", 20, TOKEN_BOT, METHOD_FORM, READ,
	  "types:str exclude_archived:bool limit:int cursor:str team_id:str", list_channels },
	{ "conversations.members", 100, TOKEN_BOT, METHOD_FORM, READ, "channel*:id limit:int cursor:str",
	  members },
	{ "conversations.open", 50, TOKEN_BOT, 0, "im:write mpim:write",
	  "channel:id users:csv return_im:bool prevent_creation:bool", open_im },
	{ 0 },
};
