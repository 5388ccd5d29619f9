/*
 * http.h - HTTP requests that reach the fake, and their answers.
 *
 * A request lives until its connection goes or its answer is out. Whoever answers later keeps
 * the id and looks the request up again: the caller may be gone by then.
 */
#ifndef FAKE_SLACK_HTTP_H
#define FAKE_SLACK_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct fake;
struct lws;
struct lws_protocols;

/* What goes wrong on purpose with an answer; see fault.h. */
enum http_spoil {
	SPOIL_NONE,
	SPOIL_CUT,       /* headers and half of the body, then the connection ends */
	SPOIL_CUT_EARLY, /* the connection ends before any answer */
	SPOIL_MALFORMED, /* the body is not JSON */
};

struct request {
	uint64_t id;
	struct lws *wsi;
	char method[8];
	char *path;
	json_t *query;        /* object of strings, never NULL */
	char *auth;           /* Authorization header or NULL */
	char *content_type;   /* or NULL */
	char host[200];
	char *body;           /* raw bytes, NUL added */
	size_t body_bytes, body_size;
	bool dispatched, answered, headers_out, stream;
	enum http_spoil spoil;
	int status;
	json_t *headers;      /* extra answer headers, or NULL */
	const char *type;
	char *out;            /* LWS_PRE bytes, then the answer */
	size_t out_bytes;
	struct request *next;
};

struct http;

struct http *http_new(struct fake *f);
void http_free(struct http *h);

/* The protocol that serves HTTP and sockets alike; array ended by a NULL entry. */
const struct lws_protocols *http_protocols(void);

struct request *http_find(struct fake *f, uint64_t id);

/* Answers; body is copied. Only the first answer counts. */
void http_answer(struct request *r, int status, const char *type, const char *body, size_t bytes);

/* Answers with JSON and takes ownership of it, on failure too. */
void http_answer_json_owned(struct request *r, int status, json_t *json);

/* Adds a header to the coming answer. */
void http_header(struct request *r, const char *name, const char *value);

/* Turns the request into an event stream; http_stream_send() then writes to all streams. */
void http_stream_open(struct request *r);
void http_stream_send(struct fake *f, const char *data);

/* Ends streams and waiting requests, so that the loop can run dry. */
void http_stop(struct fake *f);

/* Parses application/x-www-form-urlencoded into an object of strings. */
json_t *form_parse(const char *text, size_t bytes);

/* Implemented by router.c: a whole request has arrived. */
void router_dispatch(struct fake *f, struct request *r);

#endif
