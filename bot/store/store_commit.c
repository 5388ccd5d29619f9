/*
 * store_commit.c - effects become the arguments of one commit (their order is told in
 * tocsin.lua), and its answer becomes a status.
 */
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bot/log.h"
#include "bot/store/chain.h"
#include "bot/store/entry.h"
#include "bot/store/store_private.h"

#define SCRATCH_KEPT ((size_t)64 * 1024)

/* The effects on one document. */
struct doc_change {
	const char *id;
	const struct effect *put; /* the last one, NULL: only log entries */
	int64_t expected;         /* of the first one */
	int64_t version, seq;     /* before */
	const char *head;
	bool absent;
	unsigned n_logs;
};

/* One commit being encoded: the call's arguments grow, docs[] is what was gathered. */
struct encoder {
	struct store *s;
	struct call *call;
	const struct commit *commit;
	const struct effect *items;
	size_t n;
	struct doc_change docs[EFFECTS_MAX];
	size_t n_docs;
};

struct encoder *encoder_new(struct store *s)
{
	struct encoder *e = calloc(1, sizeof(*e));

	if (e)
		e->s = s;
	return e;
}

/* --- gathering --- */

static struct doc_change *doc_get(struct encoder *e, const char *id)
{
	struct doc_change *d;
	size_t i;

	for (i = 0; i < e->n_docs; i++)
		if (strcmp(e->docs[i].id, id) == 0)
			return &e->docs[i];
	d = &e->docs[e->n_docs++];
	memset(d, 0, sizeof(*d));
	d->id = id;
	d->expected = -1;
	return d;
}

/* What the handler saw of the document. -1: it never looked. */
static int doc_look_up(struct encoder *e, struct doc_change *d)
{
	struct buf *key = &e->s->scratch;
	const struct fact *f;

	buf_reset(key);
	buf_str(key, "doc:");
	buf_str(key, d->id);
	f = e->commit->facts ? snapshot_get(e->commit->facts, buf_text(key)) : NULL;
	if (!f || f->state == FACT_NOT_LOADED) {
		if (d->expected != 0)
			return -1;
		d->absent = true;
		d->head = CHAIN_START;
		return 0;
	}
	d->version = d->expected >= 0 ? d->expected : f->state == FACT_KNOWN ? f->version : 0;
	d->seq = f->seq;
	d->head = f->head && *f->head ? f->head : CHAIN_START;
	d->absent = d->version == 0 && d->seq == 0;
	return 0;
}

static int docs_gather(struct encoder *e)
{
	char why[96];
	size_t i;

	for (i = 0; i < e->n; i++) {
		const struct effect *f = &e->items[i];

		if (f->kind == EFFECT_PUT) {
			struct doc_change *d = doc_get(e, f->key);

			if (d->expected < 0)
				d->expected = f->version;
			d->put = f;
		} else if (f->kind == EFFECT_LOG) {
			doc_get(e, f->key)->n_logs++;
		}
	}
	for (i = 0; i < e->n_docs; i++) {
		if (doc_look_up(e, &e->docs[i]) < 0) {
			snprintf(why, sizeof(why), "document %s was changed without being loaded",
				e->docs[i].id);
			call_fail(e->call, STORE_REFUSED, why);
			return -1;
		}
	}
	return 0;
}

/* Of several effects on one thing the last one counts. */
static bool superseded(const struct encoder *e, size_t at)
{
	const struct effect *f = &e->items[at];
	bool timer = f->kind == EFFECT_TIMER || f->kind == EFFECT_TIMER_CLEAR;
	size_t i;

	for (i = at + 1; i < e->n; i++) {
		const struct effect *g = &e->items[i];
		bool same = g->kind == f->kind ||
			(timer && (g->kind == EFFECT_TIMER || g->kind == EFFECT_TIMER_CLEAR));

		if (same && strcmp(f->key, g->key) == 0)
			return true;
	}
	return false;
}

/* --- writing --- */

