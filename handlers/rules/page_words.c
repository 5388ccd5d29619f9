/* page_words.c - what paging says: data for templates, posts in the thread, entries of the log. */
#include "paging_run.h"

#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/json_out.h"
#include "tocsin/plan.h"
#include "tocsin/request.h"

#define STATUS_LINES 20
#define TRIED_MAX 20

static const char *const page_words[] = {"sent", "accepted", "failed", "acked", "stopped"};

static void person_data(struct json_out *j, const char *key, const struct plan_person *person)
{
	struct incident_who who = {person->key, person->slack ? person->slack : "", person->name};

	incident_who_data(j, key, &who);
}

/* A person of the plan, or what is left of one who is no longer in it. */
static void person_data_by_key(struct paging_run *run, struct json_out *j, const char *key,
	const char *person_key)
{
	const struct plan_person *person = plan_person(run->cx->plan, person_key);
	struct incident_who who = {"", "", person_key};

	if (person)
		person_data(j, key, person);
	else
		incident_who_data(j, key, &who);
}

/* Slack's ways of saying that it does not know the person, or not any more. */
static bool is_no_user(const char *error)
{
	static const char *const errors[] = {"channel_not_found", "user_not_found", "user_disabled",
		"account_inactive", "users_not_found"};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(error, errors[i]) == 0)
			return true;
	return false;
}

/* Why a way failed: a flag that the template puts into words, and the receiver's own code. */
static void error_data(struct json_out *j, const char *error)
{
	json_out_str(j, "error", error);
	json_out_bool(j, "not_spoken", strcmp(error, "not_in_this_version") == 0);
	json_out_bool(j, "no_address", strcmp(error, "no_address") == 0);
	json_out_bool(j, "no_mail", strcmp(error, "no_mail_connection") == 0);
	json_out_bool(j, "no_phone", strcmp(error, "no_phone_connection") == 0);
	json_out_bool(j, "no_key", strcmp(error, "no_key") == 0);
	json_out_bool(j, "unknown_way", strcmp(error, "unknown_way") == 0);
	json_out_bool(j, "no_user", is_no_user(error));
}

static void holder_data(struct paging_run *run, struct json_out *j)
{
	json_out_bool(j, "has_holder", incident_is_acked(run->inc));
	if (incident_is_acked(run->inc))
		incident_who_data(j, "holder", &run->inc->ack_by);
	json_out_bool(j, "over", run->p->state == PAGING_STOPPED);
}

const char *page_data(struct paging_run *run, const struct page_reach *r, const struct page *page,
	const struct plan_person *person, unsigned alert)
{
	const char *id = run->inc->id;
	struct json_out j;
	struct buf b;

	incident_data_begin(run->cx, run->inc, &j, &b);
	if (person)
		person_data(&j, "to", person);
	holder_data(run, &j);
	json_out_bool(&j, "room_coming", run->inc->home.wants_room);
	incident_answers_data(run->cx, run->inc, &j);
	/* What a pager shows, and by what it knows the incident. */
	json_out_str(&j, "dedup_key", alert ? arena_printf(run->cx->arena, "%s/%u", id, alert + 1) : id);
	json_out_str(&j, "pager_severity", run->sev && !run->sev->urgent ? "warning" : "critical");
	if (page) {
		json_out_int(&j, "page", page->n);
		json_out_str(&j, "way", page->via);
		json_out_bool(&j, "late", page->late);
		json_out_bool(&j, "mine", page->state == PAGE_ACKED);
	}
	if (r) {
		/* "paged for ada" says nothing to Ada. */
		json_out_str(&j, "why", person && strcmp(r->reason, person->key) == 0 ? "" : r->reason);
		json_out_bool(&j, "by_hand", r->run == 0);
		if (r->run == 0 && run->cx->req->who.name && *run->cx->req->who.name)
			json_out_str(&j, "asker", incident_who_of_actor(run->cx, &run->cx->req->who).name);
	}
	return incident_data_end(&j, &b);
}

void page_post(struct paging_run *run, const char *template_name, const char *data, bool aloud)
{
	incident_post(run->cx, run->inc, "paging", template_name, data, aloud);
}

/* Steps that are made up for would say the same several times over. */
static bool said_before(struct paging_run *run, const char *target)
{
	for (unsigned i = 0; i < run->n_said; i++)
		if (strcmp(run->said[i], target) == 0)
			return true;
	if (run->n_said == PAGING_SAID_MAX)
		return true;
	run->said[run->n_said++] = target;
	return false;
}

