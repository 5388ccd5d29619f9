/* test_slack_api.c - the Web API client: what an answer means, how fast, and who goes first. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/http_client.h"
#include "bot/slack/api.h"
#include "bot/slack/api_error.h"
#include "bot/slack/limiter.h"
#include "support_peer.h"
#include "tocsin/err.h"
#include "tocsin/json_in.h"

struct world {
	uv_loop_t loop;
	struct http_client *http;
	struct slack_api *api;
	struct peer *peer;
	unsigned troubles;
	char trouble[64];
};

struct seen {
	unsigned calls;
	enum slack_verdict verdict;
	bool token_trouble;
	char error[64], detail[256], messages[256], ts[32];
	int64_t retry_after_ms;
	unsigned *order;
	unsigned at;
	uv_loop_t *loop;
};

static int world_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	char base[64];

	uv_loop_init(&w->loop);
	w->http = http_client_new(&w->loop, NULL);
	w->peer = peer_new(&w->loop);
	snprintf(base, sizeof(base), "http://127.0.0.1:%d/api", peer_port(w->peer));
	w->api = slack_api_new(&w->loop, w->http, base, "xoxb-test", NULL);
	*state = w;
	return w->api ? 0 : -1;
}

static int world_down(void **state)
{
	struct world *w = *state;
	int left;

	slack_api_close(w->api);
	http_client_close(w->http);
	peer_close(w->peer);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	left = uv_loop_close(&w->loop);
	free(w);
	return left;
}

static void on_reply(void *ud, const struct slack_reply *r)
{
	struct seen *s = ud;

	s->calls++;
	s->verdict = r->verdict;
	s->token_trouble = r->token_trouble;
	s->retry_after_ms = r->retry_after_ms;
	snprintf(s->error, sizeof(s->error), "%s", r->error);
	snprintf(s->detail, sizeof(s->detail), "%s", r->detail);
	snprintf(s->messages, sizeof(s->messages), "%s", r->messages);
	snprintf(s->ts, sizeof(s->ts), "%s", json_in_str(r->body, "ts"));
	if (s->order)
		s->at = ++*s->order;
	if (s->loop)
		uv_stop(s->loop);
}

static void run_until(struct world *w, const unsigned *calls)
{
	while (!*calls)
		assert_true(uv_run(&w->loop, UV_RUN_DEFAULT));
}

static struct seen call(struct world *w, const char *method, bool urgent, long timeout_ms)
{
	struct seen s = { .loop = &w->loop };
	struct slack_call c = { .method = method, .channel = "C1", .body = "{}", .body_len = 2,
		.urgent = urgent, .timeout_ms = timeout_ms };

	assert_true(slack_api_call(w->api, &c, on_reply, &s) > 0);
	assert_int_equal(s.calls, 0);
	run_until(w, &s.calls);
	return s;
}

/* One answer of the peer, kept until the test is over. */
static void peer_says(struct world *w, int status, const char *headers, const char *body)
{
	static char *kept[16];
	static size_t n;

	free(kept[n % 16]);
	kept[n % 16] = peer_http(status, headers, body);
	peer_expect(w->peer, PEER_SEND, kept[n++ % 16], 0);
}

