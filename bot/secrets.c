/* secrets.c - see secrets.h. */
#include "bot/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bot/log.h"
#include "tocsin/err.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Of an address only the password is secret; the log should say where something is. */
static void hide(const char *value)
{
	const char *host = strstr(value, "://"), *at = host ? strrchr(host, '@') : NULL, *colon;
	char *password;

	if (!host) {
		log_hide(value);
		return;
	}
	colon = strchr(host + 3, ':');
	if (!at || !colon || colon > at)
		return;
	password = strndup(colon + 1, (size_t)(at - colon) - 1);
	log_hide(password);
	secret_free(password);
}

/* Takes len bytes at s, trims them, and checks what is left. 0 or -1. */
static int take(const char *s, size_t len, const char *what, char **value, struct err *err)
{
	size_t i;

	while (len > 0 && is_blank(s[len - 1]))
		len--;
	while (len > 0 && is_blank(*s)) {
		s++;
		len--;
	}
	if (len == 0)
		return err_set(err, ERR_CONFIG, "%s is empty", what);
	if (len > SECRET_MAX)
		return err_set(err, ERR_CONFIG, "%s is longer than %d bytes", what, SECRET_MAX);
	for (i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return err_set(err, ERR_CONFIG, "%s holds %s: it must be one line of text", what,
				s[i] == '\n' ? "a line break" : "a control character");
	*value = strndup(s, len);
	if (!*value)
		return err_set(err, ERR_MEMORY, "out of memory");
	hide(*value);
	return 0;
}

int secret_from_file(const char *path, const char *what, char **value, struct err *err)
{
	char text[SECRET_MAX + 256];
	size_t len = 0;
	ssize_t n;
	struct stat st;
	int fd, result;

	*value = NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_set(err, ERR_CONFIG, "%s: cannot open %s: %s", what, path, strerror(errno));
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		close(fd);
		return err_set(err, ERR_CONFIG, "%s: %s is a directory", what, path);
	}
	while (len < sizeof(text) && (n = read(fd, text + len, sizeof(text) - len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err_set(err, ERR_CONFIG, "%s: cannot read %s: %s", what, path, strerror(errno));
			close(fd);
			return -1;
		}
		len += (size_t)n;
	}
	close(fd);
	result = len == sizeof(text)
		? err_set(err, ERR_CONFIG, "%s is longer than %d bytes", what, SECRET_MAX)
		: take(text, len, what, value, err);
	explicit_bzero(text, sizeof(text));
	return result;
}

int secret_from_env(const char *name, char **value, struct err *err)
{
	char file_name[128];
	const char *direct = getenv(name), *path;

	*value = NULL;
	snprintf(file_name, sizeof(file_name), "%s_FILE", name);
	path = getenv(file_name);
	if (direct && !*direct)
		direct = NULL; /* an empty variable is how compose files say "not set" */
	if (path && !*path)
		path = NULL;
	if (direct && path)
		return err_set(err, ERR_CONFIG, "both %s and %s are set: keep one of them", name,
			file_name);
	if (path)
		return secret_from_file(path, file_name, value, err) < 0 ? -1 : 1;
	if (!direct)
		return 0;
	return take(direct, strlen(direct), name, value, err) < 0 ? -1 : 1;
}

void secret_free(char *value)
{
	if (!value)
		return;
	explicit_bzero(value, strlen(value));
	free(value);
}
