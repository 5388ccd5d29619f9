/* test_message.c - Markdown to the message model, seen as one short line per block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <jansson.h>

#include "handlers/text/md_tape.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/form.h"
#include "tocsin/message.h"
#include "tocsin/mustache.h"

static void show_spans(struct buf *out, const struct span *s)
{
	static const char *const names[] = {
		[SPAN_BOLD] = "b", [SPAN_ITALIC] = "i", [SPAN_STRIKE] = "s", [SPAN_PERSON] = "person",
		[SPAN_USER] = "user", [SPAN_CHANNEL] = "channel",
	};

	for (; s; s = s->next) {
		switch (s->kind) {
		case SPAN_TEXT:
			assert_int_equal(strlen(s->text), s->len);
			buf_str(out, s->text);
			break;
		case SPAN_BREAK:
			buf_str(out, "/");
			break;
		case SPAN_CODE:
			buf_printf(out, "code<%s>", s->text);
			break;
		case SPAN_LINK:
			buf_printf(out, "link(%s)<", s->target);
			show_spans(out, s->children);
			buf_str(out, ">");
			break;
		case SPAN_TIME:
			buf_printf(out, "time(%" PRId64 ",%d)<%s>", s->time_s, s->style, s->text);
			break;
		case SPAN_PERSON: case SPAN_USER: case SPAN_CHANNEL:
			buf_printf(out, "%s(%s)<%s>", names[s->kind], s->target, s->text);
			break;
		default:
			buf_printf(out, "%s<", names[s->kind]);
			show_spans(out, s->children);
			buf_str(out, ">");
			break;
		}
	}
}

static void show_block(struct buf *out, const struct block *b)
{
	static const char *const names[] = {
		[BLOCK_HEADER] = "header", [BLOCK_HEADING] = "heading", [BLOCK_TEXT] = "text",
		[BLOCK_ITEM] = "item", [BLOCK_QUOTE] = "quote", [BLOCK_CODE] = "code",
		[BLOCK_FIELDS] = "fields", [BLOCK_TABLE] = "table", [BLOCK_DIVIDER] = "divider",
		[BLOCK_CONTEXT] = "context", [BLOCK_BUTTONS] = "buttons", [BLOCK_INPUT] = "input",
	};
	const struct button *bt;
	const struct row *row;
	unsigned i;

	buf_str(out, names[b->kind]);
	if (b->kind == BLOCK_ITEM)
		buf_printf(out, "%u%s", b->depth, b->task == TASK_DONE ? "x" : b->task ? "o" : "");
	if (b->number)
		buf_printf(out, "#%u", b->number);
	buf_str(out, ":");
	show_spans(out, b->spans);
	buf_str(out, b->code);
	for (row = b->rows; row; row = row->next) {
		for (i = 0; i < b->columns; i++) {
			buf_str(out, i ? "|" : row->head ? " !" : " ");
			show_spans(out, row->cells[i]);
		}
	}
	for (bt = b->buttons; bt; bt = bt->next)
		buf_printf(out, " [%s=%s%s%s%s%s]", bt->label, bt->command, bt->primary ? " primary" : "",
			bt->danger ? " danger" : "", bt->confirm ? " ?" : "",
			bt->confirm ? bt->confirm : "");
	if (b->field)
		buf_printf(out, "%s", b->field->id);
	buf_str(out, "\n");
}

static const char *show(struct arena *a, const char *markdown, size_t len)
{
	const struct message *m = message_parse(a, markdown, len);
	const struct block *b;
	struct buf out;
	size_t n = 0;

	buf_init_arena(&out, a, 8 << 20);
	for (b = m->blocks; b; b = b->next, n++)
		show_block(&out, b);
	assert_int_equal(n, m->n_blocks);
	assert_false(out.failed);
	return buf_text(&out);
}

static void is(const char *markdown, const char *want)
{
	struct arena *a = arena_new(16 << 20);

	assert_string_equal(show(a, markdown, strlen(markdown)), want);
	arena_free(a);
}

/* The template with x put in, guarded, as words_message() does. */
static void with(const char *template, const char *x, const char *want)
{
	struct arena *a = arena_new(16 << 20);
	json_t *data = json_pack("{s:s}", "x", x);
	struct err e = {0};
	struct mustache *m = mustache_parse(a, "t", template, strlen(template), &e);
	struct buf out;

	assert_non_null(m);
	buf_init_arena(&out, a, 1 << 20);
	assert_int_equal(mustache_render(m, data, NULL, NULL, ESCAPE_GUARD, &out, &e), 0);
	assert_string_equal(show(a, buf_text(&out), out.len), want);
	json_decref(data);
	arena_free(a);
}

