/*
 * test_manifest.c - the manifest is what Slack accepts (limits of the manifest reference), and
 * holds every command of the table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <string.h>

#include "bot/slack/manifest.h"
#include "tocsin/buf.h"
#include "tocsin/handler.h"

static json_t *manifest(const char *http)
{
	struct buf b;
	json_t *root;

	buf_init(&b, 64 * 1024);
	manifest_print(&b, "tocsin", http);
	assert_false(b.failed);
	root = json_loads(buf_text(&b), JSON_REJECT_DUPLICATES, NULL);
	buf_release(&b);
	assert_non_null(root);
	return root;
}

static const json_t *at(const json_t *root, const char *a, const char *b)
{
	return json_object_get(json_object_get(root, a), b);
}

static bool holds(const json_t *list, const char *word)
{
	size_t i;

	for (i = 0; i < json_array_size(list); i++)
		if (strcmp(json_string_value(json_array_get(list, i)), word) == 0)
			return true;
	return false;
}

static void every_command_within_slacks_limits(void **state)
{
	json_t *root = manifest(NULL);
	const json_t *commands = at(root, "features", "slash_commands");
	size_t i;

	(void)state;
	for (i = 0; families[i]; i++) {
		const json_t *c = json_array_get(commands, i);

		assert_string_equal(json_string_value(json_object_get(c, "command")) + 1, families[i]->name);
		assert_in_range(strlen(json_string_value(json_object_get(c, "command"))), 2, 32);
		assert_in_range(strlen(json_string_value(json_object_get(c, "description"))), 1, 2000);
		assert_true(json_is_true(json_object_get(c, "should_escape")));
	}
	assert_int_equal(json_array_size(commands), i);
	assert_in_range(json_string_length(at(root, "display_information", "description")), 1, 140);
	json_decref(root);
}

static void scopes_fit_the_events(void **state)
{
	json_t *root = manifest(NULL);
	const json_t *scopes = json_object_get(at(root, "oauth_config", "scopes"), "bot");
	const json_t *events = json_object_get(at(root, "settings", "event_subscriptions"), "bot_events");

	(void)state;
	assert_true(holds(events, "app_mention") && holds(scopes, "app_mentions:read"));
	assert_true(holds(events, "message.channels") && holds(scopes, "channels:history"));
	assert_true(holds(events, "message.groups") && holds(scopes, "groups:history"));
	assert_true(holds(events, "reaction_added") && holds(scopes, "reactions:read"));
	assert_true(holds(scopes, "chat:write") && holds(scopes, "commands"));
	json_decref(root);
}

static void http_mode_has_its_addresses(void **state)
{
	json_t *root = manifest("https://bot.example.com");

	(void)state;
	assert_true(json_is_false(at(root, "settings", "socket_mode_enabled")));
	assert_string_equal(json_string_value(json_object_get(at(root, "settings", "interactivity"), "request_url")),
		"https://bot.example.com/slack/interactivity");
	assert_string_equal(json_string_value(json_object_get(
		json_array_get(at(root, "features", "slash_commands"), 0), "url")),
		"https://bot.example.com/slack/commands");
	json_decref(root);
	root = manifest(NULL);
	assert_true(json_is_true(at(root, "settings", "socket_mode_enabled")));
	assert_null(json_object_get(at(root, "settings", "interactivity"), "request_url"));
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_within_slacks_limits),
		cmocka_unit_test(scopes_fit_the_events),
		cmocka_unit_test(http_mode_has_its_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
