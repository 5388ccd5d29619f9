/*
 * intake.c - see intake.h.
 *
 * A visit is one envelope between its arrival and its answer. The same happening may arrive again
 * while the first is under way, or minutes later: each delivery is acknowledged, with the same
 * words, but what else is shown (a form, a message beside the acknowledgement) is shown once.
 */
#include "bot/slack/intake.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "bot/clock.h"
#include "bot/log.h"
#include "bot/metrics.h"
#include "bot/slack/api.h"
#include "bot/slack/note.h"
#include "bot/slack/slack_in.h"
#include "bot/slack/slack_words.h"
#include "bot/tasks.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/json_out.h"

#define RECENT 4096                               /* happenings whose answer was shown */
#define RENDER_LIMIT ((size_t)16 * 1024 * 1024)
#define FORM_TEXT_UNITS 2000                      /* under a question of a form */

struct visit {
	struct visit *next, **link;
	struct slack_intake *owner;
	uint64_t to;
	int64_t since_ms;
	uint64_t hash;             /* of the request's id */
	bool repeat;               /* shown before, or being answered by another visit */
	bool accepts_payload;
	enum slack_ask ask;
	const char *envelope_id;   /* these live in the task's arena, until the answer is given */
	const char *trigger_id;
	const char *response_url;
	const struct request *req;
};

struct slack_intake {
	struct slack_intake_options o;
	struct arena *scratch;
	struct visit *visits;
	size_t n;
	uint64_t taken, late;
	bool stopped;
	/* By hash modulo RECENT, a newer one in the place of an older: forgetting one too early only
	 * shows a message twice. */
	uint64_t recent[RECENT];
	uint64_t under_way[RECENT];
	struct slack_notes notes;  /* messages beside acknowledgements, on their way */
	struct form_try *forms;    /* views.open under way */
};

/* What an answer consists of, while it is being made. */
struct saying {
	struct visit *visit;
	const struct answer *answer;
	struct slack_words words;
	struct buf payload; /* of the acknowledgement; empty: none */
};

static uint64_t hash_of(const char *s)
{
	uint64_t h = 1469598103934665603u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	return h ? h : 1;
}

static bool shown_before(const struct slack_intake *t, uint64_t hash)
{
	return t->recent[hash % RECENT] == hash || t->under_way[hash % RECENT] == hash;
}

static void ack(struct slack_intake *t, uint64_t to, const char *envelope_id,
	const struct buf *payload)
{
	bool with = payload && payload->len && !payload->failed;

	t->o.ack(t->o.ud, to, envelope_id, with ? payload->data : NULL, with ? payload->len : 0);
}

static void visit_end(struct visit *v)
{
	*v->link = v->next;
	if (v->next)
		v->next->link = v->link;
	v->owner->n--;
	if (v->owner->under_way[v->hash % RECENT] == v->hash)
		v->owner->under_way[v->hash % RECENT] = 0;
	free(v);
}

/* ---- messages beside the acknowledgement ---- */

/* The reply as a message, its members into the open object. A template that fails is our fault;
 * the person hears that something broke. */
static void say(struct saying *s, struct json_out *j)
{
	const struct reply *r = &s->answer->reply;
	struct err err = { 0 };

	if (slack_words_message(&s->words, r->template_name, r->data, j, &err) == 0)
		return;
	log_write(LOG_ERROR, "slack", s->answer->trace, "reply cannot be rendered", "template",
		r->template_name, "why", err.text, NULL);
	if (slack_words_message(&s->words, "system/broken", r->data, j, NULL) < 0)
		slack_words_message(&s->words, "system/broken", NULL, j, NULL);
}

static bool is_public(const struct saying *s)
{
	return s->answer->reply.kind == REPLY_PUBLIC;
}

static void tell(struct saying *s)
{
	enum reply_kind kind = s->answer->reply.kind;
	const struct request *r = s->visit->req;
	struct slack_note_to to = { r->who.user, r->where.channel, r->where.thread,
		s->visit->response_url, kind == REPLY_PUBLIC, s->answer->trace };
	struct buf b;
	struct json_out j;

	if (s->visit->repeat || (kind != REPLY_PRIVATE && kind != REPLY_PUBLIC))
		return;
	buf_init_arena(&b, s->words.arena, SLACK_BODY_MAX);
	json_out_init(&j, &b);
	json_out_object(&j, NULL);
	say(s, &j);
	json_out_object_end(&j);
	if (!b.failed)
		slack_note_send(&s->visit->owner->notes, &to, b.data, b.len);
}