static void what_answers_mean(void **state)
{
	struct world *w = *state;
	static const struct {
		int status;
		const char *body;
		enum slack_verdict verdict;
		const char *error;
	} cases[] = {
		{ 200, "{\"ok\":true,\"ts\":\"1.5\"}", SLACK_OK, "" },
		{ 200, "{\"ok\":false,\"error\":\"channel_not_found\"}", SLACK_REFUSED, "channel_not_found" },
		{ 200, "{\"ok\":false,\"error\":\"never_heard_of\"}", SLACK_REFUSED, "never_heard_of" },
		{ 200, "{\"ok\":false,\"error\":\"internal_error\"}", SLACK_UNSURE, "internal_error" },
		{ 200, "{\"ok\":false,\"error\":\"service_unavailable\"}", SLACK_UNSURE,
			"service_unavailable" },
		{ 200, "{\"ok\":false}", SLACK_REFUSED, "unknown_error" },
		{ 200, "<html>", SLACK_UNSURE, "malformed_answer" },
		{ 200, "[]", SLACK_UNSURE, "malformed_answer" },
		{ 503, "<html>", SLACK_UNSURE, "http_503" },
		{ 500, "{\"ok\":true}", SLACK_UNSURE, "http_500" },
		{ 404, "", SLACK_REFUSED, "http_404" },
		{ 302, "", SLACK_REFUSED, "http_302" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct seen s;

		peer_says(w, cases[i].status, "", cases[i].body);
		s = call(w, "views.open", true, 0);
		assert_int_equal(s.verdict, cases[i].verdict);
		assert_string_equal(s.error, cases[i].error);
		assert_non_null(strstr(peer_request(w->peer, i), "POST /api/views.open HTTP/1.1"));
		assert_non_null(strstr(peer_request(w->peer, i), "Authorization: Bearer xoxb-test\r\n"));
		assert_non_null(strstr(peer_request(w->peer, i),
			"Content-Type: application/json; charset=utf-8\r\n"));
		assert_string_equal(s.ts, i ? "" : "1.5");
	}
}

static void lost_and_never_sent(void **state)
{
	struct world *w = *state;
	struct seen s;

	peer_expect(w->peer, PEER_CUT, NULL, 0);
	s = call(w, "chat.postMessage", false, 0);
	assert_int_equal(s.verdict, SLACK_UNSURE);
	assert_string_equal(s.error, "lost");
	peer_expect(w->peer, PEER_SILENT, NULL, 0);
	s = call(w, "chat.postMessage", false, 50);
	assert_int_equal(s.verdict, SLACK_UNSURE);
}

static void missing_scope_says_which(void **state)
{
	struct world *w = *state;
	struct seen s;

	peer_says(w, 200, "", "{\"ok\":false,\"error\":\"missing_scope\",\"needed\":\"pins:write\","
		"\"provided\":\"chat:write,commands\"}");
	s = call(w, "pins.add", false, 0);
	assert_int_equal(s.verdict, SLACK_REFUSED);
	assert_false(s.token_trouble);
	assert_string_equal(s.detail, "needed pins:write, provided chat:write,commands");
}

static void messages_of_invalid_blocks(void **state)
{
	struct world *w = *state;
	struct seen s;

	peer_says(w, 200, "", "{\"ok\":false,\"error\":\"invalid_blocks\",\"response_metadata\":"
		"{\"messages\":[\"[ERROR] one\",7,\"[ERROR] two\"]}}");
	s = call(w, "chat.postMessage", false, 0);
	assert_int_equal(s.verdict, SLACK_REFUSED);
	assert_string_equal(s.messages, "[ERROR] one; [ERROR] two");
	assert_true(slack_error_is_content(s.error));
}

static void on_trouble(void *ud, const char *error)
{
	struct world *w = ud;

	w->troubles++;
	snprintf(w->trouble, sizeof(w->trouble), "%s", error);
}

static void token_trouble_is_told_once_and_ends(void **state)
{
	struct world *w = *state;
	struct seen s;

	slack_api_on_trouble(w->api, on_trouble, w);
	peer_says(w, 200, "", "{\"ok\":false,\"error\":\"token_revoked\"}");
	s = call(w, "chat.update", false, 0);
	assert_int_equal(s.verdict, SLACK_LATER); /* talk waits until somebody mends it */
	assert_true(s.retry_after_ms > 0);
	peer_says(w, 200, "", "{\"ok\":false,\"error\":\"token_revoked\"}");
	s = call(w, "chat.update", true, 0);
	assert_int_equal(s.verdict, SLACK_REFUSED); /* a page takes another way */
	assert_int_equal(w->troubles, 1);
	assert_string_equal(w->trouble, "token_revoked");
	peer_says(w, 200, "", "{\"ok\":true}");
	call(w, "chat.update", false, 0);
	assert_int_equal(w->troubles, 2);
	assert_string_equal(w->trouble, "");
}

static void a_429_holds_its_method_and_a_page_is_told_at_once(void **state)
{
	struct world *w = *state;
	struct slack_call talk = { .method = "chat.postMessage", .channel = "C1", .body = "{}",
		.body_len = 2 }, page = talk;
	struct seen first, waiting = { .loop = &w->loop }, urgent = waiting, other;

	peer_says(w, 429, "Retry-After: 30\r\n", "{\"ok\":false,\"error\":\"ratelimited\"}");
	first = call(w, "chat.postMessage", false, 0);
	assert_int_equal(first.verdict, SLACK_LATER);
	assert_true(first.retry_after_ms >= 30000 && first.retry_after_ms < 31000);
	slack_api_call(w->api, &talk, on_reply, &waiting);
	page.urgent = true; /* the same channel: stopped, and told so */
	slack_api_call(w->api, &page, on_reply, &urgent);
	run_until(w, &urgent.calls);
	assert_int_equal(urgent.verdict, SLACK_LATER);
	assert_string_equal(urgent.error, "ratelimited");
	assert_true(urgent.retry_after_ms > 29000);
	peer_says(w, 200, "", "{\"ok\":true,\"ts\":\"2.2\"}");
	page.channel = "U0BEN"; /* another channel is not silenced by the loud one */
	memset(&urgent, 0, sizeof(urgent));
	urgent.loop = &w->loop;
	slack_api_call(w->api, &page, on_reply, &urgent);
	run_until(w, &urgent.calls);
	assert_int_equal(urgent.verdict, SLACK_OK);
	peer_says(w, 200, "", "{\"ok\":true}");
	other = call(w, "chat.update", false, 0); /* nor is another method */
	assert_int_equal(other.verdict, SLACK_OK);
	assert_int_equal(waiting.calls, 0);
	assert_int_equal(slack_api_waiting(w->api), 1);
	assert_int_equal(slack_api_limited(w->api), 1);
}

static char *ok_to_all(void *ud, const char *request)
{
	(void)ud;
	(void)request;
	return peer_http(200, "", "{\"ok\":true}");
}

static void pages_go_before_talk(void **state)
{
	struct world *w = *state;
	struct slack_call c = { .method = "views.publish", .body = "{}", .body_len = 2 };
	struct seen talk[20] = { 0 }, page = { .loop = &w->loop };
	unsigned order = 0, i;

	peer_on_request(w->peer, ok_to_all, NULL);
	for (i = 0; i < 20; i++) {
		talk[i].order = &order;
		assert_true(slack_api_call(w->api, &c, on_reply, &talk[i]) > 0);
	}
	page.order = &order;
	c.urgent = true;
	assert_true(slack_api_call(w->api, &c, on_reply, &page) > 0);
	run_until(w, &page.calls);
	/* Queued last, and the bucket of twenty keeps five for it: fifteen may go before at most. */
	assert_true(page.at <= 16);
	assert_non_null(strstr(peer_request(w->peer, 0), "views.publish"));
}

/* A hundred incidents page one person at once: who would wait longer than a moment for a turn in
 * the direct message is told so, and Slack is not asked; somebody else is not kept waiting. */
static void a_storm_of_pages_to_one_person_waits_outside(void **state)
{
	struct world *w = *state;
	struct slack_call c = { .method = "chat.postMessage", .channel = "U0ADA", .body = "{}",
		.body_len = 2, .urgent = true };
	struct seen storm[100] = { 0 }, other = { .loop = &w->loop };
	unsigned i, sent = 0, told = 0, left = 0;

	peer_on_request(w->peer, ok_to_all, NULL);
	for (i = 0; i < 100; i++)
		assert_true(slack_api_call(w->api, &c, on_reply, &storm[i]) > 0);
	c.channel = "U0BEN";
	assert_true(slack_api_call(w->api, &c, on_reply, &other) > 0);
	run_until(w, &other.calls);
	assert_int_equal(other.verdict, SLACK_OK);
	for (i = 0; i < 100; i++) {
		left += !storm[i].calls;
		if (!storm[i].calls || storm[i].verdict == SLACK_OK) {
			sent += storm[i].calls;
			continue;
		}
		told++;
		assert_int_equal(storm[i].verdict, SLACK_LATER);
		assert_string_equal(storm[i].error, SLACK_QUEUED);
		assert_true(storm[i].retry_after_ms > 1000);
		assert_true(i >= 3); /* the first ones have their places */
	}
	assert_int_equal(sent + told + left, 100);
	assert_true(told > 90);
	assert_int_equal(slack_api_waiting(w->api), left);
}

static void queues_have_bounds(void **state)
{
	struct world *w = *state;
	struct slack_call c = { .method = "pins.add", .body = "{}", .body_len = 2 };
	unsigned i;

	for (i = 0; i < SLACK_CALLS_CHAT_MAX; i++)
		assert_true(slack_api_call(w->api, &c, NULL, NULL) > 0);
	assert_int_equal(slack_api_call(w->api, &c, NULL, NULL), 0);
	c.urgent = true;
	for (; i < SLACK_CALLS_MAX; i++)
		assert_true(slack_api_call(w->api, &c, NULL, NULL) > 0);
	assert_int_equal(slack_api_call(w->api, &c, NULL, NULL), 0);
}

static void cancelled_calls_stay_silent(void **state)
{
	struct world *w = *state;
	struct slack_call c = { .method = "chat.update", .body = "{}", .body_len = 2 };
	struct seen s = { 0 }, after;
	uint64_t id = slack_api_call(w->api, &c, on_reply, &s);

	peer_on_request(w->peer, ok_to_all, NULL);
	slack_api_cancel(w->api, id);
	slack_api_cancel(w->api, 4711);
	after = call(w, "chat.update", false, 0);
	assert_int_equal(after.verdict, SLACK_OK);
	assert_int_equal(s.calls, 0);
}

static void response_urls_get_no_token(void **state)
{
	struct world *w = *state;
	char url[64];
	struct seen s = { .loop = &w->loop };
	struct slack_call c = { .method = "response_url", .url = url, .body = "{}", .body_len = 2,
		.urgent = true };

	snprintf(url, sizeof(url), "http://127.0.0.1:%d/actions/T1", peer_port(w->peer));
	peer_says(w, 200, "", "ok");
	slack_api_call(w->api, &c, on_reply, &s);
	run_until(w, &s.calls);
	assert_int_equal(s.verdict, SLACK_OK);
	assert_null(strstr(peer_request(w->peer, 0), "Authorization"));
	s.calls = 0;
	peer_says(w, 404, "", "{\"ok\":false,\"error\":\"Expired url\"}");
	slack_api_call(w->api, &c, on_reply, &s);
	run_until(w, &s.calls);
	assert_int_equal(s.verdict, SLACK_REFUSED);
}

static void bases(void **state)
{
	static const char *const bad[] = { "", "slack.com", "ftp://slack.com/", "http://slack.com/api/",
		"http://127.0.0.1@evil.example/", "http://localhost.evil.example/", "https://", "http://" };
	struct world *w = *state;
	struct slack_api *api;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = { 0 };

		assert_null(slack_api_new(&w->loop, w->http, bad[i], "xoxb-x", &err));
		assert_int_equal(err.code, ERR_CONFIG);
	}
	api = slack_api_new(&w->loop, w->http, "https://slack-gov.com/api", "xoxb-x", NULL);
	assert_non_null(api);
	slack_api_close(api);
	api = slack_api_new(&w->loop, w->http, "http://[::1]:8080/api/", "xoxb-x", NULL);
	assert_non_null(api);
	slack_api_close(api);
}

