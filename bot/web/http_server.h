/*
 * http_server.h - HTTP/1.1 in: what arrives at our address, and the answers, now or later.
 *
 * A request that needs Redis is answered in a later turn: the route keeps its id, never a pointer,
 * and an answer to a request that is gone is dropped. Everything is bounded: head, body,
 * connections, bytes held by all bodies together, and the time for each step. When all connections
 * are taken, the one that has kept us waiting longest gives way. Requests that were sent ahead on
 * one connection are answered one after another.
 *
 * TLS is the business of the reverse proxy in front. Loop thread only.
 */
#ifndef TOCSIN_BOT_WEB_HTTP_SERVER_H
#define TOCSIN_BOT_WEB_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "bot/metrics.h"
#include "bot/web/http_head.h"

#define HTTP_ROUTES_MAX 32

struct err;
struct http_server;

/* Everything is borrowed until the route returns. */
struct web_request {
	uint64_t id;
	const struct http_head *head;
	const char *rest;   /* what follows a route that ends with "/"; "" */
	const char *body;   /* not NUL-terminated */
	size_t body_len;
	const char *peer;   /* "127.0.0.1" */
};

struct web_answer {
	int status;
	const char *type;    /* Content-Type; NULL: text/plain; charset=utf-8 */
	const char *body;    /* copied */
	size_t len;
	const char *headers; /* further lines, each ending with CR LF; NULL: none. Never from outside */
	const char *csp;     /* Content-Security-Policy; NULL: default-src 'none' */
};

typedef void (*web_route_fn)(void *ud, const struct web_request *req);

struct web_route {
	const char *path;      /* "/healthz", or everything below "/alerts/" */
	web_route_fn fn;       /* answers with web_answer(), at once or later */
	void *ud;
	unsigned methods;      /* enum http_method, or'ed; others get 405. GET brings HEAD with it */
	enum metric_route metric;
};

struct http_server_options {
	uv_loop_t *loop;
	const char *listen;     /* "127.0.0.1:8080", "[::1]:8080", ":8080" (everywhere); port 0: any */
	/* 0: the default. */
	size_t connections_max; /* 256 */
	size_t body_max;        /* 1 MiB */
	size_t held_max;        /* 64 MiB: bytes that all connections together hold */
	int64_t head_ms;        /* 10000: from the first byte of a head to its last */
	int64_t body_ms;        /* 30000 */
	int64_t idle_ms;        /* 60000: between two requests */
	int64_t answer_ms;      /* 30000: for the route; then 504 */
	int64_t write_ms;       /* 30000: for the peer to read its answer */
};

/* NULL with err set: the address is malformed, in use, or not ours. */
struct http_server *http_server_open(const struct http_server_options *o, struct err *err);

/* Where it listens, with the port it got: "127.0.0.1:43211". */
const char *http_server_address(const struct http_server *s);

/* The route is copied; path must outlive the server. -1 past HTTP_ROUTES_MAX. */
int http_server_route(struct http_server *s, const struct web_route *route);

void web_answer(struct http_server *s, uint64_t id, const struct web_answer *answer);
/* A line of plain text: "404 Not Found: TEXT". */
void web_answer_text(struct http_server *s, uint64_t id, int status, const char *text);

size_t http_server_connections(const struct http_server *s);
/* Requests that a route has and has not answered. */
size_t http_server_working(const struct http_server *s);

/* Takes no new connections and no further requests; what is being worked on is still answered. */
void http_server_stop(struct http_server *s);
/* Cuts everything off; memory goes in later turns. NULL is allowed. */
void http_server_close(struct http_server *s);

/* Reads a listen address; 0, or -1 with err set. */
struct sockaddr_storage;
int http_listen_parse(const char *text, struct sockaddr_storage *out, struct err *err);

const char *http_status_text(int status);
#endif
