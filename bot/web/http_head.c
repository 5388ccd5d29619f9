/* http_head.c - see http_head.h. */
#include "bot/web/http_head.h"

#include <string.h>
#include <strings.h>

#include "bot/sign.h"
#include "tocsin/utf8.h"

size_t http_head_find(const char *bytes, size_t len, size_t from)
{
	size_t i;

	/* A head may also end wrongly, with bare line feeds: it is found here and refused below,
	 * rather than waited for. */
	for (i = from > 2 ? from - 2 : 0; i + 1 < len; i++) {
		if (bytes[i] != '\n')
			continue;
		if (bytes[i + 1] == '\n')
			return i + 2;
		if (i + 2 < len && bytes[i + 1] == '\r' && bytes[i + 2] == '\n')
			return i + 3;
	}
	return 0;
}

/* Decodes %XX (and "+" in forms) from s to out, which may be s. Bytes, or -1: malformed, NUL, or
 * more than room. */
static long percent_decode(const char *s, size_t len, char *out, size_t room, bool plus)
{
	size_t i, n = 0;

	for (i = 0; i < len; i++) {
		char c = s[i];

		if (c == '%') {
			int high = i + 2 < len ? hex_digit(s[i + 1]) : -1;
			int low = i + 2 < len ? hex_digit(s[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -1;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if (c == '\0' || n == room)
			return -1;
		out[n++] = c;
	}
	return (long)n;
}

static bool is_token(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c <= ' ' || c >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", c))
			return false;
	}
	return len > 0;
}

/* Cuts one line off *s: NUL in place of its CRLF. NULL when it does not end that way. */
static char *take_line(char **s, const char *end)
{
	char *line = *s, *lf = memchr(line, '\n', (size_t)(end - line));

	if (!lf || lf == line || lf[-1] != '\r')
		return NULL;
	lf[-1] = '\0';
	*s = lf + 1;
	return line;
}

static int refuse(const char **why, int status, const char *text)
{
	*why = text;
	return status;
}

/* "/path?query" or "http://host/path?query" (RFC 9112, 3.2.2). */
static int parse_target(char *target, struct http_head *out, const char **why)
{
	size_t i, len = strlen(target);
	char *query;
	long n;

	if (len > HTTP_TARGET_MAX)
		return refuse(why, 414, "the address is longer than 8192 bytes");
	for (i = 0; i < len; i++)
		if ((unsigned char)target[i] <= ' ' || (unsigned char)target[i] >= 0x7f)
			return refuse(why, 400, "the address holds a byte that must be percent-encoded");
	if (strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0) {
		char *slash = strchr(strstr(target, "//") + 2, '/');

		target = slash ? slash : NULL;
	}
	if (!target || *target != '/')
		return refuse(why, 400, "the address does not begin with a slash");
	query = strchr(target, '?');
	out->query = "";
	if (query) {
		*query = '\0';
		out->query = query + 1;
	}
	len = strlen(target);
	n = percent_decode(target, len, target, len, false);
	if (n < 0 || !utf8_valid(target, (size_t)n))
		return refuse(why, 400, "the address is not well percent-encoded UTF-8");
	target[n] = '\0';
	out->path = target;
	return 0;
}

static int parse_request_line(char *line, struct http_head *out, const char **why)
{
	char *target = strchr(line, ' '), *version;

	version = target ? strchr(target + 1, ' ') : NULL;
	if (!version)
		return refuse(why, 400, "the request line is not METHOD ADDRESS HTTP/1.1");
	*target++ = '\0';
	*version++ = '\0';
	if (!is_token(line, strlen(line)))
		return refuse(why, 400, "the request line does not begin with a method");
	if (strcmp(version, "HTTP/1.1") == 0)
		out->keep_alive = true;
	else if (strcmp(version, "HTTP/1.0") != 0)
		return strncmp(version, "HTTP/", 5) == 0
			? refuse(why, 505, "this server speaks HTTP/1.1")
			: refuse(why, 400, "the request line is not METHOD ADDRESS HTTP/1.1");
	out->method_name = line;
	out->method = strcmp(line, "GET") == 0 ? HTTP_GET : strcmp(line, "HEAD") == 0 ? HTTP_HEAD
		: strcmp(line, "POST") == 0 ? HTTP_POST : HTTP_OTHER;
	return parse_target(target, out, why);
}

static int parse_header_line(char *line, struct http_head *out, const char **why)
{
	char *colon = strchr(line, ':'), *value, *p;
	size_t n;

	if (out->n_headers == HTTP_HEADERS_MAX)
		return refuse(why, 431, "there are more than 64 headers");
	if (!colon || !is_token(line, (size_t)(colon - line)))
		return refuse(why, 400, "a header is not NAME: VALUE on a line of its own");
	*colon = '\0';
	for (p = line; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	value = colon + 1 + strspn(colon + 1, " \t");
	n = strlen(value);
	while (n > 0 && (value[n - 1] == ' ' || value[n - 1] == '\t'))
		value[--n] = '\0';
	for (p = value; *p; p++)
		if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f)
			return refuse(why, 400, "a header holds a control character");
	out->headers[out->n_headers++] = (struct http_header){line, value};
	return 0;
}

const char *http_head_get(const struct http_head *h, const char *name)
{
	size_t i;

	for (i = 0; i < h->n_headers; i++)
		if (strcmp(h->headers[i].name, name) == 0)
			return h->headers[i].value;
	return NULL;
}

static unsigned count_header(const struct http_head *h, const char *name)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < h->n_headers; i++)
		n += strcmp(h->headers[i].name, name) == 0;
	return n;
}

