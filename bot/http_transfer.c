/*
 * http_transfer.c - see http_transfer.h.
 *
 * What curl would do behind our back and must not: send a request again on a fresh connection
 * (no_rewind), wait for its resolver thread (QUICK_EXIT), follow a redirect.
 */
#include "bot/http_transfer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "bot/clock.h"
#include "bot/net_address.h"

#define TIMEOUT_DEFAULT_MS 15000L
#define CONNECT_TIMEOUT_MS 10000L
#define ANSWER_MAX_DEFAULT ((size_t)1024 * 1024)

void transfer_free(struct transfer *t)
{
	if (!t)
		return;
	if (t->easy)
		curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	curl_slist_free_all(t->recipients);
	free(t->body);
	buf_release(&t->answer);
	free(t);
}

static size_t on_curl_write(char *data, size_t size, size_t n, void *ud)
{
	struct transfer *t = ud;

	buf_add(&t->answer, data, size * n);
	if (t->answer.failed) {
		t->too_large = true;
		return 0; /* ends the transfer: the rest is not wanted */
	}
	return size * n;
}

static size_t on_curl_read(char *out, size_t size, size_t n, void *ud)
{
	struct transfer *t = ud;
	size_t room = size * n, left = t->body_len - t->body_at;

	if (room > left)
		room = left;
	if (room)
		memcpy(out, t->body + t->body_at, room);
	t->body_at += room;
	return room;
}

/* curl repeats a request by itself when a kept connection dies before the answer. The receiver may
 * have acted on the first one, so a request with a body is given out once. */
static int no_rewind(void *ud, curl_off_t offset, int origin)
{
	(void)ud;
	(void)offset;
	(void)origin;
	return CURL_SEEKFUNC_FAIL;
}

static void header_value(char *out, size_t out_size, const char *value, size_t len)
{
	while (len && (*value == ' ' || *value == '\t')) {
		value++;
		len--;
	}
	while (len && ((unsigned char)value[len - 1] <= ' '))
		len--;
	if (len >= out_size)
		len = out_size - 1;
	memcpy(out, value, len);
	out[len] = '\0';
}

static size_t on_curl_header(char *line, size_t size, size_t n, void *ud)
{
	struct transfer *t = ud;
	size_t len = size * n;
	const char *colon = memchr(line, ':', len);
	size_t name;
	static const struct {
		const char *name;
		size_t offset, size;
	} wanted[] = {
		{ "content-type", offsetof(struct transfer, content_type), sizeof(t->content_type) },
		{ "x-oauth-scopes", offsetof(struct transfer, scopes), sizeof(t->scopes) },
		{ "retry-after", offsetof(struct transfer, retry_after), sizeof(t->retry_after) },
		{ "date", offsetof(struct transfer, date), sizeof(t->date) },
	};
	size_t i;

	if (!colon)
		return len;
	name = (size_t)(colon - line);
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (strlen(wanted[i].name) == name && !strncasecmp(line, wanted[i].name, name))
			header_value((char *)t + wanted[i].offset, wanted[i].size, colon + 1,
				len - name - 1);
	return len;
}

static curl_socket_t on_curl_open(void *ud, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct transfer *t = ud;

	(void)purpose;
	if (t->refuse_private && net_address_private(&a->addr)) {
		t->refused = true;
		return CURL_SOCKET_BAD;
	}
	t->fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
	return t->fd;
}

/* Runs when the connection stands, TLS included, just before the request is written. */
static int on_curl_prereq(void *ud, char *ip, char *local, int port, int local_port)
{
	struct transfer *t = ud;

	(void)local;
	(void)port;
	(void)local_port;
	/* A kept connection has not been through on_curl_open() for this transfer. */
	if (t->refuse_private && net_address_private_text(ip)) {
		t->refused = true;
		return CURL_PREREQFUNC_ABORT;
	}
	t->asked = true;
	return CURL_PREREQFUNC_OK;
}

/* libcurl waits for the answer to QUIT; nobody wants it: let that read end at once. */
static int on_curl_debug(CURL *easy, curl_infotype kind, char *data, size_t len, void *ud)
{
	struct transfer *t = ud;

	(void)easy;
	if (kind == CURLINFO_HEADER_OUT && len >= 4 && !memcmp(data, "QUIT", 4) &&
	    t->fd != CURL_SOCKET_BAD)
		shutdown(t->fd, SHUT_RD);
	return 0;
}

/* Lets a mail that nobody waits for any more end in its thread. */
static int on_curl_progress(void *ud, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct transfer *t = ud;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return atomic_load(&t->abandoned) ? 1 : 0;
}

/* Milliseconds; -1 when absent or unreadable. A date counts from the answer's own Date header, so
 * that a wrong clock here does not matter. */
static long retry_after_ms(const struct transfer *t)
{
	const char *s = t->retry_after;
	size_t digits = strspn(s, "0123456789");
	time_t when, from;

	if (!*s)
		return -1;
	if (s[digits] == '\0')
		return digits > 6 ? 86400L * 1000 : strtol(s, NULL, 10) * 1000;
	when = curl_getdate(s, NULL);
	if (when == (time_t)-1)
		return -1;
	from = *t->date ? curl_getdate(t->date, NULL) : (time_t)-1;
	if (from == (time_t)-1)
		from = (time_t)(clock_wall_ms() / 1000);
	if (when <= from)
		return 0;
	return when - from > 86400 ? 86400L * 1000 : (long)(when - from) * 1000;
}

static enum http_fate http_fate_of(const struct transfer *t, CURLcode code)
{
	if (code == CURLE_OK || t->too_large)
		return HTTP_ANSWERED;
	return t->asked ? HTTP_UNKNOWN : HTTP_NOT_SENT;
}

