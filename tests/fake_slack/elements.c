/* elements.c - checks of elements and composition objects, with Slack's numbers. */
#include "elements.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fake.h"

size_t text_units(const char *text)
{
	size_t n = 0;

	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if ((*p & 0xc0) != 0x80)
			n += *p >= 0xf0 ? 2 : 1;
	return n;
}

void check_fail(struct check *c, const char *path, const char *format, ...)
{
	char what[600], line[1000];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(line, sizeof(line), "%s [json-pointer:%s]", what, path);
	if (json_array_size(c->errors) < 20)
		json_array_append_new(c->errors, json_string(line));
}

void path_make(char out[CHECK_PATH], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(out, CHECK_PATH, format, args);
	va_end(args);
}

bool string_among(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(*words, text))
			return true;
	return false;
}

void keys_check(struct check *c, json_t *object, const char *path, const char *allowed)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		size_t n = strlen(key);
		const char *at = allowed;

		while (at && (strncmp(at, key, n) != 0 || (at[n] && at[n] != ' '))) {
			at = strchr(at, ' ');
			at = at ? at + 1 : NULL;
		}
		if (!at)
			check_fail(c, path, "invalid additional property: %s", key);
	}
}

void string_check(struct check *c, json_t *object, const char *key, const char *path,
		  size_t max, bool required)
{
	json_t *value = json_object_get(object, key);
	char at[CHECK_PATH];

	path_make(at, "%s/%s", path, key);
	if (!value) {
		if (required)
			check_fail(c, path, "missing required field: %s", key);
	} else if (!json_is_string(value)) {
		check_fail(c, at, "must be a string");
	} else if (text_units(json_string_value(value)) > max) {
		check_fail(c, at, "must be less than %zu characters", max + 1);
	} else if (required && !json_string_length(value)) {
		check_fail(c, at, "must be more than 0 characters");
	}
}

void id_check(struct check *c, json_t *object, const char *key, const char *path)
{
	string_check(c, object, key, path, 255, false);
}

void list_check(struct check *c, json_t *object, const char *key, const char *path, size_t min,
		size_t max)
{
	json_t *list = json_object_get(object, key);
	char at[CHECK_PATH];

	path_make(at, "%s/%s", path, key);
	if (!list)
		check_fail(c, path, "missing required field: %s", key);
	else if (!json_is_array(list))
		check_fail(c, at, "must be an array");
	else if (json_array_size(list) < min)
		check_fail(c, at, "no fewer than %zu items allowed", min);
	else if (json_array_size(list) > max)
		check_fail(c, at, "no more than %zu items allowed", max);
}

void text_object_check(struct check *c, json_t *text, const char *path, enum text_kind kind,
		       size_t max)
{
	const char *type = json_text(text, "type");
	char at[CHECK_PATH];

	path_make(at, "%s/text", path);
	if (!json_is_object(text)) {
		check_fail(c, path, "must be an object");
		return;
	}
	if (!strcmp(type, "plain_text"))
		keys_check(c, text, path, "type text emoji");
	else if (!strcmp(type, "mrkdwn") && kind == TEXT_ANY)
		keys_check(c, text, path, "type text verbatim");
	else
		check_fail(c, path, "invalid type of text: %s", type);
	string_check(c, text, "text", path, max, true);
	c->chars += text_units(json_text(text, "text"));
}

void text_check(struct check *c, json_t *object, const char *key, const char *path,
		enum text_kind kind, size_t max, bool required)
{
	json_t *text = json_object_get(object, key);
	char at[CHECK_PATH];

	path_make(at, "%s/%s", path, key);
	if (text)
		text_object_check(c, text, at, kind, max);
	else if (required)
		check_fail(c, path, "missing required field: %s", key);
}

static void confirm_check(struct check *c, json_t *e, const char *path)
{
	json_t *confirm = json_object_get(e, "confirm");
	char at[CHECK_PATH];

	if (!confirm)
		return;
	path_make(at, "%s/confirm", path);
	keys_check(c, confirm, at, "title text confirm deny style");
	text_check(c, confirm, "title", at, TEXT_PLAIN, 100, true);
	text_check(c, confirm, "text", at, TEXT_ANY, 300, true);
	text_check(c, confirm, "confirm", at, TEXT_PLAIN, 30, true);
	text_check(c, confirm, "deny", at, TEXT_PLAIN, 30, true);
}

static void option_check(struct check *c, json_t *option, const char *path, enum text_kind kind)
{
	if (!json_is_object(option)) {
		check_fail(c, path, "must be an object");
		return;
	}
	keys_check(c, option, path, "text value description url");
	text_check(c, option, "text", path, kind, 75, true);
	text_check(c, option, "description", path, kind, 75, false);
	string_check(c, option, "value", path, 150, true);
}

