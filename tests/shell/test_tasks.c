/*
 * test_tasks.c - one request from arrival to answer, with a store and a handler that do as they are
 * told: what happens on conflicts, redeliveries, lost connections, deadlines and bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "bot/clock.h"
#include "bot/log.h"
#include "bot/store/store.h"
#include "bot/tasks.h"
#include "tocsin/arena.h"
#include "tocsin/handler.h"
#include "tocsin/plan.h"
#include "tocsin/snapshot.h"

/* --- a store that does as it is told ------------------------------------------------- */

struct call {
	bool load;
	struct arena *arena;
	char key[64];
	store_load_fn loaded;
	store_commit_fn committed;
	void *ud;
};

static struct {
	bool ready;
	struct call calls[64];
	unsigned n, loads, commits;
	bool asked_done;
	char last_request[64];
	char last_reply[512];
	char last_timer[64];
	size_t last_effects;
	int64_t last_now_ms;
} fake;

bool store_ready(const struct store *s)
{
	(void)s;
	return fake.ready;
}

void store_load(struct store *s, struct arena *arena, const char *const *keys, size_t n, store_load_fn fn,
	void *ud)
{
	struct call *c = &fake.calls[fake.n++];

	(void)s;
	assert_true(n >= 1);
	fake.asked_done = strcmp(keys[n - 1], "done:r") == 0;
	fake.loads++;
	*c = (struct call){.load = true, .arena = arena, .loaded = fn, .ud = ud};
	snprintf(c->key, sizeof(c->key), "%s", keys[0]);
}

void store_commit(struct store *s, const struct commit *cm, store_commit_fn fn, void *ud)
{
	struct call *c = &fake.calls[fake.n++];

	(void)s;
	fake.commits++;
	*c = (struct call){.committed = fn, .ud = ud};
	snprintf(fake.last_request, sizeof(fake.last_request), "%s", cm->request_id);
	snprintf(fake.last_reply, sizeof(fake.last_reply), "%s", cm->reply);
	snprintf(fake.last_timer, sizeof(fake.last_timer), "%s", cm->timer);
	fake.last_now_ms = cm->now_ms;
	fake.last_effects = cm->effects ? cm->effects->n : 0;
}

/* --- a handler that does as it is told --------------------------------------------------- */

static unsigned handled;

enum step handle(struct context *cx)
{
	const char *text = cx->req->text;

	handled++;
	if (strcmp(text, "refuse") == 0) {
		effects_refuse(cx->out, "test/refused", "{}");
		return STEP_REFUSED;
	}
	if (strcmp(text, "endless") == 0) {
		effects_need(cx->out, arena_printf(cx->arena, "link:%u", handled));
		return STEP_NEED;
	}
	if (strcmp(text, "hungry") == 0)
		for (;;)
			arena_alloc(cx->arena, 1 << 20);
	if (strcmp(text, "look") == 0) {
		effects_reply(cx->out, REPLY_PRIVATE, "test/look", "{}");
		return STEP_DONE;
	}
	if (strncmp(text, "doc ", 4) == 0) {
		const struct fact *f = snapshot_get(cx->snap, arena_printf(cx->arena, "doc:%s", text + 4));

		if (f->state == FACT_NOT_LOADED) {
			effects_need(cx->out, arena_printf(cx->arena, "doc:%s", text + 4));
			return STEP_NEED;
		}
	}
	effects_put(cx->out, "x", 0, "{}", NULL);
	effects_reply(cx->out, REPLY_PUBLIC, "test/done", "{\"n\":1}");
	return STEP_DONE;
}

/* --- the house around it --------------------------------------------------------------------- */

static struct plan plan;
static int plan_users;

static struct plan *take(void *ud)
{
	(void)ud;
	plan_users++;
	return &plan;
}

static void give(void *ud, struct plan *p)
{
	(void)ud;
	(void)p;
	plan_users--;
}

static struct {
	uv_loop_t loop;
	struct clock clock;
	struct tasks *tasks;
	unsigned answers;
	enum answer_kind kind;
	char template_name[64];
	char data[64];
} house;

