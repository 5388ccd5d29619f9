/*
 * test_slack.c - the whole Slack part against the fake Slack, with a stand-in for the tasks: what a
 * person sees for each kind of answer, over sockets and over signed HTTP.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/clock.h"
#include "bot/http_client.h"
#include "bot/log.h"
#include "bot/lws_house.h"
#include "bot/sign.h"
#include "bot/slack/slack.h"
#include "bot/tasks.h"
#include "support_fake.h"
#include "tocsin/arena.h"
#include "tocsin/err.h"
#include "tocsin/plan.h"
#include "tocsin/render.h"

/* ---- the stand-in: answers every request with what the test has laid out ---- */

struct waiting {
	struct waiting *next;
	struct arena *arena;
	const struct request *req;
	answer_fn fn;
	void *ud;
};

struct tasks {
	uv_timer_t timer;
	struct waiting *first;
	enum answer_kind kind;
	struct reply reply;
	struct plan plan;
	bool keep;          /* answer nothing for now */
	unsigned requests;
	char id[256], text[512], user[64], channel[64], thread[64], fields[512];
	enum request_kind req_kind;
	enum request_source source;
};

static void on_turn(uv_timer_t *timer)
{
	struct tasks *t = timer->data;
	struct waiting *w;

	while (!t->keep && (w = t->first)) {
		struct answer a = { .kind = t->kind, .reply = t->reply, .trace = "t1", .plan = &t->plan,
			.arena = w->arena };

		t->first = w->next;
		w->fn(w->ud, &a);
		arena_free(w->arena);
		free(w);
	}
}

void tasks_submit(struct tasks *t, struct arena *arena_owned, struct request *req,
	const struct task_origin *origin, int64_t deadline_ms, answer_fn fn, void *ud)
{
	struct waiting *w = calloc(1, sizeof(*w)), **end;
	size_t i, n = 0;

	assert_non_null(w);
	assert_null(origin);
	assert_true(deadline_ms > 0 && deadline_ms < 3000);
	*w = (struct waiting){ NULL, arena_owned, req, fn, ud };
	for (end = &t->first; *end; end = &(*end)->next)
		;
	*end = w;
	t->requests++;
	t->req_kind = req->kind;
	t->source = req->source;
	snprintf(t->id, sizeof(t->id), "%s", req->id);
	snprintf(t->text, sizeof(t->text), "%s", req->text);
	snprintf(t->user, sizeof(t->user), "%s", req->who.user);
	snprintf(t->channel, sizeof(t->channel), "%s", req->where.channel);
	snprintf(t->thread, sizeof(t->thread), "%s", req->where.thread);
	t->fields[0] = '\0';
	for (i = 0; i < req->n_fields; i++)
		n += (size_t)snprintf(t->fields + n, sizeof(t->fields) - n, "%s=%s;", req->fields[i].name,
			req->fields[i].value);
	uv_timer_start(&t->timer, on_turn, 0, 0);
}

/* ---- the world ---- */

struct world {
	uv_loop_t loop;
	struct http_client *http;
	struct lws_house *lws;
	struct fake *fake;
	struct words *words;
	struct tasks *tasks;
	struct slack *slack;
	struct clock clock;
	unsigned states;
	uv_timer_t beat;   /* a turn now and then: what a test waits for may be the work of a timer */
};

static const struct words *get_words(void *ud)
{
	return ((struct world *)ud)->words;
}

static void on_state(void *ud, bool connected)
{
	struct world *w = ud;

	(void)connected;
	w->states++;
	uv_stop(&w->loop);
}

static struct slack_options options(struct world *w)
{
	return (struct slack_options){ .loop = &w->loop, .lws = lws_house_context(w->lws),
		.http = w->http, .tasks = w->tasks, .clock = &w->clock, .app_token = FAKE_APP_TOKEN,
		.bot_token = FAKE_BOT_TOKEN, .signing_secret = "", .api_url = fake_api(w->fake),
		.sockets = 1, .words = get_words, .on_state = on_state, .ud = w };
}

static void on_beat(uv_timer_t *timer)
{
	(void)timer;
}

