/*
 * test_plan.c - plans and what is said about them.
 *
 * Each plans/NAME.yaml has its findings, to the letter, in plans/NAME.expected: place, level, what,
 * and how to mend it. To see what would change, run with TOCSIN_WRITE_EXPECTED=1 and look at the
 * difference.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bot/cli.h"
#include "bot/log.h"
#include "bot/plan/plan_load.h"
#include "bot/plan/value.h"
#include "bot/plan/walk.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/plan.h"
#include "tocsin/zone.h"

#define NOW "2026-01-28T15:00Z"

static int64_t at(const char *text)
{
	struct value_fault f;
	int64_t ms;

	assert_true(value_time(text, NULL, &ms, &f));
	return ms;
}

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *text;
	size_t len;

	if (!f)
		return NULL;
	text = calloc(1, 2u << 20);
	len = fread(text, 1, (2u << 20) - 1, f);
	text[len] = '\0';
	fclose(f);
	return text;
}

static struct plan_report *report_of(const char *path, struct plan **plan)
{
	struct plan_report *r = plan_report_new();

	assert_non_null(r);
	*plan = plan_load(path, r);
	if (*plan)
		plan_lint(*plan, at(NOW), r);
	plan_report_sort(r);
	return r;
}

static void print_findings(const struct plan_report *r, struct buf *out)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct finding *f = &r->items[i];

		buf_printf(out, "%s:%u:%u: %s: %s\n", f->file, f->line, f->column,
			finding_level_name(f->level), f->what);
		if (*f->mend)
			buf_printf(out, "\t= %s\n", f->mend);
	}
	plan_report_summary(r, out);
	buf_char(out, '\n');
}

static void check_fixture(const char *path)
{
	char expected_path[256], *expected;
	struct plan_report *r;
	struct plan *plan;
	struct buf out;

	snprintf(expected_path, sizeof(expected_path), "%.*s.expected", (int)strlen(path) - 5, path);
	r = report_of(path, &plan);
	buf_init(&out, 1 << 20);
	print_findings(r, &out);
	assert_false(out.failed);
	/* a plan comes out exactly when there is no error in what was read */
	if (!plan)
		assert_true(r->count[FINDING_ERROR] > 0);
	if (getenv("TOCSIN_WRITE_EXPECTED")) {
		FILE *f = fopen(expected_path, "wb");

		assert_non_null(f);
		fputs(buf_text(&out), f);
		fclose(f);
	}
	expected = read_file(expected_path);
	if (!expected)
		fail_msg("%s is missing", expected_path);
	if (strcmp(buf_text(&out), expected) != 0)
		fail_msg("%s: findings differ from %s:\n%s", path, expected_path, buf_text(&out));
	free(expected);
	buf_release(&out);
	plan_unref(plan);
	plan_report_free(r);
}

static void test_findings_of_every_fixture(void **state)
{
	glob_t g;

	(void)state;
	assert_int_equal(glob("*.yaml", 0, NULL, &g), 0);
	assert_true(g.gl_pathc >= 25);
	for (size_t i = 0; i < g.gl_pathc; i++)
		check_fixture(g.gl_pathv[i]);
	globfree(&g);
}

/* --- what comes out -------------------------------------------------------------------------- */

static void check_full_people(const struct plan *p)
{
	const struct plan_person *ada = plan_person(p, "ada"), *eve = plan_person(p, "eve");

	assert_int_equal(p->n_people, 5);
	assert_string_equal(ada->name, "Ada Park");
	assert_string_equal(ada->slack, "U0ADA");
	assert_null(ada->teams);
	assert_string_equal(ada->phone, "+15550100001");
	assert_string_equal(ada->timezone, "America/New_York");
	assert_string_equal(zone_name(ada->zone), "America/New_York");
	assert_int_equal(ada->reach.n, 2);
	assert_string_equal(ada->reach.items[1].via, "chat");
	assert_int_equal(ada->reach.items[1].after_ms, 120000);
	assert_int_equal(eve->n_only, 1);
	assert_string_equal(eve->only[0], "mail");
	assert_ptr_equal(plan_person_by_slack(p, "W0CHLOE"), plan_person(p, "chloe"));
	assert_int_equal(p->reach_urgent.n, 3);
	assert_string_equal(p->reach_urgent.items[1].via, "pager");
	assert_string_equal(p->reach_normal.items[0].via, "mail");
	assert_int_equal(plan_group(p, "leads")->n, 2);
	assert_string_equal(plan_group(p, "leads")->members[1], "ben");
}

