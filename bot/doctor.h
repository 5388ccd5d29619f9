/*
 * doctor.h - what `tocsin doctor` found: one line for each thing it looked at, and for each that is
 * not right how to mend it. Private to the subcommand and the parts that look.
 */
#ifndef TOCSIN_BOT_DOCTOR_H
#define TOCSIN_BOT_DOCTOR_H

#include <stdbool.h>
#include <stdio.h>

struct plan;

enum doctor_level { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor {
	FILE *out;
	unsigned count[3]; /* by level */
	bool offline;      /* do not call anybody outside this machine */
};

/* area: "plan", "redis", "slack", ... mend: what to do, NULL or "" for nothing. Both texts may hold
 * what others said: control characters are shown as "?", and what looks like a secret is not shown. */
void doctor_say(struct doctor *d, enum doctor_level level, const char *area, const char *mend,
	const char *what, ...) __attribute__((format(printf, 5, 6)));

/* The parts. data_dir: of the embedded Redis; redis_url: NULL for that one. */
struct plan *doctor_plan(struct doctor *d, const char *path);
void doctor_redis(struct doctor *d, const char *redis_url, const char *data_dir);
/* Tokens: NULL when they are not set. api_url: NULL for the real one. plan: NULL when it is faulty. */
struct doctor_slack {
	const char *bot_token, *app_token, *signing_secret, *api_url;
};
void doctor_slack(struct doctor *d, const struct doctor_slack *s, const struct plan *plan);
void doctor_web(struct doctor *d, const char *listen, const struct plan *plan);
void doctor_connections(struct doctor *d, const struct plan *plan);
#endif
