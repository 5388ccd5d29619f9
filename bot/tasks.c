/* tasks.c - see tasks.h. One enum, one switch; task_set_state() is the only writer. */
#include "bot/tasks.h"

#include <malloc.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "bot/clock.h"
#include "bot/fault.h"
#include "bot/log.h"
#include "bot/metrics.h"
#include "bot/store/store.h"
#include "bot/task_locks.h"
#include "bot/task_reply.h"
#include "tocsin/arena.h"
#include "tocsin/handler.h"
#include "tocsin/plan.h"
#include "tocsin/snapshot.h"

#define TASKS_LIMIT 8192
#define ROUNDS_MAX 16      /* how often a handler may ask for more facts */
#define CONFLICTS_MAX 64   /* how often somebody may be faster */
#define SWEEP_MS 50
#define TRIM_TASKS 1000    /* after a crowd, memory goes back to the system ... */
#define TRIM_MS 10000      /* ... not more often than this */

enum task_state {
	TASK_NEW,        /* waits for the end of the turn */
	TASK_QUEUED,     /* waits for another task on the same document */
	TASK_LOADING,    /* waits for facts */
	TASK_COMMITTING, /* waits for the commit's verdict */
	TASK_STALLED,    /* waits for Redis to come back */
	TASK_DONE        /* answered; goes at the end of the turn */
};

struct task {
	struct task *next, *prev; /* tasks.all */
	struct task *next_ready;  /* tasks.ready */
	struct tasks *owner;
	enum task_state state;
	struct arena *arena;
	struct request *req;
	struct task_origin origin;
	bool has_origin;
	bool busy;                /* over the bound: answered in the next turn */
	struct plan *plan;
	struct snapshot *snap;
	struct effects effects;
	struct task_waiter turn;  /* on the one document that it works on */
	answer_fn fn;
	void *ud;
	int64_t deadline_at;      /* monotonic; 0: none */
	uint64_t started_ns;
	unsigned rounds, conflicts;
	bool commit_unsure;       /* a commit was lost in flight: it may have been applied */
	bool repeated;            /* applied before: only what brought us here is taken away */
	bool answered;            /* the asker has been told; the task ends when its call returns */
	char trace[12];
};

struct tasks {
	struct tasks_options o;
	struct task *all;
	size_t count;
	struct task *ready, **ready_end;
	struct task_locks locks;
	uint32_t trace_seed;
	uint64_t freed;      /* tasks since the last trim */
	int64_t trimmed_at;  /* monotonic */
	uv_prepare_t hook;
	uv_idle_t more;      /* keeps the loop from sleeping while tasks are ready */
	uv_timer_t sweep;
	int handles;
	bool stopping, closing;
};

static void task_finish(struct task *t, enum answer_kind kind, const struct reply *reply);
static void task_commit(struct task *t);

static void task_set_state(struct task *t, enum task_state state)
{
	static const unsigned allowed[] = {
		[TASK_NEW] = 1 << TASK_QUEUED | 1 << TASK_LOADING | 1 << TASK_COMMITTING |
			1 << TASK_STALLED | 1 << TASK_DONE | 1 << TASK_NEW,
		[TASK_QUEUED] = 1 << TASK_LOADING | 1 << TASK_STALLED | 1 << TASK_DONE,
		[TASK_LOADING] = 1 << TASK_NEW | 1 << TASK_STALLED | 1 << TASK_DONE,
		[TASK_COMMITTING] = 1 << TASK_NEW | 1 << TASK_STALLED | 1 << TASK_DONE,
		[TASK_STALLED] = 1 << TASK_NEW | 1 << TASK_DONE,
		[TASK_DONE] = 0,
	};

	if (!(allowed[t->state] & 1u << state)) {
		log_write(LOG_ERROR, "tasks", t->trace, "impossible change of state", "from",
			log_int(t->state), "to", log_int(state), NULL);
		abort();
	}
	t->state = state;
}

static void on_uv_more(uv_idle_t *h)
{
	(void)h;
}

/* For the next hook. The loop must not sleep before it: an answer may come after this turn's hook
 * has run (the store gives some in its own), and nothing else may happen for a long time. */
