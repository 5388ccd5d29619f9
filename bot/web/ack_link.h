/*
 * ack_link.h - the signed link in a mail behind which one command of one person waits.
 *
 *   <public_url>/ack?t=TOKEN      TOKEN = base64url(payload) "." base64url(HMAC-SHA256(key, payload))
 *
 * The payload is JSON {"cmd","person","exp"}: it can be read by whoever has the link, and changed
 * by nobody. A link says who acts; whoever is forwarded the mail acts as that person, which is why
 * it lives for a week only and its page names the person before the button is pressed.
 */
#ifndef TOCSIN_BOT_WEB_ACK_LINK_H
#define TOCSIN_BOT_WEB_ACK_LINK_H

#include <stddef.h>
#include <stdint.h>

#define ACK_LINK_KEY_BYTES 32
#define ACK_LINK_TOKEN_MAX 2048
#define ACK_LINK_COMMAND_MAX 512
#define ACK_LINK_LIFE_MS (7LL * 24 * 3600 * 1000)

struct arena;
struct err;

struct ack_link_key {
	unsigned char bytes[ACK_LINK_KEY_BYTES];
};

/* Derives the signing key from a secret of any length (TOCSIN_SECRET), so that the same secret
 * may serve other purposes without one signature passing for another. */
void ack_link_key_derive(struct ack_link_key *key, const char *secret, size_t len);

struct ack_link {
	const char *command;  /* command line: "incident ack INC-42" */
	const char *person;   /* plan person's key */
	int64_t expires_ms;   /* wall clock */
};

/* The token, in the arena; NULL with err set when the command or the person is too long. */
const char *ack_link_sign(struct arena *a, const struct ack_link_key *key, const struct ack_link *link,
	struct err *err);

enum ack_link_verdict {
	ACK_LINK_GOOD,
	ACK_LINK_EXPIRED, /* genuine, too old; `out` is filled in */
	ACK_LINK_FORGED   /* malformed, changed, or signed with another key */
};

/* token need not be NUL-terminated. Strings of out are in the arena. Constant time in the key. */
enum ack_link_verdict ack_link_verify(struct arena *a, const struct ack_link_key *key, const char *token,
	size_t len, int64_t now_ms, struct ack_link *out);

/* The whole URL; public_url with or without a "/" at its end. */
const char *ack_link_url(struct arena *a, const char *public_url, const char *token);
#endif
