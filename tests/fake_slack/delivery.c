/* delivery.c - HTTP mode: signing, sending, reading the answer. */
#include "delivery.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "envelope.h"
#include "fake.h"
#include "http.h"
#include "people.h"

#define ANSWER_MAX (1u << 20)

struct delivery {
	char host[200];
	char events[400], commands[400], actions[400]; /* paths */
	char *secret;
	struct sockaddr_storage address;
	struct post *posts; /* under way */
};

/* One request on its way; freed in the close callback of its connection. */
struct post {
	struct fake *fake;
	struct post *next;
	uint64_t serial;  /* of the envelope, or 0 */
	uint64_t request; /* of the test that waits for the answer, or 0 */
	uv_tcp_t tcp;
	uv_connect_t connect;
	uv_write_t write;
	char *out;        /* the whole request */
	size_t out_bytes;
	char *in;         /* the answer so far */
	size_t in_bytes;
	int error;
};

/* "http://host[:port][/path]" into its parts. */
static int url_parse(struct delivery *d, const char *url)
{
	char host[150] = "", port[12] = "80";
	const char *p = url + 7, *end;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;

	if (strncmp(url, "http://", 7) != 0)
		return -1;
	end = p + strcspn(p, "/");
	snprintf(d->host, sizeof(d->host), "%.*s", (int)(end - p), p);
	snprintf(host, sizeof(host), "%.*s", (int)strcspn(d->host, ":"), d->host);
	if (strchr(d->host, ':'))
		snprintf(port, sizeof(port), "%s", strchr(d->host, ':') + 1);
	if (getaddrinfo(host, port, &hints, &found) != 0 || !found)
		return -1;
	memcpy(&d->address, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return 0;
}

/* The path alone: everything goes to one host. */
static void path_take(char out[400], const char *url, const char *fallback)
{
	const char *path = url && !strncmp(url, "http://", 7) ? strchr(url + 7, '/') : url;

	snprintf(out, 400, "%s", path ? path : fallback);
}

struct delivery *delivery_new(const struct options *options)
{
	struct delivery *d = calloc(1, sizeof(*d));

	if (url_parse(d, options->events_url) < 0) {
		free(d);
		return NULL;
	}
	path_take(d->events, options->events_url, "/");
	path_take(d->commands, options->commands_url, d->events);
	path_take(d->actions, options->actions_url, d->events);
	d->secret = strdup(options->signing_secret ? options->signing_secret : "fake-signing-secret");
	return d;
}

void delivery_free(struct delivery *d)
{
	if (d)
		free(d->secret);
	free(d);
}

/* v0=<hex of HMAC-SHA256 over "v0:timestamp:body"> */
static void sign(const char *secret, const char *timestamp, const char *body, size_t bytes, char out[70])
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int n = 0;
	size_t head = strlen(timestamp) + 4;
	char *base = malloc(head + bytes + 1);

	snprintf(base, head + 1, "v0:%s:", timestamp);
	memcpy(base + head, body, bytes);
	HMAC(EVP_sha256(), secret, (int)strlen(secret), (unsigned char *)base, head + bytes, mac, &n);
	free(base);
	memcpy(out, "v0=", 4);
	for (unsigned int i = 0; i < n && i < 32; i++)
		snprintf(out + 3 + i * 2, 3, "%02x", mac[i]);
}

/* ---- form encoding ---- */

static size_t form_put(char *out, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t n = 0;

	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (isalnum(*p) || strchr("-_.*", *p)) {
			out[n++] = (char)*p;
		} else if (*p == ' ') {
			out[n++] = '+';
		} else {
			out[n++] = '%';
			out[n++] = hex[*p >> 4];
			out[n++] = hex[*p & 15];
		}
	}
	out[n] = '\0';
	return n;
}

static char *form_encode(json_t *fields)
{
	size_t size = 1, n = 0;
	const char *key;
	json_t *value;
	char *out;

	json_object_foreach(fields, key, value)
		size += strlen(key) * 3 + json_string_length(value) * 3 + 2;
	out = malloc(size);
	out[0] = '\0';
	json_object_foreach(fields, key, value) {
		if (n)
			out[n++] = '&';
		n += form_put(out + n, key);
		out[n++] = '=';
		n += form_put(out + n, json_string_value(value) ? json_string_value(value) : "");
	}
	return out;
}

