/* cli_check.c - `tocsin check PLAN`: what is wrong with a plan, and what a lead would say about it. */
#include "bot/cli.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bot/plan/plan_load.h"
#include "bot/plan/value.h"
#include "tocsin/buf.h"

#define OUTPUT_MAX ((size_t)16 * 1024 * 1024)

struct options {
	const char *path;
	bool json, strict;
	unsigned flags;
	int64_t now_ms;
};

static const char usage[] =
	"usage: tocsin check [--format text|json] [--now TIME] [--strict] [--without-secrets] PLAN\n";

static const char help[] =
	"\n"
	"Reads the plan and all that it includes, and says what is wrong with it and what a lead\n"
	"would ask about it: people who cannot be reached, ladder steps that lead nowhere, gaps in\n"
	"the next 30 days, templates that do not render. Each finding says how to mend it.\n"
	"\n"
	"  --format text|json   how findings are printed (text)\n"
	"  --now TIME           look at the 30 days from then, for example 2026-01-28T09:00Z\n"
	"  --strict             warnings count as errors\n"
	"  --without-secrets    missing secrets are notices: for a machine that has none\n"
	"\n"
	"Exit code: 0 no errors, 1 errors (with --strict: or warnings), 2 wrong usage.\n";

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static int usage_fault(const char *what, const char *arg)
{
	fprintf(stderr, "tocsin check: %s%s%s\n%sTry tocsin check --help.\n", what, arg ? " " : "",
		arg ? value_quote(arg).text : "", usage);
	return 2;
}

/* -1: go on; else the exit code. */
static int read_option(int c, struct options *o, char **argv)
{
	struct value_fault f;

	switch (c) {
	case 'f':
		o->json = strcmp(optarg, "json") == 0;
		if (!o->json && strcmp(optarg, "text") != 0)
			return usage_fault("--format is text or json, not", optarg);
		return -1;
	case 'n':
		if (!value_time(optarg, NULL, &o->now_ms, &f)) {
			fprintf(stderr, "tocsin check: --now: %s; %s\n", f.what, f.mend);
			return 2;
		}
		return -1;
	case 's':
		o->strict = true;
		return -1;
	case 'w':
		o->flags |= PLAN_WITHOUT_SECRETS;
		return -1;
	case 'h':
		fputs(usage, stdout);
		fputs(help, stdout);
		return 0;
	case ':':
		return usage_fault("a value is missing behind", argv[optind - 1]);
	default:
		return usage_fault("there is no option", argv[optind - 1]);
	}
}

static int read_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {{"format", required_argument, NULL, 'f'},
		{"now", required_argument, NULL, 'n'}, {"strict", no_argument, NULL, 's'},
		{"without-secrets", no_argument, NULL, 'w'}, {"help", no_argument, NULL, 'h'}, {0}};
	int c, rc;

	*o = (struct options){.now_ms = now_ms()};
	optind = 0; /* from the start, also the second time (tests) */
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		rc = read_option(c, o, argv);
		if (rc >= 0)
			return rc;
	}
	if (optind == argc)
		return usage_fault("the plan is missing", NULL);
	if (optind + 1 < argc)
		return usage_fault("one plan at a time; what is", argv[optind + 1]);
	o->path = argv[optind];
	return -1;
}

static void print_report(const struct options *o, const struct plan_report *r)
{
	struct buf out;

	buf_init(&out, OUTPUT_MAX);
	if (o->json) {
		plan_report_json(r, &out);
	} else {
		plan_report_text(r, &out);
		buf_printf(&out, "%s: ", o->path);
		plan_report_summary(r, &out);
		buf_char(&out, '\n');
	}
	fputs(buf_text(&out), stdout);
	fflush(stdout);
	buf_release(&out);
}

int cli_check(int argc, char **argv)
{
	struct plan_report *report;
	struct options o;
	struct plan *plan;
	int rc = read_options(argc, argv, &o);

	if (rc >= 0)
		return rc;
	report = plan_report_new();
	if (!report) {
		fputs("tocsin check: out of memory\n", stderr);
		return 1;
	}
	plan = plan_load_flags(o.path, o.flags, report);
	if (plan)
		plan_lint(plan, o.now_ms, report);
	plan_report_sort(report);
	print_report(&o, report);
	rc = report->count[FINDING_ERROR] || (o.strict && report->count[FINDING_WARNING]);
	plan_unref(plan);
	plan_report_free(report);
	return rc;
}