static void task_ready(struct task *t)
{
	struct tasks *ts = t->owner;

	t->next_ready = NULL;
	*ts->ready_end = t;
	ts->ready_end = &t->next_ready;
	if (!ts->closing)
		uv_idle_start(&ts->more, on_uv_more);
}

/* --- the answer as it is remembered ------------------------------------------------ */

/* The request was applied before: the first answer stands. */
static void task_repeat(struct task *t, const char *remembered)
{
	struct reply first;

	task_reply_decode(t->arena, remembered ? remembered : "", &first);
	if (t->has_origin) { /* what brought us here must still be taken away */
		effects_clear(&t->effects);
		t->repeated = true;
		task_set_state(t, TASK_NEW);
		task_commit(t);
		return;
	}
	task_finish(t, ANSWER_DONE, &first);
}

/* --- facts ---------------------------------------------------------------------- */

static void on_store_load(void *ud, enum store_status status, struct fact *facts, size_t n)
{
	struct task *t = ud; /* alive: a task goes only when nothing of it is in flight */
	size_t i;

	if (t->answered || (status != STORE_OK && t->owner->closing)) {
		task_finish(t, ANSWER_NOT_RECORDED, NULL);
		return;
	}
	if (status != STORE_OK) {
		task_set_state(t, TASK_STALLED); /* the sweep tries again */
		return;
	}
	for (i = 0; i < n; i++) {
		snapshot_add(t->snap, &facts[i]);
		if (facts[i].state == FACT_KNOWN && strncmp(facts[i].key, "done:", 5) == 0) {
			task_repeat(t, facts[i].value);
			return;
		}
	}
	fault_pass(FAULT_FACTS_LOADED);
	task_set_state(t, TASK_NEW);
	task_ready(t);
}

/* Whether this round looks at anything that may have changed. */
static bool task_reads(const struct task *t)
{
	size_t i;

	for (i = 0; i < t->effects.n_needs; i++)
		if (strncmp(t->effects.needs[i], "count:", 6) != 0)
			return true;
	return false;
}

static void task_load(struct task *t)
{
	task_set_state(t, TASK_LOADING);
	/* A redelivery gets the first answer again, whatever the state has become since. Where only a
	 * number is wanted the commit itself finds out. */
	if (t->rounds == 1 && *t->req->id && task_reads(t))
		effects_need(&t->effects, arena_printf(t->arena, "done:%s", t->req->id));
	store_load(t->owner->o.store, t->arena, t->effects.needs, t->effects.n_needs,
		on_store_load, t);
}

static void on_turn(struct task_waiter *w)
{
	task_load((struct task *)(void *)((char *)w - offsetof(struct task, turn)));
}

/* The one document that this round asks for, or NULL. */
static const char *task_document(const struct task *t)
{
	const char *found = NULL;
	size_t i;

	for (i = 0; i < t->effects.n_needs; i++) {
		if (strncmp(t->effects.needs[i], "doc:", 4) != 0)
			continue;
		if (found)
			return NULL; /* several: a reader, the version check is enough */
		found = t->effects.needs[i];
	}
	return found;
}

static void task_need(struct task *t)
{
	const char *doc = task_document(t);

	if (++t->rounds > ROUNDS_MAX || t->effects.n_needs == 0) {
		log_write(LOG_ERROR, "tasks", t->trace, "a handler asks for facts without end",
			"fact", t->effects.n_needs ? t->effects.needs[0] : "none", NULL);
		task_finish(t, ANSWER_BROKEN, NULL);
		return;
	}
	if (doc && !t->turn.lock && !task_lock_take(&t->owner->locks, &t->turn, doc)) {
		task_set_state(t, TASK_QUEUED);
		return;
	}
	task_load(t);
}

/* --- the commit ------------------------------------------------------------------ */

/* Facts are loaded anew and the clock is read anew: an outage may lie in between. */
static void task_restart(struct task *t)
{
	t->req->now_ms = clock_now_ms(t->owner->o.clock);
	t->snap = snapshot_new(t->arena);
	t->rounds = 0;
	task_set_state(t, TASK_NEW);
	task_ready(t);
}

static void task_refused_by_store(struct task *t, const char *detail)
{
	log_write(LOG_ERROR, "tasks", t->trace, "Redis refused a commit: nothing was recorded",
		"detail", detail, NULL);
	task_finish(t, ANSWER_NOT_RECORDED, NULL);
}

