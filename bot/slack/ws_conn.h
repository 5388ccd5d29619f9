/*
 * ws_conn.h - one Socket Mode connection, from asking for its address to its end. Inner part of
 * socket.c, which decides when connections are made, replaced and closed.
 *
 *   OPENING -> RESOLVING -> CONNECTING -> WAIT_HELLO -> LIVE -> DRAINING -> GONE
 *
 * Every state leads to GONE as well. on_gone() comes exactly once, in a turn of its own; the owner
 * then calls ws_conn_free(), and the memory goes when lws, uv and the Web API have let go of it.
 */
#ifndef TOCSIN_BOT_SLACK_WS_CONN_H
#define TOCSIN_BOT_SLACK_WS_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "bot/slack/slack_in.h"
#include "tocsin/buf.h"

struct arena;
struct lws_context;
struct ws_vhosts;
struct slack_api;

#define WS_CONN_FRAMES_MAX 4096                    /* frames waiting to be written... */
#define WS_CONN_BYTES_MAX ((size_t)8 * 1024 * 1024) /* ...and their bytes: past it the peer is stuck */

enum ws_conn_state {
	WS_CONN_OPENING,    /* waits for apps.connections.open */
	WS_CONN_RESOLVING,  /* waits for an address */
	WS_CONN_CONNECTING, /* waits for TCP, TLS and the upgrade */
	WS_CONN_WAIT_HELLO, /* waits for Slack's first frame */
	WS_CONN_LIVE,       /* carries envelopes */
	WS_CONN_DRAINING,   /* has a successor: goes on until closed or the time is over */
	WS_CONN_GONE        /* waits for ws_conn_free() */
};

enum ws_conn_end {
	WS_CONN_END_LOST,      /* closed, cut, dead, no hello, refused: try again with back-off */
	WS_CONN_END_FATAL,     /* Slack refused the token: nothing to gain by hurrying */
	WS_CONN_END_DISABLED,  /* Socket Mode is off */
	WS_CONN_END_TOO_MANY   /* more than ten sockets */
};

struct ws_conn;

/* What the owner hears. None of them may free the connection. */
struct ws_conn_owner {
	void *ud;
	/* Another state, another deadline. */
	void (*on_deadline)(void *ud, struct ws_conn *c);
	void (*on_hello)(void *ud, struct ws_conn *c, const struct slack_in *in);
	/* Slack wants it replaced. */
	void (*on_refresh)(void *ud, struct ws_conn *c);
	/* The arena is the callee's from now on; in->req lives in it. */
	void (*on_envelope)(void *ud, struct ws_conn *c, struct arena *arena_owned,
		const struct slack_in *in);
	void (*on_gone)(void *ud, struct ws_conn *c);
};

struct ws_conn_times {
	int64_t open_ms, connect_ms, hello_ms, ping_ms, dead_ms;
};

struct ws_conn_options {
	uv_loop_t *loop;
	struct lws_context *context;
	struct ws_vhosts *vhosts;      /* shared by all connections; made when they are needed */
	struct slack_api *api;
	const char *app_token;
	bool plain_ok;                 /* ws:// is fine (a fake on loopback) */
	unsigned attempt;              /* which of several addresses to take */
	const struct slack_identity *me; /* borrowed */
	struct ws_conn_times times;
	struct ws_conn_owner owner;
};

struct ws_conn *ws_conn_new(const struct ws_conn_options *o, uint64_t id); /* NULL: out of memory */
uint64_t ws_conn_id(const struct ws_conn *c);
enum ws_conn_state ws_conn_state(const struct ws_conn *c);
enum ws_conn_end ws_conn_end(const struct ws_conn *c);
const char *ws_conn_why(const struct ws_conn *c);        /* for the log: why it ended */
int64_t ws_conn_retry_after_ms(const struct ws_conn *c); /* -1: Slack did not say */
int64_t ws_conn_live_since_ms(const struct ws_conn *c);  /* 0: never was */
const char *ws_conn_host(const struct ws_conn *c);
void ws_conn_set_draining(struct ws_conn *c);

/* Whether frames can be written. */
bool ws_conn_writable(const struct ws_conn *c);
/* Queues a text frame (copied). False when the bound is reached: the connection is given up. */
bool ws_conn_write(struct ws_conn *c, const char *text, size_t len);
size_t ws_conn_unwritten(const struct ws_conn *c);

/* Call when the earliest ws_conn_deadline_ms() is reached, from a uv callback: pings, and gives up
 * what does not answer. */
void ws_conn_tick(struct ws_conn *c, int64_t now_ms);
int64_t ws_conn_deadline_ms(const struct ws_conn *c); /* monotonic; INT64_MAX: none */

/* Ends it: a close frame when it stands. From a uv callback only. on_gone() still comes. */
void ws_conn_close(struct ws_conn *c, const char *why);
/* After on_gone(), or for good (on_gone() will not come): lets go of everything. */
void ws_conn_free(struct ws_conn *c);
#endif
