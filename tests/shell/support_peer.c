/* support_peer.c - see support_peer.h. */
#include "support_peer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tocsin/buf.h"

#define STEPS_MAX 64
#define REQUESTS_MAX 512
#define REQUEST_MAX ((size_t)8 * 1024 * 1024)

struct visitor {
	struct visitor *next;
	struct peer *peer;
	uv_tcp_t tcp;
	struct buf in;
	char chunk[65536];
	bool mail_data;
	bool closed;
};

struct peer {
	uv_tcp_t listener;
	int port;
	struct peer_step steps[STEPS_MAX];
	size_t n_steps, at;
	peer_fn fn;
	void *fn_ud;
	bool smtp, mute_quit;
	const char *refuse;
	char *requests[REQUESTS_MAX];
	size_t n_requests;
	size_t connections;
	struct visitor *visitors;
	size_t open;
	bool closing;
};

struct out {
	uv_write_t req;
	struct visitor *visitor;
	bool cut;
	char data[];
};

static void peer_free_when_done(struct peer *p)
{
	size_t i;

	if (!p->closing || p->open)
		return;
	for (i = 0; i < p->n_requests; i++)
		free(p->requests[i]);
	free(p);
}

static void on_visitor_closed(uv_handle_t *h)
{
	struct visitor *v = h->data, **link;
	struct peer *p = v->peer;

	for (link = &p->visitors; *link != v; link = &(*link)->next)
		;
	*link = v->next;
	buf_release(&v->in);
	free(v);
	p->open--;
	peer_free_when_done(p);
}

static void visitor_close(struct visitor *v)
{
	if (v->closed)
		return;
	v->closed = true;
	uv_close((uv_handle_t *)&v->tcp, on_visitor_closed);
}

static void on_written(uv_write_t *req, int status)
{
	struct out *o = (struct out *)req;

	if (o->cut || status < 0)
		visitor_close(o->visitor);
	free(o);
}

static void visitor_send(struct visitor *v, const char *bytes, size_t len, bool cut)
{
	struct out *o = malloc(sizeof(*o) + len);
	uv_buf_t b;

	assert(o);
	memcpy(o->data, bytes, len);
	o->visitor = v;
	o->cut = cut;
	b = uv_buf_init(o->data, (unsigned)len);
	if (v->closed || uv_write(&o->req, (uv_stream_t *)&v->tcp, &b, 1, on_written) < 0)
		free(o);
}

static void visitor_say(struct visitor *v, const char *line)
{
	visitor_send(v, line, strlen(line), false);
}

static void keep(struct peer *p, const char *text, size_t len)
{
	char *copy = malloc(len + 1);

	assert(copy && p->n_requests < REQUESTS_MAX);
	memcpy(copy, text, len);
	copy[len] = '\0';
	p->requests[p->n_requests++] = copy;
}

static void visitor_answer(struct visitor *v)
{
	struct peer *p = v->peer;
	static const char none[] = "HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n";
	struct peer_step *s;

	if (p->fn) {
		char *text = p->fn(p->fn_ud, p->requests[p->n_requests - 1]);

		if (text)
			visitor_send(v, text, strlen(text), false);
		free(text);
		return;
	}
	if (p->at >= p->n_steps) {
		visitor_send(v, none, sizeof(none) - 1, false);
		return;
	}
	s = &p->steps[p->at++];
	if (s->act == PEER_CUT)
		visitor_close(v);
	else if (s->act == PEER_SEND || s->act == PEER_SEND_CUT)
		visitor_send(v, s->bytes, s->len ? s->len : strlen(s->bytes),
			s->act == PEER_SEND_CUT);
}

/* Takes one whole request off the front; false when it is not whole yet. */
static bool visitor_http(struct visitor *v)
{
	const char *text = buf_text(&v->in), *end = strstr(text, "\r\n\r\n"), *h;
	size_t head, body = 0, left;
	char *rest;

	if (!end)
		return false;
	head = (size_t)(end - text) + 4;
	for (h = text; h && h < end; h = strstr(h, "\r\n"), h = h ? h + 2 : NULL)
		if (!strncasecmp(h, "content-length:", 15))
			body = strtoul(h + 15, NULL, 10);
	if (v->in.len < head + body)
		return false;
	keep(v->peer, text, head + body);
	left = v->in.len - head - body;
	rest = malloc(left + 1);
	assert(rest);
	memcpy(rest, v->in.data + head + body, left);
	buf_reset(&v->in);
	buf_add(&v->in, rest, left);
	free(rest);
	visitor_answer(v);
	return true;
}

