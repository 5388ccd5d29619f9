/*
 * keys.c - every key of the plan language. docs/plan.md describes each of them; a test compares
 * the two.
 */
#include "bot/plan/walk.h"

#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})

const struct walk_keys keys_top = {"the plan",
	KEYS("tocsin", "name", "timezone", "launch_at", "include", "public_url", "templates", "channels",
		"people", "reach", "groups", "hours", "events", "oncall", "severities", "ladders", "ack_expires", "incident",
		"connections", "alerts"),
	KEYS("freezes", "metrics", "rollback", "hotfix", "go_no_go", "checklists",
		"rollout", "sites", "feedback")};
const struct walk_keys keys_channel = {"a channel",
	KEYS("slack", "teams", "purpose", "mirror"), NULL};
const struct walk_keys keys_person = {"a person",
	KEYS("name", "slack", "teams", "mail", "phone", "timezone", "reach", "only"), NULL};
const struct walk_keys keys_way = {"a way to reach somebody", KEYS("via", "after"), NULL};
const struct walk_keys keys_reach = {"`reach`", KEYS("urgent", "normal"), NULL};
/* Besides the schedules' own names. */
const struct walk_keys keys_oncall = {"`oncall`", KEYS("coverage", "periods"), NULL};
const struct walk_keys keys_coverage = {"a coverage",
	KEYS("around", "before", "after", "who", "min", "want"), NULL};
const struct walk_keys keys_event = {"an event", KEYS("id", "title", "from", "to", "timezone"),
	KEYS("ics")};
const struct walk_keys keys_period = {"a period", KEYS("from", "to", "hours", "timezone"), NULL};
const struct walk_keys keys_schedule = {"a schedule",
	KEYS("shifts", "rotation", "layers", "timezone", "cover", "fallback", "announce",
		"slack_usergroup"), NULL};
const struct walk_keys keys_layer = {"a rotation",
	KEYS("people", "role", "every", "handoff", "from", "to", "hours", "timezone"), KEYS("ics")};
const struct walk_keys keys_hours = {"hours", KEYS("days", "from", "to", "timezone"), NULL};
const struct walk_keys keys_shift = {"a shift", KEYS("who", "role", "from", "to", "timezone"), NULL};
const struct walk_keys keys_cover = {"`cover`", KEYS("min", "want"), NULL};
const struct walk_keys keys_announce = {"`announce`", KEYS("channel", "before"), NULL};
const struct walk_keys keys_severity = {"a severity",
	KEYS("means", "examples", "ack", "fix", "update_every", "ladder", "urgent", "room", "postmortem",
		"tell"), NULL};
const struct walk_keys keys_step = {"a step of a ladder",
	KEYS("page", "after", "together", "only", "via", "ticket", "repeat_from", "times"), NULL};
const struct walk_keys keys_incident = {"`incident`",
	KEYS("id", "roles", "collect", "notify", "widespread", "track", "links", "close_checklist",
		"allow", "key_event"), NULL};
const struct walk_keys keys_question = {"a question",
	KEYS("id", "ask", "choose", "required"), NULL};
const struct walk_keys keys_notify = {"`notify`", KEYS("channel", "mention"), NULL};
const struct walk_keys keys_widespread = {"`widespread`", KEYS("channel", "confirm", "when"), NULL};
const struct walk_keys keys_track = {"`track`", KEYS("document"), NULL};
const struct walk_keys keys_link = {"a link", KEYS("title", "url"), NULL};
const struct walk_keys keys_connection = {"a connection",
	KEYS("kind", "like", "url", "user", "password", "from", "routing_key", "secret", "private",
		"account", "token", "webhook_secret", "group", "project", "type", "repo", "labels"),
	NULL};
const struct walk_keys keys_alert_source = {"an alert source",
	KEYS("kind", "token", "channel", "severities", "otherwise"), NULL};

const struct walk_keys *const plan_language[] = {&keys_top, &keys_channel, &keys_person, &keys_way,
	&keys_reach, &keys_oncall, &keys_period, &keys_coverage, &keys_event, &keys_schedule, &keys_layer, &keys_hours, &keys_shift, &keys_cover, &keys_announce,
	&keys_severity, &keys_step, &keys_incident, &keys_question, &keys_notify, &keys_widespread,
	&keys_track, &keys_link, &keys_connection, &keys_alert_source, NULL};
