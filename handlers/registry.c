/* registry.c - the families of commands: the file to open first. One line per family. */
#include "tocsin/handler.h"

#include <string.h>
#include <strings.h>

#include "tocsin/arena.h"
#include "tocsin/args.h"
#include "tocsin/buf.h"
#include "tocsin/effects.h"
#include "tocsin/incident.h"
#include "tocsin/json_out.h"
#include "tocsin/oncall.h"
#include "tocsin/request.h"

const struct family *const families[] = {
	&incident_family,
	&oncall_family,
	NULL,
};

const struct family *family_find(const char *name)
{
	for (size_t i = 0; families[i]; i++)
		if (strcasecmp(families[i]->name, name) == 0)
			return families[i];
	return NULL;
}

/* The family that "incident:INC-42..." belongs to. */
static const struct family *family_of(struct context *cx, const char *id)
{
	const char *colon = strchr(id, ':');

	return colon ? family_find(arena_strndup(cx->arena, id, (size_t)(colon - id))) : NULL;
}

static enum step unknown_family(struct context *cx)
{
	struct json_out j;
	struct buf b;

	buf_init_arena(&b, cx->arena, 4096);
	json_out_init(&j, &b);
	json_out_object(&j, NULL);
	json_out_str(&j, "word", args_cut(cx->arena, args_clean(cx->arena, cx->req->family, true), 40));
	json_out_array(&j, "families");
	for (size_t i = 0; families[i]; i++) {
		json_out_object(&j, NULL);
		json_out_str(&j, "name", families[i]->name);
		json_out_str(&j, "summary", families[i]->summary);
		json_out_object_end(&j);
	}
	json_out_array_end(&j);
	json_out_object_end(&j);
	effects_refuse(cx->out, "help/unknown_command", buf_text(&b));
	return STEP_REFUSED;
}

/* What everybody may hear goes to every family; each adds what concerns it. */
static enum step all(struct context *cx, size_t member)
{
	enum step result = STEP_DONE;

	for (size_t i = 0; families[i]; i++) {
		handler_fn fn;

		memcpy(&fn, (const char *)families[i] + member, sizeof(fn));
		if (fn && fn(cx) == STEP_NEED)
			result = STEP_NEED;
	}
	return result;
}

static enum step handle_kind(struct context *cx)
{
	const struct family *f;

	switch (cx->req->kind) {
	case REQUEST_COMMAND:
		f = family_find(cx->req->family);
		return f ? f->command(cx) : unknown_family(cx);
	case REQUEST_TIMER:
		f = family_of(cx, cx->req->timer);
		return f ? f->timer(cx) : STEP_DONE;
	case REQUEST_DELIVERY:
		f = family_of(cx, cx->req->delivery.entity);
		return f ? f->delivery(cx) : STEP_DONE;
	case REQUEST_MESSAGE:
		return all(cx, offsetof(struct family, message));
	case REQUEST_REACTION:
		return all(cx, offsetof(struct family, reaction));
	case REQUEST_ALERT:
		return all(cx, offsetof(struct family, alert));
	case REQUEST_KINDS:
		break;
	}
	return STEP_DONE;
}

enum step handle(struct context *cx)
{
	enum step step = handle_kind(cx);

	/* Somebody deep inside lacked a fact: what was decided without it does not count. */
	return cx->out->n_needs > 0 ? STEP_NEED : step;
}
