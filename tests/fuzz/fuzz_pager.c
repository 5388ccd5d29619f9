/* fuzz_pager.c - webhooks of a pager: no body crashes, and only our own ids come out. */
#include <stdlib.h>
#include <string.h>

#include "bot/web/pager_signature.h"
#include "tocsin/arena.h"
#include "tocsin/pager_wire.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct arena *a = arena_new((size_t)64 << 20);
	struct pager_event e;
	const char *text;

	if (size > 65536)
		size = 65536;
	if (pager_wire_parse(a, "INC-{n}", (const char *)data, size, &e, NULL) == 0 && e.kind != PAGER_OTHER &&
		(strncmp(e.incident, "INC-", 4) != 0 || !e.incident[4] ||
			strspn(e.incident + 4, "0123456789") != strlen(e.incident + 4)))
		abort();
	/* A signature nobody made fits nothing. */
	text = arena_strndup(a, (const char *)data, size);
	if (pager_verify("secret", (const char *)data, size, text))
		abort();
	arena_free(a);
	return 0;
}
