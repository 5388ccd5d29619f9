/*
 * verbs.h - inside the family: what a command line was made of, and what the verbs share.
 *
 * incident_command() (command.c) turns the words into a struct call: verb, incident, who. It asks
 * for what it lacks, answers what cannot be (no such incident, several, not allowed), and only then
 * runs the verb, which finds its call in cx->call.
 */
#ifndef TOCSIN_HANDLERS_INCIDENT_VERBS_H
#define TOCSIN_HANDLERS_INCIDENT_VERBS_H

#include "tocsin/args.h"
#include "tocsin/buf.h"
#include "tocsin/incident.h"
#include "tocsin/json_out.h"
#include "tocsin/snapshot.h"

enum verb_id {
	VERB_NEW,
	VERB_LIST,
	VERB_SHOW,
	VERB_TIMELINE,
	VERB_ACK,
	VERB_UPDATE,
	VERB_STATUS,
	VERB_SEV,
	VERB_ROLE,
	VERB_PAGE,
	VERB_NOTE,
	VERB_RESOLVE,
	VERB_REOPEN,
	VERB_CLOSE,
	VERB_DONE,
	VERB_CANCEL,
	VERB_DRILL,
	VERB_FORM,
	VERB_POSTMORTEM,
	VERB_WIDEN,
	VERB_HELP,
	VERBS
};

enum pick {
	PICK_NONE, /* the verb is about no incident */
	PICK_OPEN, /* without an id: the open one of this place */
	PICK_DONE, /* ... the resolved one that is not closed, else the open one */
	PICK_ANY   /* ... the open one, else the resolved one */
};

enum access {
	ACCESS_ANYBODY,
	ACCESS_PLAN, /* people in the plan */
	ACCESS_FORM, /* they, and who declared it: they know best what is wrong */
	ACCESS_LEADS /* who declared it, and who coordinates or leads */
};

struct verb_rule {
	enum pick pick;
	enum access access;
	bool text; /* words follow: a bare number is not taken for an incident */
};

struct call {
	enum verb_id verb;
	struct args args;
	size_t next;          /* first item behind the verb and the id */
	const char *id;       /* as typed, "INC-42"; "" : none */
	struct incident *inc; /* NULL for PICK_NONE */
	struct incident_who by;
};

extern const struct verb incident_verbs[];          /* by verb_id, then a NULL name */
extern const struct verb_rule incident_rules[VERBS];

enum step incident_command(struct context *cx);
struct call *call_of(struct context *cx);

/* Data of a template under construction. */
struct data {
	struct json_out j;
	struct buf b;
};

void data_begin(struct context *cx, struct data *d);
void data_begin_inc(struct context *cx, struct data *d, const struct incident *inc);
const char *data_end(struct data *d);

/* Refuses with a template that needs nothing, or one member. Both return STEP_REFUSED. */
enum step refuse(struct context *cx, const char *template_name);
enum step refuse_with(struct context *cx, const char *template_name, const char *key,
	const char *value);
/* Only the asker sees it. d is ended here. Returns STEP_DONE. */
enum step answer(struct context *cx, const char *template_name, struct data *d);
/* The same, and nothing is to be committed. */
enum step answer_refused(struct context *cx, const char *template_name, struct data *d);

/* Everybody sees the change where the incident lives. Who typed it elsewhere is told that it is done;
 * who pressed a button there sees it anyway. Returns STEP_DONE. */
enum step done(struct context *cx, const struct incident *inc);
/* The same for a role that changed hands; who NULL: nobody has it now. */
enum step done_role(struct context *cx, const struct incident *inc, const char *role,
	const struct incident_who *who);

/* find.c: fills in call->inc. STEP_DONE, or what is to be returned. */
enum step call_find(struct context *cx, struct call *call, enum pick pick);
/* "inc-42", "#42", "inc42"; a bare number only when bare_ok. "" when it is no id. */
const char *id_typed(struct context *cx, const char *word, bool bare_ok);
const char *id_format(struct context *cx, int64_t number);
/* The incident that a link fact points at; NULL: none. */
const char *id_of_link(struct context *cx, const struct fact *link);
/* Facts about a place. Asked for when missing. */
const struct fact *fact_want(struct context *cx, const char *key);
const struct fact *thread_link(struct context *cx, const struct place *at);
const struct fact *room_link(struct context *cx, const struct place *at);

