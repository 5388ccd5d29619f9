/* test_words.c - the set of templates: all of ours are good, and what is wrong in others is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>

#include "tests/support/slack_judge.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/builtin_templates.h"
#include "tocsin/err.h"
#include "tocsin/form.h"
#include "tocsin/message.h"
#include "tocsin/render.h"

static void built_in_templates_are_good(void **state)
{
	struct words *w = words_new(NULL, 0);
	struct buf faults;
	size_t rendered = 0;

	(void)state;
	assert_non_null(w);
	buf_init(&faults, 1 << 20);
	if (words_check(w, &faults))
		fail_msg("%s", buf_text(&faults));
	assert_int_equal(words_render_samples(w, &faults, &rendered), 0);
	assert_true(rendered > 0);
	buf_release(&faults);
	words_free(w);
}

/* Slack takes every one of them. */
static void judge_one(void *ctx, const char *name, const char *path, const char *sample)
{
	const struct words *w = ctx;
	struct render_options o = {.phrases = words_phrases(w)};
	struct arena *a = arena_new(16 << 20);
	struct err e = {0};
	struct message *m = words_message(w, a, name, sample, &e);
	const struct block *b;
	struct buf out;
	bool form = false;

	if (!m)
		fail_msg("%s: %s", path, e.text);
	buf_init_arena(&out, a, 1 << 20);
	for (b = m->blocks; b; b = b->next)
		form |= b->kind == BLOCK_INPUT;
	if (*sample && form) {
		assert_int_equal(slack_render_form(words_form(w, a, name, sample, &e), &o, "c", "", &out,
			&e), 0);
		json_decref(judge_view(buf_text(&out)));
	} else if (*sample) {
		slack_render(m, &o, &out, NULL);
		json_decref(judge_message(buf_text(&out)));
	}
	arena_free(a);
}

static void slack_takes_every_sample(void **state)
{
	struct words *w = words_new(NULL, 0);

	(void)state;
	words_each(w, judge_one, w);
	words_free(w);
}

static bool included(const char *name)
{
	char tag[2][128];
	size_t i;

	snprintf(tag[0], sizeof(tag[0]), "{{> %s}}", name);
	snprintf(tag[1], sizeof(tag[1]), "{{>%s}}", name);
	for (i = 0; i < builtin_templates_count; i++)
		if (strstr(builtin_templates[i].text, tag[0]) || strstr(builtin_templates[i].text, tag[1]))
			return true;
	return false;
}

/* Only words of the renderers themselves and partials may come without sample data. */
static void every_template_has_a_sample(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < builtin_templates_count; i++) {
		const struct builtin_template *t = &builtin_templates[i];

		if (!strncmp(t->name, "render/", 7) || strchr(t->name, '.') || included(t->name))
			continue;
		if (strncmp(t->text, "{{! sample: {", 13) != 0)
			fail_msg("templates/%s.md has no sample data", t->name);
	}
}

/* --- a plan's own templates ------------------------------------------------------------------------- */

static void faults_are(const struct words_source *sources, size_t n, const char *want)
{
	struct words *w = words_new(sources, n);
	struct buf faults;
	size_t lines = 0;
	const char *p;

	assert_non_null(w);
	buf_init(&faults, 1 << 20);
	for (p = want; *p; p++)
		lines += *p == '\n';
	assert_int_equal(words_check(w, &faults), lines);
	assert_string_equal(buf_text(&faults), want);
	buf_release(&faults);
	words_free(w);
}

#define SOURCE(name, text) {name, "words/" name ".md", text, sizeof(text) - 1}

static void overriding(void **state)
{
	static const struct words_source sources[] = {
		SOURCE("render/shortened", "cut here {{> my/sign}}\n"),
		SOURCE("my/sign", "✂\n"),
	};
	struct words *w = words_new(sources, 2);

	(void)state;
	assert_string_equal(words_phrases(w)->shortened, "cut here ✂");
	words_free(w);
	faults_are(sources, 2, "");
}

static void faults_are_all_told(void **state)
{
	static const struct words_source sources[] = {
		SOURCE("render/shortened", "a\n{{#x}}"),
		SOURCE("render/full-text", "{{> my/nothing}}\n"),
		SOURCE("my/misspelt", "x"),
		SOURCE("render/confirm-yes", "{{! sample: {\"a\": } }}\nYes"),
		SOURCE("render/confirm-no",
			"{{! sample: {\"a\": {\"b\": 1}} }}\n\n[B](action:incident ack) [@x](person:a b)"),
		SOURCE("render/form-submit", "{{! sample: {} }}\n[Q](<input:q choice>)"),
		SOURCE("render/form-close", "{{! sample: {\"l\": [1,1]} }}\n{{! sample: no }}{{#l}}{{> render/form-close}}{{/l}}"),
	};

	(void)state;
	faults_are(sources, sizeof(sources) / sizeof(*sources),
		"words/render/shortened.md:2:1: section \"x\" is never closed: write {{/x}}\n"
		"words/my/misspelt.md:1:1: nothing uses a template of this name: see docs/templates.md for the "
		"names that can be overridden\n"
		"words/render/confirm-yes.md:1:1: the sample data is no JSON object followed by }}: "
		"write {{! sample: {\"id\": \"INC-42\"} }}\n"
		"words/render/full-text.md:1:1: there is no template \"my/nothing\" to include: write the path "
		"below the template folder without \".md\"\n"
		"words/render/confirm-no.md:1:1: a link is not taken as one: with spaces in it, it is written "
		"in <>, like [Acknowledge](<action:incident ack INC-42>); look for \"](action:\"\n"
		"words/render/form-close.md:2:24: partials nest at most 32 deep: this one includes itself\n"
		"words/render/form-submit.md:1:1: choice \"q\" of form \"render/form-submit\" has nothing to "
		"choose: write a list below it\n");
}

