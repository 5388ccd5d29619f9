/* test_format.c - format_text() prints what vsnprintf() prints, also where it has to cut. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "tocsin/format.h"

__attribute__((format(printf, 1, 2)))
static void same(const char *fmt, ...)
{
	char ours[128], theirs[128];
	size_t size;

	for (size = 0; size <= sizeof(ours); size++) {
		va_list a, b;
		int n, m;

		memset(ours, '#', sizeof(ours));
		memset(theirs, '#', sizeof(theirs));
		va_start(a, fmt);
		va_start(b, fmt);
		n = format_text(ours, size, fmt, a);
		m = vsnprintf(theirs, size, fmt, b);
		va_end(a);
		va_end(b);
		assert_int_equal(n, m);
		assert_memory_equal(ours, theirs, size < (size_t)m + 1 ? size : (size_t)m + 1);
		if (size < sizeof(ours))
			assert_int_equal(ours[size], '#');
	}
}

static void test_prints_as_the_library_does(void **state)
{
	(void)state;
	same("nothing to fill in");
	same("%s", "");
	same("doc:%s/remind/%" PRId64, "incident:INC-42", (int64_t)7);
	same("%c%zu:%s,", 'o', (size_t)9, "chat.post");
	same("%.*s|%.*s|%.*s", 3, "abcdef", 9, "abc", 0, "abc");
	same("%d %i %u", INT_MIN, INT_MAX, UINT_MAX);
	same("%ld %lu %lld %llu", LONG_MIN, ULONG_MAX, LLONG_MIN, ULLONG_MAX);
	same("%x %lx", 0xdeadbeefu, 0xfeedul);
	same("100 %% of %s", "them");
}

static void test_hands_the_rest_over(void **state)
{
	(void)state;
	same("%08x-%04d", 0xbeefu, 42);
	same("%s and %.2f", "first", 2.5);
	same("%5s|%-5s|%.3s", "ab", "cd", "efgh");
	same("%.*s", -1, "all of it");
	same("%s%hhu%s", "a", (unsigned char)200, "b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prints_as_the_library_does),
		cmocka_unit_test(test_hands_the_rest_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
