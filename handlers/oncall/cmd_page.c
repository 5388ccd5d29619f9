/* cmd_page.c - `page`: a page outside an incident, with the machinery of incidents (succession,
 * acknowledgement, record) and none of their questions; `test`: every way, marked as a test. */
#include "handlers/oncall/verbs.h"

#include <inttypes.h>
#include <string.h>

#include "handlers/incident/verbs.h"
#include "handlers/rules/paging_run.h"
#include "tocsin/arena.h"
#include "tocsin/rota.h"

/* One word, or a whole name. */
static const char *target_typed(struct context *cx)
{
	struct oncall_call *call = oncall_call_of(cx);
	const struct arg *arg = &call->args.items[call->next];
	const struct plan_person *p;
	size_t words;

	if (args_person(&call->args, call->next, cx->plan, &p, &words) == ARGS_PERSON_KNOWN) {
		call->next += words;
		return p->key;
	}
	call->next++;
	if (arg->kind == ARG_GROUP)
		return arena_printf(cx->arena, "<!subteam^%s>", arg->text);
	if (arg->kind == ARG_USER)
		return arena_printf(cx->arena, "<@%s>", arg->text);
	return arg->text;
}

static enum step page_refused(struct context *cx, const char *target, enum paging_found found)
{
	struct oncall_data d;

	oncall_data_begin(cx, &d);
	json_out_str(&d.j, "target", args_cut(cx->arena, args_plain(cx->arena, cx->plan, target, true), 60));
	json_out_bool(&d.j, "unknown", found == PAGING_UNKNOWN);
	json_out_bool(&d.j, "nobody", found == PAGING_NOBODY);
	json_out_bool(&d.j, "unreachable", found == PAGING_UNREACHABLE);
	return oncall_refuse(cx, "oncall/page_refused", &d);
}

static void data_page(struct context *cx, struct json_out *j, const struct incident *inc,
	const char *target)
{
	const struct plan_person *p = plan_person(cx->plan, target);

	json_out_str(j, "id", inc->id);
	json_out_str(j, "target", p ? oncall_name(p) : args_plain(cx->arena, cx->plan, target, true));
	json_out_str(j, "title", inc->title);
	json_out_bool(j, "is_urgent", inc->page_urgent);
	if (inc->page_due_ms)
		json_out_int(j, "waits", inc->page_due_ms / 1000);
}

static enum step page_new(struct context *cx, const char *target, const char *text, bool urgent)
{
	struct oncall_call *call = oncall_call_of(cx);
	struct incident_declaration d = {.title = text, .severity = "", .page = true, .by = call->by,
		.origin = cx->req->where, .channel = cx->req->where.channel};
	int64_t opens = urgent ? cx->req->now_ms : plan_opens(cx->plan, cx->req->now_ms);
	struct targets t = {.cx = cx};
	enum paging_found found;
	struct oncall_data out;
	struct incident *inc;

	if (!targets_add_typed(&t, cx->plan, NULL, target, cx->req->now_ms))
		return page_refused(cx, target, PAGING_UNKNOWN);
	if (incident_declare(cx, &d, &inc) == STEP_NEED)
		return STEP_NEED;
	inc->page_urgent = urgent;
	inc->page_target = target;
	incident_log(cx, inc, "page_asked", &call->by, target);
	if (opens > cx->req->now_ms) {
		inc->page_due_ms = opens;
		incident_timer(cx, inc, "pageout", opens);
	} else {
		found = paging_person(cx, inc, target, "");
		if (found != PAGING_FOUND)
			return page_refused(cx, target, found);
	}
	incident_save(cx, inc);
	oncall_data_begin(cx, &out);
	data_page(cx, &out.j, inc, target);
	return oncall_answer(cx, "oncall/paged", &out);
}

/* "page now INC-43": the button of a page that waits. */
static enum step page_now(struct context *cx, const char *id)
{
	struct oncall_call *call = oncall_call_of(cx);
	enum paging_found found;
	struct oncall_data out;
	struct incident *inc;

