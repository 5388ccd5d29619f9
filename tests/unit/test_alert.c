/* test_alert.c - from an alert to an incident, and what follows. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "../support/pager_plan.h"
#include "tocsin/alerts.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/handler.h"
#include "tocsin/incident.h"
#include "tocsin/snapshot.h"

#define DOCS_MAX 400

/* What is stored, and what was said. */
static struct {
	struct arena *keep;
	struct {
		const char *id, *json;
		int64_t version;
	} docs[DOCS_MAX];
	size_t n_docs;
	int64_t count;
	int64_t now_ms;
	struct buf said;   /* template names of sends, in order */
	struct buf log;    /* "what" of log entries */
	const char *data;  /* of the newest send */
	const char *list;  /* of the newest alert list */
	struct reply reply;
	size_t declared;
} w;

static int setup(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	w.keep = arena_new((size_t)256 << 20);
	w.now_ms = T0;
	buf_init_arena(&w.said, w.keep, 1 << 20);
	buf_init_arena(&w.log, w.keep, 1 << 20);
	w.data = w.list = "";
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(w.keep);
	return 0;
}

static size_t doc_find(const char *id)
{
	size_t i;

	for (i = 0; i < w.n_docs && strcmp(w.docs[i].id, id) != 0; i++)
		;
	return i;
}

static void load(struct snapshot *snap, const char *key)
{
	struct fact f = {.key = key, .state = FACT_ABSENT, .value = ""};

	if (strncmp(key, "doc:", 4) == 0) {
		size_t i = doc_find(key + 4);

		if (i < w.n_docs) {
			f.state = FACT_KNOWN;
			f.version = w.docs[i].version;
			f.value = w.docs[i].json;
			f.len = strlen(f.value);
		}
	} else if (strcmp(key, "count:incident") == 0) {
		f.state = FACT_KNOWN;
		f.version = ++w.count;
	}
	snapshot_add(snap, &f);
}

static void put(const struct effect *e)
{
	size_t i = doc_find(e->key);

	assert_int_equal(e->version, i < w.n_docs ? w.docs[i].version : 0);
	assert_true(i < DOCS_MAX);
	if (i == w.n_docs) {
		w.docs[w.n_docs++].id = arena_strdup(w.keep, e->key);
		w.declared += strncmp(e->key, "incident:", 9) == 0;
	}
	w.docs[i].version++;
	w.docs[i].json = arena_strdup(w.keep, e->value);
}

static void commit(const struct effects *out)
{
	assert_false(out->overflow);
	for (size_t i = 0; i < out->n; i++) {
		const struct effect *e = &out->items[i];

		if (e->kind == EFFECT_PUT) {
			put(e);
		} else if (e->kind == EFFECT_LOG) {
			const char *what = strstr(e->value, "\"what\":\"") + 8;

			buf_printf(&w.log, "%.*s ", (int)strcspn(what, "\""), what);
		} else if (e->kind == EFFECT_SEND) {
			buf_printf(&w.said, "%s ", e->send.template_name);
			w.data = arena_strdup(w.keep, e->send.data);
			if (strcmp(e->send.template_name, "alert/list") == 0)
				w.list = w.data;
		}
	}
}

static enum step run(const struct alert *alert)
{
	struct arena *a = arena_new((size_t)32 << 20);
	struct snapshot *snap = snapshot_new(a);
	struct request req = {.kind = REQUEST_ALERT, .now_ms = w.now_ms, .id = "", .trace = "",
		.text = "", .message_ts = "", .alert = *alert};
	struct effects out;
	struct context cx = {.plan = &test_plan, .req = &req, .snap = snap, .out = &out, .arena = a};
	enum step step = STEP_NEED;

	req.who.user = req.who.name = req.where.channel = req.where.thread = "";
	effects_init(&out, a);
	for (int round = 0; round < 8 && step == STEP_NEED; round++) {
		effects_clear(&out);
		step = incident_alert(&cx);
		for (size_t i = 0; step == STEP_NEED && i < out.n_needs; i++)
			load(snap, out.needs[i]);
	}
	assert_int_not_equal(step, STEP_NEED);
	buf_reset(&w.said);
	buf_reset(&w.log);
	w.reply = out.reply;
	if (out.reply.template_name)
		w.reply.template_name = arena_strdup(w.keep, out.reply.template_name);
	if (out.reply.data)
		w.reply.data = arena_strdup(w.keep, out.reply.data);
	if (step == STEP_DONE)
		commit(&out);
	else
		assert_int_equal(out.n, 0);
	arena_free(a);
	return step;
}

static struct alert alert(const char *key, bool firing, const char *severity)
{
	return (struct alert){.source = "prom", .key = key, .episode = "e1", .firing = firing,
		.severity = severity, .title = "Cart answers with errors", .service = "cart",
		.description = "23 of 100 fail", .link = "https://prometheus.example.com/g", .group = ""};
}

static enum step fires(const char *key, const char *severity)
{
	struct alert a = alert(key, true, severity);

