/* api_views.c - views.*: modals and home tabs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "blocks.h"
#include "fake.h"
#include "inputs.h"
#include "workspace.h"

#define STACK_MAX 3

static size_t stack_depth(struct workspace *ws, const char *user)
{
	size_t n = 0;

	for (struct view *v = ws->views; v; v = v->next)
		n += !v->home && !strcmp(v->user, user);
	return n;
}

/* Takes over a new body; keeps what the person has typed where block_id and action_id stay. */
static void view_fill(struct view *v, json_t *body)
{
	json_t *values, *nothing = json_object();

	json_decref(v->body);
	v->body = json_deep_copy(body);
	blocks_complete(json_object_get(v->body, "blocks"));
	values = input_values(json_object_get(v->body, "blocks"), NULL, v->values, nothing);
	json_decref(v->values);
	v->values = values;
	json_decref(v->errors);
	v->errors = NULL;
	json_decref(nothing);
	view_hash(v);
}

static struct view *view_new(struct workspace *ws, const char *user, json_t *body, const char *on,
			     bool home)
{
	struct view *v = calloc(1, sizeof(*v)), *below = on ? view_find(ws, on) : NULL;

	workspace_id(ws, 'V', v->id);
	snprintf(v->user, sizeof(v->user), "%s", user);
	snprintf(v->root_id, sizeof(v->root_id), "%s", below ? below->root_id : v->id);
	snprintf(v->previous_id, sizeof(v->previous_id), "%s", below ? below->id : "");
	v->home = home;
	view_fill(v, body);
	v->next = ws->views;
	ws->views = v;
	return v;
}

static json_t *view_fail(struct call *c, const char *wrong, json_t *errors)
{
	json_t *out = call_fail(c, wrong), *messages = json_array(), *one;
	size_t i;

	json_array_foreach(errors, i, one)
		json_array_append_new(messages, json_pack("s++", "[ERROR] ", json_string_value(one), ""));
	if (json_array_size(messages))
		json_object_set_new(out, "response_metadata", json_pack("{s:O}", "messages", messages));
	json_decref(messages);
	return out;
}

/* Checks args.view; own is the view that may keep its external_id. */
static json_t *view_wrong(struct call *c, enum blocks_place place, const struct view *own)
{
	json_t *view = json_object_get(c->args, "view"), *errors = json_array(), *out = NULL;
	const char *wrong = view_check(view, place, errors);
	const struct view *other = view_find_external(c->f->ws, json_text(view, "external_id"));

	if (!wrong && other && other != own)
		wrong = "duplicate_external_id";
	if (wrong)
		out = view_fail(c, wrong, errors);
	json_decref(errors);
	return out;
}

static json_t *trigger_take(struct call *c, struct token **trigger)
{
	struct token *t = token_find(c->f->ws, json_text(c->args, "trigger_id"));

	*trigger = t;
	if (!t || t->id[0] == '/')
		return call_fail(c, "invalid_trigger_id");
	if (t->uses)
		return call_fail(c, "exchanged_trigger_id");
	if (clock_wall_us() - t->made_us > (int64_t)c->f->tune.trigger_ms * 1000)
		return call_fail(c, "expired_trigger_id");
	return NULL;
}

static json_t *view_answer(struct call *c, struct view *v)
{
	fake_changed(c->f, "view", NULL, v->user);
	return json_pack("{s:o}", "view", view_json(c->f->ws, v, true));
}

static json_t *views_open(struct call *c)
{
	struct token *trigger;
	json_t *error = trigger_take(c, &trigger);
	struct view *from;

	if (!error)
		error = view_wrong(c, BLOCKS_MODAL, NULL);
	if (error)
		return error;
	trigger->uses = 1;
	if (stack_depth(c->f->ws, trigger->user) >= STACK_MAX)
		return call_fail(c, "push_limit_reached");
	from = view_find(c->f->ws, trigger->view_id); /* a home tab is no part of a stack */
	return view_answer(c, view_new(c->f->ws, trigger->user, json_object_get(c->args, "view"),
				       from && !from->home ? from->id : NULL, false));
}

