/*
 * web_twilio.c - /twilio/CONNECTION/...: what Twilio tells us of calls and text messages.
 *
 *   gather   a key was pressed in a call, or none: "1" acknowledges as the person who was called
 *   status   how a call or message ended: what failed late goes on to the person's next way
 *   sms      a person answers by text message
 *
 * Nothing is believed without the signature, which covers the address that we gave Twilio and the
 * whole form. A mailbox may "pick up": only a key that was pressed counts.
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "bot/log.h"
#include "bot/reach/twilio_wire.h"
#include "bot/tasks.h"
#include "bot/web/web_private.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/json_out.h"
#include "tocsin/message.h"
#include "tocsin/plan.h"
#include "tocsin/render.h"
#include "tocsin/request.h"

#define POST_BYTES (4u << 20)
#define TASK_BYTES (8u << 20)
#define BODY_MAX (64u << 10)
#define FIELD_MAX 512
#define SMS_BODY_MAX 2000
#define ANSWER_UNITS 480 /* three text messages, or half a minute of talk */

/* One post that is being looked at. */
struct post {
	struct web *web;
	const struct web_request *req;
	const struct plan *plan;
	const struct plan_connection *conn;
	struct arena *arena;
};

/* --- words ---------------------------------------------------------------------------------- */

static const char *say(struct web *w, struct arena *a, const struct plan *plan, const char *name,
	const char *data)
{
	const struct words *words = w->o.words(w->o.ud);
	struct message *m = words_message(words, a, name, data, NULL);
	struct render_options ro = {.no_buttons = true, .phrases = words_phrases(words),
		.max_units = ANSWER_UNITS, .tz = plan->timezone};
	struct resolver who;
	struct buf text;

	if (!m)
		return "";
	resolver_slack(&who, plan);
	ro.who = &who;
	buf_init_arena(&text, a, 65536);
	text_render(m, &ro, &text);
	return buf_text(&text);
}

static const char *id_data(struct arena *a, const char *id)
{
	struct json_out j;
	struct buf b;

	buf_init_arena(&b, a, 4096);
	json_out_init(&j, &b);
	json_out_object(&j, NULL);
	json_out_str(&j, "id", id);
	json_out_object_end(&j);
	return buf_text(&b);
}

static void answer_xml(struct web *w, uint64_t id, const char *xml)
{
	struct web_answer a = {.status = 200, .type = "text/xml; charset=utf-8", .body = xml,
		.len = strlen(xml)};

	if (w->server)
		web_answer(w->server, id, &a);
}

static void reject(struct web *w, const struct web_request *req, int status, const char *text)
{
	log_write(LOG_WARN, "web", NULL, "a callback of Twilio was refused", "path", req->rest, "from",
		req->peer, "status", log_int(status), "why", text, NULL);
	web_answer_text(w->server, req->id, status, text);
}

/* A field of the form, "" when it is not there. In arena. */
static const char *field(const struct post *p, const char *name, size_t max)
{
	char *out = arena_alloc(p->arena, max);

	return http_form_get(p->req->body, p->req->body_len, name, out, max) == 1 ? out : "";
}

/* --- requests ------------------------------------------------------------------------------- */

enum answer_by { BY_VOICE, BY_SMS, BY_STATUS };

/* A task that a callback waits for. */
struct waiting {
	struct web *web;
	uint64_t request;
	enum answer_by by;
	char id[FIELD_MAX]; /* of the incident, for words */
};

