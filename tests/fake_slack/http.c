/* http.c - HTTP over libwebsockets: collect the body, hand it on, send the answer. */
#include "http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <libwebsockets.h>

#include "fake.h"
#include "socket.h"

#define BODY_MAX (8u << 20)

struct http {
	struct request *requests; /* list of all that live */
	uint64_t next_id;
};

/* Per connection, zeroed by lws. A connection is an HTTP request or a socket, never both. */
struct connection {
	struct request *request;
	struct socket *socket;
};

struct http *http_new(struct fake *f)
{
	struct http *h = calloc(1, sizeof(*h));

	(void)f;
	return h;
}

void http_free(struct http *h)
{
	free(h);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static size_t form_decode(const char *in, size_t bytes, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < bytes; i++) {
		if (in[i] == '+') {
			out[n++] = ' ';
		} else if (in[i] == '%' && i + 2 < bytes && hex_value(in[i + 1]) >= 0 &&
			   hex_value(in[i + 2]) >= 0) {
			out[n++] = (char)(hex_value(in[i + 1]) * 16 + hex_value(in[i + 2]));
			i += 2;
		} else {
			out[n++] = in[i];
		}
	}
	out[n] = '\0';
	return n;
}

json_t *form_parse(const char *text, size_t bytes)
{
	json_t *form = json_object();
	char *key = malloc(bytes + 1), *value = malloc(bytes + 1);
	size_t at = 0;

	while (at < bytes) {
		size_t end = at, eq;

		while (end < bytes && text[end] != '&')
			end++;
		for (eq = at; eq < end && text[eq] != '='; eq++)
			;
		if (eq > at) {
			size_t n = eq < end ? end - eq - 1 : 0;

			form_decode(text + at, eq - at, key);
			n = n ? form_decode(text + eq + 1, n, value) : 0;
			json_object_set_new(form, key, json_stringn(value, n));
		}
		at = end + 1;
	}
	free(key);
	free(value);
	return form;
}

static char *header_copy(struct lws *wsi, enum lws_token_indexes token)
{
	int n = lws_hdr_total_length(wsi, token);
	char *text;

	if (n <= 0)
		return NULL;
	text = malloc((size_t)n + 1);
	if (lws_hdr_copy(wsi, text, n + 1, token) < 0) {
		free(text);
		return NULL;
	}
	return text;
}

static struct request *request_new(struct fake *f, struct lws *wsi, const char *path)
{
	struct request *r = calloc(1, sizeof(*r));
	char fragment[4096];
	char *host;

	r->id = ++f->http->next_id;
	r->wsi = wsi;
	r->path = strdup(path);
	r->query = json_object();
	snprintf(r->method, sizeof(r->method), "GET");
	if (lws_hdr_total_length(wsi, WSI_TOKEN_POST_URI))
		snprintf(r->method, sizeof(r->method), "POST");
	else if (lws_hdr_total_length(wsi, WSI_TOKEN_OPTIONS_URI))
		snprintf(r->method, sizeof(r->method), "OPTIONS");
	r->auth = header_copy(wsi, WSI_TOKEN_HTTP_AUTHORIZATION);
	r->content_type = header_copy(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE);
	host = header_copy(wsi, WSI_TOKEN_HOST);
	snprintf(r->host, sizeof(r->host), "%s", host ? host : "");
	free(host);
	/* lws has undone the percent signs already, fragment by fragment. */
	for (int i = 0; lws_hdr_copy_fragment(wsi, fragment, sizeof(fragment),
					      WSI_TOKEN_HTTP_URI_ARGS, i) > 0; i++) {
		char *eq = strchr(fragment, '=');

		if (eq)
			*eq++ = '\0';
		for (char *p = eq; p && *p; p++)
			if (*p == '+')
				*p = ' ';
		json_object_set_new(r->query, fragment, json_string(eq ? eq : ""));
	}
	r->next = f->http->requests;
	f->http->requests = r;
	return r;
}

static void request_free(struct fake *f, struct request *r)
{
	for (struct request **p = &f->http->requests; *p; p = &(*p)->next)
		if (*p == r) {
			*p = r->next;
			break;
		}
	json_decref(r->query);
	json_decref(r->headers);
	free(r->path);
	free(r->auth);
	free(r->content_type);
	free(r->body);
	free(r->out);
	free(r);
}

struct request *http_find(struct fake *f, uint64_t id)
{
	for (struct request *r = f->http->requests; r; r = r->next)
		if (r->id == id)
			return r;
	return NULL;
}

void http_header(struct request *r, const char *name, const char *value)
{
	if (!r->headers)
		r->headers = json_object();
	json_object_set_new(r->headers, name, json_string(value));
}

