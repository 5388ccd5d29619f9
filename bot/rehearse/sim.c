/* sim.c - see sim.h. */
#include "bot/rehearse/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/effects.h"
#include "tocsin/handler.h"
#include "tocsin/plan.h"
#include "tocsin/request.h"
#include "tocsin/snapshot.h"

#define KEEP_BYTES ((size_t)512 << 20)
#define STEP_BYTES ((size_t)64 << 20)
#define ROUNDS_MAX 16

struct doc {
	const char *id, *json, *guard;
	int64_t version;
};

struct named { /* links: name -> value; counters; members: index -> value with its score */
	const char *name, *value;
	int64_t number;
};

struct list {
	struct named *items;
	size_t n, cap;
};

struct sim {
	struct arena *keep;
	const struct plan *plan;
	struct sim_watch watch;
	int64_t now_ms;
	struct doc *docs;
	size_t n_docs, cap_docs;
	struct list links, counts, members, timers, refs;
	struct send *queue;
	size_t n_queue, cap_queue, next_send;
	unsigned steps, next_ts;
	bool delivering, bad;
};

/* --- lists --- */

/* Room for one more of `size` bytes; the old block stays in the arena until the end. */
static void *grow(struct sim *s, void *old, size_t n, size_t *cap, size_t size)
{
	void *more;

	if (n < *cap)
		return old;
	*cap = *cap ? *cap * 2 : 64;
	more = arena_alloc(s->keep, *cap * size);
	if (n)
		memcpy(more, old, n * size);
	return more;
}

static struct named *list_find(struct list *l, const char *name, const char *value)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->items[i].name, name) == 0 && (!value || strcmp(l->items[i].value, value) == 0))
			return &l->items[i];
	return NULL;
}

static void list_remove(struct list *l, struct named *item)
{
	if (item)
		*item = l->items[--l->n];
}

static struct named *list_put(struct sim *s, struct list *l, const char *name, const char *match)
{
	struct named *item = list_find(l, name, match);

	if (item)
		return item;
	l->items = grow(s, l->items, l->n, &l->cap, sizeof(*l->items));
	item = &l->items[l->n++];
	*item = (struct named){arena_strdup(s->keep, name), match ? arena_strdup(s->keep, match) : "", 0};
	return item;
}

static struct doc *doc_find(const struct sim *s, const char *id)
{
	for (size_t i = 0; i < s->n_docs; i++)
		if (strcmp(s->docs[i].id, id) == 0)
			return &s->docs[i];
	return NULL;
}

/* --- facts --- */

static int by_score(const void *a, const void *b)
{
	const struct named *const *x = a, *const *y = b;

	if ((*x)->number != (*y)->number)
		return (*x)->number < (*y)->number ? -1 : 1;
	return strcmp((*x)->value, (*y)->value);
}

static void load_index(struct sim *s, struct arena *a, struct fact *f, const char *name, bool down)
{
	const struct named **found = ARENA_ARRAY(a, const struct named *, s->members.n + 1);
	const char **items = ARENA_ARRAY(a, const char *, s->members.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s->members.n; i++)
		if (strcmp(s->members.items[i].name, name) == 0)
			found[n++] = &s->members.items[i];
	if (n)
		qsort(found, n, sizeof(*found), by_score);
	f->n = n < FACT_ITEMS_MAX ? n : FACT_ITEMS_MAX;
	for (size_t i = 0; i < f->n; i++)
		items[i] = found[down ? n - 1 - i : i]->value;
	f->items = items;
	f->state = n ? FACT_KNOWN : FACT_ABSENT;
}

