/* world.c - the pretended store and clock. See world.h. */
#include "world_in.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tocsin/incident.h"
#include "tocsin/plan.h"
#include "tocsin/snapshot.h"

#define ROUNDS_MAX 20

void world_fault(struct world *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&w->faults, fmt, ap);
	va_end(ap);
	buf_char(&w->faults, '\n');
}

void world_line(struct world *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&w->lines, fmt, ap);
	va_end(ap);
	buf_char(&w->lines, '\n');
}

const char *world_keep(struct world *w, const char *s)
{
	return arena_strdup(w->keep, s ? s : "");
}

struct world *world_new(const struct plan *plan)
{
	struct world *w = calloc(1, sizeof(*w));

	w->keep = arena_new((size_t)1 << 30);
	w->plan = plan;
	w->words = words_new(NULL, 0);
	w->now_ms = WORLD_T0;
	buf_init(&w->lines, (size_t)1 << 26);
	buf_init(&w->faults, (size_t)1 << 20);
	return w;
}

void world_free(struct world *w)
{
	buf_release(&w->lines);
	buf_release(&w->faults);
	words_free(w->words);
	arena_free(w->keep);
	free(w);
}

int64_t world_now(const struct world *w)
{
	return w->now_ms;
}

/* --- facts ------------------------------------------------------------------------------------- */

struct doc *world_doc_find(struct world *w, const char *id)
{
	for (size_t i = 0; i < w->n_docs; i++)
		if (strcmp(w->docs[i].id, id) == 0)
			return &w->docs[i];
	return NULL;
}

const char *pair_get(const struct pair *list, size_t n, const char *name, const char **more)
{
	for (size_t i = n; i-- > 0;)
		if (strcmp(list[i].name, name) == 0) {
			if (more)
				*more = list[i].more;
			return list[i].value;
		}
	return NULL;
}

static int by_score(const void *a, const void *b)
{
	const struct member *const *x = a, *const *y = b;

	if ((*x)->score != (*y)->score)
		return (*x)->score < (*y)->score ? -1 : 1;
	return strcmp((*x)->value, (*y)->value);
}

static void load_index(struct world *w, struct arena *a, struct fact *f, const char *name, bool down)
{
	const struct member **found = ARENA_ARRAY(a, const struct member *, w->n_members + 1);
	const char **items = ARENA_ARRAY(a, const char *, w->n_members + 1);
	size_t n = 0;

	for (size_t i = 0; i < w->n_members; i++)
		if (strcmp(w->members[i].index, name) == 0)
			found[n++] = &w->members[i];
	if (n)
		qsort(found, n, sizeof(*found), by_score);
	f->n = n < FACT_ITEMS_MAX ? n : FACT_ITEMS_MAX;
	for (size_t i = 0; i < f->n; i++)
		items[i] = found[down ? n - 1 - i : i]->value;
	f->items = items;
	f->state = n ? FACT_KNOWN : FACT_ABSENT;
}

static void load_log(struct world *w, struct arena *a, struct fact *f, const char *id)
{
	const char **items = ARENA_ARRAY(a, const char *, w->n_entries + 1);

	for (size_t i = 0; i < w->n_entries; i++)
		if (strcmp(w->entries[i].id, id) == 0)
			items[f->n++] = w->entries[i].json;
	if (f->n > FACT_ITEMS_MAX) {
		items += f->n - FACT_ITEMS_MAX;
		f->n = FACT_ITEMS_MAX;
	}
	f->items = items;
	f->state = f->n ? FACT_KNOWN : FACT_ABSENT;
}

static void load_fact(struct world *w, struct arena *a, struct snapshot *s, const char *key)
{
	struct fact f = {.key = arena_strdup(a, key), .state = FACT_ABSENT};
	const struct doc *doc;

	if (strncmp(key, "doc:", 4) == 0) {
		doc = world_doc_find(w, key + 4);
		if (doc) {
			f.state = FACT_KNOWN;
			f.version = doc->version;
			f.value = doc->json;
			f.len = strlen(doc->json);
		}
	} else if (strncmp(key, "link:", 5) == 0) {
		f.value = pair_get(w->links, w->n_links, key + 5, NULL);
		f.state = f.value && *f.value ? FACT_KNOWN : FACT_ABSENT;
		f.len = f.value ? strlen(f.value) : 0;
	} else if (strncmp(key, "index:", 6) == 0) {
		load_index(w, a, &f, key + 6, false);
	} else if (strncmp(key, "rindex:", 7) == 0) {
		load_index(w, a, &f, key + 7, true);
	} else if (strncmp(key, "log:", 4) == 0) {
		load_log(w, a, &f, key + 4);
	} else if (strncmp(key, "count:", 6) == 0) {
		f.state = FACT_KNOWN;
		f.version = w->count + 1;
	} else {
		world_fault(w, "a fact nobody knows: %s", key);
	}
	snapshot_add(s, &f);
}

