/*
 * watch.c - what happens by itself: hand-overs are announced ahead and said when they happen, and
 * times with too few people a week, a day and an hour before.
 *
 * Hand-overs are said of schedules with `announce`, gaps also of those with `cover`; a `slack_usergroup`
 * follows who is on call; what a plan does
 * not ask for nobody has to read.
 *
 * One timer per schedule, "oncall:SCHEDULE:watch": it looks at the state, says what is to be said and
 * sets itself to the next moment at which there may be something. "oncall:@plan:look" sets all of
 * them; the shell asks for it when a plan comes into force.
 */
#include "handlers/oncall/verbs.h"

#include <stdlib.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/request.h"
#include "tocsin/snapshot.h"

#define LOOK_EVERY_MS (INT64_C(12) * 3600 * 1000)
#define LOOK_STEP 200      /* schedules that one request arms */
#define GAPS_AHEAD_MS (7 * ONCALL_DAY_MS)
#define INCIDENTS_SHOWN 10
#define STAGES 3

static const int64_t stage_ms[STAGES] = {GAPS_AHEAD_MS, ONCALL_DAY_MS, INT64_C(3600) * 1000};

bool oncall_open_incidents(struct context *cx, struct json_out *j)
{
	const struct fact *ids = snapshot_get(cx->snap, "rindex:incident:open");
	bool known = ids->state != FACT_NOT_LOADED;
	size_t shown = 0;

	if (!known)
		effects_need(cx->out, "rindex:incident:open");
	json_out_array(j, "incidents");
	for (size_t i = 0; known && i < ids->n && shown < INCIDENTS_SHOWN; i++) {
		struct incident *inc;

		if (incident_load(cx, ids->items[i], &inc) == STEP_NEED || !inc)
			continue;
		shown++;
		json_out_object(j, NULL);
		json_out_str(j, "id", inc->id);
		json_out_str(j, "title", args_cut(cx->arena, inc->title, 80));
		json_out_str(j, "severity", inc->severity);
		json_out_str(j, "status", incident_status_name(inc->status));
		if (incident_is_acked(inc))
			json_out_str(j, "holder", inc->ack_by.name);
		if (inc->update_due_ms)
			json_out_int(j, "update_due", inc->update_due_ms / 1000);
		json_out_object_end(j);
	}
	json_out_array_end(j);
	json_out_bool(j, "any", shown > 0);
	if (known && ids->n > shown)
		json_out_int(j, "more", (int64_t)(ids->n - shown));
	return known && cx->out->n_needs == 0;
}

/* --- hand-over ------------------------------------------------------------------------------- */

static bool is_in(const struct roster *r, const struct plan_person *p)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->people[i] == p)
			return true;
	return false;
}

static void data_handover(struct context *cx, struct json_out *j, const struct plan_schedule *s,
	const struct roster *leaving, const struct roster *coming, int64_t at_ms)
{
	json_out_str(j, "schedule", s->key);
	json_out_int(j, "at", at_ms / 1000);
	json_out_str(j, "leaving", roster_names(cx, leaving, true));
	json_out_str(j, "coming", roster_names(cx, coming, true));
	json_out_bool(j, "nobody", coming->n == 0);
	json_out_bool(j, "nobody_before", leaving->n == 0);
	if (s->fallback)
		json_out_str(j, "fallback", s->fallback);
	json_out_array(j, "people");
	for (size_t i = 0; i < coming->n; i++) {
		json_out_object(j, NULL);
		json_out_str(j, "name", oncall_name(coming->people[i]));
		json_out_str(j, "person", coming->people[i]->key);
		json_out_str(j, "role", coming->roles[i]);
		json_out_bool(j, "next", i > 0);
		json_out_object_end(j);
	}
	json_out_array_end(j);
}

