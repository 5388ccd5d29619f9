/*
 * ws_vhost.h - what lws needs to know about outgoing WebSockets: certificates and a proxy.
 */
#ifndef TOCSIN_BOT_SLACK_WS_VHOST_H
#define TOCSIN_BOT_SLACK_WS_VHOST_H

#include <stdbool.h>
#include <stddef.h>

struct lws_context;
struct lws_protocols;
struct lws_vhost;

/* For ws:// and for wss:// (which loads the system's certificates: SSL_CERT_FILE adds others); made
 * when they are needed. They end with the context. Zeroed at first. */
struct ws_vhosts {
	struct lws_vhost *plain, *tls;
};

/* NULL: it could not be set up. protocols must live as long as the context. */
struct lws_vhost *ws_vhost_get(struct ws_vhosts *v, struct lws_context *context,
	const struct lws_protocols *protocols, const char *host, bool tls);

/* HTTPS_PROXY as lws wants it: "user:password@host:port"; "" when there is none for this host. */
void ws_proxy_for(const char *host, char *out, size_t size);
#endif
