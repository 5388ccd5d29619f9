/* fuzz_markdown.c - any bytes as Markdown, to every platform: within limits, well-formed, in time. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/form.h"
#include "tocsin/message.h"
#include "tocsin/render.h"
#include "tocsin/utf8.h"

static void need(bool true_always)
{
	if (!true_always)
		abort();
}

static void check_slack(const char *text, size_t len)
{
	json_t *j = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL), *b;
	const char *fallback;
	size_t i;

	need(j != NULL);
	fallback = json_string_value(json_object_get(j, "text"));
	need(*fallback && utf16_units(fallback, strlen(fallback)) <= 4000);
	need(json_array_size(json_object_get(j, "blocks")) <= 50);
	json_array_foreach(json_object_get(j, "blocks"), i, b) {
		const char *s = json_string_value(json_object_get(json_object_get(b, "text"), "text"));

		need(!s || (*s && utf16_units(s, strlen(s)) <= 3000));
		need(json_array_size(json_object_get(b, "fields")) <= 10);
		need(json_array_size(json_object_get(b, "elements")) <= 10);
	}
	json_decref(j);
}

static void run(struct arena *a, const char *bytes, size_t size)
{
	struct render_options o = {.max_units = 300};
	struct err e = {0};
	struct message *m;
	struct form *f;
	struct buf out;

	if (setjmp(*arena_recovery(a)))
		abort();
	m = message_parse(a, bytes, size);
	buf_init_arena(&out, a, 32u << 20);
	slack_render(m, NULL, &out, NULL);
	need(!out.failed);
	check_slack(buf_text(&out), out.len);
	buf_reset(&out);
	text_render(m, &o, &out);
	need(utf16_units(buf_text(&out), out.len) <= 300);
	buf_reset(&out);
	html_render(m, NULL, &out);
	markdown_render(m, NULL, &out);
	need(!out.failed);
	f = form_from_message(m, "f", NULL, &e);
	if (f) {
		buf_reset(&out);
		need(slack_render_form(f, NULL, "c", "", &out, &e) == 0 || e.code == ERR_LIMIT);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *a = arena_new(512u << 20);

	run(a, (const char *)bytes, size);
	arena_free(a);
	return 0;
}
