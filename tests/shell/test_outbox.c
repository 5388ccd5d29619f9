/*
 * test_outbox.c - promises become deliveries, with a store, a sender and tasks that do as they are
 * told: order, guards, overtaken updates, retries, giving up, and what is removed when.
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
#include "bot/outbox.h"
#include "bot/sender.h"
#include "bot/store/store.h"
#include "bot/tasks.h"
#include "tocsin/arena.h"
#include "tocsin/plan.h"

/* --- who does as told ---------------------------------------------------------------------- */

struct waiting_look {
	char entity[32], ref[32];
	store_look_fn fn;
	void *ud;
};

struct waiting_send {
	char key[32];
	unsigned attempt;
	bool maybe_sent;
	char root_ts[32];
	sent_fn fn;
	void *ud;
};

static struct {
	store_outbox_fn claim[LANES];
	void *claim_ud[LANES];
	struct waiting_look looks[16];
	unsigned n_looks;
	struct waiting_send sends[16];
	unsigned n_sends;
	store_touch_fn touched;
	void *touched_ud;
	size_t touched_n;
	store_commit_fn committed;
	void *committed_ud;
	unsigned commits;
	char done_entry[32], ref[32], ref_ts[32];
	unsigned told;
	enum delivery_outcome told_outcome;
	char told_key[32], told_error[32], told_entry[32];
	answer_fn told_fn;
	void *told_ud;
} fake;

bool store_ready(const struct store *s)
{
	(void)s;
	return true;
}

void store_outbox_claim(struct store *s, enum lane lane, size_t max, int64_t lease_ms, store_outbox_fn fn,
	void *ud)
{
	(void)s;
	assert_true(max > 0 && lease_ms > 0);
	assert_null(fake.claim[lane]);
	fake.claim[lane] = fn;
	fake.claim_ud[lane] = ud;
}

void store_outbox_touch(struct store *s, enum lane lane, const char *const *ids, size_t n,
	store_touch_fn fn, void *ud)
{
	(void)s;
	(void)lane;
	assert_true(n > 0 && *ids[0]);
	assert_null(fake.touched);
	fake.touched = fn;
	fake.touched_ud = ud;
	fake.touched_n = n;
}

void store_look(struct store *s, const char *entity, const char *ref, store_look_fn fn, void *ud)
{
	struct waiting_look *l = &fake.looks[fake.n_looks++];

	(void)s;
	snprintf(l->entity, sizeof(l->entity), "%s", entity);
	snprintf(l->ref, sizeof(l->ref), "%s", ref);
	l->fn = fn;
	l->ud = ud;
}

void store_commit(struct store *s, const struct commit *c, store_commit_fn fn, void *ud)
{
	(void)s;
	fake.commits++;
	fake.committed = fn;
	fake.committed_ud = ud;
	snprintf(fake.done_entry, sizeof(fake.done_entry), "%s", c->done_entry);
	snprintf(fake.ref, sizeof(fake.ref), "%s", c->ref);
	snprintf(fake.ref_ts, sizeof(fake.ref_ts), "%s", c->ref_ts);
}

void tasks_submit(struct tasks *t, struct arena *arena, struct request *r, const struct task_origin *origin,
	int64_t deadline_ms, answer_fn fn, void *ud)
{
	(void)t;
	assert_int_equal(r->kind, REQUEST_DELIVERY);
	assert_int_equal(deadline_ms, 0);
	fake.told++;
	fake.told_outcome = r->delivery.outcome;
	snprintf(fake.told_key, sizeof(fake.told_key), "%s", r->delivery.key);
	snprintf(fake.told_error, sizeof(fake.told_error), "%s", r->delivery.error);
	snprintf(fake.told_entry, sizeof(fake.told_entry), "%s", origin->entry);
	fake.told_fn = fn;
	fake.told_ud = ud;
	arena_free(arena);
}

static void fake_send(void *self, const struct outgoing *o, sent_fn fn, void *ud)
{
	struct waiting_send *w = &fake.sends[fake.n_sends++];

	(void)self;
	snprintf(w->key, sizeof(w->key), "%s", o->send->key);
	snprintf(w->root_ts, sizeof(w->root_ts), "%s", o->ref_ts);
	w->attempt = o->attempt;
	w->maybe_sent = o->maybe_sent;
	w->fn = fn;
	w->ud = ud;
}

