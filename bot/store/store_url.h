/*
 * store_url.h - where Redis is: the address that REDIS_URL gives, taken apart.
 *
 *   redis://[[user]:password@]host[:port][/db]     port 6379, db 0; [::1] for IPv6
 *   unix://[[user]:password@]/path/to.sock[?db=N]  (also redis+unix://)
 *   rediss://...                                   as redis://, with TLS; refused in a build whose
 *                                                  hiredis has none (redis_tls.h)
 *
 * Percent sequences are decoded in user, password, host and path. ?db=N works everywhere.
 */
#ifndef TOCSIN_BOT_STORE_URL_H
#define TOCSIN_BOT_STORE_URL_H

#include <stdbool.h>

struct err;

struct store_url {
	char host[256];     /* "" for a Unix socket */
	char path[108];     /* "" for TCP */
	char user[128];     /* "" for the default user */
	char password[512]; /* "" for none */
	unsigned port;
	unsigned db;
	bool tls;
	char shown[384];    /* for people and logs: no password */
};

/* 0, or -1 with err set (ERR_CONFIG; never names the password). */
int store_url_parse(const char *text, struct store_url *url, struct err *err);
#endif
