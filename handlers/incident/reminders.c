/* reminders.c - see reminders.h. What is due follows from the incident; only when it was said last,
 * and how often, is stored. */
#include "tocsin/reminders.h"

#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/incident.h"
#include "tocsin/json_out.h"
#include "tocsin/plan.h"
#include "tocsin/request.h"
#include "tocsin/targets.h"

#define MINUTE_MS ((int64_t)60 * 1000)
#define HOUR_MS (60 * MINUTE_MS)
#define QUIET_MS (5 * MINUTE_MS)   /* nobody is reminded while people are talking */
#define CHECKLIST_MAX 3            /* gentle: three times, a day apart */

/* What the state of the incident asks for. */
struct wish {
	int64_t anchor_ms; /* what it is counted from; 0: no reminder of this kind */
	int64_t first_ms;
	int64_t every_ms;  /* after the first, while it is ignored */
	int64_t target_ms; /* said in the message; 0: none */
	bool yields;       /* is pushed back by activity */
};

static int64_t between(int64_t v, int64_t low, int64_t high)
{
	return v < low ? low : v > high ? high : v;
}

static bool plan_has_role(const struct plan *plan, const char *key)
{
	for (size_t i = 0; i < plan->incident.n_roles; i++)
		if (strcmp(plan->incident.roles[i].key, key) == 0)
			return true;
	return false;
}

static void wish_update(const struct incident *inc, const struct plan_severity *sev, struct wish *w)
{
	if (!incident_is_open(inc) || inc->update_due_ms == 0)
		return;
	w->anchor_ms = w->first_ms = w->target_ms = inc->update_due_ms;
	w->every_ms = between(sev ? sev->update_every_ms / 2 : 0, 5 * MINUTE_MS, HOUR_MS);
	w->yields = true;
}

/* Four fifths of the way to a target, at the target, and then now and then. */
static void wish_target(int64_t from_ms, int64_t target_ms, int64_t every_ms, int64_t now_ms,
	const struct reminder *r, struct wish *w)
{
	w->anchor_ms = w->target_ms = target_ms;
	w->first_ms = from_ms + (target_ms - from_ms) / 5 * 4;
	/* From the first one to the target itself; behind it at an even pace. */
	w->every_ms = r->sent > 0 && now_ms < target_ms ? target_ms - now_ms : every_ms;
}

static void wish_fix(const struct incident *inc, const struct plan_severity *sev, int64_t now_ms,
	struct wish *w)
{
	if (!incident_is_open(inc) || !sev || sev->fix_ms <= 0)
		return;
	wish_target(inc->declared_ms, inc->declared_ms + sev->fix_ms,
		between(sev->fix_ms / 2, 15 * MINUTE_MS, 4 * HOUR_MS), now_ms,
		&inc->reminders.items[REMIND_FIX], w);
}

static void wish_coordinator(const struct context *cx, struct incident *inc,
	const struct plan_severity *sev, struct wish *w)
{
	/* Where neither an answer nor updates are expected nobody need coordinate. */
	if (!incident_is_open(inc) || !sev || (sev->ack_ms == 0 && sev->update_every_ms == 0))
		return;
	if (!plan_has_role(cx->plan, "coordinator") || incident_role(inc, "coordinator"))
		return;
	w->anchor_ms = inc->declared_ms;
	w->first_ms = inc->declared_ms + QUIET_MS;
	w->every_ms = 10 * MINUTE_MS;
}

static void wish_ack(const struct incident *inc, const struct plan_severity *sev, struct wish *w)
{
	if (!incident_is_open(inc) || incident_is_acked(inc) || !sev || sev->ack_ms <= 0 || sev->ladder)
		return;
	w->anchor_ms = inc->declared_ms;
	w->first_ms = w->target_ms = inc->declared_ms + sev->ack_ms;
	w->every_ms = between(sev->ack_ms, 5 * MINUTE_MS, HOUR_MS);
}

static void wish_postmortem(const struct incident *inc, int64_t now_ms, struct wish *w)
{
	if (inc->status != INCIDENT_RESOLVED && inc->status != INCIDENT_CLOSED)
		return;
	if (inc->postmortem_due_ms == 0 || inc->postmortem_done_ms != 0)
		return;
	wish_target(inc->resolved_ms, inc->postmortem_due_ms, 24 * HOUR_MS, now_ms,
		&inc->reminders.items[REMIND_POSTMORTEM], w);
}

