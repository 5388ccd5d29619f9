/*
 * slack_render.c - the message as Block Kit, within every limit that Slack has (6.1 to 6.3 of its
 * reference): blocks, units in all of them together, and each text.
 *
 * Header, buttons and the closing context line matter more than text: room is kept for them from
 * the start, and a message that is too long loses text before it loses them.
 */
#include "tocsin/render.h"

#include <string.h>

#include "handlers/text/render_common.h"
#include "handlers/text/slack_mrkdwn.h"
#include "handlers/text/slack_object.h"
#include "tocsin/arena.h"
#include "tocsin/json_out.h"
#include "tocsin/utf8.h"

#define BLOCKS_MAX 50
#define UNITS_MAX 9900 /* of all blocks together: Slack refuses somewhere above 11,000 */
#define FALLBACK_UNITS 3900
#define HEADER_UNITS 150
#define SECTION_UNITS 3000
#define FIELD_UNITS 2000
#define FIELDS_MAX 10
#define CONTEXT_UNITS ((size_t)1000)
#define COMMAND_UNITS 1900
#define BUTTONS_A_ROW 5
#define KEPT_ROWS 20   /* of buttons: room is kept for so many */
#define KEPT_UNITS 5000
#define LEAST_UNITS 40 /* less room than this is not worth a piece of text */

struct slack {
	struct json_out *j;
	const struct render_options *o;
	struct render_result *r;
	struct arena *arena;
	size_t blocks, units; /* still free; of these is kept for what matters more: */
	struct room { size_t blocks, units; } note, context, rows;
	struct mrkdwn text;             /* the run of text blocks that is open */
	bool in_text;
};

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t units_free(const struct slack *s)
{
	size_t blocks = s->note.blocks + s->context.blocks + s->rows.blocks;
	size_t units = s->note.units + s->context.units + s->rows.units;

	return s->blocks <= blocks || s->units <= units ? 0 : s->units - units;
}

static void block_open(struct slack *s, const char *type, size_t units)
{
	s->blocks--;
	s->units -= min(units, s->units);
	json_out_object(s->j, NULL);
	json_out_str(s->j, "type", type);
}

static void mrkdwn_object(struct slack *s, const char *key, const char *text, size_t len)
{
	json_out_object(s->j, key);
	json_out_str(s->j, "type", "mrkdwn");
	json_out_strn(s->j, "text", text, len);
	json_out_bool(s->j, "verbatim", true);
	json_out_object_end(s->j);
}

/* --- text ------------------------------------------------------------------------------------------ */

static size_t text_limit(const struct slack *s)
{
	size_t n = units_free(s);

	return n < LEAST_UNITS ? 0 : min(n, SECTION_UNITS);
}

static size_t section_add(void *ctx, const char *text, size_t units)
{
	struct slack *s = ctx;

	block_open(s, "section", units);
	mrkdwn_object(s, "text", text, strlen(text));
	json_out_object_end(s->j);
	return text_limit(s);
}

static void text_close(struct slack *s)
{
	if (!s->in_text)
		return;
	s->in_text = false;
	mrkdwn_end(&s->text);
	if (s->text.full)
		s->r->shortened = true;
}

static bool text_open(struct slack *s)
{
	size_t limit = text_limit(s);

	if (s->in_text)
		return !s->text.full;
	if (!limit) {
		s->r->shortened = true;
		return false;
	}
	mrkdwn_init(&s->text, s->o, s->arena, limit);
	s->text.piece = section_add;
	s->text.ctx = s;
	s->in_text = true;
	return true;
}

static void item_add(struct mrkdwn *w, const struct block *b)
{
	unsigned i;
	char number[16];

	for (i = 0; i < b->depth; i++)
		mrkdwn_text(w, "    ", 4);
	if (b->task != TASK_NONE)
		mrkdwn_text(w, b->task == TASK_DONE ? "\xe2\x98\x91 " : "\xe2\x98\x90 ", 4);
	else if (b->number)
		mrkdwn_text(w, number, (size_t)snprintf(number, sizeof(number), "%u. ", b->number));
	else
		mrkdwn_text(w, "\xe2\x80\xa2 ", 4);
	mrkdwn_spans(w, b->spans);
}

static void table_add(struct mrkdwn *w, const struct block *b)
{
	const struct row *row;
	unsigned i;

	for (row = b->rows; row; row = row->next) {
		if (row != b->rows)
			mrkdwn_break(w);
		for (i = 0; i < b->columns; i++) {
			struct span bold = {.kind = SPAN_BOLD, .children = row->cells[i]};

			if (i)
				mrkdwn_text(w, " | ", 3);
			mrkdwn_spans(w, row->head ? &bold : row->cells[i]);
		}
	}
}

