/* load_connections.c - what is called from outside, and where alerts come in. */
#include <stdio.h>
#include <string.h>

#include "bot/plan/walk.h"
#include "tocsin/arena.h"

#define LIKE_DEPTH 4

struct kind {
	const char *name;
	enum plan_connection_kind kind;
};

static const struct kind kinds[] = {
	{"smtp", PLAN_CONN_SMTP},
	{"pagerduty", PLAN_CONN_PAGERDUTY},
	{"webhook", PLAN_CONN_WEBHOOK},
	{"twilio", PLAN_CONN_TWILIO},
	{"statuspage", PLAN_CONN_OTHER},
	{"servicenow", PLAN_CONN_SERVICENOW},
	{"github-issue", PLAN_CONN_GITHUB_ISSUE},
	{"github-workflow", PLAN_CONN_OTHER},
	{"jira", PLAN_CONN_JIRA},
	{"opsgenie", PLAN_CONN_OTHER},
	{"slack", PLAN_CONN_OTHER},
	{"teams", PLAN_CONN_OTHER},
};

#define N_KINDS (sizeof(kinds) / sizeof(*kinds))

/* map[key], or that of the connection it is like. */
static const struct node *inherited(struct walk *w, const struct node *map, const char *key)
{
	const struct node *all = node_get(w->root, "connections");

	for (unsigned depth = 0; map && map->kind == NODE_MAP && depth < LIKE_DEPTH; depth++) {
		const struct node *v = node_get(map, key), *like = node_get(map, "like");

		if (!node_blank(v))
			return v;
		map = !node_blank(like) && like->kind == NODE_SCALAR ? node_get(all, like->text) : NULL;
	}
	return NULL;
}

static bool load_kind(struct walk *w, const struct node *key, const struct node *v,
	struct plan_connection *out)
{
	const struct node *n = inherited(w, v, "kind");
	const char *names[N_KINDS], *text, *near;

	if (!n) {
		walk_error(w, key, "the connection has no kind", "add kind: smtp, pagerduty, twilio, webhook, servicenow, jira or github-issue");
		return false;
	}
	text = walk_text(w, n, WALK_NAME_MAX);
	if (!text)
		return false;
	for (size_t i = 0; i < N_KINDS; i++) {
		names[i] = kinds[i].name;
		if (strcmp(kinds[i].name, text) == 0) {
			out->kind = kinds[i].kind;
			out->kind_name = kinds[i].name;
			return true;
		}
	}
	near = value_nearest(text, names, N_KINDS);
	walk_error(w, n, say(w, "\"%s\" is not a kind of connection", value_quote(text).text),
		near ? say(w, "did you mean %s?", near) : "write smtp, pagerduty, twilio, webhook, servicenow, jira or github-issue");
	return false;
}

static const struct node *need(struct walk *w, const struct node *key, const struct node *v,
	const char *field, const char *mend)
{
	const struct node *n = inherited(w, v, field);

	if (!n)
		walk_error(w, key, say(w, "`%s` is missing", field), mend);
	return n;
}

static void load_smtp(struct walk *w, const struct node *key, const struct node *v,
	struct plan_connection *out)
{
	const struct node *from = need(w, key, v, "from", "add the sender's address: from: bot@example.com");
	const struct node *password = inherited(w, v, "password");

	out->url = walk_secret_url(w, need(w, key, v, "url",
		"add the server: url: \"smtps://mail.example.com\""), "smtps smtp", false);
	out->user = walk_secret(w, inherited(w, v, "user"), SECRET_PLAIN, false);
	out->password = walk_secret(w, password, SECRET_HIDDEN, false);
	out->from = walk_checked(w, from, value_mail);
	if (password && !inherited(w, v, "user"))
		walk_error(w, key, "there is a password and no user", "add user: ...");
}

static void load_pagerduty(struct walk *w, const struct node *key, const struct node *v,
	struct plan_connection *out)
{
	out->webhook_secret = walk_secret(w, inherited(w, v, "webhook_secret"), SECRET_HIDDEN, false);
	out->routing_key = walk_secret(w, need(w, key, v, "routing_key",
		"add the integration key of an Events API v2 integration: "
		"routing_key: \"${PAGERDUTY_KEY}\""), SECRET_HIDDEN, false);
	if (inherited(w, v, "url"))
		out->url = walk_secret_url(w, inherited(w, v, "url"), "https http", false);
}

