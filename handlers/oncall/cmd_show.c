/* cmd_show.c - who has it now, who at another time, and a picture of the coming days. */
#include "handlers/oncall/verbs.h"

#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/utf8.h"
#include "tocsin/zone.h"

#define DAYS_MAX 31
#define CELL_MS (INT64_C(4) * 3600 * 1000)
#define PICTURE_PEOPLE 24
#define PICTURE_DAYS 7
#define NAME_COLUMNS 14

/* --- one schedule ---------------------------------------------------------------------------- */

/* A row per role: who, until when, and why when it is not the plan. */
static void data_roles(struct context *cx, struct json_out *j, const struct plan_schedule *s,
	const struct roster_changes *changes, int64_t at_ms)
{
	const char *roles[ROSTER_ROLES_MAX];
	size_t n = roster_roles(s, changes, roles);
	struct roster r;

	json_out_array(j, "roles");
	for (size_t i = 0; i < n; i++) {
		int64_t until;

		roster_with(cx->plan, s, changes, roles[i], at_ms, &r);
		if (r.n == 0)
			continue;
		until = roster_until(cx->plan, s, changes, roles[i], &r, at_ms + ONCALL_LOOK_MS);
		json_out_object(j, NULL);
		json_out_str(j, "role", roles[i]);
		if (until < at_ms + ONCALL_LOOK_MS)
			json_out_int(j, "until", until / 1000);
		json_out_array(j, "people");
		for (size_t k = 0; k < r.n; k++) {
			json_out_object(j, NULL);
			json_out_str(j, "name", oncall_name(r.people[k]));
			json_out_str(j, "person", r.people[k]->key);
			json_out_bool(j, "next", k > 0);
			if (r.by[k])
				json_out_str(j, "changed_by", r.by[k]->by);
			json_out_object_end(j);
		}
		json_out_array_end(j);
		json_out_object_end(j);
	}
	json_out_array_end(j);
}

static void data_now(struct context *cx, struct json_out *j, const struct plan_schedule *s,
	const struct roster_changes *changes, int64_t at_ms)
{
	struct roster r, next;
	int64_t until;

	roster_with(cx->plan, s, changes, NULL, at_ms, &r);
	until = roster_until(cx->plan, s, changes, NULL, &r, at_ms + ONCALL_LOOK_MS);
	json_out_str(j, "schedule", s->key);
	json_out_bool(j, "nobody", r.n == 0);
	if (s->fallback)
		json_out_str(j, "fallback", s->fallback);
	data_roles(cx, j, s, changes, at_ms);
	if (until >= at_ms + ONCALL_LOOK_MS)
		return;
	roster_with(cx->plan, s, changes, NULL, until, &next);
	json_out_object(j, "then");
	json_out_int(j, "at", until / 1000);
	json_out_str(j, "names", roster_names(cx, &next, true));
	json_out_bool(j, "nobody", next.n == 0);
	json_out_object_end(j);
}

enum step verb_oncall_show(struct context *cx)
{
	struct oncall_call *call = oncall_call_of(cx);
	const struct plan *plan = cx->plan;
	size_t page = 0, last;
	struct oncall_data d;
	bool known = true;

	if (call->next < call->args.n && call->args.items[call->next].kind == ARG_WORD)
		for (const char *s = call->args.items[call->next].text; *s >= '0' && *s <= '9' && page < 10000; s++)
			page = page * 10 + (size_t)(*s - '0');
	page = page ? page - 1 : 0;
	if (page * ONCALL_PAGE >= plan->n_schedules)
		page = 0;
	last = (page + 1) * ONCALL_PAGE < plan->n_schedules ? (page + 1) * ONCALL_PAGE : plan->n_schedules;
	oncall_data_begin(cx, &d);
	json_out_bool(&d.j, "any", plan->n_schedules > 0);
	json_out_array(&d.j, "schedules");
	for (size_t i = page * ONCALL_PAGE; i < last; i++) {
		struct roster_changes changes;

		known &= oncall_changes(cx, &plan->schedules[i], &changes);
		json_out_object(&d.j, NULL);
		data_now(cx, &d.j, &plan->schedules[i], &changes, cx->req->now_ms);
		json_out_object_end(&d.j);
	}
	json_out_array_end(&d.j);
	if (!known)
		return STEP_NEED;
	if (last < plan->n_schedules) {
		json_out_int(&d.j, "more", (int64_t)(plan->n_schedules - last));
		json_out_str(&d.j, "next", arena_printf(cx->arena, "oncall show %zu", page + 2));
	}
	return oncall_answer(cx, "oncall/show", &d);
}

