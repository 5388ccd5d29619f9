/* inputs.c - values of inputs: from what a test gives to what Slack sends. */
#include "inputs.h"

#include <stdio.h>
#include <string.h>

#include "blocks.h"
#include "fake.h"

static json_t *option_find(json_t *element, const char *wanted)
{
	size_t i, j;
	json_t *group, *option;

	json_array_foreach(json_object_get(element, "options"), i, option)
		if (!strcmp(json_text(option, "value"), wanted) ||
		    !strcmp(json_text(json_object_get(option, "text"), "text"), wanted))
			return option;
	json_array_foreach(json_object_get(element, "option_groups"), i, group)
		json_array_foreach(json_object_get(group, "options"), j, option)
			if (!strcmp(json_text(option, "value"), wanted))
				return option;
	return NULL;
}

/* Which key carries the value of an element type, and of what kind it is. */
static const struct input_kind {
	const char *type, *key, *initial;
	enum { INPUT_TEXT, INPUT_OPTION, INPUT_OPTIONS, INPUT_TEXTS } kind;
} input_kinds[] = {
	{ "plain_text_input", "value", "initial_value", INPUT_TEXT },
	{ "email_text_input", "value", "initial_value", INPUT_TEXT },
	{ "url_text_input", "value", "initial_value", INPUT_TEXT },
	{ "number_input", "value", "initial_value", INPUT_TEXT },
	{ "static_select", "selected_option", "initial_option", INPUT_OPTION },
	{ "external_select", "selected_option", "initial_option", INPUT_OPTION },
	{ "radio_buttons", "selected_option", "initial_option", INPUT_OPTION },
	{ "overflow", "selected_option", "", INPUT_OPTION },
	{ "users_select", "selected_user", "initial_user", INPUT_TEXT },
	{ "channels_select", "selected_channel", "initial_channel", INPUT_TEXT },
	{ "conversations_select", "selected_conversation", "initial_conversation", INPUT_TEXT },
	{ "datepicker", "selected_date", "initial_date", INPUT_TEXT },
	{ "timepicker", "selected_time", "initial_time", INPUT_TEXT },
	{ "datetimepicker", "selected_date_time", "initial_date_time", INPUT_TEXT },
	{ "checkboxes", "selected_options", "initial_options", INPUT_OPTIONS },
	{ "multi_static_select", "selected_options", "initial_options", INPUT_OPTIONS },
	{ "multi_users_select", "selected_users", "initial_users", INPUT_TEXTS },
	{ "multi_channels_select", "selected_channels", "initial_channels", INPUT_TEXTS },
	{ "multi_conversations_select", "selected_conversations", "initial_conversations", INPUT_TEXTS },
};

static const struct input_kind *input_kind_find(const char *type)
{
	for (size_t i = 0; i < sizeof(input_kinds) / sizeof(input_kinds[0]); i++)
		if (!strcmp(input_kinds[i].type, type))
			return &input_kinds[i];
	return NULL;
}

static json_t *options_state(json_t *element, json_t *given)
{
	json_t *list = json_array(), *one;
	size_t i;

	if (json_is_string(given)) {
		json_t *option = option_find(element, json_string_value(given));

		if (option)
			json_array_append(list, option);
		return list;
	}
	json_array_foreach(given, i, one) {
		json_t *option = json_is_string(one) ? option_find(element, json_string_value(one)) : one;

		if (!option) {
			json_decref(list);
			return NULL;
		}
		json_array_append(list, option);
	}
	return list;
}

json_t *input_state(json_t *element, json_t *given)
{
	const char *type = json_text(element, "type");
	const struct input_kind *k = input_kind_find(type);
	json_t *out = json_pack("{s:s}", "type", type), *value = NULL;

	if (!k)
		return out;
	if (json_is_object(given) && json_object_get(given, k->key))
		given = json_object_get(given, k->key);
	else if (json_is_object(given) && json_object_get(given, "value") && k->kind != INPUT_OPTION)
		given = json_object_get(given, "value");
	if (k->kind == INPUT_OPTIONS) {
		value = options_state(element, given);
	} else if (k->kind == INPUT_TEXTS) {
		value = json_is_string(given) ? json_pack("[O]", given) :
			json_is_array(given) ? json_incref(given) : json_array();
	} else if (!given || json_is_null(given) ||
		   (json_is_string(given) && !json_string_length(given))) {
		value = json_null();
	} else if (k->kind == INPUT_OPTION) {
		if (json_is_string(given))
			value = json_incref(option_find(element, json_string_value(given)));
		else
			value = json_incref(given);
		if (value && strcmp(type, "external_select") != 0 &&
		    !option_find(element, json_text(value, "value"))) {
			json_decref(value);
			value = NULL;
		}
	} else {
		value = json_incref(given);
	}
	if (!value) {
		json_decref(out);
		return NULL;
	}
	json_object_set_new(out, k->key, value);
	return out;
}

