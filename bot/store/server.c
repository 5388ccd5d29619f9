/* server.c - see server.h. The process and its states; the folder is server_dir.c's. */
#include "bot/store/server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bot/log.h"
#include "bot/store/server_dir.h"
#include "tocsin/err.h"

#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 5000
#define STEADY_MS 30000       /* after so long the next pause is short again */
#define ASK_MS 5              /* between attempts to reach it while it starts */
#define LOCK_MS 50            /* between attempts to get a folder whose owner is ending */
#define LOCK_TRIES 200
#define DISK_MS 2000
#define DISK_MIN_BYTES ((uint64_t)32 * 1024 * 1024)
#define STOP_MS 15000         /* then it is killed */

enum server_state {
	SERVER_LOCKING,  /* for the redis-server of a tocsin that was killed to end */
	SERVER_STARTING, /* for its answer to PING */
	SERVER_READY,
	SERVER_PAUSED,   /* it ended; for the next start */
	SERVER_FAILED,   /* for server_stop() */
	SERVER_STOPPING, /* for its end */
	SERVER_CLOSING   /* for the close callbacks */
};

struct server {
	uv_loop_t *loop;
	enum server_state state;
	char dir[SERVER_DIR_MAX + 1];
	char socket[SERVER_DIR_MAX + 16];
	char url[SERVER_DIR_MAX + 32];
	char program[1024];
	char fsync[16];
	uint64_t disk_min_bytes;
	void (*on_ready)(void *ud);
	void (*on_failed)(void *ud, const char *why);
	void *ud;
	void (*stopped_fn)(void *ud);
	void *stopped_ud;

	int lock_fd;        /* inherited by the child: the folder is taken while either lives */
	unsigned lock_tries;
	pid_t pid;          /* 0: not running */
	uv_poll_t *watch;   /* on its pidfd, NULL without; freed in its close callback */
	uv_timer_t timer;   /* next attempt of the state's business */
	uv_timer_t disk;
	uv_pipe_t *line;    /* our own connection, NULL without; freed in its close callback */
	uv_connect_t connect;
	char heard[256];
	bool low;           /* writes are refused */
	bool low_told;      /* ... and it was told so on this line */
	unsigned failures;
	uint64_t started_ms;
	unsigned handles;   /* timers not closed yet */
	char trouble[512];
};

static void child_start(struct server *s);

/* --- our own connection to it --- */

struct sent {
	uv_write_t req;
	char text[64];
};

static void on_uv_line_close(uv_handle_t *h)
{
	free(h);
}

static void line_close(struct server *s)
{
	if (!s->line)
		return;
	s->line->data = NULL;
	uv_close((uv_handle_t *)s->line, on_uv_line_close);
	s->line = NULL;
}

static void on_uv_written(uv_write_t *req, int status)
{
	(void)status; /* its end is told by the process's end */
	free(req->data);
}

static void line_say(struct server *s, const char *text)
{
	struct sent *w = calloc(1, sizeof(*w));
	uv_buf_t buf;
	int n;

	if (!w || !s->line) {
		free(w);
		return;
	}
	n = snprintf(w->text, sizeof(w->text), "%s\r\n", text);
	buf = uv_buf_init(w->text, (unsigned)n);
	w->req.data = w;
	if (uv_write(&w->req, (uv_stream_t *)s->line, &buf, 1, on_uv_written) < 0)
		free(w);
}

/* --- free space --- */

static bool disk_low(const struct server *s)
{
	struct statvfs v;

	return statvfs(s->dir, &v) == 0 && (uint64_t)v.f_bavail * v.f_frsize < s->disk_min_bytes;
}

/* A Redis that syncs every write ends itself when the disk is full. One that misses replicas it
 * never had just says no: that is the answer we want while there is time. */