/* ---- forms ---- */

static bool form_body(struct saying *s, const char *action, const char *trigger, struct buf *out)
{
	struct buf view;
	struct json_out j;
	struct err err = { 0 };

	buf_init_arena(&view, s->words.arena, SLACK_BODY_MAX);
	if (slack_words_form(&s->words, &s->answer->reply,
		    slack_in_place(s->words.arena, s->visit->req), &view, &err) < 0 || view.failed) {
		log_write(LOG_ERROR, "slack", s->answer->trace, "form cannot be rendered", "template",
			s->answer->reply.template_name, "why", err.text, NULL);
		return false;
	}
	json_out_init(&j, out);
	json_out_object(&j, NULL);
	if (trigger)
		json_out_str(&j, "trigger_id", trigger);
	if (action)
		json_out_str(&j, "response_action", action);
	json_out_raw(&j, "view", view.data, view.len);
	json_out_object_end(&j);
	return !out->failed;
}

/* A form that is on its way: what is needed to offer it again. */
struct form_try {
	struct form_try *next, **link;
	struct slack_intake *owner;
	uint64_t call_id;
	char *user, *channel, *thread, *url, *command;
};

static void form_try_free(struct form_try *f)
{
	if (f->link) {
		*f->link = f->next;
		if (f->next)
			f->next->link = f->link;
	}
	free(f->user);
	free(f->channel);
	free(f->thread);
	free(f->url);
	free(f->command);
	free(f);
}

/* A message with a button that runs the command again: its click brings a fresh trigger. */
static void offer_again(struct form_try *f, struct arena *a)
{
	struct slack_intake *t = f->owner;
	struct slack_words w = { t->o.words(t->o.words_ud), a, NULL };
	struct slack_note_to to = { f->user, f->channel, f->thread, f->url, false, NULL };
	struct buf data, b;
	struct json_out j;

	buf_init_arena(&data, a, 16384);
	json_out_init(&j, &data);
	json_out_object(&j, NULL);
	json_out_str(&j, "command", f->command);
	json_out_object_end(&j);
	buf_init_arena(&b, a, SLACK_BODY_MAX);
	json_out_init(&j, &b);
	json_out_object(&j, NULL);
	if (slack_words_message(&w, "system/form_late", buf_text(&data), &j, NULL) < 0)
		return;
	json_out_object_end(&j);
	if (!b.failed && !data.failed)
		slack_note_send(&t->notes, &to, b.data, b.len);
}

static void on_form_opened(void *ud, const struct slack_reply *r)
{
	struct form_try *f = ud;
	struct slack_intake *t = f->owner;

	f->call_id = 0;
	/* An exchanged trigger: the form is there, a redelivery opened it. */
	if (r->verdict != SLACK_OK && strcmp(r->error, "exchanged_trigger_id")) {
		if (!setjmp(*arena_recovery(t->scratch)))
			offer_again(f, t->scratch);
		arena_recovery_clear(t->scratch);
		arena_reset(t->scratch);
	}
	form_try_free(f);
}

static struct form_try *form_try_new(struct saying *s)
{
	const struct request *r = s->visit->req;
	struct slack_intake *t = s->visit->owner;
	struct form_try *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->owner = t;
	f->user = strdup(r->who.user);
	f->channel = strdup(r->where.channel);
	f->thread = strdup(r->where.thread);
	f->url = strdup(s->visit->response_url);
	if (asprintf(&f->command, "%s %.1500s", r->family, r->text) < 0)
		f->command = NULL;
	if (!f->user || !f->channel || !f->thread || !f->url || !f->command) {
		form_try_free(f);
		return NULL;
	}
	f->next = t->forms;
	f->link = &t->forms;
	if (f->next)
		f->next->link = &f->next;
	t->forms = f;
	return f;
}

