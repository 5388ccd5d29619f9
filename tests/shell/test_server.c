/* test_server.c - the embedded Redis: comes up, is restarted, ends cleanly, shares nothing. */
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
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "bot/store/server.h"
#include "support_redis.h"
#include "tocsin/err.h"

struct watcher {
	unsigned readies;
	unsigned wanted;
	bool failed, stopped;
	char why[512];
};

static char dir[64];

static void on_ready(void *ud)
{
	((struct watcher *)ud)->readies++;
}

static void on_failed(void *ud, const char *why)
{
	struct watcher *w = ud;

	w->failed = true;
	snprintf(w->why, sizeof(w->why), "%s", why);
}

static void on_stopped(void *ud)
{
	((struct watcher *)ud)->stopped = true;
}

static bool ready_enough(void *ud)
{
	const struct watcher *w = ud;

	return w->readies >= w->wanted;
}

static struct server *server_up(uv_loop_t *loop, struct watcher *w, uint64_t disk_min)
{
	const struct server_options o = {.data_dir = dir, .on_ready = on_ready, .on_failed = on_failed,
		.disk_min_bytes = disk_min, .ud = w};
	struct err err = {0};
	struct server *s;

	memset(w, 0, sizeof(*w));
	s = server_start(loop, &o, &err);
	assert_string_equal(err.text, "");
	assert_non_null(s);
	w->wanted = 1;
	loop_until(loop, ready_enough, w);
	return s;
}

static void server_down(uv_loop_t *loop, struct server *s, struct watcher *w)
{
	server_stop(s, on_stopped, w);
	loop_until_flag(loop, &w->stopped);
}

/* One command to it; an integer, or -1 for an error. text gets strings and errors. */
static long long ask(struct server *s, char *text, size_t size, const char *fmt, ...)
{
	redisContext *c = redisConnectUnix(server_url(s) + strlen("unix://"));
	redisReply *r;
	long long n = -1;
	va_list ap;

	assert_int_equal(c->err, 0);
	va_start(ap, fmt);
	r = redisvCommand(c, fmt, ap);
	va_end(ap);
	assert_non_null(r);
	snprintf(text, size, "%s", r->type == REDIS_REPLY_ARRAY ? r->element[1]->str : r->str ? r->str : "");
	if (r->type == REDIS_REPLY_INTEGER)
		n = r->integer;
	freeReplyObject(r);
	redisFree(c);
	return n;
}

static void test_comes_up_private_and_durable(void **state)
{
	struct watcher w;
	struct server *s;
	struct stat st;
	uv_loop_t loop;
	char text[256], path[128];

	(void)state;
	uv_loop_init(&loop);
	s = server_up(&loop, &w, 1);
	assert_string_equal(server_trouble(s), "");
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	snprintf(path, sizeof(path), "%s/redis.sock", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0077, 0);
	ask(s, text, sizeof(text), "CONFIG GET port");
	assert_string_equal(text, "0");
	ask(s, text, sizeof(text), "CONFIG GET appendonly");
	assert_string_equal(text, "yes");
	ask(s, text, sizeof(text), "CONFIG GET appendfsync");
	assert_string_equal(text, "always");
	ask(s, text, sizeof(text), "CONFIG GET maxmemory-policy");
	assert_string_equal(text, "noeviction");
	server_down(&loop, s, &w);
	loop_finish(&loop);
}

static void test_restarts_after_a_crash_with_its_data(void **state)
{
	struct watcher w;
	struct server *s;
	uv_loop_t loop;
	char text[256];
	int before;

	(void)state;
	uv_loop_init(&loop);
	s = server_up(&loop, &w, 1);
	ask(s, text, sizeof(text), "SET kept yes");
	before = server_pid(s);
	kill(before, SIGKILL);
	w.wanted = 2;
	loop_until(&loop, ready_enough, &w);
	assert_int_not_equal(server_pid(s), before);
	assert_string_equal(server_trouble(s), "");
	ask(s, text, sizeof(text), "GET kept");
	assert_string_equal(text, "yes");
	server_down(&loop, s, &w);

	s = server_up(&loop, &w, 1);
	ask(s, text, sizeof(text), "GET kept");
	assert_string_equal(text, "yes");
	server_down(&loop, s, &w);
	loop_finish(&loop);
}

