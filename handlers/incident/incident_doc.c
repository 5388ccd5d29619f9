/* incident_doc.c - an incident's stored document: JSON in, JSON out. See tocsin/incident.h. */
#include "tocsin/incident.h"

#include <jansson.h>
#include <string.h>

#include "tocsin/buf.h"
#include "tocsin/json_in.h"
#include "tocsin/json_out.h"
#include "tocsin/plan.h"

static const char *const status_names[INCIDENT_STATUSES] = {
	"investigating", "identified", "monitoring", "resolved", "closed", "cancelled",
};

const char *incident_status_name(enum incident_status s)
{
	return status_names[s];
}

bool incident_is_open(const struct incident *inc)
{
	return inc->status < INCIDENT_RESOLVED;
}

bool incident_is_acked(const struct incident *inc)
{
	return *inc->ack_by.name != '\0';
}

const struct plan_severity *incident_severity(const struct context *cx, const struct incident *inc)
{
	return *inc->severity ? plan_severity(cx->plan, inc->severity) : NULL;
}

struct incident_role *incident_role(struct incident *inc, const char *key)
{
	for (size_t i = 0; i < inc->n_roles; i++)
		if (strcmp(inc->roles[i].key, key) == 0)
			return &inc->roles[i];
	return NULL;
}

static void who_init(struct incident_who *w)
{
	w->person = w->user = w->name = "";
}

static void place_init(struct place *p)
{
	p->platform = PLATFORM_NONE;
	p->channel = p->thread = "";
}

void incident_init(struct incident *inc)
{
	memset(inc, 0, sizeof(*inc));
	inc->id = inc->title = inc->severity = inc->summary = inc->reason = inc->update_text = "";
	inc->page_target = "";
	inc->alert_source = inc->alert_key = inc->alert_episode = inc->alert_link = "";
	inc->postmortem_url = inc->home.channel = inc->home.root_ts = inc->home.room = "";
	who_init(&inc->declared_by);
	who_init(&inc->resolved_by);
	who_init(&inc->update_by);
	who_init(&inc->ack_by);
	who_init(&inc->widened_by);
	place_init(&inc->origin);
	paging_init(&inc->paging);
}

/* --- out --------------------------------------------------------------------------------- */

static void put_who(struct json_out *j, const char *key, const struct incident_who *w)
{
	if (!*w->name && !*w->person && !*w->user)
		return;
	json_out_object(j, key);
	json_out_some_str(j, "person", w->person);
	json_out_some_str(j, "user", w->user);
	json_out_some_str(j, "name", w->name);
	json_out_object_end(j);
}

static void put_lists(struct json_out *j, const struct incident *inc)
{
	json_out_array(j, "roles");
	for (size_t i = 0; i < inc->n_roles; i++) {
		json_out_object(j, NULL);
		json_out_str(j, "role", inc->roles[i].key);
		put_who(j, "who", &inc->roles[i].who);
		json_out_some_int(j, "at", inc->roles[i].at_ms);
		json_out_object_end(j);
	}
	json_out_array_end(j);
	json_out_array(j, "answers");
	for (size_t i = 0; i < inc->n_answers; i++) {
		json_out_object(j, NULL);
		json_out_str(j, "id", inc->answers[i].id);
		json_out_str(j, "value", inc->answers[i].value);
		json_out_object_end(j);
	}
	json_out_array_end(j);
	json_out_array(j, "items");
	for (size_t i = 0; i < inc->n_items; i++) {
		json_out_object(j, NULL);
		json_out_str(j, "title", inc->items[i].title);
		put_who(j, "by", &inc->items[i].by);
		json_out_some_int(j, "done", inc->items[i].done_ms);
		json_out_object_end(j);
	}
	json_out_array_end(j);
}

static void put_home(struct json_out *j, const struct incident *inc)
{
	json_out_object(j, "home");
	json_out_int(j, "platform", inc->home.platform);
	json_out_some_str(j, "channel", inc->home.channel);
	json_out_some_str(j, "root", inc->home.root_ts);
	json_out_some_bool(j, "wants_room", inc->home.wants_room);
	json_out_some_int(j, "moves", inc->home.moves);
	json_out_some_str(j, "room", inc->home.room);
	json_out_object_end(j);
	json_out_object(j, "origin");
	json_out_int(j, "platform", inc->origin.platform);
	json_out_some_str(j, "channel", inc->origin.channel);
	json_out_some_str(j, "thread", inc->origin.thread);
	json_out_object_end(j);
}

