/* ws_url.c - see ws_url.h. */
#include "bot/slack/ws_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int port_parse(const char *s, size_t len)
{
	int port = 0;
	size_t i;

	if (len < 1 || len > 5)
		return -1;
	for (i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		port = port * 10 + (s[i] - '0');
	}
	return port > 0 && port <= 65535 ? port : -1;
}

int ws_url_parse(struct ws_url *u, const char *text)
{
	const char *host, *host_end, *rest, *colon;
	size_t n, i, path_len;

	memset(u, 0, sizeof(*u));
	n = strnlen(text, WS_URL_MAX + 1);
	if (n > WS_URL_MAX)
		return -1;
	for (i = 0; i < n; i++)
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f || text[i] == '\\')
			return -1;
	if (!strncasecmp(text, "wss://", 6))
		u->tls = true;
	else if (strncasecmp(text, "ws://", 5))
		return -1;
	host = text + (u->tls ? 6 : 5);
	rest = host + strcspn(host, "/?#");
	if (memchr(host, '@', (size_t)(rest - host)))
		return -1;
	if (*host == '[') {
		host_end = memchr(host, ']', (size_t)(rest - host));
		if (!host_end)
			return -1;
		host++;
		colon = host_end + 1;
	} else {
		colon = memchr(host, ':', (size_t)(rest - host));
		if (!colon)
			colon = rest;
		host_end = colon;
	}
	if (host_end == host || (size_t)(host_end - host) >= sizeof(u->host))
		return -1;
	memcpy(u->host, host, (size_t)(host_end - host));
	u->port = u->tls ? 443 : 80;
	if (colon < rest && (*colon != ':' ||
	    (u->port = port_parse(colon + 1, (size_t)(rest - colon - 1))) < 0))
		return -1;
	path_len = strcspn(rest, "#");
	if (asprintf(&u->path, "%s%.*s", *rest == '/' ? "" : "/", (int)path_len, rest) < 0) {
		u->path = NULL;
		return -1;
	}
	return 0;
}

void ws_url_release(struct ws_url *u)
{
	free(u->path);
	u->path = NULL;
}

bool ws_url_no_proxy(const char *list, const char *host)
{
	size_t host_len = strlen(host);

	while (*list) {
		size_t n;

		list += strspn(list, ", ");
		n = strcspn(list, ", ");
		if (n == 1 && *list == '*')
			return true;
		if (n && *list == '.') { /* ".internal" and "internal" say the same */
			list++;
			n--;
		}
		if (n && n <= host_len && !strncasecmp(host + host_len - n, list, n) &&
		    (n == host_len || host[host_len - n - 1] == '.'))
			return true;
		list += n;
	}
	return false;
}
