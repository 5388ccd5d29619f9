/* data.c - pieces of template data that several messages share. */
#include "handlers/incident/verbs.h"

#include <ctype.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/plan.h"
#include "tocsin/targets.h"

int64_t seconds(int64_t ms)
{
	return ms / 1000;
}

/* Somebody, when there is somebody. */
void data_person(struct context *cx, struct json_out *j, const char *key,
	const struct incident_who *who)
{
	(void)cx;
	if (*who->name)
		incident_who_data(j, key, who);
}

static void data_time(struct json_out *j, const char *key, int64_t ms)
{
	if (ms)
		json_out_int(j, key, seconds(ms));
}

void data_people(struct context *cx, struct json_out *j, const char *key,
	const char *const *targets, size_t n, const struct incident *inc)
{
	struct targets t = {.cx = cx};

	for (size_t i = 0; i < n; i++)
		targets_add(&t, cx->plan, inc, targets[i], cx->req->now_ms);
	json_out_array(j, key);
	for (size_t i = 0; i < t.n; i++) {
		const struct plan_person *p = t.people[i];

		json_out_object(j, NULL);
		json_out_str(j, "name", p->name ? p->name : p->key);
		json_out_str(j, "person", p->key);
		json_out_bool(j, "next", i > 0); /* a comma goes before it */
		json_out_object_end(j);
	}
	json_out_array_end(j);
}

static const char *answer_to(const struct incident *inc, const char *id)
{
	for (size_t i = 0; i < inc->n_answers; i++)
		if (strcmp(inc->answers[i].id, id) == 0 && *inc->answers[i].value)
			return inc->answers[i].value;
	return NULL;
}

void incident_answers_data(struct context *cx, const struct incident *inc, struct json_out *j)
{
	const struct plan_incident *pi = &cx->plan->incident;
	bool any = false, lacking = false;

	json_out_array(j, "answers");
	for (size_t i = 0; i < pi->n_collect; i++) {
		const char *value = answer_to(inc, pi->collect[i].id);

		if (!value)
			continue;
		any = true;
		json_out_object(j, NULL);
		json_out_str(j, "ask", pi->collect[i].ask);
		json_out_str(j, "value", value);
		json_out_object_end(j);
	}
	json_out_array_end(j);
	json_out_array(j, "missing");
	for (size_t i = 0; i < pi->n_collect; i++) {
		if (answer_to(inc, pi->collect[i].id))
			continue;
		json_out_object(j, NULL);
		json_out_str(j, "ask", pi->collect[i].ask);
		json_out_bool(j, "next", lacking);
		lacking = true;
		json_out_object_end(j);
	}
	json_out_array_end(j);
	json_out_bool(j, "known", any);
	json_out_bool(j, "lacking", lacking);
}

const char *track_url(struct context *cx, const struct incident *inc)
{
	const char *url = cx->plan->incident.track_document, *tag;
	struct buf b;

	if (!url)
		return NULL;
	buf_init_arena(&b, cx->arena, 4096);
	while ((tag = strstr(url, "{{id}}"))) {
		buf_add(&b, url, (size_t)(tag - url));
		buf_str(&b, inc->id);
		url = tag + 6;
	}
	buf_str(&b, url);
	return buf_text(&b);
}

void data_links(struct context *cx, const struct incident *inc, struct json_out *j)
{
	const struct plan_incident *pi = &cx->plan->incident;
	const char *track = track_url(cx, inc);

	json_out_array(j, "links");
	for (size_t i = 0; i < pi->n_links; i++) {
		json_out_object(j, NULL);
		json_out_bool(j, "next", i > 0);
		json_out_str(j, "title", pi->links[i].title);
		json_out_str(j, "url", pi->links[i].url);
		json_out_object_end(j);
	}
	json_out_array_end(j);
	if (track)
		json_out_str(j, "track", track);
	if (*inc->alert_link)
		json_out_str(j, "alert_link", inc->alert_link);
	json_out_bool(j, "any_link", pi->n_links > 0);
	json_out_bool(j, "before_alert", pi->n_links > 0 || track);
	json_out_bool(j, "linked", pi->n_links > 0 || track || *inc->alert_link);
}

