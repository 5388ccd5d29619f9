/* workspace.c - building the workspace from its description; people, ids, tokens. */
#include "workspace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

#define TOKENS_KEPT 20000

static const char builtin_workspace[] =
	"{\"team\":{\"id\":\"T0TOCSIN\",\"domain\":\"harbour\",\"name\":\"Harbour\"},"
	"\"app\":{\"id\":\"A0TOCSIN\",\"bot_id\":\"B0TOCSIN\",\"bot_user\":\"U0TOCSIN\",\"name\":\"tocsin\"},"
	"\"users\":["
	"{\"id\":\"U0ADA\",\"name\":\"ada\",\"real_name\":\"Ada Park\",\"email\":\"ada@example.com\",\"tz\":\"America/New_York\"},"
	"{\"id\":\"U0BEN\",\"name\":\"ben\",\"real_name\":\"Ben Ortiz\",\"email\":\"ben@example.com\",\"tz\":\"America/Los_Angeles\"},"
	"{\"id\":\"U0CHLOE\",\"name\":\"chloe\",\"real_name\":\"Chlo\xc3\xa9 Roy\",\"email\":\"chloe@example.com\",\"tz\":\"Europe/Paris\"},"
	"{\"id\":\"U0DEV\",\"name\":\"dev\",\"real_name\":\"Dev Rao\",\"email\":\"dev@example.com\",\"tz\":\"Asia/Kolkata\"},"
	"{\"id\":\"U0EVE\",\"name\":\"eve\",\"real_name\":\"Eve Stone\",\"email\":\"eve@example.com\",\"tz\":\"America/New_York\"},"
	"{\"id\":\"U0MIA\",\"name\":\"mia\",\"real_name\":\"Mia Novak\",\"email\":\"mia@example.com\",\"tz\":\"Europe/Prague\"}],"
	"\"channels\":["
	"{\"id\":\"C0WARROOM\",\"name\":\"war-room\",\"purpose\":\"All updates are posted here\"},"
	"{\"id\":\"C0COMMUNITY\",\"name\":\"community\",\"purpose\":\"What users tell us\"},"
	"{\"id\":\"C0PAYMENTS\",\"name\":\"payments\",\"purpose\":\"The payments team\"},"
	"{\"id\":\"C0RANDOM\",\"name\":\"random\",\"purpose\":\"Everything else\",\"bot\":false}],"
	"\"usergroups\":[{\"id\":\"S0ONCALL\",\"handle\":\"oncall\",\"name\":\"On call\",\"users\":[\"U0ADA\"]}]}";

static const char *const default_scopes[] = {
	"app_mentions:read", "bookmarks:read", "bookmarks:write", "canvases:write", "channels:history", "channels:join",
	"channels:manage", "channels:read", "chat:write", "chat:write.public", "commands", "files:write",
	"groups:history", "groups:read", "groups:write", "im:history", "im:read", "im:write", "mpim:read",
	"pins:write", "reactions:read", "reactions:write", "usergroups:read", "usergroups:write", "users:read",
	"users:read.email", NULL,
};
static const char *const default_events[] = {
	"app_home_opened", "app_mention", "member_joined_channel", "message.channels", "message.groups",
	"message.im", "reaction_added", NULL,
};
static const char *const default_commands[] = {
	"/incident", "/rollback", "/oncall", "/launch", "/hotfix", "/feedback", "/tocsin", NULL,
};

static json_t *string_list(const char *const *words)
{
	json_t *list = json_array();

	for (; *words; words++)
		json_array_append_new(list, json_string(*words));
	return list;
}

static void copy(char *out, size_t size, const char *text, const char *fallback)
{
	snprintf(out, size, "%s", *text ? text : fallback);
}

static json_t *user_json(const struct workspace *ws, const json_t *in, bool bot)
{
	const char *real = json_text(in, "real_name");

	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:b, s:s, s:i, s:i,"
			 " s:{s:s, s:s, s:s, s:s, s:s}}",
			 "id", json_text(in, "id"), "team_id", ws->team_id, "name", json_text(in, "name"),
			 "real_name", real, "deleted", json_flag(in, "deleted", false), "is_bot", bot,
			 "is_app_user", 0, "is_restricted", json_flag(in, "is_restricted", false),
			 "is_ultra_restricted", 0, "tz",
			 *json_text(in, "tz") ? json_text(in, "tz") : "Etc/UTC", "tz_offset", 0, "updated",
			 1763000000, "profile", "display_name", json_text(in, "name"), "real_name", real,
			 "email", json_text(in, "email"), "team", ws->team_id, "title",
			 json_text(in, "title"));
}