static void check_full_oncall(const struct plan *p)
{
	const struct plan_schedule *s = plan_schedule(p, "depot-rota");

	assert_int_equal(p->n_schedules, 1); /* coverage and periods are no schedules */
	assert_int_equal(s->n_shifts, 3);
	assert_string_equal(s->shifts[0].who, "ada"); /* sorted by their begin */
	assert_int_equal(s->shifts[0].from_ms, at("2026-01-01"));
	assert_int_equal(s->shifts[0].to_ms, at("2026-03-01T23:00Z"));
	assert_string_equal(s->shifts[1].role, "backup");
	assert_int_equal(s->shifts[1].from_ms, at("2026-03-01T00:00Z"));
	assert_int_equal(s->shifts[1].to_ms, at("2026-11-30T22:00Z"));
	assert_int_equal(s->shifts[2].from_ms, at("2026-03-02T05:00Z")); /* New York, winter */
	assert_int_equal(s->shifts[2].to_ms, at("2026-06-01T04:00Z"));   /* and summer */
	assert_string_equal(s->fallback, "leads");
	assert_int_equal(s->cover_min, 1);
	assert_int_equal(s->cover_want, 2);
	assert_string_equal(s->announce_channel, "bridge");
	assert_int_equal(s->announce_before_ms, 15 * 60000);
	assert_string_equal(s->slack_usergroup, "S0DEPOT");
}

static void check_full_severities(const struct plan *p)
{
	const struct plan_severity *s = &p->severities[0];
	const struct plan_ladder *l = plan_ladder(p, "main");

	assert_int_equal(p->n_severities, 3);
	assert_string_equal(s->key, "SEV1");
	assert_string_equal(s->means, "Parcels cannot be found");
	assert_int_equal(s->n_examples, 2);
	assert_int_equal(s->ack_ms, 5 * 60000);
	assert_int_equal(s->fix_ms, 2 * 3600000);
	assert_int_equal(s->postmortem_ms, 2 * 86400000);
	assert_int_equal(s->ack_expires_ms, 45 * 60000);
	assert_true(s->urgent);
	assert_int_equal(s->room, PLAN_ROOM_CHANNEL);
	assert_int_equal(s->n_tell, 2);
	assert_false(p->severities[1].urgent);
	assert_int_equal(p->severities[1].room, PLAN_ROOM_THREAD);
	assert_null(p->severities[2].ladder);
	assert_int_equal(l->n, 5);
	assert_int_equal(l->steps[0].after_ms, 0);
	assert_string_equal(l->steps[0].page[0], "depot-rota.primary");
	assert_int_equal(l->steps[1].n_via, 2);
	assert_true(l->steps[2].together);
	assert_int_equal(l->steps[2].n_page, 2);
	assert_int_equal(l->steps[3].n_only, 1);
	assert_string_equal(l->steps[3].via[0], "mail");
	assert_int_equal(l->steps[4].repeat_from, 1);
	assert_int_equal(l->steps[4].times, 2);
}

static void check_full_incident(const struct plan *p)
{
	const struct plan_incident *i = &p->incident;

	assert_string_equal(i->id_format, "PT-{n}");
	assert_int_equal(i->n_roles, 3);
	assert_int_equal(i->roles[2].n, 0);
	assert_int_equal(i->n_collect, 2);
	assert_true(i->collect[0].required);
	assert_int_equal(i->collect[1].n_choose, 3);
	assert_string_equal(i->notify_channel, "bridge");
	assert_int_equal(i->n_mention, 2);
	assert_string_equal(i->widespread_channel, "press");
	assert_string_equal(i->widespread_when, "The press asks");
	assert_int_equal(i->n_widespread_confirm, 2);
	assert_string_equal(i->track_document, "https://docs.example.com/new?title={{id}}%20{{title}}");
	assert_int_equal(i->n_links, 1);
	assert_int_equal(i->n_close_checklist, 2);
	assert_int_equal(i->n_allow, 2);
	assert_string_equal(i->allow[1].verb, "close");
	assert_string_equal(i->allow[1].who[0], "ada");
	assert_string_equal(i->key_event_emoji, "star");
}