void say_gap(struct paging_run *run, const struct target_gap *gap, const struct targets *found)
{
	struct json_out j;
	struct buf b;

	if (said_before(run, gap->target))
		return;
	incident_data_begin(run->cx, run->inc, &j, &b);
	json_out_str(&j, "target", gap->target);
	json_out_str(&j, "fallback", gap->fallback);
	json_out_array(&j, "people");
	for (size_t i = 0; i < found->n && i < TRIED_MAX; i++) {
		json_out_object(&j, NULL);
		json_out_bool(&j, "comma", i > 0);
		person_data(&j, "who", found->people[i]);
		json_out_object_end(&j);
	}
	json_out_array_end(&j);
	json_out_bool(&j, "nobody", found->n == 0);
	page_post(run, "page/gap", incident_data_end(&j, &b), true);
	log_paging(run, "oncall_gap", gap->target);
}

void say_nobody(struct paging_run *run, const char *target)
{
	struct json_out j;
	struct buf b;

	if (said_before(run, target))
		return;
	incident_data_begin(run->cx, run->inc, &j, &b);
	json_out_str(&j, "target", target);
	page_post(run, "page/nobody", incident_data_end(&j, &b), true);
	log_paging(run, "paging_nobody", target);
}

void say_unreachable(struct paging_run *run, const char *person)
{
	const struct plan_person *known = plan_person(run->cx->plan, person);
	struct json_out j;
	struct buf b;

	incident_data_begin(run->cx, run->inc, &j, &b);
	person_data_by_key(run, &j, "unreachable", person);
	page_post(run, "page/unreachable", incident_data_end(&j, &b), true);
	log_paging(run, "unreachable", known ? known->name : person);
}

void say_not_told(struct paging_run *run, const struct plan_person *person)
{
	struct json_out j;
	struct buf b;

	incident_data_begin(run->cx, run->inc, &j, &b);
	person_data(&j, "who", person);
	page_post(run, "page/not_told", incident_data_end(&j, &b), false);
	log_paging(run, "unreachable", person->name);
}

/* Each person who was paged in this round, once. */
static void tried_data(struct paging_run *run, struct json_out *j)
{
	const struct paging *p = run->p;
	unsigned listed = 0;
	bool any = false;

	json_out_array(j, "tried");
	for (unsigned i = 0; i < p->n_pages; i++) {
		bool before = p->pages[i].epoch != p->epoch;

		for (unsigned k = 0; k < i && !before; k++)
			before = p->pages[k].epoch == p->epoch &&
				strcmp(p->pages[k].person, p->pages[i].person) == 0;
		if (before || listed++ >= TRIED_MAX)
			continue;
		any = true;
		person_data_by_key(run, j, NULL, p->pages[i].person);
	}
	json_out_array_end(j);
	json_out_bool(j, "anybody", any);
}

void say_waits(struct paging_run *run, int64_t until_ms)
{
	struct json_out j;
	struct buf b;

	incident_data_begin(run->cx, run->inc, &j, &b);
	json_out_int(&j, "until", until_ms / 1000);
	page_post(run, "page/waits", incident_data_end(&j, &b), false);
	log_paging(run, "paging_waits", "");
}

void say_retry(struct paging_run *run, int64_t at_ms)
{
	struct json_out j;
	struct buf b;

	incident_data_begin(run->cx, run->inc, &j, &b);
	json_out_int(&j, "at", at_ms / 1000);
	page_post(run, "page/retry", incident_data_end(&j, &b), true);
	log_paging(run, "paging_nobody", run->p->ladder);
}

void say_pager_failed(struct paging_run *run, const char *via, const char *what, const char *error)
{
	struct json_out j;
	struct buf b;

	incident_data_begin(run->cx, run->inc, &j, &b);
	json_out_str(&j, "via", via);
	json_out_bool(&j, "resolve", strcmp(what, "resolve") == 0);
	json_out_str(&j, "error", error);
	page_post(run, "page/pager_failed", incident_data_end(&j, &b), false);
}

void say_exhausted(struct paging_run *run)
{
	struct json_out j;
	struct buf b;

	incident_data_begin(run->cx, run->inc, &j, &b);
	json_out_str(&j, "ladder", run->p->ladder);
	tried_data(run, &j);
	page_post(run, "page/exhausted", incident_data_end(&j, &b), true);
}

void say_acked(struct paging_run *run, const struct actor *who, const char *before)
{
	const struct paging *p = run->p;
	bool paged = false;
	struct json_out j;
	struct buf b;

	for (unsigned i = 0; who->person && i < p->n_pages; i++)
		paged = paged || strcmp(p->pages[i].person, who->person->key) == 0;
	incident_data_begin(run->cx, run->inc, &j, &b);
	holder_data(run, &j);
	json_out_str(&j, "before", before);
	/* Worth saying only where others were paged. */
	json_out_bool(&j, "not_paged", !paged && p->n_pages > 0);
	json_out_int(&j, "expires", run->inc->ack_expires_ms / 1000);
	page_post(run, "page/acked", incident_data_end(&j, &b), false);
}

