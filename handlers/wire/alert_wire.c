/* alert_wire.c - see alert_wire.h. */
#include "tocsin/alert_wire.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/json_in.h"
#include "tocsin/request.h"
#include "tocsin/utf8.h"

struct reader {
	struct arena *arena;
	const char *source;
	struct alert_batch *out;
	struct err *err;
};

/* --- text ---------------------------------------------------------------------------------- */

/* Characters that steer instead of say something: controls, direction marks, line separators. */
static bool is_steering(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ||
		(c >= 0x200e && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
		(c >= 0x2066 && c <= 0x2069) || c == 0xfeff || c == 0x061c;
}

/* One line, at most `chars` characters; a cut ends with an ellipsis. */
static const char *clean(struct arena *a, const char *s, size_t chars)
{
	size_t len = strlen(s), n = 0, count = 0;
	struct buf b;

	buf_init_arena(&b, a, 3 * len + 8);
	for (size_t i = 0; i < len; i += n) {
		uint32_t c = utf8_decode(s + i, len - i, &n);

		/* Any white space is one blank. */
		if (c == '\n' || c == '\t' || c == '\r' || c == 0x2028 || c == 0x2029 || c == ' ') {
			if (b.len > 0 && b.data[b.len - 1] != ' ') {
				buf_char(&b, ' ');
				count++;
			}
			continue;
		}
		if (is_steering(c))
			continue;
		if (++count > chars) {
			buf_str(&b, "…");
			break;
		}
		if (c == 0xfffd && n == 1)
			buf_str(&b, "\xef\xbf\xbd");
		else
			buf_add(&b, s + i, n);
	}
	while (b.len > 0 && b.data[b.len - 1] == ' ')
		buf_truncate(&b, b.len - 1);
	return buf_text(&b);
}

static uint64_t hash(uint64_t h, const char *s)
{
	/* FNV-1a, with the end marked so that "a","bc" and "ab","c" differ. */
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	return (h ^ 0xff) * UINT64_C(0x100000001b3);
}

#define HASH_START UINT64_C(0xcbf29ce484222325)

/* Part of a name in the store: short, one line, and never the same for two different keys. */
static const char *key_text(struct arena *a, const char *s)
{
	const char *cleaned = clean(a, s, ALERT_KEY_MAX);

	if (strlen(s) <= ALERT_KEY_MAX && strcmp(cleaned, s) == 0)
		return cleaned;
	return arena_printf(a, "%.*s~%016" PRIx64, (int)utf16_prefix(cleaned, strlen(cleaned), 40), cleaned,
		hash(HASH_START, s));
}

static const char *link_text(struct arena *a, const char *s)
{
	size_t len = strlen(s);

	if (len > ALERT_LINK_MAX || (strncasecmp(s, "https://", 8) != 0 && strncasecmp(s, "http://", 7) != 0))
		return "";
	for (size_t i = 0, n; i < len; i += n) {
		uint32_t c = utf8_decode(s + i, len - i, &n);

		if (is_steering(c) || c == ' ' || c == '<' || c == '>' || c == '|' || c == '"' || c == 0xfffd)
			return "";
	}
	return arena_strdup(a, s);
}

/* A text or a whole number under one of several names; "" when there is none. */
static const char *pick(struct arena *a, const json_t *o, const char *const *keys)
{
	for (; *keys; keys++) {
		const json_t *v = json_in_get(o, *keys);

		if (json_is_string(v) && *json_string_value(v))
			return json_string_value(v);
		if (json_is_integer(v))
			return arena_printf(a, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	}
	return "";
}

#define PICK(a, o, ...) pick((a), (o), (const char *const[]){__VA_ARGS__, NULL})

/* --- states -------------------------------------------------------------------------------- */

/* 1: firing, 0: resolved, -1: another word. */
static int state_of(const char *word)
{
	static const char *const on[] = {"firing", "alerting", "triggered", "open", "active", NULL};
	static const char *const off[] = {"resolved", "ok", "closed", "recovered", NULL};

	for (size_t i = 0; on[i]; i++)
		if (strcasecmp(on[i], word) == 0)
			return 1;
	for (size_t i = 0; off[i]; i++)
		if (strcasecmp(off[i], word) == 0)
			return 0;
	return -1;
}

static int set_state(struct reader *r, struct alert *al, const char *word, const char *where)
{
	int state = *word ? state_of(word) : 1;

	if (state < 0)
		return err_set(r->err, ERR_INVALID, "%sstatus is \"%.40s\"; write \"firing\" or \"resolved\"",
			where, clean(r->arena, word, 40));
	al->firing = state == 1;
	return 0;
}

/* --- one alert ----------------------------------------------------------------------------- */

static void keep(struct reader *r, const struct alert *al)
{
	for (size_t i = 0; i < r->out->n; i++) {
		const struct alert *known = &r->out->items[i];

		if (known->firing == al->firing && strcmp(known->key, al->key) == 0 &&
			strcmp(known->episode, al->episode) == 0)
			return;
	}
	r->out->items[r->out->n++] = *al;
}

static void set_texts(struct reader *r, struct alert *al, const char *title, const char *severity,
	const char *service, const char *description, const char *link, const char *episode)
{
	struct arena *a = r->arena;

	al->source = r->source;
	al->title = clean(a, *title ? title : al->key, ALERT_TITLE_MAX);
	al->severity = clean(a, severity, ALERT_TITLE_MAX);
	al->service = clean(a, service, ALERT_TITLE_MAX);
	al->description = clean(a, description, ALERT_TEXT_MAX);
	al->link = link_text(a, link);
	al->episode = key_text(a, episode);
}

/* Senders before 0.21 give no fingerprint: the labels are what it is made of. */
static const char *labels_key(struct reader *r, const json_t *labels)
{
	uint64_t sum = 0;
	const char *name;
	json_t *value;

	/* A sum, because the order of members says nothing. */
	json_object_foreach((json_t *)(uintptr_t)labels, name, value)
		if (json_is_string(value))
			sum += hash(hash(HASH_START, name), json_string_value(value));
	return arena_printf(r->arena, "labels~%016" PRIx64, sum);
}

static int read_alertmanager_one(struct reader *r, const json_t *group, const json_t *o, size_t at)
{
	struct arena *a = r->arena;
	const json_t *labels = json_in_get(o, "labels"), *notes = json_in_get(o, "annotations");
	const json_t *common = json_in_get(group, "commonAnnotations");
	const char *where = arena_printf(a, "alerts[%zu].", at);
	const char *title, *status;
	struct alert al = {0};

	if (!json_is_object(o))
		return err_set(r->err, ERR_INVALID, "alerts[%zu] is not an object", at);
	if (*json_in_str(o, "fingerprint"))
		al.key = key_text(a, json_in_str(o, "fingerprint"));
	else if (json_object_size(labels) > 0)
		al.key = labels_key(r, labels);
	else
		return err_set(r->err, ERR_INVALID, "%sfingerprint and %slabels are missing; one of them says which alert it is",
			where, where);
	status = json_in_str(o, "status");
	if (set_state(r, &al, *status ? status : json_in_str(group, "status"), where) < 0)
		return -1;
	title = PICK(a, notes, "summary", "title");
	if (!*title)
		title = PICK(a, common, "summary", "title");
	if (!*title)
		title = PICK(a, labels, "alertname");
	set_texts(r, &al, title, PICK(a, labels, "severity", "priority"), PICK(a, labels, "service", "job"),
		PICK(a, notes, "description", "message"), PICK(a, o, "generatorURL", "dashboardURL", "panelURL"),
		json_in_str(o, "startsAt"));
	al.group = *json_in_str(group, "groupKey") ? key_text(a, json_in_str(group, "groupKey")) : "";
	keep(r, &al);
	return 0;
}

static int read_generic_one(struct reader *r, const json_t *o, const char *where)
{
	struct arena *a = r->arena;
	const json_t *labels = json_in_get(o, "labels");
	const char *key, *group, *severity, *service;
	struct alert al = {0};

	if (!json_is_object(o))
		return err_set(r->err, ERR_INVALID, "%sis not an object; write {\"id\": \"disk-db1\", \"status\": \"firing\", "
			"\"title\": \"...\"}", *where ? where : "the body ");
	key = PICK(a, o, "dedupKey", "id");
	if (!*key)
		return err_set(r->err, ERR_INVALID, "%sdedupKey (or id) is missing; it says which alert it is, and is "
			"the same when it is resolved", where);
	al.key = key_text(a, key);
	if (set_state(r, &al, PICK(a, o, "status", "state"), where) < 0)
		return -1;
	severity = PICK(a, o, "severity");
	service = PICK(a, o, "service", "team");
	set_texts(r, &al, PICK(a, o, "title", "summary"), *severity ? severity : PICK(a, labels, "severity"),
		*service ? service : PICK(a, labels, "service"), PICK(a, o, "description", "message"),
		PICK(a, o, "link", "url"), PICK(a, o, "startsAt"));
	group = PICK(a, o, "group", "groupKey");
	al.group = *group ? key_text(a, group) : "";
	keep(r, &al);
	return 0;
}

/* --- bodies -------------------------------------------------------------------------------- */

static unsigned left_out(const json_t *list, const json_t *counted)
{
	size_t n = json_array_size(list);
	json_int_t more = json_is_integer(counted) ? json_integer_value(counted) : 0;

	more = more < 0 ? 0 : more > 1000000 ? 1000000 : more;
	return (unsigned)more + (n > ALERT_COUNT_MAX ? (unsigned)(n - ALERT_COUNT_MAX) : 0);
}

static int read_alertmanager(struct reader *r, const json_t *root)
{
	const json_t *list = json_in_get(root, "alerts"), *o;
	size_t i;

	if (!json_is_object(root) || !json_is_array(list))
		return err_set(r->err, ERR_INVALID, "there is no list \"alerts\"; is this the webhook of an Alertmanager?");
	r->out->left_out = left_out(list, json_in_get(root, "truncatedAlerts"));
	json_array_foreach(list, i, o) {
		if (i == ALERT_COUNT_MAX)
			break;
		if (read_alertmanager_one(r, root, o, i) < 0)
			return -1;
	}
	return 0;
}

static int read_generic(struct reader *r, const json_t *root)
{
	const json_t *list = json_is_array(root) ? root : json_in_get(root, "alerts"), *o;
	size_t i;

	if (!json_is_array(list))
		return read_generic_one(r, root, "");
	r->out->left_out = left_out(list, NULL);
	json_array_foreach(list, i, o) {
		if (i == ALERT_COUNT_MAX)
			break;
		if (read_generic_one(r, o, arena_printf(r->arena, "[%zu].", i)) < 0)
			return -1;
	}
	return 0;
}

static void tree_free(void *tree)
{
	json_decref(tree);
}

int alert_wire_parse(struct arena *a, const char *kind, const char *source, const char *body,
	size_t len, struct alert_batch *out, struct err *e)
{
	struct reader r = {a, source, out, e};
	json_error_t bad;
	json_t *root;
	int rc;

	memset(out, 0, sizeof(*out));
	if (len > ALERT_BODY_MAX)
		return err_set(e, ERR_LIMIT, "the body has %zu bytes; at most %zu are read", len, ALERT_BODY_MAX);
	if (json_in_too_deep(body, len, ALERT_DEPTH_MAX))
		return err_set(e, ERR_LIMIT, "the body nests deeper than %d levels", ALERT_DEPTH_MAX);
	root = json_loadb(body, len, JSON_REJECT_DUPLICATES, &bad);
	if (!root)
		return err_set(e, ERR_INVALID, "not JSON, line %d column %d: %s", bad.line, bad.column,
			clean(a, bad.text, 120));
	arena_defer(a, tree_free, root);
	out->items = ARENA_ARRAY(a, struct alert, ALERT_COUNT_MAX);
	if (strcmp(kind, "alertmanager") == 0)
		rc = read_alertmanager(&r, root);
	else
		rc = read_generic(&r, root);
	for (size_t i = 0; i < out->n; i++)
		out->items[i].truncated = out->left_out;
	return rc;
}

const char *alert_wire_id(struct arena *a, const struct alert *alert)
{
	return arena_printf(a, "alert:%s:%s:%s:%s", alert->source, alert->key, alert->episode,
		alert->firing ? "firing" : "resolved");
}
