/* world_chat.c - the pretended chat, mail and pagers of world.h. */
#include "world_in.h"

#include <stdlib.h>
#include <string.h>

#include "tocsin/err.h"
#include "tocsin/form.h"
#include "tocsin/message.h"
#include "tocsin/plan.h"

/* --- rendering ------------------------------------------------------------------------------------- */

static void take_buttons(struct world *w, const struct message *m, struct posted *p)
{
	p->n_buttons = 0;
	for (const struct block *b = m->blocks; b; b = b->next) {
		if (b->kind != BLOCK_BUTTONS)
			continue;
		for (const struct button *bt = b->buttons; bt; bt = bt->next) {
			if (p->n_buttons == 24)
				return;
			p->buttons[p->n_buttons].label = world_keep(w, bt->label);
			p->buttons[p->n_buttons++].command = world_keep(w, bt->command);
		}
	}
}

const char *world_render(struct world *w, const char *template_name, const char *data,
	struct posted *buttons)
{
	struct resolver who;
	struct render_options o = {.who = &who, .no_buttons = true};
	struct err e = {0};
	struct buf text, slack;
	struct message *m = words_message(w->words, w->keep, template_name, data, &e);

	if (!m) {
		world_fault(w, "%s: %s (%s)", template_name, e.text, data);
		return "";
	}
	resolver_slack(&who, w->plan);
	if (buttons)
		take_buttons(w, m, buttons);
	/* What Slack would get must render too, whatever the data. */
	buf_init_arena(&slack, w->keep, (size_t)1 << 20);
	slack_render(m, &o, &slack, NULL);
	if (slack.failed)
		world_fault(w, "%s does not render for Slack", template_name);
	buf_init_arena(&text, w->keep, (size_t)1 << 20);
	text_render(m, &o, &text);
	for (size_t i = 0; buttons && i < buttons->n_buttons; i++)
		buf_printf(&text, "%s[%s]", i ? " " : "\n", buttons->buttons[i].label);
	return buf_text(&text);
}

/* --- deliveries ------------------------------------------------------------------------------------------ */

static const char *trouble(struct world *w, const struct send *s, const char *channel)
{
	const char *keys[4] = {channel, s->op, arena_printf(w->keep, "user:%s", s->user),
		arena_printf(w->keep, "person:%s", s->person)};

	for (size_t i = 0; i < 4; i++) {
		const char *error = *keys[i] ? pair_get(w->broken, w->n_broken, keys[i], NULL) : NULL;

		if (error && *error)
			return error;
	}
	return "";
}

static struct posted *posted_by_ref(struct world *w, const char *ref)
{
	for (size_t i = w->n_posts; i-- > 0;)
		if (strcmp(w->posts[i].ref, ref) == 0)
			return &w->posts[i];
	return NULL;
}

static void post(struct world *w, const struct send *s, const char *channel, struct request *result)
{
	struct posted *p = &w->posts[w->n_posts++];
	const char *root = "";

	if (*s->thread_ref)
		pair_get(w->refs, w->n_refs, s->thread_ref, &root);
	p->channel = world_keep(w, channel);
	p->thread = *s->thread_ref ? root : s->to.thread;
	p->ts = arena_printf(w->keep, "17.%06u", ++w->next_ts);
	p->ref = s->ref;
	p->seen_by = *s->user ? s->user : "";
	p->text = world_render(w, s->template_name, s->data, p);
	if (*s->ref) {
		w->refs[w->n_refs].name = s->ref;
		w->refs[w->n_refs].value = p->channel;
		w->refs[w->n_refs++].more = p->ts;
	}
	if (s->lane == LANE_PAGE)
		world_line(w, "page %s by chat: %s", s->user, p->text);
	else if (*s->user)
		world_line(w, "dm %s: %s", s->user, p->text);
	else
		world_line(w, "post %s%s%s%s: %s", p->channel, *p->thread ? "/" : "", p->thread,
			s->broadcast ? " (broadcast)" : "", p->text);
	result->delivery.channel = p->channel;
	result->delivery.ts = p->ts;
}