/* ---- the limiter, with time as a parameter ---- */

static unsigned take_all(struct slack_limiter *l, const char *method, const char *channel,
	bool urgent, int64_t now)
{
	unsigned n = 0;

	while (slack_limiter_wait(l, method, channel, urgent, now, NULL) == 0) {
		slack_limiter_take(l, method, channel, now);
		n++;
		assert_true(n < 1000);
	}
	return n;
}

static void no_minute_sees_more_than_its_tier(void **state)
{
	static const struct {
		const char *method;
		unsigned tier;
	} cases[] = { { "pins.add", 20 }, { "chat.update", 50 }, { "views.open", 100 },
		{ "some.method", 20 } };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slack_limiter *l = slack_limiter_new();
		unsigned sent = 0;
		int64_t now;

		for (now = 0; now < 60000; now += 10)
			sent += take_all(l, cases[i].method, "", true, now);
		assert_true(sent <= cases[i].tier);
		assert_true(sent >= cases[i].tier - cases[i].tier / 10);
		slack_limiter_free(l);
	}
}

static void a_channel_gets_one_a_second_and_three_at_once(void **state)
{
	struct slack_limiter *l = slack_limiter_new();

	(void)state;
	assert_int_equal(take_all(l, "chat.postMessage", "C1", false, 0), 3);
	assert_int_equal(take_all(l, "chat.postMessage", "C2", false, 0), 3);
	assert_int_equal(take_all(l, "chat.postMessage", "C1", false, 999), 0);
	assert_int_equal(take_all(l, "chat.postMessage", "C1", false, 1001), 1);
	assert_int_equal(take_all(l, "chat.postMessage", "C1", false, 60000), 3);
	slack_limiter_free(l);
}