/* ---- one request ---- */

/* Status and body of an answer; body is NULL while it is not complete. */
static int answer_read(const struct post *p, const char **body)
{
	const char *end = p->in ? strstr(p->in, "\r\n\r\n") : NULL, *length;

	*body = NULL;
	if (!end || strncmp(p->in, "HTTP/1.", 7) != 0)
		return 0;
	length = strcasestr(p->in, "\r\ncontent-length:");
	if (length && length < end &&
	    (size_t)(p->in + p->in_bytes - end - 4) < strtoul(length + 17, NULL, 10))
		return 0;
	*body = end + 4;
	return (int)strtol(p->in + 9, NULL, 10);
}

/* Undoes "Transfer-Encoding: chunked" in place. */
static void answer_dechunk(struct post *p)
{
	char *body = p->in ? strstr(p->in, "\r\n\r\n") : NULL, *from, *to;
	const char *chunked = p->in ? strcasestr(p->in, "\r\ntransfer-encoding: chunked") : NULL;

	if (!body || !chunked || chunked > body)
		return;
	from = to = body + 4;
	for (;;) {
		char *end;
		size_t n = strtoul(from, &end, 16);

		if (!n || strncmp(end, "\r\n", 2) != 0 || end + 2 + n > p->in + p->in_bytes)
			break;
		memmove(to, end + 2, n);
		to += n;
		from = end + 2 + n + 2;
		if (from > p->in + p->in_bytes)
			break;
	}
	*to = '\0';
	p->in_bytes = (size_t)(to - p->in);
}

static json_t *answer_payload(const char *body)
{
	json_t *payload = json_loads(body, 0, NULL);

	if (!json_is_object(payload) && *body && *body != '{') { /* plain text is an answer too */
		json_decref(payload);
		payload = json_pack("{s:s}", "text", body);
	}
	return payload;
}

static void post_tell(struct post *p)
{
	struct request *r = p->request ? http_find(p->fake, p->request) : NULL;
	const char *body;
	json_t *payload;
	int status;

	answer_dechunk(p);
	status = answer_read(p, &body);
	if (r)
		http_answer_json_owned(r, 200, json_pack("{s:b, s:i, s:s, s:s}", "ok", 1, "status", status,
							 "body", body ? body : "", "error",
							 p->error && !status ? uv_strerror(p->error) : ""));
	if (!p->serial)
		return;
	if (status != 200) {
		envelope_failed(p->fake, p->serial);
		return;
	}
	payload = answer_payload(body);
	envelope_acked(p->fake, p->serial, payload);
	json_decref(payload);
}

static void on_post_closed(uv_handle_t *handle)
{
	struct post *p = handle->data;

	for (struct post **q = &p->fake->delivery->posts; *q; q = &(*q)->next)
		if (*q == p) {
			*q = p->next;
			break;
		}
	if (!p->fake->stopping)
		post_tell(p);
	free(p->out);
	free(p->in);
	free(p);
}

static void post_end(struct post *p, int error)
{
	p->error = error;
	if (!uv_is_closing((uv_handle_t *)&p->tcp))
		uv_close((uv_handle_t *)&p->tcp, on_post_closed);
}

static void on_post_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
	struct post *p = handle->data;

	(void)wanted;
	p->in = realloc(p->in, p->in_bytes + 65537);
	*buf = uv_buf_init(p->in + p->in_bytes, 65536);
}

static void on_post_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct post *p = stream->data;
	const char *body;

	(void)buf;
	if (n < 0) {
		if (p->in)
			p->in[p->in_bytes] = '\0';
		post_end(p, n == UV_EOF ? 0 : (int)n);
		return;
	}
	p->in_bytes += (size_t)n;
	p->in[p->in_bytes] = '\0';
	if (p->in_bytes > ANSWER_MAX || (answer_read(p, &body) && strcasestr(p->in, "\r\ncontent-length:")))
		post_end(p, 0);
}

static void on_post_written(uv_write_t *write, int status)
{
	if (status < 0)
		post_end(write->data, status);
}

