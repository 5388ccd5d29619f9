/* api_other.c - identity, sockets, pins, reactions, bookmarks, people, groups, files. */
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

static json_t *auth_test(struct call *c)
{
	struct workspace *ws = c->f->ws;

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "url", c->f->base_url, "team",
			 ws->team_name, "user", ws->bot_name, "team_id", ws->team_id, "user_id",
			 ws->bot_user, "bot_id", ws->bot_id, "is_enterprise_install", 0);
}

static json_t *connections_open(struct call *c)
{
	char ticket[40], url[400];

	if (strcmp(c->request->method, "POST") != 0)
		return call_fail(c, "insecure_request");
	hub_ticket(c->f, ticket);
	snprintf(url, sizeof(url), "ws://%s/link/?ticket=%s&app_id=fake", c->request->host, ticket);
	return json_pack("{s:s}", "url", url);
}

static json_t *bots_info(struct call *c)
{
	struct workspace *ws = c->f->ws;

	return json_pack("{s:{s:s, s:b, s:s, s:s, s:s}}", "bot", "id", ws->bot_id, "deleted", 0, "name",
			 ws->bot_name, "app_id", ws->app_id, "user_id", ws->bot_user);
}

static json_t *pins_add(struct call *c)
{
	json_t *error, *one;
	struct channel *ch = call_channel(c, "channel", true, &error);
	struct message *m = ch ? message_find(ch, json_text(c->args, "timestamp")) : NULL;
	size_t i;

	if (!ch)
		return error;
	if (ch->is_archived)
		return call_fail(c, "is_archived");
	if (!m)
		return call_fail(c, "message_not_found");
	json_array_foreach(ch->pins, i, one)
		if (!strcmp(json_string_value(one), m->ts))
			return call_fail(c, "already_pinned");
	if (json_array_size(ch->pins) >= 100)
		return call_fail(c, "too_many_pins");
	json_array_append_new(ch->pins, json_string(m->ts));
	json_object_set_new(m->body, "pinned_to", json_pack("[s]", ch->id));
	fake_changed(c->f, "pin", ch->id, NULL);
	return json_object();
}

static json_t *pins_list(struct call *c)
{
	json_t *error, *one, *items;
	struct channel *ch = call_channel(c, "channel", true, &error);
	size_t i;

	if (!ch)
		return error;
	items = json_array();
	json_array_foreach(ch->pins, i, one) {
		struct message *m = message_find(ch, json_string_value(one));

		if (m)
			json_array_append_new(items, json_pack("{s:s, s:s, s:o}", "type", "message", "channel",
							       ch->id, "message", message_json(m, false)));
	}
	return json_pack("{s:o}", "items", items);
}

static json_t *pins_remove(struct call *c)
{
	json_t *error, *one;
	struct channel *ch = call_channel(c, "channel", true, &error);
	size_t i;

	if (!ch)
		return error;
	json_array_foreach(ch->pins, i, one)
		if (!strcmp(json_string_value(one), json_text(c->args, "timestamp"))) {
			struct message *m = message_find(ch, json_string_value(one));

			if (m)
				json_object_del(m->body, "pinned_to");
			json_array_remove(ch->pins, i);
			fake_changed(c->f, "pin", ch->id, NULL);
			return json_object();
		}
	return call_fail(c, "not_pinned");
}

static bool reacted(struct message *m, const char *name, const char *user)
{
	size_t i, j;
	json_t *one, *who;

	json_array_foreach(json_object_get(m->body, "reactions"), i, one)
		if (!strcmp(json_text(one, "name"), name))
			json_array_foreach(json_object_get(one, "users"), j, who)
				if (!strcmp(json_string_value(who), user))
					return true;
	return false;
}

