/* calendar_read.c - see calendar.h: lines, properties and events. */
#include "tocsin/calendar.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "handlers/wire/calendar_value.h"
#include "tocsin/arena.h"
#include "tocsin/err.h"
#include "tocsin/utf8.h"
#include "tocsin/zone.h"

#define DAY_S 86400
#define TEXT_MAX 300 /* bytes of a name that are kept */
#define NAME_MAX 64
#define LINES_MAX 2000 /* of one event */

/* One unfolded line: NAME;PARAMS:VALUE, cut in place. */
struct line {
	unsigned n;
	char *name, *params, *value;
};

struct reader {
	struct arena *arena;
	char *s, *end;          /* what is left of a copy of the file */
	unsigned n;             /* line */
	const struct zone *zone;
	calendar_zone_fn find;
	void *ud;
	struct calendar *out;
	size_t room;            /* of out->events */
	int64_t *except;        /* room for CALENDAR_EXCEPTIONS_MAX, made when needed */
	size_t n_except;
	bool limit;

	/* The event that is being read. */
	struct calendar_event e;
	bool has_end, all_day, bad;
	int64_t duration_s;
	unsigned attendees;
};

static void warn(struct reader *r, unsigned line, const char *text)
{
	if (r->out->n_warnings < CALENDAR_WARNINGS_MAX)
		r->out->warnings[r->out->n_warnings++] = (struct calendar_warning){line, text};
}

/* The event will not be read. */
static void spoil(struct reader *r, const struct line *l, const char *text)
{
	if (!r->bad)
		warn(r, l->n, text);
	r->bad = true;
}

/* --- lines ---------------------------------------------------------------------------------- */

/* Takes the next line, with its continuations, out of the copy. NULL at the end. */
static char *take_line(struct reader *r, unsigned *line)
{
	char *begin = r->s, *to = r->s;

	if (r->s >= r->end)
		return NULL;
	*line = ++r->n;
	while (r->s < r->end) {
		if (*r->s == '\r' && r->s + 1 < r->end && r->s[1] == '\n')
			r->s++;
		if (*r->s != '\n') {
			*to++ = *r->s++;
			continue;
		}
		r->s++;
		if (r->s >= r->end || (*r->s != ' ' && *r->s != '\t'))
			break;
		r->s++; /* folded: the break and one blank vanish, within a character too */
		r->n++;
	}
	*to = '\0'; /* there is room: a line break, or the byte behind the copy */
	return begin;
}

/* Ends the text here; what follows. */
static char *cut(char *at)
{
	*at = '\0';
	return at + 1;
}

static bool next_line(struct reader *r, struct line *out)
{
	char *s;
	bool quoted = false;

	while ((s = take_line(r, &out->n))) {
		out->name = s;
		out->params = out->value = NULL;
		for (; *s && !out->value; s++) {
			if (*s == '"')
				quoted = !quoted;
			else if (!quoted && *s == ';' && !out->params)
				out->params = cut(s);
			else if (!quoted && *s == ':')
				out->value = cut(s);
		}
		quoted = false;
		if (out->value) {
			if (!out->params)
				out->params = out->value - 1; /* "" */
			return true;
		}
	}
	return false;
}

static bool is(const struct line *l, const char *name)
{
	return strcasecmp(l->name, name) == 0;
}

/* A parameter's value, without quotes; "" for none. In arena. */
static const char *param(struct reader *r, const struct line *l, const char *name)
{
	const char *s = l->params;
	size_t n = strlen(name);

	while (*s) {
		const char *begin = s;
		bool quoted = false;

		for (; *s && (quoted || *s != ';'); s++)
			quoted ^= *s == '"';
		if ((size_t)(s - begin) > n && strncasecmp(begin, name, n) == 0 && begin[n] == '=') {
			begin += n + 1;
			if (*begin == '"' && s - begin >= 2)
				return arena_strndup(r->arena, begin + 1, (size_t)(s - begin) - 2);
			return arena_strndup(r->arena, begin, (size_t)(s - begin));
		}
		s += *s == ';';
	}
	return "";
}

/* TEXT: escapes undone, controls gone, cut. */
static const char *text(struct reader *r, const char *s)
{
	char *out = arena_alloc(r->arena, TEXT_MAX + 1);
	size_t n = 0;

	for (; *s && n < TEXT_MAX; s++) {
		char c = *s;

		if (c == '\\' && s[1])
			c = *++s == 'n' || *s == 'N' ? ' ' : *s;
		if ((unsigned char)c >= ' ' && c != 0x7f)
			out[n++] = c;
	}
	while (n && !utf8_valid(out, n))
		n--; /* cut within a character, or broken before */
	out[n] = '\0';
	return out;
}

