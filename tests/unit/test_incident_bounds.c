/* test_incident_bounds.c - long, many, late and unknown: each stated bound at its bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "../support/world.h"
#include "tocsin/arena.h"
#include "tocsin/incident.h"
#include "tocsin/plan.h"
#include "tocsin/snapshot.h"

static char *filled(const char *head, char c, size_t n)
{
	char *s = malloc(strlen(head) + n + 1);

	memcpy(s, head, strlen(head));
	memset(s + strlen(head), c, n);
	s[strlen(head) + n] = '\0';
	return s;
}

static void assert_sound(struct world *w)
{
	assert_string_equal(world_faults(w), "");
}

static void test_long_title(void **state)
{
	struct world *w = world_new(&world_plan);
	char *text = filled("P1 ", 'x', 100000);
	const char *doc;

	(void)state;
	world_type(w, "ada", "dev", text);
	assert_sound(w);
	doc = world_doc(w, "incident:INC-1");
	assert_non_null(strstr(doc, "xxx\xe2\x80\xa6\""));
	assert_true(strlen(doc) < 4000);
	assert_non_null(strstr(world_message(w, "INC-1/root"), "P1 INC-1: xxx"));
	free(text);
	/* 200 fit, whole. */
	text = filled("P1 ", 'y', 200);
	world_type(w, "ada", "dev", text);
	assert_non_null(strstr(world_doc(w, "incident:INC-2"), "yyy\""));
	free(text);
	assert_sound(w);
	world_free(w);
}

static void test_long_texts(void **state)
{
	static const char *const heads[] = {"update INC-1 ", "note INC-1 ", "resolve INC-1 ", "reopen INC-1 ",
		"sev INC-1 P2 ", "page INC-1 ben ", "role INC-1 ", "status INC-1 ", "ack INC-1 ", "cancel INC-1 "};
	struct world *w = world_new(&world_plan);

	(void)state;
	world_type(w, "ada", "dev", "P1 x");
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		char *text = filled(heads[i], 'z', 100000);

		world_type(w, "ada", "dev", text);
		free(text);
		assert_sound(w);
		assert_true(strlen(world_doc(w, "incident:INC-1")) < 20000);
	}
	world_free(w);
}

static void test_many_open(void **state)
{
	struct world *w = world_new(&world_plan);
	char text[32];

	(void)state;
	for (int i = 1; i <= 45; i++) {
		snprintf(text, sizeof(text), "P3 number %d", i);
		world_type(w, "ada", "dev", text);
	}
	world_type(w, "ada", "dev", "list");
	assert_non_null(strstr(world_lines(w), "and 25 more"));
	assert_non_null(world_press(w, "ada", "More"));
	assert_non_null(strstr(world_lines(w), "and 5 more"));
	world_mark(w);
	world_type(w, "ada", "dev", "list 3");
	assert_non_null(strstr(world_lines(w), "number 1"));
	assert_null(strstr(world_lines(w), "more"));
	world_mark(w);
	world_type(w, "ada", "dev", "list 99");
	assert_non_null(strstr(world_lines(w), "number 45"));
	world_mark(w);
	world_type(w, "ada", "dev", "ack");
	assert_non_null(strstr(world_lines(w), "and 35 more"));
	assert_sound(w);
	world_free(w);
}

/* A command line that no button can carry: the ids are named, to be typed. */
static void test_picker_too_long(void **state)
{
	struct world *w = world_new(&world_plan);
	char *text = filled("update ", 'u', 2000);

	(void)state;
	world_type(w, "ada", "dev", "P3 a");
	world_type(w, "ada", "dev", "P3 b");
	world_mark(w);
	world_type(w, "ada", "dev", text);
	assert_non_null(strstr(world_lines(w), "Which one is meant"));
	assert_null(strstr(world_lines(w), "[INC-1]"));
	free(text);
	assert_sound(w);
	world_free(w);
}

static void test_timeline_pages(void **state)
{
	struct world *w = world_new(&world_plan);
	char text[64];

	(void)state;
	world_type(w, "ada", "dev", "P3 a");
	for (int i = 1; i <= 600; i++) {
		snprintf(text, sizeof(text), "line %d.", i);
		world_say(w, "ben", "thread INC-1", text);
	}
	world_mark(w);
	world_type(w, "ada", "dev", "timeline");
	assert_non_null(strstr(world_lines(w), "line 600."));
	assert_null(strstr(world_lines(w), "line 500."));
	assert_non_null(strstr(world_lines(w), "470 earlier entries"));
	world_mark(w);
	assert_non_null(world_press(w, "ada", "Earlier"));
	assert_non_null(strstr(world_lines(w), "line 550."));
	assert_non_null(strstr(world_lines(w), "[Later]"));
	assert_sound(w);
	assert_non_null(strstr(world_doc(w, "incident:INC-1"), "\"messages\":600"));
	world_free(w);
}

/* What somebody typed in several lines is one line of the record. */
static void test_timeline_entries_cannot_be_forged(void **state)
{
	struct world *w = world_new(&world_plan);

	(void)state;
	world_type(w, "ada", "dev", "P3 a");
	world_say(w, "ben", "thread INC-1", "x\n\xe2\x80\xa2 10:02 Ada Park acknowledged\r\n- y");
	world_mark(w);
	world_type(w, "ada", "dev", "timeline");
	assert_non_null(strstr(world_lines(w), "x \xe2\x80\xa2 10:02 Ada Park acknowledged - y"));
	assert_sound(w);
	world_free(w);
}