enum step verb_oncall_who(struct context *cx)
{
	struct oncall_call *call = oncall_call_of(cx);
	const char *role;
	const struct plan_schedule *s = oncall_schedule_typed(cx, &role);
	int64_t at = cx->req->now_ms;
	struct roster_changes changes;
	struct oncall_data d;

	if (!s)
		return STEP_REFUSED;
	if (call->next < call->args.n) {
		enum when_result r = when_read(&call->args, &call->next, call->zone, at, false, &at);

		if (r != WHEN_OK)
			return oncall_bad_time(cx, r, call->next);
	}
	if (!oncall_changes(cx, s, &changes))
		return STEP_NEED;
	oncall_data_begin(cx, &d);
	data_now(cx, &d.j, s, &changes, at);
	if (at != cx->req->now_ms)
		json_out_int(&d.j, "at", at / 1000);
	return oncall_answer(cx, "oncall/who", &d);
}

/* --- the picture ----------------------------------------------------------------------------- */

/* A name in so many columns; what would end a block of code is gone. */
static void put_name(struct buf *b, const char *name)
{
	size_t columns = 0, len = strlen(name), n;

	for (size_t i = 0; i < len && columns < NAME_COLUMNS; i += n, columns++) {
		utf8_decode(name + i, len - i, &n);
		if (name[i] == '`' || (unsigned char)name[i] < 0x20)
			buf_char(b, ' ');
		else
			buf_add(b, name + i, n);
	}
	for (; columns < NAME_COLUMNS; columns++)
		buf_char(b, ' ');
}

/* Midnight of a day, `days` after that of ms. */
static int64_t midnight(const struct zone *z, int64_t ms, int64_t days)
{
	int64_t day = zone_clock_s(z, ms) / 86400 + days;

	return zone_clock_to_utc_ms(z, day * 86400);
}

static void put_days(struct buf *b, const struct zone *z, int64_t from_ms, int days)
{
	static const char *const names[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

	put_name(b, "");
	for (int d = 0; d < days; d++) {
		struct local_time t;

		zone_to_local(z, midnight(z, from_ms, d), &t);
		buf_printf(b, " %s %02d", names[t.weekday], t.day);
	}
	buf_char(b, '\n');
}

/* Is the person there in the middle of the cell? person NULL: is nobody? */
static bool is_there(const struct stretch *list, size_t n, int64_t at_ms,
	const struct plan_person *person)
{
	for (size_t i = 0; i < n; i++) {
		if (at_ms < list[i].from_ms || at_ms >= list[i].to_ms)
			continue;
		for (size_t k = 0; k < list[i].now.n; k++)
			if (list[i].now.people[k] == person)
				return true;
		return !person && list[i].now.n == 0;
	}
	return false;
}

static void put_row(struct buf *b, const struct zone *z, int64_t from_ms, int days,
	const struct stretch *list, size_t n, const struct plan_person *person)
{
	size_t before = b->len;
	bool any = false;

	put_name(b, person ? oncall_name(person) : "(nobody)");
	for (int d = 0; d < days; d++) {
		buf_char(b, ' ');
		for (int c = 0; c < 6; c++) {
			bool there = is_there(list, n, midnight(z, from_ms, d) + c * CELL_MS + CELL_MS / 2, person);

			any |= there;
			buf_str(b, there ? person ? "\xe2\x96\x88" : "!" : "\xc2\xb7");
		}
	}
	buf_char(b, '\n');
	if (!any)
		buf_truncate(b, before);
}

static size_t people_of(const struct stretch *list, size_t n, const struct plan_person **out)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < list[i].now.n; k++) {
			size_t at = 0;

			while (at < found && out[at] != list[i].now.people[k])
				at++;
			if (at == found && found < PICTURE_PEOPLE)
				out[found++] = list[i].now.people[k];
		}
	return found;
}

