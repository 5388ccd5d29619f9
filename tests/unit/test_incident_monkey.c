/* test_incident_monkey.c - people do whatever, in any order, while time passes and things break; what
 * must always hold still holds. The same numbers every time: a failure names its seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "../support/world.h"
#include "tocsin/arena.h"
#include "tocsin/incident.h"

#define SEEDS 40
#define STEPS 120

static uint32_t state_now;
static unsigned seen[INCIDENT_STATUSES], acked, in_rooms, moved, captured, ticked;

static uint32_t pick(uint32_t n)
{
	state_now ^= state_now << 13;
	state_now ^= state_now >> 17;
	state_now ^= state_now << 5;
	return state_now % n;
}

#define ONE_OF(list) ((list)[pick(sizeof(list) / sizeof((list)[0]))])

static const char *const people[] = {"ada", "ben", "chloe", "exec", "mia"};
static const char *const places[] = {"dev", "war-room", "travel", "dm"};
static const char *const commands[] = {
	"P0 down", "P1 slow", "P3 typo", "drill P1 practice", "", "ack", "ack take", "update it moves",
	"update monitoring: watching", "status identified", "sev P0 worse", "sev P2", "sev P3 milder",
	"role coordinator", "role tech-lead me", "role scribe @exec", "role scribe nobody", "page ben now",
	"page product-manager", "page nobody", "note a remark", "resolve", "resolve rolled back", "reopen",
	"reopen it is back", "close", "close anyway enough", "done 1", "done 2", "cancel", "form", "widen",
	"postmortem", "postmortem done https://docs.example.com/x", "list", "list closed", "show",
	"timeline", "help", "ack INC-1", "resolve INC-1", "reopen INC-1", "close INC-1", "sev INC-2 P0",
	"update INC-2 x", "ack 3", "resolvee", "sev 1 what", "1 ack",
};
static const char *const buttons[] = {"Acknowledge", "Resolve", "Update", "Close", "Reopen", "INC-1",
	"INC-2", "Done: 1", "Done: 2", "Close INC-1", "Take it over", "Fill in what is missing", "Tell them",
	"It is back", "Timeline"};
static const char *const trouble[] = {"C0WARROOM", "chat.room", "C0ROOM1", "dev", "U0BEN", "user:U0ADA",
	"person:exec"};
static const char *const errors[] = {"not_in_channel", "is_archived", "", "", "msg_too_long"};

static void step(struct world *w)
{
	const char *who = ONE_OF(people);

	switch (pick(10)) {
	case 0:
		world_advance(w, (int64_t)(1 + pick(40)) * MINUTE_MS);
		return;
	case 1:
		world_press(w, who, ONE_OF(buttons));
		return;
	case 2:
		world_submit(w, who, pick(2) ? "title=Form;severity=P1;q.impact=all;text=new;summary=over" : "title=");
		return;
	case 3:
		if (*world_message(w, "INC-1/root"))
			world_say(w, who, "thread INC-1", "some words");
		return;
	case 4:
		if (pick(3) == 0)
			world_break(w, ONE_OF(trouble), ONE_OF(errors));
		else
			world_conflict(w, pick(3));
		return;
	case 5:
		if (*world_message(w, "INC-1/root"))
			world_command(w, SOURCE_MENTION, who, "thread INC-1", ONE_OF(commands), false);
		return;
	case 6:
		world_sleep(w, (int64_t)pick(300) * MINUTE_MS);
		return;
	default:
		world_type(w, who, ONE_OF(places), ONE_OF(commands));
		return;
	}
}

static void check(struct world *w, uint32_t seed, int at)
{
	if (*world_faults(w))
		fail_msg("seed %u step %d: %s", seed, at, world_faults(w));
	for (int n = 1; n < 200; n++) {
		struct arena *a = arena_new((size_t)1 << 22);
		char id[32], prefix[48];
		struct incident inc;
		const char *doc;

		snprintf(id, sizeof(id), "incident:INC-%d", n);
		doc = world_doc(w, id);
		if (!*doc) {
			arena_free(a);
			return;
		}
		if (incident_decode(a, doc, strlen(doc), &inc) < 0)
			fail_msg("seed %u step %d: %s is broken", seed, at, id);
		seen[inc.status]++;
		acked += incident_is_acked(&inc);
		in_rooms += *inc.home.room != '\0';
		moved += inc.home.moves > 0;
		captured += inc.n_messages > 0;
		ticked += inc.n_items && inc.items[0].done_ms;
		snprintf(prefix, sizeof(prefix), "%s:ladder", id);
		/* Nobody is paged once somebody has it, or it is over. */
		if ((incident_is_acked(&inc) || !incident_is_open(&inc)) && world_timers(w, prefix))
			fail_msg("seed %u step %d: %s has a ladder timer", seed, at, id);
		snprintf(prefix, sizeof(prefix), "%s:reach", id);
		if (!incident_is_open(&inc) && world_timers(w, prefix))
			fail_msg("seed %u step %d: %s has a reach timer", seed, at, id);
		if (!incident_is_open(&inc) && inc.update_due_ms)
			fail_msg("seed %u step %d: %s owes an update", seed, at, id);
		assert_int_equal(world_indexed(w, "incident:open", inc.id), incident_is_open(&inc));
		assert_int_equal(world_indexed(w, "incident:closed", inc.id),
			inc.status == INCIDENT_CLOSED || inc.status == INCIDENT_CANCELLED);
		arena_free(a);
	}
}

static void test_monkey(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= SEEDS; seed++) {
		struct world *w = world_new(&world_plan);

		state_now = seed * 2654435761u;
		for (int i = 0; i < STEPS; i++) {
			step(w);
			check(w, seed, i);
		}
		world_free(w);
	}
	/* It was worth the time: every corner has been visited. */
	for (int i = 0; i < INCIDENT_STATUSES; i++)
		if (!seen[i])
			fail_msg("no incident was ever %s", incident_status_name((enum incident_status)i));
	assert_true(acked && in_rooms && moved && captured && ticked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_monkey)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