/* whsec_ and base64 of 24 to 64 bytes. */
static bool signing_secret(const char *text)
{
	static const char base64[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n;

	if (strncmp(text, "whsec_", 6) != 0)
		return false;
	n = strspn(text + 6, base64);
	return n >= 32 && n <= 88 && strspn(text + 6 + n, "=") <= 2 &&
		!text[6 + n + strspn(text + 6 + n, "=")];
}

static void load_webhook(struct walk *w, const struct node *key, const struct node *v,
	struct plan_connection *out)
{
	const struct node *secret = inherited(w, v, "secret");

	out->url = walk_secret_url(w, need(w, key, v, "url", "add url: \"https://...\""), "https http",
		false);
	out->secret = walk_secret(w, secret, SECRET_HIDDEN, false);
	if (out->secret && !signing_secret(out->secret))
		walk_error(w, secret, "the signing secret is not of the form whsec_...",
			"make one: echo whsec_$(head -c 32 /dev/urandom | base64)");
}

/* "AC" and 32 hex digits: it becomes part of an address. */
static bool twilio_account(const char *text, struct value_fault *f)
{
	if (strncmp(text, "AC", 2) == 0 && strlen(text) == 34 &&
		strspn(text + 2, "0123456789abcdefABCDEF") == 32)
		return true;
	snprintf(f->what, sizeof(f->what), "this is no Twilio account: AC and 32 hex digits");
	snprintf(f->mend, sizeof(f->mend), "copy the Account SID of Twilio's console");
	return false;
}

static void load_twilio(struct walk *w, const struct node *key, const struct node *v,
	struct plan_connection *out)
{
	const struct node *account = need(w, key, v, "account", "add account: \"${TWILIO_SID}\"");
	struct value_fault f = {{0}, {0}};

	out->account = walk_secret(w, account, SECRET_PLAIN, false);
	if (out->account && !twilio_account(out->account, &f))
		walk_fault(w, account, &f);
	out->token = walk_secret(w, need(w, key, v, "token",
		"add the account's auth token (an API key signs no callbacks): token: \"${TWILIO_TOKEN}\""),
		SECRET_HIDDEN, false);
	out->from = walk_checked(w, need(w, key, v, "from",
		"add the number that calls and writes: from: \"+15550100100\""), value_phone);
	if (inherited(w, v, "url"))
		out->url = walk_secret_url(w, inherited(w, v, "url"), "https http", false);
}

/* Where a ticket goes, and by whose right. */
static void load_ticket(struct walk *w, const struct node *key, const struct node *v,
	struct plan_connection *out)
{
	const struct node *repo = inherited(w, v, "repo"), *url = inherited(w, v, "url");
	bool github = out->kind == PLAN_CONN_GITHUB_ISSUE;

	if (url || !github)
		out->url = walk_secret_url(w, url ? url : need(w, key, v, "url",
			"add the address of your instance: url: \"https://...\""), "https http", false);
	out->user = walk_secret(w, inherited(w, v, "user"), SECRET_PLAIN, false);
	out->password = walk_secret(w, inherited(w, v, "password"), SECRET_HIDDEN, false);
	out->token = walk_secret(w, inherited(w, v, "token"), SECRET_HIDDEN, false);
	out->group = walk_text(w, inherited(w, v, "group"), WALK_NAME_MAX);
	out->project = walk_text(w, inherited(w, v, "project"), WALK_NAME_MAX);
	out->type = walk_text(w, inherited(w, v, "type"), WALK_NAME_MAX);
	out->labels = walk_strings(w, inherited(w, v, "labels"), 10, 50, &out->n_labels);
	if (!inherited(w, v, "token") && (github || !inherited(w, v, "password")))
		walk_error(w, key, "there is nothing to sign in with",
			github ? "add token: \"${GITHUB_TOKEN}\"" : "add user: and password:, or token:");
	if (out->kind == PLAN_CONN_JIRA)
		need(w, key, v, "project", "add the project's key: project: OPS");
	if (github && need(w, key, v, "repo", "add repo: owner/name")) {
		out->repo = walk_text(w, repo, WALK_NAME_MAX);
		if (out->repo && (!strchr(out->repo, '/') || out->repo[strspn(out->repo,
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./")]))
			walk_error(w, repo, "this is no repository", "write it as owner/name");
	}
}

/* Known to the language: secrets that are missing are told, and nothing else is looked at. */
static void check_other(struct walk *w, const struct node *key, const struct node *v,
	const struct plan_connection *c)
{
	walk_notice(w, key, say(w, "connections of the kind %s are not used by this version",
		c->kind_name), "");
	for (size_t i = 0; i < v->n; i++) {
		const struct node *n = node_value(v, i);

		if (n->kind == NODE_SCALAR && secret_pattern(n->text))
			walk_secret(w, n, SECRET_PLAIN, true);
	}
}

static void load_connection(struct walk *w, const struct node *key, const struct node *v,
	struct plan_connection *out)
{
	static const char *const chosen[] = {"chat", "mail", "phone", "sms"};
	const struct node *like = node_get(v, "like");

	out->kind = PLAN_CONN_OTHER;
	out->kind_name = "";
	if (v->kind != NODE_MAP) {
		walk_error(w, key, "a connection is a map of keys and values", "write {kind: ..., url: ...}");
		return;
	}
	if (!node_blank(like))
		walk_ref(w, like, REF_CONNECTION);
	if (!load_kind(w, key, v, out))
		return;
	if (out->kind == PLAN_CONN_OTHER) {
		check_other(w, key, v, out);
		return;
	}
	walk_map(w, v, &keys_connection);
	/* mail and phone are connections of these names in many plans; chat is none */
	if (strcmp(key->text, chosen[0]) == 0)
		walk_error(w, key, "a connection cannot be called chat", "choose another name");
	if (out->kind == PLAN_CONN_SMTP)
		load_smtp(w, key, v, out);
	else if (out->kind == PLAN_CONN_PAGERDUTY)
		load_pagerduty(w, key, v, out);
	else if (out->kind == PLAN_CONN_TWILIO)
		load_twilio(w, key, v, out);
	else if (out->kind != PLAN_CONN_WEBHOOK)
		load_ticket(w, key, v, out);
	else
		load_webhook(w, key, v, out);
	out->private_ok = walk_bool(w, inherited(w, v, "private"), false) ||
		(out->url && value_url_private(out->url));
}

void load_connections(struct walk *w)
{
	const struct node *n = node_get(w->root, "connections");
	struct plan_connection *out;

	if (!walk_section(w, n, "connections"))
		return;
	out = ARENA_ARRAY(w->arena, struct plan_connection, n->n);
	for (size_t i = 0; i < n->n; i++) {
		out[i].key = node_key(n, i)->text;
		load_connection(w, node_key(n, i), node_value(n, i), &out[i]);
	}
	w->plan->connections = out;
	w->plan->n_connections = n->n;
}

/* A severity's key, or none. */
static const char *load_severity_name(struct walk *w, const struct node *n)
{
	if (!node_blank(n) && n->kind == NODE_SCALAR && strcmp(n->text, "none") == 0)
		return NULL;
	return walk_ref(w, n, REF_SEVERITY);
}

static void load_alert_severities(struct walk *w, const struct node *n, struct plan_alert_source *out)
{
	struct plan_alert_severity *map;

	if (node_blank(n))
		return;
	if (n->kind != NODE_MAP) {
		walk_error(w, n, "`severities` is a map from the alert's words to severities of the plan",
			"write it as {critical: P0, warning: P2, info: none}");
		return;
	}
	map = ARENA_ARRAY(w->arena, struct plan_alert_severity, n->n);
	for (size_t i = 0; i < n->n && i < WALK_LIST_MAX; i++) {
		map[i].label = node_key(n, i)->text;
		map[i].severity = load_severity_name(w, node_value(n, i));
		out->n_severities++;
	}
	out->severities = map;
}

static void load_alert_source(struct walk *w, const struct node *key, const struct node *v,
	struct plan_alert_source *out)
{
	const struct node *kind = node_get(v, "kind");
	const char *text;

	out->kind = "generic";
	if (node_blank(v)) {
		walk_error(w, key, "the alert source is empty", "add {kind: alertmanager, token: \"${...}\"}");
		return;
	}
	if (!walk_map(w, v, &keys_alert_source))
		return;
	text = walk_need_text(w, v, "kind", WALK_NAME_MAX);
	if (text && strcmp(text, "alertmanager") != 0 && strcmp(text, "generic") != 0)
		walk_error(w, kind, say(w, "\"%s\" is not a kind of alert source", value_quote(text).text),
			"write alertmanager, or generic for the JSON that docs/plan.md shows");
	else if (text)
		out->kind = text;
	out->token = walk_secret(w, node_get(v, "token"), SECRET_HIDDEN, false);
	out->channel = walk_ref(w, node_get(v, "channel"), REF_CHANNEL);
	load_alert_severities(w, node_get(v, "severities"), out);
	out->otherwise = load_severity_name(w, node_get(v, "otherwise"));
}

void load_alerts(struct walk *w)
{
	const struct node *n = node_get(w->root, "alerts");
	struct plan_alert_source *out;

	if (!walk_section(w, n, "alerts"))
		return;
	out = ARENA_ARRAY(w->arena, struct plan_alert_source, n->n);
	for (size_t i = 0; i < n->n; i++) {
		out[i].key = node_key(n, i)->text;
		load_alert_source(w, node_key(n, i), node_value(n, i), &out[i]);
	}
	w->plan->alert_sources = out;
	w->plan->n_alert_sources = n->n;
}
