/*
 * test_calendar.c - iCalendar: who has it when.
 *
 * What the rota in calendars/oncall-rota.ics means was worked out with python-dateutil and zoneinfo,
 * and agrees with ical.js.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/calendar.h"
#include "tocsin/err.h"
#include "tocsin/zone.h"

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new((size_t)512 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static char *read_file(const char *path, size_t *len)
{
	char *bytes = arena_alloc(arena, 1 << 20);
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	*len = fread(bytes, 1, 1 << 20, f);
	fclose(f);
	return bytes;
}

static const struct zone *find_zone(void *ud, const char *name)
{
	char path[256];
	size_t len;
	char *bytes;

	(void)ud;
	if (strcmp(name, "Europe/London") != 0 && strcmp(name, "America/New_York") != 0)
		return NULL;
	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
	bytes = read_file(path, &len);
	return zone_parse(arena, name, bytes, len, NULL);
}

static struct calendar read_text(const char *text, size_t len)
{
	struct calendar c;
	struct err err = {0};

	if (calendar_read(arena, text, len, NULL, find_zone, NULL, &c, &err) < 0)
		fail_msg("%s", err.text);
	return c;
}

/* The lines of events inside a calendar. */
static struct calendar read_events(const char *events)
{
	const char *text = arena_printf(arena, "BEGIN:VCALENDAR\r\n%sEND:VCALENDAR\r\n", events);

	return read_text(text, strlen(text));
}

#define EVENT(lines) "BEGIN:VEVENT\r\n" lines "END:VEVENT\r\n"

static struct calendar read_sample(const char *name)
{
	size_t len;
	char *bytes = read_file(arena_printf(arena, TESTS_DIR "/unit/calendars/%s.ics", name), &len);

	return read_text(bytes, len);
}

static int64_t utc(const char *text)
{
	struct local_time t = {0};

	assert_int_equal(sscanf(text, "%d-%d-%dT%d:%d:%d", &t.year, &t.month, &t.day, &t.hour, &t.minute, &t.second), 6);
	return zone_to_utc_ms(NULL, &t);
}

/* "2026-10-05T08:00 2026-10-12T08:00 Ada Park\n..." of what overlaps the span. */
static const char *shown(const struct calendar *c, const char *from, const char *to)
{
	struct calendar_occurrence *o;
	struct buf b;
	bool more;
	size_t n = calendar_expand(arena, c, utc(from), utc(to), &o, &more);

	buf_init_arena(&b, arena, 1 << 20);
	assert_false(more);
	for (size_t i = 0; i < n; i++) {
		struct local_time f, t;

		zone_to_local(NULL, o[i].from_ms, &f);
		zone_to_local(NULL, o[i].to_ms, &t);
		buf_printf(&b, "%04d-%02d-%02dT%02d:%02d %04d-%02d-%02dT%02d:%02d %s\n", f.year, f.month, f.day,
			f.hour, f.minute, t.year, t.month, t.day, t.hour, t.minute, o[i].event->summary);
	}
	return buf_text(&b);
}

static void test_rota(void **state)
{
	struct calendar c = read_sample("oncall-rota");

	(void)state;
	assert_string_equal(c.name, "Payments primary");
	if (c.n_warnings)
		fail_msg("line %u: %s", c.warnings[0].line, c.warnings[0].text);
	assert_int_equal(c.n_unread, 0);
	assert_string_equal(shown(&c, "2026-10-01T00:00:00", "2027-01-10T00:00:00"),
		"2026-10-05T08:00 2026-10-12T08:00 Ada Park\n"
		"2026-10-12T08:00 2026-10-19T08:00 Ben Ortiz\n"
		"2026-10-19T08:00 2026-10-26T09:00 Ada Park\n"
		"2026-10-26T09:00 2026-11-02T09:00 Ben Ortiz\n"
		"2026-11-02T09:00 2026-11-09T09:00 Ada Park\n"
		"2026-11-09T09:00 2026-11-12T09:00 Dev Rao\n"
		"2026-11-16T09:00 2026-11-23T09:00 Ada Park\n"
		"2026-11-23T09:00 2026-11-30T09:00 Ben Ortiz\n"
		"2026-12-07T09:00 2026-12-14T09:00 Ben Ortiz\n"
		"2026-12-14T09:00 2026-12-21T09:00 Ada Park\n"
		"2026-12-21T09:00 2026-12-28T09:00 Ben Ortiz\n"
		"2026-12-25T00:00 2026-12-27T00:00 Dev Rao\n"
		"2026-12-28T09:00 2027-01-04T09:00 Ada Park\n");
}

