/* api.c - /api/METHOD: token, scope, rate, arguments; then the method; then the answer. */
#include "api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fake.h"
#include "fault.h"
#include "http.h"
#include "limits.h"
#include "workspace.h"

static const struct method *method_find(const char *name)
{
	const struct method *const tables[] = { methods_chat, methods_conversations, methods_views,
						methods_other };

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct method *m = tables[i]; m->name; m++)
			if (!strcmp(m->name, name))
				return m;
	return NULL;
}

/* Errors that a careful app meets in normal life. */
static bool error_benign(const char *error)
{
	static const char *const list[] = {
		"already_pinned", "already_reacted", "already_in_channel", "already_archived", "name_taken",
		"expired_trigger_id", "exchanged_trigger_id", "hash_conflict", "message_not_found",
		"users_not_found", "no_reaction", "not_pinned", NULL,
	};

	for (size_t i = 0; list[i]; i++)
		if (!strcmp(list[i], error))
			return true;
	return false;
}

json_t *call_fail(struct call *c, const char *error)
{
	(void)c;
	return json_pack("{s:b, s:s}", "ok", 0, "error", error);
}

bool call_has_scope(const struct call *c, const char *scope)
{
	size_t i;
	json_t *one;

	json_array_foreach(c->scopes, i, one)
		if (!strcmp(json_string_value(one), scope))
			return true;
	return false;
}

static void scopes_join(const json_t *scopes, char *out, size_t size)
{
	size_t i, n = 0;
	json_t *one;

	out[0] = '\0';
	json_array_foreach(scopes, i, one)
		n += (size_t)snprintf(out + n, n < size ? size - n : 0, "%s%s", i ? "," : "",
				      json_string_value(one));
}

/* Reads Authorization or the token argument. */
static const char *token_of(struct call *c)
{
	const char *auth = c->request->auth, *token = json_text(c->args, "token");

	if (auth && !strncasecmp(auth, "Bearer ", 7))
		return auth + 7;
	return token;
}

static json_t *token_check(struct call *c)
{
	const char *token = token_of(c);
	struct workspace *ws = c->f->ws;
	bool bot = !strncmp(token, "xoxb-", 5), app = !strncmp(token, "xapp-", 5);

	if (c->method->token == TOKEN_APP && *json_text(c->args, "token"))
		fake_complain(c->f, "rule", c->method->name, "token_in_body",
			      "the app token goes into the Authorization header only");
	if (!*token)
		return call_fail(c, "not_authed");
	if ((bot && c->method->token == TOKEN_APP) || (app && c->method->token == TOKEN_BOT))
		return call_fail(c, "not_allowed_token_type");
	c->scopes = json_object_get(c->method->token == TOKEN_APP ? ws->app_tokens : ws->bot_tokens, token);
	if (!c->scopes)
		return call_fail(c, "invalid_auth");
	json_object_del(c->args, "token");
	return NULL;
}

static json_t *scope_check(struct call *c)
{
	char provided[1500], accepted[200], word[80];
	const char *p = c->method->scopes;
	bool good = !*p;
	json_t *out;

	scopes_join(c->scopes, provided, sizeof(provided));
	snprintf(accepted, sizeof(accepted), "%s", p);
	for (char *q = accepted; *q; q++)
		if (*q == ' ')
			*q = ',';
	http_header(c->request, "x-oauth-scopes", provided);
	http_header(c->request, "x-accepted-oauth-scopes", accepted);
	while (*p) {
		size_t n = strcspn(p, " ");

		snprintf(word, sizeof(word), "%.*s", (int)n, p);
		good = good || call_has_scope(c, word);
		p += n + (p[n] == ' ');
	}
	if (good)
		return NULL;
	out = call_fail(c, "missing_scope");
	accepted[strcspn(accepted, ",")] = '\0';
	json_put(out, "needed", accepted);
	json_put(out, "provided", provided);
	return out;
}

/* Makes one argument what its type says; form values arrive as text. Returns false when wrong. */
static bool argument_shape(struct call *c, const char *name, const char *type, json_t *value)
{
	bool text = json_is_string(value);
	json_t *parsed;

	if (!strcmp(type, "str") || !strcmp(type, "id")) {
		if (json_is_integer(value) && strcmp(type, "id") != 0) {
			char number[32];

			snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
			json_put(c->args, name, number);
			return true;
		}
		return text;
	}
	if (!strcmp(type, "csv")) {
		if (json_is_array(value)) {
			char all[4000] = "";
			size_t i, n = 0;
			json_t *one;

			json_array_foreach(value, i, one)
				n += (size_t)snprintf(all + n, n < sizeof(all) ? sizeof(all) - n : 0, "%s%s",
						      i ? "," : "", json_string_value(one));
			json_put(c->args, name, all);
			return true;
		}
		return text;
	}
	if (!strcmp(type, "ts")) {
		const char *ts = json_string_value(value);

		return text && (!*ts || (strspn(ts, "0123456789.") == strlen(ts) && strchr(ts, '.')));
	}
	if (!strcmp(type, "int"))
		return json_is_integer(value) ||
		       (text && *json_string_value(value) &&
			strspn(json_string_value(value), "-0123456789") == json_string_length(value));
	if (!strcmp(type, "num"))
		return json_is_number(value) ||
		       (text && strspn(json_string_value(value), "0123456789.") == json_string_length(value));
	if (!strcmp(type, "bool"))
		return json_is_boolean(value) || text;
	if (text) { /* "list" and "obj", as JSON inside a form value */
		if (!json_string_length(value)) {
			json_object_del(c->args, name);
			return true;
		}
		parsed = json_loads(json_string_value(value), JSON_DECODE_ANY, NULL);
		if (!parsed)
			return false;
		json_object_set_new(c->args, name, parsed);
		value = parsed;
	}
	return !strcmp(type, "list") ? json_is_array(value) : json_is_object(value);
}

