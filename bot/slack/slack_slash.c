/* slack_slash.c - see slack_slash.h. */
#include "bot/slack/slack_slash.h"

#include <string.h>

#include "tocsin/arena.h"

#define DIGITS_MAX 15 /* longer numbers may not fit; jansson knows */

struct scan {
	struct arena *arena;
	const char *at, *end;
};

struct text {
	const char *from;
	size_t len;   /* as it stands there */
	bool escaped;
};

static const struct {
	const char *name;
	size_t offset;
} members[] = {
#define MEMBER(name, field) {name, offsetof(struct slack_slash, field)}
	MEMBER("api_app_id", app_id), MEMBER("command", command), MEMBER("text", text),
	MEMBER("user_id", user_id), MEMBER("user_name", user_name), MEMBER("channel_id", channel_id),
	MEMBER("channel_name", channel_name), MEMBER("trigger_id", trigger_id),
	MEMBER("response_url", response_url),
#undef MEMBER
};
#define MEMBERS (sizeof(members) / sizeof(members[0]))

static char peek(struct scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t'))
		s->at++;
	return s->at < s->end ? *s->at : '\0';
}

static bool take(struct scan *s, char c)
{
	if (peek(s) != c)
		return false;
	s->at++;
	return true;
}

static bool is_escape(char c)
{
	return c == '/' || c == '"' || c == '\\' || c == 'n' || c == 't';
}

/* A string as it stands there, checked. */
static bool text_scan(struct scan *s, struct text *t)
{
	const char *p;

	if (!take(s, '"'))
		return false;
	t->from = s->at;
	t->escaped = false;
	for (p = s->at; p < s->end && *p != '"'; p++) {
		unsigned char c = (unsigned char)*p;

		if (c < 0x20 || c >= 0x80)
			return false;
		if (c != '\\')
			continue;
		t->escaped = true;
		if (++p == s->end || !is_escape(*p))
			return false;
	}
	if (p == s->end)
		return false;
	t->len = (size_t)(p - t->from);
	s->at = p + 1;
	return true;
}

static const char *text_copy(struct scan *s, const struct text *t)
{
	char *out, *to;
	size_t i;

	if (!t->escaped)
		return arena_strndup(s->arena, t->from, t->len);
	out = to = arena_take(s->arena, t->len + 1);
	for (i = 0; i < t->len; i++) {
		char c = t->from[i];

		if (c == '\\') {
			c = t->from[++i];
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
		}
		*to++ = c;
	}
	*to = '\0';
	return out;
}

static bool text_is(const struct text *t, const char *word)
{
	return strlen(word) == t->len && memcmp(t->from, word, t->len) == 0;
}

static bool word_take(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0)
		return false;
	s->at += n;
	return true;
}

static bool digits_skip(struct scan *s)
{
	const char *from = s->at;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	if (s->at == from || s->at - from > DIGITS_MAX || (*from == '0' && s->at - from > 1))
		return false;
	return s->at < s->end && *s->at != '.' && *s->at != 'e' && *s->at != 'E';
}

/* A member that is of no use to us. */
static bool value_skip(struct scan *s)
{
	struct text t;
	char c = peek(s);

	if (c == '"')
		return text_scan(s, &t);
	return c == 't' ? word_take(s, "true") : c == 'f' ? word_take(s, "false") :
		c == 'n' ? word_take(s, "null") : digits_skip(s);
}

static bool payload_member(struct scan *s, const struct text *key, struct slack_slash *out)
{
	struct text t;
	size_t i;

	for (i = 0; i < MEMBERS; i++) {
		if (!text_is(key, members[i].name))
			continue;
		if (!text_scan(s, &t))
			return false;
		*(const char **)(void *)((char *)out + members[i].offset) = text_copy(s, &t);
		return true;
	}
	return value_skip(s);
}

/* The name of the next member, or the end of the object (*last). */
static bool key_scan(struct scan *s, struct text *key, bool *first, bool *last)
{
	*last = take(s, '}');
	if (*last)
		return true;
	if (!*first && !take(s, ','))
		return false;
	*first = false;
	return text_scan(s, key) && !key->escaped && take(s, ':');
}

static bool payload_scan(struct scan *s, struct slack_slash *out)
{
	bool first = true, last;
	struct text key;
	size_t i;

	for (i = 0; i < MEMBERS; i++)
		*(const char **)(void *)((char *)out + members[i].offset) = "";
	if (!take(s, '{'))
		return false;
	for (;;) {
		if (!key_scan(s, &key, &first, &last))
			return false;
		if (last)
			return true;
		if (!payload_member(s, &key, out))
			return false;
	}
}

static bool frame_member(struct scan *s, const struct text *key, struct slack_slash_frame *out,
	bool *is_slash)
{
	struct text t;

	if (text_is(key, "type")) {
		if (!text_scan(s, &t) || !text_is(&t, "slash_commands"))
			return false;
		*is_slash = true;
		return true;
	}
	if (text_is(key, "envelope_id")) {
		if (!text_scan(s, &t))
			return false;
		out->envelope_id = text_copy(s, &t);
		return true;
	}
	if (text_is(key, "accepts_response_payload")) {
		out->accepts_payload = peek(s) == 't';
		return value_skip(s);
	}
	if (text_is(key, "payload"))
		return payload_scan(s, &out->slash);
	if (text_is(key, "retry_attempt"))
		return false;
	return value_skip(s);
}

bool slack_slash_read(struct arena *a, const char *bytes, size_t len, struct slack_slash_frame *out)
{
	struct scan s = {a, bytes, bytes + len};
	bool first = true, last, is_slash = false;
	struct text key;

	memset(out, 0, sizeof(*out));
	out->envelope_id = "";
	if (!take(&s, '{'))
		return false;
	for (;;) {
		if (!key_scan(&s, &key, &first, &last))
			return false;
		if (last)
			break;
		if (!frame_member(&s, &key, out, &is_slash))
			return false;
	}
	return is_slash && *out->envelope_id && out->slash.command && peek(&s) == '\0' && s.at == s.end;
}
