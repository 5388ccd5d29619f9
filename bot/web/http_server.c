/* http_server.c - see http_server.h: listener, routes, and the table of requests by id. */
#include "bot/web/http_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "bot/clock.h"
#include "bot/log.h"
#include "bot/web/http_conn.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"

const char *http_status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} texts[] = {
		{200, "OK"}, {202, "Accepted"}, {204, "No Content"}, {303, "See Other"},
		{400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"},
		{405, "Method Not Allowed"}, {408, "Request Timeout"}, {410, "Gone"},
		{411, "Length Required"}, {413, "Content Too Large"}, {414, "URI Too Long"},
		{415, "Unsupported Media Type"}, {417, "Expectation Failed"},
		{422, "Unprocessable Content"}, {429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"}, {500, "Internal Server Error"},
		{501, "Not Implemented"}, {503, "Service Unavailable"}, {504, "Gateway Timeout"},
		{505, "HTTP Version Not Supported"},
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].status == status)
			return texts[i].text;
	return "Unknown";
}

int http_listen_parse(const char *text, struct sockaddr_storage *out, struct err *err)
{
	const char *colon = strrchr(text, ':');
	char host[64], *end;
	size_t len;
	long port;

	if (!colon || (size_t)(colon - text) >= sizeof(host))
		goto bad;
	errno = 0;
	port = strtol(colon + 1, &end, 10);
	if (errno || end == colon + 1 || *end || port < 0 || port > 65535)
		goto bad;
	len = (size_t)(colon - text);
	snprintf(host, sizeof(host), "%.*s", (int)len, text);
	if (len == 0 || strcmp(host, "*") == 0)
		snprintf(host, sizeof(host), "0.0.0.0");
	if (strcmp(host, "localhost") == 0)
		snprintf(host, sizeof(host), "127.0.0.1");
	memset(out, 0, sizeof(*out));
	if (host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		if (uv_ip6_addr(host + 1, (int)port, (struct sockaddr_in6 *)out) < 0)
			goto bad;
	} else if (uv_ip4_addr(host, (int)port, (struct sockaddr_in *)out) < 0) {
		goto bad;
	}
	return 0;
bad:
	return err_set(err, ERR_CONFIG, "\"%s\" is not an address to listen on; write ADDRESS:PORT with a "
		"numeric address: 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080", text);
}