static int base_up(void **state)
{
	static const char note[] = "**{{title}}** is noted\n";
	static const char form[] = "# Declare\n\n[What?](<input:what text required>)\n\n[Go](form:submit)\n";
	static const char fault[] = "Too long: {{title}}\n";
	static const struct words_source templates[] = {
		{ "test/note", "note.md", note, sizeof(note) - 1 },
		{ "test/form", "form.md", form, sizeof(form) - 1 },
		{ "test/fault", "fault.md", fault, sizeof(fault) - 1 },
	};
	struct world *w = calloc(1, sizeof(*w));

	log_setup(getenv("TEST_LOG") ? LOG_DEBUG : LOG_ERROR, LOG_LOGFMT);
	uv_loop_init(&w->loop);
	uv_timer_init(&w->loop, &w->beat);
	uv_timer_start(&w->beat, on_beat, 5, 5);
	clock_init(&w->clock, 0, 1.0);
	w->http = http_client_new(&w->loop, NULL);
	w->lws = lws_house_new(&w->loop, NULL);
	w->fake = fake_start(&w->loop, w->http, NULL);
	w->words = words_new(templates, 3);
	w->tasks = calloc(1, sizeof(*w->tasks));
	uv_timer_init(&w->loop, &w->tasks->timer);
	w->tasks->timer.data = w->tasks;
	w->tasks->kind = ANSWER_DONE;
	w->tasks->reply = (struct reply){ .kind = REPLY_PRIVATE, .template_name = "test/note",
		.data = "{\"title\":\"<!here> INC-1\"}", .command = "" };
	*state = w;
	return w->words ? 0 : -1;
}

static int world_up(void **state)
{
	struct slack_options o;
	struct world *w;

	if (base_up(state) < 0)
		return -1;
	w = *state;
	o = options(w);
	w->slack = slack_start(&o, NULL);
	if (!w->slack)
		return -1;
	while (!slack_connected(w->slack))
		uv_run(&w->loop, UV_RUN_DEFAULT);
	return 0;
}

static int world_down(void **state)
{
	struct world *w = *state;
	struct waiting *left;
	int code;

	while ((left = w->tasks->first)) { /* tasks_close() answers what is left */
		struct answer a = { .kind = ANSWER_NOT_RECORDED, .trace = "t1", .plan = &w->tasks->plan,
			.arena = left->arena, .reply = { .kind = REPLY_PRIVATE, .refused = true,
				.template_name = "system/not_recorded", .data = "{\"ref\":\"t1\"}" } };

		w->tasks->first = left->next;
		left->fn(left->ud, &a);
		arena_free(left->arena);
		free(left);
	}
	uv_close((uv_handle_t *)&w->tasks->timer, NULL);
	uv_close((uv_handle_t *)&w->beat, NULL);
	slack_close(w->slack);
	http_client_close(w->http);
	code = lws_house_finish(w->lws);
	code |= uv_loop_close(&w->loop);
	code |= fake_stop(w->fake);
	words_free(w->words);
	free(w->tasks);
	free(w);
	return code;
}

static const char *str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static json_t *slash(struct world *w, const char *text)
{
	return fake_post(w->fake, "slash",
		"{\"user\":\"U0ADA\",\"channel\":\"C0WARROOM\",\"command\":\"/incident\",\"text\":\"%s\"}",
		text);
}

/* Until the fake has seen it. */
static void await(struct world *w, const char *what)
{
	json_t *r = fake_post(w->fake, "wait", "%s", what);

	if (!json_is_true(json_object_get(r, "found")))
		fail_msg("waited in vain: %s", what);
	json_decref(r);
}

/* ---- slash commands ---- */

static void private_answer_comes_with_the_acknowledgement(void **state)
{
	struct world *w = *state;
	json_t *r = slash(w, "show");
	const json_t *response = json_object_get(r, "response");
	char *text;

	assert_true(json_is_true(json_object_get(r, "acked")));
	assert_string_equal(str(response, "response_type"), "ephemeral");
	text = json_dumps(response, 0);
	assert_non_null(strstr(text, "is noted"));
	assert_null(strstr(text, "<!here>"));
	free(text);
	json_decref(r);
	assert_string_equal(w->tasks->user, "U0ADA");
	assert_string_equal(w->tasks->channel, "C0WARROOM");
	assert_int_equal(fake_complaints(w->fake), 0);
}