static void on_answer(void *ud, const struct answer *a)
{
	(void)ud;
	house.answers++;
	house.kind = a->kind;
	snprintf(house.template_name, sizeof(house.template_name), "%s",
		a->reply.template_name ? a->reply.template_name : "");
	snprintf(house.data, sizeof(house.data), "%s", a->reply.data ? a->reply.data : "");
}

static int setup(void **state)
{
	struct tasks_options o = {
		.loop = &house.loop, .clock = &house.clock, .plan_take = take, .plan_give = give, .limit = 4,
	};

	(void)state;
	memset(&fake, 0, sizeof(fake));
	memset(&house, 0, sizeof(house));
	fake.ready = true;
	handled = 0;
	log_setup(LOG_ERROR + 1, LOG_LOGFMT);
	clock_init(&house.clock, 1769616000000, 1.0);
	uv_loop_init(&house.loop);
	house.tasks = tasks_new(&o);
	return house.tasks ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	tasks_close(house.tasks);
	uv_run(&house.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&house.loop), 0);
	assert_int_equal(plan_users, 0);
	return 0;
}

static void turn(void)
{
	uv_run(&house.loop, UV_RUN_NOWAIT);
	uv_run(&house.loop, UV_RUN_NOWAIT);
}

static void submit(const char *id, const char *text, const struct task_origin *origin, int64_t deadline_ms)
{
	struct arena *a = arena_new(1 << 22);
	struct request *r = ARENA_NEW(a, struct request);

	request_init(r);
	r->id = arena_strdup(a, id);
	r->text = arena_strdup(a, text);
	tasks_submit(house.tasks, a, r, origin, deadline_ms, on_answer, NULL);
}

static void answer_load(unsigned i, enum store_status status, const char *done)
{
	struct fact facts[2] = {{.state = FACT_ABSENT, .value = ""}, {.state = FACT_KNOWN, .value = done}};
	struct call c = fake.calls[i];

	facts[0].key = arena_strdup(c.arena, c.key);
	facts[1].key = "done:r";
	c.loaded(c.ud, status, facts, status == STORE_OK ? (done ? 2 : 1) : 0);
}

static void answer_commit(unsigned i, enum store_status status, const char *reply)
{
	struct store_answer a = {.status = status, .reply = reply, .detail = ""};

	fake.calls[i].committed(fake.calls[i].ud, &a);
}

/* --- the cases ------------------------------------------------------------------------------------ */

static void answers_after_the_commit(void **state)
{
	(void)state;
	submit("r", "go", NULL, 0);
	assert_int_equal(handled, 0); /* never inside the call that asked */
	turn();
	assert_int_equal(fake.commits, 1);
	assert_string_equal(fake.last_request, "r");
	assert_int_equal(fake.last_effects, 1);
	assert_int_equal(house.answers, 0);
	answer_commit(0, STORE_OK, NULL);
	assert_int_equal(house.answers, 1);
	assert_int_equal(house.kind, ANSWER_DONE);
	assert_string_equal(house.template_name, "test/done");
	turn();
	assert_int_equal(tasks_running(house.tasks), 0);
}

static void refuses_and_looks_without_a_commit(void **state)
{
	(void)state;
	submit("r", "refuse", NULL, 0);
	turn();
	assert_int_equal(house.kind, ANSWER_REFUSED);
	assert_string_equal(house.template_name, "test/refused");
	submit("r2", "look", NULL, 0);
	turn();
	assert_int_equal(house.kind, ANSWER_DONE);
	assert_string_equal(house.template_name, "test/look");
	assert_int_equal(fake.commits, 0);
}

static void refused_timer_is_still_taken_away(void **state)
{
	struct task_origin o = {.timer = "t:1", .entry = "", .ref = "", .ref_channel = "", .ref_ts = ""};

	(void)state;
	submit("r", "refuse", &o, 0);
	turn();
	assert_int_equal(fake.commits, 1);
	assert_string_equal(fake.last_timer, "t:1");
	assert_int_equal(fake.last_effects, 0);
	answer_commit(0, STORE_OK, NULL);
	turn();
}

/* A timer that was set anew for the moment at which it had fired before: its request is known, and
 * the timer must go all the same, or it would come back with every lease. */
