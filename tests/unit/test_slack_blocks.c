/*
 * test_slack_blocks.c - what Slack is sent: the look of it, and its limits at any length.
 *
 * The judge of limits is the checker of the fake Slack, which was written apart from the renderer
 * (tests/support/slack_judge.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>

#include "tests/support/slack_judge.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/message.h"
#include "tocsin/plan.h"
#include "tocsin/render.h"
#include "tocsin/utf8.h"

static const struct phrases words = {.shortened = "\xe2\x80\xa6 shortened", .full_text = "Full text",
	.confirm_title = "Are you sure?", .confirm_yes = "Yes", .confirm_no = "No"};

static const char *slack(struct arena *a, const char *markdown, const struct render_options *o,
	struct render_result *r)
{
	struct buf out;

	buf_init_arena(&out, a, 1 << 20);
	slack_render(message_parse(a, markdown, strlen(markdown)), o, &out, r);
	assert_false(out.failed);
	return buf_text(&out);
}

static void accepted(const char *json)
{
	json_decref(judge_message(json));
}

/* --- the look ------------------------------------------------------------------------------------- */

static void looks_right(void **state)
{
	struct arena *a = arena_new(1 << 20);
	const char *got = slack(a, "# INC-42 Checkout\n\nHello **you** & <all>\n\n- one\n- two\n\n"
		"| | |\n|---|---|\n| Severity | P0 |\n\n[Acknowledge](<action:incident ack INC-42> \"primary\") "
		"[Mine](<action:incident role>)\n\n> by [10:30](time:1769618400)\n", NULL, NULL);

	(void)state;
	assert_string_equal(got,
		"{\"text\":\"INC-42 Checkout\\n\\nHello you &amp; &lt;all&gt;\\n\\n- one\\n- two\\n\\nSeverity: P0\\n\\nby 2026-01-28 16:40 UTC\","
		"\"blocks\":[{\"type\":\"header\",\"text\":{\"type\":\"plain_text\",\"text\":\"INC-42 Checkout\"}},"
		"{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"Hello *you* &amp; &lt;all&gt;\\n\\n\xe2\x80\xa2 one\\n\xe2\x80\xa2 two\",\"verbatim\":true}},"
		"{\"type\":\"section\",\"fields\":[{\"type\":\"mrkdwn\",\"text\":\"*Severity*\\nP0\",\"verbatim\":true}]},"
		"{\"type\":\"actions\",\"elements\":["
		"{\"type\":\"button\",\"action_id\":\"do\",\"text\":{\"type\":\"plain_text\",\"text\":\"Acknowledge\"},\"value\":\"incident ack INC-42\",\"style\":\"primary\"},"
		"{\"type\":\"button\",\"action_id\":\"do#2\",\"text\":{\"type\":\"plain_text\",\"text\":\"Mine\"},\"value\":\"incident role\"}]},"
		"{\"type\":\"context\",\"elements\":[{\"type\":\"mrkdwn\",\"text\":\"by <!date^1769618400^{date_short_pretty} {time}|10:30>\",\"verbatim\":true}]}]}");
	accepted(got);
	arena_free(a);
}

/* The text of the nth section. */
static void section_is(const char *markdown, const struct render_options *o, const char *want)
{
	struct arena *a = arena_new(4 << 20);
	json_t *j = judge_message(slack(a, markdown, o, NULL));

	assert_string_equal(judge_text(json_object_get(json_array_get(json_object_get(j, "blocks"), 0),
		"text"), "text"), want);
	json_decref(j);
	arena_free(a);
}