static void update(struct world *w, const struct send *s)
{
	struct posted *p = posted_by_ref(w, s->ref);

	if (!p) {
		world_fault(w, "%s updates %s, which is not there", s->key, s->ref);
		return;
	}
	p->text = world_render(w, s->template_name, s->data, p);
	world_line(w, "update %s: %s", s->ref, p->text);
}

static void room(struct world *w, const struct send *s, struct request *result)
{
	result->delivery.channel = arena_printf(w->keep, "C0ROOM%u", ++w->next_room);
	if (strlen(s->arg) > 80 || strspn(s->arg, "abcdefghijklmnopqrstuvwxyz0123456789-_") != strlen(s->arg))
		world_fault(w, "no name for a channel: %s", s->arg);
	world_line(w, "room %s %s", result->delivery.channel, s->arg);
}

static void other(struct world *w, const struct send *s)
{
	if (strcmp(s->op, "chat.pin") == 0)
		world_line(w, "pin %s", s->ref);
	else if (strcmp(s->op, "chat.invite") == 0)
		world_line(w, "invite %s to %s", s->users, s->to.channel);
	else if (strcmp(s->op, "chat.group") == 0)
		world_line(w, "group %s: %s", s->arg, s->users);
	else if (strcmp(s->op, "chat.topic") == 0)
		world_line(w, "topic %s: %s", s->to.channel, world_render(w, s->template_name, s->data, NULL));
	else if (strcmp(s->op, "chat.bookmark") == 0)
		world_line(w, "bookmark %s: %s %s", s->to.channel, s->arg, s->link);
	else if (strcmp(s->op, "mail") == 0)
		world_line(w, "%s %s by mail: %s", s->lane == LANE_PAGE ? "page" : "mail", s->person,
			world_render(w, s->template_name, s->data, NULL));
	else
		world_line(w, "%s %s %s", s->op, s->via, s->arg);
}

static const char *channel_of(struct world *w, const struct send *s)
{
	const char *at = *s->thread_ref ? pair_get(w->refs, w->n_refs, s->thread_ref, NULL) : NULL;

	if (*s->user)
		return arena_printf(w->keep, "D0%s", s->user + 2);
	return at ? at : s->to.channel;
}

static void deliver_one(struct world *w, const struct send *s)
{
	struct request r = {.kind = REQUEST_DELIVERY, .source = SOURCE_SYSTEM};
	const struct doc *doc = world_doc_find(w, s->entity);
	const char *channel = channel_of(w, s);

	r.delivery = (struct delivery){.entity = s->entity, .key = s->key, .op = s->op, .note = s->note,
		.outcome = DELIVERY_ACCEPTED, .channel = "", .ts = "", .error = "", .detail = ""};
	if (*s->guard && (!doc || strcmp(doc->guard, s->guard) != 0)) {
		r.delivery.outcome = DELIVERY_STALE;
		world_line(w, "stale %s", s->key);
	} else if (*trouble(w, s, channel)) {
		r.delivery.outcome = DELIVERY_FAILED;
		r.delivery.error = trouble(w, s, channel);
		world_line(w, "failed %s: %s", s->key, r.delivery.error);
	} else if (strcmp(s->op, "chat.post") == 0) {
		post(w, s, channel, &r);
	} else if (strcmp(s->op, "chat.update") == 0) {
		update(w, s);
	} else if (strcmp(s->op, "chat.room") == 0) {
		room(w, s, &r);
	} else {
		other(w, s);
	}
	if (*s->entity && (s->report || r.delivery.outcome == DELIVERY_FAILED))
		world_request(w, &r);
}

/* What belongs to a message waits until that message is there; what does not goes on meanwhile. */
static bool must_wait(struct world *w, const struct send *s)
{
	const char *ref = *s->thread_ref ? s->thread_ref : s->ref;
	bool needs = *s->thread_ref || strcmp(s->op, "chat.update") == 0 || strcmp(s->op, "chat.pin") == 0;

	return needs && !pair_get(w->refs, w->n_refs, ref, NULL);
}

