/* test_rota.c - turns by the wall clock, layers, restricted hours, and what people change. Random
 * cases are compared with another implementation in tests/js/rota.test.mjs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/plan.h"
#include "tocsin/rota.h"
#include "tocsin/roster.h"
#include "tocsin/zone.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)
#define N(list) (sizeof(list) / sizeof((list)[0]))

static struct arena *arena;

static const struct zone *zone(const char *name)
{
	static unsigned char bytes[65536];
	char path[256];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
	f = fopen(path, "rb");
	assert_non_null(f);
	len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	return zone_parse(arena, name, bytes, len, NULL);
}

/* "2026-03-08 09:00" in UTC. */
static int64_t utc(const char *text)
{
	struct local_time t = {0};

	assert_int_equal(sscanf(text, "%d-%d-%d %d:%d", &t.year, &t.month, &t.day, &t.hour, &t.minute), 5);
	return zone_to_utc_ms(NULL, &t);
}

static const struct plan_person people[] = {
	{.key = "ada", .name = "Ada"}, {.key = "ben", .name = "Ben"}, {.key = "chloe", .name = "Chloe"},
	{.key = "dev", .name = "Dev"},
};
static const struct plan plan = {.people = people, .n_people = N(people)};
static const char *const ada[] = {"ada"}, *const ben[] = {"ben"}, *const chloe[] = {"chloe"},
	*const pair[] = {"ada", "ben"};
static const struct plan_turn three[] = {{ada, 1}, {ben, 1}, {chloe, 1}};
static const struct plan_turn two[] = {{pair, 2}, {chloe, 1}};

static struct plan_layer layer(const char *zone_named, int64_t period_s, const char *from,
	int weekday, int handoff_min)
{
	struct plan_layer l = {.role = "primary", .turns = three, .n_turns = 3, .period_s = period_s,
		.from_ms = from ? utc(from) : INT64_MIN, .to_ms = INT64_MAX,
		.zone = zone_named ? zone(zone_named) : NULL};

	rota_anchor(&l, weekday, handoff_min);
	return l;
}

static const char *who(const struct plan_schedule *s, const struct roster_changes *c, int64_t at)
{
	static char out[256];
	struct roster r;

	roster_with(&plan, s, c, NULL, at, &r);
	out[0] = '\0';
	for (size_t i = 0; i < r.n; i++)
		snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s%s", i ? " " : "", r.people[i]->key);
	return out;
}

/* Hand-offs stay where they are on the wall clock; the turn is an hour shorter or longer. */
static void test_clock_changes(void **state)
{
	static const struct {
		const char *zone, *at, *begin, *end; /* UTC */
		int handoff_min;
	} cases[] = {
		{"America/New_York", "2026-03-08 03:00", "2026-03-07 14:00", "2026-03-08 13:00", 540},
		{"America/New_York", "2026-11-01 03:00", "2026-10-31 13:00", "2026-11-01 14:00", 540},
		{"Europe/Berlin", "2026-03-29 00:59", "2026-03-28 08:00", "2026-03-29 07:00", 540},
		{"Europe/Berlin", "2026-10-25 00:59", "2026-10-24 07:00", "2026-10-25 08:00", 540},
		/* half an hour */
		{"Australia/Lord_Howe", "2026-04-04 12:00", "2026-04-03 22:00", "2026-04-04 22:30", 540},
		{"Australia/Lord_Howe", "2026-10-03 12:00", "2026-10-02 22:30", "2026-10-03 22:00", 540},
		/* 02:30 does not exist: shown as 03:30 that day */
		{"America/New_York", "2026-03-08 08:00", "2026-03-08 07:30", "2026-03-09 06:30", 150},
		/* 01:30 comes twice: the first */
		{"America/New_York", "2026-11-01 06:45", "2026-11-01 05:30", "2026-11-02 06:30", 90},
		{"Asia/Kolkata", "2026-03-08 03:00", "2026-03-07 03:30", "2026-03-08 03:30", 540},
		{"UTC", "2026-03-08 03:00", "2026-03-07 09:00", "2026-03-08 09:00", 540},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct plan_layer l = layer(cases[i].zone, 86400, NULL, -1, cases[i].handoff_min);
		struct rota_turn t;

		rota_turn(&l, utc(cases[i].at), &t);
		assert_int_equal(t.from_ms, utc(cases[i].begin));
		assert_int_equal(t.to_ms, utc(cases[i].end));
	}
}