/* Who leaves and who comes hear of it, and of what is open. */
static bool announce(struct context *cx, const struct plan_schedule *s, struct oncall_doc *doc,
	const struct roster *now, const struct roster *next, int64_t at_ms)
{
	struct oncall_data d;
	const char *data;

	oncall_data_begin(cx, &d);
	data_handover(cx, &d.j, s, now, next, at_ms);
	if (!oncall_open_incidents(cx, &d.j))
		return false;
	data = oncall_data_end(&d);
	for (size_t i = 0; i < now->n; i++)
		if (!is_in(next, now->people[i]))
			oncall_tell(cx, doc, now->people[i], "oncall/leaving", data);
	for (size_t i = 0; i < next->n; i++)
		if (!is_in(now, next->people[i]))
			oncall_tell(cx, doc, next->people[i], "oncall/coming", data);
	doc->announced_ms = at_ms;
	return true;
}

/* The user group is whoever is on call. Slack knows no empty group: a gap leaves it as it was. */
static void set_group(struct context *cx, const struct plan_schedule *s, struct oncall_doc *doc,
	const struct roster *r)
{
	struct send send = {.lane = LANE_CHAT, .op = "chat.group", .arg = s->slack_usergroup};
	struct buf users;

	buf_init_arena(&users, cx->arena, 1024);
	for (size_t i = 0; i < r->n; i++)
		if (r->people[i]->slack)
			buf_printf(&users, "%s%s", users.len ? "," : "", r->people[i]->slack);
	if (!s->slack_usergroup || !users.len)
		return;
	send.key = oncall_key(cx, doc, "group");
	send.entity = oncall_entity(cx, doc->key);
	send.to.platform = PLATFORM_SLACK;
	send.users = buf_text(&users);
	effects_send(cx->out, &send);
}

static void remember_now(struct context *cx, struct oncall_doc *doc, const struct roster *r)
{
	doc->n_now = r->n;
	for (size_t i = 0; i < r->n; i++)
		doc->now[i] = r->people[i]->key;
	doc->said_now_ms = cx->req->now_ms;
}

static bool said_already(const struct oncall_doc *doc, const struct roster *r)
{
	if (!doc->said_now_ms || doc->n_now != r->n)
		return false;
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(doc->now[i], r->people[i]->key) != 0)
			return false;
	return true;
}

/* The channel sees who has it now. The first look at a new schedule only remembers. */
static bool say_now(struct context *cx, const struct plan_schedule *s, struct oncall_doc *doc,
	const struct roster *r)
{
	struct roster before = {0};
	struct oncall_data d;

	for (size_t i = 0; i < doc->n_now; i++) {
		const struct plan_person *p = plan_person(cx->plan, doc->now[i]);

		if (!p)
			continue;
		before.roles[before.n] = "";
		before.people[before.n++] = p;
	}
	if (doc->said_now_ms && s->announce_channel) {
		oncall_data_begin(cx, &d);
		data_handover(cx, &d.j, s, &before, r, cx->req->now_ms);
		json_out_str(&d.j, "left", roster_names(cx, &before, false));
		if (!oncall_open_incidents(cx, &d.j))
			return false;
		oncall_post(cx, doc, oncall_channel(cx, s), "", "oncall/now", oncall_data_end(&d));
		oncall_log(cx, s->key, "handover", NULL);
	}
	set_group(cx, s, doc, r);
	remember_now(cx, doc, r);
	return true;
}

/* --- gaps ------------------------------------------------------------------------------------ */

static unsigned stage_of(int64_t ahead_ms)
{
	unsigned stage = 0;

	while (stage < STAGES && ahead_ms <= stage_ms[stage])
		stage++;
	return stage;
}

static struct oncall_said *said_of(struct oncall_doc *doc, int64_t from_ms)
{
	size_t oldest = 0;

	for (size_t i = 0; i < doc->n_said; i++)
		if (doc->said[i].from_ms == from_ms)
			return &doc->said[i];
	if (doc->n_said < ONCALL_SAID_MAX) {
		oldest = doc->n_said++;
	} else {
		for (size_t i = 1; i < doc->n_said; i++)
			if (doc->said[i].from_ms < doc->said[oldest].from_ms)
				oldest = i;
	}
	doc->said[oldest] = (struct oncall_said){from_ms, 0};
	return &doc->said[oldest];
}

