/* test_slack_in.c - what Slack sends, as requests: every kind of frame, and what is none. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/slack/slack_in.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/request.h"

#define ARENA_LIMIT ((size_t)32 * 1024 * 1024)

static bool is_family(const char *name)
{
	return !strcmp(name, "incident") || !strcmp(name, "rollback") || !strcmp(name, "oncall");
}

static const struct slack_identity me = { "U0TOCSIN", "B0TOCSIN", "A0TOCSIN", is_family };
static struct arena *arena;

static int up(void **state)
{
	(void)state;
	arena = arena_new(ARENA_LIMIT);
	return arena ? 0 : -1;
}

static int down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static char *sample(const char *name, size_t *len)
{
	char path[512], *text = arena_alloc(arena, 256 * 1024);
	FILE *f;

	snprintf(path, sizeof(path), "%s/shell/slack-samples/%s.json", TESTS_DIR, name);
	f = fopen(path, "r");
	assert_non_null(f);
	*len = fread(text, 1, 256 * 1024 - 1, f);
	fclose(f);
	return text;
}

static struct slack_in frame(const char *text)
{
	struct slack_in in;
	struct err err = { 0 };

	if (slack_in_frame(arena, text, strlen(text), &me, &in, &err) < 0)
		fail_msg("%s", err.text);
	return in;
}

static struct slack_in frame_of(const char *name)
{
	size_t len;

	return frame(sample(name, &len));
}

static void hello_and_disconnects(void **state)
{
	struct slack_in in = frame_of("hello");

	(void)state;
	assert_int_equal(in.kind, SLACK_IN_HELLO);
	assert_int_equal(in.num_connections, 1);
	assert_int_equal(in.connection_s, 18060);
	assert_string_equal(in.app_id, "A0TOCSIN");
	assert_string_equal(in.host, "applink-0000000001-aaaaa");
	in = frame_of("disconnect");
	assert_int_equal(in.kind, SLACK_IN_DISCONNECT);
	assert_int_equal(in.reason, SLACK_REASON_REFRESH);
	assert_string_equal(in.reason_text, "refresh_requested");
	assert_int_equal(frame_of("disconnect-warning").reason, SLACK_REASON_REFRESH);
	assert_int_equal(frame_of("disconnect-link-disabled").reason, SLACK_REASON_DISABLED);
	in = frame_of("disconnect-too-many-websockets");
	assert_int_equal(in.reason, SLACK_REASON_TOO_MANY);
	assert_int_equal(in.num_connections, 11);
}

static void slash_command(void **state)
{
	struct slack_in in = frame_of("slash-commands-envelope");

	(void)state;
	assert_int_equal(in.kind, SLACK_IN_ENVELOPE);
	assert_true(in.accepts_payload);
	assert_int_equal(in.ask, SLACK_ASK_SLASH);
	assert_non_null(in.req);
	assert_int_equal(in.req->kind, REQUEST_COMMAND);
	assert_int_equal(in.req->source, SOURCE_SLASH);
	assert_string_equal(in.req->family, "incident");
	assert_string_equal(in.req->text, "declare \xe2\x80\x9c" "Checkout returns 500s\xe2\x80\x9d sev1 "
		"<@U0BEN|ben> <#C0PAYMENTS|checkout> <!subteam^S0ONCALL|@payments>");
	assert_string_equal(in.req->who.user, "U0ADA");
	assert_string_equal(in.req->who.name, "ada");
	assert_int_equal(in.req->who.platform, PLATFORM_SLACK);
	assert_string_equal(in.req->where.channel, "C0WARROOM");
	assert_string_equal(in.req->where.thread, "");
	assert_string_equal(in.req->place_name, "war-room");
	assert_true(in.req->can_open_form);
	assert_string_equal(in.req->id,
		"slack:t:1111111111111.2222222222222.0123456789abcdef0123456789abcdef");
	assert_true(strstr(in.response_url, "https://hooks.slack.com/commands/") == in.response_url);
}

static void button(void **state)
{
	struct slack_in in = frame_of("block-actions-envelope");

	(void)state;
	assert_false(in.accepts_payload);
	assert_int_equal(in.ask, SLACK_ASK_ACTION);
	assert_int_equal(in.req->source, SOURCE_BUTTON);
	assert_string_equal(in.req->family, "incident");
	assert_string_equal(in.req->text, "ack INC-42");
	assert_string_equal(in.req->message_ts, "1763650000.123459");
	assert_string_equal(in.req->where.channel, "C0WARROOM");
	assert_string_equal(in.req->where.thread, "");
	in = frame("{\"envelope_id\":\"e\",\"type\":\"interactive\",\"payload\":{\"type\":\"block_actions\","
		"\"user\":{\"id\":\"U0ADA\"},\"container\":{\"message_ts\":\"2.2\",\"thread_ts\":\"1.1\"},"
		"\"channel\":{\"id\":\"C1\"},\"actions\":[{\"type\":\"static_select\",\"selected_option\":"
		"{\"value\":\"incident show INC-7\"},\"action_ts\":\"9.9\"}]}}");
	assert_string_equal(in.req->text, "show INC-7");
	assert_string_equal(in.req->where.thread, "1.1");
	assert_string_equal(in.req->id, "slack:a:C1:2.2:9.9:U0ADA");
	assert_false(in.req->can_open_form);
	assert_string_equal(frame_of("block-actions-home-select-envelope").req->family, "payments");
}

static const char *field(const struct request *r, const char *name)
{
	size_t i;

	for (i = 0; i < r->n_fields; i++)
		if (!strcmp(r->fields[i].name, name))
			return r->fields[i].value;
	fail_msg("no field %s", name);
	return NULL;
}

static void form(void **state)
{
	struct slack_in in = frame_of("view-submission-envelope");

	(void)state;
	assert_true(in.accepts_payload);
	assert_int_equal(in.ask, SLACK_ASK_VIEW);
	assert_int_equal(in.req->source, SOURCE_FORM);
	assert_string_equal(in.req->family, "incident");
	assert_string_equal(in.req->text, "form INC-42");
	assert_int_equal(in.req->n_fields, 4);
	assert_string_equal(field(in.req, "title_b"), "Checkout returns 500s");
	assert_string_equal(field(in.req, "sev_b"), "sev1");
	assert_string_equal(field(in.req, "lead_b"), "<@U0BEN>");
	assert_string_equal(field(in.req, "notes_b"), "");
	assert_string_equal(in.req->where.channel, "C0WARROOM");
	assert_string_equal(in.req->where.thread, "1763650000.123459");
	assert_string_equal(in.req->place_name, "war-room");
}

static void place_goes_through_a_form(void **state)
{
	struct slack_in in = frame_of("block-actions-envelope");
	const char *place = slack_in_place(arena, in.req);
	struct buf b;

	(void)state;
	buf_init_arena(&b, arena, 8192);
	buf_str(&b, "{\"envelope_id\":\"e\",\"type\":\"interactive\",\"payload\":{\"type\":"
		"\"view_submission\",\"user\":{\"id\":\"U0ADA\"},\"view\":{\"id\":\"V1\",\"callback_id\":"
		"\"incident form INC-42\",\"private_metadata\":\"");
	for (; *place; place++) {
		if (*place == '"')
			buf_char(&b, '\\');
		buf_char(&b, *place);
	}
	buf_str(&b, "\",\"state\":{\"values\":{}}}}}");
	in = frame(buf_text(&b));
	assert_string_equal(in.req->where.channel, "C0WARROOM");
	assert_string_equal(in.req->message_ts, "1763650000.123459");
	assert_string_equal(in.req->place_name, "war-room");
}

static void field_kinds(void **state)
{
	struct slack_in in = frame("{\"envelope_id\":\"e\",\"type\":\"interactive\",\"payload\":{\"type\":"
		"\"view_submission\",\"user\":{\"id\":\"U0ADA\"},\"view\":{\"id\":\"V1\",\"callback_id\":"
		"\"incident x\",\"private_metadata\":\"no json\",\"state\":{\"values\":{"
		"\"a\":{\"v\":{\"selected_date_time\":1763650000}},\"b\":{\"v\":{\"selected_options\":"
		"[{\"value\":\"x\"},{\"value\":\"y\"}]}},\"c\":{\"v\":{\"selected_users\":[\"U1\",\"U2\"]}},"
		"\"d\":{\"v\":{\"selected_channel\":\"C9\"}},\"e\":{\"v\":{\"selected_date\":\"2026-01-28\"}},"
		"\"f\":{\"v\":null},\"g\":{\"v\":{\"selected_option\":null}},\"h\":7}}}}}");

	(void)state;
	assert_string_equal(field(in.req, "a"), "1763650000");
	assert_string_equal(field(in.req, "b"), "x,y");
	assert_string_equal(field(in.req, "c"), "<@U1>,<@U2>");
	assert_string_equal(field(in.req, "d"), "<#C9>");
	assert_string_equal(field(in.req, "e"), "2026-01-28");
	assert_string_equal(field(in.req, "f"), "");
	assert_string_equal(field(in.req, "g"), "");
	assert_string_equal(in.req->where.channel, "");
	assert_int_equal(in.req->n_fields, 7);
}

static void fields_have_a_bound(void **state)
{
	struct slack_in in;
	struct buf b;
	int i;

	(void)state;
	buf_init_arena(&b, arena, 65536);
	buf_str(&b, "{\"envelope_id\":\"e\",\"type\":\"interactive\",\"payload\":{\"type\":"
		"\"view_submission\",\"user\":{\"id\":\"U0ADA\"},\"view\":{\"callback_id\":\"incident x\","
		"\"state\":{\"values\":{");
	for (i = 0; i <= SLACK_FIELDS_MAX; i++)
		buf_printf(&b, "%s\"q%d\":{\"value\":{\"value\":\"%d\"}}", i ? "," : "", i, i);
	buf_str(&b, "}}}}}");
	in = frame(buf_text(&b));
	assert_int_equal(in.req->n_fields, SLACK_FIELDS_MAX);
	assert_string_equal(field(in.req, "q99"), "99");
}

static void mention_is_a_command(void **state)
{
	struct slack_in in = frame_of("events-api-app-mention-envelope");
	struct slack_in again = frame_of("events-api-app-mention-retry-envelope");

	(void)state;
	assert_int_equal(in.req->kind, REQUEST_COMMAND);
	assert_int_equal(in.req->source, SOURCE_MENTION);
	assert_int_equal(in.ask, SLACK_ASK_MENTION);
	assert_string_equal(in.req->family, "incident");
	assert_string_equal(in.req->text, "update Cache is warm again");
	assert_string_equal(in.req->id, "slack:m:C0WARROOM:1763650400.000200");
	assert_int_equal(again.retry, 1);
	assert_string_equal(again.req->id, in.req->id);
	assert_null(frame_of("events-api-message-channels-envelope").req);
}

static struct slack_in mention(const char *text)
{
	return frame(arena_printf(arena, "{\"envelope_id\":\"e\",\"type\":\"events_api\",\"payload\":"
		"{\"event\":{\"type\":\"app_mention\",\"user\":\"U0ADA\",\"ts\":\"1.1\",\"channel\":\"C1\","
		"\"text\":\"%s\"}}}", text));
}

static void mention_forms(void **state)
{
	static const struct {
		const char *text, *family, *rest;
	} cases[] = {
		{ "<@U0TOCSIN> ack", "incident", "ack" },
		{ "  <@U0TOCSIN|tocsin>  ack  INC-1", "incident", "ack  INC-1" },
		{ "<@U0TOCSIN>: ack", "incident", "ack" },
		{ "<@U0TOCSIN>, ack", "incident", "ack" },
		{ "<@U0TOCSIN>\\u00a0ack", "incident", "ack" },
		{ "<@U0TOCSIN> rollback checkout", "rollback", "checkout" },
		{ "<@U0TOCSIN> /Incident P0 x", "incident", "P0 x" },
		{ "<@U0TOCSIN> INCIDENT", "incident", "" },
		{ "<@U0TOCSIN>", "incident", "" },
		{ "<@U0TOCSIN> incidents happen", "incident", "incidents happen" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slack_in in = mention(cases[i].text);

		assert_int_equal(in.req->kind, REQUEST_COMMAND);
		assert_string_equal(in.req->family, cases[i].family);
		assert_string_equal(in.req->text, cases[i].rest);
	}
	/* In the middle of a sentence: part of what people say to each other. */
	assert_int_equal(mention("I asked <@U0TOCSIN> already").req->kind, REQUEST_MESSAGE);
	assert_int_equal(mention("<@U0TOCSINX> ack").req->kind, REQUEST_MESSAGE);
}