	if (incident_load(cx, args_cut(cx->arena, id, 60), &inc) == STEP_NEED)
		return STEP_NEED;
	if (!inc || !inc->page || !inc->page_due_ms)
		return oncall_refuse_with(cx, "oncall/page_gone", "id", args_cut(cx->arena, id, 60));
	inc->page_urgent = true;
	inc->page_due_ms = 0;
	incident_timer(cx, inc, "pageout", 0);
	incident_log(cx, inc, "page_urgent", &call->by, "");
	found = paging_person(cx, inc, inc->page_target, "");
	if (found != PAGING_FOUND)
		return page_refused(cx, inc->page_target, found);
	incident_save(cx, inc);
	oncall_data_begin(cx, &out);
	data_page(cx, &out.j, inc, inc->page_target);
	return oncall_answer(cx, "oncall/paged", &out);
}

enum step verb_oncall_page(struct context *cx)
{
	struct oncall_call *call = oncall_call_of(cx);
	const char *target, *text;
	bool urgent = false;

	if (call->next + 1 < call->args.n && args_word_is(&call->args.items[call->next], "now"))
		return page_now(cx, call->args.items[call->next + 1].text);
	if (call->next < call->args.n && (args_word_is(&call->args.items[call->next], "urgent") ||
		args_word_is(&call->args.items[call->next], "urgently"))) {
		urgent = true;
		call->next++;
	}
	if (call->next >= call->args.n)
		return oncall_refuse_with(cx, "oncall/page_whom", "example", call->verb->example);
	target = target_typed(cx);
	text = args_rest(&call->args, call->next, cx->plan, true);
	if (!*text)
		return oncall_refuse_with(cx, "oncall/page_what", "target",
			args_cut(cx->arena, args_plain(cx->arena, cx->plan, target, true), 60));
	return page_new(cx, target, text, urgent);
}

/* --- test ------------------------------------------------------------------------------------ */

static bool test_send(struct context *cx, const struct plan_person *p, const char *via)
{
	struct send s = {.lane = LANE_PAGE, .report = true, .person = p->key};
	const char *error;
	struct oncall_data d;

	switch (way_kind(cx->plan, p, via, &error)) {
	case WAY_CHAT:
		s.op = "chat.post";
		s.to.platform = PLATFORM_SLACK;
		s.user = p->slack;
		break;
	case WAY_MAIL:
		s.op = "mail";
		break;
	case WAY_WEBHOOK:
		s.op = "webhook";
		s.via = via;
		s.arg = "page.test";
		break;
	default:
		return false;
	}
	oncall_data_begin(cx, &d);
	oncall_person_data(&d.j, "to", p);
	json_out_str(&d.j, "way", via);
	s.key = arena_printf(cx->arena, "oncall/test/%s/%s", cx->req->id, via);
	s.entity = oncall_entity(cx, "@test");
	s.note = arena_printf(cx->arena, "test:%s:%s", p->key, via);
	s.template_name = "page/test";
	s.data = oncall_data_end(&d);
	effects_send(cx->out, &s);
	return true;
}

enum step verb_oncall_test(struct context *cx)
{
	struct oncall_call *call = oncall_call_of(cx);
	struct page_way ways[PAGING_WAYS_MAX];
	unsigned n = ways_of(cx->plan, call->me, true, NULL, 0, ways);
	struct page_way more[PAGING_WAYS_MAX];
	unsigned n_more = ways_of(cx->plan, call->me, false, NULL, 0, more), sent = 0;
	struct oncall_data d;

	for (unsigned i = 0; i < n_more && n < PAGING_WAYS_MAX; i++) {
		unsigned k = 0;

		while (k < n && strcmp(ways[k].via, more[i].via) != 0)
			k++;
		if (k == n)
			ways[n++] = more[i];
	}
	oncall_data_begin(cx, &d);
	json_out_array(&d.j, "ways");
	for (unsigned i = 0; i < n; i++) {
		bool goes = test_send(cx, call->me, ways[i].via);

		sent += goes;
		json_out_object(&d.j, NULL);
		json_out_str(&d.j, "via", ways[i].via);
		json_out_bool(&d.j, "sent", goes);
		json_out_object_end(&d.j);
	}
	json_out_array_end(&d.j);
	json_out_bool(&d.j, "any", sent > 0);
	return oncall_answer(cx, "oncall/tested", &d);
}