static void answer_waiting(const struct waiting *wa, const struct answer *answer, struct arena *a,
	const struct plan *plan)
{
	struct web *w = wa->web;
	bool spoken = answer->reply.kind == REPLY_PRIVATE || answer->reply.kind == REPLY_PUBLIC;
	const char *text = "";

	if (wa->by == BY_STATUS) {
		bool again = answer->kind != ANSWER_DONE && answer->kind != ANSWER_REFUSED;
		struct web_answer wanted = {.status = again ? 503 : 204, .body = ""};

		web_answer(w->server, wa->request, &wanted);
		return;
	}
	if (wa->by == BY_VOICE && answer->kind == ANSWER_DONE)
		text = say(w, a, plan, "phone/acked", id_data(a, wa->id));
	else if (wa->by == BY_VOICE && answer->kind != ANSWER_REFUSED)
		text = say(w, a, plan, "phone/failed", id_data(a, wa->id));
	else if (spoken)
		text = say(w, a, plan, answer->reply.template_name, answer->reply.data);
	answer_xml(w, wa->request, wa->by == BY_SMS ? twiml_message(a, text) : twiml_ask(a, text, NULL));
}

static void on_task_answer(void *ud, const struct answer *answer)
{
	struct waiting *wa = ud;
	struct web *w = wa->web;
	struct plan *plan;
	struct arena *a;

	if (w->server) {
		plan = w->o.plan_take(w->o.ud);
		a = arena_new(POST_BYTES);
		if (a && setjmp(*arena_recovery(a)) == 0) {
			answer_waiting(wa, answer, a, plan);
			arena_recovery_clear(a);
		} else {
			web_answer_text(w->server, wa->request, 503, "out of memory");
		}
		arena_free(a);
		w->o.plan_give(w->o.ud, plan);
	}
	free(wa);
	web_done(w);
}

/* Hands the request over; r's strings are copied. deadline_ms 0: it waits for Redis to come back. */
static void submit(const struct post *p, const struct request *from, enum answer_by by, const char *id,
	int64_t deadline_ms)
{
	struct waiting *wa = calloc(1, sizeof(*wa));
	struct arena *a = arena_new(TASK_BYTES);
	struct request *r;

	if (!wa || !a || setjmp(*arena_recovery(a))) {
		free(wa);
		arena_free(a);
		web_answer_text(p->web->server, p->req->id, 503, "out of memory");
		return;
	}
	r = ARENA_NEW(a, struct request);
	request_init(r);
	r->kind = from->kind;
	r->source = from->source;
	r->id = arena_strdup(a, from->id);
	r->who.user = arena_strdup(a, from->who.user);
	r->family = arena_strdup(a, from->family);
	r->text = arena_strdup(a, from->text);
	r->delivery.outcome = from->delivery.outcome;
	r->delivery.entity = arena_strdup(a, from->delivery.entity);
	r->delivery.op = arena_strdup(a, from->delivery.op);
	r->delivery.note = arena_strdup(a, from->delivery.note);
	r->delivery.error = arena_strdup(a, from->delivery.error);
	r->delivery.detail = arena_strdup(a, from->delivery.detail);
	arena_recovery_clear(a);
	wa->web = p->web;
	wa->request = p->req->id;
	wa->by = by;
	snprintf(wa->id, sizeof(wa->id), "%s", id);
	web_wait(p->web);
	tasks_submit(p->web->o.tasks, a, r, NULL, deadline_ms, on_task_answer, wa);
}

/* "ack INC-42" of the family to which the entity belongs, by that person. */
static void submit_ack(const struct post *p, const char *entity, const char *person, const char *id,
	enum answer_by by)
{
	const char *colon = strchr(entity, ':');
	struct request r;

	request_init(&r);
	r.kind = REQUEST_COMMAND;
	r.source = SOURCE_LINK;
	r.id = id;
	r.who.user = arena_printf(p->arena, "person:%s", person);
	r.family = arena_strndup(p->arena, entity, (size_t)(colon - entity));
	r.text = colon[1] ? arena_printf(p->arena, "ack %s", colon + 1) : "ack";
	submit(p, &r, by, colon + 1, WEB_DEADLINE_MS);
}

/* --- gather --------------------------------------------------------------------------------- */