/* Every turn ends where the next begins, through every change of the clock, an hour's turns too. */
static void test_no_hole_and_no_overlap(void **state)
{
	static const char *const zones[] = {"America/New_York", "Europe/Berlin", "Australia/Lord_Howe",
		"Pacific/Apia", "Antarctica/Troll", NULL};
	static const int64_t periods[] = {3600, 2 * 3600, 7 * 3600, 86400, 7 * 86400};

	(void)state;
	for (size_t z = 0; z < N(zones); z++) {
		for (size_t p = 0; p < N(periods); p++) {
			struct plan_layer l = layer(zones[z], periods[p], NULL, periods[p] % 604800 ? -1 : 1, 135);
			int64_t at = utc("2011-06-01 00:00"), end = utc("2012-12-31 00:00");
			struct rota_turn t, next;

			rota_turn(&l, at, &t);
			while (t.to_ms < end) {
				rota_turn(&l, t.to_ms, &next);
				assert_true(next.number > t.number);
				assert_int_equal(next.from_ms, t.to_ms);
				rota_turn(&l, t.to_ms - 1, &next);
				assert_int_equal(next.number, t.number);
				rota_turn(&l, t.to_ms, &t);
			}
		}
	}
}

/* The first person has the first turn, from the begin on, however short it is. */
static void test_begin(void **state)
{
	struct plan_layer l = layer("America/New_York", 604800, "2026-01-29 05:00", 1, 540);
	struct plan_layer half = layer(NULL, 43200, "2026-01-29 20:30", -1, 480);
	struct plan_schedule s = {.key = "s", .layers = &l, .n_layers = 1};
	struct roster r;

	(void)state;
	l.to_ms = utc("2026-03-01 00:00");
	assert_string_equal(who(&s, NULL, utc("2026-01-29 04:59")), "");
	assert_string_equal(who(&s, NULL, utc("2026-01-29 05:00")), "ada");
	assert_string_equal(who(&s, NULL, utc("2026-02-02 13:59")), "ada");
	assert_string_equal(who(&s, NULL, utc("2026-02-02 14:00")), "ben");
	assert_string_equal(who(&s, NULL, utc("2026-02-09 14:00")), "chloe");
	assert_string_equal(who(&s, NULL, utc("2026-03-01 00:00")), "");
	roster_at(&plan, &s, NULL, utc("2026-01-01 00:00"), &r);
	assert_int_equal(r.until_ms, l.from_ms);
	roster_at(&plan, &s, NULL, utc("2026-02-25 00:00"), &r);
	assert_int_equal(r.until_ms, l.to_ms);
	roster_at(&plan, &s, NULL, utc("2026-03-25 00:00"), &r);
	assert_int_equal(r.until_ms, 0);
	s.layers = &half;
	assert_string_equal(who(&s, NULL, utc("2026-01-29 20:30")), "ada");
	assert_string_equal(who(&s, NULL, utc("2026-01-30 08:00")), "ben");
}

/* A thousand years off, and long before its begin: the same few steps. */
static void test_far_away(void **state)
{
	struct plan_layer l = layer("Europe/Berlin", 86400, NULL, -1, 540);
	struct rota_turn t;

	(void)state;
	rota_turn(&l, utc("3026-07-01 12:00"), &t);
	assert_int_equal(t.from_ms, utc("3026-07-01 07:00"));
	assert_int_equal(rota_index(&l, t.number), (unsigned)(t.number % 3));
	rota_turn(&l, utc("1926-01-15 12:00"), &t);
	assert_int_equal(t.from_ms, utc("1926-01-15 08:00"));
	assert_true(t.number < 0);
	assert_true(rota_index(&l, t.number) < 3);
}

static void test_layers(void **state)
{
	static const struct plan_hours night = {.key = "night", .days = 0x7f, .from_min = 22 * 60,
		.to_min = 6 * 60};
	struct plan_layer l[3] = {layer(NULL, 604800, "2026-01-05 00:00", 1, 0),
		layer(NULL, 86400, "2026-01-05 00:00", -1, 0), layer(NULL, 86400, "2026-01-05 00:00", -1, 0)};
	static const struct plan_shift shifts[] = {{"dev", "primary", 1767700800000, 1767704400000}};
	struct plan_schedule s = {.key = "s", .layers = l, .n_layers = 3};
	struct roster r;

	(void)state;
	l[1].turns = two;
	l[1].n_turns = 2;
	l[1].hours = &night;
	l[2].role = "backup";
	/* Monday: ada by the week; the pair at night; ada is primary, so she is not her own backup */
	assert_string_equal(who(&s, NULL, utc("2026-01-05 12:00")), "ada");
	assert_string_equal(who(&s, NULL, utc("2026-01-05 23:00")), "ada ben");
	assert_string_equal(who(&s, NULL, utc("2026-01-06 05:59")), "chloe ben");
	assert_string_equal(who(&s, NULL, utc("2026-01-06 06:00")), "ada ben");
	roster_at(&plan, &s, "primary", utc("2026-01-05 23:00"), &r);
	assert_int_equal(r.n, 2);
	assert_int_equal(r.until_ms, utc("2026-01-06 00:00"));
	assert_int_equal(roster_until(&plan, &s, NULL, "primary", &r, utc("2027-01-01 00:00")),
		utc("2026-01-06 00:00"));
	/* a fixed shift covers them */
	s.shifts = shifts;
	s.n_shifts = 1;
	assert_string_equal(who(&s, NULL, 1767700800000), "dev ben");
	assert_string_equal(who(&s, NULL, 1767704400000), "ada ben");
}