static const char *picture(struct context *cx, const struct plan_schedule *s,
	const struct roster_changes *changes, int64_t from_ms, int days)
{
	const struct plan_person *people[PICTURE_PEOPLE];
	struct stretch *list = ARENA_ARRAY(cx->arena, struct stretch, 400);
	const char *roles[ROSTER_ROLES_MAX];
	size_t n_roles = roster_roles(s, changes, roles), n, total;
	struct buf b;

	buf_init_arena(&b, cx->arena, (size_t)32 * 1024);
	put_days(&b, s->zone, from_ms, days);
	for (size_t i = 0; i < n_roles; i++) {
		n = stretches(cx, s, roles[i], changes, NULL, midnight(s->zone, from_ms, 0),
			midnight(s->zone, from_ms, days), NULL, NULL, list, 400, &total);
		buf_printf(&b, "%s\n", roles[i]);
		for (size_t k = 0, m = people_of(list, n, people); k < m; k++)
			put_row(&b, s->zone, from_ms, days, list, n, people[k]);
		put_row(&b, s->zone, from_ms, days, list, n, NULL);
	}
	while (b.len && b.data[b.len - 1] == '\n')
		buf_truncate(&b, b.len - 1);
	return buf_text(&b);
}

enum step verb_oncall_schedule(struct context *cx)
{
	struct oncall_call *call = oncall_call_of(cx);
	struct stretch *list = ARENA_ARRAY(cx->arena, struct stretch, ONCALL_ROWS);
	int64_t span = PICTURE_DAYS * ONCALL_DAY_MS, now = cx->req->now_ms;
	const struct plan_schedule *s;
	struct roster_changes changes;
	struct oncall_data d;
	const char *role;
	size_t n, total, last = call->args.n;

	/* "/oncall schedule 14d" where there is only one */
	if (last > call->next && call->args.items[last - 1].kind == ARG_WORD &&
		when_duration(call->args.items[last - 1].text, &span))
		call->args.n = last - 1;
	s = oncall_schedule_typed(cx, &role);
	if (!s)
		return STEP_REFUSED;
	if (call->next < call->args.n)
		return oncall_bad_time(cx, WHEN_UNCLEAR, call->next);
	if (span > DAYS_MAX * ONCALL_DAY_MS || span < ONCALL_DAY_MS)
		span = span < ONCALL_DAY_MS ? ONCALL_DAY_MS : DAYS_MAX * ONCALL_DAY_MS;
	if (!oncall_changes(cx, s, &changes))
		return STEP_NEED;
	oncall_data_begin(cx, &d);
	json_out_str(&d.j, "schedule", s->key);
	json_out_int(&d.j, "days", span / ONCALL_DAY_MS);
	json_out_str(&d.j, "zone", zone_name(s->zone));
	json_out_array(&d.j, "pictures");
	for (int64_t day = 0; day * ONCALL_DAY_MS < span; day += PICTURE_DAYS) {
		int64_t left = span / ONCALL_DAY_MS - day;

		json_out_object(&d.j, NULL);
		json_out_str(&d.j, "text", picture(cx, s, &changes, midnight(s->zone, now, day),
			(int)(left < PICTURE_DAYS ? left : PICTURE_DAYS)));
		json_out_object_end(&d.j);
	}
	json_out_array_end(&d.j);
	n = stretches(cx, s, role, &changes, NULL, now, now + span, NULL, NULL, list, ONCALL_ROWS, &total);
	stretches_data(cx, &d.j, "shifts", s, list, n, total, true);
	return oncall_answer(cx, "oncall/schedule", &d);
}