/* --- the house around it ----------------------------------------------------------------------- */

static struct plan plan;
static struct sender sender = {.ops = "chat. mail", .send = fake_send};
static uv_loop_t loop;
static struct clock house_clock;
static struct outbox *ob;

static struct plan *take(void *ud)
{
	(void)ud;
	return &plan;
}

static void give(void *ud, struct plan *p)
{
	(void)ud;
	(void)p;
}

static int setup(void **state)
{
	struct outbox_options o = {.loop = &loop, .clock = &house_clock, .plan_take = take, .plan_give = give};

	(void)state;
	memset(&fake, 0, sizeof(fake));
	log_setup(LOG_ERROR + 1, LOG_LOGFMT);
	uv_loop_init(&loop);
	clock_init(&house_clock, 0, 1.0);
	ob = outbox_new(&o);
	return outbox_add_sender(ob, &sender);
}

/* What was asked for and is not answered holds memory of the outbox: answer it. */
static int teardown(void **state)
{
	unsigned lane;

	(void)state;
	outbox_stop(ob);
	for (lane = 0; lane < LANES; lane++)
		if (fake.claim[lane])
			fake.claim[lane](fake.claim_ud[lane], STORE_DOWN, NULL, 0);
	if (fake.touched)
		fake.touched(fake.touched_ud, STORE_DOWN, NULL, 0);
	outbox_close(ob);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	return 0;
}

static void give_entries(enum lane lane, const struct store_entry *e, size_t n)
{
	store_outbox_fn fn;

	if (!fake.claim[lane])
		outbox_wake(ob, OUTBOX_ALL_LANES);
	fn = fake.claim[lane];
	assert_non_null(fn);
	fake.claim[lane] = NULL;
	fn(fake.claim_ud[lane], STORE_OK, e, n);
}

static struct store_entry entry(const char *id, const char *op, const char *key)
{
	struct store_entry e = {.id = id, .created_ms = clock_now_ms(&house_clock), .deliveries = 1};

	e.send.op = op;
	e.send.key = key;
	e.send.entity = "incident:INC-1";
	return e;
}

static void look(unsigned i, const char *guard, const char *ts, const char *newest)
{
	struct store_look l = {.guard = guard, .ref_channel = *ts ? "C1" : "", .ref_ts = ts,
		.newest_update_key = newest};

	assert_true(i < fake.n_looks);
	fake.looks[i].fn(fake.looks[i].ud, STORE_OK, &l);
}

static void sent(unsigned i, enum sent_outcome outcome, int64_t retry_after_ms)
{
	struct sent s = {.outcome = outcome, .channel = "C1", .ts = "17.5",
		.error = outcome == SENT_ACCEPTED ? "" : "no", .retry_after_ms = retry_after_ms};

	assert_true(i < fake.n_sends);
	fake.sends[i].fn(fake.sends[i].ud, &s);
}

static void commit_is(enum store_status status)
{
	struct store_answer a = {.status = status};

	fake.committed(fake.committed_ud, &a);
}

static void wait_sends(unsigned n)
{
	while (fake.n_sends < n)
		uv_run(&loop, UV_RUN_ONCE);
}

/* --- the cases --------------------------------------------------------------------------------------- */

static void accepted_is_removed_by_a_commit_that_notes_the_ref(void **state)
{
	struct store_entry e = entry("1-0", "chat.post", "k1");

	(void)state;
	e.send.ref = "INC-1/root";
	give_entries(LANE_CHAT, &e, 1);
	assert_int_equal(fake.n_sends, 1);
	assert_int_equal(fake.commits, 0);
	sent(0, SENT_ACCEPTED, -1);
	assert_string_equal(fake.done_entry, "1-0");
	assert_string_equal(fake.ref, "INC-1/root");
	assert_string_equal(fake.ref_ts, "17.5");
	commit_is(STORE_OK);
	assert_int_equal(fake.told, 0); /* nobody asked to hear of it */
}

