/* test_zone.c - zone.c beside the C library's own answers, for every hour around every change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tocsin/arena.h"
#include "tocsin/err.h"
#include "tocsin/zone.h"

/* The C library is the independent judge here; the product itself never asks it. */
#undef localtime_r

#define HOUR_MS 3600000LL

static struct zone *read_zone(struct arena *a, const char *name, struct err *err)
{
	char path[256];
	static unsigned char bytes[65536];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
	f = fopen(path, "rb");
	assert_non_null(f);
	len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	return zone_parse(a, name, bytes, len, err);
}

static void compare_zone(const char *name)
{
	struct arena *a = arena_new(1 << 20);
	struct err err = {0};
	struct zone *z = read_zone(a, name, &err);
	int64_t from = day_number(2019, 1, 1) * 24 * HOUR_MS;
	int64_t to = day_number(2045, 1, 1) * 24 * HOUR_MS;

	assert_non_null(z);
	assert_string_equal(zone_name(z), name);
	setenv("TZ", name, 1);
	tzset();
	for (int64_t t = from; t < to; t += HOUR_MS / 2) {
		time_t s = (time_t)(t / 1000);
		struct local_time l;
		struct tm tm;
		int64_t back;

		localtime_r(&s, &tm);
		zone_to_local(z, t, &l);
		if (zone_offset_s(z, t) != tm.tm_gmtoff || l.hour != tm.tm_hour ||
			l.day != tm.tm_mday || l.weekday != tm.tm_wday)
			fail_msg("%s at %lld: offset %d, the C library says %ld", name,
				(long long)s, zone_offset_s(z, t), tm.tm_gmtoff);
		back = zone_to_utc_ms(z, &l);
		/* the same instant, or the earlier of two with the same local time */
		if (back != t) {
			struct local_time again;

			zone_to_local(z, back, &again);
			assert_true(back < t);
			assert_memory_equal(&again, &l, sizeof(l));
		}
	}
	arena_free(a);
}

static void test_zones_as_the_c_library(void **state)
{
	(void)state;
	compare_zone("America/New_York");
	compare_zone("America/Los_Angeles");
	compare_zone("Europe/Berlin");
	compare_zone("Europe/Dublin"); /* negative daylight saving */
	compare_zone("Australia/Lord_Howe"); /* half an hour */
	compare_zone("Asia/Kolkata");
	compare_zone("Pacific/Chatham");
	compare_zone("America/St_Johns");
	compare_zone("Africa/Casablanca");
	compare_zone("Etc/UTC");
}

static int64_t local(const struct zone *z, int y, int mo, int d, int h, int mi)
{
	struct local_time t = {.year = y, .month = mo, .day = d, .hour = h, .minute = mi};

	assert_true(local_time_valid(&t));
	return zone_to_utc_ms(z, &t);
}

static int64_t utc(int y, int mo, int d, int h, int mi)
{
	return local(NULL, y, mo, d, h, mi);
}

static void test_times_that_come_twice_or_never(void **state)
{
	struct arena *a = arena_new(1 << 20);
	struct zone *ny = read_zone(a, "America/New_York", NULL);
	struct zone *lh = read_zone(a, "Australia/Lord_Howe", NULL);

	(void)state;
	/* 2026-03-08 02:30 does not exist in New York: read with -05:00 */
	assert_int_equal(local(ny, 2026, 3, 8, 2, 30), utc(2026, 3, 8, 7, 30));
	assert_int_equal(local(ny, 2026, 3, 8, 1, 59), utc(2026, 3, 8, 6, 59));
	assert_int_equal(local(ny, 2026, 3, 8, 3, 0), utc(2026, 3, 8, 7, 0));
	/* 2026-11-01 01:30 comes twice: the first is at -04:00 */
	assert_int_equal(local(ny, 2026, 11, 1, 1, 30), utc(2026, 11, 1, 5, 30));
	assert_int_equal(local(ny, 2026, 11, 1, 2, 0), utc(2026, 11, 1, 7, 0));
	/* long after the table ends the rule goes on */
	assert_int_equal(local(ny, 2060, 7, 1, 9, 0), utc(2060, 7, 1, 13, 0));
	/* half an hour: 01:45 on 2026-04-05 comes twice */
	assert_int_equal(local(lh, 2026, 4, 5, 1, 45), utc(2026, 4, 4, 14, 45));
	arena_free(a);
}

static void test_calendar(void **state)
{
	struct local_time t = {.year = 2028, .month = 2, .day = 29};

	(void)state;
	assert_true(local_time_valid(&t));
	t.year = 2026;
	assert_false(local_time_valid(&t));
	t = (struct local_time){.year = 2026, .month = 1, .day = 1, .hour = 24};
	assert_false(local_time_valid(&t));
	for (int64_t d = day_number(1, 1, 1); d <= day_number(9999, 12, 31); d += 13) {
		int y, m, day;

		day_from_number(d, &y, &m, &day);
		assert_int_equal(day_number(y, m, day), d);
	}
}

static void test_damaged_files_are_refused(void **state)
{
	static unsigned char bytes[65536];
	FILE *f = fopen("/usr/share/zoneinfo/America/New_York", "rb");
	struct err err = {0};
	size_t len;

	(void)state;
	assert_non_null(f);
	len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	for (size_t cut = 0; cut < len; cut++) {
		struct arena *a = arena_new(1 << 20);

		err_clear(&err);
		assert_null(zone_parse(a, "cut", bytes, cut, &err));
		assert_int_equal(err.code, ERR_INVALID);
		arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zones_as_the_c_library),
		cmocka_unit_test(test_times_that_come_twice_or_never),
		cmocka_unit_test(test_calendar),
		cmocka_unit_test(test_damaged_files_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
