/* support_talk.c - see support_talk.h. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support_talk.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define GUARD_MS 20000

struct talk {
	uv_loop_t *loop;
	uv_tcp_t tcp;
	uv_connect_t connect;
	uv_timer_t guard;
	char *got;
	size_t len, cap;
	bool connected, closed, late;
	int handles;
};

struct sending {
	uv_write_t req;
	char bytes[];
};

static void on_guard(uv_timer_t *timer)
{
	struct talk *t = timer->data;

	t->late = true;
}

static void on_connect(uv_connect_t *req, int status)
{
	struct talk *t = req->data;

	t->connected = status == 0;
	t->closed = status != 0;
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *out)
{
	struct talk *t = h->data;

	(void)suggested;
	if (t->cap - t->len < 4096) {
		t->cap = t->cap * 2 + 8192;
		t->got = realloc(t->got, t->cap);
	}
	*out = uv_buf_init(t->got + t->len, (unsigned)(t->cap - t->len - 1));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct talk *t = s->data;

	(void)b;
	if (n < 0) {
		t->closed = true;
		uv_read_stop(s);
		return;
	}
	t->len += (size_t)n;
	t->got[t->len] = '\0';
}

static void on_closed(uv_handle_t *h)
{
	struct talk *t = h->data;

	t->handles--;
}

static void turn(struct talk *t)
{
	uv_run(t->loop, UV_RUN_ONCE);
	if (t->late)
		fail_msg("nothing more came within %d ms; so far: %s", GUARD_MS, talk_text(t));
}

struct talk *talk_new(uv_loop_t *loop, const char *address)
{
	struct talk *t = calloc(1, sizeof(*t));
	const char *colon = strrchr(address, ':');
	struct sockaddr_in addr;
	char host[64];

	signal(SIGPIPE, SIG_IGN);
	snprintf(host, sizeof(host), "%.*s", (int)(colon - address), address);
	uv_ip4_addr(host, (int)strtol(colon + 1, NULL, 10), &addr);
	t->loop = loop;
	t->tcp.data = t->guard.data = t->connect.data = t;
	t->handles = 2;
	uv_tcp_init(loop, &t->tcp);
	uv_timer_init(loop, &t->guard);
	uv_timer_start(&t->guard, on_guard, GUARD_MS, 0);
	uv_tcp_connect(&t->connect, &t->tcp, (const struct sockaddr *)&addr, on_connect);
	while (!t->connected && !t->closed)
		turn(t);
	if (t->connected)
		uv_read_start((uv_stream_t *)&t->tcp, on_alloc, on_read);
	return t;
}

static void on_write(uv_write_t *req, int status)
{
	(void)status;
	free(req->data);
}

void talk_send(struct talk *t, const char *bytes, size_t len)
{
	struct sending *s;
	uv_buf_t b;

	len = len ? len : strlen(bytes);
	s = malloc(sizeof(*s) + len);
	memcpy(s->bytes, bytes, len);
	s->req.data = s;
	b = uv_buf_init(s->bytes, (unsigned)len);
	if (uv_write(&s->req, (uv_stream_t *)&t->tcp, &b, 1, on_write) < 0)
		free(s);
}

bool talk_wait(struct talk *t, const char *text)
{
	while (!strstr(talk_text(t), text) && !t->closed)
		turn(t);
	return strstr(talk_text(t), text) != NULL;
}

static unsigned count_answers(const struct talk *t)
{
	const char *s = talk_text(t), *end, *length;
	unsigned n = 0;

	while ((end = strstr(s, "\r\n\r\n")) != NULL) {
		length = strstr(s, "Content-Length: ");
		if (!length || length > end)
			return n;
		s = end + 4 + strtol(length + 16, NULL, 10);
		if (s > talk_text(t) + t->len)
			return n;
		n++;
	}
	return n;
}

bool talk_answers(struct talk *t, unsigned n)
{
	while (count_answers(t) < n && !t->closed)
		turn(t);
	return count_answers(t) >= n;
}

void talk_wait_closed(struct talk *t)
{
	while (!t->closed)
		turn(t);
}

bool talk_closed(const struct talk *t)
{
	return t->closed;
}

const char *talk_text(const struct talk *t)
{
	return t->len ? t->got : "";
}

void talk_read_stop(struct talk *t)
{
	uv_read_stop((uv_stream_t *)&t->tcp);
}

void talk_free(struct talk *t)
{
	uv_close((uv_handle_t *)&t->tcp, on_closed);
	uv_close((uv_handle_t *)&t->guard, on_closed);
	while (t->handles > 0)
		uv_run(t->loop, UV_RUN_ONCE);
	free(t->got);
	free(t);
}

const char *talk_once(uv_loop_t *loop, const char *address, const char *bytes, size_t len)
{
	static char kept[1 << 20];
	struct talk *t = talk_new(loop, address);

	talk_send(t, bytes, len);
	talk_answers(t, 1);
	snprintf(kept, sizeof(kept), "%s", talk_text(t));
	talk_free(t);
	return kept;
}
