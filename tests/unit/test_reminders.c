/* test_reminders.c - who is reminded of what, when, and when it ends. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "../support/pager.h"
#include "../support/pager_plan.h"

static struct pager w;
static struct plan plan;

static int teardown(void **state)
{
	(void)state;
	pager_release(&w);
	return 0;
}

static void begin(const char *severity)
{
	static const char *const checklist[] = {"Remove maintenance windows"};

	plan = test_plan;
	plan.incident.close_checklist = checklist;
	plan.incident.n_close_checklist = 1;
	pager_init(&w, &plan, severity, T0);
}

static void set_role(struct incident *inc, const char *role, const char *person, const char *user)
{
	struct incident_role *r = &inc->roles[inc->n_roles++];

	*r = (struct incident_role){.key = role, .who = {person, user, *person ? person : "A Guest"}};
}

static void with_coordinator(struct incident *inc, int64_t now_ms)
{
	(void)now_ms;
	set_role(inc, "coordinator", "ben", "U0BEN");
}

static void nothing(struct incident *inc, int64_t now_ms)
{
	(void)inc;
	(void)now_ms;
}

static void update(struct incident *inc, int64_t now_ms)
{
	inc->update_ms = inc->activity_ms = now_ms;
	inc->update_due_ms = now_ms + 15 * MINUTE;
}

static void coordinated(struct incident *inc, int64_t now_ms)
{
	with_coordinator(inc, now_ms);
	update(inc, now_ms);
}

static void talk(struct incident *inc, int64_t now_ms)
{
	inc->activity_ms = now_ms;
}

static void resolve(struct incident *inc, int64_t now_ms)
{
	inc->status = INCIDENT_RESOLVED;
	inc->resolved_ms = now_ms;
	inc->resolved_by = (struct incident_who){"ben", "U0BEN", "Ben Ortiz"};
	inc->postmortem_due_ms = now_ms + 24 * HOUR;
}

static void reopen(struct incident *inc, int64_t now_ms)
{
	inc->status = INCIDENT_INVESTIGATING;
	inc->resolved_ms = inc->postmortem_due_ms = 0;
	inc->activity_ms = now_ms;
}

static bool says(const char *template_name, const char *text)
{
	const struct pager_send *s = pager_last(&w, template_name);

	return s && strstr(s->send.data, text);
}

/* --- an update is due ---------------------------------------------------------------------- */

static void test_update(void **state)
{
	(void)state;
	begin("P0");
	pager_change(&w, coordinated);
	assert_int_equal(pager_timer_due(&w, "remind:update"), T0 + 15 * MINUTE);
	pager_until(&w, T0 + 15 * MINUTE - 1);
	assert_int_equal(pager_count(&w, "reminder/update"), 0);
	pager_until(&w, T0 + 15 * MINUTE);
	assert_int_equal(pager_count(&w, "reminder/update"), 1);
	assert_true(says("reminder/update", "\"person\":\"ben\""));
	/* Ignored: the role's succession, the tech lead, the people who are told. */
	pager_until(&w, T0 + 23 * MINUTE);
	assert_true(says("reminder/update", "\"person\":\"chloe\""));
	assert_true(says("reminder/update", "\"again\":true"));
	pager_until(&w, T0 + 30 * MINUTE);
	assert_true(says("reminder/update", "\"person\":\"ada\""));
	pager_until(&w, T0 + 38 * MINUTE);
	assert_int_equal(pager_count(&w, "reminder/update"), 4);
	assert_true(says("reminder/update", "\"person\":\"exec\""));
	/* An update begins again, with the first. */
	pager_change(&w, update);
	assert_int_equal(pager_timer_due(&w, "remind:update"), T0 + 53 * MINUTE);
	pager_until(&w, T0 + 53 * MINUTE);
	assert_true(says("reminder/update", "\"person\":\"ben\""));
	assert_true(says("reminder/update", "\"again\":false"));
}

