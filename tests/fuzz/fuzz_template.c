/*
 * fuzz_template.c - any template, with data that has every kind of value: it is refused with a
 * place in it, or it renders within the bounds, and what comes out can be sent anywhere.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/message.h"
#include "tocsin/mustache.h"
#include "tocsin/render.h"

static const char data_text[] = "{\"a\": {\"b\": {\"c\": \"*x*\"}, \"n\": null}, \"l\": [1, 2.5, \"|\", [], {}],"
	"\"s\": \"<@U1> [A](action:b)\\n# h\", \"t\": true, \"f\": false, \"p\": [{\"s\": \"`\"}, {\"s\": \"\"}]}";

struct input {
	struct arena *arena;
	const struct mustache *self;
};

static const struct mustache *find_partial(void *ctx, const char *name)
{
	const struct input *in = ctx;

	return *name == 'x' ? NULL : in->self;
}

static void render(struct arena *a, const struct mustache *m, const json_t *data,
	enum escape_mode mode)
{
	struct input in = {a, m};
	struct err e = {0};
	struct buf out, sent;
	struct message *msg;

	buf_init_arena(&out, a, MUSTACHE_OUTPUT_MAX * 2);
	if (mustache_render(m, data, find_partial, &in, mode, &out, &e) < 0) {
		if (e.code != ERR_LIMIT || !strstr(e.text, "t.md:"))
			abort();
		return;
	}
	if (out.len > 20000)
		return;
	buf_init_arena(&sent, a, 8u << 20);
	msg = message_parse(a, buf_text(&out), out.len);
	slack_render(msg, NULL, &sent, NULL);
	if (sent.failed)
		abort();
}

static void run(struct arena *a, const uint8_t *bytes, size_t size, const json_t *data)
{
	struct err e = {0};
	struct mustache *m;

	if (setjmp(*arena_recovery(a)))
		abort(); /* the bounds must come before the end of this much memory */
	m = mustache_parse(a, "t.md", (const char *)bytes, size, &e);
	if (!m) {
		if (e.code != ERR_INVALID || strncmp(e.text, "t.md:", 5) != 0)
			abort();
		return;
	}
	render(a, m, data, ESCAPE_GUARD);
	render(a, m, data, ESCAPE_MARKDOWN);
	render(a, m, data, ESCAPE_HTML);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	json_t *data = json_loads(data_text, 0, NULL);
	struct arena *a = arena_new(512u << 20);

	run(a, bytes, size, data);
	arena_free(a);
	json_decref(data);
	return 0;
}
