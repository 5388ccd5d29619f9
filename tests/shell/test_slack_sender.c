/*
 * test_slack_sender.c - promises of "chat." against the fake Slack: what people see there, once,
 * also when answers are lost.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bot/clock.h"
#include "bot/http_client.h"
#include "bot/log.h"
#include "bot/sender.h"
#include "bot/slack/api.h"
#include "bot/slack/manifest.h"
#include "bot/slack/slack_in.h"
#include "bot/slack/slack_sender.h"
#include "support_fake.h"
#include "tocsin/buf.h"
#include "tocsin/plan.h"
#include "tocsin/render.h"

struct world {
	uv_loop_t loop;
	struct http_client *http;
	struct slack_api *api;
	struct slack_sender *sender;
	struct fake *fake;
	struct words *words;
	struct slack_identity me;
	struct plan plan;
};

struct result {
	unsigned calls;
	enum sent_outcome outcome;
	char channel[64], ts[64], error[64], detail[256];
	int64_t retry_after_ms;
	uv_loop_t *loop;
};

static const struct words *get_words(void *ud)
{
	return ((struct world *)ud)->words;
}

/* The fake knows our own manifest: a scope that is missing there fails here. */
static void manifest_file(char *path)
{
	struct buf b;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	buf_init(&b, 65536);
	manifest_print(&b, "tocsin", NULL);
	assert_int_equal(write(fd, b.data, b.len), b.len);
	buf_release(&b);
	close(fd);
}

static int world_up(void **state)
{
	char manifest[] = "/tmp/tocsin-manifest-XXXXXX";
	const char *const args[] = { "--rate-limits", "off", "--manifest", manifest, NULL };
	static const char note[] = "# {{title}}\n\nHello [@x](person:ada), {{text}}\n";
	static const char big[] = "{{text}}\n\n{{{raw}}}\n";
	static const struct words_source templates[] = {
		{ "test/note", "note.md", note, sizeof(note) - 1 },
		{ "test/big", "big.md", big, sizeof(big) - 1 },
	};
	static const struct plan_person people[] = { { .key = "ada", .name = "Ada Park", .slack = "U0ADA" } };
	struct world *w = calloc(1, sizeof(*w));
	struct slack_sender_options o = { .words = get_words, .words_ud = w };

	log_setup(LOG_ERROR, LOG_LOGFMT);
	uv_loop_init(&w->loop);
	w->http = http_client_new(&w->loop, NULL);
	manifest_file(manifest);
	w->fake = fake_start(&w->loop, w->http, args);
	unlink(manifest);
	w->api = slack_api_new(&w->loop, w->http, fake_api(w->fake), FAKE_BOT_TOKEN, NULL);
	w->words = words_new(templates, 2);
	w->me = (struct slack_identity){ "U0TOCSIN", "B0TOCSIN", "A0TOCSIN", NULL };
	w->plan.people = people;
	w->plan.n_people = 1;
	o.loop = &w->loop;
	o.api = w->api;
	o.me = &w->me;
	w->sender = slack_sender_new(&o);
	*state = w;
	return w->api && w->sender && w->words ? 0 : -1;
}

static int world_down(void **state)
{
	struct world *w = *state;
	int left;

	slack_sender_close(w->sender);
	slack_api_close(w->api);
	http_client_close(w->http);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	left = uv_loop_close(&w->loop);
	left |= fake_stop(w->fake);
	words_free(w->words);
	free(w);
	return left;
}

/* Everything "" that is not given. */
static struct send blank(const char *op, const char *key)
{
	return (struct send){ .lane = LANE_CHAT, .op = op, .key = key, .entity = "incident:INC-1",
		.guard = "", .note = "", .to = { PLATFORM_SLACK, "", "" }, .thread_ref = "", .user = "",
		.ref = "", .template_name = "test/note",
		.data = "{\"title\":\"Checkout\",\"text\":\"it is <!here> & <@U0BEN>\"}", .person = "",
		.via = "", .arg = "", .link = "", .users = "", .ack = "" };
}

