/*
 * sim.h - the real handlers on a store in memory, in virtual time: nothing is sent, nothing waits.
 *
 * Every promise is taken as delivered at once, and its result goes back to the handlers. What was
 * promised and logged is handed to the caller.
 */
#ifndef TOCSIN_BOT_REHEARSE_SIM_H
#define TOCSIN_BOT_REHEARSE_SIM_H

#include <stdbool.h>
#include <stdint.h>

#define SIM_STEPS_MAX 100000 /* requests of one run */

struct plan;
struct plan_person;
struct send;
struct sim;

struct sim_watch {
	void (*sent)(void *ud, const struct send *s);
	void (*logged)(void *ud, const char *entity, const char *json);
	void *ud;
};

/* NULL when out of memory. The plan must outlive it. */
struct sim *sim_new(const struct plan *plan, int64_t now_ms, const struct sim_watch *watch);
void sim_free(struct sim *s);
int64_t sim_now(const struct sim *s);

/* A command line ("incident P0 Search is down") of a person, or of a stranger (NULL). */
void sim_command(struct sim *s, const struct plan_person *who, const char *line);
/* Goes to that moment; timers fire on the way. */
void sim_advance(struct sim *s, int64_t to_ms);
/* The newest document whose id begins so, "" for none: "incident:" gives "incident:INC-1". */
const char *sim_document(const struct sim *s, const char *prefix);
/* False when a bound was reached, or a handler asked for something that there is not. */
bool sim_good(const struct sim *s);

#endif
