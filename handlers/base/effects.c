/* effects.c - see effects.h. */
#include "tocsin/effects.h"

#include <inttypes.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/buf.h"

void effects_init(struct effects *e, struct arena *a)
{
	memset(e, 0, sizeof(*e));
	e->arena = a;
}

void effects_clear(struct effects *e)
{
	e->n = 0;
	e->n_needs = 0;
	e->overflow = false;
	memset(&e->reply, 0, sizeof(e->reply));
}

void effects_need(struct effects *e, const char *fact_key)
{
	size_t i;

	for (i = 0; i < e->n_needs; i++)
		if (strcmp(e->needs[i], fact_key) == 0)
			return;
	/* Full: the rest is asked for in the next round. */
	if (e->n_needs < sizeof(e->needs) / sizeof(e->needs[0]))
		e->needs[e->n_needs++] = arena_strdup(e->arena, fact_key);
}

static struct effect *effects_add(struct effects *e, enum effect_kind kind, const char *key)
{
	static struct effect spare; /* written when full, never read */
	struct effect *f;

	if (e->n == EFFECTS_MAX) {
		e->overflow = true;
		return &spare;
	}
	if (e->n == e->cap) {
		size_t cap = e->cap ? e->cap * 2 : 8;
		struct effect *items = ARENA_ARRAY(e->arena, struct effect, cap);

		if (e->n)
			memcpy(items, e->items, e->n * sizeof(*items));
		e->items = items;
		e->cap = cap;
	}
	f = &e->items[e->n++];
	memset(f, 0, sizeof(*f));
	f->kind = kind;
	f->key = arena_strdup(e->arena, key);
	return f;
}

void effects_put(struct effects *e, const char *id, int64_t expected_version, const char *json,
	const char *guard)
{
	struct effect *f = effects_add(e, EFFECT_PUT, id);

	f->version = expected_version;
	f->value = arena_strdup(e->arena, json);
	f->guard = guard ? arena_strdup(e->arena, guard) : NULL;
}

void effects_log(struct effects *e, const char *id, const char *json)
{
	effects_add(e, EFFECT_LOG, id)->value = arena_strdup(e->arena, json);
}

void effects_timer(struct effects *e, const char *timer_id, int64_t due_ms)
{
	effects_add(e, EFFECT_TIMER, timer_id)->at_ms = due_ms;
}

void effects_timer_clear(struct effects *e, const char *timer_id)
{
	effects_add(e, EFFECT_TIMER_CLEAR, timer_id);
}

void effects_link(struct effects *e, const char *name, const char *target)
{
	effects_add(e, EFFECT_LINK, name)->value = arena_strdup(e->arena, target);
}

void effects_unlink(struct effects *e, const char *name)
{
	effects_add(e, EFFECT_LINK, name)->value = NULL;
}

void effects_index(struct effects *e, const char *index, const char *member, int64_t score)
{
	struct effect *f = effects_add(e, EFFECT_INDEX, index);

	f->value = arena_strdup(e->arena, member);
	f->at_ms = score;
}

void effects_unindex(struct effects *e, const char *index, const char *member)
{
	effects_add(e, EFFECT_UNINDEX, index)->value = arena_strdup(e->arena, member);
}

void effects_count(struct effects *e, const char *counter, int64_t number)
{
	effects_add(e, EFFECT_COUNT, counter)->version = number;
}

static void copy(struct effects *e, const char **s)
{
	*s = *s && **s ? arena_strdup(e->arena, *s) : "";
}

void effects_send(struct effects *e, const struct send *send)
{
	struct effect *f = effects_add(e, EFFECT_SEND, send->key);
	struct send *s = &f->send;

	*s = *send;
	copy(e, &s->op);
	s->key = f->key;
	copy(e, &s->entity);
	copy(e, &s->guard);
	copy(e, &s->note);
	copy(e, &s->to.channel);
	copy(e, &s->to.thread);
	copy(e, &s->thread_ref);
	copy(e, &s->user);
	copy(e, &s->ref);
	copy(e, &s->template_name);
	copy(e, &s->data);
	copy(e, &s->person);
	copy(e, &s->via);
	copy(e, &s->arg);
	copy(e, &s->link);
	copy(e, &s->users);
	copy(e, &s->ack);
}

void effects_reply(struct effects *e, enum reply_kind kind, const char *template_name,
	const char *data)
{
	e->reply.kind = kind;
	e->reply.template_name = arena_strdup(e->arena, template_name ? template_name : "");
	e->reply.data = arena_strdup(e->arena, data ? data : "{}");
}

