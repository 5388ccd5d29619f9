/* outbox_item.c - one entry from claim to removal; item_step() moves it. See outbox.h. */
#include <stdlib.h>
#include <string.h>

#include "bot/clock.h"
#include "bot/fault.h"
#include "bot/log.h"
#include "bot/metrics.h"
#include "bot/outbox_private.h"
#include "bot/sender.h"
#include "bot/store/store.h"
#include "bot/tasks.h"
#include "tocsin/arena.h"

#define PAGE_GIVE_UP_MS 15000          /* real time: then the person's next way is tried */
#define PAGE_ATTEMPTS_MAX 3
#define CHAT_GIVE_UP_MS (24 * 3600000LL)
#define BACKOFF_FIRST_MS 500
#define BACKOFF_MAX_MS 60000
#define FINISH_AGAIN_MS 1000

static const char *const lane_names[LANES] = {"page", "chat", "call"};

void item_drop(struct item *it)
{
	struct lane_state *l = &it->owner->lanes[it->lane];
	struct item **p;

	for (p = &l->first; *p != it; p = &(*p)->next)
		;
	*p = it->next;
	if (!*p)
		l->end = p;
	l->held--;
	if (it->plan)
		it->owner->o.plan_give(it->owner->o.ud, it->plan);
	arena_free(it->arena);
	free(it);
}

/* --- the end of an entry ---------------------------------------------------------------- */

static void item_finished(struct item *it)
{
	struct outbox *ob = it->owner;
	enum lane lane = it->lane;

	fault_pass(FAULT_ENTRY_FINISHED);
	item_drop(it);
	if (!ob->closed)
		lane_run(ob, lane);
}

static void item_unfinished(struct item *it)
{
	it->state = ITEM_UNFINISHED;
	it->next_try_at = clock_monotonic_ms() + FINISH_AGAIN_MS;
}

static void on_item_answer(void *ud, const struct answer *answer)
{
	struct item *it = ud;

	if (answer->kind == ANSWER_DONE || answer->kind == ANSWER_REFUSED)
		item_finished(it);
	else
		item_unfinished(it);
}

static void on_item_commit(void *ud, const struct store_answer *answer)
{
	struct item *it = ud;

	if (answer->status == STORE_OK || answer->status == STORE_DUPLICATE)
		item_finished(it);
	else
		item_unfinished(it);
}

/* Nobody asked to hear of it: only the entry goes, and the ref is noted. */
static void item_finish_quietly(struct item *it)
{
	struct commit c = {
		.request_id = "", .reply = "", .now_ms = clock_now_ms(it->owner->o.clock),
		.timer = "", .done_lane = it->lane, .done_entry = it->id,
		.ref = it->outcome == DELIVERY_ACCEPTED ? it->send.ref : "",
		.ref_channel = it->channel, .ref_ts = it->ts,
	};

	if (strcmp(it->send.op, "chat.post") != 0)
		c.ref = "";
	store_commit(it->owner->o.store, &c, on_item_commit, it);
}

/* The family hears what became of its promise, and its commit removes the entry. */
static void item_finish_told(struct item *it)
{
	struct arena *a = arena_new(OUTBOX_ARENA_BYTES);
	struct task_origin origin = {.timer = "", .lane = it->lane, .entry = it->id};
	struct request *r;

	if (!a) {
		item_unfinished(it);
		return;
	}
	r = ARENA_NEW(a, struct request);
	request_init(r);
	r->kind = REQUEST_DELIVERY;
	r->source = SOURCE_SYSTEM;
	r->delivery.entity = arena_strdup(a, it->send.entity);
	r->id = arena_printf(a, "delivery:%s:%s", it->send.key, it->id);
	r->delivery.key = arena_strdup(a, it->send.key);
	r->delivery.op = arena_strdup(a, it->send.op);
	r->delivery.note = arena_strdup(a, it->send.note);
	r->delivery.outcome = it->outcome;
	r->delivery.channel = arena_strdup(a, it->channel);
	r->delivery.ts = arena_strdup(a, it->ts);
	r->delivery.error = arena_strdup(a, it->error);
	r->delivery.detail = arena_strdup(a, it->detail);
	origin.ref = origin.ref_channel = origin.ref_ts = "";
	if (it->outcome == DELIVERY_ACCEPTED && strcmp(it->send.op, "chat.post") == 0) {
		origin.ref = it->send.ref;
		origin.ref_channel = it->channel;
		origin.ref_ts = it->ts;
	}
	tasks_submit(it->owner->o.tasks, a, r, &origin, 0, on_item_answer, it);
}

