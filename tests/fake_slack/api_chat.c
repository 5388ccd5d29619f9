/* api_chat.c - chat.*: posting, changing and deleting messages; response_urls. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <ctype.h>

#include "api.h"
#include "blocks.h"
#include "events.h"
#include "fake.h"
#include "fault.h"
#include "http.h"
#include "people.h"
#include "workspace.h"

#define TEXT_ADVISED 4000
#define TEXT_MAX 40000
#define BLOCKS_TEXT_MAX 12000
#define BLOCKS_TEXT_RISKY 11000 /* 11,341 has been refused by the real one */

static const char *metadata_check(const json_t *metadata)
{
	const char *type = json_text(metadata, "event_type");
	char *text;
	size_t bytes;

	if (!json_is_object(metadata))
		return "invalid_metadata_format";
	if (!json_object_size(metadata))
		return NULL; /* {} takes metadata away */
	if (!*type || !json_is_object(json_object_get(metadata, "event_payload")))
		return "invalid_metadata_schema";
	for (const char *p = type; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_')
			return "invalid_metadata_format";
	text = json_dumps(metadata, JSON_COMPACT);
	bytes = text ? strlen(text) : 0;
	free(text);
	return bytes > 16000 ? "metadata_too_large" : NULL;
}

/* Mentions of what does not exist show as raw ids to everybody. */
static void mentions_check(struct fake *f, const char *text, const char *where)
{
	for (const char *p = strchr(text, '<'); p; p = strchr(p + 1, '<')) {
		char id[64];
		size_t n;

		if (p[1] != '@' && p[1] != '#' && strncmp(p + 1, "!subteam^", 9) != 0)
			continue;
		p += p[1] == '!' ? 10 : 2;
		n = strcspn(p, "|>");
		snprintf(id, sizeof(id), "%.*s", (int)(n < 60 ? n : 60), p);
		if (!json_object_get(f->ws->users, id) && !channel_find(f->ws, id) &&
		    !json_object_get(f->ws->usergroups, id))
			fake_complain(f, "rule", where, "unknown_mention", "%s", id);
	}
}

static void texts_walk(struct fake *f, json_t *value, const char *where)
{
	const char *key;
	json_t *one;
	size_t i;

	if (json_is_object(value))
		json_object_foreach(value, key, one)
			texts_walk(f, one, where);
	json_array_foreach(value, i, one)
		texts_walk(f, one, where);
	if (json_is_string(value))
		mentions_check(f, json_string_value(value), where);
}

static const char *blocks_refuse(struct fake *f, json_t *blocks, const char *where, json_t *errors)
{
	size_t chars;

	if (!json_is_array(blocks))
		return "invalid_blocks_format";
	chars = blocks_check(blocks, BLOCKS_MESSAGE, "/blocks", errors);
	if (json_array_size(errors))
		return "invalid_blocks";
	if (chars > BLOCKS_TEXT_MAX)
		return "msg_blocks_too_long";
	if (chars > BLOCKS_TEXT_RISKY)
		fake_complain(f, "rule", where, "blocks_text_risky", "%zu characters", chars);
	texts_walk(f, blocks, where);
	return NULL;
}

static const char *message_refuse(struct fake *f, json_t *message, const char *where, bool update,
				  json_t *errors)
{
	json_t *blocks = json_object_get(message, "blocks");
	json_t *metadata = json_object_get(message, "metadata");
	json_t *attachments = json_object_get(message, "attachments");
	const char *text = json_text(message, "text"), *wrong;
	const char *markdown = json_text(message, "markdown_text");
	size_t units = text_units(text);

	if (*markdown && (*text || blocks))
		return "markdown_text_conflict";
	if (text_units(markdown) > 12000)
		return "msg_too_long";
	if (!*text && !*markdown && !json_array_size(blocks) && !json_array_size(attachments))
		return "no_text";
	if (json_array_size(attachments) > 100)
		return "too_many_attachments";
	wrong = blocks ? blocks_refuse(f, blocks, where, errors) : NULL;
	if (wrong)
		return wrong;
	if (metadata && (wrong = metadata_check(metadata)))
		return wrong;
	if (update && units > TEXT_ADVISED)
		return "msg_too_long";
	if (units > TEXT_MAX)
		fake_complain(f, "rule", where, "message_truncated", "%zu characters", units);
	else if (units > TEXT_ADVISED)
		fake_complain(f, "rule", where, "text_long", "%zu characters, 4000 are advised", units);
	if (json_array_size(blocks) && !*text)
		fake_complain(f, "rule", where, "no_fallback_text",
			      "blocks without text: notifications and screen readers get nothing");
	mentions_check(f, text, where);
	return NULL;
}

const char *api_message_check(struct fake *f, json_t *message, const char *where, bool update)
{
	json_t *errors = json_array();
	const char *wrong;

	if (json_flag(message, "delete_original", false)) {
		json_decref(errors);
		return NULL;
	}
	wrong = message_refuse(f, message, where, update, errors);
	if (wrong)
		fake_complain(f, "refused", where, wrong, "%s",
			      json_array_size(errors) ? json_string_value(json_array_get(errors, 0)) : "");
	json_decref(errors);
	return wrong;
}

json_t *call_check_message(struct call *c, bool update)
{
	json_t *errors = json_array(), *out = NULL, *one;
	const char *wrong = message_refuse(c->f, c->args, c->method->name, update, errors);
	size_t i;

	if (wrong)
		out = call_fail(c, wrong);
	if (wrong && json_array_size(errors)) {
		json_t *messages = json_array();

		json_array_foreach(errors, i, one)
			json_array_append_new(messages, json_pack("s++", "[ERROR] ", json_string_value(one),
								  ""));
		json_object_set(out, "errors", errors);
		json_object_set_new(out, "response_metadata", json_pack("{s:o}", "messages", messages));
	}
	json_decref(errors);
	return out;
}

/* What of the arguments becomes the message. */
static json_t *message_body(struct call *c)
{
	static const char *const carried[] = { "text", "blocks", "attachments", "metadata", NULL };
	struct workspace *ws = c->f->ws;
	json_t *body = json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s, s:s, s:s}}", "user", ws->bot_user,
				 "bot_id", ws->bot_id, "app_id", ws->app_id, "text", "", "bot_profile",
				 "id", ws->bot_id, "app_id", ws->app_id, "user_id", ws->bot_user, "name",
				 ws->bot_name, "team_id", ws->team_id);

	for (const char *const *key = carried; *key; key++)
		if (json_object_get(c->args, *key))
			json_object_set_new(body, *key, json_deep_copy(json_object_get(c->args, *key)));
	if (*json_text(c->args, "markdown_text"))
		json_put(body, "text", json_text(c->args, "markdown_text"));
	if (!json_object_size(json_object_get(body, "metadata")))
		json_object_del(body, "metadata");
	blocks_complete(json_object_get(body, "blocks"));
	if (json_string_length(json_object_get(body, "text")) > TEXT_MAX) {
		char *cut = strndup(json_text(body, "text"), TEXT_MAX);
		size_t n = TEXT_MAX;

		while (n && (cut[n - 1] & 0xc0) == 0x80)
			n--;
		if (n && (unsigned char)cut[n - 1] >= 0xc0)
			n--;
		cut[n] = '\0';
		json_put(body, "text", cut);
		json_array_append_new(c->warnings, json_string("message_truncated"));
		free(cut);
	}
	return body;
}

