/* fuzz_ws_url.c - the address that Slack tells us to connect to, and NO_PROXY beside it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bot/slack/ws_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct ws_url u;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	if (ws_url_parse(&u, text) == 0) {
		if (!*u.host || u.port < 1 || u.port > 65535 || u.path[0] != '/' ||
		    strpbrk(u.path, " \r\n") || strpbrk(u.host, "/@ \r\n"))
			abort();
		ws_url_no_proxy(text, u.host);
		ws_url_release(&u);
	}
	free(text);
	return 0;
}