static void load_fact(struct sim *s, struct arena *a, struct snapshot *snap, const char *key)
{
	struct fact f = {.key = arena_strdup(a, key), .state = FACT_ABSENT};
	const struct named *item;
	const struct doc *doc;

	if (strncmp(key, "doc:", 4) == 0 && (doc = doc_find(s, key + 4))) {
		f.state = FACT_KNOWN;
		f.version = doc->version;
		f.value = doc->json;
		f.len = strlen(doc->json);
	} else if (strncmp(key, "link:", 5) == 0 && (item = list_find(&s->links, key + 5, NULL))) {
		f.state = FACT_KNOWN;
		f.value = item->value;
		f.len = strlen(item->value);
	} else if (strncmp(key, "index:", 6) == 0) {
		load_index(s, a, &f, key + 6, false);
	} else if (strncmp(key, "rindex:", 7) == 0) {
		load_index(s, a, &f, key + 7, true);
	} else if (strncmp(key, "count:", 6) == 0) {
		item = list_find(&s->counts, key + 6, NULL);
		f.state = FACT_KNOWN;
		f.version = (item ? item->number : 0) + 1;
	}
	snapshot_add(snap, &f);
}

/* --- what was decided --- */

static void put(struct sim *s, const struct effect *f)
{
	struct doc *doc = doc_find(s, f->key);

	if (!doc) {
		s->docs = grow(s, s->docs, s->n_docs, &s->cap_docs, sizeof(*s->docs));
		doc = &s->docs[s->n_docs++];
		*doc = (struct doc){.id = arena_strdup(s->keep, f->key), .guard = ""};
	}
	doc->version = f->version + 1;
	doc->json = arena_strdup(s->keep, f->value);
	if (f->guard)
		doc->guard = arena_strdup(s->keep, f->guard);
}

static void queue(struct sim *s, const struct send *send)
{
	struct send *q;
	const char **texts[] = {NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL};

	s->queue = grow(s, s->queue, s->n_queue, &s->cap_queue, sizeof(*s->queue));
	q = &s->queue[s->n_queue++];
	*q = *send;
	texts[0] = &q->op;
	texts[1] = &q->key;
	texts[2] = &q->entity;
	texts[3] = &q->guard;
	texts[4] = &q->note;
	texts[5] = &q->to.channel;
	texts[6] = &q->user;
	texts[7] = &q->template_name;
	texts[8] = &q->data;
	texts[9] = &q->person;
	texts[10] = &q->via;
	texts[11] = &q->ref;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*texts[i] = arena_strdup(s->keep, *texts[i] ? *texts[i] : "");
}

static void apply(struct sim *s, const struct effect *f)
{
	switch (f->kind) {
	case EFFECT_PUT:
		put(s, f);
		return;
	case EFFECT_LOG:
		s->watch.logged(s->watch.ud, f->key, f->value);
		return;
	case EFFECT_TIMER:
		list_put(s, &s->timers, f->key, NULL)->number = f->at_ms;
		return;
	case EFFECT_TIMER_CLEAR:
		list_remove(&s->timers, list_find(&s->timers, f->key, NULL));
		return;
	case EFFECT_LINK:
		list_remove(&s->links, list_find(&s->links, f->key, NULL));
		if (f->value)
			list_put(s, &s->links, f->key, f->value);
		return;
	case EFFECT_INDEX:
		list_put(s, &s->members, f->key, f->value)->number = f->at_ms;
		return;
	case EFFECT_UNINDEX:
		list_remove(&s->members, list_find(&s->members, f->key, f->value));
		return;
	case EFFECT_COUNT:
		list_put(s, &s->counts, f->key, NULL)->number = f->version;
		return;
	case EFFECT_SEND:
		queue(s, &f->send);
		return;
	}
}

/* --- a request --- */

static void run(struct sim *s, struct request *req)
{
	struct arena *a = arena_new(STEP_BYTES);
	struct context cx = {.plan = s->plan, .req = req, .arena = a};
	struct snapshot *snap;
	struct effects e;
	enum step step = STEP_NEED;

	if (!a || ++s->steps > SIM_STEPS_MAX || setjmp(*arena_recovery(a))) {
		s->bad = true;
		arena_free(a);
		return;
	}
	snap = snapshot_new(a);
	cx.snap = snap;
	cx.out = &e;
	req->now_ms = s->now_ms;
	req->id = req->trace = arena_printf(a, "rehearsal-%u", s->steps);
	effects_init(&e, a);
	for (int round = 0; round < ROUNDS_MAX && step == STEP_NEED; round++) {
		effects_clear(&e);
		cx.call = NULL;
		step = handle(&cx);
		for (size_t i = 0; step == STEP_NEED && i < e.n_needs; i++)
			load_fact(s, a, snap, e.needs[i]);
	}
	if (step == STEP_NEED || e.overflow)
		s->bad = true;
	for (size_t i = 0; step == STEP_DONE && i < e.n; i++)
		apply(s, &e.items[i]);
	arena_recovery_clear(a);
	arena_free(a);
}

