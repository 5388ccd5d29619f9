/*
 * timers.h - due timers become requests.
 *
 * A timer is claimed by pushing its due time a lease ahead, and removed only by the commit that
 * carries out what it asked for (tasks.h, struct task_origin). Whoever dies in between loses
 * nothing: the lease runs out and it fires again.
 */
#ifndef TOCSIN_BOT_TIMERS_H
#define TOCSIN_BOT_TIMERS_H

#include <uv.h>

struct clock;
struct store;
struct tasks;
struct timers;

struct timers *timers_new(uv_loop_t *loop, struct store *store, struct tasks *tasks,
	const struct clock *clock);
/* Something may be due earlier than we think: look now. */
void timers_wake(struct timers *t);
void timers_stop(struct timers *t); /* claims nothing any more */
void timers_close(struct timers *t); /* after the store's and the tasks' close */
#endif
