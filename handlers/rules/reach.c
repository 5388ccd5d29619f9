/* reach.c - one person after another, way after way: see paging.h for the rules. */
#include "paging_run.h"

#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/plan.h"
#include "tocsin/rota.h"

/* --- ways ---------------------------------------------------------------------------------- */

static bool has_mail(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_connections; i++)
		if (plan->connections[i].kind == PLAN_CONN_SMTP)
			return true;
	return false;
}

static enum way_kind none(const char **error, const char *why)
{
	*error = why;
	return WAY_NONE;
}

static enum way_kind mail_kind(const struct plan *plan, const struct plan_person *person,
	const char **error)
{
	if (!person->mail)
		return none(error, "no_address");
	return has_mail(plan) ? WAY_MAIL : none(error, "no_mail_connection");
}

const struct plan_connection *phone_connection(const struct plan *plan, const char *via)
{
	const struct plan_connection *named = plan_connection(plan, via);

	if (named && named->kind == PLAN_CONN_TWILIO)
		return named;
	for (size_t i = 0; i < plan->n_connections; i++)
		if (plan->connections[i].kind == PLAN_CONN_TWILIO)
			return &plan->connections[i];
	return NULL;
}

static enum way_kind phone_kind(const struct plan *plan, const struct plan_person *person,
	const char *via, const char **error)
{
	if (!person->phone)
		return none(error, "no_address");
	if (!phone_connection(plan, via))
		return none(error, "no_phone_connection");
	return strcmp(via, "sms") == 0 ? WAY_SMS : WAY_PHONE;
}

enum way_kind way_kind(const struct plan *plan, const struct plan_person *person, const char *via,
	const char **error)
{
	const struct plan_connection *conn;

	*error = "";
	if (strcmp(via, "chat") == 0) {
		if (person->slack)
			return WAY_CHAT;
		return none(error, person->teams ? "not_in_this_version" : "no_address");
	}
	if (strcmp(via, "mail") == 0)
		return mail_kind(plan, person, error);
	if (strcmp(via, "phone") == 0 || strcmp(via, "sms") == 0)
		return phone_kind(plan, person, via, error);
	conn = plan_connection(plan, via);
	if (!conn)
		return none(error, "unknown_way");
	switch (conn->kind) {
	case PLAN_CONN_SMTP:
		return mail_kind(plan, person, error);
	case PLAN_CONN_PAGERDUTY:
		return WAY_PAGERDUTY;
	case PLAN_CONN_WEBHOOK:
		return WAY_WEBHOOK;
	case PLAN_CONN_TWILIO:
		return phone_kind(plan, person, via, error);
	case PLAN_CONN_SERVICENOW:
	case PLAN_CONN_JIRA:
	case PLAN_CONN_GITHUB_ISSUE:
		return none(error, "unknown_way"); /* a ticket rings nobody */
	case PLAN_CONN_OTHER:
		break;
	}
	return none(error, "not_in_this_version");
}

static bool allowed(const struct plan_person *person, const char *via)
{
	for (size_t i = 0; i < person->n_only; i++)
		if (strcmp(person->only[i], via) == 0)
			return true;
	return person->n_only == 0;
}

/* An address that the person does not have is no way of theirs: nothing failed. */
static bool applies(const struct plan *plan, const struct plan_person *person, const char *via)
{
	const char *error;

	return way_kind(plan, person, via, &error) != WAY_NONE || strcmp(error, "no_address") != 0;
}

static unsigned way_add(struct page_way *out, unsigned n, const char *via, int64_t after_ms)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(out[i].via, via) == 0)
			return n;
	if (n == PAGING_WAYS_MAX)
		return n;
	out[n].via = via;
	out[n].after_ms = n == 0 ? 0 : after_ms;
	return n + 1;
}

unsigned ways_of(const struct plan *plan, const struct plan_person *person, bool urgent,
	const char *const *via, unsigned n_via, struct page_way *out)
{
	static const struct plan_reach usual[] = {{"chat", 0}, {"mail", 0}};
	struct plan_reach_list list = person->reach;
	unsigned n = 0;

	for (unsigned i = 0; i < n_via; i++)
		if (allowed(person, via[i]) && applies(plan, person, via[i]))
			n = way_add(out, n, via[i], 0);
	if (list.n == 0)
		list = urgent ? plan->reach_urgent : plan->reach_normal;
	if (list.n == 0)
		list = (struct plan_reach_list){usual, 2};
	/* Behind a step's own ways the person's are the last resort, better than silence. */
	for (size_t i = 0; i < list.n; i++)
		if (allowed(person, list.items[i].via) && applies(plan, person, list.items[i].via))
			n = way_add(out, n, list.items[i].via, n_via > 0 ? -1 : list.items[i].after_ms);
	for (size_t i = 0; i < person->n_only; i++)
		if (applies(plan, person, person->only[i]))
			n = way_add(out, n, person->only[i], n_via > 0 ? -1 : 0);
	return n;
}

/* --- reaches ------------------------------------------------------------------------------- */

struct page_reach *reach_find(struct paging *p, unsigned n)
{
	for (unsigned i = 0; i < p->n_reaches; i++)
		if (p->reaches[i].n == n)
			return &p->reaches[i];
	return NULL;
}

bool reach_done(const struct page_reach *r)
{
	return r->due_ms == 0;
}

static void reach_due(struct paging_run *run, struct page_reach *r, int64_t due_ms)
{
	if (r->due_ms == due_ms)
		return;
	r->due_ms = due_ms;
	incident_timer(run->cx, run->inc, arena_printf(run->cx->arena, "reach:%u", r->n), due_ms);
}

void reach_clear(struct paging_run *run)
{
	for (unsigned i = 0; i < run->p->n_reaches; i++)
		reach_due(run, &run->p->reaches[i], 0);
	run->p->n_reaches = 0;
}

