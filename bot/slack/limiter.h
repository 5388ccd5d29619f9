/*
 * limiter.h - how fast Slack may be called: a token bucket per method, and for chat.postMessage
 * one per channel as well. Pure: time is a parameter (monotonic milliseconds).
 *
 * Slack counts per method and minute (tiers of 20, 50, 100); a bucket holds a fifth of that and
 * fills with four fifths a minute, so no minute sees more than its tier. Part of each bucket is
 * kept for urgent calls: a page never finds it emptied by chatter.
 */
#ifndef TOCSIN_BOT_SLACK_LIMITER_H
#define TOCSIN_BOT_SLACK_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

#define SLACK_CHANNEL_MS 1000 /* one message to a channel in this time, after a short burst */

struct slack_limiter;

struct slack_limiter *slack_limiter_new(void); /* NULL: out of memory */
void slack_limiter_free(struct slack_limiter *l);

/*
 * Milliseconds until this call may be made; 0: now. channel: "" when the method is not counted by
 * channel or the call has none. *stopped (may be NULL): Slack itself said to wait.
 */
int64_t slack_limiter_wait(struct slack_limiter *l, const char *method, const char *channel,
	bool urgent, int64_t now_ms, bool *stopped);
/* The call is made. */
void slack_limiter_take(struct slack_limiter *l, const char *method, const char *channel,
	int64_t now_ms);
/*
 * Slack answered 429: this method stands still until until_ms, and the channel too. Urgent calls
 * to other channels are stopped only by a 429 that an urgent call got itself: one loud channel must
 * not silence pages.
 */
void slack_limiter_stop(struct slack_limiter *l, const char *method, const char *channel,
	bool urgent, int64_t now_ms, int64_t until_ms);
#endif
