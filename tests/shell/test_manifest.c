/* test_manifest.c - the manifest of the Slack app, by Slack's own limits. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "bot/cli.h"
#include "bot/slack/manifest.h"
#include "tocsin/buf.h"
#include "tocsin/handler.h"

static json_t *manifest(const char *name, const char *http_url)
{
	struct buf b;
	json_t *tree;

	buf_init(&b, 1 << 20);
	manifest_print(&b, name, http_url);
	assert_false(b.failed);
	tree = json_loadb(b.data, b.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(tree);
	buf_release(&b);
	return tree;
}

static const json_t *at(const json_t *tree, const char *a, const char *b, const char *c)
{
	const json_t *v = json_object_get(json_object_get(tree, a), b);

	return c ? json_object_get(v, c) : v;
}

static bool holds(const json_t *list, const char *word)
{
	size_t i;

	for (i = 0; i < json_array_size(list); i++)
		if (!strcmp(json_string_value(json_array_get(list, i)), word))
			return true;
	return false;
}

static void every_family_is_a_command(void **state)
{
	json_t *m = manifest("tocsin", NULL);
	const json_t *commands = at(m, "features", "slash_commands", NULL);
	size_t i, n = 0;

	(void)state;
	while (families[n])
		n++;
	assert_int_equal(json_array_size(commands), n);
	assert_true(n >= 1 && n <= 50);
	for (i = 0; i < n; i++) {
		const json_t *c = json_array_get(commands, i);
		const char *word = json_string_value(json_object_get(c, "command"));

		assert_true(word[0] == '/' && strlen(word) <= 32);
		assert_string_equal(word + 1, families[i]->name);
		assert_true(json_string_length(json_object_get(c, "description")) > 0);
		assert_true(json_string_length(json_object_get(c, "description")) <= 2000);
		assert_true(json_string_length(json_object_get(c, "usage_hint")) <= 1000);
		assert_true(json_is_true(json_object_get(c, "should_escape")));
		assert_null(json_object_get(c, "url"));
	}
	json_decref(m);
}

static void events_have_their_scopes(void **state)
{
	static const struct {
		const char *event, *scope;
	} pairs[] = {
		{ "app_mention", "app_mentions:read" }, { "message.channels", "channels:history" },
		{ "message.groups", "groups:history" }, { "message.im", "im:history" },
		{ "reaction_added", "reactions:read" },
	};
	json_t *m = manifest("tocsin", NULL);
	const json_t *events = at(m, "settings", "event_subscriptions", "bot_events");
	const json_t *scopes = at(m, "oauth_config", "scopes", "bot");
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		assert_true(holds(events, pairs[i].event));
		assert_true(holds(scopes, pairs[i].scope));
	}
	assert_int_equal(json_array_size(events), sizeof(pairs) / sizeof(pairs[0])); /* and no more */
	assert_true(holds(scopes, "commands") && holds(scopes, "chat:write"));
	for (i = 0; manifest_scopes[i].scope; i++)
		assert_true(holds(scopes, manifest_scopes[i].scope) && *manifest_scopes[i].why);
	assert_int_equal(json_array_size(scopes), i);
	json_decref(m);
}

static void socket_mode_or_addresses(void **state)
{
	json_t *m = manifest("tocsin", NULL);

	(void)state;
	assert_true(json_is_true(at(m, "settings", "socket_mode_enabled", NULL)));
	assert_null(at(m, "settings", "event_subscriptions", "request_url"));
	json_decref(m);
	m = manifest("ops", "https://bot.example.com/");
	assert_true(json_is_false(at(m, "settings", "socket_mode_enabled", NULL)));
	assert_string_equal(json_string_value(at(m, "settings", "event_subscriptions", "request_url")),
		"https://bot.example.com/slack/events");
	assert_string_equal(json_string_value(at(m, "settings", "interactivity", "request_url")),
		"https://bot.example.com/slack/interactivity");
	assert_string_equal(json_string_value(json_object_get(json_array_get(
		at(m, "features", "slash_commands", NULL), 0), "url")),
		"https://bot.example.com/slack/commands");
	assert_string_equal(json_string_value(at(m, "display_information", "name", NULL)), "ops");
	json_decref(m);
}

static int run(const char *a, const char *b)
{
	char *argv[] = { (char[]){ "manifest" }, strdup(a), strdup(b), NULL };
	int code;

	optind = 0;
	code = cli_manifest(*b ? 3 : *a ? 2 : 1, argv);
	free(argv[1]);
	free(argv[2]);
	return code;
}

static void command_line(void **state)
{
	(void)state;
	assert_int_equal(run("slack", ""), 0);
	assert_int_equal(run("--scopes", ""), 0);
	assert_int_equal(run("--help", ""), 0);
	assert_int_equal(run("teams", ""), 2);
	assert_int_equal(run("--http", "http://bot.example.com"), 2);
	assert_int_equal(run("--http", "https://bot.example.com/?x"), 2);
	assert_int_equal(run("--name", "a name that is longer than thirty-five"), 2);
	assert_int_equal(run("--name", "exactly thirty-five characters long"), 0);
	assert_int_equal(run("--name", "\xff"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_family_is_a_command), cmocka_unit_test(events_have_their_scopes),
		cmocka_unit_test(socket_mode_or_addresses), cmocka_unit_test(command_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