/* Where a post goes: a channel, or the DM with a person. */
static struct channel *post_channel(struct call *c, json_t **error)
{
	const char *id = json_text(c->args, "channel");
	struct workspace *ws = c->f->ws;
	struct channel *ch;

	if (json_object_get(ws->users, id) && strcmp(id, ws->bot_user) != 0) {
		if (!call_has_scope(c, "im:write"))
			fake_complain(c->f, "rule", c->method->name, "im_write",
				      "opening a DM wants the scope im:write");
		return channel_im(ws, id);
	}
	ch = call_channel(c, "channel", false, error);
	if (!ch)
		return NULL;
	if (ch->is_archived) {
		*error = call_fail(c, "is_archived");
		return NULL;
	}
	if (!channel_has(ch, ws->bot_user) && !call_has_scope(c, "chat:write.public")) {
		*error = call_fail(c, "not_in_channel");
		return NULL;
	}
	return ch;
}

/* Returns the ts to thread under, "" for none; a reply's ts is put right with a complaint. */
static const char *thread_wanted(struct call *c, struct channel *ch, json_t **error)
{
	const char *ts = json_text(c->args, "thread_ts");
	struct message *parent;

	*error = NULL;
	if (!*ts)
		return "";
	parent = message_find(ch, ts);
	if (!parent) {
		*error = call_fail(c, "cannot_reply_to_message");
		return "";
	}
	if (*parent->thread_ts && strcmp(parent->thread_ts, ts) != 0) {
		fake_complain(c->f, "rule", c->method->name, "thread_ts_of_reply",
			      "%s is a reply; thread_ts must be the parent's", ts);
		return parent->thread_ts;
	}
	return ts;
}

