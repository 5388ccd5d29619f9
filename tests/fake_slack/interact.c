/* interact.c - a person presses a button, fills in a modal, closes one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "blocks.h"
#include "events.h"
#include "fake.h"
#include "http.h"
#include "inputs.h"
#include "people.h"
#include "socket.h"
#include "workspace.h"

/* Who waits for which acknowledgement. */
struct interaction {
	uint64_t request;
	char user[24], view_id[24], channel[24], trigger[80];
	json_t *action; /* what was pressed, for the answer */
};

static void interaction_drop(void *arg)
{
	struct interaction *i = arg;

	json_decref(i->action);
	free(i);
}

static struct interaction *interaction_new(struct request *r, const char *user, const char *trigger)
{
	struct interaction *i = calloc(1, sizeof(*i));

	i->request = r->id;
	snprintf(i->user, sizeof(i->user), "%s", user);
	snprintf(i->trigger, sizeof(i->trigger), "%s", trigger);
	return i;
}

static json_t *payload_new(struct fake *f, const char *type, const char *user, const char *trigger)
{
	json_t *p = json_pack("{s:s, s:o, s:s, s:s, s:{s:s, s:s}, s:n, s:b}", "type", type, "user",
			      people_json(f, user), "api_app_id", f->ws->app_id, "token",
			      "deprecated-verification-token", "team", "id", f->ws->team_id, "domain",
			      f->ws->team_domain, "enterprise", "is_enterprise_install", 0);

	if (trigger)
		json_put(p, "trigger_id", trigger);
	return p;
}

static void press_acked(struct fake *f, const struct ack *ack, void *arg)
{
	struct interaction *i = arg;
	struct request *r = http_find(f, i->request);
	struct channel *ch = channel_find(f->ws, i->channel);
	json_t *out;

	if (!ack->acked && ch) {
		json_t *notice = json_pack("{s:s}", "text", "The app did not respond to that button.");

		event_ephemeral(f, ch, i->user, notice, "failure");
		json_decref(notice);
	}
	if (!r)
		return;
	out = json_pack("{s:b, s:b, s:f, s:s, s:s, s:O}", "ok", 1, "acked", ack->acked, "ms", ack->ms,
			"trigger_id", i->trigger, "envelope_id", ack->envelope_id, "action", i->action);
	if (ack->error)
		json_put(out, "error", ack->error);
	http_answer_json_owned(r, 200, out);
}

/* actions[0]: the element's own fields and what was chosen. */
static json_t *action_json(json_t *element, json_t *block, json_t *in)
{
	static const char *const carried[] = { "text", "value", "style", "url", "confirm",
					       "placeholder", NULL };
	bool button = !strcmp(json_text(element, "type"), "button");
	json_t *given = json_object_get(in, "values") ? json_object_get(in, "values") :
		json_object_get(in, "option") ? json_object_get(in, "option") :
		json_object_get(in, "value");
	json_t *action = button ? json_pack("{s:s}", "type", "button") : input_state(element, given);
	char ts[40];
	int64_t now = clock_wall_us();

	if (!action)
		return NULL;
	snprintf(ts, sizeof(ts), "%lld.%06lld", (long long)(now / 1000000), (long long)(now % 1000000));
	json_put(action, "action_id", json_text(element, "action_id"));
	json_put(action, "block_id", json_text(block, "block_id"));
	json_put(action, "action_ts", ts);
	for (const char *const *key = carried; *key; key++)
		if (json_object_get(element, *key) && (button || strcmp(*key, "value") != 0))
			json_object_set(action, *key, json_object_get(element, *key));
	return action;
}

/* Where the pressed thing stands: a message, an ephemeral message, or a view. */
struct place {
	struct channel *channel;
	struct message *message;
	json_t *ephemeral;
	struct view *view;
	json_t *blocks;
};

