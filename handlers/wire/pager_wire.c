/* pager_wire.c - see pager_wire.h. */
#include "tocsin/pager_wire.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "tocsin/arena.h"
#include "tocsin/err.h"
#include "tocsin/json_in.h"
#include "tocsin/plan.h"
#include "tocsin/zone.h"

#define KEY_MAX 255
#define DIGITS_MAX 9

/* Digits only; -1: none, too many, or something else. */
static long number_of(const char *s, size_t len)
{
	long n = 0;

	if (len < 1 || len > DIGITS_MAX)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		n = n * 10 + (s[i] - '0');
	}
	return n;
}

/* Exactly as we write ids: what is not ours must not be taken for it. */
static bool is_id(const char *id_format, const char *key, size_t len)
{
	const char *n = strstr(id_format, "{n}");
	size_t before = n ? (size_t)(n - id_format) : 0, after = n ? strlen(n + 3) : 0;

	return n && len > before + after && strncmp(key, id_format, before) == 0 &&
		strncmp(key + len - after, n + 3, after) == 0 &&
		number_of(key + before, len - before - after) > 0 && key[before] != '0';
}

/* "INC-42/2": the second alert of INC-42. */
static bool read_key(struct arena *a, const char *id_format, const char *key, struct pager_event *out)
{
	size_t len = strlen(key);
	const char *slash = strrchr(key, '/');
	long alert = slash ? number_of(slash + 1, strlen(slash + 1)) : -1;

	if (len > KEY_MAX)
		return false;
	if (is_id(id_format, key, len)) {
		out->incident = arena_strdup(a, key);
		out->alert = 0;
		return true;
	}
	if (alert < 2 || !is_id(id_format, key, (size_t)(slash - key)))
		return false;
	out->incident = arena_strndup(a, key, (size_t)(slash - key));
	out->alert = (unsigned)alert - 1;
	return true;
}

/* "2026-11-20T14:03:10.117Z", always UTC; 0 for anything else. */
static int64_t read_time(const char *s)
{
	static const char shape[] = "0000-00-00T00:00:00";
	struct local_time t = {0};
	int64_t ms = 0;
	int scale = 100;

	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == '0' ? s[i] < '0' || s[i] > '9' : s[i] != shape[i])
			return 0;
	t.year = (int)number_of(s, 4);
	t.month = (int)number_of(s + 5, 2);
	t.day = (int)number_of(s + 8, 2);
	t.hour = (int)number_of(s + 11, 2);
	t.minute = (int)number_of(s + 14, 2);
	t.second = (int)number_of(s + 17, 2);
	s += 19;
	if (*s == '.')
		for (s++; *s >= '0' && *s <= '9'; s++, scale /= 10)
			ms += (*s - '0') * scale;
	if (strcmp(s, "Z") != 0 || t.year < 1970 || !local_time_valid(&t))
		return 0;
	return zone_to_utc_ms(NULL, &t) + ms;
}

int pager_wire_parse(struct arena *a, const char *id_format, const char *body, size_t len,
	struct pager_event *out, struct err *err)
{
	json_t *root = json_in_load(a, body, len);
	const json_t *event = json_in_get(root, "event"), *agent, *data;
	const char *type;

	memset(out, 0, sizeof(*out));
	out->type = out->event = out->incident = out->agent = "";
	if (!json_is_object(event))
		return err_set(err, ERR_INVALID, "this is no webhook of PagerDuty (version 3): it has no event");
	agent = json_in_get(event, "agent");
	data = json_in_get(event, "data");
	type = json_in_str(event, "event_type");
	out->type = arena_strdup(a, type);
	out->event = arena_strdup(a, json_in_str(event, "id"));
	out->at_ms = read_time(json_in_str(event, "occurred_at"));
	if (!read_key(a, id_format, json_in_str(data, "incident_key"), out))
		return 0;
	if (strcmp(json_in_str(agent, "type"), "user_reference") != 0)
		return 0;
	out->agent = arena_strdup(a, json_in_str(agent, "summary"));
	if (strcmp(type, "incident.acknowledged") == 0)
		out->kind = PAGER_ACKNOWLEDGED;
	else if (strcmp(type, "incident.resolved") == 0)
		out->kind = PAGER_RESOLVED;
	return 0;
}

const struct plan_person *pager_person(const struct plan *plan, const char *agent)
{
	const struct plan_person *found = NULL;

	for (size_t i = 0; *agent && i < plan->n_people; i++) {
		const struct plan_person *p = &plan->people[i];

		if ((!p->name || strcasecmp(p->name, agent) != 0) && (!p->mail || strcasecmp(p->mail, agent) != 0))
			continue;
		if (found)
			return NULL;
		found = p;
	}
	return found;
}
