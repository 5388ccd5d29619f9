/* test_form.c - forms: how one is written, and the Slack modal that comes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>

#include "tests/support/slack_judge.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/form.h"
#include "tocsin/message.h"
#include "tocsin/mustache.h"
#include "tocsin/render.h"

static struct form *form_of(struct arena *a, const char *markdown, struct err *e)
{
	return form_from_message(message_parse(a, markdown, strlen(markdown)), "f", NULL, e);
}

/* One line for each question. */
static const char *show(struct arena *a, const struct form *f)
{
	static const char *const kinds[] = {"text", "multiline", "choice", "person", "time"};
	struct buf out;
	size_t i, k;

	buf_init_arena(&out, a, 1 << 20);
	buf_printf(&out, "%s (%s, %s)\n", f->title, f->submit, f->close);
	for (i = 0; i < f->n_fields; i++) {
		const struct form_field *q = f->fields[i];

		buf_printf(&out, "%s %s%s \"%s\"", q->id, kinds[q->kind], q->required ? "!" : "",
			q->label);
		if (q->hint)
			buf_printf(&out, " hint<%s>", q->hint);
		if (q->placeholder)
			buf_printf(&out, " ph<%s>", q->placeholder);
		if (q->initial)
			buf_printf(&out, " initial<%s>", q->initial);
		if (q->min_length || q->max_length)
			buf_printf(&out, " %u..%u", q->min_length, q->max_length);
		for (k = 0; k < q->n_options; k++)
			buf_printf(&out, " [%s=%s]", q->options[k].value, q->options[k].label);
		buf_str(&out, "\n");
	}
	return buf_text(&out);
}

static void is(const char *markdown, const char *want)
{
	struct arena *a = arena_new(4 << 20);
	struct err e = {0};
	struct form *f = form_of(a, markdown, &e);

	assert_string_equal(f ? show(a, f) : e.text, want);
	arena_free(a);
}

static void questions(void **state)
{
	(void)state;
	is("# Declare\n\n[What?](<input:title text required max=150> \"one line\")\n\n"
		"[How?](<input:impact multiline placeholder=\"who, how many\" min=3>)\n\n"
		"[Lead](<input:lead person initial=ada>) [Since](<input:since time initial=1769618400>)\n\n"
		"[Go](form:submit) [Stop](form:close)",
		"Declare (Go, Stop)\ntitle text! \"What?\" hint<one line> 0..150\n"
		"impact multiline \"How?\" ph<who, how many> 3..0\n"
		"lead person \"Lead\" initial<ada>\nsince time \"Since\" initial<1769618400>\n");
	is("[S](<input:s choice initial=P1>)\n- P0 = Down\n- P1 = Broken\n- odd\n\n- a list\n\ntext",
		" (\xe2\x9c\x93, \xe2\x9c\x95)\ns choice \"S\" initial<P1> [P0=Down] [P1=Broken] [odd=odd]"
		" [a list=a list]\n");
	is("[S](<input:s choice>)\n- [ ] a = A\n- [x] b = **B** `c`\n",
		" (\xe2\x9c\x93, \xe2\x9c\x95)\ns choice \"S\" initial<b> [a=A] [b=B c]\n");
	is("[S](<input:s choice>)\n- a\n\ntext\n\n- b\n\n[T](<input:t text>)\n- c\n",
		" (\xe2\x9c\x93, \xe2\x9c\x95)\ns choice \"S\" [a=a]\nt text \"T\"\n");
}

static void mistakes_are_explained(void **state)
{
	(void)state;
	is("# Only text", "form \"f\" asks nothing: write [Question](<input:id text>)");
	is("[S](<input:s choice>)\n\ntext", "choice \"s\" of form \"f\" has nothing to choose: write a list below it");
	is("[S](<input:s text>) [T](<input:s text>)",
		"form \"f\" asks \"s\" twice: give each an id of its own");
	is("[S](<input:s>)", "form \"f\" asks nothing: write [Question](<input:id text>)");
	is("[S](<input:s shape>)", "form \"f\" asks nothing: write [Question](<input:id text>)");
	is("[S](<input:s/x text>)", "form \"f\" asks nothing: write [Question](<input:id text>)");
	is("[S](<input:s text often>)", "form \"f\" asks nothing: write [Question](<input:id text>)");
}

