/* markdown_render.c - the message as Markdown that reads the same: timelines, post-mortems. */
#include "tocsin/render.h"

#include <string.h>

#include "handlers/text/render_common.h"
#include "tocsin/arena.h"
#include "tocsin/form.h"

#define LANG_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-."

struct md {
	const struct render_options *o;
	struct buf *out;
	struct arena *arena;
	const char *line;  /* what a new line begins with: "> ", "  " or "" */
	size_t line_start; /* out->len where the content of this line began */
	bool in_cell;      /* no new lines there, and "|" ends it */
};

static bool alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(unsigned char)c >= 0x80;
}

/* Digits only from the start of the line to here, and some. */
static bool after_digits(const char *s, size_t at, bool line_start)
{
	size_t i;

	for (i = 0; i < at && s[i] >= '0' && s[i] <= '9'; i++)
		;
	return line_start && at && i == at;
}

/*
 * Whether the character at `at` would be markup where it stands. People read this text as it is, so
 * nothing is escaped without need (escape_add() must be right at any place; this knows the place).
 */
static bool active(const struct md *m, const char *s, size_t at, size_t len, bool line_start)
{
	char before = at ? s[at - 1] : 0, next = at + 1 < len ? s[at + 1] : 0;

	switch (s[at]) {
	case '\\': case '`': case '*': case '[': case ']': case '<': case '~':
		return true;
	case '_':
		return !(alnum(before) && alnum(next));
	case '|':
		return m->in_cell;
	case '!':
		return !next;
	case '&':
		return alnum(next) || next == '#';
	case ':':
		return next == '/' || !next;
	case '#':
		return !before || !next || before == '#' || before == ' ';
	case '>': case '-': case '+': case '=':
		return !at && line_start;
	case '.':
		return after_digits(s, at, line_start) ||
			(at >= 3 && strncasecmp(s + at - 3, "www", 3) == 0);
	case ')':
		return after_digits(s, at, line_start);
	default:
		return false;
	}
}

static void text_add(struct md *m, const char *s, size_t len)
{
	bool line_start = m->out->len == m->line_start;
	size_t i;

	for (i = 0; i < len; i++) {
		if (s[i] == ' ' && i == 0 && line_start) {
			buf_str(m->out, "&#32;");
			continue;
		}
		if (s[i] == '\t') {
			buf_str(m->out, "&#9;");
			continue;
		}
		if (active(m, s, i, len, line_start))
			buf_char(m->out, '\\');
		buf_char(m->out, s[i]);
	}
}

static void str_add(struct md *m, const char *s)
{
	text_add(m, s, strlen(s));
}

static void url_add(struct md *m, const char *url)
{
	const char *p;

	buf_str(m->out, strpbrk(url, "()") ? "](<" : "](");
	for (p = url; *p; p++) {
		if (*p == '&')
			buf_str(m->out, "&amp;");
		else
			buf_char(m->out, *p);
	}
	buf_str(m->out, strpbrk(url, "()") ? ">)" : ")");
}

/* A run of back-ticks longer than any in the code, at least `least`. */
static void fence(struct buf *out, const char *code, size_t len, size_t least)
{
	size_t i, run = 0, longest = 0;

	for (i = 0; i < len; i++) {
		run = code[i] == '`' ? run + 1 : 0;
		if (run > longest)
			longest = run;
	}
	longest = longest + 1 > least ? longest + 1 : least;
	while (longest-- > 0)
		buf_char(out, '`');
}

static void code_add(struct md *m, const struct span *s)
{
	bool edge;

	if (!s->len)
		return;
	if (m->in_cell && memchr(s->text, '|', s->len)) {
		text_add(m, s->text, s->len);
		return;
	}
	edge = s->text[0] == '`' || s->text[s->len - 1] == '`' ||
		(s->text[0] == ' ' && s->text[s->len - 1] == ' ');
	fence(m->out, s->text, s->len, 1);
	if (edge)
		buf_char(m->out, ' ');
	buf_add(m->out, s->text, s->len);
	if (edge)
		buf_char(m->out, ' ');
	fence(m->out, s->text, s->len, 1);
}

static void spans_add(struct md *m, const struct span *s);

/* White space goes outside the marks: inside it would keep them from being marks. */
static void marked(struct md *m, const char *mark, const struct span *s)
{
	struct buf inner, *out = m->out;
	size_t lead, len, line_start = m->line_start;
	const char *text;

	buf_init_arena(&inner, m->arena, 4 * 1024 * 1024);
	m->out = &inner;
	m->line_start = out->len == line_start ? 0 : (size_t)-1;
	spans_add(m, s);
	m->out = out;
	m->line_start = line_start;
	text = buf_text(&inner);
	lead = strspn(text, " ");
	for (len = inner.len; len > lead && text[len - 1] == ' '; len--)
		;
	buf_add(out, text, lead);
	if (len > lead) {
		buf_str(out, mark);
		buf_add(out, text + lead, len - lead);
		buf_str(out, mark);
	}
	buf_add(out, text + len, inner.len - len);
}

static void escaped(struct md *m, void (*fn)(const struct render_options *, const struct span *,
	struct buf *), const struct span *s)
{
	struct buf small;

	buf_init_arena(&small, m->arena, 65536);
	fn(m->o, s, &small);
	text_add(m, buf_text(&small), small.len);
}

static void link_add(struct md *m, const struct span *s)
{
	buf_char(m->out, '[');
	if (s->children)
		spans_add(m, s->children);
	else
		str_add(m, s->target);
	url_add(m, s->target);
}