static void public_and_empty_answers(void **state)
{
	struct world *w = *state;
	json_t *r;

	w->tasks->reply.kind = REPLY_PUBLIC;
	r = slash(w, "show");
	assert_string_equal(str(json_object_get(r, "response"), "response_type"), "in_channel");
	json_decref(r);
	w->tasks->reply.kind = REPLY_NONE;
	r = slash(w, "show");
	assert_true(json_is_true(json_object_get(r, "acked")));
	assert_true(json_is_null(json_object_get(r, "response")));
	json_decref(r);
	assert_int_equal(fake_complaints(w->fake), 0);
}

static void not_recorded_is_said_at_once(void **state)
{
	static const struct {
		enum answer_kind kind;
		const char *template_name;
	} cases[] = { { ANSWER_NOT_RECORDED, "system/not_recorded" }, { ANSWER_UNSURE, "system/unsure" },
		{ ANSWER_BUSY, "system/busy" }, { ANSWER_BROKEN, "system/broken" } };
	struct world *w = *state;
	size_t i;

	for (i = 0; i < 4; i++) {
		json_t *r;

		w->tasks->kind = cases[i].kind;
		w->tasks->reply = (struct reply){ .kind = REPLY_PRIVATE, .refused = true,
			.template_name = cases[i].template_name, .data = "{\"ref\":\"t1\"}" };
		r = slash(w, "P0 Checkout");
		assert_true(json_is_true(json_object_get(r, "acked")));
		assert_true(*str(json_object_get(r, "response"), "text"));
		json_decref(r);
	}
}

static void reply_that_cannot_be_rendered_says_that_it_broke(void **state)
{
	struct world *w = *state;
	json_t *r;

	w->tasks->reply.template_name = "no/such";
	r = slash(w, "show");
	assert_true(json_is_true(json_object_get(r, "acked")));
	assert_true(*str(json_object_get(r, "response"), "text"));
	json_decref(r);
}

/* ---- forms ---- */

static void open_form(struct world *w)
{
	w->tasks->reply = (struct reply){ .kind = REPLY_FORM, .template_name = "test/form",
		.data = "{}", .command = "incident form INC-7" };
	json_decref(slash(w, "new"));
	await(w, "{\"what\":\"view\",\"user\":\"U0ADA\"}");
}

static json_t *submit(struct world *w)
{
	return fake_post(w->fake, "submit", "{\"user\":\"U0ADA\",\"values\":{\"what\":\"Search is slow\"}}");
}

static void form_opens_is_submitted_and_closes(void **state)
{
	struct world *w = *state;
	json_t *r;

	open_form(w);
	w->tasks->reply = (struct reply){ .kind = REPLY_PRIVATE, .template_name = "test/note",
		.data = "{\"title\":\"INC-7\"}" };
	r = submit(w);
	assert_true(json_is_true(json_object_get(r, "acked")));
	assert_string_equal(str(r, "response_action"), "clear");
	json_decref(r);
	assert_int_equal(w->tasks->source, SOURCE_FORM);
	assert_string_equal(w->tasks->text, "form INC-7");
	assert_string_equal(w->tasks->fields, "what=Search is slow;");
	assert_string_equal(w->tasks->channel, "C0WARROOM"); /* where it was asked for */
	await(w, "{\"what\":\"ephemeral\",\"user\":\"U0ADA\","
		"\"channel\":\"C0WARROOM\",\"contains\":\"INC-7 is noted\"}");
	assert_int_equal(fake_complaints(w->fake), 0);
}

static void form_errors_stand_under_their_questions(void **state)
{
	static const struct field errors[] = { { "what", "test/fault" } };
	struct world *w = *state;
	json_t *r;

	open_form(w);
	w->tasks->reply = (struct reply){ .kind = REPLY_FORM_ERRORS, .refused = true,
		.data = "{\"title\":\"this\"}", .errors = errors, .n_errors = 1 };
	w->tasks->kind = ANSWER_REFUSED;
	r = submit(w);
	assert_string_equal(str(r, "response_action"), "errors");
	assert_string_equal(str(json_object_get(r, "errors"), "what"), "Too long: this");
	json_decref(r);
	assert_int_equal(fake_complaints(w->fake), 0);
}