/* --- times ---------------------------------------------------------------------------------- */

static const struct zone *zone_named(struct reader *r, const char *name, bool *known)
{
	const struct zone *z;

	*known = true;
	/* "/freeassociation.sourceforge.net/Europe/London" */
	if (*name == '/' && strchr(name + 1, '/'))
		name = strchr(name + 1, '/') + 1;
	if (strcasecmp(name, "UTC") == 0 || strcasecmp(name, "GMT") == 0 || strcasecmp(name, "Etc/UTC") == 0)
		return NULL;
	z = *name && strlen(name) <= NAME_MAX ? r->find(r->ud, name) : NULL;
	*known = z != NULL;
	return z;
}

/* A time with its zone. False after the event was spoilt. */
static bool read_time(struct reader *r, const struct line *l, int64_t *clock_s, const struct zone **zone,
	bool *date)
{
	const char *tzid = param(r, l, "TZID");
	bool utc, known = true;

	if (!calendar_stamp(l->value, strlen(l->value), clock_s, date, &utc)) {
		spoil(r, l, "a time that does not exist");
		return false;
	}
	*zone = utc ? NULL : *tzid && !*date ? zone_named(r, tzid, &known) : r->zone;
	if (!known)
		spoil(r, l, "a time zone that is not known");
	return known;
}

/* --- rules ---------------------------------------------------------------------------------- */