static void on_store_commit(void *ud, const struct store_answer *answer)
{
	struct task *t = ud;
	struct reply first;

	switch (answer->status) {
	case STORE_OK:
		fault_pass(FAULT_COMMIT_DONE);
		task_finish(t, ANSWER_DONE, &t->effects.reply);
		return;
	case STORE_DUPLICATE:
		task_reply_decode(t->arena, answer->reply ? answer->reply : "", &first);
		task_finish(t, ANSWER_DONE, &first);
		return;
	case STORE_CONFLICT:
		if (t->answered) { /* nothing was written, and the asker was told "unsure" */
			task_finish(t, ANSWER_NOT_RECORDED, NULL);
			return;
		}
		if (++t->conflicts > CONFLICTS_MAX) {
			task_refused_by_store(t, "too many conflicts");
			return;
		}
		task_restart(t);
		return;
	case STORE_UNKNOWN:
		t->commit_unsure = true;
		/* fall through */
	case STORE_DOWN:
		if (t->answered || t->owner->closing) {
			task_finish(t, t->commit_unsure ? ANSWER_UNSURE : ANSWER_NOT_RECORDED, NULL);
			return;
		}
		task_set_state(t, TASK_STALLED);
		return;
	case STORE_REFUSED:
		task_refused_by_store(t, answer->detail);
		return;
	}
}

static void task_commit(struct task *t)
{
	struct commit c = {
		.request_id = t->repeated ? "" : t->req->id, /* else it would only be told so again */
		.reply = task_reply_encode(t->arena, &t->effects.reply),
		.effects = &t->effects,
		.facts = t->snap,
		.now_ms = t->req->now_ms,
		.timer = "", .done_entry = "", .ref = "", .ref_channel = "", .ref_ts = "",
	};

	if (t->has_origin) {
		c.timer = t->origin.timer;
		c.timer_due_ms = t->origin.timer_due_ms;
		c.done_lane = t->origin.lane;
		c.done_entry = t->origin.entry;
		c.ref = t->origin.ref;
		c.ref_channel = t->origin.ref_channel;
		c.ref_ts = t->origin.ref_ts;
	}
	fault_pass(FAULT_COMMIT_LEAVING);
	task_set_state(t, TASK_COMMITTING);
	store_commit(t->owner->o.store, &c, on_store_commit, t);
}

/* --- one step ---------------------------------------------------------------------- */

static enum step task_handle(struct task *t)
{
	struct context cx = {
		.plan = t->plan, .req = t->req, .snap = t->snap, .out = &t->effects, .arena = t->arena,
	};

	effects_clear(&t->effects);
	return handle(&cx);
}

static void task_run(struct task *t)
{
	enum step step;

	if (setjmp(*arena_recovery(t->arena))) {
		log_write(LOG_ERROR, "tasks", t->trace, "a request needs more memory than it may have",
			NULL);
		task_finish(t, ANSWER_BROKEN, NULL);
		return;
	}
	step = task_handle(t);
	arena_recovery_clear(t->arena);
	if (t->effects.overflow) {
		log_write(LOG_ERROR, "tasks", t->trace, "a handler wants more than a commit may hold", NULL);
		task_finish(t, ANSWER_BROKEN, NULL);
		return;
	}
	switch (step) {
	case STEP_NEED:
		task_need(t);
		return;
	case STEP_REFUSED:
		if (t->has_origin)
			task_commit(t); /* what brought us here is carried out: it must not come back */
		else
			task_finish(t, ANSWER_REFUSED, &t->effects.reply);
		return;
	case STEP_DONE:
		if (t->effects.n > 0 || t->has_origin)
			task_commit(t);
		else
			task_finish(t, ANSWER_DONE, &t->effects.reply);
		return;
	}
}

/* --- the answer ---------------------------------------------------------------------- */