/* What was typed is not lost because Redis is away. */
static void form_stays_open_when_nothing_was_recorded(void **state)
{
	struct world *w = *state;
	json_t *r;

	open_form(w);
	w->tasks->kind = ANSWER_NOT_RECORDED;
	w->tasks->reply = (struct reply){ .kind = REPLY_PRIVATE, .refused = true,
		.template_name = "system/not_recorded", .data = "{\"ref\":\"t1\"}" };
	r = submit(w);
	assert_string_equal(str(r, "response_action"), "errors");
	assert_true(*str(json_object_get(r, "errors"), "what"));
	json_decref(r);
	assert_int_equal(fake_complaints(w->fake), 0);
}

static void form_can_follow_a_form(void **state)
{
	struct world *w = *state;
	json_t *r;

	open_form(w);
	r = submit(w); /* the reply is still a form */
	assert_string_equal(str(r, "response_action"), "update");
	json_decref(r);
	assert_int_equal(fake_complaints(w->fake), 0);
}

/* The three seconds were over: a button brings the form all the same. */
static void late_form_is_offered_again(void **state)
{
	struct world *w = *state;
	json_t *r, *all;
	const json_t *m;

	fake_do(w->fake, "fault", "{\"kind\":\"error\",\"method\":\"views.open\","
		"\"error\":\"expired_trigger_id\"}");
	w->tasks->reply = (struct reply){ .kind = REPLY_FORM, .template_name = "test/form",
		.data = "{}", .command = "incident new" };
	json_decref(slash(w, "new <P0>"));
	await(w, "{\"what\":\"ephemeral\",\"user\":\"U0ADA\",\"contains\":\"too late\"}");
	all = fake_get(w->fake, "ephemerals?user=U0ADA");
	m = json_array_get(json_object_get(all, "messages"), 0);
	r = fake_post(w->fake, "press", "{\"user\":\"U0ADA\",\"channel\":\"C0WARROOM\",\"ts\":\"%s\","
		"\"action_id\":\"do\"}", str(m, "ts"));
	assert_true(json_is_true(json_object_get(r, "acked")));
	assert_string_equal(w->tasks->text, "new &lt;P0&gt;");
	await(w, "{\"what\":\"view\",\"user\":\"U0ADA\"}");
	json_decref(r);
	json_decref(all);
	assert_int_equal(fake_complaints(w->fake), 0);
}

/* A form's answer in a channel where the bot is no member: the person is told directly. */
static void answer_finds_a_way_without_membership(void **state)
{
	struct world *w = *state;
	json_t *r;

	w->tasks->reply = (struct reply){ .kind = REPLY_FORM, .template_name = "test/form",
		.data = "{}", .command = "incident form INC-7" };
	json_decref(fake_post(w->fake, "slash", "{\"user\":\"U0ADA\",\"channel\":\"C0RANDOM\","
		"\"command\":\"/incident\",\"text\":\"new\"}"));
	await(w, "{\"what\":\"view\",\"user\":\"U0ADA\"}");
	w->tasks->reply = (struct reply){ .kind = REPLY_PRIVATE, .template_name = "test/note",
		.data = "{\"title\":\"INC-7\"}" };
	fake_do(w->fake, "fault", "{\"kind\":\"error\",\"method\":\"chat.postEphemeral\","
		"\"error\":\"not_in_channel\"}");
	r = submit(w);
	json_decref(r);
	await(w, "{\"what\":\"message\",\"channel\":\"D0ADA\",\"contains\":\"INC-7 is noted\"}");
}

/* ---- buttons, mentions, messages ---- */

