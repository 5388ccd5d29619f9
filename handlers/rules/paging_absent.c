/* paging_absent.c - stands in until the paging engine is there; every function gives way to it. */
#include "tocsin/paging.h"

#include "tocsin/incident.h"

#define WEAK __attribute__((weak))

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