static void known_request_still_takes_its_timer_away(void **state)
{
	struct task_origin o = {.timer = "t:1", .timer_due_ms = 5, .entry = "", .ref = "",
		.ref_channel = "", .ref_ts = ""};

	(void)state;
	submit("r", "doc x", &o, 0);
	turn();
	assert_true(fake.asked_done);
	answer_load(0, STORE_OK, "");
	turn();
	assert_int_equal(fake.commits, 1);
	assert_string_equal(fake.last_timer, "t:1");
	assert_string_equal(fake.last_request, ""); /* with its id it would be refused as a repetition */
	assert_int_equal(fake.last_effects, 0);
	answer_commit(1, STORE_OK, NULL);
	turn();
	assert_int_equal(tasks_running(house.tasks), 0);
}

static void decides_again_after_a_conflict(void **state)
{
	(void)state;
	submit("r", "doc x", NULL, 0);
	turn();
	answer_load(0, STORE_OK, NULL);
	turn();
	answer_commit(1, STORE_CONFLICT, NULL);
	turn();
	assert_int_equal(fake.loads, 2); /* the facts are loaded again */
	answer_load(2, STORE_OK, NULL);
	turn();
	answer_commit(3, STORE_OK, NULL);
	assert_int_equal(house.kind, ANSWER_DONE);
	turn();
}

static void redelivery_gets_the_first_answer(void **state)
{
	char first[512];

	(void)state;
	submit("r", "go", NULL, 0);
	turn();
	memcpy(first, fake.last_reply, sizeof(first));
	answer_commit(0, STORE_DUPLICATE, first);
	assert_int_equal(house.kind, ANSWER_DONE);
	assert_string_equal(house.template_name, "test/done");
	assert_string_equal(house.data, "{\"n\":1}");
	turn();
	/* The same when it shows already while facts are loaded: the handler is not asked again. */
	submit("r", "doc x", NULL, 0);
	turn();
	assert_true(fake.asked_done);
	handled = 0;
	answer_load(1, STORE_OK, first);
	turn();
	assert_int_equal(house.answers, 2);
	assert_string_equal(house.data, "{\"n\":1}");
	assert_int_equal(handled, 0);
}

static void says_nothing_was_recorded_in_time(void **state)
{
	(void)state;
	fake.ready = false;
	submit("r", "go", NULL, 60);
	turn();
	answer_commit(0, STORE_DOWN, NULL);
	assert_int_equal(house.answers, 0);
	while (house.answers == 0)
		uv_run(&house.loop, UV_RUN_ONCE);
	assert_int_equal(house.kind, ANSWER_NOT_RECORDED);
	assert_string_equal(house.template_name, "system/not_recorded");
	turn();
	assert_int_equal(tasks_running(house.tasks), 0);
	assert_int_equal(fake.commits, 1); /* and it is not written behind the person's back */
}

static void goes_on_when_redis_is_back(void **state)
{
	int64_t first_ms;

	(void)state;
	fake.ready = false;
	submit("r", "go", NULL, 60000);
	turn();
	answer_commit(0, STORE_DOWN, NULL);
	fake.ready = true;
	first_ms = fake.last_now_ms;
	house.clock.base_house_ms += 3600000; /* an hour of outage */
	tasks_store_changed(house.tasks, true);
	turn();
	assert_true(fake.last_now_ms >= first_ms + 3600000); /* the log says when it was written */
	answer_commit(1, STORE_OK, NULL);
	assert_int_equal(house.kind, ANSWER_DONE);
	turn();
}

static void a_lost_commit_is_unsure_at_the_deadline(void **state)
{
	(void)state;
	submit("r", "go", NULL, 60);
	turn();
	fake.ready = false;
	answer_commit(0, STORE_UNKNOWN, NULL);
	while (house.answers == 0)
		uv_run(&house.loop, UV_RUN_ONCE);
	assert_int_equal(house.kind, ANSWER_UNSURE);
	turn();
	assert_int_equal(tasks_running(house.tasks), 0);
}

static void a_slow_commit_is_unsure_and_its_task_waits(void **state)
{
	(void)state;
	submit("r", "go", NULL, 60);
	turn();
	while (house.answers == 0)
		uv_run(&house.loop, UV_RUN_ONCE);
	assert_int_equal(house.kind, ANSWER_UNSURE);
	assert_int_equal(tasks_running(house.tasks), 1);
	answer_commit(0, STORE_OK, NULL);
	turn();
	assert_int_equal(house.answers, 1);
	assert_int_equal(tasks_running(house.tasks), 0);
}

