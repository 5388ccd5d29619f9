/* test_args.c - words as people type them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tocsin/arena.h"
#include "tocsin/args.h"
#include "tocsin/buf.h"
#include "tocsin/plan.h"

static const struct plan_person people[] = {
	{.key = "ada", .name = "Ada Park", .slack = "U0ADA"},
	{.key = "ben", .name = "Ben Ortiz", .slack = "U0BEN"},
	{.key = "chloe", .name = "Chlo\xc3\xa9 Roy", .slack = "U0CHLOE"},
	{.key = "bn", .name = "Ben Novak", .slack = "U0BN"},
};
static const struct plan_severity sevs_p[] = {{.key = "P0"}, {.key = "P1"}, {.key = "P2"}};
static const struct plan_severity sevs_s[] = {{.key = "SEV1"}, {.key = "SEV2"}};
static const struct plan plan_p = {
	.people = people, .n_people = 4, .severities = sevs_p, .n_severities = 3};
static const struct plan plan_s = {
	.people = people, .n_people = 4, .severities = sevs_s, .n_severities = 2};

static void test_words(void **state)
{
	static const struct {
		const char *typed, *words;
	} cases[] = {
		{"", ""},
		{"  ack   INC-42 ", "[ack][INC-42]"},
		{"new \xe2\x80\x9c" "Checkout is down\xe2\x80\x9d now", "[new][Checkout is down][now]"},
		{"say \xc2\xabhi there\xc2\xbb", "[say][hi there]"},
		{"\xe2\x80\x98one two\xe2\x80\x99 three", "[one two][three]"},
		{"it\xe2\x80\x99s Ada's", "[it\xe2\x80\x99s][Ada's]"},
		{"\"never closed word", "[\"never][closed][word]"},
		{"\"", "[\"]"},
		{"a\xc2\xa0" "b\xe2\x80\xaf" "c\nd\te", "[a][b][c][d][e]"},
		{"\xe2\x80\x94" "force \xe2\x80\x93x", "[--force][--x]"},
		{"role <@U0ADA|ada> <#C0DEV|dev> <#C0X|> <!here> <!subteam^S01|@ops>",
			"[role][@U0ADA/ada][#C0DEV/dev][#C0X/][!here/][^S01/@ops]"},
		{"see<@U0ADA>now", "[see][@U0ADA/][now]"},
		{"<https://x.example/a&amp;b|label> <mailto:a@b.example|a@b.example>",
			"[L:https://x.example/a&b][L:mailto:a@b.example]"},
		{"&lt;b&gt; &amp;lt; R&amp;D", "[<b>][&lt;][R&D]"},
		{"<script> <@u0ada> <@> <", "[<script>][<@u0ada>][<@>][<]"},
		{"a\x01" "b\xe2\x80\xae" "c\xff", "[abc\xff]"},
	};
	struct arena *a = arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct args args;
		struct buf b;

		buf_init_arena(&b, a, 4096);
		args_parse(&args, a, cases[i].typed);
		for (size_t k = 0; k < args.n; k++) {
			const struct arg *g = &args.items[k];
			static const char *const marks[] = {"", "@", "#", "^", "!", "L:"};

			if (g->kind == ARG_WORD || g->kind == ARG_LINK)
				buf_printf(&b, "[%s%s]", marks[g->kind], g->text);
			else
				buf_printf(&b, "[%s%s/%s]", marks[g->kind], g->text, g->label);
		}
		assert_string_equal(buf_text(&b), cases[i].words);
	}
	arena_free(a);
}

static void test_free_text(void **state)
{
	static const struct {
		const char *typed, *line, *text;
	} cases[] = {
		{"  two  words ", "two words", "two words"},
		{"one\ntwo\r\n\nthree ", "one two three", "one\ntwo\n\nthree"},
		{"<@U0CHLOE|c> and <@U0NEW|new> and <@U0ODD>", "@Chlo\xc3\xa9 Roy and @new and @U0ODD",
			"@Chlo\xc3\xa9 Roy and @new and @U0ODD"},
		{"in <#C1|dev> <!channel> <https://x.example|evil> <mailto:a@b.example|x>",
			"in #dev @channel https://x.example a@b.example",
			"in #dev @channel https://x.example a@b.example"},
		{"&lt;@U0ADA&gt; is text", "<@U0ADA> is text", "<@U0ADA> is text"},
		{"\xe2\x80\x9c" "all quoted\xe2\x80\x9d", "all quoted", "all quoted"},
		{"\"a\" and \"b\"", "\"a\" and \"b\"", "\"a\" and \"b\""},
		{"bell\x07" " esc\x1b" "[31m rtl\xe2\x80\xae" "ok \xff", "bell esc[31m rtlok \xef\xbf\xbd",
			"bell esc[31m rtlok \xef\xbf\xbd"},
		{"\xf0\x9f\x94\xa5 fire", "\xf0\x9f\x94\xa5 fire", "\xf0\x9f\x94\xa5 fire"},
	};
	struct arena *a = arena_new(1 << 24);
	struct args args;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		args_parse(&args, a, cases[i].typed);
		assert_string_equal(args_rest(&args, 0, &plan_p, true), cases[i].line);
		assert_string_equal(args_rest(&args, 0, &plan_p, false), cases[i].text);
	}
	args_parse(&args, a, "update  it is \"fine\" now");
	assert_string_equal(args_rest(&args, 1, NULL, true), "it is \"fine\" now");
	assert_string_equal(args_rest(&args, 99, NULL, true), "");
	arena_free(a);
}

static void test_bounds(void **state)
{
	struct arena *a = arena_new(1 << 24);
	char *big = malloc(100001);
	struct args args;

	(void)state;
	memset(big, 'x', 100000);
	big[100000] = '\0';
	args_parse(&args, a, big);
	assert_int_equal(args.n, 1);
	assert_int_equal(strlen(args_rest(&args, 0, NULL, true)), 100000);
	assert_int_equal(strlen(args_cut(a, big, 200)), 199 + 3);
	for (size_t i = 1; i < 100000; i += 2)
		big[i] = ' ';
	args_parse(&args, a, big);
	assert_int_equal(args.n, ARGS_MAX);
	assert_int_equal(strlen(args_rest(&args, ARGS_MAX - 1, NULL, true)), 2 * (50000 - ARGS_MAX + 1) - 1);
	/* What was not split is still there behind the last item. */
	assert_int_equal(strlen(args_rest(&args, ARGS_MAX, NULL, true)), 2 * (50000 - ARGS_MAX) - 1);
	free(big);
	assert_string_equal(args_cut(a, "abc", 3), "abc");
	assert_string_equal(args_cut(a, "abcd", 3), "ab\xe2\x80\xa6");
	assert_string_equal(args_cut(a, "\xc3\xa9\xc3\xa9\xc3\xa9", 2), "\xc3\xa9\xe2\x80\xa6");
	arena_free(a);
}

