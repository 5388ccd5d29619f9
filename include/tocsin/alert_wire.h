/*
 * alert_wire.h - what monitoring systems post, as alerts (request.h).
 *
 * Alertmanager's webhook (version 4, which Grafana's is like) and a plain JSON form (docs/plan.md).
 * The bytes come from outside: size, depth and number are bounded, repeated keys are refused,
 * control characters and direction overrides are gone from every text, links are http or https or
 * nothing.
 */
#ifndef TOCSIN_ALERT_WIRE_H
#define TOCSIN_ALERT_WIRE_H

#include <stddef.h>

#define ALERT_BODY_MAX ((size_t)1024 * 1024)
#define ALERT_DEPTH_MAX 32
#define ALERT_COUNT_MAX 250  /* of one body; more are counted as left out */
#define ALERT_KEY_MAX 200    /* bytes; longer ones are shortened to a hash that is theirs alone */
#define ALERT_TITLE_MAX 200  /* characters of title, service, severity */
#define ALERT_TEXT_MAX 1000  /* characters of the description */
#define ALERT_LINK_MAX 2000  /* bytes; longer ones are left out */

struct alert;
struct arena;
struct err;

struct alert_batch {
	struct alert *items; /* each key and state once; in arena */
	size_t n;
	unsigned left_out;   /* by the sender or by ALERT_COUNT_MAX; also in each item's `truncated` */
};

/*
 * kind: "alertmanager" or "generic"; source: key of the plan's alert source, borrowed. Returns 0, or
 * -1 with err set for the sender: ERR_LIMIT (too large, too deep) or ERR_INVALID (what is wrong, and
 * where). An empty list is no fault.
 */
int alert_wire_parse(struct arena *a, const char *kind, const char *source, const char *body,
	size_t len, struct alert_batch *out, struct err *e);

/* What the request is about: source, key, episode and state. In arena. */
const char *alert_wire_id(struct arena *a, const struct alert *alert);
#endif