void http_answer(struct request *r, int status, const char *type, const char *body, size_t bytes)
{
	if (r->answered)
		return;
	r->answered = true;
	r->status = status;
	r->type = type;
	r->out = malloc(LWS_PRE + bytes + 1);
	memcpy(r->out + LWS_PRE, body, bytes);
	r->out_bytes = bytes;
	lws_callback_on_writable(r->wsi);
}

void http_answer_json_owned(struct request *r, int status, json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_ESCAPE_SLASH | JSON_REAL_PRECISION(9));

	if (text && r->spoil == SPOIL_MALFORMED)
		text[strlen(text) * 2 / 3] = '\0';
	http_answer(r, status, "application/json; charset=utf-8", text ? text : "{}",
		    text ? strlen(text) : 2);
	free(text);
	json_decref(json);
}

void http_stream_open(struct request *r)
{
	r->stream = true;
	r->answered = true;
	r->status = 200;
	lws_callback_on_writable(r->wsi);
}

/* Data waits in out until the stream is writable; what arrives meanwhile is added to it. */
void http_stream_send(struct fake *f, const char *data)
{
	size_t n = strlen(data);

	for (struct request *r = f->http->requests; r; r = r->next) {
		if (!r->stream || r->out_bytes > (1u << 20))
			continue;
		r->out = realloc(r->out, LWS_PRE + r->out_bytes + n + 9);
		memcpy(r->out + LWS_PRE + r->out_bytes, "data: ", 6);
		memcpy(r->out + LWS_PRE + r->out_bytes + 6, data, n);
		memcpy(r->out + LWS_PRE + r->out_bytes + 6 + n, "\n\n", 2);
		r->out_bytes += n + 8;
		lws_callback_on_writable(r->wsi);
	}
}