static void on_sent(void *ud, const struct sent *r)
{
	struct result *s = ud;

	s->calls++;
	s->outcome = r->outcome;
	s->retry_after_ms = r->retry_after_ms;
	snprintf(s->channel, sizeof(s->channel), "%s", r->channel);
	snprintf(s->ts, sizeof(s->ts), "%s", r->ts);
	snprintf(s->error, sizeof(s->error), "%s", r->error);
	snprintf(s->detail, sizeof(s->detail), "%s", r->detail);
	uv_stop(s->loop);
}

static struct result deliver_at(struct world *w, const struct send *s, bool maybe_sent,
	const char *ref_channel, const char *ref_ts)
{
	struct sender *face = slack_sender_face(w->sender);
	struct outgoing o = { .send = s, .created_wall_ms = clock_wall_ms(), .attempt = 1,
		.maybe_sent = maybe_sent, .ref_channel = ref_channel, .ref_ts = ref_ts,
		.plan = &w->plan };
	struct result r = { .loop = &w->loop };

	face->send(face->self, &o, on_sent, &r);
	assert_int_equal(r.calls, 0);
	while (!r.calls)
		uv_run(&w->loop, UV_RUN_DEFAULT);
	return r;
}

static struct result deliver(struct world *w, const struct send *s, bool maybe_sent)
{
	return deliver_at(w, s, maybe_sent, NULL, NULL);
}

/* Messages of the bot in a channel: how many, and the last one (borrowed from *all). */
static size_t posted(struct world *w, const char *channel, json_t **all, const json_t **last)
{
	char path[128];
	const json_t *list;
	size_t i, n = 0;

	snprintf(path, sizeof(path), "messages?channel=%s", channel);
	*all = fake_get(w->fake, path);
	list = json_object_get(*all, "messages");
	*last = NULL;
	for (i = 0; i < json_array_size(list); i++) {
		const json_t *m = json_array_get(list, i);

		if (json_object_get(m, "metadata")) {
			n++;
			*last = m;
		}
	}
	return n;
}

static size_t count(struct world *w, const char *channel)
{
	json_t *all;
	const json_t *last;
	size_t n = posted(w, channel, &all, &last);

	json_decref(all);
	return n;
}

static void post_appears_with_its_key(void **state)
{
	struct world *w = *state;
	struct send s = blank("chat.post", "INC-1/root");
	struct result r;
	json_t *all;
	const json_t *last, *payload;
	char *text;

	s.to.channel = "C0WARROOM";
	r = deliver(w, &s, false);
	assert_int_equal(r.outcome, SENT_ACCEPTED);
	assert_string_equal(r.channel, "C0WARROOM");
	assert_int_equal(posted(w, "C0WARROOM", &all, &last), 1);
	assert_string_equal(json_string_value(json_object_get(last, "ts")), r.ts);
	payload = json_object_get(json_object_get(last, "metadata"), "event_payload");
	assert_string_equal(json_string_value(json_object_get(payload, "key")), "INC-1/root");
	assert_string_equal(json_string_value(json_object_get(payload, "entity")), "incident:INC-1");
	text = json_dumps(json_object_get(last, "blocks"), 0);
	assert_non_null(strstr(text, "Hello <@U0ADA>"));
	assert_null(strstr(text, "<!here>")); /* what a person typed forges nothing */
	assert_null(strstr(text, "<@U0BEN>"));
	free(text);
	json_decref(all);
	assert_int_equal(fake_complaints(w->fake), 0);
}

