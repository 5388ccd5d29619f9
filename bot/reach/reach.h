/*
 * reach.h - ways to reach a person or a system outside chat: mail, PagerDuty, telephone and text
 * messages (Twilio), signed webhooks, tickets.
 *
 * One sender for all of them. Each attempt has its own arena; what it needs of the outgoing entry is
 * rendered at once, and the answer is judged when the transfer ends. Where and with which secrets
 * comes from the plan's connections. Loop thread only.
 */
#ifndef TOCSIN_BOT_REACH_H
#define TOCSIN_BOT_REACH_H

#include <uv.h>

#define PAGERDUTY_URL "https://events.pagerduty.com/v2/enqueue"

struct clock;
struct err;
struct http_client;
struct link_key;
struct sender;
struct words;

struct reach_options {
	uv_loop_t *loop;
	struct http_client *http;
	const struct clock *clock;
	struct link_key *link_key;                /* NULL: mails carry no signed links */
	const struct words *(*words)(void *ud);   /* the words in force */
	void *ud;
};

/* NULL with err set when out of memory. The sender's close() frees it in a later turn; before
 * http_client_close(). */
struct sender *reach_new(const struct reach_options *o, struct err *err);
#endif