static void text_add(struct slack *s, const struct block *b, const struct block *before)
{
	struct span bold = {.kind = SPAN_BOLD, .children = b->spans};
	struct mrkdwn *w = &s->text;

	if (!text_open(s))
		return;
	if (before) {
		mrkdwn_break(w);
		if (before->kind != BLOCK_ITEM || b->kind != BLOCK_ITEM)
			mrkdwn_break(w);
	}
	switch (b->kind) {
	case BLOCK_HEADING:
		mrkdwn_spans(w, &bold);
		break;
	case BLOCK_ITEM:
		item_add(w, b);
		break;
	case BLOCK_QUOTE:
		mrkdwn_quote(w, b->spans);
		break;
	case BLOCK_TABLE:
		table_add(w, b);
		break;
	default:
		mrkdwn_spans(w, b->spans);
		break;
	}
}

/* One piece of a code block: as many whole lines as fit, or a part of a line. Returns its bytes. */
static size_t code_piece(struct buf *out, const char *code, size_t len, size_t limit)
{
	size_t i = 0, n, units = 0, take, line_end = 0, line_len = 0, ticks = 0;
	bool split;

	while (i < len) {
		n = utf8_length(code + i, len - i);
		n = n ? n : 1;
		take = code[i] == '&' ? 5 : code[i] == '<' || code[i] == '>' ? 4 : n == 4 ? 2 : 1;
		ticks = code[i] == '`' ? ticks + 1 : 0;
		split = ticks == 3; /* three in a row would end the block */
		if (units + take + split > limit)
			break;
		if (code[i] == '\n') {
			line_end = i + 1;
			line_len = out->len;
		}
		if (split) {
			buf_str(out, "\xe2\x80\x8b");
			ticks = 1;
		}
		slack_escape(out, code + i, n, 8);
		units += take + split;
		i += n;
	}
	if (i == len || !line_end)
		return i;
	buf_truncate(out, line_len);
	return line_end;
}

static void code_add(struct slack *s, const char *code)
{
	size_t limit, used, len = strlen(code);
	struct buf out;

	while (len) {
		limit = text_limit(s);
		if (!limit) {
			s->r->shortened = true;
			return;
		}
		buf_init_arena(&out, s->arena, 32768);
		buf_str(&out, "```\n");
		used = code_piece(&out, code, len, limit - 8);
		buf_str(&out, "\n```");
		section_add(s, buf_text(&out), utf16_units(buf_text(&out), out.len));
		code += used;
		len -= used;
	}
}

/* --- fields ---------------------------------------------------------------------------------------- */

static size_t field_text(struct slack *s, const struct row *row, size_t limit, struct buf *out)
{
	struct span bold = {.kind = SPAN_BOLD, .children = row->cells[0]};
	struct mrkdwn w;

	mrkdwn_init(&w, s->o, s->arena, limit);
	if (row->cells[0])
		mrkdwn_spans(&w, &bold);
	if (row->cells[0] && row->cells[1])
		mrkdwn_break(&w);
	mrkdwn_spans(&w, row->cells[1]);
	mrkdwn_end(&w);
	if (w.full)
		s->r->shortened = true;
	*out = w.text;
	return w.units;
}

/* Up to ten fields in one section. Returns the first row that is left. */
static const struct row *fields_section(struct slack *s, const struct row *row)
{
	struct buf texts[FIELDS_MAX];
	size_t n = 0, units = 0, i, free_units = units_free(s), limit;

	for (; row && n < FIELDS_MAX; row = row->next) {
		limit = min(FIELD_UNITS, free_units > units ? free_units - units : 0);
		if (limit < LEAST_UNITS) {
			s->r->shortened = true;
			while (row)
				row = row->next;
			break;
		}
		units += field_text(s, row, limit, &texts[n]);
		if (texts[n].len)
			n++;
	}
	if (!n)
		return row;
	block_open(s, "section", units);
	json_out_array(s->j, "fields");
	for (i = 0; i < n; i++)
		mrkdwn_object(s, NULL, buf_text(&texts[i]), texts[i].len);
	json_out_array_end(s->j);
	json_out_object_end(s->j);
	return row;
}

/* --- header, context, buttons ------------------------------------------------------------------------ */

/* Blanks only would be refused. */
static bool says_something(const char *s)
{
	return s[strspn(s, " \t\n")] != '\0';
}

