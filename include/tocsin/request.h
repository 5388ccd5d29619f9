/*
 * request.h - everything that can happen to tocsin: who asked what, where and when.
 *
 * Made by a translator in the shell, never changed afterwards. All strings live in the task's
 * arena; a string that was not given is "" (never NULL) unless a comment says otherwise.
 */
#ifndef TOCSIN_REQUEST_H
#define TOCSIN_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plan_person;

enum platform { PLATFORM_NONE, PLATFORM_SLACK, PLATFORM_TEAMS };

enum request_kind {
	REQUEST_COMMAND,  /* a command line: slash, mention, button, form or signed link */
	REQUEST_MESSAGE,  /* somebody wrote where we listen */
	REQUEST_REACTION, /* somebody put an emoji on a message */
	REQUEST_TIMER,    /* a timer is due */
	REQUEST_DELIVERY, /* an outbox entry was delivered, refused or given up */
	REQUEST_ALERT,    /* a monitoring system reports */
	REQUEST_KINDS
};

enum request_source { SOURCE_SLASH, SOURCE_MENTION, SOURCE_BUTTON, SOURCE_FORM, SOURCE_LINK, SOURCE_SYSTEM };

struct actor {
	enum platform platform;
	const char *user; /* platform's id: "U0ADA" */
	const char *name; /* as the platform shows it; data, never markup */
	const struct plan_person *person; /* NULL: not in the plan */
};

struct place {
	enum platform platform;
	const char *channel; /* "C0WARROOM" */
	const char *thread;  /* root message's id, "" outside a thread */
};

struct field {
	const char *name;  /* question id */
	const char *value; /* "" when left empty */
};

/* What became of an outbox entry. */
enum delivery_outcome {
	DELIVERY_SENT,     /* handed to a receiver that answers later (nobody yet) */
	DELIVERY_ACCEPTED, /* the receiver took it; ref says where it is */
	DELIVERY_FAILED,   /* a definite no, or given up after the stated time */
	DELIVERY_STALE     /* the guard no longer held: not sent */
};

struct delivery {
	const char *entity;    /* document it belongs to: "incident:INC-42" */
	const char *key;       /* the entry's idempotency key, as given to effects_send() */
	const char *op;        /* "chat.post" */
	const char *note;      /* as given in struct send.note */
	enum delivery_outcome outcome;
	const char *channel;   /* where a chat message is now; a new room's id */
	const char *ts;        /* its id there */
	const char *error;     /* code of the receiver: "channel_not_found" */
	const char *detail;    /* for an operator */
};

struct alert {
	const char *source;    /* plan's alert source key */
	const char *key;       /* de-duplication key: fingerprint */
	const char *episode;   /* startsAt */
	bool firing;
	const char *severity;  /* the sender's word */
	const char *title;
	const char *link;
	const char *service;
	const char *description;
	unsigned truncated;    /* alerts that the sender left out of the group */
	const char *group;     /* the sender's group: alerts of one group share an incident; "" : none */
};

struct request {
	enum request_kind kind;
	enum request_source source;
	const char *id;      /* de-duplication: the same happening has the same id */
	const char *trace;   /* short id for the log */
	int64_t now_ms;      /* the house clock */
	struct actor who;
	struct place where;
	const char *place_name; /* the channel's name, for hints */

	/* COMMAND: family is "incident" (the slash command without the slash, or the first word);
	 * text is the rest, as typed, platform tokens (<@U..>, <#C..>) included.
	 * MESSAGE: text is the message. REACTION: text is the emoji's name. */
	const char *family;
	const char *text;
	const struct field *fields; /* FORM: the answers */
	size_t n_fields;
	const char *message_ts;     /* BUTTON, MESSAGE, REACTION: the message in question */
	bool can_open_form;         /* a form can be opened in answer (trigger_id is there) */

	/* COMMAND: a pager tells what somebody did there. Its connection, which is not told again, and
	 * which of the incident's alerts it speaks of (struct paging.alert). NULL or "": no pager. */
	const char *pager;
	unsigned pager_alert;

	/* TIMER: the id given to effects_timer(), and when it was due. */
	const char *timer;
	int64_t due_ms;

	struct delivery delivery;
	struct alert alert;
};

/* Everything zero, every string "". */
void request_init(struct request *r);
#endif
