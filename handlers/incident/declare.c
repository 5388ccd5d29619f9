/* declare.c - an incident begins: its thread or room, roles, first message, pages, clocks. */
#include "handlers/incident/verbs.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/oncall.h"
#include "tocsin/plan.h"
#include "tocsin/snapshot.h"
#include "tocsin/targets.h"

#define ROOM_NAME_MAX 80

const char *notify_channel(struct context *cx)
{
	const char *key = cx->plan->incident.notify_channel;
	const struct plan_channel *c = key ? plan_channel(cx->plan, key) : NULL;

	return c && c->slack ? c->slack : "";
}

void incident_set_due(struct context *cx, struct incident *inc)
{
	const struct plan_severity *sev = incident_severity(cx, inc);

	inc->update_due_ms = sev && sev->update_every_ms ? cx->req->now_ms + sev->update_every_ms : 0;
}

void incident_activity(struct context *cx, struct incident *inc)
{
	inc->activity_ms = cx->req->now_ms;
	paging_activity(cx, inc);
}

const char *incident_fallback_user(struct context *cx, const struct incident *inc)
{
	if (*inc->declared_by.user)
		return inc->declared_by.user;
	for (size_t i = 0; i < inc->n_roles; i++)
		if (*inc->roles[i].who.user)
			return inc->roles[i].who.user;
	for (size_t i = 0; i < cx->plan->n_people; i++)
		if (cx->plan->people[i].slack)
			return cx->plan->people[i].slack;
	return "";
}

const char *incident_root_template(const struct incident *inc)
{
	return inc->page ? "page/root" : "incident/root";
}

/* The root message, into a channel or, when there is none, to a person. */
void incident_post_root(struct context *cx, struct incident *inc, const char *channel,
	const char *user)
{
	struct send s = {.lane = LANE_CHAT, .op = "chat.post", .report = true, .note = "root"};
	struct data d;

	data_begin_inc(cx, &d, inc);
	data_root(cx, inc, &d.j);
	s.template_name = incident_root_template(inc);
	s.data = data_end(&d);
	s.entity = incident_entity(cx, inc);
	s.ref = arena_printf(cx->arena, "%s/root", inc->id);
	s.key = inc->version ? incident_key(cx, inc, "root") : s.ref;
	s.to = (struct place){inc->home.platform, channel, ""};
	s.user = *channel ? "" : user;
	effects_send(cx->out, &s);
}

/* Those of `tell` who are not mentioned anyway. False: there is nobody. */
static bool data_informed(struct context *cx, struct incident *inc, const struct plan_severity *sev,
	struct json_out *j)
{
	const struct plan_incident *pi = &cx->plan->incident;
	struct targets t = {.cx = cx};
	size_t mentioned;
	bool any = false;

	for (size_t i = 0; i < pi->n_mention; i++)
		targets_add(&t, cx->plan, inc, pi->notify_mention[i], cx->req->now_ms);
	mentioned = t.n;
	for (size_t i = 0; sev && i < sev->n_tell; i++)
		targets_add(&t, cx->plan, inc, sev->tell[i], cx->req->now_ms);
	json_out_array(j, "informed");
	for (size_t i = mentioned; i < t.n; i++) {
		json_out_object(j, NULL);
		json_out_bool(j, "next", any);
		json_out_str(j, "name", t.people[i]->name ? t.people[i]->name : t.people[i]->key);
		json_out_object_end(j);
		any = true;
	}
	json_out_array_end(j);
	return any;
}

/* What is known, who is told, what is expected by when. */
void incident_first_post(struct context *cx, struct incident *inc)
{
	const struct plan_incident *pi = &cx->plan->incident;
	const struct plan_severity *sev = incident_severity(cx, inc);
	struct data d;

	data_begin_inc(cx, &d, inc);
	data_root(cx, inc, &d.j);
	data_people(cx, &d.j, "mentions", pi->notify_mention, pi->n_mention, inc);
	json_out_bool(&d.j, "told", pi->n_mention > 0);
	json_out_bool(&d.j, "informs", data_informed(cx, inc, sev, &d.j));
	if (sev && sev->ack_ms && !incident_is_acked(inc))
		json_out_int(&d.j, "ack_by", seconds(inc->declared_ms + sev->ack_ms));
	if (sev && sev->fix_ms)
		json_out_int(&d.j, "fix_by", seconds(inc->declared_ms + sev->fix_ms));
	json_out_bool(&d.j, "pages", sev && sev->ladder);
	json_out_str(&d.j, "emoji", key_emoji(cx));
	incident_post(cx, inc, "first", "incident/first", data_end(&d), false);
}

/* "inc-42-checkout-returns-500s": what every platform takes as a channel's name. */
static const char *room_name(struct context *cx, const struct incident *inc)
{
	struct buf b;
	bool dash = true;

	buf_init_arena(&b, cx->arena, ROOM_NAME_MAX);
	if (inc->drill)
		buf_str(&b, "drill-");
	for (const char *s = inc->id; *s; s++)
		buf_char(&b, isalnum((unsigned char)*s) ? (char)tolower((unsigned char)*s) : '-');
	for (const char *s = inc->title; *s && b.len < 60; s++) {
		bool plain = isalnum((unsigned char)*s) && (unsigned char)*s < 0x80;

		if (!plain) {
			dash = true;
			continue;
		}
		if (dash)
			buf_char(&b, '-');
		dash = false;
		buf_char(&b, (char)tolower((unsigned char)*s));
	}
	return buf_text(&b);
}

