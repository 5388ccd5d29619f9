/* blocks.c - the checker of blocks; elements and composition objects are in elements.c. */
#include "blocks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elements.h"
#include "fake.h"

static void section_check(struct check *c, json_t *b, const char *path)
{
	json_t *fields = json_object_get(b, "fields"), *one;
	size_t i;

	keys_check(c, b, path, "type block_id text fields accessory expand");
	if (!json_object_get(b, "text") && !fields)
		check_fail(c, path, "missing required field: text or fields");
	if (json_object_get(b, "text"))
		text_check(c, b, "text", path, TEXT_ANY, 3000, true);
	if (fields) {
		list_check(c, b, "fields", path, 1, 10);
		json_array_foreach(fields, i, one) {
			char at[CHECK_PATH];

			path_make(at, "%s/fields/%zu", path, i);
			text_object_check(c, one, at, TEXT_ANY, 2000);
		}
	}
	if (json_object_get(b, "accessory")) {
		char at[CHECK_PATH];

		path_make(at, "%s/accessory", path);
		element_check(c, json_object_get(b, "accessory"), at, PLACE_ACCESSORY);
	}
}

static void elements_check(struct check *c, json_t *b, const char *path, size_t max,
			   enum element_place place)
{
	json_t *ids = json_object();
	json_t *one;
	size_t i;

	keys_check(c, b, path, "type block_id elements");
	list_check(c, b, "elements", path, 1, max);
	json_array_foreach(json_object_get(b, "elements"), i, one) {
		char at[CHECK_PATH];

		path_make(at, "%s/elements/%zu", path, i);
		element_check(c, one, at, place);
		if (*json_text(one, "action_id") && json_object_get(ids, json_text(one, "action_id")))
			check_fail(c, at, "`action_id` already exists: %s", json_text(one, "action_id"));
		if (*json_text(one, "action_id"))
			json_object_set_new(ids, json_text(one, "action_id"), json_true());
	}
	json_decref(ids);
}

static void input_check(struct check *c, json_t *b, const char *path)
{
	char at[CHECK_PATH];

	keys_check(c, b, path, "type block_id label element hint optional dispatch_action");
	text_check(c, b, "label", path, TEXT_PLAIN, 2000, true);
	text_check(c, b, "hint", path, TEXT_PLAIN, 2000, false);
	path_make(at, "%s/element", path);
	if (!json_is_object(json_object_get(b, "element")))
		check_fail(c, path, "missing required field: element");
	else
		element_check(c, json_object_get(b, "element"), at, PLACE_INPUT);
	c->inputs++;
}

static void image_check(struct check *c, json_t *b, const char *path)
{
	keys_check(c, b, path, "type block_id image_url slack_file alt_text title");
	if (!json_object_get(b, "image_url") && !json_object_get(b, "slack_file"))
		check_fail(c, path, "missing required field: image_url");
	string_check(c, b, "image_url", path, 3000, false);
	string_check(c, b, "alt_text", path, 2000, true);
	text_check(c, b, "title", path, TEXT_PLAIN, 2000, false);
}

/* rich_text is checked for shape only; its text counts. */
static void rich_check(struct check *c, json_t *value, const char *path)
{
	static const char *const kinds[] = {
		"rich_text", "rich_text_section", "rich_text_list", "rich_text_preformatted",
		"rich_text_quote", "text", "link", "user", "usergroup", "channel", "broadcast", "emoji",
		"date", "color", "team", NULL,
	};
	const char *type = json_text(value, "type");
	json_t *one;
	size_t i;

	if (!string_among(type, kinds))
		check_fail(c, path, "unsupported type: %s", type);
	if (json_object_get(value, "text"))
		c->chars += text_units(json_text(value, "text"));
	if (!strncmp(type, "rich_text", 9) && !json_is_array(json_object_get(value, "elements")))
		check_fail(c, path, "missing required field: elements");
	json_array_foreach(json_object_get(value, "elements"), i, one) {
		char at[CHECK_PATH];

		path_make(at, "%s/elements/%zu", path, i);
		if (strlen(at) < CHECK_PATH - 40)
			rich_check(c, one, at);
	}
}