static void disk_look(struct server *s)
{
	bool low = disk_low(s);

	if (low != s->low || low != s->low_told)
		line_say(s, low ? "CONFIG SET min-replicas-to-write 1" : "CONFIG SET min-replicas-to-write 0");
	s->low_told = low;
	if (low == s->low)
		return;
	s->low = low;
	s->trouble[0] = '\0';
	if (low) {
		snprintf(s->trouble, sizeof(s->trouble), "The disk of %s is nearly full: nothing new is "
			"recorded until there is space again.", s->dir);
		log_write(LOG_ERROR, "redis", NULL, "disk nearly full, writes are refused", "folder", s->dir,
			NULL);
	} else {
		log_write(LOG_INFO, "redis", NULL, "disk space is back, writes are taken", "folder", s->dir,
			NULL);
	}
}

static void on_uv_disk(uv_timer_t *t)
{
	struct server *s = t->data;

	if (s->state == SERVER_READY)
		disk_look(s);
}

/* --- starting --- */

static void failed(struct server *s, const char *why)
{
	s->state = SERVER_FAILED;
	snprintf(s->trouble, sizeof(s->trouble), "%s", why);
	if (s->on_failed)
		s->on_failed(s->ud, s->trouble);
}

static void ready(struct server *s)
{
	s->state = SERVER_READY;
	uv_timer_stop(&s->timer);
	s->trouble[0] = '\0';
	s->low = s->low_told = false;
	disk_look(s);
	log_write(LOG_INFO, "redis", NULL, "embedded Redis is ready", "pid", log_int(s->pid), "folder",
		s->dir, "fsync", s->fsync, NULL);
	if (s->on_ready)
		s->on_ready(s->ud);
}

static void on_uv_alloc(uv_handle_t *h, size_t wanted, uv_buf_t *buf)
{
	struct server *s = h->data;

	(void)wanted;
	*buf = s ? uv_buf_init(s->heard, sizeof(s->heard)) : uv_buf_init(NULL, 0);
}

static void on_uv_heard(uv_stream_t *line, ssize_t n, const uv_buf_t *buf)
{
	struct server *s = line->data;

	if (!s || n == 0)
		return;
	if (n > 0 && s->state == SERVER_STARTING && buf->base[0] == '+')
		ready(s);
	else if (n < 0 || s->state == SERVER_STARTING)
		line_close(s); /* the end, or -LOADING: the timer asks again */
}

static void on_uv_connected(uv_connect_t *req, int status)
{
	struct server *s = req->handle->data;

	if (!s)
		return;
	if (status < 0) {
		line_close(s);
		return;
	}
	uv_read_start(req->handle, on_uv_alloc, on_uv_heard);
	line_say(s, "PING");
}

static void on_uv_ask(uv_timer_t *t)
{
	struct server *s = t->data;

	if (s->state != SERVER_STARTING || s->line)
		return;
	s->line = calloc(1, sizeof(*s->line));
	if (!s->line)
		return;
	uv_pipe_init(s->loop, s->line, 0);
	s->line->data = s;
	uv_pipe_connect(&s->connect, s->line, s->socket, on_uv_connected);
}

static void on_uv_pause_over(uv_timer_t *t)
{
	child_start(t->data);
}

static void again_later(struct server *s)
{
	uint64_t pause = PAUSE_MIN_MS;
	unsigned i;

	if (uv_now(s->loop) - s->started_ms > STEADY_MS)
		s->failures = 0;
	for (i = 0; i < s->failures && pause < PAUSE_MAX_MS; i++)
		pause *= 2;
	s->failures++;
	s->state = SERVER_PAUSED;
	uv_timer_start(&s->timer, on_uv_pause_over, pause > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause, 0);
}

/* --- the process --- */

static void closed_check(struct server *s)
{
	void (*fn)(void *) = s->stopped_fn;
	void *ud = s->stopped_ud;

	if (s->state != SERVER_CLOSING || s->handles)
		return;
	free(s);
	if (fn)
		fn(ud);
}

