/*
 * walk.h - what the parts of the loader share: the plan that grows, faults with their place, typed
 * values out of nodes, and names to be looked up once everything is there.
 *
 * The readers return the value, or NULL/false after telling the fault; a fault never stops the
 * walk, so that all of them are told at once.
 */
#ifndef TOCSIN_PLAN_WALK_H
#define TOCSIN_PLAN_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/plan/node.h"
#include "bot/plan/report.h"
#include "bot/plan/value.h"
#include "tocsin/plan.h"

#define WALK_SECTION_MAX 2000 /* people, groups, schedules... of a plan */
#define WALK_LIST_MAX 1000    /* entries of any other list, unless stated */
#define WALK_TEXT_MAX 3000    /* bytes of a sentence */
#define WALK_NAME_MAX 200     /* bytes of a name or title */
#define WALK_TARGETS_MAX 32   /* PAGING_PEOPLE_MAX: what one step or list of people may name */
#define WALK_WAYS_MAX 8       /* PAGING_WAYS_MAX */

struct arena;
struct zone;

/* The plan and what only the shell needs of it. */
struct plan_box {
	struct plan plan; /* first: a struct plan * is a struct plan_box * */
	struct arena *arena;
	unsigned refs;
	const struct node *root; /* all files merged; where a finding's place comes from */
	const char *template_shown; /* template_dir as messages name it, or NULL */
	const struct node ***shift_nodes; /* [schedule][shift], in the plan's order */
};

/* What a name may mean. */
enum ref_kind {
	REF_PERSON = 1,
	REF_GROUP = 2,
	REF_SCHEDULE = 4, /* schedule or schedule.role */
	REF_ROLE = 128,   /* a role of incidents */
	REF_TARGET = REF_PERSON | REF_GROUP | REF_SCHEDULE | REF_ROLE,
	REF_CHANNEL = 8,
	REF_SEVERITY = 16,
	REF_LADDER = 32,
	REF_VIA = 64,     /* chat, mail, phone, sms or a connection */
	REF_CONNECTION = 256,
	REF_ANYBODY = 512 /* anybody, everybody, people, declarer: who may use a verb */
};

struct ref {
	struct ref *next;
	const struct node *at;
	const char *name;
	unsigned kinds;
};

struct walk {
	struct plan_box *box;
	struct plan *plan;
	struct arena *arena;         /* the plan's */
	struct plan_report *report;
	unsigned flags;              /* PLAN_WITHOUT_SECRETS */
	bool files;                  /* may read includes and ${file:...} */
	const struct node *root;
	struct zone_entry *zones;    /* files read so far */
	const struct zone *zone;     /* the plan's; NULL: UTC */
	struct ref *refs, **refs_end;
};

/* The keys of one kind of map: those that are acted on, and those that are known to the language
 * and not acted on by this version. Both end with NULL. docs/plan.md lists them all; a test
 * compares. */
struct walk_keys {
	const char *where; /* "a person" */
	const char *const *now;
	const char *const *later; /* or NULL */
};

extern const struct walk_keys *const plan_language[]; /* ends with NULL */
extern const struct walk_keys keys_top, keys_channel, keys_person, keys_way, keys_reach,
	keys_oncall, keys_period, keys_coverage, keys_event, keys_schedule, keys_layer, keys_hours, keys_shift, keys_cover, keys_announce, keys_severity, keys_step,
	keys_incident, keys_question, keys_notify, keys_widespread, keys_track, keys_link,
	keys_connection, keys_alert_source;