/* Behind the gaps: what is missing around risky events. */
static size_t add_events(struct context *cx, const struct plan_schedule *s,
	const struct roster_changes *changes, struct stretch *list, size_t n, unsigned *most)
{
	struct stretch *more = ARENA_ARRAY(cx->arena, struct stretch, ONCALL_ROWS);

	for (size_t i = 0; i < cx->plan->n_coverage; i++) {
		const struct plan_coverage *c = &cx->plan->coverage[i];

		for (size_t k = 0; k < c->n_around && strcmp(c->schedule, s->key) == 0; k++) {
			unsigned need = c->min;
			size_t total, m = oncall_around(cx, c, plan_event(cx->plan, c->around[k]), s, changes,
				GAPS_AHEAD_MS + LOOK_EVERY_MS, &need, more, &total);

			if (m > 0 && need > *most)
				*most = need;
			for (size_t x = 0; x < m && n < 2 * ONCALL_ROWS; x++)
				list[n++] = more[x];
		}
	}
	return n;
}

/* Says what has come nearer; *next is when the following is due. */
static void warn_gaps(struct context *cx, const struct plan_schedule *s, struct oncall_doc *doc,
	const struct roster_changes *changes, int64_t *next)
{
	struct stretch *list = ARENA_ARRAY(cx->arena, struct stretch, 2 * ONCALL_ROWS);
	unsigned need = s->cover_min ? s->cover_min : 1;
	int64_t now = cx->req->now_ms;
	size_t total, n = stretches(cx, s, NULL, changes, NULL, now, now + GAPS_AHEAD_MS + LOOK_EVERY_MS,
		stretch_short, &need, list, ONCALL_ROWS, &total), n_new = 0;
	struct oncall_data d;

	n = add_events(cx, s, changes, list, n, &need);
	for (size_t i = 0; i < n; i++) {
		int64_t ahead = list[i].from_ms - now;
		unsigned stage = stage_of(ahead);
		struct oncall_said *said;

		/* What has begun is no warning: pages say it, and the hand-over did. */
		if (ahead <= 0)
			continue;
		if (stage < STAGES && list[i].from_ms - stage_ms[stage] < *next)
			*next = list[i].from_ms - stage_ms[stage];
		if (stage == 0)
			continue;
		said = said_of(doc, list[i].from_ms);
		if (said->stage >= stage)
			continue;
		said->stage = stage;
		list[n_new++] = list[i];
	}
	if (n_new == 0)
		return;
	oncall_data_begin(cx, &d);
	json_out_str(&d.j, "schedule", s->key);
	json_out_int(&d.j, "min", need);
	if (s->fallback)
		json_out_str(&d.j, "fallback", s->fallback);
	stretches_data(cx, &d.j, "gaps", s, list, n_new, n_new, true);
	oncall_post(cx, doc, oncall_channel(cx, s), "", "oncall/gap_ahead", oncall_data_end(&d));
}

/* --- the timer ------------------------------------------------------------------------------- */

static bool is_watched(const struct plan_schedule *s)
{
	return s->announce_channel || s->slack_usergroup || s->cover_min > 0 || s->cover_want > 0;
}

static enum step watch(struct context *cx, const struct plan_schedule *s)
{
	int64_t now = cx->req->now_ms, change, next = now + LOOK_EVERY_MS;
	struct roster_changes changes;
	struct roster r, coming;
	struct oncall_doc *doc;

	if (!oncall_changes(cx, s, &changes))
		return STEP_NEED;
	oncall_load(cx, s->key, &doc);
	roster_with(cx->plan, s, &changes, NULL, now, &r);
	if (!said_already(doc, &r) && !say_now(cx, s, doc, &r))
		return STEP_NEED;
	change = roster_until(cx->plan, s, &changes, NULL, &r, now + GAPS_AHEAD_MS);
	if (change < now + GAPS_AHEAD_MS) {
		int64_t ahead = change - s->announce_before_ms;

		roster_with(cx->plan, s, &changes, NULL, change, &coming);
		if (s->announce_channel && s->announce_before_ms && ahead <= now && doc->announced_ms != change &&
			!announce(cx, s, doc, &r, &coming, change))
			return STEP_NEED;
		if (s->announce_before_ms && ahead > now && ahead < next)
			next = ahead;
		if (change < next)
			next = change;
	}
	if (s->announce_channel || s->cover_min > 0 || s->cover_want > 0)
		warn_gaps(cx, s, doc, &changes, &next);
	effects_timer(cx->out, arena_printf(cx->arena, "oncall:%s:watch", s->key), next);
	oncall_save(cx, doc);
	return STEP_DONE;
}

