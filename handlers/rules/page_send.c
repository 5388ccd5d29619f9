/* page_send.c - one page becomes one promised delivery. */
#include "paging_run.h"

#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/effects.h"
#include "tocsin/plan.h"

struct page *page_find(struct paging *p, unsigned n)
{
	for (unsigned i = 0; i < p->n_pages; i++)
		if (p->pages[i].n == n)
			return &p->pages[i];
	return NULL;
}

/* The oldest makes room; its buttons still work, it is only no longer listed. */
static struct page *page_add(struct paging_run *run)
{
	struct paging *p = run->p;
	struct page *page;

	if (!p->pages)
		p->pages = ARENA_ARRAY(run->cx->arena, struct page, PAGING_PAGES_MAX);
	if (p->n_pages == PAGING_PAGES_MAX) {
		memmove(&p->pages[0], &p->pages[1], (p->n_pages - 1) * sizeof(*p->pages));
		p->n_pages--;
		p->pages_dropped++;
	}
	page = &p->pages[p->n_pages++];
	memset(page, 0, sizeof(*page));
	page->n = ++p->last_page;
	page->epoch = p->epoch;
	page->at_ms = run->now_ms;
	page->error = "";
	run->pages++;
	run->dirty = true;
	return page;
}

static void pager_open(struct paging *p, const char *via)
{
	for (unsigned i = 0; i < p->n_pagers; i++)
		if (strcmp(p->pagers[i], via) == 0)
			return;
	if (p->n_pagers < PAGING_PAGERS_MAX)
		p->pagers[p->n_pagers++] = via;
}

/* What each kind of way needs besides what all have. */
static void send_by_kind(struct paging_run *run, struct send *s, enum way_kind kind,
	const struct plan_person *person, const char *via)
{
	switch (kind) {
	case WAY_CHAT:
		s->op = "chat.post";
		s->to.platform = PLATFORM_SLACK;
		s->user = person->slack;
		s->ref = s->key;
		s->template_name = "page/chat";
		return;
	case WAY_MAIL:
		s->op = "mail";
		s->person = person->key;
		s->template_name = "page/mail";
		s->ack = arena_printf(run->cx->arena, "incident ack %s", run->inc->id);
		return;
	case WAY_PAGERDUTY:
		s->op = "pagerduty";
		s->person = person->key;
		s->via = via;
		s->arg = "trigger";
		s->template_name = "page/pagerduty";
		pager_open(run->p, via);
		return;
	case WAY_WEBHOOK:
		s->op = "webhook";
		s->person = person->key;
		s->via = via;
		s->arg = "incident.page";
		s->template_name = "page/webhook";
		return;
	case WAY_PHONE:
	case WAY_SMS:
		s->op = kind == WAY_SMS ? "sms" : "phone";
		s->person = person->key;
		s->via = phone_connection(run->cx->plan, via)->key;
		s->template_name = kind == WAY_SMS ? "page/sms" : "page/phone";
		return;
	case WAY_NONE:
		return;
	}
}

bool page_send(struct paging_run *run, struct page_reach *r, const struct plan_person *person,
	const char *via, bool last_resort)
{
	struct arena *a = run->cx->arena;
	struct page *page = page_add(run);
	const char *error;
	enum way_kind kind = way_kind(run->cx->plan, person, via, &error);
	struct send s = {.lane = LANE_PAGE, .report = true};

	page->reach = r->n;
	page->person = person->key;
	page->via = via;
	page->late = r->late;
	page->alert = run->p->alert;
	if (kind == WAY_NONE) {
		page->state = PAGE_FAILED;
		page->error = error;
		log_page(run, "page_failed", page);
		return false;
	}
	s.key = arena_printf(a, "%s/page/%u", run->inc->id, page->n);
	s.entity = incident_entity(run->cx, run->inc);
	s.guard = paging_guard(a, run->p);
	s.note = arena_printf(a, "page:%u", page->n);
	/* Where another way is left a silent receiver is given up soon; else the lane's limit holds. */
	if (!last_resort)
		s.not_after_ms = run->now_ms + PAGING_GIVE_UP_MS;
	s.data = page_data(run, r, page, person, page->alert);
	send_by_kind(run, &s, kind, person, via);
	effects_send(run->cx->out, &s);
	log_page(run, "page", page);
	return true;
}

