/* message_parse.c - Markdown to the message model: md4c's events in, blocks out. */
#include "tocsin/message.h"

#include <stdint.h>
#include <string.h>

#include "handlers/text/guard.h"
#include "handlers/text/message_build.h"
#include "tocsin/arena.h"
#include "tocsin/utf8.h"

#define MARKDOWN_MAX (4u * 1024 * 1024)

/* --- spans ------------------------------------------------------------------------------------- */

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

static void text_add(struct build *b, const char *s, size_t len, bool code)
{
	if (b->text_is_code != code)
		build_flush(b);
	b->text_is_code = code;
	buf_add(&b->text, s, len);
}

static void add_break(struct build *b)
{
	build_flush(b);
	if (b->tail)
		build_span(b, SPAN_BREAK);
}

/* --- blocks ------------------------------------------------------------------------------------ */

struct block *build_block(struct build *b, enum block_kind kind)
{
	struct block *bl = ARENA_NEW(b->arena, struct block);

	bl->kind = kind;
	bl->code = bl->lang = "";
	b->last_at = b->block_tail;
	*b->block_tail = bl;
	b->block_tail = &bl->next;
	b->m->n_blocks++;
	return bl;
}

static void open_block(struct build *b, enum block_kind kind)
{
	b->block = build_block(b, kind);
	b->tail = &b->block->spans;
}

static bool span_blank(const struct span *s)
{
	size_t i;

	if (s->kind == SPAN_BREAK)
		return true;
	if (s->kind != SPAN_TEXT)
		return false;
	for (i = 0; i < s->len; i++)
		if (s->text[i] != ' ' && s->text[i] != '\t' && s->text[i] != '\n')
			return false;
	return true;
}

static bool spans_blank(const struct span *s)
{
	for (; s; s = s->next)
		if (!span_blank(s))
			return false;
	return true;
}

/* Takes the newest block away again: nothing was left in it. */
static void drop_block(struct build *b)
{
	*b->last_at = NULL;
	b->block_tail = b->last_at;
	b->m->n_blocks--;
}

/* The questions and buttons of a block come after it. */
static void add_pending(struct build *b)
{
	struct block *in = b->inputs, *row;

	b->inputs = NULL;
	b->input_tail = &b->inputs;
	for (; in; in = in->next) {
		row = build_block(b, BLOCK_INPUT);
		row->field = in->field;
	}
	if (b->buttons) {
		row = build_block(b, BLOCK_BUTTONS);
		row->buttons = b->buttons;
		b->buttons = NULL;
		b->button_tail = &b->buttons;
	}
}

/* The open block ends. Where nothing but buttons and questions was in it, they take its place. */
static void close_block(struct build *b)
{
	struct block *bl = b->block;

	build_flush(b);
	if (bl && bl->kind != BLOCK_FIELDS && bl->kind != BLOCK_TABLE && spans_blank(bl->spans)) {
		if (bl->kind == BLOCK_ITEM && !b->buttons && !b->inputs)
			bl->spans = NULL; /* an empty item still counts */
		else
			drop_block(b);
	}
	b->block = NULL;
	b->tail = NULL;
	add_pending(b);
}

static void enter_item(struct build *b, const MD_BLOCK_LI_DETAIL *d)
{
	unsigned depth = b->list_depth ? b->list_depth - 1 : 0;

	if (depth >= MESSAGE_LIST_DEPTH)
		depth = MESSAGE_LIST_DEPTH - 1;
	close_block(b);
	open_block(b, BLOCK_ITEM);
	b->block->depth = depth;
	if (b->lists[depth].ordered)
		b->block->number = b->lists[depth].next++;
	if (d->is_task)
		b->block->task = d->task_mark == ' ' ? TASK_OPEN : TASK_DONE;
}

static void enter_list(struct build *b, bool ordered, unsigned start)
{
	if (b->quote_depth)
		return;
	if (b->options_for && b->list_depth == 0)
		b->in_options = true;
	if (b->list_depth < MESSAGE_LIST_DEPTH) {
		b->lists[b->list_depth].ordered = ordered;
		b->lists[b->list_depth].next = start ? start : 1;
	}
	b->list_depth++;
}

