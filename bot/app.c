/* app.c - see app.h. Wiring, signals, and the two orders: coming and going. */
#include "bot/app.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "bot/clock.h"
#include "bot/http_client.h"
#include "bot/log.h"
#include "bot/lws_house.h"
#include "bot/metrics.h"
#include "bot/outbox.h"
#include "bot/plan/plan_load.h"
#include "bot/reach/reach.h"
#include "bot/sender.h"
#include "bot/slack/slack.h"
#include "bot/store/server.h"
#include "bot/store/store.h"
#include "bot/systemd.h"
#include "bot/tasks.h"
#include "bot/timers.h"
#include "bot/web/link_key.h"
#include "bot/web/web.h"
#include "bot/words_load.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/plan.h"
#include "tocsin/render.h"
#include "tocsin/request.h"

#define STOP_PATIENCE_MS 5000
#define LOOK_BYTES ((size_t)8 << 20)
#define WATCH_MS 1000   /* gauges, readiness, watchdog */
#define STOP_LOOK_MS 20 /* how often the end of what is in flight is looked for */

enum app_stage {
	APP_RUNNING,
	APP_DRAINING, /* nothing new is taken; what is in flight ends */
	APP_CLOSING   /* everything is being closed */
};

struct app {
	const struct app_options *o;
	uv_loop_t loop;
	struct clock clock;
	enum app_stage stage;
	int exit_code;
	int64_t stop_at;      /* monotonic */

	struct plan *plan;
	struct words *words;

	struct server *server;
	struct store *store;
	struct tasks *tasks;
	struct timers *timers;
	struct outbox *outbox;
	struct http_client *http;
	struct lws_house *lws;
	struct slack *slack;
	struct link_key *link_key;
	struct sender *reach;
	struct web *web; /* NULL: --listen none */

	uv_signal_t on_term, on_int, on_hup;
	uv_timer_t watch, drain;
	bool told_ready;
	bool plan_refused; /* at the newest reload */
};

/* --- the plan in force ------------------------------------------------------------------ */

static struct plan *app_plan_take(void *ud)
{
	return plan_ref(((struct app *)ud)->plan);
}

static void app_plan_give(void *ud, struct plan *plan)
{
	(void)ud;
	plan_unref(plan);
}

static const struct words *app_words(void *ud)
{
	return ((struct app *)ud)->words;
}

static void log_findings(const struct plan_report *r)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		const struct finding *f = &r->items[i];
		char place[512];

		if (f->level == FINDING_NOTICE)
			continue;
		snprintf(place, sizeof(place), "%s:%u:%u", f->file, f->line, f->column);
		log_write(f->level == FINDING_ERROR ? LOG_ERROR : LOG_WARN, "plan", NULL, f->what, "at",
			place, "mend", f->mend, NULL);
	}
}

/* The handlers look at a plan that has come into force: who is on call, what is to be announced.
 * Harmless when done twice, or by several processes. */
static void app_look_at_plan(struct app *app)
{
	struct arena *a = app->tasks ? arena_new(LOOK_BYTES) : NULL;
	struct request *r;

	if (!a)
		return;
	r = ARENA_NEW(a, struct request);
	request_init(r);
	r->kind = REQUEST_TIMER;
	r->source = SOURCE_SYSTEM;
	r->timer = "oncall:@plan:look";
	r->due_ms = clock_now_ms(&app->clock);
	tasks_submit(app->tasks, a, r, NULL, 0, NULL, NULL);
}

/* Plan and words together, or nothing of both: the old ones go on. */
static int app_load_plan(struct app *app)
{
	struct plan_report *report = plan_report_new();
	struct err e = {0};
	struct plan *plan = NULL;
	struct words *words = NULL;
	struct buf faults;

	buf_init(&faults, 64 * 1024);
	if (report)
		plan = plan_load(app->o->plan_path, report);
	if (plan)
		words = words_load(plan->template_dir, &e);
	if (report)
		log_findings(report);
	plan_report_free(report);
	if (e.code != ERR_NONE)
		log_write(LOG_ERROR, "plan", NULL, "the plan's templates cannot be read", "why", e.text, NULL);
	if (words && words_check(words, &faults) > 0) {
		log_write(LOG_ERROR, "plan", NULL, "templates have faults", "faults", buf_text(&faults), NULL);
		words_free(words);
		words = NULL;
	}
	buf_release(&faults);
	metrics_inc1(METRIC_PLAN_LOADS, words ? 0 : 1);
	if (!words) {
		plan_unref(plan);
		return -1;
	}
	plan_unref(app->plan);
	words_free(app->words);
	app->plan = plan;
	app->words = words;
	metrics_set(METRIC_PLAN_LOADED_AT, 0, (double)clock_wall_ms() / 1000);
	log_write(LOG_INFO, "plan", NULL, "the plan is in force", "plan", app->o->plan_path, "name",
		plan->name, NULL);
	return 0;
}