static void test_severities(void **state)
{
	static const struct {
		const struct plan *plan;
		const char *typed, *key;
		size_t words;
	} cases[] = {
		{&plan_p, "p0 x", "P0", 1}, {&plan_p, "P1: x", "P1", 1}, {&plan_p, "p-2", "P2", 1},
		{&plan_p, "sev0", "P0", 1}, {&plan_p, "SEV1", "P0", 1}, {&plan_p, "Sev-2", "P1", 1},
		{&plan_p, "sev 1 x", "P0", 2}, {&plan_p, "severity 3:", "P2", 2}, {&plan_p, "s1", NULL, 0},
		{&plan_p, "prio1", "P1", 1}, {&plan_p, "priority 1", "P1", 2}, {&plan_p, "p3", NULL, 0},
		{&plan_p, "sev9", NULL, 0}, {&plan_p, "sev x", NULL, 0}, {&plan_p, "sev", NULL, 0},
		{&plan_p, "500s", NULL, 0}, {&plan_p, "s3 bucket", NULL, 0}, {&plan_p, "p", NULL, 0},
		{&plan_p, "p0x", NULL, 0}, {&plan_p, "p99999999999999999999", NULL, 0},
		{&plan_s, "sev1", "SEV1", 1}, {&plan_s, "sev 2", "SEV2", 2}, {&plan_s, "p0", "SEV1", 1},
		{&plan_s, "P1", "SEV2", 1}, {&plan_s, "sev0", NULL, 0}, {&plan_s, "p2", NULL, 0},
	};
	struct arena *a = arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct plan_severity *s;
		struct args args;
		size_t words;

		args_parse(&args, a, cases[i].typed);
		s = args_severity(&args, 0, cases[i].plan, &words);
		if (!cases[i].key && s)
			fail_msg("\"%s\" was taken for %s", cases[i].typed, s->key);
		if (!cases[i].key)
			continue;
		if (!s)
			fail_msg("\"%s\" was not understood", cases[i].typed);
		assert_string_equal(s->key, cases[i].key);
		assert_int_equal(words, cases[i].words);
	}
	arena_free(a);
}

