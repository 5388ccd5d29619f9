/*
 * ws_url.h - a ws:// or wss:// address in its parts. Pure.
 */
#ifndef TOCSIN_BOT_SLACK_WS_URL_H
#define TOCSIN_BOT_SLACK_WS_URL_H

#include <stdbool.h>

#define WS_URL_MAX 4096

struct ws_url {
	bool tls;
	int port;
	char host[256]; /* without brackets */
	char *path;     /* with the query, begins with "/" */
};

/* 0; -1 when it is no such address or too long. A fragment is cut off. */
int ws_url_parse(struct ws_url *u, const char *text);
void ws_url_release(struct ws_url *u);

/* Whether NO_PROXY ("example.com,.internal,*") covers the host. */
bool ws_url_no_proxy(const char *list, const char *host);
#endif