static void one_entity_goes_in_order_and_pages_side_by_side(void **state)
{
	struct store_entry e[3] = {entry("1-0", "chat.post", "a"), entry("1-1", "chat.post", "b"),
		entry("1-2", "chat.post", "c")};

	(void)state;
	e[2].send.entity = "incident:INC-2";
	give_entries(LANE_CHAT, e, 3);
	assert_int_equal(fake.n_sends, 2); /* a, and c of another incident */
	assert_string_equal(fake.sends[0].key, "a");
	assert_string_equal(fake.sends[1].key, "c");
	sent(0, SENT_ACCEPTED, -1);
	assert_int_equal(fake.n_sends, 2); /* not before a is removed */
	commit_is(STORE_OK);
	assert_int_equal(fake.n_sends, 3);
	assert_string_equal(fake.sends[2].key, "b");
	give_entries(LANE_PAGE, e, 2);
	assert_int_equal(fake.n_sends, 5);
}

static void page_with_a_guard_that_changed_is_not_sent(void **state)
{
	struct store_entry e = entry("1-0", "chat.post", "INC-1/page/1");

	(void)state;
	e.send.guard = "e1";
	give_entries(LANE_PAGE, &e, 1);
	assert_int_equal(fake.n_sends, 0);
	look(0, "e2", "", "");
	assert_int_equal(fake.n_sends, 0);
	assert_string_equal(fake.done_entry, "1-0");
	commit_is(STORE_OK);
	e.id = "1-1";
	give_entries(LANE_PAGE, &e, 1);
	look(1, "e1", "", "");
	assert_int_equal(fake.n_sends, 1);
}

/* A storm of pages to one person: waiting for a turn is no failed attempt, however often, and an
 * acknowledgement in the meantime takes the page back. */
static void page_that_waits_for_its_turn_is_looked_at_again(void **state)
{
	struct store_entry e = entry("1-0", "chat.post", "INC-1/page/1");
	const struct sent queued = {.outcome = SENT_LATER, .channel = "", .ts = "", .error = "queued",
		.retry_after_ms = 0, .untried = true};
	unsigned i;

	(void)state;
	e.send.guard = "e1";
	give_entries(LANE_PAGE, &e, 1);
	for (i = 0; i < 6; i++) {
		look(i, "e1", "", "");
		assert_int_equal(fake.n_sends, i + 1);
		assert_int_equal(fake.sends[i].attempt, 1);
		fake.sends[i].fn(fake.sends[i].ud, &queued);
		assert_int_equal(fake.commits, 0);
		while (fake.n_looks < i + 2)
			uv_run(&loop, UV_RUN_ONCE);
	}
	look(i, "e2", "", "");
	assert_int_equal(fake.n_sends, 6);
	assert_string_equal(fake.done_entry, "1-0");
	commit_is(STORE_OK);
}

/* A way with another behind it does not wait longer than its time. */
static void page_that_waits_too_long_for_its_turn_moves_on(void **state)
{
	struct store_entry e = entry("1-0", "chat.post", "INC-1/page/1");
	const struct sent queued = {.outcome = SENT_LATER, .channel = "", .ts = "", .error = "queued",
		.retry_after_ms = 3000, .untried = true};
	const struct answer done = {.kind = ANSWER_DONE};

	(void)state;
	e.send.not_after_ms = clock_now_ms(&house_clock) - 1;
	give_entries(LANE_PAGE, &e, 1);
	fake.sends[0].fn(fake.sends[0].ud, &queued);
	assert_int_equal(fake.told, 1);
	assert_int_equal(fake.told_outcome, DELIVERY_FAILED);
	assert_string_equal(fake.told_error, "queued");
	fake.told_fn(fake.told_ud, &done);
}

static void overtaken_update_is_dropped(void **state)
{
	struct store_entry e = entry("1-0", "chat.update", "v3");

	(void)state;
	e.send.ref = "INC-1/root";
	give_entries(LANE_CHAT, &e, 1);
	look(0, "", "17.5", "v4");
	assert_int_equal(fake.n_sends, 0);
	assert_int_equal(fake.commits, 1);
}