static void threads_and_direct_messages(void **state)
{
	struct world *w = *state;
	struct send s = blank("chat.post", "INC-1/a"), reply = blank("chat.post", "INC-1/b"),
		page = blank("chat.post", "INC-1/page/1");
	struct result r, again;
	json_t *all;
	const json_t *last;

	s.to.channel = "C0WARROOM";
	r = deliver(w, &s, false);
	reply.to.channel = "C0WARROOM";
	reply.thread_ref = "INC-1/root";
	reply.broadcast = true;
	again = deliver_at(w, &reply, false, r.channel, r.ts);
	assert_int_equal(again.outcome, SENT_ACCEPTED);
	assert_int_equal(posted(w, "C0WARROOM", &all, &last), 2);
	assert_string_equal(json_string_value(json_object_get(last, "thread_ts")), r.ts);
	json_decref(all);
	again = deliver(w, &reply, false); /* its root is not there */
	assert_int_equal(again.outcome, SENT_REFUSED);
	page.lane = LANE_PAGE;
	page.user = "U0ADA";
	r = deliver(w, &page, false);
	assert_int_equal(r.outcome, SENT_ACCEPTED);
	assert_string_equal(r.channel, "D0ADA");
	assert_int_equal(count(w, "D0ADA"), 1);
	assert_int_equal(fake_complaints(w->fake), 0);
}

/* The answer is lost in every way there is; the second attempt finds the first. */
static void lost_answers_never_make_two_messages(void **state)
{
	static const char *const faults[] = { "done_hang", "done_cut", "done_status", "cut", "malformed" };
	struct world *w = *state;
	size_t i;

	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct send s = blank("chat.post", ""), page = blank("chat.post", "");
		char key[32], page_key[32];
		struct result r;

		snprintf(key, sizeof(key), "INC-1/n/%zu", i);
		snprintf(page_key, sizeof(page_key), "INC-1/page/%zu", i);
		page.key = page_key;
		page.user = "U0BEN";
		page.lane = LANE_PAGE;
		fake_do(w->fake, "fault", "{\"kind\":\"%s\",\"method\":\"chat.postMessage\"}", faults[i]);
		r = deliver(w, &page, false);
		assert_int_equal(r.outcome, SENT_UNKNOWN);
		r = deliver(w, &page, true);
		assert_int_equal(r.outcome, SENT_ACCEPTED);
		assert_string_equal(r.channel, "D0BEN");
		assert_int_equal(count(w, "D0BEN"), i + 1);
		if (i)
			continue; /* chat waits five seconds before it looks: once is enough */
		s.key = key;
		s.to.channel = "C0WARROOM";
		fake_do(w->fake, "fault", "{\"kind\":\"done_cut\",\"method\":\"chat.postMessage\"}");
		r = deliver(w, &s, false);
		assert_int_equal(r.outcome, SENT_UNKNOWN);
		r = deliver(w, &s, true);
		assert_int_equal(r.outcome, SENT_ACCEPTED);
		assert_true(*r.ts);
		assert_int_equal(count(w, "C0WARROOM"), 1);
	}
}

static void crash_before_and_after_the_post(void **state)
{
	struct world *w = *state;
	struct send s = blank("chat.post", "INC-1/x"), reply = blank("chat.post", "INC-1/y");
	struct result first, r;

	s.to.channel = "C0WARROOM";
	r = deliver(w, &s, true); /* crashed before: nothing to find */
	assert_int_equal(r.outcome, SENT_ACCEPTED);
	first = deliver(w, &s, true); /* crashed after */
	assert_int_equal(first.outcome, SENT_ACCEPTED);
	assert_string_equal(first.ts, r.ts);
	assert_int_equal(count(w, "C0WARROOM"), 1);
	reply.to.channel = "C0WARROOM";
	reply.to.thread = first.ts;
	r = deliver(w, &reply, false);
	assert_string_not_equal(r.ts, first.ts);
	first = deliver(w, &reply, true); /* the history of the channel does not show it: the thread does */
	assert_string_equal(first.ts, r.ts);
	assert_int_equal(count(w, "C0WARROOM"), 2);
}

