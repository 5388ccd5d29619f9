/*
 * slack_in.c - see slack_in.h.
 *
 * Ids for de-duplication: an interaction has one trigger_id however often it is delivered; a
 * message is its channel and ts, because a mention arrives as two events with different event ids;
 * a reaction is all that it consists of.
 */
#include "bot/slack/slack_in.h"

#include <jansson.h>
#include <string.h>

#include "bot/sign.h"
#include "bot/slack/slack_event.h"
#include "bot/slack/slack_slash.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/json_in.h"
#include "tocsin/json_out.h"
#include "tocsin/request.h"

static void tree_free(void *tree)
{
	json_decref(tree);
}

static json_t *load(struct arena *a, const char *bytes, size_t len, struct err *err)
{
	json_error_t why;
	json_t *tree;

	if (len > SLACK_FRAME_MAX) {
		err_set(err, ERR_LIMIT, "more than %zu bytes", SLACK_FRAME_MAX);
		return NULL;
	}
	if (json_in_too_deep(bytes, len, SLACK_DEPTH_MAX)) {
		err_set(err, ERR_LIMIT, "nested more than %d deep", SLACK_DEPTH_MAX);
		return NULL;
	}
	tree = json_loadb(bytes, len, JSON_ALLOW_NUL, &why);
	if (!tree) {
		err_set(err, ERR_INVALID, "no JSON: %s at byte %d", why.text, why.position);
		return NULL;
	}
	arena_defer(a, tree_free, tree);
	if (!json_is_object(tree)) {
		err_set(err, ERR_INVALID, "no JSON object");
		return NULL;
	}
	return tree;
}

static void in_init(struct slack_in *in)
{
	memset(in, 0, sizeof(*in));
	in->type = in->sub_type = in->host = in->app_id = in->reason_text = in->challenge = "";
	in->envelope_id = in->ignored = in->trigger_id = in->response_url = "";
}

static struct request *request_new(struct arena *a, enum request_kind kind,
	enum request_source source)
{
	struct request *r = ARENA_NEW(a, struct request);

	request_init(r);
	r->kind = kind;
	r->source = source;
	r->who.platform = r->where.platform = PLATFORM_SLACK;
	return r;
}

/* "incident ack INC-42": the first word is the family, the rest its text. */
static void request_set_command(struct arena *a, struct request *r, const char *line)
{
	size_t n;

	while (*line == ' ' || *line == '/')
		line++;
	n = strcspn(line, " \n\t");
	r->family = arena_strndup(a, line, n);
	line += n;
	r->text = line + strspn(line, " \n\t");
}

const char *slack_in_place(struct arena *a, const struct request *req)
{
	struct buf b;
	struct json_out j;

	buf_init_arena(&b, a, 2900);
	json_out_init(&j, &b);
	json_out_object(&j, NULL);
	json_out_str(&j, "channel", req->where.channel);
	json_out_str(&j, "thread", req->where.thread);
	json_out_str(&j, "name", req->place_name);
	json_out_str(&j, "message", req->message_ts);
	json_out_object_end(&j);
	return b.failed ? "" : buf_text(&b);
}

/* What slack_in_place() wrote. A view that somebody else made has other words there: no place. */
static void request_set_place(struct arena *a, struct request *r, const char *metadata)
{
	struct json_t *tree = json_in_load(a, metadata, strlen(metadata));

	if (!tree)
		return;
	r->where.channel = json_in_str(tree, "channel");
	r->where.thread = json_in_str(tree, "thread");
	r->place_name = json_in_str(tree, "name");
	r->message_ts = json_in_str(tree, "message");
}

static void slash_take(struct arena *a, const struct slack_slash *c, struct slack_in *out)
{
	struct request *r = request_new(a, REQUEST_COMMAND, SOURCE_SLASH);
	const char *id;

	out->sub_type = c->command;
	r->who.user = c->user_id;
	if (!*out->sub_type || !*r->who.user) {
		out->ignored = "a command without a name or a person";
		return;
	}
	request_set_command(a, r, out->sub_type);
	r->text = c->text;
	r->who.name = c->user_name;
	r->where.channel = c->channel_id;
	r->place_name = c->channel_name;
	out->trigger_id = c->trigger_id;
	out->response_url = c->response_url;
	id = *out->trigger_id ? out->trigger_id : out->envelope_id;
	r->id = *id ? arena_printf(a, "slack:t:%s", id) : "";
	r->can_open_form = *out->trigger_id != '\0';
	out->ask = SLACK_ASK_SLASH;
	out->req = r;
}

