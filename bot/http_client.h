/*
 * http_client.h - outgoing HTTPS and SMTP: one curl multi handle on the loop.
 *
 * Redirects are never followed, TLS is always verified (http:// only where the caller allows it:
 * loopback, or a base that the operator gave), answers are capped. The callback runs in a later
 * turn of the loop, never inside http_client_send().
 */
#ifndef TOCSIN_BOT_HTTP_CLIENT_H
#define TOCSIN_BOT_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct http_client;
struct err;

struct http_request {
	const char *method;      /* "POST" */
	const char *url;
	const char *const *headers; /* "Name: value", NULL-terminated; copied */
	const char *body;        /* copied */
	size_t body_len;
	long timeout_ms;         /* whole transfer; 0: 15000 */
	size_t answer_max;       /* 0: 1 MiB */
	bool allow_http;         /* plain http is fine here */
	bool refuse_private;     /* refuse loopback, private and link-local addresses after resolving */

	/* SMTP instead of HTTP when mail_from is set: url is smtp:// or smtps://, body the message. */
	const char *mail_from;
	const char *mail_to;
	const char *user;
	const char *password;
};

/* How sure we are that the receiver did not act. */
enum http_fate {
	HTTP_ANSWERED, /* status is valid */
	HTTP_NOT_SENT, /* refused, unresolvable, TLS failure before a byte of the request went out */
	HTTP_UNKNOWN   /* time-out or cut after the request had gone out */
};

struct http_answer {
	enum http_fate fate;
	long status;
	const char *body;        /* NUL-terminated; borrowed during the callback */
	size_t body_len;
	bool too_large;
	long retry_after_ms;     /* -1: none */
	const char *content_type;
	const char *error;       /* text when not answered */
	const char *scopes;      /* x-oauth-scopes header, "" when absent */
	long long date_s;        /* Date header, 0 when absent */
};

typedef void (*http_answer_fn)(void *ud, const struct http_answer *answer);

struct http_client *http_client_new(uv_loop_t *loop, struct err *err);
/* Starts a transfer. Returns an id (> 0) for http_client_cancel(), or 0 with err set (queue bound
 * of 512 transfers reached, out of memory); the callback is not called then. */
unsigned long http_client_send(struct http_client *c, const struct http_request *req,
	http_answer_fn fn, void *ud, struct err *err);
/* The callback will not be called any more. Unknown ids are ignored. */
void http_client_cancel(struct http_client *c, unsigned long id);
size_t http_client_running(const struct http_client *c);
/* Cancels everything and closes; memory goes in a later turn. */
void http_client_close(struct http_client *c);
#endif
