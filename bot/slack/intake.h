/*
 * intake.h - from an envelope to its acknowledgement: the request is handed to the tasks, the
 * answer goes back in whatever way this kind of envelope has.
 *
 * Acknowledged is what was committed (or answered "not recorded"), within three seconds. Only an
 * event that could not be recorded stays unacknowledged, so that Slack delivers it again.
 */
#ifndef TOCSIN_BOT_SLACK_INTAKE_H
#define TOCSIN_BOT_SLACK_INTAKE_H

#include <stddef.h>
#include <stdint.h>

struct arena;
struct slack_api;
struct slack_in;
struct slack_intake;
struct tasks;
struct words;

#define SLACK_DEADLINE_MS 2500 /* for the commit: half a second is left for the way back */

struct slack_intake_options {
	struct slack_api *api;
	struct tasks *tasks;
	const struct words *(*words)(void *ud);
	void *words_ud;
	/* An acknowledgement for `to` (as given to slack_intake_take()). payload: JSON text, or NULL. A
	 * payload of NULL with nothing more to come is "all is well". */
	void (*ack)(void *ud, uint64_t to, const char *envelope_id, const char *payload, size_t len);
	/* Never to be acknowledged: Slack shall deliver it again. May be NULL. */
	void (*drop)(void *ud, uint64_t to, const char *envelope_id);
	void *ud;
};

struct slack_intake *slack_intake_new(const struct slack_intake_options *o); /* NULL: no memory */
/* Takes an envelope. The arena holds `in` and its request and is the intake's from now on. */
void slack_intake_take(struct slack_intake *t, uint64_t to, struct arena *arena_owned,
	const struct slack_in *in);
/* Further envelopes are dropped. */
void slack_intake_stop(struct slack_intake *t);
size_t slack_intake_in_flight(const struct slack_intake *t);
uint64_t slack_intake_taken(const struct slack_intake *t);
uint64_t slack_intake_late(const struct slack_intake *t);
/* After the tasks were closed (no answer comes any more). */
void slack_intake_free(struct slack_intake *t);
#endif