static void users_build(struct workspace *ws)
{
	size_t i;
	json_t *in, *bot;

	json_array_foreach(json_object_get(ws->config, "users"), i, in)
		json_object_set_new(ws->users, json_text(in, "id"), user_json(ws, in, false));
	bot = json_pack("{s:s, s:s, s:s}", "id", ws->bot_user, "name", ws->bot_name, "real_name",
			ws->bot_name);
	json_object_set_new(ws->users, ws->bot_user, user_json(ws, bot, true));
	json_decref(bot);
}

static void channels_build(struct workspace *ws)
{
	size_t i, j;
	json_t *in, *member;
	const char *id;

	json_array_foreach(json_object_get(ws->config, "channels"), i, in) {
		const json_t *members = json_object_get(in, "members");
		struct channel *ch = channel_new(ws, json_text(in, "id"), json_text(in, "name"), "",
						 json_flag(in, "private", false));

		json_put(ch->purpose, "value", json_text(in, "purpose"));
		json_put(ch->topic, "value", json_text(in, "topic"));
		if (members) {
			json_array_foreach(members, j, member)
				json_object_set_new(ch->members, json_string_value(member), json_true());
		} else {
			json_object_foreach(ws->users, id, member)
				if (strcmp(id, ws->bot_user) != 0)
					json_object_set_new(ch->members, id, json_true());
		}
		if (json_flag(in, "bot", true))
			json_object_set_new(ch->members, ws->bot_user, json_true());
	}
	json_array_foreach(json_object_get(ws->config, "usergroups"), i, in) {
		json_t *group = json_deep_copy(in);

		json_put(group, "team_id", ws->team_id);
		json_object_set_new(group, "is_usergroup", json_true());
		json_object_set_new(group, "date_delete", json_integer(0));
		if (!json_object_get(group, "users"))
			json_object_set_new(group, "users", json_array());
		json_object_set_new(ws->usergroups, json_text(in, "id"), group);
	}
}

static json_t *tokens_build(const json_t *given, const char *fallback, json_t *scopes)
{
	json_t *tokens = json_object();
	size_t i;
	json_t *one;

	if (json_is_string(given))
		json_object_set(tokens, json_string_value(given), scopes);
	json_array_foreach(given, i, one)
		json_object_set(tokens, json_string_value(one), scopes);
	if (!given)
		json_object_set(tokens, fallback, scopes);
	json_decref(scopes);
	return tokens;
}

static void app_build(struct workspace *ws)
{
	const json_t *config = ws->config;
	json_t *commands = json_object_get(config, "commands");
	json_t *scopes = json_object_get(config, "bot_scopes");
	json_t *events = json_object_get(config, "events");

	ws->bot_tokens = tokens_build(json_object_get(config, "bot_token"), "xoxb-fake-bot-token",
				      scopes ? json_incref(scopes) : string_list(default_scopes));
	ws->app_tokens = tokens_build(json_object_get(config, "app_token"), "xapp-1-A0TOCSIN-fake",
				      json_pack("[s]", "connections:write"));
	ws->events = events ? json_deep_copy(events) : string_list(default_events);
	ws->commands = commands ? json_deep_copy(commands) : json_object();
	for (size_t i = 0; !commands && default_commands[i]; i++)
		json_object_set_new(ws->commands, default_commands[i],
				    json_pack("{s:b}", "should_escape", 1));
}

static json_t *object_load(const char *path)
{
	json_error_t error;
	json_t *out = path ? json_load_file(path, JSON_REJECT_DUPLICATES, &error)
			   : json_loads(builtin_workspace, 0, &error);

	if (json_is_object(out))
		return out;
	fprintf(stderr, "fake_slack: %s:%d:%d: %s\n", path ? path : "built-in", out ? 1 : error.line,
		out ? 1 : error.column, out ? "not an object" : error.text);
	json_decref(out);
	return NULL;
}

/* What the app's own manifest says replaces what the workspace says about the app. */
static int manifest_take(json_t *config, const char *path)
{
	json_t *manifest = object_load(path), *one, *commands, *scopes, *events;
	size_t i;

	if (!manifest)
		return -1;
	scopes = json_object_get(json_object_get(json_object_get(manifest, "oauth_config"), "scopes"), "bot");
	events = json_object_get(json_object_get(json_object_get(manifest, "settings"),
						 "event_subscriptions"), "bot_events");
	if (scopes)
		json_object_set(config, "bot_scopes", scopes);
	json_object_set_new(config, "events", events ? json_incref(events) : json_array());
	commands = json_object();
	json_array_foreach(json_object_get(json_object_get(manifest, "features"), "slash_commands"), i, one)
		json_object_set_new(commands, json_text(one, "command"),
				    json_pack("{s:s, s:s, s:b}", "description", json_text(one, "description"),
					      "usage_hint", json_text(one, "usage_hint"), "should_escape",
					      json_flag(one, "should_escape", false)));
	json_object_set_new(config, "commands", commands);
	json_decref(manifest);
	return 0;
}

