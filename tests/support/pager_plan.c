/* pager_plan.c - see pager_plan.h. */
#include "pager_plan.h"

#define LIST(...) (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)
#define WAYS(...) {(const struct plan_reach[]){__VA_ARGS__}, \
	sizeof((const struct plan_reach[]){__VA_ARGS__}) / sizeof(struct plan_reach)}
#define STEPS(...) (const struct plan_step[]){__VA_ARGS__}, \
	sizeof((const struct plan_step[]){__VA_ARGS__}) / sizeof(struct plan_step)
#define PAGE(...) .page = (const char *const[]){__VA_ARGS__}, \
	.n_page = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)
#define N(list) (sizeof(list) / sizeof((list)[0]))

static const struct plan_person people[] = {
	{.key = "ada", .name = "Ada Park", .slack = "U0ADA", .mail = "ada@example.com", .phone = "+15550100001",
		.reach = WAYS({"mail", 0}, {"chat", 2 * MINUTE}, {"phone", 5 * MINUTE})},
	{.key = "ben", .name = "Ben Ortiz", .slack = "U0BEN", .mail = "ben@example.com",
		.phone = "+15550100002"},
	{.key = "chloe", .name = "Chloé Roy", .slack = "U0CHLOE", .mail = "chloe@example.com",
		.phone = "+15550100003"},
	{.key = "dev", .name = "Dev Rao", .teams = "2b1f0c6e", .mail = "dev@example.com",
		.reach = WAYS({"chat", 0}, {"mail", 5 * MINUTE})},
	{.key = "exec", .name = "Eve Stone", .slack = "U0EVE", .phone = "+15550100005",
		.only = (const char *const[]){"phone"}, .n_only = 1},
	{.key = "mia", .name = "Mia Novak", .slack = "U0MIA",
		.reach = WAYS({"pagerduty", 0}, {"bridge", 1 * MINUTE})},
	{.key = "nemo", .name = "Nemo Park"},
};

static const struct plan_group groups[] = {
	{"eng-manager", LIST("ada", "ben")},
	{"product-manager", LIST("chloe")},
	{"ceo", LIST("exec")},
	{"qa", LIST("dev")},
	{"pagers", LIST("mia", "ben")},
	{"ghosts", LIST("nemo", "exec")},
	{"ghost-then-ben", LIST("exec", "ben", "chloe")},
	{.key = "empty"},
};

static const struct plan_shift engineering[] = {
	{"ada", "primary", T0, T0 + 8 * HOUR},
	{"chloe", "backup", T0, T0 + 4 * HOUR},
	{"ben", "primary", T0 + 8 * HOUR, T0 + 16 * HOUR},
};

static const struct plan_schedule schedules[] = {
	{.key = "engineering", .shifts = engineering, .n_shifts = N(engineering), .fallback = "eng-manager",
		.slack_usergroup = "S0ONCALL"},
	{.key = "night", .fallback = "engineering"},
	{.key = "void"},
	{.key = "ring-a", .fallback = "ring-b"},
	{.key = "ring-b", .fallback = "ring-a"},
};

static const struct plan_severity severities[] = {
	{.key = "P0", .means = "Down", .ack_ms = 5 * MINUTE, .fix_ms = HOUR, .update_every_ms = 15 * MINUTE,
		.postmortem_ms = 24 * HOUR, .ack_expires_ms = 30 * MINUTE, .ladder = "production", .urgent = true,
		.tell = (const char *const[]){"eng-manager", "product-manager", "ceo"}, .n_tell = 3},
	{.key = "P1", .means = "Broken", .ack_ms = 15 * MINUTE, .fix_ms = 4 * HOUR,
		.update_every_ms = 30 * MINUTE, .ack_expires_ms = 2 * HOUR, .ladder = "production", .urgent = true},
	{.key = "P2", .means = "Workaround", .ack_ms = HOUR, .update_every_ms = 4 * HOUR, .ladder = "triage"},
	{.key = "P3", .means = "Cosmetic"},
	{.key = "P4", .means = "Asked to acknowledge, nobody is paged", .ack_ms = 10 * MINUTE},
	{.key = "ghosts", .means = "", .ladder = "ghosts", .urgent = true},
	{.key = "succession", .means = "", .ladder = "succession", .urgent = true},
	{.key = "gap", .means = "", .ladder = "gap", .urgent = true},
	{.key = "pager", .means = "", .ladder = "pager", .urgent = true, .ack_expires_ms = 30 * MINUTE},
	{.key = "rounds", .means = "", .ladder = "rounds", .urgent = true},
	{.key = "lost", .means = "", .ladder = "no-such-ladder", .urgent = true},
};

