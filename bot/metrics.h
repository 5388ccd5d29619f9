/*
 * metrics.h - what an operator can watch: counters, gauges and histograms of this process, in the
 * Prometheus text format 0.0.4.
 *
 * One static table (metrics.c) lists every metric with its labels; label values come from the
 * closed sets below, never from data. Loop thread only. Counting costs an array access.
 */
#ifndef TOCSIN_BOT_METRICS_H
#define TOCSIN_BOT_METRICS_H

#include <stdint.h>

struct buf;

enum metric {
	METRIC_REQUESTS,         /* counter {kind: enum request_kind, outcome: enum answer_kind} */
	METRIC_REQUEST_SECONDS,  /* histogram {kind}: from arrival to answer */
	METRIC_TASKS_WAITING,    /* gauge */
	METRIC_SENDS,            /* counter {op: enum metric_op, outcome: enum sent_outcome} */
	METRIC_SENDS_STALE,      /* counter {lane}: dropped because the guard no longer held */
	METRIC_SENDS_GIVEN_UP,   /* counter {lane} */
	METRIC_OUTBOX_ENTRIES,   /* gauge {lane} */
	METRIC_TIMERS_PENDING,   /* gauge */
	METRIC_TIMER_LATE,       /* histogram: seconds between due and carried out */
	METRIC_STORE_READY,      /* gauge */
	METRIC_STORE_COMMITS,    /* counter */
	METRIC_STORE_CONFLICTS,  /* counter */
	METRIC_STORE_DUPLICATES, /* counter */
	METRIC_STORE_LOADS,      /* counter */
	METRIC_STORE_RECONNECTS, /* counter */
	METRIC_STORE_ROUND_TRIP, /* gauge */
	METRIC_CHAT_CONNECTED,   /* gauge: live sockets, or 1 in HTTP mode */
	METRIC_SLACK_CALLS,      /* counter {outcome: enum metric_slack} */
	METRIC_SLACK_ENVELOPES,  /* counter {type: enum metric_envelope} */
	METRIC_SLACK_RECONNECTS, /* counter */
	METRIC_HTTP_REQUESTS,    /* counter {route: enum metric_route, code: 0..3 for 2xx..5xx} */
	METRIC_HTTP_CONNECTIONS, /* gauge */
	METRIC_ALERTS,           /* counter {state: enum metric_alert} */
	METRIC_ALERTS_REJECTED,  /* counter {reason: enum metric_reject} */
	METRIC_ACK_LINKS,        /* counter {outcome: enum metric_ack_link} */
	METRIC_PLAN_LOADS,       /* counter {outcome: 0 accepted, 1 refused} */
	METRIC_PLAN_LOADED_AT,   /* gauge: Unix seconds */
	METRIC_START_TIME,       /* gauge: Unix seconds */
	METRIC_RESIDENT_BYTES,   /* gauge */
	METRIC_CPU_SECONDS,      /* counter */
	METRICS
};

enum metric_op {
	METRIC_OP_CHAT, METRIC_OP_MAIL, METRIC_OP_PAGERDUTY, METRIC_OP_WEBHOOK, METRIC_OP_PHONE,
	METRIC_OP_SMS, METRIC_OP_TICKET, METRIC_OP_OTHER
};
enum metric_slack { METRIC_SLACK_OK, METRIC_SLACK_LIMITED, METRIC_SLACK_ERROR, METRIC_SLACK_LOST };
enum metric_envelope {
	METRIC_ENVELOPE_COMMAND, METRIC_ENVELOPE_EVENT, METRIC_ENVELOPE_INTERACTIVE, METRIC_ENVELOPE_OTHER
};
enum metric_route {
	METRIC_ROUTE_HEALTH, METRIC_ROUTE_READY, METRIC_ROUTE_METRICS, METRIC_ROUTE_SLACK,
	METRIC_ROUTE_ALERTS, METRIC_ROUTE_ACK, METRIC_ROUTE_TWILIO, METRIC_ROUTE_PAGERDUTY,
	METRIC_ROUTE_OTHER
};
enum metric_alert { METRIC_ALERT_FIRING, METRIC_ALERT_RESOLVED };
enum metric_reject {
	METRIC_REJECT_UNAUTHORIZED, METRIC_REJECT_UNKNOWN, METRIC_REJECT_INVALID, METRIC_REJECT_UNAVAILABLE
};
enum metric_ack_link {
	METRIC_ACK_SHOWN, METRIC_ACK_USED, METRIC_ACK_EXPIRED, METRIC_ACK_INVALID, METRIC_ACK_FAILED
};

/* Which of METRIC_SENDS' op labels a send's op belongs to. */
enum metric_op metric_op_of(const char *op);

/* Counters. Labels that a metric does not have are 0; a label out of its set is not counted. */
void metrics_add(enum metric m, unsigned label1, unsigned label2, uint64_t n);
#define metrics_inc(m) metrics_add((m), 0, 0, 1)
#define metrics_inc1(m, a) metrics_add((m), (unsigned)(a), 0, 1)
#define metrics_inc2(m, a, b) metrics_add((m), (unsigned)(a), (unsigned)(b), 1)

/* Gauges, and counters that somebody else counts (the store). */
void metrics_set(enum metric m, unsigned label1, double value);

/* Histograms: seconds. */
void metrics_observe(enum metric m, unsigned label1, double seconds);

/* The value of one series: for tests and for the health page. Histogram: how many observations. */
double metrics_get(enum metric m, unsigned label1, unsigned label2);

void metrics_reset(void); /* tests */

/* All of it, in the order of the table. Reads this process's memory and processor time first. */
void metrics_print(struct buf *out);
#endif