static void check_full_outside(const struct plan *p)
{
	const struct plan_connection *mail = plan_connection(p, "mail"), *like = plan_connection(p, "deploy2");
	const struct plan_alert_source *a = plan_alert_source(p, "prometheus");

	assert_int_equal(mail->kind, PLAN_CONN_SMTP);
	assert_string_equal(mail->url, "smtps://mail.example.com:465");
	assert_string_equal(mail->password, "mail-password-of-the-test");
	assert_string_equal(mail->from, "bot@example.com");
	assert_false(mail->private_ok);
	assert_int_equal(like->kind, PLAN_CONN_WEBHOOK);
	assert_string_equal(like->url, "http://10.1.2.3:8080/hooks");
	assert_string_equal(like->secret, plan_connection(p, "deploy")->secret);
	assert_true(like->private_ok);
	assert_string_equal(plan_connection(p, "pager")->routing_key, "0123456789abcdef0123456789abcdef");
	assert_int_equal(plan_connection(p, "status")->kind, PLAN_CONN_OTHER);
	assert_string_equal(plan_connection(p, "status")->kind_name, "statuspage");
	assert_int_equal(plan_connection(p, "more")->kind, PLAN_CONN_SERVICENOW);
	assert_string_equal(plan_connection(p, "more")->user, "bot");
	assert_string_equal(plan_connection(p, "more")->group, "Letters");
	assert_string_equal(plan_connection(p, "issues")->repo, "example/parcels");
	assert_int_equal(plan_connection(p, "issues")->n_labels, 2);
	assert_string_equal(plan_connection(p, "pager")->webhook_secret, getenv("TEST_PAGER_HOOK"));
	assert_string_equal(a->kind, "alertmanager");
	assert_string_equal(a->token, "token-of-the-test");
	assert_string_equal(a->channel, "bridge");
	assert_int_equal(a->n_severities, 3);
	assert_string_equal(a->severities[1].severity, "SEV2");
	assert_null(a->severities[2].severity);
	assert_string_equal(a->otherwise, "SEV3");
}

static void test_the_full_plan_arrives(void **state)
{
	struct plan_report *r;
	struct plan *p;

	(void)state;
	r = report_of("full.yaml", &p);
	assert_non_null(p);
	assert_string_equal(p->path, "full.yaml");
	assert_string_equal(p->name, "Parcel tracker launch");
	assert_string_equal(p->timezone, "Europe/Berlin");
	assert_int_equal(p->launch_at_ms, at("2026-03-03T09:00Z"));
	assert_string_equal(p->public_url, "https://tocsin.example.com/bot");
	assert_null(p->template_dir);
	assert_int_equal(p->n_channels, 3);
	assert_string_equal(plan_channel(p, "bridge")->purpose, "Where incidents are run");
	assert_true(plan_channel(p, "bridge")->mirror);
	assert_null(plan_channel(p, "depot")->slack);
	check_full_people(p);
	check_full_oncall(p);
	check_full_severities(p);
	check_full_incident(p);
	check_full_outside(p);
	plan_unref(p);
	plan_report_free(r);
}

static void test_defaults(void **state)
{
	struct plan_report *r;
	struct plan *p;

	(void)state;
	r = report_of("small.yaml", &p);
	assert_non_null(p);
	assert_string_equal(p->name, "tocsin");
	assert_string_equal(p->timezone, "UTC");
	assert_string_equal(p->people[0].name, "Ada");
	assert_string_equal(p->incident.id_format, "INC-{n}");
	assert_string_equal(p->incident.key_event_emoji, "pushpin");
	assert_string_equal(p->incident.widespread_when, "");
	assert_int_equal(p->reach_urgent.n, 1); /* no mail connection, so no mail */
	assert_string_equal(p->reach_urgent.items[0].via, "chat");
	plan_unref(p);
	plan_report_free(r);
}

