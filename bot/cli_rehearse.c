/* cli_rehearse.c - `tocsin rehearse PLAN`: who would be paged when, by the real handlers. */
#include "bot/cli.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "bot/plan/plan_load.h"
#include "bot/plan/value.h"
#include "bot/rehearse/sim.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/effects.h"
#include "tocsin/json_in.h"
#include "tocsin/plan.h"
#include "tocsin/zone.h"

#define FOR_MS (INT64_C(2) * 3600 * 1000)
#define OUTPUT_MAX ((size_t)4 << 20)

struct rehearsal {
	const char *path, *at, *severity, *title, *acked_by;
	int64_t for_ms, ack_ms; /* ack_ms -1: nobody acknowledges */
	const struct plan *plan;
	struct sim *sim;
	struct arena *arena;
	int64_t start_ms;
	struct buf out;
	unsigned pages;
	size_t line; /* where the last line begins in out */
};

static const char usage[] =
	"usage: tocsin rehearse [--at TIME] --severity S [--title TEXT] [--for 2h]\n"
	"                       [--until acked-by PERSON at +12m] PLAN\n";

static const char help[] =
	"\n"
	"Declares an incident in virtual time and prints who would be paged, when and by which way.\n"
	"The handlers are the real ones; nothing is sent, and what people changed in chat (overrides,\n"
	"absences) is not known here.\n"
	"\n"
	"  --at TIME        when it begins, in the plan's zone: 2026-01-28T10:00 (now)\n"
	"  --severity S     a severity of the plan\n"
	"  --title TEXT     the incident's title (Rehearsal)\n"
	"  --for DURATION   how long nobody acknowledges (2h)\n"
	"  --until acked-by PERSON at +12m\n"
	"                   that person acknowledges 12 minutes after the begin\n"
	"\n"
	"Exit code: 0 it was played, 1 the plan has faults or the bounds did not hold, 2 wrong usage.\n";

static int fault(const char *what, const char *arg)
{
	fprintf(stderr, "tocsin rehearse: %s%s%s\n%sTry tocsin rehearse --help.\n", what, arg ? " " : "",
		arg ? value_quote(arg).text : "", usage);
	return 2;
}

/* acked-by PERSON [at] +12m */
static int read_until(struct rehearsal *r, int argc, char **argv, int *i)
{
	struct value_fault f;
	const char *after;

	if (*i + 2 >= argc || strcmp(argv[*i], "acked-by") != 0)
		return fault("--until is: --until acked-by PERSON at +12m", NULL);
	r->acked_by = argv[++*i];
	++*i;
	if (strcmp(argv[*i], "at") == 0 && *i + 1 < argc)
		++*i;
	after = argv[*i] + (argv[*i][0] == '+');
	if (strcmp(after, "0m") == 0 || strcmp(after, "0s") == 0)
		r->ack_ms = 0;
	else if (!value_duration(after, &r->ack_ms, &f))
		return fault(f.what, NULL);
	return -1;
}

static int read_options(struct rehearsal *r, int argc, char **argv)
{
	struct value_fault f;
	int rc = -1;

	for (int i = 1; i < argc && rc < 0; i++) {
		const char *a = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(a, "--help") == 0 || strcmp(a, "-h") == 0) {
			printf("%s%s", usage, help);
			return 0;
		}
		if (*a != '-') {
			if (r->path)
				return fault("one plan at a time; what is", a);
			r->path = a;
			continue;
		}
		if (!value)
			return fault("a value is missing behind", a);
		i++;
		if (strcmp(a, "--at") == 0)
			r->at = value;
		else if (strcmp(a, "--severity") == 0)
			r->severity = value;
		else if (strcmp(a, "--title") == 0)
			r->title = value;
		else if (strcmp(a, "--until") == 0)
			rc = read_until(r, argc, argv, &i);
		else if (strcmp(a, "--for") == 0)
			rc = value_duration(value, &r->for_ms, &f) ? -1 : fault(f.what, NULL);
		else
			return fault("there is no option", a);
	}
	if (rc >= 0)
		return rc;
	if (!r->path)
		return fault("the plan is missing", NULL);
	return r->severity ? -1 : fault("--severity is missing", NULL);
}

/* --- what happens, a line each ---------------------------------------------------------------- */

