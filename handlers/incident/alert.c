/* alert.c - a monitoring system reports: alerts.h says what becomes of it. What an alert says is
 * data: it is shown, never followed. */
#include "handlers/incident/verbs.h"

#include <string.h>
#include <strings.h>

#include "tocsin/alerts.h"
#include "tocsin/arena.h"
#include "tocsin/json_in.h"
#include "tocsin/plan.h"
#include "tocsin/snapshot.h"

/* Where an alert, or a group of them, leads. */
struct lead {
	const char *doc;      /* "alert:prom:KEY"; NULL: there is no such name */
	int64_t version;      /* 0: not there yet */
	const char *incident; /* "INC-42", "" : none */
};

/* STEP_NEED: asked for. */
static enum step lead_load(struct context *cx, const char *kind, const char *name, struct lead *l)
{
	const struct fact *f;
	const struct json_t *o;

	*l = (struct lead){NULL, 0, ""};
	if (!*name)
		return STEP_DONE;
	l->doc = arena_printf(cx->arena, "%s:%s:%s", kind, cx->req->alert.source, name);
	f = fact_want(cx, arena_printf(cx->arena, "doc:%s", l->doc));
	if (f->state == FACT_NOT_LOADED)
		return STEP_NEED;
	if (f->state == FACT_KNOWN) {
		l->version = f->version;
		o = json_in_load(cx->arena, f->value, f->len);
		l->incident = o ? json_in_str(o, "incident") : "";
	}
	return STEP_DONE;
}

static void lead_save(struct context *cx, const struct lead *l, const struct incident *inc)
{
	struct data d;

	if (!l->doc || strcmp(l->incident, inc->id) == 0)
		return;
	data_begin(cx, &d);
	json_out_str(&d.j, "incident", inc->id);
	effects_put(cx->out, l->doc, l->version, data_end(&d), NULL);
}

/* --- the list in the incident -------------------------------------------------------------- */

static struct incident_alert *find(struct incident_alerts *al, const struct alert *a)
{
	for (unsigned i = 0; i < al->n; i++)
		if (strcmp(al->items[i].key, a->key) == 0 && strcmp(al->items[i].source, a->source) == 0)
			return &al->items[i];
	return NULL;
}

static unsigned firing(const struct incident_alerts *al)
{
	unsigned n = al->more_firing;

	for (unsigned i = 0; i < al->n; i++)
		n += al->items[i].firing;
	return n;
}

static void take(struct context *cx, struct incident_alert *it, const struct alert *a)
{
	it->source = a->source;
	it->key = a->key;
	it->episode = a->episode;
	it->title = args_cut(cx->arena, a->title, INCIDENT_TITLE_MAX);
	it->link = a->link;
	it->severity = args_cut(cx->arena, a->severity, 40);
	it->firing = a->firing;
	it->since_ms = it->said_ms = cx->req->now_ms;
}

/* The oldest of those that no longer fire makes room; else the new one is only counted. */
static void add(struct context *cx, struct incident_alerts *al, const struct alert *a)
{
	unsigned i = 0;

	if (!al->items)
		al->items = ARENA_ARRAY(cx->arena, struct incident_alert, ALERTS_MAX);
	if (al->n < ALERTS_MAX) {
		take(cx, &al->items[al->n++], a);
		return;
	}
	al->more++;
	while (i < al->n && al->items[i].firing)
		i++;
	if (i == al->n) {
		al->more_firing += a->firing;
		return;
	}
	memmove(&al->items[i], &al->items[i + 1], (al->n - i - 1) * sizeof(*al->items));
	memset(&al->items[al->n - 1], 0, sizeof(*al->items));
	take(cx, &al->items[al->n - 1], a);
}

/* --- what is said -------------------------------------------------------------------------- */

static void data_alert(struct json_out *j, const struct alert *a)
{
	json_out_object(j, "alert");
	json_out_str(j, "source", a->source);
	json_out_str(j, "title", a->title);
	json_out_str(j, "severity", a->severity);
	json_out_str(j, "service", a->service);
	json_out_str(j, "description", a->description);
	json_out_str(j, "link", a->link);
	json_out_object_end(j);
}