static void slash_parse(struct arena *a, const json_t *p, struct slack_in *out)
{
	const struct slack_slash c = {
		.command = json_in_str(p, "command"), .text = json_in_str(p, "text"),
		.user_id = json_in_str(p, "user_id"), .user_name = json_in_str(p, "user_name"),
		.channel_id = json_in_str(p, "channel_id"), .channel_name = json_in_str(p, "channel_name"),
		.trigger_id = json_in_str(p, "trigger_id"), .response_url = json_in_str(p, "response_url"),
	};

	slash_take(a, &c, out);
}

static void set_person(struct request *r, const json_t *payload)
{
	const json_t *user = json_in_get(payload, "user");

	r->who.user = json_in_str(user, "id");
	r->who.name = json_in_str(user, "name");
	if (!*r->who.name)
		r->who.name = json_in_str(user, "username");
}

/* The command line that a pressed button or a picked option carries. */
static const char *action_line(const json_t *action)
{
	const char *line = json_in_str(action, "value");

	if (!*line)
		line = json_in_str(json_in_get(action, "selected_option"), "value");
	return line;
}

static void actions_parse(struct arena *a, const json_t *p, struct slack_in *out)
{
	struct request *r = request_new(a, REQUEST_COMMAND, SOURCE_BUTTON);
	const json_t *container = json_in_get(p, "container"), *channel = json_in_get(p, "channel");
	const json_t *message = json_in_get(p, "message"), *actions = json_in_get(p, "actions");
	const char *line = "", *id;
	const json_t *action = NULL;
	size_t i;

	for (i = 0; i < json_array_size(actions) && !*line; i++) {
		action = json_array_get(actions, i);
		line = action_line(action);
	}
	set_person(r, p);
	if (!*line || !*r->who.user) {
		out->ignored = "an action without a command line";
		return;
	}
	request_set_command(a, r, line);
	request_set_place(a, r, json_in_str(json_in_get(p, "view"), "private_metadata"));
	if (channel) {
		r->where.channel = json_in_str(channel, "id");
		r->place_name = json_in_str(channel, "name");
	}
	if (*json_in_str(container, "message_ts"))
		r->message_ts = json_in_str(container, "message_ts");
	if (*json_in_str(container, "thread_ts"))
		r->where.thread = json_in_str(container, "thread_ts");
	else if (*json_in_str(message, "thread_ts"))
		r->where.thread = json_in_str(message, "thread_ts");
	out->trigger_id = json_in_str(p, "trigger_id");
	out->response_url = json_in_str(p, "response_url");
	id = out->trigger_id;
	if (*id)
		r->id = arena_printf(a, "slack:t:%s", id);
	else
		r->id = arena_printf(a, "slack:a:%s:%s:%s:%s", r->where.channel, r->message_ts,
			json_in_str(action, "action_ts"), r->who.user);
	r->can_open_form = *out->trigger_id != '\0';
	out->ask = SLACK_ASK_ACTION;
	out->req = r;
}

/* Several answers as one text: "a,b". */
static const char *joined(struct arena *a, const json_t *list, const char *member, const char *before,
	const char *after)
{
	struct buf b;
	size_t i;

	buf_init_arena(&b, a, 3000);
	for (i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		const char *s = member ? json_in_str(item, member) : json_string_value(item);

		buf_printf(&b, "%s%s%s%s", i ? "," : "", before, s ? s : "", after);
	}
	return buf_text(&b);
}

/* The answer to one question. People and channels come as the tokens that text has, so that one
 * way of reading them serves both. */
static const char *field_value(struct arena *a, const json_t *input)
{
	const char *s = json_in_str(input, "value");
	static const struct {
		const char *member, *before;
	} picks[] = {
		{ "selected_user", "<@" }, { "selected_channel", "<#" },
		{ "selected_conversation", "<#" }, { "selected_date", NULL },
		{ "selected_time", NULL },
	};
	size_t i;

	if (*s)
		return s;
	s = json_in_str(json_in_get(input, "selected_option"), "value");
	if (*s)
		return s;
	for (i = 0; i < sizeof(picks) / sizeof(picks[0]); i++) {
		s = json_in_str(input, picks[i].member);
		if (*s)
			return picks[i].before ? arena_printf(a, "%s%s>", picks[i].before, s) : s;
	}
	if (json_in_get(input, "selected_date_time"))
		return arena_printf(a, "%lld", (long long)json_in_int(input, "selected_date_time"));
	if (json_in_get(input, "selected_options"))
		return joined(a, json_in_get(input, "selected_options"), "value", "", "");
	if (json_in_get(input, "selected_users"))
		return joined(a, json_in_get(input, "selected_users"), NULL, "<@", ">");
	return "";
}

