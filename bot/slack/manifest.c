/* manifest.c - see manifest.h; and `tocsin manifest`. */
#include "bot/slack/manifest.h"

#include <ctype.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/cli.h"
#include "tocsin/buf.h"
#include "tocsin/handler.h"
#include "tocsin/json_out.h"
#include "tocsin/utf8.h"

#define HINT_UNITS 200

const struct manifest_scope manifest_scopes[] = {
	{ "app_mentions:read", "hears @tocsin" },
	{ "bookmarks:read", "looks whether a bookmark is there before adding it again" },
	{ "bookmarks:write", "puts the plan's links at the top of an incident's channel" },
	{ "channels:history", "keeps what is written in an incident; finds its own messages again" },
	{ "channels:join", "joins the public channels of the plan" },
	{ "channels:manage", "makes channels for incidents, invites people, sets the topic" },
	{ "channels:read", "knows whether it is in a channel" },
	{ "chat:write", "writes" },
	{ "commands", "has slash commands" },
	{ "groups:history", "the same in private channels it was invited to" },
	{ "groups:read", "knows the private channels it was invited to" },
	{ "im:history", "reads what people answer to a page, and finds its own pages again" },
	{ "im:write", "pages people in a direct message" },
	{ "pins:write", "pins the message that shows an incident's state" },
	{ "reactions:read", "sees the emoji that marks a key event" },
	{ "usergroups:write", "keeps the plan's user groups equal to who is on call" },
	{ "users:read", "checks the people of the plan" },
	{ NULL, NULL },
};

static const char *const events[] = {
	"app_mention", "message.channels", "message.groups", "message.im",
	"reaction_added", NULL,
};

/* "new | list | show ...": the first verbs, as far as there is room. */
static void put_hint(struct json_out *j, const struct family *f)
{
	const struct verb *v;
	struct buf b;

	buf_init(&b, 4096);
	for (v = f->verbs; v && v->name; v++) {
		size_t before = b.len;

		buf_printf(&b, "%s%s", b.len ? " | " : "", v->name);
		if (utf16_units(buf_text(&b), b.len) > HINT_UNITS) {
			buf_truncate(&b, before);
			break;
		}
	}
	if (b.len)
		json_out_str(j, "usage_hint", buf_text(&b));
	buf_release(&b);
}

static void put_url(struct json_out *j, const char *key, const char *base, const char *path)
{
	struct buf b;
	size_t n = strlen(base);

	while (n && base[n - 1] == '/')
		n--;
	buf_init(&b, 4096);
	buf_add(&b, base, n);
	buf_str(&b, path);
	json_out_str(j, key, buf_text(&b));
	buf_release(&b);
}

static void put_commands(struct json_out *j, const char *http_url)
{
	const struct family *const *f;
	char command[40];

	json_out_array(j, "slash_commands");
	for (f = families; *f; f++) {
		snprintf(command, sizeof(command), "/%s", (*f)->name);
		json_out_object(j, NULL);
		json_out_str(j, "command", command);
		if (http_url)
			put_url(j, "url", http_url, "/slack/commands");
		json_out_str(j, "description", (*f)->summary);
		put_hint(j, *f);
		json_out_bool(j, "should_escape", true);
		json_out_object_end(j);
	}
	json_out_array_end(j);
}

static void put_features(struct json_out *j, const char *name, const char *http_url)
{
	json_out_object(j, "features");
	json_out_object(j, "app_home");
	json_out_bool(j, "home_tab_enabled", false);
	json_out_bool(j, "messages_tab_enabled", true); /* or nobody could be paged there */
	json_out_bool(j, "messages_tab_read_only_enabled", false); /* "ack" from a telephone's lock screen */
	json_out_object_end(j);
	json_out_object(j, "bot_user");
	json_out_str(j, "display_name", name);
	json_out_bool(j, "always_online", true);
	json_out_object_end(j);
	put_commands(j, http_url);
	json_out_object_end(j);
}

static void put_scopes(struct json_out *j)
{
	const struct manifest_scope *s;

	json_out_object(j, "oauth_config");
	json_out_object(j, "scopes");
	json_out_array(j, "bot");
	for (s = manifest_scopes; s->scope; s++)
		json_out_str(j, NULL, s->scope);
	json_out_array_end(j);
	json_out_object_end(j);
	json_out_object_end(j);
}