/* Calls whoever asked, once. */
static void task_answer(struct task *t, enum answer_kind kind, const struct reply *reply)
{
	static const char *const templates[] = {
		[ANSWER_NOT_RECORDED] = "system/not_recorded", [ANSWER_UNSURE] = "system/unsure",
		[ANSWER_BUSY] = "system/busy", [ANSWER_BROKEN] = "system/broken",
	};
	answer_fn fn = t->fn;
	struct answer a = {.kind = kind, .trace = t->trace, .plan = t->plan, .arena = t->arena};

	if (t->answered)
		return;
	t->answered = true;
	metrics_inc2(METRIC_REQUESTS, t->req->kind, kind);
	metrics_observe(METRIC_REQUEST_SECONDS, t->req->kind, (double)(uv_hrtime() - t->started_ns) / 1e9);
	if (kind != ANSWER_DONE && kind != ANSWER_REFUSED)
		log_write(LOG_WARN, "tasks", t->trace, "not carried out", "request", t->req->id, "answer",
			templates[kind], NULL);
	if (!fn)
		return;
	t->fn = NULL;
	if (reply)
		a.reply = *reply;
	if (kind != ANSWER_DONE && kind != ANSWER_REFUSED) {
		char data[64];

		a.reply.kind = REPLY_PRIVATE;
		a.reply.refused = true;
		a.reply.template_name = templates[kind];
		snprintf(data, sizeof(data), "{\"ref\":\"%s\"}", t->trace);
		a.reply.data = data;
		fn(t->ud, &a);
	} else {
		fn(t->ud, &a);
	}
	fault_pass(FAULT_ANSWER_GIVEN);
}

static void task_finish(struct task *t, enum answer_kind kind, const struct reply *reply)
{
	task_set_state(t, TASK_DONE);
	task_answer(t, kind, reply);
	task_lock_give(&t->owner->locks, &t->turn);
	task_ready(t); /* freed by the hook: nothing may hold it within this turn */
}

static void task_free(struct task *t)
{
	struct tasks *ts = t->owner;

	if (t->prev)
		t->prev->next = t->next;
	else
		ts->all = t->next;
	if (t->next)
		t->next->prev = t->prev;
	ts->count--;
	ts->freed++;
	if (t->plan)
		ts->o.plan_give(ts->o.ud, t->plan);
	arena_free(t->arena);
	free(t);
}

/* --- the end of a turn ------------------------------------------------------------ */

static void on_uv_prepare(uv_prepare_t *h)
{
	struct tasks *ts = h->data;
	struct task *t = ts->ready, *next;

	ts->ready = NULL;
	ts->ready_end = &ts->ready;
	for (; t; t = next) {
		next = t->next_ready;
		if (t->state == TASK_DONE)
			task_free(t);
		else if (t->state == TASK_NEW && t->busy)
			task_finish(t, ANSWER_BUSY, NULL);
		else if (t->state == TASK_NEW)
			task_run(t);
	}
	if (ts->closing)
		return;
	if (!ts->ready)
		uv_idle_stop(&ts->more);
	if (ts->count > 0 && !uv_is_active((uv_handle_t *)&ts->sweep))
		uv_timer_again(&ts->sweep);
}

/* What hundreds of tasks at once needed is spread over the heap: free() alone keeps it. False: not
 * yet, come again. */
static bool tasks_trim(struct tasks *ts, int64_t now)
{
	if (ts->freed < TRIM_TASKS)
		return true;
	if (now - ts->trimmed_at < TRIM_MS)
		return false;
	ts->freed = 0;
	ts->trimmed_at = now;
	malloc_trim(0);
	return true;
}

/* Deadlines, and tasks that wait for Redis. */
static void on_uv_sweep(uv_timer_t *h)
{
	struct tasks *ts = h->data;
	int64_t now = clock_monotonic_ms();
	bool ready = store_ready(ts->o.store);
	struct task *t, *next;

	for (t = ts->all; t; t = next) {
		next = t->next;
		if (t->state == TASK_DONE)
			continue;
		if (t->deadline_at && now >= t->deadline_at) {
			t->deadline_at = 0;
			/* A call in flight still has to find its task: answer now, end when it returns. */
			if (t->state == TASK_COMMITTING)
				task_answer(t, ANSWER_UNSURE, NULL);
			else if (t->state == TASK_LOADING)
				task_answer(t, ANSWER_NOT_RECORDED, NULL);
			else
				task_finish(t, t->commit_unsure ? ANSWER_UNSURE : ANSWER_NOT_RECORDED, NULL);
		} else if (t->state == TASK_STALLED && ready) {
			task_restart(t);
		}
	}
	if (ts->count == 0 && tasks_trim(ts, now))
		uv_timer_stop(&ts->sweep);
}

