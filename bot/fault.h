/*
 * fault.h - named points at which a test can have the process killed: between arrival and
 * delivery there is no place where that may lose anything.
 *
 * TOCSIN_FAULT=NAME:N kills the process (SIGKILL) at the Nth passage of point NAME. Read once at
 * start; main refuses it together with a real workspace.
 */
#ifndef TOCSIN_BOT_FAULT_H
#define TOCSIN_BOT_FAULT_H

#define FAULT_POINTS(X) \
	X(REQUEST_ARRIVED)   /* a request was taken, nothing is decided */ \
	X(FACTS_LOADED)      /* before the handler runs again */ \
	X(COMMIT_LEAVING)    /* decided, the commit is about to be written to the socket */ \
	X(COMMIT_DONE)       /* committed, the answer is not out */ \
	X(ANSWER_GIVEN)      /* answered */ \
	X(TIMER_CLAIMED)     /* a due timer is leased */ \
	X(ENTRY_CLAIMED)     /* an outbox entry is leased */ \
	X(SEND_STARTING)     /* just before a receiver is called */ \
	X(SEND_DONE)         /* the receiver answered, nothing is recorded */ \
	X(ENTRY_FINISHED)    /* the entry is removed */

#define FAULT_ENUM(name) FAULT_##name,
enum fault_point { FAULT_POINTS(FAULT_ENUM) FAULT_POINT_COUNT };
#undef FAULT_ENUM

/* text: "COMMIT_DONE:3", or NULL. Returns 0, or -1 when it names no point. */
int fault_setup(const char *text);
void fault_pass(enum fault_point point);
/* Name of a point, NULL past the last: how the chaos tests enumerate them. */
const char *fault_name(unsigned index);
#endif
