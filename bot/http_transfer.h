/*
 * http_transfer.h - one transfer of the HTTP client: how the easy handle is set up and what became
 * of it. Inner part of http_client.c; nobody else includes this.
 */
#ifndef TOCSIN_BOT_HTTP_TRANSFER_H
#define TOCSIN_BOT_HTTP_TRANSFER_H

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "bot/http_client.h"
#include "tocsin/buf.h"

struct transfer {
	struct transfer *next, **link; /* struct http_client.transfers; link NULL: not in it */
	struct http_client *client;
	unsigned long id;
	CURL *easy;
	struct curl_slist *headers;
	struct curl_slist *recipients;
	http_answer_fn fn;
	void *ud;

	char *body;
	size_t body_len;
	size_t body_at;      /* how much of it curl has taken */
	bool refuse_private;
	bool refused;        /* an address was refused */
	bool asked;          /* the connection stands and the request is about to be written */
	curl_socket_t fd;

	/* Mail goes through a worker thread, see http_client.c. */
	bool mail;
	bool working;        /* the thread has it: memory goes in on_mail_done() */
	atomic_bool abandoned;
	uv_work_t work;
	CURLcode code;

	struct buf answer;
	bool too_large;
	char content_type[256];
	char scopes[2048];
	char retry_after[64];
	char date[64];
	char error[CURL_ERROR_SIZE];
};

/* NULL: out of memory, or a header that would break the request. */
struct transfer *transfer_new(const struct http_request *r);
/* Must be out of the client's list and out of curl's multi handle. NULL is allowed. */
void transfer_free(struct transfer *t);
/* Tells the callback what became of it. */
void transfer_answer(struct transfer *t, CURLcode code);
#endif
