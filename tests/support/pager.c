/* pager.c - see pager.h. */
#include "pager.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/handler.h"
#include "tocsin/json_out.h"
#include "tocsin/snapshot.h"

#define PREFIX "incident:INC-42:"

static void encode(struct pager *w, const struct incident *inc)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	incident_encode(inc, &b);
	assert_false(b.failed);
	free(w->doc);
	w->doc = buf_detach(&b);
}

void pager_init(struct pager *w, const struct plan *plan, const char *severity, int64_t now_ms)
{
	struct incident inc;

	memset(w, 0, sizeof(*w));
	w->plan = plan;
	w->now_ms = now_ms;
	w->keep = arena_new((size_t)1 << 30);
	incident_init(&inc);
	inc.id = "INC-42";
	inc.number = 42;
	inc.title = "Checkout returns 500s";
	inc.severity = severity;
	inc.declared_ms = inc.activity_ms = now_ms;
	inc.home.platform = PLATFORM_SLACK;
	inc.home.channel = "C0WARROOM";
	inc.home.root_ts = "17.5";
	encode(w, &inc);
}

void pager_release(struct pager *w)
{
	arena_free(w->step);
	arena_free(w->keep);
	free(w->doc);
	w->step = w->keep = NULL;
	w->doc = NULL;
}

/* --- one step ------------------------------------------------------------------------------ */

struct stage {
	struct context cx;
	struct request req;
};

static void stage_begin(struct pager *w, struct stage *st, enum request_kind kind)
{
	arena_free(w->step);
	w->step = arena_new((size_t)64 << 20);
	w->inc = ARENA_NEW(w->step, struct incident);
	assert_int_equal(incident_decode(w->step, w->doc, strlen(w->doc), w->inc), 0);
	w->inc->version = 1;
	memset(st, 0, sizeof(*st));
	st->req.kind = kind;
	st->req.now_ms = w->now_ms;
	st->req.pager = w->teller;
	st->req.who.name = st->req.who.user = st->req.id = st->req.trace = st->req.text = "";
	effects_init(&w->out, w->step);
	st->cx = (struct context){.plan = w->plan, .req = &st->req, .snap = snapshot_new(w->step),
		.out = &w->out, .arena = w->step};
	/* Nobody has changed who is on call. */
	for (size_t i = 0; i <= w->plan->n_schedules; i++) {
		struct fact f = {.state = FACT_ABSENT};

		f.key = arena_printf(w->step, "doc:oncall:%s",
			i ? w->plan->schedules[i - 1].key : "@away");
		snapshot_add((struct snapshot *)(uintptr_t)st->cx.snap, &f);
	}
}

static void timer_set(struct pager *w, const char *id, int64_t due_ms)
{
	size_t i;

	for (i = 0; i < w->n_timers && strcmp(w->timers[i].id, id) != 0; i++)
		;
	if (due_ms == 0) {
		if (i < w->n_timers)
			w->timers[i] = w->timers[--w->n_timers];
		return;
	}
	if (i == w->n_timers) {
		assert_true(w->n_timers < PAGER_TIMERS_MAX);
		snprintf(w->timers[i].id, sizeof(w->timers[i].id), "%s", id);
		w->n_timers++;
	}
	w->timers[i].due_ms = due_ms;
}

static void keep(struct pager *w, const char **s)
{
	*s = arena_strdup(w->keep, *s);
}

static void send_add(struct pager *w, const struct send *send)
{
	struct pager_send *s;

	assert_true(w->n_sends < PAGER_SENDS_MAX);
	/* An idempotency key is never used twice; the newest ones are enough to see it. */
	for (size_t i = w->n_sends > 100 ? w->n_sends - 100 : 0; i < w->n_sends; i++)
		assert_string_not_equal(w->sends[i].send.key, send->key);
	s = &w->sends[w->n_sends++];
	s->send = *send;
	s->at_ms = w->now_ms;
	s->epoch = w->inc->paging.epoch;
	keep(w, &s->send.op);
	keep(w, &s->send.key);
	keep(w, &s->send.entity);
	keep(w, &s->send.guard);
	keep(w, &s->send.note);
	keep(w, &s->send.user);
	keep(w, &s->send.ref);
	keep(w, &s->send.template_name);
	keep(w, &s->send.data);
	keep(w, &s->send.person);
	keep(w, &s->send.via);
	keep(w, &s->send.arg);
	keep(w, &s->send.ack);
	keep(w, &s->send.thread_ref);
}