struct workspace *workspace_new(const char *path, const char *manifest)
{
	struct workspace *ws = calloc(1, sizeof(*ws));
	const json_t *team, *app;

	ws->config = object_load(path);
	if (!ws->config || (manifest && manifest_take(ws->config, manifest) < 0)) {
		json_decref(ws->config);
		free(ws);
		return NULL;
	}
	team = json_object_get(ws->config, "team");
	app = json_object_get(ws->config, "app");
	copy(ws->team_id, sizeof(ws->team_id), json_text(team, "id"), "T0TOCSIN");
	copy(ws->team_domain, sizeof(ws->team_domain), json_text(team, "domain"), "harbour");
	copy(ws->team_name, sizeof(ws->team_name), json_text(team, "name"), "Harbour");
	copy(ws->app_id, sizeof(ws->app_id), json_text(app, "id"), "A0TOCSIN");
	copy(ws->bot_id, sizeof(ws->bot_id), json_text(app, "bot_id"), "B0TOCSIN");
	copy(ws->bot_user, sizeof(ws->bot_user), json_text(app, "bot_user"), "U0TOCSIN");
	copy(ws->bot_name, sizeof(ws->bot_name), json_text(app, "name"), "tocsin");
	ws->users = json_object();
	ws->usergroups = json_object();
	ws->ephemerals = json_array();
	ws->files = json_object();
	app_build(ws);
	users_build(ws);
	channels_build(ws);
	return ws;
}

static void channel_free(struct channel *ch)
{
	for (size_t i = 0; i < ch->count; i++) {
		json_decref(ch->messages[i]->body);
		free(ch->messages[i]);
	}
	free(ch->messages);
	json_decref(ch->topic);
	json_decref(ch->purpose);
	json_decref(ch->members);
	json_decref(ch->pins);
	json_decref(ch->bookmarks);
	free(ch);
}

void workspace_free(struct workspace *ws)
{
	if (!ws)
		return;
	while (ws->views)
		view_drop(ws, ws->views);
	while (ws->tokens) {
		struct token *next = ws->tokens->next;

		free(ws->tokens);
		ws->tokens = next;
	}
	for (size_t i = 0; i < ws->channel_count; i++)
		channel_free(ws->channels[i]);
	free(ws->channels);
	json_decref(ws->config);
	json_decref(ws->users);
	json_decref(ws->usergroups);
	json_decref(ws->bot_tokens);
	json_decref(ws->app_tokens);
	json_decref(ws->events);
	json_decref(ws->commands);
	json_decref(ws->ephemerals);
	json_decref(ws->files);
	free(ws);
}

void workspace_ts(struct workspace *ws, char out[24])
{
	int64_t now = clock_wall_us();

	if (now <= ws->last_us)
		now = ws->last_us + 1;
	ws->last_us = now;
	snprintf(out, 24, "%010lld.%06lld", (long long)(now / 1000000), (long long)(now % 1000000));
}

void workspace_id(struct workspace *ws, char prefix, char out[24])
{
	snprintf(out, 24, "%c0FAKE%05lX", prefix, ++ws->serial);
}

const char *user_name(const struct workspace *ws, const char *id)
{
	return json_text(json_object_get(ws->users, id), "name");
}

struct token *token_new(struct workspace *ws, const char *kind, const char *user)
{
	struct token *t = calloc(1, sizeof(*t));
	char hex[40];
	size_t n = 0;

	random_hex(hex, 32);
	if (!strcmp(kind, "t"))
		snprintf(t->id, sizeof(t->id), "%lu.%lu.%s", 1111111111111 + ++ws->serial, 2222222222222ul,
			 hex);
	else
		snprintf(t->id, sizeof(t->id), "/%s/%s/%lu/%.24s", kind, ws->team_id,
			 1111111111111 + ++ws->serial, hex);
	snprintf(t->user, sizeof(t->user), "%s", user);
	t->made_us = clock_wall_us();
	t->next = ws->tokens;
	ws->tokens = t;
	/* Now and then the old ones are let go: a load test makes millions. */
	if (ws->serial % TOKENS_KEPT)
		return t;
	for (struct token *p = t; p; p = p->next)
		if (++n == TOKENS_KEPT) {
			struct token *old = p->next;

			p->next = NULL;
			while (old) {
				struct token *next = old->next;

				free(old);
				old = next;
			}
		}
	return t;
}

struct token *token_find(struct workspace *ws, const char *id)
{
	for (struct token *t = ws->tokens; t; t = t->next)
		if (!strcmp(t->id, id))
			return t;
	return NULL;
}