static void put_settings(struct json_out *j, const char *http_url)
{
	const char *const *e;

	json_out_object(j, "settings");
	json_out_object(j, "event_subscriptions");
	if (http_url)
		put_url(j, "request_url", http_url, "/slack/events");
	json_out_array(j, "bot_events");
	for (e = events; *e; e++)
		json_out_str(j, NULL, *e);
	json_out_array_end(j);
	json_out_object_end(j);
	json_out_object(j, "interactivity");
	json_out_bool(j, "is_enabled", true);
	if (http_url)
		put_url(j, "request_url", http_url, "/slack/interactivity");
	json_out_object_end(j);
	json_out_bool(j, "org_deploy_enabled", false);
	json_out_bool(j, "socket_mode_enabled", !http_url);
	json_out_bool(j, "token_rotation_enabled", false);
	json_out_object_end(j);
}

void manifest_print(struct buf *out, const char *name, const char *http_url)
{
	struct json_out j;

	json_out_init(&j, out);
	json_out_object(&j, NULL);
	json_out_object(&j, "_metadata");
	json_out_int(&j, "major_version", 1);
	json_out_int(&j, "minor_version", 1);
	json_out_object_end(&j);
	json_out_object(&j, "display_information");
	json_out_str(&j, "name", name);
	json_out_str(&j, "description", "Runs incidents from chat: who is paged, who has it, what happened");
	json_out_str(&j, "background_color", "#1a1d29");
	json_out_object_end(&j);
	put_features(&j, name, http_url);
	put_scopes(&j);
	put_settings(&j, http_url);
	json_out_object_end(&j);
}

static const char help[] =
	"Prints the manifest of the Slack app: paste it at https://api.slack.com/apps, \"Create New App\",\n"
	"\"From an app manifest\".\n"
	"\n"
	"Usage: tocsin manifest [slack] [OPTIONS]\n"
	"\n"
	"      --http URL   for signed HTTP requests to URL/slack/... instead of Socket Mode\n"
	"      --name NAME  what the app is called (default: tocsin; at most 35 characters)\n"
	"      --scopes     a list of the scopes, and what each is for\n"
	"  -h, --help       this text\n"
	"\n"
	"The app-level token (xapp-..., scope connections:write) is made by hand, under Basic Information.\n"
	"Exit codes: 0 printed; 2 the command line is wrong.\n";

enum { OPT_HTTP = 256, OPT_NAME, OPT_SCOPES };

static int complain(const char *what, const char *value)
{
	fprintf(stderr, "tocsin manifest: %s: %s\n`tocsin manifest --help` tells more.\n", what, value);
	return 2;
}

static bool url_ok(const char *url)
{
	return !strncmp(url, "https://", 8) && url[8] && strlen(url) < 500 &&
		!strpbrk(url, " \t\r\n?#\"\\");
}

static void print_scopes(void)
{
	const struct manifest_scope *s;

	for (s = manifest_scopes; s->scope; s++)
		printf("%-18s %s\n", s->scope, s->why);
}

static int print_pretty(const char *name, const char *http_url)
{
	struct buf b;
	json_t *tree;
	char *text;

	buf_init(&b, (size_t)256 * 1024);
	manifest_print(&b, name, http_url);
	tree = json_loadb(buf_text(&b), b.len, 0, NULL);
	text = tree ? json_dumps(tree, JSON_INDENT(2)) : NULL;
	buf_release(&b);
	json_decref(tree);
	if (!text) {
		fputs("tocsin manifest: out of memory\n", stderr);
		return 1;
	}
	puts(text);
	free(text);
	return 0;
}

int cli_manifest(int argc, char **argv)
{
	static const struct option options[] = {
		{ "http", required_argument, NULL, OPT_HTTP }, { "name", required_argument, NULL, OPT_NAME },
		{ "scopes", no_argument, NULL, OPT_SCOPES }, { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *name = "tocsin", *http_url = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case OPT_HTTP: http_url = optarg; break;
		case OPT_NAME: name = optarg; break;
		case OPT_SCOPES: print_scopes(); return 0;
		case 'h': fputs(help, stdout); return 0;
		default: return 2;
		}
	}
	if (optind < argc && !strcmp(argv[optind], "slack"))
		optind++;
	if (optind < argc)
		return complain("there is no manifest for", argv[optind]);
	if (!*name || !utf8_valid(name, strlen(name)) || utf16_units(name, strlen(name)) > MANIFEST_NAME_MAX)
		return complain("--name takes 1 to 35 characters, not", name);
	if (http_url && !url_ok(http_url))
		return complain("--http takes an https:// address without ? and #, not", http_url);
	return print_pretty(name, http_url);
}