static void looking_that_fails_sends_again_or_later(void **state)
{
	struct world *w = *state;
	struct send s = blank("chat.post", "INC-1/z"), page = s;
	struct result r, first;

	s.to.channel = page.to.channel = "C0WARROOM";
	page.lane = LANE_PAGE;
	fake_do(w->fake, "fault", "{\"kind\":\"error\",\"method\":\"conversations.history\","
		"\"error\":\"internal_error\"}");
	r = deliver(w, &s, true);
	assert_int_equal(r.outcome, SENT_LATER);
	fake_do(w->fake, "fault", "{\"kind\":\"error\",\"method\":\"conversations.history\","
		"\"error\":\"internal_error\"}");
	page.key = "INC-1/page/8";
	r = deliver(w, &page, true); /* a page looks again... */
	assert_int_equal(r.outcome, SENT_ACCEPTED);
	first = r;
	fake_do(w->fake, "fault", "{\"kind\":\"error\",\"method\":\"conversations.history\","
		"\"error\":\"internal_error\"}");
	r = deliver(w, &page, true);
	assert_string_equal(r.ts, first.ts);
	fake_do(w->fake, "fault", "{\"kind\":\"error\",\"method\":\"conversations.history\",\"count\":50,"
		"\"error\":\"internal_error\"}");
	r = deliver(w, &page, true); /* ...for a while: it rather comes twice than not at all */
	assert_int_equal(r.outcome, SENT_ACCEPTED);
	assert_string_not_equal(r.ts, first.ts);
	fake_do(w->fake, "fault", "{\"kind\":\"clear\"}");
	fake_do(w->fake, "fault", "{\"kind\":\"error\",\"method\":\"conversations.history\","
		"\"error\":\"missing_scope\"}");
	s.key = "INC-1/zz";
	r = deliver(w, &s, true);
	assert_int_equal(r.outcome, SENT_ACCEPTED);
	w->me.bot_id = w->me.app_id = "";
	r = deliver(w, &s, true);
	assert_int_equal(r.outcome, SENT_LATER);
	assert_string_equal(r.error, "identity_unknown");
}

static void public_channel_is_joined(void **state)
{
	struct world *w = *state;
	struct send s = blank("chat.post", "INC-1/random");
	struct result r;

	s.to.channel = "C0RANDOM";
	r = deliver(w, &s, false);
	assert_int_equal(r.outcome, SENT_ACCEPTED);
	assert_int_equal(count(w, "C0RANDOM"), 1);
	s.to.channel = "C0NOWHERE";
	r = deliver(w, &s, false);
	assert_int_equal(r.outcome, SENT_REFUSED);
	assert_string_equal(r.error, "channel_not_found");
	s.to.channel = "";
	r = deliver(w, &s, false);
	assert_string_equal(r.error, "no_channel");
}

static void refused_blocks_become_plain_text(void **state)
{
	struct world *w = *state;
	struct send s = blank("chat.post", "INC-1/plain");
	struct result r, again;
	json_t *all;
	const json_t *last;

	s.to.channel = "C0WARROOM";
	fake_do(w->fake, "fault", "{\"kind\":\"error\",\"method\":\"chat.postMessage\","
		"\"error\":\"invalid_blocks\"}");
	r = deliver(w, &s, false);
	assert_int_equal(r.outcome, SENT_ACCEPTED);
	assert_int_equal(posted(w, "C0WARROOM", &all, &last), 1);
	assert_non_null(strstr(json_string_value(json_object_get(last, "text")),
		"it is &lt;!here&gt; &amp; &lt;@U0BEN&gt;"));
	assert_int_equal(json_array_size(json_object_get(last, "blocks")), 0);
	json_decref(all);
	s.op = "chat.update";
	fake_do(w->fake, "fault", "{\"kind\":\"error\",\"method\":\"chat.update\","
		"\"error\":\"msg_too_long\"}");
	again = deliver_at(w, &s, false, r.channel, r.ts);
	assert_int_equal(again.outcome, SENT_ACCEPTED);
	fake_do(w->fake, "fault", "{\"kind\":\"error\",\"method\":\"chat.postMessage\","
		"\"error\":\"invalid_blocks\",\"count\":2}");
	s.op = "chat.post";
	r = deliver(w, &s, false); /* twice is enough */
	assert_int_equal(r.outcome, SENT_REFUSED);
	assert_string_equal(r.error, "invalid_blocks");
}

