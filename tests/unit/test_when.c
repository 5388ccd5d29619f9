/* test_when.c - moments as people type them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/args.h"
#include "tocsin/when.h"
#include "tocsin/zone.h"

#define NOW "2026-01-28 16:30" /* a Wednesday; 11:30 in New York */

static int64_t utc(const char *text)
{
	struct local_time t = {0};

	assert_int_equal(sscanf(text, "%d-%d-%d %d:%d", &t.year, &t.month, &t.day, &t.hour, &t.minute), 5);
	return zone_to_utc_ms(NULL, &t);
}

static const struct zone *new_york(struct arena *a)
{
	static unsigned char bytes[65536];
	FILE *f = fopen("/usr/share/zoneinfo/America/New_York", "rb");
	size_t len;

	assert_non_null(f);
	len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	return zone_parse(a, "America/New_York", bytes, len, NULL);
}

static void test_moments(void **state)
{
	static const struct {
		const char *text;
		enum when_result result;
		const char *at; /* UTC */
		size_t words;   /* used, or the number of the wrong one */
	} cases[] = {
		{"now", WHEN_OK, NOW, 1},
		{"2h", WHEN_OK, "2026-01-28 18:30", 1},
		{"+1h30m later", WHEN_OK, "2026-01-28 18:00", 1},
		{"in 2d", WHEN_OK, "2026-01-30 16:30", 2},
		{"18:00", WHEN_OK, "2026-01-28 23:00", 1},
		{"9:00", WHEN_OK, "2026-01-29 14:00", 1},
		{"9am", WHEN_OK, "2026-01-29 14:00", 1},
		{"12pm", WHEN_OK, "2026-01-28 17:00", 1},
		{"12am", WHEN_OK, "2026-01-29 05:00", 1},
		{"9:30PM", WHEN_OK, "2026-01-29 02:30", 1},
		{"today 18:00", WHEN_OK, "2026-01-28 23:00", 2},
		{"tomorrow", WHEN_OK, "2026-01-29 05:00", 1},
		{"tomorrow at 9am then", WHEN_OK, "2026-01-29 14:00", 3},
		{"wed", WHEN_OK, "2026-02-04 05:00", 1},
		{"Wednesday 18:00", WHEN_OK, "2026-01-28 23:00", 2},
		{"fri 9:00", WHEN_OK, "2026-01-30 14:00", 2},
		{"2026-12-24", WHEN_OK, "2026-12-24 05:00", 1},
		{"2026-12-24 18:00", WHEN_OK, "2026-12-24 23:00", 2},
		{"2026-12-24T18:00", WHEN_OK, "2026-12-24 23:00", 1},
		{"2026-12-24T18:00Z", WHEN_OK, "2026-12-24 18:00", 1},
		{"2026-12-24T18:00:30+02:00", WHEN_OK, "2026-12-24 16:00", 1},
		{"@1769618400", WHEN_OK, "2026-01-28 16:40", 1},
		/* the clock is put forward: 02:30 does not exist */
		{"2026-03-08 02:30", WHEN_OK, "2026-03-08 07:30", 2},
		{"", WHEN_MISSING, NULL, 0},
		{"from", WHEN_MISSING, NULL, 1},
		{"soon", WHEN_UNCLEAR, NULL, 0},
		{"18", WHEN_UNCLEAR, NULL, 0},
		{"2026-02-30", WHEN_NO_DAY, NULL, 0},
		{"2026-13-01", WHEN_NO_DAY, NULL, 0},
		{"2026-1-1", WHEN_UNCLEAR, NULL, 0},
		{"25:00", WHEN_NO_DAY, NULL, 0},
		{"13pm", WHEN_NO_DAY, NULL, 0},
		{"tomorrow 24:30", WHEN_NO_DAY, NULL, 1},
		{"2026-12-24T18:00+99:00", WHEN_UNCLEAR, NULL, 0},
		{"99999999999999h", WHEN_UNCLEAR, NULL, 0},
		{"@99999999999999", WHEN_UNCLEAR, NULL, 0},
		{"<@U0ADA>", WHEN_UNCLEAR, NULL, 0},
	};
	struct arena *a = arena_new(1 << 20);
	const struct zone *z = new_york(a);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct args args;
		int64_t ms = 0;
		size_t at = 0;
		enum when_result r;

		args_parse(&args, a, cases[i].text);
		r = when_read(&args, &at, z, utc(NOW), false, &ms);
		if (r != cases[i].result || at != cases[i].words || (cases[i].at && ms != utc(cases[i].at)))
			fail_msg("%s: result %d, %zu words, %lld ms off", cases[i].text, r, at,
				cases[i].at ? (long long)(ms - utc(cases[i].at)) : 0);
	}
	arena_free(a);
}

static void test_spans(void **state)
{
	static const struct {
		const char *text;
		enum when_result result;
		const char *from, *to;
		size_t words;
	} cases[] = {
		{"tomorrow 9am to 5pm dentist", WHEN_OK, "2026-01-29 14:00", "2026-01-29 22:00", 4},
		{"22:00 - 06:00", WHEN_OK, "2026-01-29 03:00", "2026-01-29 11:00", 3},
		{"now for 4h", WHEN_OK, NOW, "2026-01-28 20:30", 3},
		/* a day alone is meant whole */
		{"2026-12-24 2026-12-26", WHEN_OK, "2026-12-24 05:00", "2026-12-27 05:00", 2},
		{"fri mon", WHEN_OK, "2026-01-30 05:00", "2026-02-03 05:00", 2},
		{"from 2026-12-24 to 2026-12-20", WHEN_ORDER, NULL, NULL, 4},
		{"tomorrow", WHEN_MISSING, NULL, NULL, 1},
		{"tomorrow whenever", WHEN_UNCLEAR, NULL, NULL, 1},
	};
	struct arena *a = arena_new(1 << 20);
	const struct zone *z = new_york(a);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct args args;
		int64_t from, to;
		size_t at = 0;
		enum when_result r;

		args_parse(&args, a, cases[i].text);
		r = when_span(&args, &at, z, utc(NOW), &from, &to);
		if (r != cases[i].result || at != cases[i].words ||
			(cases[i].from && (from != utc(cases[i].from) || to != utc(cases[i].to))))
			fail_msg("%s: result %d, %zu words", cases[i].text, r, at);
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_moments), cmocka_unit_test(test_spans)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
