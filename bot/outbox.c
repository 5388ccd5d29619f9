/* outbox.c - see outbox.h. Lanes: what is claimed, in which order it goes. */
#include "bot/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "bot/clock.h"
#include "bot/fault.h"
#include "bot/outbox_private.h"
#include "bot/sender.h"
#include "bot/store/store.h"
#include "tocsin/arena.h"

#define LEASE_MS 15000 /* a page of a process that died is late by this much at most */
#define TOUCH_MS 4000
#define LEASE_SURE_MS 10000 /* of a lease: what leaves by then has left before anybody else looks */
#define CLAIM_MAX 64
#define TICK_MS 100

static const size_t held_max[LANES] = {
	[LANE_PAGE] = OUTBOX_PAGES_HELD_MAX, [LANE_CHAT] = OUTBOX_CHAT_HELD_MAX, [LANE_CALL] = OUTBOX_HELD_MAX,
};
_Static_assert(OUTBOX_CHAT_HELD_MAX >= OUTBOX_PAGES_HELD_MAX && OUTBOX_CHAT_HELD_MAX >= OUTBOX_HELD_MAX,
	"lane_touch() names them all in one call");

struct sender *outbox_sender(const struct outbox *ob, const char *op)
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
		if (!missing || !item_needs_ref(other) || strcmp(item_ref(other), missing) != 0)
			return true;
	}
	return missing && item_needs_ref(it) && strcmp(item_ref(it), missing) == 0;
}

void lane_run(struct outbox *ob, enum lane lane)
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

static struct item *lane_find(const struct lane_state *l, const char *id)
{
	struct item *it;

	for (it = l->first; it && strcmp(it->id, id) != 0; it = it->next)
		;
	return it;
}

static void lane_take(struct outbox *ob, enum lane lane, const struct store_entry *e,
	int64_t leased_until)
{
	struct lane_state *l = &ob->lanes[lane];
	struct item *it = lane_find(l, e->id);

	if (it) { /* our own lease ran out under a slow receiver: it is still with us */
		it->leased_until = leased_until;
		it->lost = false;
		return;
	}
	it = calloc(1, sizeof(*it));
	if (!it)
		return; /* the lease runs out and it comes again */
	it->arena = arena_new(OUTBOX_ARENA_BYTES);
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
	it->leased_until = leased_until;
	it->maybe_sent = e->deliveries > 1;
	it->root_channel = it->root_ts = it->channel = it->ts = it->error = it->detail = "";
	*l->end = it;
	l->end = &it->next;
	l->held++;
	fault_pass(FAULT_ENTRY_CLAIMED);
}

/* A call to the store about a lane. */
struct claim {
	struct outbox *ob;
	enum lane lane;
	int64_t sent_at; /* clock_lease_ms() */
};

static void lane_claim(struct outbox *ob, enum lane lane);

static void on_store_entries(void *ud, enum store_status status, const struct store_entry *e, size_t n)
{
	struct claim *c = ud;
	struct outbox *ob = c->ob;
	enum lane lane = c->lane;
	struct lane_state *l = &ob->lanes[lane];
	int64_t leased_until = c->sent_at + LEASE_SURE_MS;
	bool again;
	size_t i;

	free(c);
	l->claiming = false;
	if (status != STORE_OK || ob->closed)
		return;
	again = l->again || n == CLAIM_MAX;
	l->again = false;
	for (i = 0; i < n; i++)
		lane_take(ob, lane, &e[i], leased_until);
	lane_run(ob, lane);
	if (again)
		lane_claim(ob, lane);
}

static size_t lane_room(const struct outbox *ob, enum lane lane)
{
	size_t most = held_max[lane];

	return most - ob->lanes[lane].held;
}

static void lane_claim(struct outbox *ob, enum lane lane)
{
	struct lane_state *l = &ob->lanes[lane];
	struct claim *c;

	if (l->claiming) {
		l->again = true;
		return;
	}
	if (ob->stopped || !store_ready(ob->o.store) || lane_room(ob, lane) < CLAIM_MAX)
		return;
	c = malloc(sizeof(*c));
	if (!c)
		return;
	c->ob = ob;
	c->lane = lane;
	c->sent_at = clock_lease_ms();
	l->claiming = true;
	store_outbox_claim(ob->o.store, lane, CLAIM_MAX, LEASE_MS, on_store_entries, c);
}

static void on_store_touched(void *ud, enum store_status status, const char *const *kept, size_t n)
{
	struct claim *c = ud;
	struct outbox *ob = c->ob;
	struct lane_state *l = &ob->lanes[c->lane];
	int64_t leased_until = c->sent_at + LEASE_SURE_MS;
	enum lane lane = c->lane;
	struct item *it, *next;
	size_t i;

	free(c);
	l->touching = false;
	if (status != STORE_OK || ob->closed)
		return;
	for (i = 0; i < n; i++) {
		it = lane_find(l, kept[i]);
		if (it) {
			it->leased_until = leased_until;
			it->touched = 0;
		}
	}
	for (it = l->first; it; it = next) {
		next = it->next;
		if (it->touched == l->touch)
			item_lose(it);
	}
	lane_run(ob, lane);
}

static void lane_touch(struct outbox *ob, enum lane lane)
{
	const char *ids[OUTBOX_CHAT_HELD_MAX];
	struct lane_state *l = &ob->lanes[lane];
	size_t n = 0;
	struct item *it;
	struct claim *c;

	if (l->touching || !l->first || !store_ready(ob->o.store))
		return;
	c = malloc(sizeof(*c));
	if (!c)
		return;
	l->touching = true;
	l->touch = l->touch % 1000000 + 1;
	*c = (struct claim){ob, lane, clock_lease_ms()};
	for (it = l->first; it && n < OUTBOX_CHAT_HELD_MAX; it = it->next) {
		it->touched = l->touch;
		ids[n++] = it->id;
	}
	store_outbox_touch(ob->o.store, lane, ids, n, on_store_touched, c);
}

/* A process that stood still finds leases that may have run out. */
static bool lane_doubts(const struct lane_state *l)
{
	const struct item *it;

	for (it = l->first; it; it = it->next)
		if (clock_lease_ms() >= it->leased_until)
			return true;
	return false;
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
		if (now >= ob->touch_at || lane_doubts(&ob->lanes[lane]))
			lane_touch(ob, (enum lane)lane);
	}
	if (now >= ob->look_at)
		ob->look_at = now + OUTBOX_LOOK_MS;
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

void outbox_wake(struct outbox *ob, unsigned lanes)
{
	unsigned lane;

	for (lane = 0; lane < LANES; lane++)
		if (lanes & 1u << lane)
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