static json_t *chat_post(struct call *c)
{
	json_t *error = NULL, *body;
	struct channel *ch = post_channel(c, &error);
	struct message *m;
	const char *thread;

	if (!ch)
		return error;
	thread = thread_wanted(c, ch, &error);
	if (error || (error = call_check_message(c, false)))
		return error;
	if (json_object_get(c->args, "username") || json_object_get(c->args, "icon_emoji"))
		if (!call_has_scope(c, "chat:write.customize"))
			fake_complain(c->f, "rule", c->method->name, "customize",
				      "username and icon want the scope chat:write.customize");
	body = message_body(c);
	if (json_flag(c->args, "reply_broadcast", false) && *thread)
		json_put(body, "subtype", "thread_broadcast");
	m = event_post_owned(c->f, ch, body, thread);
	return json_pack("{s:s, s:s, s:o}", "channel", ch->id, "ts", m->ts, "message", message_json(m, true));
}

static json_t *chat_update(struct call *c)
{
	json_t *error, *before, *body;
	struct channel *ch = call_channel(c, "channel", false, &error);
	struct message *m;
	bool with_text = json_object_get(c->args, "text") != NULL;

	if (!ch)
		return error;
	m = message_find(ch, json_text(c->args, "ts"));
	if (!m)
		return call_fail(c, "message_not_found");
	if (strcmp(json_text(m->body, "user"), c->f->ws->bot_user) != 0)
		return call_fail(c, "cant_update_message");
	error = call_check_message(c, true);
	if (error)
		return error;
	before = json_copy(m->body);
	body = message_body(c);
	if (!with_text)
		json_object_del(body, "text");
	if (!json_object_get(c->args, "metadata"))
		json_object_del(body, "metadata");
	else if (!json_object_get(body, "metadata"))
		json_object_del(m->body, "metadata");
	if (with_text && !json_object_get(body, "blocks"))
		json_object_del(m->body, "blocks"); /* text alone takes the blocks away */
	json_object_update(m->body, body);
	json_decref(body);
	if (with_text) {
		char ts[24];

		workspace_ts(c->f->ws, ts);
		json_object_set_new(m->body, "edited", json_pack("{s:s, s:s}", "user", c->f->ws->bot_user,
								 "ts", ts));
	}
	event_message_changed(c->f, ch, m, before);
	json_decref(before);
	return json_pack("{s:s, s:s, s:s, s:o}", "channel", ch->id, "ts", m->ts, "text",
			 json_text(m->body, "text"), "message", message_json(m, true));
}

static json_t *chat_delete(struct call *c)
{
	json_t *error, *out;
	struct channel *ch = call_channel(c, "channel", false, &error);
	struct message *m;

	if (!ch)
		return error;
	m = message_find(ch, json_text(c->args, "ts"));
	if (!m)
		return call_fail(c, "message_not_found");
	if (strcmp(json_text(m->body, "user"), c->f->ws->bot_user) != 0)
		return call_fail(c, "cant_delete_message");
	out = json_pack("{s:s, s:s}", "channel", ch->id, "ts", m->ts);
	event_message_deleted(c->f, ch, m);
	return out;
}

static json_t *chat_ephemeral(struct call *c)
{
	const char *user = json_text(c->args, "user");
	json_t *error, *one;
	struct channel *ch = call_channel(c, "channel", false, &error);

	if (!ch)
		return error;
	if (ch->is_archived)
		return call_fail(c, "is_archived");
	if (!channel_has(ch, c->f->ws->bot_user) && !call_has_scope(c, "chat:write.public"))
		return call_fail(c, "not_in_channel");
	if (!channel_has(ch, user))
		return call_fail(c, "user_not_in_channel");
	if (text_units(json_text(c->args, "text")) > TEXT_ADVISED)
		return call_fail(c, "msg_too_long");
	error = call_check_message(c, false);
	if (error)
		return error;
	one = event_ephemeral(c->f, ch, user, c->args, "ephemeral");
	return json_pack("{s:s}", "message_ts", json_text(one, "ts"));
}

static json_t *chat_permalink(struct call *c)
{
	json_t *error;
	struct channel *ch = call_channel(c, "channel", false, &error);
	struct message *m = ch ? message_find(ch, json_text(c->args, "message_ts")) : NULL;
	char link[500], digits[24];
	size_t n = 0;

	if (!ch)
		return error;
	if (!m)
		return call_fail(c, "message_not_found");
	for (const char *p = m->ts; *p; p++)
		if (*p != '.')
			digits[n++] = *p;
	digits[n] = '\0';
	n = (size_t)snprintf(link, sizeof(link), "%s/archives/%s/p%s", c->f->base_url, ch->id, digits);
	if (*m->thread_ts && strcmp(m->thread_ts, m->ts) != 0)
		snprintf(link + n, sizeof(link) - n, "?thread_ts=%s&cid=%s", m->thread_ts, ch->id);
	return json_pack("{s:s, s:s}", "channel", ch->id, "permalink", link);
}

static void url_answer(struct fake *f, struct request *r, const char *error)
{
	if (error) {
		fake_complain(f, strcmp(error, "Expired url") ? "refused" : "benign", "response_url", error,
			      "%s", r->path);
		http_answer_json_owned(r, strcmp(error, "Expired url") ? 400 : 404,
				       json_pack("{s:b, s:s}", "ok", 0, "error", error));
		return;
	}
	http_answer(r, 200, "text/plain", "ok", 2);
}