static void version_add(struct bulks *b, int64_t version, int64_t seq)
{
	char text[48];
	int n = snprintf(text, sizeof(text), "%" PRId64 ":%" PRId64, version, seq);

	bulks_add(b, text, (size_t)n);
}

static void key_add(struct encoder *e, const char *middle, const char *name)
{
	const struct store_keys *k = &e->s->keys;

	bulks_join(&e->call->keys, k->prefix, k->prefix_len, middle, strlen(middle), name,
		strlen(name));
}

static void checks_write(struct encoder *e)
{
	struct bulks *b = &e->call->args;
	size_t i, hole;
	unsigned n = 0;

	bulks_int(b, (int64_t)e->n_docs);
	for (i = 0; i < e->n_docs; i++) {
		const struct doc_change *d = &e->docs[i];

		key_add(e, KEY_DOC, d->id);
		key_add(e, KEY_LOG, d->id);
		if (d->absent)
			bulks_str(b, "");
		else
			version_add(b, d->version, d->seq);
	}
	hole = bulks_hole(b);
	for (i = 0; i < e->n; i++) {
		const struct effect *f = &e->items[i];

		if (f->kind != EFFECT_COUNT || superseded(e, i))
			continue;
		bulks_str(b, f->key);
		bulks_int(b, f->version);
		n += 2;
	}
	bulks_fill(b, hole, n);
}

/* The document's log entries as kept; hash goes from the head before to the head after. */
static bool logs_write(struct encoder *e, const struct doc_change *d, struct bulks *out,
	char hash[CHAIN_HASH_LEN + 1])
{
	int64_t seq = d->seq;
	char head[CHAIN_HASH_LEN + 64];
	size_t i, len;
	int n;

	memcpy(hash, d->head, CHAIN_HASH_LEN);
	for (i = 0; i < e->n; i++) {
		const struct effect *f = &e->items[i];

		if (f->kind != EFFECT_LOG || strcmp(f->key, d->id) != 0)
			continue;
		len = strlen(f->value);
		if (!chain_next(e->s->chain, hash, ++seq, e->commit->now_ms, f->value, len, hash))
			return false;
		n = snprintf(head, sizeof(head), "%" PRId64 " %" PRId64 " %s ", seq,
			e->commit->now_ms, hash);
		bulks_join(out, head, (size_t)n, f->value, len, NULL, 0);
	}
	return true;
}

static bool doc_write(struct encoder *e, const struct doc_change *d)
{
	struct bulks *b = &e->call->args, logs = {0};
	const struct effect *put = d->put;
	char hash[CHAIN_HASH_LEN + 1];
	bool fine;

	fine = strlen(d->head) == CHAIN_HASH_LEN && logs_write(e, d, &logs, hash);
	bulks_int(b, 2 + (put ? 2 : 0) + (put && put->guard ? 2 : 0) + (d->n_logs ? 2 : 0));
	bulks_str(b, "v");
	version_add(b, put ? d->version + 1 : d->version, d->seq + d->n_logs);
	if (put) {
		bulks_str(b, "d");
		bulks_str(b, put->value);
	}
	if (put && put->guard) {
		bulks_str(b, "g");
		bulks_str(b, put->guard);
	}
	if (d->n_logs) {
		bulks_str(b, "h");
		bulks_add(b, hash, CHAIN_HASH_LEN);
	}
	bulks_int(b, d->n_logs);
	bulks_append(b, &logs);
	bulks_release(&logs);
	return fine;
}

static void finished_write(struct encoder *e)
{
	const struct commit *c = e->commit;
	struct bulks *b = &e->call->args;

	bulks_str(b, c->timer ? c->timer : "");
	bulks_int(b, c->timer_due_ms);
	bulks_int(b, c->done_lane);
	bulks_str(b, c->done_entry ? c->done_entry : "");
}

