/*
 * web_pagerduty.c - /pagerduty/CONNECTION: what people did there is done here.
 *
 * An acknowledgement or a resolution becomes a command of the person of that name, or of the name
 * alone where the plan does not know it: the signature vouches for it. The answer comes after the
 * commit and within five seconds, as the sender asks; what could not be recorded is answered 503 and
 * comes again. Everything signed that is not for us is taken with 202: three refusals in a row would
 * make PagerDuty switch the subscription off.
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "bot/clock.h"
#include "bot/log.h"
#include "bot/tasks.h"
#include "bot/web/pager_signature.h"
#include "bot/web/web_private.h"
#include "tocsin/arena.h"
#include "tocsin/err.h"
#include "tocsin/pager_wire.h"
#include "tocsin/plan.h"
#include "tocsin/request.h"

#define PARSE_BYTES (64u << 20) /* a body of 1 MiB, its JSON tree, and room */
#define TASK_BYTES (8u << 20)
#define DEADLINE_MS 4000
/* Shorter than what was done is remembered, so that an old post cannot be played again. */
#define OLDEST_MS (24LL * 3600 * 1000)
#define NEWEST_MS (10LL * 60 * 1000)

struct waiting {
	struct web *web;
	uint64_t request;
};

static void reply(struct web *w, uint64_t id, int status)
{
	struct web_answer a = {.status = status, .body = "", .headers = status == 503
		? "Retry-After: 5\r\n" : NULL};

	if (w->server)
		web_answer(w->server, id, &a);
}

static void reject(struct web *w, const struct web_request *req, int status, const char *text)
{
	log_write(LOG_WARN, "web", NULL, "a webhook of PagerDuty was refused", "path", req->rest, "from",
		req->peer, "status", log_int(status), "why", text, NULL);
	web_answer_text(w->server, req->id, status, text);
}

static void on_task_answer(void *ud, const struct answer *answer)
{
	struct waiting *wa = ud;
	struct web *w = wa->web;

	switch (answer->kind) {
	case ANSWER_DONE:
	case ANSWER_REFUSED: /* somebody has it already, or it is over: nothing to do, and that is well */
		reply(w, wa->request, 200);
		break;
	case ANSWER_NOT_RECORDED:
	case ANSWER_UNSURE: /* a repeat is known by its id */
	case ANSWER_BUSY:
		reply(w, wa->request, 503);
		break;
	case ANSWER_BROKEN:
		reply(w, wa->request, 500);
		break;
	}
	free(wa);
	web_done(w);
}

static void fill(struct request *r, struct arena *a, const struct pager_event *e,
	const struct plan_person *person, const char *connection, const char *id)
{
	request_init(r);
	r->kind = REQUEST_COMMAND;
	r->id = arena_printf(a, "pagerduty:%s:%s", connection, id);
	r->family = "incident";
	r->text = arena_printf(a, "%s %s", e->kind == PAGER_ACKNOWLEDGED ? "ack" : "resolve", e->incident);
	r->pager = arena_strdup(a, connection);
	r->pager_alert = e->alert;
	if (person) {
		r->source = SOURCE_LINK;
		r->who.user = arena_printf(a, "person:%s", person->key);
	} else {
		r->source = SOURCE_SYSTEM;
		r->who.name = *e->agent ? arena_strdup(a, e->agent) : "PagerDuty";
	}
}

static void submit(struct web *w, const struct web_request *req, const struct plan *plan,
	const struct pager_event *e, const char *connection, const char *id)
{
	struct waiting *wa = calloc(1, sizeof(*wa));
	struct arena *a = arena_new(TASK_BYTES);
	struct request *r;

	if (!wa || !a || setjmp(*arena_recovery(a))) {
		free(wa);
		arena_free(a);
		reply(w, req->id, 503);
		return;
	}
	r = ARENA_NEW(a, struct request);
	fill(r, a, e, pager_person(plan, e->agent), connection, id);
	arena_recovery_clear(a);
	wa->web = w;
	wa->request = req->id;
	web_wait(w);
	tasks_submit(w->o.tasks, a, r, NULL, DEADLINE_MS, on_task_answer, wa);
}

static bool is_timely(const struct pager_event *e)
{
	int64_t now = clock_wall_ms();

	return e->at_ms > now - OLDEST_MS && e->at_ms < now + NEWEST_MS;
}

static void receive(struct web *w, const struct web_request *req, const struct plan *plan,
	const struct plan_connection *conn, struct arena *a)
{
	const char *signature = http_head_get(req->head, "x-pagerduty-signature");
	const char *delivery = http_head_get(req->head, "x-webhook-id"), *id;
	struct err err = {0};
	struct pager_event e;

	if (!signature || !pager_verify(conn->webhook_secret, req->body, req->body_len, signature)) {
		reject(w, req, 403, "this is not the signature of the connection's webhook_secret");
		return;
	}
	if (pager_wire_parse(a, plan->incident.id_format ? plan->incident.id_format : "INC-{n}", req->body,
		req->body_len, &e, &err) < 0) {
		log_write(LOG_WARN, "web", NULL, "a signed webhook of PagerDuty could not be read", "why", err.text,
			NULL);
		reply(w, req->id, 202);
		return;
	}
	/* The event's id is signed, the header is not. */
	id = *e.event ? e.event : delivery ? delivery : "";
	if (e.kind == PAGER_OTHER || !*id || !is_timely(&e)) {
		log_write(LOG_INFO, "web", NULL, "nothing to do for a webhook of PagerDuty", "type", e.type,
			"incident", e.incident, "agent", e.agent, "timely", is_timely(&e) ? "yes" : "no", NULL);
		reply(w, req->id, 202);
		return;
	}
	submit(w, req, plan, &e, conn->key, id);
}

void web_pagerduty(void *ud, const struct web_request *req)
{
	struct web *w = ud;
	struct plan *plan = w->o.plan_take(w->o.ud);
	const struct plan_connection *conn = plan_connection(plan, req->rest);
	struct arena *a = arena_new(PARSE_BYTES);

	if (!conn || conn->kind != PLAN_CONN_PAGERDUTY || !conn->webhook_secret) {
		reject(w, req, 404, "the plan has no PagerDuty connection of this name with a webhook_secret");
	} else if (!a || setjmp(*arena_recovery(a))) {
		reply(w, req->id, 503);
	} else {
		receive(w, req, plan, conn, a);
		arena_recovery_clear(a);
	}
	arena_free(a);
	w->o.plan_give(w->o.ud, plan);
}
