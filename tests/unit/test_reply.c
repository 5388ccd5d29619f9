/* test_reply.c - acknowledgements from a telephone: which incident somebody means who is nowhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "../support/world.h"
#include "tocsin/plan.h"

static struct world *w;

static int setup(void **state)
{
	(void)state;
	w = world_new(&world_plan);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_string_equal(world_faults(w), "");
	world_free(w);
	return 0;
}

/* As a text message, a key or a signed link brings it. */
static const char *reply(const char *person, const char *text)
{
	struct request r;

	request_init(&r);
	r.kind = REQUEST_COMMAND;
	r.source = SOURCE_LINK;
	r.family = "incident";
	r.text = text;
	r.who = (struct actor){PLATFORM_NONE, "person:x", "", plan_person(&world_plan, person)};
	return world_request(w, &r);
}

#define assert_says(text, part) \
	do { \
		const char *says = (text); \
		if (!strstr(says, part)) \
			fail_msg("no \"%s\" in: %s", part, says); \
	} while (0)

static void test_one_page(void **state)
{
	(void)state;
	world_type(w, "chloe", "war-room", "P3 Logo is old"); /* pages nobody */
	world_type(w, "chloe", "war-room", "P1 Checkout is down"); /* pages Ada Park */
	assert_says(reply("ben", "ack"), "No open incident is paging you.");
	assert_says(reply("ada", "ack"), "You have INC-2 now");
	assert_says(world_message(w, "INC-2/pages"), "Ada Park has it");
	assert_says(reply("ada", "ack INC-2"), "You have had INC-2 since");
	/* Anybody of the plan may, paged or not, by its id; the thread says so. */
	assert_says(reply("exec", "ack inc-1"), "You have INC-1 now");
}

static void test_several_pages(void **state)
{
	(void)state;
	world_type(w, "chloe", "war-room", "P1 Checkout is down");
	world_type(w, "chloe", "war-room", "P1 Search is down");
	assert_says(reply("ada", "ack"), "You are paged for INC-2, INC-1. Nothing was changed: say which");
	assert_says(reply("ada", "ack INC-1"), "You have INC-1 now");
	assert_says(reply("ada", "ack"), "You have INC-2 now");
}

/* The room of the incident is for people of the chat platform: their id there, or none. */
static void test_invited_by_their_id_in_chat(void **state)
{
	(void)state;
	world_type(w, "chloe", "war-room", "P0 Checkout is down");
	world_mark(w);
	reply("exec", "ack INC-1");
	assert_says(world_lines(w), "U0EVE");
	assert_null(strstr(world_lines(w), "person:"));
	world_type(w, "chloe", "war-room", "P0 Search is down");
	world_mark(w);
	reply("dev", "ack INC-2"); /* has no Slack id */
	assert_null(strstr(world_lines(w), "person:"));
}

static void test_over_and_unknown(void **state)
{
	(void)state;
	assert_says(reply("ada", "ack"), "No open incident is paging you.");
	world_type(w, "ada", "war-room", "P1 Checkout is down");
	world_type(w, "ada", "war-room", "resolve INC-1 rolled back");
	assert_says(reply("ada", "ack INC-1"), "INC-1 is resolved already");
	assert_says(reply("ada", "ack INC-99"), "INC-99");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_page, setup, teardown),
		cmocka_unit_test_setup_teardown(test_several_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_invited_by_their_id_in_chat, setup, teardown),
		cmocka_unit_test_setup_teardown(test_over_and_unknown, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