/* Asks once more, a few times: people need a moment to find the keys. */
static void ask_again(const struct post *p, const struct twilio_ref *ref)
{
	const char *id = strchr(ref->entity, ':') + 1;
	struct twilio_ref next = *ref;

	if (ref->turn >= TWILIO_TURNS) {
		answer_xml(p->web, p->req->id, twiml_ask(p->arena, say(p->web, p->arena, p->plan, "phone/bye",
			id_data(p->arena, id)), NULL));
		return;
	}
	next.turn++;
	answer_xml(p->web, p->req->id, twiml_ask(p->arena, say(p->web, p->arena, p->plan, "phone/again",
		id_data(p->arena, id)), twilio_url(p->arena, p->plan->public_url, p->conn->key, "gather", &next)));
}

static void gather(const struct post *p)
{
	const char *digits = field(p, "Digits", FIELD_MAX), *call = field(p, "CallSid", FIELD_MAX);
	struct twilio_ref ref;

	if (!twilio_ref_read(p->arena, p->req->head->query, &ref) || !*call) {
		reject(p->web, p->req, 400, "the address or the form is not one of ours");
		return;
	}
	if (!plan_person(p->plan, ref.person)) {
		answer_xml(p->web, p->req->id, twiml_ask(p->arena, say(p->web, p->arena, p->plan,
			"phone/stranger", id_data(p->arena, strchr(ref.entity, ':') + 1)), NULL));
		return;
	}
	if (strcmp(digits, "1") != 0) {
		ask_again(p, &ref);
		return;
	}
	submit_ack(p, ref.entity, ref.person, arena_printf(p->arena, "twilio:%s:1", call), BY_VOICE);
}

/* --- status --------------------------------------------------------------------------------- */

/* NULL: nothing failed, or it is not over yet. "completed": somebody or a mailbox picked up; where a
 * key was pressed the page is acknowledged by now, and this changes nothing. */
static const char *failure(const char *op, const char *status)
{
	static const char *const failed[] = {"undelivered", "failed", "busy", "no-answer", "canceled"};

	for (size_t i = 0; i < sizeof(failed) / sizeof(failed[0]); i++)
		if (strcmp(status, failed[i]) == 0)
			return failed[i];
	return strcmp(op, "phone") == 0 && strcmp(status, "completed") == 0 ? "no_key" : NULL;
}

static void status_changed(const struct post *p)
{
	struct web_answer nothing = {.status = 204, .body = ""};
	const char *sid, *status, *error;
	struct twilio_ref ref;
	struct request r;

	if (!twilio_ref_read(p->arena, p->req->head->query, &ref)) {
		reject(p->web, p->req, 400, "the address is not one of ours");
		return;
	}
	sid = field(p, strcmp(ref.op, "sms") == 0 ? "MessageSid" : "CallSid", FIELD_MAX);
	status = field(p, strcmp(ref.op, "sms") == 0 ? "MessageStatus" : "CallStatus", FIELD_MAX);
	error = failure(ref.op, status);
	if (!error || !*sid) {
		web_answer(p->web->server, p->req->id, &nothing);
		return;
	}
	request_init(&r);
	r.kind = REQUEST_DELIVERY;
	r.source = SOURCE_SYSTEM;
	r.id = arena_printf(p->arena, "twilio:%s:%s", sid, status);
	r.delivery.outcome = DELIVERY_FAILED;
	r.delivery.entity = ref.entity;
	r.delivery.op = ref.op;
	r.delivery.note = ref.note;
	r.delivery.error = error;
	r.delivery.detail = field(p, "ErrorCode", FIELD_MAX);
	log_write(LOG_WARN, "web", NULL, "not delivered", "op", ref.op, "entity", ref.entity, "note",
		ref.note, "error", error, "detail", r.delivery.detail, NULL);
	submit(p, &r, BY_STATUS, "", 0);
}

/* --- text messages -------------------------------------------------------------------------- */

static const struct plan_person *person_by_phone(const struct plan *plan, const char *phone)
{
	for (size_t i = 0; i < plan->n_people; i++)
		if (plan->people[i].phone && strcmp(plan->people[i].phone, phone) == 0)
			return &plan->people[i];
	return NULL;
}