/* access.c: STEP_DONE when the verb is allowed. */
enum step call_allowed(struct context *cx, const struct call *call);

/* data.c: pieces of data */
void data_root(struct context *cx, const struct incident *inc, struct json_out *j);
void data_people(struct context *cx, struct json_out *j, const char *key,
	const char *const *targets, size_t n, const struct incident *inc);
/* The tracking document's address with the incident's id in it; NULL: the plan has none. */
const char *track_url(struct context *cx, const struct incident *inc);
void data_links(struct context *cx, const struct incident *inc, struct json_out *j);
void data_severities(struct context *cx, struct json_out *j, const char *chosen);
void data_person(struct context *cx, struct json_out *j, const char *key,
	const struct incident_who *who);
int64_t seconds(int64_t ms);

/* Invites somebody into the incident's own channel, when it has one and they are on that platform. */
void incident_invite(struct context *cx, struct incident *inc, const char *user);
/* The notes by which the results of posts come back: in the room, in the thread. */
#define NOTE_ROOM "in_room"
#define NOTE_THREAD "in_thread"

/* declare.c */
void incident_first_post(struct context *cx, struct incident *inc);
void incident_want_room(struct context *cx, struct incident *inc);
const char *incident_root_template(const struct incident *inc);
void incident_post_root(struct context *cx, struct incident *inc, const char *channel,
	const char *user);
const char *notify_channel(struct context *cx);
/* Whom to tell when no channel works: the declarer, else who holds a role, else the plan's first
 * person; a platform id, "" when there is nobody. */
const char *incident_fallback_user(struct context *cx, const struct incident *inc);

void incident_activity(struct context *cx, struct incident *inc);
void incident_set_due(struct context *cx, struct incident *inc);

/* people.c: role holders. NULL: nobody (left). */
const struct plan_person *role_next(struct context *cx, const struct incident *inc,
	const char *role);
void roles_assign(struct context *cx, struct incident *inc);
void role_set(struct context *cx, struct incident *inc, const char *key,
	const struct incident_who *who);

/* forms.c */
enum step form_declare(struct context *cx, const char *title, const char *severity, bool drill);
enum step form_answers(struct context *cx, struct incident *inc);
enum step form_update(struct context *cx, struct incident *inc);
enum step form_resolve(struct context *cx, struct incident *inc);
const char *form_value(struct context *cx, const char *name); /* NULL: not asked */
enum step form_fault(struct context *cx, const char *question, const char *template_name);
/* The answers of a submission into the incident; how many changed. */
size_t form_take_answers(struct context *cx, struct incident *inc);

/* The verbs, by file. */
enum step verb_new(struct context *cx);
enum step verb_drill(struct context *cx);
enum step verb_list(struct context *cx);
enum step verb_show(struct context *cx);
enum step verb_help(struct context *cx);
enum step verb_timeline(struct context *cx);
enum step verb_ack(struct context *cx);
enum step verb_update(struct context *cx);
enum step verb_status(struct context *cx);
enum step verb_note(struct context *cx);
enum step verb_sev(struct context *cx);
enum step verb_role(struct context *cx);
enum step verb_page(struct context *cx);
enum step verb_resolve(struct context *cx);
enum step verb_reopen(struct context *cx);
enum step verb_close(struct context *cx);
enum step verb_done(struct context *cx);
enum step verb_cancel(struct context *cx);
enum step verb_form(struct context *cx);
enum step verb_postmortem(struct context *cx);
enum step verb_widen(struct context *cx);

/* events.c, delivery.c */
const char *key_emoji(struct context *cx); /* marks a message as a key event */
enum step incident_timer_due(struct context *cx);
enum step incident_delivery(struct context *cx);
enum step incident_message(struct context *cx);
enum step incident_reaction(struct context *cx);
#endif
