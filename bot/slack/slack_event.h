/*
 * slack_event.h - the Events API part of slack_in.c: event_callback payloads to requests.
 */
#ifndef TOCSIN_BOT_SLACK_EVENT_H
#define TOCSIN_BOT_SLACK_EVENT_H

struct arena;
struct json_t;
struct slack_identity;
struct slack_in;

/* payload may be NULL (a frame without one). Sets out->req, or out->ignored. */
void slack_event_parse(struct arena *a, const struct json_t *payload,
	const struct slack_identity *me, struct slack_in *out);
#endif
