/* webhook_body.c - see webhook_body.h. */
#include "bot/reach/webhook_body.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "bot/sign.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/json_in.h"
#include "tocsin/json_out.h"

const char *webhook_id(struct arena *a, const char *key)
{
	struct buf b;
	const char *s;

	buf_init_arena(&b, a, 1024);
	for (s = key; *s; s++) {
		if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') ||
			strchr("-_/:", *s))
			buf_char(&b, *s);
		else
			buf_printf(&b, "~%02x", (unsigned char)*s); /* unique keys stay unique */
	}
	return buf_text(&b);
}

static void put_time(struct json_out *j, const char *key, int64_t at_ms)
{
	time_t s = (time_t)(at_ms / 1000);
	char text[48];
	struct tm tm;
	size_t n;

	gmtime_r(&s, &tm);
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof(text) - n, ".%03dZ", (int)(at_ms % 1000));
	json_out_str(j, key, text);
}

/* Everything of the data but `text`, which is ours to set. */
static void put_data(struct json_out *j, struct arena *a, json_t *data, const char *text)
{
	const char *key;
	json_t *value;

	json_out_object(j, "data");
	json_object_foreach(data, key, value) {
		char *json;

		if (strcmp(key, "text") == 0 && text)
			continue;
		json = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
		if (!json)
			continue;
		arena_defer(a, free, json);
		json_out_raw(j, key, json, strlen(json));
	}
	if (text)
		json_out_str(j, "text", text);
	json_out_object_end(j);
}

static void put_body(struct buf *out, struct arena *a, const char *type, int64_t at_ms, json_t *data,
	const char *text)
{
	struct json_out j;

	json_out_init(&j, out);
	json_out_object(&j, NULL);
	json_out_str(&j, "type", type);
	put_time(&j, "timestamp", at_ms);
	put_data(&j, a, data, text);
	json_out_object_end(&j);
}

int webhook_body(struct buf *out, struct arena *a, const char *type, int64_t at_ms, const char *data_json,
	const char *text, struct err *err)
{
	json_t *data = json_in_load(a, data_json, strlen(data_json)), *thin;

	if (!data)
		return err_set(err, ERR_BUG, "the data of a webhook is no JSON object");
	put_body(out, a, type, at_ms, data, text);
	if (!out->failed && out->len <= WEBHOOK_BODY_MAX)
		return 0;
	/* Too much for a thin event: what it is about stays, so that the receiver can ask. */
	thin = json_object();
	if (!thin)
		return err_set(err, ERR_MEMORY, "out of memory");
	arena_defer(a, (void (*)(void *))json_decref, thin);
	json_object_set(thin, "id", json_object_get(data, "id"));
	json_object_set(thin, "severity", json_object_get(data, "severity"));
	json_object_set_new(thin, "shortened", json_true());
	buf_reset(out);
	put_body(out, a, type, at_ms, thin, text && strlen(text) < WEBHOOK_BODY_MAX / 2 ? text : NULL);
	if (out->failed || out->len > WEBHOOK_BODY_MAX)
		return err_set(err, ERR_LIMIT, "the event is larger than %d bytes", WEBHOOK_BODY_MAX);
	return 0;
}

/* One secret to one signature at the end of out. */
static int sign_one(struct buf *out, const char *secret, size_t len, const char *signed_bytes,
	size_t signed_len, struct err *err)
{
	unsigned char key[WEBHOOK_SECRET_MOST], mac[HMAC_SHA256_BYTES];
	long n;

	if (len < 6 || memcmp(secret, "whsec_", 6) != 0)
		return err_set(err, ERR_CONFIG, "the signing secret does not begin with whsec_");
	n = base64_decode(secret + 6, len - 6, key, sizeof(key));
	if (n < WEBHOOK_SECRET_LEAST)
		return err_set(err, ERR_CONFIG, "the signing secret is not whsec_ and the base64 of %d to %d bytes",
			WEBHOOK_SECRET_LEAST, WEBHOOK_SECRET_MOST);
	if (hmac_sha256(key, (size_t)n, signed_bytes, signed_len, mac) < 0)
		return err_set(err, ERR_MEMORY, "the signature could not be made");
	buf_str(out, out->len ? " v1," : "v1,");
	base64_encode(out, mac, sizeof(mac));
	explicit_bzero(key, sizeof(key));
	return 0;
}

const char *webhook_sign(struct arena *a, const char *secrets, const char *id, int64_t at_s,
	const char *body, size_t len, struct err *err)
{
	struct buf text, out;
	const char *s = secrets;
	size_t n;

	buf_init_arena(&text, a, len + 2048);
	buf_printf(&text, "%s.%" PRId64 ".", id, at_s);
	buf_add(&text, body, len);
	buf_init_arena(&out, a, 1024);
	do {
		n = strcspn(s, " ");
		if (sign_one(&out, s, n, text.data, text.len, err) < 0)
			return NULL;
		s += n;
		s += strspn(s, " ");
	} while (*s);
	return buf_text(&out);
}

bool webhook_verify(struct arena *a, const char *secret, const char *id, const char *at,
	const char *signatures, const char *body, size_t len, int64_t now_s)
{
	const char *want, *s = signatures;
	int64_t at_s = 0;
	bool good = false;
	size_t i, n;

	n = strlen(at);
	if (n == 0 || n > 15 || strspn(at, "0123456789") != n || !*id || strchr(id, '.'))
		return false;
	for (i = 0; i < n; i++)
		at_s = at_s * 10 + (at[i] - '0');
	if (at_s < now_s - WEBHOOK_TOLERANCE_S || at_s > now_s + WEBHOOK_TOLERANCE_S)
		return false;
	want = webhook_sign(a, secret, id, at_s, body, len, NULL);
	if (!want)
		return false;
	for (i = 0; *s && i < 16; i++) { /* all are compared, whichever fits */
		n = strcspn(s, " ");
		good |= equal_constant_time(s, n, want, strlen(want));
		s += n;
		s += strspn(s, " ");
	}
	return good;
}