static void wish_checklist(const struct context *cx, const struct incident *inc, struct wish *w)
{
	if (inc->status != INCIDENT_RESOLVED || cx->plan->incident.n_close_checklist == 0)
		return;
	for (size_t i = 0; i < inc->n_items; i++)
		if (inc->items[i].done_ms)
			return;
	w->anchor_ms = inc->resolved_ms;
	w->first_ms = inc->resolved_ms + HOUR_MS;
	w->every_ms = 24 * HOUR_MS;
}

static struct wish wish_for(const struct context *cx, struct incident *inc, enum reminder_kind kind)
{
	const struct plan_severity *sev = incident_severity(cx, inc);
	int64_t now_ms = cx->req->now_ms;
	struct wish w = {0};

	switch (kind) {
	case REMIND_UPDATE:
		wish_update(inc, sev, &w);
		break;
	case REMIND_FIX:
		wish_fix(inc, sev, now_ms, &w);
		break;
	case REMIND_COORDINATOR:
		wish_coordinator(cx, inc, sev, &w);
		break;
	case REMIND_ACK:
		wish_ack(inc, sev, &w);
		break;
	case REMIND_POSTMORTEM:
		wish_postmortem(inc, now_ms, &w);
		break;
	case REMIND_CHECKLIST:
		wish_checklist(cx, inc, &w);
		break;
	case REMIND_KINDS:
		break;
	}
	return w;
}

static unsigned most(enum reminder_kind kind)
{
	return kind == REMIND_CHECKLIST ? CHECKLIST_MAX : REMINDERS_MAX;
}

static void set_due(struct context *cx, struct incident *inc, enum reminder_kind kind, int64_t due_ms,
	bool anew)
{
	struct reminder *r = &inc->reminders.items[kind];

	if (r->due_ms == due_ms && !anew)
		return;
	r->due_ms = due_ms;
	incident_timer(cx, inc, arena_printf(cx->arena, "remind:%s", reminder_name(kind)), due_ms);
}

/* While people are talking a reminder waits, but at most two rounds. */
static int64_t pushed_back(const struct incident *inc, const struct wish *w, int64_t base_ms)
{
	int64_t quiet = inc->activity_ms + QUIET_MS;

	if (!w->yields || quiet <= base_ms)
		return base_ms;
	return quiet < base_ms + 2 * w->every_ms ? quiet : base_ms + 2 * w->every_ms;
}

void reminders_plan(struct context *cx, struct incident *inc)
{
	for (int i = 0; i < REMIND_KINDS; i++) {
		enum reminder_kind kind = (enum reminder_kind)i;
		struct reminder *r = &inc->reminders.items[kind];
		struct wish w = wish_for(cx, inc, kind);

		if (w.anchor_ms == 0 || inc->page) {
			set_due(cx, inc, kind, 0, false);
			r->base_ms = r->since_ms = 0;
			r->sent = 0;
			continue;
		}
		if (r->since_ms != w.anchor_ms) {
			r->since_ms = w.anchor_ms;
			r->sent = 0;
			r->base_ms = w.first_ms;
			/* Opened again, or another severity: what is long past is not said at once. */
			if (r->base_ms < cx->req->now_ms)
				r->base_ms = cx->req->now_ms + QUIET_MS;
		} else if (r->due_ms == 0) {
			continue; /* said often enough */
		}
		set_due(cx, inc, kind, pushed_back(inc, &w, r->base_ms), false);
	}
}

/* --- whom ---------------------------------------------------------------------------------- */

#define CHAIN_MAX (2 + PAGING_PEOPLE_MAX)

struct chain {
	struct incident_who items[CHAIN_MAX];
	size_t n;
};

static void chain_add(struct chain *c, struct incident_who who)
{
	if (!*who.name || c->n == CHAIN_MAX)
		return;
	for (size_t i = 0; i < c->n; i++) {
		const struct incident_who *known = &c->items[i];

		if (*who.person ? strcmp(known->person, who.person) == 0 : strcmp(known->user, who.user) == 0)
			return;
	}
	c->items[c->n++] = who;
}