static void talk_leaves_room_for_pages(void **state)
{
	struct slack_limiter *l = slack_limiter_new();
	char channel[16];
	unsigned i, talk = 0, pages = 0;

	(void)state;
	for (i = 0; i < 100; i++) {
		snprintf(channel, sizeof(channel), "C%u", i);
		talk += take_all(l, "chat.postMessage", channel, false, 0);
	}
	for (i = 0; i < 100; i++) {
		snprintf(channel, sizeof(channel), "U%u", i);
		pages += take_all(l, "chat.postMessage", channel, true, 0);
	}
	assert_int_equal(talk, 45);
	assert_int_equal(pages, 15);
	slack_limiter_free(l);
}

static void more_channels_than_places_still_works(void **state)
{
	struct slack_limiter *l = slack_limiter_new();
	char channel[16];
	unsigned i;
	bool stopped;

	(void)state;
	for (i = 0; i < 2000; i++) {
		snprintf(channel, sizeof(channel), "C%u", i);
		slack_limiter_stop(l, "chat.postMessage", channel, false, 0, 5000);
	}
	assert_true(slack_limiter_wait(l, "chat.postMessage", "C0", true, 1000, &stopped) == 4000);
	assert_true(stopped);
	assert_true(slack_limiter_wait(l, "chat.postMessage", "C1999", true, 1000, &stopped) == 4000);
	assert_int_equal(slack_limiter_wait(l, "chat.postMessage", "C1", true, 6000, &stopped), 0);
	assert_int_equal(slack_limiter_wait(l, "chat.postMessage", "Cnew", true, 6000, &stopped), 0);
	slack_limiter_free(l);
}

