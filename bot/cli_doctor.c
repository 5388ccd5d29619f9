/*
 * cli_doctor.c - `tocsin doctor`: tries everything that `tocsin run` will need, and says in plain words
 * what is not right and how to mend it. Changes nothing and posts nothing.
 */
#include "bot/cli.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "bot/doctor.h"
#include "bot/log.h"
#include "bot/plan/plan_load.h"
#include "bot/secrets.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"

static const char help[] =
	"Tries everything that `tocsin run` will need and says how to mend what is not right: the plan and\n"
	"its templates, Redis, Slack's tokens and channels, the address for HTTP, mail and pagers.\n"
	"Nothing is changed, nobody is paged, nothing is posted.\n"
	"\n"
	"Usage: tocsin doctor [--plan FILE] [OPTIONS]\n"
	"\n"
	"  -p, --plan FILE        the plan (or TOCSIN_PLAN)\n"
	"  -d, --data DIR         of the embedded Redis (or STATE_DIRECTORY; default: tocsin-data)\n"
	"  -l, --listen ADDR:PORT as for tocsin run (or TOCSIN_LISTEN; default: 127.0.0.1:8080)\n"
	"      --offline          call nobody outside this machine\n"
	"  -h, --help             this text\n"
	"\n"
	"Tokens and REDIS_URL come from the environment, as for tocsin run (`tocsin run --help`).\n"
	"Each line begins with ok, warn or FAIL.\n"
	"Exit codes: 0 nothing fails (there may be warnings); 1 something fails; 2 the command line is\n"
	"wrong.\n";

struct doctor_args {
	const char *plan, *data_dir, *listen;
	bool offline;
};

void doctor_say(struct doctor *d, enum doctor_level level, const char *area, const char *mend,
	const char *what, ...)
{
	static const char *const words[] = {"ok", "warn", "FAIL"};
	struct buf raw, text;
	va_list ap;

	buf_init(&raw, 8192);
	buf_init(&text, 16384);
	va_start(ap, what);
	buf_vprintf(&raw, what, ap);
	va_end(ap);
	log_mask(&text, buf_text(&raw));
	fprintf(d->out, "%-5s %-8s %s\n", words[level], area, buf_text(&text));
	if (mend && *mend) {
		buf_reset(&text);
		log_mask(&text, mend);
		fprintf(d->out, "      %-8s -> %s\n", "", buf_text(&text));
	}
	d->count[level]++;
	buf_release(&raw);
	buf_release(&text);
}

static const char *env_or(const char *name, const char *otherwise)
{
	const char *v = getenv(name);

	return v && *v ? v : otherwise;
}

/* -1: go on; else the exit code. */
static int parse(int argc, char **argv, struct doctor_args *o)
{
	enum { OPT_OFFLINE = 256 };
	static const struct option options[] = {
		{"plan", required_argument, NULL, 'p'}, {"data", required_argument, NULL, 'd'},
		{"listen", required_argument, NULL, 'l'}, {"offline", no_argument, NULL, OPT_OFFLINE},
		{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "p:d:l:h", options, NULL)) != -1) {
		switch (c) {
		case 'p':
			o->plan = optarg;
			break;
		case 'd':
			o->data_dir = optarg;
			break;
		case 'l':
			o->listen = optarg;
			break;
		case OPT_OFFLINE:
			o->offline = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			fputs("`tocsin doctor --help` tells more.\n", stderr);
			return 2;
		}
	}
	if (optind == argc - 1 && !o->plan) {
		o->plan = argv[optind];
	} else if (optind < argc) {
		fprintf(stderr, "tocsin doctor: it takes no further words: %s\n", argv[optind]);
		return 2;
	}
	if (!o->plan)
		o->plan = env_or("TOCSIN_PLAN", NULL);
	return -1;
}

/* The secret, or NULL; what is wrong with it is told. The caller frees it. */
static char *secret(struct doctor *d, const char *name)
{
	struct err e = {0};
	char *value = NULL;

	if (secret_from_env(name, &value, &e) < 0)
		doctor_say(d, DOCTOR_FAIL, "secrets", "see \"Secrets\" in docs/operating.md", "%s", e.text);
	return value;
}

static void examine(struct doctor *d, const struct doctor_args *o)
{
	char *redis_url = secret(d, "REDIS_URL"), *link = secret(d, "TOCSIN_SECRET");
	char *bot = secret(d, "SLACK_BOT_TOKEN"), *app = secret(d, "SLACK_APP_TOKEN");
	char *signing = secret(d, "SLACK_SIGNING_SECRET");
	const struct doctor_slack slack = {.bot_token = bot, .app_token = app, .signing_secret = signing,
		.api_url = env_or("SLACK_API_URL", NULL)};
	struct plan *plan = NULL;

	if (o->plan)
		plan = doctor_plan(d, o->plan);
	else
		doctor_say(d, DOCTOR_FAIL, "plan", "give --plan FILE, or set TOCSIN_PLAN", "there is no plan");
	doctor_redis(d, redis_url, o->data_dir);
	doctor_slack(d, &slack, plan);
	if (strcmp(o->listen, "none") != 0)
		doctor_web(d, o->listen, plan);
	if (plan)
		doctor_connections(d, plan);
	plan_unref(plan);
	secret_free(signing);
	secret_free(app);
	secret_free(bot);
	secret_free(link);
	secret_free(redis_url);
}

int cli_doctor(int argc, char **argv)
{
	struct doctor_args o = {
		.data_dir = env_or("STATE_DIRECTORY", "tocsin-data"),
		.listen = env_or("TOCSIN_LISTEN", "127.0.0.1:8080"),
	};
	struct doctor d = {.out = stdout};
	int code = parse(argc, argv, &o);

	if (code >= 0)
		return code;
	log_setup(LOG_ERROR, LOG_LOGFMT);
	d.offline = o.offline;
	examine(&d, &o);
	fprintf(d.out, "%u ok, %u to look at, %u failing\n", d.count[DOCTOR_OK], d.count[DOCTOR_WARN],
		d.count[DOCTOR_FAIL]);
	return d.count[DOCTOR_FAIL] ? 1 : 0;
}
