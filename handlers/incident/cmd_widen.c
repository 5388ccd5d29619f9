/* cmd_widen.c - `widen`: a bigger group is told, but only after somebody who may has said so. */
#include "handlers/incident/verbs.h"

#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/plan.h"
#include "tocsin/targets.h"

static bool may_confirm(struct context *cx, const struct call *call)
{
	const struct plan_incident *pi = &cx->plan->incident;
	struct targets t = {.cx = cx};

	if (pi->n_widespread_confirm == 0)
		return true;
	for (size_t i = 0; i < pi->n_widespread_confirm; i++) {
		const struct incident_role *r = incident_role(call->inc, pi->widespread_confirm[i]);

		if (r && *r->who.person && strcmp(r->who.person, call->by.person) == 0)
			return true;
		targets_add(&t, cx->plan, call->inc, pi->widespread_confirm[i], cx->req->now_ms);
	}
	for (size_t i = 0; i < t.n; i++)
		if (strcmp(t.people[i]->key, call->by.person) == 0)
			return true;
	return false;
}

static void data_widen(struct context *cx, const struct incident *inc, struct data *d)
{
	const struct plan_incident *pi = &cx->plan->incident;

	data_begin_inc(cx, d, inc);
	data_root(cx, inc, &d->j);
	json_out_str(&d->j, "wider", pi->widespread_channel);
	if (pi->widespread_when)
		json_out_str(&d->j, "when", pi->widespread_when);
	incident_who_data(&d->j, "by", &call_of(cx)->by);
	data_people(cx, &d->j, "confirm", pi->widespread_confirm, pi->n_widespread_confirm, inc);
	if (inc->widened_ms) {
		json_out_int(&d->j, "widened_at", seconds(inc->widened_ms));
		incident_who_data(&d->j, "widened_by", &inc->widened_by);
	}
}

static void tell(struct context *cx, struct incident *inc, const struct plan_channel *channel)
{
	struct send s = {.lane = LANE_CHAT, .op = "chat.post", .template_name = "incident/widened"};
	struct data d;

	data_widen(cx, inc, &d);
	s.data = data_end(&d);
	s.entity = incident_entity(cx, inc);
	s.key = incident_key(cx, inc, "wider");
	s.to = (struct place){inc->home.platform, channel->slack, ""};
	effects_send(cx->out, &s);
}

enum step verb_widen(struct context *cx)
{
	struct call *call = call_of(cx);
	struct incident *inc = call->inc;
	const char *key = cx->plan->incident.widespread_channel;
	const struct plan_channel *channel = key ? plan_channel(cx->plan, key) : NULL;
	bool confirmed;
	struct data d;

	if (!channel || !channel->slack)
		return refuse(cx, "incident/widen_none");
	data_widen(cx, inc, &d);
	if (!incident_is_open(inc))
		return answer_refused(cx, "incident/over", &d);
	if (inc->widened_ms)
		return answer_refused(cx, "incident/widen_already", &d);
	confirmed = may_confirm(cx, call);
	incident_activity(cx, inc);
	if (confirmed) {
		inc->widened_ms = cx->req->now_ms;
		inc->widened_by = call->by;
		incident_log(cx, inc, "widened", &call->by, key);
		tell(cx, inc, channel);
	} else {
		incident_log(cx, inc, "widen_asked", &call->by, key);
	}
	incident_post(cx, inc, "widen", confirmed ? "incident/widen_said" : "incident/widen_ask",
		data_end(&d), false);
	incident_save(cx, inc);
	return done(cx, inc);
}
