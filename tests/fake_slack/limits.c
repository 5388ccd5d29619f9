/* limits.c - token buckets, looked up by name. */
#include "limits.h"

#include <stdlib.h>
#include <string.h>

#include "fake.h"

#define BUCKETS 256

struct bucket {
	struct bucket *next;
	double level;
	uint64_t at_ns;
	char key[];
};

struct limiter {
	struct bucket *buckets[BUCKETS];
};

struct limiter *limiter_new(void)
{
	return calloc(1, sizeof(struct limiter));
}

void limiter_reset(struct limiter *l)
{
	for (size_t i = 0; i < BUCKETS; i++)
		while (l->buckets[i]) {
			struct bucket *next = l->buckets[i]->next;

			free(l->buckets[i]);
			l->buckets[i] = next;
		}
}

void limiter_free(struct limiter *l)
{
	if (l)
		limiter_reset(l);
	free(l);
}

static struct bucket *bucket_find(struct limiter *l, const char *key, double burst)
{
	unsigned int hash = 5381;
	struct bucket *b;

	for (const char *p = key; *p; p++)
		hash = hash * 33 + (unsigned char)*p;
	for (b = l->buckets[hash % BUCKETS]; b; b = b->next)
		if (!strcmp(b->key, key))
			return b;
	b = malloc(sizeof(*b) + strlen(key) + 1);
	memcpy(b->key, key, strlen(key) + 1);
	b->level = burst;
	b->at_ns = clock_steady_ns();
	b->next = l->buckets[hash % BUCKETS];
	l->buckets[hash % BUCKETS] = b;
	return b;
}

int limiter_take(struct limiter *l, const char *key, double per_minute, double burst)
{
	struct bucket *b = bucket_find(l, key, burst);
	uint64_t now = clock_steady_ns();
	double wait;

	b->level += (double)(now - b->at_ns) / 6e10 * per_minute;
	b->at_ns = now;
	if (b->level > burst)
		b->level = burst;
	if (b->level >= 1) {
		b->level -= 1;
		return 0;
	}
	wait = (1 - b->level) * 60 / per_minute;
	return (int)wait + 1;
}
