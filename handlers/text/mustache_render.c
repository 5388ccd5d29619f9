/* mustache_render.c - nodes and data to text; see mustache.h. */
#include "tocsin/mustache.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "handlers/text/mustache_node.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"

#define INDENT_MAX 256

/* The context stack: frames live on the C stack, whose depth the bounds of mustache.h hold down. */
struct frame {
	const json_t *value;
	const struct frame *up;
};

struct render {
	mustache_partial_fn partial;
	void *partial_ctx;
	enum escape_mode mode;
	struct buf *out;
	size_t out_start;
	struct err *err;
	char indent[INDENT_MAX]; /* of the partials that we are in */
	size_t indent_len;
	unsigned depth; /* of partials */
	unsigned long steps;
};

static int render_nodes(struct render *r, const struct mustache *m, uint32_t from, uint32_t to,
	const struct frame *top);

/* NULL: nothing has that name. */
static const json_t *look_up(const struct node *n, const struct frame *f)
{
	const json_t *v = NULL;
	size_t i;

	if (!n->n_parts)
		return f->value;
	for (; f && !v; f = f->up)
		v = json_object_get(f->value, n->parts[0]);
	for (i = 1; i < n->n_parts && v; i++)
		v = json_object_get(v, n->parts[i]);
	return v;
}

static bool falsey(const json_t *v)
{
	if (!v)
		return true;
	switch (json_typeof(v)) {
	case JSON_NULL:
	case JSON_FALSE:
		return true;
	case JSON_STRING:
		return json_string_length(v) == 0;
	case JSON_INTEGER:
		return json_integer_value(v) == 0;
	case JSON_REAL:
		return json_real_value(v) == 0;
	case JSON_ARRAY:
		return json_array_size(v) == 0;
	default:
		return false;
	}
}

static int limit_reached(struct render *r, const struct mustache *m, const struct node *n,
	const char *what)
{
	return err_set(r->err, ERR_LIMIT, "%s:%u:%u: %s", m->name, n->line, n->column, what);
}

static int step_taken(struct render *r, const struct mustache *m, const struct node *n)
{
	if (++r->steps > MUSTACHE_STEPS_MAX)
		return limit_reached(r, m, n, "this takes too long: too many lists inside lists");
	return 0;
}

/* The shortest form that reads back as the same number. */
static void real_text(double d, char *out, size_t size)
{
	int digits;

	for (digits = 15; digits <= 17; digits++) {
		snprintf(out, size, "%.*g", digits, d);
		if (strtod(out, NULL) == d)
			return;
	}
}

