/*
 * alerts.h - the alerts of monitoring systems that belong to an incident.
 *
 * An alert is known by its source and key. The small documents "alert:SOURCE:KEY" and
 * "alertgroup:SOURCE:GROUP" lead to its incident: documents and not links, because of their versions,
 * so that two alerts of one group at once, even in two processes, make one incident. At most
 * ALERTS_MAX are listed in an incident, the others are counted.
 *
 *   fires, none open       an incident is declared, its severity from the source's map
 *   fires, group known     it joins that incident, and may make it worse, never better
 *   fires again            the same episode: counted, one line of the log in ALERTS_QUIET_MS at most,
 *                          nobody is paged unless the sender calls it graver now; another episode: said in the thread
 *   fires after resolving  the same episode: said in the old thread; another: a new incident
 *   resolved               said; when all are, `resolve` is suggested, never done
 */
#ifndef TOCSIN_ALERTS_H
#define TOCSIN_ALERTS_H

#include <stdbool.h>
#include <stdint.h>

#define ALERTS_MAX 20
#define ALERTS_QUIET_MS (INT64_C(5) * 60 * 1000)
#define ALERTS_SAID_MAX 5 /* with more alerts than this only the list in the thread changes */

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
	unsigned posts;       /* of the list in the thread: 0: it is not there yet */
};

/* Members into an open object. */
void alerts_encode(struct json_out *j, const struct incident_alerts *al);
/* Strings are borrowed from the tree. */
void alerts_decode(struct arena *a, const struct json_t *o, struct incident_alerts *al);

#endif