/* replace_original and delete_original. Returns an error or NULL; *done tells if that was all. */
static const char *url_original(struct fake *f, struct token *t, struct channel *ch, json_t *body,
				bool *done)
{
	bool drop = json_flag(body, "delete_original", false);
	struct message *m = t->ephemeral ? NULL : message_find(ch, t->ts);
	json_t *one = t->ephemeral ? ephemeral_find(f->ws, ch->id, t->ts) : NULL, *before, *blocks;
	size_t i;

	if (!drop && !json_flag(body, "replace_original", false))
		return NULL;
	*done = true;
	if (!m && !one)
		return *t->ts ? "message_not_found" : (*done = false, NULL);
	if (drop) {
		if (m) {
			event_message_deleted(f, ch, m);
		} else {
			json_array_foreach(f->ws->ephemerals, i, before)
				if (before == one) {
					json_array_remove(f->ws->ephemerals, i);
					break;
				}
			fake_changed(f, "ephemeral", ch->id, t->user);
		}
		return NULL;
	}
	blocks = json_object_get(body, "blocks") ? json_deep_copy(json_object_get(body, "blocks")) : NULL;
	blocks_complete(blocks);
	before = json_copy(m ? m->body : one);
	json_put(m ? m->body : one, "text", json_text(body, "text"));
	json_object_del(m ? m->body : one, "blocks");
	if (blocks)
		json_object_set_new(m ? m->body : one, "blocks", blocks);
	if (m)
		event_message_changed(f, ch, m, before);
	else
		fake_changed(f, "ephemeral", ch->id, t->user);
	json_decref(before);
	return NULL;
}

void api_response_url(struct fake *f, struct request *r)
{
	struct token *t = token_find(f->ws, r->path);
	struct channel *ch = t ? channel_find(f->ws, t->channel) : NULL;
	json_t *body;
	const char *error = NULL;
	bool done = false;

	f->count.response_url_posts++;
	if (fault_play(f, r, "response_url"))
		return;
	if (strstr(r->path, "/burst/")) { /* the load generator's: nothing to look up */
		url_answer(f, r, NULL);
		return;
	}
	if (!t || !ch || t->uses >= f->tune.response_uses ||
	    clock_wall_us() - t->made_us > (int64_t)f->tune.response_ms * 1000) {
		url_answer(f, r, "Expired url");
		return;
	}
	body = json_loadb(r->body ? r->body : "", r->body_bytes, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(body)) {
		json_decref(body);
		url_answer(f, r, "invalid_payload");
		return;
	}
	if (!r->content_type || strncasecmp(r->content_type, "application/json", 16) != 0)
		fake_complain(f, "rule", "response_url", "content_type", "JSON is wanted");
	t->uses++;
	error = api_message_check(f, body, "response_url", false);
	if (!error)
		error = url_original(f, t, ch, body, &done);
	if (!error && !done) {
		const char *thread = json_object_get(body, "thread_ts") ? json_text(body, "thread_ts") :
			t->ephemeral ? t->thread_ts : "";

		error = people_show_answer(f, ch, t->user, body, "response_url", thread);
	}
	json_decref(body);
	if (error) {
		url_answer(f, r, error);
	} else {
		json_t *ok = json_pack("{s:b}", "ok", 1);

		if (!fault_answer_owned(f, r, "response_url", ok))
			http_answer_json_owned(r, 200, ok);
	}
}

#define MESSAGE_ARGS \
	"channel*:id text:str blocks:list attachments:list markdown_text:str thread_ts:ts " \
	"link_names:bool parse:str mrkdwn:bool unfurl_links:bool unfurl_media:bool as_user:bool "

const struct method methods_chat[] = {
	{ "chat.postMessage", 60, TOKEN_BOT, METHOD_BY_CHANNEL, "chat:write",
	  MESSAGE_ARGS "metadata:obj reply_broadcast:bool username:str icon_emoji:str icon_url:str",
	  chat_post },
	{ "chat.update", 50, TOKEN_BOT, 0, "chat:write",
	  MESSAGE_ARGS "ts*:ts metadata:obj reply_broadcast:bool file_ids:list", chat_update },
	{ "chat.delete", 50, TOKEN_BOT, 0, "chat:write", "channel*:id ts*:ts as_user:bool", chat_delete },
	{ "chat.postEphemeral", 100, TOKEN_BOT, 0, "chat:write", MESSAGE_ARGS "user*:id", chat_ephemeral },
	{ "chat.getPermalink", 600, TOKEN_BOT, METHOD_FORM, "", "channel*:id message_ts*:ts",
	  chat_permalink },
	{ 0 },
};
