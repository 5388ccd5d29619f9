/* cli_audit.c - `tocsin audit`: verifies the hash chains of the logs in Redis. */
#include <getopt.h>
#include <limits.h>
#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <uv.h>

#include "bot/cli.h"
#include "bot/log.h"
#include "bot/secrets.h"
#include "bot/store/audit.h"
#include "bot/store/redis_sync.h"
#include "bot/store/server.h"
#include "bot/store/store_url.h"
#include "tocsin/err.h"

static const char help[] =
	"Verifies that no log was changed, cut short or added to behind tocsin's back.\n"
	"\n"
	"Usage: tocsin audit [OPTIONS] [ID...]\n"
	"\n"
	"  -r, --redis URL        redis://... or unix:///path (default: REDIS_URL)\n"
	"  -d, --data DIR         without a URL: the data folder of the embedded Redis, whether tocsin\n"
	"                         runs on it or not (or STATE_DIRECTORY; default: tocsin-data)\n"
	"  -w, --workspace NAME   as given to tocsin run (or TOCSIN_WORKSPACE; default: main)\n"
	"      --heads            also print \"ID ENTRIES HASH\" of every log that is whole: kept\n"
	"                         elsewhere, they show even a chain that was forged as a whole\n"
	"  -h, --help             this text\n"
	"\n"
	"ID is incident:INC-42, or just INC-42; without one all logs of the workspace are read.\n"
	"Every broken log is printed with the first entry that does not fit.\n"
	"Exit codes: 0 all are whole; 1 one is broken, or Redis cannot be read; 2 the command line is\n"
	"wrong.\n";

enum { OPT_HEADS = 256 };

static const struct option options[] = {
	{"redis", required_argument, NULL, 'r'}, {"data", required_argument, NULL, 'd'},
	{"workspace", required_argument, NULL, 'w'}, {"heads", no_argument, NULL, OPT_HEADS},
	{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0},
};

struct audit_args {
	const char *url; /* "" : embedded */
	const char *data_dir;
	struct audit audit;
	char **ids;
	int n_ids;
};

static const char *env_or(const char *name, const char *otherwise)
{
	const char *v = getenv(name);

	return v && *v ? v : otherwise;
}

static int logs_read(struct audit_args *args, const char *url, struct err *err)
{
	struct store_url where;
	int i, status = 0;

	if (store_url_parse(url, &where, err) < 0)
		return -1;
	args->audit.redis = redis_sync_connect(&where, err);
	if (!args->audit.redis)
		return -1;
	if (!args->n_ids)
		status = audit_all(&args->audit, err);
	for (i = 0; i < args->n_ids && status == 0; i++)
		status = audit_one(&args->audit, args->ids[i], err);
	redisFree(args->audit.redis);
	return status;
}

/* --- the embedded Redis while no tocsin runs: started for as long as we read --- */

struct visit {
	bool ready, failed;
	char why[512];
};

static void on_server_ready(void *ud)
{
	((struct visit *)ud)->ready = true;
}

static void on_server_failed(void *ud, const char *why)
{
	struct visit *v = ud;

	v->failed = true;
	snprintf(v->why, sizeof(v->why), "%s", why);
}

static int logs_read_alone(struct audit_args *args, struct err *err)
{
	struct visit visit = {0};
	const struct server_options o = {.data_dir = args->data_dir, .on_ready = on_server_ready,
		.on_failed = on_server_failed, .ud = &visit};
	struct server *server;
	uv_loop_t loop;
	int status = -1;

	if (uv_loop_init(&loop) < 0)
		return err_set(err, ERR_MEMORY, "out of memory");
	server = server_start(&loop, &o, err);
	if (!server)
		goto out;
	while (!visit.ready && !visit.failed)
		uv_run(&loop, UV_RUN_ONCE);
	if (visit.ready)
		status = logs_read(args, server_url(server), err);
	else
		err_set(err, ERR_UPSTREAM, "%s", visit.why);
	server_stop(server, NULL, NULL);
out:
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	return status;
}

static int logs_read_embedded(struct audit_args *args, struct err *err)
{
	char full[PATH_MAX], url[PATH_MAX + 32], sock[PATH_MAX + 16];
	struct store_url where;
	redisContext *probe;
	struct stat st;

	snprintf(sock, sizeof(sock), "%s/appendonlydir", args->data_dir);
	if (!realpath(args->data_dir, full) || stat(sock, &st) < 0)
		return err_set(err, ERR_CONFIG, "%s is no data folder of tocsin; name it with --data, or the "
			"Redis with --redis", args->data_dir);
	snprintf(sock, sizeof(sock), "%s/redis.sock", full);
	snprintf(url, sizeof(url), "unix://%s", sock);
	probe = redisConnectUnix(sock);
	if (probe && !probe->err && store_url_parse(url, &where, err) == 0) {
		redisFree(probe);
		return logs_read(args, url, err);
	}
	if (probe)
		redisFree(probe);
	return logs_read_alone(args, err);
}

/* 0 go on, 1 help was shown, 2 wrong. */
static int args_read(struct audit_args *args, int argc, char **argv)
{
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "r:d:w:h", options, NULL)) != -1) {
		switch (c) {
		case 'r':
			args->url = optarg;
			break;
		case 'd':
			args->data_dir = optarg;
			args->url = "";
			break;
		case 'w':
			args->audit.workspace = optarg;
			break;
		case OPT_HEADS:
			args->audit.heads = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 1;
		default:
			fputs("Try: tocsin audit --help\n", stderr);
			return 2;
		}
	}
	args->ids = argv + optind;
	args->n_ids = argc - optind;
	return 0;
}

int cli_audit(int argc, char **argv)
{
	struct audit_args args = {.data_dir = env_or("STATE_DIRECTORY", "tocsin-data"),
		.audit = {.workspace = env_or("TOCSIN_WORKSPACE", "main"), .out = stdout}};
	struct err err = {0};
	char *url = NULL;
	int status;

	if (secret_from_env("REDIS_URL", &url, &err) < 0) {
		fprintf(stderr, "tocsin audit: %s\n", err.text);
		return 1;
	}
	args.url = url ? url : "";
	status = args_read(&args, argc, argv);
	if (status) {
		secret_free(url);
		return status == 1 ? 0 : status;
	}
	log_setup(LOG_WARN, LOG_LOGFMT);
	status = *args.url ? logs_read(&args, args.url, &err) : logs_read_embedded(&args, &err);
	secret_free(url);
	if (status < 0) {
		fprintf(stderr, "tocsin audit: %s\n", err.text);
		return 1;
	}
	printf("%lu log%s, %lu entries read: ", args.audit.logs, args.audit.logs == 1 ? "" : "s",
		args.audit.entries);
	if (args.audit.broken)
		printf("%lu broken\n", args.audit.broken);
	else
		printf("all whole\n");
	return args.audit.broken ? 1 : 0;
}
