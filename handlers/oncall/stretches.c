/* stretches.c - who is there over a time, from change to change, and what a new change would do. */
#include "handlers/oncall/verbs.h"

#include <string.h>

#include "tocsin/arena.h"

bool stretch_differs(const struct stretch *s, void *ud)
{
	(void)ud;
	return !roster_same(&s->now, &s->before);
}

bool stretch_short(const struct stretch *s, void *need)
{
	return s->now.n < *(const unsigned *)need;
}

static bool same(const struct stretch *a, const struct stretch *b, bool compared)
{
	return roster_same(&a->now, &b->now) && (!compared || roster_same(&a->before, &b->before));
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a && a < b ? a : b;
}

size_t stretches(struct context *cx, const struct plan_schedule *s, const char *role,
	const struct roster_changes *changes, const struct roster_changes *before, int64_t from_ms,
	int64_t to_ms, stretch_fn fn, void *ud, struct stretch *out, size_t max, size_t *total)
{
	struct stretch *cur = ARENA_NEW(cx->arena, struct stretch);
	struct stretch *next = ARENA_NEW(cx->arena, struct stretch);
	size_t n = 0;
	bool open = false;

	*total = 0;
	for (int i = 0; i < ROSTER_STEPS_MAX && from_ms < to_ms; i++, from_ms = next->to_ms) {
		next->from_ms = from_ms;
		roster_with(cx->plan, s, changes, role, from_ms, &next->now);
		next->to_ms = sooner(next->now.until_ms, to_ms);
		if (before) {
			roster_with(cx->plan, s, before, role, from_ms, &next->before);
			next->to_ms = sooner(next->before.until_ms, next->to_ms);
		}
		if (open && same(cur, next, before != NULL)) {
			cur->to_ms = next->to_ms;
			continue;
		}
		if (open && (!fn || fn(cur, ud)) && (*total)++ < max)
			out[n++] = *cur;
		*cur = *next;
		open = true;
	}
	if (open && (!fn || fn(cur, ud)) && (*total)++ < max)
		out[n++] = *cur;
	return n;
}

size_t oncall_around(struct context *cx, const struct plan_coverage *c, const struct plan_event *e,
	const struct plan_schedule *s, const struct roster_changes *changes, int64_t span, unsigned *need,
	struct stretch *out, size_t *total)
{
	int64_t now = cx->req->now_ms, from, to;

	*total = 0;
	if (!e || e->to_ms <= e->from_ms)
		return 0;
	from = e->from_ms - c->before_ms;
	to = e->to_ms + c->after_ms;
	if (to <= now || from >= now + span)
		return 0;
	return stretches(cx, s, NULL, changes, NULL, from > now ? from : now, to, stretch_short, need, out,
		ONCALL_ROWS, total);
}

const char *roster_names(struct context *cx, const struct roster *r, bool roles)
{
	struct buf b;

	buf_init_arena(&b, cx->arena, 4096);
	for (size_t i = 0; i < r->n; i++) {
		buf_printf(&b, "%s%s", i ? ", " : "", oncall_name(r->people[i]));
		if (roles)
			buf_printf(&b, " (%s)", r->roles[i]);
	}
	return buf_text(&b);
}

void stretches_data(struct context *cx, struct json_out *j, const char *key,
	const struct plan_schedule *s, const struct stretch *list, size_t n, size_t total, bool roles)
{
	json_out_array(j, key);
	for (size_t i = 0; i < n; i++) {
		json_out_object(j, NULL);
		json_out_str(j, "schedule", s->key);
		json_out_int(j, "from", list[i].from_ms / 1000);
		json_out_int(j, "to", list[i].to_ms / 1000);
		json_out_str(j, "names", roster_names(cx, &list[i].now, roles));
		json_out_bool(j, "nobody", list[i].now.n == 0);
		json_out_int(j, "count", (int64_t)list[i].now.n);
		json_out_str(j, "before", roster_names(cx, &list[i].before, roles));
		json_out_bool(j, "was_nobody", list[i].before.n == 0);
		json_out_object_end(j);
	}
	json_out_array_end(j);
	if (total > n)
		json_out_int(j, "more", (int64_t)(total - n));
}

/* --- the channel and people ------------------------------------------------------------------ */

const char *oncall_channel(struct context *cx, const struct plan_schedule *s)
{
	const char *key = s && s->announce_channel ? s->announce_channel : cx->plan->incident.notify_channel;
	const struct plan_channel *c = key ? plan_channel(cx->plan, key) : NULL;

	return c && c->slack ? c->slack : "";
}

void oncall_post(struct context *cx, struct oncall_doc *doc, const char *channel, const char *ref,
	const char *template_name, const char *data)
{
	struct send s = {.lane = LANE_CHAT, .op = "chat.post", .template_name = template_name, .data = data};

	if (!*channel)
		return;
	s.key = oncall_key(cx, doc, "post");
	s.entity = oncall_entity(cx, doc->key);
	s.to = (struct place){PLATFORM_SLACK, channel, ""};
	s.ref = ref;
	effects_send(cx->out, &s);
}

void oncall_tell(struct context *cx, struct oncall_doc *doc, const struct plan_person *p,
	const char *template_name, const char *data)
{
	struct send s = {.lane = LANE_CHAT, .op = "chat.post", .template_name = template_name, .data = data};

	if (!p || (!p->slack && !p->mail))
		return;
	s.key = oncall_key(cx, doc, "tell");
	s.entity = oncall_entity(cx, doc->key);
	if (p->slack) {
		s.to.platform = PLATFORM_SLACK;
		s.user = p->slack;
	} else {
		s.lane = LANE_CALL;
		s.op = "mail";
		s.person = p->key;
	}
	effects_send(cx->out, &s);
}

void oncall_log(struct context *cx, const char *key, const char *what, const struct roster_change *c)
{
	struct oncall_call *call = cx->call;
	struct json_out j;
	struct buf b;

	incident_log_begin(cx, &j, &b, what, call ? &call->by : NULL);
	if (c) {
		json_out_int(&j, "n", c->n);
		json_out_str(&j, "who", c->who);
		if (*c->instead)
			json_out_str(&j, "instead", c->instead);
		if (*c->role)
			json_out_str(&j, "role", c->role);
		json_out_int(&j, "from", c->from_ms);
		json_out_int(&j, "to", c->to_ms);
		if (*c->reason)
			json_out_str(&j, "text", c->reason);
	}
	json_out_object_end(&j);
	effects_log(cx->out, oncall_entity(cx, key), buf_text(&b));
}

void oncall_look_again(struct context *cx, const char *schedule)
{
	effects_timer(cx->out, arena_printf(cx->arena, "oncall:%s:watch", schedule),
		cx->req->now_ms + 1000);
}
