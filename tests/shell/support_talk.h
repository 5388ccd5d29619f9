/*
 * support_talk.h - a raw HTTP client for tests, on the test's own loop: sends exactly these bytes
 * and keeps what comes back. A guard of 20 s turns a hang into a failure.
 */
#ifndef TESTS_SUPPORT_TALK_H
#define TESTS_SUPPORT_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct talk;

/* Connects to "127.0.0.1:PORT". */
struct talk *talk_new(uv_loop_t *loop, const char *address);
void talk_send(struct talk *t, const char *bytes, size_t len); /* len 0: strlen(bytes) */
/* Runs the loop until this text was received; false when the peer closed before. */
bool talk_wait(struct talk *t, const char *text);
/* Runs the loop until n whole answers (Content-Length) are there, or the peer closed. */
bool talk_answers(struct talk *t, unsigned n);
/* Runs the loop until the peer closed. */
void talk_wait_closed(struct talk *t);
bool talk_closed(const struct talk *t);
const char *talk_text(const struct talk *t); /* everything received, NUL-terminated */
void talk_read_stop(struct talk *t);
void talk_free(struct talk *t); /* closes and runs the loop until it is gone */

/* One request, one connection: everything that came back. Lives until the next call. */
const char *talk_once(uv_loop_t *loop, const char *address, const char *bytes, size_t len);
#endif
