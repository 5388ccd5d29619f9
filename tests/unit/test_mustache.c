/* test_mustache.c - the template language against its published specification, and its bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>

#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/mustache.h"

struct partials {
	struct arena *arena;
	const json_t *texts;
	struct err *err;
};

static const struct mustache *find_partial(void *ctx, const char *name)
{
	struct partials *p = ctx;
	const char *text = json_string_value(json_object_get(p->texts, name));

	return text ? mustache_parse(p->arena, name, text, strlen(text), p->err) : NULL;
}

/* The output, or the error's text. Lives in the arena. */
static const char *run(struct arena *a, const char *template, size_t len, const json_t *data,
	const json_t *partials, enum escape_mode mode)
{
	struct err e = {0};
	struct partials p = {a, partials, &e};
	struct mustache *m = mustache_parse(a, "t.md", template, len, &e);
	struct buf out;

	if (!m)
		return arena_strdup(a, e.text);
	buf_init_arena(&out, a, MUSTACHE_OUTPUT_MAX * 2);
	if (mustache_render(m, data, find_partial, &p, mode, &out, &e) < 0)
		return arena_strdup(a, e.text);
	return buf_text(&out);
}

static unsigned run_file(const char *file)
{
	char path[512];
	json_error_t je;
	json_t *doc, *test;
	unsigned n = 0, failed = 0;
	size_t i;

	snprintf(path, sizeof(path), "%s/unit/mustache-spec/%s", TESTS_DIR, file);
	doc = json_load_file(path, 0, &je);
	if (!doc)
		fail_msg("%s: %s", path, je.text);
	json_array_foreach(json_object_get(doc, "tests"), i, test) {
		const json_t *t = json_object_get(test, "template");
		const char *want = json_string_value(json_object_get(test, "expected")), *got;
		struct arena *a = arena_new(1 << 20);

		got = run(a, json_string_value(t), json_string_length(t), json_object_get(test, "data"),
			json_object_get(test, "partials"), ESCAPE_HTML);
		if (strcmp(want, got) != 0) {
			print_error("%s, \"%s\":\n  expected %s\n  got      %s\n", file,
				json_string_value(json_object_get(test, "name")), want, got);
			failed++;
		}
		n++;
		arena_free(a);
	}
	json_decref(doc);
	assert_int_equal(failed, 0);
	return n;
}

static void specification_holds(void **state)
{
	(void)state;
	assert_int_equal(run_file("comments.json"), 11);
	assert_int_equal(run_file("delimiters.json"), 14);
	assert_int_equal(run_file("interpolation.json"), 30);
	assert_int_equal(run_file("inverted.json"), 21);
	assert_int_equal(run_file("partials.json"), 11);
	assert_int_equal(run_file("sections.json"), 25);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(specification_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
