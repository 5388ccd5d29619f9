/*
 * plan.h - the plan as the core sees it: plain data, never changed after it was loaded.
 *
 * bot/plan/ makes one of these from YAML; handlers read it. Strings belong to the plan and are
 * never NULL unless a comment says so. Lists are arrays with a count. Times are milliseconds since
 * the epoch (UTC), durations are milliseconds; 0 means "not given" unless a comment says otherwise.
 * A plan is reference counted by the shell: a task keeps the one it began with.
 */
#ifndef TOCSIN_PLAN_H
#define TOCSIN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zone;

struct plan_channel {
	const char *key;     /* "war-room" */
	const char *slack;   /* "C0WARROOM", or NULL */
	const char *teams;   /* or NULL */
	const char *purpose; /* or NULL */
	bool mirror;
};

/* How a person is reached: chat, mail, phone, sms, or the name of a connection. */
struct plan_reach {
	const char *via;
	int64_t after_ms; /* since the way before it */
};

struct plan_reach_list {
	const struct plan_reach *items;
	size_t n;
};

struct plan_person {
	const char *key;      /* "ada" */
	const char *name;     /* "Ada Park" */
	const char *slack;    /* or NULL */
	const char *teams;    /* or NULL */
	const char *mail;     /* or NULL */
	const char *phone;    /* E.164, or NULL */
	const char *timezone; /* IANA name, or NULL: the plan's */
	const struct zone *zone; /* the same, to compute with (zone.h); NULL: UTC, or the plan's */
	struct plan_reach_list reach; /* own order; n == 0: the plan's */
	const char *const *only; /* when n_only > 0, these ways and no other */
	size_t n_only;
};

struct plan_group {
	const char *key;
	const char *const *members; /* person keys, in order of succession */
	size_t n;
};

/* One fixed shift. from <= t < to. */
struct plan_shift {
	const char *who; /* person key */
	const char *role; /* "primary", "backup", ... */
	int64_t from_ms;
	int64_t to_ms;
};

/* Windows of the week. */
struct plan_hours {
	const char *key;         /* "business" */
	unsigned days;           /* bit 0: Sunday ... bit 6: Saturday; never 0 */
	int from_min;            /* minutes of the day */
	int to_min;              /* not later than from_min: of the day after; both 0: the whole day */
	const struct zone *zone; /* NULL: UTC */
};

/* How reachable people must be, by date: outside the hours only urgent pages go out. */
struct plan_period {
	int64_t from_ms;
	int64_t to_ms;
	const struct plan_hours *hours; /* NULL: always */
};

/* Something risky that will happen. */
struct plan_event {
	const char *id;
	const char *title;
	int64_t from_ms;
	int64_t to_ms;
};

/* How many people of a schedule there should be around events. */
struct plan_coverage {
	const char *const *around; /* event ids */
	size_t n_around;
	const char *schedule;
	int64_t before_ms;
	int64_t after_ms;
	unsigned min;
	unsigned want; /* not less than min */
};

/* Who has one turn: one person, or several at once. */
struct plan_turn {
	const char *const *who; /* person keys */
	size_t n;
};

/*
 * Turns that follow one another by the wall clock of a zone (rota.h). Among layers of the same role
 * a later one covers the earlier ones while it has somebody.
 */
struct plan_layer {
	const char *role;
	const struct plan_turn *turns;
	size_t n_turns;
	int64_t period_s;  /* of one turn by the wall clock, whole hours; 0: there are no turns */
	int64_t anchor_s;  /* a hand-off: seconds from 1970-01-01 00:00 by the wall clock */
	int64_t first;     /* number of the turn, 0 begins at the anchor, that is turns[0]'s */
	int64_t from_ms;   /* INT64_MIN: no begin */
	int64_t to_ms;     /* INT64_MAX: no end */
	const struct plan_hours *hours; /* it counts only in these; NULL: always */
	const struct zone *zone;        /* NULL: UTC */
};

