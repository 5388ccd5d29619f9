/* calendar_expand.c - see calendar.h: which occurrences overlap a span of time. */
#include "tocsin/calendar.h"

#include <stdlib.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/zone.h"

#define DAY_S 86400

struct span {
	struct arena *arena;
	const struct calendar *calendar;
	int64_t from_ms, to_ms;
	struct calendar_occurrence *out;
	size_t n, room;
	unsigned steps;
	bool more;
	/* Instances that take the place of an occurrence, by UID and time. */
	const struct calendar_event **instead;
	size_t n_instead;
};

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int by_place(const void *a, const void *b)
{
	const struct calendar_event *x = *(const struct calendar_event *const *)a;
	const struct calendar_event *y = *(const struct calendar_event *const *)b;
	int c = strcmp(x->uid, y->uid);

	return c ? c : (x->instead_ms > y->instead_ms) - (x->instead_ms < y->instead_ms);
}

static bool is_replaced(const struct span *s, const struct calendar_event *e, int64_t start_ms)
{
	struct calendar_event key = {.uid = e->uid, .instead_ms = start_ms};
	const struct calendar_event *p = &key;

	return *e->uid && bsearch(&p, s->instead, s->n_instead, sizeof(p), by_place);
}

static bool is_excepted(const struct calendar_event *e, int64_t start_s)
{
	for (size_t i = 0; i < e->n_except; i++)
		if (e->except[i] == start_s)
			return true;
	return false;
}

static void add(struct span *s, const struct calendar_event *e, int64_t start_s)
{
	int64_t from = zone_clock_to_utc_ms(e->zone, start_s);
	int64_t to = zone_clock_to_utc_ms(e->zone, start_s + (e->end_s - e->start_s));

	if (from >= s->to_ms || to <= s->from_ms || to <= from || is_excepted(e, start_s))
		return;
	if (!e->is_instance && is_replaced(s, e, from))
		return;
	if (s->n == CALENDAR_OCCURRENCES_MAX) {
		s->more = true;
		return;
	}
	if (s->n == s->room) {
		size_t room = s->room ? s->room * 2 : 64;
		struct calendar_occurrence *more = ARENA_ARRAY(s->arena, struct calendar_occurrence, room);

		if (s->n)
			memcpy(more, s->out, s->n * sizeof(*more));
		s->out = more;
		s->room = room;
	}
	s->out[s->n++] = (struct calendar_occurrence){e, from, to};
}

/* One start by the rule: counts it. False: the rule is at its end. */
static bool start(struct span *s, const struct calendar_event *e, int64_t start_s, unsigned *count)
{
	const struct calendar_rule *r = &e->rule;

	if (start_s < e->start_s)
		return true;
	if ((r->count && *count >= r->count) || zone_clock_to_utc_ms(e->zone, start_s) > r->until_ms)
		return false;
	(*count)++;
	add(s, e, start_s);
	return true;
}

/* Day of a month by the rule; 0: this month has none. */
static int day_of_month(const struct calendar_event *e, int year, int month, int start_day)
{
	const struct calendar_rule *r = &e->rule;
	int64_t first = day_number(year, month, 1);
	int length = (int)(day_number(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1) - first);
	int day = r->month_day ? r->month_day : start_day;

	if (r->nth) {
		/* 1970-01-01 was a Thursday. */
		int weekday = (int)(((first + 4) % 7 + 7) % 7);
		int earliest = 1 + (r->nth_day - weekday + 7) % 7;

		day = earliest + 7 * ((r->nth > 0 ? r->nth : 6) - 1);
		if (r->nth < 0) {
			while (day > length)
				day -= 7;
			day += 7 * (r->nth + 1);
		}
	} else if (day < 0) {
		day = length + 1 + day;
	}
	return day >= 1 && day <= length ? day : 0;
}