static void set_fields(struct arena *a, struct request *r, json_t *values)
{
	struct field *fields = ARENA_ARRAY(a, struct field, SLACK_FIELDS_MAX);
	const char *block, *action;
	json_t *inputs, *input;
	size_t n = 0;

	json_object_foreach(values, block, inputs)
		json_object_foreach(inputs, action, input) {
			if (n == SLACK_FIELDS_MAX)
				break;
			fields[n].name = block;
			fields[n].value = json_is_object(input) ? field_value(a, input) : "";
			n++;
		}
	r->fields = fields;
	r->n_fields = n;
}

static void submission_parse(struct arena *a, const json_t *p, struct slack_in *out)
{
	struct request *r = request_new(a, REQUEST_COMMAND, SOURCE_FORM);
	const json_t *view = json_in_get(p, "view");
	const char *line = json_in_str(view, "callback_id");
	const char *id;

	set_person(r, p);
	if (!*line || !*r->who.user) {
		out->ignored = "a form without a command line";
		return;
	}
	request_set_command(a, r, line);
	request_set_place(a, r, json_in_str(view, "private_metadata"));
	set_fields(a, r, json_in_get(json_in_get(view, "state"), "values"));
	out->trigger_id = json_in_str(p, "trigger_id");
	id = *out->trigger_id ? out->trigger_id : out->envelope_id;
	r->id = *id ? arena_printf(a, "slack:t:%s", id) :
		arena_printf(a, "slack:v:%s:%s", json_in_str(view, "id"), json_in_str(view, "hash"));
	r->can_open_form = *out->trigger_id != '\0';
	out->ask = SLACK_ASK_VIEW;
	out->req = r;
}

static void interactive_parse(struct arena *a, const json_t *p, struct slack_in *out)
{
	out->sub_type = json_in_str(p, "type");
	if (!strcmp(out->sub_type, "block_actions"))
		actions_parse(a, p, out);
	else if (!strcmp(out->sub_type, "view_submission"))
		submission_parse(a, p, out);
	else
		out->ignored = "nothing of ours hangs on this kind of interaction";
}

/* ---- frames ---- */

static void hello_parse(const json_t *f, struct slack_in *out)
{
	const json_t *debug = json_in_get(f, "debug_info");
	int64_t n = json_in_int(f, "num_connections");

	out->kind = SLACK_IN_HELLO;
	out->num_connections = n > 0 && n < 1000 ? (unsigned)n : 0;
	out->connection_s = json_in_int(debug, "approximate_connection_time");
	out->host = json_in_str(debug, "host");
	out->app_id = json_in_str(json_in_get(f, "connection_info"), "app_id");
}

static void disconnect_parse(const json_t *f, struct slack_in *out)
{
	int64_t n = json_in_int(f, "num_connections");

	out->kind = SLACK_IN_DISCONNECT;
	out->reason_text = json_in_str(f, "reason");
	out->host = json_in_str(json_in_get(f, "debug_info"), "host");
	out->num_connections = n > 0 && n < 1000 ? (unsigned)n : 0;
	if (!strcmp(out->reason_text, "link_disabled"))
		out->reason = SLACK_REASON_DISABLED;
	else if (!strcmp(out->reason_text, "too_many_websockets"))
		out->reason = SLACK_REASON_TOO_MANY;
}

static bool for_another_app(const struct slack_identity *me, const char *app, struct slack_in *out)
{
	if (!*me->app_id || !*app || !strcmp(app, me->app_id))
		return false;
	out->ignored = "meant for another app";
	return true;
}

static void payload_parse(struct arena *a, const json_t *p, const struct slack_identity *me,
	struct slack_in *out)
{
	if (for_another_app(me, json_in_str(p, "api_app_id"), out))
		return;
	if (!strcmp(out->type, "slash_commands"))
		slash_parse(a, p, out);
	else if (!strcmp(out->type, "interactive"))
		interactive_parse(a, p, out);
	else if (!strcmp(out->type, "events_api"))
		slack_event_parse(a, p, me, out);
	else
		out->ignored = "an unknown type of envelope";
}

