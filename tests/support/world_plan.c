/* world_plan.c - the plan of the pretended world: what plan files can say, small. */
#include "tocsin/plan.h"
#include "world.h"

#define LIST(...) (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)
#define N(list) (sizeof(list) / sizeof((list)[0]))
#define MIN MINUTE_MS
#define HOUR (60 * MINUTE_MS)

static const struct plan_channel channels[] = {
	{.key = "war-room", .slack = "C0WARROOM"},
	{.key = "travel", .slack = "C0TRAVEL"},
};

static const struct plan_reach chat_only[] = {{"chat", 0}};
static const struct plan_reach urgent[] = {{"chat", 0}, {"mail", 5 * MIN}};
static const struct plan_reach normal[] = {{"mail", 0}, {"chat", 10 * MIN}};

static const struct plan_person people[] = {
	{.key = "ada", .name = "Ada Park", .slack = "U0ADA", .mail = "ada@example.com",
		.reach = {chat_only, 1}},
	{.key = "ben", .name = "Ben Ortiz", .slack = "U0BEN", .mail = "ben@example.com"},
	{.key = "chloe", .name = "Chlo\xc3\xa9 Roy", .slack = "U0CHLOE", .mail = "chloe@example.com"},
	{.key = "dev", .name = "Dev Rao", .mail = "dev@example.com"},
	{.key = "exec", .name = "Eve Stone", .slack = "U0EVE", .mail = "eve@example.com"},
};

static const struct plan_group groups[] = {
	{"eng-manager", LIST("ada", "ben")},
	{"product-manager", LIST("chloe")},
	{"ceo", LIST("exec")},
	{"qa", LIST("dev")},
	{.key = "empty"},
};

static const struct plan_shift shifts[] = {
	{"ada", "primary", WORLD_T0 - HOUR, WORLD_T0 + 8 * HOUR},
	{"ben", "backup", WORLD_T0 - HOUR, WORLD_T0 + 8 * HOUR},
};

/* Chloé and Ben by the week, handed over on Mondays at 09:00; Chloé has it now. */
static const struct plan_turn weeks[] = {{LIST("chloe")}, {LIST("ben")}};
static const struct plan_layer support[] = {
	{.role = "primary", .turns = weeks, .n_turns = 2, .period_s = 7 * 86400,
		.anchor_s = (WORLD_T0 - 55 * HOUR) / 1000, .from_ms = INT64_MIN, .to_ms = INT64_MAX},
};

/* From three weeks on pages that are not urgent wait for Monday to Friday, 09:00 to 18:00. */
static const struct plan_hours business[] = {
	{.key = "business", .days = 0x3e, .from_min = 9 * 60, .to_min = 18 * 60},
};
static const struct plan_period periods[] = {
	{WORLD_T0 + 21 * 24 * HOUR, WORLD_T0 + 60 * 24 * HOUR, business},
};

static const struct plan_schedule schedules[] = {
	{.key = "engineering", .shifts = shifts, .n_shifts = N(shifts), .fallback = "eng-manager"},
	{.key = "support", .layers = support, .n_layers = 1, .fallback = "ceo", .announce_channel = "travel",
		.slack_usergroup = "S0SUPPORT",
		.announce_before_ms = 15 * MIN, .cover_min = 1},
};

static const struct plan_severity severities[] = {
	{.key = "P0", .means = "Dashboard down, or data is being lost", .ack_ms = 5 * MIN, .fix_ms = HOUR,
		.update_every_ms = 15 * MIN, .postmortem_ms = 24 * HOUR, .ack_expires_ms = 30 * MIN,
		.ladder = "production", .urgent = true, .room = PLAN_ROOM_CHANNEL,
		.tell = (const char *const[]){"ceo"}, .n_tell = 1},
	{.key = "P1", .means = "Core functionality broken", .ack_ms = 15 * MIN, .fix_ms = 4 * HOUR,
		.update_every_ms = 30 * MIN, .postmortem_ms = 24 * HOUR, .ack_expires_ms = 2 * HOUR,
		.ladder = "production", .urgent = true},
	{.key = "P2", .means = "Workaround exists", .ack_ms = HOUR, .fix_ms = 24 * HOUR,
		.update_every_ms = 4 * HOUR, .ladder = "triage"},
	{.key = "P3", .means = "Cosmetic or request"},
};

static const struct plan_step production[] = {
	{.page = (const char *const[]){"engineering.primary"}, .n_page = 1},
	{.after_ms = 10 * MIN, .page = (const char *const[]){"engineering.backup"}, .n_page = 1},
	{.after_ms = 20 * MIN, .page = (const char *const[]){"eng-manager", "product-manager"}, .n_page = 2,
		.together = true},
};
static const struct plan_step triage[] = {
	{.page = (const char *const[]){"qa"}, .n_page = 1},
};
static const struct plan_ladder ladders[] = {{"production", production, 3}, {"triage", triage, 1}};

static const struct plan_role roles[] = {
	{"coordinator", LIST("chloe", "ada", "ben")},
	{"tech-lead", LIST("ada", "ben")},
	{.key = "scribe"},
};

static const struct plan_question collect[] = {
	{.id = "impact", .ask = "How does this affect users?", .required = true},
	{.id = "errors", .ask = "Error type", .choose = (const char *const[]){"500s", "400s", "other"},
		.n_choose = 3},
	{.id = "since", .ask = "For how long?"},
};

static const struct plan_link links[] = {{"Web performance", "https://grafana.example.com/d/web"}};

static const struct plan_allow allow[] = {{"reopen", LIST("eng-manager", "coordinator")}};

static const struct plan_connection connections[] = {
	{.key = "mail", .kind = PLAN_CONN_SMTP, .kind_name = "smtp"},
};

static const struct plan_alert_source sources[] = {
	{.key = "prom", .kind = "alertmanager",
		.severities = (const struct plan_alert_severity[]){{"critical", "P1"}}, .n_severities = 1,
		.otherwise = "P3"},
};

const struct plan world_plan = {
	.path = "plan.yaml", .name = "World", .timezone = "UTC",
	.channels = channels, .n_channels = N(channels),
	.people = people, .n_people = N(people),
	.groups = groups, .n_groups = N(groups),
	.reach_urgent = {urgent, 2}, .reach_normal = {normal, 2},
	.hours = business, .n_hours = N(business), .periods = periods, .n_periods = N(periods),
	.schedules = schedules, .n_schedules = N(schedules),
	.severities = severities, .n_severities = N(severities),
	.ladders = ladders, .n_ladders = N(ladders),
	.incident = {
		.id_format = "INC-{n}", .roles = roles, .n_roles = N(roles),
		.collect = collect, .n_collect = N(collect), .notify_channel = "war-room",
		.notify_mention = (const char *const[]){"engineering.primary", "product-manager"}, .n_mention = 2,
		.widespread_channel = "travel", .widespread_when = "Impact goes beyond our own product",
		.widespread_confirm = (const char *const[]){"product-manager", "tech-lead"}, .n_widespread_confirm = 2,
		.track_document = "https://docs.example.com/new?title={{id}}",
		.links = links, .n_links = N(links),
		.close_checklist = (const char *const[]){"Remove maintenance windows", "Notify the groups that were told"},
		.n_close_checklist = 2, .allow = allow, .n_allow = N(allow), .key_event_emoji = "pushpin",
	},
	.connections = connections, .n_connections = N(connections),
	.alert_sources = sources, .n_alert_sources = N(sources),
};