/* Whether a comma list holds the word. */
static bool list_has(const char *list, const char *word)
{
	size_t n = strlen(word), k;

	while (list && *list) {
		list += strspn(list, " \t,");
		k = strcspn(list, " \t,");
		if (k == n && strncasecmp(list, word, n) == 0)
			return true;
		list += k;
	}
	return false;
}

/* Content-Length: digits only, and at most 18 of them so that it cannot overflow. */
static int parse_length(struct http_head *out, const char **why)
{
	const char *s = http_head_get(out, "content-length");
	size_t i;

	if (!s)
		return 0;
	if (count_header(out, "content-length") > 1 || !*s || strspn(s, "0123456789") != strlen(s))
		return refuse(why, 400, "Content-Length must be one number");
	if (strlen(s) > 18)
		return refuse(why, 413, "the body is too large");
	for (i = 0; s[i]; i++)
		out->length = out->length * 10 + (uint64_t)(s[i] - '0');
	out->has_length = true;
	return 0;
}

/* What the headers mean for the message itself. */
static int judge(struct http_head *out, bool is_1_1, const char **why)
{
	const char *coding = http_head_get(out, "transfer-encoding");
	const char *expect = http_head_get(out, "expect");
	unsigned hosts = count_header(out, "host");
	int status;

	if (hosts > 1 || (hosts == 0 && is_1_1))
		return refuse(why, 400, "there must be one Host header");
	if (coding)
		return list_has(coding, "chunked") && count_header(out, "content-length") == 0
			? refuse(why, 411, "send the body with a Content-Length, not chunked")
			: refuse(why, count_header(out, "content-length") ? 400 : 501,
				"this Transfer-Encoding is not accepted");
	status = parse_length(out, why);
	if (status)
		return status;
	if (expect) {
		if (strcasecmp(expect, "100-continue") != 0)
			return refuse(why, 417, "only Expect: 100-continue is understood");
		out->expect_continue = is_1_1;
	}
	if (list_has(http_head_get(out, "connection"), "close"))
		out->keep_alive = false;
	return 0;
}

int http_head_parse(char *bytes, size_t len, struct http_head *out, const char **why)
{
	char *s = bytes, *line;
	const char *end = bytes + len;
	bool is_1_1;
	int status;

	memset(out, 0, sizeof(*out));
	out->path = out->query = out->method_name = "";
	*why = "";
	if (memchr(bytes, '\0', len))
		return refuse(why, 400, "the head holds a NUL byte");
	line = take_line(&s, end);
	if (!line)
		return refuse(why, 400, "lines must end with CR LF");
	status = parse_request_line(line, out, why);
	is_1_1 = out->keep_alive;
	while (!status) {
		line = take_line(&s, end);
		if (!line)
			return refuse(why, 400, "lines must end with CR LF");
		if (!*line)
			break;
		status = parse_header_line(line, out, why);
	}
	return status ? status : judge(out, is_1_1, why);
}

int http_form_get(const char *text, size_t len, const char *name, char *out, size_t size)
{
	size_t n = strlen(name), i = 0;

	while (i < len) {
		const char *pair = text + i, *amp = memchr(pair, '&', len - i);
		size_t k = amp ? (size_t)(amp - pair) : len - i;
		long written;

		i += k + 1;
		if (k <= n || pair[n] != '=' || memcmp(pair, name, n) != 0)
			continue;
		written = percent_decode(pair + n + 1, k - n - 1, out, size - 1, true);
		if (written < 0)
			return -1;
		out[written] = '\0';
		return 1;
	}
	return 0;
}
