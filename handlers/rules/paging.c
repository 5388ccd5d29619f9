/* paging.c - the doors of the paging engine: paging.h says what each of them promises. */
#include "paging_run.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/effects.h"
#include "tocsin/plan.h"
#include "tocsin/request.h"

int64_t paging_wait_ms(const struct plan_severity *sev)
{
	return sev && sev->ack_ms > 0 && sev->ack_ms < PAGING_WAIT_MS ? sev->ack_ms : PAGING_WAIT_MS;
}

void paging_run_init(struct paging_run *run, struct context *cx, struct incident *inc)
{
	memset(run, 0, sizeof(*run));
	run->cx = cx;
	run->inc = inc;
	run->p = &inc->paging;
	run->sev = incident_severity(cx, inc);
	run->now_ms = cx->req->now_ms;
}

bool paging_urgent(const struct paging_run *run, unsigned run_n)
{
	if (run->inc->page)
		return run->inc->page_urgent;
	return !run->sev || run->sev->urgent || run_n == 0;
}

void paging_run_end(struct paging_run *run)
{
	if (run->dirty)
		say_status(run);
}

static void expiry_set(struct paging_run *run, int64_t due_ms)
{
	if (run->inc->ack_expires_ms == due_ms)
		return;
	run->inc->ack_expires_ms = due_ms;
	incident_timer(run->cx, run->inc, "ackexpiry", due_ms);
}

/* Everything pending is stale from now on. */
static void halt(struct paging_run *run, enum paging_state state)
{
	struct paging *p = run->p;

	p->epoch++;
	p->state = state;
	reach_clear(run);
	if (p->next_ms) {
		p->next_ms = 0;
		incident_timer(run->cx, run->inc, "ladder", 0);
	}
	for (unsigned i = 0; i < p->n_pages; i++) {
		if (p->pages[i].state == PAGE_SENT) {
			p->pages[i].state = PAGE_STOPPED;
			run->dirty = true;
		}
	}
}

static bool told(const struct paging *p, const char *person)
{
	for (unsigned i = 0; i < p->n_told; i++)
		if (strcmp(p->told[i], person) == 0)
			return true;
	return false;
}

/* Once each; who was paged a moment ago knows already. */
static void tell(struct paging_run *run)
{
	struct paging *p = run->p;
	struct targets t = {.cx = run->cx};

	for (size_t i = 0; run->sev && i < run->sev->n_tell; i++)
		targets_add(&t, run->cx->plan, run->inc, run->sev->tell[i], run->now_ms);
	for (size_t i = 0; i < t.n; i++) {
		bool called = false;

		if (told(p, t.people[i]->key) || p->n_told == PAGING_PEOPLE_MAX)
			continue;
		p->told[p->n_told++] = t.people[i]->key;
		for (unsigned k = 0; k < run->n_called; k++)
			called = called || run->called[k] == t.people[i];
		if (!called)
			page_tell(run, t.people[i], 0);
	}
}

static void ladder_begin(struct paging_run *run)
{
	struct paging *p = run->p;
	const char *ladder = run->sev && run->sev->ladder ? run->sev->ladder : "";

	halt(run, *ladder ? PAGING_RUNNING : PAGING_IDLE);
	p->ladder = ladder;
	p->started_ms = p->base_ms = run->now_ms;
	p->step = p->cycle = p->steps_run = p->last_run = p->retries = 0;
	p->at_end = false;
	ladder_run(run, false);
}

void paging_start(struct context *cx, struct incident *inc)
{
	struct paging_run run;

	paging_run_init(&run, cx, inc);
	expiry_set(&run, 0);
	ladder_begin(&run);
	tell(&run);
	paging_run_end(&run);
}

static int64_t expiry_due(const struct paging_run *run)
{
	const struct incident *inc = run->inc;
	int64_t since = inc->activity_ms > inc->ack_ms ? inc->activity_ms : inc->ack_ms;

	return run->sev && run->sev->ack_expires_ms > 0 ? since + run->sev->ack_expires_ms : 0;
}

void paging_severity(struct context *cx, struct incident *inc)
{
	struct paging_run run;

	if (inc->paging.state != PAGING_ACKED) {
		paging_start(cx, inc);
		return;
	}
	paging_run_init(&run, cx, inc);
	expiry_set(&run, expiry_due(&run));
	tell(&run);
	paging_run_end(&run);
}

void paging_acknowledged(struct context *cx, struct incident *inc, const struct actor *who)
{
	struct paging_run run;
	struct paging *p = &inc->paging;
	const char *before = p->state == PAGING_ACKED ? p->holder : "";
	bool same = *before && strcmp(before, inc->ack_by.name) == 0;

	paging_run_init(&run, cx, inc);
	halt(&run, PAGING_ACKED);
	for (unsigned i = 0; who->person && i < p->n_pages; i++)
		if (p->pages[i].state == PAGE_ACCEPTED &&
			strcmp(p->pages[i].person, who->person->key) == 0)
			p->pages[i].state = PAGE_ACKED;
	p->holder = inc->ack_by.name;
	expiry_set(&run, expiry_due(&run));
	if (!same) {
		run.dirty = true;
		say_acked(&run, who, before);
		page_pagers(&run, "acknowledge");
	}
	page_close_chats(&run);
	paging_run_end(&run);
}

