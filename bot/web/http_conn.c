/*
 * http_conn.c - one incoming connection: bytes to requests, answers to bytes.
 *
 * conn_set_state() is the only writer of the state. Reading stops while a request is worked on, so
 * what a peer sends ahead stays in the kernel's buffer and costs us nothing.
 */
#include "bot/web/http_conn.h"

#include <stdlib.h>
#include <string.h>

#include "bot/clock.h"
#include "bot/log.h"
#include "tocsin/buf.h"

#define READ_LEAST 4096
#define READ_MOST 65536
#define DRAIN_MS 2000
#define DRAIN_BYTES (4u << 20)
#define ANSWER_MAX (8u << 20)

static void conn_next(struct conn *c);

static void conn_set_state(struct conn *c, enum conn_state state)
{
	if (c->state == CONN_WORKING)
		c->server->n_working--;
	if (state == CONN_WORKING)
		c->server->n_working++;
	/* The clock of a head starts with its first byte, not with each further one. */
	c->state = state;
	c->since_ms = clock_monotonic_ms();
}

static void on_uv_close(uv_handle_t *handle)
{
	struct conn *c = handle->data;

	http_server_forget(c);
	free(c->in);
	free(c->head_bytes);
	free(c->out);
	free(c);
}

void http_conn_close(struct conn *c)
{
	if (c->state == CONN_CLOSED)
		return;
	conn_set_state(c, CONN_CLOSED);
	c->request_id = 0;
	uv_close((uv_handle_t *)&c->tcp, on_uv_close);
}

static void refuse(struct conn *c, int status, const char *why)
{
	struct buf text;
	struct web_answer a = {.status = status};

	c->close_after = true; /* where the next request would begin is not known any more */
	buf_init(&text, 1024);
	buf_printf(&text, "%d %s: %s\n", status, http_status_text(status), why);
	a.body = buf_text(&text);
	a.len = text.len;
	if (status == 503)
		a.headers = "Retry-After: 5\r\n";
	http_conn_answer(c, &a);
	buf_release(&text);
}

/* Room for more input; false when all connections together hold too much. */
static bool conn_grow(struct conn *c)
{
	struct http_server *s = c->server;
	size_t cap = c->in_cap ? c->in_cap * 2 : READ_LEAST, most;
	char *in;

	/* A body's length is known: not a byte more is reserved than it can use. */
	most = c->state == CONN_BODY ? (size_t)c->head.length : HTTP_HEAD_MAX + READ_LEAST;
	if (c->in_cap < most && cap > most)
		cap = most;
	if (s->held - c->in_cap + cap > s->o.held_max)
		return false;
	in = realloc(c->in, cap);
	if (!in)
		return false;
	s->held += cap - c->in_cap;
	c->in = in;
	c->in_cap = cap;
	return true;
}

static void on_uv_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	static char waste[READ_MOST];
	struct conn *c = handle->data;
	size_t room;

	(void)suggested;
	if (c->state == CONN_DRAIN) {
		*out = uv_buf_init(waste, sizeof(waste));
		return;
	}
	if (c->in_len == c->in_cap && !conn_grow(c)) {
		*out = uv_buf_init(NULL, 0); /* on_uv_read() gets UV_ENOBUFS */
		return;
	}
	room = c->in_cap - c->in_len;
	*out = uv_buf_init(c->in + c->in_len, (unsigned)(room < READ_MOST ? room : READ_MOST));
}

static void drain(struct conn *c, size_t n)
{
	c->drained += n;
	if (c->drained > DRAIN_BYTES)
		http_conn_close(c);
}

static void on_uv_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct conn *c = stream->data;

	(void)b;
	if (n == 0 || c->state == CONN_CLOSED)
		return;
	if (n == UV_ENOBUFS) {
		uv_read_stop(stream);
		refuse(c, 503, "too many large requests at once");
		return;
	}
	if (n < 0) {
		http_conn_close(c); /* the end, or an error: nobody is there to be told */
		return;
	}
	if (c->state == CONN_DRAIN) {
		drain(c, (size_t)n);
		return;
	}
	c->in_len += (size_t)n;
	conn_next(c);
}

static void consume(struct conn *c, size_t n)
{
	if (n > 0)
		memmove(c->in, c->in + n, c->in_len - n);
	c->in_len -= n;
	c->scanned = 0;
	/* A large body's memory goes back at once. */
	if (c->in_len == 0 && c->in_cap > HTTP_HEAD_MAX) {
		c->server->held -= c->in_cap;
		free(c->in);
		c->in = NULL;
		c->in_cap = 0;
	}
}