static void reply_waits_for_its_root(void **state)
{
	struct store_entry e = entry("1-0", "chat.post", "reply");

	(void)state;
	e.send.thread_ref = "INC-1/root";
	give_entries(LANE_CHAT, &e, 1);
	assert_string_equal(fake.looks[0].ref, "INC-1/root");
	look(0, "", "", "");
	assert_int_equal(fake.n_sends, 0);
	while (fake.n_looks < 2)
		uv_run(&loop, UV_RUN_ONCE);
	look(1, "", "17.1", "");
	assert_int_equal(fake.n_sends, 1);
	assert_string_equal(fake.sends[0].root_ts, "17.1");
}

static void a_root_that_is_posted_anew_overtakes_what_waits_for_it(void **state)
{
	struct store_entry e[3] = {entry("1-0", "chat.post", "first"), entry("1-1", "chat.post", "second"),
		entry("1-2", "chat.post", "root")};

	(void)state;
	e[0].send.thread_ref = e[1].send.thread_ref = "INC-1/root";
	e[2].send.ref = "INC-1/root";
	give_entries(LANE_CHAT, e, 3);
	look(0, "", "", "");
	assert_int_equal(fake.n_looks, 1); /* the second still waits for the first */
	assert_int_equal(fake.n_sends, 1);
	assert_string_equal(fake.sends[0].key, "root");
	sent(0, SENT_ACCEPTED, -1);
	commit_is(STORE_OK);
	while (fake.n_looks < 2)
		uv_run(&loop, UV_RUN_ONCE);
	look(1, "", "17.5", "");
	assert_string_equal(fake.sends[1].key, "first");
}

static void refused_is_told_with_the_entry_it_finishes(void **state)
{
	struct store_entry e = entry("1-0", "chat.post", "k");
	struct answer done = {.kind = ANSWER_DONE}, not_recorded = {.kind = ANSWER_NOT_RECORDED};

	(void)state;
	give_entries(LANE_CHAT, &e, 1);
	sent(0, SENT_REFUSED, -1);
	assert_int_equal(fake.told, 1);
	assert_int_equal(fake.told_outcome, DELIVERY_FAILED);
	assert_string_equal(fake.told_error, "no");
	assert_string_equal(fake.told_entry, "1-0");
	fake.told_fn(fake.told_ud, &not_recorded); /* Redis was away: the verdict is told again, */
	while (fake.told < 2)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(fake.n_sends, 1);         /* and nothing is sent again */
	fake.told_fn(fake.told_ud, &done);
}

static void unknown_fate_is_looked_for_before_it_is_sent_again(void **state)
{
	struct store_entry e = entry("1-0", "chat.post", "k");

	(void)state;
	give_entries(LANE_CHAT, &e, 1);
	assert_false(fake.sends[0].maybe_sent);
	sent(0, SENT_UNKNOWN, 0);
	wait_sends(2);
	assert_true(fake.sends[1].maybe_sent);
	assert_int_equal(fake.sends[1].attempt, 2);
	sent(1, SENT_ACCEPTED, -1);
	commit_is(STORE_OK);
	/* A second delivery by the store means that a crash may have been in mid-send. */
	e.id = "2-0";
	e.deliveries = 2;
	give_entries(LANE_CHAT, &e, 1);
	assert_true(fake.sends[2].maybe_sent);
}

static void page_gives_up_soon_and_says_so(void **state)
{
	struct store_entry e = entry("1-0", "mail", "INC-1/page/1");

	(void)state;
	give_entries(LANE_PAGE, &e, 1);
	sent(0, SENT_LATER, 0);
	wait_sends(2);
	sent(1, SENT_LATER, 0);
	wait_sends(3);
	sent(2, SENT_LATER, 0);
	assert_int_equal(fake.told, 1);
	assert_int_equal(fake.told_outcome, DELIVERY_FAILED);
	/* "Come back in a minute" is an answer too: the person's next way is quicker. */
	e.id = "1-1";
	give_entries(LANE_PAGE, &e, 1);
	sent(3, SENT_LATER, 60000);
	assert_int_equal(fake.told, 2);
}

