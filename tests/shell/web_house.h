/*
 * web_house.h - for tests of routes: the web on a loop of its own, with doubles of the store, the
 * tasks and Slack that record what they are asked and answer when told. Include it once per test:
 * what it defines takes the place of the real ones.
 */
#ifndef TESTS_SHELL_WEB_HOUSE_H
#define TESTS_SHELL_WEB_HOUSE_H

#include <stdlib.h>
#include <string.h>

#include "bot/clock.h"
#include "bot/log.h"
#include "bot/metrics.h"
#include "bot/slack/slack.h"
#include "bot/store/store.h"
#include "bot/tasks.h"
#include "bot/web/link_key.h"
#include "bot/web/web.h"
#include "support_talk.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/plan.h"
#include "tocsin/render.h"

#define SUBMITTED_MAX 64

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

bool store_ready(const struct store *s)
{
	(void)s;
	return true;
}

void store_stats(const struct store *s, struct store_stats *out)
{
	(void)s;
	memset(out, 0, sizeof(*out));
	out->warning = "";
}

void store_refresh_stats(struct store *s)
{
	(void)s;
}

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

bool slack_connected(const struct slack *s)
{
	(void)s;
	return true;
}

void slack_stats(const struct slack *s, struct slack_stats *out)
{
	(void)s;
	memset(out, 0, sizeof(*out));
	out->problem = out->bot_user = out->team = "";
}

uint64_t slack_http_receive(struct slack *s, const struct slack_http_request *req, slack_http_fn fn,
	void *ud)
{
	(void)s, (void)req, (void)fn, (void)ud;
	return 1;
}

void slack_http_forget(struct slack *s, uint64_t id)
{
	(void)s, (void)id;
}

/* --- the house ------------------------------------------------------------------------------ */

static uv_loop_t loop;
static struct clock clock_;
static struct words *words;
static struct web *web;
static struct plan *plan_in_force;
static int plan_refs;

static struct plan *plan_take(void *ud)
{
	(void)ud;
	plan_refs++;
	return plan_in_force;
}

static void plan_give(void *ud, struct plan *p)
{
	(void)ud;
	assert_ptr_equal(p, plan_in_force);
	plan_refs--;
}

static const struct words *words_of(void *ud)
{
	(void)ud;
	return words;
}

static void web_house_open(struct plan *plan)
{
	struct web_options o = {.loop = &loop, .listen = "127.0.0.1:0", .clock = &clock_,
		.plan_take = plan_take, .plan_give = plan_give, .words = words_of};
	struct err err = {0};

	log_setup(LOG_ERROR, LOG_LOGFMT);
	metrics_reset();
	plan_in_force = plan;
	uv_loop_init(&loop);
	clock_init(&clock_, 0, 1.0);
	words = words_new(NULL, 0);
	web = web_open(&o, &err);
	assert_non_null(web);
	n_submitted = 0;
	plan_refs = 0;
}

static int web_house_close(void)
{
	for (size_t i = 0; i < n_submitted; i++)
		if (submitted[i].arena)
			answer_with(i, ANSWER_NOT_RECORDED, REPLY_NONE, "", "{}");
	web_close(web);
	uv_run(&loop, UV_RUN_DEFAULT);
	words_free(words);
	assert_int_equal(plan_refs, 0);
	return uv_loop_close(&loop);
}

/* Sends a POST and returns at once; headers end with CR LF each. */
static struct talk *post(const char *path, const char *headers, const char *body)
{
	struct talk *t = talk_new(&loop, web_address(web));
	struct buf b;

	buf_init(&b, 1 << 21);
	buf_printf(&b, "POST %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n", path, headers, strlen(body));
	buf_str(&b, body);
	assert_false(b.failed);
	talk_send(t, b.data, b.len);
	buf_release(&b);
	return t;
}

static void wait_submitted(size_t n)
{
	while (n_submitted < n)
		uv_run(&loop, UV_RUN_ONCE);
}

/* The answer begins with this status and holds this text; frees t. */
static void assert_answer(struct talk *t, const char *status, const char *text)
{
	assert_true(talk_answers(t, 1));
	if (strncmp(talk_text(t), "HTTP/1.1 ", 9) != 0 || strncmp(talk_text(t) + 9, status, strlen(status)) != 0)
		fail_msg("wanted %s, got: %.600s", status, talk_text(t));
	if (!strstr(talk_text(t), text))
		fail_msg("no \"%s\" in: %.2000s", text, talk_text(t));
	talk_free(t);
}
#endif