static void test_a_plan_lives_as_long_as_somebody_holds_it(void **state)
{
	struct plan_report *r = plan_report_new();
	struct plan *p = plan_load("small.yaml", r);

	(void)state;
	assert_ptr_equal(plan_ref(p), p);
	plan_report_free(r); /* the plan does not depend on it */
	plan_unref(p);
	assert_string_equal(p->people[0].slack, "U0ADA");
	plan_unref(p);
	plan_unref(NULL);
}

/* --- local times ------------------------------------------------------------------------------- */

static void test_shifts_over_clock_changes(void **state)
{
	static const char text[] =
		"tocsin: 1\n"
		"timezone: America/New_York\n"
		"people: {ada: {slack: U0ADA}}\n"
		"severities: {P0: {ladder: none}}\n"
		"oncall: {r: {shifts: [\n"
		"  {who: ada, from: 2026-03-08T02:30, to: 2026-03-08T03:30},\n" /* 02:30 is skipped */
		"  {who: ada, from: 2026-11-01T01:30, to: 2026-11-01T02:00}]}}\n"; /* 01:30 comes twice */
	struct plan_report *r = plan_report_new();
	struct plan *p = plan_load_text("t", text, sizeof(text) - 1, r);

	(void)state;
	/* the skipped 02:30, with the offset from before the gap, is 03:30: an empty shift */
	assert_null(p);
	assert_int_equal(r->count[FINDING_ERROR], 1);
	assert_string_equal(r->items[0].what, "the shift ends before it begins");
	assert_int_equal(r->items[0].line, 6);
	plan_report_free(r);

	r = plan_report_new();
	p = plan_load_text("t",
		"tocsin: 1\ntimezone: America/New_York\npeople: {ada: {slack: U0ADA}}\n"
		"severities: {P0: {ladder: none}}\noncall: {r: {shifts: ["
		"{who: ada, from: 2026-03-08T02:30, to: 2026-11-01T01:30}]}}\n",
		0 + strlen("tocsin: 1\ntimezone: America/New_York\npeople: {ada: {slack: U0ADA}}\n"
			   "severities: {P0: {ladder: none}}\noncall: {r: {shifts: ["
			   "{who: ada, from: 2026-03-08T02:30, to: 2026-11-01T01:30}]}}\n"), r);
	assert_non_null(p);
	assert_int_equal(p->schedules[0].shifts[0].from_ms, at("2026-03-08T07:30Z"));
	assert_int_equal(p->schedules[0].shifts[0].to_ms, at("2026-11-01T05:30Z")); /* the first */
	plan_unref(p);
	plan_report_free(r);
}

/* --- bounds ------------------------------------------------------------------------------------ */

static void load_and_expect(const char *text, size_t len, const char *what)
{
	struct plan_report *r = plan_report_new();
	struct plan *p = plan_load_text("t", text, len, r);
	bool found = what == NULL;

	for (size_t i = 0; i < r->n && what; i++)
		found |= strstr(r->items[i].what, what) != NULL;
	if (!found)
		fail_msg("nothing said \"%s\"; the first: %s", what, r->n ? r->items[0].what : "nothing");
	if (!what && !p)
		fail_msg("refused: %s", r->items[0].what);
	plan_unref(p);
	plan_report_free(r);
}

#define HEAD "tocsin: 1\nseverities: {P0: {ladder: none}}\n"

static void test_bound_on_depth(void **state)
{
	struct buf b;

	(void)state;
	for (int depth = PLAN_DEPTH_MAX - 1; depth <= PLAN_DEPTH_MAX; depth++) {
		buf_init(&b, 1 << 20);
		buf_str(&b, HEAD "metrics: ");
		for (int i = 0; i < depth; i++) /* inside the map of the file */
			buf_char(&b, '[');
		for (int i = 0; i < depth; i++)
			buf_char(&b, ']');
		load_and_expect(b.data, b.len, depth < PLAN_DEPTH_MAX ? NULL : "nested more than 24 deep");
		buf_release(&b);
	}
	buf_init(&b, 1 << 20);
	buf_str(&b, HEAD "metrics: ");
	for (int i = 0; i < 100000; i++)
		buf_char(&b, '[');
	load_and_expect(b.data, b.len, "nested more than 24 deep");
	buf_release(&b);
}

