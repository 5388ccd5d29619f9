/* slack_sender.c - see slack_sender.h: jobs, and which file does which kind. */
#include "bot/slack/slack_sender.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "bot/clock.h"
#include "bot/log.h"
#include "bot/slack/job.h"
#include "tocsin/arena.h"

#define RENDER_LIMIT ((size_t)16 * 1024 * 1024)
#define PAGE_TIMEOUT_MS 8000
#define CHAT_TIMEOUT_MS 15000
#define LOST_KEPT 256

struct slack_sender {
	struct sender face;
	struct slack_sender_options o;
	struct arena *scratch;
	struct job *jobs, **jobs_end; /* oldest first */
	size_t n;
	uv_timer_t timer;
	struct {
		uint64_t hash;
		int64_t at_ms;
	} lost[LOST_KEPT]; /* attempts without an answer, by hash modulo LOST_KEPT */
	bool closing;
};

static uint64_t hash_of(const char *s)
{
	uint64_t h = 1469598103934665603u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	return h;
}

/* Runs one step of a job; memory that runs out ends that job and nothing else. */
static void job_run(struct job *j, void (*step)(struct job *j))
{
	struct slack_sender *s = j->owner;

	arena_reset(s->scratch);
	if (setjmp(*arena_recovery(s->scratch))) {
		job_done(j, SENT_REFUSED, NULL, NULL, "too_large", "the message needs too much memory", -1);
		return;
	}
	step(j);
	arena_recovery_clear(s->scratch);
}

struct slack_words job_words(struct job *j)
{
	struct slack_sender *s = j->owner;

	return (struct slack_words){ s->o.words(s->o.words_ud), s->scratch, j->o.plan };
}

const struct slack_identity *job_me(const struct job *j)
{
	return j->owner->o.me;
}

bool job_urgent(const struct job *j)
{
	return j->o.send->lane == LANE_PAGE;
}

void job_body(struct job *j, struct buf *b)
{
	buf_init_arena(b, j->owner->scratch, SLACK_BODY_MAX);
}

int64_t job_lost_ago_ms(const struct job *j)
{
	uint64_t hash = hash_of(j->o.send->key);

	if (j->owner->lost[hash % LOST_KEPT].hash != hash)
		return -1;
	return clock_monotonic_ms() - j->owner->lost[hash % LOST_KEPT].at_ms;
}

/* ---- the end ---- */

void job_done(struct job *j, enum sent_outcome outcome, const char *channel, const char *ts,
	const char *error, const char *detail, int64_t retry_after_ms)
{
	struct slack_sender *s = j->owner;
	struct sent result = { .outcome = outcome, .channel = channel ? channel : "",
		.ts = ts ? ts : "", .error = error ? error : "", .detail = detail ? detail : "",
		.retry_after_ms = retry_after_ms,
		.untried = outcome == SENT_LATER && error && !strcmp(error, SLACK_QUEUED) };

	if (outcome == SENT_UNKNOWN) {
		uint64_t hash = hash_of(j->o.send->key);

		s->lost[hash % LOST_KEPT].hash = hash;
		s->lost[hash % LOST_KEPT].at_ms = clock_monotonic_ms();
	}
	*j->link = j->next;
	if (j->next)
		j->next->link = j->link;
	else
		s->jobs_end = j->link;
	s->n--;
	j->fn(j->ud, &result);
	free(j);
}

void job_fail(struct job *j, const struct slack_reply *r)
{
	static const enum sent_outcome as[] = {
		[SLACK_OK] = SENT_REFUSED, [SLACK_REFUSED] = SENT_REFUSED, [SLACK_LATER] = SENT_LATER,
		[SLACK_UNSURE] = SENT_UNKNOWN,
	};

	job_done(j, as[r->verdict], NULL, NULL, *r->error ? r->error : "malformed_answer", r->detail,
		r->retry_after_ms);
}

/* ---- calls and waiting ---- */

static void on_reply(void *ud, const struct slack_reply *r)
{
	struct job *j = ud;
	struct slack_sender *s = j->owner;
	void (*then)(struct job *, const struct slack_reply *) = j->then;

	j->call_id = 0;
	arena_reset(s->scratch);
	if (setjmp(*arena_recovery(s->scratch))) {
		job_done(j, SENT_REFUSED, NULL, NULL, "too_large", "the message needs too much memory", -1);
		return;
	}
	then(j, r);
	arena_recovery_clear(s->scratch);
}

void job_call(struct job *j, const char *method, const struct buf *body, bool form,
	void (*then)(struct job *j, const struct slack_reply *r))
{
	struct slack_call c = { .method = method, .channel = j->channel, .body = buf_text(body),
		.body_len = body->len, .form = form, .urgent = job_urgent(j),
		.timeout_ms = job_urgent(j) ? PAGE_TIMEOUT_MS : CHAT_TIMEOUT_MS,
		.leased_until = j->o.leased_until };

	if (body->failed) {
		job_done(j, SENT_REFUSED, NULL, NULL, "too_large", "the request is too large", -1);
		return;
	}
	j->then = then;
	j->call_id = slack_api_call(j->owner->o.api, &c, on_reply, j);
	if (!j->call_id)
		job_done(j, SENT_LATER, NULL, NULL, "queue_full", "too many calls are waiting", 2000);
}