static void spans_add(struct md *m, const struct span *s)
{
	for (; s; s = s->next) {
		switch (s->kind) {
		case SPAN_BREAK:
			if (m->in_cell) {
				buf_str(m->out, "&#10;");
				break;
			}
			buf_str(m->out, "\\\n");
			buf_str(m->out, m->line);
			m->line_start = m->out->len;
			break;
		case SPAN_CODE:
			code_add(m, s);
			break;
		case SPAN_BOLD:
			marked(m, "**", s->children);
			break;
		case SPAN_ITALIC:
			marked(m, "*", s->children);
			break;
		case SPAN_STRIKE:
			marked(m, "~~", s->children);
			break;
		case SPAN_LINK:
			link_add(m, s);
			break;
		case SPAN_PERSON: case SPAN_USER: case SPAN_CHANNEL:
			escaped(m, render_mention_text, s);
			break;
		case SPAN_TIME:
			escaped(m, render_time_text, s);
			break;
		default:
			text_add(m, s->text, s->len);
			break;
		}
	}
}

static void item_add(struct md *m, const struct block *b)
{
	unsigned i;

	for (i = 0; i < b->depth; i++)
		buf_str(m->out, "    ");
	if (b->number)
		buf_printf(m->out, "%u. ", b->number);
	else
		buf_str(m->out, "- ");
	if (b->task != TASK_NONE)
		buf_str(m->out, b->task == TASK_DONE ? "[x] " : "[ ] ");
	m->line = "  ";
	m->line_start = m->out->len;
	spans_add(m, b->spans);
	m->line = "";
}

static void rule_add(struct md *m, unsigned columns)
{
	while (columns-- > 0)
		buf_str(m->out, "|---");
	buf_str(m->out, "|\n");
}

static void rows_add(struct md *m, const struct block *b)
{
	const struct row *row = b->rows;
	unsigned i;

	m->in_cell = true;
	if (!row || !row->head) {
		for (i = 0; i < b->columns; i++)
			buf_str(m->out, "| ");
		buf_str(m->out, "|\n");
		rule_add(m, b->columns);
	}
	for (; row; row = row->next) {
		for (i = 0; i < b->columns; i++) {
			buf_str(m->out, i ? " | " : "| ");
			spans_add(m, row->cells[i]);
		}
		buf_str(m->out, " |\n");
		if (row->head)
			rule_add(m, b->columns);
	}
	m->in_cell = false;
	buf_truncate(m->out, m->out->len - 1);
}

static void code_block_add(struct md *m, const struct block *b)
{
	size_t len = strlen(b->code);

	fence(m->out, b->code, len, 3);
	buf_add(m->out, b->lang, strspn(b->lang, LANG_CHARACTERS));
	buf_char(m->out, '\n');
	buf_add(m->out, b->code, len);
	if (len)
		buf_char(m->out, '\n');
	fence(m->out, b->code, len, 3);
}

/* A button cannot be pressed here: its command is shown. */
static void buttons_add(struct md *m, const struct block *b)
{
	const struct button *bt;
	const char *url;

	for (bt = b->buttons; bt; bt = bt->next) {
		struct span code = {.kind = SPAN_CODE, .text = bt->command, .len = strlen(bt->command)};

		if (bt != b->buttons)
			buf_str(m->out, " \xc2\xb7 ");
		url = m->o->button_url ? m->o->button_url(m->o->button_ctx, bt->command) : NULL;
		if (url) {
			buf_char(m->out, '[');
			str_add(m, bt->label);
			url_add(m, url);
		} else {
			str_add(m, bt->label);
			buf_str(m->out, ": ");
			code.text = arena_printf(m->arena, "/%s", bt->command);
			code.len++;
			code_add(m, &code);
		}
	}
}

static void heading_add(struct md *m, unsigned level, const struct span *s)
{
	while (level-- > 0)
		buf_char(m->out, '#');
	buf_char(m->out, ' ');
	m->line_start = m->out->len;
	m->in_cell = true; /* a heading is one line */
	spans_add(m, s);
	m->in_cell = false;
}

static void block_add(struct md *m, const struct block *b)
{
	switch (b->kind) {
	case BLOCK_HEADER: case BLOCK_HEADING:
		heading_add(m, b->depth ? b->depth : 1, b->spans);
		break;
	case BLOCK_ITEM:
		item_add(m, b);
		break;
	case BLOCK_QUOTE: case BLOCK_CONTEXT:
		m->line = "> ";
		buf_str(m->out, "> ");
		m->line_start = m->out->len;
		spans_add(m, b->spans);
		m->line = "";
		break;
	case BLOCK_CODE:
		code_block_add(m, b);
		break;
	case BLOCK_FIELDS: case BLOCK_TABLE:
		rows_add(m, b);
		break;
	case BLOCK_DIVIDER:
		buf_str(m->out, "---");
		break;
	case BLOCK_BUTTONS:
		buttons_add(m, b);
		break;
	case BLOCK_INPUT:
		str_add(m, b->field->label);
		break;
	default:
		spans_add(m, b->spans);
		break;
	}
}

void markdown_render(const struct message *msg, const struct render_options *o, struct buf *out)
{
	struct md m = {.o = o ? o : &render_defaults, .out = out, .arena = msg->arena, .line = ""};
	const struct block *b, *before = NULL;

	for (b = msg->blocks; b; b = b->next) {
		if (b->kind == BLOCK_BUTTONS && m.o->no_buttons)
			continue;
		if (before)
			buf_str(out, before->kind == BLOCK_ITEM && b->kind == BLOCK_ITEM ? "\n" : "\n\n");
		m.line_start = out->len;
		block_add(&m, b);
		before = b;
	}
	if (before)
		buf_char(out, '\n');
}
