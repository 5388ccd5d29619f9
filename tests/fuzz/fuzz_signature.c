/*
 * fuzz_signature.c - headers of a signed request: "timestamp\0signature\0body". Nothing but the
 * right signature may pass.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/sign.h"
#include "bot/slack/slack_http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char secret[] = "fuzzing";
	char *text = malloc(size + 2);
	const char *stamp, *signature, *body;
	size_t left;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = text[size + 1] = '\0';
	stamp = text;
	signature = stamp + strlen(stamp) + 1;
	if (signature > text + size)
		signature = text + size;
	body = signature + strlen(signature) + 1;
	if (body > text + size)
		body = text + size;
	left = (size_t)(text + size - body);
	if (slack_signature_ok(secret, stamp, signature, body, left, 1763650000)) {
		unsigned char mac[HMAC_SHA256_BYTES];
		char right[80] = "v0=", *base;
		int n = asprintf(&base, "v0:%s:", stamp);
		char *whole = n < 0 ? NULL : realloc(base, (size_t)n + left + 1);

		if (whole) {
			memcpy(whole + n, body, left);
			hmac_sha256(secret, strlen(secret), whole, (size_t)n + left, mac);
			hex_encode(mac, sizeof(mac), right + 3);
			if (strcmp(right, signature))
				abort();
		}
		free(whole);
	}
	free(text);
	return 0;
}