static json_t *arguments_fail(struct call *c, const char *error, const char *format, const char *name)
{
	char line[300];
	json_t *out = call_fail(c, error);

	snprintf(line, sizeof(line), "[ERROR] %s: %s [json-pointer:/%s]", format, name, name);
	json_object_set_new(out, "response_metadata", json_pack("{s:[s]}", "messages", line));
	return out;
}

static json_t *arguments_check(struct call *c)
{
	const char *p = c->method->args;
	json_t *known = json_object(), *value, *out = NULL;
	char word[80];
	const char *name;

	while (*p && !out) {
		size_t n = strcspn(p, " ");
		bool required;
		char *type;

		snprintf(word, sizeof(word), "%.*s", (int)n, p);
		p += n + (p[n] == ' ');
		type = strchr(word, ':');
		*type++ = '\0';
		required = type[-2] == '*';
		if (required)
			type[-2] = '\0';
		json_object_set_new(known, word, json_true());
		value = json_object_get(c->args, word);
		if (json_is_null(value)) {
			json_object_del(c->args, word);
			value = NULL;
		}
		if (required && (!value || (json_is_string(value) && !json_string_length(value)))) {
			out = !strcmp(word, "trigger_id") || !strcmp(word, "view") ?
				arguments_fail(c, "invalid_arguments", "missing required field", word) :
				!strcmp(word, "channel") ? call_fail(c, "channel_not_found") :
				!strcmp(word, "text") ? call_fail(c, "no_text") :
				arguments_fail(c, "invalid_arguments", "missing required field", word);
			if (!strcmp(word, "channel") || !strcmp(word, "text"))
				json_object_set_new(out, "response_metadata",
						    json_pack("{s:[s++]}", "messages",
							      "[ERROR] missing required field: ", word, ""));
		} else if (value && !argument_shape(c, word, type, value)) {
			out = !strcmp(word, "blocks") ? call_fail(c, "invalid_blocks_format") :
				!strcmp(word, "metadata") ? call_fail(c, "invalid_metadata_format") :
				arguments_fail(c, "invalid_arguments", "has the wrong type", word);
		}
	}
	if (!out)
		json_object_foreach(c->args, name, value)
			/* The official SDK adds team_id to every call. */
			if (!json_object_get(known, name) && strcmp(name, "team_id") != 0)
				fake_complain(c->f, "rule", c->method->name, "unknown_argument", "%s", name);
	json_decref(known);
	return out;
}

/* The body as an object of arguments, whatever way it came. */
static json_t *body_read(struct call *c)
{
	struct request *r = c->request;
	const char *type = r->content_type ? r->content_type : "";
	json_t *extra;

	c->args = json_deep_copy(r->query);
	if (json_object_size(c->args) && !strcmp(r->method, "POST"))
		fake_complain(c->f, "rule", c->method->name, "query_arguments",
			      "a POST with arguments in its URL");
	if (!strncasecmp(type, "application/json", 16)) {
		if (c->method->flags & METHOD_FORM) {
			fake_complain(c->f, "rule", c->method->name, "json_to_form_method",
				      "this method reads form arguments only");
			return NULL;
		}
		if (!strcasestr(type, "charset"))
			json_array_append_new(c->warnings, json_string("missing_charset"));
		extra = json_loadb(r->body ? r->body : "", r->body_bytes, JSON_REJECT_DUPLICATES, NULL);
		if (!extra && r->body_bytes)
			return call_fail(c, "invalid_json");
		if (extra && !json_is_object(extra)) {
			json_decref(extra);
			return call_fail(c, "json_not_object");
		}
	} else if (r->body_bytes && *type &&
		   strncasecmp(type, "application/x-www-form-urlencoded", 33) != 0) {
		return call_fail(c, "invalid_post_type");
	} else {
		extra = form_parse(r->body ? r->body : "", r->body_bytes);
	}
	json_object_update(c->args, extra);
	json_decref(extra);
	return NULL;
}

/* Returns seconds to wait, or 0. */
static int rate_check(struct call *c)
{
	char key[160];
	int burst = c->method->per_minute;

	if (!c->f->opt.rate_limits)
		return 0;
	if (c->method->flags & METHOD_BY_CHANNEL) {
		int all = limiter_take(c->f->limits, c->method->name, 600, 600);

		snprintf(key, sizeof(key), "%s %s", c->method->name, json_text(c->args, "channel"));
		return all ? all : limiter_take(c->f->limits, key, 60, c->f->tune.post_burst);
	}
	return limiter_take(c->f->limits, c->method->name, c->method->per_minute, burst);
}