static void blocks(void **state)
{
	(void)state;
	is("", "");
	is("# One\n\n# Two\n## Three\ntext\nmore", "header:One\nheading:Two\nheading:Three\ntext:text/more\n");
	is("## Two\n# One", "heading:Two\nheader:One\n");
	is("- a\n- b\n    1. c\n    2. d\n- e\n", "item0:a\nitem0:b\nitem1#1:c\nitem1#2:d\nitem0:e\n");
	is("- a\n\n  more\n- [ ] b\n- [x] c\n", "item0:a/more\nitem0o:b\nitem0x:c\n");
	is("3. c\n4. d\n", "item0#3:c\nitem0#4:d\n");
	is("a\n\n---\n\nb", "text:a\ndivider:\ntext:b\n");
	is("```sh\nls\n\nrm *\n```\n", "code:ls\n\nrm *\n");
	is("a **b *c*** ~~d~~ `e` <f>", "text:a b<b i<c>> s<d> code<e> <f>\n");
	is("a\\\nb  \nc", "text:a/b/c\n");
	is("&amp; &#35; &nope; &hellip;", "text:& # &nope; \xe2\x80\xa6\n");
}

static void any_byte(void **state)
{
	static const char bytes[] = "`a\0b` c\0d\n\n```\n\0\n```\n";
	struct arena *a = arena_new(1 << 20);

	(void)state;
	assert_string_equal(show(a, bytes, sizeof(bytes) - 1),
		"text:code<a\xef\xbf\xbd" "b> c\xef\xbf\xbd" "d\ncode:\xef\xbf\xbd\n");
	arena_free(a);
}

static void quotes(void **state)
{
	(void)state;
	is("> a\n> b", "context:a/b\n");
	is("> a\n\nb", "quote:a\ntext:b\n");
	is("> # a\n>\n> b\n> - c\n> - d\n", "context:a/b/\xe2\x80\xa2 c/\xe2\x80\xa2 d\n");
	is("> ```\n> x\n> y\n> ```\n\nz", "quote:code<x>/code<y>\ntext:z\n");
	is("> a\n\n[B](action:b)", "quote:a\nbuttons: [B=b]\n");
}

static void tables(void **state)
{
	(void)state;
	is("| | |\n|---|---|\n| Severity | **P0** |\n| Lead | |\n",
		"fields: Severity|b<P0> Lead|\n");
	is("| Severity | P0 |\n|---|---|\n", "fields: !Severity|P0\n");
	is("a | b | c\n---|---|---\n1 | 2 | 3\n", "table: !a|b|c 1|2|3\n");
	is("|a|\n|---|\n|1|\n", "table: !a 1\n");
}