/* What the data says cannot add a question, an option or a word of its own. */
static void data_stays_data(void **state)
{
	static const char template[] = "[{{x}}](<input:q text initial={{x}} placeholder=\"{{x}}\"> \"{{x}}\")\n\n"
		"[S](<input:s choice>)\n{{#l}}\n- {{.}}\n{{/l}}\n";
	static const char x[] = "a = b> required \"c\"\n- d](<input:e text>)";
	struct arena *a = arena_new(4 << 20);
	struct err e = {0};
	struct mustache *m = mustache_parse(a, "t", template, strlen(template), &e);
	json_t *data = json_pack("{s:s, s:[s,s]}", "x", x, "l", "P1 = one", "[x] two");
	struct buf out;
	struct form *f;

	(void)state;
	buf_init_arena(&out, a, 1 << 20);
	assert_int_equal(mustache_render(m, data, NULL, NULL, ESCAPE_GUARD, &out, &e), 0);
	json_decref(data);
	f = form_of(a, buf_text(&out), &e);
	assert_non_null(f);
	assert_int_equal(f->n_fields, 2);
	assert_string_equal(f->fields[0]->initial, x);
	assert_string_equal(f->fields[0]->placeholder, x);
	assert_string_equal(f->fields[0]->hint, x);
	assert_string_equal(f->fields[0]->label, x);
	assert_false(f->fields[0]->required);
	assert_int_equal(f->fields[1]->n_options, 2);
	assert_string_equal(f->fields[1]->options[0].value, "P1 = one");
	assert_string_equal(f->fields[1]->options[1].label, "[x] two");
	assert_null(f->fields[1]->initial);
	arena_free(a);
}

static void modal_looks_right(void **state)
{
	struct arena *a = arena_new(4 << 20);
	struct err e = {0};
	struct buf out;

	(void)state;
	buf_init_arena(&out, a, 1 << 20);
	assert_int_equal(slack_render_form(form_of(a, "# Declare an incident today\n\nSay **what**.\n\n"
		"[What?](<input:title text required max=150> \"one line\")\n\n[S](<input:s choice initial=P1>)\n"
		"- P0 = Down\n- P1 = Broken\n\n[Who](<input:who person initial=U0ADA>)\n\n"
		"[When](<input:when time initial=1769618400>)\n\n> small", &e), NULL, "incident new", "{}",
		&out, &e), 0);
	assert_string_equal(buf_text(&out), "{\"type\":\"modal\",\"callback_id\":\"incident new\","
		"\"private_metadata\":\"{}\",\"title\":{\"type\":\"plain_text\",\"text\":\"Declare an incident tod\xe2\x80\xa6\"},"
		"\"submit\":{\"type\":\"plain_text\",\"text\":\"\xe2\x9c\x93\"},\"close\":{\"type\":\"plain_text\",\"text\":\"\xe2\x9c\x95\"},"
		"\"blocks\":[{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"Say *what*.\",\"verbatim\":true}},"
		"{\"type\":\"input\",\"block_id\":\"title\",\"label\":{\"type\":\"plain_text\",\"text\":\"What?\"},"
		"\"hint\":{\"type\":\"plain_text\",\"text\":\"one line\"},\"optional\":false,\"element\":{\"type\":\"plain_text_input\","
		"\"multiline\":false,\"max_length\":150,\"action_id\":\"value\"}},"
		"{\"type\":\"input\",\"block_id\":\"s\",\"label\":{\"type\":\"plain_text\",\"text\":\"S\"},\"optional\":true,"
		"\"element\":{\"type\":\"static_select\",\"options\":[{\"text\":{\"type\":\"plain_text\",\"text\":\"Down\"},\"value\":\"P0\"},"
		"{\"text\":{\"type\":\"plain_text\",\"text\":\"Broken\"},\"value\":\"P1\"}],"
		"\"initial_option\":{\"text\":{\"type\":\"plain_text\",\"text\":\"Broken\"},\"value\":\"P1\"},\"action_id\":\"value\"}},"
		"{\"type\":\"input\",\"block_id\":\"who\",\"label\":{\"type\":\"plain_text\",\"text\":\"Who\"},\"optional\":true,"
		"\"element\":{\"type\":\"users_select\",\"initial_user\":\"U0ADA\",\"action_id\":\"value\"}},"
		"{\"type\":\"input\",\"block_id\":\"when\",\"label\":{\"type\":\"plain_text\",\"text\":\"When\"},\"optional\":true,"
		"\"element\":{\"type\":\"datetimepicker\",\"initial_date_time\":1769618400,\"action_id\":\"value\"}},"
		"{\"type\":\"context\",\"elements\":[{\"type\":\"mrkdwn\",\"text\":\"small\",\"verbatim\":true}]}]}");
	json_decref(judge_view(buf_text(&out)));
	arena_free(a);
}