static void header_add(struct slack *s, const struct block *b)
{
	struct buf plain, out;
	size_t i;

	buf_init_arena(&plain, s->arena, 65536);
	render_spans_text(s->o, b->spans, &plain);
	for (i = 0; i < plain.len; i++)
		if (plain.data[i] == '\n')
			plain.data[i] = ' ';
	if (!says_something(buf_text(&plain)) || !s->blocks)
		return;
	buf_init_arena(&out, s->arena, 4096);
	slack_plain(&out, buf_text(&plain), HEADER_UNITS);
	block_open(s, "header", utf16_units(buf_text(&out), out.len));
	slack_plain_object(s->j, s->arena, "text", buf_text(&plain), HEADER_UNITS);
	json_out_object_end(s->j);
}

static void context_block(struct slack *s, const struct buf *text, size_t units)
{
	block_open(s, "context", units);
	json_out_array(s->j, "elements");
	mrkdwn_object(s, NULL, buf_text(text), text->len);
	json_out_array_end(s->j);
	json_out_object_end(s->j);
}

static void context_add(struct slack *s, const struct block *b)
{
	struct mrkdwn w;
	size_t limit = min(units_free(s), CONTEXT_UNITS * 2);

	if (limit < LEAST_UNITS) {
		s->r->shortened = true;
		return;
	}
	mrkdwn_init(&w, s->o, s->arena, limit);
	mrkdwn_spans(&w, b->spans);
	mrkdwn_end(&w);
	if (w.full)
		s->r->shortened = true;
	if (w.text.len)
		context_block(s, &w.text, w.units);
}

static size_t button_units(const struct button *bt)
{
	size_t n = min(utf16_units(bt->label, strlen(bt->label)) * 5, SLACK_BUTTON_UNITS);

	n += utf16_units(bt->command, strlen(bt->command));
	return n + (bt->confirm ? min(utf16_units(bt->confirm, strlen(bt->confirm)) * 5, 300) + 160 : 0);
}

static bool button_good(const struct button *bt)
{
	return *bt->command && utf16_units(bt->command, strlen(bt->command)) <= COMMAND_UNITS;
}

static void confirm_add(struct slack *s, const struct button *bt)
{
	const struct phrases *p = s->o->phrases;

	json_out_object(s->j, "confirm");
	slack_plain_object(s->j, s->arena, "title", phrase(p ? p->confirm_title : NULL, "?"), 100);
	slack_plain_object(s->j, s->arena, "text", bt->confirm, 300);
	slack_plain_object(s->j, s->arena, "confirm", phrase(p ? p->confirm_yes : NULL, "\xe2\x9c\x93"), 30);
	slack_plain_object(s->j, s->arena, "deny", phrase(p ? p->confirm_no : NULL, "\xe2\x9c\x95"), 30);
	if (bt->danger)
		json_out_str(s->j, "style", "danger");
	json_out_object_end(s->j);
}

static void button_add(struct slack *s, const struct button *bt, unsigned nth)
{
	char id[16] = "do";

	if (nth > 1)
		snprintf(id, sizeof(id), "do#%u", nth);
	json_out_object(s->j, NULL);
	json_out_str(s->j, "type", "button");
	json_out_str(s->j, "action_id", id);
	slack_plain_object(s->j, s->arena, "text", says_something(bt->label) ? bt->label : bt->command,
		SLACK_BUTTON_UNITS);
	json_out_str(s->j, "value", bt->command);
	if (bt->primary || bt->danger)
		json_out_str(s->j, "style", bt->primary ? "primary" : "danger");
	if (bt->confirm)
		confirm_add(s, bt);
	json_out_object_end(s->j);
}

/* The next row of buttons: how many, what they take, and where the row after it begins. */
static const struct button *row_measure(const struct button *bt, size_t *n, size_t *units)
{
	*n = *units = 0;
	for (; bt && *n < BUTTONS_A_ROW; bt = bt->next) {
		if (!button_good(bt))
			continue;
		*units += button_units(bt);
		(*n)++;
	}
	return bt;
}

static void buttons_add(struct slack *s, const struct block *b)
{
	const struct button *bt = b->buttons, *next;
	size_t n, units;
	unsigned nth;

	for (; bt; bt = next) {
		next = row_measure(bt, &n, &units);
		s->rows.blocks -= min(n ? 1 : 0, s->rows.blocks);
		s->rows.units -= min(units, s->rows.units);
		if (n && units <= units_free(s)) {
			block_open(s, "actions", units);
			json_out_array(s->j, "elements");
		} else if (n) {
			n = 0; /* no room: they are all counted */
		}
		for (nth = 1; bt != next; bt = bt->next) {
			if (n && button_good(bt))
				button_add(s, bt, nth++);
			else
				s->r->dropped_buttons++;
		}
		if (n) {
			json_out_array_end(s->j);
			json_out_object_end(s->j);
		}
	}
}