static void full_disk_records_nothing(void **state)
{
	(void)state;
	submit("r", "go", NULL, 60000);
	turn();
	answer_commit(0, STORE_REFUSED, NULL);
	assert_int_equal(house.kind, ANSWER_NOT_RECORDED);
	turn();
}

static void one_document_one_task_at_a_time(void **state)
{
	(void)state;
	submit("a", "doc x", NULL, 0);
	submit("b", "doc x", NULL, 0);
	submit("c", "doc y", NULL, 0);
	turn();
	assert_int_equal(fake.loads, 2); /* a and c; b waits */
	answer_load(0, STORE_OK, NULL);
	turn();
	answer_commit(2, STORE_OK, NULL);
	turn();
	assert_int_equal(fake.loads, 3); /* now b */
	answer_load(1, STORE_OK, NULL);
	answer_load(3, STORE_OK, NULL);
	turn();
	answer_commit(4, STORE_OK, NULL);
	answer_commit(5, STORE_OK, NULL);
	turn();
	assert_int_equal(house.answers, 3);
	assert_int_equal(tasks_running(house.tasks), 0);
}

/* The store gives some answers after this turn's hook: the loop must not sleep on them. */
static void an_answer_between_turns_wakes_the_loop(void **state)
{
	(void)state;
	submit("r", "doc D", NULL, 0);
	turn();
	assert_int_equal(fake.loads, 1);
	assert_int_not_equal(uv_backend_timeout(&house.loop), 0);
	answer_load(0, STORE_OK, NULL);
	assert_int_equal(uv_backend_timeout(&house.loop), 0);
	turn();
	answer_commit(1, STORE_OK, "");
	assert_int_equal(house.kind, ANSWER_DONE);
	turn();
}

static void bounds(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 5; i++)
		submit("r", "go", NULL, 0); /* the limit is 4 */
	assert_int_equal(house.answers, 0);
	turn();
	assert_int_equal(house.answers, 1);
	assert_int_equal(house.kind, ANSWER_BUSY);
	assert_string_equal(house.template_name, "system/busy");
	for (i = 0; i < 4; i++)
		answer_commit(i, STORE_OK, NULL);
	turn();
	assert_int_equal(house.answers, 5);
}

static void endless_and_hungry_requests_fail_alone(void **state)
{
	unsigned i;

	(void)state;
	submit("r", "endless", NULL, 0);
	turn();
	for (i = 0; i < 64 && house.answers == 0; i++) {
		answer_load(fake.n - 1, STORE_OK, NULL);
		turn();
	}
	assert_int_equal(house.answers, 1);
	assert_int_equal(house.kind, ANSWER_BROKEN);
	submit("r2", "hungry", NULL, 0);
	turn();
	assert_int_equal(house.answers, 2);
	assert_int_equal(house.kind, ANSWER_BROKEN);
	assert_string_equal(house.template_name, "system/broken");
	turn();
	assert_int_equal(tasks_running(house.tasks), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answers_after_the_commit, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_and_looks_without_a_commit, setup, teardown),
		cmocka_unit_test_setup_teardown(refused_timer_is_still_taken_away, setup, teardown),
		cmocka_unit_test_setup_teardown(known_request_still_takes_its_timer_away, setup, teardown),
		cmocka_unit_test_setup_teardown(decides_again_after_a_conflict, setup, teardown),
		cmocka_unit_test_setup_teardown(redelivery_gets_the_first_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(says_nothing_was_recorded_in_time, setup, teardown),
		cmocka_unit_test_setup_teardown(goes_on_when_redis_is_back, setup, teardown),
		cmocka_unit_test_setup_teardown(a_lost_commit_is_unsure_at_the_deadline, setup, teardown),
		cmocka_unit_test_setup_teardown(a_slow_commit_is_unsure_and_its_task_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(full_disk_records_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(one_document_one_task_at_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(an_answer_between_turns_wakes_the_loop, setup, teardown),
		cmocka_unit_test_setup_teardown(endless_and_hungry_requests_fail_alone, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
