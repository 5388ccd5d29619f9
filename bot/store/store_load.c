/*
 * store_load.c - facts: what was asked becomes kinds and names for tocsin_load, and its answers
 * become facts in the task's arena. Also the numbers that counters give out.
 */
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bot/store/chain.h"
#include "bot/store/store_private.h"
#include "tocsin/arena.h"

/* --- counters: the first number comes from Redis, each further one is one more --- */

static struct counter *counter_find(struct store *s, const char *name)
{
	unsigned i;

	for (i = 0; i < s->n_counters; i++)
		if (strcmp(s->counters[i].name, name) == 0)
			return &s->counters[i];
	return NULL;
}

/* NULL when there are too many names: such a counter is asked for each time. */
static struct counter *counter_get(struct store *s, const char *name)
{
	struct counter *c = counter_find(s, name);

	if (c || s->n_counters == STORE_COUNTERS)
		return c;
	c = &s->counters[s->n_counters];
	c->name = strdup(name);
	c->next = 0;
	if (!c->name)
		return NULL;
	s->n_counters++;
	return c;
}

void counter_drop(struct store *s, const char *name)
{
	unsigned i;

	for (i = 0; i < s->n_counters; i++)
		if (!name || strcmp(s->counters[i].name, name) == 0)
			s->counters[i].next = 0;
}

/* last: the number that Redis has seen last. */
static int64_t counter_take(struct store *s, const char *name, int64_t last)
{
	struct counter *c = counter_get(s, name);

	if (!c)
		return last + 1;
	if (c->next <= last)
		c->next = last + 1;
	return c->next++;
}

/* --- asking --- */

static const char *after(const char *key, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(key, prefix, n) == 0 ? key + n : NULL;
}

static void key_add(struct call *c, const char *middle, const char *name)
{
	const struct store_keys *k = &c->store->keys;

	bulks_join(&c->keys, k->prefix, k->prefix_len, middle, strlen(middle), name, strlen(name));
}

static void ask(struct call *c, const char *kind, const char *name)
{
	bulks_str(&c->args, kind);
	bulks_str(&c->args, name);
	c->n_replies++;
}

static void ask_by_key(struct call *c, const char *kind, const char *middle, const char *name)
{
	key_add(c, middle, name);
	ask(c, kind, "");
}

/* A count whose next number we know needs no answer: it is given out here. */
static void fact_ask(struct call *c, struct fact *f)
{
	const char *name;
	struct counter *counter;

	if ((name = after(f->key, "doc:"))) {
		ask_by_key(c, "d", KEY_DOC, name);
	} else if ((name = after(f->key, "link:"))) {
		ask(c, "l", name);
	} else if ((name = after(f->key, "index:"))) {
		ask_by_key(c, "i", KEY_INDEX, name);
	} else if ((name = after(f->key, "rindex:"))) {
		ask_by_key(c, "r", KEY_INDEX, name);
	} else if ((name = after(f->key, "log:"))) {
		ask_by_key(c, "L", KEY_LOG, name);
	} else if ((name = after(f->key, "done:"))) {
		ask_by_key(c, "s", KEY_SEEN, name);
	} else if ((name = after(f->key, "count:"))) {
		counter = counter_find(c->store, name);
		if (counter && counter->next) {
			f->version = counter->next++;
			f->state = FACT_KNOWN;
		} else {
			ask(c, "c", name);
		}
	} else {
		f->state = FACT_ABSENT; /* not in the language: there is no such thing */
	}
}

/* --- understanding --- */

static const char *text_of(struct arena *a, const redisReply *r)
{
	return r && r->type == REDIS_REPLY_STRING ? arena_strndup(a, r->str, (size_t)r->len) : "";
}

/* "version:entries", guard, hash; a document that only has a log so far counts as absent. */
static void doc_read(struct arena *a, struct fact *f, const redisReply *r)
{
	const redisReply *v, *d;
	char *end;

	f->state = FACT_ABSENT;
	f->head = f->guard = "";
	if (r->type != REDIS_REPLY_ARRAY || r->elements != 4)
		return;
	v = r->element[0];
	d = r->element[1];
	if (v->type != REDIS_REPLY_STRING)
		return;
	f->version = strtoll(v->str, &end, 10);
	f->seq = *end == ':' ? strtoll(end + 1, NULL, 10) : 0;
	f->guard = text_of(a, r->element[2]);
	f->head = text_of(a, r->element[3]);
	if (d->type != REDIS_REPLY_STRING)
		return;
	f->value = text_of(a, d);
	f->len = (size_t)d->len;
	f->state = FACT_KNOWN;
}

static const char *log_entry_text(struct arena *a, const redisReply *r)
{
	struct chain_entry entry;

	if (r->type != REDIS_REPLY_STRING || !chain_parse(r->str, (size_t)r->len, &entry))
		return "null"; /* tocsin audit finds it */
	return arena_strndup(a, entry.entry, entry.entry_len);
}

