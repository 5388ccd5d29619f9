/*
 * socket.h - Socket Mode: the app's open sockets and the envelopes on their way.
 *
 * The hub chooses a socket for each envelope (round robin), counts the time until its
 * acknowledgement and sends unacknowledged events again. Whoever sends an envelope gets exactly
 * one call back, with the acknowledgement or without.
 */
#ifndef FAKE_SLACK_SOCKET_H
#define FAKE_SLACK_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct fake;
struct hub;
struct lws;
struct socket;

/* How an envelope ended. */
struct ack {
	bool acked;
	double ms;
	const char *error;     /* "operation_timeout", "dispatch_failed"; NULL when acked */
	json_t *payload;       /* what came with the acknowledgement, or NULL */
	char envelope_id[40];
};

typedef void ack_fn(struct fake *f, const struct ack *ack, void *arg);

struct hub *hub_new(void);
void hub_free(struct fake *f, struct hub *hub);

/* Called by http.c. hub_admit() answers 101, or the HTTP status that refuses the upgrade. */
int hub_admit(struct fake *f, const char *path, const char *ticket);
struct socket *hub_accept(struct fake *f, struct lws *wsi);
int hub_write(struct fake *f, struct socket *s);
int hub_receive(struct fake *f, struct socket *s, const char *in, size_t bytes);
void hub_closed(struct fake *f, struct socket *s);

/* A new single-use ticket for apps.connections.open. */
void hub_ticket(struct fake *f, char out[40]);

/*
 * Sends a slash command or an interaction; takes ownership of payload and of arg (through drop).
 * done may be NULL. The call back may come before this returns, when no socket is open.
 */
void hub_send(struct fake *f, const char *type, json_t *payload_owned, bool takes_answer,
	      ack_fn *done, void *arg, void (*drop)(void *arg));

/* Sends an event of the Events API, with retries; takes ownership of payload. */
void hub_event(struct fake *f, json_t *payload_owned);

/* Sends raw bytes as one frame; kind: text, binary, ping, raw (bytes as they are on the wire). */
int hub_raw(struct fake *f, int socket, const char *kind, const char *bytes, size_t count);

/* Sends a disconnect frame to one socket (index) or all (-1), then closes after close_ms. */
int hub_disconnect(struct fake *f, int socket, const char *reason, int close_ms);

/* Ends sockets: with a close frame, by a dead cut, or by going silent while staying open. */
int hub_drop(struct fake *f, int socket, const char *how);

/* Refuses new sockets with this HTTP status, count times (0: accept again). */
void hub_refuse(struct fake *f, int status, int count);

/* Spoils the next count envelopes: "duplicate", "hold" (out of order), "late_ack" ... */
int hub_spoil(struct fake *f, const char *what, int count);

/* Sockets that are there; and those of them that take envelopes. */
size_t hub_open(const struct fake *f);
size_t hub_live(const struct fake *f);
/* Forgets all faults of sockets and ends those that play dead. */
void hub_reset(struct fake *f);
json_t *hub_json(const struct fake *f);

/* The i-th open socket that said hello, for the load generator; NULL when there is none. */
struct socket *hub_socket(const struct fake *f, size_t i);
void socket_want_write(struct socket *s);
struct lws *socket_wsi(const struct socket *s);

/* Closes all sockets properly; used at the end. */
void hub_stop(struct fake *f);

#endif