static void put_moment(struct rehearsal *r)
{
	int64_t since = sim_now(r->sim) - r->start_ms;
	struct local_time t, first;

	zone_to_local(r->plan->zone, sim_now(r->sim), &t);
	zone_to_local(r->plan->zone, r->start_ms, &first);
	if (t.day != first.day || t.month != first.month)
		buf_printf(&r->out, "%04d-%02d-%02d ", t.year, t.month, t.day);
	buf_printf(&r->out, "%02d:%02d:%02d  ", t.hour, t.minute, t.second);
	if (since >= 3600 * 1000)
		buf_printf(&r->out, "+%" PRId64 "h%02" PRId64 "m  ", since / 3600000, since / 60000 % 60);
	else
		buf_printf(&r->out, "+%" PRId64 "m  ", since / 60000);
}

static const char *name_of(const struct rehearsal *r, const char *key)
{
	const struct plan_person *p = plan_person(r->plan, key);

	return p && p->name ? p->name : key;
}

static void put_page(struct rehearsal *r, const struct send *s, const struct json_t *data,
	const char *verb)
{
	const struct plan_person *p = *s->person ? plan_person(r->plan, s->person) :
		plan_person_by_slack(r->plan, s->user);
	const char *why = json_in_str(data, "why"), *way = json_in_str(data, "way");

	if (!*way)
		way = strcmp(s->op, "chat.post") == 0 ? "chat" : *s->via && strcmp(s->op, "phone") != 0 &&
			strcmp(s->op, "sms") != 0 ? s->via : s->op;
	put_moment(r);
	buf_printf(&r->out, "%s %s by %s", verb, p && p->name ? p->name : *s->person ? s->person : s->user,
		way);
	if (*why)
		buf_printf(&r->out, " (%s)", why);
	buf_char(&r->out, '\n');
}

/* What is said in a room and above its thread is one thing. */
static void drop_repeated(struct rehearsal *r, size_t before)
{
	size_t n = r->out.len - before;

	if (n > 0 && before - r->line == n && memcmp(r->out.data + r->line, r->out.data + before, n) == 0)
		buf_truncate(&r->out, before);
	else if (n > 0)
		r->line = before;
}

static void put_sent(struct rehearsal *r, const struct send *s)
{
	const struct json_t *data = json_in_load(r->arena, s->data, strlen(s->data));
	const char *t = s->template_name;

	if (s->lane == LANE_PAGE) {
		r->pages++;
		put_page(r, s, data, "page");
	} else if (strcmp(t, "page/tell") == 0 || strcmp(t, "page/sms_tell") == 0) {
		put_page(r, s, data, "tell");
	} else if (strcmp(t, "page/gap") == 0) {
		put_moment(r);
		buf_printf(&r->out, "nobody is on call for %s%s%s\n", json_in_str(data, "target"),
			*json_in_str(data, "fallback") ? "; the fallback stands in: " : "",
			json_in_str(data, "fallback"));
	} else if (strcmp(t, "page/waits") == 0) {
		struct local_time at;

		zone_to_local(r->plan->zone, json_in_int(data, "until") * 1000, &at);
		put_moment(r);
		buf_printf(&r->out, "it is not urgent and waits until %04d-%02d-%02d %02d:%02d\n", at.year,
			at.month, at.day, at.hour, at.minute);
	} else if (strcmp(t, "page/unreachable") == 0) {
		put_moment(r);
		buf_printf(&r->out, "%s cannot be reached in any way\n",
			json_in_str(json_in_get(data, "unreachable"), "name"));
	} else if (strcmp(t, "page/exhausted") == 0) {
		put_moment(r);
		buf_str(&r->out, "the ladder is at its end: this is said in the channel\n");
	} else if (strcmp(t, "page/acked") == 0) {
		put_moment(r);
		buf_printf(&r->out, "%s acknowledges: the paging stops\n",
			json_in_str(json_in_get(data, "holder"), "name"));
	}
}

static void on_sent(void *ud, const struct send *s)
{
	struct rehearsal *r = ud;
	size_t before = r->out.len;

	put_sent(r, s);
	drop_repeated(r, before);
}

static void on_logged(void *ud, const char *entity, const char *json)
{
	struct rehearsal *r = ud;
	const struct json_t *e = json_in_load(r->arena, json, strlen(json));

	(void)entity;
	if (strcmp(json_in_str(e, "what"), "page_failed") != 0)
		return;
	put_moment(r);
	buf_printf(&r->out, "%s cannot be paged by %s: %s\n", name_of(r, json_in_str(e, "person")),
		json_in_str(e, "way"), json_in_str(e, "error"));
}

