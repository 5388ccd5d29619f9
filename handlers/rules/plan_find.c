/* plan_find.c - look-ups in a plan (plan.h). Plans are small: lists are searched from the front. */
#include "tocsin/plan.h"

#include <string.h>
#include <strings.h>

#define FIND(list, count, field, key) \
	for (size_t i = 0; i < (count); i++) \
		if ((list)[i].field && strcmp((list)[i].field, (key)) == 0) \
			return &(list)[i]; \
	return NULL

const struct plan_person *plan_person(const struct plan *p, const char *key)
{
	FIND(p->people, p->n_people, key, key);
}

const struct plan_person *plan_person_by_slack(const struct plan *p, const char *slack_id)
{
	FIND(p->people, p->n_people, slack, slack_id);
}

const struct plan_group *plan_group(const struct plan *p, const char *key)
{
	FIND(p->groups, p->n_groups, key, key);
}

const struct plan_event *plan_event(const struct plan *p, const char *id)
{
	FIND(p->events, p->n_events, id, id);
}

const struct plan_hours *plan_hours(const struct plan *p, const char *key)
{
	FIND(p->hours, p->n_hours, key, key);
}

const struct plan_schedule *plan_schedule(const struct plan *p, const char *key)
{
	FIND(p->schedules, p->n_schedules, key, key);
}

const struct plan_severity *plan_severity(const struct plan *p, const char *key)
{
	for (size_t i = 0; i < p->n_severities; i++)
		if (strcasecmp(p->severities[i].key, key) == 0)
			return &p->severities[i];
	return NULL;
}

const struct plan_ladder *plan_ladder(const struct plan *p, const char *key)
{
	FIND(p->ladders, p->n_ladders, key, key);
}

const struct plan_channel *plan_channel(const struct plan *p, const char *key)
{
	FIND(p->channels, p->n_channels, key, key);
}

const struct plan_channel *plan_channel_by_slack(const struct plan *p, const char *slack_id)
{
	FIND(p->channels, p->n_channels, slack, slack_id);
}

const struct plan_connection *plan_connection(const struct plan *p, const char *key)
{
	FIND(p->connections, p->n_connections, key, key);
}

const struct plan_alert_source *plan_alert_source(const struct plan *p, const char *key)
{
	FIND(p->alert_sources, p->n_alert_sources, key, key);
}