void page_tell(struct paging_run *run, const struct plan_person *person, unsigned way)
{
	struct arena *a = run->cx->arena;
	struct page_way ways[PAGING_WAYS_MAX];
	unsigned n = ways_of(run->cx->plan, person, false, NULL, 0, ways);

	for (; way < n; way++) {
		const char *error;
		enum way_kind kind = way_kind(run->cx->plan, person, ways[way].via, &error);
		struct send s = {.lane = kind == WAY_CHAT ? LANE_CHAT : LANE_CALL};

		/* A pager rings: being told is no reason for that. */
		if (kind == WAY_NONE || kind == WAY_PAGERDUTY || kind == WAY_PHONE)
			continue;
		s.key = arena_printf(a, "%s/tell/%s/%u", run->inc->id, person->key, way);
		s.entity = incident_entity(run->cx, run->inc);
		s.note = arena_printf(a, "tell:%u:%s", way, person->key);
		s.data = page_data(run, NULL, NULL, person, 0);
		send_by_kind(run, &s, kind, person, ways[way].via);
		s.template_name = kind == WAY_SMS ? "page/sms_tell" : "page/tell";
		s.ack = "";
		s.ref = "";
		if (kind == WAY_WEBHOOK)
			s.arg = "incident.told";
		effects_send(run->cx->out, &s);
		return;
	}
	say_not_told(run, person);
}

void page_close_chat(struct paging_run *run, struct page *page)
{
	struct arena *a = run->cx->arena;
	struct send s = {.lane = LANE_CHAT, .op = "chat.update", .template_name = "page/chat_done"};
	const struct plan_person *person = plan_person(run->cx->plan, page->person);

	page->live = false;
	s.ref = arena_printf(a, "%s/page/%u", run->inc->id, page->n);
	s.key = incident_key(run->cx, run->inc, "page-done");
	s.entity = incident_entity(run->cx, run->inc);
	s.data = page_data(run, NULL, page, person, 0);
	effects_send(run->cx->out, &s);
}

void page_close_chats(struct paging_run *run)
{
	for (unsigned i = 0; i < run->p->n_pages; i++)
		if (run->p->pages[i].live)
			page_close_chat(run, &run->p->pages[i]);
}

/* In the lane that does not give up soon: an alert that goes on ringing in PagerDuty though
 * somebody has it is a nuisance, and nobody waits for this. */
static void pager_event(struct paging_run *run, const char *via, const char *what, unsigned alert)
{
	struct send s = {.lane = LANE_CALL, .op = "pagerduty", .via = via, .arg = what,
		.template_name = "page/pagerduty"};

	s.key = incident_key(run->cx, run->inc, "pager");
	s.entity = incident_entity(run->cx, run->inc);
	s.note = arena_printf(run->cx->arena, "pager:%s:%s", what, via);
	s.data = page_data(run, NULL, NULL, NULL, alert);
	effects_send(run->cx->out, &s);
}

void page_pagers(struct paging_run *run, const char *what)
{
	struct paging *p = run->p;

	const char *teller = run->cx->req->pager;

	/* Who told us knows. */
	for (unsigned i = 0; i < p->n_pagers; i++)
		if (!teller || strcmp(p->pagers[i], teller) != 0)
			pager_event(run, p->pagers[i], what, p->alert);
	if (strcmp(what, "resolve") == 0 && p->n_pagers > 0) {
		p->n_pagers = 0;
		p->alert++;
	}
}

void page_pager_late(struct paging_run *run, const struct page *page, const char *what)
{
	pager_event(run, page->via, what, page->alert);
}
