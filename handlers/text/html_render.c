/* html_render.c - the message as an HTML fragment: every text escaped, no style, no script. */
#include "tocsin/render.h"

#include <inttypes.h>
#include <string.h>

#include "handlers/text/render_common.h"
#include "tocsin/arena.h"
#include "tocsin/form.h"
#include "tocsin/mustache.h"
#include "tocsin/utf8.h"

struct html {
	const struct render_options *o;
	struct buf *out;
	struct arena *arena;
	unsigned depth; /* lists that are open */
	bool ordered[MESSAGE_LIST_DEPTH];
};

/* Escaped, and well-formed UTF-8. */
static void text_add(struct html *h, const char *s, size_t len)
{
	size_t i = 0, plain = 0, n;

	while (i < len) {
		n = utf8_length(s + i, len - i);
		if (n) {
			i += n;
			continue;
		}
		escape_add(h->out, ESCAPE_HTML, s + plain, i - plain);
		buf_str(h->out, "\xef\xbf\xbd");
		plain = ++i;
	}
	escape_add(h->out, ESCAPE_HTML, s + plain, i - plain);
}

static void str_add(struct html *h, const char *s)
{
	text_add(h, s, strlen(s));
}

static void spans_add(struct html *h, const struct span *s);

static void tagged(struct html *h, const char *tag, const struct span *s)
{
	buf_printf(h->out, "<%s>", tag);
	spans_add(h, s);
	buf_printf(h->out, "</%s>", tag);
}

static void buf_text_add(struct html *h, void (*fn)(const struct render_options *,
	const struct span *, struct buf *), const struct span *s)
{
	struct buf small;

	buf_init_arena(&small, h->arena, 65536);
	fn(h->o, s, &small);
	text_add(h, buf_text(&small), small.len);
}

static void time_add(struct html *h, const struct span *s)
{
	struct buf utc;

	buf_init_arena(&utc, h->arena, 256);
	time_text_utc(NULL, s->time_s, NULL, &utc);
	if (utc.len == 20) { /* "2026-01-28 17:00 UTC": what <time> takes has a T and a Z */
		utc.data[10] = 'T';
		buf_truncate(&utc, 16);
		buf_printf(h->out, "<time datetime=\"%sZ\">", buf_text(&utc));
	} else {
		buf_str(h->out, "<time>");
	}
	buf_text_add(h, render_time_text, s);
	buf_str(h->out, "</time>");
}

static void span_add(struct html *h, const struct span *s)
{
	switch (s->kind) {
	case SPAN_BREAK:
		buf_str(h->out, "<br>");
		break;
	case SPAN_CODE:
		buf_str(h->out, "<code>");
		text_add(h, s->text, s->len);
		buf_str(h->out, "</code>");
		break;
	case SPAN_BOLD:
		tagged(h, "strong", s->children);
		break;
	case SPAN_ITALIC:
		tagged(h, "em", s->children);
		break;
	case SPAN_STRIKE:
		tagged(h, "del", s->children);
		break;
	case SPAN_LINK:
		buf_str(h->out, "<a href=\"");
		str_add(h, s->target);
		buf_str(h->out, "\" rel=\"noopener noreferrer\">");
		if (s->children)
			spans_add(h, s->children);
		else
			str_add(h, s->target);
		buf_str(h->out, "</a>");
		break;
	case SPAN_PERSON: case SPAN_USER: case SPAN_CHANNEL:
		buf_text_add(h, render_mention_text, s);
		break;
	case SPAN_TIME:
		time_add(h, s);
		break;
	default:
		text_add(h, s->text, s->len);
		break;
	}
}

static void spans_add(struct html *h, const struct span *s)
{
	for (; s; s = s->next)
		span_add(h, s);
}

static void lists_close(struct html *h, unsigned depth)
{
	while (h->depth > depth) {
		h->depth--;
		buf_str(h->out, h->ordered[h->depth] ? "</li></ol>" : "</li></ul>");
		if (!h->depth)
			buf_char(h->out, '\n');
	}
}

static void item_add(struct html *h, const struct block *b)
{
	unsigned want = b->depth + 1;

	if (h->depth >= want) {
		lists_close(h, want);
		if (h->ordered[want - 1] != (b->number > 0))
			lists_close(h, want - 1);
	}
	if (h->depth == want) {
		buf_str(h->out, "</li><li>");
	} else {
		while (h->depth < want) {
			h->ordered[h->depth] = b->number > 0;
			if (b->number > 1 && h->depth + 1 == want)
				buf_printf(h->out, "<ol start=\"%u\"><li>", b->number);
			else
				buf_str(h->out, b->number ? "<ol><li>" : "<ul><li>");
			h->depth++;
		}
	}
	if (b->task != TASK_NONE)
		buf_str(h->out, b->task == TASK_DONE ? "\xe2\x98\x91 " : "\xe2\x98\x90 ");
	spans_add(h, b->spans);
}

