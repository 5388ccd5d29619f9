/* test_incident.c - requests and facts in, effects out, as text. What a user reads is in
 * tests/scenarios; this is about what is asked for and what is promised. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "../support/world.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/plan.h"
#include "tocsin/snapshot.h"

#define OPEN_DOC "{\"id\":\"INC-7\",\"number\":7,\"title\":\"Slow\",\"severity\":\"P2\"," \
	"\"status\":\"investigating\",\"declared\":1,\"declared_by\":{\"user\":\"U0MIA\",\"name\":\"mia\"}," \
	"\"home\":{\"platform\":1,\"channel\":\"C0WARROOM\",\"root\":\"17.1\"},\"seq\":3}"
#define ACKED_DOC "{\"id\":\"INC-7\",\"number\":7,\"title\":\"Slow\",\"severity\":\"P2\"," \
	"\"status\":\"investigating\",\"declared\":1,\"ack_by\":{\"person\":\"ada\",\"name\":\"Ada Park\"}," \
	"\"ack_at\":5,\"home\":{\"platform\":1,\"channel\":\"C0WARROOM\",\"root\":\"17.1\"},\"seq\":3}"

struct given {
	const char *key, *value; /* value NULL: absent */
	int64_t version;
};

struct row {
	const char *what;
	enum request_source source;
	const char *who, *channel, *thread, *text;
	struct given facts[8];
	enum step step;
	const char *lines[8]; /* each is a beginning of one line of the effects, in order */
};

static const struct row rows[] = {
	{"an id needs its document", SOURCE_SLASH, "ada", "C0DEV", "", "ack inc-7", {{0}}, STEP_NEED,
		{"need doc:incident:INC-7"}},
	{"no id: the place's facts, in one round", SOURCE_SLASH, "ada", "C0DEV", "17.5", "ack", {{0}},
		STEP_NEED, {"need link:thread:slack:C0DEV:17.5", "need link:room:slack:C0DEV",
		"need index:incident:place:C0DEV", "need index:incident:resolved:C0DEV"}},
	{"the thread wins over everything", SOURCE_MENTION, "ada", "C0WARROOM", "17.1", "ack",
		{{"link:thread:slack:C0WARROOM:17.1", "incident:INC-7", 0}, {"link:room:slack:C0WARROOM", NULL, 0},
		{"index:incident:place:C0WARROOM", NULL, 0}, {"index:incident:resolved:C0WARROOM", NULL, 0}},
		STEP_NEED, {"need doc:incident:INC-7"}},
	{"no such incident", SOURCE_SLASH, "ada", "C0DEV", "", "ack 8", {{"doc:incident:INC-8", NULL, 0}},
		STEP_REFUSED, {"refuse private incident/unknown_id {\"id\":\"INC-8\"}"}},
	{"a broken document is no incident", SOURCE_SLASH, "ada", "C0DEV", "", "ack 8",
		{{"doc:incident:INC-8", "[1,2", 3}}, STEP_REFUSED,
		{"refuse private incident/unknown_id"}},
	{"an acknowledgement", SOURCE_SLASH, "ada", "C0DEV", "", "ack 7",
		{{"doc:incident:INC-7", OPEN_DOC, 4}}, STEP_DONE,
		{"log incident:INC-7 {\"t\":1769616000000,\"what\":\"ack\",\"by\":{\"person\":\"ada\",\"user\":\"U0ADA\",\"name\":\"Ada Park\"}}",
		"send chat chat.post key=INC-7/paging/4 to=C0WARROOM under=INC-7/root template=page/acked",
		"send chat chat.update key=INC-7/root/v5 ref=INC-7/root template=incident/root",
		"put incident:INC-7 if v4 guard=e1", "reply private incident/acked"}},
	{"a second one changes nothing", SOURCE_BUTTON, "ben", "C0DEV", "", "ack 7",
		{{"doc:incident:INC-7", ACKED_DOC, 4}}, STEP_REFUSED, {"refuse private incident/ack_already"}},
	{"a stranger may not", SOURCE_SLASH, "mia", "C0DEV", "", "ack 7",
		{{"doc:incident:INC-7", OPEN_DOC, 4}}, STEP_REFUSED, {"refuse private incident/denied"}},
	{"but may note", SOURCE_SLASH, "mia", "C0DEV", "", "note INC-7 x",
		{{"doc:incident:INC-7", OPEN_DOC, 4}}, STEP_DONE,
		{"log incident:INC-7 {\"t\":1769616000000,\"what\":\"note\",\"by\":{\"user\":\"U0MIA\",\"name\":\"mia\"},\"text\":\"x\"}",
		"put incident:INC-7 if v4", "reply private incident/noted"}},
	{"and may cancel what is theirs", SOURCE_SLASH, "mia", "C0DEV", "", "cancel INC-7",
		{{"doc:incident:INC-7", OPEN_DOC, 4}}, STEP_DONE,
		{"log incident:INC-7", "unindex incident:open INC-7", "index incident:closed INC-7",
		"unindex incident:place:C0WARROOM INC-7", "put incident:INC-7 if v4"}},
	{"the declarer may not because of a name", SOURCE_SLASH, "zoe", "C0DEV", "", "cancel INC-7",
		{{"doc:incident:INC-7", OPEN_DOC, 4}}, STEP_REFUSED, {"refuse private incident/denied"}},
	{"a number that begins a text is text", SOURCE_SLASH, "ada", "C0DEV", "", "update 7 users left",
		{{0}}, STEP_NEED, {"need link:room:slack:C0DEV"}},
	{"no place and no id", SOURCE_SLASH, "ada", "", "", "ack", {{0}}, STEP_REFUSED,
		{"refuse private incident/need_id {\"verb\":\"ack\"}"}},
	{"an answer from a telephone: what is open", SOURCE_LINK, "ada", "", "", "ack", {{0}}, STEP_NEED,
		{"need rindex:incident:open"}},
	{"a stranger's telephone", SOURCE_LINK, "mia", "", "", "ack", {{0}}, STEP_REFUSED,
		{"refuse private incident/need_id {\"verb\":\"ack\"}"}},
	{"a declaration asks for its number", SOURCE_SLASH, "ada", "C0DEV", "", "P1 x", {{0}}, STEP_NEED,
		{"need count:incident"}},
	{"and takes it", SOURCE_SLASH, "ada", "C0DEV", "", "P3 x", {{"count:incident", "", 42},
		{"doc:oncall:engineering", NULL, 0}, {"doc:oncall:@away", NULL, 0}}, STEP_DONE,
		{"count incident 42", "log incident:INC-42", "send chat chat.post key=INC-42/root to=C0WARROOM ref=INC-42/root",
		"send chat chat.pin key=INC-42/pin", "send chat chat.post key=INC-42/first/1 to=C0WARROOM under=INC-42/root",
		"index incident:open INC-42 1769616000000", "index incident:place:C0DEV INC-42",
		"put incident:INC-42 if v0"}},
	{"nothing is declared in the middle of a talk", SOURCE_MENTION, "ada", "C0DEV", "17.5",
		"it looks broken", {{0}}, STEP_REFUSED, {"refuse private incident/unknown_verb"}},
	{"without a form the severity is asked for", SOURCE_SLASH, "ada", "C0DEV", "", "new it is slow",
		{{0}}, STEP_REFUSED, {"refuse private incident/need_severity"}},
	{"and the title", SOURCE_SLASH, "ada", "C0DEV", "", "new P1", {{0}}, STEP_REFUSED,
		{"refuse private incident/need_title"}},
};

