/* incident_stub.c - the few services of the incident family that paging needs, until they are there. */
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/incident.h"
#include "tocsin/json_out.h"

#define WEAK __attribute__((weak))

WEAK const char *incident_entity(struct context *cx, const struct incident *inc)
{
	return arena_printf(cx->arena, "incident:%s", inc->id);
}

WEAK void incident_timer(struct context *cx, const struct incident *inc, const char *name, int64_t due)
{
	const char *id = arena_printf(cx->arena, "incident:%s:%s", inc->id, name);

	if (due)
		effects_timer(cx->out, id, due);
	else
		effects_timer_clear(cx->out, id);
}

WEAK const char *incident_key(struct context *cx, struct incident *inc, const char *what)
{
	return arena_printf(cx->arena, "%s/%s/%lld", inc->id, what, (long long)++inc->seq);
}

WEAK void incident_log_begin(struct context *cx, struct json_out *j, struct buf *b, const char *what,
	const struct incident_who *by)
{
	(void)by;
	buf_init_arena(b, cx->arena, 1 << 16);
	json_out_init(j, b);
	json_out_object(j, NULL);
	json_out_str(j, "what", what);
}

WEAK void incident_log_end(struct context *cx, const struct incident *inc, struct json_out *j)
{
	json_out_object_end(j);
	effects_log(cx->out, incident_entity(cx, inc), buf_text(j->buf));
}

WEAK void incident_log(struct context *cx, const struct incident *inc, const char *what,
	const struct incident_who *by, const char *text)
{
	struct json_out j;
	struct buf b;

	incident_log_begin(cx, &j, &b, what, by);
	json_out_str(&j, "text", text);
	incident_log_end(cx, inc, &j);
}

WEAK void incident_data_begin(struct context *cx, const struct incident *inc, struct json_out *j,
	struct buf *b)
{
	buf_init_arena(b, cx->arena, 1 << 17);
	json_out_init(j, b);
	json_out_object(j, NULL);
	json_out_str(j, "id", inc->id);
	json_out_str(j, "title", inc->title);
	json_out_str(j, "severity", inc->severity);
	json_out_bool(j, "drill", inc->drill);
}

WEAK const char *incident_data_end(struct json_out *j, struct buf *b)
{
	json_out_object_end(j);
	return buf_text(b);
}

WEAK void incident_who_data(struct json_out *j, const char *key, const struct incident_who *who)
{
	json_out_object(j, key);
	json_out_str(j, "name", who->name);
	if (*who->person)
		json_out_str(j, "person", who->person);
	json_out_object_end(j);
}

WEAK void incident_post(struct context *cx, struct incident *inc, const char *what,
	const char *template_name, const char *data, bool broadcast)
{
	struct send s = {.lane = LANE_CHAT, .op = "chat.post", .template_name = template_name, .data = data,
		.broadcast = broadcast};

	s.key = incident_key(cx, inc, what);
	effects_send(cx->out, &s);
}