static void test_update_pushed_back(void **state)
{
	(void)state;
	begin("P0");
	pager_change(&w, coordinated);
	pager_until(&w, T0 + 14 * MINUTE);
	pager_change(&w, talk);
	assert_int_equal(pager_timer_due(&w, "remind:update"), T0 + 19 * MINUTE);
	/* Talk alone is no update: two rounds at most. */
	for (int i = 0; i < 30; i++) {
		pager_until(&w, w.now_ms + MINUTE);
		pager_change(&w, talk);
	}
	assert_true(pager_count(&w, "reminder/update") >= 1);
	assert_int_equal(pager_last(&w, "reminder/update")->at_ms, T0 + 30 * MINUTE);
}

/* Days of silence: twelve times, and the last says so. After that the thread is quiet. */
static void test_update_ends(void **state)
{
	(void)state;
	begin("P0");
	pager_change(&w, coordinated);
	pager_until(&w, T0 + 14 * HOUR);
	assert_int_equal(pager_count(&w, "reminder/update"), REMINDERS_MAX);
	assert_true(says("reminder/update", "\"stops\":true"));
	assert_int_equal(pager_timer_due(&w, "remind:update"), 0);
	pager_change(&w, talk);
	assert_int_equal(pager_timer_due(&w, "remind:update"), 0);
	pager_change(&w, update);
	assert_int_equal(pager_timer_due(&w, "remind:update"), T0 + 14 * HOUR + 15 * MINUTE);
}

/* Down for a day: one reminder of a kind, and the next is counted from now. */
static void test_no_burst(void **state)
{
	(void)state;
	begin("P0");
	pager_change(&w, coordinated);
	w.now_ms = T0 + 24 * HOUR;
	pager_fire(&w, "remind:update");
	assert_int_equal(pager_count(&w, "reminder/update"), 1);
	assert_int_equal(pager_timer_due(&w, "remind:update"), w.now_ms + 7 * MINUTE + MINUTE / 2);
	/* A second firing of the same timer says nothing, and takes nothing away. */
	pager_fire(&w, "remind:update");
	assert_int_equal(pager_count(&w, "reminder/update"), 1);
	assert_int_equal(pager_timer_due(&w, "remind:update"), w.now_ms + 7 * MINUTE + MINUTE / 2);
	pager_fire(&w, "remind:fix");
	assert_int_equal(pager_count(&w, "reminder/fix"), 1);
	assert_true(says("reminder/fix", "\"over\":true"));
	assert_int_equal(pager_timer_due(&w, "remind:fix"), w.now_ms + 30 * MINUTE);
}

/* --- the others ---------------------------------------------------------------------------- */

static void test_fix(void **state)
{
	(void)state;
	begin("P0");
	pager_change(&w, nothing);
	assert_int_equal(pager_timer_due(&w, "remind:fix"), T0 + 48 * MINUTE);
	pager_until(&w, T0 + 48 * MINUTE);
	assert_true(says("reminder/fix", "\"over\":false"));
	assert_true(says("reminder/fix", "\"person\":\"ada\""));
	pager_until(&w, T0 + HOUR);
	assert_int_equal(pager_count(&w, "reminder/fix"), 2);
	assert_true(says("reminder/fix", "\"over\":true"));
	pager_until(&w, T0 + 90 * MINUTE);
	assert_int_equal(pager_count(&w, "reminder/fix"), 3);
	pager_change(&w, resolve);
	assert_int_equal(pager_timer_due(&w, "remind:fix"), 0);
	/* Opened again: not the moment to say that it is late. */
	pager_change(&w, reopen);
	assert_int_equal(pager_timer_due(&w, "remind:fix"), T0 + 95 * MINUTE);
}

