/* fuzz_alert.c - alert bodies from outside. The first byte chooses the kind. */
#include <stdint.h>
#include <string.h>

#include "tocsin/alert_wire.h"
#include "tocsin/arena.h"
#include "tocsin/err.h"
#include "tocsin/request.h"
#include "tocsin/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *s, size_t max_units)
{
	size_t len = strlen(s);

	if (!utf8_valid(s, len) || utf16_units(s, len) > max_units)
		__builtin_trap();
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new((size_t)64 << 20);
	struct alert_batch batch;
	struct err e = {0};

	if (size > 0 && alert_wire_parse(a, data[0] & 1 ? "alertmanager" : "generic", "prom",
				(const char *)data + 1, size - 1, &batch, &e) == 0) {
		if (batch.n > ALERT_COUNT_MAX)
			__builtin_trap();
		for (size_t i = 0; i < batch.n; i++) {
			const struct alert *al = &batch.items[i];

			check_text(al->key, 2 * ALERT_KEY_MAX);
			check_text(al->episode, 2 * ALERT_KEY_MAX);
			check_text(al->group, 2 * ALERT_KEY_MAX);
			check_text(al->title, 2 * ALERT_TITLE_MAX + 2);
			check_text(al->severity, 2 * ALERT_TITLE_MAX + 2);
			check_text(al->service, 2 * ALERT_TITLE_MAX + 2);
			check_text(al->description, 2 * ALERT_TEXT_MAX + 2);
			check_text(al->link, ALERT_LINK_MAX);
			if (!*al->key || !*alert_wire_id(a, al))
				__builtin_trap();
		}
	} else if (size > 0 && e.code == ERR_NONE) {
		__builtin_trap();
	}
	arena_free(a);
	return 0;
}
