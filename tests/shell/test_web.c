/*
 * test_web.c - the routes: health, metrics, alerts, Slack's requests and acknowledgement links.
 *
 * Store, tasks and Slack are doubles that record what they are asked and answer when told, so that
 * every order of events can be played.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "bot/clock.h"
#include "bot/log.h"
#include "bot/metrics.h"
#include "bot/reach/webhook_body.h"
#include "bot/slack/slack.h"
#include "bot/store/store.h"
#include "bot/tasks.h"
#include "bot/web/ack_link.h"
#include "bot/web/link_key.h"
#include "bot/web/web.h"
#include "support_talk.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/plan.h"
#include "tocsin/render.h"

#define SECRET "a secret of this test, long enough"
#define SUBMITTED_MAX 1024

/* --- the doubles ------------------------------------------------------------------------------------- */

static bool redis_is_there;
static const char *redis_warning;
static int store_asked;

bool store_ready(const struct store *s)
{
	(void)s;
	return redis_is_there;
}

void store_stats(const struct store *s, struct store_stats *out)
{
	(void)s;
	memset(out, 0, sizeof(*out));
	out->ready = redis_is_there;
	out->commits = 12;
	out->round_trip_us = 250;
	out->outbox_depth[LANE_PAGE] = 3;
	out->outbox_depth[LANE_CALL] = -1;
	out->warning = redis_warning;
}

void store_refresh_stats(struct store *s)
{
	(void)s;
	store_asked++;
}

/* The link key comes from a secret here: the store is not asked for it (test_link_key.c does that). */
void store_load(struct store *s, struct arena *arena, const char *const *keys, size_t n,
	store_load_fn fn, void *ud)
{
	(void)s, (void)arena, (void)keys, (void)n, (void)fn, (void)ud;
	fail_msg("the store was asked for a document");
}

void store_commit(struct store *s, const struct commit *c, store_commit_fn fn, void *ud)
{
	(void)s, (void)c, (void)fn, (void)ud;
	fail_msg("something was committed");
}

static struct {
	struct arena *arena;
	struct request *req;
	answer_fn fn;
	void *ud;
	int64_t deadline_ms;
} submitted[SUBMITTED_MAX];
static size_t n_submitted;

void tasks_submit(struct tasks *t, struct arena *arena_owned, struct request *req,
	const struct task_origin *origin, int64_t deadline_ms, answer_fn fn, void *ud)
{
	(void)t;
	assert_null(origin);
	assert_true(n_submitted < SUBMITTED_MAX);
	submitted[n_submitted].arena = arena_owned;
	submitted[n_submitted].req = req;
	submitted[n_submitted].fn = fn;
	submitted[n_submitted].ud = ud;
	submitted[n_submitted++].deadline_ms = deadline_ms;
}

size_t tasks_running(const struct tasks *t)
{
	(void)t;
	return n_submitted;
}

static void answer_with(size_t i, enum answer_kind kind, enum reply_kind reply, const char *template_name,
	const char *data)
{
	struct answer a = {.kind = kind, .trace = "7f3a", .arena = submitted[i].arena,
		.reply = {.kind = reply, .template_name = template_name, .data = data,
			.refused = kind != ANSWER_DONE}};

	submitted[i].fn(submitted[i].ud, &a);
	arena_free(submitted[i].arena);
	submitted[i].arena = NULL;
}

static void answer_all(enum answer_kind kind)
{
	size_t i;

	for (i = 0; i < n_submitted; i++)
		if (submitted[i].arena)
			answer_with(i, kind, REPLY_NONE, "", "{}");
}

static bool slack_is_there;
static const char *slack_problem = "";
static struct slack_http_request slack_got;
static char slack_body[256];
static slack_http_fn slack_fn;
static void *slack_ud;
static uint64_t slack_forgotten;

bool slack_connected(const struct slack *s)
{
	(void)s;
	return slack_is_there;
}

void slack_stats(const struct slack *s, struct slack_stats *out)
{
	(void)s;
	memset(out, 0, sizeof(*out));
	out->problem = slack_problem;
	out->sockets_wanted = 2;
	out->sockets_live = slack_is_there ? 2 : 0;
	out->bot_user = out->team = "";
}

