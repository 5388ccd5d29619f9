/* reach.c - see reach.h and attempt.h. */
#include "bot/reach/reach.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "bot/reach/attempt.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/render.h"

static void attempt_free(struct attempt *a)
{
	if (a->prev)
		a->prev->next = a->next;
	else
		a->reach->attempts = a->next;
	if (a->next)
		a->next->prev = a->prev;
	arena_free(a->arena);
	free(a);
}

static void attempt_tell(struct attempt *a, const struct sent *r)
{
	sent_fn fn = a->fn;

	a->fn = NULL;
	fn(a->ud, r);
	attempt_free(a);
}

static void on_uv_later(uv_timer_t *timer)
{
	struct reach *reach = timer->data;
	struct attempt *a, *next;

	for (a = reach->attempts; a; a = next) {
		next = a->next; /* new ones come in at the front */
		if (a->settled)
			attempt_tell(a, &a->result);
	}
}

void attempt_settle(struct attempt *a, enum sent_outcome outcome, const char *error,
	const char *detail)
{
	a->settled = true;
	a->result = (struct sent){.outcome = outcome, .channel = "", .ts = "", .error = error,
		.detail = detail, .retry_after_ms = -1};
	uv_timer_start(&a->reach->later, on_uv_later, 0, 0);
}

const char *attempt_text(struct attempt *a, const struct outgoing *o, size_t max_units)
{
	const struct words *words = a->reach->o.words(a->reach->o.ud);
	struct render_options ro = {.no_buttons = true, .max_units = max_units};
	struct message *m = NULL;
	struct resolver who;
	struct buf text;

	if (*o->send->template_name)
		m = words_message(words, a->arena, o->send->template_name, o->send->data, NULL);
	if (!m)
		return NULL;
	resolver_slack(&who, o->plan);
	ro.who = &who;
	ro.phrases = words_phrases(words);
	buf_init_arena(&text, a->arena, 65536);
	text_render(m, &ro, &text);
	return buf_text(&text);
}

void attempt_judge_http(struct attempt *a, const struct http_answer *answer, struct sent *r)
{
	long status = answer->status;

	if (status >= 200 && status < 300) {
		r->outcome = SENT_ACCEPTED;
		return;
	}
	r->error = arena_printf(a->arena, "http_%ld", status);
	r->detail = arena_printf(a->arena, "%.*s", (int)(answer->body_len < 200 ? answer->body_len : 200),
		answer->body);
	r->retry_after_ms = answer->retry_after_ms;
	if (status == 408 || status == 409 || status == 425 || status == 429 || status >= 500)
		r->outcome = SENT_LATER;
	else
		r->outcome = SENT_REFUSED;
	if (status >= 300 && status < 400)
		r->detail = "the receiver redirects, which is not followed: put the final address into the plan";
	if (status == 410)
		r->detail = "the receiver says that it is gone: take it out of the plan";
}

static void on_http_answer(void *ud, const struct http_answer *answer)
{
	struct attempt *a = ud;
	struct sent *r = &a->result;
	bool taken = answer->fate == HTTP_ANSWERED && answer->status >= 200 && answer->status < 300;

	a->transfer = 0;
	*r = (struct sent){.channel = "", .ts = "", .error = "", .detail = "", .retry_after_ms = -1};
	r->outcome = taken ? SENT_ACCEPTED : answer->fate == HTTP_NOT_SENT ? SENT_LATER : SENT_UNKNOWN;
	if (setjmp(*arena_recovery(a->arena)) == 0) {
		if (answer->fate == HTTP_ANSWERED) {
			a->judge(a, answer, r);
		} else {
			r->error = answer->fate == HTTP_NOT_SENT ? "unreachable" : "no_answer";
			r->detail = answer->error;
		}
	}
	/* Out of memory: what became of it is known, only the words about it are missing. */
	arena_recovery_clear(a->arena);
	if (!a->transfer && !a->settled)
		attempt_tell(a, r);
}

void attempt_send(struct attempt *a, const struct http_request *req, attempt_judge_fn judge)
{
	struct err err = {0};

	a->judge = judge;
	a->transfer = http_client_send(a->reach->o.http, req, on_http_answer, a, &err);
	if (!a->transfer)
		attempt_settle(a, err.code == ERR_CONFIG || err.code == ERR_INVALID ? SENT_REFUSED : SENT_LATER,
			err.code == ERR_CONFIG || err.code == ERR_INVALID ? "bad_address" : "queue_full",
			arena_strdup(a->arena, err.text));
}

static void begin(struct attempt *a, const struct outgoing *o)
{
	if (strcmp(o->send->op, "mail") == 0)
		mail_begin(a, o);
	else if (strcmp(o->send->op, "pagerduty") == 0)
		pagerduty_begin(a, o);
	else if (strcmp(o->send->op, "webhook") == 0)
		webhook_begin(a, o);
	else if (strcmp(o->send->op, "ticket") == 0)
		ticket_begin(a, o);
	else if (strcmp(o->send->op, "sms") == 0 || strcmp(o->send->op, "phone") == 0)
		twilio_begin(a, o);
	else
		attempt_settle(a, SENT_REFUSED, "no_such_way", "this sender does not know the way");
}

static void reach_send(void *self, const struct outgoing *o, sent_fn fn, void *ud)
{
	struct reach *reach = self;
	struct attempt *a = calloc(1, sizeof(*a));
	struct arena *arena = arena_new(ATTEMPT_ARENA_BYTES);

	/* Without memory for an attempt there is none for telling either: the entry's lease runs out and
	 * it is delivered again. */
	if (!a || !arena) {
		free(a);
		arena_free(arena);
		return;
	}
	a->reach = reach;
	a->arena = arena;
	a->fn = fn;
	a->ud = ud;
	a->next = reach->attempts;
	if (a->next)
		a->next->prev = a;
	reach->attempts = a;
	if (setjmp(*arena_recovery(arena))) {
		arena_recovery_clear(arena);
		attempt_settle(a, SENT_LATER, "out_of_memory", "");
		return;
	}
	begin(a, o);
	arena_recovery_clear(arena);
}

static void on_uv_close(uv_handle_t *handle)
{
	free(handle->data);
}

static void reach_close(void *self)
{
	struct reach *reach = self;
	struct attempt *a, *next;

	if (reach->closing)
		return;
	reach->closing = true;
	for (a = reach->attempts; a; a = next) {
		next = a->next;
		if (a->transfer)
			http_client_cancel(reach->o.http, a->transfer);
		arena_free(a->arena);
		free(a);
	}
	reach->attempts = NULL;
	uv_close((uv_handle_t *)&reach->later, on_uv_close);
}

struct sender *reach_new(const struct reach_options *o, struct err *err)
{
	struct reach *reach = calloc(1, sizeof(*reach));

	if (!reach) {
		err_set(err, ERR_MEMORY, "out of memory");
		return NULL;
	}
	reach->o = *o;
	reach->sender = (struct sender){.ops = "mail pagerduty webhook sms phone ticket", .self = reach,
		.send = reach_send, .close = reach_close};
	uv_timer_init(o->loop, &reach->later);
	reach->later.data = reach;
	return &reach->sender;
}
