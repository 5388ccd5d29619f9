/* server_dir.c - see server_dir.h. */
#include "bot/store/server_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tocsin/err.h"

#define LOG_KEEP_BYTES ((off_t)1 << 20)

static bool executable(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

int server_program_find(const char *name, char *out, size_t size, struct err *err)
{
	const char *path = getenv("PATH");

	if (!name)
		name = "redis-server";
	if (strchr(name, '/')) {
		snprintf(out, size, "%s", name);
		if (executable(out))
			return 0;
		return err_set(err, ERR_CONFIG, "%s is not a program that can be run", name);
	}
	if (!path || !*path)
		path = "/usr/local/bin:/usr/bin:/bin";
	while (*path) {
		size_t n = strcspn(path, ":");

		if (n && snprintf(out, size, "%.*s/%s", (int)n, path, name) < (int)size && executable(out))
			return 0;
		path += n + (path[n] == ':');
	}
	return err_set(err, ERR_CONFIG, "%s was not found: install redis-server (version 7 or newer) or "
		"set REDIS_URL to a Redis that runs already", name);
}

int server_dir_make(const char *path, char out[SERVER_DIR_MAX + 1], struct err *err)
{
	char full[PATH_MAX];

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_set(err, ERR_CONFIG, "data folder %s cannot be made: %s", path, strerror(errno));
	if (!realpath(path, full))
		return err_set(err, ERR_CONFIG, "data folder %s: %s", path, strerror(errno));
	if (strlen(full) > SERVER_DIR_MAX)
		return err_set(err, ERR_CONFIG, "data folder %s: the path is longer than %d bytes, too long "
			"for the socket in it; choose a shorter one with --data", full, SERVER_DIR_MAX);
	if (access(full, R_OK | W_OK | X_OK) < 0)
		return err_set(err, ERR_CONFIG, "data folder %s: %s", full, strerror(errno));
	memcpy(out, full, strlen(full) + 1);
	return 0;
}

/* The pid that the holder wrote; 0: none. */
static long holder(int fd)
{
	char text[32] = "";

	return pread(fd, text, sizeof(text) - 1, 0) > 0 ? strtol(text, NULL, 10) : 0;
}

/* One old log is kept. */
static void log_rotate(const char *dir)
{
	char path[SERVER_DIR_MAX + 32], old[SERVER_DIR_MAX + 32];
	struct stat st;

	snprintf(path, sizeof(path), "%s/" SERVER_LOG, dir);
	snprintf(old, sizeof(old), "%s/" SERVER_LOG ".1", dir);
	if (stat(path, &st) == 0 && st.st_size > LOG_KEEP_BYTES && rename(path, old) < 0)
		errno = 0;
}

int server_dir_lock(const char *dir, char *why, size_t size)
{
	char path[SERVER_DIR_MAX + 32];
	long pid;
	int fd;

	snprintf(path, sizeof(path), "%s/lock", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		snprintf(why, size, "data folder %s: no lock file can be made: %s", dir, strerror(errno));
		return SERVER_DIR_BROKEN;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		pid = holder(fd);
		close(fd);
		snprintf(why, size, "data folder %s is in use by another tocsin (process %ld): stop that one, "
			"or choose another folder with --data", dir, pid);
		/* kill: the process is there, even when it is not ours to signal. */
		return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM) ? SERVER_DIR_TAKEN :
			SERVER_DIR_WAIT;
	}
	/* On a full disk the pid may be missing: then a second tocsin waits before it complains. */
	snprintf(path, sizeof(path), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, path, strlen(path), 0) < 0)
		errno = 0;
	log_rotate(dir);
	return fd;
}

void server_dir_unlock(int fd)
{
	if (fd < 0)
		return;
	if (ftruncate(fd, 0) < 0)
		errno = 0;
	close(fd);
}

void server_dir_last_words(const char *dir, char *out, size_t size)
{
	char path[SERVER_DIR_MAX + 32], text[1024];
	char *line, *end;
	ssize_t n;
	int fd;

	snprintf(out, size, "none");
	snprintf(path, sizeof(path), "%s/" SERVER_LOG, dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = lseek(fd, -(off_t)(sizeof(text) - 1), SEEK_END) < 0 ? pread(fd, text, sizeof(text) - 1, 0) :
		read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return;
	text[n] = '\0';
	end = text + n;
	while (end > text && (end[-1] == '\n' || end[-1] == '\r'))
		*--end = '\0';
	line = strrchr(text, '\n');
	snprintf(out, size, "%s", line ? line + 1 : text);
}