static void timers_write(struct encoder *e)
{
	struct bulks *b = &e->call->args;
	size_t i, hole = bulks_hole(b);
	unsigned n = 0;

	for (i = 0; i < e->n; i++) {
		if (e->items[i].kind != EFFECT_TIMER_CLEAR || superseded(e, i))
			continue;
		bulks_str(b, e->items[i].key);
		n++;
	}
	bulks_fill(b, hole, n);
	hole = bulks_hole(b);
	for (i = n = 0; i < e->n; i++) {
		const struct effect *f = &e->items[i];

		if (f->kind != EFFECT_TIMER || superseded(e, i))
			continue;
		bulks_int(b, f->at_ms);
		bulks_str(b, f->key);
		n += 2;
		if (!e->call->earliest_ms || f->at_ms < e->call->earliest_ms)
			e->call->earliest_ms = f->at_ms;
	}
	bulks_fill(b, hole, n);
}

static void links_write(struct encoder *e)
{
	struct bulks *b = &e->call->args;
	size_t i, hole = bulks_hole(b);
	unsigned n = 0;

	for (i = 0; i < e->n; i++) {
		const struct effect *f = &e->items[i];

		if (f->kind != EFFECT_LINK || f->value || superseded(e, i))
			continue;
		bulks_str(b, f->key);
		n++;
	}
	bulks_fill(b, hole, n);
	hole = bulks_hole(b);
	for (i = n = 0; i < e->n; i++) {
		const struct effect *f = &e->items[i];

		if (f->kind != EFFECT_LINK || !f->value || superseded(e, i))
			continue;
		bulks_str(b, f->key);
		bulks_str(b, f->value);
		n += 2;
	}
	bulks_fill(b, hole, n);
}

static void field_add(struct bulks *b, const char *prefix, const char *ref)
{
	bulks_join(b, prefix, strlen(prefix), ref, strlen(ref), NULL, 0);
}

/* Where a message is, and which update of one is the newest. */
static void refs_write(struct encoder *e)
{
	const struct commit *c = e->commit;
	struct bulks *b = &e->call->args;
	size_t i, hole = bulks_hole(b);
	unsigned n = 0;

	if (c->ref && *c->ref && c->ref_channel && c->ref_ts) {
		field_add(b, FIELD_REF, c->ref);
		bulks_join(b, c->ref_channel, strlen(c->ref_channel), "\n", 1, c->ref_ts,
			strlen(c->ref_ts));
		n += 2;
	}
	for (i = 0; i < e->n; i++) {
		const struct send *s = &e->items[i].send;

		if (e->items[i].kind != EFFECT_SEND || strcmp(s->op, "chat.update") != 0 || !*s->ref)
			continue;
		field_add(b, FIELD_NEWEST, s->ref);
		bulks_str(b, s->key);
		n += 2;
	}
	bulks_fill(b, hole, n);
}

static void indexes_write(struct encoder *e)
{
	struct bulks *b = &e->call->args;
	size_t i, hole = bulks_hole(b);
	unsigned n = 0;

	for (i = 0; i < e->n; i++) {
		const struct effect *f = &e->items[i];

		if (f->kind != EFFECT_INDEX && f->kind != EFFECT_UNINDEX)
			continue;
		key_add(e, KEY_INDEX, f->key);
		if (f->kind == EFFECT_INDEX)
			bulks_int(b, f->at_ms);
		else
			bulks_str(b, "");
		bulks_str(b, f->value);
		n++;
	}
	bulks_fill(b, hole, n);
}

static void sends_write(struct encoder *e)
{
	struct bulks *b = &e->call->args;
	struct buf *text = &e->s->scratch;
	size_t i, hole = bulks_hole(b);
	unsigned n = 0;

	for (i = 0; i < e->n; i++) {
		const struct effect *f = &e->items[i];

		if (f->kind != EFFECT_SEND)
			continue;
		buf_reset(text);
		entry_encode(&f->send, e->commit->now_ms, text);
		if (text->failed)
			b->failed = true;
		bulks_int(b, f->send.lane);
		e->call->lanes |= 1u << f->send.lane;
		bulks_add(b, text->data, text->len);
		n++;
	}
	bulks_fill(b, hole, n);
	if (text->cap > SCRATCH_KEPT)
		buf_release(text);
}

