/*
 * support_peer.h - a scripted peer for tests: a TCP server on the test's own loop.
 *
 * It reads HTTP/1.1 requests (Content-Length bodies) and does with each what the script says next;
 * past the end of the script every request is answered 404. In mail mode it speaks just enough
 * SMTP instead. Everything happens in the loop, so a test waits for events and never for time.
 */
#ifndef TESTS_SUPPORT_PEER_H
#define TESTS_SUPPORT_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

enum peer_act {
	PEER_SEND,       /* the bytes, connection stays open */
	PEER_SEND_CUT,   /* the bytes, then the connection is closed */
	PEER_CUT,        /* closed without a word, after the request was read */
	PEER_CUT_EARLY,  /* closed as soon as it was accepted (one step per connection) */
	PEER_SILENT      /* read, never answered */
};

struct peer_step {
	enum peer_act act;
	const char *bytes; /* borrowed */
	size_t len;        /* 0: strlen(bytes) */
};

struct peer;

struct peer *peer_new(uv_loop_t *loop);
int peer_port(const struct peer *p);
/* Appends to the script; at most 64 steps. */
void peer_expect(struct peer *p, enum peer_act act, const char *bytes, size_t len);
/* Instead of a script: answers each request. Returns malloc'd bytes to send, NULL: silent. */
typedef char *(*peer_fn)(void *ud, const char *request);
void peer_on_request(struct peer *p, peer_fn fn, void *ud);
/* SMTP mode; `refuse` is the answer to RCPT ("550 no such user"), or NULL. mute_quit: QUIT is
 * never answered and the connection stays open. */
void peer_speak_smtp(struct peer *p, const char *refuse, bool mute_quit);
/* The nth request (or mail) as it came, "" when there was none. */
const char *peer_request(const struct peer *p, size_t n);
size_t peer_requests(const struct peer *p);
size_t peer_connections(const struct peer *p);
/* Closes everything; memory goes when the loop has run. */
void peer_close(struct peer *p);

/* A complete answer: "HTTP/1.1 <status> X\r\n<headers>Content-Length: n\r\n\r\n<body>". headers:
 * lines that end with \r\n, or "". malloc'd. */
char *peer_http(int status, const char *headers, const char *body);
#endif