/* --- the commit ----------------------------------------------------------------------------------- */

static bool versions_hold(struct world *w, const struct effects *e)
{
	for (size_t i = 0; i < e->n; i++) {
		const struct effect *f = &e->items[i];
		const struct doc *doc;

		if (f->kind == EFFECT_COUNT && f->version != w->count + 1)
			return false;
		if (f->kind != EFFECT_PUT)
			continue;
		doc = world_doc_find(w, f->key);
		if ((doc ? doc->version : 0) != f->version)
			return false;
	}
	return true;
}

static void put(struct world *w, const struct effect *f)
{
	struct doc *doc = world_doc_find(w, f->key);

	if (!doc) {
		doc = &w->docs[w->n_docs++];
		doc->id = world_keep(w, f->key);
		doc->guard = "";
	}
	doc->version = f->version + 1;
	doc->json = world_keep(w, f->value);
	if (f->guard)
		doc->guard = world_keep(w, f->guard);
}

static void timer_set(struct world *w, const char *id, int64_t due_ms)
{
	size_t i;

	for (i = 0; i < w->n_timers && strcmp(w->timers[i].id, id) != 0; i++)
		;
	if (due_ms == 0) {
		if (i < w->n_timers)
			w->timers[i] = w->timers[--w->n_timers];
		return;
	}
	if (i == w->n_timers)
		w->timers[w->n_timers++].id = world_keep(w, id);
	w->timers[i].due_ms = due_ms;
}

static void index_set(struct world *w, const struct effect *f)
{
	size_t i;

	for (i = 0; i < w->n_members; i++)
		if (strcmp(w->members[i].index, f->key) == 0 && strcmp(w->members[i].value, f->value) == 0)
			break;
	if (f->kind == EFFECT_UNINDEX) {
		if (i < w->n_members)
			w->members[i] = w->members[--w->n_members];
		return;
	}
	if (i == w->n_members) {
		w->members[w->n_members].index = world_keep(w, f->key);
		w->members[w->n_members++].value = world_keep(w, f->value);
	}
	w->members[i].score = f->at_ms;
}

static void promise(struct world *w, const struct send *s)
{
	struct promise *p = &w->promises[w->n_promises++];

	for (size_t i = 0; i + 1 < w->n_promises; i++)
		if (strcmp(w->promises[i].send.key, s->key) == 0)
			world_fault(w, "an idempotency key is used twice: %s", s->key);
	p->send = *s;
	p->done = false;
	p->send.op = world_keep(w, s->op);
	p->send.key = world_keep(w, s->key);
	p->send.entity = world_keep(w, s->entity);
	p->send.guard = world_keep(w, s->guard);
	p->send.note = world_keep(w, s->note);
	p->send.to.channel = world_keep(w, s->to.channel);
	p->send.to.thread = world_keep(w, s->to.thread);
	p->send.thread_ref = world_keep(w, s->thread_ref);
	p->send.user = world_keep(w, s->user);
	p->send.ref = world_keep(w, s->ref);
	p->send.template_name = world_keep(w, s->template_name);
	p->send.data = world_keep(w, s->data);
	p->send.person = world_keep(w, s->person);
	p->send.via = world_keep(w, s->via);
	p->send.arg = world_keep(w, s->arg);
	p->send.link = world_keep(w, s->link);
	p->send.users = world_keep(w, s->users);
	p->send.ack = world_keep(w, s->ack);
}

static void apply(struct world *w, const struct effect *f)
{
	switch (f->kind) {
	case EFFECT_PUT:
		put(w, f);
		return;
	case EFFECT_LOG:
		w->entries[w->n_entries].id = world_keep(w, f->key);
		w->entries[w->n_entries++].json = world_keep(w, f->value);
		return;
	case EFFECT_TIMER:
		timer_set(w, f->key, f->at_ms);
		return;
	case EFFECT_TIMER_CLEAR:
		timer_set(w, f->key, 0);
		return;
	case EFFECT_LINK:
		w->links[w->n_links].name = world_keep(w, f->key);
		w->links[w->n_links++].value = world_keep(w, f->value);
		return;
	case EFFECT_INDEX:
	case EFFECT_UNINDEX:
		index_set(w, f);
		return;
	case EFFECT_COUNT:
		w->count = f->version;
		return;
	case EFFECT_SEND:
		promise(w, &f->send);
		return;
	}
}

