/* ws_vhost.c - see ws_vhost.h. */
#include "bot/slack/ws_vhost.h"

#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/slack/ws_url.h"

void ws_proxy_for(const char *host, char *out, size_t size)
{
	const char *proxy = getenv("HTTPS_PROXY"), *none = getenv("NO_PROXY");
	size_t n;

	out[0] = '\0';
	if (!proxy)
		proxy = getenv("https_proxy");
	if (!none)
		none = getenv("no_proxy");
	if (!proxy || !*proxy || ws_url_no_proxy(none ? none : "", host))
		return;
	if (!strncmp(proxy, "http://", 7))
		proxy += 7;
	n = strcspn(proxy, "/");
	if (n < size)
		snprintf(out, size, "%.*s", (int)n, proxy);
}

struct lws_vhost *ws_vhost_get(struct ws_vhosts *v, struct lws_context *context,
	const struct lws_protocols *protocols, const char *host, bool tls)
{
	struct lws_vhost **vhost = tls ? &v->tls : &v->plain;
	struct lws_context_creation_info ci;
	char proxy[512];

	if (*vhost)
		return *vhost;
	memset(&ci, 0, sizeof(ci));
	ci.port = CONTEXT_PORT_NO_LISTEN;
	ci.protocols = protocols;
	ci.vhost_name = tls ? "slack-wss" : "slack-ws";
	if (tls) {
		const char *more = getenv("SSL_CERT_FILE"); /* beside the system's */

		ci.client_ssl_ca_filepath = more && *more ? more : NULL;
		ci.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
		ws_proxy_for(host, proxy, sizeof(proxy));
		if (*proxy)
			ci.http_proxy_address = proxy; /* copied */
	}
	*vhost = lws_create_vhost(context, &ci);
	return *vhost;
}