static void test_who_has_it_at(void **state)
{
	static const struct {
		const char *at, *who;
	} cases[] = {
		{"2026-10-05T07:59:59", ""}, {"2026-10-05T08:00:00", "Ada Park"}, {"2026-10-25T00:30:00", "Ada Park"},
		{"2026-10-26T08:30:00", "Ada Park"}, {"2026-10-26T09:00:00", "Ben Ortiz"},
		{"2026-11-02T08:59:59", "Ben Ortiz"}, {"2026-11-03T10:00:00", "Ada Park"},
		{"2026-11-10T12:00:00", "Dev Rao"}, {"2026-11-12T09:00:00", ""}, {"2026-11-13T12:00:00", ""},
		{"2026-11-16T09:00:00", "Ada Park"}, {"2026-12-01T12:00:00", ""},
		{"2026-12-25T12:00:00", "Ben Ortiz Dev Rao"}, {"2026-12-27T00:00:00", "Ben Ortiz"},
		{"2027-01-04T10:00:00", ""},
		/* years later, and before it began */
		{"2066-01-04T09:00:00", "Ada Park"}, {"2066-01-11T09:00:00", ""}, {"2020-01-01T00:00:00", ""},
	};
	struct calendar c = read_sample("oncall-rota");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct calendar_occurrence *o;
		struct buf b;
		bool more;
		size_t n = calendar_expand(arena, &c, utc(cases[i].at), utc(cases[i].at) + 1, &o, &more);

		buf_init_arena(&b, arena, 1000);
		for (size_t k = 0; k < n; k++)
			buf_printf(&b, "%s%s", k ? " " : "", o[k].event->summary);
		if (strcmp(buf_text(&b), cases[i].who) != 0)
			fail_msg("at %s: %s", cases[i].at, buf_text(&b));
	}
}

static void test_exports(void **state)
{
	struct calendar c = read_sample("oncall-pagerduty-export");

	(void)state;
	assert_string_equal(c.name, "On Call Schedule for Payments primary");
	assert_int_equal(c.n, 2);
	assert_string_equal(c.events[0].mail, "ben@example.com");
	assert_string_equal(shown(&c, "2026-11-01T00:00:00", "2026-12-31T00:00:00"),
		"2026-11-20T08:00 2026-11-27T08:00 On Call - Ben Ortiz - Payments primary\n"
		"2026-11-27T08:00 2026-12-04T08:00 On Call - Ada Park - Payments primary\n");
	c = read_sample("oncall-grafana-export");
	assert_int_equal(c.n_warnings, 0);
	assert_string_equal(shown(&c, "2026-11-01T00:00:00", "2026-12-31T00:00:00"),
		"2026-11-20T08:00 2026-11-27T08:00 ben\n");
}

static void test_folds_and_text(void **state)
{
	struct calendar c = read_sample("oncall-rota");

	(void)state;
	assert_string_equal(c.events[1].mail, "ben@example.com"); /* folded within the address */
	/* Folded within a character; escapes; quotes that hold a colon; a bare line feed. */
	c = read_events("BEGIN:VEVENT\nSUMMARY;X=\"a:b;c\":Chlo\xc3\r\n \xa9\\, Roy\\; x\\ny\\\\\n"
		"DTSTART:20260101T000000Z\nDURATION:PT1H\nATTENDEE:mailto:a@example.com\n"
		"ATTENDEE:mailto:b@example.com\nEND:VEVENT\n");
	assert_int_equal(c.n, 1);
	assert_string_equal(c.events[0].summary, "Chlo\xc3\xa9, Roy; x y\\");
	assert_string_equal(c.events[0].mail, ""); /* which of them? */
}