void data_severities(struct context *cx, struct json_out *j, const char *chosen)
{
	json_out_array(j, "severities");
	for (size_t i = 0; i < cx->plan->n_severities; i++) {
		const struct plan_severity *s = &cx->plan->severities[i];

		json_out_object(j, NULL);
		json_out_str(j, "key", s->key);
		json_out_str(j, "means", s->means ? args_cut(cx->arena, s->means, 60) : "");
		json_out_bool(j, "chosen", strcmp(s->key, chosen) == 0);
		json_out_object_end(j);
	}
	json_out_array_end(j);
}

/* "tech-lead" as a heading: "Tech lead". */
static const char *role_label(struct context *cx, const char *key)
{
	char *label = arena_strndup(cx->arena, key, strlen(key));

	for (char *s = label; *s; s++)
		if (*s == '-' || *s == '_')
			*s = ' ';
	*label = (char)toupper((unsigned char)*label);
	return label;
}

static void data_roles(struct context *cx, const struct incident *inc, struct json_out *j)
{
	const struct plan_incident *pi = &cx->plan->incident;
	bool any = false;

	json_out_array(j, "roles");
	for (size_t i = 0; i < inc->n_roles; i++) {
		json_out_object(j, NULL);
		json_out_str(j, "role", inc->roles[i].key);
		json_out_str(j, "label", role_label(cx, inc->roles[i].key));
		json_out_bool(j, "next", i > 0);
		incident_who_data(j, "who", &inc->roles[i].who);
		json_out_object_end(j);
	}
	json_out_array_end(j);
	json_out_array(j, "vacant");
	for (size_t i = 0; i < pi->n_roles; i++) {
		bool held = false;

		for (size_t k = 0; k < inc->n_roles && !held; k++)
			held = strcmp(inc->roles[k].key, pi->roles[i].key) == 0;
		if (held)
			continue;
		any = true;
		json_out_object(j, NULL);
		json_out_str(j, "role", pi->roles[i].key);
		json_out_str(j, "label", role_label(cx, pi->roles[i].key));
		json_out_object_end(j);
	}
	json_out_array_end(j);
	json_out_bool(j, "vacancies", any);
}

/* Everything that the root message and `show` say about the present state. */
void data_root(struct context *cx, const struct incident *inc, struct json_out *j)
{
	size_t done = 0;

	data_roles(cx, inc, j);
	data_person(cx, j, "ack", &inc->ack_by);
	json_out_bool(j, "unacked", incident_is_open(inc) && !incident_is_acked(inc));
	data_time(j, "ack_at", inc->ack_ms);
	data_time(j, "ack_expires", inc->ack_expires_ms);
	if (incident_is_open(inc))
		data_time(j, "update_due", inc->update_due_ms);
	if (*inc->update_text) {
		json_out_str(j, "update", inc->update_text);
		data_time(j, "update_at", inc->update_ms);
		data_person(cx, j, "update_by", &inc->update_by);
	}
	data_time(j, "resolved_at", inc->resolved_ms);
	data_person(cx, j, "resolved_by", &inc->resolved_by);
	if (*inc->summary)
		json_out_str(j, "summary", inc->summary);
	if (*inc->reason)
		json_out_str(j, "reason", inc->reason);
	data_time(j, "closed_at", inc->closed_ms);
	for (size_t i = 0; i < inc->n_items; i++)
		done += inc->items[i].done_ms != 0;
	if (inc->n_items) {
		json_out_int(j, "items", (int64_t)inc->n_items);
		json_out_int(j, "items_done", (int64_t)done);
	}
	if (inc->postmortem_due_ms && !inc->postmortem_done_ms)
		data_time(j, "postmortem_due", inc->postmortem_due_ms);
	data_time(j, "postmortem_done", inc->postmortem_done_ms);
	if (*inc->postmortem_url)
		json_out_str(j, "postmortem_url", inc->postmortem_url);
	data_links(cx, inc, j);
	incident_answers_data(cx, inc, j);
}
