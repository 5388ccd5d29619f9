/* ack_link.c - see ack_link.h. */
#include "bot/web/ack_link.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "bot/sign.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/json_in.h"
#include "tocsin/json_out.h"
#include "tocsin/utf8.h"

#define PURPOSE "tocsin acknowledgement link v1"

void ack_link_key_derive(struct ack_link_key *key, const char *secret, size_t len)
{
	memset(key, 0, sizeof(*key));
	/* Failing here would mean a broken crypto library: links would be signed with zeros. */
	if (hmac_sha256(secret, len, PURPOSE, sizeof(PURPOSE) - 1, key->bytes) < 0)
		abort();
}

const char *ack_link_sign(struct arena *a, const struct ack_link_key *key, const struct ack_link *link,
	struct err *err)
{
	unsigned char mac[HMAC_SHA256_BYTES];
	struct json_out j;
	struct buf payload, token;

	if (strlen(link->command) > ACK_LINK_COMMAND_MAX || strlen(link->person) > 128) {
		err_set(err, ERR_LIMIT, "the command behind an acknowledgement link is too long");
		return NULL;
	}
	buf_init_arena(&payload, a, ACK_LINK_TOKEN_MAX / 2);
	json_out_init(&j, &payload);
	json_out_object(&j, NULL);
	json_out_str(&j, "cmd", link->command);
	json_out_str(&j, "person", link->person);
	json_out_int(&j, "exp", link->expires_ms / 1000);
	json_out_object_end(&j);
	if (payload.failed ||
		hmac_sha256(key->bytes, sizeof(key->bytes), payload.data, payload.len, mac) < 0) {
		err_set(err, ERR_LIMIT, "the command behind an acknowledgement link is too long");
		return NULL;
	}
	buf_init_arena(&token, a, ACK_LINK_TOKEN_MAX);
	base64url_encode(&token, payload.data, payload.len);
	buf_char(&token, '.');
	base64url_encode(&token, mac, sizeof(mac));
	return buf_text(&token);
}

/* A genuine payload, read into out. */
static bool read_payload(struct arena *a, const char *text, size_t len, struct ack_link *out)
{
	json_t *o = json_in_load(a, text, len);

	if (!o)
		return false;
	out->command = json_in_str(o, "cmd");
	out->person = json_in_str(o, "person");
	out->expires_ms = json_in_int(o, "exp") * 1000;
	return *out->command && *out->person && out->expires_ms > 0;
}

enum ack_link_verdict ack_link_verify(struct arena *a, const struct ack_link_key *key, const char *token,
	size_t len, int64_t now_ms, struct ack_link *out)
{
	unsigned char payload[ACK_LINK_TOKEN_MAX], given[HMAC_SHA256_BYTES], mac[HMAC_SHA256_BYTES];
	const char *dot = len <= ACK_LINK_TOKEN_MAX ? memchr(token, '.', len) : NULL;
	long n;

	memset(out, 0, sizeof(*out));
	out->command = out->person = "";
	if (!dot)
		return ACK_LINK_FORGED;
	n = base64url_decode(token, (size_t)(dot - token), payload, sizeof(payload));
	if (n <= 0 || base64url_decode(dot + 1, len - (size_t)(dot - token) - 1, given,
		sizeof(given)) != HMAC_SHA256_BYTES)
		return ACK_LINK_FORGED;
	if (hmac_sha256(key->bytes, sizeof(key->bytes), payload, (size_t)n, mac) < 0 ||
		!equal_constant_time(mac, sizeof(mac), given, sizeof(given)))
		return ACK_LINK_FORGED;
	if (!read_payload(a, (const char *)payload, (size_t)n, out))
		return ACK_LINK_FORGED;
	return now_ms >= out->expires_ms ? ACK_LINK_EXPIRED : ACK_LINK_GOOD;
}

const char *ack_link_url(struct arena *a, const char *public_url, const char *token)
{
	size_t n = strlen(public_url);

	while (n > 0 && public_url[n - 1] == '/')
		n--;
	return arena_printf(a, "%.*s/ack?t=%s", (int)n, public_url, token);
}
