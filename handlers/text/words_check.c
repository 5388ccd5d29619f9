/* words_check.c - the faults of a set of templates, found before a person meets them. */
#include <string.h>

#include "handlers/text/mustache_node.h"
#include "handlers/text/words_set.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/form.h"
#include "tocsin/message.h"
#include "tocsin/mustache.h"

#define SAMPLE_BYTES ((size_t)16 * 1024 * 1024)

struct check {
	const struct words *w;
	const struct word *word;
	struct buf *out;
	size_t n;
	size_t rendered;
};

static void on_partial(void *ctx, const char *name, unsigned line, unsigned column)
{
	struct check *c = ctx;

	if (words_has(c->w, name))
		return;
	buf_printf(c->out, "%s:%u:%u: there is no template \"%.100s\" to include: write the path below "
		"the template folder without \".md\"\n", c->word->path, line, column, name);
	c->n++;
}

static void used_by(void *ctx, const char *name, unsigned line, unsigned column)
{
	struct check *c = ctx;

	(void)line;
	(void)column;
	if (!strcmp(name, c->word->name))
		c->rendered++;
}

/* A name that only the plan knows must at least be somebody's partial. */
static bool unused(const struct words *w, const struct word *word)
{
	struct check c = {.word = word};
	size_t i;

	for (i = 0; i < w->n; i++)
		mustache_each_partial(w->items[i].compiled, used_by, &c);
	return word->foreign && c.rendered == 0;
}

static void fault(struct check *c, const char *what)
{
	buf_printf(c->out, "%s:1:1: %s\n", c->word->path, what);
	c->n++;
}

/* Text that is still there when it should have become something: a link that Markdown did not see. */
static const char *lost_link(const char *text)
{
	static const char *const signs[] = {"](action:", "](<action:", "](person:", "](user:",
		"](channel:", "](links:", "](time:", "](input:", "](<input:", "](form:"};
	size_t i;

	for (i = 0; i < sizeof(signs) / sizeof(*signs); i++)
		if (strstr(text, signs[i]))
			return signs[i];
	return NULL;
}

static void check_lost(struct check *c, struct arena *a, const struct message *m)
{
	struct buf text;
	const char *sign;

	buf_init_arena(&text, a, SAMPLE_BYTES / 8);
	text_render(m, NULL, &text);
	sign = lost_link(buf_text(&text));
	if (!sign)
		return;
	buf_printf(c->out, "%s:1:1: a link is not taken as one: with spaces in it, it is written in <>, "
		"like [Acknowledge](<action:incident ack INC-42>); look for \"%s\"\n",
		c->word->path, sign);
	c->n++;
}

static bool asks(const struct message *m)
{
	const struct block *b;

	for (b = m->blocks; b; b = b->next)
		if (b->kind == BLOCK_INPUT)
			return true;
	return false;
}

static void check_form(struct check *c, const struct form *f)
{
	size_t i;

	for (i = 0; i < f->n_fields; i++) {
		if (!f->fields[i]->n_dropped)
			continue;
		buf_printf(c->out, "%s:1:1: choice \"%s\" has more than %d options: the rest is left out\n",
			c->word->path, f->fields[i]->id, FORM_OPTIONS_MAX);
		c->n++;
	}
}

static void render_all(struct check *c, struct arena *a, const struct message *m)
{
	struct render_options o = {.phrases = words_phrases(c->w)};
	struct render_result r;
	struct err e = {0};
	struct form *f;
	struct buf out;

	buf_init_arena(&out, a, SAMPLE_BYTES / 8);
	if (asks(m)) {
		f = form_from_message(m, c->word->name, o.phrases, &e);
		if (!f || slack_render_form(f, &o, "check", "", &out, &e) < 0)
			fault(c, e.text);
		else
			check_form(c, f);
	} else {
		slack_render(m, &o, &out, &r);
		if (r.dropped_buttons)
			fault(c, "buttons are left out on Slack: their commands are longer than 1900 "
				"characters, or they are too many");
		if (r.shortened)
			fault(c, "the sample is longer than Slack takes: its end is left out");
	}
	buf_reset(&out);
	text_render(m, &o, &out);
	html_render(m, &o, &out);
	markdown_render(m, &o, &out);
	if (out.failed)
		fault(c, "the sample renders to more than 2 MB");
}

static void sample_render(struct check *c)
{
	struct arena *a = arena_new(SAMPLE_BYTES);
	struct err e = {0};
	struct message *m;

	if (!a)
		return;
	if (setjmp(*arena_recovery(a))) {
		fault(c, "out of memory while rendering the sample");
		arena_free(a);
		return;
	}
	m = words_message(c->w, a, c->word->name, c->word->sample, &e);
	if (!m) {
		buf_printf(c->out, "%s\n", e.text);
		c->n++;
	} else {
		check_lost(c, a, m);
		render_all(c, a, m);
		c->rendered++;
	}
	arena_recovery_clear(a);
	arena_free(a);
}

size_t words_render_samples(const struct words *w, struct buf *faults, size_t *rendered)
{
	struct check c = {.w = w, .out = faults};
	size_t i;

	for (i = 0; i < w->n; i++) {
		c.word = &w->items[i];
		if (*c.word->sample)
			sample_render(&c);
	}
	if (rendered)
		*rendered = c.rendered;
	return c.n;
}

size_t words_check(const struct words *w, struct buf *faults)
{
	struct check c = {.w = w, .out = faults};
	const struct word_fault *f;
	size_t i;

	for (f = w->faults; f; f = f->next) {
		buf_printf(faults, "%s\n", f->text);
		c.n++;
	}
	for (i = 0; i < w->n; i++) {
		c.word = &w->items[i];
		mustache_each_partial(c.word->compiled, on_partial, &c);
		if (c.word->sample_bad)
			fault(&c, "the sample data is no JSON object followed by }}: "
				"write {{! sample: {\"id\": \"INC-42\"} }}");
		if (unused(w, c.word))
			fault(&c, "nothing uses a template of this name: see docs/templates.md for the "
				"names that can be overridden");
	}
	return c.n + words_render_samples(w, faults, NULL);
}
