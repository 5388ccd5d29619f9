/* cli_run.c - `tocsin run`: options and environment to one struct, all faults at once. */
#include "bot/cli.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/app.h"
#include "bot/fault.h"
#include "bot/log.h"
#include "bot/secrets.h"
#include "tocsin/err.h"

static const char help[] =
	"Runs the bot.\n"
	"\n"
	"Usage: tocsin run --plan FILE [OPTIONS]\n"
	"\n"
	"  -p, --plan FILE        the plan (or TOCSIN_PLAN)\n"
	"  -d, --data DIR         where the embedded Redis keeps its data (or STATE_DIRECTORY;\n"
	"                         default: tocsin-data)\n"
	"  -w, --workspace NAME   names the keys in Redis (or TOCSIN_WORKSPACE; default: main)\n"
	"  -l, --listen ADDR:PORT where HTTP is answered: health, metrics, alerts, links\n"
	"                         (or TOCSIN_LISTEN; default: 127.0.0.1:8080; port 0 takes a\n"
	"                         free one; none: no HTTP)\n"
	"      --fsync WHEN       embedded Redis writes to disk: always (default) or everysec\n"
	"      --sockets N        Slack sockets to keep open, 1 to 4 (default: 2)\n"
	"      --log-format F     logfmt (default) or json\n"
	"      --log-level L      debug, info (default), warn or error\n"
	"      --ready-file FILE  write the HTTP port there once everything is up\n"
	"      --clock-speed N    drills and demos only: the house clock runs N times as fast\n"
	"      --clock-start S    drills and demos only: the house clock starts at this Unix time\n"
	"  -h, --help             this text\n"
	"\n"
	"Environment (each but SLACK_API_URL also as NAME_FILE, the path of a file that holds it):\n"
	"  SLACK_BOT_TOKEN        xoxb-...: needed\n"
	"  SLACK_APP_TOKEN        xapp-...: Socket Mode; without it SLACK_SIGNING_SECRET is needed\n"
	"  SLACK_SIGNING_SECRET   for signed HTTP requests to /slack/...\n"
	"  SLACK_API_URL          another Web API base than https://slack.com/api/\n"
	"  REDIS_URL              redis://..., rediss://..., unix:///path; without it tocsin starts its own\n"
	"  TOCSIN_SECRET          signs acknowledgement links; without it one is made and kept in Redis\n"
	"\n"
	"SIGHUP reads the plan again: a bad one is refused, and the old one goes on.\n"
	"SIGTERM and SIGINT end it: nothing that was promised is lost.\n"
	"Exit codes: 0 ended on request; 1 could not start or go on; 2 the command line is wrong.\n";

enum { OPT_FSYNC = 256, OPT_SOCKETS, OPT_LOG_FORMAT, OPT_LOG_LEVEL, OPT_READY, OPT_SPEED, OPT_START };