/* Inside a quote everything is text: blocks in it become lines. */
static void enter_quoted(struct build *b, MD_BLOCKTYPE type)
{
	switch (type) {
	case MD_BLOCK_P: case MD_BLOCK_H: case MD_BLOCK_LI: case MD_BLOCK_CODE: case MD_BLOCK_TR:
		build_flush(b);
		if (b->block && b->block->spans)
			build_span(b, SPAN_BREAK);
		if (type == MD_BLOCK_LI)
			text_add(b, "\xe2\x80\xa2 ", 4, false);
		break;
	case MD_BLOCK_TD: case MD_BLOCK_TH:
		text_add(b, " ", 1, false);
		break;
	default:
		break;
	}
}

static void enter_table(struct build *b, const MD_BLOCK_TABLE_DETAIL *d)
{
	close_block(b);
	b->block = build_block(b, d->col_count == 2 ? BLOCK_FIELDS : BLOCK_TABLE);
	b->block->columns = d->col_count;
	b->row_tail = &b->block->rows;
}

static void enter_heading(struct build *b, unsigned level)
{
	close_block(b);
	if (level == 1 && !b->seen_header) {
		b->seen_header = true;
		open_block(b, BLOCK_HEADER);
	} else {
		open_block(b, BLOCK_HEADING);
	}
	b->block->depth = level;
}

static void enter_cell(struct build *b)
{
	if (b->row && b->cell < b->block->columns)
		b->tail = &b->row->cells[b->cell];
	else
		b->tail = NULL;
	b->cell++;
}

static void enter_row(struct build *b)
{
	b->row = ARENA_NEW(b->arena, struct row);
	b->row->cells = ARENA_ARRAY(b->arena, struct span *, b->block->columns);
	b->row->head = b->in_head;
	b->cell = 0;
	*b->row_tail = b->row;
	b->row_tail = &b->row->next;
}

static void leave_row(struct build *b)
{
	unsigned i;

	for (i = 0; i < b->block->columns; i++)
		if (b->row->cells[i] && !spans_blank(b->row->cells[i]))
			return;
	/* A table must have a head; an empty one is how one writes a table without. */
	if (b->row == b->block->rows) {
		b->block->rows = NULL;
		b->row_tail = &b->block->rows;
	}
}

static int on_md4c_enter_block(MD_BLOCKTYPE type, void *detail, void *ctx)
{
	struct build *b = ctx;

	if (type == MD_BLOCK_QUOTE && b->quote_depth++ == 0) {
		close_block(b);
		open_block(b, BLOCK_QUOTE);
		return 0;
	}
	if (b->quote_depth) {
		enter_quoted(b, type);
		return 0;
	}
	if (type != MD_BLOCK_UL && type != MD_BLOCK_OL && type != MD_BLOCK_LI && type != MD_BLOCK_P)
		b->options_for = NULL;
	switch (type) {
	case MD_BLOCK_UL:
		enter_list(b, false, 0);
		break;
	case MD_BLOCK_OL:
		enter_list(b, true, ((MD_BLOCK_OL_DETAIL *)detail)->start);
		break;
	case MD_BLOCK_LI:
		enter_item(b, detail);
		break;
	case MD_BLOCK_HR:
		close_block(b);
		build_block(b, BLOCK_DIVIDER);
		break;
	case MD_BLOCK_H:
		enter_heading(b, ((MD_BLOCK_H_DETAIL *)detail)->level);
		break;
	case MD_BLOCK_CODE:
		close_block(b);
		b->block = build_block(b, BLOCK_CODE);
		b->block->lang = build_attribute(b, &((MD_BLOCK_CODE_DETAIL *)detail)->lang);
		break;
	case MD_BLOCK_P:
		if (b->block && b->block->kind == BLOCK_ITEM && b->list_depth) {
			if (b->block->spans || b->text.len)
				add_break(b);
			break;
		}
		if (!b->list_depth)
			b->options_for = NULL;
		close_block(b);
		open_block(b, BLOCK_TEXT);
		break;
	case MD_BLOCK_TABLE:
		enter_table(b, detail);
		break;
	case MD_BLOCK_THEAD:
		b->in_head = true;
		break;
	case MD_BLOCK_TR:
		enter_row(b);
		break;
	case MD_BLOCK_TH: case MD_BLOCK_TD:
		enter_cell(b);
		break;
	default:
		break;
	}
	return 0;
}

