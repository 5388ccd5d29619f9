/* limiter.c - see limiter.h. */
#include "bot/slack/limiter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHANNELS 512
#define CHANNEL_KEY 32
#define CHANNEL_BURST 3.0
#define CHANNEL_PER_MS (1.0 / SLACK_CHANNEL_MS)

struct bucket {
	double level;
	int64_t at_ms;
	int64_t stopped_until_ms;        /* for everybody but urgent calls */
	int64_t urgent_stopped_until_ms;
};

struct rate {
	const char *method;
	unsigned per_minute;
	bool by_channel;
};

/* Slack's tiers. The last one is for every method that is not listed. */
static const struct rate rates[] = {
	{ "chat.postMessage", 300, true }, /* "several hundred per minute" and workspace */
	{ "chat.update", 50, false },
	{ "chat.postEphemeral", 100, false },
	{ "views.open", 100, false },
	{ "views.publish", 100, false },
	{ "conversations.create", 20, false },
	{ "conversations.invite", 50, false },
	{ "conversations.join", 50, false },
	{ "conversations.setTopic", 20, false },
	{ "conversations.setPurpose", 20, false },
	{ "conversations.history", 50, false },
	{ "conversations.replies", 50, false },
	{ "conversations.info", 50, false },
	{ "conversations.list", 20, false },
	{ "pins.add", 20, false },
	{ "usergroups.users.update", 20, false },
	{ "bookmarks.add", 20, false },
	{ "bookmarks.list", 50, false },
	{ "users.info", 100, false },
	{ "auth.test", 300, false },
	{ "apps.connections.open", 50, false },
	{ NULL, 20, false },
};
#define METHODS (sizeof(rates) / sizeof(rates[0]))

struct slack_limiter {
	struct bucket methods[METHODS];
	struct {
		char key[CHANNEL_KEY];
		struct bucket bucket;
	} channels[CHANNELS];
};

static double capacity(size_t m)
{
	return (double)rates[m].per_minute / 5;
}

struct slack_limiter *slack_limiter_new(void)
{
	struct slack_limiter *l = calloc(1, sizeof(*l));
	size_t m;

	for (m = 0; l && m < METHODS; m++)
		l->methods[m].level = capacity(m);
	return l;
}

void slack_limiter_free(struct slack_limiter *l)
{
	free(l);
}

static size_t method_of(const char *method)
{
	size_t m;

	for (m = 0; m < METHODS - 1; m++)
		if (!strcmp(rates[m].method, method))
			break;
	return m;
}

static void fill(struct bucket *b, double most, double per_ms, int64_t now_ms)
{
	if (now_ms > b->at_ms) {
		b->level += (double)(now_ms - b->at_ms) * per_ms;
		b->at_ms = now_ms;
	}
	if (b->level > most)
		b->level = most;
}

/* A full bucket that nobody stopped is as good as a new one, so its place can be taken. With all
 * places in use the last one is shared, which is only slower. */
static struct bucket *channel_bucket(struct slack_limiter *l, const char *channel, int64_t now_ms)
{
	size_t i, spare = CHANNELS - 1;
	struct bucket *b;

	for (i = 0; i < CHANNELS; i++) {
		b = &l->channels[i].bucket;
		if (!strncmp(l->channels[i].key, channel, CHANNEL_KEY - 1)) {
			fill(b, CHANNEL_BURST, CHANNEL_PER_MS, now_ms);
			return b;
		}
		if (spare == CHANNELS - 1 && (l->channels[i].key[0] == '\0' ||
		    ((double)(now_ms - b->at_ms) * CHANNEL_PER_MS + b->level >= CHANNEL_BURST &&
		     b->urgent_stopped_until_ms <= now_ms)))
			spare = i;
		if (l->channels[i].key[0] == '\0')
			break; /* places are taken from the front: nothing follows */
	}
	b = &l->channels[spare].bucket;
	if (spare == CHANNELS - 1 && l->channels[spare].key[0] != '\0') {
		fill(b, CHANNEL_BURST, CHANNEL_PER_MS, now_ms);
		return b;
	}
	snprintf(l->channels[spare].key, CHANNEL_KEY, "%s", channel);
	*b = (struct bucket){ .level = CHANNEL_BURST, .at_ms = now_ms };
	return b;
}

static int64_t bucket_wait(const struct bucket *b, double reserve, double per_ms, bool urgent,
	int64_t now_ms, bool *stopped)
{
	int64_t until = urgent ? b->urgent_stopped_until_ms : b->stopped_until_ms;
	double need = 1 + (urgent ? 0 : reserve);

	if (until > now_ms) {
		*stopped = true;
		return until - now_ms;
	}
	if (b->level >= need)
		return 0;
	return (int64_t)((need - b->level) / per_ms) + 1;
}

int64_t slack_limiter_wait(struct slack_limiter *l, const char *method, const char *channel,
	bool urgent, int64_t now_ms, bool *stopped)
{
	size_t m = method_of(method);
	double per_ms = (double)rates[m].per_minute * 0.8 / 60000;
	bool told = false;
	int64_t wait, other;

	fill(&l->methods[m], capacity(m), per_ms, now_ms);
	wait = bucket_wait(&l->methods[m], capacity(m) / 4, per_ms, urgent, now_ms, &told);
	if (rates[m].by_channel && *channel) {
		other = bucket_wait(channel_bucket(l, channel, now_ms), 0, CHANNEL_PER_MS, urgent,
			now_ms, &told);
		if (other > wait)
			wait = other;
	}
	if (stopped)
		*stopped = told;
	return wait;
}

void slack_limiter_take(struct slack_limiter *l, const char *method, const char *channel,
	int64_t now_ms)
{
	size_t m = method_of(method);

	l->methods[m].level -= 1;
	if (rates[m].by_channel && *channel)
		channel_bucket(l, channel, now_ms)->level -= 1;
}

static void stop(int64_t *until, int64_t until_ms)
{
	if (*until < until_ms)
		*until = until_ms;
}

void slack_limiter_stop(struct slack_limiter *l, const char *method, const char *channel,
	bool urgent, int64_t now_ms, int64_t until_ms)
{
	size_t m = method_of(method);
	bool by_channel = rates[m].by_channel && *channel;

	stop(&l->methods[m].stopped_until_ms, until_ms);
	if (urgent || !by_channel)
		stop(&l->methods[m].urgent_stopped_until_ms, until_ms);
	if (by_channel) {
		struct bucket *b = channel_bucket(l, channel, now_ms);

		stop(&b->stopped_until_ms, until_ms);
		stop(&b->urgent_stopped_until_ms, until_ms);
	}
}