static void buttons(void **state)
{
	(void)state;
	is("[A](<action:incident ack INC-42> \"primary\") [B](action:/b \"danger confirm: Sure?\")\n"
		"[C](<action:c> 'confirm: C?')",
		"buttons: [A=incident ack INC-42 primary] [B=b danger ?Sure?] [C=c ?C?]\n");
	is("[A](action:a)\n\n[B](action:b)", "buttons: [A=a]\nbuttons: [B=b]\n");
	is("Press [A](action:a) now", "text:Press  now\nbuttons: [A=a]\n");
	is("- x [A](action:a)\n- [B](action:b)", "item0:x\nbuttons: [A=a]\nbuttons: [B=b]\n");
	is("| a | [A](action:a) |\n|---|---|\n", "fields: !a|\nbuttons: [A=a]\n");
	is("# [A](action:a)", "buttons: [A=a]\n");
	is("[**A** `b`](action:a)", "buttons: [A b=a]\n");
	is("[](action:a)", "buttons: [a=a]\n");
	is("[A](action:a b)", "text:[A](action:a b)\n");
}

static void links(void **state)
{
	(void)state;
	is("[@x](person:ada) [@y](user:U0ADA) [#w](channel:war-room)",
		"text:person(ada)<@x> user(U0ADA)<@y> channel(war-room)<#w>\n");
	is("[10:30](time:1769618400) [d](time:1769618400:date) [a](time:1769618400123:ago)",
		"text:time(1769618400,0)<10:30> time(1769618400,1)<d> time(1769618400,3)<a>\n");
	is("[t](time:soon) [t](time:1:never) [t](time:99999999999999999999)", "text:t t t\n");
	is("[t](https://e.example/a?b=1&c=2) <https://f.example>",
		"text:link(https://e.example/a?b=1&c=2)<t> link(https://f.example)<https://f.example>\n");
	is("see https://g.example/x now", "text:see link(https://g.example/x)<https://g.example/x> now\n");
	is("[t](javascript:alert) [t](data:x) [t](file:///etc) [t](/rel) [t](ftp://x)",
		"text:t t t t t\n");
	is("[t](<https://e.example/a b|c\"d>)", "text:link(https://e.example/a%20b%7Cc%22d)<t>\n");
	is("![alt](https://e.example/i.png)", "text:link(https://e.example/i.png)<alt>\n");
	is("[![alt](https://e.example/i.png)](https://f.example)", "text:link(https://f.example)<alt>\n");
}

static void typed_text_is_data(void **state)
{
	(void)state;
	with("{{x}}", "# h\n- l\n> q\n```\n---\n|a|b|\n|-|-|",
		"text:# h/- l/> q/```/---/|a|b|/|-|-|\n");
	with("# {{x}}\n\ny", "a\nb", "header:a/b\ntext:y\n");
	with("- {{x}}", "a\n- b", "item0:a/- b\n");
	with("{{x}}", "[A](action:b) [@x](person:ada) <https://e.example> https://e.example",
		"text:[A](action:b) [@x](person:ada) <https://e.example> https://e.example\n");
	with("{{x}}", "**a** _b_ ~~c~~ `d` &amp; \\*", "text:**a** _b_ ~~c~~ `d` &amp; \\*\n");
	with("`{{x}}`", "a `b` *c*\n\\_", "text:code<a `b` *c* \\_>\n");
	with("```\n{{x}}\n```", "a\n```\n# b", "code:a\n```\n# b\n");
	with("**{{x}}**!", " (a) ", "text:b< (a) >!\n");
	with("| a | {{x}} |\n|---|---|\n| b | {{x}} |\n", "1 | 2\n3", "fields: !a|1 | 2/3 b|1 | 2/3\n");
	with("    {{x}}", "    a", "text:    a\n");
	with("{{x}}\n---", "a", "heading:a\n");
	with("[{{x}}](action:b)", "a](action:evil) [", "buttons: [a](action:evil) [=b]\n");
	with("[A](<action:b {{x}}> \"primary\")", "x> \"danger\") [", "buttons: [A=b x> \"danger\") [ primary]\n");
	with("[A](action:b \"confirm: {{x}}\")", "\" primary) [B](action:c", "buttons: [A=b ?\" primary) [B](action:c]\n");
	with("[A]({{x}})", "action:evil", "text:A\n");
	with("[A]({{x}})", "person:ada", "text:A\n");
	with("[A](<{{x}}>)", "https://e.example/a?b", "text:link(https://e.example/a?b)<A>\n");
	with("[A](<{{x}}>)", "javascript:alert(1)", "text:A\n");
	with("[A](person:{{x}})", "ada> [B](action:c", "text:person(ada> [B](action:c)<A>\n");
	with("{{x}}", "\xef\xb7\x90\xef\xb7\x9b", "text:\xef\xbf\xbd\xef\xbf\xbd\n");
	with("{{x}}\n\n{{x}}", "1", "text:1\ntext:1\n");
	with("{{x}}. a", "1", "item0#1:a\n"); /* the template's own full stop */
	with("{{x}}", "1. a", "text:1. a\n");
	with("{{x}}{{x}}", "--", "text:----\n");
	with("{{x}}", "\x01- a", "text:- a\n"); /* dropped characters shield nothing */
	with("{{x}}", "1\x02. a", "text:1. a\n");
	with("{{x}}", "\xe2\x80\xae+ a", "text:+ a\n");
}

