/* oncall_doc.c - see oncall.h: the documents beside the plan. */
#include "tocsin/oncall.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/effects.h"
#include "tocsin/handler.h"
#include "tocsin/json_in.h"
#include "tocsin/json_out.h"
#include "tocsin/plan.h"
#include "tocsin/request.h"
#include "tocsin/snapshot.h"

#define DOC_MAX ((size_t)256 * 1024)
#define EXPECT_MAX 8 /* schedules */

static const char *const kind_names[] = {"override", "cover", "away"};

/* --- in and out ---------------------------------------------------------------------------- */

static void encode_change(struct json_out *j, const struct roster_change *c)
{
	json_out_object(j, NULL);
	json_out_int(j, "n", c->n);
	json_out_str(j, "kind", kind_names[c->kind]);
	if (*c->role)
		json_out_str(j, "role", c->role);
	json_out_str(j, "who", c->who);
	if (*c->instead)
		json_out_str(j, "instead", c->instead);
	json_out_int(j, "from", c->from_ms);
	json_out_int(j, "to", c->to_ms);
	if (*c->reason)
		json_out_str(j, "reason", c->reason);
	json_out_str(j, "by", c->by);
	json_out_int(j, "at", c->at_ms);
	json_out_object_end(j);
}

static bool decode_change(const json_t *o, struct roster_change *c)
{
	const char *kind = json_in_str(o, "kind");
	int k = 0;

	while (k < 3 && strcmp(kind_names[k], kind) != 0)
		k++;
	if (k == 3)
		return false; /* of a later version */
	c->kind = (enum change_kind)k;
	c->n = (unsigned)json_in_int(o, "n");
	c->role = json_in_str(o, "role");
	c->who = json_in_str(o, "who");
	c->instead = json_in_str(o, "instead");
	c->from_ms = json_in_int(o, "from");
	c->to_ms = json_in_int(o, "to");
	c->reason = json_in_str(o, "reason");
	c->by = json_in_str(o, "by");
	c->at_ms = json_in_int(o, "at");
	return true;
}

static void decode(const json_t *o, struct oncall_doc *doc)
{
	const json_t *item;
	size_t i;

	doc->last = (unsigned)json_in_int(o, "last");
	doc->seq = json_in_int(o, "seq");
	doc->announced_ms = json_in_int(o, "announced");
	doc->said_now_ms = json_in_int(o, "said_now");
	json_array_foreach(json_in_get(o, "changes"), i, item)
		if (doc->n < ONCALL_CHANGES_MAX && decode_change(item, &doc->changes[doc->n]))
			doc->n++;
	json_array_foreach(json_in_get(o, "now"), i, item)
		if (doc->n_now < ROSTER_MAX && json_is_string(item))
			doc->now[doc->n_now++] = json_string_value(item);
	json_array_foreach(json_in_get(o, "said"), i, item)
		if (doc->n_said < ONCALL_SAID_MAX)
			doc->said[doc->n_said++] = (struct oncall_said){json_in_int(item, "from"),
				(unsigned)json_in_int(item, "stage")};
}

static void encode(const struct oncall_doc *doc, int64_t now_ms, struct buf *b)
{
	struct json_out j;

	json_out_init(&j, b);
	json_out_object(&j, NULL);
	json_out_int(&j, "v", 1);
	json_out_int(&j, "last", doc->last);
	json_out_int(&j, "seq", doc->seq);
	json_out_int(&j, "announced", doc->announced_ms);
	json_out_int(&j, "said_now", doc->said_now_ms);
	json_out_array(&j, "changes");
	for (size_t i = 0; i < doc->n; i++)
		if (doc->changes[i].to_ms + ONCALL_KEEP_MS > now_ms)
			encode_change(&j, &doc->changes[i]);
	json_out_array_end(&j);
	json_out_array(&j, "now");
	for (size_t i = 0; i < doc->n_now; i++)
		json_out_str(&j, NULL, doc->now[i]);
	json_out_array_end(&j);
	json_out_array(&j, "said");
	for (size_t i = 0; i < doc->n_said; i++) {
		if (doc->said[i].from_ms + ONCALL_KEEP_MS <= now_ms)
			continue;
		json_out_object(&j, NULL);
		json_out_int(&j, "from", doc->said[i].from_ms);
		json_out_int(&j, "stage", doc->said[i].stage);
		json_out_object_end(&j);
	}
	json_out_array_end(&j);
	json_out_object_end(&j);
}

/* --- loading and saving -------------------------------------------------------------------- */

const char *oncall_entity(struct context *cx, const char *key)
{
	return arena_printf(cx->arena, "oncall:%s", key);
}

static const struct fact *doc_fact(struct context *cx, const char *key)
{
	const char *name = arena_printf(cx->arena, "doc:oncall:%s", key);
	const struct fact *f = snapshot_get(cx->snap, name);

	if (f->state == FACT_NOT_LOADED)
		effects_need(cx->out, name);
	return f;
}