/* --- the play --------------------------------------------------------------------------------- */

static int unknown(const char *what, const char *name, const char *list)
{
	fprintf(stderr, "tocsin rehearse: the plan has no %s %s; it has: %s\n", what,
		value_quote(name).text, list);
	return 2;
}

static int check_names(struct rehearsal *r)
{
	const struct plan *p = r->plan;
	struct buf list;

	buf_init_arena(&list, r->arena, 64 * 1024);
	if (!plan_severity(p, r->severity)) {
		for (size_t i = 0; i < p->n_severities; i++)
			buf_printf(&list, "%s%s", i ? ", " : "", p->severities[i].key);
		return unknown("severity", r->severity, buf_text(&list));
	}
	if (r->acked_by && !plan_person(p, r->acked_by)) {
		for (size_t i = 0; i < p->n_people && i < 50; i++)
			buf_printf(&list, "%s%s", i ? ", " : "", p->people[i].key);
		return unknown("person", r->acked_by, buf_text(&list));
	}
	return 0;
}

static int play(struct rehearsal *r)
{
	struct sim_watch watch = {on_sent, on_logged, r};
	const struct plan_severity *sev = plan_severity(r->plan, r->severity);
	struct local_time t;
	int64_t end = r->start_ms + (r->ack_ms >= 0 ? r->ack_ms : r->for_ms);
	const char *id;

	r->sim = sim_new(r->plan, r->start_ms, &watch);
	if (!r->sim)
		return fault("out of memory", NULL);
	zone_to_local(r->plan->zone, r->start_ms, &t);
	buf_printf(&r->out, "%s: %s declared at %04d-%02d-%02d %02d:%02d %s\n", r->plan->name, sev->key,
		t.year, t.month, t.day, t.hour, t.minute, zone_name(r->plan->zone));
	sim_command(r->sim, NULL, arena_printf(r->arena, "incident new %s %s", sev->key, r->title));
	sim_advance(r->sim, end);
	id = sim_document(r->sim, "incident:");
	if (r->ack_ms >= 0 && *id)
		sim_command(r->sim, plan_person(r->plan, r->acked_by),
			arena_printf(r->arena, "incident ack %s", id + strlen("incident:")));
	if (r->pages == 0)
		buf_str(&r->out, "nobody is paged\n");
	if (r->ack_ms < 0)
		buf_printf(&r->out, "nobody has acknowledged after %" PRId64 " min; %u page%s\n",
			r->for_ms / 60000, r->pages, r->pages == 1 ? "" : "s");
	fputs(buf_text(&r->out), stdout);
	if (!sim_good(r->sim) || !*id) {
		fputs("tocsin rehearse: a bound was reached, or the incident was refused\n", stderr);
		return 1;
	}
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * 1000LL;
}

int cli_rehearse(int argc, char **argv)
{
	struct rehearsal r = {.title = "Rehearsal", .for_ms = FOR_MS, .ack_ms = -1};
	struct plan_report *report;
	struct value_fault f;
	struct plan *plan;
	struct buf text;
	int rc = read_options(&r, argc, argv);

	if (rc >= 0)
		return rc;
	report = plan_report_new();
	plan = report ? plan_load_flags(r.path, PLAN_WITHOUT_SECRETS, report) : NULL;
	r.arena = arena_new((size_t)256 << 20);
	buf_init(&r.out, OUTPUT_MAX);
	if (!plan || !r.arena) {
		buf_init(&text, OUTPUT_MAX);
		if (report)
			plan_report_text(report, &text);
		fputs(buf_text(&text), stderr);
		buf_release(&text);
		rc = 1;
	} else {
		r.plan = plan;
		r.start_ms = now_ms();
		rc = check_names(&r);
		if (rc == 0 && r.at && !value_time(r.at, plan->zone, &r.start_ms, &f)) {
			fprintf(stderr, "tocsin rehearse: --at: %s; %s\n", f.what, f.mend);
			rc = 2;
		}
		if (rc == 0)
			rc = play(&r);
	}
	sim_free(r.sim);
	buf_release(&r.out);
	arena_free(r.arena);
	plan_unref(plan);
	plan_report_free(report);
	return rc;
}