/* --- a request ------------------------------------------------------------------------------------- */

static const char *say_reply(struct world *w, const struct request *req, const struct effects *e)
{
	static const char *const kinds[] = {"", "only you", "everybody", "form", "form stays"};
	const struct reply *r = &e->reply;
	struct posted *p;
	const char *text = "";

	if (r->kind == REPLY_NONE)
		return "";
	if (r->kind == REPLY_FORM_ERRORS) {
		struct buf b;

		buf_init_arena(&b, w->keep, 1 << 16);
		for (size_t i = 0; i < r->n_errors; i++)
			buf_printf(&b, "%s: %s\n", r->errors[i].name,
				world_render(w, r->errors[i].value, r->data, NULL));
		text = buf_text(&b);
	} else {
		p = &w->posts[w->n_posts++];
		p->channel = p->thread = p->ref = "";
		p->ts = "";
		p->seen_by = world_keep(w, req->who.user);
		p->text = text = world_render(w, r->template_name, r->data, p);
	}
	if (r->kind == REPLY_FORM) {
		w->form.user = world_keep(w, req->who.user);
		w->form.command = world_keep(w, r->command);
		w->form.where = req->where;
	}
	world_line(w, "answer to %s (%s): %s", req->who.name, kinds[r->kind], text);
	return text;
}

static const char *run(struct world *w, struct request *req)
{
	struct arena *a = arena_new((size_t)1 << 28);
	struct snapshot *snap = snapshot_new(a);
	struct effects e;
	struct context cx = {.plan = w->plan, .req = req, .out = &e, .arena = a};
	const char *text = "";
	unsigned round;

	effects_init(&e, a);
	cx.snap = snap;
	for (round = 0; round < ROUNDS_MAX; round++) {
		enum step step;

		effects_clear(&e);
		cx.call = NULL;
		step = handle(&cx);
		if (step == STEP_NEED) {
			if (!e.n_needs)
				world_fault(w, "asks for nothing");
			for (size_t i = 0; i < e.n_needs; i++)
				load_fact(w, a, snap, e.needs[i]);
			continue;
		}
		if (e.overflow)
			world_fault(w, "too many effects");
		if (step == STEP_REFUSED && e.n)
			world_fault(w, "a refusal with effects");
		if (step == STEP_DONE && e.n && (w->conflicts || !versions_hold(w, &e))) {
			if (w->conflicts)
				w->conflicts--;
			cx.snap = snap = snapshot_new(a);
			continue;
		}
		for (size_t i = 0; i < e.n; i++)
			apply(w, &e.items[i]);
		text = say_reply(w, req, &e);
		break;
	}
	if (round == ROUNDS_MAX)
		world_fault(w, "no end of rounds");
	arena_free(a);
	return text;
}

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

const char *world_request(struct world *w, struct request *req)
{
	const char *text;

	req->now_ms = w->now_ms;
	req->id = arena_printf(w->keep, "req-%u", ++w->next_id);
	req->trace = req->id;
	req->who.user = or_empty(req->who.user);
	req->who.name = or_empty(req->who.name);
	req->where.channel = or_empty(req->where.channel);
	req->where.thread = or_empty(req->where.thread);
	req->place_name = or_empty(req->place_name);
	req->family = or_empty(req->family);
	req->text = or_empty(req->text);
	req->message_ts = or_empty(req->message_ts);
	text = run(w, req);
	world_deliver(w);
	return text;
}

/* --- time ---------------------------------------------------------------------------------------------- */

static bool fire_next(struct world *w, int64_t until_ms, bool late)
{
	struct request req = {.kind = REQUEST_TIMER, .source = SOURCE_SYSTEM};
	const struct timer *t = NULL;

	for (size_t i = 0; i < w->n_timers; i++)
		if (w->timers[i].due_ms <= until_ms && (!t || w->timers[i].due_ms < t->due_ms ||
			(w->timers[i].due_ms == t->due_ms && strcmp(w->timers[i].id, t->id) < 0)))
			t = &w->timers[i];
	if (!t)
		return false;
	if (!late && t->due_ms > w->now_ms)
		w->now_ms = t->due_ms;
	req.timer = t->id;
	req.due_ms = t->due_ms;
	timer_set(w, t->id, 0);
	world_request(w, &req);
	return true;
}