static void messages(void **state)
{
	struct slack_in in = frame_of("events-api-message-thread-envelope");

	(void)state;
	assert_int_equal(in.req->kind, REQUEST_MESSAGE);
	assert_int_equal(in.ask, SLACK_ASK_NOTHING);
	assert_string_equal(in.req->text, "Error rate is back to 1% &lt;yay&gt;");
	assert_string_equal(in.req->where.thread, "1763650000.123459");
	assert_string_equal(in.req->message_ts, "1763650410.000300");
	in = frame_of("events-api-message-file-envelope");
	assert_string_equal(in.req->text,
		"the graph\n<https://example.slack.com/files/F0G/errors.png|errors.png>");
}

static struct slack_in message(const char *members)
{
	return frame(arena_printf(arena, "{\"envelope_id\":\"e\",\"type\":\"events_api\",\"payload\":"
		"{\"event\":{\"type\":\"message\",\"ts\":\"1.1\",\"channel\":\"C1\",\"text\":\"x\",%s}}}",
		members));
}

static void messages_that_are_not_for_us(void **state)
{
	(void)state;
	assert_non_null(message("\"user\":\"U0ADA\"").req);
	assert_non_null(message("\"user\":\"U0ADA\",\"subtype\":\"thread_broadcast\"").req);
	assert_null(message("\"user\":\"U0TOCSIN\"").req);
	assert_null(message("\"user\":\"U0ADA\",\"bot_id\":\"B0OTHER\"").req);
	assert_null(message("\"user\":\"U0ADA\",\"subtype\":\"message_changed\"").req);
	assert_null(message("\"user\":\"U0ADA\",\"subtype\":\"channel_join\"").req);
	assert_null(message("\"subtype\":\"bot_message\"").req);
	assert_null(message("\"username\":\"nobody\"").req);
	/* In a direct message nobody has to write the mention. */
	assert_int_equal(message("\"user\":\"U0ADA\",\"channel_type\":\"im\"").req->kind, REQUEST_COMMAND);
}

