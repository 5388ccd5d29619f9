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

/* Template, data and expectation in one line each; the error's text where there is one. */
static void check(const char *template, const char *data, const char *want, enum escape_mode mode)
{
	struct arena *a = arena_new(64u << 20);
	json_t *j = json_loads(data, JSON_DECODE_ANY, NULL);
	json_t *partials = json_pack("{s:s,s:s,s:s,s:s}", "self", "{{>self}}", "outer",
		"*{{x}} {{>inner}}*", "inner", "<{{x}}>", "lines", "a\n{{#x}}\nb {{x}}\n{{/x}}\n\nc\n");

	assert_non_null(j);
	assert_string_equal(run(a, template, strlen(template), j, partials, mode), want);
	json_decref(partials);
	json_decref(j);
	arena_free(a);
}

static void html(const char *template, const char *data, const char *want)
{
	check(template, data, want, ESCAPE_HTML);
}

/* What later issues of the specification pin down, and what it leaves to good sense. */
static void values(void **state)
{
	(void)state;
	html("{{.}}", "\"<b>\"", "&lt;b&gt;");
	html("{{{.}}} {{&.}}", "\"<b>\"", "<b> <b>");
	html("{{.}}", "85", "85");
	html("{{#.}}({{v}}){{/.}}", "[{\"v\": \"a\"}, {\"v\": \"b\"}]", "(a)(b)");
	html("{{#l}}({{#.}}{{.}}{{/.}}){{/l}}", "{\"l\": [[1, 2], [\"a\"]]}", "(12)(a)");
	html("[{{n}}{{{n}}}{{&n}}]", "{\"n\": null}", "[]");
	html("{{#n}}x{{/n}}{{^n}}y{{/n}}", "{\"n\": null}", "y");
	html("{{#n}}x{{/n}}{{^n}}y{{/n}}", "{\"n\": \"\"}", "y");
	html("{{#n}}x{{/n}}{{^n}}y{{/n}}", "{\"n\": 0}", "y");
	html("{{#n}}x{{/n}}{{^n}}y{{/n}}", "{\"n\": {}}", "x");
	html("[{{a.b}}]", "{\"a.b\": \"no\"}", "[]");
	html("[{{a.b}}]", "{\"a.b\": \"no\", \"a\": {\"b\": \"yes\"}}", "[yes]");
	html("{{#a}}{{b.c}}{{/a}}", "{\"a\": {\"b\": {}}, \"b\": {\"c\": \"no\"}}", "");
	html("[{{! c }}]", "{\"! c\": 1, \"! c \": 2, \"!c\": 3, \"c\": 4}", "[]");
	html("{{#s}}{{.}} is {{s}}{{/s}}", "{\"s\": \"bar\"}", "bar is bar");
	html("{{>outer}}", "{\"x\": \"1\"}", "*1 <1>*");
	html("{{t}} {{f}}", "{\"t\": true, \"f\": false}", "true false");
	html("{{x}}", "{\"x\": 1.5e300}", "1.5e+300");
	html("{{x}} {{y}}", "{\"x\": 0.1, \"y\": 2.0}", "0.1 2");
	html("{{x}}", "{\"x\": 9007199254740993}", "9007199254740993");
	html("{{{l}}} {{{o}}}", "{\"l\": [1, \"a\"], \"o\": {\"k\": 2}}", "[1,\"a\"] {\"k\":2}");
	html("{{x}}", "{\"x\": \"a'b\"}", "a&#39;b");
}

static void partial_lines_are_indented(void **state)
{
	(void)state;
	html("  {{>lines}}\n-", "{\"x\": 1}", "  a\n  b 1\n  \n  c\n-");
	html("  {{>lines}}\n-", "{}", "  a\n  \n  c\n-");
	html("- {{>lines}}\n", "{}", "- a\n\nc\n\n");
	html("{{#l}}\n  {{>lines}}\n{{/l}}\n", "{\"l\": [{\"x\": 1}, {\"x\": 2}]}",
		"  a\n  b 1\n  \n  c\n  a\n  b 2\n  \n  c\n");
}

static void mistakes_are_explained(void **state)
{
	(void)state;
	html("a\nb {{#x}}", "{}",
		"t.md:2:3: section \"x\" is never closed: write {{/x}}");
	html("{{#x}}\n{{/y}}", "{}",
		"t.md:2:1: this closes \"y\", but \"x\" of line 1 is open: write {{/x}}");
	html("\xc3\xa4\xc3\xa4 {{/y}}", "{}",
		"t.md:1:4: nothing is open here: remove {{/y}} or write {{#y}} before it");
	html("{{x", "{}", "t.md:1:1: this tag is never closed: write }} after its name");
	html("{{{x}}", "{}", "t.md:1:1: this tag is never closed: write }}} after its name");
	html("{{=<% %>}}", "{}", "t.md:1:1: this tag is never closed: write =}} after its name");
	html("{{=<%=}}", "{}",
		"t.md:1:1: new delimiters are two words without \"=\": write {{=<% %>=}}");
	html("{{=a b c=}}", "{}",
		"t.md:1:1: these are more than two delimiters: write {{=<% %>=}}");
	html("{{=12345678901234567 x=}}", "{}",
		"t.md:1:1: a delimiter is at most 16 bytes long: write a shorter one");
	html("{{}}", "{}", "t.md:1:1: this tag names nothing: write a name between the braces");
	html("{{first name}}", "{}",
		"t.md:1:1: a name has no spaces in it: write \"first name\" in one word");
	html("{{a..b}}", "{}", "t.md:1:1: a dot needs a name on both sides: {{person.name}}");
	html("{{$x}}{{/x}}", "{}", "t.md:1:1: inheritance is not supported: use a partial, {{>name}}");
	html("{{>*x}}", "{}", "t.md:1:1: dynamic names are not supported: name the partial itself");
}