static void updates_and_pins(void **state)
{
	struct world *w = *state;
	struct send s = blank("chat.post", "INC-1/u"), u = blank("chat.update", "INC-1/u2"),
		pin = blank("chat.pin", "INC-1/pin");
	struct result root, r;
	json_t *all;
	const json_t *last;

	s.to.channel = "C0WARROOM";
	root = deliver(w, &s, false);
	u.data = "{\"title\":\"Checkout is back\",\"text\":\"all is well\"}";
	r = deliver_at(w, &u, false, root.channel, root.ts);
	assert_int_equal(r.outcome, SENT_ACCEPTED);
	posted(w, "C0WARROOM", &all, &last);
	assert_non_null(strstr(json_string_value(json_object_get(last, "text")), "Checkout is back"));
	json_decref(all);
	r = deliver_at(w, &u, false, root.channel, "1.000001");
	assert_int_equal(r.outcome, SENT_REFUSED);
	assert_string_equal(r.error, "message_not_found");
	r = deliver_at(w, &u, false, "", "");
	assert_int_equal(r.outcome, SENT_REFUSED);
	r = deliver_at(w, &pin, false, root.channel, root.ts);
	assert_int_equal(r.outcome, SENT_ACCEPTED);
	r = deliver_at(w, &pin, true, root.channel, root.ts); /* already_pinned is fine */
	assert_int_equal(r.outcome, SENT_ACCEPTED);
	assert_int_equal(fake_complaints(w->fake), 0);
}

static void rooms(void **state)
{
	struct world *w = *state;
	struct send s = blank("chat.room", "INC-1/make-room"), other = blank("chat.room", "INC-2/make-room");
	struct result r, again;

	s.arg = "INC-1 Checkout! returns 500s";
	s.users = "U0ADA,U0BEN";
	r = deliver(w, &s, false);
	assert_int_equal(r.outcome, SENT_ACCEPTED);
	assert_true(*r.channel);
	again = deliver(w, &s, true); /* crashed in the middle: the same channel */
	assert_int_equal(again.outcome, SENT_ACCEPTED);
	assert_string_equal(again.channel, r.channel);
	other.arg = s.arg;
	again = deliver(w, &other, false); /* the name is taken: another one */
	assert_int_equal(again.outcome, SENT_ACCEPTED);
	assert_string_not_equal(again.channel, r.channel);
	fake_do(w->fake, "fault", "{\"kind\":\"done_hang\",\"method\":\"conversations.create\"}");
	other.key = "INC-3/make-room";
	other.arg = "inc-3";
	other.lane = LANE_PAGE; /* times out sooner */
	again = deliver(w, &other, false);
	assert_int_equal(again.outcome, SENT_UNKNOWN);
	again = deliver(w, &other, true); /* made, its purpose was never set: still ours */
	assert_int_equal(again.outcome, SENT_ACCEPTED);
	other.arg = "?!";
	again = deliver(w, &other, false);
	assert_int_equal(again.outcome, SENT_REFUSED);
}

static size_t bookmarks_of(const json_t *all, const char *channel)
{
	const json_t *list = json_object_get(all, "channels");
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		const json_t *ch = json_array_get(list, i);

		if (!strcmp(json_string_value(json_object_get(ch, "id")), channel))
			return json_array_size(json_object_get(ch, "bookmarks"));
	}
	return 0;
}

