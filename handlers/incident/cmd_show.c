/* cmd_show.c - `list`, `show`, `help`: nothing is changed by asking. */
#include "handlers/incident/verbs.h"

#include <string.h>
#include <strings.h>

#include "tocsin/arena.h"
#include "tocsin/plan.h"

#define PAGE_ITEMS 20

/* --- list ------------------------------------------------------------------------------------ */

static size_t page_typed(const struct args *args, size_t at)
{
	size_t page = 0;

	if (at >= args->n || args->items[at].kind != ARG_WORD)
		return 1;
	for (const char *s = args->items[at].text; *s; s++) {
		if (*s < '0' || *s > '9' || page > 1000)
			return 1;
		page = page * 10 + (size_t)(*s - '0');
	}
	return page ? page : 1;
}

static void list_item(struct context *cx, const struct incident *inc, struct json_out *j)
{
	json_out_object(j, NULL);
	json_out_str(j, "id", inc->id);
	json_out_str(j, "title", args_cut(cx->arena, inc->title, 80));
	json_out_str(j, "severity", inc->severity);
	json_out_str(j, "status", incident_status_name(inc->status));
	json_out_bool(j, "drill", inc->drill);
	json_out_int(j, "declared", seconds(inc->declared_ms));
	data_person(cx, j, "ack", &inc->ack_by);
	json_out_bool(j, "unacked", incident_is_open(inc) && !incident_is_acked(inc));
	if (inc->closed_ms)
		json_out_int(j, "closed_at", seconds(inc->closed_ms));
	if (*inc->home.room || *inc->home.channel)
		json_out_str(j, "where", *inc->home.room ? inc->home.room : inc->home.channel);
	json_out_object_end(j);
}

enum step verb_list(struct context *cx)
{
	struct call *call = call_of(cx);
	size_t at = call->next, page, from, shown = 0, last;
	bool closed = at < call->args.n && (args_word_is(&call->args.items[at], "closed") ||
		args_word_is(&call->args.items[at], "done") || args_word_is(&call->args.items[at], "all"));
	const struct fact *ids = fact_want(cx, closed ? "rindex:incident:closed" : "rindex:incident:open");
	enum step step = STEP_DONE;
	struct data d;

	if (ids->state == FACT_NOT_LOADED)
		return STEP_NEED;
	page = page_typed(&call->args, at + (closed ? 1 : 0));
	from = (page - 1) * PAGE_ITEMS;
	if (from >= ids->n)
		from = 0;
	last = from + PAGE_ITEMS < ids->n ? from + PAGE_ITEMS : ids->n;
	data_begin(cx, &d);
	json_out_array(&d.j, "incidents");
	for (size_t i = from; i < last; i++) {
		struct incident *inc;

		if (incident_load(cx, ids->items[i], &inc) == STEP_NEED) {
			step = STEP_NEED;
			continue;
		}
		if (!inc)
			continue;
		list_item(cx, inc, &d.j);
		shown++;
	}
	json_out_array_end(&d.j);
	if (step == STEP_NEED)
		return step;
	json_out_bool(&d.j, "any", shown > 0);
	json_out_bool(&d.j, "closed", closed);
	json_out_int(&d.j, "total", (int64_t)ids->n);
	json_out_bool(&d.j, "capped", ids->n >= FACT_ITEMS_MAX);
	if (last < ids->n) {
		json_out_int(&d.j, "more", (int64_t)(ids->n - last));
		json_out_str(&d.j, "next", arena_printf(cx->arena, "incident list %s%zu",
			closed ? "closed " : "", from / PAGE_ITEMS + 2));
	}
	return answer(cx, "incident/list", &d);
}

/* --- show and help ------------------------------------------------------------------------------ */

enum step verb_show(struct context *cx)
{
	struct incident *inc = call_of(cx)->inc;
	struct data d;

	data_begin_inc(cx, &d, inc);
	data_root(cx, inc, &d.j);
	json_out_int(&d.j, "messages", inc->n_messages);
	json_out_int(&d.j, "key_events", inc->n_key_events);
	return answer(cx, "incident/show", &d);
}

static void data_verb(struct json_out *j, const struct verb *v)
{
	json_out_object(j, NULL);
	json_out_str(j, "name", v->name);
	json_out_str(j, "args", v->args);
	json_out_str(j, "summary", v->summary);
	json_out_str(j, "example", v->example);
	json_out_str(j, "who", v->who);
	if (*v->aliases)
		json_out_str(j, "aliases", v->aliases);
	json_out_object_end(j);
}

static bool verb_called(const struct verb *v, const char *word)
{
	size_t n = strlen(word);

	if (strcasecmp(v->name, word) == 0)
		return true;
	for (const char *s = v->aliases; *s; s += strcspn(s, " "), s += strspn(s, " "))
		if (strcspn(s, " ") == n && strncasecmp(s, word, n) == 0)
			return true;
	return false;
}

enum step verb_help(struct context *cx)
{
	struct call *call = call_of(cx);
	const struct arg *arg = &call->args.items[call->next];
	bool one = call->next < call->args.n && arg->kind == ARG_WORD, found = false;
	struct data d;

	data_begin(cx, &d);
	json_out_array(&d.j, "verbs");
	for (const struct verb *v = incident_verbs; v->name; v++) {
		if (one && !verb_called(v, arg->text))
			continue;
		found = true;
		data_verb(&d.j, v);
	}
	json_out_array_end(&d.j);
	if (one && !found)
		return refuse_with(cx, "incident/unknown_verb", "word", args_cut(cx->arena, arg->text, 80));
	data_severities(cx, &d.j, "");
	return answer(cx, one ? "incident/help_verb" : "incident/help", &d);
}
