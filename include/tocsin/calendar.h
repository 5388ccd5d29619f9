/*
 * calendar.h - iCalendar (RFC 5545) as people keep their rota in: bytes in, who has it when out.
 *
 * Everything is counted on the wall clock of an event's own zone, so that a hand-over at 09:00 stays
 * at 09:00 when clocks change: its end, too. What is not understood makes its event unread, and a
 * warning; it is never guessed. Pure; zones come from whoever calls.
 */
#ifndef TOCSIN_CALENDAR_H
#define TOCSIN_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CALENDAR_BYTES_MAX ((size_t)5 << 20)
#define CALENDAR_EVENTS_MAX 20000
#define CALENDAR_EXCEPTIONS_MAX 50000   /* of all events together */
#define CALENDAR_STEPS_MAX 400000       /* periods that one question looks at */
#define CALENDAR_OCCURRENCES_MAX 10000
#define CALENDAR_WARNINGS_MAX 20

struct arena;
struct err;
struct zone;

/* The zone of that name, or NULL: the event is unread then. "UTC" is not asked for. */
typedef const struct zone *(*calendar_zone_fn)(void *ud, const char *name);

enum calendar_freq { CALENDAR_ONCE, CALENDAR_DAILY, CALENDAR_WEEKLY, CALENDAR_MONTHLY, CALENDAR_YEARLY };

struct calendar_rule {
	enum calendar_freq freq;
	unsigned interval;      /* from 1 */
	unsigned count;         /* 0: without end */
	int64_t until_ms;       /* inclusive; INT64_MAX: none */
	unsigned days;          /* WEEKLY, DAILY: bit 0 is Sunday; 0: the day of the start */
	int week_start;         /* 0 Sunday to 6; Monday is 1 */
	int month_day;          /* MONTHLY: BYMONTHDAY, below 0 from the end; 0: the day of the start */
	int nth, nth_day;       /* MONTHLY: BYDAY=-1SU is -1, 0; nth 0: none */
};

struct calendar_event {
	const char *uid, *summary;
	const char *mail;         /* of the only ATTENDEE; "" : none, or several */
	const struct zone *zone;  /* NULL: UTC */
	int64_t start_s, end_s;   /* by the wall clock of the zone, as zone_clock_s() counts */
	struct calendar_rule rule;
	const int64_t *except;    /* EXDATE: starts, wall clock */
	size_t n_except;
	bool is_instance;         /* takes the place of the occurrence that began at `instead_ms` */
	int64_t instead_ms;
	int64_t sequence, stamp_ms;
	bool cancelled;
	bool hidden;              /* another version of it counts */
};

struct calendar_warning {
	unsigned line;            /* of the file, from 1 */
	const char *text;         /* what was not understood */
};

struct calendar {
	const char *name;         /* X-WR-CALNAME; data */
	struct calendar_event *events;
	size_t n;
	struct calendar_warning warnings[CALENDAR_WARNINGS_MAX];
	size_t n_warnings;        /* kept ones */
	size_t n_unread;          /* events left out because of them */
};

/* zone: of times that name none, unless the calendar does (X-WR-TIMEZONE). 0; -1 with err set:
 * ERR_INVALID when it is no calendar, ERR_LIMIT when it is larger than the bounds above. */
int calendar_read(struct arena *a, const char *bytes, size_t len, const struct zone *zone,
	calendar_zone_fn find, void *ud, struct calendar *out, struct err *err);

struct calendar_occurrence {
	const struct calendar_event *event;
	int64_t from_ms, to_ms;   /* from <= t < to */
};

/* What overlaps from <= t < to, by start. Returns how many; *more: the bounds cut something off. */
size_t calendar_expand(struct arena *a, const struct calendar *c, int64_t from_ms, int64_t to_ms,
	struct calendar_occurrence **out, bool *more);
#endif