void world_deliver(struct world *w)
{
	bool moved;

	/* Results are requests that deliver again. */
	if (w->delivering)
		return;
	w->delivering = true;
	do {
		moved = false;
		for (size_t i = w->next_promise; i < w->n_promises; i++) {
			struct promise *p = &w->promises[i];

			if (p->done || must_wait(w, &p->send))
				continue;
			p->done = moved = true;
			deliver_one(w, &p->send);
		}
		while (w->next_promise < w->n_promises && w->promises[w->next_promise].done)
			w->next_promise++;
	} while (moved);
	w->delivering = false;
}

void world_break(struct world *w, const char *what, const char *error)
{
	w->broken[w->n_broken].name = world_keep(w, what);
	w->broken[w->n_broken++].value = world_keep(w, error);
}

/* --- what people do there ---------------------------------------------------------------------------------- */

const char *world_press(struct world *w, const char *who, const char *label)
{
	struct actor actor = world_actor(w, who);
	struct request req = {.kind = REQUEST_COMMAND, .source = SOURCE_BUTTON, .can_open_form = true};

	for (size_t i = w->n_posts; i-- > 0;) {
		const struct posted *p = &w->posts[i];

		if (*p->seen_by && strcmp(p->seen_by, actor.user) != 0)
			continue;
		for (size_t k = 0; k < p->n_buttons; k++) {
			const char *command = p->buttons[k].command, *space = strchr(command, ' ');

			if (strcmp(p->buttons[k].label, label) != 0)
				continue;
			req.who = actor;
			req.where = (struct place){PLATFORM_SLACK, p->channel, *p->thread ? p->thread : p->ts};
			req.family = space ? arena_strndup(w->keep, command, (size_t)(space - command)) : command;
			req.text = space ? space + 1 : "";
			req.message_ts = p->ts;
			return world_request(w, &req);
		}
	}
	return NULL;
}

const char *world_submit(struct world *w, const char *who, const char *fields)
{
	struct request req = {.kind = REQUEST_COMMAND, .source = SOURCE_FORM};
	struct field *all = ARENA_ARRAY(w->keep, struct field, 32);
	struct actor actor = world_actor(w, who);
	const char *space;

	if (!w->form.command || strcmp(w->form.user, actor.user) != 0)
		return NULL;
	space = strchr(w->form.command, ' ');
	req.who = actor;
	req.where = w->form.where;
	req.family = arena_strndup(w->keep, w->form.command, (size_t)(space - w->form.command));
	req.text = space + 1;
	while (*fields && req.n_fields < 32) {
		size_t n = strcspn(fields, ";");
		const char *eq = memchr(fields, '=', n);

		if (eq) {
			all[req.n_fields].name = arena_strndup(w->keep, fields, (size_t)(eq - fields));
			all[req.n_fields++].value = arena_strndup(w->keep, eq + 1, n - (size_t)(eq + 1 - fields));
		}
		fields += n + (fields[n] == ';');
	}
	req.fields = all;
	return world_request(w, &req);
}

const char *world_say(struct world *w, const char *who, const char *where, const char *text)
{
	struct request req = {.kind = REQUEST_MESSAGE};
	const char *ts = arena_printf(w->keep, "17.%06u", ++w->next_ts);

	req.who = world_actor(w, who);
	req.where = world_place(w, who, where);
	req.text = text;
	req.message_ts = ts;
	world_request(w, &req);
	return ts;
}

void world_react(struct world *w, const char *who, const char *where, const char *emoji,
	const char *ts)
{
	struct request req = {.kind = REQUEST_REACTION};

	req.who = world_actor(w, who);
	req.where = world_place(w, who, where);
	req.where.thread = ""; /* a reaction does not say which thread it is in */
	req.text = emoji;
	req.message_ts = ts;
	world_request(w, &req);
}

const char *world_message(struct world *w, const char *ref)
{
	const struct posted *p = posted_by_ref(w, ref);

	return p ? p->text : "";
}
