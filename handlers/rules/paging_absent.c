/* paging_absent.c - stands in until the paging engine is there; every function gives way to it. */
#include "tocsin/paging.h"

#include "tocsin/incident.h"

#define WEAK __attribute__((weak))

WEAK void paging_start(struct context *cx, struct incident *inc)
{
	(void)cx;
	inc->paging.epoch++;
	inc->paging.state = PAGING_RUNNING;
}

WEAK void paging_acknowledged(struct context *cx, struct incident *inc, const struct actor *who)
{
	(void)cx;
	(void)who;
	inc->paging.epoch++;
	inc->paging.state = PAGING_ACKED;
}

WEAK void paging_stop(struct context *cx, struct incident *inc, const char *why)
{
	(void)cx;
	(void)why;
	inc->paging.epoch++;
	inc->paging.state = PAGING_STOPPED;
}

WEAK enum paging_found paging_person(struct context *cx, struct incident *inc, const char *target, const char *reason)
{
	(void)cx;
	(void)inc;
	(void)target;
	(void)reason;
	return PAGING_UNKNOWN;
}

WEAK void paging_severity(struct context *cx, struct incident *inc)
{
	(void)cx;
	(void)inc;
}

WEAK void paging_activity(struct context *cx, struct incident *inc)
{
	(void)cx;
	(void)inc;
}

WEAK bool paging_timer(struct context *cx, struct incident *inc, const char *name)
{
	(void)cx;
	(void)inc;
	(void)name;
	return false;
}

WEAK bool paging_delivery(struct context *cx, struct incident *inc)
{
	(void)cx;
	(void)inc;
	return false;
}

WEAK void reminders_plan(struct context *cx, struct incident *inc)
{
	(void)cx;
	(void)inc;
}

WEAK bool reminder_timer(struct context *cx, struct incident *inc, const char *name)
{
	(void)cx;
	(void)inc;
	(void)name;
	return false;
}

WEAK enum step incident_alert(struct context *cx)
{
	(void)cx;
	return STEP_DONE;
}
