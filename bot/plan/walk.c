/* walk.c - see walk.h: typed values out of nodes. */
#include "bot/plan/walk.h"

#include <stdarg.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/buf.h"

const char *say(struct walk *w, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = arena_vprintf(w->report->arena, fmt, ap);
	va_end(ap);
	return text;
}

static void tell(struct walk *w, enum finding_level level, const struct node *at, const char *what,
	const char *mend)
{
	plan_report_add(w->report, level, at->file, at->line, at->column, what, mend);
}

void walk_error(struct walk *w, const struct node *at, const char *what, const char *mend)
{
	tell(w, FINDING_ERROR, at, what, mend);
}

void walk_warning(struct walk *w, const struct node *at, const char *what, const char *mend)
{
	tell(w, FINDING_WARNING, at, what, mend);
}

void walk_notice(struct walk *w, const struct node *at, const char *what, const char *mend)
{
	tell(w, FINDING_NOTICE, at, what, mend);
}

void walk_fault(struct walk *w, const struct node *at, const struct value_fault *f)
{
	tell(w, FINDING_ERROR, at, f->what, f->mend);
}

void walk_mask(struct walk *w, const struct node *n)
{
	plan_report_mask(w->report, n->file, n->line, n->column, n->line2, n->column2);
}

static bool listed(const char *const *words, const char *word)
{
	for (; words && *words; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

static void tell_unknown_key(struct walk *w, const struct node *key, const struct walk_keys *keys)
{
	const char *all[64];
	size_t n = 0;
	struct buf known;
	const char *near;

	buf_init_arena(&known, w->report->arena, 4096);
	for (const char *const *k = keys->now; *k; k++) {
		buf_printf(&known, "%s%s", n ? ", " : "", *k);
		all[n++] = *k;
	}
	for (const char *const *k = keys->later; k && *k; k++)
		all[n++] = *k;
	near = value_nearest(key->text, all, n);
	walk_error(w, key,
		say(w, "%s has no key \"%s\"", keys->where, value_quote(key->text).text),
		near ? say(w, "did you mean \"%s\"? The keys are: %s", near, buf_text(&known))
		     : say(w, "the keys are: %s", buf_text(&known)));
}

bool walk_map(struct walk *w, const struct node *n, const struct walk_keys *keys)
{
	if (node_blank(n))
		return false;
	if (n->kind != NODE_MAP) {
		walk_error(w, n,
			say(w, "%s is a map of keys and values, and this is %s", keys->where,
				node_kind_name(n)),
			say(w, "write it as {%s: ...}", keys->now[0]));
		return false;
	}
	for (size_t i = 0; i < n->n; i++) {
		const struct node *key = node_key(n, i);

		if (listed(keys->now, key->text))
			continue;
		if (listed(keys->later, key->text))
			walk_notice(w, key,
				say(w, "`%s` is not acted on by this version", key->text), "");
		else
			tell_unknown_key(w, key, keys);
	}
	return true;
}

bool walk_section(struct walk *w, const struct node *n, const char *what)
{
	struct value_fault f;

	if (node_blank(n))
		return false;
	if (n->kind != NODE_MAP) {
		walk_error(w, n, say(w, "`%s` is a map of names, and this is %s", what, node_kind_name(n)),
			say(w, "write each entry on its own line below `%s:` as name: {...}", what));
		return false;
	}
	if (n->n > WALK_SECTION_MAX) {
		walk_error(w, node_key(n, WALK_SECTION_MAX),
			say(w, "`%s` has more than %d entries", what, WALK_SECTION_MAX),
			"a plan of this size needs to be split into several bots");
		return false;
	}
	for (size_t i = 0; i < n->n; i++)
		if (!value_key(node_key(n, i)->text, &f))
			walk_fault(w, node_key(n, i), &f);
	return true;
}

bool walk_list(struct walk *w, const struct node *n, bool single, size_t max, struct walk_list *out)
{
	*out = (struct walk_list){0};
	if (node_blank(n))
		return false;
	if (n->kind == NODE_LIST) {
		out->items = n->items;
		out->n = n->n;
	} else if (single) {
		struct node **one = ARENA_NEW(w->arena, struct node *);

		memcpy(one, &n, sizeof(n));
		out->items = one;
		out->n = 1;
	} else {
		walk_error(w, n, say(w, "this should be a list, and is %s", node_kind_name(n)),
			"write it in brackets: [a, b], or one entry per line with - before it");
		return false;
	}
	if (out->n > max) {
		walk_error(w, out->items[max], say(w, "the list has more than %zu entries", max),
			say(w, "keep the first %zu", max));
		out->n = max;
	}
	return true;
}

const char *walk_text(struct walk *w, const struct node *n, size_t max)
{
	if (node_blank(n))
		return NULL;
	if (n->kind != NODE_SCALAR) {
		walk_error(w, n, say(w, "this should be text, and is %s", node_kind_name(n)),
			"write one value; put text that begins with [ or { in quotes");
		return NULL;
	}
	if (strlen(n->text) > max) {
		walk_error(w, n, say(w, "the text is longer than %zu bytes", max), "shorten it");
		return NULL;
	}
	for (const char *p = n->text; *p; p++) {
		if (((unsigned char)*p < 0x20 && *p != '\n' && *p != '\t') || *p == 0x7f) {
			walk_error(w, n, "the text holds a control character", "take it out");
			return NULL;
		}
	}
	if (secret_pattern(n->text)) {
		walk_error(w, n, "${...} is not read here",
			"it is read in connections, alerts and public_url only; write the value itself");
		return NULL;
	}
	return n->text;
}

const char *walk_need_text(struct walk *w, const struct node *map, const char *key, size_t max)
{
	const struct node *n = node_get(map, key);

	if (!node_blank(n))
		return walk_text(w, n, max);
	walk_error(w, n ? n : map, say(w, "`%s` is missing", key), say(w, "add `%s: ...`", key));
	return NULL;
}

int64_t walk_duration(struct walk *w, const struct node *n, int64_t otherwise)
{
	const char *text = walk_text(w, n, WALK_NAME_MAX);
	struct value_fault f;
	int64_t ms;

	if (!text)
		return otherwise;
	if (value_duration(text, &ms, &f))
		return ms;
	walk_fault(w, n, &f);
	return otherwise;
}

bool walk_bool(struct walk *w, const struct node *n, bool otherwise)
{
	const char *text = walk_text(w, n, WALK_NAME_MAX);
	struct value_fault f;
	bool out;

	if (!text)
		return otherwise;
	if (value_bool(text, &out, &f))
		return out;
	walk_fault(w, n, &f);
	return otherwise;
}

unsigned walk_count(struct walk *w, const struct node *n, unsigned min, unsigned max,
	unsigned otherwise)
{
	const char *text = walk_text(w, n, WALK_NAME_MAX);
	struct value_fault f;
	unsigned out;

	if (!text)
		return otherwise;
	if (value_count(text, min, max, &out, &f))
		return out;
	walk_fault(w, n, &f);
	return otherwise;
}

bool walk_time(struct walk *w, const struct node *n, const struct zone *zone, int64_t *ms)
{
	const char *text = walk_text(w, n, WALK_NAME_MAX);
	struct value_fault f;

	if (!text)
		return false;
	if (value_time(text, zone, ms, &f))
		return true;
	walk_fault(w, n, &f);
	return false;
}

const char *walk_checked(struct walk *w, const struct node *n,
	bool (*check)(const char *, struct value_fault *))
{
	const char *text = walk_text(w, n, WALK_TEXT_MAX);
	struct value_fault f;

	if (!text || check(text, &f))
		return text;
	walk_fault(w, n, &f);
	return NULL;
}

const char *walk_url(struct walk *w, const struct node *n, const char *schemes)
{
	const char *text = walk_text(w, n, WALK_TEXT_MAX);
	struct value_fault f;

	if (!text || value_url(text, schemes, &f))
		return text;
	if (value_url_has_user(text))
		walk_mask(w, n);
	walk_fault(w, n, &f);
	return NULL;
}

const char *walk_slack_id(struct walk *w, const struct node *n, char kind)
{
	const char *text = walk_text(w, n, WALK_TEXT_MAX);
	struct value_fault f;

	if (!text || value_slack_id(text, kind, &f))
		return text;
	walk_fault(w, n, &f);
	return NULL;
}

const char *const *walk_strings(struct walk *w, const struct node *n, size_t max_items,
	size_t max_bytes, size_t *count)
{
	struct walk_list list;
	const char **out;

	*count = 0;
	if (!walk_list(w, n, true, max_items, &list))
		return NULL;
	out = ARENA_ARRAY(w->arena, const char *, list.n);
	for (size_t i = 0; i < list.n; i++) {
		const char *text = walk_text(w, list.items[i], max_bytes);

		if (text)
			out[(*count)++] = text;
		else if (node_blank(list.items[i]))
			walk_error(w, list.items[i], "an entry of the list is empty", "take it out");
	}
	return out;
}

const char *walk_ref(struct walk *w, const struct node *n, unsigned kinds)
{
	const char *name = walk_text(w, n, WALK_NAME_MAX);
	struct ref *r;

	if (!name)
		return NULL;
	r = ARENA_NEW(w->arena, struct ref);
	*r = (struct ref){.at = n, .name = name, .kinds = kinds};
	*w->refs_end = r;
	w->refs_end = &r->next;
	return name;
}

const char *const *walk_refs(struct walk *w, const struct node *n, unsigned kinds, size_t max,
	size_t *count)
{
	struct walk_list list;
	const char **out;

	*count = 0;
	if (!walk_list(w, n, true, max, &list))
		return NULL;
	out = ARENA_ARRAY(w->arena, const char *, list.n);
	for (size_t i = 0; i < list.n; i++) {
		const char *name = walk_ref(w, list.items[i], kinds);

		if (name)
			out[(*count)++] = name;
		else if (node_blank(list.items[i]))
			walk_error(w, list.items[i], "an entry of the list is empty", "take it out");
	}
	return out;
}