static void test_bound_on_values(void **state)
{
	/* the map, 2 pairs, the map below severities: with its keys; metrics and its list */
	const int head = 1 + 2 + 2 + 2 + 2 + 2;
	struct buf b;

	(void)state;
	for (int n = PLAN_NODES_MAX - head; n <= PLAN_NODES_MAX - head + 1; n++) {
		buf_init(&b, 1 << 20);
		buf_str(&b, HEAD "metrics: [");
		for (int i = 0; i < n; i++)
			buf_str(&b, "a,");
		buf_str(&b, "]");
		load_and_expect(b.data, b.len, n + head <= PLAN_NODES_MAX ? NULL : "more than 100000 values");
		buf_release(&b);
	}
}

static void test_bound_on_anchors(void **state)
{
	struct buf b;

	(void)state;
	for (int n = PLAN_ANCHORS_MAX; n <= PLAN_ANCHORS_MAX + 1; n++) {
		buf_init(&b, 1 << 20);
		buf_str(&b, HEAD "metrics: [");
		for (int i = 0; i < n; i++)
			buf_printf(&b, "&a%d x,", i);
		buf_str(&b, "]");
		load_and_expect(b.data, b.len, n <= PLAN_ANCHORS_MAX ? NULL : "more than 200 anchors");
		buf_release(&b);
	}
}

static void test_bound_on_bytes(void **state)
{
	char *text = malloc(PLAN_FILE_MAX + 1);

	(void)state;
	memset(text, ' ', PLAN_FILE_MAX + 1);
	memcpy(text, HEAD, sizeof(HEAD) - 1);
	load_and_expect(text, PLAN_FILE_MAX, NULL);
	load_and_expect(text, PLAN_FILE_MAX + 1, "larger than 1048576 bytes");
	free(text);
}

static void test_bound_on_findings(void **state)
{
	struct plan_report *r = plan_report_new();
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	buf_str(&b, HEAD);
	for (int i = 0; i < 700; i++)
		buf_printf(&b, "zz%d: 1\n", i);
	assert_null(plan_load_text("t", b.data, b.len, r));
	plan_report_sort(r);
	assert_int_equal(r->n, REPORT_MAX);
	assert_int_equal(r->count[FINDING_ERROR], 700);
	assert_string_equal(r->items[REPORT_MAX - 1].what,
		"this is the last finding that is shown; there are more");
	buf_release(&b);
	plan_report_free(r);
}

static void test_bounds_on_includes(void **state)
{
	char dir[] = "/tmp/tocsin-plan-XXXXXX", path[128], command[160];
	struct plan_report *r;
	struct plan *p;
	bool depth = false, files = false;

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (int i = 0; i < 80; i++) {
		FILE *f;

		snprintf(path, sizeof(path), "%s/f%02d.yaml", dir, i);
		f = fopen(path, "w");
		assert_non_null(f);
		fprintf(f, i == 0 ? HEAD "include: [f01.yaml, \"*.yaml\"]\n" : "include: [f%02d.yaml]\n", i + 1);
		fclose(f);
	}
	snprintf(path, sizeof(path), "%s/f00.yaml", dir);
	r = plan_report_new();
	p = plan_load(path, r);
	assert_null(p);
	for (size_t i = 0; i < r->n; i++) {
		depth |= strcmp(r->items[i].what, "includes are nested more than 8 deep") == 0;
		files |= strcmp(r->items[i].what, "the plan has more than 64 files") == 0;
	}
	assert_true(depth);
	assert_true(files);
	plan_report_free(r);
	for (int i = 0; i < 80; i++) {
		snprintf(path, sizeof(path), "%s/f%02d.yaml", dir, i);
		unlink(path);
	}
	snprintf(command, sizeof(command), "%s", dir);
	rmdir(command);
}

