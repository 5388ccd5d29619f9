/*
 * http_conn.h - one incoming connection; private to http_server.c and http_conn.c.
 */
#ifndef TOCSIN_BOT_WEB_HTTP_CONN_H
#define TOCSIN_BOT_WEB_HTTP_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "bot/web/http_server.h"

#define HTTP_SLOTS_SPARE 16 /* connections past the limit that are told 503 at the same time */
#define HTTP_SLOT_BITS 16

enum conn_state {
	CONN_IDLE,    /* waits for a request's first byte */
	CONN_HEAD,    /* waits for the rest of the head */
	CONN_BODY,    /* waits for the rest of the body */
	CONN_WORKING, /* waits for the route's answer; nothing is read meanwhile */
	CONN_WRITING, /* waits for the peer to take the answer */
	CONN_DRAIN,   /* last answer is out; what the peer still sends is thrown away until it closes */
	CONN_CLOSED   /* waits for the close callback */
};

struct conn {
	uv_tcp_t tcp;
	uv_write_t write;
	uv_shutdown_t shutdown;
	struct http_server *server;
	size_t slot;
	enum conn_state state;
	int64_t since_ms;       /* monotonic: when the state (HEAD: the request) began */
	uint64_t request_id;    /* 0: none */
	bool close_after;       /* this answer is the last */
	bool head_only;         /* HEAD: no body in the answer */
	enum metric_route metric;
	char peer[64];

	char *in;               /* received and not used up */
	size_t in_len, in_cap, scanned;
	char *head_bytes;       /* the head of the request being read; `head` points into it */
	struct http_head head;
	char *out;              /* the answer being written */
	size_t drained;
};

struct http_server {
	uv_loop_t *loop;
	uv_tcp_t listener;
	uv_timer_t timer;
	struct http_server_options o;
	char address[80];
	struct web_route routes[HTTP_ROUTES_MAX];
	size_t n_routes;
	struct conn **slots;
	size_t n_slots, n_conns, n_working;
	size_t held;            /* bytes of all conn.in */
	uint64_t serial;
	unsigned handles;       /* listener and timer: open ones */
	bool waiting;           /* one waits at the listener for a slot to become free */
	bool stopping, closing;
};

/* Takes a connection that waits at the listener, now or as soon as there is a slot. */
void http_conn_accept(struct http_server *s);
void http_conn_close(struct conn *c);
void http_conn_answer(struct conn *c, const struct web_answer *a);
/* What has gone on for too long. */
void http_conn_check_time(struct conn *c, int64_t now_ms);

/* http_server.c: hands a whole request to its route. */
void http_server_dispatch(struct conn *c);
/* The connection is gone. */
void http_server_forget(struct conn *c);
#endif