static void test_rules(void **state)
{
	static const struct {
		const char *event, *from, *to, *want;
	} cases[] = {
		{EVENT("DTSTART:20260101T080000Z\r\nDTEND:20260101T090000Z\r\nRRULE:FREQ=DAILY;COUNT=3\r\nSUMMARY:x\r\n"),
			"2026-01-01T00:00:00", "2027-01-01T00:00:00", "2026-01-01T08:00 2026-01-01T09:00 x\n"
			"2026-01-02T08:00 2026-01-02T09:00 x\n2026-01-03T08:00 2026-01-03T09:00 x\n"},
		{EVENT("DTSTART:20260102T080000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;BYDAY=MO,FR\r\nSUMMARY:x\r\n"),
			"2026-01-01T00:00:00", "2026-01-10T00:00:00", "2026-01-02T08:00 2026-01-02T09:00 x\n"
			"2026-01-05T08:00 2026-01-05T09:00 x\n2026-01-09T08:00 2026-01-09T09:00 x\n"},
		/* RFC 5545: the start of the week matters where weeks are left out. */
		{EVENT("DTSTART:19970805T090000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO\r\nSUMMARY:x\r\n"),
			"1997-01-01T00:00:00", "1998-01-01T00:00:00", "1997-08-05T09:00 1997-08-05T10:00 x\n"
			"1997-08-10T09:00 1997-08-10T10:00 x\n1997-08-19T09:00 1997-08-19T10:00 x\n1997-08-24T09:00 1997-08-24T10:00 x\n"},
		{EVENT("DTSTART:19970805T090000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU\r\nSUMMARY:x\r\n"),
			"1997-01-01T00:00:00", "1998-01-01T00:00:00", "1997-08-05T09:00 1997-08-05T10:00 x\n"
			"1997-08-17T09:00 1997-08-17T10:00 x\n1997-08-19T09:00 1997-08-19T10:00 x\n1997-08-31T09:00 1997-08-31T10:00 x\n"},
		{EVENT("DTSTART:20260131T000000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=MONTHLY;UNTIL=20260601T000000Z\r\nSUMMARY:x\r\n"),
			"2026-01-01T00:00:00", "2027-01-01T00:00:00", "2026-01-31T00:00 2026-01-31T01:00 x\n"
			"2026-03-31T00:00 2026-03-31T01:00 x\n2026-05-31T00:00 2026-05-31T01:00 x\n"},
		{EVENT("DTSTART:20260125T000000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=MONTHLY;BYDAY=-1SU;COUNT=3\r\nSUMMARY:x\r\n"),
			"2026-01-01T00:00:00", "2027-01-01T00:00:00", "2026-01-25T00:00 2026-01-25T01:00 x\n"
			"2026-02-22T00:00 2026-02-22T01:00 x\n2026-03-29T00:00 2026-03-29T01:00 x\n"},
		{EVENT("DTSTART:20260114T000000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=MONTHLY;BYDAY=2WE\r\nSUMMARY:x\r\n"),
			"2046-01-01T00:00:00", "2046-03-01T00:00:00", "2046-01-10T00:00 2046-01-10T01:00 x\n"
			"2046-02-14T00:00 2046-02-14T01:00 x\n"},
		{EVENT("DTSTART:20260131T000000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2\r\nSUMMARY:x\r\n"),
			"2026-01-01T00:00:00", "2027-01-01T00:00:00", "2026-01-31T00:00 2026-01-31T01:00 x\n2026-02-28T00:00 2026-02-28T01:00 x\n"},
		{EVENT("DTSTART;VALUE=DATE:20240229\r\nRRULE:FREQ=YEARLY;COUNT=2\r\nSUMMARY:x\r\n"),
			"2020-01-01T00:00:00", "2040-01-01T00:00:00", "2024-02-29T00:00 2024-03-01T00:00 x\n2028-02-29T00:00 2028-03-01T00:00 x\n"},
		/* Night shifts in New York keep their hours, however long the night. */
		{EVENT("DTEND;TZID=America/New_York:20260307T090000\r\nDTSTART;TZID=America/New_York:20260306T210000\r\nRRULE:FREQ=DAILY;COUNT=3\r\nSUMMARY:x\r\n"),
			"2026-03-01T00:00:00", "2026-04-01T00:00:00", "2026-03-07T02:00 2026-03-07T14:00 x\n"
			"2026-03-08T02:00 2026-03-08T13:00 x\n2026-03-09T01:00 2026-03-09T13:00 x\n"},
		/* A date takes that day's occurrence out; an occurrence moved to another month is still seen. */
		{EVENT("UID:u\r\nDTSTART:20260101T080000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;COUNT=3\r\nEXDATE;VALUE=DATE:20260102\r\nSUMMARY:x\r\n")
			EVENT("UID:u\r\nRECURRENCE-ID:20260103T080000Z\r\nDTSTART:20260301T080000Z\r\nDURATION:PT1H\r\nSUMMARY:y\r\n"),
			"2026-01-01T00:00:00", "2026-04-01T00:00:00", "2026-01-01T08:00 2026-01-01T09:00 x\n2026-03-01T08:00 2026-03-01T09:00 y\n"},
		/* The higher version counts, wherever it stands; a cancelled occurrence leaves a hole. */
		{EVENT("UID:u\r\nSEQUENCE:2\r\nDTSTART:20260101T080000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;COUNT=2\r\nSUMMARY:new\r\n")
			EVENT("UID:u\r\nSEQUENCE:1\r\nDTSTART:20260101T070000Z\r\nDURATION:PT1H\r\nSUMMARY:old\r\n")
			EVENT("UID:u\r\nRECURRENCE-ID:20260102T080000Z\r\nDTSTART:20260102T080000Z\r\nDURATION:PT1H\r\nSTATUS:CANCELLED\r\n"),
			"2026-01-01T00:00:00", "2026-02-01T00:00:00", "2026-01-01T08:00 2026-01-01T09:00 new\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct calendar c = read_events(cases[i].event);

		if (c.n_unread || strcmp(shown(&c, cases[i].from, cases[i].to), cases[i].want) != 0)
			fail_msg("%s%zu unread (%s)\n%s", cases[i].event, c.n_unread,
				c.n_warnings ? c.warnings[0].text : "", shown(&c, cases[i].from, cases[i].to));
	}
}

/* Said, and the event left out: never guessed. */
static void test_what_is_not_understood(void **state)
{
	static const char *const lines[] = {
		"DTSTART:20260230T080000Z\r\n", "DTSTART:2026\r\n", "SUMMARY:no begin\r\n",
		"DTSTART;TZID=Mars/Olympus:20260101T080000\r\n", "DTSTART;TZID=\"GMT Standard Time\":20260101T080000\r\n",
		"DTSTART:20260101T080000Z\r\nDTEND:20260101T070000Z\r\n",
		"DTSTART:20260101T080000Z\r\nDURATION:8H\r\n", "DTSTART:20260101T080000Z\r\nDURATION:P\r\n",
		"DTSTART:20260101T080000Z\r\nDURATION:P3661D\r\n", "DTSTART:20260101T080000Z\r\nDURATION:P99999W99999W\r\n",
		"DTSTART:20260101T080000Z\r\nRRULE:FREQ=HOURLY\r\n", "DTSTART:20260101T080000Z\r\nRRULE:\r\n",
		"DTSTART:20260101T080000Z\r\nRRULE:FREQ=DAILY;BYSETPOS=1\r\n",
		"DTSTART:20260101T080000Z\r\nRRULE:FREQ=DAILY;INTERVAL=0\r\n",
		"DTSTART:20260101T080000Z\r\nRRULE:FREQ=DAILY;INTERVAL=-1\r\n",
		"DTSTART:20260101T080000Z\r\nRRULE:FREQ=DAILY;COUNT=99999999999\r\n",
		"DTSTART:20260101T080000Z\r\nRRULE:FREQ=WEEKLY;BYDAY=1MO\r\n",
		"DTSTART:20260101T080000Z\r\nRRULE:FREQ=WEEKLY;BYDAY=XX\r\n",
		"DTSTART:20260101T080000Z\r\nRRULE:FREQ=WEEKLY;BYDAY=MO,\r\n",
		"DTSTART:20260101T080000Z\r\nRRULE:FREQ=YEARLY;BYMONTH=3\r\n",
		"DTSTART:20260101T080000Z\r\nRRULE:FREQ=DAILY\r\nRRULE:FREQ=WEEKLY\r\n",
		"DTSTART:20260101T080000Z\r\nRDATE:20260105T080000Z\r\n",
		"DTSTART:20260101T080000Z\r\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260101T080000Z\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct calendar c = read_events(arena_printf(arena, "BEGIN:VEVENT\r\n%sEND:VEVENT\r\n"
			EVENT("DTSTART:20260101T080000Z\r\nDURATION:PT1H\r\nSUMMARY:good\r\n"), lines[i]));

		if (c.n != 1 || c.n_unread != 1 || c.n_warnings != 1 || c.warnings[0].line < 2)
			fail_msg("%s: %zu read, %zu unread, %zu warnings", lines[i], c.n, c.n_unread, c.n_warnings);
		assert_string_equal(c.events[0].summary, "good");
	}
}