static void repeat(struct buf *b, const char *s, size_t n)
{
	while (n-- > 0)
		buf_str(b, s);
}

/* As many and as long as can be: still a view that Slack takes. */
static void limits_hold(void **state)
{
	struct arena *a = arena_new(64 << 20);
	struct err e = {0};
	struct buf md, out;
	struct form *f;
	unsigned i;

	(void)state;
	buf_init_arena(&md, a, 2 << 20);
	buf_init_arena(&out, a, 2 << 20);
	buf_str(&md, "# ");
	repeat(&md, "&amp;", 50);
	buf_str(&md, "\n\n");
	repeat(&md, "long text ", 1000);
	for (i = 0; i < 80; i++)
		buf_printf(&md, "\n\npara %u\n\n---", i);
	buf_str(&md, "\n\n[");
	repeat(&md, "label \xf0\x9f\x94\xa5", 500);
	buf_str(&md, "](<input:a text max=10 initial=\"0123456789abc\" placeholder=\"");
	repeat(&md, "place ", 100);
	buf_str(&md, "\"> \"");
	repeat(&md, "hint ", 1000);
	buf_str(&md, "\")\n\n[C](<input:c choice>)\n");
	for (i = 0; i < 130; i++) {
		buf_printf(&md, "- v%u", i);
		repeat(&md, "x", 100);
		buf_str(&md, " = ");
		repeat(&md, "label & ", 20);
		buf_str(&md, "\n");
	}
	for (i = 0; i < FORM_FIELDS_MAX - 2; i++)
		buf_printf(&md, "\n[Q](<input:q%u multiline>)\n", i);
	buf_str(&md, "\n[");
	repeat(&md, "Submit ", 10);
	buf_str(&md, "](form:submit)");
	f = form_of(a, buf_text(&md), &e);
	assert_non_null(f);
	assert_int_equal(f->fields[1]->n_options, FORM_OPTIONS_MAX);
	assert_int_equal(f->fields[1]->n_dropped, 30);
	assert_int_equal(slack_render_form(f, NULL, "incident new", "", &out, &e), 0);
	json_decref(judge_view(buf_text(&out)));
	buf_str(&md, "\n\n[Q](<input:more text>)");
	assert_null(form_of(a, buf_text(&md), &e));
	assert_string_equal(e.text, "form \"f\" asks more than 60 questions");
	arena_free(a);
}

static void callers_part_is_checked(void **state)
{
	struct arena *a = arena_new(4 << 20);
	struct err e = {0};
	struct form *f = form_of(a, "[Q](<input:q text>)", &e);
	struct buf long_text, out;

	(void)state;
	buf_init_arena(&long_text, a, 10000);
	buf_init_arena(&out, a, 1 << 20);
	repeat(&long_text, "x", 255);
	assert_int_equal(slack_render_form(f, NULL, buf_text(&long_text), "", &out, &e), 0);
	repeat(&long_text, "x", 1);
	assert_int_equal(slack_render_form(f, NULL, buf_text(&long_text), "", &out, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	err_clear(&e);
	repeat(&long_text, "x", 3000 - 256);
	assert_int_equal(slack_render_form(f, NULL, "c", buf_text(&long_text), &out, &e), 0);
	repeat(&long_text, "x", 1);
	assert_int_equal(slack_render_form(f, NULL, "c", buf_text(&long_text), &out, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(questions),
		cmocka_unit_test(mistakes_are_explained),
		cmocka_unit_test(data_stays_data),
		cmocka_unit_test(modal_looks_right),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(callers_part_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