static void stage_end(struct pager *w, struct stage *st)
{
	(void)st;
	assert_false(w->out.overflow);
	assert_int_equal(w->out.n_needs, 0);
	if (w->out.n > w->max_effects)
		w->max_effects = w->out.n;
	for (size_t i = 0; i < w->out.n; i++) {
		const struct effect *f = &w->out.items[i];

		if (f->kind == EFFECT_TIMER)
			timer_set(w, f->key, f->at_ms);
		else if (f->kind == EFFECT_TIMER_CLEAR)
			timer_set(w, f->key, 0);
		else if (f->kind == EFFECT_SEND)
			send_add(w, &f->send);
		else if (f->kind == EFFECT_LOG)
			w->n_logs++;
	}
	encode(w, w->inc);
	if (w->after)
		w->after(w);
}

void pager_start(struct pager *w)
{
	struct stage st;

	stage_begin(w, &st, REQUEST_COMMAND);
	paging_start(&st.cx, w->inc);
	reminders_plan(&st.cx, w->inc);
	stage_end(w, &st);
}

void pager_ack(struct pager *w, const char *person)
{
	struct stage st;

	stage_begin(w, &st, REQUEST_COMMAND);
	st.req.who.person = plan_person(w->plan, person);
	st.req.who.name = st.req.who.person ? st.req.who.person->name : person;
	w->inc->ack_by.person = st.req.who.person ? st.req.who.person->key : "";
	w->inc->ack_by.name = st.req.who.name;
	w->inc->ack_ms = w->inc->activity_ms = w->now_ms;
	paging_acknowledged(&st.cx, w->inc, &st.req.who);
	reminders_plan(&st.cx, w->inc);
	stage_end(w, &st);
}

void pager_stop(struct pager *w, const char *why)
{
	struct stage st;

	stage_begin(w, &st, REQUEST_COMMAND);
	w->inc->status = INCIDENT_RESOLVED;
	w->inc->resolved_ms = w->inc->activity_ms = w->now_ms;
	paging_stop(&st.cx, w->inc, why);
	reminders_plan(&st.cx, w->inc);
	stage_end(w, &st);
}

void pager_page(struct pager *w, const char *target, const char *reason)
{
	struct stage st;

	stage_begin(w, &st, REQUEST_COMMAND);
	st.req.who.name = "Mia Novak";
	w->found = paging_person(&st.cx, w->inc, target, reason);
	stage_end(w, &st);
}

void pager_activity(struct pager *w)
{
	struct stage st;

	stage_begin(w, &st, REQUEST_MESSAGE);
	w->inc->activity_ms = w->now_ms;
	paging_activity(&st.cx, w->inc);
	stage_end(w, &st);
}

void pager_severity(struct pager *w, const char *severity)
{
	struct stage st;

	stage_begin(w, &st, REQUEST_COMMAND);
	w->inc->severity = severity;
	paging_severity(&st.cx, w->inc);
	reminders_plan(&st.cx, w->inc);
	stage_end(w, &st);
}

void pager_change(struct pager *w, void (*change)(struct incident *inc, int64_t now_ms))
{
	struct stage st;

	stage_begin(w, &st, REQUEST_COMMAND);
	change(w->inc, w->now_ms);
	reminders_plan(&st.cx, w->inc);
	stage_end(w, &st);
}

void pager_fire(struct pager *w, const char *name)
{
	struct stage st;
	char id[128];

	snprintf(id, sizeof(id), PREFIX "%s", name);
	stage_begin(w, &st, REQUEST_TIMER);
	st.req.timer = id;
	/* The commit removes the timer that fired, unless it sets it anew. */
	timer_set(w, id, 0);
	if (!paging_timer(&st.cx, w->inc, name) && !reminder_timer(&st.cx, w->inc, name))
		fail_msg("nobody knows the timer %s", name);
	reminders_plan(&st.cx, w->inc);
	stage_end(w, &st);
}

/* --- deliveries and time ------------------------------------------------------------------- */

static bool is_broken(const struct pager *w, const struct send *s)
{
	for (size_t i = 0; i < w->n_broken; i++)
		if (strcmp(w->broken[i], s->op) == 0 || strcmp(w->broken[i], s->person) == 0 ||
			strcmp(w->broken[i], s->user) == 0 || strcmp(w->broken[i], s->via) == 0)
			return true;
	return false;
}

static void deliver_one(struct pager *w, size_t i)
{
	struct stage st;
	struct pager_send *s = &w->sends[i];
	char guard[32];

	stage_begin(w, &st, REQUEST_DELIVERY);
	snprintf(guard, sizeof(guard), "e%lld", (long long)w->inc->paging.epoch);
	s->fate = FATE_ACCEPTED;
	if (*s->send.guard && strcmp(s->send.guard, guard) != 0)
		s->fate = FATE_STALE;
	else if (is_broken(w, &s->send))
		s->fate = FATE_FAILED;
	if (!s->send.report && s->fate != FATE_FAILED)
		return;
	st.req.delivery = (struct delivery){.key = s->send.key, .entity = "incident:INC-42",
		.op = s->send.op, .note = s->send.note, .channel = "D1", .ts = "1.2", .error = "", .detail = ""};
	st.req.delivery.outcome = s->fate == FATE_STALE ? DELIVERY_STALE :
		s->fate == FATE_FAILED ? DELIVERY_FAILED : DELIVERY_ACCEPTED;
	if (s->fate == FATE_FAILED)
		st.req.delivery.error = "channel_not_found";
	paging_delivery(&st.cx, w->inc);
	stage_end(w, &st);
}