	return run(&a);
}

static enum step ends(const char *key)
{
	struct alert a = alert(key, false, "critical");

	return run(&a);
}

static void incident(const char *id, struct incident *inc)
{
	size_t i = doc_find(arena_printf(w.keep, "incident:%s", id));

	assert_true(i < w.n_docs);
	assert_int_equal(incident_decode(w.keep, w.docs[i].json, strlen(w.docs[i].json), inc), 0);
}

static void change(const char *id, enum incident_status status)
{
	size_t i = doc_find(arena_printf(w.keep, "incident:%s", id));
	struct incident inc;
	struct buf b;

	incident(id, &inc);
	inc.status = status;
	inc.resolved_ms = w.now_ms;
	buf_init_arena(&b, w.keep, 1 << 20);
	incident_encode(&inc, &b);
	w.docs[i].json = buf_text(&b);
	w.docs[i].version++;
}

static bool said(const char *template_name)
{
	return strstr(buf_text(&w.said), template_name) != NULL;
}

static bool logged(const char *what)
{
	return strstr(buf_text(&w.log), what) != NULL;
}

/* --- one alert ----------------------------------------------------------------------------- */

static void test_declares(void **state)
{
	struct incident inc;

	(void)state;
	assert_int_equal(fires("k1", "critical"), STEP_DONE);
	assert_int_equal(w.declared, 1);
	incident("INC-1", &inc);
	assert_string_equal(inc.title, "Cart answers with errors");
	assert_string_equal(inc.severity, "P0");
	assert_string_equal(inc.home.channel, "C0PAYMENTS"); /* the source's channel, not the plan's */
	assert_string_equal(inc.alert_link, "https://prometheus.example.com/g");
	assert_int_equal(inc.paging.state, PAGING_RUNNING);
	assert_int_equal(inc.alerts.n, 1);
	assert_true(inc.alerts.items[0].firing);
	assert_true(said("page/mail"));
	assert_true(said("incident/root"));
	assert_non_null(strstr(w.list, "\"firing\":1,\"total\":1"));
	assert_true(logged("declared"));
}