static void rows_add(struct html *h, const struct block *b)
{
	const struct row *row;
	const char *tag;
	unsigned i;

	buf_str(h->out, "<table>");
	for (row = b->rows; row; row = row->next) {
		buf_str(h->out, "<tr>");
		for (i = 0; i < b->columns; i++) {
			tag = (b->kind == BLOCK_FIELDS ? i == 0 : row->head) ? "th" : "td";
			tagged(h, tag, row->cells[i]);
		}
		buf_str(h->out, "</tr>");
	}
	buf_str(h->out, "</table>\n");
}

static void buttons_add(struct html *h, const struct block *b)
{
	const struct button *bt;
	const char *url;

	if (h->o->no_buttons)
		return;
	buf_str(h->out, "<p class=\"buttons\">");
	for (bt = b->buttons; bt; bt = bt->next) {
		if (bt != b->buttons)
			buf_char(h->out, ' ');
		url = h->o->button_url ? h->o->button_url(h->o->button_ctx, bt->command) : NULL;
		if (url) {
			buf_printf(h->out, "<a class=\"button%s\" href=\"", bt->primary ? " primary"
				: bt->danger ? " danger" : "");
			str_add(h, url);
			buf_str(h->out, "\">");
			str_add(h, bt->label);
			buf_str(h->out, "</a>");
		} else {
			buf_str(h->out, "<span class=\"button\">");
			str_add(h, bt->label);
			buf_str(h->out, ": <code>/");
			str_add(h, bt->command);
			buf_str(h->out, "</code></span>");
		}
	}
	buf_str(h->out, "</p>\n");
}

static void input_add(struct html *h, const struct form_field *f)
{
	buf_str(h->out, "<p><strong>");
	str_add(h, f->label);
	buf_str(h->out, f->required ? " *</strong>" : "</strong>");
	if (f->hint) {
		buf_str(h->out, "<br><small>");
		str_add(h, f->hint);
		buf_str(h->out, "</small>");
	}
	buf_str(h->out, "</p>\n");
}

static void block_tagged(struct html *h, const char *open, const struct span *s, const char *close)
{
	buf_str(h->out, open);
	spans_add(h, s);
	buf_str(h->out, close);
}

static void block_add(struct html *h, const struct block *b)
{
	char tag[16];

	switch (b->kind) {
	case BLOCK_HEADER:
		block_tagged(h, "<h1>", b->spans, "</h1>\n");
		break;
	case BLOCK_HEADING:
		snprintf(tag, sizeof(tag), "h%u", b->depth < 2 ? 2 : b->depth > 6 ? 6 : b->depth);
		tagged(h, tag, b->spans);
		buf_char(h->out, '\n');
		break;
	case BLOCK_ITEM:
		item_add(h, b);
		break;
	case BLOCK_QUOTE:
		block_tagged(h, "<blockquote>", b->spans, "</blockquote>\n");
		break;
	case BLOCK_CODE:
		buf_str(h->out, "<pre><code>");
		str_add(h, b->code);
		buf_str(h->out, "</code></pre>\n");
		break;
	case BLOCK_FIELDS: case BLOCK_TABLE:
		rows_add(h, b);
		break;
	case BLOCK_DIVIDER:
		buf_str(h->out, "<hr>\n");
		break;
	case BLOCK_CONTEXT:
		block_tagged(h, "<p><small>", b->spans, "</small></p>\n");
		break;
	case BLOCK_BUTTONS:
		buttons_add(h, b);
		break;
	case BLOCK_INPUT:
		input_add(h, b->field);
		break;
	default:
		block_tagged(h, "<p>", b->spans, "</p>\n");
		break;
	}
}

void html_render(const struct message *m, const struct render_options *o, struct buf *out)
{
	struct html h = {.o = o ? o : &render_defaults, .out = out, .arena = m->arena};
	const struct block *b;

	for (b = m->blocks; b; b = b->next) {
		if (b->kind != BLOCK_ITEM)
			lists_close(&h, 0);
		block_add(&h, b);
	}
	lists_close(&h, 0);
}