/* Arms the timers of all schedules, so many at a time. */
static enum step arm(struct context *cx, size_t from)
{
	size_t i;

	for (i = from; i < cx->plan->n_schedules && i < from + LOOK_STEP; i++)
		if (is_watched(&cx->plan->schedules[i]))
			oncall_look_again(cx, cx->plan->schedules[i].key);
	if (i < cx->plan->n_schedules)
		effects_timer(cx->out, arena_printf(cx->arena, "oncall:@plan:look:%zu", i),
			cx->req->now_ms + 1000);
	return STEP_DONE;
}

enum step oncall_timer_due(struct context *cx)
{
	const char *id = cx->req->timer + strlen("oncall:"), *name = strchr(id, ':');
	const struct plan_schedule *s;

	if (!name)
		return STEP_DONE;
	if (strncmp(id, "@plan:look", 10) == 0)
		return arm(cx, id[10] == ':' ? (size_t)strtoul(id + 11, NULL, 10) : 0);
	/* A schedule that is gone from the plan is watched no more. */
	s = plan_schedule(cx->plan, arena_strndup(cx->arena, id, (size_t)(name - id)));
	return s && is_watched(s) && strcmp(name + 1, "watch") == 0 ? watch(cx, s) : STEP_DONE;
}

/* --- by hand, and results -------------------------------------------------------------------- */

enum step verb_oncall_handoff(struct context *cx)
{
	const char *role, *channel, *data;
	const struct plan_schedule *s = oncall_schedule_typed(cx, &role);
	struct oncall_call *call = oncall_call_of(cx);
	struct roster_changes changes;
	struct roster r;
	struct oncall_data d;
	struct oncall_doc *doc;

	if (!s)
		return STEP_REFUSED;
	if (!oncall_changes(cx, s, &changes))
		return STEP_NEED;
	oncall_load(cx, s->key, &doc);
	roster_with(cx->plan, s, &changes, NULL, cx->req->now_ms, &r);
	oncall_data_begin(cx, &d);
	data_handover(cx, &d.j, s, &(struct roster){0}, &r, cx->req->now_ms);
	incident_who_data(&d.j, "asker", &call->by);
	if (!oncall_open_incidents(cx, &d.j))
		return STEP_NEED;
	data = oncall_data_end(&d);
	channel = oncall_channel(cx, s);
	oncall_post(cx, doc, *channel ? channel : cx->req->where.channel, "", "oncall/now", data);
	remember_now(cx, doc, &r);
	oncall_log(cx, s->key, "handoff", NULL);
	oncall_save(cx, doc);
	effects_reply(cx->out, REPLY_PRIVATE, "oncall/handed", data);
	return STEP_DONE;
}

/* note: "test:PERSON:WAY" */
enum step oncall_delivery(struct context *cx)
{
	const struct delivery *r = &cx->req->delivery;
	const char *via = strrchr(r->note, ':'), *key = r->note + strlen("test:");
	const struct plan_person *p;
	struct send s = {.lane = LANE_CHAT, .op = "chat.post", .template_name = "oncall/test_result"};
	struct oncall_data d;

	if (strncmp(r->note, "test:", 5) != 0 || via < key)
		return STEP_DONE;
	p = plan_person(cx->plan, arena_strndup(cx->arena, key, (size_t)(via - key)));
	if (!p || !p->slack)
		return STEP_DONE;
	oncall_data_begin(cx, &d);
	json_out_str(&d.j, "way", via + 1);
	json_out_bool(&d.j, "arrived", r->outcome == DELIVERY_ACCEPTED || r->outcome == DELIVERY_SENT);
	json_out_str(&d.j, "error", r->error);
	s.data = oncall_data_end(&d);
	s.key = arena_printf(cx->arena, "%s/result", r->key);
	s.to.platform = PLATFORM_SLACK;
	s.user = p->slack;
	effects_send(cx->out, &s);
	return STEP_DONE;
}