static const struct option options[] = {
	{"plan", required_argument, NULL, 'p'}, {"data", required_argument, NULL, 'd'},
	{"workspace", required_argument, NULL, 'w'}, {"listen", required_argument, NULL, 'l'},
	{"fsync", required_argument, NULL, OPT_FSYNC}, {"sockets", required_argument, NULL, OPT_SOCKETS},
	{"log-format", required_argument, NULL, OPT_LOG_FORMAT},
	{"log-level", required_argument, NULL, OPT_LOG_LEVEL},
	{"ready-file", required_argument, NULL, OPT_READY},
	{"clock-speed", required_argument, NULL, OPT_SPEED},
	{"clock-start", required_argument, NULL, OPT_START}, {"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static unsigned faults;

static void complain(const char *what, const char *value)
{
	fprintf(stderr, "tocsin run: %s%s%s\n", what, value ? ": " : "", value ? value : "");
	faults++;
}

static const char *env_or(const char *name, const char *otherwise)
{
	const char *v = getenv(name);

	return v && *v ? v : otherwise;
}

static bool word_ok(const char *s)
{
	return *s && strlen(s) <= 64 &&
		strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == strlen(s);
}

static double number(const char *name, const char *text, double least, double most)
{
	char *end;
	double v = strtod(text, &end);

	if (*text && !*end && v >= least && v <= most)
		return v;
	fprintf(stderr, "tocsin run: --%s takes a number from %g to %g, not \"%s\"\n", name, least, most,
		text);
	faults++;
	return least;
}

/* Returns -1 to go on, else the exit code. */
static int parse(int argc, char **argv, struct app_options *o)
{
	enum log_level level = LOG_INFO;
	enum log_format format = LOG_LOGFMT;
	int c;

	while ((c = getopt_long(argc, argv, "p:d:w:l:h", options, NULL)) != -1) {
		switch (c) {
		case 'p': o->plan_path = optarg; break;
		case 'd': o->data_dir = optarg; break;
		case 'w': o->workspace = optarg; break;
		case 'l': o->listen = optarg; break;
		case OPT_FSYNC: o->redis_fsync = optarg; break;
		case OPT_SOCKETS: o->sockets = (unsigned)number("sockets", optarg, 1, 4); break;
		case OPT_READY: o->ready_file = optarg; break;
		case OPT_SPEED: o->clock_speed = number("clock-speed", optarg, 0.01, 100000); break;
		case OPT_START: o->clock_start_ms = (int64_t)(number("clock-start", optarg, 1, 4e9) * 1000); break;
		case OPT_LOG_FORMAT:
			if (!log_format_parse(optarg, &format))
				complain("--log-format takes logfmt or json, not", optarg);
			break;
		case OPT_LOG_LEVEL:
			if (!log_level_parse(optarg, &level))
				complain("--log-level takes debug, info, warn or error, not", optarg);
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return 2;
		}
	}
	log_setup(level, format);
	if (optind < argc)
		complain("it takes no further words", argv[optind]);
	return -1;
}

/* Drills bend the clock and tests kill the process: never against a real workspace. */
static bool loopback_api(const char *url)
{
	return url && (strncmp(url, "http://127.0.0.1", 16) == 0 || strncmp(url, "http://localhost", 16) == 0);
}

/* secrets_read: what is empty was not given; else it is there and was complained about before. */
static void check(struct app_options *o, bool secrets_read)
{
	const char *fault = getenv("TOCSIN_FAULT");
	bool drill = o->clock_speed != 1.0 || o->clock_start_ms || fault;

	if (!*o->plan_path)
		complain("--plan FILE (or TOCSIN_PLAN) is missing", NULL);
	if (!word_ok(o->workspace))
		complain("--workspace takes letters, digits, - _ and ., at most 64, not", o->workspace);
	if (strcmp(o->redis_fsync, "always") != 0 && strcmp(o->redis_fsync, "everysec") != 0)
		complain("--fsync takes always or everysec, not", o->redis_fsync);
	if (secrets_read && !*o->slack_bot_token)
		complain("SLACK_BOT_TOKEN is missing: the bot token (xoxb-...) from the app's OAuth page", NULL);
	if (secrets_read && !*o->slack_app_token && !*o->slack_signing_secret)
		complain("SLACK_APP_TOKEN (xapp-..., Socket Mode) or SLACK_SIGNING_SECRET (HTTP) is missing", NULL);
	if (drill && !loopback_api(o->slack_api_url))
		complain("--clock-speed, --clock-start and TOCSIN_FAULT are for drills: SLACK_API_URL must be "
			"a fake one on 127.0.0.1", NULL);
	if (fault_setup(fault) < 0)
		complain("TOCSIN_FAULT names no point", fault);
}

/* The caller frees it. NULL when it is not set, or cannot be read: *fine is false then. */
static char *secret(const char *name, bool *fine)
{
	struct err e = {0};
	char *value = NULL;

	if (secret_from_env(name, &value, &e) < 0) {
		complain(e.text, NULL);
		*fine = false;
	}
	return value;
}

int cli_run(int argc, char **argv)
{
	struct app_options o = {
		.plan_path = env_or("TOCSIN_PLAN", ""),
		.data_dir = env_or("STATE_DIRECTORY", "tocsin-data"),
		.workspace = env_or("TOCSIN_WORKSPACE", "main"),
		.listen = env_or("TOCSIN_LISTEN", "127.0.0.1:8080"),
		.redis_fsync = "always",
		.sockets = 2,
		.clock_speed = 1.0,
	};
	static const char *const secret_names[] = {"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN",
		"SLACK_SIGNING_SECRET", "TOCSIN_SECRET", "REDIS_URL"};
	enum { SECRETS = sizeof(secret_names) / sizeof(secret_names[0]) };
	char *secrets[SECRETS];
	int code = parse(argc, argv, &o), i;
	bool secrets_read = true;

	if (code >= 0)
		return code;
	o.slack_api_url = env_or("SLACK_API_URL", NULL);
	for (i = 0; i < SECRETS; i++)
		secrets[i] = secret(secret_names[i], &secrets_read);
	o.slack_bot_token = secrets[0] ? secrets[0] : "";
	o.slack_app_token = secrets[1] ? secrets[1] : "";
	o.slack_signing_secret = secrets[2] ? secrets[2] : "";
	o.link_secret = secrets[3] ? secrets[3] : "";
	o.redis_url = secrets[4];
	check(&o, secrets_read);
	if (faults) {
		fputs("`tocsin run --help` tells more.\n", stderr);
		code = 2;
	} else {
		code = app_run(&o);
	}
	for (i = 0; i < SECRETS; i++)
		secret_free(secrets[i]);
	return code;
}
