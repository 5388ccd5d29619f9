/* rota.c - see rota.h. */
#include "tocsin/rota.h"

#include "tocsin/plan.h"
#include "tocsin/zone.h"

#define DAY_S INT64_C(86400)
#define HOUR_S 3600

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* --- turns --------------------------------------------------------------------------------- */

static int64_t handoff_ms(const struct plan_layer *l, int64_t number)
{
	return zone_clock_to_utc_ms(l->zone, l->anchor_s + number * l->period_s);
}

/*
 * The earliest hand-off behind turn `number`. It is the next one, except where clocks skip more
 * than a turn: then later hand-offs happen before those that would have been in the gap.
 */
static int64_t next_handoff_ms(const struct plan_layer *l, int64_t number)
{
	int64_t next = handoff_ms(l, number + 1);
	int64_t skipped = DAY_S + HOUR_S; /* no zone has ever skipped more than a day */

	if (l->period_s > skipped)
		return next;
	for (int64_t k = 2; (k - 1) * l->period_s <= skipped; k++) {
		int64_t later = handoff_ms(l, number + k);

		if (later < next)
			next = later;
		/* No change of the clock in between: nothing out of order. */
		else if (k == 2 && later - next == l->period_s * 1000 &&
			zone_offset_s(l->zone, handoff_ms(l, number)) ==
				zone_offset_s(l->zone, next + skipped * 1000))
			break;
	}
	return next;
}

void rota_turn(const struct plan_layer *l, int64_t at_ms, struct rota_turn *out)
{
	int64_t k = floor_div(zone_clock_s(l->zone, at_ms) - l->anchor_s, l->period_s);

	/* The clock's reading is right but around a change: a few steps at most. */
	while (handoff_ms(l, k) > at_ms)
		k--;
	while (handoff_ms(l, k + 1) <= at_ms)
		k++;
	out->number = k;
	out->from_ms = handoff_ms(l, k);
	out->to_ms = next_handoff_ms(l, k);
}

unsigned rota_index(const struct plan_layer *l, int64_t number)
{
	int64_t n = (int64_t)l->n_turns;

	return (unsigned)(((number - l->first) % n + n) % n);
}

void rota_anchor(struct plan_layer *l, int weekday, int handoff_min)
{
	int64_t from_ms = l->from_ms == INT64_MIN ? ROTA_EPOCH_MS : l->from_ms;
	int64_t step = weekday < 0 ? 1 : 7;
	int64_t day = floor_div(zone_clock_s(l->zone, from_ms), DAY_S);
	struct rota_turn turn;

	if (weekday >= 0) /* 1970-01-01 was a Thursday (4) */
		day -= ((day + 4 - weekday) % 7 + 7) % 7;
	l->anchor_s = day * DAY_S + handoff_min * 60;
	while (handoff_ms(l, 0) > from_ms)
		l->anchor_s -= step * DAY_S;
	l->first = 0;
	rota_turn(l, from_ms, &turn);
	l->first = turn.number;
}

/* --- hours --------------------------------------------------------------------------------- */

struct window {
	int64_t from_ms, to_ms;
};

/* The window that begins on that day. False: there is none, or clocks skip all of it. */
static bool window_of(const struct plan_hours *h, int64_t day, struct window *out)
{
	int weekday = (int)(((day + 4) % 7 + 7) % 7);
	int64_t end = h->to_min > h->from_min ? day : day + 1;

	if (!(h->days >> weekday & 1))
		return false;
	out->from_ms = zone_clock_to_utc_ms(h->zone, day * DAY_S + h->from_min * 60);
	out->to_ms = zone_clock_to_utc_ms(h->zone, end * DAY_S + h->to_min * 60);
	return out->to_ms > out->from_ms;
}

bool hours_open(const struct plan_hours *h, int64_t at_ms, int64_t *change_ms)
{
	int64_t day = floor_div(zone_clock_s(h->zone, at_ms), DAY_S);
	int64_t open_until = INT64_MIN;
	struct window w;

	*change_ms = INT64_MAX;
	/* Windows that touch are one. */
	for (int64_t d = day - 1; d <= day + 8; d++) {
		if (!window_of(h, d, &w))
			continue;
		if (open_until != INT64_MIN) {
			if (w.from_ms > open_until)
				break;
			if (w.to_ms > open_until)
				open_until = w.to_ms;
		} else if (w.from_ms <= at_ms && at_ms < w.to_ms) {
			open_until = w.to_ms;
		} else if (w.from_ms > at_ms && w.from_ms < *change_ms) {
			*change_ms = w.from_ms;
		}
	}
	if (open_until == INT64_MIN)
		return false;
	*change_ms = open_until;
	return true;
}

bool rota_counts(const struct plan_layer *l, int64_t at_ms, int64_t *change_ms)
{
	int64_t change;
	bool open = true;

	if (at_ms < l->from_ms) {
		*change_ms = l->from_ms;
		return false;
	}
	*change_ms = INT64_MAX;
	if (at_ms >= l->to_ms)
		return false;
	*change_ms = l->to_ms;
	if (l->hours) {
		open = hours_open(l->hours, at_ms, &change);
		if (change < *change_ms)
			*change_ms = change;
	}
	return open;
}

int64_t plan_opens(const struct plan *plan, int64_t at_ms)
{
	/* Closed until the period ends, perhaps, and then the next one is asked. */
	for (size_t round = 0; round <= plan->n_periods; round++) {
		const struct plan_period *p = NULL;
		int64_t change;

		for (size_t i = 0; i < plan->n_periods && !p; i++)
			if (plan->periods[i].from_ms <= at_ms && at_ms < plan->periods[i].to_ms)
				p = &plan->periods[i];
		if (!p || !p->hours || hours_open(p->hours, at_ms, &change))
			return at_ms;
		if (change < p->to_ms)
			return change;
		at_ms = p->to_ms;
	}
	return at_ms;
}
