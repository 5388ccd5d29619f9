/*
 * effects.h - what a handler wants done. Nothing happens here: the shell commits all of it in
 * one Redis Function call, or nothing of it, and delivers what was promised afterwards.
 *
 * Strings are copied into the task's arena. Bounds: EFFECTS_MAX of all kinds together; one more
 * sets `overflow`, and the commit refuses the whole list (a bug, told to the person as such).
 */
#ifndef TOCSIN_EFFECTS_H
#define TOCSIN_EFFECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tocsin/request.h"

#define EFFECTS_MAX 256

struct arena;
struct buf;

enum lane { LANE_PAGE, LANE_CHAT, LANE_CALL, LANES };

enum effect_kind {
	EFFECT_PUT,         /* write a document, if its version is still the expected one */
	EFFECT_LOG,         /* append to a document's hash-chained log */
	EFFECT_TIMER,       /* set or move a timer */
	EFFECT_TIMER_CLEAR,
	EFFECT_LINK,        /* value NULL: remove */
	EFFECT_INDEX,       /* add or move a member */
	EFFECT_UNINDEX,
	EFFECT_COUNT,       /* take a number: refused when somebody took it meanwhile */
	EFFECT_SEND         /* a promise: an outbox entry */
};

/*
 * One promised delivery. op says what:
 *   chat.post      a new message: template + data, to `to` (or the DM of `user`)
 *   chat.update    replace the message that `ref` names; coalesced: only the newest per ref goes out
 *   chat.pin       pin the message `ref`
 *   chat.room      make a channel: name in `arg`, people in `users`; the result carries its id
 *   chat.invite    invite `users` into `to`
 *   chat.topic     set topic of `to` to the rendered template
 *   chat.group     let user group `arg` be exactly `users` (never nobody)
 *   chat.bookmark  add a bookmark to `to`: title in `arg`, link in `link`
 *   mail           a mail to person `person`
 *   sms, phone     a text message to, or a call of, person `person` by connection `via`. The entry's
 *                  `entity` and `note` come back with the receiver's late verdict, as a delivery
 *   pagerduty      an Events v2 event: `arg` is trigger, acknowledge or resolve; `via` the connection
 *   ticket         opens a ticket in connection `via` unless there is one for `arg` (the incident's id);
 *                  the result's `channel` is its number, its `detail` its address
 *   webhook        a signed call of connection `via` with `data` as body's data, `arg` as its type
 */
struct send {
	enum lane lane;
	const char *op;
	const char *key;    /* idempotency key, unique for ever: "INC-42/page/7" */
	const char *entity; /* document it belongs to: order is kept per entity and lane; also the
	                       family that hears the result. "" : nobody is told */
	const char *guard;  /* when not "": sent only while the entity's guard still equals this */
	bool report;        /* the handler wants a REQUEST_DELIVERY also when all went well; a failure
	                       is always reported */
	const char *note;   /* comes back in the delivery, opaque: "page:7" */

	struct place to;    /* chat: channel (+ thread) */
	const char *thread_ref; /* chat.post: thread under the message with this ref, once it is there */
	const char *user;   /* chat.post: platform user id for a direct message */
	const char *ref;    /* chat.post: remember where it went under this name; update/pin: which one */
	const char *template_name;
	const char *data;   /* JSON object for the template */
	const char *person; /* plan person's key: mail, pages */
	const char *via;    /* connection's key */
	const char *arg;
	const char *link;
	const char *users;  /* comma list of platform ids */
	const char *ack;    /* mail: command line behind the signed link, "" for none */
	bool broadcast;     /* a thread reply that the channel sees too */
	int64_t not_after_ms; /* give up then (0: the lane's own limit) */
};

struct effect {
	enum effect_kind kind;
	const char *key;      /* document id, timer id, link, index or counter name */
	int64_t version;      /* PUT: expected, 0 = must not exist yet; COUNT: the number */
	const char *value;    /* PUT: JSON; LOG: JSON entry; LINK: target; INDEX: member */
	const char *guard;    /* PUT: what pages check; NULL: unchanged */
	int64_t at_ms;        /* TIMER: due; INDEX: score */
	struct send send;     /* SEND */
};

enum reply_kind {
	REPLY_NONE,      /* nothing is shown (a button whose message changes anyway) */
	REPLY_PRIVATE,   /* only the asker sees it */
	REPLY_PUBLIC,    /* everybody in the place sees it */
	REPLY_FORM,      /* open a form (template renders to a form) */
	REPLY_FORM_ERRORS /* the form stays open: errors[] are question id -> template name; each is
	                   * rendered with `data` as plain text and shown under its question */
};

struct reply {
	enum reply_kind kind;
	bool refused;             /* nothing was changed: `template` says why and what to type */
	const char *template_name;
	const char *data;         /* JSON object */
	const char *command;      /* FORM: the command line that its submission is, without the family's
	                           * slash: "incident form INC-42"; at most 255 characters */
	const struct field *errors;
	size_t n_errors;
};

struct effects {
	struct arena *arena;
	struct effect *items;
	size_t n, cap;
	bool overflow;
	const char *needs[32];
	size_t n_needs;
	struct reply reply;
};

void effects_init(struct effects *e, struct arena *a);
void effects_clear(struct effects *e); /* drops everything, for the next round */

void effects_need(struct effects *e, const char *fact_key);

void effects_put(struct effects *e, const char *id, int64_t expected_version, const char *json,
	const char *guard);
void effects_log(struct effects *e, const char *id, const char *json);
void effects_timer(struct effects *e, const char *timer_id, int64_t due_ms);
void effects_timer_clear(struct effects *e, const char *timer_id);
void effects_link(struct effects *e, const char *name, const char *target);
void effects_unlink(struct effects *e, const char *name);
void effects_index(struct effects *e, const char *index, const char *member, int64_t score);
void effects_unindex(struct effects *e, const char *index, const char *member);
void effects_count(struct effects *e, const char *counter, int64_t number);
void effects_send(struct effects *e, const struct send *send); /* copies; NULL strings become "" */

void effects_reply(struct effects *e, enum reply_kind kind, const char *template_name,
	const char *data);
void effects_form(struct effects *e, const char *template_name, const char *data,
	const char *command);
/* The form stays open with a text under a question. Drops every other effect. Call once per fault;
 * the last call's data counts for all. */
void effects_form_error(struct effects *e, const char *question, const char *template_name,
	const char *data);
/* Drops every other effect and answers with a template that says what was wrong. */
void effects_refuse(struct effects *e, const char *template_name, const char *data);

/* One stable line per effect, for tests that compare text. */
void effects_print(const struct effects *e, struct buf *out);
#endif
