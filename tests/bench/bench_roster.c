/*
 * bench_roster.c - how long "who is on call" takes: one schedule, years from its begin; 10,000
 * schedules; a year of a layered rota of twelve people.
 *
 * Usage: bench_roster   (prints one line of JSON)
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tocsin/arena.h"
#include "tocsin/plan.h"
#include "tocsin/roster.h"
#include "tocsin/rota.h"
#include "tocsin/zone.h"

#define PEOPLE 200
#define MANY 10000
#define YEAR_MS (INT64_C(365) * 24 * 3600 * 1000)
#define T0 INT64_C(1769616000000)

static struct plan_person people[PEOPLE];
static char names[PEOPLE][8];
static const char *keys[PEOPLE];
static struct plan_turn turns[PEOPLE];

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static const struct zone *new_york(struct arena *a)
{
	static char bytes[65536];
	FILE *f = fopen("/usr/share/zoneinfo/America/New_York", "rb");
	size_t len = f ? fread(bytes, 1, sizeof(bytes), f) : 0;

	if (f)
		fclose(f);
	return zone_parse(a, "America/New_York", bytes, len, NULL);
}

static struct plan_layer layer(const struct zone *z, const char *role, size_t first, size_t n,
	int64_t period_s, const struct plan_hours *hours)
{
	struct plan_layer l = {.role = role, .turns = &turns[first], .n_turns = n, .period_s = period_s,
		.from_ms = T0, .to_ms = INT64_MAX, .zone = z, .hours = hours};

	rota_anchor(&l, period_s % 604800 ? -1 : 1, 540);
	return l;
}

/* Answers per second, `years` after the begin. */
static double lookups(const struct plan *plan, const struct plan_schedule *s, int years)
{
	double start = now_s();
	size_t found = 0;
	struct roster r;
	int n = 200000;

	for (int i = 0; i < n; i++) {
		roster_at(plan, s, NULL, T0 + years * YEAR_MS + i * INT64_C(977000), &r);
		found += r.n;
	}
	if (found == 0)
		abort();
	return n / (now_s() - start);
}

int main(void)
{
	struct arena *a = arena_new((size_t)1 << 26);
	const struct zone *z = new_york(a);
	struct plan_hours night = {"night", 0x7f, 22 * 60, 6 * 60, z};
	struct plan_layer layers[3];
	static struct plan_schedule many[MANY];
	struct plan plan = {.people = people, .n_people = PEOPLE};
	struct plan_schedule s = {.key = "s", .layers = layers, .n_layers = 3};
	double near, far, start, all, year;
	size_t steps = 0, found = 0;
	struct roster r;

	for (int i = 0; i < PEOPLE; i++) {
		snprintf(names[i], sizeof(names[i]), "p%d", i);
		keys[i] = people[i].key = people[i].name = names[i];
		turns[i] = (struct plan_turn){&keys[i], 1};
	}
	layers[0] = layer(z, "primary", 0, 12, 604800, NULL);
	layers[1] = layer(z, "primary", 3, 9, 86400, &night);
	layers[2] = layer(z, "backup", 6, 6, 43200, NULL);
	near = lookups(&plan, &s, 0);
	far = lookups(&plan, &s, 40);
	for (int i = 0; i < MANY; i++)
		many[i] = s;
	start = now_s();
	for (int i = 0; i < MANY; i++) {
		roster_at(&plan, &many[i], NULL, T0 + YEAR_MS, &r);
		found += r.n;
	}
	all = now_s() - start;
	start = now_s();
	for (int64_t at = T0; at < T0 + YEAR_MS; at = r.until_ms, steps++)
		roster_at(&plan, &s, NULL, at, &r);
	year = now_s() - start;
	printf("{\"lookups_per_s\": %.0f, \"lookups_per_s_after_40_years\": %.0f, \"schedules_10000_ms\": %.2f, "
		"\"year_ms\": %.2f, \"year_changes\": %zu, \"people\": %zu}\n", near, far, all * 1e3, year * 1e3, steps,
		found);
	arena_free(a);
	return 0;
}