static void open_form(struct saying *s)
{
	struct slack_call c = { .method = "views.open", .urgent = true, .timeout_ms = 10000,
		.trace = s->answer->trace };
	struct form_try *f;
	struct buf b;

	if (s->visit->repeat || s->answer->reply.kind != REPLY_FORM)
		return;
	buf_init_arena(&b, s->words.arena, SLACK_BODY_MAX);
	if (!form_body(s, NULL, s->visit->trigger_id, &b))
		return;
	f = form_try_new(s);
	if (!f)
		return;
	c.body = b.data;
	c.body_len = b.len;
	f->call_id = slack_api_call(s->visit->owner->o.api, &c, on_form_opened, f);
	if (!f->call_id)
		form_try_free(f);
}

static void put_errors(struct saying *s, struct json_out *j)
{
	const struct reply *r = &s->answer->reply;
	size_t i;

	for (i = 0; i < r->n_errors; i++) {
		const char *text = slack_words_plain(&s->words, r->errors[i].value, r->data,
			FORM_TEXT_UNITS, NULL);

		json_out_str(j, r->errors[i].name, text && *text ? text : "?");
	}
}

/* Nothing was changed: the form stays open, so that what was typed is not lost. */
static void put_refusal(struct saying *s, struct json_out *j)
{
	const struct reply *r = &s->answer->reply;
	const char *text = slack_words_plain(&s->words, r->template_name, r->data, FORM_TEXT_UNITS,
		NULL);

	json_out_str(j, s->visit->req->fields[0].name, text && *text ? text : "?");
}

static void answer_view(struct saying *s)
{
	const struct reply *r = &s->answer->reply;
	bool refused = r->refused || s->answer->kind != ANSWER_DONE;
	struct json_out j;

	if (r->kind == REPLY_FORM && form_body(s, "update", NULL, &s->payload))
		return;
	buf_reset(&s->payload);
	json_out_init(&j, &s->payload);
	json_out_object(&j, NULL);
	if (r->kind == REPLY_FORM_ERRORS && r->n_errors) {
		json_out_str(&j, "response_action", "errors");
		json_out_object(&j, "errors");
		put_errors(s, &j);
		json_out_object_end(&j);
	} else if (refused && r->kind == REPLY_PRIVATE && s->visit->req->n_fields) {
		json_out_str(&j, "response_action", "errors");
		json_out_object(&j, "errors");
		put_refusal(s, &j);
		json_out_object_end(&j);
		s->visit->repeat = true; /* said in the form: not beside it, too */
	} else {
		json_out_str(&j, "response_action", "clear");
	}
	json_out_object_end(&j);
}

static void answer_slash(struct saying *s)
{
	enum reply_kind kind = s->answer->reply.kind;
	struct json_out j;

	if (!s->visit->accepts_payload || (kind != REPLY_PRIVATE && kind != REPLY_PUBLIC))
		return;
	json_out_init(&j, &s->payload);
	json_out_object(&j, NULL);
	json_out_str(&j, "response_type", is_public(s) ? "in_channel" : "ephemeral");
	say(s, &j);
	json_out_object_end(&j);
}

/* ---- the answer ---- */

/* An event that was not recorded can still be: Slack delivers it again when it hears nothing. */
static bool wants_another_delivery(const struct visit *v, const struct answer *a)
{
	return v->ask == SLACK_ASK_NOTHING && (a->kind == ANSWER_NOT_RECORDED ||
		a->kind == ANSWER_UNSURE || a->kind == ANSWER_BUSY);
}

static void give(struct saying *s)
{
	struct visit *v = s->visit;
	struct slack_intake *t = v->owner;

	buf_init_arena(&s->payload, s->words.arena, SLACK_BODY_MAX);
	if (v->ask == SLACK_ASK_SLASH)
		answer_slash(s);
	else if (v->ask == SLACK_ASK_VIEW && v->accepts_payload)
		answer_view(s);
	ack(t, v->to, v->envelope_id, &s->payload);
	if (v->ask == SLACK_ASK_NOTHING)
		return;
	open_form(s);
	if (v->ask != SLACK_ASK_SLASH || !s->payload.len)
		tell(s);
}