static void on_timer(uv_timer_t *timer);

static void set_timer(struct slack_sender *s)
{
	struct job *j;
	int64_t now = clock_monotonic_ms(), soonest = 0;

	for (j = s->jobs; j; j = j->next)
		if (j->wake_at_ms && (!soonest || j->wake_at_ms < soonest))
			soonest = j->wake_at_ms;
	if (soonest && !s->closing)
		uv_timer_start(&s->timer, on_timer, soonest > now ? (uint64_t)(soonest - now) : 0, 0);
}

static void on_timer(uv_timer_t *timer)
{
	struct slack_sender *s = timer->data;
	int64_t now = clock_monotonic_ms();
	struct job *j, *next;

	for (j = s->jobs; j; j = next) {
		next = j->next;
		if (!j->wake_at_ms || j->wake_at_ms > now)
			continue;
		j->wake_at_ms = 0;
		job_run(j, j->wake);
		next = s->jobs; /* the list may look different now */
	}
	set_timer(s);
}

void job_wait(struct job *j, int64_t ms, void (*wake)(struct job *j))
{
	j->wake = wake;
	j->wake_at_ms = clock_monotonic_ms() + (ms > 0 ? ms : 0) + 1;
	set_timer(j->owner);
}

void form_add(struct buf *b, const char *name, const char *value)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~";

	buf_printf(b, "%s%s=", b->len ? "&" : "", name);
	for (; *value; value++) {
		if (strchr(plain, *value))
			buf_char(b, *value);
		else
			buf_printf(b, "%%%02X", (unsigned char)*value);
	}
}

/* ---- the face ---- */

static void unknown_start(struct job *j)
{
	job_done(j, SENT_REFUSED, NULL, NULL, "unknown_op", j->o.send->op, -1);
}

static void (*starter(const char *op))(struct job *)
{
	static const struct {
		const char *op;
		void (*start)(struct job *);
	} ops[] = {
		{ "chat.post", post_start }, { "chat.update", update_start }, { "chat.pin", pin_start },
		{ "chat.room", room_start }, { "chat.invite", invite_start },
		{ "chat.topic", topic_start }, { "chat.group", group_start }, { "chat.bookmark", bookmark_start },
	};
	size_t i;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (!strcmp(ops[i].op, op))
			return ops[i].start;
	return unknown_start;
}

static void start(struct job *j)
{
	starter(j->o.send->op)(j);
}

static void face_send(void *self, const struct outgoing *o, sent_fn fn, void *ud)
{
	struct slack_sender *s = self;
	struct job *j = calloc(1, sizeof(*j));

	if (!j || s->closing) {
		/* No job, no later turn: the outbox asks again after a while on its own. */
		struct sent none = { .outcome = SENT_LATER, .channel = "", .ts = "",
			.error = "out_of_memory", .detail = "", .retry_after_ms = 1000 };

		free(j);
		fn(ud, &none);
		return;
	}
	j->owner = s;
	j->o = *o;
	j->fn = fn;
	j->ud = ud;
	j->link = s->jobs_end;
	*s->jobs_end = j;
	s->jobs_end = &j->next;
	s->n++;
	job_wait(j, -1, start); /* in a later turn */
}

static void face_close(void *self)
{
	(void)self; /* slack_sender_close() is the owner's business */
}

struct slack_sender *slack_sender_new(const struct slack_sender_options *o)
{
	struct slack_sender *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->scratch = arena_new(RENDER_LIMIT);
	if (!s->scratch) {
		free(s);
		return NULL;
	}
	s->o = *o;
	s->jobs_end = &s->jobs;
	s->face = (struct sender){ "chat.", s, face_send, face_close };
	uv_timer_init(o->loop, &s->timer);
	s->timer.data = s;
	return s;
}

struct sender *slack_sender_face(struct slack_sender *s)
{
	return &s->face;
}

size_t slack_sender_jobs(const struct slack_sender *s)
{
	return s->n;
}

static void on_timer_closed(uv_handle_t *h)
{
	struct slack_sender *s = h->data;

	arena_free(s->scratch);
	free(s);
}

void slack_sender_close(struct slack_sender *s)
{
	struct job *j;

	s->closing = true;
	while ((j = s->jobs)) {
		s->jobs = j->next;
		if (j->call_id)
			slack_api_cancel(s->o.api, j->call_id);
		free(j);
	}
	s->n = 0;
	uv_close((uv_handle_t *)&s->timer, on_timer_closed);
}
