/* test_json_out.c - what is written is JSON, whatever the keys and values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tocsin/buf.h"
#include "tocsin/json_out.h"

static void test_values(void **state)
{
	struct json_out j;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	json_out_init(&j, &b);
	json_out_object(&j, NULL);
	json_out_int(&j, "min", INT64_MIN);
	json_out_int(&j, "max", INT64_MAX);
	json_out_int(&j, "zero", 0);
	json_out_str(&j, "text", "a\"\\\n\t\x01\xc3\xa9\xff");
	json_out_str(&j, "none", NULL);
	json_out_array(&j, "list");
	json_out_bool(&j, NULL, true);
	json_out_bool(&j, NULL, false);
	json_out_object(&j, NULL);
	json_out_object_end(&j);
	json_out_array_end(&j);
	json_out_raw(&j, "raw", "[1]", 3);
	json_out_object_end(&j);
	assert_string_equal(buf_text(&b), "{\"min\":-9223372036854775808,\"max\":9223372036854775807,"
		"\"zero\":0,\"text\":\"a\\\"\\\\\\n\\t\\u0001\xc3\xa9\xef\xbf\xbd\",\"none\":null,"
		"\"list\":[true,false,{}],\"raw\":[1]}");
	buf_release(&b);
}

static void test_keys(void **state)
{
	char key[200], want[600];
	struct json_out j;
	struct buf b;

	(void)state;
	/* Every length around that of the fast way. */
	for (size_t n = 0; n < 150; n++) {
		memset(key, 'k', n);
		key[n] = '\0';
		buf_init(&b, 4096);
		json_out_init(&j, &b);
		json_out_object(&j, NULL);
		json_out_int(&j, key, 1);
		json_out_int(&j, key, 2);
		json_out_object_end(&j);
		snprintf(want, sizeof(want), "{\"%s\":1,\"%s\":2}", key, key);
		assert_string_equal(buf_text(&b), want);
		buf_release(&b);
	}
	buf_init(&b, 4096);
	json_out_init(&j, &b);
	json_out_object(&j, NULL);
	json_out_int(&j, "a\"b", 1);
	json_out_int(&j, "\xc3\xa9", 2);
	json_out_object_end(&j);
	assert_string_equal(buf_text(&b), "{\"a\\\"b\":1,\"\xc3\xa9\":2}");
	buf_release(&b);
}

/* Full at any point: failed, never more than the bound, always ended. */
static void test_bound(void **state)
{
	(void)state;
	for (size_t max = 0; max < 20; max++) {
		struct json_out j;
		struct buf b;

		buf_init(&b, max);
		json_out_init(&j, &b);
		json_out_object(&j, NULL);
		json_out_str(&j, "key", "value");
		json_out_object_end(&j);
		assert_true(b.len <= max);
		assert_int_equal(strlen(buf_text(&b)), b.len);
		assert_int_equal(b.failed, max < strlen("{\"key\":\"value\"}"));
		buf_release(&b);
	}
}

static void test_unbalanced(void **state)
{
	struct json_out j;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	json_out_init(&j, &b);
	json_out_object_end(&j);
	assert_true(b.failed);
	buf_reset(&b);
	json_out_init(&j, &b);
	for (int i = 0; i <= JSON_OUT_DEPTH; i++)
		json_out_array(&j, NULL);
	assert_true(b.failed);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values), cmocka_unit_test(test_keys), cmocka_unit_test(test_bound),
		cmocka_unit_test(test_unbalanced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
