/*
 * oncall_ask.c - answers questions about rotations, for comparisons with other implementations.
 *
 * Reads a JSON list from standard input: {"zone", "from" (ms or null), "to" (ms or null), "people",
 * "every_s", "weekday" (-1 to 6), "minute", "days" (bits, 0: no hours), "open", "close" (minutes),
 * "at": [ms, ...]}. Prints a list of lists: the person's number or -1, and when the turn ends.
 */
#include <inttypes.h>
#include <stdio.h>

#include <jansson.h>

#include "tocsin/arena.h"
#include "tocsin/plan.h"
#include "tocsin/rota.h"
#include "tocsin/roster.h"
#include "tocsin/zone.h"

#define PEOPLE_MAX 40
#define ZONES_MAX 64

static struct plan_person people[PEOPLE_MAX];
static struct plan_turn turns[PEOPLE_MAX];
static const char *names[PEOPLE_MAX];
static char name_bytes[PEOPLE_MAX][8];

static const struct zone *zone_of(struct arena *a, const char *name)
{
	static const struct zone *zones[ZONES_MAX];
	static size_t n;
	static char bytes[65536];
	char path[256];
	size_t len;
	FILE *f;

	for (size_t i = 0; i < n; i++)
		if (strcmp(zone_name(zones[i]), name) == 0)
			return zones[i];
	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
	f = fopen(path, "rb");
	if (!f || n == ZONES_MAX) {
		fprintf(stderr, "no zone %s\n", path);
		exit(1);
	}
	len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	zones[n] = zone_parse(a, name, bytes, len, NULL);
	return zones[n++];
}

static int64_t number(const json_t *o, const char *key, int64_t otherwise)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

static void ask(struct arena *a, const json_t *o, bool first)
{
	struct plan plan = {.people = people, .n_people = PEOPLE_MAX};
	struct plan_hours hours = {.days = (unsigned)number(o, "days", 0),
		.from_min = (int)number(o, "open", 0), .to_min = (int)number(o, "close", 0)};
	struct plan_layer l = {.role = "primary", .turns = turns, .n_turns = (size_t)number(o, "people", 1),
		.period_s = number(o, "every_s", 0), .from_ms = number(o, "from", INT64_MIN),
		.to_ms = number(o, "to", INT64_MAX)};
	struct plan_schedule s = {.key = "s", .layers = &l, .n_layers = 1};
	const json_t *at = json_object_get(o, "at");

	l.zone = hours.zone = zone_of(a, json_string_value(json_object_get(o, "zone")));
	if (hours.days)
		l.hours = &hours;
	rota_anchor(&l, (int)number(o, "weekday", -1), (int)number(o, "minute", 0));
	printf("%s[", first ? "" : ",\n");
	for (size_t i = 0; i < json_array_size(at); i++) {
		int64_t ms = json_integer_value(json_array_get(at, i));
		struct rota_turn turn;
		struct roster r;

		roster_at(&plan, &s, "primary", ms, &r);
		rota_turn(&l, ms, &turn);
		printf("%s[%d, %" PRId64 "]", i ? ", " : "", r.n ? (int)(r.people[0] - people) : -1,
			turn.to_ms);
	}
	printf("]");
}

int main(void)
{
	struct arena *a = arena_new((size_t)1 << 26);
	json_error_t e;
	json_t *in = json_loadf(stdin, 0, &e);

	if (!in) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	for (int i = 0; i < PEOPLE_MAX; i++) {
		snprintf(name_bytes[i], sizeof(name_bytes[i]), "p%d", i);
		names[i] = people[i].key = people[i].name = name_bytes[i];
		turns[i] = (struct plan_turn){&names[i], 1};
	}
	printf("[");
	for (size_t i = 0; i < json_array_size(in); i++)
		ask(a, json_array_get(in, i), i == 0);
	printf("]\n");
	json_decref(in);
	arena_free(a);
	return 0;
}