static void put_alert(struct json_out *j, const struct incident *inc)
{
	if (!*inc->alert_source)
		return;
	json_out_object(j, "alert");
	json_out_str(j, "source", inc->alert_source);
	json_out_some_str(j, "key", inc->alert_key);
	json_out_some_str(j, "episode", inc->alert_episode);
	json_out_some_str(j, "link", inc->alert_link);
	json_out_some_bool(j, "firing", inc->alert_firing);
	json_out_object_end(j);
}

static void put_course(struct json_out *j, const struct incident *inc)
{
	json_out_int(j, "declared", inc->declared_ms);
	put_who(j, "declared_by", &inc->declared_by);
	json_out_some_int(j, "resolved", inc->resolved_ms);
	put_who(j, "resolved_by", &inc->resolved_by);
	json_out_some_int(j, "closed", inc->closed_ms);
	json_out_some_str(j, "summary", inc->summary);
	json_out_some_str(j, "reason", inc->reason);
	json_out_some_str(j, "update", inc->update_text);
	json_out_some_int(j, "update_at", inc->update_ms);
	put_who(j, "update_by", &inc->update_by);
	json_out_some_int(j, "update_due", inc->update_due_ms);
	json_out_some_int(j, "activity", inc->activity_ms);
	put_who(j, "ack_by", &inc->ack_by);
	json_out_some_int(j, "ack_at", inc->ack_ms);
	json_out_some_int(j, "ack_expires", inc->ack_expires_ms);
	json_out_some_int(j, "postmortem_due", inc->postmortem_due_ms);
	json_out_some_int(j, "postmortem_done", inc->postmortem_done_ms);
	json_out_some_str(j, "postmortem_url", inc->postmortem_url);
	json_out_some_int(j, "widened", inc->widened_ms);
	put_who(j, "widened_by", &inc->widened_by);
}

void incident_encode(const struct incident *inc, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out);
	json_out_object(&j, NULL);
	json_out_str(&j, "id", inc->id);
	json_out_int(&j, "number", inc->number);
	json_out_str(&j, "title", inc->title);
	json_out_some_str(&j, "severity", inc->severity);
	json_out_str(&j, "status", incident_status_name(inc->status));
	json_out_some_bool(&j, "drill", inc->drill);
	json_out_some_bool(&j, "page", inc->page);
	json_out_some_bool(&j, "page_urgent", inc->page_urgent);
	json_out_some_str(&j, "page_target", inc->page_target);
	json_out_some_int(&j, "page_due", inc->page_due_ms);
	put_course(&j, inc);
	put_lists(&j, inc);
	put_home(&j, inc);
	put_alert(&j, inc);
	json_out_some_int(&j, "messages", inc->n_messages);
	json_out_some_int(&j, "key_events", inc->n_key_events);
	json_out_int(&j, "seq", inc->seq);
	json_out_object(&j, "paging");
	paging_encode(&j, &inc->paging);
	json_out_object_end(&j);
	json_out_object(&j, "reminders");
	reminders_encode(&j, &inc->reminders);
	json_out_object_end(&j);
	if (inc->alerts.n > 0) {
		json_out_object(&j, "alerts");
		alerts_encode(&j, &inc->alerts);
		json_out_object_end(&j);
	}
	json_out_object_end(&j);
}

/* --- in ---------------------------------------------------------------------------------- */

static void get_who(const json_t *o, const char *key, struct incident_who *w)
{
	const json_t *who = json_in_get(o, key);

	w->person = json_in_str(who, "person");
	w->user = json_in_str(who, "user");
	w->name = json_in_str(who, "name");
}

static void get_place(const json_t *o, struct place *p)
{
	int64_t platform = json_in_int(o, "platform");

	p->platform = platform == PLATFORM_SLACK || platform == PLATFORM_TEAMS ?
		(enum platform)platform : PLATFORM_NONE;
	p->channel = json_in_str(o, "channel");
	p->thread = json_in_str(o, "thread");
}