static void test_changes(void **state)
{
	struct plan_layer l[2] = {layer(NULL, 604800, "2026-01-05 00:00", 1, 0),
		layer(NULL, 86400, "2026-01-05 00:00", -1, 0)};
	struct plan_schedule s = {.key = "s", .layers = l, .n_layers = 1};
	int64_t t = utc("2026-01-06 00:00");
	struct roster_change items[] = {
		{1, CHANGE_OVERRIDE, "primary", "dev", "", t, t + 4 * HOUR, "", "", 0},
		{2, CHANGE_OVERRIDE, "primary", "ben", "", t + HOUR, t + 2 * HOUR, "", "", 0},
		{3, CHANGE_COVER, "", "chloe", "ada", t + 4 * HOUR, t + 6 * HOUR, "", "", 0},
		{4, CHANGE_COVER, "", "dev", "chloe", t + 5 * HOUR, t + 6 * HOUR, "", "", 0},
		{5, CHANGE_AWAY, "", "ada", "", t + 6 * HOUR, t + 8 * HOUR, "", "", 0},
		{6, CHANGE_COVER, "", "ben", "ada", t + 7 * HOUR, t + 8 * HOUR, "", "", 0},
		{7, CHANGE_AWAY, "", "dev", "", t + 3 * HOUR, t + 4 * HOUR, "", "", 0},
	};
	struct roster_changes c = {items, N(items)};
	static const char *const expected[] = {"dev", "ben", "dev", "ada", "chloe", "dev", "", "ben", "ada"};
	struct roster r;

	(void)state;
	assert_string_equal(who(&s, &c, t - 1), "ada");
	for (size_t i = 0; i < N(expected); i++)
		assert_string_equal(who(&s, &c, t + (int64_t)i * HOUR + HOUR / 2), expected[i]);
	roster_with(&plan, &s, &c, NULL, t, &r);
	assert_int_equal(r.until_ms, t + HOUR);
	assert_int_equal(r.by[0]->n, 1);
	/* who is away lets the layer below show */
	l[1].turns = &three[1];
	l[1].n_turns = 1;
	s.n_layers = 2;
	assert_string_equal(who(&s, NULL, t), "ben");
	items[0] = (struct roster_change){1, CHANGE_AWAY, "", "ben", "", t, t + HOUR, "", "", 0};
	c.n = 1;
	assert_string_equal(who(&s, &c, t), "ada");
	/* a ring of covers ends */
	items[0] = (struct roster_change){1, CHANGE_COVER, "", "ada", "ben", t, t + HOUR, "", "", 0};
	items[1] = (struct roster_change){2, CHANGE_COVER, "", "ben", "ada", t, t + HOUR, "", "", 0};
	c.n = 2;
	assert_string_equal(who(&s, &c, t), "ben");
}

static void test_hours(void **state)
{
	struct plan_hours h = {.key = "h", .days = 1u << 6, .from_min = 22 * 60, .to_min = 6 * 60,
		.zone = zone("Europe/Berlin")};
	int64_t change;

	(void)state;
	/* the Saturday night in which clocks go forward: 22:00 to 06:00 are seven hours */
	assert_false(hours_open(&h, utc("2026-03-28 20:59"), &change));
	assert_int_equal(change, utc("2026-03-28 21:00"));
	assert_true(hours_open(&h, utc("2026-03-28 21:00"), &change));
	assert_int_equal(change, utc("2026-03-29 04:00"));
	assert_false(hours_open(&h, utc("2026-03-29 04:00"), &change));
	assert_int_equal(change, utc("2026-04-04 20:00"));
	/* windows that touch are one */
	h.days = 0x7f;
	h.from_min = h.to_min = 0;
	assert_true(hours_open(&h, utc("2026-03-28 20:59"), &change));
	assert_true(change > utc("2026-03-28 20:59") + 7 * DAY);
}

static int set_up(void **state)
{
	(void)state;
	arena = arena_new(1 << 24);
	return arena ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock_changes), cmocka_unit_test(test_no_hole_and_no_overlap),
		cmocka_unit_test(test_begin), cmocka_unit_test(test_far_away),
		cmocka_unit_test(test_layers), cmocka_unit_test(test_changes), cmocka_unit_test(test_hours),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
