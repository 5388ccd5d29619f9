/* mustache_parse.c - template text to nodes; see mustache.h. */
#include "tocsin/mustache.h"

#include <stdbool.h>
#include <string.h>

#include "handlers/text/mustache_node.h"
#include "tocsin/arena.h"
#include "tocsin/err.h"

#define DELIMITER_MAX 16
#define NODES_MAX 100000

struct parser {
	struct arena *arena;
	struct err *err;
	const char *name;
	unsigned first_line;
	const char *src;
	size_t len;
	size_t pos;        /* what comes before is compiled */
	size_t line_start; /* of the line that pos is in */
	char open[DELIMITER_MAX + 1];
	size_t open_len;
	char close[DELIMITER_MAX + 1];
	size_t close_len;
	struct node *nodes;
	size_t n, cap;
	uint32_t stack[MUSTACHE_SECTIONS_MAX]; /* sections that are open */
	unsigned depth;
	size_t place_at; /* the place that was asked for last: counting goes on from there */
	unsigned place_line, place_column;
};

/* One tag: where it begins and ends, its sign and what is between. */
struct tag {
	size_t start, end;
	char sign; /* 0 for a plain {{x}}, '{' for {{{x}}} */
	const char *body;
	size_t body_len;
	const char *close; /* what ends it, for error texts */
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

static void place(struct parser *p, size_t at, unsigned *line, unsigned *column)
{
	size_t i;

	if (at < p->place_at || !p->place_line) {
		p->place_at = 0;
		p->place_line = p->first_line;
		p->place_column = 1;
	}
	for (i = p->place_at; i < at && i < p->len; i++) {
		if (p->src[i] == '\n') {
			p->place_line++;
			p->place_column = 1;
		} else if (((unsigned char)p->src[i] & 0xc0) != 0x80) {
			p->place_column++;
		}
	}
	p->place_at = i;
	*line = p->place_line;
	*column = p->place_column;
}

/* Always -1. what is free of conversions from outside. */
static int fault(struct parser *p, size_t at, const char *what)
{
	unsigned line, column;

	place(p, at, &line, &column);
	return err_set(p->err, ERR_INVALID, "%s:%u:%u: %s", p->name, line, column, what);
}

/* A piece of template text that is safe in a one-line error. */
static const char *quoted(struct parser *p, const char *s, size_t len)
{
	char *copy;
	size_t i;

	if (len > 60)
		len = 60;
	copy = arena_strndup(p->arena, s, len);
	for (i = 0; i < len; i++)
		if ((unsigned char)copy[i] < 0x20 || copy[i] == 0x7f)
			copy[i] = ' ';
	return copy;
}

static struct node *node_add(struct parser *p, enum node_kind kind)
{
	struct node *n;

