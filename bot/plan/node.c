/* node.c - see node.h. libyaml's events, so that every bound holds while reading. */
#include "bot/plan/node.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "bot/plan/plan_load.h"
#include "bot/plan/value.h"
#include "tocsin/arena.h"
#include "tocsin/utf8.h"

struct frame {
	struct node *node;
	size_t n, cap;   /* of node->items; a map's keys count too */
	bool bad_key;    /* the key that was read last is unusable: its value is dropped */
};

struct anchor {
	const char *name;
	struct node *node;
};

struct reader {
	struct arena *arena;
	struct plan_report *report;
	const char *file;
	size_t *nodes_used;
	struct frame stack[PLAN_DEPTH_MAX];
	size_t depth;
	struct anchor anchors[PLAN_ANCHORS_MAX];
	size_t n_anchors;
	struct node *root;
	bool stop;
};

static void fault(struct reader *rd, yaml_mark_t at, const char *what, const char *mend)
{
	plan_report_add(rd->report, FINDING_ERROR, rd->file, (unsigned)at.line + 1,
		(unsigned)at.column + 1, what, mend);
}

static void fatal(struct reader *rd, yaml_mark_t at, const char *what, const char *mend)
{
	fault(rd, at, what, mend);
	rd->stop = true;
}

/* How many so far, aliases as copies: the bound on what walking the tree may cost. */
static bool count_nodes(struct reader *rd, size_t n, yaml_mark_t at)
{
	*rd->nodes_used += n;
	if (*rd->nodes_used <= PLAN_NODES_MAX)
		return true;
	fatal(rd, at,
		arena_printf(rd->report->arena, "the plan has more than %d values", PLAN_NODES_MAX),
		"aliases count as often as they are used: write fewer of them");
	return false;
}

static struct node *new_node(struct reader *rd, enum node_kind kind, const yaml_event_t *e)
{
	struct node *n = ARENA_NEW(rd->arena, struct node);

	n->kind = kind;
	n->file = rd->file;
	n->line = (unsigned)e->start_mark.line + 1;
	n->column = (unsigned)e->start_mark.column + 1;
	n->line2 = (unsigned)e->end_mark.line + 1;
	n->column2 = (unsigned)e->end_mark.column + 1;
	n->text = "";
	n->weight = 1;
	count_nodes(rd, 1, e->start_mark);
	return n;
}

static void push_item(struct reader *rd, struct frame *f, struct node *item)
{
	if (f->n == f->cap) {
		size_t cap = f->cap ? f->cap * 2 : 8;
		struct node **items = ARENA_ARRAY(rd->arena, struct node *, cap);

		if (f->n)
			memcpy(items, f->node->items, f->n * sizeof(*items));
		f->node->items = items;
		f->cap = cap;
	}
	f->node->items[f->n++] = item;
}

/* A complete value (or a map or list that just begins) goes where it belongs. */
static void place_node(struct reader *rd, struct node *n, yaml_mark_t at)
{
	struct frame *f = rd->depth ? &rd->stack[rd->depth - 1] : NULL;

	if (!f) {
		rd->root = n;
		return;
	}
	if (f->node->kind == NODE_MAP && f->n % 2 == 0 && !f->bad_key) {
		if (n->kind != NODE_SCALAR) {
			fault(rd, at, "a key must be text",
				"write the key as one word; a value that begins with { or [ needs a "
				"key before it, or quotes");
			f->bad_key = true;
			return;
		}
		if (strcmp(n->text, "<<") == 0 && !n->quoted) {
			fault(rd, at, "merge keys (<<) are not part of the plan language",
				"write the keys out, or use an alias for the whole value");
			f->bad_key = true;
			return;
		}
	} else if (f->bad_key) {
		f->bad_key = false;
		return;
	}
	push_item(rd, f, n);
}

static void remember_anchor(struct reader *rd, const yaml_char_t *name, struct node *n,
	yaml_mark_t at)
{
	if (!name)
		return;
	if (rd->n_anchors == PLAN_ANCHORS_MAX) {
		fatal(rd, at,
			arena_printf(rd->report->arena, "there are more than %d anchors (&name) in one file",
				PLAN_ANCHORS_MAX),
			"write fewer of them");
		return;
	}
	rd->anchors[rd->n_anchors].name = arena_strdup(rd->arena, (const char *)name);
	rd->anchors[rd->n_anchors++].node = n;
}

static void check_tag(struct reader *rd, const yaml_char_t *tag, yaml_mark_t at)
{
	if (tag && strncmp((const char *)tag, "tag:yaml.org,2002:", 18) != 0 &&
		strcmp((const char *)tag, "!") != 0)
		fault(rd, at, "tags (!name) are not part of the plan language",
			"leave the tag out; put text that begins with ! in quotes");
}

