/*
 * slack.h - Slack as the rest of the house sees it: requests come in (over Socket Mode or signed
 * HTTP), promises of "chat." go out, and the numbers in between can be watched.
 *
 * Every envelope is acknowledged after the commit, and within Slack's three seconds in any case:
 * what Redis could not take in time is answered "nothing was recorded". Loop thread only.
 */
#ifndef TOCSIN_BOT_SLACK_H
#define TOCSIN_BOT_SLACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct clock;
struct err;
struct http_client;
struct lws_context;
struct plan;
struct sender;
struct slack;
struct tasks;
struct words;

#define SLACK_API_URL_DEFAULT "https://slack.com/api/"

struct slack_options {
	uv_loop_t *loop;
	struct lws_context *lws;     /* may be NULL in HTTP mode */
	struct http_client *http;
	struct tasks *tasks;
	const struct clock *clock;
	const char *app_token;       /* xapp-...; "" : HTTP mode, no sockets */
	const char *bot_token;       /* xoxb-... */
	const char *signing_secret;  /* "" : signed HTTP requests are refused */
	const char *api_url;         /* NULL: SLACK_API_URL_DEFAULT. http:// is taken as it is given */
	unsigned sockets;            /* 1 to 4; 0: 2 */
	/* The words in force: borrowed during the call that asks. */
	const struct words *(*words)(void *ud);
	/* Called when the first socket is live (HTTP mode: when auth.test was answered), and whenever
	 * that changes. May be NULL. */
	void (*on_state)(void *ud, bool connected);
	void *ud;
};

/* Copies what it needs of the options. Connecting goes on in the background for ever, with
 * back-off; NULL with err set only for faulty options (tokens of the wrong kind, a bad api_url) or
 * no memory. */
struct slack *slack_start(const struct slack_options *o, struct err *err);

/* For outbox_add_sender(); lives as long as s, and close() is slack_close()'s business. */
struct sender *slack_sender(struct slack *s);

/* Whether requests can arrive now: at least one live socket; HTTP mode: auth.test succeeded. */
bool slack_connected(const struct slack *s);

/* Intake stops: no new envelope is taken (Slack delivers it again to another socket), those in
 * flight are still acknowledged. Sending goes on. */
void slack_stop(struct slack *s);
/* Envelopes taken and not yet acknowledged, answers and forms on their way. */
size_t slack_in_flight(const struct slack *s);
/* Says goodbye on every socket, drops what is left and frees s in a later turn. Before the HTTP
 * client and the lws context are closed, after the tasks were. */
void slack_close(struct slack *s);

/*
 * Signed HTTP mode. One POST to /slack/..., whatever its path: events, commands, interactivity.
 * Header values are as received, "" when absent; body is the raw bytes, borrowed during the call.
 * fn is called once, in a later turn than this call, and within three seconds; body and
 * content_type are borrowed during fn. slack_http_forget() when the asker went away before.
 */
struct slack_http_request {
	const char *timestamp;    /* X-Slack-Request-Timestamp */
	const char *signature;    /* X-Slack-Signature */
	const char *content_type;
	const char *retry_num;    /* X-Slack-Retry-Num */
	const char *body;
	size_t body_len;
};

typedef void (*slack_http_fn)(void *ud, int status, const char *content_type, const char *body,
	size_t body_len);

/* An id for slack_http_forget(); 0 when memory is out: fn is not called then, answer 503. */
uint64_t slack_http_receive(struct slack *s, const struct slack_http_request *req,
	slack_http_fn fn, void *ud);
void slack_http_forget(struct slack *s, uint64_t id);

struct slack_stats {
	unsigned sockets_wanted, sockets_live;
	unsigned foreign_sockets;  /* connections of this app that are not ours: somebody steals events */
	bool degraded;             /* a token was refused, Socket Mode is off...: see problem */
	const char *problem;       /* "" or Slack's code: "invalid_auth" */
	uint64_t envelopes, acknowledged, late, reconnects;
	uint64_t calls, calls_limited;
	size_t calls_waiting;
	const char *bot_user, *team; /* "" until known */
};
void slack_stats(const struct slack *s, struct slack_stats *out);
#endif
