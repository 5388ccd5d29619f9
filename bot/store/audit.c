/* audit.c - see audit.h. */
#include "bot/store/audit.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bot/store/chain.h"
#include "bot/store/store_keys.h"
#include "tocsin/err.h"

#define PAGE 500
#define GROWN_MAX 100 /* so often a log may have grown while we read it */

/* One log being read. */
struct walk {
	struct audit *audit;
	struct chain *chain;
	const char *id;
	char *doc, *log;                 /* keys */
	int64_t seq;                     /* entries read */
	char hash[CHAIN_HASH_LEN + 1];   /* of the last one */
	bool broken;
};

static redisReply *ask(struct audit *a, struct err *err, const char *fmt, ...)
{
	redisReply *r;
	va_list ap;

	va_start(ap, fmt);
	r = redisvCommand(a->redis, fmt, ap);
	va_end(ap);
	if (r && r->type != REDIS_REPLY_ERROR)
		return r;
	err_set(err, ERR_UPSTREAM, "Redis: %s", r ? r->str : a->redis->errstr);
	freeReplyObject(r);
	return NULL;
}

static void tell(struct walk *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void tell(struct walk *w, const char *fmt, ...)
{
	va_list ap;

	w->broken = true;
	fprintf(w->audit->out, "broken %s: ", w->id);
	va_start(ap, fmt);
	vfprintf(w->audit->out, fmt, ap);
	va_end(ap);
	fputc('\n', w->audit->out);
}

static void entry_check(struct walk *w, const char *text, size_t len)
{
	int64_t expected = w->seq + 1;
	struct chain_entry e;

	if (!chain_parse(text, len, &e)) {
		tell(w, "entry %" PRId64 " is not in the form in which entries are kept", expected);
		return;
	}
	if (e.seq > expected) {
		tell(w, "entry %" PRId64 " is missing: %" PRId64 " is in its place", expected, e.seq);
		return;
	}
	if (e.seq < expected) {
		tell(w, "entry %" PRId64 " is in the place of entry %" PRId64, e.seq, expected);
		return;
	}
	if (!chain_next(w->chain, w->hash, e.seq, e.time_ms, e.entry, e.entry_len, w->hash) ||
		memcmp(w->hash, e.hash, CHAIN_HASH_LEN) != 0) {
		tell(w, "entry %" PRId64 " was changed: its hash does not fit", expected);
		return;
	}
	w->seq = expected;
	w->audit->entries++;
}

/* Reads on up to entry `until`. */
static int entries_read(struct walk *w, int64_t until, struct err *err)
{
	while (w->seq < until && !w->broken) {
		int64_t last = until - w->seq > PAGE ? w->seq + PAGE : until;
		redisReply *r = ask(w->audit, err, "LRANGE %s %lld %lld", w->log, (long long)w->seq,
			(long long)last - 1);
		size_t i;

		if (!r)
			return -1;
		if (r->type == REDIS_REPLY_ARRAY && r->elements == 0)
			tell(w, "cut short: entry %" PRId64 " is missing, %" PRId64 " were written", w->seq + 1,
				until);
		for (i = 0; i < r->elements && !w->broken; i++)
			entry_check(w, r->element[i]->str, (size_t)r->element[i]->len);
		freeReplyObject(r);
	}
	return 0;
}

/* What the document and the list say at one moment. */
struct state {
	int64_t seq, length;
	char head[CHAIN_HASH_LEN + 1];
	bool exists;
};

static int state_read(struct walk *w, struct state *out, struct err *err)
{
	redisReply *r;
	const redisReply *doc;
	const char *colon;

	memset(out, 0, sizeof(*out));
	freeReplyObject(ask(w->audit, err, "MULTI"));
	freeReplyObject(ask(w->audit, err, "HMGET %s v h", w->doc));
	freeReplyObject(ask(w->audit, err, "LLEN %s", w->log));
	r = ask(w->audit, err, "EXEC");
	if (!r)
		return -1;
	if (r->type != REDIS_REPLY_ARRAY || r->elements != 2 ||
		r->element[0]->type != REDIS_REPLY_ARRAY || r->element[1]->type != REDIS_REPLY_INTEGER) {
		tell(w, "the keys of the document or its log are of another type");
		freeReplyObject(r);
		return 0;
	}
	doc = r->element[0];
	out->length = r->element[1]->integer;
	out->exists = doc->element[0]->type == REDIS_REPLY_STRING;
	if (out->exists) {
		colon = strchr(doc->element[0]->str, ':');
		out->seq = colon ? strtoll(colon + 1, NULL, 10) : 0;
	}
	if (doc->element[1]->type == REDIS_REPLY_STRING)
		snprintf(out->head, sizeof(out->head), "%s", doc->element[1]->str);
	freeReplyObject(r);
	return 0;
}

/* A bot may be writing meanwhile: reads on until nothing was added. */
static int log_walk(struct walk *w, struct err *err)
{
	struct state now = {0};
	unsigned round;

	for (round = 0; round < GROWN_MAX && !w->broken; round++) {
		int64_t before = w->seq;

		if (state_read(w, &now, err) < 0)
			return -1;
		if (w->broken)
			break;
		if (!now.exists) {
			tell(w, "there is a log of %" PRId64 " entries but no document", now.length);
			break;
		}
		if (round && now.seq == before)
			break;
		if (entries_read(w, now.seq, err) < 0)
			return -1;
		if (w->broken)
			break;
		if (now.length > now.seq)
			tell(w, "entry %" PRId64 " was put in: the document knows of %" PRId64, now.seq + 1,
				now.seq);
		else if (now.seq && strcmp(now.head, w->hash) != 0)
			tell(w, "entry %" PRId64 " has not the hash that the document knows", now.seq);
	}
	return 0;
}

static int log_audit(struct audit *a, const char *prefix, const char *id, struct err *err)
{
	size_t size = strlen(prefix) + strlen(id) + 16;
	struct walk w = {.audit = a, .id = id, .hash = CHAIN_START};
	int status = -1;

	w.chain = chain_new();
	w.doc = malloc(size);
	w.log = malloc(size);
	if (!w.chain || !w.doc || !w.log) {
		err_set(err, ERR_MEMORY, "out of memory");
		goto out;
	}
	snprintf(w.doc, size, "%s" KEY_DOC "%s", prefix, id);
	snprintf(w.log, size, "%s" KEY_LOG "%s", prefix, id);
	status = log_walk(&w, err);
	a->logs++;
	if (w.broken)
		a->broken++;
	else if (a->heads && status == 0 && w.seq)
		fprintf(a->out, "%s %" PRId64 " %s\n", id, w.seq, w.hash);
out:
	chain_free(w.chain);
	free(w.doc);
	free(w.log);
	return status;
}

/* --- which logs --- */

/* Does "incident:INC-42" answer to "INC-42"? */
static bool answers_to(const char *id, const char *wanted)
{
	const char *colon = strchr(id, ':');

	return strcmp(id, wanted) == 0 || (colon && strcasecmp(colon + 1, wanted) == 0);
}

/* Each key of one kind; wanted NULL: all. Counts the matching ones. A key may be seen twice when
 * the server is reorganising itself: it is only read twice. */
static int keys_walk(struct audit *a, const char *prefix, const char *middle, const char *wanted,
	bool only_orphans, unsigned long *found, struct err *err)
{
	size_t skip = strlen(prefix) + strlen(middle);
	char cursor[32] = "0";

	do {
		redisReply *r = ask(a, err, "SCAN %s MATCH %s%s* COUNT 1000", cursor, prefix, middle), *doc;
		size_t i;

		if (!r)
			return -1;
		snprintf(cursor, sizeof(cursor), "%s", r->element[0]->str);
		for (i = 0; i < r->element[1]->elements; i++) {
			const char *id = r->element[1]->element[i]->str + skip;
			bool orphan = false;

			if (wanted && !answers_to(id, wanted))
				continue;
			if (only_orphans) {
				doc = ask(a, err, "EXISTS %s" KEY_DOC "%s", prefix, id);
				orphan = doc && doc->integer == 0;
				freeReplyObject(doc);
				if (!orphan)
					continue;
			}
			(*found)++;
			if (log_audit(a, prefix, id, err) < 0) {
				freeReplyObject(r);
				return -1;
			}
		}
		freeReplyObject(r);
	} while (strcmp(cursor, "0") != 0);
	return 0;
}

/* The id as it is: no need to look at every key. 1: it was one, 0: it was not. */
static int exact_walk(struct audit *a, const char *prefix, const char *id, struct err *err)
{
	redisReply *r = ask(a, err, "EXISTS %s" KEY_DOC "%s %s" KEY_LOG "%s", prefix, id, prefix, id);
	bool there = r && r->integer > 0;

	if (!r)
		return -1;
	freeReplyObject(r);
	if (!there)
		return 0;
	return log_audit(a, prefix, id, err) < 0 ? -1 : 1;
}

static int audit_walk(struct audit *a, const char *wanted, struct err *err)
{
	unsigned long found = 0;
	struct store_keys keys;

	if (store_keys_init(&keys, a->workspace, err) < 0)
		return -1;
	if (wanted) {
		int there = exact_walk(a, keys.prefix, wanted, err);

		if (there)
			return there < 0 ? -1 : 0;
	}
	/* Every document, then logs whose document is gone. */
	if (keys_walk(a, keys.prefix, KEY_DOC, wanted, false, &found, err) < 0 ||
		keys_walk(a, keys.prefix, KEY_LOG, wanted, true, &found, err) < 0)
		return -1;
	if (wanted && !found)
		return err_set(err, ERR_INVALID, "there is no document %s in workspace %s", wanted,
			a->workspace);
	return 0;
}

int audit_one(struct audit *a, const char *id, struct err *err)
{
	return audit_walk(a, id, err);
}

int audit_all(struct audit *a, struct err *err)
{
	return audit_walk(a, NULL, err);
}