static void open_collection(struct reader *rd, enum node_kind kind, const yaml_event_t *e,
	const yaml_char_t *anchor, const yaml_char_t *tag)
{
	struct node *n = new_node(rd, kind, e);

	check_tag(rd, tag, e->start_mark);
	if (rd->depth == PLAN_DEPTH_MAX) {
		fatal(rd, e->start_mark,
			arena_printf(rd->report->arena, "lists and maps are nested more than %d deep",
				PLAN_DEPTH_MAX),
			"no part of a plan needs that: look for a bracket that is not closed");
		return;
	}
	n->open = true;
	remember_anchor(rd, anchor, n, e->start_mark);
	place_node(rd, n, e->start_mark);
	rd->stack[rd->depth++] = (struct frame){.node = n};
}

static int compare_keys(const void *pa, const void *pb)
{
	const struct node *a = *(struct node *const *)pa, *b = *(struct node *const *)pb;
	int c = strcmp(a->text, b->text);

	if (!c)
		c = strcmp(a->file, b->file);
	if (c)
		return c;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->column < b->column ? -1 : a->column > b->column;
}

static void tell_duplicate(struct plan_report *report, const struct node *first,
	const struct node *second)
{
	const char *where = strcmp(first->file, second->file) == 0
		? arena_printf(report->arena, "line %u, column %u", first->line, first->column)
		: arena_printf(report->arena, "%s:%u:%u", first->file, first->line, first->column);

	plan_report_add(report, FINDING_ERROR, second->file, second->line, second->column,
		arena_printf(report->arena, "the key \"%s\" is here a second time; the first is at %s",
			value_quote(second->text).text, where),
		"keep one of them");
}

void node_check_duplicates(struct arena *a, struct plan_report *report, const struct node *map,
	bool across)
{
	struct node **keys;

	if (map->kind != NODE_MAP || map->n < 2)
		return;
	keys = ARENA_ARRAY(a, struct node *, map->n);
	for (size_t i = 0; i < map->n; i++)
		keys[i] = node_key(map, i);
	qsort(keys, map->n, sizeof(*keys), compare_keys);
	for (size_t i = 1; i < map->n; i++)
		if (strcmp(keys[i]->text, keys[i - 1]->text) == 0 &&
			(!across || strcmp(keys[i]->file, keys[i - 1]->file) != 0))
			tell_duplicate(report, keys[i - 1], keys[i]);
}

static void close_collection(struct reader *rd)
{
	struct frame *f = &rd->stack[--rd->depth];
	struct node *n = f->node;

	n->n = n->kind == NODE_MAP ? f->n / 2 : f->n;
	for (size_t i = 0; i < f->n; i++)
		n->weight += n->items[i]->weight;
	n->open = false;
	node_check_duplicates(rd->arena, rd->report, n, false);
}

static void read_scalar(struct reader *rd, const yaml_event_t *e)
{
	struct node *n = new_node(rd, NODE_SCALAR, e);

	n->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	n->text = arena_strndup(rd->arena, (const char *)e->data.scalar.value, e->data.scalar.length);
	check_tag(rd, e->data.scalar.tag, e->start_mark);
	if (strlen(n->text) != e->data.scalar.length)
		fault(rd, e->start_mark, "the text holds a NUL character", "take out the \\0");
	remember_anchor(rd, e->data.scalar.anchor, n, e->start_mark);
	place_node(rd, n, e->start_mark);
}

static void read_alias(struct reader *rd, const yaml_event_t *e)
{
	const char *name = (const char *)e->data.alias.anchor;
	struct arena *ra = rd->report->arena;

	for (size_t i = rd->n_anchors; i-- > 0;) {
		struct node *n = rd->anchors[i].node;

		if (strcmp(rd->anchors[i].name, name) != 0)
			continue;
		if (n->open) {
			fatal(rd, e->start_mark,
				arena_printf(ra, "the alias *%.60s stands inside its own anchor", name),
				"a value cannot contain itself");
			return;
		}
		if (count_nodes(rd, n->weight, e->start_mark))
			place_node(rd, n, e->start_mark);
		return;
	}
	fatal(rd, e->start_mark, arena_printf(ra, "there is no anchor &%.60s before this alias", name),
		"put text that begins with * in quotes, or define the anchor earlier in this file");
}

static void read_event(struct reader *rd, const yaml_event_t *e, bool *done)
{
	switch (e->type) {
	case YAML_STREAM_END_EVENT:
		*done = true;
		break;
	case YAML_DOCUMENT_START_EVENT:
		if (rd->root)
			fatal(rd, e->start_mark, "a second document begins here",
				"one file holds one document: remove the --- line");
		break;
	case YAML_SCALAR_EVENT:
		read_scalar(rd, e);
		break;
	case YAML_ALIAS_EVENT:
		read_alias(rd, e);
		break;
	case YAML_SEQUENCE_START_EVENT:
		open_collection(rd, NODE_LIST, e, e->data.sequence_start.anchor,
			e->data.sequence_start.tag);
		break;
	case YAML_MAPPING_START_EVENT:
		open_collection(rd, NODE_MAP, e, e->data.mapping_start.anchor,
			e->data.mapping_start.tag);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		close_collection(rd);
		break;
	default:
		break;
	}
}