static void add_fact(struct snapshot *s, const struct given *g)
{
	struct fact f = {.key = g->key, .state = g->value ? FACT_KNOWN : FACT_ABSENT, .version = g->version,
		.value = g->value, .len = g->value ? strlen(g->value) : 0};

	snapshot_add(s, &f);
}

static const char *run(struct arena *a, const struct row *r, enum step *step)
{
	struct snapshot *s = snapshot_new(a);
	struct effects e;
	struct request req = {.kind = REQUEST_COMMAND, .source = r->source, .id = "1", .trace = "1",
		.now_ms = WORLD_T0, .where = {PLATFORM_SLACK, r->channel, r->thread}, .place_name = "",
		.family = "incident", .text = r->text, .message_ts = ""};
	struct context cx = {.plan = &world_plan, .req = &req, .snap = s, .out = &e, .arena = a};
	struct buf b;

	req.who = (struct actor){PLATFORM_SLACK, "", r->who, plan_person(&world_plan, r->who)};
	req.who.user = req.who.person ? req.who.person->slack : strcmp(r->who, "mia") == 0 ? "U0MIA" : "U0ZOE";
	for (size_t i = 0; i < 8 && r->facts[i].key; i++)
		add_fact(s, &r->facts[i]);
	effects_init(&e, a);
	*step = handle(&cx);
	buf_init_arena(&b, a, (size_t)1 << 20);
	effects_print(&e, &b);
	return buf_text(&b);
}

/* The line with this beginning, from `at` on; NULL: none. */
static const char *line_with(const char *at, const char *beginning)
{
	while (at && *at) {
		if (strncmp(at, beginning, strlen(beginning)) == 0)
			return at;
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	return NULL;
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *a = arena_new((size_t)1 << 24);
		enum step step;
		const char *text = run(a, &rows[i], &step), *at = text;

		if (step != rows[i].step) {
			printf("%s", text);
			fail_msg("%s: step %d", rows[i].what, step);
		}
		for (size_t k = 0; k < 8 && rows[i].lines[k]; k++) {
			at = line_with(at, rows[i].lines[k]);
			if (!at) {
				printf("%s", text);
				fail_msg("%s: no line \"%s\"", rows[i].what, rows[i].lines[k]);
			}
		}
		arena_free(a);
	}
}

/* Out of memory at any allocation: the task fails, nothing leaks, the next one works. */
static void test_no_memory(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		volatile bool through = false;

		for (volatile unsigned long nth = 1; !through && nth < 20000; nth += 1 + nth / 16) {
			struct arena *a = arena_new((size_t)1 << 24);
			enum step step;

			if (setjmp(*arena_recovery(a)) == 0) {
				arena_fail_at(a, nth);
				run(a, &rows[i], &step);
				through = true;
				assert_int_equal(step, rows[i].step);
			}
			arena_recovery_clear(a);
			arena_free(a);
		}
		assert_true(through);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