static void on_signal_hup(uv_signal_t *h, int signum)
{
	struct app *app = h->data;

	(void)signum;
	if (app->told_ready)
		systemd_reloading();
	app->plan_refused = app_load_plan(app) < 0;
	if (app->plan_refused)
		log_write(LOG_ERROR, "plan", NULL, "the new plan is refused, the old one goes on", NULL);
	else
		app_look_at_plan(app);
	if (app->told_ready)
		systemd_ready(app->plan_refused ? "running; the newest plan was refused, see the log" : "running");
}

/* --- readiness, gauges, watchdog ------------------------------------------------------------- */

static void app_write_ready_file(struct app *app)
{
	char tmp[4096];
	FILE *f;

	if (!app->o->ready_file)
		return;
	snprintf(tmp, sizeof(tmp), "%s.tmp", app->o->ready_file);
	f = fopen(tmp, "w");
	if (f) {
		fprintf(f, "%u\n", app->web ? web_port(app->web) : 0);
		fclose(f);
	}
	if (!f || rename(tmp, app->o->ready_file) < 0)
		log_write(LOG_WARN, "app", NULL, "cannot write the ready file", "path", app->o->ready_file,
			"why", strerror(errno), NULL);
}

static void app_look_ready(struct app *app)
{
	if (app->told_ready || app->stage != APP_RUNNING || !store_ready(app->store) ||
		!slack_connected(app->slack))
		return;
	app->told_ready = true;
	app_look_at_plan(app);
	app_write_ready_file(app);
	systemd_ready("running");
	log_write(LOG_INFO, "app", NULL, "ready", NULL);
}

static void app_warnings(void *ud, struct buf *out)
{
	struct app *app = ud;
	const char *trouble = app->server ? server_trouble(app->server) : "";

	if (*trouble)
		buf_printf(out, "warning: %s\n", trouble);
	if (app->plan_refused)
		buf_printf(out, "warning: the newest plan was refused and an older one is in force: "
			"tocsin check %s says why\n", app->o->plan_path);
}

static void on_uv_watch(uv_timer_t *h)
{
	struct app *app = h->data;

	app_look_ready(app);
	store_refresh_stats(app->store);
	if (systemd_watchdog_interval_ms())
		systemd_watchdog();
}

/* --- what others tell us -------------------------------------------------------------------------- */

static void on_store_state(void *ud, bool ready)
{
	struct app *app = ud;

	if (app->stage == APP_CLOSING)
		return;
	tasks_store_changed(app->tasks, ready);
	if (ready) {
		timers_wake(app->timers);
		outbox_wake(app->outbox, OUTBOX_ALL_LANES);
		app_look_ready(app);
	}
}

static void on_store_wake(void *ud, unsigned lanes, bool timers)
{
	struct app *app = ud;

	if (app->stage == APP_CLOSING)
		return;
	if (timers)
		timers_wake(app->timers);
	outbox_wake(app->outbox, lanes);
}

static void on_slack_state(void *ud, bool connected)
{
	struct app *app = ud;

	(void)connected;
	if (app->stage == APP_RUNNING && app->slack)
		app_look_ready(app);
}

static void on_server_ready(void *ud)
{
	struct app *app = ud;

	if (app->stage != APP_CLOSING && app->store)
		store_try_now(app->store);
}

static void on_server_failed(void *ud, const char *why)
{
	struct app *app = ud;

	log_write(LOG_ERROR, "app", NULL, "the embedded Redis cannot run", "why", why, NULL);
	app->exit_code = 1;
	raise(SIGTERM);
}

/* --- going ------------------------------------------------------------------------------------------ */