void effects_form(struct effects *e, const char *template_name, const char *data,
	const char *command)
{
	effects_reply(e, REPLY_FORM, template_name, data);
	e->reply.command = arena_strdup(e->arena, command);
}

/* Every effect goes; what was asked for is still asked for. */
static void drop(struct effects *e)
{
	size_t n = e->n_needs;

	effects_clear(e);
	e->n_needs = n;
}

void effects_form_error(struct effects *e, const char *question, const char *template_name,
	const char *data)
{
	struct field *all;
	size_t n = e->reply.kind == REPLY_FORM_ERRORS ? e->reply.n_errors : 0;

	all = ARENA_ARRAY(e->arena, struct field, n + 1);
	if (n)
		memcpy(all, e->reply.errors, n * sizeof(*all));
	all[n].name = arena_strdup(e->arena, question);
	all[n].value = arena_strdup(e->arena, template_name);
	drop(e);
	effects_reply(e, REPLY_FORM_ERRORS, "", data);
	e->reply.refused = true;
	e->reply.errors = all;
	e->reply.n_errors = n + 1;
}

void effects_refuse(struct effects *e, const char *template_name, const char *data)
{
	drop(e);
	effects_reply(e, REPLY_PRIVATE, template_name, data);
	e->reply.refused = true;
}

static void print_one(const struct effect *f, struct buf *out)
{
	const struct send *s = &f->send;
	static const char *const lanes[LANES] = {"page", "chat", "call"};

	switch (f->kind) {
	case EFFECT_PUT:
		buf_printf(out, "put %s if v%" PRId64, f->key, f->version);
		if (f->guard)
			buf_printf(out, " guard=%s", f->guard);
		buf_printf(out, " %s\n", f->value);
		return;
	case EFFECT_LOG:
		buf_printf(out, "log %s %s\n", f->key, f->value);
		return;
	case EFFECT_TIMER:
		buf_printf(out, "timer %s at %" PRId64 "\n", f->key, f->at_ms);
		return;
	case EFFECT_TIMER_CLEAR:
		buf_printf(out, "timer %s clear\n", f->key);
		return;
	case EFFECT_LINK:
		if (f->value)
			buf_printf(out, "link %s -> %s\n", f->key, f->value);
		else
			buf_printf(out, "unlink %s\n", f->key);
		return;
	case EFFECT_INDEX:
		buf_printf(out, "index %s %s %" PRId64 "\n", f->key, f->value, f->at_ms);
		return;
	case EFFECT_UNINDEX:
		buf_printf(out, "unindex %s %s\n", f->key, f->value);
		return;
	case EFFECT_COUNT:
		buf_printf(out, "count %s %" PRId64 "\n", f->key, f->version);
		return;
	case EFFECT_SEND:
		buf_printf(out, "send %s %s key=%s", lanes[s->lane], s->op, s->key);
		if (*s->guard)
			buf_printf(out, " guard=%s", s->guard);
		if (*s->to.channel)
			buf_printf(out, " to=%s", s->to.channel);
		if (*s->to.thread)
			buf_printf(out, "/%s", s->to.thread);
		if (*s->thread_ref)
			buf_printf(out, " under=%s", s->thread_ref);
		if (*s->user)
			buf_printf(out, " user=%s", s->user);
		if (*s->person)
			buf_printf(out, " person=%s", s->person);
		if (*s->via)
			buf_printf(out, " via=%s", s->via);
		if (*s->ref)
			buf_printf(out, " ref=%s", s->ref);
		if (*s->arg)
			buf_printf(out, " arg=%s", s->arg);
		if (*s->template_name)
			buf_printf(out, " template=%s", s->template_name);
		if (*s->data)
			buf_printf(out, " %s", s->data);
		buf_char(out, '\n');
		return;
	}
}

void effects_print(const struct effects *e, struct buf *out)
{
	static const char *const replies[] = {"none", "private", "public", "form", "form-errors"};
	size_t i;

	for (i = 0; i < e->n_needs; i++)
		buf_printf(out, "need %s\n", e->needs[i]);
	for (i = 0; i < e->n; i++)
		print_one(&e->items[i], out);
	if (e->reply.kind != REPLY_NONE)
		buf_printf(out, "%s %s %s %s\n", e->reply.refused ? "refuse" : "reply",
			replies[e->reply.kind], e->reply.template_name, e->reply.data);
	for (i = 0; i < e->reply.n_errors; i++)
		buf_printf(out, "error %s: %s\n", e->reply.errors[i].name, e->reply.errors[i].value);
}
