/*
 * audit.h - is every log still what was written? Walks the hash chains in Redis.
 *
 * An entry that was changed, removed, moved or put in, and a log that was cut short, do not fit
 * the chain, the count or the newest hash in the document. Who can write to Redis could make a
 * whole new chain: the newest hashes, kept elsewhere (heads), show even that.
 */
#ifndef TOCSIN_BOT_STORE_AUDIT_H
#define TOCSIN_BOT_STORE_AUDIT_H

#include <stdbool.h>
#include <stdio.h>

struct err;
struct redisContext;

struct audit {
	struct redisContext *redis;
	const char *workspace;
	bool heads;      /* print "ID entries hash" of each log that is whole */
	FILE *out;
	/* counted */
	unsigned long logs, entries, broken;
};

/* One log: "incident:INC-42", or "INC-42" when that is clear. 0, or -1 with err set when there is
 * none or Redis fails; a broken log is counted and told on out. */
int audit_one(struct audit *a, const char *id, struct err *err);
/* All of the workspace. 0, or -1 with err set. */
int audit_all(struct audit *a, struct err *err);
#endif
