/* json_out.c - see json_out.h. */
#include "tocsin/json_out.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tocsin/buf.h"
#include "tocsin/utf8.h"

void json_out_init(struct json_out *j, struct buf *b)
{
	memset(j, 0, sizeof(*j));
	j->buf = b;
	j->first[0] = true;
}

#define ONES UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

/* Whether one of eight bytes is a zero in x. */
static uint64_t has_zero(uint64_t x)
{
	return (x - ONES) & ~x & HIGHS;
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Copies from s what needs no escape and is ASCII, eight at a time; how many that were. */
static size_t plain_copy(char *to, const char *s, size_t len)
{
	size_t i = 0;

	for (; i + 8 <= len; i += 8) {
		uint64_t w;

		memcpy(&w, s + i, 8);
		if ((w & HIGHS) | ((w - ONES * 0x20) & ~w & HIGHS) | has_zero(w ^ ONES * '"') |
			has_zero(w ^ ONES * '\\'))
			break;
		memcpy(to + i, &w, 8);
	}
	for (; i < len && is_plain((unsigned char)s[i]); i++)
		to[i] = s[i];
	return i;
}

static void put_escape(struct buf *b, unsigned char c)
{
	if (c >= 0x80)
		buf_str(b, "\xef\xbf\xbd");
	else if (c == '"')
		buf_str(b, "\\\"");
	else if (c == '\\')
		buf_str(b, "\\\\");
	else if (c == '\n')
		buf_str(b, "\\n");
	else if (c == '\t')
		buf_str(b, "\\t");
	else
		buf_printf(b, "\\u%04x", c);
}

/* From the first byte on that is not plain. */
static void put_rest(struct buf *b, const char *s, size_t len)
{
	size_t i = 0, from = 0;

	while (i < len) {
		size_t n = 1;

		if ((unsigned char)s[i] >= 0x80)
			n = utf8_length(s + i, len - i);
		if (!n || (n == 1 && !is_plain((unsigned char)s[i]))) {
			buf_add(b, s + from, i - from);
			put_escape(b, (unsigned char)s[i]);
			n = 1;
			from = i + 1;
		}
		i += n;
	}
	buf_add(b, s + from, len - from);
}

static void put_string(struct buf *b, const char *s, size_t len)
{
	char *p = buf_room(b, len + 2); /* as much as it takes at least */
	size_t n;

	if (!p)
		return;
	*p = '"';
	n = plain_copy(p + 1, s, len);
	if (n == len)
		p[n + 1] = '"';
	buf_filled(b, n == len ? n + 2 : n + 1);
	if (n == len)
		return;
	put_rest(b, s + n, len - n);
	buf_char(b, '"');
}

/* The comma and the key before any value. */
static void put_key(struct json_out *j, const char *key)
{
	bool comma = !j->first[j->depth];
	size_t n = 0, len;
	char *p;

	j->first[j->depth] = false;
	if (!key) {
		if (comma)
			buf_char(j->buf, ',');
		return;
	}
	len = strlen(key);
	p = buf_room(j->buf, len + comma + 3);
	if (!p)
		return;
	if (comma)
		p[n++] = ',';
	p[n++] = '"';
	if (plain_copy(p + n, key, len) == len) {
		p[n + len] = '"';
		p[n + len + 1] = ':';
		buf_filled(j->buf, n + len + 2);
		return;
	}
	buf_filled(j->buf, n - 1);
	put_string(j->buf, key, len);
	buf_char(j->buf, ':');
}

static void open_level(struct json_out *j, const char *key, char c)
{
	put_key(j, key);
	buf_char(j->buf, c);
	if (j->depth + 1 >= JSON_OUT_DEPTH) {
		j->buf->failed = true;
		return;
	}
	j->first[++j->depth] = true;
}

static void close_level(struct json_out *j, char c)
{
	if (j->depth == 0) {
		j->buf->failed = true;
		return;
	}
	j->depth--;
	buf_char(j->buf, c);
}

void json_out_object(struct json_out *j, const char *key)
{
	open_level(j, key, '{');
}

void json_out_object_end(struct json_out *j)
{
	close_level(j, '}');
}

void json_out_array(struct json_out *j, const char *key)
{
	open_level(j, key, '[');
}

void json_out_array_end(struct json_out *j)
{
	close_level(j, ']');
}

void json_out_strn(struct json_out *j, const char *key, const char *value, size_t len)
{
	put_key(j, key);
	put_string(j->buf, value, len);
}

void json_out_str(struct json_out *j, const char *key, const char *value)
{
	if (value)
		json_out_strn(j, key, value, strlen(value));
	else
		json_out_null(j, key);
}

void json_out_int(struct json_out *j, const char *key, int64_t value)
{
	uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	char digits[24], *p = digits + sizeof(digits);

	put_key(j, key);
	do
		*--p = (char)('0' + left % 10);
	while (left /= 10);
	if (value < 0)
		*--p = '-';
	buf_add(j->buf, p, (size_t)(digits + sizeof(digits) - p));
}

void json_out_bool(struct json_out *j, const char *key, bool value)
{
	put_key(j, key);
	buf_str(j->buf, value ? "true" : "false");
}

void json_out_some_str(struct json_out *j, const char *key, const char *value)
{
	if (value && *value)
		json_out_str(j, key, value);
}

void json_out_some_int(struct json_out *j, const char *key, int64_t value)
{
	if (value)
		json_out_int(j, key, value);
}

void json_out_some_bool(struct json_out *j, const char *key, bool value)
{
	if (value)
		json_out_bool(j, key, value);
}

void json_out_null(struct json_out *j, const char *key)
{
	put_key(j, key);
	buf_str(j->buf, "null");
}

void json_out_raw(struct json_out *j, const char *key, const char *json, size_t len)
{
	put_key(j, key);
	buf_add(j->buf, json, len);
}
