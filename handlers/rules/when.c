/* when.c - see when.h. */
#include "tocsin/when.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tocsin/args.h"
#include "tocsin/zone.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define DAY_S INT64_C(86400)
#define DURATION_MAX (INT64_C(3653) * DAY_S * SECOND)
#define EPOCH_S_MAX INT64_C(253402300799) /* the end of the year 9999 */

bool when_duration(const char *text, int64_t *ms)
{
	static const char units[] = "wdhms";
	static const int64_t unit_ms[] = {7 * DAY_S * SECOND, DAY_S * SECOND, 60 * MINUTE, MINUTE, SECOND};
	const char *next = units, *unit;
	int64_t total = 0;

	if (!*text)
		return false;
	while (*text) {
		int64_t n = 0;
		size_t digits = strspn(text, "0123456789");

		if (digits == 0 || digits > 7)
			return false;
		for (size_t i = 0; i < digits; i++)
			n = n * 10 + (text[i] - '0');
		text += digits;
		unit = *text ? strchr(next, tolower((unsigned char)*text)) : NULL;
		if (!unit)
			return false;
		total += n * unit_ms[unit - units];
		next = unit + 1;
		text++;
	}
	*ms = total;
	return total > 0 && total <= DURATION_MAX;
}

/* --- pieces ---------------------------------------------------------------------------------- */