static void app_close(struct app *app)
{
	app->stage = APP_CLOSING;
	uv_close((uv_handle_t *)&app->on_term, NULL);
	uv_close((uv_handle_t *)&app->on_int, NULL);
	uv_close((uv_handle_t *)&app->on_hup, NULL);
	uv_close((uv_handle_t *)&app->watch, NULL);
	uv_close((uv_handle_t *)&app->drain, NULL);
	link_key_close(app->link_key);
	/* The store tells whoever waits for it, then the tasks tell whoever waits for them: all of
	 * those are still there. Only then do the senders go, and last who waits for them. */
	store_close(app->store);
	if (app->tasks)
		tasks_close(app->tasks);
	web_close(app->web);
	if (app->timers)
		timers_close(app->timers);
	if (app->reach)
		app->reach->close(app->reach->self);
	if (app->slack)
		slack_close(app->slack);
	if (app->outbox)
		outbox_close(app->outbox);
	if (app->http)
		http_client_close(app->http);
	if (app->lws)
		lws_house_close(app->lws);
	if (app->server)
		server_stop(app->server, NULL, NULL);
}

static void on_uv_drain(uv_timer_t *h)
{
	struct app *app = h->data;
	size_t left = tasks_running(app->tasks) + outbox_in_flight(app->outbox) +
		slack_in_flight(app->slack) + (app->web ? web_in_flight(app->web) : 0);

	if (left > 0 && clock_monotonic_ms() < app->stop_at)
		return;
	if (left > 0)
		log_write(LOG_WARN, "app", NULL, "not all that was in flight ended in time; it is kept",
			"left", log_int((long long)left), NULL);
	app_close(app);
}

static void on_signal_end(uv_signal_t *h, int signum)
{
	struct app *app = h->data;

	if (app->stage != APP_RUNNING)
		return;
	app->stage = APP_DRAINING;
	app->stop_at = clock_monotonic_ms() + STOP_PATIENCE_MS;
	log_write(LOG_INFO, "app", NULL, "stopping", "signal", signum == SIGINT ? "SIGINT" : "SIGTERM", NULL);
	systemd_stopping();
	slack_stop(app->slack);
	if (app->web)
		web_stop(app->web);
	timers_stop(app->timers);
	outbox_stop(app->outbox);
	uv_timer_start(&app->drain, on_uv_drain, STOP_LOOK_MS, STOP_LOOK_MS);
}

/* --- coming -------------------------------------------------------------------------------------------- */

static int app_open_store(struct app *app, struct err *e)
{
	char instance[64];
	struct store_options so = {
		.url = app->o->redis_url, .workspace = app->o->workspace, .instance = instance,
		.on_state = on_store_state, .on_wake = on_store_wake, .ud = app,
	};
	struct server_options server = {
		.data_dir = app->o->data_dir, .fsync = app->o->redis_fsync, .on_ready = on_server_ready,
		.on_failed = on_server_failed, .ud = app,
	};
	uint64_t unique = 0;

	uv_random(NULL, NULL, &unique, sizeof(unique), 0, NULL);
	snprintf(instance, sizeof(instance), "%ld-%016llx", (long)getpid(), (unsigned long long)unique);
	if (!so.url) {
		app->server = server_start(&app->loop, &server, e);
		if (!app->server)
			return -1;
		so.url = server_url(app->server);
	}
	app->store = store_open(&app->loop, &so, e);
	return app->store ? 0 : -1;
}

static int app_open_work(struct app *app, struct err *e)
{
	struct tasks_options to = {
		.loop = &app->loop, .store = app->store, .clock = &app->clock,
		.plan_take = app_plan_take, .plan_give = app_plan_give, .ud = app,
	};
	struct outbox_options oo = {
		.loop = &app->loop, .store = app->store, .clock = &app->clock,
		.plan_take = app_plan_take, .plan_give = app_plan_give, .ud = app,
	};

	app->tasks = tasks_new(&to);
	if (!app->tasks)
		return err_set(e, ERR_MEMORY, "out of memory");
	oo.tasks = app->tasks;
	app->timers = timers_new(&app->loop, app->store, app->tasks, &app->clock);
	app->outbox = outbox_new(&oo);
	app->http = http_client_new(&app->loop, e);
	app->lws = lws_house_new(&app->loop, e);
	if (!app->timers || !app->outbox || !app->http || !app->lws)
		return err_set(e, ERR_MEMORY, "out of memory");
	return 0;
}

