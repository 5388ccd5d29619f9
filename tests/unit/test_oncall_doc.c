/* test_oncall_doc.c - overrides and absences as documents, and that pages honour them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "../support/pager_plan.h"
#include "tocsin/arena.h"
#include "tocsin/effects.h"
#include "tocsin/handler.h"
#include "tocsin/oncall.h"
#include "tocsin/plan.h"
#include "tocsin/request.h"
#include "tocsin/snapshot.h"
#include "tocsin/targets.h"

struct desk {
	struct arena *arena;
	struct request req;
	struct effects out;
	struct context cx;
};

static void desk_open(struct desk *d)
{
	d->arena = arena_new((size_t)64 << 20);
	request_init(&d->req);
	d->req.now_ms = T0;
	effects_init(&d->out, d->arena);
	d->cx = (struct context){.plan = &test_plan, .req = &d->req, .out = &d->out, .arena = d->arena,
		.snap = snapshot_new(d->arena)};
}

static void fact(struct desk *d, const char *key, const char *value)
{
	struct fact f = {.key = key, .state = value ? FACT_KNOWN : FACT_ABSENT, .version = 3,
		.value = value, .len = value ? strlen(value) : 0};

	snapshot_add((struct snapshot *)(uintptr_t)d->cx.snap, &f);
}

static const char *saved(struct desk *d)
{
	for (size_t i = 0; i < d->out.n; i++)
		if (d->out.items[i].kind == EFFECT_PUT)
			return d->out.items[i].value;
	return NULL;
}

static void test_there_and_back(void **state)
{
	struct desk d, again;
	struct oncall_doc *doc;
	struct roster_change *c;

	(void)state;
	desk_open(&d);
	assert_false(oncall_load(&d.cx, "engineering", &doc));
	assert_int_equal(d.out.n_needs, 1);
	assert_string_equal(d.out.needs[0], "doc:oncall:engineering");
	fact(&d, "doc:oncall:engineering", NULL);
	assert_true(oncall_load(&d.cx, "engineering", &doc));
	c = oncall_add(&d.cx, doc);
	c->kind = CHANGE_COVER;
	c->who = "ben";
	c->instead = "ada";
	c->from_ms = T0;
	c->to_ms = T0 + HOUR;
	c->reason = "a \"dentist\"";
	c->by = "Ada Park";
	doc->now[doc->n_now++] = "ada";
	doc->said[doc->n_said++] = (struct oncall_said){T0 + HOUR, 2};
	doc->announced_ms = T0;
	assert_string_equal(oncall_key(&d.cx, doc, "say"), "oncall/engineering/say/1");
	oncall_save(&d.cx, doc);

	desk_open(&again);
	fact(&again, "doc:oncall:engineering", saved(&d));
	assert_true(oncall_load(&again.cx, "engineering", &doc));
	assert_int_equal(doc->version, 3);
	assert_int_equal(doc->n, 1);
	assert_int_equal(doc->changes[0].kind, CHANGE_COVER);
	assert_int_equal(doc->changes[0].n, 1);
	assert_string_equal(doc->changes[0].who, "ben");
	assert_string_equal(doc->changes[0].instead, "ada");
	assert_string_equal(doc->changes[0].reason, "a \"dentist\"");
	assert_int_equal(doc->changes[0].to_ms, T0 + HOUR);
	assert_string_equal(doc->now[0], "ada");
	assert_int_equal(doc->said[0].stage, 2);
	assert_int_equal(doc->announced_ms, T0);
	assert_string_equal(oncall_key(&again.cx, doc, "say"), "oncall/engineering/say/2");
	assert_int_equal(oncall_add(&again.cx, doc)->n, 2);
	assert_true(oncall_remove(doc, 1));
	assert_false(oncall_remove(doc, 1));
	assert_int_equal(doc->n, 1);
	arena_free(d.arena);
	arena_free(again.arena);
}

static void test_bound(void **state)
{
	struct oncall_doc *doc;
	struct roster_change *c;
	struct desk d;

	(void)state;
	desk_open(&d);
	fact(&d, "doc:oncall:engineering", NULL);
	assert_true(oncall_load(&d.cx, "engineering", &doc));
	for (unsigned i = 0; i < ONCALL_CHANGES_MAX; i++) {
		c = oncall_add(&d.cx, doc);
		assert_non_null(c);
		c->who = "ben";
		c->to_ms = T0 + HOUR;
	}
	assert_null(oncall_add(&d.cx, doc));
	oncall_save(&d.cx, doc);
	assert_false(d.out.overflow);
	/* what ended long ago makes room */
	doc->changes[5].to_ms = T0 - ONCALL_KEEP_MS;
	c = oncall_add(&d.cx, doc);
	assert_non_null(c);
	assert_int_equal(c->n, ONCALL_CHANGES_MAX + 1);
	assert_int_equal(doc->n, ONCALL_CHANGES_MAX);
	arena_free(d.arena);
}

#define CHANGES(list) "{\"changes\":[" list "]}"
#define SPAN "\"from\":0,\"to\":9999999999999"

static const char *paged(const char *own, const char *away)
{
	static char out[256];
	struct targets t;
	struct desk d;

	desk_open(&d);
	fact(&d, "doc:oncall:engineering", own);
	fact(&d, "doc:oncall:@away", away);
	t = (struct targets){.cx = &d.cx};
	assert_true(targets_add(&t, &test_plan, NULL, "engineering.primary", T0 + MINUTE));
	assert_int_equal(d.out.n_needs, 0);
	out[0] = '\0';
	for (size_t i = 0; i < t.n; i++)
		snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s%s", i ? " " : "", t.people[i]->key);
	if (t.n_gaps)
		snprintf(out + strlen(out), sizeof(out) - strlen(out), " (gap)");
	arena_free(d.arena);
	return out;
}

static void test_pages_honour_changes(void **state)
{
	struct targets t;
	struct desk d;

	(void)state;
	assert_string_equal(paged(NULL, NULL), "ada");
	assert_string_equal(paged(CHANGES("{\"n\":1,\"kind\":\"override\",\"role\":\"primary\",\"who\":\"ben\"," SPAN "}"),
		NULL), "ben");
	assert_string_equal(paged(CHANGES("{\"n\":1,\"kind\":\"cover\",\"who\":\"chloe\",\"instead\":\"ada\"," SPAN "}"),
		NULL), "chloe");
	/* nobody left: the fallback */
	assert_string_equal(paged(NULL, CHANGES("{\"n\":1,\"kind\":\"away\",\"who\":\"ada\"," SPAN "}")), "ada ben (gap)");
	/* of a later version, or broken: the plan */
	assert_string_equal(paged(CHANGES("{\"n\":1,\"kind\":\"moon\",\"who\":\"ben\"," SPAN "}"), "{}"), "ada");
	assert_string_equal(paged("[]", "x"), "ada");
	/* not loaded yet: asked for, nobody is guessed */
	desk_open(&d);
	t = (struct targets){.cx = &d.cx};
	targets_add(&t, &test_plan, NULL, "engineering.primary", T0);
	assert_int_equal(t.n, 0);
	assert_int_equal(d.out.n_needs, 2);
	arena_free(d.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_bound),
		cmocka_unit_test(test_pages_honour_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