void say_expired(struct paging_run *run, const struct incident_who *holder)
{
	struct json_out j;
	struct buf b;

	incident_data_begin(run->cx, run->inc, &j, &b);
	incident_who_data(&j, "holder", holder);
	json_out_bool(&j, "pages_again", run->sev && run->sev->ladder);
	page_post(run, "page/expired", incident_data_end(&j, &b), true);
}

/* --- the status message: one line for each page, changed in place -------------------------- */

static void page_line(struct paging_run *run, struct json_out *j, const struct page *page)
{
	const char *next = "";

	json_out_object(j, NULL);
	json_out_int(j, "n", page->n);
	person_data_by_key(run, j, "to", page->person);
	json_out_str(j, "way", page->via);
	json_out_int(j, "at", page->at_ms / 1000);
	json_out_bool(j, "late", page->late);
	/* All of them, the false ones too: a template looks further out for what is missing here. */
	for (unsigned i = 0; i < sizeof(page_words) / sizeof(page_words[0]); i++)
		json_out_bool(j, page_words[i], i == (unsigned)page->state);
	if (page->state == PAGE_FAILED) {
		const struct page_reach *r = reach_find(run->p, page->reach);

		error_data(j, page->error);
		/* The way that followed, while it is still known. */
		for (unsigned i = 0; r && i + 1 < r->way; i++)
			if (strcmp(r->ways[i].via, page->via) == 0)
				next = r->ways[i + 1].via;
	}
	json_out_str(j, "next", next);
	json_out_object_end(j);
}

static const char *status_data(struct paging_run *run, bool moved)
{
	static const char *const states[] = {"idle", "running", "exhausted", "acked_state",
		"stopped_state"};
	const struct paging *p = run->p;
	unsigned from = p->n_pages > STATUS_LINES ? p->n_pages - STATUS_LINES : 0;
	struct json_out j;
	struct buf b;

	incident_data_begin(run->cx, run->inc, &j, &b);
	holder_data(run, &j);
	json_out_bool(&j, "moved", moved);
	json_out_bool(&j, states[p->state], true);
	json_out_int(&j, "next_step", p->at_end ? 0 : p->next_ms / 1000);
	json_out_int(&j, "earlier", from + p->pages_dropped);
	json_out_array(&j, "pages");
	for (unsigned i = from; i < p->n_pages; i++)
		page_line(run, &j, &p->pages[i]);
	json_out_array_end(&j);
	return incident_data_end(&j, &b);
}

/* The first post makes it, later ones change it. */
static void status_send(struct paging_run *run, const char *data, bool in_room)
{
	bool *posted = in_room ? &run->p->room_status : &run->p->status_posted;
	struct arena *a = run->cx->arena;
	const struct incident *inc = run->inc;
	struct send s = {.lane = LANE_CHAT, .template_name = "page/status", .data = data};

	s.op = *posted ? "chat.update" : "chat.post";
	s.key = arena_printf(a, "%s/pages/%u", inc->id, ++run->p->last_post);
	s.entity = incident_entity(run->cx, inc);
	s.ref = arena_printf(a, in_room ? "%s/pages-room" : "%s/pages", inc->id);
	s.to.platform = inc->home.platform;
	s.to.channel = in_room ? inc->home.room : inc->home.channel;
	if (!*posted && !in_room)
		s.thread_ref = arena_printf(a, "%s/root", inc->id);
	effects_send(run->cx->out, &s);
	*posted = true;
}

/* Where the talk is: in the incident's own channel, or under the root message, whose list then
 * only points there. */
void say_status(struct paging_run *run)
{
	bool in_room = *run->inc->home.room != '\0';

	if (run->p->n_pages == 0)
		return;
	if (in_room && !run->p->room_status && run->p->status_posted)
		status_send(run, status_data(run, true), false);
	status_send(run, status_data(run, false), in_room);
}

/* --- the log ------------------------------------------------------------------------------- */

void log_page(struct paging_run *run, const char *what, const struct page *page)
{
	struct json_out j;
	struct buf b;

	incident_log_begin(run->cx, &j, &b, what, NULL);
	json_out_int(&j, "page", page->n);
	json_out_str(&j, "person", page->person);
	json_out_str(&j, "way", page->via);
	if (*page->error)
		json_out_str(&j, "error", page->error);
	if (page->late)
		json_out_bool(&j, "late", true);
	incident_log_end(run->cx, run->inc, &j);
}

void log_asked(struct paging_run *run, const char *target, const char *reason)
{
	struct context *cx = run->cx;
	struct incident_who by = incident_who_of_actor(cx, &cx->req->who);
	struct json_out j;
	struct buf b;

	incident_log_begin(cx, &j, &b, "page_asked", &by);
	json_out_str(&j, "target", target_shown(cx->arena, cx->plan, target));
	if (*reason)
		json_out_str(&j, "text", reason);
	incident_log_end(cx, run->inc, &j);
}

void log_paging(struct paging_run *run, const char *what, const char *text)
{
	incident_log(run->cx, run->inc, what, NULL, text);
}
