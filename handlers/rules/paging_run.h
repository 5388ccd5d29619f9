/*
 * paging_run.h - what the files of the paging engine share: one run of it, within one request.
 */
#ifndef TOCSIN_RULES_PAGING_RUN_H
#define TOCSIN_RULES_PAGING_RUN_H

#include "tocsin/incident.h"
#include "tocsin/targets.h"

struct buf;
struct delivery;
struct json_out;

#define PAGING_LATE_MS (INT64_C(60) * 1000) /* a page this much behind its time says that it is late */
#define PAGING_SAID_MAX 16
#define PAGING_GIVE_UP_MS (INT64_C(60) * 1000) /* a way that has another behind it */

struct paging_run {
	struct context *cx;
	struct incident *inc;
	struct paging *p;
	const struct plan_severity *sev; /* NULL: none */
	int64_t now_ms;
	unsigned pages;                  /* promised or failed in this run, at most PAGING_RUN_MAX */
	const struct plan_person *called[PAGING_REACH_MAX]; /* in this run: nobody twice */
	bool reached[PAGING_REACH_MAX];  /* them, or somebody behind them */
	unsigned n_called;
	const char *said[PAGING_SAID_MAX]; /* targets whose gap was said in this run: once is enough */
	unsigned n_said;
	bool dirty;                      /* the status message shows something else now */
};

void paging_run_init(struct paging_run *run, struct context *cx, struct incident *inc);
/* Says what changed. Call once, at the end. */
void paging_run_end(struct paging_run *run);
/* Is that page one that may go out at any hour? run_n: of its reach. */
bool paging_urgent(const struct paging_run *run, unsigned run_n);
/* How long one person is waited for before the next in succession. */
int64_t paging_wait_ms(const struct plan_severity *sev);

/* --- reach.c ------------------------------------------------------------------------------- */
enum way_kind { WAY_CHAT, WAY_MAIL, WAY_PAGERDUTY, WAY_WEBHOOK, WAY_PHONE, WAY_SMS, WAY_NONE };

/* What a way means for a person. WAY_NONE: *error says why it cannot be used. */
enum way_kind way_kind(const struct plan *plan, const struct plan_person *person, const char *via,
	const char **error);
/* The connection that telephones and writes: the one called `via`, else the first; NULL: none. */
const struct plan_connection *phone_connection(const struct plan *plan, const char *via);
/* The ways of a person, in order; via: the step's own, n_via 0: none. At most PAGING_WAYS_MAX. */
unsigned ways_of(const struct plan *plan, const struct plan_person *person, bool urgent,
	const char *const *via, unsigned n_via, struct page_way *out);

/*
 * Calls the first of people[] who can be reached; the others are next in succession. Nobody who was
 * called in this run is called again: that counts as reached. Returns false when nobody could be.
 */
bool reach_begin(struct paging_run *run, const struct plan_person *const *people, size_t n,
	const char *reason, unsigned ladder_run, const char *const *via, unsigned n_via, bool late);
/* What is due of one reach. force: the way before it failed, the next is due now. False: every way
 * failed and nobody came after. */
bool reach_step(struct paging_run *run, struct page_reach *r, bool force);
struct page_reach *reach_find(struct paging *p, unsigned n);
bool reach_done(const struct page_reach *r);
/* Forgets them all and clears their timers. */
void reach_clear(struct paging_run *run);

/* --- ladder.c ------------------------------------------------------------------------------ */
/* Runs every step that is due. forward: the next one is due now, nobody was reached. */
void ladder_run(struct paging_run *run, bool forward);
/* After all pages of the newest step failed. */
void ladder_unreached(struct paging_run *run, unsigned ladder_run_n);

/* --- page_send.c --------------------------------------------------------------------------- */
/* Promises one page. False: the way cannot be used; the page is there all the same, failed. */
bool page_send(struct paging_run *run, struct page_reach *r, const struct plan_person *person,
	const char *via, bool last_resort);
/* Tells a person once, without urgency, by the way number `way` or the next that works. */
void page_tell(struct paging_run *run, const struct plan_person *person, unsigned way);
/* The direct messages that still show buttons: they say how it ended. */
void page_close_chats(struct paging_run *run);
void page_close_chat(struct paging_run *run, struct page *page);
/* An event for every PagerDuty connection with an open alert: acknowledge or resolve. */
void page_pagers(struct paging_run *run, const char *what);
/* The same for the alert of one page, which arrived behind its time. */
void page_pager_late(struct paging_run *run, const struct page *page, const char *what);
struct page *page_find(struct paging *p, unsigned n);

/* --- ticket.c ------------------------------------------------------------------------------ */
/* Promises a ticket in that connection, unless there is one. */
void ticket_open(struct paging_run *run, const char *via);
/* What became of it. note: the connection. */
void ticket_delivery(struct paging_run *run, const char *via, const struct delivery *d);

/* --- page_words.c -------------------------------------------------------------------------- */
/* Data of one page: the incident's and who, why, by which way. */
const char *page_data(struct paging_run *run, const struct page_reach *r, const struct page *page,
	const struct plan_person *person, unsigned alert);
void page_post(struct paging_run *run, const char *template_name, const char *data, bool aloud);
void say_gap(struct paging_run *run, const struct target_gap *gap, const struct targets *found);
void say_nobody(struct paging_run *run, const char *target);
void say_unreachable(struct paging_run *run, const char *person);
void say_not_told(struct paging_run *run, const struct plan_person *person);
void say_waits(struct paging_run *run, int64_t until_ms);
void say_retry(struct paging_run *run, int64_t at_ms);
void say_pager_failed(struct paging_run *run, const char *via, const char *what, const char *error);
void say_exhausted(struct paging_run *run);
void say_acked(struct paging_run *run, const struct actor *who, const char *before);
void say_expired(struct paging_run *run, const struct incident_who *holder);
void say_status(struct paging_run *run);
void log_page(struct paging_run *run, const char *what, const struct page *page);
void log_paging(struct paging_run *run, const char *what, const char *text);
/* Somebody wants somebody. Said before the pages that come of it. */
void log_asked(struct paging_run *run, const char *target, const char *reason);
#endif