/* --- from outside -------------------------------------------------------------------- */

struct tasks *tasks_new(const struct tasks_options *o)
{
	struct tasks *ts = calloc(1, sizeof(*ts));

	if (!ts)
		return NULL;
	ts->o = *o;
	if (!ts->o.limit)
		ts->o.limit = TASKS_LIMIT;
	ts->ready_end = &ts->ready;
	uv_random(NULL, NULL, &ts->trace_seed, sizeof(ts->trace_seed), 0, NULL);
	uv_prepare_init(o->loop, &ts->hook);
	uv_idle_init(o->loop, &ts->more);
	uv_timer_init(o->loop, &ts->sweep);
	ts->hook.data = ts->more.data = ts->sweep.data = ts;
	ts->handles = 3;
	uv_prepare_start(&ts->hook, on_uv_prepare);
	uv_timer_start(&ts->sweep, on_uv_sweep, SWEEP_MS, SWEEP_MS);
	return ts;
}

static void task_know_person(struct task *t)
{
	struct actor *who = &t->req->who;

	if (!who->user)
		who->user = "";
	if (who->platform == PLATFORM_NONE && strncmp(who->user, "person:", 7) == 0)
		who->person = plan_person(t->plan, who->user + 7);
	else if (who->platform == PLATFORM_SLACK && *who->user)
		who->person = plan_person_by_slack(t->plan, who->user);
}

void tasks_submit(struct tasks *ts, struct arena *arena_owned, struct request *req,
	const struct task_origin *origin, int64_t deadline_ms, answer_fn fn, void *ud)
{
	struct task *t = calloc(1, sizeof(*t));
	bool busy = ts->stopping || ts->count >= ts->o.limit;

	if (!t) {
		arena_free(arena_owned);
		return; /* out of memory: whoever asked hears from its own deadline */
	}
	t->owner = ts;
	t->arena = arena_owned;
	t->req = req;
	t->fn = fn;
	t->ud = ud;
	t->started_ns = uv_hrtime();
	t->next = ts->all;
	if (ts->all)
		ts->all->prev = t;
	ts->all = t;
	ts->count++;
	snprintf(t->trace, sizeof(t->trace), "%08x", ++ts->trace_seed * 2654435761u);
	if (deadline_ms)
		t->deadline_at = clock_monotonic_ms() + deadline_ms;
	if (origin) {
		t->origin = *origin;
		t->has_origin = true;
	}
	t->turn.go = on_turn;
	t->plan = ts->o.plan_take(ts->o.ud);
	if (setjmp(*arena_recovery(t->arena))) {
		t->busy = true;
		task_ready(t);
		return;
	}
	req->trace = t->trace;
	req->now_ms = clock_now_ms(ts->o.clock);
	task_know_person(t);
	t->snap = snapshot_new(t->arena);
	effects_init(&t->effects, t->arena);
	arena_recovery_clear(t->arena);
	fault_pass(FAULT_REQUEST_ARRIVED);
	t->busy = busy;
	task_ready(t);
}

void tasks_store_changed(struct tasks *ts, bool ready)
{
	struct task *t, *next;

	for (t = ts->all; ready && t; t = next) {
		next = t->next;
		if (t->state == TASK_STALLED)
			task_restart(t);
	}
}

size_t tasks_running(const struct tasks *ts)
{
	return ts->count;
}

void tasks_stop(struct tasks *ts)
{
	ts->stopping = true;
}

static void on_uv_close(uv_handle_t *h)
{
	struct tasks *ts = h->data;

	if (--ts->handles == 0)
		free(ts);
}

/* The store has been closed before: nothing is in flight any more. */
void tasks_close(struct tasks *ts)
{
	struct task *t;

	ts->closing = ts->stopping = true;
	for (t = ts->all; t; t = t->next)
		task_answer(t, t->commit_unsure ? ANSWER_UNSURE : ANSWER_NOT_RECORDED, NULL);
	while (ts->all) {
		t = ts->all;
		task_lock_drop(&ts->locks, &t->turn);
		task_free(t);
	}
	uv_close((uv_handle_t *)&ts->hook, on_uv_close);
	uv_close((uv_handle_t *)&ts->more, on_uv_close);
	uv_close((uv_handle_t *)&ts->sweep, on_uv_close);
}