static void text_message(const struct post *p)
{
	const char *from = field(p, "From", FIELD_MAX), *body = field(p, "Body", SMS_BODY_MAX);
	const char *sid = field(p, "MessageSid", FIELD_MAX), *id;
	const struct plan_person *person = person_by_phone(p->plan, from);

	/* A stranger gets no answer: each would cost money, and tell that somebody is here. */
	if (!person || !*sid || sms_is_stop(body)) {
		log_write(LOG_WARN, "web", NULL, person ? "a person stopped or started text messages at Twilio"
			: "a text message from a number that the plan does not know", "from", from, NULL);
		answer_xml(p->web, p->req->id, twiml_message(p->arena, ""));
		return;
	}
	if (!sms_is_ack(p->arena, body, &id)) {
		answer_xml(p->web, p->req->id, twiml_message(p->arena, say(p->web, p->arena, p->plan,
			"phone/sms_how", "{}")));
		return;
	}
	submit_ack(p, arena_printf(p->arena, "incident:%s", id), person->key,
		arena_printf(p->arena, "twilio:%s", sid), BY_SMS);
}

/* --- the door ------------------------------------------------------------------------------- */

static void receive(struct post *p, const char *what)
{
	const char *signature = http_head_get(p->req->head, "x-twilio-signature");
	const char *public_url = p->plan->public_url, *query = p->req->head->query;
	size_t len = public_url ? strlen(public_url) : 0;
	const char *url;

	if (!public_url) {
		reject(p->web, p->req, 404, "the plan has no public_url, over which callbacks are signed");
		return;
	}
	while (len && public_url[len - 1] == '/')
		len--;
	url = arena_printf(p->arena, "%.*s/twilio/%s%s%s", (int)len, public_url, p->req->rest,
		*query ? "?" : "", query);
	if (!signature || !twilio_verify(p->arena, p->conn->token, url, p->req->body, p->req->body_len, signature)) {
		reject(p->web, p->req, 403, "this is not the account's signature over public_url and the form");
		return;
	}
	if (strcmp(what, "gather") == 0)
		gather(p);
	else if (strcmp(what, "status") == 0)
		status_changed(p);
	else
		text_message(p);
}

/* "phone/gather": the connection, and what follows; NULL when there is no such address. */
static const struct plan_connection *connection_of(const struct plan *plan, struct arena *a,
	const char *rest, const char **what)
{
	static const char *const known[] = {"gather", "status", "sms"};
	const char *slash = strchr(rest, '/');
	const struct plan_connection *c;

	if (!slash)
		return NULL;
	*what = slash + 1;
	c = plan_connection(plan, arena_strndup(a, rest, (size_t)(slash - rest)));
	for (size_t i = 0; c && c->kind == PLAN_CONN_TWILIO && c->token && i < 3; i++)
		if (strcmp(known[i], *what) == 0)
			return c;
	return NULL;
}

void web_twilio(void *ud, const struct web_request *req)
{
	struct web *w = ud;
	struct plan *plan = w->o.plan_take(w->o.ud);
	struct arena *a = arena_new(POST_BYTES);
	struct post p = {.web = w, .req = req, .plan = plan, .arena = a};
	const char *what = "";

	if (req->body_len > BODY_MAX) {
		reject(w, req, 413, "the form is larger than a callback");
	} else if (!a || setjmp(*arena_recovery(a))) {
		web_answer_text(w->server, req->id, 503, "out of memory; nothing was recorded");
	} else {
		p.conn = connection_of(plan, a, req->rest, &what);
		if (p.conn)
			receive(&p, what);
		else
			reject(w, req, 404, "the plan has no Twilio connection of this name, or this is no address "
				"of it: gather, status, sms");
		arena_recovery_clear(a);
	}
	arena_free(a);
	w->o.plan_give(w->o.ud, plan);
}