int slack_in_frame(struct arena *a, const char *bytes, size_t len,
	const struct slack_identity *me, struct slack_in *out, struct err *err)
{
	struct slack_slash_frame slash;
	json_t *f;
	int64_t retry;

	in_init(out);
	if (len <= SLACK_FRAME_MAX && slack_slash_read(a, bytes, len, &slash)) {
		out->kind = SLACK_IN_ENVELOPE;
		out->type = "slash_commands";
		out->envelope_id = slash.envelope_id;
		out->accepts_payload = slash.accepts_payload;
		if (!for_another_app(me, slash.slash.app_id, out))
			slash_take(a, &slash.slash, out);
		return 0;
	}
	f = load(a, bytes, len, err);
	if (!f)
		return -1;
	out->type = json_in_str(f, "type");
	out->envelope_id = json_in_str(f, "envelope_id");
	if (!strcmp(out->type, "hello")) {
		hello_parse(f, out);
		return 0;
	}
	if (!strcmp(out->type, "disconnect")) {
		disconnect_parse(f, out);
		return 0;
	}
	if (!*out->envelope_id) {
		if (!strcmp(out->type, "slash_commands") || !strcmp(out->type, "interactive") ||
		    !strcmp(out->type, "events_api"))
			return err_set(err, ERR_INVALID, "an envelope without an id");
		return 0; /* SLACK_IN_UNKNOWN */
	}
	out->kind = SLACK_IN_ENVELOPE;
	out->accepts_payload = json_in_bool(f, "accepts_response_payload");
	retry = json_in_int(f, "retry_attempt");
	out->retry = retry > 0 && retry < 100 ? (unsigned)retry : 0;
	payload_parse(a, json_in_get(f, "payload"), me, out);
	return 0;
}

/* ---- bodies of signed HTTP requests ---- */

static char *form_decode(struct arena *a, const char *s, size_t len, size_t *out_len)
{
	char *out = arena_alloc(a, len + 1);
	size_t i, n = 0;

	for (i = 0; i < len; i++) {
		if (s[i] == '%' && i + 2 < len && hex_digit(s[i + 1]) >= 0 &&
		    hex_digit(s[i + 2]) >= 0) {
			out[n++] = (char)(hex_digit(s[i + 1]) << 4 | hex_digit(s[i + 2]));
			i += 2;
		} else {
			out[n++] = s[i] == '+' ? ' ' : s[i];
		}
	}
	*out_len = n;
	return out;
}

/* "a=1&b=2" as a JSON object of strings, so that one parser serves both ways in. */
static json_t *form_load(struct arena *a, const char *bytes, size_t len, struct err *err)
{
	json_t *tree = json_object();
	const char *end = bytes + len;

	if (!tree) {
		err_set(err, ERR_MEMORY, "out of memory");
		return NULL;
	}
	arena_defer(a, tree_free, tree);
	while (bytes < end && json_object_size(tree) < 64) {
		const char *amp = memchr(bytes, '&', (size_t)(end - bytes));
		const char *stop = amp ? amp : end;
		const char *eq = memchr(bytes, '=', (size_t)(stop - bytes));
		size_t n, m;
		char *name = form_decode(a, bytes, (size_t)((eq ? eq : stop) - bytes), &n);
		char *value = eq ? form_decode(a, eq + 1, (size_t)(stop - eq - 1), &m) : NULL;

		if (eq && *name && json_object_set_new(tree, name, json_stringn(value, m)) < 0) {
			err_set(err, ERR_INVALID, "a form that is not UTF-8");
			return NULL;
		}
		bytes = amp ? amp + 1 : end;
	}
	return tree;
}

static int form_body_parse(struct arena *a, const char *bytes, size_t len,
	const struct slack_identity *me, struct slack_in *out, struct err *err)
{
	json_t *form = form_load(a, bytes, len, err), *payload;

	if (!form)
		return -1;
	if (json_in_get(form, "ssl_check")) {
		out->ignored = "ssl_check";
		return 0;
	}
	if (json_in_get(form, "payload")) {
		const json_t *text = json_in_get(form, "payload");

		payload = load(a, json_string_value(text), json_string_length(text), err);
		if (!payload)
			return -1;
		out->type = "interactive";
		payload_parse(a, payload, me, out);
		out->accepts_payload = out->ask == SLACK_ASK_VIEW;
		return 0;
	}
	if (!json_in_get(form, "command"))
		return err_set(err, ERR_INVALID, "a form that is no command and no interaction");
	out->type = "slash_commands";
	out->accepts_payload = true;
	payload_parse(a, form, me, out);
	return 0;
}

int slack_in_body(struct arena *a, const char *bytes, size_t len, enum slack_body kind,
	const struct slack_identity *me, struct slack_in *out, struct err *err)
{
	json_t *p;

	in_init(out);
	if (len > SLACK_FRAME_MAX)
		return err_set(err, ERR_LIMIT, "more than %zu bytes", SLACK_FRAME_MAX);
	out->kind = SLACK_IN_ENVELOPE;
	if (kind == SLACK_BODY_FORM)
		return form_body_parse(a, bytes, len, me, out, err);
	p = load(a, bytes, len, err);
	if (!p)
		return -1;
	if (!strcmp(json_in_str(p, "type"), "url_verification")) {
		out->kind = SLACK_IN_CHALLENGE;
		out->challenge = json_in_str(p, "challenge");
		return 0;
	}
	out->type = "events_api";
	payload_parse(a, p, me, out);
	return 0;
}
