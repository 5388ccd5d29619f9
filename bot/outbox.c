/* outbox.c - see outbox.h. An entry is an item from claim to removal; item_step() moves it. */
#include "bot/outbox.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/clock.h"
#include "bot/fault.h"
#include "bot/log.h"
#include "bot/metrics.h"
#include "bot/sender.h"
#include "bot/store/store.h"
#include "bot/tasks.h"
#include "tocsin/arena.h"

#define LEASE_MS 60000
#define TOUCH_MS 15000
#define LOOK_MS 1000
#define CLAIM_MAX 64
#define TICK_MS 100
#define ARENA_BYTES (8u << 20)
#define PAGE_GIVE_UP_MS 15000          /* real time: then the person's next way is tried */
#define PAGE_ATTEMPTS_MAX 3
#define CHAT_GIVE_UP_MS (24 * 3600000LL)
#define BACKOFF_FIRST_MS 500
#define BACKOFF_MAX_MS 60000

enum item_state {
	ITEM_WAITING,   /* for its turn or for its next try */
	ITEM_LOOKING,   /* for guard and refs from the store */
	ITEM_SENDING,   /* for the receiver */
	ITEM_FINISHING, /* for the commit that removes it */
	ITEM_UNFINISHED /* that commit failed: it is tried again */
};

struct item {
	struct item *next;
	struct outbox *owner;
	enum lane lane;
	enum item_state state;
	struct arena *arena;
	const char *id;
	struct send send;
	struct plan *plan;
	int64_t created_ms;
	int64_t claimed_at;   /* monotonic */
	int64_t next_try_at;  /* monotonic */
	unsigned attempt;
	bool maybe_sent;
	bool rootless;        /* the message it belongs to is not there yet */
	const char *root_channel, *root_ts; /* what thread_ref or ref resolved to */
	enum delivery_outcome outcome;
	const char *channel, *ts, *error, *detail;
};

struct lane_state {
	struct item *first, **end;
	size_t held;
	bool claiming, again;
};

struct outbox {
	struct outbox_options o;
	struct lane_state lanes[LANES];
	struct sender *senders[OUTBOX_SENDERS_MAX];
	size_t n_senders;
	uv_timer_t tick;
	int64_t look_at, touch_at;
	bool stopped, closed;
};

static const char *const lane_names[LANES] = {"page", "chat", "call"};

static void item_step(struct item *it);
static void lane_run(struct outbox *ob, enum lane lane);

static struct sender *sender_for(const struct outbox *ob, const char *op)
{
	size_t i;

	for (i = 0; i < ob->n_senders; i++) {
		const char *p = ob->senders[i]->ops;

		while (*p) {
			size_t n = strcspn(p, " ");

			if (strncmp(op, p, n) == 0 && (p[n - 1] == '.' || op[n] == '\0'))
				return ob->senders[i];
			p += n;
			p += strspn(p, " ");
		}
	}
	return NULL;
}

static void item_drop(struct item *it)
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
	it->next_try_at = clock_monotonic_ms() + 1000;
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
	struct arena *a = arena_new(ARENA_BYTES);
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
		item_later(it, r->retry_after_ms);
		return;
	}
}