/* Room for one more: the oldest finished one goes, else the oldest. */
static struct page_reach *reach_add(struct paging_run *run)
{
	struct paging *p = run->p;
	unsigned gone = 0;

	if (!p->reaches)
		p->reaches = ARENA_ARRAY(run->cx->arena, struct page_reach, PAGING_REACH_MAX);
	if (p->n_reaches == PAGING_REACH_MAX) {
		for (unsigned i = p->n_reaches; i > 0; i--)
			if (reach_done(&p->reaches[i - 1]))
				gone = i - 1;
		reach_due(run, &p->reaches[gone], 0);
		memmove(&p->reaches[gone], &p->reaches[gone + 1],
			(p->n_reaches - gone - 1) * sizeof(*p->reaches));
		p->n_reaches--;
	}
	memset(&p->reaches[p->n_reaches], 0, sizeof(*p->reaches));
	return &p->reaches[p->n_reaches++];
}

/* Already called in this run, or, when steps are made up for, a moment ago: no burst. */
static bool called(const struct paging_run *run, const struct plan_person *person, bool late,
	bool *reached)
{
	const struct paging *p = run->p;

	for (unsigned i = 0; i < run->n_called; i++) {
		if (run->called[i] == person) {
			*reached = run->reached[i];
			return true;
		}
	}
	for (unsigned i = 0; late && i < p->n_pages; i++) {
		const struct page *page = &p->pages[i];

		if (page->epoch == p->epoch && page->state != PAGE_FAILED &&
			page->at_ms + PAGING_LATE_MS > run->now_ms &&
			strcmp(page->person, person->key) == 0) {
			*reached = true;
			return true;
		}
	}
	return false;
}

bool reach_begin(struct paging_run *run, const struct plan_person *const *people, size_t n,
	const char *reason, unsigned ladder_run_n, const char *const *via, unsigned n_via, bool late)
{
	const struct plan *plan = run->cx->plan;
	struct page_reach *r;
	bool reached, urgent = paging_urgent(run, ladder_run_n);
	unsigned me;

	for (; n > 0 && called(run, people[0], late, &reached); people++, n--)
		if (reached)
			return true;
	if (n == 0 || run->n_called == PAGING_REACH_MAX)
		return false;
	r = reach_add(run);
	r->n = ++run->p->last_reach;
	r->person = people[0]->key;
	r->reason = reason;
	r->run = ladder_run_n;
	r->started_ms = run->now_ms;
	r->late = late;
	r->n_ways = ways_of(plan, people[0], urgent, via, n_via, r->ways);
	for (size_t i = 1; i < n && r->n_rest < PAGING_PEOPLE_MAX; i++)
		r->rest[r->n_rest++] = people[i]->key;
	for (unsigned i = 0; i < n_via && i < PAGING_WAYS_MAX; i++)
		r->via[r->n_via++] = via[i];
	me = run->n_called++;
	run->called[me] = people[0];
	run->reached[me] = false;
	run->reached[me] = reach_step(run, r, true);
	return run->reached[me];
}

/* The next in succession. False: there is nobody, or nobody could be reached. */
static bool reach_hand_on(struct paging_run *run, struct page_reach *r)
{
	const struct plan_person *people[PAGING_PEOPLE_MAX];
	const char *via[PAGING_WAYS_MAX];
	size_t n = 0;

	r->handed_on = true;
	for (unsigned i = 0; i < r->n_rest; i++)
		if ((people[n] = plan_person(run->cx->plan, r->rest[i])))
			n++;
	if (n == 0)
		return false;
	for (unsigned i = 0; i < r->n_via; i++)
		via[i] = r->via[i];
	/* reach_add() may move the reaches: r is not touched after this. */
	return reach_begin(run, people, n, r->reason, r->run, via, r->n_via, r->late);
}

static bool way_is_due(const struct paging_run *run, const struct page_reach *r, bool force)
{
	const struct page_way *w = &r->ways[r->way];

	if (w->after_ms < 0)
		return r->failed == r->way;
	return force || run->now_ms >= r->last_ms + w->after_ms;
}

bool reach_step(struct paging_run *run, struct page_reach *r, bool force)
{
	const struct plan_person *person = plan_person(run->cx->plan, r->person);
	int64_t due = 0, wait = paging_wait_ms(run->sev), opens = run->now_ms;
	bool lost;

	if (!paging_urgent(run, r->run))
		opens = plan_opens(run->cx->plan, run->now_ms);
	if (opens > run->now_ms) {
		reach_due(run, r, opens);
		return true;
	}
	while (r->way < r->n_ways && way_is_due(run, r, force)) {
		bool more = r->way + 1 < r->n_ways || r->n_rest > 0;

		if (run->pages == PAGING_RUN_MAX) {
			reach_due(run, r, run->now_ms + 1000);
			return true;
		}
		/* Somebody whom the plan no longer knows has no way left. */
		force = !person || !page_send(run, r, person, r->ways[r->way].via, !more);
		r->failed += force;
		r->last_ms = run->now_ms;
		r->way++;
	}
	lost = r->failed == r->n_ways;
	if (r->way < r->n_ways && r->ways[r->way].after_ms >= 0)
		due = r->last_ms + r->ways[r->way].after_ms;
	if (!r->handed_on && r->n_rest > 0 && !lost && run->now_ms < r->started_ms + wait) {
		int64_t next = r->started_ms + wait;

		reach_due(run, r, due == 0 || next < due ? next : due);
		return true;
	}
	reach_due(run, r, due);
	if (lost)
		say_unreachable(run, r->person);
	if (r->handed_on || r->n_rest == 0)
		return !lost;
	return reach_hand_on(run, r) || !lost;
}
