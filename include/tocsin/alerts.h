/*
 * alerts.h - the alerts of monitoring systems that belong to an incident.
 *
 * An alert is known by its source and key; the link "alert:SOURCE:KEY" leads to its incident. At
 * most ALERTS_MAX are listed, the others are counted.
 */
#ifndef TOCSIN_ALERTS_H
#define TOCSIN_ALERTS_H

#include <stdbool.h>
#include <stdint.h>

#define ALERTS_MAX 20

struct arena;
struct json_out;
struct json_t;

struct incident_alert {
	const char *source;
	const char *key;
	const char *episode;
	const char *title;
	const char *link;
	const char *severity; /* the sender's word */
	bool firing;
	int64_t since_ms;     /* first heard of in this episode */
	int64_t said_ms;      /* when the log last heard of it */
	unsigned repeats;     /* how often it was reported again */
};

struct incident_alerts {
	struct incident_alert *items; /* room for ALERTS_MAX; NULL while n is 0 */
	unsigned n;
	unsigned more;        /* alerts that are not listed */
	unsigned more_firing; /* of these, how many fire */
	bool suggested;       /* "all resolved" has been said */
	unsigned posts;
};

/* Members into an open object. */
void alerts_encode(struct json_out *j, const struct incident_alerts *al);
/* Strings are borrowed from the tree. */
void alerts_decode(struct arena *a, const struct json_t *o, struct incident_alerts *al);

#endif
