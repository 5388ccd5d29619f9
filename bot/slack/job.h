/*
 * job.h - one delivery under way at Slack, which may take several calls. Inner part of
 * slack_sender.c and of the files that know one kind of delivery each (post.c, look.c, room.c).
 */
#ifndef TOCSIN_BOT_SLACK_JOB_H
#define TOCSIN_BOT_SLACK_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "bot/sender.h"
#include "bot/slack/api.h"
#include "bot/slack/slack_words.h"
#include "tocsin/buf.h"

struct json_out;
struct slack_identity;
struct slack_sender;

#define JOB_ID_MAX 64      /* a channel id, a ts */
#define JOB_CURSOR_MAX 512
#define JOB_NAME_MAX 80    /* Slack's limit for a channel's name */

struct job {
	struct job *next, **link;
	struct slack_sender *owner;
	struct outgoing o;
	sent_fn fn;
	void *ud;
	uint64_t call_id;           /* 0: no call is under way */
	void (*then)(struct job *j, const struct slack_reply *r);
	void (*wake)(struct job *j); /* at wake_at_ms */
	int64_t wake_at_ms;         /* 0: not waiting */

	char channel[JOB_ID_MAX];   /* where it goes, or went */
	char thread[JOB_ID_MAX];
	bool plain;                 /* second try, as plain text */
	bool joined;                /* the channel was joined for this */
	int64_t look_since_ms;      /* monotonic: when it began to look for itself */
	unsigned pages;             /* of history or of the list of channels */
	char cursor[JOB_CURSOR_MAX];
	char name[JOB_NAME_MAX + 1]; /* of a room */
	unsigned suffix;
};

/* Makes a call; `then` hears the answer. A full queue ends the job with SENT_LATER. */
void job_call(struct job *j, const char *method, const struct buf *body, bool form,
	void (*then)(struct job *j, const struct slack_reply *r));
/* Calls wake after so many milliseconds. */
void job_wait(struct job *j, int64_t ms, void (*wake)(struct job *j));

/* The end: tells the outbox and frees j. NULL strings are "". */
void job_done(struct job *j, enum sent_outcome outcome, const char *channel, const char *ts,
	const char *error, const char *detail, int64_t retry_after_ms);
/* The same from a reply that was not OK. */
void job_fail(struct job *j, const struct slack_reply *r);

/* For rendering: reset before each use. */
struct slack_words job_words(struct job *j);
const struct slack_identity *job_me(const struct job *j);
bool job_urgent(const struct job *j);
/* Arena buffer for one body. */
void job_body(struct job *j, struct buf *b);

/* When an attempt with this key was lost without an answer, so that looking for it is not too
 * early: milliseconds ago, -1: not known. */
int64_t job_lost_ago_ms(const struct job *j);

/* post.c */
void post_start(struct job *j);
void post_send(struct job *j); /* without looking */
void update_start(struct job *j);
/* look.c: finds a post whose fate is unknown, then ends the job or calls post_send(). */
void look_start(struct job *j);
/* room.c */
void room_start(struct job *j);
/* furniture.c */
void pin_start(struct job *j);
void invite_start(struct job *j);
void topic_start(struct job *j);
void group_start(struct job *j);
#define TOPIC_UNITS 250 /* of a topic or a purpose */
/* The words of the entry as one line of at most max units, for a topic or a purpose: text, but Slack
 * reads mentions in it, so it is escaped, and escapes count. In arena. NULL: err says why not. */
const char *topic_text(struct job *j, size_t max, struct err *err);
void bookmark_start(struct job *j);

/* Appends name=value, percent-encoded, to the body of a form. */
void form_add(struct buf *b, const char *name, const char *value);
#endif