static void item_finish(struct item *it)
{
	bool told = *it->send.entity && (it->send.report || it->outcome == DELIVERY_FAILED);

	it->state = ITEM_FINISHING;
	if (told)
		item_finish_told(it);
	else
		item_finish_quietly(it);
}

static void item_end(struct item *it, enum delivery_outcome outcome)
{
	it->outcome = outcome;
	if (outcome == DELIVERY_STALE)
		metrics_inc1(METRIC_SENDS_STALE, it->lane);
	if (outcome == DELIVERY_FAILED)
		log_write(LOG_WARN, "outbox", NULL, "not delivered", "lane", lane_names[it->lane], "op",
			it->send.op, "key", it->send.key, "error", it->error, "detail", it->detail, NULL);
	item_finish(it);
}

/* --- one attempt -------------------------------------------------------------------------- */

static bool item_out_of_time(const struct item *it)
{
	const struct outbox *ob = it->owner;

	if (it->send.not_after_ms && clock_now_ms(ob->o.clock) > it->send.not_after_ms)
		return true;
	if (it->lane == LANE_PAGE)
		return it->attempt >= PAGE_ATTEMPTS_MAX ||
			clock_monotonic_ms() - it->claimed_at > PAGE_GIVE_UP_MS;
	return clock_now_ms(ob->o.clock) - it->created_ms > CHAT_GIVE_UP_MS;
}

/* Not now: again later, or never again when its time is over. */
static void item_later(struct item *it, int64_t retry_after_ms)
{
	int64_t wait = BACKOFF_FIRST_MS;
	unsigned i;

	for (i = 1; i < it->attempt && wait < BACKOFF_MAX_MS; i++)
		wait *= 2;
	if (wait > BACKOFF_MAX_MS)
		wait = BACKOFF_MAX_MS;
	if (retry_after_ms >= 0)
		wait = retry_after_ms;
	/* A page that would have to wait goes the person's next way instead. */
	if (item_out_of_time(it) || (it->lane == LANE_PAGE && wait > PAGE_GIVE_UP_MS / 3)) {
		metrics_inc1(METRIC_SENDS_GIVEN_UP, it->lane);
		item_end(it, DELIVERY_FAILED);
		return;
	}
	it->state = ITEM_WAITING;
	it->next_try_at = clock_monotonic_ms() + wait;
}

void item_lose(struct item *it)
{
	it->lost = true;
	if (it->state != ITEM_WAITING && it->state != ITEM_UNFINISHED)
		return; /* whoever has it here comes back first */
	log_write(LOG_INFO, "outbox", NULL, "another process has taken it over", "key", it->send.key,
		NULL);
	item_drop(it);
}

/* Whether it is still ours alone; else it waits for an answer about that. */
static bool item_is_ours(struct item *it)
{
	if (clock_lease_ms() < it->leased_until)
		return true;
	it->state = ITEM_WAITING;
	it->next_try_at = clock_monotonic_ms() + OUTBOX_LOOK_MS;
	return false;
}

/* Many at once to one receiver, who takes one after another: no failure. It waits here, not there,
 * so that its guard is looked at again just before its turn. */
static void item_queued(struct item *it, int64_t retry_after_ms)
{
	const struct outbox *ob = it->owner;

	it->attempt--;
	if (it->send.not_after_ms && clock_now_ms(ob->o.clock) > it->send.not_after_ms) {
		item_end(it, DELIVERY_FAILED);
		return;
	}
	it->state = ITEM_WAITING;
	it->next_try_at = clock_monotonic_ms() + retry_after_ms;
}