	if (p->n == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 32;
		struct node *more = ARENA_ARRAY(p->arena, struct node, cap);

		if (p->n)
			memcpy(more, p->nodes, p->n * sizeof(*more));
		p->nodes = more;
		p->cap = cap;
	}
	n = &p->nodes[p->n++];
	memset(n, 0, sizeof(*n));
	n->kind = kind;
	return n;
}

/* Text between from and to; line_start also where nothing but a tag begins the line. */
static void text_add(struct parser *p, size_t from, size_t to, bool line_start)
{
	struct node *n;

	if (from == to && !line_start)
		return;
	n = node_add(p, NODE_TEXT);
	place(p, from, &n->line, &n->column);
	n->line_start = line_start;
	n->text = p->src + from;
	n->len = to - from;
}

static size_t find(const struct parser *p, size_t from, const char *what, size_t what_len)
{
	const char *hit = from > p->len ? NULL
		: memmem(p->src + from, p->len - from, what, what_len);

	return hit ? (size_t)(hit - p->src) : p->len;
}

static void tag_trim(struct tag *t)
{
	while (t->body_len && is_space(t->body[0])) {
		t->body++;
		t->body_len--;
	}
	while (t->body_len && is_space(t->body[t->body_len - 1]))
		t->body_len--;
}

static int tag_unclosed(struct parser *p, const struct tag *t)
{
	return fault(p, t->start, arena_printf(p->arena,
		"this tag is never closed: write %s after its name", t->close));
}

/* Reads the tag at t->start. */
static int tag_read(struct parser *p, struct tag *t)
{
	size_t body = t->start + p->open_len, end;
	char ending[DELIMITER_MAX + 2];
	size_t ending_len = 0;

	t->sign = 0;
	if (body < p->len && strchr("!#^/>&={<$", p->src[body]) && p->src[body])
		t->sign = p->src[body++];
	if (t->sign == '{')
		ending[ending_len++] = '}';
	if (t->sign == '=')
		ending[ending_len++] = '=';
	memcpy(ending + ending_len, p->close, p->close_len + 1);
	ending_len += p->close_len;
	t->close = arena_strndup(p->arena, ending, ending_len);
	end = find(p, body, ending, ending_len);
	if (end == p->len)
		return tag_unclosed(p, t);
	t->body = p->src + body;
	t->body_len = end - body;
	t->end = end + ending_len;
	tag_trim(t);
	return 0;
}

/* Whether nothing else is on the line(s) of this tag; then *next is where the following line begins. */
static bool tag_standalone(const struct parser *p, const struct tag *t, size_t *next)
{
	size_t i;

	if (p->line_start < p->pos)
		return false; /* another tag is before it */
	for (i = p->line_start; i < t->start; i++)
		if (p->src[i] != ' ' && p->src[i] != '\t')
			return false;
	for (i = t->end; i < p->len && (p->src[i] == ' ' || p->src[i] == '\t'); i++)
		;
	if (i < p->len && p->src[i] == '\r' && i + 1 < p->len && p->src[i + 1] == '\n')
		i++;
	if (i < p->len && p->src[i] != '\n')
		return false;
	*next = i < p->len ? i + 1 : p->len;
	return true;
}

static int name_check(struct parser *p, const struct tag *t)
{
	size_t i;

	if (!t->body_len)
		return fault(p, t->start, "this tag names nothing: write a name between the braces");
	for (i = 0; i < t->body_len; i++)
		if (is_space(t->body[i]))
			return fault(p, t->start, arena_printf(p->arena,
				"a name has no spaces in it: write \"%.*s\" in one word",
				(int)(t->body_len > 60 ? 60 : t->body_len),
				quoted(p, t->body, t->body_len)));
	return 0;
}

static int name_split(struct parser *p, const struct tag *t, struct node *n)
{
	char *copy, *dot;
	size_t i;

	if (name_check(p, t) < 0)
		return -1;
	if (t->body_len == 1 && t->body[0] == '.')
		return 0;
	copy = arena_strndup(p->arena, t->body, t->body_len);
	n->n_parts = 1;
	for (i = 0; i < t->body_len; i++)
		n->n_parts += copy[i] == '.';
	n->parts = ARENA_ARRAY(p->arena, const char *, n->n_parts);
	for (i = 0; i < n->n_parts; i++) {
		n->parts[i] = copy;
		dot = strchr(copy, '.');
		if (dot) {
			*dot = '\0';
			copy = dot + 1;
		}
		if (!*n->parts[i])
			return fault(p, t->start, "a dot needs a name on both sides: {{person.name}}");
	}
	return 0;
}

static bool name_same(const struct node *a, const struct node *b)
{
	size_t i;

	if (a->n_parts != b->n_parts)
		return false;
	for (i = 0; i < a->n_parts; i++)
		if (strcmp(a->parts[i], b->parts[i]) != 0)
			return false;
	return true;
}

static const char *name_text(struct parser *p, const struct node *n)
{
	const char *s = n->n_parts ? n->parts[0] : ".";
	size_t i;

	for (i = 1; i < n->n_parts; i++)
		s = arena_printf(p->arena, "%s.%s", s, n->parts[i]);
	return quoted(p, s, strlen(s));
}

static int section_close(struct parser *p, const struct tag *t)
{
	struct node want = {0}, *open;

	if (name_split(p, t, &want) < 0)
		return -1;
	if (!p->depth)
		return fault(p, t->start, arena_printf(p->arena,
			"nothing is open here: remove %s/%s%s or write %s#%s%s before it", p->open,
			name_text(p, &want), p->close, p->open, name_text(p, &want), p->close));
	open = &p->nodes[p->stack[p->depth - 1]];
	if (!name_same(open, &want))
		return fault(p, t->start, arena_printf(p->arena,
			"this closes \"%s\", but \"%s\" of line %u is open: write %s/%s%s",
			name_text(p, &want), name_text(p, open), open->line, p->open,
			name_text(p, open), p->close));
	open->end = (uint32_t)p->n;
	p->depth--;
	return 0;
}

static int delimiters_set(struct parser *p, const struct tag *t)
{
	size_t a = 0, b;

	while (a < t->body_len && !is_space(t->body[a]))
		a++;
	for (b = a; b < t->body_len && is_space(t->body[b]); b++)
		;
	if (!a || b == t->body_len || memchr(t->body, '=', t->body_len))
		return fault(p, t->start,
			"new delimiters are two words without \"=\": write {{=<% %>=}}");
	if (a > DELIMITER_MAX || t->body_len - b > DELIMITER_MAX)
		return fault(p, t->start, "a delimiter is at most 16 bytes long: write a shorter one");
	if (memchr(t->body + b, ' ', t->body_len - b) || memchr(t->body + b, '\t', t->body_len - b) ||
		memchr(t->body + b, '\n', t->body_len - b))
		return fault(p, t->start, "these are more than two delimiters: write {{=<% %>=}}");
	p->open_len = a;
	memcpy(p->open, t->body, a);
	p->open[a] = '\0';
	p->close_len = t->body_len - b;
	memcpy(p->close, t->body + b, p->close_len);
	p->close[p->close_len] = '\0';
	return 0;
}

static int section_open(struct parser *p, const struct tag *t)
{
	if (p->depth == MUSTACHE_SECTIONS_MAX)
		return fault(p, t->start, "sections nest at most 32 deep: move some into a partial");
	p->stack[p->depth++] = (uint32_t)(p->n - 1);
	return 0;
}

/* A partial's name is one word, dots included ("incident/root.old"). */
static int partial_from_tag(struct parser *p, const struct tag *t)
{
	struct node *n = node_add(p, NODE_PARTIAL);
	const char **whole = ARENA_ARRAY(p->arena, const char *, 1);

	place(p, t->start, &n->line, &n->column);
	if (name_check(p, t) < 0)
		return -1;
	if (t->body[0] == '*')
		return fault(p, t->start, "dynamic names are not supported: name the partial itself");
	whole[0] = arena_strndup(p->arena, t->body, t->body_len);
	n->parts = whole;
	n->n_parts = 1;
	return 0;
}

/* A tag with a name that is looked up in the data. */
static int node_from_tag(struct parser *p, const struct tag *t, enum node_kind kind)
{
	struct node *n = node_add(p, kind);

	place(p, t->start, &n->line, &n->column);
	if (name_split(p, t, n) < 0)
		return -1;
	return kind == NODE_SECTION || kind == NODE_INVERTED ? section_open(p, t) : 0;
}

static int tag_compile(struct parser *p, const struct tag *t, size_t text_from, bool standalone)
{
	switch (t->sign) {
	case '!':
		return 0;
	case '=':
		return delimiters_set(p, t);
	case '#':
		return node_from_tag(p, t, NODE_SECTION);
	case '^':
		return node_from_tag(p, t, NODE_INVERTED);
	case '/':
		return section_close(p, t);
	case '>':
		if (partial_from_tag(p, t) < 0)
			return -1;
		if (standalone) {
			p->nodes[p->n - 1].text = p->src + text_from;
			p->nodes[p->n - 1].len = t->start - text_from;
		}
		return 0;
	case '<':
	case '$':
		return fault(p, t->start, "inheritance is not supported: use a partial, {{>name}}");
	default:
		return node_from_tag(p, t, t->sign ? NODE_RAW : NODE_VALUE);
	}
}

/* Compiles the text before the tag at `start`, and the tag. */
static int step(struct parser *p, size_t start)
{
	struct tag t = {.start = start};
	size_t i, next, text_end = start;
	bool standalone, at_line_start;
	char sign;

	if (p->n >= NODES_MAX)
		return fault(p, start, "this template has too many tags");
	if (tag_read(p, &t) < 0)
		return -1;
	at_line_start = p->line_start == p->pos;
	for (i = p->pos; i < start; i++)
		if (p->src[i] == '\n') {
			/* A text node may hold many lines; the last one gets a node of its own, because
			 * a standalone tag takes its white space away. */
			p->line_start = i + 1;
		}
	sign = t.sign;
	standalone = sign && strchr("!#^/>=", sign) && tag_standalone(p, &t, &next);
	if (standalone)
		text_end = p->line_start;
	if (p->line_start > p->pos && text_end >= p->line_start) {
		text_add(p, p->pos, p->line_start, at_line_start);
		if (!standalone)
			text_add(p, p->line_start, text_end, true);
	} else if (!standalone) {
		text_add(p, p->pos, text_end, at_line_start);
	}
	if (tag_compile(p, &t, p->line_start, standalone) < 0)
		return -1;
	p->pos = standalone ? next : t.end;
	if (standalone)
		p->line_start = next;
	return 0;
}

struct mustache *mustache_parse_at(struct arena *a, const char *name, unsigned line,
	const char *text, size_t len, struct err *e)
{
	struct parser p = {.arena = a, .err = e, .first_line = line, .len = len,
		.open = "{{", .open_len = 2, .close = "}}", .close_len = 2};
	struct mustache *m;
	size_t start;

	p.name = arena_strdup(a, name);
	p.src = arena_strndup(a, text, len);
	while ((start = find(&p, p.pos, p.open, p.open_len)) < p.len)
		if (step(&p, start) < 0)
			return NULL;
	/* A text node of many lines ends with the text: what begins at pos ends at the end. */
	text_add(&p, p.pos, p.len, p.line_start == p.pos && p.pos < p.len);
	if (p.depth) {
		const struct node *open = &p.nodes[p.stack[p.depth - 1]];

		err_set(e, ERR_INVALID, "%s:%u:%u: section \"%s\" is never closed: write %s/%s%s",
			p.name, open->line, open->column, name_text(&p, open), p.open,
			name_text(&p, open), p.close);
		return NULL;
	}
	m = ARENA_NEW(a, struct mustache);
	m->name = p.name;
	m->nodes = p.nodes;
	m->n = (uint32_t)p.n;
	return m;
}

struct mustache *mustache_parse(struct arena *a, const char *name, const char *text, size_t len,
	struct err *e)
{
	return mustache_parse_at(a, name, 1, text, len, e);
}

void mustache_each_partial(const struct mustache *m,
	void (*fn)(void *ctx, const char *name, unsigned line, unsigned column), void *ctx)
{
	uint32_t i;

	for (i = 0; i < m->n; i++)
		if (m->nodes[i].kind == NODE_PARTIAL)
			fn(ctx, m->nodes[i].parts[0], m->nodes[i].line, m->nodes[i].column);
}