struct plan_schedule {
	const char *key;
	const struct plan_shift *shifts; /* sorted by from_ms; they cover every layer of their role */
	size_t n_shifts;
	const struct plan_layer *layers; /* the rotation first, if there is one */
	size_t n_layers;
	const struct zone *zone;         /* of its times; NULL: UTC */
	const char *fallback; /* person, group or schedule key; NULL: none */
	unsigned cover_min;
	unsigned cover_want;
	const char *announce_channel; /* channel key, or NULL */
	int64_t announce_before_ms;
	const char *slack_usergroup;  /* or NULL */
};

enum plan_room { PLAN_ROOM_THREAD, PLAN_ROOM_CHANNEL };

struct plan_severity {
	const char *key;   /* "P0" */
	const char *means;
	const char *const *examples;
	size_t n_examples;
	int64_t ack_ms;
	int64_t fix_ms;
	int64_t update_every_ms;
	int64_t postmortem_ms;
	int64_t ack_expires_ms;
	const char *ladder; /* key, or NULL: nobody is paged */
	bool urgent;
	enum plan_room room;
	const char *const *tell; /* who is told once at the start: person, group, schedule.role */
	size_t n_tell;
};

struct plan_step {
	int64_t after_ms;             /* since the ladder began */
	const char *const *page;      /* targets: person, group, schedule, schedule.role */
	size_t n_page;
	bool together;                /* everybody at once; else in the order of succession */
	const char *const *only;      /* severities, n_only == 0: all */
	size_t n_only;
	const char *const *via;       /* these ways instead of the person's own, n_via == 0: own */
	size_t n_via;
	const char *ticket;           /* connection in which a ticket is opened, once; or NULL */
	unsigned repeat_from;         /* 1-based step to go back to; 0: this is not a repeat */
	unsigned times;               /* how often it goes back */
};

struct plan_ladder {
	const char *key;
	const struct plan_step *steps; /* in the order of after_ms */
	size_t n;
};

struct plan_role {
	const char *key;            /* "coordinator" */
	const char *const *members; /* backups in order */
	size_t n;
};

struct plan_question {
	const char *id;
	const char *ask;
	const char *const *choose; /* n_choose == 0: free text */
	size_t n_choose;
	bool required;
};

struct plan_link {
	const char *title;
	const char *url;
};

/* Who may use a verb of /incident, besides the defaults of the command table. */
struct plan_allow {
	const char *verb;
	const char *const *who;
	size_t n;
};

struct plan_incident {
	const char *id_format; /* "INC-{n}" */
	const struct plan_role *roles;
	size_t n_roles;
	const struct plan_question *collect;
	size_t n_collect;
	const char *notify_channel; /* channel key where threads open; NULL: where it was typed */
	const char *const *notify_mention;
	size_t n_mention;
	const char *widespread_channel; /* or NULL */
	const char *widespread_when;
	const char *const *widespread_confirm;
	size_t n_widespread_confirm;
	const char *track_document; /* URL with {{id}}, or NULL */
	const struct plan_link *links;
	size_t n_links;
	const char *const *close_checklist;
	size_t n_close_checklist;
	const struct plan_allow *allow;
	size_t n_allow;
	const char *key_event_emoji; /* reaction that marks a key event; default "pushpin" */
};

enum plan_connection_kind {
	PLAN_CONN_SMTP,
	PLAN_CONN_PAGERDUTY,
	PLAN_CONN_WEBHOOK,
	PLAN_CONN_TWILIO,
	PLAN_CONN_SERVICENOW, /* these three take tickets */
	PLAN_CONN_JIRA,
	PLAN_CONN_GITHUB_ISSUE,
	PLAN_CONN_OTHER /* known to the language, not spoken by this version */
};

