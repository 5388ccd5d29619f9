/* message_spans.c - the plain text of spans. */
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/message.h"

#define TEXT_BYTES_MAX ((size_t)8 * 1024 * 1024)

static void spans_add(struct buf *out, const struct span *s)
{
	for (; s; s = s->next) {
		switch (s->kind) {
		case SPAN_BREAK:
			buf_char(out, '\n');
			break;
		case SPAN_BOLD: case SPAN_ITALIC: case SPAN_STRIKE: case SPAN_LINK:
			spans_add(out, s->children);
			break;
		default:
			buf_add(out, s->text, s->len);
			break;
		}
	}
}

const char *spans_text(struct arena *a, const struct span *s)
{
	struct buf out;

	if (s && s->kind == SPAN_TEXT && !s->next)
		return s->text;
	buf_init_arena(&out, a, TEXT_BYTES_MAX);
	spans_add(&out, s);
	return buf_text(&out);
}

const char *message_title(const struct message *m)
{
	const struct block *b;

	for (b = m->blocks; b; b = b->next)
		if (b->kind == BLOCK_HEADER)
			return spans_text(m->arena, b->spans);
	return "";
}