void world_advance(struct world *w, int64_t ms)
{
	int64_t until = w->now_ms + ms;
	unsigned fired = 0;

	while (fire_next(w, until, false) && fired++ < 100000)
		;
	if (fired >= 100000)
		world_fault(w, "timers without end");
	w->now_ms = until;
}

void world_look(struct world *w)
{
	struct request req = {.kind = REQUEST_TIMER, .source = SOURCE_SYSTEM, .timer = "oncall:@plan:look"};

	world_request(w, &req);
}

void world_sleep(struct world *w, int64_t ms)
{
	w->now_ms += ms;
	for (unsigned n = 0; n < 10000 && fire_next(w, w->now_ms, true); n++)
		;
}

/* --- people and places ------------------------------------------------------------------------------------ */

struct actor world_actor(struct world *w, const char *who)
{
	const struct plan_person *p = plan_person(w->plan, who);
	struct actor a = {.platform = PLATFORM_SLACK, .user = "", .name = world_keep(w, who)};

	if (p && p->slack) {
		a.user = p->slack;
		a.name = world_keep(w, p->key);
		a.person = p;
	} else {
		char *id = arena_printf(w->keep, "U0%s", who);

		for (char *c = id; *c; c++)
			if (*c >= 'a' && *c <= 'z')
				*c = (char)(*c - 32);
		a.user = id;
	}
	return a;
}

struct place world_place(struct world *w, const char *who, const char *where)
{
	struct place at = {PLATFORM_SLACK, "", ""};
	const struct plan_channel *c;
	const char *value, *more = "";

	if (strncmp(where, "thread ", 7) == 0 || strncmp(where, "room ", 5) == 0) {
		bool room = *where == 'r';
		const char *ref = arena_printf(w->keep, "%s/%s", strchr(where, ' ') + 1, room ? "room" : "root");

		value = pair_get(w->refs, w->n_refs, ref, &more);
		if (!value)
			world_fault(w, "no such place: %s", where);
		at.channel = value ? value : "";
		at.thread = room ? "" : more;
		return at;
	}
	if (strcmp(where, "dm") == 0) {
		at.channel = arena_printf(w->keep, "D0%s", world_actor(w, who).user + 2);
		return at;
	}
	c = plan_channel(w->plan, *where == '#' ? where + 1 : where);
	at.channel = c ? c->slack : world_keep(w, where);
	return at;
}

const char *world_command(struct world *w, enum request_source source, const char *who,
	const char *where, const char *text, bool can_open_form)
{
	struct request req = {.kind = REQUEST_COMMAND, .source = source, .family = "incident"};
	size_t n = strcspn(text, " ");

	req.who = world_actor(w, who);
	req.where = world_place(w, who, where);
	/* "/oncall who" says itself whom it is for, as "oncall who" behind a mention does */
	if (n && family_find(arena_strndup(w->keep, text + (*text == '/'), n - (*text == '/')))) {
		req.family = arena_strndup(w->keep, text + (*text == '/'), n - (*text == '/'));
		text += n + (text[n] == ' ');
	}
	req.text = text;
	req.can_open_form = can_open_form;
	return world_request(w, &req);
}

const char *world_type(struct world *w, const char *who, const char *where, const char *text)
{
	return world_command(w, SOURCE_SLASH, who, where, text, true);
}

void world_conflict(struct world *w, unsigned n)
{
	w->conflicts = n;
}

/* --- looking ------------------------------------------------------------------------------------------- */

const char *world_lines(struct world *w)
{
	return buf_text(&w->lines) + w->mark;
}

void world_mark(struct world *w)
{
	w->mark = w->lines.len;
}

const char *world_faults(struct world *w)
{
	return buf_text(&w->faults);
}

const char *world_doc(struct world *w, const char *id)
{
	const struct doc *d = world_doc_find(w, id);

	return d ? d->json : "";
}

size_t world_log_count(struct world *w, const char *id)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_entries; i++)
		n += strcmp(w->entries[i].id, id) == 0;
	return n;
}

bool world_indexed(struct world *w, const char *index, const char *member)
{
	for (size_t i = 0; i < w->n_members; i++)
		if (strcmp(w->members[i].index, index) == 0 && strcmp(w->members[i].value, member) == 0)
			return true;
	return false;
}

size_t world_timers(struct world *w, const char *prefix)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_timers; i++)
		n += strncmp(w->timers[i].id, prefix, strlen(prefix)) == 0;
	return n;
}
