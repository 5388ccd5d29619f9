/* view.c - modals and home tabs that are open in front of somebody. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "workspace.h"

struct view *view_find(struct workspace *ws, const char *id)
{
	for (struct view *v = ws->views; v; v = v->next)
		if (!strcmp(v->id, id))
			return v;
	return NULL;
}

struct view *view_find_external(struct workspace *ws, const char *external_id)
{
	for (struct view *v = ws->views; v && *external_id; v = v->next)
		if (!strcmp(json_text(v->body, "external_id"), external_id))
			return v;
	return NULL;
}

/* The list is newest first, so the first modal of a user is the one on top. */
struct view *view_top(struct workspace *ws, const char *user)
{
	for (struct view *v = ws->views; v; v = v->next)
		if (!v->home && !strcmp(v->user, user))
			return v;
	return NULL;
}

void view_drop(struct workspace *ws, struct view *v)
{
	for (struct view **p = &ws->views; *p; p = &(*p)->next)
		if (*p == v) {
			*p = v->next;
			break;
		}
	json_decref(v->body);
	json_decref(v->values);
	json_decref(v->errors);
	free(v);
}

void view_hash(struct view *v)
{
	char hex[12];

	random_hex(hex, 8);
	snprintf(v->hash, sizeof(v->hash), "%lld.%s", (long long)(clock_wall_us() / 1000000), hex);
}

json_t *view_json(const struct workspace *ws, const struct view *v, bool with_values)
{
	json_t *out = json_copy(v->body);
	json_t *values = with_values && v->values ? json_incref(v->values) : json_object();

	json_put(out, "id", v->id);
	json_put(out, "team_id", ws->team_id);
	json_put(out, "hash", v->hash);
	json_put(out, "root_view_id", v->root_id);
	json_object_set_new(out, "previous_view_id",
			    *v->previous_id ? json_string(v->previous_id) : json_null());
	json_put(out, "app_id", ws->app_id);
	json_put(out, "app_installed_team_id", ws->team_id);
	json_put(out, "bot_id", ws->bot_id);
	json_object_set_new(out, "state", json_pack("{s:o}", "values", values));
	for (const char *const *key = (const char *const[]){ "private_metadata", "callback_id",
							     "external_id", NULL }; *key; key++)
		if (!json_object_get(out, *key))
			json_put(out, *key, "");
	for (const char *const *key = (const char *const[]){ "clear_on_close", "notify_on_close",
							     NULL }; *key; key++)
		if (!json_object_get(out, *key))
			json_object_set_new(out, *key, json_false());
	return out;
}