static void unknown_way_is_told(void **state)
{
	struct store_entry e = entry("1-0", "carrier-pigeon", "k");

	(void)state;
	give_entries(LANE_CALL, &e, 1);
	assert_int_equal(fake.n_sends, 0);
	assert_int_equal(fake.told, 1);
	assert_string_equal(fake.told_error, "no_such_way");
}

static void held_entry_is_not_taken_twice(void **state)
{
	struct store_entry e = entry("1-0", "chat.post", "k");

	(void)state;
	give_entries(LANE_CHAT, &e, 1);
	give_entries(LANE_CHAT, &e, 1); /* its lease ran out while the receiver was slow */
	assert_int_equal(fake.n_sends, 1);
	sent(0, SENT_ACCEPTED, -1);
	commit_is(STORE_DOWN);
	while (fake.commits < 2)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(fake.n_sends, 1);
	commit_is(STORE_OK);
}

static void holds_no_more_than_its_bound(void **state)
{
	static char ids[OUTBOX_CHAT_HELD_MAX][16];
	unsigned i;

	(void)state;
	for (i = 0; i < OUTBOX_CHAT_HELD_MAX; i++) {
		struct store_entry e = entry(ids[i], "chat.post", "k");

		snprintf(ids[i], sizeof(ids[i]), "%u-0", i + 1);
		if (!fake.claim[LANE_CHAT])
			outbox_wake(ob, OUTBOX_ALL_LANES);
		if (!fake.claim[LANE_CHAT])
			break;
		give_entries(LANE_CHAT, &e, 1);
	}
	/* It stops asking while a whole claim would not fit any more. */
	assert_true(i > OUTBOX_CHAT_HELD_MAX / 2 && i < OUTBOX_CHAT_HELD_MAX);
	assert_int_equal(fake.n_sends, 1); /* all of one incident: one after another */
}

/* Leases are asked about every few seconds; what is not ours any more is let go of. */
static void what_another_process_has_taken_over_is_left_to_it(void **state)
{
	struct store_entry e[3] = {entry("1-0", "chat.post", "waits"), entry("1-1", "chat.post", "kept"),
		entry("1-2", "chat.post", "sending")};
	const char *const kept[] = {"1-1", "9-9"};
	store_touch_fn fn;

	(void)state;
	e[1].send.entity = "incident:INC-2";
	e[2].send.entity = "incident:INC-3";
	give_entries(LANE_CHAT, e, 3);
	assert_int_equal(fake.n_sends, 3);
	sent(0, SENT_LATER, 3600000);
	sent(1, SENT_LATER, 3600000);
	while (!fake.touched)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(fake.touched_n, 3);
	fn = fake.touched;
	fake.touched = NULL;
	fn(fake.touched_ud, STORE_OK, kept, 2);
	sent(2, SENT_LATER, 0); /* comes back from its receiver: gone, too */
	/* Given to us again later they are new ones; the one that was kept is not. */
	give_entries(LANE_CHAT, e, 3);
	assert_int_equal(fake.n_sends, 5);
	assert_string_equal(fake.sends[3].key, "waits");
	assert_int_equal(fake.sends[3].attempt, 1);
	assert_string_equal(fake.sends[4].key, "sending");
	assert_int_equal(fake.sends[4].attempt, 1);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(accepted_is_removed_by_a_commit_that_notes_the_ref),
		CASE(one_entity_goes_in_order_and_pages_side_by_side),
		CASE(page_with_a_guard_that_changed_is_not_sent),
		CASE(page_that_waits_for_its_turn_is_looked_at_again),
		CASE(page_that_waits_too_long_for_its_turn_moves_on),
		CASE(overtaken_update_is_dropped),
		CASE(reply_waits_for_its_root),
		CASE(a_root_that_is_posted_anew_overtakes_what_waits_for_it),
		CASE(refused_is_told_with_the_entry_it_finishes),
		CASE(unknown_fate_is_looked_for_before_it_is_sent_again),
		CASE(page_gives_up_soon_and_says_so),
		CASE(unknown_way_is_told),
		CASE(held_entry_is_not_taken_twice),
		CASE(holds_no_more_than_its_bound),
		CASE(what_another_process_has_taken_over_is_left_to_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
