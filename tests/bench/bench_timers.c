/*
 * bench_timers.c - due timers through the real store, tasks and timers, each with a full commit:
 * a document, a log entry, the next timer and a promise.
 *
 *   bench_timers SOCKET drain PENDING DUE   DUE timers at one moment among PENDING others
 *   bench_timers SOCKET rate PER_SECOND N   N timers spread over time: how late are they?
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "bot/clock.h"
#include "bot/log.h"
#include "bot/store/store.h"
#include "bot/tasks.h"
#include "bot/timers.h"
#include "tocsin/arena.h"
#include "tocsin/err.h"
#include "tocsin/handler.h"
#include "tocsin/plan.h"
#include "tocsin/snapshot.h"

#define SEED_BATCH 100
#define SEED_IN_FLIGHT 40

static struct {
	uv_loop_t loop;
	struct clock clock;
	struct store *store;
	struct tasks *tasks;
	struct timers *timers;
	uint64_t to_seed, seeded, seeding, pending, done, want;
	int64_t due_ms, spread_us;
	uint64_t start_ns;
	float *late_ms;
	bool seeded_all;
} b;

static struct plan plan;

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

/* What each timer wants done: as much as a reminder of an incident does. */
enum step handle(struct context *cx)
{
	const char *id = cx->req->timer + 2; /* "t:..." */
	const char *doc = arena_printf(cx->arena, "bench:%s", id);
	const struct fact *f = snapshot_get(cx->snap, arena_printf(cx->arena, "doc:%s", doc));
	struct send s = {.lane = LANE_CALL, .op = "bench", .entity = doc, .data = "{\"title\":\"Checkout returns 500s\"}"};

	if (f->state == FACT_NOT_LOADED) {
		effects_need(cx->out, arena_printf(cx->arena, "doc:%s", doc));
		return STEP_NEED;
	}
	s.key = arena_printf(cx->arena, "%s/remind/%" PRId64, doc, f->version);
	effects_put(cx->out, doc, f->version, "{\"title\":\"Checkout returns 500s\",\"severity\":\"P3\",\"reminded\":1}", NULL);
	effects_log(cx->out, doc, "{\"what\":\"reminded\"}");
	effects_timer(cx->out, arena_printf(cx->arena, "n:%s", id), cx->req->now_ms + 3600000);
	effects_send(cx->out, &s);
	if (b.late_ms && b.done < b.want)
		b.late_ms[b.done] = (float)(clock_now_ms(&b.clock) - cx->req->due_ms);
	b.done++;
	return STEP_DONE;
}

static void seed(void);

static void on_seeded(void *ud, const struct store_answer *a)
{
	(void)ud;
	if (a->status != STORE_OK) {
		fprintf(stderr, "seeding failed: %d %s\n", a->status, a->detail ? a->detail : "");
		exit(1);
	}
	b.seeding--;
	seed();
}

/* Far ones first, then those that will be due. */
static void seed(void)
{
	while (b.seeding < SEED_IN_FLIGHT && b.seeded < b.to_seed) {
		struct arena *a = arena_new(1 << 20);
		struct effects e;
		struct commit c = {.request_id = "", .reply = "", .effects = &e, .timer = "", .done_entry = "",
			.ref = "", .ref_channel = "", .ref_ts = ""};
		int i;

		effects_init(&e, a);
		for (i = 0; i < SEED_BATCH && b.seeded < b.to_seed; i++, b.seeded++) {
			bool far = b.seeded < b.pending;
			int64_t k = (int64_t)(b.seeded - b.pending);

			effects_timer(&e, arena_printf(a, "t:%" PRIu64, b.seeded),
				far ? b.due_ms + 864000000 + (int64_t)b.seeded : b.due_ms + k * b.spread_us / 1000);
		}
		b.seeding++;
		store_commit(b.store, &c, on_seeded, NULL);
		arena_free(a);
	}
	b.seeded_all = b.seeded == b.to_seed && b.seeding == 0;
}

static void on_state(void *ud, bool ready)
{
	(void)ud;
	if (ready && b.seeded == 0)
		seed();
}

static int compare(const void *x, const void *y)
{
	float a = *(const float *)x, c = *(const float *)y;

	return a < c ? -1 : a > c;
}

int main(int argc, char **argv)
{
	struct store_options so = {.workspace = "bench", .instance = "bench", .on_state = on_state};
	struct tasks_options to = {.loop = &b.loop, .clock = &b.clock, .plan_take = take, .plan_give = give};
	struct err e = {0};
	bool drain;
	uint64_t ns;

	if (argc != 5) {
		fputs("usage: bench_timers SOCKET drain PENDING DUE | rate PER_SECOND N\n", stderr);
		return 2;
	}
	log_setup(LOG_ERROR, LOG_LOGFMT);
	drain = strcmp(argv[2], "drain") == 0;
	so.url = argv[1];
	b.pending = drain ? strtoull(argv[3], NULL, 10) : 0;
	b.want = strtoull(argv[4], NULL, 10);
	b.spread_us = drain ? 0 : 1000000 / (int64_t)strtoull(argv[3], NULL, 10);
	b.to_seed = b.pending + b.want;
	b.late_ms = calloc(b.want, sizeof(float));
	uv_loop_init(&b.loop);
	clock_init(&b.clock, 0, 1.0);
	b.due_ms = clock_now_ms(&b.clock) + 3600000;
	if (!drain)
		b.due_ms = clock_now_ms(&b.clock) + 3000;
	b.store = store_open(&b.loop, &so, &e);
	while (!b.seeded_all)
		uv_run(&b.loop, UV_RUN_ONCE);
	if (drain) /* the moment comes */
		clock_init(&b.clock, b.due_ms, 1.0);
	to.store = b.store;
	b.tasks = tasks_new(&to);
	b.start_ns = uv_hrtime();
	b.timers = timers_new(&b.loop, b.store, b.tasks, &b.clock);
	while (b.done < b.want || tasks_running(b.tasks) > 0)
		uv_run(&b.loop, UV_RUN_ONCE);
	ns = uv_hrtime() - b.start_ns;
	qsort(b.late_ms, b.want, sizeof(float), compare);
	printf("{\"timers\": %" PRIu64 ", \"seconds\": %.3f, \"per_second\": %.0f, \"late_p50_ms\": %.1f, \"late_p99_ms\": %.1f}\n",
		b.want, (double)ns / 1e9, (double)b.want / ((double)ns / 1e9), b.late_ms[b.want / 2],
		b.late_ms[b.want * 99 / 100]);
	return 0;
}