static void trigger_errors_in_all_spellings(void **state)
{
	(void)state;
	assert_true(slack_error_is_trigger("expired_trigger_id", ""));
	assert_true(slack_error_is_trigger("trigger_exchanged", ""));
	assert_true(slack_error_is_trigger("invalid_arguments",
		"[ERROR] `trigger_id` expired [json-pointer:/trigger_id]"));
	assert_false(slack_error_is_trigger("invalid_arguments", "[ERROR] view too large"));
	assert_true(slack_error_is_success("already_pinned"));
	assert_false(slack_error_is_success("too_many_pins"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_up, world_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_answers_mean), T(lost_and_never_sent), T(missing_scope_says_which),
		T(messages_of_invalid_blocks), T(token_trouble_is_told_once_and_ends),
		T(a_429_holds_its_method_and_a_page_is_told_at_once), T(pages_go_before_talk),
		T(queues_have_bounds), T(cancelled_calls_stay_silent), T(response_urls_get_no_token),
		T(bases),
		T(a_storm_of_pages_to_one_person_waits_outside), cmocka_unit_test(no_minute_sees_more_than_its_tier),
		cmocka_unit_test(a_channel_gets_one_a_second_and_three_at_once),
		cmocka_unit_test(talk_leaves_room_for_pages),
		cmocka_unit_test(more_channels_than_places_still_works),
		cmocka_unit_test(trigger_errors_in_all_spellings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
