/* incident_work.c - loading, logging, posting and saving an incident. See tocsin/incident.h. */
#include "tocsin/incident.h"

#include <inttypes.h>
#include <string.h>

#include "handlers/incident/verbs.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/json_out.h"
#include "tocsin/plan.h"
#include "tocsin/snapshot.h"

#define DATA_MAX ((size_t)128 * 1024)
#define DOC_MAX ((size_t)256 * 1024)

const char *incident_entity(struct context *cx, const struct incident *inc)
{
	return arena_printf(cx->arena, "incident:%s", inc->id);
}

enum step incident_load(struct context *cx, const char *id, struct incident **inc)
{
	const char *entity = arena_printf(cx->arena, "incident:%s", id);
	const char *key = arena_printf(cx->arena, "doc:%s", entity);
	const struct fact *f = snapshot_get(cx->snap, key);

	*inc = NULL;
	switch (f->state) {
	case FACT_NOT_LOADED:
		effects_need(cx->out, key);
		return STEP_NEED;
	case FACT_ABSENT:
		return STEP_DONE;
	case FACT_KNOWN:
		break;
	}
	*inc = ARENA_NEW(cx->arena, struct incident);
	if (incident_decode(cx->arena, f->value, f->len, *inc) < 0)
		*inc = NULL;
	else
		(*inc)->version = f->version;
	return STEP_DONE;
}

void incident_timer(struct context *cx, const struct incident *inc, const char *name, int64_t due_ms)
{
	const char *id = arena_printf(cx->arena, "incident:%s:%s", inc->id, name);

	if (due_ms)
		effects_timer(cx->out, id, due_ms);
	else
		effects_timer_clear(cx->out, id);
}

const char *incident_guard(struct context *cx, const struct incident *inc)
{
	return paging_guard(cx->arena, &inc->paging);
}

const char *incident_key(struct context *cx, struct incident *inc, const char *what)
{
	return arena_printf(cx->arena, "%s/%s/%" PRId64, inc->id, what, ++inc->seq);
}

/* --- the log ----------------------------------------------------------------------------- */

void incident_log_begin(struct context *cx, struct json_out *j, struct buf *b, const char *what,
	const struct incident_who *by)
{
	buf_init_arena(b, cx->arena, DATA_MAX);
	json_out_init(j, b);
	json_out_object(j, NULL);
	json_out_int(j, "t", cx->req->now_ms);
	json_out_str(j, "what", what);
	if (by && (*by->name || *by->person || *by->user)) {
		json_out_object(j, "by");
		if (*by->person)
			json_out_str(j, "person", by->person);
		if (*by->user)
			json_out_str(j, "user", by->user);
		json_out_str(j, "name", by->name);
		json_out_object_end(j);
	}
}

void incident_log_end(struct context *cx, const struct incident *inc, struct json_out *j)
{
	json_out_object_end(j);
	effects_log(cx->out, incident_entity(cx, inc), buf_text(j->buf));
}

void incident_log(struct context *cx, const struct incident *inc, const char *what,
	const struct incident_who *by, const char *text)
{
	struct json_out j;
	struct buf b;

	incident_log_begin(cx, &j, &b, what, by);
	if (*text)
		json_out_str(&j, "text", text);
	incident_log_end(cx, inc, &j);
}

/* --- data and posts ----------------------------------------------------------------------- */

void incident_data_begin(struct context *cx, const struct incident *inc, struct json_out *j,
	struct buf *b)
{
	const struct plan_severity *sev = incident_severity(cx, inc);

	buf_init_arena(b, cx->arena, DATA_MAX);
	json_out_init(j, b);
	json_out_object(j, NULL);
	json_out_str(j, "id", inc->id);
	json_out_str(j, "title", inc->title);
	json_out_str(j, "severity", inc->severity);
	json_out_str(j, "status", incident_status_name(inc->status));
	json_out_bool(j, incident_status_name(inc->status), true);
	json_out_bool(j, "open", incident_is_open(inc));
	json_out_bool(j, "drill", inc->drill);
	if (sev && sev->means && *sev->means)
		json_out_str(j, "means", sev->means);
	json_out_int(j, "declared", inc->declared_ms / 1000);
	if (*inc->declared_by.name)
		incident_who_data(j, "declared_by", &inc->declared_by);
	if (*inc->alert_source)
		json_out_str(j, "alert_source", inc->alert_source);
	if (*inc->home.room || *inc->home.channel)
		json_out_str(j, "channel", *inc->home.room ? inc->home.room : inc->home.channel);
	if (*inc->home.room)
		json_out_str(j, "room", inc->home.room);
}

const char *incident_data_end(struct json_out *j, struct buf *b)
{
	json_out_object_end(j);
	return buf_text(b);
}

void incident_who_data(struct json_out *j, const char *key, const struct incident_who *who)
{
	json_out_object(j, key);
	json_out_str(j, "name", who->name);
	if (*who->person)
		json_out_str(j, "person", who->person);
	else if (*who->user)
		json_out_str(j, "user", who->user);
	json_out_object_end(j);
}

void incident_post(struct context *cx, struct incident *inc, const char *what,
	const char *template_name, const char *data, bool broadcast)
{
	struct send s = {
		.lane = LANE_CHAT, .op = "chat.post", .template_name = template_name, .data = data,
	};

	s.entity = incident_entity(cx, inc);
	if (*inc->home.room) {
		s.key = incident_key(cx, inc, what);
		s.to = (struct place){inc->home.platform, inc->home.room, ""};
		s.note = NOTE_ROOM;
		effects_send(cx->out, &s);
		if (!broadcast)
			return;
		/* Who follows where everybody is told sees the news there too. */
	}
	s.key = incident_key(cx, inc, what);
	s.to = (struct place){inc->home.platform, inc->home.channel, ""};
	s.thread_ref = arena_printf(cx->arena, "%s/root", inc->id);
	s.broadcast = broadcast;
	s.note = NOTE_THREAD;
	effects_send(cx->out, &s);
}