static void get_lists(const json_t *o, struct incident *inc)
{
	const json_t *list, *item;
	size_t i;

	list = json_in_get(o, "roles");
	json_array_foreach(list, i, item) {
		struct incident_role *r;

		if (inc->n_roles == INCIDENT_ROLES_MAX)
			break;
		r = &inc->roles[inc->n_roles++];
		r->key = json_in_str(item, "role");
		get_who(item, "who", &r->who);
		r->at_ms = json_in_int(item, "at");
	}
	list = json_in_get(o, "answers");
	json_array_foreach(list, i, item) {
		if (inc->n_answers == INCIDENT_ANSWERS_MAX)
			break;
		inc->answers[inc->n_answers].id = json_in_str(item, "id");
		inc->answers[inc->n_answers++].value = json_in_str(item, "value");
	}
	list = json_in_get(o, "items");
	json_array_foreach(list, i, item) {
		struct incident_item *it;

		if (inc->n_items == INCIDENT_ITEMS_MAX)
			break;
		it = &inc->items[inc->n_items++];
		it->title = json_in_str(item, "title");
		get_who(item, "by", &it->by);
		it->done_ms = json_in_int(item, "done");
	}
}

static void get_home(const json_t *o, struct incident *inc)
{
	const json_t *home = json_in_get(o, "home");
	const json_t *alert = json_in_get(o, "alert");
	struct place at;

	get_place(home, &at);
	inc->home.platform = at.platform;
	inc->home.channel = at.channel;
	inc->home.root_ts = json_in_str(home, "root");
	inc->home.wants_room = json_in_bool(home, "wants_room");
	inc->home.moves = json_in_int(home, "moves");
	inc->home.room = json_in_str(home, "room");
	get_place(json_in_get(o, "origin"), &inc->origin);
	inc->alert_source = json_in_str(alert, "source");
	inc->alert_key = json_in_str(alert, "key");
	inc->alert_episode = json_in_str(alert, "episode");
	inc->alert_link = json_in_str(alert, "link");
	inc->alert_firing = json_in_bool(alert, "firing");
}

static void get_course(const json_t *o, struct incident *inc)
{
	inc->declared_ms = json_in_int(o, "declared");
	get_who(o, "declared_by", &inc->declared_by);
	inc->resolved_ms = json_in_int(o, "resolved");
	get_who(o, "resolved_by", &inc->resolved_by);
	inc->closed_ms = json_in_int(o, "closed");
	inc->summary = json_in_str(o, "summary");
	inc->reason = json_in_str(o, "reason");
	inc->update_text = json_in_str(o, "update");
	inc->update_ms = json_in_int(o, "update_at");
	get_who(o, "update_by", &inc->update_by);
	inc->update_due_ms = json_in_int(o, "update_due");
	inc->activity_ms = json_in_int(o, "activity");
	get_who(o, "ack_by", &inc->ack_by);
	inc->ack_ms = json_in_int(o, "ack_at");
	inc->ack_expires_ms = json_in_int(o, "ack_expires");
	inc->postmortem_due_ms = json_in_int(o, "postmortem_due");
	inc->postmortem_done_ms = json_in_int(o, "postmortem_done");
	inc->postmortem_url = json_in_str(o, "postmortem_url");
	inc->widened_ms = json_in_int(o, "widened");
	get_who(o, "widened_by", &inc->widened_by);
}

int incident_decode(struct arena *a, const char *json, size_t len, struct incident *inc)
{
	const json_t *o = json_in_load(a, json, len);
	const char *status;
	size_t i;

	incident_init(inc);
	if (!o)
		return -1;
	inc->id = json_in_str(o, "id");
	status = json_in_str(o, "status");
	for (i = 0; i < INCIDENT_STATUSES && strcmp(status, status_names[i]) != 0; i++)
		;
	if (!*inc->id || i == INCIDENT_STATUSES)
		return -1;
	inc->status = (enum incident_status)i;
	inc->number = json_in_int(o, "number");
	inc->title = json_in_str(o, "title");
	inc->severity = json_in_str(o, "severity");
	inc->drill = json_in_bool(o, "drill");
	inc->page = json_in_bool(o, "page");
	inc->page_urgent = json_in_bool(o, "page_urgent");
	inc->page_target = json_in_str(o, "page_target");
	inc->page_due_ms = json_in_int(o, "page_due");
	get_course(o, inc);
	get_lists(o, inc);
	get_home(o, inc);
	inc->n_messages = json_in_int(o, "messages");
	inc->n_key_events = json_in_int(o, "key_events");
	inc->seq = json_in_int(o, "seq");
	paging_decode(a, json_in_get(o, "paging"), &inc->paging);
	reminders_decode(a, json_in_get(o, "reminders"), &inc->reminders);
	alerts_decode(a, json_in_get(o, "alerts"), &inc->alerts);
	return 0;
}