static const char *syntax_advice(const char *problem, const char *at)
{
	if (*at == '\t')
		return "indent with spaces; YAML allows no tabs there";
	if (*at && strchr("@`%", *at))
		return "put text that begins with this character in quotes";
	if (strstr(problem, "mapping values"))
		return "put text that holds a colon and a space in quotes";
	if (strstr(problem, "expected <block end>") || strstr(problem, "expected ',' or"))
		return "look at this line and the one before it: indentation, a missing bracket, comma or "
		       "quote";
	return "look at this line and the one before it: a missing quote, bracket or colon";
}

static void syntax_error(struct reader *rd, const yaml_parser_t *p, const char *text, size_t len)
{
	const char *problem = p->problem ? p->problem : "it cannot be read";
	const char *at = text, *end = text + len;
	yaml_mark_t mark = p->problem_mark;

	for (size_t line = 0; line < mark.line && at < end; line++) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));

		at = nl ? nl + 1 : end;
	}
	for (size_t c = 0; c < mark.column && at < end && *at != '\n'; c++) {
		size_t n;

		utf8_decode(at, (size_t)(end - at), &n);
		at += n;
	}
	fault(rd, mark,
		arena_printf(rd->report->arena, "this is not YAML: %s%s%s", problem,
			p->context ? ", " : "", p->context ? p->context : ""),
		syntax_advice(problem, at < end ? at : ""));
	rd->stop = true;
}

/* libyaml names only an offset for these. */
static bool check_bytes(struct reader *rd, const char *text, size_t len)
{
	yaml_mark_t at = {0};

	for (size_t i = 0; i < len;) {
		size_t n = utf8_length(text + i, len - i);
		unsigned char c = (unsigned char)text[i];

		if (!n || (c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f) {
			fatal(rd, at,
				n ? "there is a control character here" : "this is not UTF-8 text",
				n ? "take it out" : "save the file as UTF-8");
			return false;
		}
		at.column++;
		if (c == '\n') {
			at.line++;
			at.column = 0;
		}
		i += n;
	}
	return true;
}

/* In the arena and deferred: running out of memory jumps past the deletes below, and both deletes
 * may run twice. */
struct yaml_state {
	yaml_parser_t parser;
	yaml_event_t event;
};

static void yaml_state_release(void *ptr)
{
	struct yaml_state *y = ptr;

	yaml_event_delete(&y->event);
	yaml_parser_delete(&y->parser);
}

static void parse_events(struct reader *rd, const char *text, size_t len)
{
	struct yaml_state *y = ARENA_NEW(rd->arena, struct yaml_state);
	bool done = false;

	if (!yaml_parser_initialize(&y->parser)) {
		fatal(rd, (yaml_mark_t){0}, "there is no memory to read the file", "");
		return;
	}
	arena_defer(rd->arena, yaml_state_release, y);
	yaml_parser_set_encoding(&y->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&y->parser, (const unsigned char *)text, len);
	while (!done && !rd->stop) {
		if (!yaml_parser_parse(&y->parser, &y->event)) {
			syntax_error(rd, &y->parser, text, len);
			break;
		}
		read_event(rd, &y->event, &done);
		yaml_event_delete(&y->event);
	}
	yaml_state_release(y);
}

struct node *node_parse(struct arena *a, const char *file, const char *text, size_t len,
	size_t *nodes_used, struct plan_report *report)
{
	struct reader *rd = ARENA_NEW(a, struct reader);

	rd->arena = a;
	rd->report = report;
	rd->file = file;
	rd->nodes_used = nodes_used;
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	if (!check_bytes(rd, text, len))
		return NULL;
	parse_events(rd, text, len);
	if (rd->stop)
		return NULL;
	if (!rd->root || node_blank(rd->root)) {
		rd->root = ARENA_NEW(a, struct node);
		*rd->root = (struct node){.kind = NODE_MAP, .file = file, .line = 1, .column = 1,
			.text = "", .weight = 1};
	}
	return rd->root;
}

struct node *node_get_key(const struct node *map, const char *key)
{
	if (map && map->kind == NODE_MAP)
		for (size_t i = 0; i < map->n; i++)
			if (strcmp(node_key(map, i)->text, key) == 0)
				return node_key(map, i);
	return NULL;
}

struct node *node_get(const struct node *map, const char *key)
{
	if (map && map->kind == NODE_MAP)
		for (size_t i = 0; i < map->n; i++)
			if (strcmp(node_key(map, i)->text, key) == 0)
				return node_value(map, i);
	return NULL;
}

bool node_blank(const struct node *n)
{
	if (!n)
		return true;
	return n->kind == NODE_SCALAR && !n->quoted &&
		(!*n->text || strcmp(n->text, "~") == 0 || strcmp(n->text, "null") == 0);
}

const char *node_kind_name(const struct node *n)
{
	if (node_blank(n))
		return "nothing";
	switch (n->kind) {
	case NODE_LIST:
		return "a list";
	case NODE_MAP:
		return "a map";
	case NODE_SCALAR:
		break;
	}
	return "text";
}
