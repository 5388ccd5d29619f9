/* twilio_wire.c - see twilio_wire.h. */
#include "bot/reach/twilio_wire.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bot/sign.h"
#include "bot/web/http_head.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/utf8.h"

#define XML "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
#define ID_MAX 40
#define REF_TEXT_MAX 300
#define ACK_WORDS "ack acknowledge acknowledged acked ok okay yes y 1"

/* --- forms ---------------------------------------------------------------------------------- */

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

void query_encode(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (is_word(*text) || strchr("-_.~", *text))
			buf_char(out, *text);
		else
			buf_printf(out, "%%%02X", (unsigned char)*text);
	}
}

void query_add(struct buf *out, const char *name, const char *value)
{
	if (out->len && out->data[out->len - 1] != '?')
		buf_char(out, '&');
	query_encode(out, name);
	buf_char(out, '=');
	query_encode(out, value);
}

/* --- signatures ----------------------------------------------------------------------------- */

struct field {
	const char *name, *value;
	size_t name_len, value_len;
};

static int hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes in the arena; NULL when a "%" has no two digits behind it. */
static const char *decode(struct arena *a, const char *s, size_t len, size_t *out_len)
{
	char *out = arena_alloc(a, len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '%') {
			int high = i + 2 < len ? hex_of(s[i + 1]) : -1;
			int low = i + 2 < len ? hex_of(s[i + 2]) : -1;

			if (high < 0 || low < 0)
				return NULL;
			out[n++] = (char)(high * 16 + low);
			i += 2;
		} else {
			out[n++] = s[i] == '+' ? ' ' : s[i];
		}
	}
	out[n] = '\0';
	*out_len = n;
	return out;
}

static int compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int c = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return c ? c : (a_len > b_len) - (a_len < b_len);
}

static int by_name(const void *a, const void *b)
{
	const struct field *x = a, *y = b;
	int c = compare_bytes(x->name, x->name_len, y->name, y->name_len);

	return c ? c : compare_bytes(x->value, x->value_len, y->value, y->value_len);
}

/* The fields of a form; -1 when it is malformed or has too many. */
static long read_fields(struct arena *a, const char *body, size_t len, struct field *out)
{
	size_t n = 0, i = 0;

	while (i < len) {
		const char *pair = body + i, *amp = memchr(pair, '&', len - i), *equals;
		size_t k = amp ? (size_t)(amp - pair) : len - i, name;

		i += k + 1;
		if (k == 0)
			continue;
		if (n == TWILIO_FIELDS_MAX)
			return -1;
		equals = memchr(pair, '=', k);
		name = equals ? (size_t)(equals - pair) : k;
		out[n].name = decode(a, pair, name, &out[n].name_len);
		out[n].value = decode(a, equals ? equals + 1 : "", equals ? k - name - 1 : 0, &out[n].value_len);
		if (!out[n].name || !out[n].value)
			return -1;
		n++;
	}
	return (long)n;
}

const char *twilio_sign(struct arena *a, const char *token, const char *url, const char *body, size_t len)
{
	struct field *fields = ARENA_ARRAY(a, struct field, TWILIO_FIELDS_MAX);
	long n = read_fields(a, body, len, fields);
	unsigned char mac[HMAC_SHA1_BYTES];
	struct buf text, out;

	if (n < 0)
		return NULL;
	qsort(fields, (size_t)n, sizeof(*fields), by_name);
	buf_init_arena(&text, a, strlen(url) + len + 64);
	buf_str(&text, url);
	for (long i = 0; i < n; i++) {
		if (i > 0 && by_name(&fields[i - 1], &fields[i]) == 0)
			continue; /* the same field with the same value counts once */
		/* A repeated name is signed once for each of its values, name and all. */
		buf_add(&text, fields[i].name, fields[i].name_len);
		buf_add(&text, fields[i].value, fields[i].value_len);
	}
	if (text.failed || hmac_sha1(token, strlen(token), text.data, text.len, mac) < 0)
		return NULL;
	buf_init_arena(&out, a, 64);
	base64_encode(&out, mac, sizeof(mac));
	return buf_text(&out);
}

/* The same address with its default port, or without it; NULL when another port is named. */
static const char *other_port(struct arena *a, const char *url)
{
	bool https = strncmp(url, "https://", 8) == 0;
	size_t scheme = https ? 8 : 7, host;
	const char *port = https ? ":443" : ":80", *colon;

	if (!https && strncmp(url, "http://", 7) != 0)
		return NULL;
	host = strcspn(url + scheme, "/?#");
	colon = memrchr(url + scheme, ':', host);
	if (colon && memchr(colon, ']', (size_t)(url + scheme + host - colon)))
		colon = NULL; /* within an IPv6 address */
	if (!colon)
		return arena_printf(a, "%.*s%s%s", (int)(scheme + host), url, port, url + scheme + host);
	if (strlen(port) != (size_t)(url + scheme + host - colon) || strncmp(colon, port, strlen(port)) != 0)
		return NULL;
	return arena_printf(a, "%.*s%s", (int)(colon - url), url, url + scheme + host);
}

bool twilio_verify(struct arena *a, const char *token, const char *url, const char *body, size_t len,
	const char *signature)
{
	const char *other = other_port(a, url), *want = twilio_sign(a, token, url, body, len), *with;
	bool good;

	if (!*token || !want)
		return false;
	good = equal_constant_time(signature, strlen(signature), want, strlen(want));
	with = other ? twilio_sign(a, token, other, body, len) : NULL;
	if (with)
		good |= equal_constant_time(signature, strlen(signature), with, strlen(with));
	return good;
}

