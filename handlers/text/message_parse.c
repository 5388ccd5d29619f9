/* message_parse.c - Markdown to the message model: events of a tape in, blocks out. */
#include "tocsin/message.h"

#include <stdint.h>
#include <string.h>

#include "handlers/text/guard.h"
#include "handlers/text/md_tape.h"
#include "handlers/text/message_build.h"
#include "tocsin/arena.h"

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

/* Breaks at the start, and white space at the end, say nothing. */
static void trim_spans(struct build *b, struct block *bl)
{
	struct span *s, *last = NULL;

	while (bl->spans && bl->spans->kind == SPAN_BREAK)
		bl->spans = bl->spans->next;
	for (s = bl->spans; s; s = s->next)
		if (!span_blank(s))
			last = s;
	if (!last)
		return;
	last->next = NULL;
	if (last->kind != SPAN_TEXT)
		return;
	while (last->len && last->text[last->len - 1] == ' ')
		last->len--;
	if (last->text[last->len])
		last->text = arena_strndup(b->arena, last->text, last->len);
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
	if (bl)
		trim_spans(b, bl);
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

static void enter_item(struct build *b, unsigned mark)
{
	unsigned depth = b->list_depth ? b->list_depth - 1 : 0;

	if (depth >= MESSAGE_LIST_DEPTH)
		depth = MESSAGE_LIST_DEPTH - 1;
	close_block(b);
	open_block(b, BLOCK_ITEM);
	b->block->depth = depth;
	if (b->lists[depth].ordered)
		b->block->number = b->lists[depth].next++;
	if (mark)
		b->block->task = mark == ' ' ? TASK_OPEN : TASK_DONE;
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
static void enter_quoted(struct build *b, int type)
{
	switch (type) {
	case MD_BLOCK_P: case MD_BLOCK_H: case MD_BLOCK_LI: case MD_BLOCK_CODE: case MD_BLOCK_TR:
		build_flush(b);
		if (b->block && b->block->spans)
			build_span(b, SPAN_BREAK);
		if (type == MD_BLOCK_LI)
			build_text(b, "\xe2\x80\xa2 ", 4, false);
		break;
	case MD_BLOCK_TD: case MD_BLOCK_TH:
		build_text(b, " ", 1, false);
		break;
	default:
		break;
	}
}

static void enter_table(struct build *b, unsigned columns)
{
	close_block(b);
	b->block = build_block(b, columns == 2 ? BLOCK_FIELDS : BLOCK_TABLE);
	b->block->columns = columns < MESSAGE_COLUMNS_MAX ? columns : MESSAGE_COLUMNS_MAX;
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

static void enter_paragraph(struct build *b)
{
	if (b->block && b->block->kind == BLOCK_ITEM && b->list_depth) {
		if (b->block->spans || b->text.len)
			build_break(b);
		return;
	}
	if (!b->list_depth)
		b->options_for = NULL;
	close_block(b);
	open_block(b, BLOCK_TEXT);
}

/* What is no text: nothing of it can be open when the next one begins. */
static void enter_other(struct build *b, const struct md_event *e, const char *lang)
{
	switch (e->type) {
	case MD_BLOCK_HR:
		close_block(b);
		build_block(b, BLOCK_DIVIDER);
		break;
	case MD_BLOCK_H:
		enter_heading(b, e->number);
		break;
	case MD_BLOCK_CODE:
		close_block(b);
		b->block = build_block(b, BLOCK_CODE);
		b->block->lang = arena_strdup(b->arena, lang);
		break;
	case MD_BLOCK_TABLE:
		enter_table(b, e->number);
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
}

static void enter_block(struct build *b, const struct md_event *e, const char *lang)
{
	if (e->type == MD_BLOCK_QUOTE && b->quote_depth++ == 0) {
		close_block(b);
		open_block(b, BLOCK_QUOTE);
		return;
	}
	if (b->quote_depth) {
		enter_quoted(b, e->type);
		return;
	}
	switch (e->type) {
	case MD_BLOCK_UL:
		enter_list(b, false, 0);
		break;
	case MD_BLOCK_OL:
		enter_list(b, true, e->number);
		break;
	case MD_BLOCK_LI:
		enter_item(b, e->number);
		break;
	case MD_BLOCK_P:
		enter_paragraph(b);
		break;
	default:
		b->options_for = NULL;
		enter_other(b, e, lang);
		break;
	}
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

static void leave_list(struct build *b)
{
	if (b->list_depth)
		b->list_depth--;
	if (!b->list_depth && b->in_options) {
		b->in_options = false;
		b->options_for = NULL;
	}
}

static void leave_block(struct build *b, int type)
{
	if (type == MD_BLOCK_QUOTE && b->quote_depth && --b->quote_depth == 0) {
		close_block(b);
		return;
	}
	if (b->quote_depth)
		return;
	switch (type) {
	case MD_BLOCK_UL: case MD_BLOCK_OL:
		leave_list(b);
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
}

/* --- inline events ------------------------------------------------------------------------------- */

/* Text of a tight item that comes after a nested list, or the like, still needs a block. */
static void need_tail(struct build *b)
{
	if (!b->tail && !(b->block && (b->block->kind == BLOCK_FIELDS || b->block->kind == BLOCK_TABLE ||
		b->block->kind == BLOCK_CODE)))
		open_block(b, BLOCK_TEXT);
}

static bool is_link(int type)
{
	return type == MD_SPAN_A || type == MD_SPAN_IMG;
}

static void enter_span(struct build *b, const struct md_event *e, const char *strings)
{
	struct span *s;

	build_flush(b);
	if (e->type == MD_SPAN_CODE)
		return;
	need_tail(b);
	if (is_link(e->type) && b->link_depth++ > 0)
		return;
	if (b->span_depth >= MESSAGE_SPAN_DEPTH || !b->tail || b->span_ignored) {
		b->span_ignored++;
		return;
	}
	if (is_link(e->type)) {
		b->href = strings + e->href;
		b->title = strings + e->title;
	}
	b->saved[b->span_depth] = b->tail;
	s = build_span(b, e->type == MD_SPAN_STRONG ? SPAN_BOLD : e->type == MD_SPAN_DEL ? SPAN_STRIKE
		: is_link(e->type) ? SPAN_LINK : SPAN_ITALIC);
	b->open[b->span_depth++] = s;
	b->tail = &s->children;
}

static void leave_span(struct build *b, int type)
{
	struct span *s, **where;

	build_flush(b);
	if (type == MD_SPAN_CODE)
		return;
	if (is_link(type) && --b->link_depth > 0)
		return;
	if (b->span_ignored) {
		b->span_ignored--;
		return;
	}
	if (!b->span_depth)
		return;
	s = b->open[--b->span_depth];
	where = b->saved[b->span_depth];
	b->tail = &s->next;
	if (is_link(type))
		build_link(b, s, where, b->href, b->title);
}

static void entity_add(struct build *b, const char *s, size_t len)
{
	char small[8];
	size_t n = md_entity(s, len, small);

	if (n) {
		s = small;
		len = n;
	}
	if (b->in_options)
		buf_add(&b->raw, s, len);
	if (len == 1 && *s == '\n')
		build_break(b);
	else
		build_text(b, s, len, false);
}

static void text_event(struct build *b, const struct md_event *e)
{
	need_tail(b);
	if (b->in_options && e->type != MD_TEXT_ENTITY)
		buf_add(&b->raw, e->text, e->len);
	switch (e->type) {
	case MD_TEXT_NULLCHAR:
		build_text(b, "\xef\xbf\xbd", 3, b->text_is_code);
		break;
	case MD_TEXT_BR: case MD_TEXT_SOFTBR:
		build_break(b);
		break;
	case MD_TEXT_ENTITY:
		entity_add(b, e->text, e->len);
		break;
	default:
		build_text(b, e->text, e->len, e->type == MD_TEXT_CODE);
		break;
	}
}

static void replay(struct build *b, const struct md_tape *t)
{
	const struct md_event *e;
	size_t i;

	for (i = 0; i < t->n; i++) {
		e = &t->events[i];
		switch (e->kind) {
		case MD_ENTER_BLOCK:
			enter_block(b, e, e->type == MD_BLOCK_CODE ? t->strings + e->title : "");
			break;
		case MD_LEAVE_BLOCK:
			leave_block(b, e->type);
			break;
		case MD_ENTER_SPAN:
			enter_span(b, e, t->strings);
			break;
		case MD_LEAVE_SPAN:
			leave_span(b, e->type);
			break;
		case MD_TEXT:
			text_event(b, e);
			break;
		}
	}
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
	struct build b = {.arena = a};
	struct md_tape *t = md_tape_record(a, markdown, len);

	b.m = ARENA_NEW(a, struct message);
	b.m->arena = a;
	b.block_tail = &b.m->blocks;
	b.button_tail = &b.buttons;
	b.input_tail = &b.inputs;
	buf_init_arena(&b.text, a, MD_BYTES_MAX * 2);
	buf_init_arena(&b.raw, a, MD_BYTES_MAX * 2);
	replay(&b, t);
	if (b.block && b.block->kind == BLOCK_CODE)
		leave_code(&b); /* the tape was cut */
	close_block(&b);
	mark_context(b.m);
	md_tape_free(t);
	return b.m;
}
