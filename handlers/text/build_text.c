/* build_text.c - runs of text to spans, guards turned back (guard.h). */
#include <string.h>

#include "handlers/text/guard.h"
#include "handlers/text/message_build.h"
#include "tocsin/arena.h"

struct span *build_span(struct build *b, enum span_kind kind)
{
	struct span *s = ARENA_NEW(b->arena, struct span);

	s->kind = kind;
	s->text = s->target = "";
	*b->tail = s;
	b->tail = &s->next;
	return s;
}

static void text_span(struct build *b, char *text, size_t len)
{
	struct span *s;

	if (!len)
		return;
	s = build_span(b, SPAN_TEXT);
	s->text = text;
	s->len = len;
	text[len] = '\0';
}

/* A guarded new line is a break of its own; everything else goes back to what it was. */
static void guarded_spans(struct build *b, char *text, size_t len)
{
	size_t i, from = 0;

	for (i = 0; i + 2 < len; i++) {
		if (guard_char(text + i, len - i) != '\n')
			continue;
		text_span(b, text + from, guard_decode(text + from, i - from, ' '));
		build_span(b, SPAN_BREAK);
		from = i + 3;
		i += 2;
	}
	text_span(b, text + from, guard_decode(text + from, len - from, ' '));
}

/* Code of several lines (a block of it inside a quote) is a span for each line. */
static void code_spans(struct build *b, char *text, size_t len)
{
	char *end = text + len, *nl;
	struct span *s;

	*end = '\0';
	while (text < end) {
		nl = memchr(text, '\n', (size_t)(end - text));
		if (nl)
			*nl = '\0';
		if ((nl ? nl : end) > text) {
			s = build_span(b, SPAN_CODE);
			s->text = text;
			s->len = (size_t)((nl ? nl : end) - text);
		}
		if (nl && nl + 1 < end)
			build_span(b, SPAN_BREAK);
		text = nl ? nl + 1 : end;
	}
}

void build_flush(struct build *b)
{
	size_t len = b->text.len;
	char *copy;

	if (!len)
		return;
	copy = arena_strndup(b->arena, b->text.data, len);
	buf_reset(&b->text);
	if (!b->tail)
		return;
	if (!b->text_is_code) {
		if (memchr(copy, 0xef, len))
			guarded_spans(b, copy, len);
		else
			text_span(b, copy, len);
		return;
	}
	code_spans(b, copy, guard_decode(copy, len, ' '));
}

void build_text(struct build *b, const char *s, size_t len, bool code)
{
	if (b->text_is_code != code)
		build_flush(b);
	b->text_is_code = code;
	buf_add(&b->text, s, len);
}

void build_break(struct build *b)
{
	build_flush(b);
	if (b->tail)
		build_span(b, SPAN_BREAK);
}