/* The head is whole: n bytes of c->in. */
static void take_head(struct conn *c, size_t n)
{
	const char *why;
	int status;

	free(c->head_bytes);
	c->head_bytes = malloc(n);
	if (!c->head_bytes) {
		refuse(c, 503, "out of memory");
		return;
	}
	memcpy(c->head_bytes, c->in, n);
	consume(c, n);
	c->metric = METRIC_ROUTE_OTHER;
	status = http_head_parse(c->head_bytes, n, &c->head, &why);
	c->head_only = c->head.method == HTTP_HEAD;
	if (status) {
		refuse(c, status, why);
		return;
	}
	if (c->head.length > c->server->o.body_max) {
		refuse(c, 413, "the body is too large");
		return;
	}
	c->close_after = !c->head.keep_alive || c->server->stopping;
	conn_set_state(c, CONN_BODY);
	if (c->head.expect_continue && c->in_len < c->head.length) {
		static char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
		uv_buf_t b = uv_buf_init(go_on, sizeof(go_on) - 1);

		/* A full socket buffer before the first answer cannot be; if it is, the peer waits its
		 * second and sends anyway. */
		uv_try_write((uv_stream_t *)&c->tcp, &b, 1);
	}
}

/* Goes on with what has been received. */
static void conn_next(struct conn *c)
{
	size_t n, skip = 0;

	if (c->state == CONN_IDLE && c->in_len > 0)
		conn_set_state(c, CONN_HEAD);
	if (c->state == CONN_HEAD) {
		/* An empty line before a request is a habit of old clients (RFC 9112, 2.2). */
		while (c->scanned == 0 && skip + 1 < c->in_len && memcmp(c->in + skip, "\r\n", 2) == 0)
			skip += 2;
		if (skip)
			consume(c, skip);
		n = http_head_find(c->in, c->in_len, c->scanned);
		c->scanned = c->in_len;
		if (n > HTTP_HEAD_MAX || (n == 0 && c->in_len >= HTTP_HEAD_MAX))
			refuse(c, 431, "the headers are larger than 16384 bytes");
		else if (n > 0)
			take_head(c, n);
	}
	if (c->state == CONN_BODY && c->in_len >= c->head.length) {
		uv_read_stop((uv_stream_t *)&c->tcp);
		conn_set_state(c, CONN_WORKING);
		c->request_id = ++c->server->serial << HTTP_SLOT_BITS | c->slot;
		http_server_dispatch(c);
	}
}

/* The last answer is out. Closing now, with input unread, would make the kernel reset the
 * connection and the peer might never see the answer. */
static void on_uv_shutdown(uv_shutdown_t *req, int status)
{
	struct conn *c = req->data;

	if (status < 0)
		http_conn_close(c);
}

static void begin_drain(struct conn *c)
{
	conn_set_state(c, CONN_DRAIN);
	c->shutdown.data = c;
	if (uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, on_uv_shutdown) < 0 ||
		uv_read_start((uv_stream_t *)&c->tcp, on_uv_alloc, on_uv_read) < 0)
		http_conn_close(c);
}

static void on_uv_write(uv_write_t *req, int status)
{
	struct conn *c = req->data;

	free(c->out);
	c->out = NULL;
	if (c->state == CONN_CLOSED)
		return;
	if (status < 0) {
		http_conn_close(c);
		return;
	}
	if (c->close_after || c->server->stopping) {
		begin_drain(c);
		return;
	}
	conn_set_state(c, CONN_IDLE);
	if (uv_read_start((uv_stream_t *)&c->tcp, on_uv_alloc, on_uv_read) < 0) {
		http_conn_close(c);
		return;
	}
	if (c->in_len > 0)
		conn_next(c); /* the next request came along with this one */
}

static void put_date(struct buf *out)
{
	time_t now = (time_t)(clock_wall_ms() / 1000);
	char text[64];
	struct tm tm;

	/* Names in English whatever the locale: the program never sets one. */
	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	buf_printf(out, "Date: %s\r\n", text);
}

static void print_answer(struct conn *c, const struct web_answer *a, struct buf *out)
{
	buf_printf(out, "HTTP/1.1 %d %s\r\n", a->status, http_status_text(a->status));
	put_date(out);
	buf_printf(out, "Content-Type: %s\r\nContent-Length: %zu\r\n",
		a->type ? a->type : "text/plain; charset=utf-8", a->len);
	buf_printf(out, "X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n"
		"Referrer-Policy: no-referrer\r\nCache-Control: no-store\r\n"
		"Content-Security-Policy: %s\r\n",
		a->csp ? a->csp : "default-src 'none'; frame-ancestors 'none'");
	if (a->headers)
		buf_str(out, a->headers);
	buf_printf(out, "Connection: %s\r\n\r\n",
		c->close_after || c->server->stopping ? "close" : "keep-alive");
	if (!c->head_only)
		buf_add(out, a->body, a->len);
}