static json_t *reaction(struct call *c, bool add)
{
	const char *name = json_text(c->args, "name");
	json_t *error;
	struct channel *ch = call_channel(c, "channel", true, &error);
	struct message *m = ch ? message_find(ch, json_text(c->args, "timestamp")) : NULL;

	if (!ch)
		return error;
	if (ch->is_archived)
		return call_fail(c, "is_archived");
	if (!m)
		return call_fail(c, "message_not_found");
	if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-+':") != strlen(name) || name[0] == ':')
		return call_fail(c, "invalid_name");
	if (reacted(m, name, c->f->ws->bot_user) == add)
		return call_fail(c, add ? "already_reacted" : "no_reaction");
	event_reaction(c->f, ch, m, c->f->ws->bot_user, name, add);
	return json_object();
}

static json_t *reactions_add(struct call *c)
{
	return reaction(c, true);
}

static json_t *reactions_remove(struct call *c)
{
	return reaction(c, false);
}

static json_t *bookmarks_add(struct call *c)
{
	json_t *error, *bookmark;
	struct channel *ch = call_channel(c, "channel_id", true, &error);
	const char *link = json_text(c->args, "link"), *emoji = json_text(c->args, "emoji");
	char id[24];

	if (!ch)
		return error;
	if (strcmp(json_text(c->args, "type"), "link") != 0)
		return call_fail(c, "invalid_bookmark_type");
	if (strncmp(link, "http://", 7) != 0 && strncmp(link, "https://", 8) != 0)
		return call_fail(c, "invalid_link");
	if (*emoji && (emoji[0] != ':' || emoji[strlen(emoji) - 1] != ':'))
		return call_fail(c, "invalid_emoji");
	if (json_array_size(ch->bookmarks) >= 100)
		return call_fail(c, "too_many_bookmarks");
	workspace_id(c->f->ws, 'B', id);
	bookmark = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s}", "id", id, "channel_id", ch->id,
			     "title", json_text(c->args, "title"), "link", link, "emoji", emoji, "type",
			     "link", "date_created", (json_int_t)(clock_wall_us() / 1000000), "rank", "i");
	json_array_append(ch->bookmarks, bookmark);
	fake_changed(c->f, "bookmark", ch->id, NULL);
	return json_pack("{s:o}", "bookmark", bookmark);
}

static json_t *bookmarks_list(struct call *c)
{
	json_t *error;
	struct channel *ch = call_channel(c, "channel_id", true, &error);

	return ch ? json_pack("{s:O}", "bookmarks", ch->bookmarks) : error;
}

/* E-mail addresses are shown only to those who may see them. */
static json_t *user_shown(struct call *c, json_t *user)
{
	json_t *out = json_deep_copy(user);

	if (!call_has_scope(c, "users:read.email") || !*json_text(json_object_get(out, "profile"), "email"))
		json_object_del(json_object_get(out, "profile"), "email");
	return out;
}

static json_t *users_info(struct call *c)
{
	json_t *user = json_object_get(c->f->ws->users, json_text(c->args, "user"));

	return user ? json_pack("{s:o}", "user", user_shown(c, user)) : call_fail(c, "user_not_found");
}

static json_t *users_list(struct call *c)
{
	json_t *list = json_array(), *out = json_object(), *user, *page;
	const char *id;

	if (!json_object_get(c->args, "limit"))
		fake_complain(c->f, "rule", c->method->name, "no_limit", "always give a limit");
	json_object_foreach(c->f->ws->users, id, user)
		json_array_append_new(list, user_shown(c, user));
	page = call_page_owned(c, list, 1000, out);
	json_object_set_new(out, "members", page);
	json_object_set_new(out, "cache_ts", json_integer(clock_wall_us() / 1000000));
	return out;
}

static json_t *users_by_mail(struct call *c)
{
	const char *id;
	json_t *user;

	json_object_foreach(c->f->ws->users, id, user)
		if (!strcasecmp(json_text(json_object_get(user, "profile"), "email"),
				json_text(c->args, "email")))
			return json_pack("{s:o}", "user", user_shown(c, user));
	return call_fail(c, "users_not_found");
}