static void mention_is_answered_in_its_thread(void **state)
{
	struct world *w = *state;
	json_t *root = fake_post(w->fake, "message",
		"{\"user\":\"U0BEN\",\"channel\":\"C0WARROOM\",\"text\":\"it is slow\"}"), *r;

	fake_do(w->fake, "message", "{\"user\":\"U0ADA\",\"channel\":\"C0WARROOM\",\"thread_ts\":\"%s\","
		"\"text\":\"@tocsin update Cache is warm\"}", str(root, "ts"));
	r = fake_post(w->fake, "wait", "{\"what\":\"ephemeral\",\"user\":\"U0ADA\",\"thread_ts\":\"%s\"}",
		str(root, "ts"));
	assert_true(json_is_true(json_object_get(r, "found")));
	json_decref(r);
	await(w, "{\"what\":\"quiet\"}");
	assert_string_equal(w->tasks->text, "update Cache is warm");
	assert_string_equal(w->tasks->thread, str(root, "ts"));
	json_decref(root);
	assert_int_equal(w->tasks->requests, 2); /* the mention, and what Ben wrote: nothing twice */
	assert_int_equal(fake_complaints(w->fake), 0);
}

static void event_that_was_not_recorded_comes_again(void **state)
{
	struct world *w = *state;

	fake_do(w->fake, "config", "{\"retry_ms\":[10,20,30],\"ack_ms\":50}");
	w->tasks->kind = ANSWER_NOT_RECORDED;
	fake_do(w->fake, "message", "{\"user\":\"U0BEN\",\"channel\":\"C0WARROOM\",\"text\":\"half are "
		"failing\"}");
	while (w->tasks->requests < 2)
		uv_run(&w->loop, UV_RUN_ONCE);
	w->tasks->kind = ANSWER_DONE;
	w->tasks->reply.kind = REPLY_NONE;
	await(w, "{\"what\":\"quiet\"}");
	assert_string_equal(w->tasks->text, "half are failing");
	assert_true(fake_counter(w->fake, "retried") >= 1);
	assert_int_equal(fake_counter(w->fake, "lost"), 0);
}

static void duplicates_are_acknowledged_and_shown_once(void **state)
{
	struct world *w = *state;
	json_t *r;

	w->tasks->reply = (struct reply){ .kind = REPLY_FORM, .template_name = "test/form",
		.data = "{}", .command = "incident new" };
	fake_do(w->fake, "fault", "{\"kind\":\"duplicate_envelope\"}");
	json_decref(slash(w, "new"));
	await(w, "{\"what\":\"quiet\"}");
	await(w, "{\"what\":\"call\",\"method\":\"views.open\"}");
	assert_int_equal(w->tasks->requests, 2);
	r = fake_get(w->fake, "counters");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(r, "methods"),
		"views.open")), 1);
	assert_int_equal(json_integer_value(json_object_get(r, "unacked")), 0);
	json_decref(r);
}

static void stopping_takes_nothing_new_and_finishes_the_rest(void **state)
{
	struct world *w = *state;
	json_t *first, *second;

	w->tasks->keep = true;
	fake_begin(w->fake, "slash", "{\"user\":\"U0ADA\",\"channel\":\"C0WARROOM\",\"command\":"
		"\"/incident\",\"text\":\"one\"}", &first);
	while (!w->tasks->requests)
		uv_run(&w->loop, UV_RUN_ONCE);
	slack_stop(w->slack);
	assert_true(slack_in_flight(w->slack) > 0);
	fake_do(w->fake, "config", "{\"ack_ms\":300}");
	fake_begin(w->fake, "slash", "{\"user\":\"U0BEN\",\"channel\":\"C0WARROOM\",\"command\":"
		"\"/incident\",\"text\":\"two\"}", &second);
	fake_end(w->fake, &second);
	assert_false(json_is_true(json_object_get(second, "acked")));
	assert_int_equal(w->tasks->requests, 1);
	w->tasks->keep = false;
	uv_timer_start(&w->tasks->timer, on_turn, 0, 0);
	fake_end(w->fake, &first);
	assert_true(json_is_true(json_object_get(first, "acked")));
	while (slack_in_flight(w->slack))
		uv_run(&w->loop, UV_RUN_ONCE);
	json_decref(first);
	json_decref(second);
}