json_t *input_initial(json_t *element)
{
	const struct input_kind *k = input_kind_find(json_text(element, "type"));

	return input_state(element, k ? json_object_get(element, k->initial) : NULL);
}

static bool state_empty(const json_t *state)
{
	const struct input_kind *k = input_kind_find(json_text(state, "type"));
	const json_t *value = k ? json_object_get(state, k->key) : NULL;

	return json_is_null(value) || (json_is_array(value) && !json_array_size(value)) || !value;
}

/* What the client itself says before anything is sent. */
static void state_check(json_t *block, json_t *element, json_t *state, json_t *errors)
{
	const char *id = json_text(block, "block_id");
	size_t n;

	if (state_empty(state)) {
		if (!json_flag(block, "optional", false) && !strcmp(json_text(block, "type"), "input"))
			json_put(errors, id, "Please complete this required field.");
		return;
	}
	if (strcmp(json_text(element, "type"), "plain_text_input") != 0)
		return;
	n = text_units(json_text(state, "value"));
	if ((int64_t)n < json_number(element, "min_length", 0))
		json_put(errors, id, "This is too short.");
	if ((int64_t)n > json_number(element, "max_length", 3000))
		json_put(errors, id, "This is too long.");
}

static json_t *given_find(json_t *given, const char *block_id, const char *action_id)
{
	json_t *in_block = json_object_get(given, block_id), *value;

	if (json_is_object(in_block)) {
		value = json_object_get(in_block, action_id);
		if (value)
			return value;
		if (json_object_get(in_block, "type"))
			return in_block;
		return NULL;
	}
	return in_block ? in_block : json_object_get(given, action_id);
}

static void value_take(json_t *values, json_t *block, json_t *element, json_t *given, json_t *before,
		       json_t *errors)
{
	const char *block_id = json_text(block, "block_id"), *action_id = json_text(element, "action_id");
	json_t *wanted = given_find(given, block_id, action_id), *state, *mine;

	if (!input_kind_find(json_text(element, "type")))
		return;
	if (!wanted)
		wanted = json_object_get(json_object_get(before, block_id), action_id);
	state = wanted ? input_state(element, wanted) : input_initial(element);
	if (!state) {
		json_put(errors, block_id, "There is no such option.");
		return;
	}
	state_check(block, element, state, errors);
	mine = json_object_get(values, block_id);
	if (!mine) {
		mine = json_object();
		json_object_set_new(values, block_id, mine);
	}
	json_object_set_new(mine, action_id, state);
}

json_t *input_values(json_t *blocks, json_t *given, json_t *before, json_t *errors)
{
	json_t *values = json_object(), *block, *element;
	size_t i, j;

	json_array_foreach(blocks, i, block) {
		if (json_object_get(block, "element"))
			value_take(values, block, json_object_get(block, "element"), given, before, errors);
		if (json_object_get(block, "accessory"))
			value_take(values, block, json_object_get(block, "accessory"), given, before,
				   errors);
		if (!strcmp(json_text(block, "type"), "actions"))
			json_array_foreach(json_object_get(block, "elements"), j, element)
				value_take(values, block, element, given, before, errors);
	}
	return values;
}

static bool element_fits(json_t *e, const char *action_id, const char *text, const char *value)
{
	if (!json_is_object(e) || !json_object_get(e, "action_id"))
		return false;
	if (*action_id && strcmp(json_text(e, "action_id"), action_id) != 0)
		return false;
	if (*text && strcmp(json_text(json_object_get(e, "text"), "text"), text) != 0)
		return false;
	if (!*action_id && !*text && !*value)
		return false;
	if (*value && strcmp(json_text(e, "type"), "button") == 0)
		return !strcmp(json_text(e, "value"), value);
	return *action_id || *text || option_find(e, value);
}

json_t *input_find(json_t *blocks, const char *action_id, const char *text, const char *value,
		   json_t **block)
{
	json_t *b, *e;
	size_t i, j;

	json_array_foreach(blocks, i, b) {
		*block = b;
		if (element_fits(json_object_get(b, "accessory"), action_id, text, value))
			return json_object_get(b, "accessory");
		if (element_fits(json_object_get(b, "element"), action_id, text, value))
			return json_object_get(b, "element");
		if (!strcmp(json_text(b, "type"), "actions"))
			json_array_foreach(json_object_get(b, "elements"), j, e)
				if (element_fits(e, action_id, text, value))
					return e;
	}
	*block = NULL;
	return NULL;
}
