/* web_health.c - /healthz, /readyz and /metrics. */
#include <string.h>

#include "bot/clock.h"
#include "bot/metrics.h"
#include "bot/slack/slack.h"
#include "bot/store/store.h"
#include "bot/tasks.h"
#include "bot/web/web_private.h"
#include "tocsin/buf.h"

#define PAGE_MAX (1u << 20)

static void answer(struct web *w, uint64_t id, int status, const struct buf *text, const char *type)
{
	struct web_answer a = {.status = status, .type = type, .body = buf_text(text), .len = text->len};

	web_answer(w->server, id, &a);
}

/* What does not hold although the process works. */
static void put_warnings(struct web *w, struct buf *out)
{
	struct slack_stats slack = {.problem = ""};
	struct store_stats store;

	store_stats(w->o.store, &store);
	if (!store.ready)
		buf_str(out, "warning: Redis is not connected: nothing can be recorded\n");
	if (store.warning && *store.warning)
		buf_printf(out, "warning: %s\n", store.warning);
	if (w->slack) {
		slack_stats(w->slack, &slack);
		if (!slack_connected(w->slack))
			buf_printf(out, "warning: Slack is not connected%s%s\n", *slack.problem ? ": " : "",
				slack.problem);
		else if (slack.degraded)
			buf_printf(out, "warning: Slack: %s\n", slack.problem);
		if (slack.foreign_sockets)
			buf_printf(out, "warning: %u connections of this Slack app are not ours: somebody "
				"else takes part of the commands\n", slack.foreign_sockets);
	}
	if (w->o.warnings)
		w->o.warnings(w->o.ud, out);
}

void web_health(void *ud, const struct web_request *req)
{
	struct web *w = ud;
	struct buf text;

	buf_init(&text, PAGE_MAX);
	buf_str(&text, "ok\n");
	put_warnings(w, &text);
	answer(w, req->id, 200, &text, NULL);
	buf_release(&text);
}

void web_ready(void *ud, const struct web_request *req)
{
	struct web *w = ud;
	bool store = store_ready(w->o.store), chat = w->slack && slack_connected(w->slack);
	struct buf text;

	buf_init(&text, PAGE_MAX);
	if (store && chat)
		buf_str(&text, "ready\n");
	if (!store)
		buf_str(&text, "not ready: Redis is not connected\n");
	if (!chat)
		buf_str(&text, "not ready: chat is not connected\n");
	answer(w, req->id, store && chat ? 200 : 503, &text, NULL);
	buf_release(&text);
}

/* What others count is read now; what happens is counted where it happens. */
static void measure(struct web *w)
{
	struct store_stats s;
	struct slack_stats slack;
	unsigned i;

	store_stats(w->o.store, &s);
	metrics_set(METRIC_STORE_READY, 0, s.ready);
	metrics_set(METRIC_STORE_COMMITS, 0, (double)s.commits);
	metrics_set(METRIC_STORE_CONFLICTS, 0, (double)s.conflicts);
	metrics_set(METRIC_STORE_DUPLICATES, 0, (double)s.duplicates);
	metrics_set(METRIC_STORE_LOADS, 0, (double)s.loads);
	metrics_set(METRIC_STORE_RECONNECTS, 0, (double)s.reconnects);
	metrics_set(METRIC_STORE_ROUND_TRIP, 0, (double)s.round_trip_us / 1e6);
	for (i = 0; i < LANES; i++)
		metrics_set(METRIC_OUTBOX_ENTRIES, i, s.outbox_depth[i] < 0 ? 0 : (double)s.outbox_depth[i]);
	metrics_set(METRIC_TIMERS_PENDING, 0, s.timers_pending < 0 ? 0 : (double)s.timers_pending);
	metrics_set(METRIC_TASKS_WAITING, 0, (double)tasks_running(w->o.tasks));
	if (w->slack) {
		slack_stats(w->slack, &slack);
		metrics_set(METRIC_CHAT_CONNECTED, 0, slack.sockets_wanted ? slack.sockets_live
			: slack_connected(w->slack));
	}
	if (w->o.measure)
		w->o.measure(w->o.ud);
	/* Depths are as of the last answer: ask for newer ones, for the next scrape. */
	store_refresh_stats(w->o.store);
}

void web_metrics(void *ud, const struct web_request *req)
{
	struct web *w = ud;
	struct buf text;

	measure(w);
	buf_init(&text, PAGE_MAX);
	metrics_print(&text);
	answer(w, req->id, text.failed ? 500 : 200, &text, "text/plain; version=0.0.4; charset=utf-8");
	buf_release(&text);
}