void incident_invite(struct context *cx, struct incident *inc, const char *user)
{
	struct send s = {.lane = LANE_CHAT, .op = "chat.invite"};

	if (!*inc->home.room || !*user)
		return;
	s.entity = incident_entity(cx, inc);
	s.key = incident_key(cx, inc, "invite");
	s.to = (struct place){inc->home.platform, inc->home.room, ""};
	s.users = user;
	effects_send(cx->out, &s);
}

bool from_older_alert(struct context *cx, const struct incident *inc)
{
	return cx->req->pager && *cx->req->pager && cx->req->pager_alert != inc->paging.alert;
}

struct incident_who incident_who_of_actor(struct context *cx, const struct actor *a)
{
	struct incident_who w = {"", a->user, a->name};

	if (a->person) {
		w.person = a->person->key;
		w.name = a->person->name ? a->person->name : a->person->key;
		/* Who came by a link or a telephone has no id of the platform in the request. */
		if (!*w.user || a->platform == PLATFORM_NONE)
			w.user = a->person->slack ? a->person->slack : "";
	}
	if (!*w.name)
		w.name = a->user;
	w.name = args_cut(cx->arena, args_clean(cx->arena, w.name, true), 80);
	return w;
}

struct incident_who incident_who_of_person(const char *person_key, const struct plan *plan)
{
	const struct plan_person *p = plan_person(plan, person_key);
	struct incident_who w = {person_key, "", person_key};

	if (p && p->name)
		w.name = p->name;
	if (p && p->slack)
		w.user = p->slack;
	return w;
}

/* --- saving ------------------------------------------------------------------------------- */

static void index_place(struct context *cx, const struct incident *inc, const char *channel)
{
	const char *place, *resolved;

	if (!*channel)
		return;
	place = arena_printf(cx->arena, "incident:place:%s", channel);
	resolved = arena_printf(cx->arena, "incident:resolved:%s", channel);
	if (incident_is_open(inc))
		effects_index(cx->out, place, inc->id, inc->declared_ms);
	else
		effects_unindex(cx->out, place, inc->id);
	if (inc->status == INCIDENT_RESOLVED)
		effects_index(cx->out, resolved, inc->id, inc->declared_ms);
	else if (inc->version)
		effects_unindex(cx->out, resolved, inc->id);
}

static void save_indexes(struct context *cx, const struct incident *inc)
{
	if (incident_is_open(inc))
		effects_index(cx->out, "incident:open", inc->id, inc->declared_ms);
	else
		effects_unindex(cx->out, "incident:open", inc->id);
	if (inc->closed_ms)
		effects_index(cx->out, "incident:closed", inc->id, inc->closed_ms);
	else if (inc->version)
		effects_unindex(cx->out, "incident:closed", inc->id);
	index_place(cx, inc, inc->home.channel);
	if (strcmp(inc->origin.channel, inc->home.channel) != 0)
		index_place(cx, inc, inc->origin.channel);
}

static void update_root(struct context *cx, struct incident *inc, const char *ref, const char *data)
{
	struct send s = {
		.lane = LANE_CHAT, .op = "chat.update", .data = data,
	};

	s.template_name = incident_root_template(inc);
	s.entity = incident_entity(cx, inc);
	s.ref = ref;
	s.key = arena_printf(cx->arena, "%s/v%" PRId64, ref, inc->version + 1);
	s.to.platform = inc->home.platform;
	effects_send(cx->out, &s);
}

static void update_topic(struct context *cx, struct incident *inc, const char *data)
{
	struct send s = {.lane = LANE_CHAT, .op = "chat.topic", .template_name = "incident/topic"};

	s.entity = incident_entity(cx, inc);
	s.key = incident_key(cx, inc, "topic");
	s.to = (struct place){inc->home.platform, inc->home.room, ""};
	s.data = data;
	effects_send(cx->out, &s);
}

static void save_root(struct context *cx, struct incident *inc)
{
	struct data d;
	const char *data;

	data_begin_inc(cx, &d, inc);
	data_root(cx, inc, &d.j);
	data = data_end(&d);
	update_root(cx, inc, arena_printf(cx->arena, "%s/root", inc->id), data);
	if (!*inc->home.room)
		return;
	data_begin_inc(cx, &d, inc);
	data_root(cx, inc, &d.j);
	json_out_bool(&d.j, "in_room", true);
	data = data_end(&d);
	update_root(cx, inc, arena_printf(cx->arena, "%s/room", inc->id), data);
	if (inc->topic_dirty)
		update_topic(cx, inc, data);
}

void incident_save(struct context *cx, struct incident *inc)
{
	struct buf doc;

	reminders_plan(cx, inc);
	if (inc->root_dirty && inc->version)
		save_root(cx, inc);
	if (inc->index_dirty && !inc->page)
		save_indexes(cx, inc);
	buf_init_arena(&doc, cx->arena, DOC_MAX);
	incident_encode(inc, &doc);
	/* A document that does not fit is a bug; the commit must not go through with half of it. */
	if (doc.failed)
		cx->out->overflow = true;
	effects_put(cx->out, incident_entity(cx, inc), inc->version, buf_text(&doc),
		incident_guard(cx, inc));
}