static json_t *call_run(struct call *c)
{
	json_t *out = body_read(c);

	if (!out)
		out = token_check(c);
	if (!out)
		out = scope_check(c);
	if (!out)
		out = arguments_check(c);
	if (!out)
		out = c->method->fn(c);
	return out;
}

static void call_refused(struct call *c, const json_t *out)
{
	const char *error = json_text(out, "error");
	char *args = json_dumps(c->args, JSON_COMPACT);
	char *more = json_dumps(json_object_get(out, "response_metadata"), JSON_COMPACT);

	c->f->count.api_refused++;
	fake_complain(c->f, error_benign(error) ? "benign" : "refused", c->method->name, error, "%s %.400s",
		      more ? more : "", args ? args : "");
	free(args);
	free(more);
}

static void rate_answer(struct fake *f, struct request *r, int wait)
{
	char seconds[16];

	snprintf(seconds, sizeof(seconds), "%d", wait);
	http_header(r, "retry-after", seconds);
	http_answer_json_owned(r, 429, json_pack("{s:b, s:s}", "ok", 0, "error", "ratelimited"));
	f->count.rate_limited++;
}

static void method_count(struct fake *f, const char *name)
{
	json_object_set_new(f->method_counts, name,
			    json_integer(json_number(f->method_counts, name, 0) + 1));
}

void api_dispatch(struct fake *f, struct request *r, const char *name)
{
	struct call c = { .f = f, .request = r, .method = method_find(name) };
	char id[40];
	json_t *out;
	int wait;

	f->count.api_calls++;
	method_count(f, name);
	f->dirty = true;
	random_hex(id, 32);
	http_header(r, "x-slack-req-id", id);
	if (!c.method) {
		fake_complain(f, "refused", name, "unknown_method", "no such method here");
		http_answer_json_owned(r, 200, json_pack("{s:b, s:s, s:s}", "ok", 0, "error",
							 "unknown_method", "req_method", name));
		return;
	}
	if (fault_play(f, r, name))
		return; /* answered, or going to be, without doing anything */
	c.warnings = json_array();
	/* The channel decides the bucket, so the body is needed before the limit; reading is free. */
	if (f->opt.rate_limits) {
		json_t *early = body_read(&c);

		wait = early ? 0 : rate_check(&c);
		json_decref(early);
		json_decref(c.args);
		c.args = NULL;
		json_array_clear(c.warnings);
		if (wait) {
			fake_complain(f, "limit", name, "ratelimited", "retry after %d s", wait);
			rate_answer(f, r, wait);
			json_decref(c.warnings);
			return;
		}
	}
	out = call_run(&c);
	if (json_object_get(out, "ok")) {
		call_refused(&c, out);
	} else {
		json_t *whole = json_pack("{s:b}", "ok", 1);

		json_object_update(whole, out);
		json_decref(out);
		out = whole;
	}
	if (json_array_size(c.warnings)) {
		json_t *meta = json_object_get(out, "response_metadata");

		if (!meta) {
			meta = json_object();
			json_object_set_new(out, "response_metadata", meta);
		}
		json_object_set(meta, "warnings", c.warnings);
		json_put(out, "warning", json_string_value(json_array_get(c.warnings, 0)));
	}
	json_decref(c.warnings);
	json_decref(c.args);
	if (fault_answer_owned(f, r, name, out))
		return;
	http_answer_json_owned(r, 200, out);
}

struct channel *call_channel(struct call *c, const char *key, bool member, json_t **error)
{
	struct channel *ch = channel_find(c->f->ws, json_text(c->args, key));

	*error = NULL;
	if (!ch || ((ch->is_private && !channel_has(ch, c->f->ws->bot_user)))) {
		*error = call_fail(c, "channel_not_found");
		return NULL;
	}
	if (member && !channel_has(ch, c->f->ws->bot_user)) {
		*error = call_fail(c, "not_in_channel");
		return NULL;
	}
	return ch;
}

json_t *call_page_owned(struct call *c, json_t *list, int64_t fallback, json_t *answer)
{
	int64_t limit = json_number(c->args, "limit", fallback), from = 0;
	const char *cursor = json_text(c->args, "cursor");
	json_t *page = json_array();
	char next[40] = "";
	size_t i;

	if (limit < 1 || limit > 1000)
		limit = fallback;
	if (!strncmp(cursor, "bmV4dF", 6))
		from = strtoll(cursor + 6, NULL, 10);
	for (i = (size_t)from; i < json_array_size(list) && json_array_size(page) < (size_t)limit; i++)
		json_array_append(page, json_array_get(list, i));
	if (i < json_array_size(list))
		snprintf(next, sizeof(next), "bmV4dF%zu", i);
	json_decref(list);
	json_object_set_new(answer, "response_metadata", json_pack("{s:s}", "next_cursor", next));
	return page;
}