/* The starts of period k. False: the rule is at its end. */
static bool period(struct span *s, const struct calendar_event *e, int64_t k, unsigned *count)
{
	const struct calendar_rule *r = &e->rule;
	int64_t day = floor_div(e->start_s, DAY_S), clock = e->start_s - day * DAY_S, months, first;
	int year, month, dom;

	switch (r->freq) {
	case CALENDAR_ONCE:
		return false;
	case CALENDAR_DAILY:
		day += k * r->interval;
		if (r->days && !(r->days >> ((day + 4) % 7 + 7) % 7 & 1))
			return zone_clock_to_utc_ms(e->zone, day * DAY_S) <= r->until_ms;
		return start(s, e, day * DAY_S + clock, count);
	case CALENDAR_WEEKLY:
		if (!r->days)
			return start(s, e, (day + 7 * k * r->interval) * DAY_S + clock, count);
		first = day - (((day + 4 - r->week_start) % 7 + 7) % 7) + 7 * k * r->interval;
		for (int64_t d = first; d < first + 7; d++)
			if ((r->days >> ((d + 4) % 7 + 7) % 7 & 1) && !start(s, e, d * DAY_S + clock, count))
				return false;
		return true;
	case CALENDAR_MONTHLY:
	case CALENDAR_YEARLY:
		day_from_number(day, &year, &month, &dom);
		months = (int64_t)year * 12 + month - 1 + k * r->interval * (r->freq == CALENDAR_YEARLY ? 12 : 1);
		if (months > (int64_t)9000 * 12)
			return false;
		year = (int)(months / 12);
		month = (int)(months % 12) + 1;
		dom = day_of_month(e, year, month, dom);
		return !dom || start(s, e, day_number(year, month, dom) * DAY_S + clock, count);
	}
	return false;
}

/* The shortest that a period may be, so that none before the span is left out. */
static int64_t period_s(const struct calendar_rule *r)
{
	static const int64_t days[] = {1, 1, 7, 31, 366};

	return days[r->freq] * DAY_S * r->interval;
}

static void expand(struct span *s, const struct calendar_event *e)
{
	int64_t to_s = s->to_ms / 1000 + 2 * DAY_S, back = e->end_s - e->start_s, k = 0;
	unsigned count = 0;

	if (e->rule.freq == CALENDAR_ONCE || e->is_instance) {
		add(s, e, e->start_s);
		return;
	}
	/* Without a count there is no need to walk from the begin. Months and years are at most as long
	 * as period_s() says, so this never goes too far. */
	if (!e->rule.count)
		k = floor_div(s->from_ms / 1000 - back - e->start_s, period_s(&e->rule)) - 2;
	if (k < 0)
		k = 0;
	for (; e->start_s + (k - 1) * (period_s(&e->rule) - (e->rule.freq >= CALENDAR_MONTHLY
			? 3 * DAY_S * e->rule.interval : 0)) < to_s; k++) {
		if (s->steps++ == CALENDAR_STEPS_MAX) {
			s->more = true;
			return;
		}
		if (!period(s, e, k, &count))
			return;
	}
}

static int by_start(const void *a, const void *b)
{
	const struct calendar_occurrence *x = a, *y = b;

	if (x->from_ms != y->from_ms)
		return x->from_ms < y->from_ms ? -1 : 1;
	return (x->event > y->event) - (x->event < y->event);
}

size_t calendar_expand(struct arena *a, const struct calendar *c, int64_t from_ms, int64_t to_ms,
	struct calendar_occurrence **out, bool *more)
{
	struct span s = {.arena = a, .calendar = c, .from_ms = from_ms, .to_ms = to_ms};

	s.instead = ARENA_ARRAY(a, const struct calendar_event *, c->n + 1);
	for (size_t i = 0; i < c->n; i++)
		if (c->events[i].is_instance && !c->events[i].hidden)
			s.instead[s.n_instead++] = &c->events[i];
	qsort(s.instead, s.n_instead, sizeof(*s.instead), by_place);
	for (size_t i = 0; i < c->n && !(s.more && s.n == CALENDAR_OCCURRENCES_MAX); i++)
		if (!c->events[i].hidden && !c->events[i].cancelled)
			expand(&s, &c->events[i]);
	if (s.n)
		qsort(s.out, s.n, sizeof(*s.out), by_start);
	*out = s.out;
	*more = s.more;
	return s.n;
}
