/* store_timers.c - claiming timers that are due. */
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bot/store/store_private.h"

#define CLAIM_MAX 1000 /* Lua's unpack() takes a few thousand values */

int64_t store_score_parse(const char *text)
{
	char *end;
	int64_t value = strtoll(text, &end, 10);

	return *end == '.' ? value + 1 : value;
}

static void timers_done(struct call *c, enum store_status status, redisReply **r, const char *detail)
{
	store_timers_fn fn = (store_timers_fn)c->fn;
	struct store *s = c->store;
	struct store_timer *timers;
	redisReply *a = r ? *r : NULL;
	size_t n = 0, i;

	(void)detail;
	if (status == STORE_OK && (!a || a->type != REDIS_REPLY_ARRAY || a->elements < 2))
		status = STORE_REFUSED;
	if (status != STORE_OK) {
		fn(c->ud, status, NULL, 0, 0);
		return;
	}
	s->stats.timers_pending = a->element[0]->integer;
	s->next_due_ms = *a->element[1]->str ? store_score_parse(a->element[1]->str) : 0;
	n = (a->elements - 2) / 2;
	timers = calloc(n + 1, sizeof(*timers));
	if (!timers) {
		/* They come again when the lease ends. */
		fn(c->ud, STORE_REFUSED, NULL, 0, 0);
		return;
	}
	for (i = 0; i < n; i++) {
		timers[i].id = a->element[2 + 2 * i]->str;
		timers[i].due_ms = store_score_parse(a->element[3 + 2 * i]->str);
	}
	fn(c->ud, STORE_OK, timers, n, s->next_due_ms);
	free(timers);
}

void store_timers_claim(struct store *s, int64_t now_ms, int64_t lease_ms, size_t max,
	store_timers_fn fn, void *ud)
{
	struct call *c = call_new(s, CALL_SINGLE, timers_done);
	char lease[32];
	int n = snprintf(lease, sizeof(lease), "%" PRId64 ".5", now_ms + lease_ms);

	c->fn = (void (*)(void))fn;
	c->ud = ud;
	c->function = FUNCTION_NAME("timers_claim");
	bulks_str(&c->keys, s->keys.fixed[KEY_TIMERS]);
	bulks_str(&c->keys, s->keys.fixed[KEY_LEASES]);
	bulks_int(&c->args, now_ms);
	bulks_add(&c->args, lease, (size_t)n);
	bulks_int(&c->args, max > CLAIM_MAX ? CLAIM_MAX : (int64_t)max);
	call_send(c);
}