/* --- the whole --------------------------------------------------------------------------------------- */

/* What ends a shortened message. */
static size_t note_make(struct slack *s, struct buf *out)
{
	const struct phrases *p = s->o->phrases;
	const char *url = s->o->full_text_url, *label = phrase(p ? p->full_text : NULL, url);

	buf_init_arena(out, s->arena, 8192);
	slack_escape(out, phrase(p ? p->shortened : NULL, "\xe2\x80\xa6"),
		strlen(phrase(p ? p->shortened : NULL, "\xe2\x80\xa6")), 300);
	if (url && strlen(url) <= 2000 && !strpbrk(url, "<>| \n")) {
		buf_str(out, " <");
		slack_escape(out, url, strlen(url), 10000);
		buf_char(out, '|');
		slack_escape(out, label, strlen(label), 100);
		buf_char(out, '>');
	}
	return utf16_units(buf_text(out), out->len);
}

static void keep_room(struct slack *s, const struct message *m, size_t note_units)
{
	const struct block *b;
	const struct button *bt;
	size_t n, units;

	s->note = (struct room){1, note_units};
	for (b = m->blocks; b; b = b->next) {
		if (b->kind == BLOCK_CONTEXT)
			s->context = (struct room){1, CONTEXT_UNITS};
		for (bt = b->buttons; bt && s->rows.blocks < KEPT_ROWS;) {
			bt = row_measure(bt, &n, &units);
			if (!n || s->rows.units + units > KEPT_UNITS)
				continue;
			s->rows.blocks++;
			s->rows.units += units;
		}
	}
}

static bool is_text(enum block_kind kind)
{
	return kind == BLOCK_TEXT || kind == BLOCK_ITEM || kind == BLOCK_HEADING ||
		kind == BLOCK_QUOTE || kind == BLOCK_TABLE;
}

static void block_add(struct slack *s, const struct block *b, const struct block *before)
{
	const struct row *row;

	if (is_text(b->kind)) {
		text_add(s, b, before && is_text(before->kind) ? before : NULL);
		return;
	}
	text_close(s);
	switch (b->kind) {
	case BLOCK_HEADER:
		header_add(s, b);
		break;
	case BLOCK_CODE:
		code_add(s, b->code);
		break;
	case BLOCK_FIELDS:
		for (row = b->rows; row;)
			row = fields_section(s, row);
		break;
	case BLOCK_DIVIDER:
		if (units_free(s)) {
			block_open(s, "divider", 0);
			json_out_object_end(s->j);
		}
		break;
	case BLOCK_CONTEXT:
		s->context.blocks = s->context.units = 0;
		context_add(s, b);
		break;
	case BLOCK_BUTTONS:
		buttons_add(s, b);
		break;
	default:
		break;
	}
}

static void fallback_add(struct slack *s, const struct message *m)
{
	struct render_options o = *s->o;
	struct buf plain, out;

	o.no_buttons = true;
	o.max_units = FALLBACK_UNITS;
	buf_init_arena(&plain, s->arena, 1024 * 1024);
	text_render(m, &o, &plain);
	buf_init_arena(&out, s->arena, 65536);
	slack_plain(&out, says_something(buf_text(&plain)) ? buf_text(&plain) : "\xe2\x80\xa6",
		FALLBACK_UNITS);
	json_out_strn(s->j, "text", buf_text(&out), out.len);
}

void slack_render_members(const struct message *m, const struct render_options *o,
	struct json_out *j, struct render_result *r)
{
	struct render_result own;
	struct slack s = {.j = j, .o = o ? o : &render_defaults, .r = r ? r : &own,
		.arena = m->arena, .blocks = BLOCKS_MAX, .units = UNITS_MAX};
	const struct block *b, *before = NULL;
	struct buf note;
	size_t note_units = note_make(&s, &note);

	memset(s.r, 0, sizeof(*s.r));
	fallback_add(&s, m);
	keep_room(&s, m, note_units);
	json_out_array(j, "blocks");
	for (b = m->blocks; b; b = b->next) {
		block_add(&s, b, before);
		before = b;
	}
	text_close(&s);
	if (s.r->shortened && s.blocks)
		context_block(&s, &note, note_units);
	json_out_array_end(j);
}

void slack_render(const struct message *m, const struct render_options *o, struct buf *out,
	struct render_result *r)
{
	struct json_out j;

	json_out_init(&j, out);
	json_out_object(&j, NULL);
	slack_render_members(m, o, &j, r);
	json_out_object_end(&j);
}