/* Values may be the same in real Slack, but no program can tell such options apart. */
static void options_check(struct check *c, json_t *e, const char *key, const char *path,
			  size_t max, enum text_kind kind)
{
	json_t *one;
	size_t i;

	list_check(c, e, key, path, 1, max);
	json_array_foreach(json_object_get(e, key), i, one) {
		char at[CHECK_PATH];

		path_make(at, "%s/%s/%zu", path, key, i);
		option_check(c, one, at, kind);
	}
}

static bool option_listed(json_t *options, json_t *wanted)
{
	json_t *one;
	size_t i;

	json_array_foreach(options, i, one)
		if (!strcmp(json_text(one, "value"), json_text(wanted, "value")) &&
		    !strcmp(json_text(json_object_get(one, "text"), "text"),
			    json_text(json_object_get(wanted, "text"), "text")))
			return true;
	return false;
}

static void select_check(struct check *c, json_t *e, const char *path)
{
	json_t *groups = json_object_get(e, "option_groups"), *one;
	json_t *initial = json_object_get(e, "initial_option");
	bool found = false;
	size_t i;

	if (json_object_get(e, "options") && groups)
		check_fail(c, path, "only one of options and option_groups is allowed");
	if (!groups) {
		options_check(c, e, "options", path, 100, TEXT_PLAIN);
		found = option_listed(json_object_get(e, "options"), initial);
	} else {
		list_check(c, e, "option_groups", path, 1, 100);
		json_array_foreach(groups, i, one) {
			char at[CHECK_PATH];

			path_make(at, "%s/option_groups/%zu", path, i);
			text_check(c, one, "label", at, TEXT_PLAIN, 75, true);
			options_check(c, one, "options", at, 100, TEXT_PLAIN);
			found = found || option_listed(json_object_get(one, "options"), initial);
		}
	}
	if (initial && !found)
		check_fail(c, path, "`initial_option` does not match any of the options");
}

static void button_check(struct check *c, json_t *e, const char *path)
{
	const char *style = json_text(e, "style");

	keys_check(c, e, path, "type text action_id url value style confirm accessibility_label");
	text_check(c, e, "text", path, TEXT_PLAIN, 75, true);
	string_check(c, e, "value", path, 2000, false);
	string_check(c, e, "url", path, 3000, false);
	string_check(c, e, "accessibility_label", path, 75, false);
	if (json_object_get(e, "style") && strcmp(style, "primary") != 0 && strcmp(style, "danger") != 0)
		check_fail(c, path, "`style` must be primary or danger");
}

static void plain_input_check(struct check *c, json_t *e, const char *path)
{
	int64_t min = json_number(e, "min_length", 0), max = json_number(e, "max_length", 3000);

	keys_check(c, e, path,
		   "type action_id placeholder initial_value multiline min_length max_length "
		   "dispatch_action_config focus_on_load");
	if (min < 0 || min > 3000 || max < 1 || max > 3000 || min > max)
		check_fail(c, path, "min_length and max_length must be between 0 and 3000");
	if ((int64_t)text_units(json_text(e, "initial_value")) > max)
		check_fail(c, path, "`initial_value` is longer than max_length");
}

static void picker_check(struct check *c, json_t *e, const char *path, const char *type)
{
	const char *date = json_text(e, "initial_date"), *time = json_text(e, "initial_time");

	keys_check(c, e, path,
		   "type action_id initial_date initial_time initial_date_time placeholder confirm "
		   "focus_on_load timezone");
	if (!strcmp(type, "datepicker") && *date &&
	    (strlen(date) != 10 || date[4] != '-' || date[7] != '-'))
		check_fail(c, path, "`initial_date` must be YYYY-MM-DD");
	if (!strcmp(type, "timepicker") && *time && (strlen(time) != 5 || time[2] != ':'))
		check_fail(c, path, "`initial_time` must be HH:mm");
}

