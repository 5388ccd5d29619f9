/*
 * workspace.h - the state of the fake workspace: people, channels, messages, views.
 *
 * Bodies are jansson objects shaped as Slack's API returns them; the structs hold only what is
 * looked up by. Everything is owned by struct workspace and lives until it is reset.
 */
#ifndef FAKE_SLACK_WORKSPACE_H
#define FAKE_SLACK_WORKSPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct fake;

struct message {
	char ts[24];
	char thread_ts[24]; /* parent's ts for replies and for parents that have replies; else "" */
	json_t *body;
	bool deleted;
};

struct channel {
	char id[24];
	char name[88];
	char creator[24];
	int64_t created;
	bool is_private, is_im, is_archived;
	json_t *topic;     /* {value, creator, last_set} */
	json_t *purpose;
	json_t *members;   /* object: user id -> true, in order of joining */
	json_t *pins;      /* array of ts */
	json_t *bookmarks; /* array of bookmark objects */
	struct message **messages; /* in order of ts */
	size_t count, size;
};

struct view {
	char id[24];
	char hash[40];
	char user[24];
	char root_id[24];
	char previous_id[24];
	json_t *body;   /* as Slack returns it, without state and hash */
	json_t *values; /* state.values as the person has filled them in so far */
	json_t *errors; /* last errors shown under the inputs, or NULL */
	bool home;
	struct view *next;
};

/* A trigger_id or response_url that we have given out. */
struct token {
	char id[80];
	char user[24];
	char channel[24];
	char ts[24];      /* message that a response_url came from, or "" */
	char thread_ts[24];
	char view_id[24]; /* view that a trigger came from, or "" */
	int64_t made_us;
	int uses;
	bool ephemeral;   /* ts names an ephemeral message */
	struct token *next;
};

struct workspace {
	char team_id[24], team_domain[64], team_name[64];
	char app_id[24], bot_id[24], bot_user[24], bot_name[64];
	json_t *config;     /* the file or the built-in text this was made from */
	json_t *users;      /* id -> user object */
	json_t *usergroups; /* id -> usergroup object with users[] */
	json_t *bot_tokens, *app_tokens; /* token -> array of scopes */
	json_t *events;     /* array of subscribed event names */
	json_t *commands;   /* object: "/name" -> {description, usage_hint, should_escape} */
	json_t *ephemerals; /* array of {channel, user, ts, text, blocks, thread_ts} */
	json_t *files;      /* id -> file object */
	struct channel **channels;
	size_t channel_count;
	struct view *views;
	struct token *tokens; /* newest first */
	int64_t last_us;      /* ts of the newest message: they are unique */
	unsigned long serial; /* makes ids unique */
};

/*
 * Builds the workspace from path, or the built-in one. manifest, when not NULL, is a file with the
 * app's own manifest: its scopes, events and commands count. Returns NULL after printing why.
 */
struct workspace *workspace_new(const char *path, const char *manifest);
void workspace_free(struct workspace *ws);

/* A fresh ts, greater than all before. */
void workspace_ts(struct workspace *ws, char out[24]);

/* Makes an id such as "V0FAKE0001". */
void workspace_id(struct workspace *ws, char prefix, char out[24]);

struct channel *channel_find(struct workspace *ws, const char *id);
struct channel *channel_find_name(struct workspace *ws, const char *name);
struct channel *channel_new(struct workspace *ws, const char *id, const char *name,
			    const char *creator, bool is_private);
/* The DM between the bot and a user; made when missing. */
struct channel *channel_im(struct workspace *ws, const char *user);
bool channel_has(const struct channel *ch, const char *user);
json_t *channel_json(const struct workspace *ws, const struct channel *ch);

struct message *message_find(const struct channel *ch, const char *ts);
/* Adds body (owned) as a message; sets ts, thread fields and the parent's counts. */
struct message *message_add_owned(struct workspace *ws, struct channel *ch, json_t *body,
				  const char *thread_ts);
void message_delete(struct channel *ch, struct message *m);
json_t *ephemeral_find(struct workspace *ws, const char *channel, const char *ts);

/* A copy of the body as the API shows it; metadata payload only when asked for. */
json_t *message_json(const struct message *m, bool with_metadata);

struct view *view_find(struct workspace *ws, const char *id);
struct view *view_find_external(struct workspace *ws, const char *external_id);
struct view *view_top(struct workspace *ws, const char *user);
void view_drop(struct workspace *ws, struct view *v);
/* As in payloads and answers; with_values says whether state is filled in. */
json_t *view_json(const struct workspace *ws, const struct view *v, bool with_values);
void view_hash(struct view *v);

/* Gives out a trigger ("t") or response token; the caller fills in the rest. */
struct token *token_new(struct workspace *ws, const char *kind, const char *user);
struct token *token_find(struct workspace *ws, const char *id);

/* Turns what a person typed into what Slack sends: @name, #name, &, <, >; caller frees. */
char *text_escape_typed(const struct workspace *ws, const char *typed);

/* rich_text blocks for a person's text, as in message events. */
json_t *text_rich_blocks(const char *text);

const char *user_name(const struct workspace *ws, const char *id);

#endif