static void test_coordinator(void **state)
{
	(void)state;
	begin("P1");
	pager_change(&w, nothing);
	pager_until(&w, T0 + 5 * MINUTE);
	assert_int_equal(pager_count(&w, "reminder/coordinator"), 1);
	assert_true(says("reminder/coordinator", "\"person\":\"chloe\""));
	pager_until(&w, T0 + 15 * MINUTE);
	assert_true(says("reminder/coordinator", "\"person\":\"ada\""));
	pager_change(&w, with_coordinator);
	assert_int_equal(pager_timer_due(&w, "remind:coordinator"), 0);
	pager_until(&w, T0 + HOUR);
	assert_int_equal(pager_count(&w, "reminder/coordinator"), 2);
	pager_release(&w);
	/* Nobody waits for a cosmetic fault to be coordinated. */
	begin("P3");
	pager_change(&w, nothing);
	assert_int_equal(w.n_timers, 0);
}

/* No ladder, but an answer is expected. */
static void test_ack(void **state)
{
	(void)state;
	begin("P4");
	pager_change(&w, nothing);
	pager_until(&w, T0 + 10 * MINUTE);
	assert_int_equal(pager_count(&w, "reminder/ack"), 1);
	pager_ack(&w, "ada");
	assert_int_equal(pager_timer_due(&w, "remind:ack"), 0);
	pager_release(&w);
	begin("P0"); /* here people are paged */
	pager_start(&w);
	assert_int_equal(pager_timer_due(&w, "remind:ack"), 0);
}

static void done(struct incident *inc, int64_t now_ms)
{
	inc->postmortem_done_ms = now_ms;
	inc->items[0] = (struct incident_item){"Remove maintenance windows", {"ben", "", "Ben Ortiz"}, now_ms};
	inc->n_items = 1;
}

static void test_afterwards(void **state)
{
	int64_t t;

	(void)state;
	begin("P0");
	pager_change(&w, nothing);
	w.now_ms = t = T0 + 20 * MINUTE;
	pager_change(&w, resolve);
	assert_int_equal(pager_timer_due(&w, "remind:update"), 0);
	assert_int_equal(pager_timer_due(&w, "remind:coordinator"), 0);
	pager_until(&w, t + HOUR);
	assert_int_equal(pager_count(&w, "reminder/checklist"), 1);
	assert_true(says("reminder/checklist", "Ben Ortiz"));
	pager_until(&w, t + 24 * HOUR / 5 * 4);
	assert_int_equal(pager_count(&w, "reminder/postmortem"), 1);
	assert_true(says("reminder/postmortem", "\"over\":false"));
	pager_until(&w, t + 24 * HOUR);
	assert_true(says("reminder/postmortem", "\"over\":true"));
	pager_until(&w, t + 240 * HOUR);
	assert_int_equal(pager_count(&w, "reminder/checklist"), 3);
	assert_true(says("reminder/checklist", "\"stops\":true"));
	pager_change(&w, done);
	assert_int_equal(w.n_timers, 0);
}

/* A coordinator who is not in the plan is still the first to hear. */
static void with_guest(struct incident *inc, int64_t now_ms)
{
	set_role(inc, "coordinator", "", "U0GUEST");
	update(inc, now_ms);
}

static void test_guest(void **state)
{
	(void)state;
	begin("P0");
	pager_change(&w, with_guest);
	pager_until(&w, T0 + 15 * MINUTE);
	assert_true(says("reminder/update", "A Guest"));
	pager_until(&w, T0 + 23 * MINUTE);
	assert_true(says("reminder/update", "\"person\":\"chloe\""));
}

static void test_strays(void **state)
{
	(void)state;
	begin("P3");
	pager_fire(&w, "remind:update");
	pager_fire(&w, "remind:checklist");
	assert_int_equal(w.n_sends, 0);
	assert_int_equal(w.n_timers, 0);
}

#define T(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_update), T(test_update_pushed_back), T(test_update_ends), T(test_no_burst), T(test_fix),
		T(test_coordinator), T(test_ack), T(test_afterwards), T(test_guest), T(test_strays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
