/*
 * twilio.c - ops "sms" and "phone": a text message, or a call that asks for a key.
 *
 * Twilio has no key by which it would know a repeat. Where an attempt's fate is unknown it is made
 * again: for a page a second ring is better than none. What became of the message or the call is told
 * later, to an address that names the page (bot/web/web_twilio.c).
 */
#include <jansson.h>
#include <string.h>

#include "bot/reach/attempt.h"
#include "bot/reach/twilio_wire.h"
#include "bot/sign.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/json_in.h"
#include "tocsin/plan.h"

#define FORM_MAX (64u * 1024)
#define RING_S "35"        /* most mailboxes take over later than that */
#define VALID_S "600"      /* a text message that could not be delivered by then is no page any more */

/* The template as plain text; NULL when it was settled. */
static const char *render(struct attempt *a, const struct outgoing *o, size_t units)
{
	const char *text = attempt_text(a, o, units);

	if (!text)
		attempt_settle(a, SENT_REFUSED, "bad_template", "there is no such template, or it does not render");
	return text;
}

/* What the call says. A text that XML makes too long is said in part. */
static const char *call_script(struct attempt *a, const struct outgoing *o, const char *action)
{
	size_t units;

	for (units = TWILIO_SAY_UNITS; units >= 50; units /= 2) {
		const char *text = render(a, o, units), *script;

		if (!text)
			return NULL;
		script = twiml_ask(a->arena, text, action);
		if (script)
			return script;
	}
	attempt_settle(a, SENT_REFUSED, "too_large", "the call's script is longer than Twilio takes");
	return NULL;
}

/* Their own number for the fault, and their words. */
static void judge_twilio(struct attempt *a, const struct http_answer *answer, struct sent *r)
{
	const json_t *o;

	attempt_judge_http(a, answer, r);
	if (r->outcome == SENT_ACCEPTED || answer->status == 429)
		return;
	o = json_in_load(a->arena, answer->body, answer->body_len);
	if (!o || !json_is_integer(json_object_get(o, "code")))
		return;
	r->error = arena_printf(a->arena, "twilio_%lld", (long long)json_integer_value(json_object_get(o, "code")));
	r->detail = json_in_str(o, "message");
}

static void post(struct attempt *a, const struct plan_connection *conn, const char *resource,
	const struct buf *form)
{
	const char *base = conn->url ? conn->url : TWILIO_URL, *headers[3];
	struct http_request req = {.method = "POST", .headers = headers, .body = form->data,
		.body_len = form->len, .allow_http = conn->private_ok, .refuse_private = !conn->private_ok};
	size_t len = strlen(base);
	struct buf plain, b64;

	while (len && base[len - 1] == '/')
		len--;
	buf_init_arena(&plain, a->arena, 4096);
	buf_printf(&plain, "%s:%s", conn->account, conn->token);
	buf_init_arena(&b64, a->arena, 8192);
	base64_encode(&b64, plain.data, plain.len);
	headers[0] = arena_printf(a->arena, "Authorization: Basic %s", buf_text(&b64));
	headers[1] = "Content-Type: application/x-www-form-urlencoded";
	headers[2] = NULL;
	req.url = arena_printf(a->arena, "%.*s/2010-04-01/Accounts/%s/%s.json", (int)len, base, conn->account,
		resource);
	if (form->failed)
		attempt_settle(a, SENT_REFUSED, "too_large", "the message is too large");
	else
		attempt_send(a, &req, judge_twilio);
}

/* The callbacks' address; NULL: the plan has no public_url, or nobody waits for a verdict. */
static const char *callback(struct attempt *a, const struct outgoing *o, const char *what, unsigned turn)
{
	struct twilio_ref ref = {.entity = o->send->entity, .note = o->send->note,
		.person = o->send->person, .op = o->send->op, .turn = turn};

	if (!o->plan->public_url || !*o->send->entity)
		return NULL;
	return twilio_url(a->arena, o->plan->public_url, o->send->via, what, &ref);
}

void twilio_begin(struct attempt *a, const struct outgoing *o)
{
	const struct plan_connection *conn = plan_connection(o->plan, o->send->via);
	const struct plan_person *person = plan_person(o->plan, o->send->person);
	bool sms = strcmp(o->send->op, "sms") == 0;
	const char *text, *status;
	struct buf form;

	if (!conn || conn->kind != PLAN_CONN_TWILIO || !conn->account || !conn->token || !conn->from) {
		attempt_settle(a, SENT_REFUSED, "no_such_connection",
			"the plan has no Twilio connection of this name with account, token and from");
		return;
	}
	if (!person || !person->phone) {
		attempt_settle(a, SENT_REFUSED, "no_address", "the plan has no phone number for this person");
		return;
	}
	text = sms ? render(a, o, TWILIO_SMS_UNITS) : call_script(a, o, callback(a, o, "gather", 1));
	if (!text)
		return;
	buf_init_arena(&form, a->arena, FORM_MAX);
	query_add(&form, "To", person->phone);
	query_add(&form, "From", conn->from);
	query_add(&form, sms ? "Body" : "Twiml", text);
	query_add(&form, sms ? "ValidityPeriod" : "Timeout", sms ? VALID_S : RING_S);
	status = callback(a, o, "status", 0);
	if (status)
		query_add(&form, "StatusCallback", status);
	post(a, conn, sms ? "Messages" : "Calls", &form);
}
