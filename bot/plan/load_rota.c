/* load_rota.c - rotations, their layers, and the hours in which they count. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bot/plan/walk.h"
#include "tocsin/arena.h"
#include "tocsin/rota.h"
#include "tocsin/zone.h"

#define LAYERS_MAX 50  /* of one schedule, the rotation included */
#define TURNS_MAX 200  /* people of one rotation */
#define TURN_PEOPLE 8  /* at once */
#define HOUR_MS INT64_C(3600000)
#define WEEK_S (7 * 24 * 3600)
#define ALL_DAYS 0x7fu

/* --- days and times of the day --- */

static int weekday_of(const char *text, size_t len)
{
	static const char *const names[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday",
		"Friday", "Saturday"};

	for (int i = 0; i < 7; i++)
		if (len >= 3 && len <= strlen(names[i]) && strncasecmp(names[i], text, len) == 0)
			return i;
	return -1;
}

/* "09:00", to "24:00"; -1: it is none. */
static int minute_of(const char *text)
{
	int hour, minute;

	if (strlen(text) != 5 || text[2] != ':' || strspn(text, "0123456789:") != 5 || text[0] == ':' ||
		text[1] == ':' || text[3] == ':' || text[4] == ':')
		return -1;
	hour = (text[0] - '0') * 10 + text[1] - '0';
	minute = (text[3] - '0') * 10 + text[4] - '0';
	return minute < 60 && hour * 60 + minute <= 24 * 60 ? hour * 60 + minute : -1;
}

static int load_minute(struct walk *w, const struct node *n, int otherwise)
{
	const char *text = walk_text(w, n, WALK_NAME_MAX);
	int minute;

	if (!text)
		return otherwise;
	minute = minute_of(text);
	if (minute >= 0)
		return minute;
	walk_error(w, n, say(w, "\"%s\" is not a time of the day", value_quote(text).text),
		"write it as \"09:00\", in quotes");
	return otherwise;
}

/* "Mon", "Mon-Fri", "Sat-Mon". */
static unsigned days_of(const char *text)
{
	const char *dash = strchr(text, '-');
	int first = weekday_of(text, dash ? (size_t)(dash - text) : strlen(text));
	int last = dash ? weekday_of(dash + 1, strlen(dash + 1)) : first;
	unsigned days = 0;

	if (first < 0 || last < 0)
		return 0;
	for (int d = first;; d = (d + 1) % 7) {
		days |= 1u << d;
		if (d == last)
			return days;
	}
}

static unsigned load_days(struct walk *w, const struct node *n)
{
	struct walk_list list;
	unsigned days = 0;

	if (node_blank(n) || !walk_list(w, n, true, 7, &list))
		return ALL_DAYS;
	for (size_t i = 0; i < list.n; i++) {
		const char *text = walk_text(w, list.items[i], WALK_NAME_MAX);
		unsigned more = text ? days_of(text) : 0;

		if (text && !more)
			walk_error(w, list.items[i],
				say(w, "\"%s\" are no days of the week", value_quote(text).text),
				"write Mon, Mon-Fri, or a list of these");
		days |= more;
	}
	return days ? days : ALL_DAYS;
}

void load_hours(struct walk *w)
{
	const struct node *n = node_get(w->root, "hours");
	struct plan_hours *out;

	if (!walk_section(w, n, "hours"))
		return;
	out = ARENA_ARRAY(w->arena, struct plan_hours, n->n);
	for (size_t i = 0; i < n->n; i++) {
		const struct node *v = node_value(n, i);
		struct plan_hours *h = &out[i];

		h->key = node_key(n, i)->text;
		h->days = ALL_DAYS;
		h->zone = w->zone;
		if (!walk_map(w, v, &keys_hours))
			continue;
		h->days = load_days(w, node_get(v, "days"));
		h->from_min = load_minute(w, node_get(v, "from"), 0) % (24 * 60);
		h->to_min = load_minute(w, node_get(v, "to"), 0) % (24 * 60);
		if (!node_blank(node_get(v, "timezone")))
			h->zone = walk_zone(w, node_get(v, "timezone"), NULL);
	}
	w->plan->hours = out;
	w->plan->n_hours = n->n;
}

