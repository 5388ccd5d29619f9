/* text_render.c - the message as plain text: mail, SMS, terminals, Slack's notification line. */
#include "tocsin/render.h"

#include <string.h>

#include "handlers/text/render_common.h"
#include "tocsin/arena.h"
#include "tocsin/form.h"
#include "tocsin/utf8.h"

static void indent(struct buf *out, unsigned depth)
{
	while (depth-- > 0)
		buf_str(out, "  ");
}

/* Links show where they lead, unless their text says so already. */
static void spans_add(const struct render_options *o, const struct span *s, struct buf *out,
	const char *after_break)
{
	size_t start;

	for (; s; s = s->next) {
		switch (s->kind) {
		case SPAN_BREAK:
			buf_char(out, '\n');
			buf_str(out, after_break);
			break;
		case SPAN_BOLD: case SPAN_ITALIC: case SPAN_STRIKE:
			spans_add(o, s->children, out, after_break);
			break;
		case SPAN_LINK:
			start = out->len;
			spans_add(o, s->children, out, after_break);
			if (out->failed || strstr(buf_text(out) + start, s->target))
				break;
			if (!strncmp(s->target, "mailto:", 7) &&
				strstr(buf_text(out) + start, s->target + 7))
				break;
			buf_printf(out, out->len > start ? " (%s)" : "%s", s->target);
			break;
		case SPAN_PERSON: case SPAN_USER: case SPAN_CHANNEL:
			render_mention_text(o, s, out);
			break;
		case SPAN_TIME:
			render_time_text(o, s, out);
			break;
		default:
			buf_add(out, s->text, s->len);
			break;
		}
	}
}

static void item_add(const struct render_options *o, const struct block *b, struct buf *out)
{
	indent(out, b->depth);
	if (b->task != TASK_NONE)
		buf_str(out, b->task == TASK_DONE ? "[x] " : "[ ] ");
	else if (b->number)
		buf_printf(out, "%u. ", b->number);
	else
		buf_str(out, "- ");
	spans_add(o, b->spans, out, "  ");
}

static void rows_add(const struct render_options *o, const struct block *b, struct buf *out)
{
	const struct row *row;
	unsigned i;

	for (row = b->rows; row; row = row->next) {
		if (row != b->rows)
			buf_char(out, '\n');
		for (i = 0; i < b->columns; i++) {
			if (i)
				buf_str(out, b->kind == BLOCK_FIELDS ? ": " : " | ");
			spans_add(o, row->cells[i], out, " ");
		}
	}
}

static void buttons_add(const struct render_options *o, const struct block *b, struct buf *out)
{
	const struct button *bt;
	const char *url;

	for (bt = b->buttons; bt; bt = bt->next) {
		if (bt != b->buttons)
			buf_char(out, '\n');
		url = o->button_url ? o->button_url(o->button_ctx, bt->command) : NULL;
		buf_printf(out, url ? "%s: " : "%s: /", bt->label);
		buf_str(out, url ? url : bt->command);
	}
}

static void lines_add(const char *text, const char *prefix, struct buf *out)
{
	const char *nl;

	for (; (nl = strchr(text, '\n')); text = nl + 1) {
		buf_str(out, prefix);
		buf_add(out, text, (size_t)(nl + 1 - text));
	}
	buf_str(out, prefix);
	buf_str(out, text);
}

static void input_add(const struct form_field *f, struct buf *out)
{
	size_t i;

	buf_printf(out, f->required ? "%s *" : "%s", f->label);
	if (f->hint)
		buf_printf(out, " (%s)", f->hint);
	for (i = 0; i < f->n_options; i++)
		buf_printf(out, "\n  %s %s", f->initial && !strcmp(f->initial, f->options[i].value)
			? "(o)" : "( )", f->options[i].label);
	if (f->initial && f->kind != FIELD_CHOICE)
		buf_printf(out, "\n  %s", f->initial);
}

static void block_add(const struct render_options *o, const struct block *b, struct buf *out)
{
	switch (b->kind) {
	case BLOCK_ITEM:
		item_add(o, b, out);
		break;
	case BLOCK_QUOTE:
		buf_str(out, "> ");
		spans_add(o, b->spans, out, "> ");
		break;
	case BLOCK_CODE:
		lines_add(b->code, "    ", out);
		break;
	case BLOCK_FIELDS: case BLOCK_TABLE:
		rows_add(o, b, out);
		break;
	case BLOCK_DIVIDER:
		buf_str(out, "---");
		break;
	case BLOCK_BUTTONS:
		buttons_add(o, b, out);
		break;
	case BLOCK_INPUT:
		input_add(b->field, out);
		break;
	default:
		spans_add(o, b->spans, out, "");
		break;
	}
}

static void cut(const struct render_options *o, struct buf *out, size_t start)
{
	const char *s = buf_text(out) + start;
	size_t len = out->len - start, keep;

	if (!o->max_units || utf16_units(s, len) <= o->max_units)
		return;
	keep = utf16_prefix(s, len, o->max_units - 1);
	while (keep && (s[keep - 1] == ' ' || s[keep - 1] == '\n'))
		keep--;
	buf_truncate(out, start + keep);
	buf_str(out, "\xe2\x80\xa6");
}

void text_render(const struct message *m, const struct render_options *o, struct buf *out)
{
	const struct block *b, *before = NULL;
	size_t start = out->len;

	if (!o)
		o = &render_defaults;
	for (b = m->blocks; b; b = b->next) {
		if (b->kind == BLOCK_BUTTONS && o->no_buttons)
			continue;
		if (before)
			buf_str(out, before->kind == BLOCK_ITEM && b->kind == BLOCK_ITEM ? "\n" : "\n\n");
		block_add(o, b, out);
		before = b;
	}
	cut(o, out, start);
}