static void on_sent(void *ud, const struct sent *r)
{
	struct item *it = ud;

	fault_pass(FAULT_SEND_DONE);
	if (it->owner->closed)
		return;
	metrics_inc2(METRIC_SENDS, metric_op_of(it->send.op), r->outcome);
	it->channel = arena_strdup(it->arena, r->channel ? r->channel : "");
	it->ts = arena_strdup(it->arena, r->ts ? r->ts : "");
	it->error = arena_strdup(it->arena, r->error ? r->error : "");
	it->detail = arena_strdup(it->arena, r->detail ? r->detail : "");
	switch (r->outcome) {
	case SENT_ACCEPTED:
		item_end(it, DELIVERY_ACCEPTED);
		return;
	case SENT_REFUSED:
		item_end(it, DELIVERY_FAILED);
		return;
	case SENT_UNKNOWN:
		it->maybe_sent = true;
		/* fall through */
	case SENT_LATER:
		it->state = ITEM_WAITING;
		if (it->lost)
			item_lose(it);
		else if (r->untried)
			item_queued(it, r->retry_after_ms);
		else if (item_is_ours(it)) /* else the time that is over is not ours to judge by */
			item_later(it, r->retry_after_ms);
		return;
	}
}

static void item_send(struct item *it)
{
	struct outbox *ob = it->owner;
	struct sender *sender = outbox_sender(ob, it->send.op);
	struct outgoing out = {
		.send = &it->send, .created_ms = it->created_ms, .attempt = ++it->attempt,
		.maybe_sent = it->maybe_sent, .ref_channel = it->root_channel, .ref_ts = it->root_ts,
		.plan = it->plan, .leased_until = &it->leased_until,
	};

	if (!sender) {
		it->error = "no_such_way";
		it->detail = "nothing in this process delivers this";
		item_end(it, DELIVERY_FAILED);
		return;
	}
	/* Redis stream ids begin with Redis's wall clock at the commit. */
	out.created_wall_ms = strtoll(it->id, NULL, 10);
	it->state = ITEM_SENDING;
	fault_pass(FAULT_SEND_STARTING);
	sender->send(sender->self, &out, on_sent, it);
}

const char *item_ref(const struct item *it)
{
	return *it->send.thread_ref ? it->send.thread_ref : it->send.ref;
}

bool item_needs_ref(const struct item *it)
{
	return *it->send.thread_ref || strcmp(it->send.op, "chat.update") == 0 ||
		strcmp(it->send.op, "chat.pin") == 0;
}

static void on_store_look(void *ud, enum store_status status, const struct store_look *look)
{
	struct item *it = ud;

	if (it->owner->closed)
		return;
	it->state = ITEM_WAITING;
	if (it->lost) {
		item_lose(it);
		return;
	}
	if (status != STORE_OK) {
		it->next_try_at = clock_monotonic_ms() + OUTBOX_LOOK_MS;
		return;
	}
	if (*it->send.guard && strcmp(it->send.guard, look->guard) != 0) {
		item_end(it, DELIVERY_STALE);
		return;
	}
	if (strcmp(it->send.op, "chat.update") == 0 && *look->newest_update_key &&
		strcmp(look->newest_update_key, it->send.key) != 0) {
		item_end(it, DELIVERY_STALE);
		return;
	}
	it->root_channel = arena_strdup(it->arena, look->ref_channel);
	it->root_ts = arena_strdup(it->arena, look->ref_ts);
	it->rootless = item_needs_ref(it) && !*look->ref_ts;
	if (it->rootless) {
		/* The message it belongs to is not there yet; its own entry is on the way. */
		it->error = "no_such_message";
		it->detail = "the message it belongs to was never posted";
		item_later(it, OUTBOX_LOOK_MS);
		if (it->state == ITEM_WAITING)
			lane_run(it->owner, it->lane); /* what it held up may go */
		return;
	}
	if (item_is_ours(it))
		item_send(it);
}

void item_step(struct item *it)
{
	if (it->state == ITEM_UNFINISHED) {
		item_finish(it);
		return;
	}
	if (!item_is_ours(it))
		return;
	if (it->attempt > 0 && item_out_of_time(it)) {
		item_end(it, DELIVERY_FAILED);
		return;
	}
	if (!*it->send.guard && !item_needs_ref(it)) {
		item_send(it);
		return;
	}
	it->state = ITEM_LOOKING;
	store_look(it->owner->o.store, it->send.entity, item_ref(it), on_store_look, it);
}