static void reaction(void **state)
{
	struct slack_in in = frame_of("events-api-reaction-added-envelope");

	(void)state;
	assert_int_equal(in.req->kind, REQUEST_REACTION);
	assert_string_equal(in.req->text, "pushpin");
	assert_string_equal(in.req->message_ts, "1763650400.000200");
	assert_string_equal(in.req->who.user, "U0ADA");
	assert_string_equal(in.req->where.channel, "C0WARROOM");
}

static void what_is_acknowledged_and_forgotten(void **state)
{
	static const char *const names[] = {
		"events-api-app-home-opened-envelope", "events-api-member-joined-channel-envelope",
		"events-api-app-rate-limited-envelope", "shortcut-envelope", "message-action-envelope",
		"view-closed-envelope", "block-suggestion-envelope",
	};
	static const char *const texts[] = {
		"{\"envelope_id\":\"e\",\"type\":\"brand_new\",\"payload\":{}}",
		"{\"envelope_id\":\"e\",\"type\":\"events_api\"}",
		"{\"envelope_id\":\"e\",\"type\":\"interactive\",\"payload\":[]}",
		"{\"envelope_id\":\"e\",\"type\":\"interactive\",\"payload\":{\"type\":\"block_actions\"}}",
		"{\"envelope_id\":\"e\",\"type\":\"slash_commands\",\"payload\":{\"command\":\"/incident\"}}",
		("{\"envelope_id\":\"e\",\"type\":\"slash_commands\",\"payload\":{\"command\":\"/incident\","
		 "\"user_id\":\"U0ADA\",\"api_app_id\":\"A0OTHER\"}}"),
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct slack_in in = frame_of(names[i]);

		assert_int_equal(in.kind, SLACK_IN_ENVELOPE);
		assert_null(in.req);
		assert_true(in.ignored[0] && in.envelope_id[0]);
	}
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct slack_in in = frame(texts[i]);

		assert_int_equal(in.kind, SLACK_IN_ENVELOPE);
		assert_null(in.req);
		assert_true(in.ignored[0]);
	}
	assert_int_equal(frame("{\"type\":\"news\"}").kind, SLACK_IN_UNKNOWN);
	assert_int_equal(frame("{}").kind, SLACK_IN_UNKNOWN);
}

