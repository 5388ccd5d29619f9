/*
 * task_locks.h - one document, one task at a time, within this process.
 *
 * Only a courtesy: the version check of the commit is what guards a document. But tasks that wait
 * for each other do not have to decide again and again.
 */
#ifndef TOCSIN_BOT_TASK_LOCKS_H
#define TOCSIN_BOT_TASK_LOCKS_H

#include <stdbool.h>

#define TASK_LOCK_BUCKETS 256

struct task_lock;

/* Embedded in whoever waits; zero it first. */
struct task_waiter {
	struct task_waiter *next; /* task_lock.waiting */
	struct task_lock *lock;   /* held or waited for; NULL: none */
	void (*go)(struct task_waiter *w); /* it is your turn; called inside task_lock_give() */
};

struct task_locks {
	struct task_lock *buckets[TASK_LOCK_BUCKETS];
};

/* True: go on now. False: go() will be called. Out of memory means true. */
bool task_lock_take(struct task_locks *locks, struct task_waiter *w, const char *key);
/* Gives back what is held, or stops waiting. */
void task_lock_give(struct task_locks *locks, struct task_waiter *w);
/* The same, and those who wait are forgotten instead of called: the end of the house. */
void task_lock_drop(struct task_locks *locks, struct task_waiter *w);
#endif
