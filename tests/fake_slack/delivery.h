/*
 * delivery.h - HTTP mode: envelopes become signed requests to the app's own URL.
 *
 * Used instead of sockets when the fake is started with --events-url.
 */
#ifndef FAKE_SLACK_DELIVERY_H
#define FAKE_SLACK_DELIVERY_H

#include <stdint.h>

#include <jansson.h>

struct fake;
struct delivery;

/* url: http://host:port/path. Returns NULL when it cannot be used. */
struct delivery *delivery_new(const char *url, const char *secret);
void delivery_free(struct delivery *d);

/* Sends one; envelope_acked() or envelope_failed() follows. */
void delivery_send(struct fake *f, uint64_t serial, const char *type, json_t *payload, int attempt);

/* Ends what is under way. */
void delivery_stop(struct fake *f);

#endif