static void guests_topics_and_bookmarks(void **state)
{
	struct world *w = *state;
	struct send room = blank("chat.room", "INC-1/make-room"), s = blank("chat.invite", "INC-1/invite");
	struct result r, done;
	char *long_data;
	json_t *all;

	room.arg = "inc-1";
	r = deliver(w, &room, false);
	s.to.channel = r.channel;
	s.users = "U0ADA,U0BEN,U0NOBODY,U0TOCSIN";
	done = deliver(w, &s, false);
	assert_int_equal(done.outcome, SENT_ACCEPTED);
	s.users = "U0ADA,U0BEN";
	done = deliver(w, &s, true);
	assert_int_equal(done.outcome, SENT_ACCEPTED);
	s = blank("chat.topic", "INC-1/topic");
	s.to.channel = r.channel;
	s.template_name = "test/big";
	if (asprintf(&long_data, "{\"text\":\"%0300d\",\"raw\":\"<!here>\"}", 0) < 0)
		abort();
	s.data = long_data;
	done = deliver(w, &s, false);
	assert_int_equal(done.outcome, SENT_ACCEPTED);
	s.data = "{\"text\":\"&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&\"}";
	done = deliver(w, &s, false); /* escapes make it longer than 250 */
	assert_int_equal(done.outcome, SENT_ACCEPTED);
	free(long_data);
	s = blank("chat.bookmark", "INC-1/bookmark");
	s.to.channel = r.channel;
	s.arg = "Runbook";
	s.link = "https://docs.example.com/runbook";
	done = deliver(w, &s, false);
	assert_int_equal(done.outcome, SENT_ACCEPTED);
	done = deliver(w, &s, true);
	assert_int_equal(done.outcome, SENT_ACCEPTED);
	all = fake_get(w->fake, "state");
	assert_int_equal(bookmarks_of(all, r.channel), 1);
	json_decref(all);
}

static void faults_of_ours_are_refused(void **state)
{
	struct world *w = *state;
	struct send s = blank("chat.post", "k");
	struct result r;

	s.to.channel = "C0WARROOM";
	s.template_name = "no/such";
	r = deliver(w, &s, false);
	assert_int_equal(r.outcome, SENT_REFUSED);
	assert_string_equal(r.error, "template_failed");
	s.op = "chat.dance";
	r = deliver(w, &s, false);
	assert_string_equal(r.error, "unknown_op");
}

static void slack_that_fails_is_told_honestly(void **state)
{
	struct world *w = *state;
	struct send s = blank("chat.post", "INC-1/f");
	struct result r;

	s.to.channel = "C0WARROOM";
	fake_do(w->fake, "fault", "{\"kind\":\"status\",\"method\":\"chat.postMessage\",\"status\":500}");
	r = deliver(w, &s, false);
	assert_int_equal(r.outcome, SENT_UNKNOWN);
	fake_do(w->fake, "fault", "{\"kind\":\"status\",\"method\":\"chat.postMessage\",\"status\":429,"
		"\"retry_after\":7}");
	r = deliver(w, &s, false);
	assert_int_equal(r.outcome, SENT_LATER);
	assert_true(r.retry_after_ms >= 7000 && r.retry_after_ms < 8000);
}

static void closing_with_jobs_under_way(void **state)
{
	struct world *w = *state;
	struct sender *face = slack_sender_face(w->sender);
	struct send s = blank("chat.post", "INC-1/c"), t = blank("chat.post", "INC-1/d");
	struct result r = { .loop = &w->loop };
	struct outgoing o = { .send = &s, .attempt = 1, .plan = &w->plan };

	s.to.channel = t.to.channel = "C0WARROOM";
	fake_do(w->fake, "fault", "{\"kind\":\"hang\",\"method\":\"chat.postMessage\"}");
	face->send(face->self, &o, on_sent, &r);
	fake_do(w->fake, "wait", "{\"what\":\"call\",\"method\":\"chat.postMessage\"}");
	o.send = &t;
	face->send(face->self, &o, on_sent, &r);
	assert_int_equal(slack_sender_jobs(w->sender), 2);
	assert_int_equal(r.calls, 0); /* world_down() closes with both */
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_up, world_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(post_appears_with_its_key), T(threads_and_direct_messages),
		T(lost_answers_never_make_two_messages), T(crash_before_and_after_the_post),
		T(looking_that_fails_sends_again_or_later), T(public_channel_is_joined),
		T(refused_blocks_become_plain_text), T(updates_and_pins), T(rooms),
		T(guests_topics_and_bookmarks), T(faults_of_ours_are_refused),
		T(slack_that_fails_is_told_honestly), T(closing_with_jobs_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
