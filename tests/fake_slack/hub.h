/*
 * hub.h - what socket.c, envelope.c and burst.c share about sockets; nobody else includes it.
 */
#ifndef FAKE_SLACK_HUB_H
#define FAKE_SLACK_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <uv.h>

struct fake;
struct lws;
struct envelope;

#define HUB_RECENT 16384u

enum frame_kind { FRAME_TEXT, FRAME_BINARY, FRAME_PING, FRAME_WIRE /* bytes as they are */ };

struct frame {
	struct frame *next;
	enum frame_kind kind;
	size_t bytes;
	unsigned char data[]; /* LWS_PRE bytes, then the payload */
};

struct socket {
	struct lws *wsi;
	uint64_t id;
	uint64_t opened_ns, frames_in, frames_out;
	bool live;    /* has been told hello and takes envelopes */
	bool leaving; /* was told to disconnect; still takes envelopes, as at Slack */
	bool closing; /* refused: will be closed */
	bool silent;  /* plays dead */
	char *in;     /* a message that comes in pieces */
	size_t in_bytes, in_size;
	struct frame *first, *last;
	struct socket *next;
};

struct hub {
	struct socket *sockets; /* in order of opening */
	struct socket *next;    /* whose turn it is */
	uint64_t serial;
	char tickets[64][40];
	size_t ticket_next;
	int refuse_status, refuse_count;
	int duplicate, hold;             /* envelopes to spoil */
	struct envelope *pending;        /* newest first */
	struct envelope *recent[HUB_RECENT]; /* by serial, the newest of each slot */
	uint64_t envelope_serial;
	uv_timer_t ping;
	bool ping_ready;
};

void socket_push(struct socket *s, enum frame_kind kind, const char *bytes, size_t count);
void socket_push_json_owned(struct socket *s, json_t *json);
void socket_close_later(struct fake *f, struct socket *s, int ms, const char *how);
/* Whose turn it is; NULL when no socket can take an envelope. */
struct socket *socket_next(struct fake *f);
const char *hub_app_id(const struct fake *f);

#endif