static void test_severity_map(void **state)
{
	static const struct {
		const char *source, *word, *severity; /* NULL: ignored */
	} cases[] = {
		{"prom", "critical", "P0"}, {"prom", "CRITICAL", "P0"}, {"prom", "warning", "P2"},
		{"prom", "info", NULL}, {"prom", "odd", "P3"}, {"prom", "", "P3"},
		{"quiet", "critical", "P1"}, {"quiet", "odd", NULL}, {"nowhere", "critical", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct alert a = alert("k1", true, cases[i].word);
		struct incident inc;

		teardown(NULL);
		setup(NULL);
		a.source = cases[i].source;
		assert_int_equal(run(&a), cases[i].severity ? STEP_DONE : STEP_REFUSED);
		assert_int_equal(w.declared, cases[i].severity ? 1 : 0);
		if (cases[i].severity) {
			incident("INC-1", &inc);
			assert_string_equal(inc.severity, cases[i].severity);
		} else {
			assert_string_equal(w.reply.template_name, "alert/ignored");
			assert_non_null(strstr(w.reply.data, "\"reason\":\"ignored\""));
		}
	}
}

/* The monitoring system says it again every few minutes. */
static void test_repeats(void **state)
{
	struct incident inc;

	(void)state;
	fires("k1", "critical");
	for (int i = 0; i < 4; i++) {
		w.now_ms += MINUTE;
		assert_int_equal(fires("k1", "critical"), STEP_DONE);
		assert_string_equal(buf_text(&w.said), "");
		assert_string_equal(buf_text(&w.log), "");
	}
	w.now_ms += MINUTE;
	fires("k1", "critical");
	assert_string_equal(buf_text(&w.said), "");
	assert_string_equal(buf_text(&w.log), "alert_again ");
	assert_int_equal(w.declared, 1);
	incident("INC-1", &inc);
	assert_int_equal(inc.alerts.items[0].repeats, 5);
}

static void test_resolves(void **state)
{
	struct incident inc;

	(void)state;
	fires("k1", "critical");
	assert_int_equal(ends("k1"), STEP_DONE);
	assert_true(said("alert/all_resolved"));
	assert_true(logged("alert_resolved"));
	incident("INC-1", &inc);
	/* Suggested, not done. */
	assert_true(incident_is_open(&inc));
	assert_false(inc.alert_firing);
	/* Said twice by a pair of senders: once is enough. */
	ends("k1");
	assert_string_equal(buf_text(&w.said), "");
	/* Back in a new episode. */
	struct alert a = alert("k1", true, "critical");
	a.episode = "e2";
	run(&a);
	assert_true(said("alert/again"));
	assert_false(said("page/"));
	assert_int_equal(w.declared, 1);
	ends("k1");
	assert_true(said("alert/all_resolved"));
}

static void test_resolved_unknown(void **state)
{
	(void)state;
	assert_int_equal(ends("k1"), STEP_REFUSED);
	assert_int_equal(w.n_docs, 0);
}

/* Resolved by people while the alert goes on. */
static void test_after_the_end(void **state)
{
	struct alert a;

	(void)state;
	fires("k1", "critical");
	change("INC-1", INCIDENT_RESOLVED);
	w.now_ms += HOUR;
	fires("k1", "critical");
	assert_string_equal(buf_text(&w.said), "alert/still ");
	w.now_ms += 5 * MINUTE;
	fires("k1", "critical");
	assert_string_equal(buf_text(&w.said), "");
	assert_int_equal(w.declared, 1);
	/* It went away and came back: a new story. */
	a = alert("k1", true, "critical");
	a.episode = "e2";
	run(&a);
	assert_int_equal(w.declared, 2);
	assert_true(said("page/"));
	ends("k1");
	assert_non_null(strstr(w.list, "\"id\":\"INC-2\""));
	/* Cancelled: not a word more about it. */
	change("INC-2", INCIDENT_CANCELLED);
	fires("k1", "critical");
	change("INC-3", INCIDENT_CANCELLED);
	w.now_ms += 3 * HOUR;
	fires("k1", "critical");
	assert_string_equal(buf_text(&w.said), "");
	assert_int_equal(w.declared, 3);
}

/* --- groups -------------------------------------------------------------------------------- */

static void test_group(void **state)
{
	struct alert a = alert("k1", true, "warning"), b = alert("k2", true, "critical");
	struct incident inc;

	(void)state;
	a.group = b.group = "{}:{alertname=\"CartErrors\"}";
	run(&a);
	incident("INC-1", &inc);
	assert_string_equal(inc.severity, "P2");
	run(&b);
	assert_int_equal(w.declared, 1);
	/* The second is critical: the incident is, too, and people are paged. */
	incident("INC-1", &inc);
	assert_string_equal(inc.severity, "P0");
	assert_true(said("alert/worse"));
	assert_true(said("page/mail"));
	assert_true(logged("severity"));
	/* Never better. */
	a = alert("k3", true, "warning");
	a.group = b.group;
	run(&a);
	incident("INC-1", &inc);
	assert_string_equal(inc.severity, "P0");
	assert_int_equal(inc.alerts.n, 3);
	/* One by one they go; only then is it suggested to resolve. */
	ends("k1");
	assert_true(said("alert/resolved"));
	ends("k2");
	assert_false(said("alert/all_resolved"));
	ends("k3");
	assert_true(said("alert/all_resolved"));
}

static void test_no_group(void **state)
{
	(void)state;
	fires("k1", "critical");
	fires("k2", "critical");
	assert_int_equal(w.declared, 2);
}

static void test_group_after_the_end(void **state)
{
	struct alert a = alert("k1", true, "critical");

	(void)state;
	a.group = "g";
	run(&a);
	change("INC-1", INCIDENT_CLOSED);
	a.key = "k2";
	run(&a);
	assert_int_equal(w.declared, 2);
	a.key = "k3";
	run(&a);
	assert_int_equal(w.declared, 2);
}

/* A storm: one incident, twenty lines, the rest counted, no line of chatter for each. */
static void test_storm(void **state)
{
	struct incident inc;
	size_t lines = 0;

	(void)state;
	for (int i = 0; i < 60; i++) {
		struct alert a = alert(arena_printf(w.keep, "k%d", i), true, "critical");

		a.group = "g";
		run(&a);
		if (i > 0)
			assert_string_equal(buf_text(&w.said), "alert/list ");
	}
	assert_int_equal(w.declared, 1);
	incident("INC-1", &inc);
	assert_int_equal(inc.alerts.n, ALERTS_MAX);
	assert_int_equal(inc.alerts.more, 40);
	assert_non_null(strstr(w.list, "\"firing\":60,\"total\":60,\"more\":40"));
	for (const char *s = w.list; (s = strstr(s, "\"fires\":")); s++)
		lines++;
	assert_int_equal(lines, ALERTS_MAX);
	for (int i = 59; i >= 0; i--) {
		ends(arena_printf(w.keep, "k%d", i));
		assert_int_equal(said("alert/all_resolved"), i == 0);
	}
	assert_non_null(strstr(w.list, "\"firing\":0"));
}

/* What an alert says stays data. */
static void test_forged(void **state)
{
	struct alert a = alert("k\"1:{}", true, "critical");

	(void)state;
	a.title = "<!channel> [x](action:incident) {{id}} \"\\";
	assert_int_equal(run(&a), STEP_DONE);
	assert_non_null(strstr(w.list, "<!channel> [x](action:incident) {{id}} \\\"\\\\"));
	assert_int_equal(ends("k\"1:{}"), STEP_DONE);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_declares), T(test_severity_map), T(test_repeats), T(test_resolves),
		T(test_resolved_unknown), T(test_after_the_end), T(test_group), T(test_no_group),
		T(test_group_after_the_end), T(test_storm), T(test_forged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
