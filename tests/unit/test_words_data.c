/* test_words_data.c - leaving out what a template does not look at changes nothing that is shown. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "handlers/text/words_set.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/mustache.h"

static const struct words_source templates[] = {
#define TEMPLATE(name, text) {name, name ".md", text, sizeof(text) - 1}
	TEMPLATE("t/plain", "{{title}} {{a.b}} {{^none}}none{{/none}}"),
	TEMPLATE("t/list", "{{#items}}{{name}}-{{outer}}{{> t/part}};{{/items}}"),
	TEMPLATE("t/part", "<{{deep}}{{> t/list_end}}>"),
	TEMPLATE("t/list_end", "{{#items}}{{.}}{{/items}}{{> t/part_loop}}"),
	TEMPLATE("t/part_loop", "{{#never}}{{> t/part}}{{/never}}"),
	TEMPLATE("t/whole", "{{.}}"),
	TEMPLATE("t/nothing", "hello"),
#undef TEMPLATE
};

static struct words *words;
static struct arena *arena;

static int up(void **state)
{
	(void)state;
	words = words_new(templates, sizeof(templates) / sizeof(templates[0]));
	arena = arena_new((size_t)64 << 20);
	return words && arena ? 0 : -1;
}

static int down(void **state)
{
	(void)state;
	words_free(words);
	arena_free(arena);
	return 0;
}

static const char *picked(const char *name, const char *data)
{
	struct buf out;

	buf_init_arena(&out, arena, 1 << 20);
	return words_pick(words_find(words, name), data, &out) ? buf_text(&out) : NULL;
}

static void shows(const char *name, const char *data, const char *want)
{
	struct err e = {0};
	const char *text = words_text(words, arena, name, data, ESCAPE_NONE, &e);

	if (!text)
		fail_msg("%s", e.text);
	assert_string_equal(text, want);
}

static void test_members_that_are_not_looked_at_are_left_out(void **state)
{
	(void)state;
	assert_string_equal(picked("t/plain", "{\"x\":[1,{\"title\":2}],\"title\":\"T\",\"y\":{},\"a\":{\"b\":1}}"),
		"{\"title\":\"T\",\"a\":{\"b\":1}}");
	assert_string_equal(picked("t/plain", " { \"titles\" : 1 , \"titl\" : \"}\\\"\" , \"none\" : false } "),
		"{\"none\" : false}");
	assert_string_equal(picked("t/nothing", "{\"a\":1,\"b\":[]}"), "{}");
	assert_string_equal(picked("t/list", "{\"deep\":1,\"x\":0,\"outer\":2,\"never\":3,\"name\":4,\"items\":[5]}"),
		"{\"deep\":1,\"outer\":2,\"never\":3,\"name\":4,\"items\":[5]}");
}

static void test_what_is_shown_stays_the_same(void **state)
{
	(void)state;
	shows("t/plain", "{\"x\":[1,{\"title\":2}],\"title\":\"T\",\"a\":{\"b\":\"\\u00e9\"}}", "T \xc3\xa9 none");
	shows("t/list", "{\"outer\":\"o\",\"deep\":7,\"items\":[{\"name\":\"n\",\"items\":[1,2]}]}", "n-o<712>;");
	shows("t/whole", "{\"b\":1,\"a\":[2]}", "{\"b\":1,\"a\":[2]}");
	shows("t/nothing", "{\"a\":{}}", "hello");
	shows("t/nothing", "", "hello");
}

static void test_the_unusual_is_left_to_jansson(void **state)
{
	static const char *const unusual[] = {"", "null", "[]", "{", "{\"a\"", "{\"a\":}", "{\"a\":1", "{\"a\":1,}",
		"{\"a\":\"", "{\"a\":\"\\", "{a:1}", "{\"a\":1}}", "{\"a\":[1}", "{\"ti\\u0074le\":1}", "{\"a\":1 \"b\":2}",
		"{,}", "{\"a\":]}"};
	struct err e = {0};
	size_t i;

	(void)state;
	assert_null(picked("t/whole", "{\"a\":1}"));
	for (i = 0; i < sizeof(unusual) / sizeof(unusual[0]); i++)
		if (picked("t/plain", unusual[i]))
			fail_msg("%s", unusual[i]);
	shows("t/plain", "{\"ti\\u0074le\":1}", "1  none");
	assert_null(words_text(words, arena, "t/plain", "{\"title\":}", ESCAPE_NONE, &e));
	assert_int_equal(e.code, ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_members_that_are_not_looked_at_are_left_out, up, down),
		cmocka_unit_test_setup_teardown(test_what_is_shown_stays_the_same, up, down),
		cmocka_unit_test_setup_teardown(test_the_unusual_is_left_to_jansson, up, down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
