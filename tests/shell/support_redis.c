/* support_redis.c - see support_redis.h. */
#include "support_redis.h"

#include <errno.h>
#include <ftw.h>
#include <hiredis/hiredis.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define GUARD_MS 10000

static redisReply *last_reply;

/* Its own word that it is ready, on its standard output: no guessing how long that takes. */
static void ready_wait(int fd)
{
	char line[4096];
	FILE *f = fdopen(fd, "r");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (strstr(line, "eady to accept connections")) {
			fclose(f);
			return;
		}
	}
	fail_msg("redis-server did not start");
}

static void child_run(struct test_redis *r, int out)
{
	const char *argv[32] = {"redis-server", "--port", "0", "--unixsocket", r->socket, "--dir",
		r->dir, "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--loglevel",
		"notice"};
	int n = 15, i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN); /* we read its log only until it is ready */
	if (r->file_limit) {
		const struct rlimit limit = {r->file_limit, r->file_limit};

		signal(SIGXFSZ, SIG_IGN); /* the write fails instead, as on a full disk */
		setrlimit(RLIMIT_FSIZE, &limit);
	}
	for (i = 0; i < r->n_args; i++)
		argv[n++] = r->args[i];
	argv[n] = NULL;
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

void redis_restart(struct test_redis *r)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	r->pid = fork();
	assert_true(r->pid >= 0);
	if (r->pid == 0) {
		close(fds[0]);
		child_run(r, fds[1]);
	}
	close(fds[1]);
	ready_wait(fds[0]);
}

void redis_start(struct test_redis *r, ...)
{
	const char *arg;
	va_list ap;

	memset(r, 0, sizeof(*r));
	snprintf(r->dir, sizeof(r->dir), "/tmp/tocsin-test-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	snprintf(r->socket, sizeof(r->socket), "%s/r.sock", r->dir);
	snprintf(r->url, sizeof(r->url), "unix://%s", r->socket);
	va_start(ap, r);
	while ((arg = va_arg(ap, const char *)) != NULL) {
		assert_true(r->n_args < 8);
		snprintf(r->args[r->n_args++], sizeof(r->args[0]), "%s", arg);
	}
	va_end(ap);
	redis_restart(r);
}

static void end(struct test_redis *r, int signal_number)
{
	if (r->direct)
		redisFree(r->direct);
	r->direct = NULL;
	if (r->pid > 0) {
		kill(r->pid, signal_number);
		waitpid(r->pid, NULL, 0);
	}
	r->pid = 0;
}

void redis_kill(struct test_redis *r)
{
	end(r, SIGKILL);
}

void redis_end(struct test_redis *r)
{
	end(r, SIGTERM);
}

static int on_nftw_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void redis_stop(struct test_redis *r)
{
	redis_kill(r);
	nftw(r->dir, on_nftw_remove, 16, FTW_DEPTH | FTW_PHYS);
	if (last_reply)
		freeReplyObject(last_reply);
	last_reply = NULL;
}

static redisReply *ask(struct test_redis *r, const char *fmt, va_list ap)
{
	if (!r->direct)
		r->direct = redisConnectUnix(r->socket);
	assert_non_null(r->direct);
	assert_int_equal(r->direct->err, 0);
	if (last_reply)
		freeReplyObject(last_reply);
	last_reply = redisvCommand(r->direct, fmt, ap);
	assert_non_null(last_reply);
	return last_reply;
}

struct redisReply *redis_ask(struct test_redis *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	ask(r, fmt, ap);
	va_end(ap);
	return last_reply;
}

long long redis_ask_int(struct test_redis *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	ask(r, fmt, ap);
	va_end(ap);
	assert_int_equal(last_reply->type, REDIS_REPLY_INTEGER);
	return last_reply->integer;
}

static void on_uv_guard(uv_timer_t *t)
{
	*(bool *)t->data = true;
}

void loop_until(uv_loop_t *loop, bool (*done)(void *ud), void *ud)
{
	uv_timer_t guard;
	bool late = false;

	uv_timer_init(loop, &guard);
	guard.data = &late;
	uv_timer_start(&guard, on_uv_guard, GUARD_MS, 0);
	while (!done(ud) && !late)
		uv_run(loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&guard, NULL);
	uv_run(loop, UV_RUN_NOWAIT);
	assert_false(late);
}

static bool flag_set(void *ud)
{
	return *(const bool *)ud;
}

void loop_until_flag(uv_loop_t *loop, const bool *flag)
{
	loop_until(loop, flag_set, (void *)(uintptr_t)flag);
}

void loop_turns(uv_loop_t *loop, int n)
{
	while (n--)
		uv_run(loop, UV_RUN_NOWAIT);
}

static void on_uv_stop(uv_timer_t *t)
{
	uv_stop(t->loop);
}

void loop_finish(uv_loop_t *loop)
{
	uv_timer_t guard;

	uv_timer_init(loop, &guard);
	uv_timer_start(&guard, on_uv_stop, GUARD_MS, 0);
	uv_unref((uv_handle_t *)&guard);
	uv_run(loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&guard, NULL);
	uv_run(loop, UV_RUN_NOWAIT);
	assert_int_equal(uv_loop_close(loop), 0);
}
