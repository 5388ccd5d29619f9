/* store_outbox.c - claiming promised deliveries, keeping them, and counting what waits. */
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "bot/log.h"
#include "bot/store/entry.h"
#include "bot/store/store_private.h"

#define CLAIM_MAX 1000

/* An entry that cannot be read is not skipped silently: it stays in the outbox, where it can be
 * looked at, and is told of whenever its lease ends. */
static size_t entries_read(struct store_entry *out, redisReply *a, enum lane lane)
{
	size_t i, n = 0;

	for (i = 1; i + 2 < a->elements; i += 3) {
		struct store_entry *e = &out[n];
		redisReply *text = a->element[i + 2];

		if (!entry_decode(text->str, (size_t)text->len, &e->send, &e->created_ms)) {
			log_write(LOG_ERROR, "store", NULL, "outbox entry cannot be read", "entry",
				a->element[i]->str, NULL);
			continue;
		}
		e->id = a->element[i]->str;
		e->deliveries = (unsigned)a->element[i + 1]->integer;
		e->send.lane = lane;
		n++;
	}
	return n;
}

static void outbox_done(struct call *c, enum store_status status, redisReply **r, const char *detail)
{
	store_outbox_fn fn = (store_outbox_fn)c->fn;
	redisReply *a = r ? *r : NULL;
	struct store_entry *entries;
	size_t n;

	(void)detail;
	if (status == STORE_OK && (!a || a->type != REDIS_REPLY_ARRAY || a->elements < 1))
		status = STORE_REFUSED;
	if (status != STORE_OK) {
		fn(c->ud, status, NULL, 0);
		return;
	}
	c->store->stats.outbox_depth[c->lane] = a->element[0]->integer;
	entries = calloc(a->elements / 3 + 1, sizeof(*entries));
	if (!entries) {
		fn(c->ud, STORE_REFUSED, NULL, 0); /* they come again when the lease ends */
		return;
	}
	n = entries_read(entries, a, c->lane);
	fn(c->ud, STORE_OK, entries, n);
	free(entries);
}

void store_outbox_claim(struct store *s, enum lane lane, size_t max, int64_t lease_ms,
	store_outbox_fn fn, void *ud)
{
	struct call *c = call_new(s, CALL_SINGLE, outbox_done);

	c->fn = (void (*)(void))fn;
	c->ud = ud;
	c->lane = lane;
	c->function = FUNCTION_NAME("outbox_claim");
	bulks_str(&c->keys, s->keys.fixed[KEY_OUT + lane]);
	bulks_str(&c->args, s->instance);
	bulks_int(&c->args, max > CLAIM_MAX ? CLAIM_MAX : (int64_t)max);
	bulks_int(&c->args, lease_ms);
	call_send(c);
}

static void touch_done(struct call *c, enum store_status status, redisReply **r, const char *detail)
{
	store_touch_fn fn = (store_touch_fn)c->fn;
	redisReply *a = r ? *r : NULL;
	const char **kept;
	size_t n = 0, i;

	(void)detail;
	if (status == STORE_OK && a->type != REDIS_REPLY_ARRAY)
		status = STORE_REFUSED;
	kept = status == STORE_OK ? calloc(a->elements + 1, sizeof(*kept)) : NULL;
	if (!kept) {
		fn(c->ud, status == STORE_OK ? STORE_REFUSED : status, NULL, 0);
		return;
	}
	for (i = 0; i < a->elements; i++)
		if (a->element[i]->type == REDIS_REPLY_STRING)
			kept[n++] = a->element[i]->str;
	fn(c->ud, STORE_OK, kept, n);
	free(kept);
}

void store_outbox_touch(struct store *s, enum lane lane, const char *const *ids, size_t n,
	store_touch_fn fn, void *ud)
{
	struct call *c = call_new(s, CALL_SINGLE, touch_done);
	size_t i;

	c->fn = (void (*)(void))fn;
	c->ud = ud;
	c->function = FUNCTION_NAME("outbox_touch");
	bulks_str(&c->keys, s->keys.fixed[KEY_OUT + lane]);
	bulks_str(&c->args, s->instance);
	for (i = 0; i < n; i++)
		bulks_str(&c->args, ids[i]);
	call_send(c);
}

static void depths_done(struct call *c, enum store_status status, redisReply **r, const char *detail)
{
	struct store_stats *stats = &c->store->stats;
	int lane;

	(void)detail;
	if (status != STORE_OK || (*r)->type != REDIS_REPLY_ARRAY || (*r)->elements != 1 + LANES)
		return;
	stats->timers_pending = (*r)->element[0]->integer;
	for (lane = 0; lane < LANES; lane++)
		stats->outbox_depth[lane] = (*r)->element[1 + lane]->integer;
}

void store_refresh_stats(struct store *s)
{
	struct call *c = call_new(s, CALL_SINGLE, depths_done);
	int lane;

	c->function = FUNCTION_NAME("depths");
	bulks_str(&c->keys, s->keys.fixed[KEY_TIMERS]);
	for (lane = 0; lane < LANES; lane++)
		bulks_str(&c->keys, s->keys.fixed[KEY_OUT + lane]);
	call_send(c);
	if (uv_now(s->loop) >= s->check_at_ms) {
		s->check_at_ms = uv_now(s->loop) + STORE_CHECK_MS;
		store_check_start(s);
	}
}