const char *say(struct walk *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void walk_error(struct walk *w, const struct node *at, const char *what, const char *mend);
void walk_warning(struct walk *w, const struct node *at, const char *what, const char *mend);
void walk_notice(struct walk *w, const struct node *at, const char *what, const char *mend);
/* The value is never shown. */
void walk_mask(struct walk *w, const struct node *n);
void walk_fault(struct walk *w, const struct node *at, const struct value_fault *f);

/* Is it a map with these keys? Tells unknown keys, notes those for later. False when it is no map
 * (told, unless it is blank and may be left out). */
bool walk_map(struct walk *w, const struct node *n, const struct walk_keys *keys);
/* A map of entries that people name themselves; checks the names. NULL or blank: no entries. */
bool walk_section(struct walk *w, const struct node *n, const char *what);
/* A list; NULL or blank: none. Where single is true one scalar or map stands for a list of one. */
struct walk_list {
	struct node *const *items;
	size_t n;
	struct node *one;
};
bool walk_list(struct walk *w, const struct node *n, bool single, size_t max, struct walk_list *out);

/* n may be NULL or blank: NULL without a word. ${...} is refused. */
const char *walk_text(struct walk *w, const struct node *n, size_t max);
/* map[key], told when it is missing. */
const char *walk_need_text(struct walk *w, const struct node *map, const char *key, size_t max);
int64_t walk_duration(struct walk *w, const struct node *n, int64_t otherwise);
bool walk_bool(struct walk *w, const struct node *n, bool otherwise);
unsigned walk_count(struct walk *w, const struct node *n, unsigned min, unsigned max,
	unsigned otherwise);
/* Sets *ms; false when missing or wrong. */
bool walk_time(struct walk *w, const struct node *n, const struct zone *zone, int64_t *ms);
/* Text that must satisfy the check. */
const char *walk_checked(struct walk *w, const struct node *n,
	bool (*check)(const char *, struct value_fault *));
const char *walk_url(struct walk *w, const struct node *n, const char *schemes);
const char *walk_slack_id(struct walk *w, const struct node *n, char kind);
const char *const *walk_strings(struct walk *w, const struct node *n, size_t max_items,
	size_t max_bytes, size_t *count);

/* A name to be looked up when all is loaded (refs.c). */
const char *walk_ref(struct walk *w, const struct node *n, unsigned kinds);
const char *const *walk_refs(struct walk *w, const struct node *n, unsigned kinds, size_t max,
	size_t *count);
void walk_check_refs(struct walk *w);

/* Text in which ${NAME} and ${file:PATH} are read (secret.c). A secret that stands here in clear is
 * masked and warned about; a missing one is an error, or with missing_ok a notice. */
enum secret_kind { SECRET_PLAIN, SECRET_HIDDEN };
const char *walk_secret(struct walk *w, const struct node *n, enum secret_kind kind,
	bool missing_ok);
const char *walk_secret_url(struct walk *w, const struct node *n, const char *schemes,
	bool missing_ok);
bool secret_pattern(const char *text); /* does it hold ${NAME} or ${file:PATH}? */

/* The zone by its IANA name (zones.c); NULL after telling, or for UTC. */
const struct zone *walk_zone(struct walk *w, const struct node *n, const char **name);

/* Reads a file whole. NULL: why is filled in. (source.c) */
char *read_whole_file(struct arena *a, const char *path, size_t max, size_t *len,
	const char **why);
/* All files of the plan, merged into one map. NULL after telling. */
const struct node *source_read(struct walk *w, const char *path);
const struct node *source_read_text(struct walk *w, const char *label, const char *text,
	size_t len);

/* All of plan_load.h in one: text NULL reads the path. The arena becomes the plan's, or is freed; a
 * test hands in one that fails. */
struct plan *load_plan(struct arena *a, const char *path, const char *text, size_t len,
	unsigned flags, struct plan_report *report);

/* The sections. */
void load_channels(struct walk *w);
void load_people(struct walk *w);
void load_groups(struct walk *w);
void load_reach(struct walk *w);
struct plan_reach_list load_ways(struct walk *w, const struct node *n);
void load_hours(struct walk *w);
void load_oncall(struct walk *w);
void load_events(struct walk *w);
void load_coverage(struct walk *w, const struct node *n);
void load_periods(struct walk *w, const struct node *n);
/* The rotation and the layers of one schedule (load_rota.c). */
void load_layers(struct walk *w, const struct node *schedule, struct plan_schedule *out);
void load_severities(struct walk *w);
void load_ladders(struct walk *w);
void load_incident(struct walk *w);
void load_connections(struct walk *w);
void load_alerts(struct walk *w);

#endif