uint64_t slack_http_receive(struct slack *s, const struct slack_http_request *req, slack_http_fn fn,
	void *ud)
{
	(void)s;
	slack_got = *req;
	snprintf(slack_body, sizeof(slack_body), "%.*s|%s|%s|%s|%s", (int)req->body_len, req->body, req->timestamp,
		req->signature, req->content_type, req->retry_num);
	slack_fn = fn;
	slack_ud = ud;
	return 77;
}

void slack_http_forget(struct slack *s, uint64_t id)
{
	(void)s;
	slack_forgotten = id;
}

/* --- the house ------------------------------------------------------------------------------------- */

static const struct plan_alert_severity severities[] = {{"critical", "P0"}};
static const struct plan_alert_source sources[] = {
	{.key = "prod", .kind = "alertmanager", .token = "example-token", .severities = severities, .n_severities = 1},
	{.key = "plain", .kind = "generic", .token = NULL},
	{.key = "signed", .kind = "generic", .token = "whsec_pbtDixPdAhU+kde/cj+jyWErEsejXe59L/1V/yKAfE8="},
};
static const struct plan_person people[] = {{.key = "ada", .name = "Ada Park <b>"}};
static struct plan plan = {.timezone = "UTC", .alert_sources = sources, .n_alert_sources = 3, .people = people,
	.n_people = 1};
static int plan_refs;

static struct plan *plan_take(void *ud)
{
	(void)ud;
	plan_refs++;
	return &plan;
}

static void plan_give(void *ud, struct plan *p)
{
	(void)ud;
	assert_ptr_equal(p, &plan);
	plan_refs--;
}

static uv_loop_t loop;
static struct clock clock_;
static struct words *words;
static struct web *web;
static struct link_key *key;
static int fake_slack;

static const struct words *words_of(void *ud)
{
	(void)ud;
	return words;
}

static void warn(void *ud, struct buf *out)
{
	(void)ud;
	buf_str(out, "warning: the new plan was refused\n");
}

static int setup(void **state)
{
	struct web_options o = {.loop = &loop, .listen = "127.0.0.1:0", .clock = &clock_, .plan_take = plan_take,
		.plan_give = plan_give, .words = words_of, .warnings = warn};
	struct err err = {0};

	(void)state;
	log_setup(LOG_ERROR, LOG_LOGFMT);
	metrics_reset();
	uv_loop_init(&loop);
	clock_init(&clock_, 0, 1.0);
	words = words_new(NULL, 0);
	key = link_key_new(&loop, NULL, &clock_, SECRET, &err);
	o.link_key = key;
	web = web_open(&o, &err);
	assert_non_null(web);
	web_set_slack(web, (struct slack *)&fake_slack);
	redis_is_there = slack_is_there = true;
	redis_warning = "";
	slack_problem = "";
	n_submitted = 0;
	plan_refs = 0;
	slack_forgotten = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	answer_all(ANSWER_NOT_RECORDED);
	web_close(web);
	link_key_close(key);
	uv_run(&loop, UV_RUN_DEFAULT);
	words_free(words);
	assert_int_equal(plan_refs, 0);
	return uv_loop_close(&loop);
}

static const char *once(const char *bytes)
{
	return talk_once(&loop, web_address(web), bytes, 0);
}