static bool place_find(struct fake *f, struct request *r, json_t *in, struct place *p)
{
	const char *ts = json_text(in, "ts");

	if (*json_text(in, "view_id")) {
		p->view = view_find(f->ws, json_text(in, "view_id"));
		p->blocks = p->view ? json_object_get(p->view->body, "blocks") : NULL;
		if (!p->view)
			people_fail(r, "view_not_found", json_text(in, "view_id"));
		return p->view != NULL;
	}
	p->channel = people_channel(f, r, in);
	if (!p->channel)
		return false;
	p->message = message_find(p->channel, ts);
	if (p->message)
		p->blocks = json_object_get(p->message->body, "blocks");
	else
		p->ephemeral = ephemeral_find(f->ws, p->channel->id, ts);
	if (p->ephemeral)
		p->blocks = json_object_get(p->ephemeral, "blocks");
	if (!p->message && !p->ephemeral)
		people_fail(r, "message_not_found", ts);
	return p->message || p->ephemeral;
}

static void place_describe(struct fake *f, const struct place *p, json_t *payload, const char *user)
{
	const char *ts = p->message ? p->message->ts : json_text(p->ephemeral, "ts");
	struct token *url;
	char text[400];
	json_t *container;

	if (p->view) {
		json_object_set_new(payload, "container", json_pack("{s:s, s:s}", "type", "view",
								    "view_id", p->view->id));
		json_object_set_new(payload, "view", view_json(f->ws, p->view, true));
		return;
	}
	container = json_pack("{s:s, s:s, s:s, s:b}", "type", "message", "message_ts", ts, "channel_id",
			      p->channel->id, "is_ephemeral", p->ephemeral != NULL);
	if (p->message && *p->message->thread_ts)
		json_put(container, "thread_ts", p->message->thread_ts);
	json_object_set_new(payload, "container", container);
	json_object_set_new(payload, "channel",
			    json_pack("{s:s, s:s}", "id", p->channel->id, "name",
				      p->channel->is_im ? "directmessage" :
				      p->channel->is_private ? "privategroup" : p->channel->name));
	if (p->message)
		json_object_set_new(payload, "message", message_json(p->message, false));
	json_object_set_new(payload, "state",
			    json_pack("{s:o}", "values", input_values(p->blocks, NULL, NULL, NULL)));
	url = token_new(f->ws, "actions", user);
	snprintf(url->channel, sizeof(url->channel), "%s", p->channel->id);
	snprintf(url->ts, sizeof(url->ts), "%s", ts);
	snprintf(url->thread_ts, sizeof(url->thread_ts), "%s",
		 p->message ? p->message->thread_ts : json_text(p->ephemeral, "thread_ts"));
	url->ephemeral = p->ephemeral != NULL;
	snprintf(text, sizeof(text), "%s%s", f->base_url, url->id);
	json_put(payload, "response_url", text);
}

void people_press(struct fake *f, struct request *r, json_t *in)
{
	struct place place = { 0 };
	const char *user = people_user(f, r, in);
	json_t *element, *block, *action, *payload;
	struct interaction *i;
	struct token *trigger;

	if (!user || !place_find(f, r, in, &place))
		return;
	element = input_find(place.blocks, json_text(in, "action_id"), json_text(in, "text"),
			     json_text(in, "value"), &block);
	if (!element && *json_text(in, "action_id")) /* value was a choice, not part of the search */
		element = input_find(place.blocks, json_text(in, "action_id"), "", "", &block);
	if (!element) {
		people_fail(r, "no_such_element", "nothing there has that action_id, text or value");
		return;
	}
	action = action_json(element, block, in);
	if (!action) {
		people_fail(r, "no_such_option", json_text(in, "value"));
		return;
	}
	trigger = token_new(f->ws, "t", user);
	if (place.view && json_object_get(in, "inputs")) { /* what stands in the other inputs now */
		json_t *values = input_values(place.blocks, json_object_get(in, "inputs"),
					      place.view->values, NULL);

		json_decref(place.view->values);
		place.view->values = values;
	}
	if (place.view) {
		json_t *states = json_object_get(place.view->values, json_text(block, "block_id"));

		snprintf(trigger->view_id, sizeof(trigger->view_id), "%s", place.view->id);
		if (states && strcmp(json_text(element, "type"), "button") != 0)
			json_object_set_new(states, json_text(element, "action_id"),
					    input_state(element, action));
	}
	payload = payload_new(f, "block_actions", user, trigger->id);
	place_describe(f, &place, payload, user);
	json_object_set_new(payload, "actions", json_pack("[O]", action));
	i = interaction_new(r, user, trigger->id);
	if (place.channel)
		snprintf(i->channel, sizeof(i->channel), "%s", place.channel->id);
	i->action = action;
	hub_send(f, "interactive", payload, false, press_acked, i, interaction_drop);
}

