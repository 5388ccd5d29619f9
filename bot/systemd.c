/* systemd.c - see systemd.h. The protocol is one datagram, so no library is needed for it. */
#include "bot/systemd.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int systemd_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	size_t len;
	ssize_t n;
	int fd;

	if (!path || !*path)
		return 0;
	len = strlen(path);
	if ((path[0] != '/' && path[0] != '@') || len >= sizeof(addr.sun_path)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(addr.sun_path, path, len);
	if (path[0] == '@')
		addr.sun_path[0] = '\0'; /* abstract: the name begins after a zero byte */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	n = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&addr,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (path[0] == '/')));
	close(fd);
	return n < 0 ? -1 : 1;
}

static int notify_status(const char *prefix, const char *status)
{
	char line[512];
	char *p;
	int head = snprintf(line, sizeof(line), "%sSTATUS=", prefix);

	snprintf(line + head, sizeof(line) - (size_t)head, "%s", status);
	for (p = line + head; *p; p++)
		if ((unsigned char)*p < 0x20)
			*p = ' '; /* a line break would begin another assignment */
	return systemd_notify(line);
}

int systemd_ready(const char *status)
{
	return notify_status("READY=1\n", status);
}

int systemd_status(const char *status)
{
	return notify_status("", status);
}

int systemd_stopping(void)
{
	return systemd_notify("STOPPING=1");
}

int systemd_watchdog(void)
{
	return systemd_notify("WATCHDOG=1");
}

int systemd_reloading(void)
{
	struct timespec now;
	char line[96];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(line, sizeof(line), "RELOADING=1\nMONOTONIC_USEC=%lld",
		(long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	return systemd_notify(line);
}

int64_t systemd_watchdog_interval_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	char *end;
	long long n;

	if (!usec || !*usec)
		return 0;
	if (pid && *pid && (strtoll(pid, &end, 10) != (long long)getpid() || *end))
		return 0; /* meant for another process */
	errno = 0;
	n = strtoll(usec, &end, 10);
	if (errno || *end || n <= 0)
		return 0;
	return n < 2000 ? 1 : n / 2000;
}