void http_conn_answer(struct conn *c, const struct web_answer *a)
{
	size_t body = c->request_id ? (size_t)c->head.length : 0;
	struct buf text;
	uv_buf_t b;

	if (c->state == CONN_CLOSED || c->state == CONN_WRITING || c->state == CONN_DRAIN)
		return;
	metrics_inc2(METRIC_HTTP_REQUESTS, c->metric, a->status / 100 - 2);
	c->request_id = 0;
	buf_init(&text, ANSWER_MAX);
	print_answer(c, a, &text); /* before the body goes: an answer may quote it */
	consume(c, body);
	if (text.failed) {
		buf_release(&text);
		log_write(LOG_ERROR, "web", NULL, "an answer did not fit", "bytes", log_int((long long)a->len),
			NULL);
		http_conn_close(c);
		return;
	}
	b = uv_buf_init(text.data, (unsigned)text.len);
	c->out = text.data;
	conn_set_state(c, CONN_WRITING);
	uv_read_stop((uv_stream_t *)&c->tcp);
	c->write.data = c;
	if (uv_write(&c->write, (uv_stream_t *)&c->tcp, &b, 1, on_uv_write) < 0)
		http_conn_close(c);
}

void http_conn_check_time(struct conn *c, int64_t now_ms)
{
	const struct http_server_options *o = &c->server->o;
	int64_t age = now_ms - c->since_ms;

	switch (c->state) {
	case CONN_IDLE:
		if (age > o->idle_ms)
			http_conn_close(c);
		return;
	case CONN_HEAD:
		if (age > o->head_ms)
			refuse(c, 408, "the headers took too long");
		return;
	case CONN_BODY:
		if (age > o->body_ms)
			refuse(c, 408, "the body took too long");
		return;
	case CONN_WORKING:
		if (age > o->answer_ms)
			refuse(c, 504, "no answer in time; nothing is known about the outcome");
		return;
	case CONN_WRITING:
		if (age > o->write_ms)
			http_conn_close(c);
		return;
	case CONN_DRAIN:
		if (age > DRAIN_MS)
			http_conn_close(c);
		return;
	case CONN_CLOSED:
		return;
	}
}

/* How readily a connection is given up for a new one; 0: never. */
static int spare_rank(const struct conn *c)
{
	switch (c->state) {
	case CONN_DRAIN:
		return 3;
	case CONN_IDLE:
		return 2;
	case CONN_HEAD:
	case CONN_BODY:
		return 1;
	default:
		return 0;
	}
}

/* Makes room when all connections are taken: whoever has kept us waiting longest goes, those
 * that owe us nothing first. False when all of them are being worked on. */
static bool evict(struct http_server *s)
{
	struct conn *best = NULL;
	size_t i;

	for (i = 0; i < s->n_slots; i++) {
		struct conn *c = s->slots[i];

		if (!c || !spare_rank(c))
			continue;
		if (!best || spare_rank(c) > spare_rank(best) ||
			(spare_rank(c) == spare_rank(best) && c->since_ms < best->since_ms))
			best = c;
	}
	if (best)
		http_conn_close(best);
	return best != NULL;
}

static void put_peer(struct conn *c)
{
	struct sockaddr_storage addr;
	int len = sizeof(addr);

	if (uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&addr, &len) < 0)
		return;
	if (addr.ss_family == AF_INET6)
		uv_ip6_name((const struct sockaddr_in6 *)&addr, c->peer, sizeof(c->peer));
	else
		uv_ip4_name((const struct sockaddr_in *)&addr, c->peer, sizeof(c->peer));
}

void http_conn_accept(struct http_server *s)
{
	struct conn *c;
	bool refused;
	size_t slot;

	refused = s->n_conns >= s->o.connections_max && !evict(s);
	for (slot = 0; slot < s->n_slots && s->slots[slot]; slot++)
		;
	if (slot == s->n_slots) {
		s->waiting = true; /* until one that was closed is gone; the kernel keeps the others */
		return;
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		s->waiting = true;
		return;
	}
	c->server = s;
	c->slot = slot;
	c->metric = METRIC_ROUTE_OTHER;
	c->tcp.data = c;
	uv_tcp_init(s->loop, &c->tcp);
	s->slots[slot] = c;
	s->n_conns++;
	metrics_set(METRIC_HTTP_CONNECTIONS, 0, (double)s->n_conns);
	conn_set_state(c, CONN_IDLE);
	if (uv_accept((uv_stream_t *)&s->listener, (uv_stream_t *)&c->tcp) < 0) {
		http_conn_close(c);
		return;
	}
	uv_tcp_nodelay(&c->tcp, 1);
	put_peer(c);
	if (refused) {
		refuse(c, 503, "all connections are taken");
		return;
	}
	if (uv_read_start((uv_stream_t *)&c->tcp, on_uv_alloc, on_uv_read) < 0)
		http_conn_close(c);
}
