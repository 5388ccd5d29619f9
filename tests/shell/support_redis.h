/*
 * support_redis.h - a real redis-server for a test: on a Unix socket in a folder of its own,
 * gone with the test, even when that crashes.
 */
#ifndef TOCSIN_TESTS_SUPPORT_REDIS_H
#define TOCSIN_TESTS_SUPPORT_REDIS_H

#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

struct redisContext;
struct redisReply;

struct test_redis {
	pid_t pid; /* 0: not running */
	char dir[64];
	char socket[96];
	char url[128];
	char args[8][64]; /* further arguments, kept for restarts */
	int n_args;
	unsigned long file_limit;    /* not 0: a file that would become bigger cannot be written */
	struct redisContext *direct; /* for redis_ask() */
};

/* Starts one; arguments of redis-server until NULL. Fails the test when it does not come up. */
void redis_start(struct test_redis *r, ...) __attribute__((sentinel));
void redis_kill(struct test_redis *r);    /* SIGKILL, and waits for its end */
void redis_end(struct test_redis *r);     /* SIGTERM, and waits: everything is on disk */
void redis_restart(struct test_redis *r); /* with the same folder and arguments */
void redis_stop(struct test_redis *r);    /* and removes the folder */

/* A command beside the tested program; the reply is good until the next one. */
struct redisReply *redis_ask(struct test_redis *r, const char *fmt, ...);
long long redis_ask_int(struct test_redis *r, const char *fmt, ...);

/* Runs the loop until done(ud) is true; fails the test after ten seconds... */
void loop_until(uv_loop_t *loop, bool (*done)(void *ud), void *ud);
void loop_until_flag(uv_loop_t *loop, const bool *flag);
/* ...until n turns have passed... */
void loop_turns(uv_loop_t *loop, int n);
/* ...or until nothing is left; then closes it and fails the test when something stayed open. */
void loop_finish(uv_loop_t *loop);
#endif
