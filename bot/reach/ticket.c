/*
 * ticket.c - op "ticket": a ticket in ServiceNow, Jira or GitHub, opened unless it is there.
 *
 * Two transfers: one that looks, one that opens. Whatever happened to an earlier attempt, the first
 * finds what it left behind.
 */
#include <jansson.h>
#include <string.h>

#include "bot/reach/attempt.h"
#include "bot/reach/ticket_wire.h"
#include "tocsin/arena.h"
#include "tocsin/json_in.h"
#include "tocsin/message.h"
#include "tocsin/plan.h"
#include "tocsin/render.h"

struct ticket_job {
	struct plan_connection conn; /* its strings are the plan's, which outlives the attempt */
	struct ticket ticket;
};

static void call(struct attempt *a, const struct ticket_job *job, const struct ticket_call *c,
	attempt_judge_fn judge)
{
	struct http_request req = {.method = c->method, .url = c->url, .headers = c->headers,
		.body = c->body ? c->body : "", .body_len = c->body ? strlen(c->body) : 0,
		.allow_http = job->conn.private_ok, .refuse_private = !job->conn.private_ok};

	attempt_send(a, &req, judge);
}

/* GitHub says 403 also for "too often". */
static void judge_status(struct attempt *a, const struct http_answer *answer, struct sent *r)
{
	attempt_judge_http(a, answer, r);
	if (answer->status == 403 && answer->retry_after_ms >= 0)
		r->outcome = SENT_LATER;
}

static void found(struct sent *r, const struct ticket_found *f)
{
	r->outcome = SENT_ACCEPTED;
	r->channel = f->number;
	r->detail = f->link;
}

static void unread(struct sent *r, enum sent_outcome outcome)
{
	r->outcome = outcome;
	r->error = "no_ticket_system";
	r->detail = "the answer is none of this kind of system: is the address right, and is it awake?";
}

static void judge_create(struct attempt *a, const struct http_answer *answer, struct sent *r)
{
	const struct ticket_job *job = a->way;
	struct ticket_found f;

	judge_status(a, answer, r);
	if (r->outcome != SENT_ACCEPTED)
		return;
	/* A 2xx that says nothing: perhaps it was opened. The next look will tell. */
	if (ticket_create_read(a->arena, &job->conn, answer->body, answer->body_len, &f) == TICKET_THERE)
		found(r, &f);
	else
		unread(r, SENT_UNKNOWN);
}

static void judge_search(struct attempt *a, const struct http_answer *answer, struct sent *r)
{
	const struct ticket_job *job = a->way;
	struct ticket_found f;
	struct ticket_call c;

	judge_status(a, answer, r);
	if (r->outcome != SENT_ACCEPTED)
		return;
	switch (ticket_search_read(a->arena, &job->conn, job->ticket.id, answer->body, answer->body_len, &f)) {
	case TICKET_THERE:
		found(r, &f);
		return;
	case TICKET_UNREAD:
		unread(r, SENT_LATER);
		return;
	case TICKET_NONE:
		break;
	}
	r->outcome = SENT_LATER; /* should memory run out before the second transfer has begun */
	ticket_create(a->arena, &job->conn, &job->ticket, &c);
	call(a, job, &c, judge_create);
}

static bool takes_tickets(const struct plan_connection *c)
{
	return c && (c->kind == PLAN_CONN_SERVICENOW || c->kind == PLAN_CONN_JIRA ||
		c->kind == PLAN_CONN_GITHUB_ISSUE) && (c->url || c->kind == PLAN_CONN_GITHUB_ISSUE);
}

void ticket_begin(struct attempt *a, const struct outgoing *o)
{
	const struct plan_connection *conn = plan_connection(o->plan, o->send->via);
	const struct words *words = a->reach->o.words(a->reach->o.ud);
	const json_t *data = json_in_load(a->arena, o->send->data, strlen(o->send->data));
	struct ticket_job *job = ARENA_NEW(a->arena, struct ticket_job);
	struct message *m;
	struct ticket_call c;

	if (!takes_tickets(conn)) {
		attempt_settle(a, SENT_REFUSED, "no_such_connection",
			"the plan has no connection of this name that takes tickets");
		return;
	}
	m = data && *o->send->arg ? words_message(words, a->arena, o->send->template_name, o->send->data, NULL)
		: NULL;
	if (!m) {
		attempt_settle(a, SENT_REFUSED, "bad_entry", "the entry is no ticket, or its template does not render");
		return;
	}
	job->conn = *conn;
	job->ticket.id = arena_strdup(a->arena, o->send->arg);
	job->ticket.title = arena_strdup(a->arena, *message_title(m) ? message_title(m) : o->send->arg);
	job->ticket.text = attempt_text(a, o, TICKET_TEXT_UNITS);
	job->ticket.urgent = strcmp(json_in_str(data, "pager_severity"), "warning") != 0;
	a->way = job;
	ticket_search(a->arena, conn, job->ticket.id, &c);
	call(a, job, &c, judge_search);
}