static void typed_addresses(void **state)
{
	static const char t[] = "say: [{{x}}](links:)!";

	(void)state;
	with(t, "see https://e.example/a_b?c=(d)&e=*, (http://f.example/x). xhttps://g.example https:// h",
		"text:say: see link(https://e.example/a_b?c=(d)&e=)<https://e.example/a_b?c=(d)&e=>*, "
		"(link(http://f.example/x)<http://f.example/x>). xhttps://g.example https:// h!\n");
	with(t, "https://e.example|[A](action:b) <https://f.example> javascript:x",
		"text:say: link(https://e.example)<https://e.example>|[A](action:b) "
		"<link(https://f.example)<https://f.example>> javascript:x!\n");
	with(t, "a\nhttps://e.example\nb", "text:say: a/link(https://e.example)<https://e.example>/b!\n");
	with(t, "nothing", "text:say: nothing!\n");
	with("**[{{x}}](links:)**", "https://e.example", "text:b<link(https://e.example)<https://e.example>>\n");
	with("[{{x}}](action:links:)", "https://e.example", "buttons: [https://e.example=links:]\n");
}

/* What `tocsin render --escape markdown` writes says the same to any Markdown reader. */
static void both_escapes_agree(void **state)
{
	static const char *const templates[] = {"{{x}}", "# {{x}}", "- {{x}} y", "**{{x}}** z",
		"| a | {{x}} |\n|---|---|\n| {{x}} | b |\n", "[{{x}}](https://e.example)", "> {{x}}"};
	static const char alphabet[] = "ab1\x01 .)-+*_`~#>|[](){}<>!&;:/\\\"'=@\n\t";
	unsigned seed = 12345, i, t, k;

	(void)state;
	for (i = 0; i < 3000; i++) {
		struct arena *a = arena_new(4 << 20);
		char x[16] = "";
		const char *shown[2];

		for (k = 0; k < 12; k++) {
			seed = seed * 1103515245u + 12345u;
			x[k] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
		}
		t = i % (sizeof(templates) / sizeof(*templates));
		for (k = 0; k < 2; k++) {
			struct err e = {0};
			struct mustache *m = mustache_parse(a, "t", templates[t], strlen(templates[t]), &e);
			json_t *data = json_pack("{s:s}", "x", x);
			struct buf out;

			buf_init_arena(&out, a, 1 << 20);
			mustache_render(m, data, NULL, NULL, k ? ESCAPE_GUARD : ESCAPE_MARKDOWN, &out, &e);
			json_decref(data);
			shown[k] = show(a, buf_text(&out), out.len);
		}
		assert_string_equal(shown[0], shown[1]);
		arena_free(a);
	}
}

