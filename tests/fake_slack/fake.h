/*
 * fake.h - the fake Slack as a whole: what every part of it may look at.
 *
 * One loop, one thread. struct fake owns all parts and is passed everywhere; there are no
 * globals, so that a test may read how everything hangs together from this file.
 */
#ifndef FAKE_SLACK_FAKE_H
#define FAKE_SLACK_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <uv.h>

struct lws_context;
struct lws_vhost;
struct workspace;
struct hub;
struct http;
struct fault_list;
struct waiter_list;
struct limiter;
struct burst;
struct delivery;

struct options {
	const char *host;
	const char *workspace_path;
	const char *manifest_path;
	const char *ready_path;
	const char *log_path;
	const char *page_dir;
	const char *page_label;     /* shown beside the title of the page; NULL: nothing */
	const char *events_url;     /* HTTP mode: where requests go instead of down a socket */
	const char *commands_url;   /* NULL: as events_url */
	const char *actions_url;
	const char *signing_secret;
	int port;
	bool rate_limits;
	bool strict;
	bool quiet;
};

/* What tests may change while running, by POST /admin/config. */
struct tuning {
	int ack_ms;          /* deadline of an acknowledgement */
	int trigger_ms;      /* life of a trigger_id */
	int retry_ms[3];     /* waits before an unacknowledged event is sent again */
	int ping_ms;         /* our own pings */
	int max_sockets;
	int response_uses;   /* of a response_url */
	int response_ms;
	int post_burst;      /* chat.postMessage at once in one channel, before 1 per second */
	int connection_time; /* hello's approximate_connection_time, in seconds */
	bool own_events;     /* tell the app about its own messages, as Slack does */
};

struct counters {
	uint64_t envelopes_sent;
	uint64_t acked;
	uint64_t late;          /* acknowledged after the deadline */
	uint64_t unacked;       /* never acknowledged before the deadline */
	uint64_t retried;       /* events sent again */
	uint64_t lost;          /* events given up after all retries */
	uint64_t undelivered;   /* slash commands and interactions with no socket to go to */
	uint64_t unknown_acks;
	uint64_t double_acks;
	uint64_t api_calls;
	uint64_t api_refused;
	uint64_t rate_limited;
	uint64_t faults_played;
	uint64_t sockets_opened;
	uint64_t sockets_closed;
	uint64_t response_url_posts;
	uint64_t pings_received; /* pongs that answered ours */
};

struct fake {
	struct options opt;
	struct tuning tune;
	struct counters count;
	uv_loop_t loop;
	struct lws_context *lws;
	struct lws_vhost *vhost;
	struct http *http;
	struct hub *hub;
	struct workspace *ws;
	struct fault_list *faults;
	struct waiter_list *waiters;
	struct limiter *limits;
	struct burst *burst;       /* the load being generated, or NULL */
	struct delivery *delivery; /* HTTP mode, or NULL */
	json_t *complaints;        /* array, see fake_complain() */
	json_t *method_counts;     /* method -> calls */
	char base_url[300];        /* as the app last reached us; used in response_urls */
	void *log;                 /* FILE * or NULL */
	struct later *laters;
	uint64_t change;           /* counts state changes; the page and the waiters look at it */
	int port;
	bool dirty;                /* something changed: waiters look again at the end of the turn */
	bool stopping;
};

/*
 * Notes something that real Slack would refuse, or that breaks a documented rule.
 * kind: "refused" (answered with an error), "benign" (an error that a good app may get, such as
 * already_pinned), "rule" (accepted, but wrong), "limit" (too fast).
 */
void fake_complain(struct fake *f, const char *kind, const char *where, const char *error,
		   const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Tells open pages now, and waiters at the end of this turn, that something changed. channel and user may be NULL. */
void fake_changed(struct fake *f, const char *what, const char *channel, const char *user);

void fake_log(struct fake *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Wall clock in microseconds, and a steady clock in nanoseconds. */
int64_t clock_wall_us(void);
uint64_t clock_steady_ns(void);

/* Runs fn(f, arg) once after ms; drop(arg) follows, or replaces it when the fake stops first. */
void later_run(struct fake *f, uint64_t ms, void (*fn)(struct fake *f, void *arg), void *arg,
	       void (*drop)(void *arg));
void later_release(struct fake *f);

/* Sets tuning to Slack's own values. */
void tuning_init(struct tuning *t);

/* Small helpers over jansson; all return borrowed pointers, "" or the default when absent. */
const char *json_text(const json_t *object, const char *key);
bool json_flag(const json_t *object, const char *key, bool fallback);
int64_t json_number(const json_t *object, const char *key, int64_t fallback);
void json_put(json_t *object, const char *key, const char *text);

/* Fills out with n hex digits of randomness and a NUL. */
void random_hex(char *out, size_t n);

#endif
