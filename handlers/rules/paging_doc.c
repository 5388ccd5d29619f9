/* paging_doc.c - the paging state inside an incident's document (paging.h). */
#include "tocsin/paging.h"

#include <jansson.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/json_in.h"
#include "tocsin/json_out.h"

static const char *const state_names[] = {"idle", "running", "exhausted", "acked", "stopped"};
static const char *const page_names[] = {"sent", "accepted", "failed", "acked", "stopped"};

void paging_init(struct paging *p)
{
	memset(p, 0, sizeof(*p));
	p->ladder = p->holder = "";
}

const char *paging_guard(struct arena *a, const struct paging *p)
{
	return arena_printf(a, "e%lld", (long long)p->epoch);
}

/* --- out --------------------------------------------------------------------------------- */

static void put_list(struct json_out *j, const char *key, const char *const *items, unsigned n)
{
	if (n == 0)
		return;
	json_out_array(j, key);
	for (unsigned i = 0; i < n; i++)
		json_out_str(j, NULL, items[i]);
	json_out_array_end(j);
}

static void put_reach(struct json_out *j, const struct page_reach *r)
{
	json_out_object(j, NULL);
	json_out_int(j, "n", r->n);
	json_out_str(j, "person", r->person);
	json_out_some_str(j, "reason", r->reason);
	json_out_some_int(j, "run", r->run);
	json_out_some_int(j, "started", r->started_ms);
	json_out_some_int(j, "last", r->last_ms);
	json_out_array(j, "ways");
	for (unsigned i = 0; i < r->n_ways; i++) {
		json_out_object(j, NULL);
		json_out_str(j, "via", r->ways[i].via);
		json_out_some_int(j, "after", r->ways[i].after_ms);
		json_out_object_end(j);
	}
	json_out_array_end(j);
	json_out_some_int(j, "way", r->way);
	json_out_some_int(j, "failed", r->failed);
	put_list(j, "rest", r->rest, r->n_rest);
	put_list(j, "via", r->via, r->n_via);
	json_out_some_bool(j, "handed_on", r->handed_on);
	json_out_some_bool(j, "late", r->late);
	json_out_some_int(j, "due", r->due_ms);
	json_out_object_end(j);
}

static void put_page(struct json_out *j, const struct page *p)
{
	json_out_object(j, NULL);
	json_out_int(j, "n", p->n);
	json_out_some_int(j, "reach", p->reach);
	json_out_some_int(j, "epoch", p->epoch);
	json_out_str(j, "person", p->person);
	json_out_str(j, "via", p->via);
	json_out_some_str(j, "error", p->error);
	json_out_str(j, "state", page_names[p->state]);
	json_out_some_int(j, "at", p->at_ms);
	json_out_some_bool(j, "late", p->late);
	json_out_some_int(j, "alert", p->alert);
	json_out_some_bool(j, "refused", p->refused);
	json_out_some_bool(j, "live", p->live);
	json_out_object_end(j);
}

static void put_tickets(struct json_out *j, const struct paging *p)
{
	if (p->n_tickets == 0)
		return;
	json_out_array(j, "tickets");
	for (unsigned i = 0; i < p->n_tickets; i++) {
		json_out_object(j, NULL);
		json_out_str(j, "via", p->tickets[i].via);
		json_out_some_str(j, "number", p->tickets[i].number);
		json_out_some_str(j, "link", p->tickets[i].link);
		json_out_some_bool(j, "failed", p->tickets[i].failed);
		json_out_object_end(j);
	}
	json_out_array_end(j);
}

void paging_encode(struct json_out *j, const struct paging *p)
{
	json_out_str(j, "state", state_names[p->state]);
	json_out_some_int(j, "epoch", p->epoch);
	json_out_some_str(j, "ladder", p->ladder);
	json_out_some_int(j, "started", p->started_ms);
	json_out_some_int(j, "base", p->base_ms);
	json_out_some_int(j, "step", p->step);
	json_out_some_int(j, "cycle", p->cycle);
	json_out_some_int(j, "steps_run", p->steps_run);
	json_out_some_int(j, "last_run", p->last_run);
	json_out_some_str(j, "holder", p->holder);
	json_out_some_int(j, "next", p->next_ms);
	json_out_some_bool(j, "at_end", p->at_end);
	json_out_some_int(j, "last_reach", p->last_reach);
	json_out_some_int(j, "last_page", p->last_page);
	json_out_some_int(j, "last_post", p->last_post);
	json_out_some_bool(j, "status_posted", p->status_posted);
	json_out_some_bool(j, "room_status", p->room_status);
	json_out_some_int(j, "pages_dropped", p->pages_dropped);
	if (p->n_reaches > 0) {
		json_out_array(j, "reaches");
		for (unsigned i = 0; i < p->n_reaches; i++)
			put_reach(j, &p->reaches[i]);
		json_out_array_end(j);
	}
	if (p->n_pages > 0) {
		json_out_array(j, "pages");
		for (unsigned i = 0; i < p->n_pages; i++)
			put_page(j, &p->pages[i]);
		json_out_array_end(j);
	}
	put_list(j, "pagers", p->pagers, p->n_pagers);
	put_tickets(j, p);
	json_out_some_int(j, "alert", p->alert);
	json_out_some_int(j, "retries", p->retries);
	put_list(j, "told", p->told, p->n_told);
}

/* --- in ---------------------------------------------------------------------------------- */

