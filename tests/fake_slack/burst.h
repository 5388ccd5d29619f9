/*
 * burst.h - a load generator inside the fake: slash commands in flight over the real sockets.
 *
 * Built to cost next to nothing beside the app that it measures: envelopes are prepared text
 * with a few digits changed, several leave in one write, acknowledgements are found by their id
 * without parsing. What it measures is the time from the write to the acknowledgement's arrival.
 */
#ifndef FAKE_SLACK_BURST_H
#define FAKE_SLACK_BURST_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct fake;
struct request;
struct socket;

/* POST /admin/burst; answers when all are acknowledged or given up. */
void burst_start(struct fake *f, struct request *r, json_t *in);
void burst_stop(struct fake *f);

/* Called by socket.c and envelope.c. burst_receive() is true when the message was for it. */
int burst_write(struct fake *f, struct socket *s);
bool burst_receive(struct fake *f, struct socket *s, const char *text, size_t bytes);
void burst_socket_closed(struct fake *f, struct socket *s);

#endif