void pager_late_failure(struct pager *w, const struct pager_send *s, const char *error)
{
	struct stage st;

	stage_begin(w, &st, REQUEST_DELIVERY);
	st.req.delivery = (struct delivery){.key = "", .entity = "incident:INC-42", .op = s->send.op,
		.note = s->send.note, .channel = "", .ts = "", .error = error, .detail = "",
		.outcome = DELIVERY_FAILED};
	paging_delivery(&st.cx, w->inc);
	stage_end(w, &st);
}

void pager_deliver(struct pager *w)
{
	for (size_t i = w->first_pending; i < w->n_sends; i++)
		if (w->sends[i].fate == FATE_PENDING)
			deliver_one(w, i);
	w->first_pending = w->n_sends;
}

static const struct pager_timer *next_timer(const struct pager *w)
{
	const struct pager_timer *best = NULL;

	for (size_t i = 0; i < w->n_timers; i++)
		if (!best || w->timers[i].due_ms < best->due_ms ||
			(w->timers[i].due_ms == best->due_ms && strcmp(w->timers[i].id, best->id) < 0))
			best = &w->timers[i];
	return best;
}

static void advance(struct pager *w, int64_t t_ms, bool jump)
{
	const struct pager_timer *t;
	char name[96];

	if (!w->hold)
		pager_deliver(w);
	while ((t = next_timer(w)) && t->due_ms <= t_ms) {
		if (jump)
			w->now_ms = t_ms;
		else if (t->due_ms > w->now_ms)
			w->now_ms = t->due_ms;
		assert_memory_equal(t->id, PREFIX, strlen(PREFIX));
		snprintf(name, sizeof(name), "%s", t->id + strlen(PREFIX));
		pager_fire(w, name);
		if (!w->hold)
			pager_deliver(w);
	}
	w->now_ms = t_ms;
}

void pager_until(struct pager *w, int64_t t_ms)
{
	advance(w, t_ms, false);
}

void pager_downtime(struct pager *w, int64_t t_ms)
{
	advance(w, t_ms, true);
}

/* --- what is to be seen -------------------------------------------------------------------- */

int64_t pager_timer_due(const struct pager *w, const char *name)
{
	for (size_t i = 0; i < w->n_timers; i++)
		if (strcmp(w->timers[i].id + strlen(PREFIX), name) == 0)
			return w->timers[i].due_ms;
	return 0;
}

static const char *person_of(const struct pager *w, const struct send *s)
{
	const struct plan_person *person = *s->user ? plan_person_by_slack(w->plan, s->user) : NULL;

	return person ? person->key : s->person;
}

const char *pager_pages(struct pager *w, size_t from)
{
	struct buf b;

	buf_init_arena(&b, w->keep, 1 << 20);
	for (size_t i = from; i < w->n_sends; i++) {
		const struct send *s = &w->sends[i].send;

		if (strncmp(s->note, "page:", 5) != 0)
			continue;
		buf_printf(&b, "%s%s:%s", b.len ? " " : "", person_of(w, s),
			strcmp(s->op, "chat.post") == 0 ? "chat" : *s->via ? s->via : s->op);
	}
	return buf_text(&b);
}

const struct pager_send *pager_last(const struct pager *w, const char *template_name)
{
	for (size_t i = w->n_sends; i > 0; i--)
		if (strcmp(w->sends[i - 1].send.template_name, template_name) == 0)
			return &w->sends[i - 1];
	return NULL;
}

size_t pager_count(const struct pager *w, const char *template_name)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_sends; i++)
		n += strcmp(w->sends[i].send.template_name, template_name) == 0;
	return n;
}

const char *pager_status(struct pager *w)
{
	static const char *const words[] = {"sent", "accepted", "failed", "acked", "stopped"};
	struct incident inc;
	struct buf b;

	assert_int_equal(incident_decode(w->keep, w->doc, strlen(w->doc), &inc), 0);
	buf_init_arena(&b, w->keep, 1 << 16);
	for (unsigned i = 0; i < inc.paging.n_pages; i++)
		buf_printf(&b, "%s%s %s %s%s", i ? ", " : "", inc.paging.pages[i].person,
			inc.paging.pages[i].via, words[inc.paging.pages[i].state],
			inc.paging.pages[i].late ? " late" : "");
	return buf_text(&b);
}