static void test_what_is_not_captured(void **state)
{
	struct world *w = world_new(&world_plan);
	struct request req = {.kind = REQUEST_MESSAGE, .text = "I am a bot", .message_ts = "18.1"};
	size_t before;
	const char *ts;

	(void)state;
	world_type(w, "ada", "dev", "P3 a");
	before = world_log_count(w, "incident:INC-1");
	req.where = world_place(w, "ada", "thread INC-1");
	world_request(w, &req); /* nobody's */
	world_say(w, "ben", "war-room", "beside the thread");
	world_say(w, "ben", "dev", "elsewhere");
	world_say(w, "ben", "thread INC-1", " \n ");
	assert_int_equal(world_log_count(w, "incident:INC-1"), before);
	ts = world_say(w, "ben", "thread INC-1", "inside");
	assert_int_equal(world_log_count(w, "incident:INC-1"), before + 1);
	/* A key event once, by the plan's emoji only, on a captured message only. */
	world_react(w, "ada", "war-room", "eyes", ts);
	world_react(w, "ada", "war-room", "pushpin", "1.1");
	assert_int_equal(world_log_count(w, "incident:INC-1"), before + 1);
	world_react(w, "ada", "war-room", "pushpin", ts);
	world_react(w, "ben", "war-room", "pushpin", ts);
	assert_int_equal(world_log_count(w, "incident:INC-1"), before + 2);
	/* After closing the record is closed. */
	world_type(w, "ada", "dev", "resolve");
	world_type(w, "ada", "dev", "close anyway test");
	before = world_log_count(w, "incident:INC-1");
	world_say(w, "ben", "thread INC-1", "too late");
	assert_int_equal(world_log_count(w, "incident:INC-1"), before);
	assert_sound(w);
	world_free(w);
}

static void test_unknown_requests(void **state)
{
	static const char *const timers[] = {"incident:INC-1:nobody", "incident:INC-99:ladder", "incident:",
		"incident:INC-1", "rollback:1:x", "", "x"};
	struct world *w = world_new(&world_plan);

	(void)state;
	world_type(w, "ada", "dev", "P3 a");
	world_mark(w);
	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++) {
		struct request req = {.kind = REQUEST_TIMER, .timer = timers[i]};

		world_request(w, &req);
	}
	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++) {
		struct request req = {.kind = REQUEST_DELIVERY};

		req.delivery = (struct delivery){.entity = timers[i], .key = "k", .op = "chat.post", .note = "root",
			.outcome = DELIVERY_FAILED, .channel = "", .ts = "", .error = "e", .detail = ""};
		world_request(w, &req);
	}
	assert_string_equal(world_lines(w), "");
	struct request req = {.kind = REQUEST_COMMAND, .family = "incidnet", .text = "ack"};
	assert_non_null(strstr(world_request(w, &req), "/incident"));
	assert_sound(w);
	world_free(w);
}

/* The commit of a late delivery result must not undo what happened meanwhile. */
static void test_root_reported_twice(void **state)
{
	struct world *w = world_new(&world_plan);
	struct request req = {.kind = REQUEST_DELIVERY};

	(void)state;
	world_type(w, "ada", "dev", "P3 a");
	world_mark(w);
	req.delivery = (struct delivery){.entity = "incident:INC-1", .key = "INC-1/root", .op = "chat.post",
		.note = "root", .outcome = DELIVERY_FAILED, .channel = "", .ts = "", .error = "late", .detail = ""};
	world_request(w, &req);
	assert_null(strstr(world_lines(w), "post"));
	assert_null(strstr(world_lines(w), "dm"));
	assert_sound(w);
	world_free(w);
}

/* A plan with more roles, questions and checklist items than a document holds. */
static void test_big_plan(void **state)
{
	static struct plan_role roles[40];
	static struct plan_question questions[60];
	static const char *items[90], *mates[] = {"ada", "ben"};
	static char names[90][16];
	struct plan plan = world_plan;
	struct world *w;

	(void)state;
	for (int i = 0; i < 90; i++) {
		snprintf(names[i], sizeof(names[i]), "item-%d", i);
		items[i] = names[i];
		if (i < 40)
			roles[i] = (struct plan_role){names[i], mates, 2};
		if (i < 60)
			questions[i] = (struct plan_question){.id = names[i], .ask = names[i]};
	}
	plan.incident.roles = roles;
	plan.incident.n_roles = 40;
	plan.incident.collect = questions;
	plan.incident.n_collect = 60;
	plan.incident.close_checklist = items;
	plan.incident.n_close_checklist = 90;
	w = world_new(&plan);
	world_type(w, "ada", "dev", "P3 a");
	world_type(w, "ada", "dev", "form");
	assert_non_null(world_submit(w, "ada", "q.item-0=a;q.item-19=b;q.item-20=c"));
	world_type(w, "ada", "dev", "resolve");
	world_type(w, "ada", "dev", "close");
	world_type(w, "ada", "dev", "done 40");
	world_mark(w);
	world_type(w, "ada", "dev", "done 41");
	assert_non_null(strstr(world_lines(w), "Which item"));
	assert_sound(w);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_long_title),          cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_many_open),           cmocka_unit_test(test_picker_too_long),
		cmocka_unit_test(test_timeline_entries_cannot_be_forged),
		cmocka_unit_test(test_timeline_pages),      cmocka_unit_test(test_what_is_not_captured),
		cmocka_unit_test(test_unknown_requests),    cmocka_unit_test(test_root_reported_twice),
		cmocka_unit_test(test_big_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
