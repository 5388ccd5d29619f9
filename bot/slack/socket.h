/*
 * socket.h - Socket Mode: keeps the wanted number of connections to Slack alive, for ever.
 *
 * Each slot has one connection that carries envelopes. When Slack wants it replaced, a successor is
 * made first and the old one goes on reading and acknowledging until it is closed: nothing is
 * missed. Back-off is 1 s doubling to 60 s with full jitter, and starts over only after a connection
 * has lived for a minute.
 */
#ifndef TOCSIN_BOT_SLACK_SOCKET_H
#define TOCSIN_BOT_SLACK_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct arena;
struct err;
struct lws_context;
struct slack_api;
struct slack_identity;
struct slack_in;
struct slack_sockets;

#define SLACK_SOCKETS_MAX 4
#define SLACK_ACKS_HELD 256 /* acknowledgements kept while no socket is live */

/* All in milliseconds; 0: the default in brackets. Tests shorten them. */
struct slack_times {
	int64_t open_ms;      /* apps.connections.open (10,000) */
	int64_t connect_ms;   /* address, TCP, TLS, upgrade (10,000) */
	int64_t hello_ms;     /* upgrade to hello (10,000) */
	int64_t ping_ms;      /* our ping after so much silence (10,000) */
	int64_t dead_ms;      /* nothing at all came in for so long (30,000) */
	int64_t drain_ms;     /* the old one after its successor is live (30,000) */
	int64_t backoff_ms;   /* first (1,000)... */
	int64_t backoff_max_ms; /* ...and last (60,000) */
	int64_t stable_ms;    /* a life that starts the back-off over (60,000) */
	int64_t degraded_ms;  /* refused token, Socket Mode off, too many sockets (300,000) */
};

struct slack_sockets_options {
	uv_loop_t *loop;
	struct lws_context *lws;
	struct slack_api *api;
	const char *app_token;
	bool plain_ok;       /* ws:// is fine (a fake on loopback) */
	unsigned count;      /* 1 to SLACK_SOCKETS_MAX */
	const struct slack_identity *me; /* borrowed */
	struct slack_times times;
	/* An envelope; the arena is the callee's. socket: for slack_sockets_ack(). */
	void (*on_envelope)(void *ud, uint64_t socket, struct arena *arena_owned,
		const struct slack_in *in);
	void (*on_hello)(void *ud, const struct slack_in *in); /* may be NULL */
	void (*on_live)(void *ud, unsigned live);              /* how many are live now */
	/* Slack refuses to have us ("invalid_auth", "link_disabled"), "" when that is over. */
	void (*on_problem)(void *ud, const char *code);
	void *ud;
};

struct slack_sockets *slack_sockets_new(const struct slack_sockets_options *o, struct err *err);

/* Sends an acknowledgement: on the socket that delivered the envelope while it is open, else on any
 * other; with none live it is kept for three seconds. */
void slack_sockets_ack(struct slack_sockets *s, uint64_t socket, const char *text, size_t len);
/* Acknowledgements not yet handed to the network. */
size_t slack_sockets_unwritten(const struct slack_sockets *s);

unsigned slack_sockets_live(const struct slack_sockets *s);
unsigned slack_sockets_foreign(const struct slack_sockets *s); /* of this app, not ours */
uint64_t slack_sockets_reconnects(const struct slack_sockets *s);

/* Closes every connection (1001, "bye") and frees s in a later turn. From a uv callback. */
void slack_sockets_close(struct slack_sockets *s);
#endif