static bool read_part(struct reader *r, struct calendar_rule *rule, const char *name, const char *value)
{
	static const char *const names[] = {"", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"};
	bool date, utc;
	int64_t clock_s;
	char *rest;

	if (strcasecmp(name, "FREQ") == 0) {
		for (unsigned i = 1; i < 5; i++)
			if (strcasecmp(names[i], value) == 0)
				rule->freq = (enum calendar_freq)i;
		return rule->freq != CALENDAR_ONCE;
	}
	if (strcasecmp(name, "INTERVAL") == 0)
		return calendar_number(value, 10000, &rule->interval);
	if (strcasecmp(name, "COUNT") == 0)
		return calendar_number(value, 1000000, &rule->count);
	if (strcasecmp(name, "BYDAY") == 0)
		return calendar_days(rule, value);
	if (strcasecmp(name, "WKST") == 0)
		return (rule->week_start = calendar_weekday(value)) >= 0 && !value[2];
	if (strcasecmp(name, "BYMONTHDAY") == 0) {
		long day = strtol(value, &rest, 10);

		rule->month_day = (int)day;
		return !*rest && day != 0 && day >= -31 && day <= 31;
	}
	if (strcasecmp(name, "UNTIL") == 0) {
		if (!calendar_stamp(value, strlen(value), &clock_s, &date, &utc))
			return false;
		/* A date means the whole of that day. */
		rule->until_ms = zone_clock_to_utc_ms(utc ? NULL : r->e.zone, clock_s + (date ? DAY_S - 1 : 0));
		return true;
	}
	return false;
}

static bool fits(const struct calendar_rule *rule)
{
	bool monthly = rule->freq == CALENDAR_MONTHLY;

	if ((rule->month_day || rule->nth) && !monthly)
		return false;
	if (rule->days && rule->freq != CALENDAR_DAILY && rule->freq != CALENDAR_WEEKLY)
		return false;
	return !(rule->month_day && rule->nth) && !(rule->freq == CALENDAR_DAILY && rule->days && rule->interval > 1);
}

static void read_rule(struct reader *r, const struct line *l)
{
	struct calendar_rule *rule = &r->e.rule;
	char *s = l->value, *value;

	*rule = (struct calendar_rule){.interval = 1, .until_ms = INT64_MAX, .week_start = 1};
	while (*s) {
		size_t n = strcspn(s, ";");
		char *next = s + n + (s[n] == ';');

		s[n] = '\0';
		value = strchr(s, '=');
		if (!value) {
			spoil(r, l, "a rule of repetition that is malformed");
			return;
		}
		*value++ = '\0';
		if (!read_part(r, rule, s, value)) {
			spoil(r, l, "a rule of repetition with a part that is not understood");
			return;
		}
		s = next;
	}
	if (rule->freq == CALENDAR_ONCE || !fits(rule))
		spoil(r, l, "a rule of repetition that is not understood");
}

/* --- events --------------------------------------------------------------------------------- */

static void read_except(struct reader *r, const struct line *l)
{
	char *s = l->value;

	if (!r->except)
		r->except = ARENA_ARRAY(r->arena, int64_t, CALENDAR_EXCEPTIONS_MAX);
	if (!r->e.except)
		r->e.except = r->except + r->n_except;
	do {
		size_t n = strcspn(s, ",");
		struct line one = *l;
		const struct zone *zone;
		int64_t clock_s;
		char *next = s + n + (s[n] == ',');
		bool date;

		if (r->n_except == CALENDAR_EXCEPTIONS_MAX) {
			r->limit = true;
			return;
		}
		s[n] = '\0';
		one.value = s;
		if (!read_time(r, &one, &clock_s, &zone, &date))
			return;
		/* By the event's own clock; a date means the occurrence of that day. */
		if (date && !r->all_day)
			clock_s += ((r->e.start_s % DAY_S) + DAY_S) % DAY_S;
		else if (zone != r->e.zone)
			clock_s = zone_clock_s(r->e.zone, zone_clock_to_utc_ms(zone, clock_s));
		r->except[r->n_except++] = clock_s;
		r->e.n_except++;
		s = next;
	} while (*s);
}

static void read_property(struct reader *r, const struct line *l)
{
	struct calendar_event *e = &r->e;
	const struct zone *zone;
	int64_t clock_s;
	bool date;

	if (is(l, "UID")) {
		e->uid = text(r, l->value);
	} else if (is(l, "SUMMARY")) {
		e->summary = text(r, l->value);
	} else if (is(l, "ATTENDEE")) {
		/* PagerDuty leaves "mailto:" out. */
		e->mail = r->attendees++ ? "" : text(r, strncasecmp(l->value, "mailto:", 7) == 0 ? l->value + 7 : l->value);
	} else if (is(l, "DTSTART")) {
		if (!read_time(r, l, &e->start_s, &e->zone, &r->all_day))
			e->start_s = INT64_MIN;
	} else if (is(l, "DTEND")) {
		if (read_time(r, l, &clock_s, &zone, &date)) {
			e->end_s = zone == e->zone ? clock_s
				: zone_clock_s(e->zone, zone_clock_to_utc_ms(zone, clock_s));
			r->has_end = true;
		}
	} else if (is(l, "DURATION")) {
		r->duration_s = calendar_duration(l->value);
		if (r->duration_s < 0)
			spoil(r, l, "a length that is malformed");
	} else if (is(l, "RRULE")) {
		if (e->rule.freq != CALENDAR_ONCE)
			spoil(r, l, "more than one rule of repetition");
		else
			read_rule(r, l);
	} else if (is(l, "EXDATE")) {
		read_except(r, l);
	} else if (is(l, "RDATE") || is(l, "EXRULE")) {
		spoil(r, l, "RDATE and EXRULE are not understood");
	} else if (is(l, "RECURRENCE-ID")) {
		if (*param(r, l, "RANGE"))
			spoil(r, l, "a change of all that follows (RANGE) is not understood");
		else if (read_time(r, l, &clock_s, &zone, &date))
			e->instead_ms = zone_clock_to_utc_ms(zone, clock_s);
		e->is_instance = true;
	} else if (is(l, "SEQUENCE")) {
		e->sequence = strtol(l->value, NULL, 10);
	} else if (is(l, "DTSTAMP")) {
		if (calendar_stamp(l->value, strlen(l->value), &clock_s, &date, &(bool){0}))
			e->stamp_ms = clock_s * 1000;
	} else if (is(l, "STATUS")) {
		e->cancelled = strcasecmp(l->value, "CANCELLED") == 0;
	}
}

static void event_begin(struct reader *r)
{
	r->e = (struct calendar_event){.uid = "", .summary = "", .mail = "", .start_s = INT64_MIN,
		.rule = {.interval = 1, .until_ms = INT64_MAX, .week_start = 1}};
	r->has_end = r->all_day = r->bad = false;
	r->duration_s = -1;
	r->attendees = 0;
}

static void event_end(struct reader *r, const struct line *l)
{
	struct calendar *c = r->out;
	struct calendar_event *e = &r->e;

	if (e->start_s == INT64_MIN)
		spoil(r, l, "an event without a begin");
	else if (!r->has_end)
		e->end_s = e->start_s + (r->duration_s >= 0 ? r->duration_s : r->all_day ? DAY_S : 0);
	if (!r->bad && e->end_s < e->start_s)
		spoil(r, l, "an event that ends before it begins");
	if (r->bad) {
		c->n_unread++;
		return;
	}
	if (c->n == CALENDAR_EVENTS_MAX) {
		r->limit = true;
		return;
	}
	if (c->n == r->room) {
		size_t room = r->room ? r->room * 2 : 64;
		struct calendar_event *more = ARENA_ARRAY(r->arena, struct calendar_event, room);

		if (c->n)
			memcpy(more, c->events, c->n * sizeof(*more));
		c->events = more;
		r->room = room;
	}
	c->events[c->n++] = *e;
}

/* UID's versions side by side, the one that counts first. */
static int by_version(const void *a, const void *b)
{
	const struct calendar_event *x = *(struct calendar_event *const *)a, *y = *(struct calendar_event *const *)b;
	int c = strcmp(x->uid, y->uid);

	if (c || x->is_instance != y->is_instance)
		return c ? c : x->is_instance - y->is_instance;
	if (x->instead_ms != y->instead_ms)
		return x->instead_ms < y->instead_ms ? -1 : 1;
	if (x->sequence != y->sequence)
		return x->sequence > y->sequence ? -1 : 1;
	if (x->stamp_ms != y->stamp_ms)
		return x->stamp_ms > y->stamp_ms ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void hide_older(struct reader *r)
{
	struct calendar *c = r->out;
	struct calendar_event **p = ARENA_ARRAY(r->arena, struct calendar_event *, c->n + 1);

	for (size_t i = 0; i < c->n; i++)
		p[i] = &c->events[i];
	qsort(p, c->n, sizeof(*p), by_version);
	for (size_t i = 1; i < c->n; i++)
		p[i]->hidden = *p[i]->uid && strcmp(p[i]->uid, p[i - 1]->uid) == 0 &&
			p[i]->is_instance == p[i - 1]->is_instance && p[i]->instead_ms == p[i - 1]->instead_ms;
}

/* DTSTART first, wherever it stands: everything else is read by its zone. */
static void read_event(struct reader *r, struct line *lines)
{
	struct line l = {0};
	unsigned depth = 0;
	size_t n = 0;

	event_begin(r);
	while (next_line(r, &l)) {
		if (is(&l, "END") && depth == 0)
			break;
		depth += is(&l, "BEGIN");
		depth -= is(&l, "END");
		if (depth > 0 || is(&l, "END"))
			continue;
		if (n < LINES_MAX)
			lines[n++] = l;
		else
			spoil(r, &l, "an event with more lines than are looked at");
		l.value = NULL; /* should it be the last */
	}
	if (!l.value)
		spoil(r, &l, "the file ends within an event");
	for (size_t i = 0; i < n; i++)
		if (is(&lines[i], "DTSTART"))
			read_property(r, &lines[i]);
	for (size_t i = 0; i < n; i++)
		if (!is(&lines[i], "DTSTART"))
			read_property(r, &lines[i]);
	event_end(r, &l);
}

static void read_calendar_property(struct reader *r, const struct line *l)
{
	bool known;

	if (is(l, "X-WR-CALNAME")) {
		r->out->name = text(r, l->value);
	} else if (is(l, "X-WR-TIMEZONE")) {
		const struct zone *z = zone_named(r, l->value, &known);

		if (known)
			r->zone = z;
		else
			warn(r, l->n, "a time zone that is not known");
	}
}

int calendar_read(struct arena *a, const char *bytes, size_t len, const struct zone *zone,
	calendar_zone_fn find, void *ud, struct calendar *out, struct err *err)
{
	struct reader r = {.arena = a, .zone = zone, .find = find, .ud = ud, .out = out};
	struct line *lines, l;
	bool begun = false;

	memset(out, 0, sizeof(*out));
	out->name = "";
	if (len > CALENDAR_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "the calendar is larger than %zu bytes", CALENDAR_BYTES_MAX);
	if (memchr(bytes, '\0', len))
		return err_set(err, ERR_INVALID, "this is no calendar: it holds a NUL byte");
	r.s = arena_strndup(a, bytes, len);
	r.end = r.s + len;
	lines = ARENA_ARRAY(a, struct line, LINES_MAX);
	while (next_line(&r, &l) && !r.limit) {
		if (is(&l, "BEGIN") && strcasecmp(l.value, "VCALENDAR") == 0)
			begun = true;
		else if (!begun)
			break;
		else if (is(&l, "BEGIN") && strcasecmp(l.value, "VEVENT") == 0)
			read_event(&r, lines);
		else
			read_calendar_property(&r, &l);
	}
	if (!begun)
		return err_set(err, ERR_INVALID, "this is no calendar: it does not begin with BEGIN:VCALENDAR");
	if (r.limit)
		return err_set(err, ERR_LIMIT, "the calendar has more than %d events or %d exceptions",
			CALENDAR_EVENTS_MAX, CALENDAR_EXCEPTIONS_MAX);
	hide_older(&r);
	return 0;
}
