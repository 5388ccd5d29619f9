/*
 * tasks.h - one request from arrival to answer: the only place where a handler is run.
 *
 *   NEW -> (LOADING -> RUNNING)* -> COMMITTING -> DONE
 *
 * Conflicts go back to LOADING. Tasks that touch the same document wait for each other inside one
 * process. A task that has no commit by its deadline is answered ANSWER_NOT_RECORDED.
 */
#ifndef TOCSIN_BOT_TASKS_H
#define TOCSIN_BOT_TASKS_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "tocsin/effects.h"
#include "tocsin/request.h"

struct arena;
struct clock;
struct plan;
struct store;
struct tasks;

enum answer_kind {
	ANSWER_DONE,         /* committed (or applied before): reply is what to show */
	ANSWER_REFUSED,      /* nothing was changed: reply says why */
	ANSWER_NOT_RECORDED, /* Redis could not be reached in time: nothing was recorded */
	ANSWER_UNSURE,       /* the connection broke during the commit: it may have been recorded */
	ANSWER_BUSY,         /* our own bound of waiting tasks was reached: nothing was recorded */
	ANSWER_BROKEN        /* a bug: tell the reference */
};

struct answer {
	enum answer_kind kind;
	struct reply reply;      /* DONE, REFUSED; kind REPLY_NONE when there is nothing to show.
	                          * For the other kinds the shell picks the template "system/..." itself:
	                          * it is filled in here too, so whoever asked only renders `reply` */
	const char *trace;
	const struct plan *plan; /* borrowed during the callback: for names and channels */
	struct arena *arena;     /* the task's: the callback may allocate its rendering here */
};

/* Runs once, in a later turn than tasks_submit(). */
typedef void (*answer_fn)(void *ud, const struct answer *answer);

/*
 * Takes a request. arena: holds the request and is owned by the task from now on, also on
 * failure. req->now_ms, req->trace and who.person are filled in by the task (from the clock and
 * the plan in force), so a translator leaves them empty. fn may be NULL.
 * deadline_ms: real milliseconds until the asker must have an answer; 0: none (timers wait).
 * done_lane/done_entry etc. are for the outbox only, see struct task_origin.
 */
struct task_origin {
	const char *timer;       /* a due timer's id */
	int64_t timer_due_ms;
	enum lane lane;          /* a finished outbox entry */
	const char *entry;
	const char *ref, *ref_channel, *ref_ts;
};
void tasks_submit(struct tasks *t, struct arena *arena_owned, struct request *req,
	const struct task_origin *origin /* may be NULL */, int64_t deadline_ms, answer_fn fn, void *ud);

struct tasks_options {
	uv_loop_t *loop;
	struct store *store;
	const struct clock *clock;
	/* The plan in force; the task takes a reference and gives it back when it ends. */
	struct plan *(*plan_take)(void *ud);
	void (*plan_give)(void *ud, struct plan *plan);
	void *ud;
	size_t limit;        /* tasks at once; 0: 8192. One more is answered ANSWER_BUSY */
};

struct tasks *tasks_new(const struct tasks_options *o);
/* The store came back, or went: waiting tasks go on, or know it. */
void tasks_store_changed(struct tasks *t, bool ready);
size_t tasks_running(const struct tasks *t);
/* Stops taking requests (BUSY from now on); running ones finish. */
void tasks_stop(struct tasks *t);
/* Drops what is left (answered ANSWER_NOT_RECORDED) and closes; memory goes in a later turn. */
void tasks_close(struct tasks *t);
#endif