/* --- addresses of callbacks ----------------------------------------------------------------- */

const char *twilio_url(struct arena *a, const char *public_url, const char *connection, const char *what,
	const struct twilio_ref *ref)
{
	size_t len = strlen(public_url);
	struct buf b;

	while (len && public_url[len - 1] == '/')
		len--;
	buf_init_arena(&b, a, 8192);
	buf_add(&b, public_url, len);
	buf_printf(&b, "/twilio/%s/%s?", connection, what);
	query_add(&b, "e", ref->entity);
	query_add(&b, "n", ref->note);
	query_add(&b, "p", ref->person);
	query_add(&b, "o", ref->op);
	if (ref->turn)
		query_add(&b, "t", arena_printf(a, "%u", ref->turn));
	return buf_text(&b);
}

static const char *read_one(struct arena *a, const char *query, const char *name)
{
	char *out = arena_alloc(a, REF_TEXT_MAX);

	return http_form_get(query, strlen(query), name, out, REF_TEXT_MAX) == 1 &&
		utf8_valid(out, strlen(out)) ? out : NULL;
}

bool twilio_ref_read(struct arena *a, const char *query, struct twilio_ref *out)
{
	const char *turn = read_one(a, query, "t");

	out->entity = read_one(a, query, "e");
	out->note = read_one(a, query, "n");
	out->person = read_one(a, query, "p");
	out->op = read_one(a, query, "o");
	out->turn = turn && *turn >= '1' && *turn <= '9' && !turn[1] ? (unsigned)(*turn - '0') : 0;
	return out->entity && strchr(out->entity, ':') && out->note && out->person && *out->person && out->op &&
		(strcmp(out->op, "sms") == 0 || strcmp(out->op, "phone") == 0);
}

/* --- TwiML ---------------------------------------------------------------------------------- */

static void put_xml(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '&')
			buf_str(out, "&amp;");
		else if (*text == '<')
			buf_str(out, "&lt;");
		else if (*text == '>')
			buf_str(out, "&gt;");
		else if (*text == '"')
			buf_str(out, "&quot;");
		else if ((unsigned char)*text >= ' ' || *text == '\n')
			buf_char(out, *text);
	}
}

const char *twiml_ask(struct arena *a, const char *text, const char *action)
{
	struct buf b;

	buf_init_arena(&b, a, 65536);
	buf_str(&b, XML "<Response>");
	if (action) {
		buf_str(&b, "<Gather input=\"dtmf\" numDigits=\"1\" timeout=\"8\" method=\"POST\" "
			"actionOnEmptyResult=\"true\" action=\"");
		put_xml(&b, action);
		buf_str(&b, "\">");
	}
	buf_str(&b, "<Say>");
	put_xml(&b, text);
	buf_str(&b, action ? "</Say></Gather></Response>" : "</Say><Hangup/></Response>");
	return b.failed || b.len > TWILIO_TWIML_MAX ? NULL : buf_text(&b);
}

const char *twiml_message(struct arena *a, const char *text)
{
	struct buf b;

	buf_init_arena(&b, a, 65536);
	buf_str(&b, XML "<Response>");
	if (*text) {
		buf_str(&b, "<Message>");
		put_xml(&b, text);
		buf_str(&b, "</Message>");
	}
	buf_str(&b, "</Response>");
	return buf_text(&b);
}

/* --- replies -------------------------------------------------------------------------------- */

static bool is_code(char c)
{
	return is_word(c) || c == '-' || c == '_' || c == '#';
}

static bool one_of(const char *list, const char *word, size_t len)
{
	while (*list) {
		size_t n = strcspn(list, " ");

		if (n == len && strncasecmp(list, word, n) == 0)
			return true;
		list += n + strspn(list + n, " ");
	}
	return false;
}

/* The next run of code characters; NULL at the end. */
static const char *next_word(const char *s, size_t *len)
{
	while (*s && !is_code(*s))
		s++;
	for (*len = 0; is_code(s[*len]); (*len)++)
		;
	return *len ? s : NULL;
}

bool sms_is_ack(struct arena *a, const char *body, const char **id)
{
	size_t len, n;
	const char *first = next_word(body, &len), *word;
	const char *second = first ? next_word(first + len, &n) : NULL;
	bool said, coded;

	*id = "";
	if (!first)
		return false;
	said = one_of(ACK_WORDS, first, len);
	/* The code alone is an answer, too: letters and a number. */
	coded = is_word(*first) && strcspn(first, "0123456789") < len && (*first < '0' || *first > '9') &&
		(!second || one_of(ACK_WORDS, second, n));
	word = said ? second : first;
	if (!said && !coded)
		return false;
	if (!said)
		n = len;
	for (; word; word = next_word(word + n, &n)) {
		if (n <= ID_MAX && strcspn(word, "0123456789") < n) {
			*id = arena_strndup(a, word, n);
			break;
		}
	}
	return true;
}

bool sms_is_stop(const char *body)
{
	size_t len;
	const char *first = next_word(body, &len);

	return first && !next_word(first + len, &(size_t){0}) &&
		one_of("stop stopall unsubscribe cancel end quit start unstop help info", first, len);
}
