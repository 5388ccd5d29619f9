/*
 * waiter.h - GET /admin/wait: long polls that end when the state looks as a test wants it.
 *
 * Waiters hold request ids, never requests: a test may hang up at any time.
 */
#ifndef FAKE_SLACK_WAITER_H
#define FAKE_SLACK_WAITER_H

struct fake;
struct request;
struct waiter_list;

struct waiter_list *waiters_new(void);
void waiters_free(struct waiter_list *list);

/* Looks at every waiter again; called at the end of a turn in which something changed. */
void waiters_check(struct fake *f);

/* Answers now, or when the filter in the request matches, or when its timeout_ms is over. */
void waiter_add(struct fake *f, struct request *r);

#endif
