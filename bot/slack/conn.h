/*
 * conn.h - one Socket Mode connection, from asking for its address to its end. Inner part of
 * socket.c, which decides when connections are made, replaced and closed.
 *
 *   OPENING -> RESOLVING -> CONNECTING -> WAIT_HELLO -> LIVE -> DRAINING -> GONE
 *
 * Every state leads to GONE as well. on_gone() comes exactly once, in a turn of its own; the owner
 * then calls conn_free(), and the memory goes when lws, uv and the Web API have let go of it.
 */
#ifndef TOCSIN_BOT_SLACK_CONN_H
#define TOCSIN_BOT_SLACK_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "bot/slack/slack_in.h"
#include "tocsin/buf.h"

struct arena;
struct lws_context;
struct lws_vhost;
struct slack_api;

#define CONN_FRAMES_MAX 4096                    /* frames waiting to be written... */
#define CONN_BYTES_MAX ((size_t)8 * 1024 * 1024) /* ...and their bytes: past it the peer is stuck */

enum conn_state {
	CONN_OPENING,    /* waits for apps.connections.open */
	CONN_RESOLVING,  /* waits for an address */
	CONN_CONNECTING, /* waits for TCP, TLS and the upgrade */
	CONN_WAIT_HELLO, /* waits for Slack's first frame */
	CONN_LIVE,       /* carries envelopes */
	CONN_DRAINING,   /* has a successor: goes on until closed or the time is over */
	CONN_GONE        /* waits for conn_free() */
};

enum conn_end {
	CONN_END_LOST,      /* closed, cut, dead, no hello, refused: try again with back-off */
	CONN_END_FATAL,     /* Slack refused the token: nothing to gain by hurrying */
	CONN_END_DISABLED,  /* Socket Mode is off */
	CONN_END_TOO_MANY   /* more than ten sockets */
};

struct conn;

/* What the owner hears. None of them may free the connection. */
struct conn_owner {
	void *ud;
	void (*on_hello)(void *ud, struct conn *c, const struct slack_in *in);
	/* Slack wants it replaced. */
	void (*on_refresh)(void *ud, struct conn *c);
	/* The arena is the callee's from now on; in->req lives in it. */
	void (*on_envelope)(void *ud, struct conn *c, struct arena *arena_owned,
		const struct slack_in *in);
	void (*on_gone)(void *ud, struct conn *c);
};

struct conn_times {
	int64_t open_ms, connect_ms, hello_ms, ping_ms, dead_ms;
};

struct conn_options {
	uv_loop_t *loop;
	struct lws_context *context;
	struct lws_vhost *vhost;       /* made by conn_vhost() */
	struct slack_api *api;
	const char *app_token;
	bool plain_ok;                 /* ws:// is fine (a fake on loopback) */
	unsigned attempt;              /* which of several addresses to take */
	const struct slack_identity *me; /* borrowed */
	struct conn_times times;
	struct conn_owner owner;
};

/* The client vhost that all connections share. tls: certificates are wanted. NULL: failed. */
struct lws_vhost *conn_vhost(struct lws_context *context, bool tls);

struct conn *conn_new(const struct conn_options *o, uint64_t id); /* NULL: out of memory */
uint64_t conn_id(const struct conn *c);
enum conn_state conn_state(const struct conn *c);
enum conn_end conn_end(const struct conn *c);
const char *conn_why(const struct conn *c);        /* for the log: why it ended */
int64_t conn_retry_after_ms(const struct conn *c); /* -1: Slack did not say */
int64_t conn_live_since_ms(const struct conn *c);  /* 0: never was */
const char *conn_host(const struct conn *c);
void conn_set_draining(struct conn *c);

/* Whether frames can be written. */
bool conn_writable(const struct conn *c);
/* Queues a text frame (copied). False when the bound is reached: the connection is given up. */
bool conn_write(struct conn *c, const char *text, size_t len);
size_t conn_unwritten(const struct conn *c);

/* Call when the earliest conn_deadline_ms() is reached, from a uv callback: pings, and gives up
 * what does not answer. */
void conn_tick(struct conn *c, int64_t now_ms);
int64_t conn_deadline_ms(const struct conn *c); /* monotonic; INT64_MAX: none */

/* Ends it: a close frame when it stands. From a uv callback only. on_gone() still comes. */
void conn_close(struct conn *c, const char *why);
/* After on_gone(), or for good (on_gone() will not come): lets go of everything. */
void conn_free(struct conn *c);
#endif
