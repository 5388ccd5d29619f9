/*
 * link_key.h - the key that signs acknowledgement links, the same in every process of a workspace.
 *
 * From TOCSIN_SECRET where that is given. Otherwise one is made and kept in Redis (document
 * "system:link-key"), written only if it is not there yet, so all instances end up with one.
 */
#ifndef TOCSIN_BOT_WEB_LINK_KEY_H
#define TOCSIN_BOT_WEB_LINK_KEY_H

#include <uv.h>

struct ack_link_key;
struct clock;
struct err;
struct link_key;
struct store;

/* secret "" or NULL: kept in the store. NULL with err set when out of memory, or when the secret is
 * shorter than 16 characters. */
struct link_key *link_key_new(uv_loop_t *loop, struct store *store, const struct clock *clock,
	const char *secret, struct err *err);

/* NULL until it is known: Redis has not answered yet. Borrowed. */
const struct ack_link_key *link_key_get(const struct link_key *k);

/* Before store_close(). Memory goes in a later turn. NULL is allowed. */
void link_key_close(struct link_key *k);
#endif
