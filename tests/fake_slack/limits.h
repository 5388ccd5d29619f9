/*
 * limits.h - rate limits: token buckets per method, and per channel for chat.postMessage.
 */
#ifndef FAKE_SLACK_LIMITS_H
#define FAKE_SLACK_LIMITS_H

struct limiter;

struct limiter *limiter_new(void);
void limiter_free(struct limiter *l);
void limiter_reset(struct limiter *l);

/*
 * Takes one from the bucket named key, which holds burst and refills at per_minute.
 * Returns 0, or the seconds to wait.
 */
int limiter_take(struct limiter *l, const char *key, double per_minute, double burst);

#endif
