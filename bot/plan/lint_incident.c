/* lint_incident.c - groups, roles, channels, alert sources and connections. */
#include <stdlib.h>
#include <string.h>

#include "bot/plan/lint.h"
#include "tocsin/arena.h"

static void check_groups(struct lint *l)
{
	for (size_t i = 0; i < l->plan->n_groups; i++)
		if (!l->plan->groups[i].n)
			lint_add(l, FINDING_WARNING, lint_key(l, "groups", l->plan->groups[i].key, NULL),
				lint_say(l, "the group %s is empty", l->plan->groups[i].key),
				"add people, in the order of succession");
}

/* A channel that the bot is to write to needs an id on a platform that this version speaks. */
static void check_channel(struct lint *l, const char *key, const struct node *at)
{
	const struct plan_channel *c = key ? plan_channel(l->plan, key) : NULL;

	if (c && !c->slack)
		lint_add(l, FINDING_ERROR, at, lint_say(l, "the channel %s has no Slack id", key),
			"add slack: C... to it; this version speaks Slack only");
}

static int compare_channels(const void *pa, const void *pb)
{
	const struct plan_channel *a = *(const struct plan_channel *const *)pa;
	const struct plan_channel *b = *(const struct plan_channel *const *)pb;
	int c = strcmp(a->slack, b->slack);

	return c ? c : (a > b) - (a < b);
}

static void check_channels_differ(struct lint *l)
{
	const struct plan_channel **list =
		ARENA_ARRAY(l->arena, const struct plan_channel *, l->plan->n_channels);
	size_t n = 0;

	for (size_t i = 0; i < l->plan->n_channels; i++)
		if (l->plan->channels[i].slack)
			list[n++] = &l->plan->channels[i];
	qsort(list, n, sizeof(*list), compare_channels);
	for (size_t i = 1; i < n; i++)
		if (strcmp(list[i]->slack, list[i - 1]->slack) == 0)
			lint_add(l, FINDING_WARNING, lint_key(l, "channels", list[i]->key, "slack", NULL),
				lint_say(l, "%s and %s are the same channel", list[i - 1]->key, list[i]->key),
				"look at the ids; one of them is probably a copy");
}

static void check_incident(struct lint *l)
{
	const struct plan_incident *inc = &l->plan->incident;

	for (size_t i = 0; i < inc->n_roles; i++)
		if (!inc->roles[i].n)
			lint_add(l, FINDING_NOTICE, lint_key(l, "incident", "roles", inc->roles[i].key, NULL),
				lint_say(l, "nobody is named for the role %s", inc->roles[i].key),
				"whoever takes it will be asked; name people, in order, to have it handed out");
	if (!inc->notify_channel)
		lint_add(l, FINDING_NOTICE, lint_key(l, "incident", NULL),
			"incidents open wherever the command was typed",
			"add incident: {notify: {channel: ...}} to have them all in one channel");
	check_channel(l, inc->notify_channel, lint_key(l, "incident", "notify", "channel", NULL));
	check_channel(l, inc->widespread_channel, lint_key(l, "incident", "widespread", "channel", NULL));
	for (size_t i = 0; i < l->plan->n_schedules; i++)
		check_channel(l, l->plan->schedules[i].announce_channel,
			lint_key(l, "oncall", l->plan->schedules[i].key, "announce", "channel", NULL));
}

static void check_alerts(struct lint *l)
{
	for (size_t i = 0; i < l->plan->n_alert_sources; i++) {
		const struct plan_alert_source *a = &l->plan->alert_sources[i];
		const struct node *at = lint_key(l, "alerts", a->key, NULL);
		bool any = a->otherwise != NULL;

		if (!lint_value(l, "alerts", a->key, "token", NULL))
			lint_add(l, FINDING_WARNING, at,
				lint_say(l, "whoever reaches /alerts/%s can open incidents: it has no token", a->key),
				"add token: \"${ALERT_TOKEN}\" and give it to the monitoring system as bearer token");
		check_channel(l, a->channel, lint_key(l, "alerts", a->key, "channel", NULL));
		if (!a->channel && !l->plan->incident.notify_channel)
			lint_add(l, FINDING_ERROR, at, "there is no channel in which these alerts could be told",
				"add channel: here, or incident: {notify: {channel: ...}}");
		for (size_t k = 0; k < a->n_severities; k++)
			any |= a->severities[k].severity != NULL;
		if (!any)
			lint_add(l, FINDING_WARNING, at, "no alert of this source ever opens an incident",
				"add severities: {critical: P0, ...} or otherwise: P3");
	}
}

void lint_incident(struct lint *l)
{
	check_groups(l);
	check_channels_differ(l);
	check_incident(l);
	check_alerts(l);
}

/* Text that others could read on its way. */
static void check_encrypted(struct lint *l, const struct plan_connection *c)
{
	const struct node *at = lint_key(l, "connections", c->key, "url", NULL);

	if (!c->url || value_url_private(c->url))
		return;
	if (strncmp(c->url, "http://", 7) == 0)
		lint_add(l, FINDING_WARNING, at, "what is sent there can be read on its way", "use https://");
	/* smtp:// goes on to STARTTLS where the server offers it */
}

static void check_connection(struct lint *l, const struct plan_connection *c)
{
	check_encrypted(l, c);
	if (c->kind == PLAN_CONN_WEBHOOK && !lint_value(l, "connections", c->key, "secret", NULL) &&
		!lint_value(l, "connections", c->key, "like", NULL))
		lint_add(l, FINDING_WARNING, lint_key(l, "connections", c->key, NULL),
			"the receiver cannot tell that a call comes from this bot: there is no signing secret",
			"add secret: \"${WEBHOOK_SECRET}\" and check its signature at the receiver");
	if (c->kind == PLAN_CONN_PAGERDUTY && c->routing_key && strlen(c->routing_key) != 32)
		lint_add(l, FINDING_WARNING, lint_key(l, "connections", c->key, "routing_key", NULL),
			"this is not an integration key of PagerDuty: those have 32 characters",
			"copy the key of an Events API v2 integration");
}

void lint_connections(struct lint *l)
{
	const struct plan *p = l->plan;
	const char *mail = NULL, *phone = NULL;

	for (size_t i = 0; i < p->n_connections; i++) {
		check_connection(l, &p->connections[i]);
		if (p->connections[i].kind == PLAN_CONN_SMTP && !mail)
			mail = p->connections[i].key;
		if (p->connections[i].kind == PLAN_CONN_TWILIO && !phone)
			phone = p->connections[i].key;
	}
	if (mail && !p->public_url)
		lint_add(l, FINDING_WARNING, lint_key(l, "connections", mail, NULL),
			"nobody can acknowledge from a mail: without `public_url` it carries no link",
			"add public_url: https://... where this bot is reached from outside");
	if (phone && !p->public_url)
		lint_add(l, FINDING_WARNING, lint_key(l, "connections", phone, NULL),
			"nobody can acknowledge by telephone: without `public_url` Twilio cannot tell what was pressed",
			"add public_url: https://... where this bot is reached from outside");
	if (p->public_url && strncmp(p->public_url, "http://", 7) == 0 && !value_url_private(p->public_url))
		lint_add(l, FINDING_WARNING, lint_key(l, "public_url", NULL),
			"links to acknowledge would travel unencrypted", "use https://");
}