static void data_counts(struct json_out *j, const struct incident *inc, const struct alert *a)
{
	const struct incident_alerts *al = &inc->alerts;

	json_out_int(j, "firing", firing(al));
	json_out_int(j, "total", al->n + al->more);
	json_out_int(j, "more", al->more);
	json_out_int(j, "left_out", a->truncated);
	json_out_bool(j, "all_resolved", firing(al) == 0);
}

static void say(struct context *cx, struct incident *inc, const char *template_name, bool aloud)
{
	struct data d;

	data_begin_inc(cx, &d, inc);
	data_alert(&d.j, &cx->req->alert);
	data_counts(&d.j, inc, &cx->req->alert);
	incident_post(cx, inc, "alert", template_name, data_end(&d), aloud);
}

/* One message that lists them all; made once, then changed. */
static void say_list(struct context *cx, struct incident *inc)
{
	struct incident_alerts *al = &inc->alerts;
	struct send s = {.lane = LANE_CHAT, .template_name = "alert/list"};
	struct data d;

	data_begin_inc(cx, &d, inc);
	data_alert(&d.j, &cx->req->alert);
	data_counts(&d.j, inc, &cx->req->alert);
	json_out_array(&d.j, "alerts");
	for (unsigned i = 0; i < al->n; i++) {
		const struct incident_alert *it = &al->items[i];

		json_out_object(&d.j, NULL);
		json_out_str(&d.j, "title", it->title);
		json_out_str(&d.j, "link", it->link);
		json_out_str(&d.j, "severity", it->severity);
		json_out_bool(&d.j, "fires", it->firing);
		json_out_int(&d.j, "since", seconds(it->since_ms));
		json_out_object_end(&d.j);
	}
	json_out_array_end(&d.j);
	s.op = al->posts ? "chat.update" : "chat.post";
	s.entity = incident_entity(cx, inc);
	s.key = arena_printf(cx->arena, "%s/alerts/%u", inc->id, ++al->posts);
	s.ref = arena_printf(cx->arena, "%s/alerts", inc->id);
	s.to = (struct place){inc->home.platform, inc->home.channel, ""};
	if (al->posts == 1)
		s.thread_ref = arena_printf(cx->arena, "%s/root", inc->id);
	s.data = data_end(&d);
	effects_send(cx->out, &s);
}

static void log_alert(struct context *cx, struct incident *inc, const char *what)
{
	const struct alert *a = &cx->req->alert;
	struct json_out j;
	struct buf b;

	incident_log_begin(cx, &j, &b, what, NULL);
	json_out_str(&j, "text", a->title);
	json_out_str(&j, "source", a->source);
	json_out_str(&j, "key", a->key);
	if (*a->severity)
		json_out_str(&j, "severity", a->severity);
	incident_log_end(cx, inc, &j);
}

/* --- severity ------------------------------------------------------------------------------ */

/* false: the plan wants no incident for this word. */
static bool severity_of(struct context *cx, const struct plan_alert_source *src, const char *word,
	const struct plan_severity **sev)
{
	const char *key = src->otherwise;

	for (size_t i = 0; i < src->n_severities; i++) {
		if (strcasecmp(src->severities[i].label, word) == 0) {
			key = src->severities[i].severity;
			break;
		}
	}
	*sev = key ? plan_severity(cx->plan, key) : NULL;
	return *sev != NULL;
}

static size_t rank(const struct plan *plan, const char *key)
{
	size_t i;

	for (i = 0; i < plan->n_severities && strcmp(plan->severities[i].key, key) != 0; i++)
		;
	return i;
}