static json_t *views_push(struct call *c)
{
	struct token *trigger;
	json_t *error = trigger_take(c, &trigger);

	if (!error)
		error = view_wrong(c, BLOCKS_MODAL, NULL);
	if (error)
		return error;
	if (!*trigger->view_id || !view_find(c->f->ws, trigger->view_id))
		return call_fail(c, "not_found");
	trigger->uses = 1;
	if (stack_depth(c->f->ws, trigger->user) >= STACK_MAX)
		return call_fail(c, "push_limit_reached");
	return view_answer(c, view_new(c->f->ws, trigger->user, json_object_get(c->args, "view"),
				       trigger->view_id, false));
}

static json_t *views_update(struct call *c)
{
	const char *hash = json_text(c->args, "hash");
	struct view *v = *json_text(c->args, "view_id") ?
		view_find(c->f->ws, json_text(c->args, "view_id")) :
		view_find_external(c->f->ws, json_text(c->args, "external_id"));
	json_t *error;

	if (!v)
		return call_fail(c, "not_found");
	error = view_wrong(c, v->home ? BLOCKS_HOME : BLOCKS_MODAL, v);
	if (error)
		return error;
	if (*hash && strcmp(hash, v->hash) != 0)
		return call_fail(c, "hash_conflict");
	view_fill(v, json_object_get(c->args, "view"));
	return view_answer(c, v);
}

static json_t *views_publish(struct call *c)
{
	const char *user = json_text(c->args, "user_id"), *hash = json_text(c->args, "hash");
	json_t *error = view_wrong(c, BLOCKS_HOME, NULL);
	struct view *v;

	if (error)
		return error;
	if (!json_object_get(c->f->ws->users, user))
		return call_fail(c, "user_not_found");
	for (v = c->f->ws->views; v; v = v->next)
		if (v->home && !strcmp(v->user, user))
			break;
	if (v && *hash && strcmp(hash, v->hash) != 0)
		return call_fail(c, "hash_conflict");
	if (v)
		view_fill(v, json_object_get(c->args, "view"));
	else
		v = view_new(c->f->ws, user, json_object_get(c->args, "view"), NULL, true);
	return view_answer(c, v);
}

static const char *answer_check(struct fake *f, json_t *view, const char *where)
{
	json_t *errors = json_array();
	const char *wrong = view_check(view, BLOCKS_MODAL, errors);

	if (wrong)
		fake_complain(f, "refused", where, wrong, "%s",
			      json_array_size(errors) ? json_string_value(json_array_get(errors, 0)) : "");
	json_decref(errors);
	return wrong;
}

const char *api_view_replace(struct fake *f, struct view *v, json_t *view, const char *where)
{
	const char *wrong = answer_check(f, view, where);

	if (!wrong)
		view_fill(v, view);
	return wrong;
}

const char *api_view_push(struct fake *f, const char *user, const char *on, json_t *view,
			  const char *where)
{
	const char *wrong = answer_check(f, view, where);

	if (!wrong && stack_depth(f->ws, user) >= STACK_MAX)
		wrong = "push_limit_reached";
	if (!wrong)
		view_new(f->ws, user, view, on, false);
	return wrong;
}

const struct method methods_views[] = {
	{ "views.open", 100, TOKEN_BOT, 0, "", "trigger_id*:str view*:obj", views_open },
	{ "views.push", 100, TOKEN_BOT, 0, "", "trigger_id*:str view*:obj", views_push },
	{ "views.update", 100, TOKEN_BOT, 0, "", "view_id:str external_id:str view*:obj hash:str",
	  views_update },
	{ "views.publish", 100, TOKEN_BOT, 0, "", "user_id*:id view*:obj hash:str", views_publish },
	{ 0 },
};