static unsigned get_unsigned(const json_t *o, const char *key)
{
	int64_t v = json_in_int(o, key);

	return v > 0 && v <= INT32_MAX ? (unsigned)v : 0;
}

static unsigned get_list(const json_t *o, const char *key, const char **items, unsigned max)
{
	const json_t *list = json_in_get(o, key), *item;
	unsigned n = 0;
	size_t i;

	json_array_foreach(list, i, item)
		if (json_is_string(item) && n < max)
			items[n++] = json_string_value(item);
	return n;
}

/* The first name stands for every word that we do not know. */
static unsigned get_enum(const json_t *o, const char *key, const char *const *names, unsigned n)
{
	const char *word = json_in_str(o, key);

	for (unsigned i = 0; i < n; i++)
		if (strcmp(names[i], word) == 0)
			return i;
	return 0;
}

static void get_reach(const json_t *o, struct page_reach *r)
{
	const json_t *ways = json_in_get(o, "ways"), *way;
	size_t i;

	r->n = get_unsigned(o, "n");
	r->person = json_in_str(o, "person");
	r->reason = json_in_str(o, "reason");
	r->run = get_unsigned(o, "run");
	r->started_ms = json_in_int(o, "started");
	r->last_ms = json_in_int(o, "last");
	json_array_foreach(ways, i, way) {
		if (r->n_ways == PAGING_WAYS_MAX)
			break;
		r->ways[r->n_ways].via = json_in_str(way, "via");
		r->ways[r->n_ways++].after_ms = json_in_int(way, "after");
	}
	r->way = get_unsigned(o, "way");
	if (r->way > r->n_ways)
		r->way = r->n_ways;
	r->failed = get_unsigned(o, "failed");
	r->n_rest = get_list(o, "rest", r->rest, PAGING_PEOPLE_MAX);
	r->n_via = get_list(o, "via", r->via, PAGING_WAYS_MAX);
	r->handed_on = json_in_bool(o, "handed_on");
	r->late = json_in_bool(o, "late");
	r->due_ms = json_in_int(o, "due");
}

static void get_page(const json_t *o, struct page *p)
{
	p->n = get_unsigned(o, "n");
	p->reach = get_unsigned(o, "reach");
	p->epoch = json_in_int(o, "epoch");
	p->person = json_in_str(o, "person");
	p->via = json_in_str(o, "via");
	p->error = json_in_str(o, "error");
	p->state = (enum page_state)get_enum(o, "state", page_names, 5);
	p->at_ms = json_in_int(o, "at");
	p->late = json_in_bool(o, "late");
	p->alert = get_unsigned(o, "alert");
	p->refused = json_in_bool(o, "refused");
	p->live = json_in_bool(o, "live");
}

static void get_lists(struct arena *a, const json_t *o, struct paging *p)
{
	const json_t *list, *item;
	size_t i;

	list = json_in_get(o, "reaches");
	if (json_array_size(list) > 0)
		p->reaches = ARENA_ARRAY(a, struct page_reach, PAGING_REACH_MAX);
	json_array_foreach(list, i, item)
		if (p->n_reaches < PAGING_REACH_MAX)
			get_reach(item, &p->reaches[p->n_reaches++]);
	list = json_in_get(o, "pages");
	if (json_array_size(list) > 0)
		p->pages = ARENA_ARRAY(a, struct page, PAGING_PAGES_MAX);
	json_array_foreach(list, i, item)
		if (p->n_pages < PAGING_PAGES_MAX)
			get_page(item, &p->pages[p->n_pages++]);
}

static void get_tickets(const json_t *o, struct paging *p)
{
	const json_t *list = json_in_get(o, "tickets"), *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (p->n_tickets < PAGING_TICKETS_MAX)
			p->tickets[p->n_tickets++] = (struct page_ticket){json_in_str(item, "via"),
				json_in_str(item, "number"), json_in_str(item, "link"), json_in_bool(item, "failed")};
}

void paging_decode(struct arena *a, const struct json_t *o, struct paging *p)
{
	paging_init(p);
	p->state = (enum paging_state)get_enum(o, "state", state_names, 5);
	p->epoch = json_in_int(o, "epoch");
	p->ladder = json_in_str(o, "ladder");
	p->started_ms = json_in_int(o, "started");
	p->base_ms = json_in_int(o, "base");
	p->step = get_unsigned(o, "step");
	p->cycle = get_unsigned(o, "cycle");
	p->steps_run = get_unsigned(o, "steps_run");
	p->last_run = get_unsigned(o, "last_run");
	p->holder = json_in_str(o, "holder");
	p->next_ms = json_in_int(o, "next");
	p->at_end = json_in_bool(o, "at_end");
	p->last_reach = get_unsigned(o, "last_reach");
	p->last_page = get_unsigned(o, "last_page");
	p->last_post = get_unsigned(o, "last_post");
	p->status_posted = json_in_bool(o, "status_posted");
	p->room_status = json_in_bool(o, "room_status");
	p->pages_dropped = get_unsigned(o, "pages_dropped");
	get_lists(a, o, p);
	p->n_pagers = get_list(o, "pagers", p->pagers, PAGING_PAGERS_MAX);
	get_tickets(o, p);
	p->alert = get_unsigned(o, "alert");
	p->retries = get_unsigned(o, "retries");
	p->n_told = get_list(o, "told", p->told, PAGING_PEOPLE_MAX);
}
