/* test_render_text.c - the message as plain text, HTML and Markdown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>

#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/message.h"
#include "tocsin/plan.h"
#include "tocsin/render.h"
#include "tocsin/utf8.h"

typedef void (*renderer)(const struct message *m, const struct render_options *o, struct buf *out);

static const char *render(struct arena *a, renderer fn, const char *markdown,
	const struct render_options *o)
{
	struct buf out;

	buf_init_arena(&out, a, 4 << 20);
	fn(message_parse(a, markdown, strlen(markdown)), o, &out);
	assert_false(out.failed);
	return buf_text(&out);
}

static void is(renderer fn, const char *markdown, const struct render_options *o, const char *want)
{
	struct arena *a = arena_new(16 << 20);

	assert_string_equal(render(a, fn, markdown, o), want);
	arena_free(a);
}

static const char sample[] = "# INC-42 <Checkout>\n\nHello **you**, see [the page](https://e.example) & "
	"`code`.\nNext line\n\n- one\n- [x] two\n    1. three\n\n| | |\n|---|---|\n| Severity | P0 |\n| Lead | [@a](person:ada) |\n\n"
	"```\nx < y\n```\n\n---\n\n[Ack](<action:incident ack INC-42> \"primary\") [No](action:no)\n\n"
	"> at [10:30](time:1769618400)\n";

static const char *url_of(void *ctx, const char *command)
{
	return strcmp(command, "no") ? ctx : NULL;
}

static void zone(void *ctx, int64_t epoch_s, const char *tz, struct buf *out)
{
	(void)ctx;
	buf_printf(out, "%" PRId64 " in %s", epoch_s, tz);
}

static void plain_text(void **state)
{
	struct render_options o = {.button_url = url_of, .time_text = zone, .tz = "Europe/Berlin"};
	char link[] = "https://t.example/ack?x";

	(void)state;
	is(text_render, sample, NULL, "INC-42 <Checkout>\n\nHello you, see the page (https://e.example) & code.\n"
		"Next line\n\n- one\n[x] two\n  1. three\n\nSeverity: P0\nLead: @a\n\n    x < y\n\n---\n\n"
		"Ack: /incident ack INC-42\nNo: /no\n\nat 2026-01-28 16:40 UTC");
	o.button_ctx = link;
	is(text_render, "[Ack](<action:incident ack>) [No](action:no)\n\n[t](time:5)", &o,
		"Ack: https://t.example/ack?x\nNo: /no\n\n5 in Europe/Berlin");
	o.no_buttons = true;
	is(text_render, "a\n\n[Ack](<action:incident ack>)\n\nb", &o, "a\n\nb");
	is(text_render, "<https://e.example> [mail](mailto:a@e.example) <mailto:a@e.example>", NULL,
		"https://e.example mail (mailto:a@e.example) mailto:a@e.example");
	is(text_render, "a | b | c\n---|---|---\n1 | 2 | 3", NULL, "a | b | c\n1 | 2 | 3");
	is(text_render, "> a\n> b\n\nc", NULL, "> a\n> b\n\nc");
	is(text_render, "", NULL, "");
}

static void text_is_cut_at_the_bound(void **state)
{
	struct render_options o = {.max_units = 10};

	(void)state;
	is(text_render, "0123456789", &o, "0123456789");
	is(text_render, "01234567890", &o, "012345678\xe2\x80\xa6");
	is(text_render, "01234567 \xf0\x9f\x94\xa5", &o, "01234567\xe2\x80\xa6");
	is(text_render, "\xf0\x9f\x94\xa5\xf0\x9f\x94\xa5\xf0\x9f\x94\xa5\xf0\x9f\x94\xa5\xf0\x9f\x94\xa5x", &o,
		"\xf0\x9f\x94\xa5\xf0\x9f\x94\xa5\xf0\x9f\x94\xa5\xf0\x9f\x94\xa5\xe2\x80\xa6");
}

static void times(void **state)
{
	(void)state;
	is(text_render, "[t](time:0) [t](time:-1) [t](time:951782400) [t](time:4107542399)", NULL,
		"1970-01-01 00:00 UTC 1969-12-31 23:59 UTC 2000-02-29 00:00 UTC 2100-02-28 23:59 UTC");
	is(text_render, "[t](time:1769618400:date) [t](time:1769618400:clock) [t](time:1769618400:ago)", NULL,
		"2026-01-28 16:40 UTC 2026-01-28 16:40 UTC");
}

static void html(void **state)
{
	struct render_options o = {.button_url = url_of};
	char link[] = "https://t.example/ack?x&y=\"";

	(void)state;
	is(html_render, sample, NULL, "<h1>INC-42 &lt;Checkout&gt;</h1>\n"
		"<p>Hello <strong>you</strong>, see <a href=\"https://e.example\" rel=\"noopener noreferrer\">the page</a> &amp; "
		"<code>code</code>.<br>Next line</p>\n<ul><li>one</li><li>\xe2\x98\x91 two<ol><li>three</li></ol></li></ul>\n"
		"<table><tr><th>Severity</th><td>P0</td></tr><tr><th>Lead</th><td>@a</td></tr></table>\n"
		"<pre><code>x &lt; y</code></pre>\n<hr>\n<p class=\"buttons\"><span class=\"button\">Ack: <code>/incident ack INC-42</code></span> "
		"<span class=\"button\">No: <code>/no</code></span></p>\n"
		"<p><small>at <time datetime=\"2026-01-28T16:40Z\">2026-01-28 16:40 UTC</time></small></p>\n");
	o.button_ctx = link;
	is(html_render, "[A\\<](<action:x> \"danger\")", &o, "<p class=\"buttons\"><a class=\"button danger\" "
		"href=\"https://t.example/ack?x&amp;y=&quot;\">A&lt;</a></p>\n");
	is(html_render, "<script>alert(1)</script>\n\n[x](javascript:y) ![i](data:z)", NULL,
		"<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n<p>x i</p>\n");
	is(html_render, "2. a\n3. b\n\n- c\n", NULL, "<ol start=\"2\"><li>a</li><li>b</li></ol>\n<ul><li>c</li></ul>\n");
	is(html_render, "\xff", NULL, "<p>\xef\xbf\xbd</p>\n");
	is(html_render, "a | b | c\n---|---|---\n1 | 2 | ~~3~~", NULL, "<table><tr><th>a</th><th>b</th><th>c</th></tr>"
		"<tr><td>1</td><td>2</td><td><del>3</del></td></tr></table>\n");
}

static void markdown(void **state)
{
	(void)state;
	is(markdown_render, sample, NULL, "# INC-42 \\<Checkout>\n\nHello **you**, see [the page](https://e.example) & "
		"`code`.\\\nNext line\n\n- one\n- [x] two\n    1. three\n\n| | |\n|---|---|\n| Severity | P0 |\n| Lead | @a |\n\n"
		"```\nx < y\n```\n\n---\n\nAck: `/incident ack INC-42` \xc2\xb7 No: `/no`\n\n"
		"> at 2026-01-28 16:40 UTC\n");
	is(markdown_render, "snake_case _x_ INC-42 (a) \"b\" 3.5\n\n1\\. \\# \\- www.e.example https\\://e",
		NULL, "snake_case *x* INC-42 (a) \"b\" 3.5\n\n1\\. \\# - www\\.e.example https\\://e\n");
	is(markdown_render, "````\n```\n````", NULL, "````\n```\n````\n");
	is(markdown_render, "`` a`b ``", NULL, "``a`b``\n");
}

/* What Markdown we write says the same when it is read again. */
static void markdown_reads_the_same(void **state)
{
	static const char *const pieces[] = {"word", " ", "\n", "\n\n", "# ", "## ", "- ", "1. ", "> ", "**b** ",
		"*i* ", "~~s~~ ", "`c` ", "`` ` `` ", "```\ncode\n```\n", "&amp;", "\\*", "\\_", "\\|",
		"\n\n| a | b |\n|---|---|\n| c | d\\|e |\n\n", "\n\n|a|b|c|\n|---|---|---|\n|d|`e`|f|\n\n",
		"[link](<https://e.example/a?b&c>) ", "&#10;", "\n\n---\n\n", "- [x] done\n", "1\\. ", "+", "="};
	unsigned seed = 99, i, k;

	(void)state;
	for (i = 0; i < 2000; i++) {
		struct arena *a = arena_new(16 << 20);
		const char *once, *twice;
		struct buf md;

		buf_init_arena(&md, a, 1 << 20);
		for (k = 0; k < 14; k++) {
			seed = seed * 1103515245u + 12345u;
			buf_str(&md, pieces[(seed >> 16) % (sizeof(pieces) / sizeof(*pieces))]);
		}
		once = render(a, markdown_render, buf_text(&md), NULL);
		twice = render(a, markdown_render, once, NULL);
		assert_string_equal(once, twice);
		assert_string_equal(render(a, html_render, buf_text(&md), NULL),
			render(a, html_render, once, NULL));
		arena_free(a);
	}
}

static void plan_people_have_names(void **state)
{
	static const struct plan_person people[] = {{.key = "ada", .name = "Ada Park", .slack = "U0ADA"}};
	static const struct plan_channel channels[] = {{.key = "war-room", .slack = "C0WARROOM"}};
	static const struct plan plan = {.people = people, .n_people = 1, .channels = channels,
		.n_channels = 1};
	struct resolver who;
	struct render_options o = {.who = &who};

	(void)state;
	resolver_slack(&who, &plan);
	is(text_render, "[@x](person:ada) [@y](user:U0ADA) [#w](channel:C0WARROOM) [@z](user:U1)", &o,
		"@Ada Park @Ada Park #war-room @z");
	is(html_render, "[@x](person:ada)", &o, "<p>@Ada Park</p>\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text),
		cmocka_unit_test(text_is_cut_at_the_bound),
		cmocka_unit_test(times),
		cmocka_unit_test(html),
		cmocka_unit_test(markdown),
		cmocka_unit_test(markdown_reads_the_same),
		cmocka_unit_test(plan_people_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