static void item_send(struct item *it)
{
	struct outbox *ob = it->owner;
	struct sender *sender = sender_for(ob, it->send.op);
	struct outgoing out = {
		.send = &it->send, .created_ms = it->created_ms, .attempt = ++it->attempt,
		.maybe_sent = it->maybe_sent, .ref_channel = it->root_channel, .ref_ts = it->root_ts,
		.plan = it->plan,
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

static const char *item_ref(const struct item *it)
{
	return *it->send.thread_ref ? it->send.thread_ref : it->send.ref;
}

static bool needs_ref(const struct item *it)
{
	return *it->send.thread_ref || strcmp(it->send.op, "chat.update") == 0 ||
		strcmp(it->send.op, "chat.pin") == 0;
}

static void on_store_look(void *ud, enum store_status status, const struct store_look *look)
{
	struct item *it = ud;

	if (it->owner->closed)
		return;
	if (status != STORE_OK) {
		it->state = ITEM_WAITING;
		it->next_try_at = clock_monotonic_ms() + LOOK_MS;
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
	it->rootless = needs_ref(it) && !*look->ref_ts;
	if (it->rootless) {
		/* The message it belongs to is not there yet; its own entry is on the way. */
		it->error = "no_such_message";
		it->detail = "the message it belongs to was never posted";
		item_later(it, LOOK_MS);
		if (it->state == ITEM_WAITING)
			lane_run(it->owner, it->lane); /* what it held up may go */
		return;
	}
	item_send(it);
}

static void item_step(struct item *it)
{
	if (it->state == ITEM_UNFINISHED) {
		item_finish(it);
		return;
	}
	if (it->attempt > 0 && item_out_of_time(it)) {
		item_end(it, DELIVERY_FAILED);
		return;
	}
	if (!*it->send.guard && !needs_ref(it)) {
		item_send(it);
		return;
	}
	it->state = ITEM_LOOKING;
	store_look(it->owner->o.store, it->send.entity, item_ref(it), on_store_look, it);
}

/* --- lanes ---------------------------------------------------------------------------------- */

/* True when an earlier entry of the same entity must go first. One that waits for its root holds
 * up only those that wait for the same: the root itself may be behind it, posted anew elsewhere. */
static bool item_blocked(const struct lane_state *l, const struct item *it)
{
	const struct item *other;
	const char *missing = NULL; /* the root that an earlier one waits for */

	if (it->lane == LANE_PAGE || !*it->send.entity)
		return false;
	for (other = l->first; other && other != it; other = other->next) {
		if (strcmp(other->send.entity, it->send.entity) != 0)
			continue;
		if (other->rootless)
			missing = item_ref(other);
		if (!missing || !needs_ref(other) || strcmp(item_ref(other), missing) != 0)
			return true;
	}
	return missing && needs_ref(it) && strcmp(item_ref(it), missing) == 0;
}

static void lane_run(struct outbox *ob, enum lane lane)
{
	struct lane_state *l = &ob->lanes[lane];
	int64_t now = clock_monotonic_ms();
	struct item *it, *next;

	for (it = l->first; it && !ob->closed; it = next) {
		next = it->next;
		if (it->state == ITEM_UNFINISHED ? now >= it->next_try_at :
			it->state == ITEM_WAITING && now >= it->next_try_at && !item_blocked(l, it))
			item_step(it);
	}
}

static void copy_send(struct arena *a, struct send *s)
{
	const char **strings[] = {
		&s->op, &s->key, &s->entity, &s->guard, &s->note, &s->to.channel, &s->to.thread,
		&s->thread_ref, &s->user, &s->ref, &s->template_name, &s->data, &s->person, &s->via,
		&s->arg, &s->link, &s->users, &s->ack,
	};
	size_t i;

	for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		*strings[i] = *strings[i] ? arena_strdup(a, *strings[i]) : "";
}

static bool lane_holds(const struct lane_state *l, const char *id)
{
	const struct item *it;

	for (it = l->first; it; it = it->next)
		if (strcmp(it->id, id) == 0)
			return true;
	return false;
}

static void lane_take(struct outbox *ob, enum lane lane, const struct store_entry *e)
{
	struct lane_state *l = &ob->lanes[lane];
	struct item *it;

	if (lane_holds(l, e->id))
		return; /* our own lease ran out under a slow receiver: it is still with us */
	it = calloc(1, sizeof(*it));
	if (!it)
		return; /* the lease runs out and it comes again */
	it->arena = arena_new(ARENA_BYTES);
	if (!it->arena) {
		free(it);
		return;
	}
	it->owner = ob;
	it->lane = lane;
	it->id = arena_strdup(it->arena, e->id);
	it->send = e->send;
	copy_send(it->arena, &it->send);
	it->plan = ob->o.plan_take(ob->o.ud);
	it->created_ms = e->created_ms;
	it->claimed_at = clock_monotonic_ms();
	it->maybe_sent = e->deliveries > 1;
	it->root_channel = it->root_ts = it->channel = it->ts = it->error = it->detail = "";
	*l->end = it;
	l->end = &it->next;
	l->held++;
	fault_pass(FAULT_ENTRY_CLAIMED);
}

struct claim {
	struct outbox *ob;
	enum lane lane;
};

static void lane_claim(struct outbox *ob, enum lane lane);

static void on_store_entries(void *ud, enum store_status status, const struct store_entry *e, size_t n)
{
	struct claim *c = ud;
	struct outbox *ob = c->ob;
	enum lane lane = c->lane;
	struct lane_state *l = &ob->lanes[lane];
	bool again;
	size_t i;

	free(c);
	l->claiming = false;
	if (status != STORE_OK || ob->closed)
		return;
	again = l->again || n == CLAIM_MAX;
	l->again = false;
	for (i = 0; i < n; i++)
		lane_take(ob, lane, &e[i]);
	lane_run(ob, lane);
	if (again)
		lane_claim(ob, lane);
}

static void lane_claim(struct outbox *ob, enum lane lane)
{
	struct lane_state *l = &ob->lanes[lane];
	struct claim *c;

	if (l->claiming) {
		l->again = true;
		return;
	}
	if (ob->stopped || !store_ready(ob->o.store) || l->held + CLAIM_MAX > OUTBOX_HELD_MAX)
		return;
	c = malloc(sizeof(*c));
	if (!c)
		return;
	c->ob = ob;
	c->lane = lane;
	l->claiming = true;
	store_outbox_claim(ob->o.store, lane, CLAIM_MAX, LEASE_MS, on_store_entries, c);
}

static void lane_touch(struct outbox *ob, enum lane lane)
{
	const char *ids[OUTBOX_HELD_MAX];
	size_t n = 0;
	struct item *it;

	for (it = ob->lanes[lane].first; it && n < OUTBOX_HELD_MAX; it = it->next)
		ids[n++] = it->id;
	if (n)
		store_outbox_touch(ob->o.store, lane, ids, n);
}

static void on_uv_tick(uv_timer_t *h)
{
	struct outbox *ob = h->data;
	int64_t now = clock_monotonic_ms();
	unsigned lane;

	for (lane = 0; lane < LANES; lane++) {
		lane_run(ob, (enum lane)lane);
		if (now >= ob->look_at)
			lane_claim(ob, (enum lane)lane);
		if (now >= ob->touch_at && store_ready(ob->o.store))
			lane_touch(ob, (enum lane)lane);
	}
	if (now >= ob->look_at)
		ob->look_at = now + LOOK_MS;
	if (now >= ob->touch_at)
		ob->touch_at = now + TOUCH_MS;
}

/* --- from outside ------------------------------------------------------------------------------ */

struct outbox *outbox_new(const struct outbox_options *o)
{
	struct outbox *ob = calloc(1, sizeof(*ob));
	unsigned lane;

	if (!ob)
		return NULL;
	ob->o = *o;
	for (lane = 0; lane < LANES; lane++)
		ob->lanes[lane].end = &ob->lanes[lane].first;
	ob->touch_at = clock_monotonic_ms() + TOUCH_MS;
	uv_timer_init(o->loop, &ob->tick);
	ob->tick.data = ob;
	uv_timer_start(&ob->tick, on_uv_tick, TICK_MS, TICK_MS);
	return ob;
}

int outbox_add_sender(struct outbox *ob, struct sender *sender)
{
	if (ob->n_senders == OUTBOX_SENDERS_MAX)
		return -1;
	ob->senders[ob->n_senders++] = sender;
	return 0;
}

void outbox_wake(struct outbox *ob)
{
	unsigned lane;

	for (lane = 0; lane < LANES; lane++)
		lane_claim(ob, (enum lane)lane);
}

void outbox_stop(struct outbox *ob)
{
	ob->stopped = true;
}

size_t outbox_in_flight(const struct outbox *ob)
{
	size_t n = 0;
	unsigned lane;
	const struct item *it;

	for (lane = 0; lane < LANES; lane++)
		for (it = ob->lanes[lane].first; it; it = it->next)
			n += it->state == ITEM_SENDING || it->state == ITEM_FINISHING;
	return n;
}

static void on_uv_close(uv_handle_t *h)
{
	free(h->data);
}

void outbox_close(struct outbox *ob)
{
	unsigned lane;

	ob->closed = ob->stopped = true;
	for (lane = 0; lane < LANES; lane++)
		while (ob->lanes[lane].first)
			item_drop(ob->lanes[lane].first);
	uv_close((uv_handle_t *)&ob->tick, on_uv_close);
}
