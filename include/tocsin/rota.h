/*
 * rota.h - turns that follow one another by the wall clock, and windows of the week.
 *
 * A turn is counted on the wall clock of the layer's zone: "every day from 09:00 to 09:00" is 23
 * hours long on the day on which clocks go forward and 25 on which they go back. A hand-off whose
 * local time comes twice happens the first time; one whose time does not exist happens as if the
 * clock had not been changed (02:30 is then shown as 03:30). So each moment belongs to exactly one
 * turn. A turn that lies wholly in a skipped hour has no length, and its person is passed over.
 *
 * Every question is answered from the moment that is asked about, without walking from the begin.
 */
#ifndef TOCSIN_ROTA_H
#define TOCSIN_ROTA_H

#include <stdbool.h>
#include <stdint.h>

struct plan;
struct plan_hours;
struct plan_layer;
struct zone;

#define ROTA_PERIOD_MIN_S 3600
/* Layers without `from` count from this day, a Monday. */
#define ROTA_EPOCH_MS INT64_C(1704067200000) /* 2024-01-01 00:00 UTC */

struct rota_turn {
	int64_t number;  /* 0 begins at the anchor */
	int64_t from_ms; /* its hand-offs, whatever the layer's own begin and end */
	int64_t to_ms;
};

/* The turn at that moment. The layer has turns (period_s > 0). */
void rota_turn(const struct plan_layer *l, int64_t at_ms, struct rota_turn *out);

/* Index into l->turns of a turn's number. */
unsigned rota_index(const struct plan_layer *l, int64_t number);

/* Does the layer count at that moment (begin, end, hours)? *change_ms: the next moment at which the
 * answer may be another; INT64_MAX: never. */
bool rota_counts(const struct plan_layer *l, int64_t at_ms, int64_t *change_ms);

/* Sets anchor_s and first of a layer whose zone, period_s and from_ms are known: the hand-off that
 * is the last at or before the begin. weekday 0 (Sunday) to 6, or -1: any day. */
void rota_anchor(struct plan_layer *l, int weekday, int handoff_min);

/* Are these hours open? *change_ms: until then (at least). */
bool hours_open(const struct plan_hours *h, int64_t at_ms, int64_t *change_ms);

/* When a page that is not urgent may go out: at_ms itself while the plan's period is open or there is
 * none, else the next opening. */
int64_t plan_opens(const struct plan *plan, int64_t at_ms);

#endif
