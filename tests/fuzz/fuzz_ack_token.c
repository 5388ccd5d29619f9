/* fuzz_ack_token.c - tokens of acknowledgement links: nothing but what we signed is good. */
#include <stdlib.h>
#include <string.h>

#include "bot/sign.h"
#include "bot/web/ack_link.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct arena *a = arena_new(1 << 22);
	struct ack_link_key key;
	struct ack_link link;
	unsigned char mac[HMAC_SHA256_BYTES];
	struct buf b;

	ack_link_key_derive(&key, "fuzz", 4);
	/* As a token: a forger would have to find a signature. */
	if (ack_link_verify(a, &key, (const char *)data, size, 0, &link) != ACK_LINK_FORGED)
		abort();
	/* As a payload that is genuinely signed: whatever is in it, no crash, and the fields are there. */
	buf_init_arena(&b, a, 1 << 20);
	if (size <= 1024) {
		hmac_sha256(key.bytes, sizeof(key.bytes), data, size, mac);
		base64url_encode(&b, data, size);
		buf_char(&b, '.');
		base64url_encode(&b, mac, sizeof(mac));
		if (ack_link_verify(a, &key, buf_text(&b), b.len, 0, &link) != ACK_LINK_FORGED &&
			(!*link.command || !*link.person))
			abort();
	}
	arena_free(a);
	return 0;
}
