/*
 * link_key.c - see link_key.h. Asks the store until it has an answer; the store being away is no
 * error, only a later try.
 */
#include "bot/web/link_key.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bot/clock.h"
#include "bot/log.h"
#include "bot/sign.h"
#include "bot/store/store.h"
#include "bot/web/ack_link.h"
#include "tocsin/arena.h"
#include "tocsin/err.h"
#include "tocsin/json_in.h"

#define DOCUMENT "system:link-key"
#define SECRET_SHORTEST 16
#define RETRY_MS 500

struct link_key {
	struct store *store;
	const struct clock *clock;
	uv_timer_t retry;
	struct arena *arena;   /* of the load or commit in flight; NULL: none */
	struct ack_link_key key;
	bool known, closing, timer_closed;
};

static void link_key_load(struct link_key *k);

static void link_key_free(struct link_key *k)
{
	if (!k->closing || !k->timer_closed || k->arena)
		return;
	explicit_bzero(&k->key, sizeof(k->key));
	free(k);
}

static void on_uv_retry(uv_timer_t *timer)
{
	link_key_load(timer->data);
}

/* The call in flight is over; try again unless the key is known. */
static void link_key_next(struct link_key *k)
{
	arena_free(k->arena);
	k->arena = NULL;
	if (k->closing)
		link_key_free(k);
	else if (!k->known)
		uv_timer_start(&k->retry, on_uv_retry, RETRY_MS, 0);
}

static void on_commit(void *ud, const struct store_answer *answer)
{
	struct link_key *k = ud;

	/* Written, or somebody was faster, or nobody knows: reading it again tells which. */
	if (answer->status == STORE_REFUSED)
		log_write(LOG_WARN, "web", NULL, "the key for acknowledgement links could not be kept",
			"why", answer->detail, NULL);
	arena_free(k->arena);
	k->arena = NULL;
	if (k->closing)
		link_key_free(k);
	else if (answer->status == STORE_OK || answer->status == STORE_CONFLICT)
		link_key_load(k);
	else
		uv_timer_start(&k->retry, on_uv_retry, RETRY_MS, 0);
}

static void make_key(struct link_key *k, struct fact *fact)
{
	unsigned char bytes[32];
	char hex[65];
	struct effects effects;
	struct snapshot *snap = snapshot_new(k->arena);
	struct commit c = {.request_id = "", .reply = "", .timer = "", .done_entry = "", .ref = "",
		.ref_channel = "", .ref_ts = "", .effects = &effects, .facts = snap,
		.now_ms = clock_now_ms(k->clock)};

	if (random_bytes(bytes, sizeof(bytes)) < 0) {
		link_key_next(k);
		return;
	}
	hex_encode(bytes, sizeof(bytes), hex);
	snapshot_add(snap, fact);
	effects_init(&effects, k->arena);
	effects_put(&effects, DOCUMENT, 0, arena_printf(k->arena, "{\"secret\":\"%s\"}", hex), NULL);
	store_commit(k->store, &c, on_commit, k);
}

static void on_load(void *ud, enum store_status status, struct fact *facts, size_t n)
{
	struct link_key *k = ud;
	const char *secret;

	if (k->closing || status != STORE_OK || n != 1) {
		link_key_next(k);
		return;
	}
	if (setjmp(*arena_recovery(k->arena))) {
		link_key_next(k);
		return;
	}
	if (facts[0].state == FACT_ABSENT) {
		make_key(k, &facts[0]);
		if (k->arena)
			arena_recovery_clear(k->arena);
		return;
	}
	secret = "";
	if (facts[0].state == FACT_KNOWN)
		secret = json_in_str(json_in_load(k->arena, facts[0].value, facts[0].len), "secret");
	if (strlen(secret) == 64) {
		ack_link_key_derive(&k->key, secret, 64);
		log_hide(secret);
		k->known = true;
	} else {
		log_write(LOG_ERROR, "web", NULL, "the kept key for acknowledgement links cannot be read",
			"document", DOCUMENT, NULL);
	}
	link_key_next(k);
}

static void link_key_load(struct link_key *k)
{
	static const char *const keys[] = {"doc:" DOCUMENT};

	if (!store_ready(k->store)) {
		uv_timer_start(&k->retry, on_uv_retry, RETRY_MS, 0);
		return;
	}
	k->arena = arena_new(1 << 20);
	if (k->arena)
		store_load(k->store, k->arena, keys, 1, on_load, k);
	else
		link_key_next(k);
}

struct link_key *link_key_new(uv_loop_t *loop, struct store *store, const struct clock *clock,
	const char *secret, struct err *err)
{
	struct link_key *k;

	if (secret && *secret && strlen(secret) < SECRET_SHORTEST) {
		err_set(err, ERR_CONFIG, "TOCSIN_SECRET is shorter than %d characters: make one with "
			"`openssl rand -hex 32`", SECRET_SHORTEST);
		return NULL;
	}
	k = calloc(1, sizeof(*k));
	if (!k) {
		err_set(err, ERR_MEMORY, "out of memory");
		return NULL;
	}
	k->store = store;
	k->clock = clock;
	uv_timer_init(loop, &k->retry);
	k->retry.data = k;
	if (secret && *secret) {
		ack_link_key_derive(&k->key, secret, strlen(secret));
		k->known = true;
	} else {
		/* In a later turn: the store is perhaps connecting at this very moment. */
		uv_timer_start(&k->retry, on_uv_retry, 1, 0);
	}
	return k;
}

const struct ack_link_key *link_key_get(const struct link_key *k)
{
	return k && k->known ? &k->key : NULL;
}

static void on_uv_close(uv_handle_t *handle)
{
	struct link_key *k = handle->data;

	k->timer_closed = true;
	link_key_free(k);
}

void link_key_close(struct link_key *k)
{
	if (!k || k->closing)
		return;
	k->closing = true;
	uv_close((uv_handle_t *)&k->retry, on_uv_close);
}