static void on_uv_timer(uv_timer_t *timer)
{
	struct http_server *s = timer->data;
	int64_t now = clock_monotonic_ms();
	size_t i;

	for (i = 0; i < s->n_slots; i++)
		if (s->slots[i])
			http_conn_check_time(s->slots[i], now);
	if (s->n_conns == 0)
		uv_timer_stop(timer);
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void on_uv_connection(uv_stream_t *listener, int status)
{
	struct http_server *s = listener->data;
	const struct http_server_options *o = &s->o;
	int64_t every;

	if (status < 0) {
		log_write(LOG_WARN, "web", NULL, "a connection could not be taken", "error",
			uv_strerror(status), NULL);
		return;
	}
	http_conn_accept(s);
	if (!uv_is_active((const uv_handle_t *)&s->timer)) {
		every = least(least(o->head_ms, o->body_ms), least(o->answer_ms, o->write_ms)) / 4;
		every = every < 10 ? 10 : least(every, 1000);
		uv_timer_start(&s->timer, on_uv_timer, (uint64_t)every, (uint64_t)every);
	}
}

static void set_defaults(struct http_server_options *o)
{
	o->connections_max = o->connections_max ? o->connections_max : 256;
	o->body_max = o->body_max ? o->body_max : 1u << 20;
	o->held_max = o->held_max ? o->held_max : 64u << 20;
	o->head_ms = o->head_ms ? o->head_ms : 10000;
	o->body_ms = o->body_ms ? o->body_ms : 30000;
	o->idle_ms = o->idle_ms ? o->idle_ms : 60000;
	o->answer_ms = o->answer_ms ? o->answer_ms : 30000;
	o->write_ms = o->write_ms ? o->write_ms : 30000;
}

static void read_address(struct http_server *s)
{
	struct sockaddr_storage addr;
	int len = sizeof(addr);
	char host[64] = "";

	memset(&addr, 0, sizeof(addr));
	uv_tcp_getsockname(&s->listener, (struct sockaddr *)&addr, &len);
	if (addr.ss_family == AF_INET6) {
		uv_ip6_name((const struct sockaddr_in6 *)&addr, host, sizeof(host));
		snprintf(s->address, sizeof(s->address), "[%s]:%u", host,
			ntohs(((const struct sockaddr_in6 *)&addr)->sin6_port));
	} else {
		uv_ip4_name((const struct sockaddr_in *)&addr, host, sizeof(host));
		snprintf(s->address, sizeof(s->address), "%s:%u", host,
			ntohs(((const struct sockaddr_in *)&addr)->sin_port));
	}
}

static void server_free(struct http_server *s)
{
	if (s->handles > 0 || s->n_conns > 0 || !s->closing)
		return;
	free(s->slots);
	free(s);
}

static void on_uv_close(uv_handle_t *handle)
{
	struct http_server *s = handle->data;

	s->handles--;
	server_free(s);
}

struct http_server *http_server_open(const struct http_server_options *o, struct err *err)
{
	struct sockaddr_storage addr;
	struct http_server *s;
	int status;

	if (http_listen_parse(o->listen, &addr, err) < 0)
		return NULL;
	s = calloc(1, sizeof(*s));
	if (s) {
		s->o = *o;
		set_defaults(&s->o);
		s->n_slots = s->o.connections_max + HTTP_SLOTS_SPARE;
		s->slots = calloc(s->n_slots, sizeof(struct conn *));
	}
	if (!s || !s->slots) {
		free(s);
		err_set(err, ERR_MEMORY, "out of memory");
		return NULL;
	}
	s->loop = o->loop;
	uv_tcp_init(s->loop, &s->listener);
	uv_timer_init(s->loop, &s->timer);
	s->listener.data = s->timer.data = s;
	s->handles = 2;
	status = uv_tcp_bind(&s->listener, (const struct sockaddr *)&addr, 0);
	if (status == 0)
		status = uv_listen((uv_stream_t *)&s->listener, 128, on_uv_connection);
	if (status < 0) {
		err_set(err, ERR_CONFIG, "cannot listen on %s: %s", o->listen, uv_strerror(status));
		http_server_close(s);
		return NULL;
	}
	read_address(s);
	return s;
}

const char *http_server_address(const struct http_server *s)
{
	return s->address;
}

int http_server_route(struct http_server *s, const struct web_route *route)
{
	if (s->n_routes == HTTP_ROUTES_MAX)
		return -1;
	s->routes[s->n_routes++] = *route;
	return 0;
}

static const struct web_route *route_find(const struct http_server *s, const char *path,
	const char **rest)
{
	size_t i, n;

	for (i = 0; i < s->n_routes; i++) {
		const struct web_route *r = &s->routes[i];

		n = strlen(r->path);
		if (r->path[n - 1] == '/' && n > 1 ? strncmp(path, r->path, n) == 0
			: strcmp(path, r->path) == 0) {
			*rest = path + n;
			return r;
		}
	}
	return NULL;
}

static void answer_405(struct http_server *s, uint64_t id, unsigned methods)
{
	char allow[64];
	struct web_answer a = {.status = 405, .headers = allow};
	static const char text[] = "405 Method Not Allowed: see the Allow header\n";

	snprintf(allow, sizeof(allow), "Allow: %s%s%s\r\n", methods & HTTP_GET ? "GET, HEAD" : "",
		(methods & HTTP_GET) && (methods & HTTP_POST) ? ", " : "",
		methods & HTTP_POST ? "POST" : "");
	a.body = text;
	a.len = sizeof(text) - 1;
	web_answer(s, id, &a);
}

void http_server_dispatch(struct conn *c)
{
	struct http_server *s = c->server;
	struct web_request req = {.id = c->request_id, .head = &c->head, .rest = "", .body = c->in,
		.body_len = (size_t)c->head.length, .peer = c->peer};
	unsigned method = c->head.method == HTTP_HEAD ? HTTP_GET : c->head.method;
	const struct web_route *r = route_find(s, c->head.path, &req.rest);

	c->metric = r ? r->metric : METRIC_ROUTE_OTHER;
	if (!r)
		web_answer_text(s, req.id, 404, "nothing is served here");
	else if (!(r->methods & method))
		answer_405(s, req.id, r->methods);
	else
		r->fn(r->ud, &req);
}

void web_answer(struct http_server *s, uint64_t id, const struct web_answer *answer)
{
	size_t slot = (size_t)(id & ((1u << HTTP_SLOT_BITS) - 1));
	struct conn *c = slot < s->n_slots ? s->slots[slot] : NULL;

	if (id && c && c->request_id == id && c->state == CONN_WORKING)
		http_conn_answer(c, answer);
}

void web_answer_text(struct http_server *s, uint64_t id, int status, const char *text)
{
	struct web_answer a = {.status = status};
	struct buf b;

	buf_init(&b, 4096);
	buf_printf(&b, "%d %s: %s\n", status, http_status_text(status), text);
	a.body = buf_text(&b);
	a.len = b.len;
	if (status == 503)
		a.headers = "Retry-After: 5\r\n";
	web_answer(s, id, &a);
	buf_release(&b);
}

size_t http_server_connections(const struct http_server *s)
{
	return s->n_conns;
}

size_t http_server_working(const struct http_server *s)
{
	return s->n_working;
}

void http_server_forget(struct conn *c)
{
	struct http_server *s = c->server;

	if (c->slot < s->n_slots && s->slots[c->slot] == c)
		s->slots[c->slot] = NULL;
	s->held -= c->in_cap;
	s->n_conns--;
	metrics_set(METRIC_HTTP_CONNECTIONS, 0, (double)s->n_conns);
	if (s->waiting && !s->stopping) {
		s->waiting = false;
		http_conn_accept(s);
	}
	server_free(s);
}

void http_server_stop(struct http_server *s)
{
	size_t i;

	if (s->stopping)
		return;
	s->stopping = true;
	uv_close((uv_handle_t *)&s->listener, on_uv_close);
	for (i = 0; i < s->n_slots; i++) {
		struct conn *c = s->slots[i];

		if (c && (c->state == CONN_IDLE || c->state == CONN_HEAD || c->state == CONN_BODY))
			http_conn_close(c);
	}
}

void http_server_close(struct http_server *s)
{
	size_t i;

	if (!s || s->closing)
		return;
	http_server_stop(s);
	s->closing = true;
	for (i = 0; i < s->n_slots; i++)
		if (s->slots[i])
			http_conn_close(s->slots[i]);
	uv_close((uv_handle_t *)&s->timer, on_uv_close);
}
