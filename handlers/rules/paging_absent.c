/* paging_absent.c - stands in until alerts are handled. */
#include "tocsin/incident.h"

__attribute__((weak)) enum step incident_alert(struct context *cx)
{
	(void)cx;
	return STEP_DONE;
}