/* A critical alert must not sleep in an incident that pages nobody. */
static void make_worse(struct context *cx, struct incident *inc, const struct plan_severity *sev)
{
	const char *before = inc->severity;
	struct json_out j;
	struct buf b;
	struct data d;

	if (rank(cx->plan, sev->key) >= rank(cx->plan, inc->severity))
		return;
	inc->severity = sev->key;
	inc->root_dirty = true;
	incident_set_due(cx, inc);
	incident_log_begin(cx, &j, &b, "severity", NULL);
	json_out_str(&j, "from", before);
	json_out_str(&j, "to", inc->severity);
	json_out_str(&j, "text", cx->req->alert.title);
	incident_log_end(cx, inc, &j);
	data_begin_inc(cx, &d, inc);
	data_alert(&d.j, &cx->req->alert);
	json_out_str(&d.j, "before", before);
	incident_post(cx, inc, "alert", "alert/worse", data_end(&d), true);
	if (sev->room == PLAN_ROOM_CHANNEL && !*inc->home.room && !inc->home.wants_room)
		incident_want_room(cx, inc);
	paging_severity(cx, inc);
}

/* --- what happened ------------------------------------------------------------------------- */

static enum step ignored(struct context *cx, const char *why)
{
	struct data d;

	data_begin(cx, &d);
	json_out_str(&d.j, "reason", "ignored");
	json_out_bool(&d.j, why, true);
	data_alert(&d.j, &cx->req->alert);
	effects_refuse(cx->out, "alert/ignored", data_end(&d));
	return STEP_REFUSED;
}

static enum step declare(struct context *cx, const struct plan_alert_source *src,
	const struct plan_severity *sev, struct incident **inc)
{
	const struct alert *a = &cx->req->alert;
	const struct plan_channel *channel = src->channel ? plan_channel(cx->plan, src->channel) : NULL;
	const struct incident_declaration d = {
		.title = a->title,
		.severity = sev->key,
		.by = {"", "", src->key},
		.origin = {PLATFORM_SLACK, "", ""},
		.alert_source = a->source,
		.alert_key = a->key,
		.alert_episode = a->episode,
		.alert_link = a->link,
		.channel = channel ? channel->slack : NULL,
	};

	return incident_declare(cx, &d, inc);
}

/* Fires, and no open incident is about it. */
static enum step begins(struct context *cx, const struct plan_alert_source *src, const struct lead *one,
	const struct lead *group)
{
	const struct plan_severity *sev;
	struct incident *inc;
	enum step step;

	if (!severity_of(cx, src, cx->req->alert.severity, &sev))
		return ignored(cx, "no_incident");
	step = declare(cx, src, sev, &inc);
	if (step != STEP_DONE)
		return step;
	add(cx, &inc->alerts, &cx->req->alert);
	log_alert(cx, inc, "alert");
	say_list(cx, inc);
	lead_save(cx, one, inc);
	lead_save(cx, group, inc);
	incident_save(cx, inc);
	return STEP_DONE;
}

static enum step joins(struct context *cx, const struct plan_alert_source *src, struct incident *inc,
	const struct lead *one)
{
	const struct plan_severity *sev;

	if (!severity_of(cx, src, cx->req->alert.severity, &sev))
		return ignored(cx, "no_incident");
	add(cx, &inc->alerts, &cx->req->alert);
	inc->alerts.suggested = false;
	log_alert(cx, inc, "alert");
	say_list(cx, inc);
	make_worse(cx, inc, sev);
	lead_save(cx, one, inc);
	incident_save(cx, inc);
	return STEP_DONE;
}

/* The sender calls the same alert something else now: a graver word counts, a milder one does not.
 * A word that did not change is no news, also where somebody has lowered the severity since. */
static void worsens(struct context *cx, const struct plan_alert_source *src, struct incident *inc,
	struct incident_alert *it)
{
	const struct alert *a = &cx->req->alert;
	const struct plan_severity *sev;
	const char *before = it->severity;

	it->severity = args_cut(cx->arena, a->severity, 40);
	if (strcmp(before, it->severity) == 0)
		return;
	say_list(cx, inc);
	if (severity_of(cx, src, a->severity, &sev))
		make_worse(cx, inc, sev);
}

/* The same alert once more, in an open incident. */
static void repeats(struct context *cx, const struct plan_alert_source *src, struct incident *inc,
	struct incident_alert *it)
{
	const struct alert *a = &cx->req->alert;
	const struct plan_severity *sev;

