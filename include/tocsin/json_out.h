/*
 * json_out.h - writes JSON text straight into a buf: for the hot path, where building a tree
 * first would cost more than the work itself.
 *
 * Commas and quotes are its business; nesting is checked (an unbalanced document sets the
 * buffer's `failed`). Strings must be UTF-8; a broken sequence becomes U+FFFD.
 */
#ifndef TOCSIN_JSON_OUT_H
#define TOCSIN_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_OUT_DEPTH 32

struct buf;

struct json_out {
	struct buf *buf;
	unsigned depth;
	bool first[JSON_OUT_DEPTH];
	bool after_key;
};

void json_out_init(struct json_out *j, struct buf *b);

/* key NULL: an element of an array, or the document itself. */
void json_out_object(struct json_out *j, const char *key);
void json_out_object_end(struct json_out *j);
void json_out_array(struct json_out *j, const char *key);
void json_out_array_end(struct json_out *j);
void json_out_str(struct json_out *j, const char *key, const char *value); /* NULL value: null */
void json_out_strn(struct json_out *j, const char *key, const char *value, size_t len);
void json_out_int(struct json_out *j, const char *key, int64_t value);
void json_out_bool(struct json_out *j, const char *key, bool value);
/* The same, left out when empty (or NULL), 0 or false: documents of 100,000 incidents stay small. */
void json_out_some_str(struct json_out *j, const char *key, const char *value);
void json_out_some_int(struct json_out *j, const char *key, int64_t value);
void json_out_some_bool(struct json_out *j, const char *key, bool value);
void json_out_null(struct json_out *j, const char *key);
/* Ready-made JSON text, taken as it is. */
void json_out_raw(struct json_out *j, const char *key, const char *json, size_t len);
#endif