static const struct plan_ladder ladders[] = {
	{"production", STEPS(
		{PAGE("engineering.primary")},
		{.after_ms = 10 * MINUTE, PAGE("engineering.backup")},
		{.after_ms = 20 * MINUTE, PAGE("eng-manager", "product-manager"), .together = true},
		{.after_ms = 30 * MINUTE, PAGE("ceo"), .only = (const char *const[]){"P0"}, .n_only = 1,
			.via = (const char *const[]){"phone"}, .n_via = 1},
		{.after_ms = 45 * MINUTE, .repeat_from = 1, .times = 3})},
	{"triage", STEPS({PAGE("qa")}, {.after_ms = 30 * MINUTE, PAGE("engineering.primary")})},
	{"ghosts", STEPS({PAGE("ghosts")}, {.after_ms = 10 * MINUTE, PAGE("nemo")})},
	{"succession", STEPS({PAGE("ghost-then-ben")})},
	{"gap", STEPS({PAGE("night.primary")}, {.after_ms = 10 * MINUTE, PAGE("void")},
		{.after_ms = 20 * MINUTE, PAGE("empty", "no-such")})},
	{"pager", STEPS({PAGE("pagers")})},
	{"rounds", STEPS({PAGE("ben")}, {.after_ms = 5 * MINUTE, PAGE("chloe")},
		{.after_ms = 10 * MINUTE, .repeat_from = 2, .times = 2})},
};

static const struct plan_role roles[] = {
	{"coordinator", LIST("chloe", "ada")},
	{"tech-lead", LIST("ada", "ben")},
	{.key = "scribe"},
};

static const struct plan_channel channels[] = {
	{.key = "war-room", .slack = "C0WARROOM"},
	{.key = "payments", .slack = "C0PAYMENTS"},
};

static const struct plan_connection connections[] = {
	{.key = "mail", .kind = PLAN_CONN_SMTP, .kind_name = "smtp"},
	{.key = "pagerduty", .kind = PLAN_CONN_PAGERDUTY, .kind_name = "pagerduty"},
	{.key = "bridge", .kind = PLAN_CONN_WEBHOOK, .kind_name = "webhook"},
	{.key = "phone", .kind = PLAN_CONN_OTHER, .kind_name = "twilio"},
};

static const struct plan_alert_source sources[] = {
	{.key = "prom", .kind = "alertmanager", .channel = "payments",
		.severities = (const struct plan_alert_severity[]){{"critical", "P0"}, {"warning", "P2"},
			{"info", NULL}},
		.n_severities = 3, .otherwise = "P3"},
	{.key = "quiet", .kind = "generic",
		.severities = (const struct plan_alert_severity[]){{"critical", "P1"}}, .n_severities = 1},
};

const struct plan test_plan = {
	.path = "plan.yaml",
	.name = "Dashboard launch",
	.timezone = "America/Los_Angeles",
	.channels = channels,
	.n_channels = N(channels),
	.people = people,
	.n_people = N(people),
	.groups = groups,
	.n_groups = N(groups),
	.reach_urgent = WAYS({"chat", 0}, {"phone", 5 * MINUTE}, {"sms", 5 * MINUTE}),
	.reach_normal = WAYS({"mail", 0}, {"chat", 10 * MINUTE}),
	.schedules = schedules,
	.n_schedules = N(schedules),
	.severities = severities,
	.n_severities = N(severities),
	.ladders = ladders,
	.n_ladders = N(ladders),
	.incident = {.id_format = "INC-{n}", .roles = roles, .n_roles = N(roles),
		.notify_channel = "war-room", .key_event_emoji = "pushpin"},
	.connections = connections,
	.n_connections = N(connections),
	.alert_sources = sources,
	.n_alert_sources = N(sources),
};