static void test_refuses_a_folder_in_use(void **state)
{
	const struct server_options o = {.data_dir = dir};
	struct err err = {0};
	struct watcher w;
	struct server *s;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	s = server_up(&loop, &w, 1);
	assert_null(server_start(&loop, &o, &err));
	assert_int_equal(err.code, ERR_CONFIG);
	assert_non_null(strstr(err.text, "in use by another tocsin"));
	assert_non_null(strstr(err.text, "--data"));
	server_down(&loop, s, &w);
	loop_finish(&loop);
}

/* A tocsin that is killed takes its redis-server along, and the next one gets the folder. */
static void test_survives_its_owner_being_killed(void **state)
{
	struct watcher w;
	struct server *s;
	uv_loop_t loop;
	char text[256];
	int fds[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		uv_loop_init(&loop);
		s = server_up(&loop, &w, 1);
		ask(s, text, sizeof(text), "SET from-before yes");
		if (write(fds[1], "x", 1) == 1)
			raise(SIGKILL);
		_exit(1);
	}
	assert_int_equal(read(fds[0], text, 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(fds[0]);
	close(fds[1]);

	uv_loop_init(&loop);
	s = server_up(&loop, &w, 1);
	ask(s, text, sizeof(text), "GET from-before");
	assert_string_equal(text, "yes");
	server_down(&loop, s, &w);
	loop_finish(&loop);
}

static void test_says_what_is_missing(void **state)
{
	struct server_options o = {.data_dir = dir, .program = "no-such-redis-server"};
	struct err err = {0};
	uv_loop_t loop;
	char deep[256];

	(void)state;
	uv_loop_init(&loop);
	assert_null(server_start(&loop, &o, &err));
	assert_non_null(strstr(err.text, "install redis-server"));
	assert_non_null(strstr(err.text, "REDIS_URL"));

	err_clear(&err);
	o.program = NULL;
	o.fsync = "sometimes";
	assert_null(server_start(&loop, &o, &err));
	assert_non_null(strstr(err.text, "\"always\" or \"everysec\""));

	err_clear(&err);
	o.fsync = NULL;
	o.data_dir = "/dev/null/data";
	assert_null(server_start(&loop, &o, &err));
	assert_non_null(strstr(err.text, "/dev/null/data"));

	err_clear(&err);
	snprintf(deep, sizeof(deep), "%s/%0*d", dir, 90, 0);
	mkdir(dir, 0700);
	o.data_dir = deep;
	assert_null(server_start(&loop, &o, &err));
	assert_non_null(strstr(err.text, "shorter"));
	loop_finish(&loop);
}

/* Space is never really this short: the limit is moved instead. */
static void test_refuses_writes_before_the_disk_is_full(void **state)
{
	struct watcher w;
	struct server *s;
	uv_loop_t loop;
	char text[256];

	(void)state;
	uv_loop_init(&loop);
	s = server_up(&loop, &w, UINT64_MAX);
	assert_non_null(strstr(server_trouble(s), "nearly full"));
	do {
		loop_turns(&loop, 1);
		ask(s, text, sizeof(text), "CONFIG GET min-replicas-to-write");
	} while (strcmp(text, "1") != 0);
	ask(s, text, sizeof(text), "SET a b");
	assert_int_equal(strncmp(text, "NOREPLICAS", 10), 0);
	server_down(&loop, s, &w);
	loop_finish(&loop);
}

static int on_nftw_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/tocsin-server-XXXXXX");
	assert_non_null(mkdtemp(dir));
	return rmdir(dir);
}

static int teardown(void **state)
{
	(void)state;
	nftw(dir, on_nftw_remove, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_comes_up_private_and_durable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restarts_after_a_crash_with_its_data, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refuses_a_folder_in_use, setup, teardown),
		cmocka_unit_test_setup_teardown(test_survives_its_owner_being_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_says_what_is_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refuses_writes_before_the_disk_is_full, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