/* Mail is taken when the line after the last byte is answered, and not before. */
static enum http_fate mail_fate_of(const struct transfer *t, CURLcode code, long status)
{
	if (code == CURLE_OK)
		return HTTP_ANSWERED;
	if (status >= 400 && code != CURLE_OPERATION_TIMEDOUT && code != CURLE_RECV_ERROR)
		return HTTP_ANSWERED;
	return t->body_at == t->body_len && t->body_len ? HTTP_UNKNOWN : HTTP_NOT_SENT;
}

void transfer_answer(struct transfer *t, CURLcode code)
{
	struct http_answer a = { .content_type = t->content_type, .scopes = t->scopes };

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &a.status);
	a.fate = t->mail ? mail_fate_of(t, code, a.status) : http_fate_of(t, code);
	a.body = buf_text(&t->answer);
	a.body_len = t->answer.len;
	a.too_large = t->too_large;
	a.retry_after_ms = retry_after_ms(t);
	a.error = "";
	if (t->refused)
		a.error = "the address is a private one";
	else if (code != CURLE_OK && !t->too_large)
		a.error = *t->error ? t->error : curl_easy_strerror(code);
	if (*t->date) {
		time_t when = curl_getdate(t->date, NULL);

		a.date_s = when == (time_t)-1 ? 0 : (long long)when;
	}
	t->fn(t->ud, &a);
}

static bool add_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer;

	if (strpbrk(line, "\r\n"))
		return false;
	longer = curl_slist_append(*list, line);
	if (!longer)
		return false;
	*list = longer;
	return true;
}

static int set_common(struct transfer *t, const struct http_request *r)
{
	CURL *e = t->easy;
	long timeout = r->timeout_ms > 0 ? r->timeout_ms : TIMEOUT_DEFAULT_MS;

	curl_easy_setopt(e, CURLOPT_PRIVATE, t);
	curl_easy_setopt(e, CURLOPT_URL, r->url);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, timeout);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
		timeout < CONNECT_TIMEOUT_MS ? timeout : CONNECT_TIMEOUT_MS);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_curl_write);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(e, CURLOPT_READFUNCTION, on_curl_read);
	curl_easy_setopt(e, CURLOPT_READDATA, t);
	curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, no_rewind);
	curl_easy_setopt(e, CURLOPT_SEEKDATA, t);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_curl_open);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
	curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_curl_prereq);
	curl_easy_setopt(e, CURLOPT_PREREQDATA, t);
	if (getenv("SSL_CERT_FILE") && *getenv("SSL_CERT_FILE"))
		curl_easy_setopt(e, CURLOPT_CAINFO, getenv("SSL_CERT_FILE"));
	if (r->refuse_private) /* a proxy would resolve the name where we cannot see it */
		curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
	return curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK ? 0 : -1;
}

static int set_http(struct transfer *t, const struct http_request *r)
{
	CURL *e = t->easy;
	size_t i;

	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, r->allow_http ? "https,http" : "https");
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "tocsin/" TOCSIN_VERSION);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_curl_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
	for (i = 0; r->headers && r->headers[i]; i++)
		if (!add_header(&t->headers, r->headers[i]))
			return -1;
	if (!strcmp(r->method, "GET")) {
		curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
	} else if (!strcmp(r->method, "HEAD")) {
		curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
	} else {
		curl_easy_setopt(e, CURLOPT_POST, 1L);
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body_len);
		if (strcmp(r->method, "POST"))
			curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, r->method);
		if (!add_header(&t->headers, "Expect:"))
			return -1;
	}
	return curl_easy_setopt(e, CURLOPT_HTTPHEADER, t->headers) == CURLE_OK ? 0 : -1;
}

static int set_mail(struct transfer *t, const struct http_request *r)
{
	CURL *e = t->easy;

	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	/* Without STARTTLS no mail goes out, unless plain text was allowed. */
	curl_easy_setopt(e, CURLOPT_USE_SSL, (long)(r->allow_http ? CURLUSESSL_NONE : CURLUSESSL_ALL));
	if (r->user)
		curl_easy_setopt(e, CURLOPT_USERNAME, r->user);
	if (r->password)
		curl_easy_setopt(e, CURLOPT_PASSWORD, r->password);
	curl_easy_setopt(e, CURLOPT_MAIL_FROM, r->mail_from);
	if (!r->mail_to || !add_header(&t->recipients, r->mail_to))
		return -1;
	curl_easy_setopt(e, CURLOPT_MAIL_RCPT, t->recipients);
	curl_easy_setopt(e, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(e, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->body_len);
	/* A kept connection would be closed with a QUIT at a time that we do not see. */
	curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_curl_progress);
	curl_easy_setopt(e, CURLOPT_XFERINFODATA, t);
	curl_easy_setopt(e, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(e, CURLOPT_DEBUGFUNCTION, on_curl_debug);
	return curl_easy_setopt(e, CURLOPT_DEBUGDATA, t) == CURLE_OK ? 0 : -1;
}

struct transfer *transfer_new(const struct http_request *r)
{
	struct transfer *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->fd = CURL_SOCKET_BAD;
	t->mail = r->mail_from != NULL;
	t->refuse_private = r->refuse_private;
	buf_init(&t->answer, r->answer_max ? r->answer_max : ANSWER_MAX_DEFAULT);
	t->body_len = r->body ? r->body_len : 0;
	t->body = malloc(t->body_len + 1);
	t->easy = curl_easy_init();
	if (!t->body || !t->easy) {
		transfer_free(t);
		return NULL;
	}
	if (t->body_len)
		memcpy(t->body, r->body, t->body_len);
	if (set_common(t, r) < 0 || (t->mail ? set_mail(t, r) : set_http(t, r)) < 0) {
		transfer_free(t);
		return NULL;
	}
	return t;
}
