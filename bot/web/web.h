/*
 * web.h - what is served over HTTP: health, metrics, Slack's signed requests, alerts,
 * callbacks of Twilio, and acknowledgement links.
 *
 *   GET  /healthz          200 while the process works, with warnings as text
 *   GET  /readyz           200 when Redis and chat are connected, else 503 and what is missing
 *   GET  /metrics          Prometheus text format 0.0.4
 *   POST /slack/...        events, commands, interactivity (signed)
 *   POST /alerts/SOURCE    a monitoring system reports; 200 after all of it is committed
 *   POST /twilio/CONNECTION/...  keys pressed, calls that failed, text messages (signed)
 *   POST /pagerduty/CONNECTION   what people did in PagerDuty (signed)
 *   GET  /ack?t=TOKEN      a page with one button; nothing happens by looking at it
 *   POST /ack              the button
 *
 * Loop thread only.
 */
#ifndef TOCSIN_BOT_WEB_WEB_H
#define TOCSIN_BOT_WEB_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct buf;
struct clock;
struct err;
struct link_key;
struct plan;
struct slack;
struct store;
struct tasks;
struct web;
struct words;

struct web_options {
	uv_loop_t *loop;
	const char *listen;                       /* see http_server.h; port 0: any */
	const struct clock *clock;
	struct store *store;
	struct tasks *tasks;
	struct link_key *link_key;                /* NULL: links are answered 404 */
	struct plan *(*plan_take)(void *ud);      /* the plan in force, with a reference */
	void (*plan_give)(void *ud, struct plan *plan);
	const struct words *(*words)(void *ud);
	/* Adds lines to /healthz ("warning: ...\n"), beside the store's and Slack's. May be NULL. */
	void (*warnings)(void *ud, struct buf *out);
	/* Called before /metrics is printed, to set gauges. May be NULL. */
	void (*measure)(void *ud);
	void *ud;
};

/* NULL with err set: the address is malformed, in use, or not ours. */
struct web *web_open(const struct web_options *o, struct err *err);

/* Slack is started after HTTP: from then on /slack/... and readiness know it. NULL takes it away. */
void web_set_slack(struct web *w, struct slack *slack);

/* "127.0.0.1:43211" */
const char *web_address(const struct web *w);
unsigned web_port(const struct web *w);

/* No new requests; those in flight are answered. */
void web_stop(struct web *w);
size_t web_in_flight(const struct web *w);
/* Before tasks_close() and slack_close(), or after: answers that come later are dropped. Memory goes
 * when the last of them has come. NULL is allowed. */
void web_close(struct web *w);
#endif
