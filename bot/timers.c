/* timers.c - see timers.h. */
#include "bot/timers.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bot/clock.h"
#include "bot/fault.h"
#include "bot/metrics.h"
#include "bot/store/store.h"
#include "bot/tasks.h"
#include "tocsin/arena.h"

#define LEASE_REAL_MS 15000
#define BATCH 250          /* per claim */
#define IN_FLIGHT_MAX 2000 /* more due timers wait in Redis */
#define LOOK_MS 1000       /* at the latest, in case a wake-up was lost */
#define ARENA_BYTES (8u << 20)

struct timers {
	uv_timer_t look;
	struct store *store;
	struct tasks *tasks;
	const struct clock *clock;
	bool claiming, again, stopped;
	size_t in_flight;
};

static void timers_claim(struct timers *ts);

static void on_uv_look(uv_timer_t *h)
{
	timers_claim(h->data);
}

static void timers_sleep(struct timers *ts, int64_t real_ms)
{
	if (!ts->stopped)
		uv_timer_start(&ts->look, on_uv_look, (uint64_t)(real_ms < LOOK_MS ? real_ms : LOOK_MS), 0);
}

static void on_timer_answer(void *ud, const struct answer *answer)
{
	struct timers *ts = ud;

	(void)answer; /* not carried out: the lease runs out and it fires again */
	if (ts->in_flight-- == IN_FLIGHT_MAX)
		timers_wake(ts);
}

static void timer_fire(struct timers *ts, const struct store_timer *due, int64_t now_ms)
{
	struct arena *a = arena_new(ARENA_BYTES);
	struct task_origin origin = {.entry = "", .ref = "", .ref_channel = "", .ref_ts = ""};
	struct request *r;

	if (!a)
		return;
	r = ARENA_NEW(a, struct request);
	request_init(r);
	r->kind = REQUEST_TIMER;
	r->source = SOURCE_SYSTEM;
	r->timer = arena_strdup(a, due->id);
	r->due_ms = due->due_ms;
	r->id = arena_printf(a, "timer:%s:%lld", due->id, (long long)due->due_ms);
	origin.timer = r->timer;
	origin.timer_due_ms = due->due_ms;
	ts->in_flight++;
	metrics_observe(METRIC_TIMER_LATE, 0, now_ms > due->due_ms ? (double)(now_ms - due->due_ms) / 1e3 : 0);
	fault_pass(FAULT_TIMER_CLAIMED);
	tasks_submit(ts->tasks, a, r, &origin, 0, on_timer_answer, ts);
}

static void on_store_timers(void *ud, enum store_status status, const struct store_timer *due,
	size_t n, int64_t next_due_ms)
{
	struct timers *ts = ud;
	int64_t now_ms = clock_now_ms(ts->clock);
	size_t i;

	ts->claiming = false;
	if (status != STORE_OK) {
		timers_sleep(ts, LOOK_MS);
		return;
	}
	for (i = 0; i < n; i++)
		timer_fire(ts, &due[i], now_ms);
	if (n >= BATCH || ts->again)
		timers_claim(ts);
	else
		timers_sleep(ts, next_due_ms ? clock_real_delay_ms(ts->clock, next_due_ms) : LOOK_MS);
}

static void timers_claim(struct timers *ts)
{
	int64_t lease_ms = (int64_t)(LEASE_REAL_MS * ts->clock->speed);

	if (ts->stopped)
		return;
	ts->again = ts->claiming;
	if (ts->claiming || ts->in_flight >= IN_FLIGHT_MAX)
		return;
	ts->again = false;
	if (!store_ready(ts->store)) {
		timers_sleep(ts, LOOK_MS);
		return;
	}
	ts->claiming = true;
	store_timers_claim(ts->store, clock_now_ms(ts->clock), lease_ms, BATCH, on_store_timers, ts);
}

struct timers *timers_new(uv_loop_t *loop, struct store *store, struct tasks *tasks,
	const struct clock *clock)
{
	struct timers *ts = calloc(1, sizeof(*ts));

	if (!ts)
		return NULL;
	uv_timer_init(loop, &ts->look);
	ts->look.data = ts;
	ts->store = store;
	ts->tasks = tasks;
	ts->clock = clock;
	timers_sleep(ts, 0);
	return ts;
}

void timers_wake(struct timers *ts)
{
	timers_sleep(ts, 0);
}

void timers_stop(struct timers *ts)
{
	ts->stopped = true;
	uv_timer_stop(&ts->look);
}

static void on_uv_close(uv_handle_t *h)
{
	free(h->data);
}

void timers_close(struct timers *ts)
{
	timers_stop(ts);
	uv_close((uv_handle_t *)&ts->look, on_uv_close);
}