static void on_uv_close(uv_handle_t *h)
{
	struct server *s = h->data;

	s->handles--;
	closed_check(s);
}

static void finish(struct server *s)
{
	s->state = SERVER_CLOSING;
	line_close(s);
	server_dir_unlock(s->lock_fd);
	uv_close((uv_handle_t *)&s->timer, on_uv_close);
	uv_close((uv_handle_t *)&s->disk, on_uv_close);
}

static void ended_log(struct server *s, int status)
{
	char how[64], last[256];

	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "signal %d", WTERMSIG(status));
	else
		snprintf(how, sizeof(how), "exit code %d", WEXITSTATUS(status));
	server_dir_last_words(s->dir, last, sizeof(last));
	snprintf(s->trouble, sizeof(s->trouble), "The embedded Redis ended (%s) and is being started "
		"again. Its last words: %s", how, last);
	log_write(LOG_ERROR, "redis", NULL, "embedded Redis ended", "how", how, "last_words", last, NULL);
}

static void on_uv_watch_close(uv_handle_t *h)
{
	free(h);
}

static void on_uv_ended(uv_poll_t *h, int status, int events)
{
	struct server *s = h->data;
	int fd, how = 0;

	(void)status;
	(void)events;
	if (waitpid(s->pid, &how, WNOHANG) != s->pid)
		return;
	s->pid = 0;
	s->watch = NULL;
	uv_fileno((uv_handle_t *)h, &fd);
	uv_close((uv_handle_t *)h, on_uv_watch_close);
	close(fd);
	line_close(s);
	uv_timer_stop(&s->timer);
	if (s->state == SERVER_STOPPING) {
		finish(s);
		return;
	}
	ended_log(s, how);
	again_later(s);
}

/* Between fork and exec: only what is safe in the child of a process with threads. */
static _Noreturn void child_exec(const struct server *s, pid_t parent, const char **argv)
{
	sigset_t none;
	int fd;

	/* It ends when we do, even when we are killed. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
		_exit(126);
	setpgid(0, 0); /* a Ctrl-C is for us: we end it when the store is closed */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(077);
	fd = open("/dev/null", O_RDWR);
	if (fd >= 0) {
		dup2(fd, STDIN_FILENO);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
	}
	fcntl(s->lock_fd, F_SETFD, 0);
	execv(s->program, (char *const *)(uintptr_t)argv);
	_exit(127);
}

static bool child_watch(struct server *s)
{
	int fd = pidfd_open(s->pid, 0);

	s->watch = fd >= 0 ? calloc(1, sizeof(*s->watch)) : NULL;
	if (!s->watch || uv_poll_init(s->loop, s->watch, fd) < 0) {
		free(s->watch);
		s->watch = NULL;
		if (fd >= 0)
			close(fd);
		return false;
	}
	s->watch->data = s;
	uv_poll_start(s->watch, UV_READABLE, on_uv_ended);
	return true;
}

