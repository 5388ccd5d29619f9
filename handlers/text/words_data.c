/*
 * words_data.c - of a reply's data, only what its template looks at becomes a tree.
 *
 * Data hold everything that a template might want; most templates want little of it, and making a
 * tree of all was a seventh of the work on a command. When the templates are loaded, each one's
 * outermost names are gathered, those of its partials too. Then the text of the data is passed over
 * once and the other members are left out, before jansson reads what remains. Whatever looks unusual
 * on the way is left to jansson as a whole: it also tells the faults.
 */
#include <string.h>

#include "handlers/text/mustache_node.h"
#include "handlers/text/words_set.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/mustache.h"

#define NAMES_MAX 64
#define PARTIALS_MAX 64 /* of one template and theirs */

struct gathering {
	const struct words *words;
	const char *names[NAMES_MAX];
	size_t n;
	const struct mustache *seen[PARTIALS_MAX];
	size_t n_seen;
	bool all;
};

/* --- what a template looks at --------------------------------------------------------------- */

static void name_add(struct gathering *g, const char *name)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		if (strcmp(g->names[i], name) == 0)
			return;
	if (g->n == NAMES_MAX)
		g->all = true;
	else
		g->names[g->n++] = name;
}

static void gather(struct gathering *g, const struct mustache *m);

static void partial_gather(struct gathering *g, const char *name)
{
	const struct word *word = words_find(g->words, name);
	size_t i;

	if (!word || !word->compiled)
		return;
	for (i = 0; i < g->n_seen; i++)
		if (g->seen[i] == word->compiled)
			return;
	if (g->n_seen == PARTIALS_MAX) {
		g->all = true;
		return;
	}
	g->seen[g->n_seen++] = word->compiled;
	gather(g, word->compiled);
}

/* Names inside sections may be found outside of them, so all of them count. {{.}} outside of every
 * section is the whole data. */
static void gather(struct gathering *g, const struct mustache *m)
{
	uint32_t i, inside = 0;

	for (i = 0; i < m->n && !g->all; i++) {
		const struct node *n = &m->nodes[i];

		if (n->kind == NODE_TEXT)
			continue;
		if (n->kind == NODE_PARTIAL)
			partial_gather(g, n->parts[0]);
		else if (n->n_parts)
			name_add(g, n->parts[0]);
		else if (i >= inside)
			g->all = true;
		if (n->kind == NODE_SECTION && n->n_parts && n->end > inside)
			inside = n->end;
	}
}

void words_gather(struct words *w)
{
	size_t i;

	for (i = 0; i < w->n; i++) {
		struct word *word = &w->items[i];
		struct gathering g = {.words = w};

		gather(&g, word->compiled);
		if (g.all)
			continue;
		word->names = ARENA_ARRAY(w->arena, const char *, g.n + 1);
		if (g.n)
			memcpy(word->names, g.names, g.n * sizeof(g.names[0]));
		word->n_names = g.n;
	}
}

/* --- passing over the data ------------------------------------------------------------------ */

static const char *space_skip(const char *p)
{
	while (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r')
		p++;
	return p;
}

/* p: behind the opening quote. Behind the closing one, or NULL. */
static const char *string_skip(const char *p)
{
	for (; *p != '"'; p++) {
		if (!*p)
			return NULL;
		if (*p == '\\' && !*++p)
			return NULL;
	}
	return p + 1;
}

/* Behind a value, or NULL. */
static const char *value_skip(const char *p)
{
	unsigned depth = 0;

	do {
		switch (*p) {
		case '\0':
			return NULL;
		case '"':
			p = string_skip(p + 1);
			if (!p)
				return NULL;
			continue;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			if (!depth)
				return NULL;
			depth--;
			break;
		default:
			if (depth)
				break;
			while (*p && !strchr(",}] \n\t\r", *p))
				p++;
			return p;
		}
		p++;
	} while (depth);
	return p;
}

static bool is_wanted(const struct word *word, const char *key, size_t len)
{
	size_t i;

	for (i = 0; i < word->n_names; i++)
		if (word->names[i][0] == key[0] && strncmp(word->names[i], key, len) == 0 &&
			!word->names[i][len])
			return true;
	return false;
}

bool words_pick(const struct word *word, const char *data, struct buf *out)
{
	const char *p = space_skip(data), *member, *key, *end;
	bool first = true;

	if (!word->names || *p++ != '{')
		return false;
	buf_char(out, '{');
	for (p = space_skip(p); *p != '}'; p = space_skip(end)) {
		member = p;
		if (*p != '"')
			return false;
		key = p + 1;
		p = string_skip(key);
		if (!p || memchr(key, '\\', (size_t)(p - key)))
			return false;
		end = space_skip(p);
		if (*end != ':')
			return false;
		end = value_skip(space_skip(end + 1));
		if (!end)
			return false;
		if (is_wanted(word, key, (size_t)(p - 1 - key))) {
			if (!first)
				buf_char(out, ',');
			first = false;
			buf_add(out, member, (size_t)(end - member));
		}
		end = space_skip(end);
		if (*end == ',') {
			end = space_skip(end + 1);
			if (*end != '"')
				return false;
		} else if (*end != '}') {
			return false;
		}
	}
	buf_char(out, '}');
	return !*space_skip(p + 1) && !out->failed;
}