static void numbers_for_the_operator(void **state)
{
	struct world *w = *state;
	struct slack_stats s;

	json_decref(slash(w, "show"));
	slack_stats(w->slack, &s);
	assert_int_equal(s.sockets_wanted, 1);
	assert_int_equal(s.sockets_live, 1);
	assert_string_equal(s.bot_user, "U0TOCSIN");
	assert_true(s.envelopes >= 1 && s.acknowledged >= 1);
	assert_false(s.degraded);
	assert_string_equal(s.problem, "");
	assert_int_equal(w->states, 1);
}

/* ---- options ---- */

static void tokens_of_the_wrong_kind_are_refused(void **state)
{
	struct world *w = *state;
	struct slack_options o = options(w);
	struct err err = { 0 };

	o.bot_token = FAKE_APP_TOKEN;
	o.app_token = FAKE_BOT_TOKEN;
	assert_null(slack_start(&o, &err));
	assert_int_equal(err.code, ERR_CONFIG);
	assert_non_null(strstr(err.text, "swapped"));
	o = options(w);
	err = (struct err){ 0 };
	o.app_token = "xoxp-1";
	assert_null(slack_start(&o, &err));
	assert_int_equal(err.code, ERR_CONFIG);
	o = options(w);
	err = (struct err){ 0 };
	o.app_token = "";
	assert_null(slack_start(&o, &err));
	assert_int_equal(err.code, ERR_CONFIG);
	o = options(w);
	err = (struct err){ 0 };
	o.api_url = "http://slack.com/api/";
	assert_null(slack_start(&o, &err));
	assert_int_equal(err.code, ERR_CONFIG);
}

static void revoked_bot_token_shows_and_heals(void **state)
{
	struct world *w = *state;
	struct slack_options o = options(w);
	struct slack_stats s;

	fake_do(w->fake, "fault", "{\"kind\":\"error\",\"method\":\"auth.test\",\"error\":"
		"\"token_revoked\"}");
	w->slack = slack_start(&o, NULL);
	while (!slack_connected(w->slack)) /* commands work all the same */
		uv_run(&w->loop, UV_RUN_DEFAULT);
	slack_stats(w->slack, &s);
	assert_true(s.degraded);
	assert_string_equal(s.problem, "token_revoked");
	while (!*s.bot_user) { /* auth.test is tried again */
		uv_run(&w->loop, UV_RUN_ONCE);
		slack_stats(w->slack, &s);
	}
	assert_false(s.degraded);
}

/* ---- signed HTTP ---- */

struct heard {
	unsigned calls;
	int status;
	char body[4096], type[64];
};

static void on_http(void *ud, int status, const char *content_type, const char *body, size_t body_len)
{
	struct heard *h = ud;

	h->calls++;
	h->status = status;
	snprintf(h->type, sizeof(h->type), "%s", content_type);
	snprintf(h->body, sizeof(h->body), "%.*s", (int)body_len, body);
}

static int http_up(void **state)
{
	struct slack_options o;
	struct world *w;

	if (base_up(state) < 0)
		return -1;
	w = *state;
	o = options(w);
	o.app_token = "";
	o.signing_secret = "shh";
	w->slack = slack_start(&o, NULL);
	return w->slack ? 0 : -1;
}

static struct heard post(struct world *w, const char *type, const char *body, const char *secret)
{
	struct heard h = { 0 };
	char stamp[32], signature[80] = "v0=", *base;
	unsigned char mac[HMAC_SHA256_BYTES];
	struct slack_http_request req = { stamp, signature, type, "", body, strlen(body) };
	int n;

	snprintf(stamp, sizeof(stamp), "%lld", (long long)(clock_wall_ms() / 1000));
	n = asprintf(&base, "v0:%s:%s", stamp, body);
	assert_true(n > 0);
	hmac_sha256(secret, strlen(secret), base, (size_t)n, mac);
	hex_encode(mac, sizeof(mac), signature + 3);
	free(base);
	assert_true(slack_http_receive(w->slack, &req, on_http, &h) > 0);
	assert_int_equal(h.calls, 0);
	while (!h.calls)
		uv_run(&w->loop, UV_RUN_ONCE);
	return h;
}