static const char *submission_take(struct fake *f, struct view *v, json_t *answer);

static void submit_acked(struct fake *f, const struct ack *ack, void *arg)
{
	struct interaction *i = arg;
	struct request *r = http_find(f, i->request);
	struct view *v = view_find(f->ws, i->view_id);
	const char *action = ack->acked ? json_text(ack->payload, "response_action") : "";
	json_t *out, *errors = NULL;
	const char *wrong = NULL;

	if (ack->acked && v) {
		if (!strcmp(action, "errors"))
			errors = json_object_get(ack->payload, "errors");
		wrong = submission_take(f, v, ack->payload);
	}
	fake_changed(f, "view", NULL, i->user);
	if (!r)
		return;
	out = json_pack("{s:b, s:b, s:b, s:f, s:s, s:s, s:O?, s:O?}", "ok", 1, "submitted", 1, "acked",
			ack->acked, "ms", ack->ms, "trigger_id", i->trigger, "response_action", action,
			"errors", errors, "response", ack->payload);
	if (ack->error || wrong)
		json_put(out, "error", ack->error ? ack->error : wrong);
	v = view_top(f->ws, i->user);
	json_object_set_new(out, "open_view", v ? json_string(v->id) : json_null());
	http_answer_json_owned(r, 200, out);
}

static void views_clear(struct fake *f, const char *user)
{
	struct view *v;

	while ((v = view_top(f->ws, user)))
		view_drop(f->ws, v);
}

static bool errors_check(struct fake *f, struct view *v, json_t *errors)
{
	json_t *block, *value;
	const char *id;
	bool good = json_is_object(errors) && json_object_size(errors);

	json_object_foreach(errors, id, value) {
		bool found = false;
		size_t i;

		json_array_foreach(json_object_get(v->body, "blocks"), i, block)
			found = found || (!strcmp(json_text(block, "block_id"), id) &&
					  !strcmp(json_text(block, "type"), "input"));
		if (!found || !json_is_string(value)) {
			good = false;
			fake_complain(f, "refused", "ack of view_submission", "invalid_errors",
				      "%s is not an input block of the view", id);
		}
	}
	return good;
}

/* Does what the answer to a submission says. Returns an error code when it is wrong. */
static const char *submission_take(struct fake *f, struct view *v, json_t *answer)
{
	const char *action = json_text(answer, "response_action"), *wrong;
	char user[24], id[24];
	json_t *view = json_object_get(answer, "view");

	snprintf(user, sizeof(user), "%s", v->user);
	snprintf(id, sizeof(id), "%s", v->id);
	if (!answer || !json_object_size(answer)) {
		view_drop(f->ws, v);
		return NULL;
	}
	if (!strcmp(action, "clear")) {
		views_clear(f, user);
		return NULL;
	}
	if (!strcmp(action, "errors")) {
		json_t *errors = json_object_get(answer, "errors");

		if (!errors_check(f, v, errors))
			return "invalid_errors";
		json_decref(v->errors);
		v->errors = json_deep_copy(errors);
		return NULL;
	}
	if (!strcmp(action, "update")) {
		wrong = api_view_replace(f, v, view, "ack of view_submission");
		return wrong;
	}
	if (!strcmp(action, "push")) {
		wrong = api_view_push(f, user, id, view, "ack of view_submission");
		return wrong;
	}
	fake_complain(f, "refused", "ack of view_submission", "invalid_response_action", "%s", action);
	return "invalid_response_action";
}

