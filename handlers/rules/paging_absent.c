/* paging_absent.c - stands in until the paging engine is there; every function gives way to it. */
#include "tocsin/paging.h"

#include "tocsin/incident.h"
#include "tocsin/json_in.h"
#include "tocsin/json_out.h"

#define WEAK __attribute__((weak))

WEAK void paging_encode(struct json_out *j, const struct paging *p)
{
	json_out_int(j, "epoch", p->epoch);
	json_out_bool(j, "running", p->running);
}

WEAK void paging_decode(struct arena *a, const struct json_t *object, struct paging *p)
{
	(void)a;
	p->epoch = json_in_int(object, "epoch");
	p->running = json_in_bool(object, "running");
}

WEAK void reminders_encode(struct json_out *j, const struct reminders *r)
{
	json_out_int(j, "ignored", r->ignored);
}

WEAK void reminders_decode(struct arena *a, const struct json_t *object, struct reminders *r)
{
	(void)a;
	r->ignored = json_in_int(object, "ignored");
}

WEAK void paging_start(struct context *cx, struct incident *inc)
{
	(void)cx;
	inc->paging.epoch++;
	inc->paging.running = true;
}

WEAK void paging_acknowledged(struct context *cx, struct incident *inc, const struct actor *who)
{
	(void)cx;
	(void)who;
	inc->paging.epoch++;
	inc->paging.running = false;
}

WEAK void paging_stop(struct context *cx, struct incident *inc, const char *why)
{
	(void)cx;
	(void)why;
	inc->paging.epoch++;
	inc->paging.running = false;
}

WEAK bool paging_person(struct context *cx, struct incident *inc, const char *target, const char *reason)
{
	(void)cx;
	(void)inc;
	(void)target;
	(void)reason;
	return false;
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