static void child_start(struct server *s)
{
	const char *argv[] = {s->program, "--port", "0", "--unixsocket", s->socket, "--unixsocketperm", "700",
		"--dir", s->dir, "--appendonly", "yes", "--appendfsync", s->fsync, "--save", "",
		"--maxmemory-policy", "noeviction", "--databases", "1", "--daemonize", "no", "--logfile",
		SERVER_LOG, "--aof-load-truncated", "yes", NULL};
	pid_t self = getpid();

	s->started_ms = uv_now(s->loop);
	s->pid = fork();
	if (s->pid == 0)
		child_exec(s, self, argv);
	if (s->pid > 0 && !child_watch(s)) {
		kill(s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
		s->pid = -1;
	}
	if (s->pid < 0) {
		s->pid = 0;
		log_write(LOG_ERROR, "redis", NULL, "cannot start redis-server", "error", strerror(errno),
			NULL);
		again_later(s);
		return;
	}
	s->state = SERVER_STARTING;
	uv_timer_start(&s->timer, on_uv_ask, ASK_MS, ASK_MS);
}

/* --- the folder --- */

static void on_uv_lock(uv_timer_t *t)
{
	struct server *s = t->data;
	char why[400];

	s->lock_fd = server_dir_lock(s->dir, why, sizeof(why));
	if (s->lock_fd >= 0) {
		uv_timer_stop(t);
		child_start(s);
	} else if (s->lock_fd == SERVER_DIR_TAKEN || ++s->lock_tries >= LOCK_TRIES) {
		uv_timer_stop(t);
		failed(s, why);
	}
}

struct server *server_start(uv_loop_t *loop, const struct server_options *o, struct err *err)
{
	struct server *s = calloc(1, sizeof(*s));
	const char *when = o->fsync ? o->fsync : "always";
	char why[400];

	if (!s) {
		err_set(err, ERR_MEMORY, "out of memory");
		return NULL;
	}
	signal(SIGPIPE, SIG_IGN); /* our line to it ends when it does */
	s->lock_fd = -1;
	if (strcmp(when, "always") != 0 && strcmp(when, "everysec") != 0) {
		err_set(err, ERR_CONFIG, "fsync must be \"always\" or \"everysec\", not \"%s\"", when);
		goto fail;
	}
	if (server_program_find(o->program, s->program, sizeof(s->program), err) < 0 ||
		server_dir_make(o->data_dir, s->dir, err) < 0)
		goto fail;
	s->lock_fd = server_dir_lock(s->dir, why, sizeof(why));
	if (s->lock_fd == SERVER_DIR_TAKEN || s->lock_fd == SERVER_DIR_BROKEN) {
		err_set(err, ERR_CONFIG, "%s", why);
		goto fail;
	}
	s->loop = loop;
	s->disk_min_bytes = o->disk_min_bytes ? o->disk_min_bytes : DISK_MIN_BYTES;
	s->on_ready = o->on_ready;
	s->on_failed = o->on_failed;
	s->ud = o->ud;
	snprintf(s->fsync, sizeof(s->fsync), "%s", when);
	snprintf(s->socket, sizeof(s->socket), "%s/redis.sock", s->dir);
	snprintf(s->url, sizeof(s->url), "unix://%s", s->socket);
	uv_timer_init(loop, &s->timer);
	uv_timer_init(loop, &s->disk);
	s->timer.data = s->disk.data = s;
	s->handles = 2;
	uv_timer_start(&s->disk, on_uv_disk, DISK_MS, DISK_MS);
	if (s->lock_fd >= 0)
		child_start(s);
	else
		uv_timer_start(&s->timer, on_uv_lock, LOCK_MS, LOCK_MS);
	return s;
fail:
	free(s);
	return NULL;
}

const char *server_url(const struct server *s)
{
	return s->url;
}

const char *server_trouble(const struct server *s)
{
	return s->trouble;
}

int server_pid(const struct server *s)
{
	return s->pid;
}

static void on_uv_stop_late(uv_timer_t *t)
{
	struct server *s = t->data;

	log_write(LOG_ERROR, "redis", NULL, "embedded Redis does not end, killing it", NULL);
	kill(s->pid, SIGKILL);
}

void server_stop(struct server *s, void (*fn)(void *ud), void *ud)
{
	if (!s)
		return;
	s->stopped_fn = fn;
	s->stopped_ud = ud;
	s->on_ready = NULL;
	s->on_failed = NULL;
	uv_timer_stop(&s->timer);
	if (!s->pid) {
		finish(s);
		return;
	}
	s->state = SERVER_STOPPING;
	/* Either way it syncs its log first; told by command it does not wait for its next tick. */
	line_say(s, "SHUTDOWN NOSAVE");
	kill(s->pid, SIGTERM);
	uv_timer_start(&s->timer, on_uv_stop_late, STOP_MS, 0);
}
