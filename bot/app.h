/*
 * app.h - the house: owns the loop, every client and the order in which they come and go.
 *
 * Start: plan, words, Redis (embedded or given), store, tasks, timers, outbox, HTTP, Slack.
 * Stop (SIGTERM, SIGINT): intake stops, what is in flight is finished within STOP_PATIENCE_MS,
 * then everything closes in the opposite order and the loop runs dry. What was promised and not
 * delivered stays in the outbox.
 */
#ifndef TOCSIN_BOT_APP_H
#define TOCSIN_BOT_APP_H

#include <stdbool.h>
#include <stdint.h>

struct err;

struct app_options {
	const char *plan_path;
	const char *data_dir;     /* embedded Redis, link key */
	const char *workspace;    /* hash tag of all keys */
	const char *redis_url;    /* NULL: embedded */
	const char *redis_fsync;  /* embedded: "always" or "everysec" */
	const char *listen;       /* "127.0.0.1:8080"; "none" */
	const char *ready_file;   /* written once everything is up: the HTTP port; or NULL */
	const char *slack_api_url;/* NULL: the real one */
	const char *slack_app_token; /* "" : signed HTTP requests instead of sockets */
	const char *slack_bot_token;
	const char *slack_signing_secret;
	const char *link_secret;  /* signs acknowledgement links; "" : kept in Redis */
	unsigned sockets;
	int64_t clock_start_ms;
	double clock_speed;
};

/* Runs until told to stop. Returns the exit code. */
int app_run(const struct app_options *o);
#endif
