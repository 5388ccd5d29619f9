/* cmd_timeline.c - `timeline`: the log, as people read it. */
#include "handlers/incident/verbs.h"

#include <jansson.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/json_in.h"
#include "tocsin/plan.h"

#define PAGE_ENTRIES 30

/* What each kind of entry is called in the template. Unknown kinds (of a later version) are shown
 * as they are. */
static bool kind_known(const char *what)
{
	static const char *const kinds[] = {
		"declared", "ack", "update", "status", "severity", "role", "page", "page_failed",
		"page_asked", "paging_exhausted", "paging_nobody", "paging_stopped", "oncall_gap",
		"unreachable", "ack_expired", "note", "message", "key", "answers", "resolved", "reopened",
		"closed", "closed_anyway", "cancelled", "checklist", "item_done", "postmortem", "room",
		"room_failed", "root_failed", "reminder", "alert", "alert_again", "alert_resolved",
		"widened", "widen_asked", "post_failed",
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i], what) == 0)
			return true;
	return false;
}

/* Messages that a later entry marks as key events. */
static bool is_key(const json_t **entries, size_t n, const char *ts)
{
	if (!*ts)
		return false;
	for (size_t i = 0; i < n; i++)
		if (entries[i] && strcmp(json_in_str(entries[i], "what"), "key") == 0 &&
			strcmp(json_in_str(entries[i], "ts"), ts) == 0)
			return true;
	return false;
}

/* In one line, whatever was typed: a second one could pass for an entry of the record. */
static void copy_str(struct context *cx, struct json_out *j, const json_t *e, const char *key,
	size_t chars)
{
	const char *s = json_in_str(e, key);

	if (*s)
		json_out_str(j, key, args_cut(cx->arena, args_clean(cx->arena, s, true), chars));
}

static void entry_data(struct context *cx, struct json_out *j, const json_t *e, bool key)
{
	static const char *const members[] = {"severity", "from", "to", "role", "way", "error",
		"target", "name"};
	const char *what = json_in_str(e, "what"), *person = json_in_str(e, "person");
	const struct plan_person *p = *person ? plan_person(cx->plan, person) : NULL;
	const json_t *by = json_in_get(e, "by");

	json_out_object(j, NULL);
	json_out_int(j, "at", seconds(json_in_int(e, "t")));
	json_out_str(j, "what", what);
	json_out_bool(j, kind_known(what) ? arena_printf(cx->arena, "is_%s", what) : "is_other", true);
	json_out_bool(j, "key", key);
	if (by) {
		json_out_str(j, "by", json_in_str(by, "name"));
		/* Slack knows the names of those who are not in the plan. */
		if (!*json_in_str(by, "person") && *json_in_str(by, "user"))
			json_out_str(j, "by_user", json_in_str(by, "user"));
	}
	if (strcmp(what, "reminder") == 0)
		json_out_bool(j, arena_printf(cx->arena, "re_%s", json_in_str(e, "text")), true);
	if (*person)
		json_out_str(j, "person", p && p->name ? p->name : person);
	copy_str(cx, j, e, "text", 240);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		copy_str(cx, j, e, members[i], 120);
	json_out_object_end(j);
}

/* "timeline 2": pages count from the newest entries back; within a page the oldest comes first. */
static size_t page_typed(const struct call *call)
{
	const struct arg *arg = &call->args.items[call->next];
	size_t page = 0;

	if (call->next >= call->args.n || arg->kind != ARG_WORD)
		return 1;
	for (const char *s = arg->text; *s >= '0' && *s <= '9' && page < 1000; s++)
		page = page * 10 + (size_t)(*s - '0');
	return page ? page : 1;
}

enum step verb_timeline(struct context *cx)
{
	struct call *call = call_of(cx);
	struct incident *inc = call->inc;
	const struct fact *log = fact_want(cx,
		arena_printf(cx->arena, "log:incident:%s", inc->id));
	const json_t **entries;
	size_t page, first, last;
	struct data d;

	if (log->state == FACT_NOT_LOADED)
		return STEP_NEED;
	page = page_typed(call);
	if ((page - 1) * PAGE_ENTRIES >= log->n)
		page = 1;
	last = log->n - (page - 1) * PAGE_ENTRIES;
	first = last > PAGE_ENTRIES ? last - PAGE_ENTRIES : 0;
	entries = ARENA_ARRAY(cx->arena, const json_t *, log->n + 1);
	for (size_t i = first; i < log->n; i++)
		entries[i] = json_in_load(cx->arena, log->items[i], strlen(log->items[i]));
	data_begin_inc(cx, &d, inc);
	data_root(cx, inc, &d.j);
	json_out_array(&d.j, "entries");
	for (size_t i = first; i < last; i++)
		if (entries[i])
			entry_data(cx, &d.j, entries[i], strcmp(json_in_str(entries[i], "what"), "message") == 0 &&
				is_key(entries, log->n, json_in_str(entries[i], "ts")));
	json_out_array_end(&d.j);
	if (first > 0) {
		json_out_int(&d.j, "earlier", (int64_t)first);
		json_out_int(&d.j, "earlier_page", (int64_t)page + 1);
	}
	if (page > 1)
		json_out_int(&d.j, "later_page", (int64_t)page - 1);
	json_out_bool(&d.j, "capped", log->n >= FACT_ITEMS_MAX);
	return answer(cx, "incident/timeline", &d);
}