/* Deeper than the model goes: nothing is lost but the marks. */
static void depth_is_bounded(void **state)
{
	struct arena *a = arena_new(64 << 20);
	struct buf md;
	const char *got;
	unsigned i;

	(void)state;
	buf_init_arena(&md, a, 1 << 20);
	for (i = 0; i < 1000; i++)
		buf_str(&md, i % 2 ? "*a **" : "**a *");
	buf_str(&md, "x");
	for (i = 0; i < 1000; i++)
		buf_str(&md, i % 2 ? "** a*" : "* a**");
	got = show(a, buf_text(&md), md.len);
	assert_non_null(strstr(got, "x"));
	buf_reset(&md);
	for (i = 0; i < 20; i++)
		buf_printf(&md, "%*s- %u\n", (int)i * 2, "", i);
	got = show(a, buf_text(&md), md.len);
	assert_non_null(strstr(got, "item7:7\nitem7:8\n"));
	assert_non_null(strstr(got, "item7:19\n"));
	buf_reset(&md);
	for (i = 0; i < 30; i++)
		buf_str(&md, "|x");
	buf_str(&md, "|\n");
	for (i = 0; i < 30; i++)
		buf_str(&md, "|---");
	buf_str(&md, "|\n");
	got = show(a, buf_text(&md), md.len);
	assert_int_equal(strlen(got), strlen("table: !") + 2 * MESSAGE_COLUMNS_MAX - 1 + 1);
	arena_free(a);
}

/* More than a tape holds: what came first is there, whole. */
static void length_is_bounded(void **state)
{
	struct arena *a = arena_new(512u << 20);
	const struct message *m;
	struct buf md;
	size_t i;

	(void)state;
	buf_init_arena(&md, a, 8 << 20);
	buf_str(&md, "# first\n\n");
	for (i = 0; i < 200000; i++)
		buf_str(&md, "a *b*\n\n");
	m = message_parse(a, buf_text(&md), md.len);
	assert_string_equal(message_title(m), "first");
	assert_in_range(m->n_blocks, MD_EVENTS_MAX / 7, MD_EVENTS_MAX / 5);
	buf_reset(&md);
	for (i = 0; i < 3000; i++)
		buf_printf(&md, "%01023d\n", 0);
	assert_true(md.len > MD_BYTES_MAX);
	m = message_parse(a, buf_text(&md), md.len);
	assert_int_equal(m->n_blocks, 1);
	assert_int_equal(strlen(spans_text(a, m->blocks->spans)), MD_BYTES_MAX - 1); /* the last new line */
	arena_free(a);
}

/* Whatever allocation fails, nothing leaks (the sanitizer looks) and the caller is told. */
static bool parse_with_failure(struct arena *a, unsigned long nth, const char *md)
{
	if (setjmp(*arena_recovery(a)))
		return false;
	arena_fail_at(a, nth);
	message_parse(a, md, strlen(md));
	arena_fail_at(a, 0);
	arena_recovery_clear(a);
	return true;
}

static void memory_may_end_anywhere(void **state)
{
	static const char md[] = "# A\n\n**b** [c](<action:d e> \"primary\")\n\n- f\n\n| g | h |\n|---|---|\n"
		"\n[q](<input:q choice>)\n- x = y\n\n```\ncode\n```\n\n> i [j](time:1)\n";
	unsigned long nth;
	unsigned failures = 0;

	(void)state;
	for (nth = 1;; nth++) {
		struct arena *a = arena_new(1 << 20);
		bool done = parse_with_failure(a, nth, md);

		arena_free(a);
		if (done)
			break;
		failures++;
	}
	assert_true(failures > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks),
		cmocka_unit_test(any_byte),
		cmocka_unit_test(quotes),
		cmocka_unit_test(tables),
		cmocka_unit_test(buttons),
		cmocka_unit_test(links),
		cmocka_unit_test(typed_text_is_data),
		cmocka_unit_test(typed_addresses),
		cmocka_unit_test(both_escapes_agree),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(length_is_bounded),
		cmocka_unit_test(memory_may_end_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
