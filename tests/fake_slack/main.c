/* main.c - options, wiring, run, an end without leaks. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libwebsockets.h>

#include "burst.h"
#include "delivery.h"
#include "fake.h"
#include "fault.h"
#include "http.h"
#include "limits.h"
#include "socket.h"
#include "waiter.h"
#include "workspace.h"

#ifndef FAKE_SLACK_PAGE_DIR
#define FAKE_SLACK_PAGE_DIR "page"
#endif

static const char usage[] =
	"usage: fake_slack [options]\n"
	"  --port N             port to listen on; 0 picks a free one (default 0)\n"
	"  --host ADDRESS       address to listen on (default 127.0.0.1)\n"
	"  --workspace FILE     people, channels and tokens (JSON); default: built in\n"
	"  --manifest FILE      the app's manifest (JSON): its scopes, events and commands\n"
	"  --ready-file PATH    write the base URL there once ready\n"
	"  --rate-limits on|off answer 429 as Slack would (default on)\n"
	"  --strict on|off      note broken rules as complaints (default on)\n"
	"  --log FILE           write the log there instead of to stderr\n"
	"  --page-dir DIR       files of the workspace page\n"
	"  --page-label TEXT    shown beside the workspace's name\n"
	"  --events-url URL     HTTP mode: send signed requests there, no sockets\n"
	"  --commands-url URL, --actions-url URL   where those go, if elsewhere on that host\n"
	"  --signing-secret S   for --events-url\n"
	"  --quiet              log nothing to stderr\n";

enum { OPT_PORT = 1, OPT_HOST, OPT_WORKSPACE, OPT_READY, OPT_RATE, OPT_STRICT, OPT_LOG, OPT_PAGE,
       OPT_LABEL, OPT_MANIFEST, OPT_COMMANDS, OPT_ACTIONS, OPT_EVENTS, OPT_SECRET, OPT_QUIET, OPT_HELP };

static const struct option long_options[] = {
	{ "port", required_argument, NULL, OPT_PORT },
	{ "host", required_argument, NULL, OPT_HOST },
	{ "workspace", required_argument, NULL, OPT_WORKSPACE },
	{ "ready-file", required_argument, NULL, OPT_READY },
	{ "rate-limits", required_argument, NULL, OPT_RATE },
	{ "strict", required_argument, NULL, OPT_STRICT },
	{ "log", required_argument, NULL, OPT_LOG },
	{ "page-dir", required_argument, NULL, OPT_PAGE },
	{ "page-label", required_argument, NULL, OPT_LABEL },
	{ "page-speed-label", required_argument, NULL, OPT_LABEL },
	{ "manifest", required_argument, NULL, OPT_MANIFEST },
	{ "commands-url", required_argument, NULL, OPT_COMMANDS },
	{ "actions-url", required_argument, NULL, OPT_ACTIONS },
	{ "events-url", required_argument, NULL, OPT_EVENTS },
	{ "signing-secret", required_argument, NULL, OPT_SECRET },
	{ "quiet", no_argument, NULL, OPT_QUIET },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

/* Returns -1 to go on, or the exit code. */
static int options_read(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (c) {
		case OPT_PORT: o->port = (int)strtol(optarg, NULL, 10); break;
		case OPT_HOST: o->host = optarg; break;
		case OPT_WORKSPACE: o->workspace_path = optarg; break;
		case OPT_READY: o->ready_path = optarg; break;
		case OPT_RATE: o->rate_limits = !strcmp(optarg, "on"); break;
		case OPT_STRICT: o->strict = !strcmp(optarg, "on"); break;
		case OPT_LOG: o->log_path = optarg; break;
		case OPT_PAGE: o->page_dir = optarg; break;
		case OPT_LABEL: o->page_label = optarg; break;
		case OPT_MANIFEST: o->manifest_path = optarg; break;
		case OPT_COMMANDS: o->commands_url = optarg; break;
		case OPT_ACTIONS: o->actions_url = optarg; break;
		case OPT_EVENTS: o->events_url = optarg; break;
		case OPT_SECRET: o->signing_secret = optarg; break;
		case OPT_QUIET: o->quiet = true; break;
		case OPT_HELP: fputs(usage, stdout); return 0;
		default: fputs(usage, stderr); return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "fake_slack: what is \"%s\"?\n%s", argv[optind], usage);
		return 2;
	}
	return -1;
}

static void on_lws_log(int level, const char *line)
{
	(void)level;
	fprintf(stderr, "fake_slack: lws: %s", line);
}

static int server_open(struct fake *f)
{
	void *loops[1] = { &f->loop };
	struct lws_context_creation_info ci = { 0 };

	lws_set_log_level(f->opt.quiet ? LLL_ERR : LLL_ERR | LLL_WARN, on_lws_log);
	ci.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
	ci.foreign_loops = loops;
	ci.port = CONTEXT_PORT_NO_LISTEN;
	ci.gid = (gid_t)-1;
	ci.uid = (uid_t)-1;
	ci.pcontext = &f->lws; /* NULL again when the context is really gone */
	ci.user = f;
	ci.pt_serv_buf_size = 65536;
	ci.max_http_header_data2 = 16384;
	ci.timeout_secs = 10;
	ci.fd_limit_per_thread = 4096;
	f->lws = lws_create_context(&ci);
	if (!f->lws)
		return -1;
	ci.pcontext = NULL;
	ci.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
	ci.port = f->opt.port;
	ci.iface = !strcmp(f->opt.host, "0.0.0.0") ? NULL : f->opt.host;
	ci.protocols = http_protocols();
	ci.vhost_name = "fake";
	ci.keepalive_timeout = 60;
	f->vhost = lws_create_vhost(f->lws, &ci);
	if (!f->vhost)
		return -1;
	f->port = lws_get_vhost_listen_port(f->vhost);
	return f->port > 0 ? 0 : -1;
}

