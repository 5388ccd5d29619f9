/*
 * pager.h - a small world for the paging engine: it keeps one incident's document, its timers and
 * what was promised, and lets time pass. The document is encoded and decoded between any two steps,
 * as the shell does.
 */
#ifndef TOCSIN_TESTS_PAGER_H
#define TOCSIN_TESTS_PAGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tocsin/effects.h"
#include "tocsin/incident.h"
#include "tocsin/plan.h"

#define PAGER_SENDS_MAX 8192
#define PAGER_TIMERS_MAX 256

enum pager_fate { FATE_PENDING, FATE_ACCEPTED, FATE_FAILED, FATE_STALE, FATE_QUIET };

struct pager_send {
	struct send send; /* strings live as long as the world */
	int64_t at_ms;
	int64_t epoch;    /* of the document after the commit that promised it */
	enum pager_fate fate;
};

struct pager_timer {
	char id[96];
	int64_t due_ms;
};

struct pager {
	const struct plan *plan;
	int64_t now_ms;
	char *doc;
	struct arena *keep;
	struct pager_send sends[PAGER_SENDS_MAX];
	size_t n_sends;
	size_t first_pending; /* all before it have been delivered */
	struct pager_timer timers[PAGER_TIMERS_MAX];
	size_t n_timers;
	size_t n_logs;
	size_t max_effects;  /* most effects of one step */
	const char *broken[8]; /* ways that fail: op, or person's key */
	size_t n_broken;
	const char *teller;  /* the next steps come from this pager; NULL: from nowhere */
	bool hold;           /* deliveries wait */
	struct incident *inc; /* as of the last step; in step */
	struct arena *step;
	struct effects out;
	enum paging_found found;
	void (*after)(struct pager *w); /* called behind each step */
};

void pager_init(struct pager *w, const struct plan *plan, const char *severity, int64_t now_ms);
void pager_release(struct pager *w);

/* Steps at now_ms. */
void pager_start(struct pager *w);
void pager_ack(struct pager *w, const char *person); /* unknown to the plan: a stranger */
void pager_stop(struct pager *w, const char *why);
void pager_page(struct pager *w, const char *target, const char *reason);
void pager_activity(struct pager *w);
void pager_severity(struct pager *w, const char *severity);
void pager_fire(struct pager *w, const char *name); /* a timer that may be none of ours, or late */
/* Any change, then reminders_plan(). */
void pager_change(struct pager *w, void (*change)(struct incident *inc, int64_t now_ms));

/* Reports what became of everything that is pending. */
void pager_deliver(struct pager *w);
/* What was accepted before failed after all: the call was not answered. */
void pager_late_failure(struct pager *w, const struct pager_send *s, const char *error);
/* Lets time pass, timer by timer, delivering in between. */
void pager_until(struct pager *w, int64_t t_ms);
/* Jumps: timers that were due meanwhile fire at t_ms, oldest first. */
void pager_downtime(struct pager *w, int64_t t_ms);

int64_t pager_timer_due(const struct pager *w, const char *name); /* 0: none */
/* "ada:chat ben:mail" of the pages promised since send number `from`, in order. */
const char *pager_pages(struct pager *w, size_t from);
/* The newest send with this template, or NULL. */
const struct pager_send *pager_last(const struct pager *w, const char *template_name);
size_t pager_count(const struct pager *w, const char *template_name);
/* One line per page as the thread shows it: "ada chat failed". */
const char *pager_status(struct pager *w);
#endif