static void leave_code(struct build *b)
{
	char *copy = arena_strndup(b->arena, buf_text(&b->text), b->text.len);
	size_t len = guard_decode(copy, b->text.len, '\n');

	if (len && copy[len - 1] == '\n')
		len--;
	copy[len] = '\0';
	buf_reset(&b->text);
	b->text_is_code = false;
	if (b->block)
		b->block->code = copy;
	b->block = NULL;
	b->tail = NULL;
}

static void leave_item(struct build *b)
{
	bool chosen;

	if (!b->in_options || b->list_depth != 1) {
		close_block(b);
		return;
	}
	/* It was an option of the choice before it, not an item of a list. */
	build_flush(b);
	chosen = b->block && b->block->task == TASK_DONE;
	if (b->block) {
		drop_block(b);
		b->block = NULL;
		b->tail = NULL;
	}
	build_option(b, buf_text(&b->raw), b->raw.len, chosen);
	buf_reset(&b->raw);
}

static int on_md4c_leave_block(MD_BLOCKTYPE type, void *detail, void *ctx)
{
	struct build *b = ctx;

	(void)detail;
	if (type == MD_BLOCK_QUOTE && b->quote_depth && --b->quote_depth == 0) {
		close_block(b);
		return 0;
	}
	if (b->quote_depth)
		return 0;
	switch (type) {
	case MD_BLOCK_UL: case MD_BLOCK_OL:
		if (b->list_depth)
			b->list_depth--;
		if (!b->list_depth && b->in_options) {
			b->in_options = false;
			b->options_for = NULL;
		}
		break;
	case MD_BLOCK_LI:
		leave_item(b);
		break;
	case MD_BLOCK_P:
		if (!(b->block && b->block->kind == BLOCK_ITEM))
			close_block(b);
		break;
	case MD_BLOCK_H: case MD_BLOCK_TABLE:
		close_block(b);
		break;
	case MD_BLOCK_CODE:
		leave_code(b);
		break;
	case MD_BLOCK_THEAD:
		b->in_head = false;
		break;
	case MD_BLOCK_TR:
		leave_row(b);
		break;
	case MD_BLOCK_TH: case MD_BLOCK_TD:
		build_flush(b);
		b->tail = NULL;
		break;
	default:
		break;
	}
	return 0;
}

/* --- inline events ------------------------------------------------------------------------------- */

/* Text of a tight item that comes after a nested list, or the like, still needs a block. */
static void need_tail(struct build *b)
{
	if (!b->tail && !(b->block && (b->block->kind == BLOCK_FIELDS || b->block->kind == BLOCK_TABLE ||
		b->block->kind == BLOCK_CODE)))
		open_block(b, BLOCK_TEXT);
}

static bool is_link(MD_SPANTYPE type)
{
	return type == MD_SPAN_A || type == MD_SPAN_IMG;
}