/* Which places an element type may stand in, as bits of enum element_place. */
static const struct element_kind {
	const char *type;
	unsigned int places;
} element_kinds[] = {
	{ "button", 1u << PLACE_ACTIONS | 1u << PLACE_ACCESSORY },
	{ "static_select", 1u << PLACE_ACTIONS | 1u << PLACE_ACCESSORY | 1u << PLACE_INPUT },
	{ "external_select", 1u << PLACE_ACTIONS | 1u << PLACE_ACCESSORY | 1u << PLACE_INPUT },
	{ "users_select", 1u << PLACE_ACTIONS | 1u << PLACE_ACCESSORY | 1u << PLACE_INPUT },
	{ "conversations_select", 1u << PLACE_ACTIONS | 1u << PLACE_ACCESSORY | 1u << PLACE_INPUT },
	{ "channels_select", 1u << PLACE_ACTIONS | 1u << PLACE_ACCESSORY | 1u << PLACE_INPUT },
	{ "multi_static_select", 1u << PLACE_ACCESSORY | 1u << PLACE_INPUT },
	{ "multi_external_select", 1u << PLACE_ACCESSORY | 1u << PLACE_INPUT },
	{ "multi_users_select", 1u << PLACE_ACCESSORY | 1u << PLACE_INPUT },
	{ "multi_conversations_select", 1u << PLACE_ACCESSORY | 1u << PLACE_INPUT },
	{ "multi_channels_select", 1u << PLACE_ACCESSORY | 1u << PLACE_INPUT },
	{ "overflow", 1u << PLACE_ACTIONS | 1u << PLACE_ACCESSORY },
	{ "checkboxes", 1u << PLACE_ACTIONS | 1u << PLACE_ACCESSORY | 1u << PLACE_INPUT },
	{ "radio_buttons", 1u << PLACE_ACTIONS | 1u << PLACE_ACCESSORY | 1u << PLACE_INPUT },
	{ "datepicker", 1u << PLACE_ACTIONS | 1u << PLACE_ACCESSORY | 1u << PLACE_INPUT },
	{ "timepicker", 1u << PLACE_ACTIONS | 1u << PLACE_ACCESSORY | 1u << PLACE_INPUT },
	{ "datetimepicker", 1u << PLACE_ACTIONS | 1u << PLACE_INPUT },
	{ "plain_text_input", 1u << PLACE_INPUT },
	{ "email_text_input", 1u << PLACE_INPUT },
	{ "url_text_input", 1u << PLACE_INPUT },
	{ "number_input", 1u << PLACE_INPUT },
	{ "rich_text_input", 1u << PLACE_INPUT },
	{ "file_input", 1u << PLACE_INPUT },
	{ "image", 1u << PLACE_ACCESSORY | 1u << PLACE_CONTEXT },
};

static bool place_check(struct check *c, const char *type, const char *path, enum element_place place)
{
	for (size_t i = 0; i < sizeof(element_kinds) / sizeof(element_kinds[0]); i++)
		if (!strcmp(element_kinds[i].type, type)) {
			if (element_kinds[i].places & 1u << place)
				return true;
			check_fail(c, path, "unsupported type: %s", type);
			return false;
		}
	check_fail(c, path, "unsupported type: %s", type);
	return false;
}

void element_check(struct check *c, json_t *e, const char *path, enum element_place place)
{
	const char *type = json_text(e, "type");
	bool choice = !strcmp(type, "checkboxes") || !strcmp(type, "radio_buttons");

	if (place == PLACE_CONTEXT && (!strcmp(type, "mrkdwn") || !strcmp(type, "plain_text"))) {
		text_object_check(c, e, path, TEXT_ANY, 3000);
		return;
	}
	if (!place_check(c, type, path, place))
		return;
	id_check(c, e, "action_id", path);
	confirm_check(c, e, path);
	text_check(c, e, "placeholder", path, TEXT_PLAIN, 150, false);
	if (json_flag(e, "focus_on_load", false))
		c->focused++;
	if (!strcmp(type, "button")) {
		button_check(c, e, path);
	} else if (!strcmp(type, "static_select") || !strcmp(type, "multi_static_select")) {
		keys_check(c, e, path,
			   "type action_id options option_groups initial_option initial_options confirm "
			   "placeholder focus_on_load max_selected_items");
		select_check(c, e, path);
	} else if (!strcmp(type, "overflow")) {
		keys_check(c, e, path, "type action_id options confirm");
		options_check(c, e, "options", path, 5, TEXT_PLAIN);
	} else if (choice) {
		keys_check(c, e, path,
			   "type action_id options initial_option initial_options confirm focus_on_load");
		options_check(c, e, "options", path, 10, TEXT_ANY);
		if (json_object_get(e, "initial_option") &&
		    !option_listed(json_object_get(e, "options"), json_object_get(e, "initial_option")))
			check_fail(c, path, "`initial_option` does not match any of the options");
	} else if (!strcmp(type, "plain_text_input")) {
		plain_input_check(c, e, path);
	} else if (!strcmp(type, "datepicker") || !strcmp(type, "timepicker") ||
		   !strcmp(type, "datetimepicker")) {
		picker_check(c, e, path, type);
	} else if (!strcmp(type, "image")) {
		keys_check(c, e, path, "type image_url slack_file alt_text");
		string_check(c, e, "alt_text", path, 2000, true);
	}
}
