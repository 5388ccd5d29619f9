/* task_reply.c - see task_reply.h. */
#include "bot/task_reply.h"

#include <jansson.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/effects.h"
#include "tocsin/json_out.h"

const char *task_reply_encode(struct arena *a, const struct reply *r)
{
	struct buf b;
	struct json_out j;

	buf_init_arena(&b, a, 256 * 1024);
	json_out_init(&j, &b);
	json_out_object(&j, NULL);
	json_out_int(&j, "k", r->kind);
	if (r->kind != REPLY_NONE) {
		json_out_str(&j, "t", r->template_name ? r->template_name : "");
		json_out_str(&j, "d", r->data ? r->data : "{}");
	}
	json_out_object_end(&j);
	return b.failed ? "" : buf_text(&b);
}

static void json_drop(void *p)
{
	json_decref(p);
}

void task_reply_decode(struct arena *a, const char *text, struct reply *r)
{
	json_t *root = json_loads(text, 0, NULL);
	const char *s;

	memset(r, 0, sizeof(*r));
	if (!root)
		return;
	arena_defer(a, json_drop, root);
	r->kind = (enum reply_kind)json_integer_value(json_object_get(root, "k"));
	if (r->kind < REPLY_NONE || r->kind > REPLY_FORM)
		r->kind = REPLY_NONE;
	s = json_string_value(json_object_get(root, "t"));
	r->template_name = arena_strdup(a, s ? s : "");
	s = json_string_value(json_object_get(root, "d"));
	r->data = arena_strdup(a, s ? s : "{}");
}
