/* slack_http.c - see slack_http.h. */
#include "bot/slack/slack_http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bot/sign.h"

#define TIMESTAMP_DIGITS 12

bool slack_signature_ok(const char *secret, const char *timestamp, const char *signature,
	const char *body, size_t body_len, int64_t now_s)
{
	size_t digits = strspn(timestamp, "0123456789"), head;
	unsigned char mac[HMAC_SHA256_BYTES];
	char expected[3 + 2 * HMAC_SHA256_BYTES + 1] = "v0=";
	int64_t sent_s, off;
	char *base;
	int failed;

	/* An empty key would let anybody sign. */
	if (!*secret || !digits || digits > TIMESTAMP_DIGITS || timestamp[digits] != '\0')
		return false;
	sent_s = strtoll(timestamp, NULL, 10);
	off = now_s > sent_s ? now_s - sent_s : sent_s - now_s;
	if (off > SLACK_SIGNATURE_WINDOW_S || body_len > SLACK_FRAME_MAX)
		return false;
	base = malloc(3 + digits + 1 + body_len);
	if (!base)
		return false;
	memcpy(base, "v0:", 3);
	memcpy(base + 3, timestamp, digits);
	head = 3 + digits;
	base[head++] = ':';
	if (body_len)
		memcpy(base + head, body, body_len);
	failed = hmac_sha256(secret, strlen(secret), base, head + body_len, mac);
	free(base);
	if (failed)
		return false;
	hex_encode(mac, sizeof(mac), expected + 3);
	return equal_constant_time(expected, sizeof(expected) - 1, signature, strlen(signature));
}

enum slack_body slack_body_kind(const char *content_type)
{
	static const char json[] = "application/json";
	size_t n = sizeof(json) - 1;

	if (strncasecmp(content_type, json, n))
		return SLACK_BODY_FORM;
	return content_type[n] == '\0' || strchr("; \t", content_type[n]) ? SLACK_BODY_JSON :
		SLACK_BODY_FORM;
}