static bool commit_write(struct encoder *e)
{
	const struct commit *c = e->commit;
	struct bulks *b = &e->call->args;
	size_t n_args = bulks_hole(b), n_keys = bulks_hole(b), i;

	if (c->request_id && *c->request_id) {
		key_add(e, KEY_SEEN, c->request_id);
		bulks_int(b, e->s->dedupe_ttl_ms);
		bulks_str(b, c->reply ? c->reply : "");
	} else {
		bulks_int(b, 0);
		bulks_str(b, "");
	}
	checks_write(e);
	for (i = 0; i < e->n_docs; i++)
		if (!doc_write(e, &e->docs[i]))
			return false;
	finished_write(e);
	timers_write(e);
	links_write(e);
	refs_write(e);
	indexes_write(e);
	sends_write(e);
	bulks_fill(b, n_args, b->n);
	bulks_fill(b, n_keys, e->call->keys.n);
	return true;
}

/* --- the answer --- */

static void applied(struct call *c)
{
	struct store *s = c->store;

	s->stats.commits++;
	s->wake_lanes |= c->lanes;
	if (c->earliest_ms && (s->next_due_ms <= 0 || c->earliest_ms < s->next_due_ms)) {
		s->next_due_ms = c->earliest_ms;
		s->wake_timers = true;
	}
	if (s->wake_lanes || s->wake_timers)
		store_kick(s);
}

static void result_read(struct store *s, const redisReply *r, struct store_answer *out)
{
	const char *text = "";
	int64_t what = -1;

	if (r->type == REDIS_REPLY_INTEGER) {
		what = r->integer;
	} else if (r->type == REDIS_REPLY_ARRAY && r->elements == 2) {
		what = r->element[0]->integer;
		if (r->element[1]->type == REDIS_REPLY_STRING)
			text = r->element[1]->str;
	}
	out->detail = text;
	switch (what) {
	case 0:
		out->status = STORE_OK;
		break;
	case 1:
		out->status = STORE_DUPLICATE;
		out->reply = text;
		out->detail = "";
		s->stats.duplicates++;
		break;
	case 2:
		out->status = STORE_CONFLICT;
		s->stats.conflicts++;
		if (strncmp(text, "count:", 6) == 0)
			counter_drop(s, text + 6);
		break;
	case 3: /* a check failed to run: nothing was written */
		out->status = STORE_REFUSED;
		break;
	default: /* a write failed to run: a key of another type, say */
		out->status = STORE_UNKNOWN;
		log_write(LOG_ERROR, "store", NULL, "a commit broke off in the middle", "error", text,
			NULL);
		break;
	}
}

static void commit_done(struct call *c, enum store_status status, redisReply **r, const char *detail)
{
	struct store_answer answer = {status, "", detail};
	store_commit_fn fn = (store_commit_fn)c->fn;

	if (status == STORE_OK && r)
		result_read(c->store, *r, &answer);
	if (answer.status == STORE_OK)
		applied(c);
	if (fn)
		fn(c->ud, &answer);
}

void store_commit(struct store *s, const struct commit *commit, store_commit_fn fn, void *ud)
{
	struct call *c = call_new(s, CALL_COMMIT, commit_done);
	struct encoder *e = s->encoder;

	c->fn = (void (*)(void))fn;
	c->ud = ud;
	if (c->failed != STORE_OK) {
		call_send(c);
		return;
	}
	e->call = c;
	e->commit = commit;
	e->items = commit->effects ? commit->effects->items : NULL;
	e->n = commit->effects ? commit->effects->n : 0;
	e->n_docs = 0;
	if (commit->effects && commit->effects->overflow) {
		call_fail(c, STORE_REFUSED, "more effects than one commit may hold");
		return;
	}
	if (docs_gather(e) < 0)
		return;
	if (!commit_write(e)) {
		call_fail(c, STORE_REFUSED, "the hash chain cannot be continued");
		return;
	}
	call_send(c);
}
