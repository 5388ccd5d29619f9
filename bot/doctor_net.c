/*
 * doctor_net.c - what `tocsin doctor` looks at on the network: the address for HTTP, the public one,
 * and the plan's connections. Blocking, one after another; a mail server is greeted and logged in
 * to, a webhook's host is connected to and its certificate checked, and nothing is sent.
 */
#include "bot/doctor.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bot/reach/mail_message.h"
#include "bot/reach/reach.h"
#include "bot/web/http_server.h"
#include "tocsin/err.h"
#include "tocsin/plan.h"

#define PATIENCE_MS 8000L
#define PAGERDUTY_KEY_CHARS 32

static size_t ignore(char *data, size_t size, size_t n, void *ud)
{
	(void)data;
	(void)ud;
	return size * n;
}

/* Connects (with TLS and login where the URL and the options say so), or does a whole GET.
 * Returns curl's verdict; *status: of the GET, or the mail server's last word. */
static CURLcode try_url(const char *url, const struct plan_connection *conn, bool get, long *status,
	char error[CURL_ERROR_SIZE])
{
	CURL *e = curl_easy_init();
	CURLcode code = CURLE_OUT_OF_MEMORY;

	*status = 0;
	error[0] = '\0';
	if (!e)
		return code;
	curl_easy_setopt(e, CURLOPT_URL, url);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, PATIENCE_MS);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, ignore);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "tocsin/" TOCSIN_VERSION);
	if (!get)
		curl_easy_setopt(e, CURLOPT_CONNECT_ONLY, 1L);
	if (conn && conn->kind == PLAN_CONN_SMTP) {
		curl_easy_setopt(e, CURLOPT_USE_SSL, (long)(conn->private_ok ? CURLUSESSL_NONE : CURLUSESSL_ALL));
		if (conn->user)
			curl_easy_setopt(e, CURLOPT_USERNAME, conn->user);
		if (conn->password)
			curl_easy_setopt(e, CURLOPT_PASSWORD, conn->password);
	}
	code = curl_easy_perform(e);
	curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, status);
	if (!error[0])
		snprintf(error, CURL_ERROR_SIZE, "%s", curl_easy_strerror(code));
	curl_easy_cleanup(e);
	return code;
}