/* Delivered as soon as it was promised; what an acknowledgement made stale is not sent. */
static void deliver(struct sim *s)
{
	if (s->delivering)
		return;
	s->delivering = true;
	while (s->next_send < s->n_queue && !s->bad) {
		struct send send = s->queue[s->next_send++];
		const struct doc *doc = doc_find(s, send.entity);
		bool stale = *send.guard && (!doc || strcmp(doc->guard, send.guard) != 0);
		struct request r;
		char ts[32];

		if (!stale)
			s->watch.sent(s->watch.ud, &send);
		if (!*send.entity || !send.report)
			continue;
		snprintf(ts, sizeof(ts), "17.%06u", ++s->next_ts);
		request_init(&r);
		r.kind = REQUEST_DELIVERY;
		r.source = SOURCE_SYSTEM;
		r.delivery = (struct delivery){.entity = send.entity, .key = send.key, .op = send.op,
			.note = send.note, .outcome = stale ? DELIVERY_STALE : DELIVERY_ACCEPTED,
			.channel = *send.to.channel ? send.to.channel : "C0REHEARSAL", .ts = ts, .error = "",
			.detail = ""};
		run(s, &r);
	}
	s->delivering = false;
}

void sim_command(struct sim *s, const struct plan_person *who, const char *line)
{
	struct request r;
	size_t n = strcspn(line, " ");

	request_init(&r);
	r.kind = REQUEST_COMMAND;
	r.source = SOURCE_SLASH;
	r.family = arena_strndup(s->keep, line, n);
	r.text = line + n + (line[n] == ' ');
	r.who = (struct actor){PLATFORM_SLACK, who && who->slack ? who->slack : who ? "" : "U0REHEARSAL",
		who && who->name ? who->name : "Rehearsal", who};
	r.where = (struct place){PLATFORM_SLACK, "C0REHEARSAL", ""};
	run(s, &r);
	deliver(s);
}

void sim_advance(struct sim *s, int64_t to_ms)
{
	while (!s->bad) {
		struct named *due = NULL;
		struct request r;

		for (size_t i = 0; i < s->timers.n; i++) {
			struct named *t = &s->timers.items[i];

			if (t->number <= to_ms && (!due || t->number < due->number ||
				(t->number == due->number && strcmp(t->name, due->name) < 0)))
				due = t;
		}
		if (!due)
			break;
		if (due->number > s->now_ms)
			s->now_ms = due->number;
		request_init(&r);
		r.kind = REQUEST_TIMER;
		r.source = SOURCE_SYSTEM;
		r.timer = due->name;
		r.due_ms = due->number;
		list_remove(&s->timers, due);
		run(s, &r);
		deliver(s);
	}
	s->now_ms = to_ms;
}

struct sim *sim_new(const struct plan *plan, int64_t now_ms, const struct sim_watch *watch)
{
	struct sim *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->keep = arena_new(KEEP_BYTES);
	if (!s->keep) {
		free(s);
		return NULL;
	}
	s->plan = plan;
	s->now_ms = now_ms;
	s->watch = *watch;
	return s;
}

void sim_free(struct sim *s)
{
	if (!s)
		return;
	arena_free(s->keep);
	free(s);
}

int64_t sim_now(const struct sim *s)
{
	return s->now_ms;
}

const char *sim_document(const struct sim *s, const char *prefix)
{
	for (size_t i = s->n_docs; i > 0; i--)
		if (strncmp(s->docs[i - 1].id, prefix, strlen(prefix)) == 0)
			return s->docs[i - 1].id;
	return "";
}

bool sim_good(const struct sim *s)
{
	return !s->bad;
}