void incident_want_room(struct context *cx, struct incident *inc)
{
	struct send s = {.lane = LANE_CHAT, .op = "chat.room", .report = true, .note = "room",
		.template_name = "incident/purpose"};
	struct data d;

	inc->home.wants_room = true;
	s.entity = incident_entity(cx, inc);
	s.key = inc->version ? incident_key(cx, inc, "make-room") :
		arena_printf(cx->arena, "%s/make-room", inc->id);
	s.arg = room_name(cx, inc);
	data_begin_inc(cx, &d, inc);
	s.data = data_end(&d);
	s.to.platform = inc->home.platform;
	effects_send(cx->out, &s);
}

static void pin_root(struct context *cx, struct incident *inc)
{
	struct send s = {.lane = LANE_CHAT, .op = "chat.pin"};

	s.entity = incident_entity(cx, inc);
	s.ref = arena_printf(cx->arena, "%s/root", inc->id);
	s.key = arena_printf(cx->arena, "%s/pin", inc->id);
	s.to.platform = inc->home.platform;
	effects_send(cx->out, &s);
}

static void log_declared(struct context *cx, struct incident *inc, const char *full_title)
{
	struct json_out j;
	struct buf b;

	incident_log_begin(cx, &j, &b, "declared", &inc->declared_by);
	json_out_str(&j, "text", args_cut(cx->arena, full_title, INCIDENT_TEXT_MAX));
	if (*inc->severity)
		json_out_str(&j, "severity", inc->severity);
	if (inc->drill)
		json_out_bool(&j, "drill", true);
	if (*inc->alert_source)
		json_out_str(&j, "alert", inc->alert_source);
	incident_log_end(cx, inc, &j);
}

static void take_answers(struct context *cx, struct incident *inc,
	const struct incident_declaration *d)
{
	for (size_t i = 0; i < d->n_answers && inc->n_answers < INCIDENT_ANSWERS_MAX; i++) {
		inc->answers[inc->n_answers] = d->answers[i];
		inc->answers[inc->n_answers].value =
			args_cut(cx->arena, d->answers[i].value, INCIDENT_TEXT_MAX / 3);
		inc->n_answers++;
	}
}

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

static void fill_in(struct context *cx, struct incident *inc, const struct incident_declaration *d,
	const char *full_title)
{
	inc->id = id_format(cx, inc->number);
	inc->title = args_cut(cx->arena, full_title, INCIDENT_TITLE_MAX);
	inc->severity = or_empty(d->severity);
	inc->drill = d->drill;
	inc->page = d->page;
	inc->declared_ms = inc->activity_ms = cx->req->now_ms;
	inc->declared_by = d->by;
	inc->origin = d->origin;
	if (!inc->origin.channel)
		inc->origin.channel = inc->origin.thread = "";
	inc->alert_source = or_empty(d->alert_source);
	inc->alert_key = or_empty(d->alert_key);
	inc->alert_episode = or_empty(d->alert_episode);
	inc->alert_link = or_empty(d->alert_link);
	inc->alert_firing = *inc->alert_source != '\0';
	inc->home.platform = d->origin.platform ? d->origin.platform : PLATFORM_SLACK;
	inc->home.channel = or_empty(d->channel);
	if (!*inc->home.channel)
		inc->home.channel = notify_channel(cx);
	if (!*inc->home.channel)
		inc->home.channel = inc->origin.channel;
	take_answers(cx, inc, d);
}

enum step incident_declare(struct context *cx, const struct incident_declaration *d,
	struct incident **out)
{
	const struct fact *count = fact_want(cx, "count:incident");
	const char *full_title = args_clean(cx->arena, d->title, true);
	const struct plan_severity *sev;
	struct incident *inc;

	if (count->state == FACT_NOT_LOADED) {
		oncall_expect(cx); /* roles and pages will ask who is on call */
		return STEP_NEED;
	}
	inc = *out = ARENA_NEW(cx->arena, struct incident);
	incident_init(inc);
	inc->number = count->version;
	effects_count(cx->out, "incident", inc->number);
	fill_in(cx, inc, d, full_title);
	sev = incident_severity(cx, inc);
	log_declared(cx, inc, full_title);
	if (inc->page) {
		incident_post_root(cx, inc, inc->home.channel, incident_fallback_user(cx, inc));
		return STEP_DONE;
	}
	roles_assign(cx, inc);
	incident_set_due(cx, inc);
	inc->index_dirty = true;
	incident_post_root(cx, inc, inc->home.channel, incident_fallback_user(cx, inc));
	pin_root(cx, inc);
	if (sev && sev->room == PLAN_ROOM_CHANNEL)
		incident_want_room(cx, inc);
	else
		incident_first_post(cx, inc);
	paging_start(cx, inc);
	return STEP_DONE;
}