static json_t *group_shown(struct call *c, json_t *group)
{
	json_t *out = json_copy(group);

	json_object_set_new(out, "user_count",
			    json_integer((json_int_t)json_array_size(json_object_get(group, "users"))));
	if (!json_flag(c->args, "include_users", false))
		json_object_del(out, "users");
	return out;
}

static json_t *groups_list(struct call *c)
{
	json_t *list = json_array(), *group;
	const char *id;

	json_object_foreach(c->f->ws->usergroups, id, group)
		json_array_append_new(list, group_shown(c, group));
	return json_pack("{s:o}", "usergroups", list);
}

static json_t *groups_users(struct call *c)
{
	json_t *group = json_object_get(c->f->ws->usergroups, json_text(c->args, "usergroup"));

	return group ? json_pack("{s:O}", "users", json_object_get(group, "users")) :
		       call_fail(c, "no_such_subteam");
}

static json_t *groups_update(struct call *c)
{
	json_t *group = json_object_get(c->f->ws->usergroups, json_text(c->args, "usergroup"));
	json_t *users = json_array();
	char *all, *rest, *user;

	if (!group) {
		json_decref(users);
		return call_fail(c, "no_such_subteam");
	}
	all = rest = strdup(json_text(c->args, "users"));
	while ((user = strsep(&rest, ","))) {
		user += strspn(user, " ");
		if (!*user)
			continue;
		if (!json_object_get(c->f->ws->users, user)) {
			json_decref(users);
			free(all);
			return call_fail(c, "invalid_users");
		}
		json_array_append_new(users, json_string(user));
	}
	free(all);
	if (!json_array_size(users)) {
		json_decref(users);
		return call_fail(c, "no_users_provided");
	}
	json_object_set_new(group, "users", users);
	fake_changed(c->f, "usergroup", NULL, NULL);
	return json_pack("{s:o}", "usergroup", group_shown(c, group));
}

static json_t *files_url(struct call *c)
{
	struct workspace *ws = c->f->ws;
	char id[24], url[400];

	workspace_id(ws, 'F', id);
	snprintf(url, sizeof(url), "http://%s/upload/v1/%s", c->request->host, id);
	json_object_set_new(ws->files, id, json_pack("{s:s, s:s, s:I, s:b, s:b}", "id", id, "name",
						     json_text(c->args, "filename"), "length",
						     (json_int_t)json_number(c->args, "length", 0),
						     "uploaded", 0, "complete", 0));
	return json_pack("{s:s, s:s}", "upload_url", url, "file_id", id);
}

void api_upload(struct fake *f, struct request *r)
{
	const char *id = strrchr(r->path, '/') + 1;
	json_t *file = json_object_get(f->ws->files, id);
	char line[64];

	if (!file) {
		http_answer(r, 404, "text/plain", "not found", 9);
		return;
	}
	/* A multipart body holds more than the file; only raw bodies are compared. */
	if (json_number(file, "length", 0) != (int64_t)r->body_bytes &&
	    !(r->content_type && strstr(r->content_type, "multipart/")))
		fake_complain(f, "rule", "upload", "length", "%zu bytes came, %lld were announced",
			      r->body_bytes, (long long)json_number(file, "length", 0));
	json_object_set_new(file, "uploaded", json_true());
	if (r->body)
		json_object_set_new(file, "content", json_stringn(r->body, r->body_bytes));
	snprintf(line, sizeof(line), "OK - %zu", r->body_bytes);
	http_answer(r, 200, "text/plain", line, strlen(line));
}

