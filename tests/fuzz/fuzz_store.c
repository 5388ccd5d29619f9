/* fuzz_store.c - what comes back from Redis and what an operator types as its address: kept
 * outbox entries, log entries, INFO's text, addresses. The first byte chooses. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bot/store/chain.h"
#include "bot/store/entry.h"
#include "bot/store/store_check.h"
#include "bot/store/store_url.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was understood is written again and understood the same. */
static void entry_try(char *text, size_t len)
{
	struct send send, again;
	int64_t created, created_again;
	struct buf b;

	if (!entry_decode(text, len, &send, &created))
		return;
	buf_init(&b, (size_t)1 << 24);
	entry_encode(&send, created, &b);
	if (b.failed || !entry_decode(b.data, b.len, &again, &created_again) ||
		strcmp(send.op, again.op) != 0 || strcmp(send.key, again.key) != 0 ||
		strcmp(send.data, again.data) != 0 || created != created_again ||
		send.not_after_ms != again.not_after_ms)
		abort();
	buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text, out[1024];
	struct chain_entry e;
	struct store_url url;
	struct err err = {0};

	if (size < 1)
		return 0;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (data[0] % 4) {
	case 0:
		entry_try(text, size - 1);
		break;
	case 1:
		if (chain_parse(text, size - 1, &e) && e.entry + e.entry_len != text + size - 1)
			abort();
		break;
	case 2:
		store_check_info(text, out, 64);
		store_check_warn(text, text, text, out, sizeof(out));
		break;
	default:
		if (store_url_parse(text, &url, &err) == 0 && (*url.host != '\0') == (*url.path != '\0'))
			abort();
		break;
	}
	free(text);
	return 0;
}