static void block_check(struct check *c, json_t *b, const char *path)
{
	const char *type = json_text(b, "type");

	if (!json_is_object(b)) {
		check_fail(c, path, "must be an object");
		return;
	}
	id_check(c, b, "block_id", path);
	if (!strcmp(type, "section")) {
		section_check(c, b, path);
	} else if (!strcmp(type, "header")) {
		keys_check(c, b, path, "type block_id text level");
		text_check(c, b, "text", path, TEXT_PLAIN, 150, true);
	} else if (!strcmp(type, "divider")) {
		keys_check(c, b, path, "type block_id");
	} else if (!strcmp(type, "context")) {
		elements_check(c, b, path, 10, PLACE_CONTEXT);
	} else if (!strcmp(type, "actions")) {
		elements_check(c, b, path, 25, PLACE_ACTIONS);
	} else if (!strcmp(type, "input")) {
		input_check(c, b, path);
	} else if (!strcmp(type, "image")) {
		image_check(c, b, path);
	} else if (!strcmp(type, "rich_text")) {
		rich_check(c, b, path);
	} else if (!strcmp(type, "markdown")) {
		if (c->place != BLOCKS_MESSAGE)
			check_fail(c, path, "unsupported type: markdown");
		string_check(c, b, "text", path, 12000, true);
		c->markdown += text_units(json_text(b, "text"));
	} else if (!strcmp(type, "video") || !strcmp(type, "file") || !strcmp(type, "table")) {
		; /* known to Slack, not used here: let through */
	} else {
		check_fail(c, path, "unsupported type: %s", type);
	}
}

size_t blocks_check(json_t *blocks, enum blocks_place place, const char *path, json_t *errors)
{
	struct check c = { .errors = errors, .place = place, .ids = json_object() };
	size_t max = place == BLOCKS_MESSAGE ? 50 : 100, i;
	json_t *one;

	if (!json_is_array(blocks))
		check_fail(&c, path, "must be an array");
	if (json_array_size(blocks) > max)
		check_fail(&c, path, "no more than %zu items allowed", max);
	json_array_foreach(blocks, i, one) {
		const char *id = json_text(one, "block_id");
		char at[CHECK_PATH];

		path_make(at, "%s/%zu", path, i);
		block_check(&c, one, at);
		if (*id && json_object_get(c.ids, id))
			check_fail(&c, at, "`block_id` already exists: %s", id);
		if (*id)
			json_object_set_new(c.ids, id, json_true());
	}
	if (c.markdown > 12000)
		check_fail(&c, path, "markdown blocks must be less than 12001 characters in all");
	if (c.focused > 1)
		check_fail(&c, path, "only one element can have `focus_on_load`");
	json_decref(c.ids);
	return c.chars + c.markdown;
}

static bool has_input(json_t *view)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(view, "blocks"), i, one)
		if (!strcmp(json_text(one, "type"), "input"))
			return true;
	return false;
}

const char *view_check(json_t *view, enum blocks_place place, json_t *errors)
{
	struct check c = { .errors = errors, .place = place };
	const char *type = place == BLOCKS_HOME ? "home" : "modal";
	char *text = json_dumps(view, JSON_COMPACT);
	size_t bytes = text ? strlen(text) : 0;

	free(text);
	if (!json_is_object(view)) {
		check_fail(&c, "/view", "must be an object");
		return "invalid_arguments";
	}
	if (bytes > 250 * 1024)
		return "view_too_large";
	if (strcmp(json_text(view, "type"), type) != 0)
		check_fail(&c, "/view/type", "must be %s", type);
	keys_check(&c, view, "/view",
		   place == BLOCKS_HOME ?
		   "type blocks private_metadata callback_id external_id" :
		   "type title blocks close submit private_metadata callback_id clear_on_close "
		   "notify_on_close external_id submit_disabled");
	if (place == BLOCKS_MODAL) {
		text_check(&c, view, "title", "/view", TEXT_PLAIN, 24, true);
		text_check(&c, view, "submit", "/view", TEXT_PLAIN, 24, false);
		text_check(&c, view, "close", "/view", TEXT_PLAIN, 24, false);
		if (has_input(view) && !json_object_get(view, "submit"))
			check_fail(&c, "/view", "missing required field: submit");
	}
	string_check(&c, view, "private_metadata", "/view", 3000, false);
	string_check(&c, view, "callback_id", "/view", 255, false);
	string_check(&c, view, "external_id", "/view", 255, false);
	blocks_check(json_object_get(view, "blocks"), place, "/view/blocks", errors);
	return json_array_size(errors) ? "invalid_arguments" : NULL;
}

static void id_complete(json_t *object, const char *key)
{
	char id[8];

	if (*json_text(object, key))
		return;
	random_hex(id, 5);
	json_put(object, key, id);
}

static bool element_acts(json_t *element)
{
	const char *type = json_text(element, "type");

	return json_is_object(element) && strcmp(type, "image") != 0 && strcmp(type, "mrkdwn") != 0 &&
	       strcmp(type, "plain_text") != 0;
}

void blocks_complete(json_t *blocks)
{
	size_t i, j;
	json_t *b, *e;

	json_array_foreach(blocks, i, b) {
		id_complete(b, "block_id");
		if (!strcmp(json_text(b, "type"), "actions"))
			json_array_foreach(json_object_get(b, "elements"), j, e)
				if (element_acts(e))
					id_complete(e, "action_id");
		if (element_acts(json_object_get(b, "accessory")))
			id_complete(json_object_get(b, "accessory"), "action_id");
		if (element_acts(json_object_get(b, "element")))
			id_complete(json_object_get(b, "element"), "action_id");
	}
}