void paging_stop(struct context *cx, struct incident *inc, const char *why)
{
	/* Where somebody has it nothing is pending, and there is nothing to tell. */
	bool pending = inc->paging.state == PAGING_RUNNING && inc->paging.n_pages > 0;
	struct paging_run run;

	paging_run_init(&run, cx, inc);
	halt(&run, PAGING_STOPPED);
	expiry_set(&run, 0);
	page_close_chats(&run);
	page_pagers(&run, "resolve");
	if (pending)
		log_paging(&run, "paging_stopped", why);
	run.dirty = run.dirty || inc->paging.status_posted;
	paging_run_end(&run);
}

static bool reachable(struct paging_run *run, const struct targets *t)
{
	struct page_way ways[PAGING_WAYS_MAX];

	for (size_t i = 0; i < t->n; i++) {
		unsigned n = ways_of(run->cx->plan, t->people[i], true, NULL, 0, ways);

		for (unsigned k = 0; k < n; k++) {
			const char *error;

			if (way_kind(run->cx->plan, t->people[i], ways[k].via, &error) != WAY_NONE)
				return true;
		}
	}
	return false;
}

enum paging_found paging_person(struct context *cx, struct incident *inc, const char *target,
	const char *reason)
{
	struct paging_run run;
	struct targets t = {.cx = cx};

	paging_run_init(&run, cx, inc);
	if (!targets_add_typed(&t, cx->plan, inc, target, run.now_ms))
		return PAGING_UNKNOWN;
	if (t.n == 0)
		return PAGING_NOBODY;
	if (!reachable(&run, &t))
		return PAGING_UNREACHABLE;
	log_asked(&run, target, reason);
	for (size_t i = 0; i < t.n_gaps; i++)
		say_gap(&run, &t.gaps[i], &t);
	reach_begin(&run, t.people, t.n, reason, 0, NULL, 0, false);
	paging_run_end(&run);
	return PAGING_FOUND;
}

void paging_activity(struct context *cx, struct incident *inc)
{
	struct paging_run run;

	if (inc->paging.state != PAGING_ACKED)
		return;
	paging_run_init(&run, cx, inc);
	expiry_set(&run, expiry_due(&run));
}

void paging_room(struct context *cx, struct incident *inc)
{
	struct paging_run run;

	paging_run_init(&run, cx, inc);
	run.dirty = true;
	paging_run_end(&run);
}

static void on_expiry(struct paging_run *run)
{
	struct incident *inc = run->inc;
	struct incident_who holder = inc->ack_by;
	int64_t due = run->p->state == PAGING_ACKED ? expiry_due(run) : 0;

	/* The timer that fired is gone: what is set now must be set anew. */
	inc->ack_expires_ms = 0;
	if (due == 0)
		return;
	if (run->now_ms < due) {
		expiry_set(run, due);
		return;
	}
	inc->ack_by.person = inc->ack_by.user = inc->ack_by.name = "";
	inc->ack_ms = 0;
	inc->root_dirty = true;
	run->dirty = true;
	say_expired(run, &holder);
	log_paging(run, "ack_expired", holder.name);
	/* An acknowledged alert would swallow the next trigger: it must be a new one. */
	page_pagers(run, "resolve");
	ladder_begin(run);
}

static void on_reach(struct paging_run *run, const char *number)
{
	struct page_reach *r = reach_find(run->p, (unsigned)strtoul(number, NULL, 10));
	unsigned ladder_run_n;
	int64_t due;

	if (!r || r->due_ms == 0)
		return;
	due = r->due_ms;
	r->due_ms = 0;
	if (run->now_ms < due) {
		r->due_ms = due;
		incident_timer(run->cx, run->inc, arena_printf(run->cx->arena, "reach:%u", r->n), due);
		return;
	}
	ladder_run_n = r->run;
	if (!reach_step(run, r, false))
		ladder_unreached(run, ladder_run_n);
}

bool paging_timer(struct context *cx, struct incident *inc, const char *name)
{
	struct paging_run run;

	paging_run_init(&run, cx, inc);
	if (strcmp(name, "ladder") == 0) {
		inc->paging.next_ms = 0;
		ladder_run(&run, false);
	} else if (strncmp(name, "reach:", 6) == 0) {
		on_reach(&run, name + 6);
	} else if (strcmp(name, "ackexpiry") == 0) {
		on_expiry(&run);
	} else {
		return false;
	}
	paging_run_end(&run);
	return true;
}

/* --- deliveries ---------------------------------------------------------------------------- */