/* Whoever holds the role, in the plan or not, then the plan's succession. */
static void chain_role(struct chain *c, struct context *cx, struct incident *inc, const char *role)
{
	const struct incident_role *held = incident_role(inc, role);
	struct targets t = {.cx = cx};

	if (held)
		chain_add(c, held->who);
	targets_add(&t, cx->plan, inc, role, cx->req->now_ms);
	for (size_t i = 0; i < t.n; i++)
		chain_add(c, (struct incident_who){t.people[i]->key, "", t.people[i]->name});
}

/* The next person when the one before took no notice; nobody: name "". */
static struct incident_who whom(struct context *cx, struct incident *inc, enum reminder_kind kind,
	unsigned nth)
{
	const struct plan_severity *sev = incident_severity(cx, inc);
	bool lead_first = kind == REMIND_FIX;
	struct targets t = {.cx = cx};
	struct chain c = {0};

	if (kind == REMIND_CHECKLIST)
		chain_add(&c, inc->resolved_by);
	chain_role(&c, cx, inc, lead_first ? "tech-lead" : "coordinator");
	chain_role(&c, cx, inc, lead_first ? "coordinator" : "tech-lead");
	for (size_t i = 0; sev && i < sev->n_tell; i++)
		targets_add(&t, cx->plan, inc, sev->tell[i], cx->req->now_ms);
	for (size_t i = 0; i < t.n; i++)
		chain_add(&c, (struct incident_who){t.people[i]->key, "", t.people[i]->name});
	if (c.n == 0)
		return (struct incident_who){"", "", ""};
	return c.items[nth < c.n ? nth : c.n - 1];
}

/* --- saying it ----------------------------------------------------------------------------- */

static void say(struct context *cx, struct incident *inc, enum reminder_kind kind, const struct wish *w)
{
	struct reminder *r = &inc->reminders.items[kind];
	struct incident_who who = whom(cx, inc, kind, r->sent);
	int64_t now_ms = cx->req->now_ms;
	bool over = w->target_ms > 0 && now_ms >= w->target_ms;
	struct json_out j;
	struct buf b;

	r->sent++;
	incident_data_begin(cx, inc, &j, &b);
	json_out_bool(&j, "has_who", *who.name != '\0');
	if (*who.name)
		incident_who_data(&j, "who", &who);
	json_out_bool(&j, "over", over);
	json_out_int(&j, "target", w->target_ms / 1000);
	json_out_bool(&j, "again", r->sent > 1);
	json_out_bool(&j, "stops", r->sent >= most(kind));
	incident_post(cx, inc, "remind", arena_printf(cx->arena, "reminder/%s", reminder_name(kind)),
		incident_data_end(&j, &b), kind == REMIND_FIX && over && r->sent <= 2);
	incident_log_begin(cx, &j, &b, "reminder", NULL);
	json_out_str(&j, "text", reminder_name(kind));
	if (*who.name)
		json_out_str(&j, "to", who.name);
	incident_log_end(cx, inc, &j);
}

bool reminder_timer(struct context *cx, struct incident *inc, const char *name)
{
	int64_t now_ms = cx->req->now_ms;
	enum reminder_kind kind;
	struct reminder *r;
	struct wish w;
	int i;

	if (strncmp(name, "remind:", 7) != 0)
		return false;
	for (i = 0; i < REMIND_KINDS && strcmp(name + 7, reminder_name((enum reminder_kind)i)) != 0; i++)
		;
	if (i == REMIND_KINDS)
		return false;
	kind = (enum reminder_kind)i;
	r = &inc->reminders.items[kind];
	/* What has changed since the timer was set counts, not what was true then. */
	reminders_plan(cx, inc);
	if (r->due_ms == 0)
		return true;
	if (now_ms < r->due_ms) {
		set_due(cx, inc, kind, r->due_ms, true);
		return true;
	}
	w = wish_for(cx, inc, kind);
	say(cx, inc, kind, &w);
	w = wish_for(cx, inc, kind); /* the pace depends on how often it was said */
	r->base_ms = r->sent < most(kind) ? now_ms + w.every_ms : 0;
	set_due(cx, inc, kind, r->base_ms, true);
	return true;
}
