/* ticket.c - a step of the ladder that opens a ticket: once for each connection, and told in the
 * thread. */
#include "paging_run.h"

#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/effects.h"
#include "tocsin/json_out.h"
#include "tocsin/plan.h"
#include "tocsin/request.h"

static struct page_ticket *ticket_find(struct paging *p, const char *via)
{
	for (unsigned i = 0; i < p->n_tickets; i++)
		if (strcmp(p->tickets[i].via, via) == 0)
			return &p->tickets[i];
	return NULL;
}

void ticket_open(struct paging_run *run, const char *via)
{
	struct paging *p = run->p;
	struct page_ticket *t = ticket_find(p, via);
	struct send s = {.lane = LANE_CALL, .op = "ticket", .via = via, .report = true,
		.template_name = "page/ticket_body"};

	if ((t && !t->failed) || (!t && p->n_tickets == PAGING_TICKETS_MAX))
		return;
	if (!t)
		t = &p->tickets[p->n_tickets++];
	*t = (struct page_ticket){via, "", "", false};
	s.key = incident_key(run->cx, run->inc, "ticket");
	s.entity = incident_entity(run->cx, run->inc);
	s.note = arena_printf(run->cx->arena, "ticket:%s", via);
	s.arg = run->inc->id;
	s.data = page_data(run, NULL, NULL, NULL, 0);
	effects_send(run->cx->out, &s);
}

void ticket_delivery(struct paging_run *run, const char *via, const struct delivery *d)
{
	struct page_ticket *t = ticket_find(run->p, via);
	bool opened = d->outcome == DELIVERY_ACCEPTED;
	struct json_out j;
	struct buf b;

	if (!t || *t->number || (!opened && (d->outcome != DELIVERY_FAILED || t->failed)))
		return;
	t->failed = !opened;
	t->number = opened ? *d->channel ? d->channel : via : "";
	t->link = opened ? d->detail : "";
	incident_data_begin(run->cx, run->inc, &j, &b);
	json_out_str(&j, "via", via);
	json_out_str(&j, "number", t->number);
	json_out_str(&j, "link", t->link);
	json_out_str(&j, "error", opened ? "" : d->error);
	page_post(run, opened ? "page/ticket" : "page/ticket_failed", incident_data_end(&j, &b), false);
	log_paging(run, opened ? "ticket" : "ticket_failed", opened ? t->number : via);
}
