/*
 * api.h - Slack's Web API: calls with a token, as fast as Slack allows, pages first.
 *
 * One attempt per call. What became of it is told honestly; repeating is the outbox's business,
 * because only it knows whether a second message would do harm.
 */
#ifndef TOCSIN_BOT_SLACK_API_H
#define TOCSIN_BOT_SLACK_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct err;
struct http_client;
struct json_t;
struct slack_api;

#define SLACK_CALLS_MAX 1024      /* waiting calls... */
#define SLACK_CALLS_CHAT_MAX 768  /* ...of which this many may be chat: pages find room always */
#define SLACK_FLIGHT_MAX 32       /* at Slack at once... */
#define SLACK_FLIGHT_CHAT_MAX 20  /* ...of which chat */

/* The error of an urgent call that was held back by our own limits: Slack was not asked. */
#define SLACK_QUEUED "queued"

/* A base must be https://, or http:// to loopback (a fake, a proxy on the same machine). */
struct slack_api *slack_api_new(uv_loop_t *loop, struct http_client *http, const char *base_url,
	const char *bot_token, struct err *err);
/* No callback comes any more; memory goes in a later turn. */
void slack_api_close(struct slack_api *api);

struct slack_call {
	const char *method;    /* "chat.postMessage"; with `url`: for the log only */
	const char *url;       /* NULL, or a response_url: no token, no limiter */
	const char *token;     /* NULL: the bot token */
	const char *channel;   /* chat.postMessage: what its limiter counts; else "" or NULL */
	const char *body;      /* copied */
	size_t body_len;
	bool form;             /* body is a form, else JSON */
	bool urgent;           /* a page, or somebody waits for an answer: first in every queue, and
	                        * told at once when it would have to wait longer than a moment:
	                        * because Slack said so, or for others in the same channel */
	long timeout_ms;       /* 0: 15000 */
	const int64_t *leased_until; /* clock_lease_ms(): not sent from then on, "not_ours"; or NULL.
	                        * Borrowed until the callback or slack_api_cancel() */
	const char *trace;     /* for the log, or NULL */
};

enum slack_verdict {
	SLACK_OK,
	SLACK_REFUSED,  /* a definite no: error says which */
	SLACK_LATER,    /* not taken: error says why, retry_after_ms when (-1: unknown) */
	SLACK_UNSURE    /* it may have happened */
};

struct slack_reply {
	enum slack_verdict verdict;
	bool token_trouble;    /* REFUSED or LATER: every other call will fail, too */
	const char *error;     /* Slack's code, "http_503", "not_sent", "lost", ... ; "" when OK */
	const char *detail;    /* for the log: needed scopes, messages of response_metadata */
	const char *messages;  /* response_metadata.messages in one line, "" */
	int64_t retry_after_ms;
	const struct json_t *body; /* NULL when there was no JSON object */
	const char *scopes;    /* x-oauth-scopes, "" */
	long long date_s;      /* Date header, 0 */
	int status;            /* HTTP status, 0: none */
};

typedef void (*slack_reply_fn)(void *ud, const struct slack_reply *reply);

/* fn is called once, in a later turn. Returns an id (> 0) for slack_api_cancel(); 0 when the queue
 * is full or memory is out: fn is not called then. */
uint64_t slack_api_call(struct slack_api *api, const struct slack_call *call, slack_reply_fn fn,
	void *ud);
/* fn is not called any more (the call may still be made). Unknown ids are ignored. */
void slack_api_cancel(struct slack_api *api, uint64_t id);

/* Called when the token begins or stops to be in trouble. error: "" when it is fine again. */
void slack_api_on_trouble(struct slack_api *api, void (*fn)(void *ud, const char *error), void *ud);

size_t slack_api_waiting(const struct slack_api *api);
size_t slack_api_in_flight(const struct slack_api *api);
uint64_t slack_api_calls(const struct slack_api *api);
uint64_t slack_api_limited(const struct slack_api *api);
#endif
