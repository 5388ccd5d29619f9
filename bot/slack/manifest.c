/*
 * manifest.c - `tocsin manifest`: the Slack app, ready to paste (Create New App, From a manifest).
 *
 * Commands come from the table of families; scopes and events are those that the built features
 * use, and no more. Facts: docs.slack.dev/reference/app-manifest.
 */
#include "bot/cli.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bot/slack/manifest.h"
#include "tocsin/buf.h"
#include "tocsin/handler.h"
#include "tocsin/json_out.h"

/* Each with what it is for; doctor compares them with what the token has. */
const struct slack_scope slack_scopes[] = {
	{"app_mentions:read", "hear @tocsin in threads"},
	{"bookmarks:write", "links of an incident's channel"},
	{"channels:history", "keep the talk in the timeline; look before a post is repeated"},
	{"channels:join", "join a public channel that the plan names"},
	{"channels:manage", "make a channel for an incident, invite, set its topic"},
	{"channels:read", "see whether the bot is in a channel"},
	{"chat:write", "post"},
	{"chat:write.public", "post in public channels it has not joined"},
	{"commands", "/incident"},
	{"groups:history", "the same in private channels"},
	{"groups:read", "see whether the bot is in a private channel"},
	{"im:history", "look before a page is repeated"},
	{"im:write", "page people by direct message"},
	{"pins:write", "pin the message that shows the state"},
	{"reactions:read", "an emoji marks a key event"},
	{"users:read", "check that the plan's people exist"},
	{NULL, NULL},
};

static const char *const events[] = {
	"app_mention", "message.channels", "message.groups", "member_joined_channel", "reaction_added", NULL,
};

static const char help[] =
	"Prints the Slack app manifest as JSON.\n"
	"\n"
	"Usage: tocsin manifest [slack] [--http URL] [--name NAME]\n"
	"\n"
	"  --http URL   for signed HTTP requests to URL/slack/... instead of Socket Mode\n"
	"  --name NAME  what the app is called (default: tocsin; at most 35 characters)\n"
	"\n"
	"Paste it at api.slack.com/apps: Create New App, From a manifest. Then install the app, take\n"
	"the bot token (xoxb-...) from OAuth & Permissions and, for Socket Mode, make an app-level token\n"
	"(xapp-...) with connections:write on Basic Information: a manifest cannot make that one.\n"
	"Exit codes: 0 printed; 2 the command line is wrong.\n";

static void put_features(struct json_out *j, const char *name, const char *http)
{
	char line[512];
	size_t i;

	json_out_object(j, "features");
	json_out_object(j, "app_home");
	json_out_bool(j, "home_tab_enabled", false);
	json_out_bool(j, "messages_tab_enabled", true);
	json_out_bool(j, "messages_tab_read_only_enabled", false);
	json_out_object_end(j);
	json_out_object(j, "bot_user");
	json_out_str(j, "display_name", name);
	json_out_bool(j, "always_online", true);
	json_out_object_end(j);
	json_out_array(j, "slash_commands");
	for (i = 0; families[i]; i++) {
		json_out_object(j, NULL);
		snprintf(line, sizeof(line), "/%s", families[i]->name);
		json_out_str(j, "command", line);
		json_out_str(j, "description", families[i]->summary);
		json_out_str(j, "usage_hint", "help, or what to do");
		/* People and channels arrive as ids that nobody can type by hand. */
		json_out_bool(j, "should_escape", true);
		if (http) {
			snprintf(line, sizeof(line), "%s/slack/commands", http);
			json_out_str(j, "url", line);
		}
		json_out_object_end(j);
	}
	json_out_array_end(j);
	json_out_object_end(j);
}

static void put_settings(struct json_out *j, const char *http)
{
	char line[512];
	size_t i;

	json_out_object(j, "settings");
	json_out_object(j, "event_subscriptions");
	if (http) {
		snprintf(line, sizeof(line), "%s/slack/events", http);
		json_out_str(j, "request_url", line);
	}
	json_out_array(j, "bot_events");
	for (i = 0; events[i]; i++)
		json_out_str(j, NULL, events[i]);
	json_out_array_end(j);
	json_out_object_end(j);
	json_out_object(j, "interactivity");
	json_out_bool(j, "is_enabled", true);
	if (http) {
		snprintf(line, sizeof(line), "%s/slack/interactivity", http);
		json_out_str(j, "request_url", line);
	}
	json_out_object_end(j);
	json_out_bool(j, "org_deploy_enabled", false);
	json_out_bool(j, "socket_mode_enabled", !http);
	json_out_bool(j, "token_rotation_enabled", false);
	json_out_object_end(j);
}

void slack_manifest(struct buf *out, const char *name, const char *http)
{
	struct json_out j;
	size_t i;

	json_out_init(&j, out);
	json_out_object(&j, NULL);
	json_out_object(&j, "_metadata");
	json_out_int(&j, "major_version", 1);
	json_out_int(&j, "minor_version", 1);
	json_out_object_end(&j);
	json_out_object(&j, "display_information");
	json_out_str(&j, "name", name);
	json_out_str(&j, "description", "Runs incidents: tells people, pages them until somebody has it, keeps the record");
	json_out_str(&j, "background_color", "#7a1f1f");
	json_out_object_end(&j);
	put_features(&j, name, http);
	json_out_object(&j, "oauth_config");
	json_out_object(&j, "scopes");
	json_out_array(&j, "bot");
	for (i = 0; slack_scopes[i].name; i++)
		json_out_str(&j, NULL, slack_scopes[i].name);
	json_out_array_end(&j);
	json_out_object_end(&j);
	json_out_object_end(&j);
	put_settings(&j, http);
	json_out_object_end(&j);
}

int cli_manifest(int argc, char **argv)
{
	static const struct option options[] = {
		{"http", required_argument, NULL, 'u'}, {"name", required_argument, NULL, 'n'},
		{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0},
	};
	const char *name = "tocsin", *http = NULL;
	struct buf out;
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(help, stdout);
			return 0;
		}
		if (c == 'u')
			http = optarg;
		else if (c == 'n')
			name = optarg;
		else
			return 2;
	}
	if (optind < argc && strcmp(argv[optind], "slack") == 0)
		optind++;
	if (optind < argc) {
		fprintf(stderr, "tocsin manifest: there is no manifest for \"%s\"; it makes one for slack\n", argv[optind]);
		return 2;
	}
	if (http && (strncmp(http, "https://", 8) != 0 || strlen(http) > 300 || http[strlen(http) - 1] == '/')) {
		fputs("tocsin manifest: --http takes https://HOST without a slash at the end\n", stderr);
		return 2;
	}
	if (!*name || strlen(name) > 35) {
		fputs("tocsin manifest: --name takes 1 to 35 characters\n", stderr);
		return 2;
	}
	buf_init(&out, 64 * 1024);
	slack_manifest(&out, name, http);
	puts(buf_text(&out));
	buf_release(&out);
	return 0;
}
