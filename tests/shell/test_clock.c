/* test_clock.c - the house clock: real time, and a drill's faster one. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "bot/clock.h"

/* Real time is the system's wall clock itself. */
static void test_real_time_is_the_wall_clock(void **state)
{
	struct clock c;
	int64_t before, now, after;

	(void)state;
	clock_init(&c, 0, 1.0);
	before = clock_wall_ms();
	now = clock_now_ms(&c);
	after = clock_wall_ms();
	assert_in_range(now, before, after);
	assert_int_equal(clock_real_delay_ms(&c, now - 1), 0);
	assert_in_range(clock_real_delay_ms(&c, clock_now_ms(&c) + 5000), 1, 5000);
}

static void test_drill_starts_where_it_was_told(void **state)
{
	struct clock c;
	int64_t start = 1769616000000, real, house;

	(void)state;
	clock_init(&c, start, 60.0);
	assert_true(clock_now_ms(&c) >= start);
	/* However long this takes: the house clock is 60 times the real time since the start. */
	real = clock_monotonic_ms() - c.base_real_ms;
	house = clock_now_ms(&c) - start;
	assert_true(house >= real * 60);
	assert_true(house <= (clock_monotonic_ms() - c.base_real_ms) * 60);
}

static void test_drill_delay_is_divided_by_speed(void **state)
{
	struct clock c;

	(void)state;
	clock_init(&c, 1000, 60.0);
	/* base is moved a whole day into the future of the monotonic clock: time stands at minus a day */
	c.base_real_ms = clock_monotonic_ms() + 86400000;
	assert_true(clock_now_ms(&c) < 1000);
	/* 1000 is reached when the day is over; never told as earlier than it is. */
	assert_in_range(clock_real_delay_ms(&c, 1000), 86399000, 86400001);
	assert_int_equal(clock_real_delay_ms(&c, INT64_MIN / 2), 0);
}

static void test_nonsense_speed_is_real_speed(void **state)
{
	struct clock c;

	(void)state;
	clock_init(&c, 5000, 0.0);
	assert_true(c.speed > 0.99 && c.speed < 1.01);
	assert_true(clock_now_ms(&c) >= 5000);
	clock_init(&c, 5000, -3.0);
	assert_true(c.speed > 0.99 && c.speed < 1.01);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_real_time_is_the_wall_clock),
		cmocka_unit_test(test_drill_starts_where_it_was_told),
		cmocka_unit_test(test_drill_delay_is_divided_by_speed),
		cmocka_unit_test(test_nonsense_speed_is_real_speed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