static int on_md4c_enter_span(MD_SPANTYPE type, void *detail, void *ctx)
{
	struct build *b = ctx;
	struct span *s;

	if (type == MD_SPAN_CODE) {
		build_flush(b);
		return 0;
	}
	need_tail(b);
	if (is_link(type) && b->link_depth++ > 0)
		return 0;
	build_flush(b);
	if (b->span_depth >= MESSAGE_SPAN_DEPTH || !b->tail) {
		b->span_ignored++;
		return 0;
	}
	if (is_link(type)) {
		const MD_SPAN_A_DETAIL *a = detail; /* an image's detail has the same shape */

		b->href = build_attribute(b, &a->href);
		b->title = build_attribute(b, &a->title);
	}
	b->saved[b->span_depth] = b->tail;
	s = build_span(b, type == MD_SPAN_STRONG ? SPAN_BOLD : type == MD_SPAN_DEL ? SPAN_STRIKE
		: is_link(type) ? SPAN_LINK : SPAN_ITALIC);
	b->open[b->span_depth++] = s;
	b->tail = &s->children;
	return 0;
}

static int on_md4c_leave_span(MD_SPANTYPE type, void *detail, void *ctx)
{
	struct build *b = ctx;
	struct span *s, **where;

	(void)detail;
	build_flush(b);
	if (type == MD_SPAN_CODE)
		return 0;
	if (is_link(type) && --b->link_depth > 0)
		return 0;
	if (b->span_ignored) {
		b->span_ignored--;
		return 0;
	}
	if (!b->span_depth)
		return 0;
	s = b->open[--b->span_depth];
	where = b->saved[b->span_depth];
	b->tail = &s->next;
	if (is_link(type))
		build_link(b, s, where, b->href, b->title);
	return 0;
}

static int on_md4c_text(MD_TEXTTYPE type, const MD_CHAR *s, MD_SIZE len, void *ctx)
{
	struct build *b = ctx;
	char small[8];
	size_t n;

	need_tail(b);
	if (b->in_options && type != MD_TEXT_ENTITY)
		buf_add(&b->raw, s, len);
	switch (type) {
	case MD_TEXT_NULLCHAR:
		text_add(b, "\xef\xbf\xbd", 3, b->text_is_code);
		break;
	case MD_TEXT_BR: case MD_TEXT_SOFTBR:
		add_break(b);
		break;
	case MD_TEXT_ENTITY:
		n = build_entity(s, len, small);
		if (n == 1 && small[0] == '\n')
			add_break(b);
		else if (n)
			text_add(b, small, n, false);
		else
			text_add(b, s, len, false);
		if (b->in_options)
			buf_add(&b->raw, n ? small : s, n ? n : len);
		break;
	case MD_TEXT_CODE:
		text_add(b, s, len, true);
		break;
	default:
		text_add(b, s, len, false);
		break;
	}
	return 0;
}

/* The quote that ends the message is its context line. */
static void mark_context(struct message *m)
{
	struct block *bl = m->blocks;

	while (bl && bl->next)
		bl = bl->next;
	if (bl && bl->kind == BLOCK_QUOTE)
		bl->kind = BLOCK_CONTEXT;
}

struct message *message_parse(struct arena *a, const char *markdown, size_t len)
{
	static const MD_PARSER parser = {
		.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS | MD_FLAG_NOHTML |
			MD_FLAG_PERMISSIVEURLAUTOLINKS | MD_FLAG_NOINDENTEDCODEBLOCKS,
		.enter_block = on_md4c_enter_block, .leave_block = on_md4c_leave_block,
		.enter_span = on_md4c_enter_span, .leave_span = on_md4c_leave_span,
		.text = on_md4c_text,
	};
	struct build b = {.arena = a};

	if (len > MARKDOWN_MAX)
		len = MARKDOWN_MAX;
	b.m = ARENA_NEW(a, struct message);
	b.m->arena = a;
	b.block_tail = &b.m->blocks;
	b.button_tail = &b.buttons;
	b.input_tail = &b.inputs;
	buf_init_arena(&b.text, a, MARKDOWN_MAX * 2);
	buf_init_arena(&b.raw, a, MARKDOWN_MAX * 2);
	md_parse(markdown, (MD_SIZE)len, &parser, &b);
	close_block(&b);
	mark_context(b.m);
	return b.m;
}

/* --- plain text of spans ------------------------------------------------------------------------- */

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
	buf_init_arena(&out, a, MARKDOWN_MAX * 2);
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