static const char form_type[] = "application/x-www-form-urlencoded";

static void http_commands_challenges_and_checks(void **state)
{
	static const char command[] = "command=%2Fincident&text=P0+Checkout&user_id=U0ADA&channel_id=C1"
		"&trigger_id=1.2.3";
	struct world *w = *state;
	struct heard h = post(w, form_type, command, "shh");

	assert_int_equal(h.status, 200);
	assert_string_equal(h.type, "application/json; charset=utf-8");
	assert_non_null(strstr(h.body, "\"response_type\":\"ephemeral\""));
	assert_string_equal(w->tasks->text, "P0 Checkout");
	h = post(w, form_type, command, "wrong");
	assert_int_equal(h.status, 401);
	assert_string_equal(h.body, "");
	h = post(w, "application/json", "{\"type\":\"url_verification\",\"challenge\":\"abc\"}", "shh");
	assert_int_equal(h.status, 200);
	assert_string_equal(h.body, "abc");
	h = post(w, form_type, "ssl_check=1&token=x", "shh");
	assert_int_equal(h.status, 200);
	assert_string_equal(h.body, "");
	h = post(w, "application/json", "{broken", "shh");
	assert_int_equal(h.status, 400);
	assert_int_equal(w->tasks->requests, 1);
	while (!slack_connected(w->slack))
		uv_run(&w->loop, UV_RUN_ONCE);
}

static void http_event_that_was_not_recorded_is_asked_for_again(void **state)
{
	static const char event[] = "{\"type\":\"event_callback\",\"event\":{\"type\":\"message\",\"user\":"
		"\"U0ADA\",\"channel\":\"C1\",\"ts\":\"1.1\",\"text\":\"x\"}}";
	struct world *w = *state;
	struct heard h;

	w->tasks->kind = ANSWER_NOT_RECORDED;
	h = post(w, "application/json", event, "shh");
	assert_int_equal(h.status, 503);
	w->tasks->kind = ANSWER_DONE;
	w->tasks->reply.kind = REPLY_NONE;
	h = post(w, "application/json", event, "shh");
	assert_int_equal(h.status, 200);
}

static void http_asker_may_go_away(void **state)
{
	struct world *w = *state;
	struct heard gone = { 0 }, h;
	char stamp[32];
	struct slack_http_request req = { stamp, "v0=", form_type, "", "", 0 };
	uint64_t id;

	snprintf(stamp, sizeof(stamp), "%lld", (long long)(clock_wall_ms() / 1000));
	id = slack_http_receive(w->slack, &req, on_http, &gone);
	slack_http_forget(w->slack, id);
	slack_http_forget(w->slack, id);
	h = post(w, form_type, "ssl_check=1", "shh");
	assert_int_equal(h.status, 200);
	assert_int_equal(gone.calls, 0);
	slack_http_receive(w->slack, &req, on_http, &gone); /* and world_down() while one waits */
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_up, world_down)
#define H(f) cmocka_unit_test_setup_teardown(f, http_up, world_down)
#define B(f) cmocka_unit_test_setup_teardown(f, base_up, world_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(private_answer_comes_with_the_acknowledgement), T(public_and_empty_answers),
		T(not_recorded_is_said_at_once), T(reply_that_cannot_be_rendered_says_that_it_broke),
		T(form_opens_is_submitted_and_closes), T(form_errors_stand_under_their_questions),
		T(form_stays_open_when_nothing_was_recorded), T(form_can_follow_a_form),
		T(late_form_is_offered_again), T(answer_finds_a_way_without_membership), T(mention_is_answered_in_its_thread),
		T(event_that_was_not_recorded_comes_again),
		T(duplicates_are_acknowledged_and_shown_once),
		T(stopping_takes_nothing_new_and_finishes_the_rest), T(numbers_for_the_operator),
		B(tokens_of_the_wrong_kind_are_refused), B(revoked_bot_token_shows_and_heals),
		H(http_commands_challenges_and_checks),
		H(http_event_that_was_not_recorded_is_asked_for_again), H(http_asker_may_go_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
