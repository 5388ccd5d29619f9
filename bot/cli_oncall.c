/* cli_oncall.c - `tocsin oncall PLAN`: who is on call by the plan, without any server. */
#include "bot/cli.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bot/plan/plan_load.h"
#include "bot/plan/value.h"
#include "tocsin/buf.h"
#include "tocsin/plan.h"
#include "tocsin/roster.h"
#include "tocsin/zone.h"

#define AHEAD_MS (INT64_C(366) * 24 * 3600 * 1000)
#define LINES_MAX 10000 /* of one schedule */

struct question {
	const char *path, *at, *from, *to, *schedule;
	const struct plan *plan;
	int64_t at_ms, from_ms, to_ms;
};

static const char usage[] =
	"usage: tocsin oncall [--at TIME | --from TIME --to TIME] [--schedule NAME] PLAN\n";

static const char help[] =
	"\n"
	"Says who is on call by the plan: now, at a time, or over a span. Times are in the plan's zone.\n"
	"What people changed in chat (overrides, absences) is not known here: ask /oncall.\n"
	"\n"
	"  --at TIME            at that moment, for example 2026-01-28T09:00\n"
	"  --from TIME --to TIME  all shifts of that span\n"
	"  --schedule NAME      one schedule only\n"
	"\n"
	"Exit code: 0 answered, 1 the plan has faults, 2 wrong usage.\n";

static int fault(const char *what, const char *arg)
{
	fprintf(stderr, "tocsin oncall: %s%s%s\n%sTry tocsin oncall --help.\n", what, arg ? " " : "",
		arg ? value_quote(arg).text : "", usage);
	return 2;
}

static int read_options(struct question *q, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(a, "--help") == 0 || strcmp(a, "-h") == 0) {
			printf("%s%s", usage, help);
			return 0;
		}
		if (*a != '-') {
			if (q->path)
				return fault("one plan at a time; what is", a);
			q->path = a;
			continue;
		}
		if (!value)
			return fault("a value is missing behind", a);
		i++;
		if (strcmp(a, "--at") == 0)
			q->at = value;
		else if (strcmp(a, "--from") == 0)
			q->from = value;
		else if (strcmp(a, "--to") == 0)
			q->to = value;
		else if (strcmp(a, "--schedule") == 0)
			q->schedule = value;
		else
			return fault("there is no option", a);
	}
	if (!q->path)
		return fault("the plan is missing", NULL);
	if (!q->from != !q->to || (q->from && q->at))
		return fault("--at TIME, or --from TIME and --to TIME", NULL);
	return -1;
}

static int read_time(const struct question *q, const char *text, int64_t *ms)
{
	struct value_fault f;

	if (!text || value_time(text, q->plan->zone, ms, &f))
		return 0;
	fprintf(stderr, "tocsin oncall: %s; %s\n", f.what, f.mend);
	return 2;
}

static void put_time(const struct question *q, int64_t ms)
{
	struct local_time t;

	zone_to_local(q->plan->zone, ms, &t);
	printf("%04d-%02d-%02d %02d:%02d", t.year, t.month, t.day, t.hour, t.minute);
}

static void put_people(const struct roster *r, bool roles)
{
	for (size_t i = 0; i < r->n; i++) {
		printf("%s%s", i ? ", " : "", r->people[i]->name ? r->people[i]->name : r->people[i]->key);
		if (roles)
			printf(" (%s)", r->roles[i]);
	}
}

static void put_nobody(const struct plan_schedule *s)
{
	printf("nobody%s%s", s->fallback ? "; pages go to " : " and no fallback", s->fallback ? s->fallback : "");
}

static void at_moment(const struct question *q, const struct plan_schedule *s)
{
	const char *roles[ROSTER_ROLES_MAX];
	size_t n = roster_roles(s, NULL, roles);
	struct roster r;

	printf("%s\n", s->key);
	roster_at(q->plan, s, NULL, q->at_ms, &r);
	if (r.n == 0) {
		printf("  ");
		put_nobody(s);
		putchar('\n');
	}
	for (size_t i = 0; i < n; i++) {
		int64_t until;

		roster_at(q->plan, s, roles[i], q->at_ms, &r);
		if (r.n == 0)
			continue;
		until = roster_until(q->plan, s, NULL, roles[i], &r, q->at_ms + AHEAD_MS);
		printf("  %-9s ", roles[i]);
		put_people(&r, false);
		if (until < q->at_ms + AHEAD_MS) {
			printf(", until ");
			put_time(q, until);
		}
		putchar('\n');
	}
}

static void over_span(const struct question *q, const struct plan_schedule *s)
{
	int64_t at = q->from_ms;

	printf("%s\n", s->key);
	for (int i = 0; i < LINES_MAX && at < q->to_ms; i++) {
		struct roster r;
		int64_t until;

		roster_at(q->plan, s, NULL, at, &r);
		until = roster_until(q->plan, s, NULL, NULL, &r, q->to_ms);
		printf("  ");
		put_time(q, at);
		printf(" to ");
		put_time(q, until);
		printf("  ");
		if (r.n)
			put_people(&r, true);
		else
			put_nobody(s);
		putchar('\n');
		at = until;
	}
}

static int answer(struct question *q)
{
	bool any = false;

	q->at_ms = time(NULL) * INT64_C(1000);
	if (read_time(q, q->at, &q->at_ms) || read_time(q, q->from, &q->from_ms) ||
		read_time(q, q->to, &q->to_ms))
		return 2;
	if (q->from && q->to_ms <= q->from_ms)
		return fault("--to must be later than --from", NULL);
	for (size_t i = 0; i < q->plan->n_schedules; i++) {
		const struct plan_schedule *s = &q->plan->schedules[i];

		if (q->schedule && strcmp(s->key, q->schedule) != 0)
			continue;
		any = true;
		if (q->from)
			over_span(q, s);
		else
			at_moment(q, s);
	}
	if (!any)
		return q->schedule ? fault("the plan has no schedule", q->schedule) :
			fault("the plan has no schedules", NULL);
	return 0;
}

int cli_oncall(int argc, char **argv)
{
	struct question q = {0};
	struct plan_report *report;
	struct plan *plan;
	struct buf text;
	int rc = read_options(&q, argc, argv);

	if (rc >= 0)
		return rc;
	report = plan_report_new();
	plan = report ? plan_load_flags(q.path, PLAN_WITHOUT_SECRETS, report) : NULL;
	if (plan) {
		q.plan = plan;
		rc = answer(&q);
	} else {
		buf_init(&text, (size_t)4 << 20);
		if (report)
			plan_report_text(report, &text);
		fputs(buf_text(&text), stderr);
		buf_release(&text);
		rc = 1;
	}
	plan_unref(plan);
	plan_report_free(report);
	return rc;
}
