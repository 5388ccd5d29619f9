/*
 * http_head.h - the head of an HTTP/1.1 request, parsed strictly (RFC 9112).
 *
 * Where senders and proxies could disagree about where a request ends (two lengths, a folded line,
 * a bare line feed, a space before a colon), the request is refused instead of guessed at. Pure:
 * bytes in, struct out.
 */
#ifndef TOCSIN_BOT_WEB_HTTP_HEAD_H
#define TOCSIN_BOT_WEB_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_MAX 16384   /* bytes of request line and headers together */
#define HTTP_TARGET_MAX 8192
#define HTTP_HEADERS_MAX 64

enum http_method { HTTP_GET = 1, HTTP_HEAD = 2, HTTP_POST = 4, HTTP_OTHER = 8 };

struct http_header {
	const char *name;  /* lower case */
	const char *value; /* without white space around it */
};

struct http_head {
	enum http_method method;
	const char *method_name;
	const char *path;        /* percent-decoded, begins with "/", no NUL, valid UTF-8 */
	const char *query;       /* after the "?", as it came; "" */
	bool keep_alive;
	bool expect_continue;
	bool has_length;
	uint64_t length;         /* Content-Length; 0 without one */
	struct http_header headers[HTTP_HEADERS_MAX];
	size_t n_headers;
};

/* Bytes of the head, its empty line included, when it is whole within the first len bytes; else 0.
 * from: how many bytes were looked at before. */
size_t http_head_find(const char *bytes, size_t len, size_t from);

/* Parses a whole head in place: strings of `out` point into bytes, which are changed.
 * 0, or the status to answer with: 400, 411 (chunked body), 414, 417, 431, 501, 505;
 * *why then says in words what is wrong. */
int http_head_parse(char *bytes, size_t len, struct http_head *out, const char **why);

/* The first header of that (lower case) name, or NULL. */
const char *http_head_get(const struct http_head *h, const char *name);

/* Looks up a parameter in a query or a form body (application/x-www-form-urlencoded): decodes it
 * into out (size bytes, NUL-terminated). 1: found, 0: not there, -1: malformed or too long, or
 * holds a NUL. */
int http_form_get(const char *text, size_t len, const char *name, char *out, size_t size);
#endif
