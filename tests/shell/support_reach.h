/*
 * support_reach.h - the senders of bot/reach on a loop of their own, and a receiver that records
 * what arrives and answers as told.
 */
#ifndef TESTS_SUPPORT_REACH_H
#define TESTS_SUPPORT_REACH_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "bot/clock.h"
#include "bot/sender.h"
#include "tocsin/plan.h"

#define TAKEN_MAX 16

struct taken_call {
	char query[512], authorization[256];
	char method[16], path[128], id[128], at[64], signature[256], type[64];
	char body[131072];
	size_t len;
};

struct reach_house {
	uv_loop_t loop;
	struct clock clock;
	struct http_client *http;
	struct link_key *link_key;
	struct sender *sender;
	struct words *words;
	struct http_server *receiver;
	char url[128]; /* of the receiver: "http://127.0.0.1:PORT/hook" */
	int status;    /* what it answers */
	const char *answer, *headers;
	struct taken_call taken[TAKEN_MAX];
	unsigned n_taken;

	/* What became of the newest delivery. */
	bool told;
	unsigned times_told;
	enum sent_outcome outcome;
	char channel[128], error[128], detail[512];
	int64_t retry_after_ms;
};

/* secret: signs acknowledgement links; NULL: no link key. */
void reach_house_open(struct reach_house *h, const char *secret);
void reach_house_close(struct reach_house *h); /* fails the test when a handle is left */

/* Delivers and runs the loop until the outcome is there. Empty strings stand for NULL in send. */
void reach_house_deliver(struct reach_house *h, const struct plan *plan, struct send *send);
void reach_house_send(struct reach_house *h, const struct plan *plan, struct send *send);
#endif