static void inline_markup(void **state)
{
	(void)state;
	section_is("a **b** *c* ~~d~~ `e`", NULL, "a *b* _c_ ~d~ `e`");
	section_is("**a *b* c**", NULL, "*a _b_ c*");
	section_is("**a\nb**", NULL, "*a*\n*b*");
	section_is("**a &#32;** b", NULL, "*a*  b");
	section_is("x\n\n## Head\n\ny", NULL, "x\n\n*Head*\n\ny");
	section_is("> a\n> **b**\n\nc", NULL, "> a\n> *b*\n\nc");
	section_is("- a\n    - b\n- [x] c\n- [ ] d\n\n1. e\n2. f", NULL,
		"\xe2\x80\xa2 a\n    \xe2\x80\xa2 b\n\xe2\x98\x91 c\n\xe2\x98\x90 d\n1. e\n2. f");
	section_is("a | b | c\n---|---|---\n1 | | 3\n", NULL, "*a* | *b* | *c*\n1 |  | 3");
	section_is("```\na `b` <c>\n```", NULL, "```\na `b` &lt;c&gt;\n```");
	section_is("````\n```\n````", NULL, "```\n``\xe2\x80\x8b`\n```");
	section_is("`` a`b ``", NULL, "a\xcb\x8b" "b");
	section_is("\\`a\\` b \\` `c`", NULL, "`a` b \xcb\x8b `c`");
	section_is("\\`\\`\\`a `c`", NULL, "\xcb\x8b\xcb\x8b\xcb\x8b" "a `c`");
	section_is("[t](<https://e.example/?a=1&b=%3Cx%3E|y>)", NULL,
		"<https://e.example/?a=1&amp;b=%3Cx%3E%7Cy|t>");
	section_is("[a > b](https://e.example)", NULL, "<https://e.example|a &gt; b>");
	section_is("[](https://e.example)", NULL, "<https://e.example|https://e.example>");
	section_is("[t](time:1769618400:date) [t](time:1769618400:clock) [t](time:0:ago)", NULL,
		"<!date^1769618400^{date_short_pretty}|2026-01-28> "
		"<!date^1769618400^{time}|16:40 UTC> <!date^0^{ago}|1970-01-01 00:00 UTC>");
	section_is("[1|2^3>](time:5)", NULL, "<!date^5^{date_short_pretty} {time}|1 2 3&gt;>");
	section_is("&#7;a&#0;\xff", NULL, "a\xef\xbf\xbd\xef\xbf\xbd");
}

static void mentions(void **state)
{
	static const struct plan_person people[] = {
		{.key = "ada", .name = "Ada Park", .slack = "U0ADA"},
		{.key = "dev", .name = "Dev <Rao>"},
		{.key = "bad", .name = "Bad Id", .slack = "U0X> <!channel"},
	};
	static const struct plan_channel channels[] = {{.key = "war-room", .slack = "C0WARROOM"}};
	static const struct plan plan = {.people = people, .n_people = 3, .channels = channels,
		.n_channels = 1};
	struct resolver who;
	struct render_options o = {.who = &who};

	(void)state;
	resolver_slack(&who, &plan);
	section_is("[@x](person:ada) [@y](person:dev) [@z](person:nobody) [](person:none)", &o,
		"<@U0ADA> @Dev &lt;Rao&gt; @z @none");
	section_is("[@x](person:bad)", &o, "@Bad Id");
	section_is("[@x](user:U0ADA) [@y](user:W0Z9) [@z](user:u0) [q](user:!channel)", &o,
		"<@U0ADA> <@W0Z9> @z @q");
	section_is("[#a](channel:war-room) [b](channel:C0OTHER) [c](channel:nope) [d](channel:U0ADA)",
		&o, "<#C0WARROOM> <#C0OTHER> #c #d");
	section_is("[@x](person:ada) [#a](channel:war-room)", NULL, "@x #a");
	section_is("@here @channel #general <!channel> <@U0ADA>", &o,
		"@here @channel #general &lt;!channel&gt; &lt;@U0ADA&gt;");
}

static void buttons(void **state)
{
	struct render_options o = {.phrases = &words};
	struct arena *a = arena_new(4 << 20);
	json_t *j = judge_message(slack(a, "[A](<action:close> \"danger confirm: Really <b>?\")", &o, NULL));
	json_t *confirm = json_object_get(json_array_get(json_object_get(json_array_get(
		json_object_get(j, "blocks"), 0), "elements"), 0), "confirm");

	(void)state;
	assert_string_equal(judge_text(json_object_get(confirm, "title"), "text"), "Are you sure?");
	assert_string_equal(judge_text(json_object_get(confirm, "text"), "text"), "Really &lt;b&gt;?");
	assert_string_equal(judge_text(json_object_get(confirm, "confirm"), "text"), "Yes");
	assert_string_equal(judge_text(json_object_get(confirm, "deny"), "text"), "No");
	json_decref(j);
	arena_free(a);
}