static json_t *files_complete(struct call *c)
{
	json_t *wanted = json_object_get(c->args, "files"), *one, *error, *done, *body;
	const char *id = *json_text(c->args, "channel_id") ? "channel_id" : "channels";
	struct channel *ch = NULL;
	size_t i;

	if (*json_text(c->args, id)) {
		ch = call_channel(c, id, true, &error);
		if (!ch)
			return error;
	}
	json_array_foreach(wanted, i, one) {
		json_t *file = json_object_get(c->f->ws->files, json_text(one, "id"));

		if (!file || !json_flag(file, "uploaded", false) || json_flag(file, "complete", false))
			return call_fail(c, "file_not_found");
	}
	done = json_array();
	json_array_foreach(wanted, i, one) {
		json_t *file = json_object_get(c->f->ws->files, json_text(one, "id"));

		json_object_set_new(file, "complete", json_true());
		json_array_append_new(done, json_pack("{s:s, s:s, s:s}", "id", json_text(one, "id"), "title",
						      json_text(one, "title"), "name",
						      json_text(file, "name")));
	}
	if (ch) {
		body = json_pack("{s:s, s:s, s:s, s:s, s:s, s:O}", "user", c->f->ws->bot_user, "bot_id",
				 c->f->ws->bot_id, "app_id", c->f->ws->app_id, "subtype", "file_share",
				 "text", json_text(c->args, "initial_comment"), "files", done);
		event_post_owned(c->f, ch, body, json_text(c->args, "thread_ts"));
	}
	return json_pack("{s:o}", "files", done);
}

const struct method methods_other[] = {
	{ "auth.test", 600, TOKEN_BOT, 0, "", "", auth_test },
	{ "bots.info", 50, TOKEN_BOT, METHOD_FORM, "users:read", "bot:id team_id:str", bots_info },
	{ "apps.connections.open", 50, TOKEN_APP, 0, "connections:write", "", connections_open },
	{ "pins.add", 20, TOKEN_BOT, 0, "pins:write", "channel*:id timestamp*:ts", pins_add },
	{ "pins.remove", 20, TOKEN_BOT, 0, "pins:write", "channel*:id timestamp*:ts", pins_remove },
	{ "pins.list", 20, TOKEN_BOT, METHOD_FORM, "pins:read", "channel*:id", pins_list },
	{ "bookmarks.list", 50, TOKEN_BOT, METHOD_FORM, "bookmarks:read", "channel_id*:id",
	  bookmarks_list },
	{ "reactions.add", 50, TOKEN_BOT, 0, "reactions:write", "channel*:id timestamp*:ts name*:str",
	  reactions_add },
	{ "reactions.remove", 20, TOKEN_BOT, 0, "reactions:write", "channel*:id timestamp*:ts name*:str",
	  reactions_remove },
	{ "bookmarks.add", 20, TOKEN_BOT, 0, "bookmarks:write",
	  "channel_id*:id title*:str type*:str link:str emoji:str entity_id:str access_level:str "
	  "parent_id:str", bookmarks_add },
	{ "users.info", 100, TOKEN_BOT, METHOD_FORM, "users:read", "user*:id include_locale:bool",
	  users_info },
	{ "users.list", 20, TOKEN_BOT, METHOD_FORM, "users:read",
	  "limit:int cursor:str include_locale:bool team_id:str", users_list },
	{ "users.lookupByEmail", 50, TOKEN_BOT, METHOD_FORM, "users:read.email", "email*:str",
	  users_by_mail },
	{ "usergroups.list", 20, TOKEN_BOT, METHOD_FORM, "usergroups:read",
	  "include_count:bool include_disabled:bool include_users:bool team_id:str", groups_list },
	{ "usergroups.users.list", 20, TOKEN_BOT, METHOD_FORM, "usergroups:read",
	  "usergroup*:id include_disabled:bool team_id:str", groups_users },
	{ "usergroups.users.update", 20, TOKEN_BOT, 0, "usergroups:write",
	  "usergroup*:id users:csv include_count:bool team_id:str", groups_update },
	{ "files.getUploadURLExternal", 100, TOKEN_BOT, METHOD_FORM, "files:write",
	  "filename*:str length*:int alt_txt:str snippet_type:str", files_url },
	{ "files.completeUploadExternal", 100, TOKEN_BOT, 0, "files:write",
	  "files*:list channel_id:id channels:str thread_ts:ts initial_comment:str blocks:list",
	  files_complete },
	{ 0 },
};
