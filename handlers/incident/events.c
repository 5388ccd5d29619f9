/* events.c - what happens around an incident: messages, reactions, due timers. */
#include "handlers/incident/verbs.h"

#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/json_in.h"
#include "tocsin/plan.h"
#include "tocsin/reminders.h"

/* --- messages are captured ----------------------------------------------------------------------- */

/* The incident of this thread or room, if it is one. STEP_NEED: asked for. *inc NULL: none. */
static enum step incident_here(struct context *cx, struct incident **inc)
{
	const struct fact *thread = thread_link(cx, &cx->req->where);
	const struct fact *room = room_link(cx, &cx->req->where);
	const char *id;

	*inc = NULL;
	if (!room)
		return STEP_DONE;
	if ((thread && thread->state == FACT_NOT_LOADED) || room->state == FACT_NOT_LOADED)
		return STEP_NEED;
	id = id_of_link(cx, thread);
	if (!id)
		id = id_of_link(cx, room);
	return id ? incident_load(cx, id, inc) : STEP_DONE;
}

static const char *message_link_name(struct context *cx, const char *channel, const char *ts)
{
	return arena_printf(cx->arena, "message:%s:%s:%s",
		cx->req->where.platform == PLATFORM_TEAMS ? "teams" : "slack", channel, ts);
}

enum step incident_message(struct context *cx)
{
	struct incident *inc;
	struct incident_who by = incident_who_of_actor(cx, &cx->req->who);
	const char *text;
	struct json_out j;
	struct buf b;
	enum step step;

	if (!*cx->req->who.user)
		return STEP_DONE;
	step = incident_here(cx, &inc);
	if (step != STEP_DONE || !inc || inc->status >= INCIDENT_CLOSED)
		return step;
	text = args_cut(cx->arena, args_plain(cx->arena, cx->plan, cx->req->text, false),
		INCIDENT_TEXT_MAX);
	if (!*text)
		return STEP_DONE;
	incident_log_begin(cx, &j, &b, "message", &by);
	json_out_str(&j, "text", text);
	json_out_str(&j, "ts", cx->req->message_ts);
	incident_log_end(cx, inc, &j);
	if (*cx->req->message_ts)
		effects_link(cx->out, message_link_name(cx, cx->req->where.channel, cx->req->message_ts),
			incident_entity(cx, inc));
	inc->n_messages++;
	incident_activity(cx, inc);
	incident_save(cx, inc);
	return STEP_DONE;
}

/* --- an emoji marks a key event --------------------------------------------------------------------- */

/* What the marked message said; NULL: not in the log. *marked: somebody was first. */
static const char *marked_text(struct context *cx, const struct fact *log, const char *ts,
	bool *marked)
{
	const char *text = NULL;

	*marked = false;
	for (size_t i = 0; i < log->n; i++) {
		const struct json_t *e = json_in_load(cx->arena, log->items[i], strlen(log->items[i]));

		if (!e || strcmp(json_in_str(e, "ts"), ts) != 0)
			continue;
		if (strcmp(json_in_str(e, "what"), "key") == 0)
			*marked = true;
		else
			text = json_in_str(e, "text");
	}
	return text;
}

const char *key_emoji(struct context *cx)
{
	const char *emoji = cx->plan->incident.key_event_emoji;

	return emoji && *emoji ? emoji : "pushpin";
}

enum step incident_reaction(struct context *cx)
{
	const char *emoji = key_emoji(cx);
	struct incident_who by = incident_who_of_actor(cx, &cx->req->who);
	const char *ts = cx->req->message_ts, *text;
	const struct fact *message, *log;
	struct incident *inc;
	struct json_out j;
	struct buf b;
	enum step step;
	bool marked;

	if (strcmp(cx->req->text, emoji) != 0 || !*ts || !*cx->req->where.channel)
		return STEP_DONE;
	message = fact_want(cx, arena_printf(cx->arena, "link:%s",
		message_link_name(cx, cx->req->where.channel, ts)));
	if (message->state == FACT_NOT_LOADED)
		return STEP_NEED;
	if (!id_of_link(cx, message))
		return STEP_DONE;
	step = incident_load(cx, id_of_link(cx, message), &inc);
	if (step != STEP_DONE || !inc)
		return step;
	log = fact_want(cx, arena_printf(cx->arena, "log:%s", incident_entity(cx, inc)));
	if (log->state == FACT_NOT_LOADED)
		return STEP_NEED;
	text = marked_text(cx, log, ts, &marked);
	if (marked)
		return STEP_DONE;
	incident_log_begin(cx, &j, &b, "key", &by);
	json_out_str(&j, "ts", ts);
	if (text)
		json_out_str(&j, "text", text);
	incident_log_end(cx, inc, &j);
	inc->n_key_events++;
	incident_save(cx, inc);
	return STEP_DONE;
}

/* --- timers ---------------------------------------------------------------------------------------- */

/* A page that waited for the plan's hours. */
static void page_goes_out(struct context *cx, struct incident *inc)
{
	if (!inc->page_due_ms)
		return;
	if (inc->page_due_ms > cx->req->now_ms) {
		incident_timer(cx, inc, "pageout", inc->page_due_ms);
		return;
	}
	inc->page_due_ms = 0;
	if (paging_person(cx, inc, inc->page_target, "") != PAGING_FOUND)
		incident_log(cx, inc, "page_nobody", NULL, inc->page_target);
	inc->root_dirty = true;
	incident_save(cx, inc);
}

enum step incident_timer_due(struct context *cx)
{
	const char *id = cx->req->timer + strlen("incident:");
	const char *name = strchr(id, ':');
	struct incident *inc;
	enum step step;

	/* The commit takes the timer away; one that nobody knows does nothing more. */
	if (!name)
		return STEP_DONE;
	step = incident_load(cx, arena_strndup(cx->arena, id, (size_t)(name - id)), &inc);
	if (step != STEP_DONE || !inc)
		return step;
	name++;
	if (strcmp(name, "pageout") == 0) {
		page_goes_out(cx, inc);
		return STEP_DONE;
	}
	if (paging_timer(cx, inc, name) || reminder_timer(cx, inc, name))
		incident_save(cx, inc);
	return STEP_DONE;
}