/* Memory that runs out at every place in turn: no plan, one finding that says so, nothing leaked. */
static void test_running_out_of_memory(void **state)
{
	unsigned long n = 0;
	struct plan *p = NULL;

	(void)state;
	while (!p) {
		struct plan_report *r = plan_report_new();
		struct arena *a = arena_new(64u << 20);

		arena_fail_at(a, ++n);
		p = load_plan(a, "full.yaml", NULL, 0, 0, r);
		if (!p) {
			assert_int_equal(r->count[FINDING_ERROR], 1);
			assert_string_equal(r->items[r->n - 1].what, "there is not enough memory to read it");
		}
		plan_report_free(r);
	}
	assert_true(n > 500);
	plan_unref(p);
}

/* --- what is printed --------------------------------------------------------------------------- */

/* The program's output and exit code. */
static int run_check(struct buf *out, const char *const *args)
{
	char *argv[12] = {0}, name[] = "/tmp/tocsin-check-XXXXXX";
	int fd = mkstemp(name), saved = dup(1), saved_err = dup(2), argc = 0, rc;
	char *text;

	assert_true(fd >= 0);
	argv[argc++] = strdup("check");
	for (; *args; args++)
		argv[argc++] = strdup(*args);
	fflush(stdout);
	fflush(stderr);
	dup2(fd, 1);
	dup2(fd, 2);
	rc = cli_check(argc, argv);
	fflush(stdout);
	fflush(stderr);
	dup2(saved, 1);
	dup2(saved_err, 2);
	close(saved);
	close(saved_err);
	close(fd);
	text = read_file(name);
	buf_reset(out);
	buf_str(out, text);
	free(text);
	unlink(name);
	while (argc)
		free(argv[--argc]);
	return rc;
}

static void test_exit_codes(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 4 << 20);
#define CHECK(...) run_check(&out, (const char *const[]){__VA_ARGS__, NULL})
	assert_int_equal(CHECK("small.yaml"), 0);
	assert_string_equal(buf_text(&out), "small.yaml: nothing to mend\n");
	assert_int_equal(CHECK("--now", NOW, "full.yaml"), 0);
	assert_int_equal(CHECK("--now", NOW, "--strict", "full.yaml"), 1);
	assert_int_equal(CHECK("values.yaml"), 1);
	assert_int_equal(CHECK("lint-reach.yaml"), 1);
	assert_int_equal(CHECK("there-is-no-such.yaml"), 1);
	assert_non_null(strstr(buf_text(&out), "there is no such file"));
	assert_int_equal(CHECK("/tmp"), 1);
	assert_int_equal(CHECK("--help"), 0);
	assert_non_null(strstr(buf_text(&out), "usage: tocsin check"));
	assert_int_equal(run_check(&out, (const char *const[]){NULL}), 2);
	assert_non_null(strstr(buf_text(&out), "the plan is missing"));
	assert_int_equal(CHECK("a.yaml", "b.yaml"), 2);
	assert_int_equal(CHECK("--format", "xml", "small.yaml"), 2);
	assert_int_equal(CHECK("--now", "soon", "small.yaml"), 2);
	assert_non_null(strstr(buf_text(&out), "\"soon\" is not a time"));
	assert_int_equal(CHECK("--bogus", "small.yaml"), 2);
	assert_int_equal(CHECK("--format"), 2);
	buf_release(&out);
}

static void test_text_shows_the_line_and_a_caret(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 4 << 20);
	assert_int_equal(CHECK("unknown-keys.yaml"), 1);
	assert_non_null(strstr(buf_text(&out),
		"unknown-keys.yaml:7:9: error: a person has no key \"nmae\"\n"
		"     7 |   ada: {nmae: Ada Park, slack: U0ADA, phoen: \"+15550100001\"}\n"
		"       |         ^\n"
		"       = did you mean \"name\"? The keys are: name, slack, teams,"));
	buf_release(&out);
}

static void test_json(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 4 << 20);
	assert_int_equal(CHECK("--format", "json", "syntax-tab.yaml"), 1);
	assert_string_equal(buf_text(&out),
		"{\"findings\":[{\"level\":\"error\",\"file\":\"syntax-tab.yaml\",\"line\":3,\"column\":1,"
		"\"what\":\"this is not YAML: found character that cannot start any token, while scanning "
		"for the next token\",\"mend\":\"indent with spaces; YAML allows no tabs there\"}],"
		"\"errors\":1,\"warnings\":0,\"notices\":0}\n");
	buf_release(&out);
}