bool oncall_load(struct context *cx, const char *key, struct oncall_doc **doc)
{
	const struct fact *f = doc_fact(cx, key);
	const json_t *o;

	*doc = ARENA_NEW(cx->arena, struct oncall_doc);
	(*doc)->key = key;
	(*doc)->changes = ARENA_ARRAY(cx->arena, struct roster_change, ONCALL_CHANGES_MAX);
	if (f->state == FACT_KNOWN) {
		(*doc)->version = f->version;
		o = json_in_load(cx->arena, f->value, f->len);
		if (o)
			decode(o, *doc);
	}
	return f->state != FACT_NOT_LOADED;
}

const char *oncall_key(struct context *cx, struct oncall_doc *doc, const char *what)
{
	return arena_printf(cx->arena, "oncall/%s/%s/%" PRId64, doc->key, what, ++doc->seq);
}

/* What ended long ago makes room. */
static void forget_old(struct oncall_doc *doc, int64_t now_ms)
{
	size_t n = 0;

	for (size_t i = 0; i < doc->n; i++)
		if (doc->changes[i].to_ms + ONCALL_KEEP_MS > now_ms)
			doc->changes[n++] = doc->changes[i];
	doc->n = n;
}

struct roster_change *oncall_add(struct context *cx, struct oncall_doc *doc)
{
	struct roster_change *c;

	forget_old(doc, cx->req->now_ms);
	if (doc->n == ONCALL_CHANGES_MAX)
		return NULL;
	c = &doc->changes[doc->n++];
	memset(c, 0, sizeof(*c));
	c->n = ++doc->last;
	c->role = c->who = c->instead = c->reason = c->by = "";
	c->at_ms = cx->req->now_ms;
	return c;
}

bool oncall_remove(struct oncall_doc *doc, unsigned n)
{
	for (size_t i = 0; i < doc->n; i++) {
		if (doc->changes[i].n != n)
			continue;
		memmove(&doc->changes[i], &doc->changes[i + 1], (doc->n - i - 1) * sizeof(doc->changes[0]));
		doc->n--;
		return true;
	}
	return false;
}

void oncall_save(struct context *cx, struct oncall_doc *doc)
{
	struct buf b;

	buf_init_arena(&b, cx->arena, DOC_MAX);
	encode(doc, cx->req->now_ms, &b);
	if (b.failed)
		cx->out->overflow = true;
	effects_put(cx->out, oncall_entity(cx, doc->key), doc->version, buf_text(&b), NULL);
}

/* --- what concerns a schedule -------------------------------------------------------------- */

/* Most often nobody changed anything, and every page asks: then no tree is made. As encode() writes
 * it; in a text of the document the quotes would be escaped. */
static bool has_changes(const struct fact *f)
{
	return f->state == FACT_KNOWN && !strstr(f->value, "\"changes\":[]");
}

bool oncall_changes(struct context *cx, const struct plan_schedule *schedule,
	struct roster_changes *out)
{
	const char *keys[2] = {schedule->key, ONCALL_AWAY};
	const struct fact *facts[2] = {doc_fact(cx, keys[0]), doc_fact(cx, keys[1])};
	struct oncall_doc *docs[2] = {NULL, NULL};
	struct roster_change *items;
	size_t n = 0;

	*out = (struct roster_changes){0};
	if (facts[0]->state == FACT_NOT_LOADED || facts[1]->state == FACT_NOT_LOADED)
		return false;
	for (size_t d = 0; d < 2; d++) {
		if (!has_changes(facts[d]))
			continue;
		oncall_load(cx, keys[d], &docs[d]);
		n += docs[d]->n;
	}
	if (!n)
		return true;
	items = ARENA_ARRAY(cx->arena, struct roster_change, n);
	for (size_t d = 0; d < 2; d++)
		for (size_t i = 0; docs[d] && i < docs[d]->n; i++)
			items[out->n++] = docs[d]->changes[i];
	out->items = items;
	return true;
}

void oncall_expect(struct context *cx)
{
	const struct plan *p = cx->plan;

	if (!p->n_schedules || p->n_schedules > EXPECT_MAX)
		return;
	doc_fact(cx, ONCALL_AWAY);
	for (size_t i = 0; i < p->n_schedules; i++)
		doc_fact(cx, p->schedules[i].key);
}

void oncall_changes_with(struct context *cx, const struct roster_changes *base,
	const struct roster_change *more, struct roster_changes *out)
{
	struct roster_change *items = ARENA_ARRAY(cx->arena, struct roster_change, base->n + 1);

	if (base->n)
		memcpy(items, base->items, base->n * sizeof(*items));
	if (more)
		items[base->n] = *more;
	*out = (struct roster_changes){items, base->n + (more != NULL)};
}