static enum err_code refused(const char *text, size_t len)
{
	struct slack_in in;
	struct err err = { 0 };

	return slack_in_frame(arena, text, len, &me, &in, &err) < 0 ? err.code : ERR_NONE;
}

static void malformed_frames(void **state)
{
	char *big = malloc(SLACK_FRAME_MAX + 1), deep[2 * SLACK_DEPTH_MAX + 16];
	int d = SLACK_DEPTH_MAX - 1; /* the object around it counts */

	(void)state;
	assert_int_equal(refused("", 0), ERR_INVALID);
	assert_int_equal(refused("[]", 2), ERR_INVALID);
	assert_int_equal(refused("{\"a\":", 5), ERR_INVALID);
	assert_int_equal(refused("{\"a\":\"\xff\"}", 9), ERR_INVALID);
	assert_int_equal(refused("{\"type\":\"interactive\"}", 22), ERR_INVALID);
	memset(big, ' ', SLACK_FRAME_MAX + 1);
	memcpy(big, "{}", 2);
	assert_int_equal(refused(big, SLACK_FRAME_MAX), ERR_NONE);
	assert_int_equal(refused(big, SLACK_FRAME_MAX + 1), ERR_LIMIT);
	free(big);
	snprintf(deep, sizeof(deep), "{\"a\":%.*s%.*s}", d,
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", d,
		"]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
	assert_int_equal(refused(deep, strlen(deep)), ERR_NONE);
	snprintf(deep, sizeof(deep), "{\"a\":%.*s%.*s}", d + 1,
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", d + 1,
		"]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
	assert_int_equal(refused(deep, strlen(deep)), ERR_LIMIT);
	assert_int_equal(refused("{\"a\":\"[[[[[\\\"[[[\"}", 18), ERR_NONE);
}

static struct slack_in body(const char *text, enum slack_body kind)
{
	struct slack_in in;
	struct err err = { 0 };

	if (slack_in_body(arena, text, strlen(text), kind, &me, &in, &err) < 0)
		fail_msg("%s", err.text);
	return in;
}

static void http_bodies(void **state)
{
	struct slack_in in = body("command=%2Fincident&text=P0+Checkout%20%26amp%3B+cart&user_id=U0ADA"
		"&channel_id=C0WARROOM&trigger_id=1.2.3&response_url=https%3A%2F%2Fx", SLACK_BODY_FORM);
	size_t len;

	(void)state;
	assert_int_equal(in.ask, SLACK_ASK_SLASH);
	assert_true(in.accepts_payload);
	assert_string_equal(in.req->text, "P0 Checkout &amp; cart");
	assert_string_equal(in.req->id, "slack:t:1.2.3");
	in = body("payload=%7B%22type%22%3A%22view_submission%22%2C%22user%22%3A%7B%22id%22%3A%22U0ADA%22"
		"%7D%2C%22view%22%3A%7B%22callback_id%22%3A%22incident+x%22%7D%7D", SLACK_BODY_FORM);
	assert_int_equal(in.ask, SLACK_ASK_VIEW);
	assert_true(in.accepts_payload);
	in = body(sample("http-url-verification", &len), SLACK_BODY_JSON);
	assert_int_equal(in.kind, SLACK_IN_CHALLENGE);
	assert_string_equal(in.challenge, "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P");
	in = body("ssl_check=1&token=unused", SLACK_BODY_FORM);
	assert_int_equal(in.kind, SLACK_IN_ENVELOPE);
	assert_null(in.req);
	in = body("{\"type\":\"event_callback\",\"event\":{\"type\":\"reaction_added\",\"user\":\"U0ADA\","
		"\"reaction\":\"eyes\",\"item\":{\"channel\":\"C1\",\"ts\":\"1.1\"}}}", SLACK_BODY_JSON);
	assert_int_equal(in.req->kind, REQUEST_REACTION);
}

static void http_bodies_that_are_none(void **state)
{
	static const struct {
		const char *text;
		enum slack_body kind;
	} cases[] = {
		{ "", SLACK_BODY_FORM }, { "a=1", SLACK_BODY_FORM }, { "payload=", SLACK_BODY_FORM },
		{ "payload=%7B", SLACK_BODY_FORM }, { "command=%ff", SLACK_BODY_FORM },
		{ "", SLACK_BODY_JSON }, { "7", SLACK_BODY_JSON },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slack_in in;
		struct err err = { 0 };

		assert_int_equal(slack_in_body(arena, cases[i].text, strlen(cases[i].text), cases[i].kind,
			&me, &in, &err), -1);
		assert_int_equal(err.code, ERR_INVALID);
	}
	assert_null(body("command=%2Fincident%", SLACK_BODY_FORM).req);
}

/* The nth allocation fails, for every n: the jump loses nothing (the leak check sees to that). */
static void out_of_memory(void **state)
{
	size_t len;
	char *text = strdup(sample("view-submission-envelope", &len));
	unsigned long n;
	volatile bool whole = false;

	(void)state;
	for (n = 1; !whole; n++) {
		struct arena *a = arena_new(ARENA_LIMIT);
		struct slack_in in;

		assert_true(n < 1000);
		if (setjmp(*arena_recovery(a)) == 0) {
			arena_fail_at(a, n);
			assert_int_equal(slack_in_frame(a, text, len, &me, &in, NULL), 0);
			arena_fail_at(a, 0);
			whole = true;
		}
		arena_free(a);
	}
	free(text);
}

#define T(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(hello_and_disconnects), T(slash_command), T(button), T(form),
		T(place_goes_through_a_form), T(field_kinds), T(fields_have_a_bound),
		T(mention_is_a_command), T(mention_forms), T(messages), T(messages_that_are_not_for_us),
		T(reaction), T(what_is_acknowledged_and_forgotten), T(malformed_frames), T(http_bodies),
		T(http_bodies_that_are_none), T(out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