static enum err_code refused(const char *text, size_t len)
{
	struct calendar c;
	struct err err = {0};

	assert_int_equal(calendar_read(arena, text, len, NULL, find_zone, NULL, &c, &err), -1);
	return err.code;
}

static void test_bounds(void **state)
{
	struct calendar_occurrence *o;
	struct calendar c;
	struct buf b;
	bool more;

	(void)state;
	assert_int_equal(refused("", 0), ERR_INVALID);
	assert_int_equal(refused("<html>", 6), ERR_INVALID);
	assert_int_equal(refused("BEGIN:VCALENDAR\0", 16), ERR_INVALID);
	assert_int_equal(refused("x", CALENDAR_BYTES_MAX + 1), ERR_LIMIT);
	/* As many events as may be, then one more. */
	buf_init(&b, CALENDAR_BYTES_MAX);
	buf_str(&b, "BEGIN:VCALENDAR\n");
	for (int i = 0; i < CALENDAR_EVENTS_MAX; i++)
		buf_str(&b, "BEGIN:VEVENT\nDTSTART:20260101T080000Z\nDURATION:PT1H\nEND:VEVENT\n");
	c = read_text(b.data, b.len);
	assert_int_equal(c.n, CALENDAR_EVENTS_MAX);
	assert_int_equal(calendar_expand(arena, &c, utc("2026-01-01T00:00:00"), utc("2026-01-02T00:00:00"), &o, &more),
		CALENDAR_OCCURRENCES_MAX);
	assert_true(more);
	buf_str(&b, "BEGIN:VEVENT\nDTSTART:20260101T080000Z\nEND:VEVENT\n");
	assert_int_equal(refused(b.data, b.len), ERR_LIMIT);
	buf_release(&b);
	/* A million repetitions; none of them lies in the span. */
	c = read_events(EVENT("DTSTART:19010101T080000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;COUNT=1000000;INTERVAL=1\r\n"));
	assert_int_equal(calendar_expand(arena, &c, utc("2026-01-01T00:00:00"), utc("2026-01-03T00:00:00"), &o, &more), 2);
	assert_false(more);
	/* Cut off within an event, or within a line. */
	c = read_text("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260101T080000Z\n", 54);
	assert_int_equal(c.n, 0);
	assert_int_equal(c.n_unread, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_rota), T(test_who_has_it_at), T(test_exports), T(test_folds_and_text), T(test_rules),
		T(test_what_is_not_understood), T(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