void http_stop(struct fake *f)
{
	struct request *next;

	for (struct request *r = f->http->requests; r; r = next) {
		next = r->next;
		lws_set_timeout(r->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
	}
}

static int headers_write(struct request *r)
{
	unsigned char buf[LWS_PRE + 8192], *start = buf + LWS_PRE, *p = start;
	unsigned char *end = buf + sizeof(buf) - 1;
	const char *name;
	json_t *value;

	if (lws_add_http_header_status(r->wsi, (unsigned int)r->status, &p, end))
		return -1;
	json_object_foreach(r->headers, name, value) {
		char key[100];
		const char *text = json_string_value(value);

		snprintf(key, sizeof(key), "%s:", name);
		if (lws_add_http_header_by_name(r->wsi, (unsigned char *)key,
						(const unsigned char *)text, (int)strlen(text), &p, end))
			return -1;
	}
	if (r->stream) {
		if (lws_add_http_header_by_token(r->wsi, WSI_TOKEN_HTTP_CONTENT_TYPE,
						 (const unsigned char *)"text/event-stream", 17, &p, end) ||
		    lws_add_http_header_content_length(r->wsi, LWS_ILLEGAL_HTTP_CONTENT_LEN, &p, end))
			return -1;
	} else {
		if (lws_add_http_header_by_token(r->wsi, WSI_TOKEN_HTTP_CONTENT_TYPE,
						 (const unsigned char *)r->type, (int)strlen(r->type),
						 &p, end) ||
		    lws_add_http_header_content_length(r->wsi, r->out_bytes, &p, end))
			return -1;
	}
	if (lws_finalize_write_http_header(r->wsi, start, &p, end))
		return -1;
	r->headers_out = true;
	if (r->stream)
		lws_set_timeout(r->wsi, NO_PENDING_TIMEOUT, 0);
	return 0;
}

/* A reset instead of an orderly end, so that the caller's library reports an error at once. */
static void connection_reset(struct lws *wsi)
{
	struct linger hard = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(lws_get_socket_fd(wsi), SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

static int on_http_writeable(struct fake *f, struct connection *c)
{
	struct request *r = c->request;

	if (!r || !r->answered)
		return 0;
	if (r->spoil == SPOIL_CUT_EARLY) {
		connection_reset(r->wsi);
		return -1;
	}
	if (!r->headers_out) {
		if (headers_write(r) < 0)
			return -1;
		if (lws_send_pipe_choked(r->wsi) || lws_partial_buffered(r->wsi)) {
			lws_callback_on_writable(r->wsi);
			return 0;
		}
	}
	if (r->stream) {
		if (!r->out_bytes)
			return 0;
		if (lws_write(r->wsi, (unsigned char *)r->out + LWS_PRE, r->out_bytes,
			      LWS_WRITE_HTTP) < 0)
			return -1;
		r->out_bytes = 0;
		return 0;
	}
	if (r->spoil == SPOIL_CUT) {
		lws_write(r->wsi, (unsigned char *)r->out + LWS_PRE, r->out_bytes / 2, LWS_WRITE_HTTP);
		return -1;
	}
	if (lws_write(r->wsi, (unsigned char *)r->out + LWS_PRE, r->out_bytes,
		      LWS_WRITE_HTTP_FINAL) < 0)
		return -1;
	{
		struct lws *wsi = r->wsi;

		c->request = NULL;
		request_free(f, r);
		return lws_http_transaction_completed(wsi) ? -1 : 0;
	}
}

static int request_ready(struct fake *f, struct request *r)
{
	if (r->dispatched)
		return 0;
	r->dispatched = true;
	/* Some answers take their time on purpose; lws must not end the connection meanwhile. */
	lws_set_timeout(r->wsi, NO_PENDING_TIMEOUT, 0);
	router_dispatch(f, r);
	return 0;
}

static int on_http(struct fake *f, struct connection *c, struct lws *wsi, const char *path)
{
	char length[32];

	if (c->request) { /* a keep-alive connection whose last request never was answered */
		request_free(f, c->request);
		c->request = NULL;
	}
	c->request = request_new(f, wsi, path);
	if (strcmp(c->request->method, "POST") != 0)
		return request_ready(f, c->request);
	if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING)) {
		lws_return_http_status(wsi, HTTP_STATUS_LENGTH_REQUIRED, NULL);
		return -1;
	}
	if (lws_hdr_copy(wsi, length, sizeof(length), WSI_TOKEN_HTTP_CONTENT_LENGTH) <= 0)
		return request_ready(f, c->request); /* no body at all */
	return 0;
}

static int on_http_body(struct connection *c, const char *in, size_t bytes)
{
	struct request *r = c->request;

	if (!r)
		return -1;
	if (!bytes)
		return 0;
	if (r->body_bytes + bytes > BODY_MAX) {
		lws_return_http_status(r->wsi, HTTP_STATUS_REQ_ENTITY_TOO_LARGE, NULL);
		return -1;
	}
	if (r->body_bytes + bytes + 1 > r->body_size) {
		r->body_size = (r->body_bytes + bytes + 1) * 2;
		r->body = realloc(r->body, r->body_size);
	}
	memcpy(r->body + r->body_bytes, in, bytes);
	r->body_bytes += bytes;
	r->body[r->body_bytes] = '\0';
	return 0;
}

static int on_upgrade(struct fake *f, struct lws *wsi)
{
	char path[512] = "", args[400] = "";
	const char *ticket;
	int status;

	lws_hdr_copy(wsi, path, sizeof(path), WSI_TOKEN_GET_URI);
	ticket = lws_get_urlarg_by_name(wsi, "ticket=", args, sizeof(args));
	status = hub_admit(f, path, ticket ? ticket : "");
	if (status == 101)
		return 0;
	/* The upgrade callback cannot answer by itself: the client sees a plain HTTP status. */
	if (lws_return_http_status(wsi, (unsigned int)status, NULL) < 0)
		return -1;
	return -1;
}

static int on_lws_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
			size_t bytes)
{
	struct lws_context *context = lws_get_context(wsi);
	struct fake *f = context ? lws_context_user(context) : NULL;
	struct connection *c = user;

	switch (reason) {
	case LWS_CALLBACK_HTTP:
		return on_http(f, c, wsi, in);
	case LWS_CALLBACK_HTTP_BODY:
		return on_http_body(c, in, bytes);
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return c->request ? request_ready(f, c->request) : -1;
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return on_http_writeable(f, c);
	case LWS_CALLBACK_CLOSED_HTTP:
	case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
		if (c && c->request && reason == LWS_CALLBACK_CLOSED_HTTP) {
			request_free(f, c->request);
			c->request = NULL;
		}
		return 0;
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return on_upgrade(f, wsi);
	case LWS_CALLBACK_ESTABLISHED:
		c->request = NULL;
		c->socket = hub_accept(f, wsi);
		return c->socket ? 0 : -1;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return c->socket ? hub_write(f, c->socket) : 0;
	case LWS_CALLBACK_RECEIVE:
		return c->socket ? hub_receive(f, c->socket, in, bytes) : 0;
	case LWS_CALLBACK_RECEIVE_PONG:
		f->count.pings_received++;
		return 0;
	case LWS_CALLBACK_CLOSED:
		if (c->socket)
			hub_closed(f, c->socket);
		c->socket = NULL;
		return 0;
	default:
		return lws_callback_http_dummy(wsi, reason, user, in, bytes);
	}
}

static const struct lws_protocols protocols[] = {
	{ "fake-slack", on_lws_event, sizeof(struct connection), 65536, 0, NULL, 65536 },
	{ NULL, NULL, 0, 0, 0, NULL, 0 },
};

const struct lws_protocols *http_protocols(void)
{
	return protocols;
}
