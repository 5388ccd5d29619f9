/* fuzz_command.c - any bytes as command text, message or form, against an incident that is there.
 * Byte 0 chooses the door, byte 1 the asker and the place. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../support/world_plan.c"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/effects.h"
#include "tocsin/handler.h"
#include "tocsin/json_in.h"
#include "tocsin/request.h"
#include "tocsin/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const docs[] = {
	"{\"id\":\"INC-7\",\"number\":7,\"title\":\"Slow\",\"severity\":\"P1\",\"status\":\"investigating\","
	"\"declared\":1,\"declared_by\":{\"person\":\"ada\",\"user\":\"U0ADA\",\"name\":\"Ada Park\"},"
	"\"home\":{\"platform\":1,\"channel\":\"C0WARROOM\",\"root\":\"17.1\"},\"seq\":3}",
	"{\"id\":\"INC-7\",\"number\":7,\"title\":\"Slow\",\"severity\":\"P0\",\"status\":\"resolved\","
	"\"items\":[{\"title\":\"a\"},{\"title\":\"b\",\"done\":4}],\"resolved\":9,"
	"\"home\":{\"platform\":1,\"channel\":\"C0WARROOM\",\"root\":\"17.1\",\"room\":\"C0ROOM1\"},\"seq\":3}",
};

static const char oncall_doc[] =
	"{\"v\":1,\"last\":4,\"changes\":[{\"n\":1,\"kind\":\"override\",\"role\":\"primary\",\"who\":\"ben\","
	"\"from\":1769600000000,\"to\":1769700000000},{\"n\":2,\"kind\":\"cover\",\"who\":\"exec\",\"instead\":\"chloe\","
	"\"from\":1769600000000,\"to\":1769900000000},{\"n\":3,\"kind\":\"away\",\"who\":\"ada\",\"from\":0,"
	"\"to\":1769900000000},{\"n\":4,\"kind\":\"moon\"}]}";

static void know(struct snapshot *s, const char *key, uint8_t where)
{
	static const char *const one[] = {"INC-7"}, *const two[] = {"INC-7", "INC-8"};
	struct fact f = {.key = key, .state = FACT_ABSENT};

	if (strncmp(key, "doc:oncall:", 11) == 0) {
		f.state = where & 1 ? FACT_KNOWN : FACT_ABSENT;
		f.version = 3;
		f.value = oncall_doc;
		f.len = strlen(f.value);
	} else if (strncmp(key, "doc:", 4) == 0) {
		f.state = FACT_KNOWN;
		f.version = 3;
		f.value = docs[where & 1];
		f.len = strlen(f.value);
	} else if (strncmp(key, "link:", 5) == 0 && (where & 2)) {
		f.state = FACT_KNOWN;
		f.value = "incident:INC-7";
		f.len = strlen(f.value);
	} else if (strstr(key, "index:") && (where & 12)) {
		f.state = FACT_KNOWN;
		f.items = where & 4 ? one : two;
		f.n = where & 4 ? 1 : 2;
	} else if (strncmp(key, "count:", 6) == 0) {
		f.state = FACT_KNOWN;
		f.version = 9;
	}
	snapshot_add(s, &f);
}

static void check(const struct context *cx, enum step step)
{
	const struct effects *e = cx->out;

	if (e->overflow)
		abort();
	if (step == STEP_REFUSED && (e->n || e->reply.kind == REPLY_NONE))
		abort();
	for (size_t i = 0; i < e->n; i++) {
		const struct effect *f = &e->items[i];

		/* What is written must be readable again. */
		if ((f->kind == EFFECT_PUT || f->kind == EFFECT_LOG) &&
			!json_in_load(cx->arena, f->value, strlen(f->value)))
			abort();
		if (f->kind == EFFECT_SEND && *f->send.data &&
			!json_in_load(cx->arena, f->send.data, strlen(f->send.data)))
			abort();
	}
	if (e->reply.data && !json_in_load(cx->arena, e->reply.data, strlen(e->reply.data)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum request_source sources[] = {SOURCE_SLASH, SOURCE_MENTION, SOURCE_BUTTON,
		SOURCE_FORM, SOURCE_LINK};
	struct arena *a;
	struct effects e;
	struct request req = {.id = "1", .trace = "1", .now_ms = WORLD_T0, .place_name = "", .family = "incident",
		.message_ts = "17.9"};
	struct field fields[3];
	struct context cx = {.plan = &world_plan, .req = &req, .out = &e};
	struct snapshot *snap;
	enum step step = STEP_NEED;
	char *text;

	if (size < 2)
		return 0;
	a = arena_new((size_t)1 << 26);
	text = arena_strndup(a, (const char *)data + 2, size - 2);
	text[strlen(text)] = '\0';
	req.kind = data[0] & 8 ? REQUEST_MESSAGE : REQUEST_COMMAND;
	if (data[1] & 64)
		req.family = "oncall";
	req.source = sources[data[0] % 5];
	req.can_open_form = data[0] & 16;
	req.text = text;
	if (req.source == SOURCE_FORM) {
		static const char *const forms[] = {"new", "drill", "form INC-7", "update INC-7", "resolve INC-7"};
		static const char *const names[] = {"title", "q.impact", "text"};

		for (size_t i = 0; i < 3; i++)
			fields[i] = (struct field){names[i], text};
		req.fields = fields;
		req.n_fields = 3;
		req.text = forms[data[1] % 5];
	}
	req.who = (struct actor){PLATFORM_SLACK, "U0ADA", text, data[1] & 16 ? &people[0] : NULL};
	req.where = (struct place){PLATFORM_SLACK, "C0WARROOM", data[1] & 32 ? "17.1" : ""};
	snap = snapshot_new(a);
	cx.snap = snap;
	cx.arena = a;
	effects_init(&e, a);
	for (int round = 0; round < 10 && step == STEP_NEED; round++) {
		effects_clear(&e);
		step = handle(&cx);
		for (size_t i = 0; step == STEP_NEED && i < e.n_needs; i++)
			know(snap, e.needs[i], data[1]);
	}
	if (step == STEP_NEED)
		abort();
	check(&cx, step);
	arena_free(a);
	return 0;
}