/* Those that close some time; NULL: always open, or not told. */
static const struct plan_hours *find_hours(struct walk *w, const struct node *n)
{
	const char *key = walk_text(w, n, WALK_NAME_MAX);
	const struct plan_hours *h;

	if (!key)
		return NULL;
	h = plan_hours(w->plan, key);
	if (!h)
		walk_error(w, n, say(w, "there are no hours called \"%s\"", value_quote(key).text),
			"add them to hours, or look at how they are spelt there");
	return h && h->days == ALL_DAYS && h->from_min == h->to_min ? NULL : h;
}

/* A day alone as the end of a period is its whole day. */
static bool is_day(const char *text)
{
	return text && strlen(text) == 10;
}

static void load_period_of_hours(struct walk *w, const struct node *n, struct plan_period *out)
{
	const struct zone *zone = w->zone;
	const struct node *to = node_get(n, "to");

	out->from_ms = INT64_MIN;
	out->to_ms = INT64_MAX;
	if (!walk_map(w, n, &keys_period))
		return;
	if (!node_blank(node_get(n, "timezone")))
		zone = walk_zone(w, node_get(n, "timezone"), NULL);
	walk_time(w, node_get(n, "from"), zone, &out->from_ms);
	if (walk_time(w, to, zone, &out->to_ms) && is_day(walk_text(w, to, WALK_NAME_MAX)))
		out->to_ms = zone_clock_to_utc_ms(zone, zone_clock_s(zone, out->to_ms) + 24 * 3600);
	if (out->to_ms <= out->from_ms)
		walk_error(w, to, "the period ends before it begins", "`to` must not be before `from`");
	walk_need_text(w, n, "hours", WALK_NAME_MAX);
	out->hours = find_hours(w, node_get(n, "hours"));
}

void load_periods(struct walk *w, const struct node *n)
{
	struct plan_period *out;
	struct walk_list list;

	if (!walk_list(w, n, true, WALK_LIST_MAX, &list))
		return;
	out = ARENA_ARRAY(w->arena, struct plan_period, list.n);
	for (size_t i = 0; i < list.n; i++)
		load_period_of_hours(w, list.items[i], &out[i]);
	w->plan->periods = out;
	w->plan->n_periods = list.n;
}

/* --- rotations --- */

static void load_turns(struct walk *w, const struct node *n, struct plan_layer *l)
{
	struct plan_turn *turns;
	struct walk_list list;

	if (!walk_list(w, n, true, TURNS_MAX, &list))
		return;
	turns = ARENA_ARRAY(w->arena, struct plan_turn, list.n);
	for (size_t i = 0; i < list.n; i++) {
		struct plan_turn *t = &turns[l->n_turns];

		t->who = walk_refs(w, list.items[i], REF_PERSON, TURN_PEOPLE, &t->n);
		if (t->n > 0)
			l->n_turns++;
	}
	l->turns = turns;
}

/* "Mon 09:00", "09:00", "Mon". */
static void load_handoff(struct walk *w, const struct node *n, int *weekday, int *minute)
{
	const char *text = walk_text(w, n, WALK_NAME_MAX), *space;
	size_t len;

	if (!text)
		return;
	space = strchr(text, ' ');
	len = space ? (size_t)(space - text) : strlen(text);
	*weekday = weekday_of(text, len);
	if (*weekday >= 0) {
		*minute = space ? minute_of(space + 1) : 0;
	} else {
		*minute = minute_of(text);
	}
	if (*minute >= 0 && *minute < 24 * 60)
		return;
	walk_error(w, n, say(w, "\"%s\" is no time to hand over", value_quote(text).text),
		"write \"09:00\", or with the day \"Mon 09:00\"");
	*minute = 0;
}