/* A list or an object: what JSON writes. */
static void tree_add(struct render *r, const json_t *v, enum escape_mode mode)
{
	size_t size = json_dumpb(v, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
	char *text;

	if (!size || size > MUSTACHE_OUTPUT_MAX) {
		r->out->failed = true;
		return;
	}
	text = r->out->arena ? arena_alloc(r->out->arena, size) : malloc(size);
	if (!text || json_dumpb(v, text, size, JSON_COMPACT | JSON_ENCODE_ANY) != size)
		r->out->failed = true;
	else
		escape_add(r->out, mode, text, size);
	if (!r->out->arena)
		free(text);
}

static void value_add(struct render *r, const json_t *v, enum escape_mode mode)
{
	char small[64];

	switch (json_typeof(v)) {
	case JSON_STRING:
		escape_add(r->out, mode, json_string_value(v), json_string_length(v));
		return;
	case JSON_INTEGER: /* no number is markup, wherever it stands: nothing to escape */
		snprintf(small, sizeof(small), "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		buf_str(r->out, small);
		return;
	case JSON_REAL:
		real_text(json_real_value(v), small, sizeof(small));
		buf_str(r->out, small);
		return;
	case JSON_TRUE:
		buf_str(r->out, "true");
		return;
	case JSON_FALSE:
		buf_str(r->out, "false");
		return;
	case JSON_NULL:
		return;
	default:
		tree_add(r, v, mode);
	}
}

/* Template text; inside an indented partial each line of it begins with the indentation. */
static void text_render_node(struct render *r, const struct node *n)
{
	const char *s = n->text, *end = n->text + n->len, *nl;

	if (!r->indent_len) {
		buf_add(r->out, s, n->len);
		return;
	}
	if (n->line_start)
		buf_add(r->out, r->indent, r->indent_len);
	while ((nl = memchr(s, '\n', (size_t)(end - s))) && nl + 1 < end) {
		buf_add(r->out, s, (size_t)(nl + 1 - s));
		buf_add(r->out, r->indent, r->indent_len);
		s = nl + 1;
	}
	buf_add(r->out, s, (size_t)(end - s));
}

static int partial_render(struct render *r, const struct mustache *m, const struct node *n,
	const struct frame *top)
{
	const struct mustache *p = r->partial ? r->partial(r->partial_ctx, n->parts[0]) : NULL;
	size_t indent_before = r->indent_len;
	int rc;

	if (!p)
		return 0;
	if (r->depth == MUSTACHE_PARTIALS_MAX)
		return limit_reached(r, m, n, "partials nest at most 32 deep: this one includes itself");
	if (n->len > INDENT_MAX - r->indent_len)
		return limit_reached(r, m, n, "partials are indented by at most 256 columns");
	if (n->len)
		memcpy(r->indent + r->indent_len, n->text, n->len);
	r->indent_len += n->len;
	r->depth++;
	rc = render_nodes(r, p, 0, p->n, top);
	r->depth--;
	r->indent_len = indent_before;
	return rc;
}

static int section_render(struct render *r, const struct mustache *m, uint32_t at,
	const struct frame *top)
{
	const struct node *n = &m->nodes[at];
	const json_t *v = look_up(n, top);
	struct frame f = {.value = v, .up = top};
	size_t i, size;

	if (n->kind == NODE_INVERTED)
		return falsey(v) ? render_nodes(r, m, at + 1, n->end, top) : 0;
	if (falsey(v))
		return 0;
	if (!json_is_array(v))
		return render_nodes(r, m, at + 1, n->end, &f);
	size = json_array_size(v);
	for (i = 0; i < size; i++) {
		f.value = json_array_get(v, i);
		if (step_taken(r, m, n) < 0) /* also where the section is empty */
			return -1;
		if (render_nodes(r, m, at + 1, n->end, &f) < 0)
			return -1;
	}
	return 0;
}

static int node_render(struct render *r, const struct mustache *m, uint32_t at,
	const struct frame *top)
{
	const struct node *n = &m->nodes[at];
	const json_t *v;

	switch (n->kind) {
	case NODE_TEXT:
		text_render_node(r, n);
		return 0;
	case NODE_VALUE:
	case NODE_RAW:
		v = look_up(n, top);
		if (v)
			value_add(r, v, n->kind == NODE_RAW ? ESCAPE_NONE : r->mode);
		return 0;
	case NODE_PARTIAL:
		return partial_render(r, m, n, top);
	default:
		return section_render(r, m, at, top);
	}
}

static int render_nodes(struct render *r, const struct mustache *m, uint32_t from, uint32_t to,
	const struct frame *top)
{
	uint32_t i = from;

	while (i < to) {
		const struct node *n = &m->nodes[i];

		if (step_taken(r, m, n) < 0)
			return -1;
		if (node_render(r, m, i, top) < 0)
			return -1;
		if (r->out->failed || r->out->len - r->out_start > MUSTACHE_OUTPUT_MAX)
			return limit_reached(r, m, n, "the result is longer than 1 MiB");
		i = n->kind == NODE_SECTION || n->kind == NODE_INVERTED ? n->end : i + 1;
	}
	return 0;
}

int mustache_render(const struct mustache *m, const struct json_t *data,
	mustache_partial_fn partial, void *partial_ctx, enum escape_mode mode, struct buf *out,
	struct err *e)
{
	struct render r = {.partial = partial, .partial_ctx = partial_ctx, .mode = mode, .out = out,
		.out_start = out->len, .err = e};
	struct frame root = {.value = data, .up = NULL};

	return render_nodes(&r, m, 0, m->n, &root);
}
