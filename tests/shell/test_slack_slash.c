/* test_slack_slash.c - the short way in says what the long way says, or nothing at all. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bot/slack/slack_in.h"
#include "bot/slack/slack_slash.h"
#include "tocsin/arena.h"
#include "tocsin/err.h"
#include "tocsin/request.h"

static const char plain[] = "{\"type\":\"slash_commands\",\"envelope_id\":\"e-1\",\"accepts_response_payload\":true,"
	"\"payload\": {\"token\":\"x\",\"team_id\":\"T0TOCSIN\",\"user_id\":\"U0ADA\",\"user_name\":\"ada\","
	"\"channel_id\":\"C0WARROOM\",\"channel_name\":\"war-room\",\"command\":\"\\/incident\","
	"\"text\":\"P1 a \\\"quoted\\\" \\\\ title\\n\\tand more\",\"api_app_id\":\"A0TOCSIN\",\"n\":12,"
	"\"is_enterprise_install\":\"false\",\"response_url\":\"https:\\/\\/hooks.example.com\\/1\","
	"\"trigger_id\":\"1.2.3\",\"nothing\":null}, \"b\" : false }\n";

static bool is_family(const char *name)
{
	return !strcmp(name, "incident");
}

static const struct slack_identity me = { "U0TOCSIN", "B0TOCSIN", "A0TOCSIN", is_family };

static bool read_short(struct arena *a, const char *text, size_t len)
{
	struct slack_slash_frame f;

	return slack_slash_read(a, text, len, &f);
}

static void same_text(const char *ours, const char *theirs, const char *frame)
{
	if (strcmp(ours, theirs) != 0)
		fail_msg("\"%s\" and \"%s\" from %s", ours, theirs, frame);
}

/* What the frame says both ways; the long way is forced by a member that the short one refuses. */
static void compare(struct arena *a, const char *text, size_t len)
{
	struct slack_in in, other;
	struct err err = { 0 };
	size_t end = len;
	char *longer = arena_alloc(a, len + 16);

	while (end && text[end - 1] != '}')
		end--;
	assert_true(end > 0);
	memcpy(longer, text, end - 1);
	memcpy(longer + end - 1, ",\"zz\":[]}", 9);
	assert_int_equal(slack_in_frame(a, text, len, &me, &in, &err), 0);
	assert_false(read_short(a, longer, end + 8));
	if (slack_in_frame(a, longer, end + 8, &me, &other, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	assert_int_equal(in.kind, other.kind);
	assert_int_equal(in.accepts_payload, other.accepts_payload);
	assert_int_equal(in.ask, other.ask);
	assert_int_equal(in.retry, other.retry);
	same_text(in.type, other.type, text);
	same_text(in.sub_type, other.sub_type, text);
	same_text(in.envelope_id, other.envelope_id, text);
	same_text(in.trigger_id, other.trigger_id, text);
	same_text(in.response_url, other.response_url, text);
	same_text(in.ignored ? in.ignored : "", other.ignored ? other.ignored : "", text);
	assert_int_equal(!in.req, !other.req);
	if (!in.req)
		return;
	same_text(in.req->id, other.req->id, text);
	same_text(in.req->who.user, other.req->who.user, text);
	same_text(in.req->who.name, other.req->who.name, text);
	same_text(in.req->where.channel, other.req->where.channel, text);
	same_text(in.req->place_name, other.req->place_name, text);
	same_text(in.req->family, other.req->family, text);
	same_text(in.req->text, other.req->text, text);
	assert_int_equal(in.req->can_open_form, other.req->can_open_form);
}

static void test_reads_what_comes_most(void **state)
{
	struct arena *a = arena_new((size_t)64 << 20);
	struct slack_slash_frame f;

	(void)state;
	assert_true(slack_slash_read(a, plain, strlen(plain), &f));
	assert_string_equal(f.envelope_id, "e-1");
	assert_true(f.accepts_payload);
	assert_string_equal(f.slash.command, "/incident");
	assert_string_equal(f.slash.text, "P1 a \"quoted\" \\ title\n\tand more");
	assert_string_equal(f.slash.response_url, "https://hooks.example.com/1");
	compare(a, plain, strlen(plain));
	arena_free(a);
}

/* Every byte changed to, or preceded by, each of those that mean something, or left out. */
static void test_agrees_with_the_long_way_whatever_is_broken(void **state)
{
	static const char bytes[] = "\"\\{}[],:0129.-+eEtfnu/ \n\t\r\x01\x7f\x80\xc3";
	size_t len = strlen(plain), at, i, read = 0, refused = 0;
	char text[sizeof(plain) + 1];

	(void)state;
	for (at = 0; at < len; at++) {
		for (i = 0; i < 2 * sizeof(bytes); i++) {
			struct arena *a = arena_new((size_t)64 << 20);
			size_t with = i / sizeof(bytes) && i % sizeof(bytes) < sizeof(bytes) - 1;
			size_t skip = with && i % 2 ? 0 : 1, n;

			memcpy(text, plain, at);
			text[at] = bytes[i % sizeof(bytes)];
			n = at + with;
			memcpy(text + n, plain + at + skip, len - at - skip);
			n += len - at - skip;
			text[n] = '\0';
			if (read_short(a, text, n)) {
				read++;
				compare(a, text, n);
			} else {
				refused++;
			}
			arena_free(a);
		}
	}
	assert_true(read > 1000);
	assert_true(refused > 1000);
}

static void test_leaves_the_rest_to_the_long_way(void **state)
{
	static const char *const others[] = {
		"", "{", "{}", "[]", "null", "{\"type\":\"hello\"}",
		"{\"type\":\"slash_commands\",\"envelope_id\":\"e\"}",
		"{\"type\":\"slash_commands\",\"payload\":{\"command\":\"/incident\",\"user_id\":\"U1\"}}",
		"{\"type\":\"slash_commands\",\"envelope_id\":\"e\",\"payload\":{\"text\":\"caf\xc3\xa9\"}}",
		"{\"type\":\"slash_commands\",\"envelope_id\":\"e\",\"payload\":{\"text\":\"\\u0041\"}}",
		"{\"type\":\"slash_commands\",\"envelope_id\":\"e\",\"payload\":{\"text\":12}}",
		"{\"type\":\"slash_commands\",\"envelope_id\":\"e\",\"payload\":{\"n\":1.5}}",
		"{\"type\":\"slash_commands\",\"envelope_id\":\"e\",\"payload\":{\"n\":01}}",
		"{\"type\":\"slash_commands\",\"envelope_id\":\"e\",\"payload\":{}} x",
		"{\"type\":\"slash_commands\",\"envelope_id\":\"e\",\"payload\":{},}",
		"{\"type\":\"slash_commands\",\"envelope_id\":\"e\",\"retry_attempt\":1,\"payload\":{}}",
		"{\"type\":\"events_api\",\"envelope_id\":\"e\",\"payload\":{}}",
	};
	struct arena *a = arena_new(1 << 20);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (read_short(a, others[i], strlen(others[i])))
			fail_msg("read: %s", others[i]);
	for (i = 0; i < strlen(plain) - 1; i++)
		assert_false(read_short(a, plain, i));
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_what_comes_most),
		cmocka_unit_test(test_agrees_with_the_long_way_whatever_is_broken),
		cmocka_unit_test(test_leaves_the_rest_to_the_long_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