/* --- limits --------------------------------------------------------------------------------------- */

static void repeat(struct buf *b, const char *s, size_t n)
{
	while (n-- > 0)
		buf_str(b, s);
}

static size_t count(const char *s, const char *what)
{
	size_t n = 0;

	for (; (s = strstr(s, what)); s += strlen(what))
		n++;
	return n;
}

static void header_is_cut(void **state)
{
	struct arena *a = arena_new(4 << 20);
	struct buf md, want;

	(void)state;
	buf_init_arena(&md, a, 1 << 20);
	buf_init_arena(&want, a, 1 << 20);
	buf_str(&md, "# ");
	repeat(&md, "a", 150);
	repeat(&want, "a", 150);
	buf_str(&want, "\"}}");
	assert_non_null(strstr(slack(a, buf_text(&md), NULL, NULL), buf_text(&want)));
	buf_reset(&want);
	buf_str(&md, "b");
	repeat(&want, "a", 149);
	buf_str(&want, "\xe2\x80\xa6\"}}");
	assert_non_null(strstr(slack(a, buf_text(&md), NULL, NULL), buf_text(&want)));
	/* Emoji are two units each, an entity is whole or not there. */
	buf_reset(&md);
	buf_str(&md, "# ");
	repeat(&md, "\xf0\x9f\x94\xa5", 100);
	accepted(slack(a, buf_text(&md), NULL, NULL));
	buf_reset(&md);
	buf_str(&md, "# ");
	repeat(&md, "&lt;", 100);
	accepted(slack(a, buf_text(&md), NULL, NULL));
	arena_free(a);
}

/* Text of exactly 3000 is one section; one more makes two, and no word is lost or cut. */
static void sections_are_split(void **state)
{
	struct arena *a = arena_new(16 << 20);
	struct render_result r;
	struct buf md;
	const char *got;
	char word[16];
	unsigned i;

	(void)state;
	buf_init_arena(&md, a, 1 << 20);
	repeat(&md, "aaaa ", 599);
	buf_str(&md, "bbbbb");
	got = slack(a, buf_text(&md), NULL, &r);
	assert_int_equal(count(got, "\"section\""), 1);
	buf_str(&md, " c");
	got = slack(a, buf_text(&md), NULL, &r);
	accepted(got);
	assert_int_equal(count(got, "\"section\""), 2);
	assert_false(r.shortened);
	buf_reset(&md);
	for (i = 0; i < 1200; i++)
		buf_printf(&md, "word%u\n", i);
	got = slack(a, buf_text(&md), NULL, &r);
	accepted(got);
	assert_false(r.shortened);
	got = strstr(got, "\"blocks\"");
	for (i = 0; i < 1200; i++) {
		snprintf(word, sizeof(word), "word%u", i);
		got = strstr(got, word);
		if (!got)
			fail_msg("%s is lost", word);
		got += strlen(word);
		assert_true(*got == '\\' || *got == '"');
	}
	arena_free(a);
}

/* A style that is open where the text is split goes on in the next section. */
static void styles_go_on(void **state)
{
	struct arena *a = arena_new(16 << 20);
	struct buf md;
	json_t *j, *section;
	size_t i;

	(void)state;
	buf_init_arena(&md, a, 1 << 20);
	buf_str(&md, "**");
	repeat(&md, "bold words ", 500);
	buf_str(&md, "end** plain");
	j = judge_message(slack(a, buf_text(&md), NULL, NULL));
	assert_int_equal(json_array_size(json_object_get(j, "blocks")), 2);
	json_array_foreach(json_object_get(j, "blocks"), i, section) {
		const char *text = judge_text(json_object_get(section, "text"), "text");

		assert_int_equal(text[0], '*');
		assert_int_equal(count(text, "*"), 2);
		assert_true(i == 1 || text[strlen(text) - 1] == '*');
	}
	json_decref(j);
	arena_free(a);
}