static struct view *view_wanted(struct fake *f, struct request *r, json_t *in, const char *user)
{
	const char *id = json_text(in, "view_id");
	struct view *v = *id ? view_find(f->ws, id) : view_top(f->ws, user);

	if (!v || strcmp(v->user, user) != 0) {
		people_fail(r, "view_not_found", *id ? id : "no view is open for that person");
		return NULL;
	}
	return v;
}

void people_submit(struct fake *f, struct request *r, json_t *in)
{
	const char *user = people_user(f, r, in);
	struct view *v = user ? view_wanted(f, r, in, user) : NULL;
	json_t *errors, *payload;
	struct interaction *i;
	struct token *trigger;

	if (!v)
		return;
	errors = json_object();
	json_decref(v->errors);
	v->errors = NULL;
	{
		json_t *values = input_values(json_object_get(v->body, "blocks"),
					      json_object_get(in, "values"), v->values, errors);

		json_decref(v->values);
		v->values = values;
	}
	if (json_object_size(errors) && !json_flag(in, "force", false)) {
		v->errors = errors;
		fake_changed(f, "view", NULL, user);
		http_answer_json_owned(r, 200, json_pack("{s:b, s:b, s:b, s:O}", "ok", 1, "submitted", 0,
							 "acked", 0, "errors", errors));
		return;
	}
	json_decref(errors);
	trigger = token_new(f->ws, "t", user);
	snprintf(trigger->view_id, sizeof(trigger->view_id), "%s", v->id);
	payload = payload_new(f, "view_submission", user, trigger->id);
	json_object_set_new(payload, "view", view_json(f->ws, v, true));
	json_object_set_new(payload, "response_urls", json_array());
	i = interaction_new(r, user, trigger->id);
	snprintf(i->view_id, sizeof(i->view_id), "%s", v->id);
	hub_send(f, "interactive", payload, true, submit_acked, i, interaction_drop);
}

static void close_acked(struct fake *f, const struct ack *ack, void *arg)
{
	const struct interaction *i = arg;
	struct request *r = http_find(f, i->request);

	if (r)
		http_answer_json_owned(r, 200, json_pack("{s:b, s:b, s:b, s:f}", "ok", 1, "told", 1,
							 "acked", ack->acked, "ms", ack->ms));
}

void people_close_view(struct fake *f, struct request *r, json_t *in)
{
	const char *user = people_user(f, r, in);
	struct view *v = user ? view_wanted(f, r, in, user) : NULL, *root;
	bool cleared = json_flag(in, "clear", false);
	json_t *payload;

	if (!v)
		return;
	root = cleared ? view_find(f->ws, v->root_id) : v;
	if (root)
		v = root;
	payload = NULL;
	if (json_flag(v->body, "notify_on_close", false)) {
		payload = payload_new(f, "view_closed", user, NULL);
		json_object_set_new(payload, "view", view_json(f->ws, v, false));
		json_object_set_new(payload, "is_cleared", json_boolean(cleared));
	}
	if (cleared)
		views_clear(f, user);
	else
		view_drop(f->ws, v);
	fake_changed(f, "view", NULL, user);
	if (payload)
		hub_send(f, "interactive", payload, false, close_acked, interaction_new(r, user, ""),
			 interaction_drop);
	else
		http_answer_json_owned(r, 200, json_pack("{s:b, s:b}", "ok", 1, "told", 0));
}