	if (it->firing && strcmp(it->episode, a->episode) == 0) {
		it->repeats++;
		worsens(cx, src, inc, it);
		if (cx->req->now_ms < it->said_ms + ALERTS_QUIET_MS)
			return;
		it->said_ms = cx->req->now_ms;
		log_alert(cx, inc, "alert_again");
		return;
	}
	/* It went away, or a new episode of it began without that. */
	take(cx, it, a);
	inc->alerts.suggested = false;
	log_alert(cx, inc, "alert_again");
	say(cx, inc, "alert/again", true);
	say_list(cx, inc);
	if (severity_of(cx, src, a->severity, &sev))
		make_worse(cx, inc, sev);
}

/* Somebody resolved the incident and the alert goes on: no new incident, but said. */
static void still(struct context *cx, struct incident *inc, struct incident_alert *it)
{
	it->repeats++;
	if (inc->status != INCIDENT_RESOLVED || cx->req->now_ms < it->said_ms + 12 * ALERTS_QUIET_MS)
		return;
	it->said_ms = cx->req->now_ms;
	log_alert(cx, inc, "alert_again");
	say(cx, inc, "alert/still", true);
}

static void ends(struct context *cx, struct incident *inc, struct incident_alert *it)
{
	struct incident_alerts *al = &inc->alerts;
	bool over;

	if (it)
		it->firing = false;
	else if (al->more_firing > 0)
		al->more_firing--;
	over = firing(al) == 0;
	log_alert(cx, inc, "alert_resolved");
	say_list(cx, inc);
	if (inc->status >= INCIDENT_CLOSED || (!over && al->n + al->more > ALERTS_SAID_MAX))
		return;
	say(cx, inc, over && incident_is_open(inc) && !al->suggested ? "alert/all_resolved" :
		"alert/resolved", false);
	al->suggested = al->suggested || over;
}

/* The first alert is shown in the root message. */
static void keep_first(struct incident *inc, const struct alert *a)
{
	if (strcmp(inc->alert_key, a->key) == 0 && strcmp(inc->alert_source, a->source) == 0)
		inc->alert_firing = a->firing;
}

/* The alert's own incident. False: it is over, and this is a new story. */
static bool known(struct context *cx, const struct plan_alert_source *src, struct incident *inc)
{
	const struct alert *a = &cx->req->alert;
	struct incident_alert *it = find(&inc->alerts, a);
	bool listed = it != NULL;

	if (!a->firing) {
		if (!listed || it->firing)
			ends(cx, inc, it);
	} else if (incident_is_open(inc)) {
		/* One of those that are only counted: nothing is known about its episode. */
		if (listed)
			repeats(cx, src, inc, it);
	} else if (listed && it->firing && strcmp(it->episode, a->episode) == 0) {
		still(cx, inc, it);
	} else {
		return false;
	}
	keep_first(inc, a);
	incident_save(cx, inc);
	return true;
}

enum step incident_alert(struct context *cx)
{
	const struct alert *a = &cx->req->alert;
	const struct plan_alert_source *src = plan_alert_source(cx->plan, a->source);
	struct incident *inc = NULL;
	struct lead one, group;
	enum step step, also;

	if (!src)
		return ignored(cx, "no_source");
	step = lead_load(cx, "alert", a->key, &one);
	also = lead_load(cx, "alertgroup", a->group, &group);
	if (step != STEP_DONE || also != STEP_DONE)
		return STEP_NEED;
	if (*one.incident) {
		step = incident_load(cx, one.incident, &inc);
		if (step != STEP_DONE)
			return step;
		if (inc && known(cx, src, inc))
			return STEP_DONE;
	}
	if (!a->firing)
		return ignored(cx, "not_known");
	if (*group.incident) {
		step = incident_load(cx, group.incident, &inc);
		if (step != STEP_DONE)
			return step;
		if (inc && incident_is_open(inc))
			return joins(cx, src, inc, &one);
	}
	return begins(cx, src, &one, &group);
}