static void ready_tell(struct fake *f)
{
	snprintf(f->base_url, sizeof(f->base_url), "http://%s:%d",
		 !strcmp(f->opt.host, "0.0.0.0") ? "127.0.0.1" : f->opt.host, f->port);
	printf("fake_slack: listening on %s\n", f->base_url);
	fflush(stdout);
	if (f->opt.ready_path) {
		/* Renamed into place: a reader never sees half of it. */
		char temporary[512];
		FILE *out;

		snprintf(temporary, sizeof(temporary), "%s.tmp", f->opt.ready_path);
		out = fopen(temporary, "w");
		if (out) {
			fprintf(out, "%s\n", f->base_url);
			fclose(out);
			rename(temporary, f->opt.ready_path);
		}
	}
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct fake *f = handle->loop->data;

	(void)number;
	f->stopping = true;
	uv_stop(&f->loop);
}

/* Just before the loop waits: all that this turn has changed is in place. */
static void on_turn_end(uv_prepare_t *handle)
{
	struct fake *f = handle->loop->data;

	if (!f->dirty)
		return;
	f->dirty = false;
	waiters_check(f);
}

static void on_leftover_closed(uv_handle_t *handle)
{
	free(handle);
}

/* A TCP connection that failed inside lws leaves its poll handle behind. */
static void leftover_close(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle) && handle->type == UV_POLL)
		uv_close(handle, on_leftover_closed);
}

static void settle_done(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

/* Lets what is on its way go out: close frames, last answers. */
static void settle(struct fake *f, uint64_t ms)
{
	uv_timer_t timer;

	uv_timer_init(&f->loop, &timer);
	uv_update_time(&f->loop);
	uv_timer_start(&timer, settle_done, ms, 0);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&f->loop, UV_RUN_NOWAIT);
}

static int server_close(struct fake *f, uv_signal_t signals[2], uv_prepare_t *turn)
{
	f->stopping = true;
	burst_stop(f);
	later_release(f);
	if (f->lws) {
		delivery_stop(f);
		hub_stop(f);
		settle(f, 100);
		http_stop(f);
	}
	uv_close((uv_handle_t *)&signals[0], NULL);
	uv_close((uv_handle_t *)&signals[1], NULL);
	uv_close((uv_handle_t *)turn, NULL);
	if (f->lws)
		lws_context_destroy(f->lws);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	if (f->lws)
		lws_context_destroy(f->lws);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	uv_walk(&f->loop, leftover_close, NULL);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	return uv_loop_close(&f->loop);
}

static int parts_new(struct fake *f)
{
	tuning_init(&f->tune);
	f->ws = workspace_new(f->opt.workspace_path, f->opt.manifest_path);
	f->http = http_new(f);
	f->hub = hub_new();
	f->faults = faults_new();
	f->waiters = waiters_new();
	f->limits = limiter_new();
	f->complaints = json_array();
	f->method_counts = json_object();
	if (f->opt.events_url) {
		f->delivery = delivery_new(&f->opt);
		if (!f->delivery) {
			fprintf(stderr, "fake_slack: --events-url must be http://host:port/path\n");
			return -1;
		}
	}
	if (f->opt.log_path) {
		f->log = fopen(f->opt.log_path, "a");
		if (!f->log) {
			perror(f->opt.log_path);
			return -1;
		}
	}
	return f->ws ? 0 : -1;
}

static void parts_free(struct fake *f)
{
	delivery_free(f->delivery);
	hub_free(f, f->hub);
	http_free(f->http);
	faults_free(f->faults);
	waiters_free(f->waiters);
	limiter_free(f->limits);
	workspace_free(f->ws);
	json_decref(f->complaints);
	json_decref(f->method_counts);
	if (f->log)
		fclose(f->log);
}

int main(int argc, char **argv)
{
	struct fake f = { .opt = { .host = "127.0.0.1", .page_dir = FAKE_SLACK_PAGE_DIR,
				   .rate_limits = true, .strict = true } };
	uv_signal_t signals[2];
	uv_prepare_t turn;
	int code = options_read(&f.opt, argc, argv);

	if (code >= 0)
		return code;
	if (parts_new(&f) < 0) {
		parts_free(&f);
		return 2;
	}
	uv_loop_init(&f.loop);
	f.loop.data = &f;
	uv_signal_init(&f.loop, &signals[0]);
	uv_signal_init(&f.loop, &signals[1]);
	uv_signal_start(&signals[0], on_signal, SIGTERM);
	uv_signal_start(&signals[1], on_signal, SIGINT);
	uv_prepare_init(&f.loop, &turn);
	uv_prepare_start(&turn, on_turn_end);
	if (server_open(&f) < 0) {
		fprintf(stderr, "fake_slack: cannot listen on %s:%d\n", f.opt.host, f.opt.port);
		code = 1;
	} else {
		ready_tell(&f);
		uv_run(&f.loop, UV_RUN_DEFAULT);
		code = 0;
	}
	if (server_close(&f, signals, &turn) != 0) {
		fprintf(stderr, "fake_slack: handles left open\n");
		code = code ? code : 3;
	}
	parts_free(&f);
	return code;
}