static void test_people(void **state)
{
	static const struct {
		const char *typed;
		enum args_person found;
		const char *key;
		size_t words;
	} cases[] = {
		{"<@U0ADA|whoever> x", ARGS_PERSON_KNOWN, "ada", 1},
		{"<@U0NEW>", ARGS_PERSON_FOREIGN, NULL, 1},
		{"ada", ARGS_PERSON_KNOWN, "ada", 1}, {"@ADA", ARGS_PERSON_KNOWN, "ada", 1},
		{"Ada Park please", ARGS_PERSON_KNOWN, "ada", 2},
		{"\"ada park\"", ARGS_PERSON_KNOWN, "ada", 1},
		{"Ben Ortiz", ARGS_PERSON_KNOWN, "ben", 2}, {"ben novak", ARGS_PERSON_KNOWN, "bn", 2},
		{"Ben Kenobi", ARGS_PERSON_KNOWN, "ben", 1}, /* the plan's key */
		{"Chlo\xc3\xa9", ARGS_PERSON_KNOWN, "chloe", 1},
		{"nobody", ARGS_PERSON_NONE, NULL, 1}, {"", ARGS_PERSON_NONE, NULL, 1},
		{"Ad", ARGS_PERSON_NONE, NULL, 1}, {"<#C1|x>", ARGS_PERSON_NONE, NULL, 1},
	};
	static const struct plan_person twins[] = {
		{.key = "a1", .name = "Mia Novak"}, {.key = "a2", .name = "Mia Roy"}};
	static const struct plan two = {.people = twins, .n_people = 2};
	struct arena *a = arena_new(1 << 20);
	const struct plan_person *p;
	struct args args;
	size_t words;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		args_parse(&args, a, cases[i].typed);
		if (args_person(&args, 0, &plan_p, &p, &words) != cases[i].found)
			fail_msg("\"%s\"", cases[i].typed);
		if (cases[i].key)
			assert_string_equal(p->key, cases[i].key);
		assert_int_equal(words, cases[i].words);
	}
	args_parse(&args, a, "mia");
	assert_int_equal(args_person(&args, 0, &two, &p, &words), ARGS_PERSON_UNCLEAR);
	args_parse(&args, a, "mia roy");
	assert_int_equal(args_person(&args, 0, &two, &p, &words), ARGS_PERSON_KNOWN);
	assert_string_equal(p->key, "a2");
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),     cmocka_unit_test(test_free_text),
		cmocka_unit_test(test_bounds),    cmocka_unit_test(test_severities),
		cmocka_unit_test(test_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
