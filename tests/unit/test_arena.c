/* test_arena.c - memory of one task: zeroed, bounded, grown in place where it can be. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/buf.h"

static void test_is_zeroed_after_use(void **state)
{
	static const char zeros[3000];
	int round;

	(void)state;
	for (round = 0; round < 3; round++) {
		struct arena *a = arena_new(1 << 20);
		int i;

		for (i = 0; i < 20; i++) {
			char *p = arena_alloc(a, sizeof(zeros));

			assert_memory_equal(p, zeros, sizeof(zeros));
			memset(p, 0xff, sizeof(zeros));
			if (i == 9)
				arena_reset(a);
		}
		arena_free(a);
	}
}

static void test_limit_holds_with_extension(void **state)
{
	struct arena *a = arena_new(1024);
	volatile size_t reached = 0;
	char *p = arena_take(a, 512);

	(void)state;
	assert_true(arena_extend(a, p, 512, 1024));
	assert_false(arena_extend(a, p, 1024, 1040));
	assert_int_equal(arena_used(a), 1024);
	if (!setjmp(*arena_recovery(a))) {
		arena_alloc(a, 1);
		fail();
	}
	reached = arena_used(a);
	assert_int_equal(reached, 1024);
	arena_free(a);
}

static void test_only_the_last_one_is_extended(void **state)
{
	struct arena *a = arena_new(1 << 20);
	char *first = arena_take(a, 100), *second = arena_take(a, 100);

	(void)state;
	assert_false(arena_extend(a, first, 100, 200));
	memset(second, 's', 100);
	assert_true(arena_extend(a, second, 100, 200));
	memset(second, 't', 200);
	assert_true(arena_strdup(a, "behind") >= second + 200);
	assert_int_equal(second[199], 't');
	/* A block that is full is left behind. */
	second = arena_take(a, 6000);
	assert_false(arena_extend(a, second, 6000, 12000));
	arena_free(a);
}

static void test_buffer_grows_in_its_arena(void **state)
{
	struct arena *a = arena_new(1 << 20);
	struct buf b, other;
	int i;

	(void)state;
	buf_init_arena(&b, a, 100000);
	buf_init_arena(&other, a, 100000);
	for (i = 0; i < 10000; i++) {
		buf_printf(&b, "%d,", i % 10);
		if (i % 1000 == 0)
			buf_str(&other, "something in between that makes it move");
	}
	assert_false(b.failed);
	assert_int_equal(b.len, 20000);
	for (i = 0; i < 10000; i++) {
		assert_int_equal(b.data[2 * i], '0' + i % 10);
		assert_int_equal(b.data[2 * i + 1], ',');
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_zeroed_after_use),
		cmocka_unit_test(test_limit_holds_with_extension),
		cmocka_unit_test(test_only_the_last_one_is_extended),
		cmocka_unit_test(test_buffer_grows_in_its_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
