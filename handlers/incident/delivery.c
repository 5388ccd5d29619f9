/* delivery.c - what became of what was promised: where the root message is, whether the room was
 * made, and what to do when one of them could not be. */
#include "handlers/incident/verbs.h"

#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/plan.h"
#include "tocsin/targets.h"

static const char *platform_word(const struct incident *inc)
{
	return inc->home.platform == PLATFORM_TEAMS ? "teams" : "slack";
}

/* --- the root message ----------------------------------------------------------------------------- */

static void root_is_there(struct context *cx, struct incident *inc)
{
	const struct delivery *del = &cx->req->delivery;

	if (strcmp(inc->home.channel, del->channel) != 0)
		inc->index_dirty = true;
	inc->home.channel = del->channel;
	inc->home.root_ts = del->ts;
	effects_link(cx->out, arena_printf(cx->arena, "thread:%s:%s:%s", platform_word(inc),
		del->channel, del->ts), incident_entity(cx, inc));
}

/* Told in private: what failed, where it went instead, and how to mend it. */
static void tell_declarer(struct context *cx, struct incident *inc, const char *template_name,
	const char *failed_channel, const char *instead)
{
	const struct delivery *del = &cx->req->delivery;
	struct send s = {.lane = LANE_CHAT, .op = "chat.post"};
	struct data d;

	s.user = incident_fallback_user(cx, inc);
	if (!*s.user)
		return;
	data_begin_inc(cx, &d, inc);
	if (*failed_channel)
		json_out_str(&d.j, "failed", failed_channel);
	if (*instead)
		json_out_str(&d.j, "instead", instead);
	json_out_str(&d.j, "error", del->error);
	json_out_bool(&d.j, "not_in_channel", strcmp(del->error, "not_in_channel") == 0);
	json_out_bool(&d.j, "not_found", strcmp(del->error, "channel_not_found") == 0);
	json_out_bool(&d.j, "archived", strcmp(del->error, "is_archived") == 0);
	s.entity = incident_entity(cx, inc);
	s.key = incident_key(cx, inc, "trouble");
	s.to.platform = inc->home.platform;
	s.template_name = template_name;
	s.data = data_end(&d);
	effects_send(cx->out, &s);
}

/* First the plan's channel, then where it was typed, then the declarer alone. */
static void root_failed(struct context *cx, struct incident *inc)
{
	const char *failed = inc->home.channel, *next = "";

	if (inc->home.moves == 0 && *inc->origin.channel && strcmp(failed, inc->origin.channel) != 0)
		next = inc->origin.channel;
	incident_log(cx, inc, "root_failed", NULL,
		arena_printf(cx->arena, "%s: %s", failed, cx->req->delivery.error));
	/* Even the direct message failed: the log has it, and `list` shows it. */
	if (!*failed || inc->home.moves == INCIDENT_MOVES_MAX)
		return;
	inc->home.moves++;
	inc->home.root_ts = "";
	inc->home.channel = next;
	inc->index_dirty = true;
	incident_post_root(cx, inc, next, incident_fallback_user(cx, inc));
	tell_declarer(cx, inc, "incident/root_failed", failed, next);
}

/* --- the room --------------------------------------------------------------------------------------- */

static void room_send(struct context *cx, struct incident *inc, struct send *s, const char *what)
{
	s->lane = LANE_CHAT;
	s->entity = incident_entity(cx, inc);
	s->key = incident_key(cx, inc, what);
	s->to = (struct place){inc->home.platform, inc->home.room, ""};
	s->note = NOTE_ROOM;
	effects_send(cx->out, s);
}

static void room_bookmarks(struct context *cx, struct incident *inc)
{
	const struct plan_incident *pi = &cx->plan->incident;
	struct send s = {.op = "chat.bookmark"};

	for (size_t i = 0; i < pi->n_links && i < 10; i++) {
		s.arg = pi->links[i].title;
		s.link = pi->links[i].url;
		room_send(cx, inc, &s, "bookmark");
	}
	if (!pi->track_document)
		return;
	s.arg = inc->id;
	s.link = track_url(cx, inc);
	room_send(cx, inc, &s, "bookmark");
}

static void add_user(struct buf *b, const char *user)
{
	size_t n = strlen(user);

	if (!n)
		return;
	/* Each once: "U1,U2". */
	for (const char *at = buf_text(b); (at = strstr(at, user)); at += n)
		if (at[n] == ',' || !at[n])
			return;
	buf_printf(b, "%s%s", b->len ? "," : "", user);
}

/* Who belongs in: role holders, who is mentioned, who declared it, who has it. */
static const char *room_people(struct context *cx, const struct incident *inc)
{
	const struct plan_incident *pi = &cx->plan->incident;
	struct targets t = {.cx = cx};
	struct buf b;

	buf_init_arena(&b, cx->arena, 4096);
	add_user(&b, inc->declared_by.user);
	add_user(&b, inc->ack_by.user);
	for (size_t i = 0; i < inc->n_roles; i++)
		add_user(&b, inc->roles[i].who.user);
	for (size_t i = 0; i < pi->n_mention; i++)
		targets_add(&t, cx->plan, inc, pi->notify_mention[i], cx->req->now_ms);
	for (size_t i = 0; i < t.n; i++)
		if (t.people[i]->slack)
			add_user(&b, t.people[i]->slack);
	return buf_text(&b);
}

