/* store_url.c - see store_url.h. */
#include "bot/store/store_url.h"

#include <string.h>

#include "bot/sign.h"
#include "bot/store/redis_tls.h"
#include "tocsin/err.h"

/* Decodes n bytes into out. Zero bytes and control characters are no part of any address. */
static int part_decode(const char *s, size_t n, char *out, size_t size, const char *name,
	struct err *err)
{
	size_t i, len = 0;

	for (i = 0; i < n; i++) {
		int c = (unsigned char)s[i];

		if (c == '%') {
			int high = i + 1 < n ? hex_digit(s[i + 1]) : -1;
			int low = i + 2 < n ? hex_digit(s[i + 2]) : -1;

			if (high < 0 || low < 0)
				return err_set(err, ERR_CONFIG, "Redis address: a %% in the %s is not "
					"followed by two hex digits; write %%25 for a percent sign", name);
			c = high * 16 + low;
			i += 2;
		}
		if (c < 0x20 || c == 0x7f)
			return err_set(err, ERR_CONFIG,
				"Redis address: control character in the %s", name);
		if (len + 1 >= size)
			return err_set(err, ERR_CONFIG,
				"Redis address: the %s is longer than %zu bytes", name, size - 1);
		out[len++] = (char)c;
	}
	out[len] = '\0';
	return 0;
}

static int number_parse(const char *s, size_t n, unsigned least, unsigned most, const char *name,
	unsigned *out, struct err *err)
{
	unsigned value = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9' || value > most)
			break;
		value = value * 10 + (unsigned)(s[i] - '0');
	}
	if (n == 0 || i < n || value < least || value > most)
		return err_set(err, ERR_CONFIG, "Redis address: the %s must be a number from %u to %u",
			name, least, most);
	*out = value;
	return 0;
}

/* What follows the "?": db=N is all we know. */
static int query_parse(struct store_url *url, const char *q, struct err *err)
{
	while (*q) {
		size_t n = strcspn(q, "&");

		if (strncmp(q, "db=", 3) == 0) {
			if (number_parse(q + 3, n - 3, 0, 9999, "database", &url->db, err) < 0)
				return -1;
		} else {
			return err_set(err, ERR_CONFIG,
				"Redis address: only ?db=N is understood after the question mark");
		}
		q += n + (q[n] == '&');
	}
	return 0;
}

static int credentials_parse(struct store_url *url, const char *s, size_t n, struct err *err)
{
	const char *colon = memchr(s, ':', n);
	size_t user = colon ? (size_t)(colon - s) : 0;

	/* "redis://secret@host" gives a password in most clients, a user in others. */
	if (!colon)
		return err_set(err, ERR_CONFIG, "Redis address: write \":password@\" or "
			"\"user:password@\" before the host");
	if (part_decode(s, user, url->user, sizeof(url->user), "user", err) < 0)
		return -1;
	return part_decode(colon + 1, n - user - 1, url->password, sizeof(url->password), "password",
		err);
}

static int host_parse(struct store_url *url, const char *s, size_t n, struct err *err)
{
	const char *end = s + n, *port;

	url->port = 6379;
	if (n && *s == '[') {
		port = memchr(s, ']', n);
		if (!port)
			return err_set(err, ERR_CONFIG, "Redis address: no ] after the IPv6 address");
		if (part_decode(s + 1, (size_t)(port - s - 1), url->host, sizeof(url->host), "host",
			    err) < 0)
			return -1;
		port++;
	} else {
		port = memchr(s, ':', n);
		if (!port)
			port = end;
		if (part_decode(s, (size_t)(port - s), url->host, sizeof(url->host), "host", err) < 0)
			return -1;
	}
	if (!*url->host)
		return err_set(err, ERR_CONFIG, "Redis address: no host; example: redis://localhost:6379/0");
	if (port == end)
		return 0;
	if (*port != ':')
		return err_set(err, ERR_CONFIG, "Redis address: expected :port after the host");
	return number_parse(port + 1, (size_t)(end - port - 1), 1, 65535, "port", &url->port, err);
}

static int tcp_parse(struct store_url *url, const char *rest, struct err *err)
{
	size_t n = strcspn(rest, "/?");
	const char *path = rest + n;

	if (host_parse(url, rest, n, err) < 0)
		return -1;
	if (*path == '/') {
		n = strcspn(++path, "?");
		if (n && number_parse(path, n, 0, 9999, "database", &url->db, err) < 0)
			return -1;
		path += n;
	}
	if (*path == '?' && query_parse(url, path + 1, err) < 0)
		return -1;
	snprintf(url->shown, sizeof(url->shown), "%s://%s:%u/%u", url->tls ? "rediss" : "redis", url->host,
		url->port, url->db);
	return 0;
}

static int unix_parse(struct store_url *url, const char *rest, struct err *err)
{
	size_t n = strcspn(rest, "?");

	if (*rest != '/')
		return err_set(err, ERR_CONFIG, "Redis address: a Unix socket needs an absolute path, "
			"as in unix:///run/redis/redis.sock");
	if (part_decode(rest, n, url->path, sizeof(url->path), "socket path", err) < 0)
		return -1;
	if (rest[n] == '?' && query_parse(url, rest + n + 1, err) < 0)
		return -1;
	snprintf(url->shown, sizeof(url->shown), "unix://%s?db=%u", url->path, url->db);
	return 0;
}

int store_url_parse(const char *text, struct store_url *url, struct err *err)
{
	const char *rest, *at, *scheme = strstr(text, "://");
	bool local, tls;
	size_t n;

	memset(url, 0, sizeof(*url));
	n = scheme ? (size_t)(scheme - text) : 0;
	tls = n == 6 && strncmp(text, "rediss", 6) == 0;
	if (tls && !redis_tls_possible())
		return err_set(err, ERR_CONFIG, "Redis address: rediss:// (TLS) is not possible with the "
			"installed hiredis; run a TLS tunnel such as stunnel beside tocsin and give its "
			"address as redis://localhost:PORT, or use a Unix socket");
	local = (n == 4 && strncmp(text, "unix", 4) == 0) ||
		(n == 10 && strncmp(text, "redis+unix", 10) == 0);
	if (!local && !tls && !(n == 5 && strncmp(text, "redis", 5) == 0))
		return err_set(err, ERR_CONFIG, "Redis address: must begin with redis:// or unix://");
	url->tls = tls;
	rest = scheme + 3;
	/* The last @ before the path: passwords may hold one. */
	n = local ? strcspn(rest, "?") : strcspn(rest, "/?");
	at = memrchr(rest, '@', n);
	if (at && local && *rest == '/')
		at = NULL; /* part of the path */
	if (at) {
		if (credentials_parse(url, rest, (size_t)(at - rest), err) < 0)
			return -1;
		rest = at + 1;
	}
	return local ? unix_parse(url, rest, err) : tcp_parse(url, rest, err);
}