static void on_answer(void *ud, const struct answer *a)
{
	struct visit *v = ud;
	struct slack_intake *t = v->owner;
	struct saying s = { .visit = v, .answer = a,
		.words = { t->o.words(t->o.words_ud), t->scratch, a->plan } };
	int64_t took = clock_monotonic_ms() - v->since_ms;

	if (wants_another_delivery(v, a)) {
		log_write(LOG_WARN, "slack", a->trace, "event was not recorded; slack will send it again",
			NULL);
		if (t->o.drop)
			t->o.drop(t->o.ud, v->to, v->envelope_id);
		visit_end(v);
		return;
	}
	if (took > 3000) {
		t->late++;
		log_write(LOG_WARN, "slack", a->trace, "acknowledged too late", "ms", log_int(took), NULL);
	}
	if (setjmp(*arena_recovery(t->scratch))) {
		log_write(LOG_ERROR, "slack", a->trace, "out of memory for an answer", NULL);
		ack(t, v->to, v->envelope_id, NULL);
	} else {
		give(&s);
	}
	arena_recovery_clear(t->scratch);
	arena_reset(t->scratch);
	if (a->kind == ANSWER_DONE || a->kind == ANSWER_REFUSED) {
		t->recent[v->hash % RECENT] = v->hash;
	}
	visit_end(v);
}

/* ---- taking ---- */

static void count(const struct slack_in *in)
{
	enum metric_envelope as = METRIC_ENVELOPE_OTHER;

	if (!strcmp(in->type, "slash_commands"))
		as = METRIC_ENVELOPE_COMMAND;
	else if (!strcmp(in->type, "events_api"))
		as = METRIC_ENVELOPE_EVENT;
	else if (!strcmp(in->type, "interactive"))
		as = METRIC_ENVELOPE_INTERACTIVE;
	metrics_inc1(METRIC_SLACK_ENVELOPES, as);
}

void slack_intake_take(struct slack_intake *t, uint64_t to, struct arena *arena_owned,
	const struct slack_in *in)
{
	struct visit *v;

	if (t->stopped) {
		if (t->o.drop)
			t->o.drop(t->o.ud, to, in->envelope_id);
		arena_free(arena_owned);
		return;
	}
	t->taken++;
	count(in);
	if (!in->req) {
		log_write(LOG_DEBUG, "slack", NULL, "envelope ignored", "type", in->type, "kind",
			in->sub_type, "why", in->ignored, NULL);
		ack(t, to, in->envelope_id, NULL);
		arena_free(arena_owned);
		return;
	}
	v = calloc(1, sizeof(*v));
	if (!v) {
		if (t->o.drop)
			t->o.drop(t->o.ud, to, in->envelope_id);
		arena_free(arena_owned);
		return;
	}
	v->owner = t;
	v->to = to;
	v->since_ms = clock_monotonic_ms();
	v->hash = hash_of(in->req->id);
	v->repeat = shown_before(t, v->hash);
	t->under_way[v->hash % RECENT] = v->hash;
	v->accepts_payload = in->accepts_payload;
	v->ask = in->ask;
	v->envelope_id = in->envelope_id;
	v->trigger_id = in->trigger_id;
	v->response_url = in->response_url;
	v->req = in->req;
	v->next = t->visits;
	v->link = &t->visits;
	if (v->next)
		v->next->link = &v->next;
	t->visits = v;
	t->n++;
	tasks_submit(t->o.tasks, arena_owned, in->req, NULL, SLACK_DEADLINE_MS, on_answer, v);
}

/* ---- life ---- */

struct slack_intake *slack_intake_new(const struct slack_intake_options *o)
{
	struct slack_intake *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->o = *o;
	t->notes.api = o->api;
	t->scratch = arena_new(RENDER_LIMIT);
	if (!t->scratch) {
		free(t);
		return NULL;
	}
	return t;
}

void slack_intake_stop(struct slack_intake *t)
{
	t->stopped = true;
}

size_t slack_intake_in_flight(const struct slack_intake *t)
{
	return t->n;
}

uint64_t slack_intake_taken(const struct slack_intake *t)
{
	return t->taken;
}

uint64_t slack_intake_late(const struct slack_intake *t)
{
	return t->late;
}

void slack_intake_free(struct slack_intake *t)
{
	if (!t)
		return;
	while (t->visits)
		visit_end(t->visits);
	while (t->forms) {
		slack_api_cancel(t->o.api, t->forms->call_id);
		form_try_free(t->forms);
	}
	slack_notes_release(&t->notes);
	arena_free(t->scratch);
	free(t);
}
