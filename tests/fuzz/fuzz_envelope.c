/* fuzz_envelope.c - frames and HTTP bodies that claim to come from Slack. The first byte chooses. */
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bot/slack/slack_in.h"
#include "tocsin/arena.h"
#include "tocsin/err.h"
#include "tocsin/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_family(const char *name)
{
	return !strcmp(name, "incident") || !strcmp(name, "rollback");
}

/* Every string of a request is there to be read. */
static size_t use(const struct request *r)
{
	size_t n = strlen(r->id) + strlen(r->who.user) + strlen(r->who.name) +
		strlen(r->where.channel) + strlen(r->where.thread) + strlen(r->place_name) +
		strlen(r->family) + strlen(r->text) + strlen(r->message_ts), i;

	for (i = 0; i < r->n_fields; i++)
		n += strlen(r->fields[i].name) + strlen(r->fields[i].value);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct slack_identity me = { "U0TOCSIN", "B0TOCSIN", "A0TOCSIN", is_family };
	struct arena *a = arena_new((size_t)64 * 1024 * 1024);
	struct slack_in in;
	struct err err = { 0 };
	int result;

	if (!a || size < 1) {
		arena_free(a);
		return 0;
	}
	if (data[0] % 3 == 0)
		result = slack_in_frame(a, (const char *)data + 1, size - 1, &me, &in, &err);
	else
		result = slack_in_body(a, (const char *)data + 1, size - 1,
			data[0] % 3 == 1 ? SLACK_BODY_JSON : SLACK_BODY_FORM, &me, &in, &err);
	if ((result < 0) != (err.code != ERR_NONE))
		abort();
	if (result == 0 && in.req && use(in.req) && *slack_in_place(a, in.req) == '\0' &&
	    strlen(in.req->where.channel) + strlen(in.req->place_name) < 400 &&
	    strlen(in.req->where.thread) + strlen(in.req->message_ts) < 400 && use(in.req) < 300)
		abort();
	if (result == 0 && in.req && !in.ignored)
		abort();
	arena_free(a);
	return 0;
}
