/*
 * fuzz_typed.c - what a person typed is data: whatever it is, the message has the same blocks, the
 * same buttons and the same mentions as with a harmless word in its place.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/form.h"
#include "tocsin/message.h"
#include "tocsin/mustache.h"

static const char template[] = "# {{x}}\n\n{{x}} **{{x}}** *a {{x}}* ~~{{x}}~~ `{{x}}` text\n{{x}}\n\n"
	"- {{x}}\n- [ ] {{x}} b\n    1. {{x}}\n\n| {{x}} | b |\n|---|---|\n| {{x}} | `{{x}}` |\n\n{{x}}\n\n"
	"```\n{{x}}\n```\n\n[{{x}}](<action:incident ack {{x}}> \"danger confirm: {{x}}\") [n](<action:n {{x}}>)\n\n"
	"[{{x}}](person:{{x}}) [{{x}}](user:{{x}}) [{{x}}](channel:{{x}}) [{{x}}](time:1769618400) "
	"[{{x}}](https://e.example/{{x}}) [t](<https://e.example/{{x}}>)\n\n"
	"[{{x}}](<input:q choice placeholder=\"{{x}}\" initial={{x}}> \"{{x}}\")\n- {{x}} = {{x}}\n- {{x}}\n\n> {{x}} end\n";

static void show_spans(struct buf *out, const struct span *s)
{
	for (; s; s = s->next) {
		if (s->kind == SPAN_TEXT || s->kind == SPAN_BREAK)
			continue;
		buf_printf(out, "%d(", s->kind);
		show_spans(out, s->children);
		buf_char(out, ')');
	}
}

/* The shape of a message: everything but its texts. */
static const char *shape(struct arena *a, const struct message *m)
{
	const struct button *bt;
	const struct block *b;
	const struct row *row;
	struct buf out;
	unsigned i;

	buf_init_arena(&out, a, 1 << 20);
	for (b = m->blocks; b; b = b->next) {
		buf_printf(&out, "%d.%u.%u.%d:", b->kind, b->depth, b->number, b->task);
		show_spans(&out, b->spans);
		for (row = b->rows; row; row = row->next)
			for (i = 0; i < b->columns; i++) {
				buf_char(&out, '|');
				show_spans(&out, row->cells[i]);
			}
		for (bt = b->buttons; bt; bt = bt->next)
			buf_printf(&out, "[%d%d%d]", bt->primary, bt->danger, bt->confirm != NULL);
		if (b->field)
			buf_printf(&out, "%s %d %d %zu", b->field->id, b->field->kind, b->field->required,
				b->field->n_options);
		buf_char(&out, '\n');
	}
	return buf_text(&out);
}

static const char *shape_with(struct arena *a, const char *x, size_t len, enum escape_mode mode)
{
	static const size_t template_len = sizeof(template) - 1;
	json_t *data = json_pack("{s:s%}", "x", x, len);
	struct err e = {0};
	struct buf out;

	if (!data)
		return NULL; /* not UTF-8 */
	buf_init_arena(&out, a, MUSTACHE_OUTPUT_MAX * 2);
	if (mustache_render(mustache_parse(a, "t", template, template_len, &e), data, NULL, NULL, mode,
		&out, &e) < 0)
		abort();
	json_decref(data);
	return shape(a, message_parse(a, buf_text(&out), out.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *a = arena_new(256u << 20);
	char *x = arena_alloc(a, size + 3);
	const char *want, *got;

	/* A letter at each end: blank text would take a block away, which is no forgery. */
	x[0] = 'x';
	if (size && size < 2000)
		memcpy(x + 1, bytes, size);
	else
		size = 0;
	x[size + 1] = 'x';
	want = shape_with(a, "xx", 2, ESCAPE_GUARD);
	got = shape_with(a, x, size + 2, ESCAPE_GUARD);
	if (got && strcmp(want, got) != 0)
		abort();
	/* And with nothing around it: the marks at its edges are the dangerous ones. */
	got = size ? shape_with(a, x + 1, size, ESCAPE_GUARD) : NULL;
	if (got && x[1] > ' ' && x[1] < 0x7f && x[size] > ' ' && x[size] < 0x7f && strcmp(want, got) != 0)
		abort();
	arena_free(a);
	return 0;
}