/* A fault leaves the built-in words in their place. */
static void faulty_override_is_left_out(void **state)
{
	static const struct words_source sources[] = {SOURCE("render/shortened", "{{")};
	struct words *w = words_new(sources, 1);

	(void)state;
	assert_string_equal(words_phrases(w)->shortened, "… shortened");
	words_free(w);
}

static void encodings(void **state)
{
	static const struct words_source latin1[] = {SOURCE("render/shortened", "a\nb\xe4 {{x}}")};
	static const struct words_source bom[] = {SOURCE("render/shortened", "\xef\xbb\xbf# a")};
	struct words *w = words_new(bom, 1);

	(void)state;
	assert_string_equal(words_phrases(w)->shortened, "a");
	words_free(w);
	faults_are(latin1, 1, "words/render/shortened.md:2:2: this byte is no UTF-8: save the file as UTF-8\n");
}

static void lines_count_from_the_file(void **state)
{
	static const struct words_source sources[] = {
		SOURCE("render/shortened", "{{! sample: {\"a\": {\"b\":\n {\"c\": 1}}} }}\n\n {{x"),
	};

	(void)state;
	faults_are(sources, 1,
		"words/render/shortened.md:4:2: this tag is never closed: write }} after its name\n");
}

/* --- use -------------------------------------------------------------------------------------------- */

static const struct words_source use[] = {
	SOURCE("my/hello", "{{! sample: {\"name\": \"Ada\"} }}\n# Hello {{name}}\n\n{{> my/foot}}\n"),
	SOURCE("my/foot", "> {{name}} *x*\n"),
	SOURCE("my/ask", "# Q\n\n[{{name}}](<input:q text>)\n"),
	{"my/page.html", "words/my/page.html", "<p>{{name}}</p>\n", 16},
};

static void messages_forms_and_texts(void **state)
{
	struct words *w = words_new(use, 4);
	struct arena *a = arena_new(4 << 20);
	struct err e = {0};
	struct message *m = words_message(w, a, "my/hello", "{\"name\": \"A\\n# B\"}", &e);
	struct form *f = words_form(w, a, "my/ask", "{\"name\": \"What?\"}", &e);

	(void)state;
	assert_string_equal(message_title(m), "Hello A\n# B");
	assert_int_equal(m->n_blocks, 2);
	assert_string_equal(f->fields[0]->label, "What?");
	assert_string_equal(f->submit, "Send");
	assert_string_equal(f->close, "Cancel");
	assert_string_equal(words_text(w, a, "my/page.html", "{\"name\": \"<b>\"}", 1, &e),
		"<p>&lt;b&gt;</p>\n");
	assert_true(words_has(w, "my/hello"));
	assert_false(words_has(w, "my/nothing"));
	arena_free(a);
	words_free(w);
}

static void refused(const struct words *w, const char *name, const char *data, enum err_code code,
	const char *text)
{
	struct arena *a = arena_new(4 << 20);
	struct err e = {0};

	assert_null(words_form(w, a, name, data, &e));
	assert_int_equal(e.code, code);
	assert_string_equal(e.text, text);
	arena_free(a);
}

static void errors_say_what_is_wrong(void **state)
{
	struct words *w = words_new(use, 4);

	(void)state;
	refused(w, "my/nothing", "{}", ERR_BUG, "there is no template \"my/nothing\"");
	refused(w, "my/hello", "{\"a\":", ERR_INVALID,
		"data for \"my/hello\" is no JSON: line 1, column 5: unexpected token near end of file");
	refused(w, "my/hello", NULL, ERR_INVALID,
		"form \"my/hello\" asks nothing: write [Question](<input:id text>)");
	words_free(w);
}

/* Out of memory anywhere: the recovery point is reached and nothing leaks (the sanitizer looks). */
static bool message_with_failure(const struct words *w, struct arena *a, unsigned long nth)
{
	struct err e = {0};
	struct buf out;

	if (setjmp(*arena_recovery(a)))
		return false;
	arena_fail_at(a, nth);
	buf_init_arena(&out, a, 1 << 20);
	slack_render(words_message(w, a, "my/hello", "{\"name\": {\"a\": [1, 2]}}", &e), NULL, &out, NULL);
	arena_fail_at(a, 0);
	arena_recovery_clear(a);
	return true;
}

static void memory_may_end_anywhere(void **state)
{
	struct words *w = words_new(use, 4);
	unsigned long nth;

	(void)state;
	for (nth = 1; nth < 10000; nth++) {
		struct arena *a = arena_new(1 << 20);
		bool done = message_with_failure(w, a, nth);

		arena_free(a);
		if (done)
			break;
	}
	assert_in_range(nth, 10, 9999);
	words_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(built_in_templates_are_good),
		cmocka_unit_test(slack_takes_every_sample),
		cmocka_unit_test(every_template_has_a_sample),
		cmocka_unit_test(overriding),
		cmocka_unit_test(faults_are_all_told),
		cmocka_unit_test(faulty_override_is_left_out),
		cmocka_unit_test(encodings),
		cmocka_unit_test(lines_count_from_the_file),
		cmocka_unit_test(messages_forms_and_texts),
		cmocka_unit_test(errors_say_what_is_wrong),
		cmocka_unit_test(memory_may_end_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