struct plan_connection {
	const char *key;
	enum plan_connection_kind kind;
	const char *kind_name;
	const char *url;         /* or NULL */
	const char *user;        /* or NULL */
	const char *password;    /* or NULL; secret */
	const char *from;        /* or NULL; Twilio: the number that calls */
	const char *account;     /* Twilio: "AC..."; or NULL */
	const char *token;       /* Twilio: the account's auth token; tickets: a token; or NULL; secret */
	const char *group;       /* ServiceNow: who gets the ticket; or NULL */
	const char *project;     /* Jira: "OPS"; or NULL */
	const char *type;        /* Jira: "Task"; or NULL */
	const char *repo;        /* GitHub: "owner/name"; or NULL */
	const char *const *labels; /* Jira, GitHub: besides our own */
	size_t n_labels;
	const char *routing_key; /* PagerDuty; secret */
	const char *secret;      /* webhook signing secret "whsec_..."; secret */
	const char *webhook_secret; /* PagerDuty: signs what it tells us; NULL: it tells nothing; secret */
	bool private_ok;         /* the plan names a private address itself */
};

/* Where alerts come in: POST /alerts/<key>. */
struct plan_alert_source {
	const char *key;
	const char *kind;      /* "alertmanager" or "generic" */
	const char *token;     /* bearer token; secret; NULL: none is asked for (lint says so) */
	const char *channel;   /* channel key, or NULL: incident.notify */
	struct plan_alert_severity {
		const char *label;     /* the alert's own word: "critical" */
		const char *severity;  /* severity key, or NULL: no incident, a note only */
	} const *severities;
	size_t n_severities;
	const char *otherwise; /* severity key for other words; NULL: ignore them, and count */
};

struct plan {
	const char *path;
	const char *name;
	const char *timezone;
	const struct zone *zone;  /* the same, to compute with (zone.h); NULL: UTC */
	const char *public_url;   /* base of acknowledgement links, or NULL */
	const char *template_dir; /* absolute; NULL: built-in words only */
	int64_t launch_at_ms;

	const struct plan_channel *channels;
	size_t n_channels;
	const struct plan_person *people;
	size_t n_people;
	const struct plan_group *groups;
	size_t n_groups;
	struct plan_reach_list reach_urgent;
	struct plan_reach_list reach_normal;
	const struct plan_hours *hours;
	size_t n_hours;
	const struct plan_period *periods; /* the first that holds a moment counts */
	size_t n_periods;
	const struct plan_event *events;
	size_t n_events;
	const struct plan_coverage *coverage;
	size_t n_coverage;
	const struct plan_schedule *schedules;
	size_t n_schedules;
	const struct plan_severity *severities; /* in the plan's order: worst first */
	size_t n_severities;
	const struct plan_ladder *ladders;
	size_t n_ladders;
	struct plan_incident incident;
	const struct plan_connection *connections;
	size_t n_connections;
	const struct plan_alert_source *alert_sources;
	size_t n_alert_sources;
};

/* Look-ups (handlers/rules/plan_find.c). NULL when there is none. */
const struct plan_person *plan_person(const struct plan *p, const char *key);
const struct plan_person *plan_person_by_slack(const struct plan *p, const char *slack_id);
const struct plan_group *plan_group(const struct plan *p, const char *key);
const struct plan_event *plan_event(const struct plan *p, const char *id);
const struct plan_hours *plan_hours(const struct plan *p, const char *key);
const struct plan_schedule *plan_schedule(const struct plan *p, const char *key);
const struct plan_severity *plan_severity(const struct plan *p, const char *key); /* case folds */
const struct plan_ladder *plan_ladder(const struct plan *p, const char *key);
const struct plan_channel *plan_channel(const struct plan *p, const char *key);
const struct plan_channel *plan_channel_by_slack(const struct plan *p, const char *slack_id);
const struct plan_connection *plan_connection(const struct plan *p, const char *key);
const struct plan_alert_source *plan_alert_source(const struct plan *p, const char *key);
#endif
