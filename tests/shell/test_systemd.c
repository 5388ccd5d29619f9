/* test_systemd.c - what the service manager hears; and secrets from the environment and files. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "bot/log.h"
#include "bot/secrets.h"
#include "bot/systemd.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"

static char dir[] = "/tmp/tocsin-systemd-XXXXXX";

static int listen_at(const char *name, char *env, size_t size)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t len = strlen(name);

	assert_true(fd >= 0);
	memcpy(addr.sun_path, name, len);
	if (name[0] == '@')
		addr.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (const struct sockaddr *)&addr,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)), 0);
	snprintf(env, size, "%s", name);
	setenv("NOTIFY_SOCKET", env, 1);
	return fd;
}

static const char *heard(int fd)
{
	static char text[2048];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void check_messages(int fd)
{
	assert_int_equal(systemd_ready("listening on 127.0.0.1:8080\nMAINPID=1"), 1);
	assert_string_equal(heard(fd), "READY=1\nSTATUS=listening on 127.0.0.1:8080 MAINPID=1");
	assert_int_equal(systemd_status("Redis is away"), 1);
	assert_string_equal(heard(fd), "STATUS=Redis is away");
	assert_int_equal(systemd_watchdog(), 1);
	assert_string_equal(heard(fd), "WATCHDOG=1");
	assert_int_equal(systemd_reloading(), 1);
	assert_int_equal(strncmp(heard(fd), "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
	assert_int_equal(systemd_stopping(), 1);
	assert_string_equal(heard(fd), "STOPPING=1");
}

static void test_socket_in_a_folder(void **state)
{
	char path[128], env[128];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/notify", dir);
	fd = listen_at(path, env, sizeof(env));
	check_messages(fd);
	close(fd);
	unlink(path);
	assert_int_equal(systemd_watchdog(), -1); /* nobody there any more: told, not fatal */
}

static void test_abstract_socket(void **state)
{
	char name[64], env[64];
	int fd;

	(void)state;
	snprintf(name, sizeof(name), "@tocsin-test-%d", (int)getpid());
	fd = listen_at(name, env, sizeof(env));
	check_messages(fd);
	close(fd);
}

static void test_without_a_manager_nothing_happens(void **state)
{
	char longest[256];

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(systemd_ready("x"), 0);
	setenv("NOTIFY_SOCKET", "relative/path", 1);
	assert_int_equal(systemd_ready("x"), -1);
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	setenv("NOTIFY_SOCKET", longest, 1);
	assert_int_equal(systemd_ready("x"), -1);
	unsetenv("NOTIFY_SOCKET");
}

static void test_watchdog_interval(void **state)
{
	char pid[32];

	(void)state;
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	assert_int_equal(systemd_watchdog_interval_ms(), 0);
	setenv("WATCHDOG_USEC", "30000000", 1);
	assert_int_equal(systemd_watchdog_interval_ms(), 15000);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(systemd_watchdog_interval_ms(), 15000);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(systemd_watchdog_interval_ms(), 0);
	unsetenv("WATCHDOG_PID");
	setenv("WATCHDOG_USEC", "soon", 1);
	assert_int_equal(systemd_watchdog_interval_ms(), 0);
	setenv("WATCHDOG_USEC", "-5", 1);
	assert_int_equal(systemd_watchdog_interval_ms(), 0);
	unsetenv("WATCHDOG_USEC");
}

static const char *write_file(const char *text, size_t len)
{
	static char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/secret", dir);
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	close(fd);
	return path;
}

static void read_both(const char *direct, const char *path, int want, const char *want_text)
{
	struct err err = {0};
	char *value;

	if (direct)
		setenv("TOCSIN_TEST", direct, 1);
	else
		unsetenv("TOCSIN_TEST");
	if (path)
		setenv("TOCSIN_TEST_FILE", path, 1);
	else
		unsetenv("TOCSIN_TEST_FILE");
	assert_int_equal(secret_from_env("TOCSIN_TEST", &value, &err), want);
	if (want == 1)
		assert_string_equal(value, want_text);
	else
		assert_null(value);
	if (want == -1 && !strstr(err.text, want_text))
		fail_msg("said: %s", err.text);
	secret_free(value);
	log_hide_none();
}

static void test_secrets(void **state)
{
	static char big[SECRET_MAX + 2];

	(void)state;
	read_both(NULL, NULL, 0, NULL);
	read_both("", "", 0, NULL);
	read_both("xoxb-1 ", NULL, 1, "xoxb-1");
	read_both(NULL, write_file("  from a file\r\n", 15), 1, "from a file");
	read_both("a", write_file("b", 1), -1, "both TOCSIN_TEST and TOCSIN_TEST_FILE are set");
	read_both(NULL, write_file("\n\n", 2), -1, "TOCSIN_TEST_FILE is empty");
	read_both(NULL, write_file("one\ntwo\n", 8), -1, "a line break");
	read_both(NULL, write_file("a\0b", 3), -1, "a control character");
	read_both(NULL, "/nowhere/at/all", -1, "cannot open /nowhere/at/all: No such file");
	read_both(NULL, "/tmp", -1, "is a directory");
	memset(big, 's', sizeof(big) - 1);
	read_both(NULL, write_file(big, SECRET_MAX + 1), -1, "is longer than 8192 bytes");
	big[SECRET_MAX] = '\0';
	read_both(NULL, write_file(big, SECRET_MAX), 1, big);
	read_both(NULL, "/dev/zero", -1, "is longer than");
}

/* What was read never shows in the log; of an address the host does. */
static void test_secrets_are_hidden_from_the_log(void **state)
{
	struct buf out;
	char *value;

	(void)state;
	unsetenv("TOCSIN_TEST_FILE");
	buf_init(&out, 4096);
	setenv("TOCSIN_TEST", "plain-secret-1", 1);
	assert_int_equal(secret_from_env("TOCSIN_TEST", &value, NULL), 1);
	secret_free(value);
	setenv("TOCSIN_TEST", "redis://bot:password-2@db.example.com/0", 1);
	assert_int_equal(secret_from_env("TOCSIN_TEST", &value, NULL), 1);
	secret_free(value);
	setenv("TOCSIN_TEST", "unix:///run/redis/s?db=1", 1);
	assert_int_equal(secret_from_env("TOCSIN_TEST", &value, NULL), 1);
	secret_free(value);
	log_mask(&out, "plain-secret-1, password-2, db.example.com, unix:///run/redis/s?db=1");
	assert_string_equal(buf_text(&out), "***, ***, db.example.com, unix:///run/redis/s?db=1");
	buf_release(&out);
	log_hide_none();
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/secret", dir);
	unlink(path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_socket_in_a_folder),
		cmocka_unit_test(test_abstract_socket),
		cmocka_unit_test(test_without_a_manager_nothing_happens),
		cmocka_unit_test(test_watchdog_interval),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_secrets_are_hidden_from_the_log),
	};

	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