/* It was on its way when somebody acknowledged, or when the incident ended. */
static void page_overtaken(struct paging_run *run, struct page *page, enum way_kind kind)
{
	if (run->p->state == PAGING_RUNNING)
		return;
	if (kind == WAY_CHAT)
		page_close_chat(run, page);
	else if (kind == WAY_PAGERDUTY)
		page_pager_late(run, page, run->p->state == PAGING_ACKED ? "acknowledge" : "resolve");
}

/* An answer in the thread of a page is about its incident. */
static void page_link(struct paging_run *run)
{
	const struct delivery *d = &run->cx->req->delivery;

	if (*d->channel && *d->ts)
		effects_link(run->cx->out, arena_printf(run->cx->arena, "thread:slack:%s:%s", d->channel, d->ts),
			incident_entity(run->cx, run->inc));
}

static void page_accepted(struct paging_run *run, struct page *page)
{
	const struct plan_person *person = plan_person(run->cx->plan, page->person);
	const char *error;
	enum way_kind kind;

	/* A telephone may have said "busy" before we were told that the call was taken. */
	if (page->state == PAGE_ACCEPTED || page->state == PAGE_ACKED || page->state == PAGE_FAILED)
		return;
	page->state = PAGE_ACCEPTED;
	run->dirty = true;
	page_link(run);
	kind = person ? way_kind(run->cx->plan, person, page->via, &error) : WAY_NONE;
	page->live = kind == WAY_CHAT;
	if (page->epoch != run->p->epoch)
		page_overtaken(run, page, kind);
}

/* The receiver worked; it is the person who did not. */
static bool nobody_answered(const char *error)
{
	static const char *const errors[] = {"no-answer", "busy", "canceled", "no_key"};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(error, errors[i]) == 0)
			return true;
	return false;
}

static void page_failed(struct paging_run *run, struct page *page, const char *error)
{
	struct page_reach *r = reach_find(run->p, page->reach);
	unsigned ladder_run_n;
	bool last;

	if (page->state == PAGE_FAILED || page->state == PAGE_ACKED)
		return;
	/* It was taken once, and how the call ended matters no more. */
	if (page->state == PAGE_ACCEPTED && page->epoch != run->p->epoch)
		return;
	page->state = PAGE_FAILED;
	page->error = *error ? error : "failed";
	page->refused = !nobody_answered(error);
	run->dirty = true;
	log_page(run, "page_failed", page);
	if (page->epoch != run->p->epoch || !r)
		return;
	r->failed++;
	ladder_run_n = r->run;
	last = r->way > 0 && strcmp(r->ways[r->way - 1].via, page->via) == 0;
	if (!reach_step(run, r, last))
		ladder_unreached(run, ladder_run_n);
}

static void tell_failed(struct paging_run *run, const char *note)
{
	char *person_key;
	unsigned long way = strtoul(note, &person_key, 10);
	const struct plan_person *person;

	if (*person_key != ':' || way >= PAGING_WAYS_MAX)
		return;
	person = plan_person(run->cx->plan, person_key + 1);
	if (person)
		page_tell(run, person, (unsigned)way + 1);
}

/* note: "pager:resolve:CONNECTION" */
static void pager_failed(struct paging_run *run, const struct delivery *d)
{
	const char *what = d->note + strlen("pager:"), *via = strchr(what, ':');

	if (d->outcome == DELIVERY_FAILED && via)
		say_pager_failed(run, via + 1, strncmp(what, "resolve:", 8) == 0 ? "resolve" : "acknowledge",
			d->error);
}

bool paging_delivery(struct context *cx, struct incident *inc)
{
	const struct delivery *d = &cx->req->delivery;
	struct paging_run run;
	struct page *page;

	paging_run_init(&run, cx, inc);
	if (strncmp(d->note, "tell:", 5) == 0) {
		if (d->outcome == DELIVERY_FAILED)
			tell_failed(&run, d->note + 5);
		return true;
	}
	if (strncmp(d->note, "pager:", 6) == 0) {
		pager_failed(&run, d);
		return true;
	}
	if (strncmp(d->note, "ticket:", 7) == 0) {
		ticket_delivery(&run, d->note + 7, d);
		return true;
	}
	if (strncmp(d->note, "page:", 5) != 0)
		return false;
	page = page_find(&inc->paging, (unsigned)strtoul(d->note + 5, NULL, 10));
	if (!page)
		return true;
	switch (d->outcome) {
	case DELIVERY_SENT:
		break;
	case DELIVERY_ACCEPTED:
		page_accepted(&run, page);
		break;
	case DELIVERY_FAILED:
		page_failed(&run, page, d->error);
		break;
	case DELIVERY_STALE:
		if (page->state == PAGE_SENT) {
			page->state = PAGE_STOPPED;
			run.dirty = true;
		}
		break;
	}
	paging_run_end(&run);
	return true;
}