static void assert_status(const char *answer, const char *status)
{
	if (strncmp(answer, "HTTP/1.1 ", 9) != 0 || strncmp(answer + 9, status, strlen(status)) != 0)
		fail_msg("wanted %s, got: %.600s", status, answer);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"

/* --- health and metrics ---------------------------------------------------------------------------- */

static void test_health(void **state)
{
	const char *s = once(GET("/healthz"));

	(void)state;
	assert_status(s, "200");
	assert_non_null(strstr(s, "\r\n\r\nok\nwarning: the new plan was refused\n"));
	redis_is_there = slack_is_there = false;
	redis_warning = "appendonly is off: a crash of Redis loses what was promised";
	slack_problem = "invalid_auth";
	s = once(GET("/healthz"));
	assert_status(s, "200"); /* the process works: a restart would mend nothing */
	assert_non_null(strstr(s, "\nwarning: Redis is not connected"));
	assert_non_null(strstr(s, "\nwarning: appendonly is off"));
	assert_non_null(strstr(s, "\nwarning: Slack is not connected: invalid_auth\n"));
}

static void test_readiness(void **state)
{
	(void)state;
	assert_status(once(GET("/readyz")), "200");
	redis_is_there = false;
	assert_status(once(GET("/readyz")), "503");
	assert_non_null(strstr(once(GET("/readyz")), "not ready: Redis is not connected\n"));
	redis_is_there = true;
	slack_is_there = false;
	assert_non_null(strstr(once(GET("/readyz")), "not ready: chat is not connected\n"));
	slack_is_there = true;
	web_set_slack(web, NULL);
	assert_status(once(GET("/readyz")), "503");
}

static void test_metrics_page(void **state)
{
	const char *s;

	(void)state;
	once(GET("/healthz"));
	once(GET("/nowhere"));
	s = once(GET("/metrics"));
	assert_status(s, "200");
	assert_non_null(strstr(s, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
	assert_non_null(strstr(s, "\ntocsin_store_ready 1\n"));
	assert_non_null(strstr(s, "\ntocsin_store_commits_total 12\n"));
	assert_non_null(strstr(s, "\ntocsin_store_round_trip_seconds 0.00025"));
	assert_non_null(strstr(s, "\ntocsin_outbox_entries{lane=\"page\"} 3\n"));
	assert_non_null(strstr(s, "\ntocsin_outbox_entries{lane=\"call\"} 0\n"));
	assert_non_null(strstr(s, "\ntocsin_chat_connections 2\n"));
	assert_non_null(strstr(s, "\ntocsin_http_requests_total{route=\"healthz\",code=\"2xx\"} 1\n"));
	assert_non_null(strstr(s, "\ntocsin_http_requests_total{route=\"other\",code=\"4xx\"} 1\n"));
	assert_non_null(strstr(s, "\ntocsin_http_connections 1\n"));
	assert_true(store_asked > 0);
}

/* --- Slack's requests ------------------------------------------------------------------------------ */

static struct talk *send_slack(const char *path)
{
	struct talk *t = talk_new(&loop, web_address(web));
	char text[512];

	slack_fn = NULL;
	snprintf(text, sizeof(text), "POST %s HTTP/1.1\r\nHost: x\r\nX-Slack-Request-Timestamp: 17\r\n"
		"X-Slack-Signature: v0=aa\r\nX-Slack-Retry-Num: 1\r\n"
		"Content-Type: application/json\r\nContent-Length: 4\r\n\r\nb\r\no", path);
	talk_send(t, text, 0);
	while (!slack_fn)
		uv_run(&loop, UV_RUN_ONCE);
	return t;
}

static void test_slack_gets_the_raw_request(void **state)
{
	struct talk *t = send_slack("/slack/events");

	(void)state;
	assert_string_equal(slack_body, "b\r\no|17|v0=aa|application/json|1");
	slack_fn(slack_ud, 200, "application/json", "{\"challenge\":1}", 15);
	assert_true(talk_answers(t, 1));
	assert_non_null(strstr(talk_text(t), "Content-Type: application/json\r\n"));
	assert_non_null(strstr(talk_text(t), "\r\n\r\n{\"challenge\":1}"));
	talk_free(t);
	assert_status(once(GET("/slack/events")), "405");
	web_set_slack(web, NULL);
	assert_status(once("POST /slack/commands HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"), "503");
}

static void test_slack_is_told_to_forget(void **state)
{
	struct talk *t = send_slack("/slack/commands");

	(void)state;
	web_set_slack(web, NULL);
	assert_int_equal(slack_forgotten, 77);
	talk_free(t);
}

/* --- alerts ----------------------------------------------------------------------------------------- */

static const char generic[] = "{\"id\":\"disk-db1\",\"status\":\"firing\",\"severity\":\"critical\","
	"\"title\":\"Disk is 95% full on db1\",\"startsAt\":\"2026-11-20T14:00:00Z\",\"dedupKey\":\"disk-db1\"}";

static struct talk *post_alerts(const char *source, const char *headers, const char *body)
{
	struct talk *t = talk_new(&loop, web_address(web));
	size_t size = strlen(body) + 1024;
	char *text = malloc(size);

	snprintf(text, size, "POST /alerts/%s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n%s", source,
		headers, strlen(body), body);
	talk_send(t, text, 0);
	free(text);
	return t;
}

static void wait_submitted(size_t n)
{
	while (n_submitted < n)
		uv_run(&loop, UV_RUN_ONCE);
}

static void test_alert_is_answered_after_its_commit(void **state)
{
	struct talk *t = post_alerts("plain", "", generic);
	const struct request *r;

	(void)state;
	wait_submitted(1);
	r = submitted[0].req;
	assert_int_equal(r->kind, REQUEST_ALERT);
	assert_string_equal(r->alert.source, "plain");
	assert_string_equal(r->alert.key, "disk-db1");
	assert_string_equal(r->alert.title, "Disk is 95% full on db1");
	assert_true(r->alert.firing);
	assert_int_equal(strncmp(r->id, "alert:", 6), 0);
	assert_true(submitted[0].deadline_ms > 0);
	assert_string_equal(talk_text(t), "");
	answer_all(ANSWER_DONE);
	assert_true(talk_answers(t, 1));
	assert_status(talk_text(t), "200");
	assert_non_null(strstr(talk_text(t), "{\"status\":\"ok\",\"alerts\":1}"));
	assert_true(metrics_get(METRIC_ALERTS, METRIC_ALERT_FIRING, 0) > 0.5);
	talk_free(t);
}

static void test_group_is_answered_when_all_are_committed(void **state)
{
	const char *body = "{\"version\":\"4\",\"status\":\"firing\",\"alerts\":["
		"{\"status\":\"firing\",\"labels\":{\"alertname\":\"A\",\"severity\":\"critical\"},\"annotations\":{},"
		"\"startsAt\":\"2026-11-20T14:00:00Z\",\"fingerprint\":\"aa\"},"
		"{\"status\":\"resolved\",\"labels\":{\"alertname\":\"B\"},\"annotations\":{},"
		"\"startsAt\":\"2026-11-20T14:00:00Z\",\"endsAt\":\"2026-11-20T14:10:00Z\",\"fingerprint\":\"bb\"}],"
		"\"truncatedAlerts\":3}";
	struct talk *t = post_alerts("prod", "Authorization: Bearer example-token\r\n", body);

	(void)state;
	wait_submitted(2);
	assert_string_not_equal(submitted[0].req->id, submitted[1].req->id);
	answer_with(0, ANSWER_DONE, REPLY_NONE, "", "{}");
	assert_string_equal(talk_text(t), "");
	answer_with(1, ANSWER_REFUSED, REPLY_NONE, "", "{}");
	assert_true(talk_answers(t, 1));
	assert_status(talk_text(t), "200");
	assert_non_null(strstr(talk_text(t), "\"alerts\":2,\"left_out\":3}"));
	talk_free(t);
}

static void test_sender_is_asked_to_repeat_what_was_not_recorded(void **state)
{
	static const struct {
		enum answer_kind kind;
		const char *status;
	} cases[] = {{ANSWER_NOT_RECORDED, "503"}, {ANSWER_UNSURE, "503"}, {ANSWER_BUSY, "503"},
		{ANSWER_BROKEN, "500"}};
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		struct talk *t;

		n_submitted = 0;
		t = post_alerts("plain", "", generic);
		wait_submitted(1);
		answer_all(cases[i].kind);
		assert_true(talk_answers(t, 1));
		assert_status(talk_text(t), cases[i].status);
		assert_true((strstr(talk_text(t), "Retry-After: 5\r\n") != NULL) == (cases[i].status[2] == '3'));
		talk_free(t);
	}
}

static void assert_alert(const char *source, const char *headers, const char *body, const char *status,
	const char *text)
{
	struct talk *t = post_alerts(source, headers, body);

	assert_true(talk_answers(t, 1));
	assert_status(talk_text(t), status);
	if (!strstr(talk_text(t), text))
		fail_msg("no \"%s\" in: %s", text, talk_text(t));
	talk_free(t);
	assert_int_equal(n_submitted, 0);
}

static void test_senders_are_checked_first(void **state)
{
	(void)state;
	/* The body is garbage: a stranger hears nothing about that. */
	assert_alert("prod", "", "garbage", "401", "Authorization: Bearer TOKEN");
	assert_alert("prod", "", "garbage", "401", "WWW-Authenticate: Bearer");
	assert_alert("prod", "Authorization: Bearer wrong\r\n", "garbage", "403", "not the source's token");
	assert_alert("prod", "Authorization: Bearer example-toke\r\n", "garbage", "403", "token");
	assert_alert("prod", "Authorization: Bearer example-token-\r\n", "garbage", "403", "token");
	assert_alert("prod", "Authorization: Digest example-token\r\n", "garbage", "403", "token");
	assert_alert("prod", "Authorization: Basic !!!\r\n", "garbage", "403", "token");
	assert_alert("prod", "Authorization: Basic dXNlcjp3cm9uZw==\r\n", "garbage", "403", "token");
	assert_alert("elsewhere", "", "garbage", "404", "no alert source of this name");
	assert_alert("", "", "garbage", "404", "no alert source");
	assert_alert("prod/x", "", "garbage", "404", "no alert source");
	assert_true(metrics_get(METRIC_ALERTS_REJECTED, METRIC_REJECT_UNAUTHORIZED, 0) > 7.5);
	/* Known ones hear what is wrong. */
	assert_alert("prod", "Authorization: bearer  example-token\r\n", "garbage", "400", "\"error\":");
	assert_alert("prod", "Authorization: Basic dTpleGFtcGxlLXRva2Vu\r\n", "garbage", "400", "\"error\":");
	assert_alert("plain", "", "", "400", "\"error\":");
	assert_alert("plain", "", "{\"id\":\"\xff\"}", "400", "\"error\":");
	assert_true(metrics_get(METRIC_ALERTS_REJECTED, METRIC_REJECT_INVALID, 0) > 3.5);
}

/* A token of the form whsec_... asks for signed posts: the signature over exactly these bytes. */
static void test_signed_senders(void **state)
{
	struct talk *t;

	(void)state;
	assert_alert("signed", "", generic, "401", "token");
	assert_alert("signed", "webhook-id: m1\r\nwebhook-timestamp: 1795183200\r\n"
		"webhook-signature: v1,fgNGdE2+Sd7HueRsdGFyyaXYvYMyZRPw3alBYSDLUPc=\r\n", generic, "403", "signature");
	{
		/* Signed by hand, now. */
		struct arena *a = arena_new(1 << 20);
		int64_t now = clock_wall_ms() / 1000;
		const char *headers = arena_printf(a, "webhook-id: m1\r\nwebhook-timestamp: %lld\r\n"
			"webhook-signature: %s\r\n", (long long)now, webhook_sign(a, sources[2].token, "m1", now, generic,
				strlen(generic), NULL));

		t = post_alerts("signed", headers, generic);
		wait_submitted(1);
		arena_free(a);
	}
	answer_all(ANSWER_DONE);
	assert_true(talk_answers(t, 1));
	assert_status(talk_text(t), "200");
	talk_free(t);
}

static void test_empty_group_is_no_fault(void **state)
{
	(void)state;
	assert_alert("prod", "Authorization: Bearer example-token\r\n", "{\"version\":\"4\",\"alerts\":[]}", "200",
		"\"alerts\":0}");
}

/* --- acknowledgement links -------------------------------------------------------------------------- */

static char token[ACK_LINK_TOKEN_MAX];

static void make_token(const char *command, const char *person, int64_t life_ms)
{
	struct ack_link link = {.command = command, .person = person, .expires_ms = clock_wall_ms() + life_ms};
	struct arena *a = arena_new(1 << 20);

	snprintf(token, sizeof(token), "%s", ack_link_sign(a, link_key_get(key), &link, NULL));
	arena_free(a);
}

static const char *look(void)
{
	char text[ACK_LINK_TOKEN_MAX + 64];

	snprintf(text, sizeof(text), "GET /ack?t=%s HTTP/1.1\r\nHost: x\r\n\r\n", token);
	return once(text);
}

static struct talk *press(const char *t, const char *n)
{
	struct talk *talk = talk_new(&loop, web_address(web));
	char text[ACK_LINK_TOKEN_MAX + 512];

	snprintf(text, sizeof(text), "POST /ack HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
		"Content-Length: %zu\r\n\r\nt=%s&n=%s", strlen(t) + strlen(n) + 5, t, n);
	talk_send(talk, text, 0);
	return talk;
}

/* The number in the form of a page. */
static const char *number_of(const char *page)
{
	static char n[65];
	const char *s = strstr(page, "name=\"n\" value=\"");

	assert_non_null(s);
	snprintf(n, sizeof(n), "%.*s", (int)strcspn(s + 16, "\""), s + 16);
	return n;
}

/* Mail scanners open every link, some of them with HEAD first. */
static void test_looking_changes_nothing(void **state)
{
	const char *s;

	(void)state;
	make_token("incident ack INC-42", "ada", 60000);
	s = look();
	assert_status(s, "200");
	assert_non_null(strstr(s, "Acknowledge INC-42?"));
	assert_non_null(strstr(s, "Ada Park &lt;b&gt;"));
	assert_null(strstr(s, "Park <b>"));
	assert_non_null(strstr(s, "<form method=\"post\" action=\"ack\">"));
	assert_non_null(strstr(s, "Referrer-Policy: no-referrer\r\n"));
	assert_non_null(strstr(s, "Cache-Control: no-store\r\n"));
	assert_non_null(strstr(s, "form-action 'self'; base-uri 'none'; frame-ancestors 'none'\r\n"));
	assert_null(strstr(s, "<script"));
	assert_string_not_equal(number_of(s), "");
	assert_int_equal(n_submitted, 0);
}

static void test_pressing_acts_as_the_person(void **state)
{
	char n[65];
	struct talk *t;

	(void)state;
	make_token("incident ack INC-42", "ada", 60000);
	snprintf(n, sizeof(n), "%s", number_of(look()));
	t = press(token, n);
	wait_submitted(1);
	assert_int_equal(submitted[0].req->kind, REQUEST_COMMAND);
	assert_int_equal(submitted[0].req->source, SOURCE_LINK);
	assert_string_equal(submitted[0].req->who.user, "person:ada");
	assert_int_equal(submitted[0].req->who.platform, PLATFORM_NONE);
	assert_string_equal(submitted[0].req->family, "incident");
	assert_string_equal(submitted[0].req->text, "ack INC-42");
	answer_with(0, ANSWER_DONE, REPLY_PRIVATE, "page/acked", "{\"id\":\"INC-42\",\"title\":\"x <script>\"}");
	assert_true(talk_answers(t, 1));
	assert_status(talk_text(t), "200");
	assert_non_null(strstr(talk_text(t), "Done"));
	assert_null(strstr(talk_text(t), "<form"));
	assert_null(strstr(talk_text(t), "<script"));
	talk_free(t);
	assert_true(metrics_get(METRIC_ACK_LINKS, METRIC_ACK_USED, 0) > 0.5);
}

/* Twice the same button is one request; another look at the link is another one. */
static void test_one_button_acts_once(void **state)
{
	char first[65], second[65];
	struct talk *a, *b, *c;

	(void)state;
	make_token("incident ack INC-42", "ada", 60000);
	snprintf(first, sizeof(first), "%s", number_of(look()));
	snprintf(second, sizeof(second), "%s", number_of(look()));
	assert_string_not_equal(first, second);
	a = press(token, first);
	b = press(token, first);
	c = press(token, second);
	wait_submitted(3);
	{
		unsigned same = 0;

		same += strcmp(submitted[0].req->id, submitted[1].req->id) == 0;
		same += strcmp(submitted[1].req->id, submitted[2].req->id) == 0;
		same += strcmp(submitted[0].req->id, submitted[2].req->id) == 0;
		assert_int_equal(same, 1);
	}
	answer_all(ANSWER_DONE);
	assert_true(talk_answers(a, 1) && talk_answers(b, 1) && talk_answers(c, 1));
	talk_free(a);
	talk_free(b);
	talk_free(c);
}

static void test_results_are_told(void **state)
{
	static const struct {
		enum answer_kind kind;
		const char *template_name, *status, *text;
	} cases[] = {
		{ANSWER_REFUSED, "system/busy", "409", "Nothing was changed"},
		{ANSWER_NOT_RECORDED, "system/not_recorded", "503", "Nothing was recorded."},
		{ANSWER_UNSURE, "system/unsure", "503", "may or may not have been recorded"},
		{ANSWER_BROKEN, "system/broken", "500", "Something broke"},
	};
	size_t i;

	(void)state;
	make_token("incident ack INC-42", "ada", 60000);
	for (i = 0; i < 4; i++) {
		struct talk *t;

		n_submitted = 0;
		t = press(token, "n1");
		wait_submitted(1);
		answer_with(0, cases[i].kind, REPLY_PRIVATE, cases[i].template_name, "{\"ref\":\"7f3a\"}");
		assert_true(talk_answers(t, 1));
		assert_status(talk_text(t), cases[i].status);
		if (!strstr(talk_text(t), cases[i].text))
			fail_msg("no \"%s\" in %s", cases[i].text, talk_text(t));
		talk_free(t);
	}
}

static void assert_press(const char *t, const char *n, const char *status, const char *text)
{
	struct talk *talk = press(t, n);

	assert_true(talk_answers(talk, 1));
	assert_status(talk_text(talk), status);
	if (!strstr(talk_text(talk), text))
		fail_msg("no \"%s\" in %s", text, talk_text(talk));
	talk_free(talk);
	assert_int_equal(n_submitted, 0);
}

static void test_bad_links_change_nothing(void **state)
{
	char changed[ACK_LINK_TOKEN_MAX];

	(void)state;
	make_token("incident ack INC-42", "ada", 60000);
	snprintf(changed, sizeof(changed), "%s", token);
	changed[10] = changed[10] == 'A' ? 'B' : 'A';
	assert_press(changed, "n1", "400", "This link does not work");
	assert_press("", "n1", "400", "This link does not work");
	assert_press(token, "", "400", "This link does not work"); /* without its page's number */
	assert_status(once(GET("/ack")), "400");
	assert_status(once(GET("/ack?t=%00")), "400");
	make_token("incident ack INC-42", "ada", -1000);
	assert_press(token, "n1", "410", "/incident ack INC-42");
	assert_status(look(), "410");
	make_token("incident ack INC-42", "mia", 60000);
	assert_press(token, "n1", "403", "no longer in the plan");
	assert_status(look(), "403");
}

/* The plain command of a link that is no acknowledgement is shown before the button is pressed. */
static void test_other_commands_are_shown(void **state)
{
	const char *s;

	(void)state;
	make_token("incident update INC-42 all good", "ada", 60000);
	s = look();
	assert_non_null(strstr(s, "/incident update INC-42 all good"));
	assert_non_null(strstr(s, "Yes, do it"));
}

/* The house is closed while tasks are at work: their answers come later and are dropped. */
static void test_close_while_tasks_work(void **state)
{
	struct talk *t = post_alerts("plain", "", generic), *u;

	(void)state;
	make_token("incident ack INC-42", "ada", 60000);
	u = press(token, "n1");
	wait_submitted(2);
	web_close(web);
	talk_wait_closed(t);
	talk_wait_closed(u);
	answer_all(ANSWER_NOT_RECORDED); /* frees what waited */
	web = NULL;
	talk_free(t);
	talk_free(u);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_health), T(test_readiness), T(test_metrics_page), T(test_slack_gets_the_raw_request),
		T(test_slack_is_told_to_forget), T(test_alert_is_answered_after_its_commit),
		T(test_group_is_answered_when_all_are_committed),
		T(test_sender_is_asked_to_repeat_what_was_not_recorded), T(test_senders_are_checked_first),
		T(test_signed_senders), T(test_empty_group_is_no_fault), T(test_looking_changes_nothing),
		T(test_pressing_acts_as_the_person), T(test_one_button_acts_once), T(test_results_are_told),
		T(test_bad_links_change_nothing), T(test_other_commands_are_shown),
		T(test_close_while_tasks_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