static void code_is_split_at_lines(void **state)
{
	struct arena *a = arena_new(16 << 20);
	struct render_result r;
	struct buf md;
	json_t *j, *b;
	size_t i;

	(void)state;
	buf_init_arena(&md, a, 1 << 20);
	buf_str(&md, "```\n");
	repeat(&md, "0123456789012345678\n", 400);
	repeat(&md, "x", 1500);
	buf_str(&md, "\n```");
	j = judge_message(slack(a, buf_text(&md), NULL, &r));
	assert_false(r.shortened);
	assert_int_equal(json_array_size(json_object_get(j, "blocks")), 4);
	json_array_foreach(json_object_get(j, "blocks"), i, b) {
		const char *text = judge_text(json_object_get(b, "text"), "text");

		assert_int_equal(strncmp(text, "```\n", 4), 0);
		assert_string_equal(text + strlen(text) - 4, "\n```");
		if (i < 2)
			assert_int_equal((strlen(text) - 7) % 20, 0);
	}
	json_decref(j);
	arena_free(a);
}

/* However long the text: header, buttons and the closing line are there, and it says so. */
static void too_long_is_shortened(void **state)
{
	struct render_options o = {.phrases = &words, .full_text_url = "https://e.example/?a&b"};
	struct arena *a = arena_new(64 << 20);
	struct render_result r;
	struct buf md;
	const char *got;

	(void)state;
	buf_init_arena(&md, a, 1 << 20);
	buf_str(&md, "# Title\n\n");
	repeat(&md, "some text & more\n\n", 5000);
	buf_str(&md, "[Ack](<action:incident ack INC-1> \"primary\")\n\n> closing");
	got = slack(a, buf_text(&md), &o, &r);
	accepted(got);
	assert_true(r.shortened);
	assert_int_equal(r.dropped_buttons, 0);
	assert_non_null(strstr(got, "\"Title\""));
	assert_non_null(strstr(got, "incident ack INC-1"));
	assert_non_null(strstr(got, "\"closing\""));
	assert_non_null(strstr(got,
		"\"\xe2\x80\xa6 shortened <https://e.example/?a&amp;b|Full text>\",\"verbatim\":true}]}]}"));
	assert_null(strstr(slack(a, "short", &o, &r), "shortened"));
	assert_false(r.shortened);
	arena_free(a);
}

static void rows_of_buttons(void **state)
{
	struct arena *a = arena_new(16 << 20);
	struct render_result r;
	struct buf md;
	const char *got;
	unsigned i;

	(void)state;
	buf_init_arena(&md, a, 4 << 20);
	for (i = 0; i < 13; i++)
		buf_printf(&md, "[B%u](<action:do %u>) ", i, i);
	got = slack(a, buf_text(&md), NULL, &r);
	accepted(got);
	assert_int_equal(count(got, "\"actions\""), 3);
	assert_int_equal(count(got, "\"do#5\""), 2);
	for (i = 0; i < 1000; i++)
		buf_printf(&md, "[B%u](<action:do %u>) ", i, i);
	got = slack(a, buf_text(&md), NULL, &r);
	accepted(got);
	assert_int_equal(count(got, "\"button\"") + r.dropped_buttons, 1013);
	/* A command line at the bound, and past it. */
	buf_reset(&md);
	buf_str(&md, "[B](action:");
	repeat(&md, "x", 1900);
	buf_str(&md, ")");
	got = slack(a, buf_text(&md), NULL, &r);
	accepted(got);
	assert_int_equal(count(got, "\"button\""), 1);
	assert_int_equal(r.dropped_buttons, 0);
	buf_truncate(&md, md.len - 1);
	buf_str(&md, "y) [C](action:c)");
	got = slack(a, buf_text(&md), NULL, &r);
	accepted(got);
	assert_int_equal(count(got, "\"button\""), 1);
	assert_int_equal(r.dropped_buttons, 1);
	/* A label of any length. */
	buf_reset(&md);
	buf_str(&md, "[");
	repeat(&md, "long ", 100);
	buf_str(&md, "](<action:x> \"confirm: ");
	repeat(&md, "sure ", 500);
	buf_str(&md, "\")");
	accepted(slack(a, buf_text(&md), NULL, &r));
	arena_free(a);
}

