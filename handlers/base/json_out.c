/* json_out.c - see json_out.h. */
#include "tocsin/json_out.h"

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

static void put_string(struct buf *b, const char *s, size_t len)
{
	size_t i = 0, plain = 0;

	buf_char(b, '"');
	while (i < len) {
		unsigned char c = (unsigned char)s[i];
		size_t n;

		if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
			i++;
			continue;
		}
		if (c >= 0x80 && (n = utf8_length(s + i, len - i)) > 0) {
			i += n;
			continue;
		}
		buf_add(b, s + plain, i - plain);
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
		plain = ++i;
	}
	buf_add(b, s + plain, len - plain);
	buf_char(b, '"');
}

/* The comma and the key before any value, in one piece where the key is as plain as keys are. */
static void put_key(struct json_out *j, const char *key)
{
	char small[64];
	size_t n = 0;

	if (!j->first[j->depth])
		small[n++] = ',';
	j->first[j->depth] = false;
	if (!key) {
		buf_add(j->buf, small, n);
		return;
	}
	small[n++] = '"';
	for (const char *s = key; n < sizeof(small) - 2; s++) {
		if (!*s) {
			small[n++] = '"';
			small[n++] = ':';
			buf_add(j->buf, small, n);
			return;
		}
		if ((unsigned char)*s < 0x20 || (unsigned char)*s >= 0x80 || *s == '"' || *s == '\\')
			break;
		small[n++] = *s;
	}
	if (*small == ',')
		buf_char(j->buf, ',');
	put_string(j->buf, key, strlen(key));
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
