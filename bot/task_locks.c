/* task_locks.c - see task_locks.h. */
#include "bot/task_locks.h"

#include <stdlib.h>
#include <string.h>

struct task_lock {
	struct task_lock *next; /* task_locks.buckets */
	char *key;
	struct task_waiter *holder;
	struct task_waiter *waiting, **end;
};

static unsigned bucket_of(const char *key)
{
	unsigned h = 2166136261u; /* FNV-1a */

	for (; *key; key++)
		h = (h ^ (unsigned char)*key) * 16777619u;
	return h % TASK_LOCK_BUCKETS;
}

static struct task_lock *lock_new(struct task_locks *locks, const char *key)
{
	struct task_lock *l = calloc(1, sizeof(*l));
	unsigned b = bucket_of(key);

	if (!l)
		return NULL;
	l->key = strdup(key);
	if (!l->key) {
		free(l);
		return NULL;
	}
	l->end = &l->waiting;
	l->next = locks->buckets[b];
	locks->buckets[b] = l;
	return l;
}

bool task_lock_take(struct task_locks *locks, struct task_waiter *w, const char *key)
{
	struct task_lock *l;

	for (l = locks->buckets[bucket_of(key)]; l; l = l->next) {
		if (strcmp(l->key, key) == 0) {
			w->next = NULL;
			*l->end = w;
			l->end = &w->next;
			w->lock = l;
			return false;
		}
	}
	l = lock_new(locks, key);
	if (l) {
		l->holder = w;
		w->lock = l;
	}
	return true;
}

static void stop_waiting(struct task_lock *l, struct task_waiter *w)
{
	struct task_waiter **p;

	for (p = &l->waiting; *p; p = &(*p)->next) {
		if (*p == w) {
			*p = w->next;
			if (!*p)
				l->end = p;
			return;
		}
	}
}

void task_lock_give(struct task_locks *locks, struct task_waiter *w)
{
	struct task_lock *l = w->lock, **p;

	if (!l)
		return;
	w->lock = NULL;
	if (l->holder != w) {
		stop_waiting(l, w);
		return;
	}
	l->holder = l->waiting;
	if (l->holder) {
		l->waiting = l->holder->next;
		if (!l->waiting)
			l->end = &l->waiting;
		l->holder->go(l->holder);
		return;
	}
	for (p = &locks->buckets[bucket_of(l->key)]; *p != l; p = &(*p)->next)
		;
	*p = l->next;
	free(l->key);
	free(l);
}

void task_lock_drop(struct task_locks *locks, struct task_waiter *w)
{
	struct task_lock *l = w->lock;
	struct task_waiter *other;

	if (l && l->holder == w) {
		for (other = l->waiting; other; other = other->next)
			other->lock = NULL;
		l->waiting = NULL;
		l->end = &l->waiting;
	}
	task_lock_give(locks, w);
}