static void list_read(struct arena *a, struct fact *f, const redisReply *r, bool log)
{
	const char **items;
	size_t i;

	f->state = FACT_ABSENT;
	if (r->type != REDIS_REPLY_ARRAY || r->elements == 0)
		return;
	items = ARENA_ARRAY(a, const char *, r->elements);
	for (i = 0; i < r->elements; i++)
		items[i] = log ? log_entry_text(a, r->element[i]) : text_of(a, r->element[i]);
	f->items = items;
	f->n = r->elements;
	f->state = FACT_KNOWN;
}

static void fact_read(struct store *s, struct arena *a, struct fact *f, const redisReply *r)
{
	const char *name;

	if (after(f->key, "doc:")) {
		doc_read(a, f, r);
	} else if (after(f->key, "link:") || after(f->key, "done:")) {
		f->state = r->type == REDIS_REPLY_STRING ? FACT_KNOWN : FACT_ABSENT;
		f->value = text_of(a, r);
		f->len = r->type == REDIS_REPLY_STRING ? (size_t)r->len : 0;
	} else if ((name = after(f->key, "count:"))) {
		f->version = counter_take(s, name,
			r->type == REDIS_REPLY_STRING ? strtoll(r->str, NULL, 10) : 0);
		f->state = FACT_KNOWN;
	} else {
		list_read(a, f, r, after(f->key, "log:") != NULL);
	}
}

/* The arena jumps when it is full; nobody may jump through hiredis, so we catch it here. */
static bool facts_read(struct call *c, redisReply **r)
{
	size_t i, at = 0;

	if (setjmp(*arena_recovery(c->arena)))
		return false;
	for (i = 0; i < c->n_facts; i++)
		if (c->facts[i].state == FACT_NOT_LOADED)
			fact_read(c->store, c->arena, &c->facts[i], r[at++]);
	arena_recovery_clear(c->arena);
	return true;
}

static void load_done(struct call *c, enum store_status status, redisReply **r, const char *detail)
{
	store_load_fn fn = (store_load_fn)c->fn;

	(void)detail;
	if (status == STORE_OK && r && !facts_read(c, r))
		status = STORE_REFUSED;
	if (status == STORE_OK) {
		c->store->stats.loads++;
		fn(c->ud, status, c->facts, c->n_facts);
	} else {
		fn(c->ud, status, NULL, 0);
	}
}

void store_load(struct store *s, struct arena *arena, const char *const *keys, size_t n,
	store_load_fn fn, void *ud)
{
	struct fact *facts = ARENA_ARRAY(arena, struct fact, n);
	struct call *c;
	size_t i;

	/* All of the arena first: it may jump, and nothing of ours may be left behind. */
	for (i = 0; i < n; i++) {
		facts[i].key = arena_strdup(arena, keys[i]);
		facts[i].value = "";
	}
	c = call_new(s, CALL_READ, load_done);
	c->fn = (void (*)(void))fn;
	c->ud = ud;
	c->arena = arena;
	c->facts = facts;
	c->n_facts = n;
	for (i = 0; i < n && c->failed == STORE_OK; i++)
		fact_ask(c, &facts[i]);
	if (c->failed == STORE_OK && c->n_replies == 0)
		call_answer(c); /* only numbers that we know */
	else
		call_send(c);
}

/* --- looking before sending --- */

static void look_done(struct call *c, enum store_status status, redisReply **r, const char *detail)
{
	store_look_fn fn = (store_look_fn)c->fn;
	struct store_look look = {"", "", "", ""};
	char *line;

	(void)detail;
	if (status != STORE_OK || !r) {
		fn(c->ud, status, NULL);
		return;
	}
	if (r[0]->type == REDIS_REPLY_STRING)
		look.guard = r[0]->str;
	if (r[1]->type == REDIS_REPLY_STRING && (line = strchr(r[1]->str, '\n'))) {
		*line = '\0';
		look.ref_channel = r[1]->str;
		look.ref_ts = line + 1;
	}
	if (r[2]->type == REDIS_REPLY_STRING)
		look.newest_update_key = r[2]->str;
	fn(c->ud, status, &look);
}

static void field_ask(struct call *c, const char *prefix, const char *ref)
{
	bulks_str(&c->args, "f");
	bulks_join(&c->args, prefix, strlen(prefix), ref, strlen(ref), NULL, 0);
	c->n_replies++;
}

void store_look(struct store *s, const char *entity, const char *ref, store_look_fn fn, void *ud)
{
	struct call *c = call_new(s, CALL_READ, look_done);

	c->fn = (void (*)(void))fn;
	c->ud = ud;
	ask_by_key(c, "g", KEY_DOC, entity);
	field_ask(c, FIELD_REF, ref);
	field_ask(c, FIELD_NEWEST, ref);
	call_send(c);
}