static void check_listen(struct doctor *d, const char *listen)
{
	struct sockaddr_storage addr;
	struct err e = {0};
	int fd, one = 1;

	if (http_listen_parse(listen, &addr, &e) < 0) {
		doctor_say(d, DOCTOR_FAIL, "http", NULL, "%s", e.text);
		return;
	}
	fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd >= 0 && bind(fd, (const struct sockaddr *)&addr, addr.ss_family == AF_INET6
		? (socklen_t)sizeof(struct sockaddr_in6) : (socklen_t)sizeof(struct sockaddr_in)) == 0)
		doctor_say(d, DOCTOR_OK, "http", NULL, "%s is free to listen on", listen);
	else if (errno == EADDRINUSE)
		doctor_say(d, DOCTOR_WARN, "http", "right if that is tocsin; else choose another with --listen",
			"somebody listens on %s already", listen);
	else
		doctor_say(d, DOCTOR_FAIL, "http", "choose an address of this machine and a port above 1023",
			"cannot listen on %s: %s", listen, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void check_public_url(struct doctor *d, const struct plan *plan)
{
	char url[2048], error[CURL_ERROR_SIZE];
	size_t n = strlen(plan->public_url);
	CURLcode code;
	long status;

	if (strncasecmp(plan->public_url, "https://", 8) != 0)
		doctor_say(d, DOCTOR_WARN, "http", "put a reverse proxy with TLS in front and write https://",
			"public_url %s is not encrypted: who sees a link can use it", plan->public_url);
	if (d->offline)
		return;
	while (n > 0 && plan->public_url[n - 1] == '/')
		n--;
	snprintf(url, sizeof(url), "%.*s/healthz", (int)n, plan->public_url);
	code = try_url(url, NULL, true, &status, error);
	if (code == CURLE_OK && status == 200)
		doctor_say(d, DOCTOR_OK, "http", NULL, "%s answers", url);
	else if (code == CURLE_OK)
		doctor_say(d, DOCTOR_WARN, "http", "right while tocsin does not run; else look at the reverse proxy",
			"%s answers %ld", url, status);
	else
		doctor_say(d, DOCTOR_WARN, "http", "right while tocsin does not run; else look at the reverse proxy",
			"%s cannot be reached from here: %s", url, error);
}

void doctor_web(struct doctor *d, const char *listen, const struct plan *plan)
{
	check_listen(d, listen);
	if (plan && plan->public_url) /* without one the plan's own lint has spoken */
		check_public_url(d, plan);
}

static void check_smtp(struct doctor *d, const struct plan_connection *c)
{
	char error[CURL_ERROR_SIZE];
	CURLcode code;
	long status;

	if (!c->from || !mail_address_ok(c->from)) {
		doctor_say(d, DOCTOR_FAIL, "mail", "add from: tocsin@example.com to the connection",
			"%s has no address to send from", c->key);
		return;
	}
	if (d->offline)
		return;
	code = try_url(c->url, c, false, &status, error);
	if (code == CURLE_OK)
		doctor_say(d, DOCTOR_OK, "mail", NULL, "%s: the server takes us%s", c->key,
			c->user ? " and our password" : "");
	else if (code == CURLE_LOGIN_DENIED)
		doctor_say(d, DOCTOR_FAIL, "mail", "check user and password of the connection",
			"%s: the server refuses the login", c->key);
	else if (code == CURLE_USE_SSL_FAILED)
		doctor_say(d, DOCTOR_FAIL, "mail", "use smtps://, or a server that offers STARTTLS",
			"%s: the server does not encrypt", c->key);
	else
		doctor_say(d, DOCTOR_FAIL, "mail", "check the url of the connection, and the firewall",
			"%s: %s", c->key, error);
}

static void check_pagerduty(struct doctor *d, const struct plan_connection *c)
{
	char error[CURL_ERROR_SIZE];
	long status;

	if (!c->routing_key || strlen(c->routing_key) != PAGERDUTY_KEY_CHARS)
		doctor_say(d, DOCTOR_WARN, "pager", "take the Integration Key of an Events API v2 integration",
			"%s: the routing key has not %d characters", c->key, PAGERDUTY_KEY_CHARS);
	if (d->offline)
		return;
	if (try_url(c->url ? c->url : PAGERDUTY_URL, c, false, &status, error) == CURLE_OK)
		doctor_say(d, DOCTOR_OK, "pager", NULL,
			"%s can be reached (whether the key is right shows only a real page)", c->key);
	else
		doctor_say(d, DOCTOR_FAIL, "pager", "check the firewall and the proxy", "%s: %s", c->key, error);
}

static void check_webhook(struct doctor *d, const struct plan_connection *c)
{
	char error[CURL_ERROR_SIZE];
	long status;

	if (!c->secret)
		doctor_say(d, DOCTOR_WARN, "webhook", "add secret: \"${NAME}\" with a whsec_... value",
			"%s: calls are not signed, the receiver cannot know that they are ours", c->key);
	if (d->offline)
		return;
	if (try_url(c->url, c, false, &status, error) == CURLE_OK)
		doctor_say(d, DOCTOR_OK, "webhook", NULL, "%s can be reached", c->key);
	else
		doctor_say(d, DOCTOR_FAIL, "webhook", "check the url of the connection, and the firewall", "%s: %s",
			c->key, error);
}

void doctor_connections(struct doctor *d, const struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->n_connections; i++) {
		const struct plan_connection *c = &plan->connections[i];

		if (c->kind == PLAN_CONN_SMTP && c->url)
			check_smtp(d, c);
		else if (c->kind == PLAN_CONN_PAGERDUTY)
			check_pagerduty(d, c);
		else if (c->kind == PLAN_CONN_WEBHOOK && c->url)
			check_webhook(d, c);
	}
	for (i = 0; i < plan->n_alert_sources; i++)
		if (!plan->alert_sources[i].token)
			doctor_say(d, DOCTOR_WARN, "alerts", "add token: \"${NAME}\" to it",
				"%s: whoever reaches /alerts/%s can open incidents", plan->alert_sources[i].key,
				plan->alert_sources[i].key);
}