static int app_open_doors(struct app *app, struct err *e)
{
	const struct app_options *o = app->o;
	struct slack_options so = {
		.loop = &app->loop, .lws = lws_house_context(app->lws), .http = app->http,
		.tasks = app->tasks, .clock = &app->clock, .app_token = o->slack_app_token,
		.bot_token = o->slack_bot_token, .signing_secret = o->slack_signing_secret,
		.api_url = o->slack_api_url, .sockets = o->sockets, .words = app_words,
		.on_state = on_slack_state, .ud = app,
	};
	struct reach_options ro = {
		.loop = &app->loop, .http = app->http, .clock = &app->clock, .words = app_words, .ud = app,
	};
	struct web_options wo = {
		.loop = &app->loop, .listen = o->listen, .store = app->store, .tasks = app->tasks,
		.clock = &app->clock, .words = app_words, .plan_take = app_plan_take,
		.plan_give = app_plan_give, .warnings = app_warnings, .ud = app,
	};

	app->link_key = link_key_new(&app->loop, app->store, &app->clock, o->link_secret, e);
	if (!app->link_key)
		return -1;
	ro.link_key = wo.link_key = app->link_key;
	if (strcmp(o->listen, "none") != 0) {
		app->web = web_open(&wo, e);
		if (!app->web)
			return -1;
	}
	app->slack = slack_start(&so, e);
	if (!app->slack)
		return -1;
	if (app->web)
		web_set_slack(app->web, app->slack);
	app->reach = reach_new(&ro, e);
	if (!app->reach)
		return -1;
	outbox_add_sender(app->outbox, slack_sender(app->slack));
	outbox_add_sender(app->outbox, app->reach);
	return 0;
}

static void app_signals(struct app *app)
{
	uv_signal_init(&app->loop, &app->on_term);
	uv_signal_init(&app->loop, &app->on_int);
	uv_signal_init(&app->loop, &app->on_hup);
	uv_timer_init(&app->loop, &app->watch);
	uv_timer_init(&app->loop, &app->drain);
	app->on_term.data = app->on_int.data = app->on_hup.data = app;
	app->watch.data = app->drain.data = app;
	uv_signal_start(&app->on_term, on_signal_end, SIGTERM);
	uv_signal_start(&app->on_int, on_signal_end, SIGINT);
	uv_signal_start(&app->on_hup, on_signal_hup, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
}

int app_run(const struct app_options *o)
{
	struct app *app = calloc(1, sizeof(*app));
	struct err e = {0};
	int code;

	if (!app)
		return 1;
	app->o = o;
	clock_init(&app->clock, o->clock_start_ms, o->clock_speed);
	metrics_set(METRIC_START_TIME, 0, (double)clock_wall_ms() / 1000);
	if (app_load_plan(app) < 0) {
		log_write(LOG_ERROR, "app", NULL, "cannot start without a plan; `tocsin check` tells more", "plan",
			o->plan_path, NULL);
		free(app);
		return 1;
	}
	uv_loop_init(&app->loop);
	app_signals(app);
	if (app_open_store(app, &e) < 0 || app_open_work(app, &e) < 0 || app_open_doors(app, &e) < 0) {
		log_write(LOG_ERROR, "app", NULL, "cannot start", "why", e.text, NULL);
		app->exit_code = 1;
		app_close(app);
	} else {
		uv_timer_start(&app->watch, on_uv_watch, 0, WATCH_MS);
		log_write(LOG_INFO, "app", NULL, "starting", "version", TOCSIN_VERSION, "http",
			app->web ? web_address(app->web) : "none", NULL);
	}
	uv_run(&app->loop, UV_RUN_DEFAULT);
	if (app->lws)
		lws_house_finish(app->lws);
	if (uv_loop_close(&app->loop) != 0)
		log_write(LOG_WARN, "app", NULL, "the loop did not end empty", NULL);
	plan_unref(app->plan);
	words_free(app->words);
	code = app->exit_code;
	free(app);
	log_write(LOG_INFO, "app", NULL, "stopped", NULL);
	return code;
}