static void test_secrets_are_never_shown(void **state)
{
	static const char *const secrets[] = {"hunter2", "another-secret", "MfKQ9r8G", "token-of-the-test",
		"mail-password", "second-line"};
	struct buf out;

	(void)state;
	buf_init(&out, 4 << 20);
	for (int json = 0; json < 2; json++) {
		assert_int_equal(CHECK("--format", json ? "json" : "text", "secrets.yaml"), 1);
		for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++)
			if (strstr(buf_text(&out), secrets[i]))
				fail_msg("%s is shown:\n%s", secrets[i], buf_text(&out));
	}
	assert_int_equal(CHECK("secrets.yaml"), 1);
	assert_non_null(strstr(buf_text(&out), "password: ********, from: bot@example.com"));
	buf_release(&out);
}

static void test_missing_secrets_may_be_passed_over(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 4 << 20);
	unsetenv("TEST_PAGER");
	assert_int_equal(CHECK("--now", NOW, "full.yaml"), 1);
	assert_non_null(strstr(buf_text(&out), "error: the environment variable TEST_PAGER is not set"));
	assert_int_equal(CHECK("--now", NOW, "--without-secrets", "full.yaml"), 0);
	assert_non_null(strstr(buf_text(&out), "notice: the environment variable TEST_PAGER is not set"));
	setenv("TEST_PAGER", "0123456789abcdef0123456789abcdef", 1);
	buf_release(&out);
}

/* --- what we ship ------------------------------------------------------------------------------ */

static void expect_clean(const char *path)
{
	struct plan_report *r = plan_report_new();
	struct plan *p = plan_load_flags(path, PLAN_WITHOUT_SECRETS, r);
	struct buf out;

	buf_init(&out, 1 << 20);
	if (p)
		plan_lint(p, at(NOW), r);
	print_findings(r, &out);
	if (!p || r->count[FINDING_ERROR] || r->count[FINDING_WARNING])
		fail_msg("%s:\n%s", path, buf_text(&out));
	buf_release(&out);
	plan_unref(p);
	plan_report_free(r);
}

static void test_the_plans_we_ship_are_clean(void **state)
{
	glob_t g;

	(void)state;
	expect_clean(SOURCE_DIR "/docker/demo-plan.yaml");
	assert_int_equal(glob(SOURCE_DIR "/docs/plans/*.yaml", 0, NULL, &g), 0);
	for (size_t i = 0; i < g.gl_pathc; i++)
		expect_clean(g.gl_pathv[i]);
	globfree(&g);
}

/* A block of docs/plan.md is either a whole plan ("tocsin: 1") or sections, to which the least that
 * makes a plan is added. */
static void check_block(const char *block, size_t len, unsigned line)
{
	struct plan_report *r = plan_report_new();
	struct plan *p;
	struct buf b, out;

	buf_init(&b, 1 << 20);
	buf_init(&out, 1 << 20);
	buf_add(&b, block, len);
	if (!strstr(buf_text(&b), "tocsin: 1")) {
		static const struct {
			const char *key, *text;
		} rest[] = {
			{"people:", "people: {ada: {slack: U0ADA}, ben: {slack: U0BEN}, chloe: {slack: U0CHLOE}, "
				    "dev: {slack: U0DEV}, eve: {slack: U0EVE}}\n"},
			{"groups:", "groups: {eng-manager: [ada, ben], product-manager: [chloe], ceo: [eve], "
				    "support: [chloe]}\n"},
			{"channels:", "channels: {war-room: {slack: C0WARROOM}, community: {slack: C0COMMUNITY}}\n"},
			{"oncall:", "oncall: {engineering: {shifts: [{who: ada, from: 2020-01-01}, "
				    "{who: ben, role: backup, from: 2020-01-01}]}}\n"},
			{"severities:", "severities: {P0: {ladder: production}, P1: {ladder: none}, P2: {ladder: none}, "
					"P3: {ladder: none}}\n"},
			{"ladders:", "ladders: {production: [{page: ada}], triage: [{page: ada}]}\n"},
			{"connections:", "connections: {mail: {kind: smtp, url: \"smtp://127.0.0.1\", from: "
					 "bot@example.com}, tracker: {kind: github-issue, repo: a/b, token: x}}\n"},
		};

		buf_str(&b, "\ntocsin: 1\n");
		for (size_t i = 0; i < sizeof(rest) / sizeof(*rest); i++) {
			const char *found = strstr(block, rest[i].key);

			while (found && found < block + len && found > block && found[-1] != '\n')
				found = strstr(found + 1, rest[i].key);
			if (!found || found >= block + len)
				buf_str(&b, rest[i].text);
		}
	}
	p = plan_load_text("docs/plan.md", b.data, b.len, r);
	print_findings(r, &out);
	if (!p)
		fail_msg("the block in line %u of docs/plan.md:\n%s\n%s", line, buf_text(&b), buf_text(&out));
	buf_release(&b);
	buf_release(&out);
	plan_unref(p);
	plan_report_free(r);
}