static void fields_by_tens(void **state)
{
	struct arena *a = arena_new(16 << 20);
	struct render_result r;
	struct buf md;
	const char *got;
	unsigned i;

	(void)state;
	buf_init_arena(&md, a, 1 << 20);
	buf_str(&md, "| | |\n|---|---|\n");
	for (i = 0; i < 23; i++)
		buf_printf(&md, "| Name %u | Value %u |\n", i, i);
	got = slack(a, buf_text(&md), NULL, &r);
	accepted(got);
	assert_int_equal(count(got, "\"fields\""), 3);
	assert_non_null(strstr(got, "*Name 22*\\nValue 22\""));
	buf_str(&md, "| Long | ");
	repeat(&md, "&amp;", 1000);
	buf_str(&md, " |\n");
	accepted(slack(a, buf_text(&md), NULL, &r));
	assert_true(r.shortened);
	arena_free(a);
}

/* Nothing to say is still something that Slack takes as a text. */
static void nothing_at_all(void **state)
{
	static const char *const empty[] = {"", " \n", "# ", "**", "- ", "> ", "```\n```", "[](https://)",
		"| | |\n|---|---|\n| | |", "---", "\xff\xfe", "[ ](action:x)"};
	struct arena *a = arena_new(16 << 20);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(empty) / sizeof(*empty); i++)
		accepted(slack(a, empty[i], NULL, NULL));
	arena_free(a);
}

/* Anything, of any length. */
static void random_messages(void **state)
{
	static const char *const pieces[] = {"word ", "\n", "\n\n", "# ", "## ", "- ", "    - ", "1. ", "> ",
		"**", "*", "~~", "`", "```\n", "&amp;", "&lt;", "<", ">", "&", "|", "\n| a | b |\n|---|---|\n| c | d |\n",
		"\n|a|b|c|\n|---|---|---|\n|d|e|f|\n", "[B](<action:do it> \"primary\") ", "[@a](user:U0ADA) ",
		"[t](time:1769618400) ", "[link](https://e.example/a?b&c) ", "\xf0\x9f\x94\xa5", "\xc3\xa9", "\xff",
		"---\n", "averyveryverylongwordwithoutanyspace", "[q](<input:q text>)", "\\", "[", "](", ")",
		"[c](<action:x> \"danger confirm: y\")", "- [ ] ", "&#10;", "&#32;", "[#c](channel:C0X) "};
	unsigned seed = 7, i, n, k;

	(void)state;
	for (i = 0; i < 600; i++) {
		struct arena *a = arena_new(64 << 20);
		struct render_options o = {.phrases = i % 2 ? &words : NULL,
			.full_text_url = i % 3 ? "https://e.example" : NULL};
		struct render_result r;
		struct buf md;

		buf_init_arena(&md, a, 1 << 20);
		n = i % 10 ? 40 : 4000;
		for (k = 0; k < n; k++) {
			seed = seed * 1103515245u + 12345u;
			buf_str(&md, pieces[(seed >> 16) % (sizeof(pieces) / sizeof(*pieces))]);
			if ((seed >> 8) % 50 == 0)
				repeat(&md, (seed >> 20) % 2 ? "x" : "y &amp; ", (seed >> 12) % 3500);
		}
		accepted(slack(a, buf_text(&md), &o, &r));
		arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looks_right),
		cmocka_unit_test(inline_markup),
		cmocka_unit_test(mentions),
		cmocka_unit_test(buttons),
		cmocka_unit_test(header_is_cut),
		cmocka_unit_test(sections_are_split),
		cmocka_unit_test(styles_go_on),
		cmocka_unit_test(code_is_split_at_lines),
		cmocka_unit_test(too_long_is_shortened),
		cmocka_unit_test(rows_of_buttons),
		cmocka_unit_test(fields_by_tens),
		cmocka_unit_test(nothing_at_all),
		cmocka_unit_test(random_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