/* The begin says when turns are handed over where `handoff` does not. */
static void handoff_of_begin(const struct plan_layer *l, int *weekday, int *minute)
{
	struct local_time t;

	if (l->from_ms == INT64_MIN) {
		if (*minute < 0)
			*minute = 0;
		if (*weekday < 0 && l->period_s % WEEK_S == 0)
			*weekday = 1;
		return;
	}
	zone_to_local(l->zone, l->from_ms, &t);
	if (*minute < 0)
		*minute = t.hour * 60 + t.minute;
	if (*weekday < 0 && l->period_s % WEEK_S == 0)
		*weekday = t.weekday;
}

static void load_dates(struct walk *w, const struct node *n, struct plan_layer *l)
{
	const struct node *to = node_get(n, "to");

	l->from_ms = INT64_MIN;
	l->to_ms = INT64_MAX;
	walk_time(w, node_get(n, "from"), l->zone, &l->from_ms);
	if (walk_time(w, to, l->zone, &l->to_ms) && l->to_ms <= l->from_ms)
		walk_error(w, to, "the rotation ends before it begins", "`to` must be later than `from`");
}

static void load_period(struct walk *w, const struct node *n, struct plan_layer *l)
{
	const struct node *every = node_get(n, "every"), *handoff = node_get(n, "handoff");
	int64_t ms = walk_duration(w, every, WEEK_S * INT64_C(1000));
	int weekday = -1, minute = -1;

	if (ms < HOUR_MS || ms % HOUR_MS) {
		walk_error(w, every, "a turn takes whole hours, one at least", "write 12h, 1d, 1w or 2w");
		ms = WEEK_S * INT64_C(1000);
	}
	l->period_s = ms / 1000;
	load_handoff(w, handoff, &weekday, &minute);
	if (weekday >= 0 && l->period_s % WEEK_S) {
		walk_error(w, handoff, "the day of the hand-off would be another one in each turn",
			"write the time alone, or let a turn take whole weeks: every: 1w");
		weekday = -1;
	}
	handoff_of_begin(l, &weekday, &minute);
	rota_anchor(l, weekday, minute);
}

static bool load_layer(struct walk *w, const struct node *n, const struct zone *zone,
	struct plan_layer *l)
{
	if (node_blank(n))
		walk_error(w, n, "the layer is empty", "take it out");
	if (!walk_map(w, n, &keys_layer))
		return false;
	l->zone = zone;
	if (!node_blank(node_get(n, "timezone")))
		l->zone = walk_zone(w, node_get(n, "timezone"), NULL);
	l->role = "primary";
	if (!node_blank(node_get(n, "role")))
		l->role = walk_checked(w, node_get(n, "role"), value_key);
	load_dates(w, n, l);
	load_period(w, n, l);
	l->hours = find_hours(w, node_get(n, "hours"));
	load_turns(w, node_get(n, "people"), l);
	if (l->n_turns == 0 && node_blank(node_get(n, "ics")))
		walk_error(w, n, "a rotation without people", "add people: [ada, ben]");
	return l->role && l->n_turns > 0;
}

void load_layers(struct walk *w, const struct node *schedule, struct plan_schedule *out)
{
	const struct node *rotation = node_get(schedule, "rotation");
	struct plan_layer *layers;
	struct walk_list list;

	if (!walk_list(w, node_get(schedule, "layers"), true, LAYERS_MAX - 1, &list))
		list.n = 0;
	layers = ARENA_ARRAY(w->arena, struct plan_layer, list.n + 1);
	if (rotation && load_layer(w, rotation, out->zone, &layers[out->n_layers]))
		out->n_layers++;
	for (size_t i = 0; i < list.n; i++) {
		layers[out->n_layers] = (struct plan_layer){0};
		if (load_layer(w, list.items[i], out->zone, &layers[out->n_layers]))
			out->n_layers++;
	}
	out->layers = layers;
}
