/* fuzz_ticket.c - answers of ticket systems: no body crashes; what comes out may be shown. */
#include <stdlib.h>
#include <string.h>

#include "bot/reach/ticket_wire.h"
#include "tocsin/arena.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check(const struct ticket_found *f)
{
	const char *s;

	if (strlen(f->number) > 64 || strpbrk(f->number, "<>\"'()[]{} \n") || strlen(f->link) > TICKET_LINK_MAX ||
		strpbrk(f->link, "<>\"'()[]{} \n"))
		abort();
	if (*f->link && strncmp(f->link, "http", 4) != 0)
		abort();
	for (s = f->link; *s; s++)
		if ((unsigned char)*s >= 0x7f || (unsigned char)*s <= ' ')
			abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const enum plan_connection_kind kinds[] = {PLAN_CONN_SERVICENOW, PLAN_CONN_JIRA,
		PLAN_CONN_GITHUB_ISSUE};
	struct plan_connection c = {.url = "https://example.com", .token = "t", .repo = "a/b", .project = "OPS"};
	struct ticket t = {.id = "INC-42"};
	struct ticket_found f;
	struct ticket_call call;

	if (size > 16384)
		size = 16384;
	for (size_t i = 0; i < 3; i++) {
		struct arena *a = arena_new((size_t)64 << 20);

		c.kind = kinds[i];
		ticket_search_read(a, &c, "INC-42", (const char *)data, size, &f);
		check(&f);
		ticket_create_read(a, &c, (const char *)data, size, &f);
		check(&f);
		/* As an incident's words, and as its id. */
		t.title = t.text = arena_strndup(a, (const char *)data, size);
		ticket_create(a, &c, &t, &call);
		if (!call.body || *call.body != '{' || call.body[strlen(call.body) - 1] != '}')
			abort();
		ticket_search(a, &c, arena_strndup(a, (const char *)data, size > 100 ? 100 : size), &call);
		if (strpbrk(call.url, " \r\n\"<>"))
			abort();
		arena_free(a);
	}
	return 0;
}
