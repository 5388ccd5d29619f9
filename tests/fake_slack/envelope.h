/*
 * envelope.h - envelopes on their way: deadlines, retries, acknowledgements.
 */
#ifndef FAKE_SLACK_ENVELOPE_H
#define FAKE_SLACK_ENVELOPE_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct fake;
struct hub;
struct socket;

/* A whole text message from the app. */
void envelope_receive(struct fake *f, struct socket *s, const char *text, size_t bytes);

/* A socket has opened: events that found none are delivered now, as retries. */
void envelopes_socket_open(struct fake *f);

/* HTTP mode: the app has answered, or could not be reached. */
void envelope_acked(struct fake *f, uint64_t serial, json_t *payload);
void envelope_failed(struct fake *f, uint64_t serial);

void envelopes_release(struct fake *f, struct hub *hub);

#endif