static bool is_filler(const struct arg *a)
{
	static const char *const words[] = {"from", "to", "until", "till", "at", "on", "in", "for", "-",
		"--", "and"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (args_word_is(a, words[i]))
			return true;
	return false;
}

static const char *word_at(const struct args *args, size_t at)
{
	return at < args->n && args->items[at].kind == ARG_WORD ? args->items[at].text : NULL;
}

/* "9am", "9:30pm", "18:00": minutes of the day. -1: no time; -2: none that exists. */
static int clock_of(const char *s)
{
	size_t digits = strspn(s, "0123456789");
	int hour, minute = 0;
	bool colon;

	if (digits < 1 || digits > 2)
		return -1;
	hour = (int)strtol(s, NULL, 10);
	s += digits;
	colon = *s == ':';
	if (colon) {
		if (strspn(s + 1, "0123456789") != 2)
			return -1;
		minute = (int)strtol(s + 1, NULL, 10);
		s += 3;
	}
	if (strcasecmp(s, "am") == 0 || strcasecmp(s, "pm") == 0) {
		if (hour < 1 || hour > 12 || minute > 59)
			return -2;
		return (hour % 12 + (tolower((unsigned char)*s) == 'p' ? 12 : 0)) * 60 + minute;
	}
	if (*s || !colon)
		return -1;
	return hour < 24 && minute < 60 ? hour * 60 + minute : -2;
}

static int weekday_of(const char *s)
{
	static const char *const names[] = {"sunday", "monday", "tuesday", "wednesday", "thursday",
		"friday", "saturday"};
	size_t n = strlen(s);

	for (int i = 0; n >= 3 && i < 7; i++)
		if (n <= strlen(names[i]) && strncasecmp(names[i], s, n) == 0)
			return i;
	return -1;
}

static int64_t moment(const struct zone *zone, int64_t day, int minute)
{
	return zone_clock_to_utc_ms(zone, day * DAY_S + minute * 60);
}

static int64_t today_of(const struct zone *zone, int64_t ms)
{
	int64_t s = zone_clock_s(zone, ms);

	return s / DAY_S - (s % DAY_S < 0);
}

/* A day, and the time in the next word if there is one. */
static enum when_result day_and_time(const struct args *args, size_t *at, const struct zone *zone,
	int64_t day, bool end, int64_t *ms)
{
	const char *word = word_at(args, *at + 1);
	size_t used = 1;
	int minute;

	if (word && args_word_is(&args->items[*at + 1], "at")) {
		word = word_at(args, *at + 2);
		used = 2;
	}
	minute = word ? clock_of(word) : -1;
	if (minute == -2) {
		*at += used;
		return WHEN_NO_DAY;
	}
	*at += minute >= 0 ? used + 1 : 1;
	*ms = minute >= 0 ? moment(zone, day, minute) : moment(zone, end ? day + 1 : day, 0);
	return WHEN_OK;
}

/* "Z", "+01:00", "-0500" to seconds; false: it is none. */
static bool offset_of(const char *s, int *offset_s)
{
	int hour, minute;

	*offset_s = 0;
	if (strcasecmp(s, "z") == 0)
		return true;
	if ((*s != '+' && *s != '-') || strspn(s + 1, "0123456789:") != strlen(s + 1) ||
		(strlen(s) != 5 && strlen(s) != 6))
		return false;
	hour = (s[1] - '0') * 10 + s[2] - '0';
	minute = (int)strtol(s + (s[3] == ':' ? 4 : 3), NULL, 10);
	*offset_s = (*s == '-' ? -1 : 1) * (hour * 3600 + minute * 60);
	return hour < 24 && minute < 60;
}

/* "2026-12-24", and behind a "T" a time. */
static enum when_result date_read(const struct args *args, size_t *at, const struct zone *zone,
	bool end, int64_t *ms)
{
	const char *s = args->items[*at].text, *t = s + 10;
	struct local_time d = {0};
	char clock[6];
	int minute, offset_s;

	if (strlen(s) < 10 || strspn(s, "0123456789") != 4 || s[4] != '-' ||
		strspn(s + 5, "0123456789") != 2 || s[7] != '-' || strspn(s + 8, "0123456789") != 2)
		return WHEN_UNCLEAR;
	d.year = (int)strtol(s, NULL, 10);
	d.month = (int)strtol(s + 5, NULL, 10);
	d.day = (int)strtol(s + 8, NULL, 10);
	if (!local_time_valid(&d))
		return WHEN_NO_DAY;
	if (!*t)
		return day_and_time(args, at, zone, day_number(d.year, d.month, d.day), end, ms);
	if ((*t != 'T' && *t != 't') || strlen(t) < 6)
		return WHEN_UNCLEAR;
	memcpy(clock, t + 1, 5);
	clock[5] = '\0';
	minute = clock_of(clock);
	if (minute < 0)
		return minute == -2 ? WHEN_NO_DAY : WHEN_UNCLEAR;
	t += 6;
	if (*t == ':' && strspn(t + 1, "0123456789") == 2)
		t += 3; /* seconds are not counted */
	*ms = moment(zone, day_number(d.year, d.month, d.day), minute);
	if (*t) {
		if (!offset_of(t, &offset_s))
			return WHEN_UNCLEAR;
		*ms = moment(NULL, day_number(d.year, d.month, d.day), minute) - offset_s * SECOND;
	}
	(*at)++;
	return WHEN_OK;
}

static enum when_result clock_read(const struct zone *zone, int minute, int64_t after_ms, int64_t *ms)
{
	int64_t day = today_of(zone, after_ms);

	if (minute == -2)
		return WHEN_NO_DAY;
	while (moment(zone, day, minute) <= after_ms)
		day++;
	*ms = moment(zone, day, minute);
	return WHEN_OK;
}

/* The next such day whose time is still to come. */
static enum when_result weekday_read(const struct args *args, size_t *at, const struct zone *zone,
	int weekday, int64_t after_ms, bool end, int64_t *ms)
{
	int64_t day = today_of(zone, after_ms);
	size_t from = *at;
	enum when_result result;

	day += ((weekday - (day + 4)) % 7 + 7) % 7;
	result = day_and_time(args, at, zone, day, end, ms);
	if (result != WHEN_OK || *ms > after_ms)
		return result;
	*at = from;
	return day_and_time(args, at, zone, day + 7, end, ms);
}

static bool epoch_read(const char *s, int64_t *ms)
{
	if (*s != '@' || !s[1] || strlen(s) > 13 || strspn(s + 1, "0123456789") != strlen(s + 1))
		return false;
	*ms = strtoll(s + 1, NULL, 10);
	if (*ms > EPOCH_S_MAX)
		return false;
	*ms *= SECOND;
	return true;
}

/* --- the moment -------------------------------------------------------------------------------- */

enum when_result when_read(const struct args *args, size_t *at, const struct zone *zone,
	int64_t after_ms, bool end, int64_t *ms)
{
	const char *s;
	int weekday, minute;
	int64_t span;

	while (*at < args->n && is_filler(&args->items[*at]))
		(*at)++;
	if (*at >= args->n)
		return WHEN_MISSING;
	s = word_at(args, *at);
	if (!s)
		return WHEN_UNCLEAR;
	if (strcasecmp(s, "today") == 0 || strcasecmp(s, "tomorrow") == 0)
		return day_and_time(args, at, zone, today_of(zone, after_ms) + (tolower((unsigned char)s[2]) == 'm'),
			end, ms);
	if ((weekday = weekday_of(s)) >= 0)
		return weekday_read(args, at, zone, weekday, after_ms, end, ms);
	if (strspn(s, "0123456789") == 4 && s[4] == '-')
		return date_read(args, at, zone, end, ms);
	if (strcasecmp(s, "now") == 0) {
		*ms = after_ms;
	} else if (when_duration(*s == '+' ? s + 1 : s, &span)) {
		*ms = after_ms + span;
	} else if (!epoch_read(s, ms)) {
		enum when_result result;

		minute = clock_of(s);
		if (minute == -1)
			return WHEN_UNCLEAR;
		result = clock_read(zone, minute, after_ms, ms);
		if (result != WHEN_OK)
			return result;
	}
	(*at)++;
	return WHEN_OK;
}

enum when_result when_span(const struct args *args, size_t *at, const struct zone *zone,
	int64_t now_ms, int64_t *from_ms, int64_t *to_ms)
{
	enum when_result result = when_read(args, at, zone, now_ms, false, from_ms);

	if (result == WHEN_OK)
		result = when_read(args, at, zone, *from_ms, true, to_ms);
	if (result == WHEN_OK && *to_ms <= *from_ms)
		return WHEN_ORDER;
	return result;
}