static void test_every_block_of_the_reference_loads(void **state)
{
	char *doc = read_file(SOURCE_DIR "/docs/plan.md"), *p;
	unsigned blocks = 0;

	(void)state;
	assert_non_null(doc);
	for (p = doc; (p = strstr(p, "\n```yaml\n"));) {
		char *begin = p + 9, *end = strstr(begin, "\n```");
		unsigned line = 2;

		assert_non_null(end);
		for (const char *q = doc; q < p; q++)
			line += *q == '\n';
		check_block(begin, (size_t)(end + 1 - begin), line);
		blocks++;
		p = end;
	}
	assert_true(blocks >= 7);
	free(doc);
}

static void test_the_reference_names_every_key(void **state)
{
	char *doc = read_file(SOURCE_DIR "/docs/plan.md"), word[80];

	(void)state;
	assert_non_null(doc);
	for (const struct walk_keys *const *k = plan_language; *k; k++) {
		for (int later = 0; later < 2; later++) {
			for (const char *const *key = later ? (*k)->later : (*k)->now; key && *key; key++) {
				snprintf(word, sizeof(word), "`%s`", *key);
				if (!strstr(doc, word))
					fail_msg("docs/plan.md does not speak of %s of %s", word, (*k)->where);
			}
		}
	}
	free(doc);
}

static int set_up(void **state)
{
	(void)state;
	setenv("TEST_URL", "https://tocsin.example.com", 1);
	setenv("TEST_TOKEN", "token-of-the-test", 1);
	setenv("TEST_PAGER", "0123456789abcdef0123456789abcdef", 1);
	setenv("TEST_PAGER_HOOK", "x", 1);
	setenv("TEST_SIGNING", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1);
	setenv("TEST_EMPTY", "", 1);
	setenv("TEST_TWO_LINES", "first\nsecond-line", 1);
	unsetenv("TEST_NOT_SET");
	return chdir(TESTS_DIR "/shell/plans");
}

static int tear_down(void **state)
{
	(void)state;
	log_hide_none();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_findings_of_every_fixture),
		cmocka_unit_test(test_the_full_plan_arrives),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_a_plan_lives_as_long_as_somebody_holds_it),
		cmocka_unit_test(test_shifts_over_clock_changes),
		cmocka_unit_test(test_bound_on_depth),
		cmocka_unit_test(test_bound_on_values),
		cmocka_unit_test(test_bound_on_anchors),
		cmocka_unit_test(test_bound_on_bytes),
		cmocka_unit_test(test_bound_on_findings),
		cmocka_unit_test(test_bounds_on_includes),
		cmocka_unit_test(test_running_out_of_memory),
		cmocka_unit_test(test_exit_codes),
		cmocka_unit_test(test_text_shows_the_line_and_a_caret),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_secrets_are_never_shown),
		cmocka_unit_test(test_missing_secrets_may_be_passed_over),
		cmocka_unit_test(test_the_plans_we_ship_are_clean),
		cmocka_unit_test(test_every_block_of_the_reference_loads),
		cmocka_unit_test(test_the_reference_names_every_key),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
