/*
 * delivery.h - HTTP mode: envelopes become signed requests to the app's own URL.
 *
 * Used instead of sockets when the fake is started with --events-url. One connection per
 * request, as simple as can be: it is the app that is tested.
 */
#ifndef FAKE_SLACK_DELIVERY_H
#define FAKE_SLACK_DELIVERY_H

#include <stdint.h>

#include <jansson.h>

struct fake;
struct options;
struct request;
struct delivery;

/* From events_url (http://host:port/path) and its like. Returns NULL when it cannot be used. */
struct delivery *delivery_new(const struct options *options);
void delivery_free(struct delivery *d);

/* Sends one; envelope_acked() or envelope_failed() follows, never from inside this call. */
void delivery_send(struct fake *f, uint64_t serial, const char *type, json_t *payload, int attempt);

/*
 * POST /admin/http {path?, body?, content_type?, timestamp?, signature?, secret?}: one request as the
 * test wants it; without a body the url_verification. Answers {status, body}.
 */
void delivery_admin(struct fake *f, struct request *r, json_t *in);

/* Ends what is under way. */
void delivery_stop(struct fake *f);

#endif