static void on_post_connected(uv_connect_t *connect, int status)
{
	struct post *p = connect->data;
	uv_buf_t buf = uv_buf_init(p->out, (unsigned int)p->out_bytes);

	if (status < 0) {
		post_end(p, status);
		return;
	}
	p->write.data = p;
	uv_read_start((uv_stream_t *)&p->tcp, on_post_alloc, on_post_read);
	uv_write(&p->write, (uv_stream_t *)&p->tcp, &buf, 1, on_post_written);
}

static struct post *post_new(struct fake *f, const char *path, const char *type, const char *body,
			     const char *timestamp, const char *signature, int attempt)
{
	struct delivery *d = f->delivery;
	struct post *p = calloc(1, sizeof(*p));
	size_t bytes = strlen(body), size = bytes + strlen(path) + 2000;
	char retry[100] = "";
	int error;

	if (attempt)
		snprintf(retry, sizeof(retry),
			 "X-Slack-Retry-Num: %d\r\nX-Slack-Retry-Reason: http_timeout\r\n", attempt);
	p->fake = f;
	p->out = malloc(size);
	p->out_bytes = (size_t)snprintf(p->out, size,
		"POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Slackbot 1.0 (fake)\r\nAccept: */*\r\n"
		"Content-Type: %s\r\nContent-Length: %zu\r\nX-Slack-Request-Timestamp: %.40s\r\n"
		"X-Slack-Signature: %.100s\r\n%sConnection: close\r\n\r\n", path, d->host, type, bytes,
		timestamp, signature, retry);
	memcpy(p->out + p->out_bytes, body, bytes);
	p->out_bytes += bytes;
	p->next = d->posts;
	d->posts = p;
	uv_tcp_init(&f->loop, &p->tcp);
	p->tcp.data = p;
	p->connect.data = p;
	error = uv_tcp_connect(&p->connect, &p->tcp, (struct sockaddr *)&d->address, on_post_connected);
	if (error)
		post_end(p, error);
	return p;
}

void delivery_send(struct fake *f, uint64_t serial, const char *type, json_t *payload, int attempt)
{
	bool event = !strcmp(type, "events_api");
	char *json = json_dumps(payload, JSON_COMPACT | JSON_ESCAPE_SLASH), *body = json;
	const char *path = event ? f->delivery->events : f->delivery->actions;
	char timestamp[24], signature[70];

	if (!strcmp(type, "slash_commands")) {
		body = form_encode(payload);
		path = f->delivery->commands;
	} else if (!event) {
		json_t *fields = json_pack("{s:s}", "payload", json);

		body = form_encode(fields);
		json_decref(fields);
	}
	snprintf(timestamp, sizeof(timestamp), "%lld", (long long)(clock_wall_us() / 1000000));
	sign(f->delivery->secret, timestamp, body, strlen(body), signature);
	post_new(f, path, event ? "application/json" : "application/x-www-form-urlencoded", body,
		 timestamp, signature, attempt)->serial = serial;
	if (body != json)
		free(body);
	free(json);
}

void delivery_admin(struct fake *f, struct request *r, json_t *in)
{
	const char *body = json_object_get(in, "body") ? json_text(in, "body") :
		"{\"token\":\"deprecated-verification-token\",\"challenge\":\"fake-challenge\","
		"\"type\":\"url_verification\"}";
	const char *type = *json_text(in, "content_type") ? json_text(in, "content_type") :
		"application/json";
	char timestamp[24], signature[70];

	if (!f->delivery) {
		people_fail(r, "no_events_url", "start the fake with --events-url");
		return;
	}
	snprintf(timestamp, sizeof(timestamp), "%lld",
		 (long long)json_number(in, "timestamp", clock_wall_us() / 1000000));
	sign(*json_text(in, "secret") ? json_text(in, "secret") : f->delivery->secret, timestamp, body,
	     strlen(body), signature);
	post_new(f, *json_text(in, "path") ? json_text(in, "path") : f->delivery->events, type, body,
		 timestamp,
		 json_object_get(in, "signature") ? json_text(in, "signature") : signature,
		 (int)json_number(in, "attempt", 0))->request = r->id;
}

void delivery_stop(struct fake *f)
{
	if (f->delivery)
		for (struct post *p = f->delivery->posts; p; p = p->next)
			post_end(p, UV_ECANCELED);
}
