/*
 * webhook_body.h - our outgoing webhooks: Standard Webhooks 1.0.0, made and checked. Pure but for
 * the crypto library.
 */
#ifndef TOCSIN_BOT_REACH_WEBHOOK_BODY_H
#define TOCSIN_BOT_REACH_WEBHOOK_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEBHOOK_SECRET_LEAST 24 /* bytes of the key behind "whsec_" */
#define WEBHOOK_SECRET_MOST 64
#define WEBHOOK_BODY_MAX 20480  /* past this the data is left out, the type and the text stay */
#define WEBHOOK_TOLERANCE_S 300

struct arena;
struct buf;
struct err;

/* webhook-id from an idempotency key: the same for every attempt; safe in a header, no ".". */
const char *webhook_id(struct arena *a, const char *key);

/* {"type","timestamp","data":{...,"text":...}}. data_json: an object; text may be NULL. */
int webhook_body(struct buf *out, struct arena *a, const char *type, int64_t at_ms, const char *data_json,
	const char *text, struct err *err);

/* The "v1,<base64>" signatures for the webhook-signature header, one for each space-separated secret
 * ("whsec_..."; two while a secret is being rotated). NULL with err set for a malformed secret. */
const char *webhook_sign(struct arena *a, const char *secrets, const char *id, int64_t at_s,
	const char *body, size_t len, struct err *err);

/* The receiver's side. signatures: the header as it came; at: the webhook-timestamp header. True when
 * one v1 signature fits and the time is within WEBHOOK_TOLERANCE_S of now. */
bool webhook_verify(struct arena *a, const char *secret, const char *id, const char *at,
	const char *signatures, const char *body, size_t len, int64_t now_s);
#endif