static bool visitor_smtp(struct visitor *v)
{
	struct peer *p = v->peer;
	const char *text = buf_text(&v->in), *end;
	char line[1024];
	size_t n;

	if (v->mail_data) {
		end = strstr(text, "\r\n.\r\n");
		if (!end)
			return false;
		keep(p, text, (size_t)(end - text));
		v->mail_data = false;
		buf_reset(&v->in);
		visitor_say(v, "250 taken\r\n");
		return false;
	}
	end = strstr(text, "\r\n");
	if (!end)
		return false;
	n = (size_t)(end - text);
	assert(n < sizeof(line));
	memcpy(line, text, n);
	line[n] = '\0';
	buf_reset(&v->in); /* the client speaks a line at a time */
	if (!strncmp(line, "QUIT", 4)) {
		if (!p->mute_quit)
			visitor_send(v, "221 bye\r\n", 9, true);
	} else if (!strncmp(line, "RCPT", 4) && p->refuse) {
		visitor_say(v, p->refuse);
	} else if (!strncmp(line, "DATA", 4)) {
		v->mail_data = true;
		visitor_say(v, "354 go on\r\n");
	} else {
		visitor_say(v, "250 ok\r\n");
	}
	return false;
}

static void on_alloc(uv_handle_t *h, size_t size, uv_buf_t *b)
{
	struct visitor *v = h->data;

	(void)size;
	*b = uv_buf_init(v->chunk, sizeof(v->chunk));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct visitor *v = s->data;

	(void)b;
	if (n < 0) {
		visitor_close(v);
		return;
	}
	buf_add(&v->in, v->chunk, (size_t)n);
	assert(!v->in.failed);
	while (!v->closed && (v->peer->smtp ? visitor_smtp(v) : visitor_http(v)))
		;
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct peer *p = listener->data;
	struct visitor *v = calloc(1, sizeof(*v));

	assert(v && status == 0);
	p->connections++;
	v->peer = p;
	v->next = p->visitors;
	p->visitors = v;
	p->open++;
	buf_init(&v->in, REQUEST_MAX);
	uv_tcp_init(listener->loop, &v->tcp);
	v->tcp.data = v;
	uv_accept(listener, (uv_stream_t *)&v->tcp);
	if (p->at < p->n_steps && p->steps[p->at].act == PEER_CUT_EARLY) {
		p->at++;
		visitor_close(v);
		return;
	}
	uv_read_start((uv_stream_t *)&v->tcp, on_alloc, on_read);
	if (p->smtp)
		visitor_say(v, "220 peer\r\n");
}

struct peer *peer_new(uv_loop_t *loop)
{
	struct peer *p = calloc(1, sizeof(*p));
	struct sockaddr_in a;
	int len = sizeof(a);

	assert(p);
	uv_tcp_init(loop, &p->listener);
	p->listener.data = p;
	p->open = 1;
	uv_ip4_addr("127.0.0.1", 0, &a);
	uv_tcp_bind(&p->listener, (struct sockaddr *)&a, 0);
	uv_listen((uv_stream_t *)&p->listener, 128, on_connection);
	uv_tcp_getsockname(&p->listener, (struct sockaddr *)&a, &len);
	p->port = ntohs(a.sin_port);
	assert(p->port);
	return p;
}

int peer_port(const struct peer *p)
{
	return p->port;
}

void peer_expect(struct peer *p, enum peer_act act, const char *bytes, size_t len)
{
	assert(p->n_steps < STEPS_MAX);
	p->steps[p->n_steps++] = (struct peer_step){ act, bytes, len };
}

void peer_on_request(struct peer *p, peer_fn fn, void *ud)
{
	p->fn = fn;
	p->fn_ud = ud;
}

void peer_speak_smtp(struct peer *p, const char *refuse, bool mute_quit)
{
	p->smtp = true;
	p->refuse = refuse;
	p->mute_quit = mute_quit;
}

const char *peer_request(const struct peer *p, size_t n)
{
	return n < p->n_requests ? p->requests[n] : "";
}

size_t peer_requests(const struct peer *p)
{
	return p->n_requests;
}

size_t peer_connections(const struct peer *p)
{
	return p->connections;
}

static void on_listener_closed(uv_handle_t *h)
{
	struct peer *p = h->data;

	p->open--;
	peer_free_when_done(p);
}

void peer_close(struct peer *p)
{
	struct visitor *v;

	p->closing = true;
	for (v = p->visitors; v; v = v->next)
		visitor_close(v);
	uv_close((uv_handle_t *)&p->listener, on_listener_closed);
}

char *peer_http(int status, const char *headers, const char *body)
{
	char *out;

	if (asprintf(&out, "HTTP/1.1 %d X\r\n%sContent-Length: %zu\r\n\r\n%s", status, headers,
		    strlen(body), body) < 0)
		abort();
	return out;
}