/* Where everybody is told: the talk has moved. */
static void room_pointer(struct context *cx, struct incident *inc)
{
	struct send s = {.lane = LANE_CHAT, .op = "chat.post", .template_name = "incident/room"};
	struct data d;

	data_begin_inc(cx, &d, inc);
	s.data = data_end(&d);
	s.entity = incident_entity(cx, inc);
	s.key = incident_key(cx, inc, "pointer");
	s.to = (struct place){inc->home.platform, inc->home.channel, ""};
	s.thread_ref = arena_printf(cx->arena, "%s/root", inc->id);
	effects_send(cx->out, &s);
}

static void room_is_there(struct context *cx, struct incident *inc)
{
	const char *room = cx->req->delivery.channel;
	struct send root = {.op = "chat.post", .template_name = "incident/root"};
	struct send topic = {.op = "chat.topic", .template_name = "incident/topic"};
	struct send pin = {.op = "chat.pin"}, invite = {.op = "chat.invite"};
	struct data d;

	if (*inc->home.room)
		return;
	inc->home.wants_room = false;
	inc->home.room = room;
	effects_link(cx->out, arena_printf(cx->arena, "room:%s:%s", platform_word(inc), room),
		incident_entity(cx, inc));
	incident_log(cx, inc, "room", NULL, room);
	data_begin_inc(cx, &d, inc);
	data_root(cx, inc, &d.j);
	json_out_bool(&d.j, "in_room", true);
	root.data = data_end(&d);
	root.ref = arena_printf(cx->arena, "%s/room", inc->id);
	room_send(cx, inc, &root, "room-root");
	pin.ref = root.ref;
	room_send(cx, inc, &pin, "room-pin");
	topic.data = root.data;
	room_send(cx, inc, &topic, "topic");
	room_bookmarks(cx, inc);
	invite.users = room_people(cx, inc);
	if (*invite.users)
		room_send(cx, inc, &invite, "invite");
	incident_first_post(cx, inc);
	paging_room(cx, inc);
	room_pointer(cx, inc);
	inc->root_dirty = true;
}

static void room_failed(struct context *cx, struct incident *inc)
{
	struct data d;

	if (!inc->home.wants_room)
		return;
	inc->home.wants_room = false;
	incident_log(cx, inc, "room_failed", NULL, cx->req->delivery.error);
	incident_first_post(cx, inc);
	data_begin_inc(cx, &d, inc);
	json_out_str(&d.j, "error", cx->req->delivery.error);
	json_out_bool(&d.j, "scope", strcmp(cx->req->delivery.error, "missing_scope") == 0);
	json_out_bool(&d.j, "name_taken", strcmp(cx->req->delivery.error, "name_taken") == 0);
	incident_post(cx, inc, "room-failed", "incident/room_failed", data_end(&d), false);
}

/* The channel cannot be written to any more, and will not mend itself. */
static bool channel_is_gone(const char *error)
{
	static const char *const errors[] = {"channel_not_found", "is_archived", "not_in_channel",
		"restricted_action", "channel_is_deleted"};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(error, errors[i]) == 0)
			return true;
	return false;
}

/* The incident's own channel was archived or the bot put out: the talk goes back to the thread. */
static void room_lost(struct context *cx, struct incident *inc)
{
	struct data d;

	if (!*inc->home.room)
		return;
	effects_unlink(cx->out, arena_printf(cx->arena, "room:%s:%s", platform_word(inc), inc->home.room));
	incident_log(cx, inc, "room_failed", NULL, cx->req->delivery.error);
	inc->home.room = "";
	inc->paging.room_status = inc->paging.status_posted = false; /* a new list, in the thread */
	inc->root_dirty = true;
	data_begin_inc(cx, &d, inc);
	data_root(cx, inc, &d.j);
	json_out_str(&d.j, "error", cx->req->delivery.error);
	incident_post(cx, inc, "room-lost", "incident/room_lost", data_end(&d), false);
}

/* --- the door ------------------------------------------------------------------------------------- */

static bool is_note(const struct delivery *d, const char *note)
{
	return strcmp(d->note, note) == 0;
}

/* Whether the incident was changed. */
static bool delivered(struct context *cx, struct incident *inc)
{
	const struct delivery *d = &cx->req->delivery;

	if (is_note(d, "root")) {
		if (d->outcome == DELIVERY_ACCEPTED && *d->ts)
			root_is_there(cx, inc);
		else if (d->outcome == DELIVERY_FAILED && !*inc->home.root_ts)
			root_failed(cx, inc);
		else
			return false;
		return true;
	}
	if (is_note(d, "room")) {
		if (d->outcome == DELIVERY_ACCEPTED && *d->channel)
			room_is_there(cx, inc);
		else if (d->outcome == DELIVERY_FAILED)
			room_failed(cx, inc);
		else
			return false;
		return true;
	}
	if (paging_delivery(cx, inc))
		return true;
	if (d->outcome != DELIVERY_FAILED)
		return false;
	if (is_note(d, NOTE_ROOM) && channel_is_gone(d->error)) {
		room_lost(cx, inc);
		return true;
	}
	/* While a new root is on its way the old channel's failures are no news. */
	if (is_note(d, NOTE_THREAD) && channel_is_gone(d->error) && *inc->home.root_ts) {
		root_failed(cx, inc);
		return true;
	}
	/* A message that could not be posted is not lost without a word. */
	if (strcmp(d->op, "chat.post") == 0) {
		incident_log(cx, inc, "post_failed", NULL,
			arena_printf(cx->arena, "%s: %s", d->key, d->error));
		return true;
	}
	return false;
}

enum step incident_delivery(struct context *cx)
{
	const char *id = cx->req->delivery.entity + strlen("incident:");
	struct incident *inc;
	enum step step = incident_load(cx, id, &inc);

	if (step != STEP_DONE || !inc)
		return step;
	if (delivered(cx, inc))
		incident_save(cx, inc);
	return STEP_DONE;
}