static void sections_nest_to_the_bound(void **state)
{
	struct arena *a = arena_new(1 << 20);
	struct buf t, want;
	json_t *data = json_pack("{s:b}", "x", 1);
	unsigned i;

	(void)state;
	buf_init_arena(&t, a, 10000);
	buf_init_arena(&want, a, 10000);
	for (i = 0; i < MUSTACHE_SECTIONS_MAX; i++)
		buf_str(&t, "{{#x}}");
	buf_str(&t, "in");
	for (i = 0; i < MUSTACHE_SECTIONS_MAX; i++)
		buf_str(&t, "{{/x}}");
	assert_string_equal(run(a, buf_text(&t), t.len, data, NULL, ESCAPE_HTML), "in");
	buf_printf(&want, "{{#x}}%s{{/x}}", buf_text(&t));
	assert_string_equal(run(a, buf_text(&want), want.len, data, NULL, ESCAPE_HTML),
		"t.md:1:193: sections nest at most 32 deep: move some into a partial");
	json_decref(data);
	arena_free(a);
}

/* A partial that includes itself as deep as the data goes, and one that never ends. */
static void partials_nest_to_the_bound(void **state)
{
	struct arena *a = arena_new(8 << 20);
	json_t *data = json_object(), *partials = json_pack("{s:s}", "n", "{{#k}}x{{>n}}{{/k}}");
	char want[64] = "";
	unsigned i;

	(void)state;
	/* A list of one at each level: the innermost has no "k" of its own, but sees the outer one. */
	json_object_set_new(data, "k", json_false());
	for (i = 0; i < MUSTACHE_PARTIALS_MAX - 1; i++) {
		json_t *outer = json_object();

		json_object_set_new(outer, "k", data);
		data = outer;
		want[i] = 'x';
	}
	assert_string_equal(run(a, "{{>n}}", 6, data, partials, ESCAPE_HTML), want);
	json_decref(data);
	json_decref(partials);
	arena_free(a);
	html("{{>self}}", "{}", "self:1:1: partials nest at most 32 deep: this one includes itself");
}

static void output_is_bounded(void **state)
{
	struct arena *a = arena_new(64u << 20);
	json_t *data = json_object(), *list = json_array();
	char *text = arena_alloc(a, 1025);
	unsigned i;

	(void)state;
	memset(text, 'a', 1024);
	for (i = 0; i < 1024; i++)
		json_array_append_new(list, json_string(text));
	json_object_set_new(data, "l", list);
	assert_int_equal(strlen(run(a, "{{#l}}{{.}}{{/l}}", 17, data, NULL, ESCAPE_HTML)),
		MUSTACHE_OUTPUT_MAX);
	assert_string_equal(run(a, "{{#l}}{{.}}{{/l}}.", 18, data, NULL, ESCAPE_HTML),
		"t.md:1:18: the result is longer than 1 MiB");
	/* No output at all, but a long way to it. */
	assert_string_equal(run(a, "{{#l}}{{#l}}{{#l}}{{/l}}{{/l}}{{/l}}", 36, data, NULL, ESCAPE_HTML),
		"t.md:1:13: this takes too long: too many lists inside lists");
	json_decref(data);
	arena_free(a);
}

static void markdown_values_stay_values(void **state)
{
	(void)state;
	check("{{x}}", "{\"x\": \"*a* _b_ [c](d) <e> `f` #g |h| ~i~ \\\\ !\"}",
		"\\*a\\* \\_b\\_ \\[c\\]\\(d\\) \\<e\\> &#96;f&#96; \\#g \\|h\\| \\~i\\~ \\\\ \\!",
		ESCAPE_MARKDOWN);
	check("{{x}}", "{\"x\": \"a\\n# b\\r\\n- c\\u2028d\"}", "a&#10;\\# b&#10;- c&#10;d",
		ESCAPE_MARKDOWN);
	check("{{x}}|{{y}}|{{z}}", "{\"x\": \"- x\", \"y\": \"1. x\", \"z\": \"12) x\"}",
		"\\- x|1\\. x|12\\) x", ESCAPE_MARKDOWN);
	check("{{x}}", "{\"x\": \"INC-42 at 10:30, v1.2\"}", "INC-42 at 10:30, v1.2", ESCAPE_MARKDOWN);
	check("{{x}}", "{\"x\": \"https://e.example www.e.example a@e.example\"}",
		"https\\://e.example www\\.e.example a\\@e.example", ESCAPE_MARKDOWN);
	check("{{x}}", "{\"x\": \"    code  \"}", "&#32;&#32;&#32; code&#32;&#32;", ESCAPE_MARKDOWN);
	check("{{x}}", "{\"x\": \"{{y}} a\\u202eb\\u0007\"}", "\\{\\{y\\}\\} ab", ESCAPE_MARKDOWN);
	check("{{{x}}} {{&x}}", "{\"x\": \"*a*\"}", "*a* *a*", ESCAPE_MARKDOWN);
	check("{{x}}", "{\"x\": -5}", "-5", ESCAPE_MARKDOWN);
	check("{{x}}", "{\"x\": \"<*a*>\"}", "<*a*>", ESCAPE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(specification_holds),
		cmocka_unit_test(values),
		cmocka_unit_test(partial_lines_are_indented),
		cmocka_unit_test(mistakes_are_explained),
		cmocka_unit_test(sections_nest_to_the_bound),
		cmocka_unit_test(partials_nest_to_the_bound),
		cmocka_unit_test(output_is_bounded),
		cmocka_unit_test(markdown_values_stay_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
