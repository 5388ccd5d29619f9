/*
 * support_fake.h - the fake Slack for tests: started, asked and stopped.
 *
 * Asking runs the test's own loop until the answer is there, so the code under test goes on
 * working meanwhile. Its admin API is described in tests/fake_slack/README.md.
 */
#ifndef TESTS_SUPPORT_FAKE_H
#define TESTS_SUPPORT_FAKE_H

#include <jansson.h>
#include <stdbool.h>
#include <uv.h>

#define FAKE_BOT_TOKEN "xoxb-fake-bot-token"
#define FAKE_APP_TOKEN "xapp-1-A0TOCSIN-fake"

struct fake;
struct http_client;

/* http: for the admin calls; the caller's. args: further arguments, NULL-terminated, or NULL. */
struct fake *fake_start(uv_loop_t *loop, struct http_client *http, const char *const *args);
/* "http://127.0.0.1:PORT/api/" */
const char *fake_api(const struct fake *f);
/* POST /admin/<path> with a JSON object; the answer, which the caller frees. body: a format for
 * json text. Fails the test unless ok. */
json_t *fake_post(struct fake *f, const char *path, const char *body, ...)
	__attribute__((format(printf, 3, 4)));
json_t *fake_get(struct fake *f, const char *path);
/* The same, only for its effect. */
void fake_do(struct fake *f, const char *path, const char *body, ...)
	__attribute__((format(printf, 3, 4)));
/* Starts a POST and returns at once; *answer is set when it is there (the caller frees it). */
void fake_begin(struct fake *f, const char *path, const char *body, json_t **answer);
/* Runs the loop until *answer is there. */
json_t *fake_end(struct fake *f, json_t **answer);
long long fake_counter(struct fake *f, const char *name);
/* What the fake complained about, except limits; 0: nothing. Printed when there is something. */
size_t fake_complaints(struct fake *f);
/* Ends it; returns its exit code (0: it leaked nothing itself). */
int fake_stop(struct fake *f);
#endif
