/*
 * slack_sender.h - promises of "chat." for Slack: one attempt each, and an honest answer.
 *
 * A post carries its idempotency key as message metadata. When an earlier attempt's fate is
 * unknown, the channel's history is read first, and a message with that key is taken as sent.
 */
#ifndef TOCSIN_BOT_SLACK_SLACK_SENDER_H
#define TOCSIN_BOT_SLACK_SLACK_SENDER_H

#include <stddef.h>
#include <uv.h>

struct sender;
struct slack_api;
struct slack_identity;
struct slack_sender;
struct words;

#define SLACK_EVENT_TYPE "tocsin_post" /* of our metadata */

struct slack_sender_options {
	uv_loop_t *loop;
	struct slack_api *api;
	const struct slack_identity *me; /* borrowed */
	const struct words *(*words)(void *ud);
	void *words_ud;
};

struct slack_sender *slack_sender_new(const struct slack_sender_options *o); /* NULL: no memory */
struct sender *slack_sender_face(struct slack_sender *s);
size_t slack_sender_jobs(const struct slack_sender *s);
/* Drops what is under way; no callback comes any more; memory goes in a later turn. Before the
 * slack_api is closed. */
void slack_sender_close(struct slack_sender *s);
#endif
