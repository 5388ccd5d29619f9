/* ladder.c - the plan's steps by time: which are due, what comes next, and the end. */
#include "paging_run.h"

#include <string.h>

#include "tocsin/plan.h"
#include "tocsin/rota.h"

#define LADDER_TIMES_MAX 100      /* a repeat goes back at most so often */
#define LADDER_PERIOD_MS 60000    /* and not faster than this */

static bool step_counts(const struct plan_step *s, const struct paging_run *run)
{
	for (size_t i = 0; i < s->n_only; i++)
		if (strcmp(s->only[i], run->inc->severity) == 0)
			return true;
	return s->n_only == 0;
}

static void ladder_timer(struct paging_run *run, int64_t due_ms)
{
	if (run->p->next_ms == due_ms)
		return;
	run->p->next_ms = due_ms;
	incident_timer(run->cx, run->inc, "ladder", due_ms);
}

/* Calls the people of one step. False: nobody could be reached. */
static bool step_run(struct paging_run *run, const struct plan_step *s, bool late)
{
	const struct plan *plan = run->cx->plan;
	const char *const *via = s->via;
	unsigned n_via = s->n_via > PAGING_WAYS_MAX ? PAGING_WAYS_MAX : (unsigned)s->n_via;
	struct targets t = {.cx = run->cx};
	bool reached = false;

	for (size_t i = 0; i < s->n_page; i++) {
		size_t gaps = t.n_gaps;

		/* A name that is gone from the plan, or an empty group. */
		if (!targets_add(&t, plan, run->inc, s->page[i], run->now_ms) ||
			(t.n == 0 && t.n_gaps == gaps))
			say_nobody(run, s->page[i]);
		for (size_t k = gaps; k < t.n_gaps; k++)
			say_gap(run, &t.gaps[k], &t);
	}
	run->p->last_run = run->p->steps_run;
	if (!s->together)
		return reach_begin(run, t.people, t.n, t.n ? t.why[0] : "", run->p->last_run, via, n_via,
			late);
	for (size_t i = 0; i < t.n; i++)
		if (reach_begin(run, &t.people[i], 1, t.why[i], run->p->last_run, via, n_via, late))
			reached = true;
	return reached;
}

/* At a repeat: back, or on when it has been back often enough. */
static void step_repeat(struct paging *p, const struct plan_ladder *ladder,
	const struct plan_step *s, int64_t due_ms)
{
	unsigned times = s->times > LADDER_TIMES_MAX ? LADDER_TIMES_MAX : s->times;
	unsigned from = s->repeat_from - 1;
	int64_t back;

	if (p->cycle >= times || from >= p->step) {
		p->cycle = 0;
		p->step++;
		return;
	}
	p->cycle++;
	back = ladder->steps[from].after_ms;
	p->base_ms = due_ms - back;
	if (s->after_ms - back < LADDER_PERIOD_MS)
		p->base_ms += LADDER_PERIOD_MS - (s->after_ms - back);
	p->step = from;
}

/* All that was promised in this round failed at its receiver: an outage, most likely. */
static bool all_refused(const struct paging *p)
{
	bool any = false;

	for (unsigned i = 0; i < p->n_pages; i++) {
		if (p->pages[i].epoch != p->epoch)
			continue;
		if (p->pages[i].state != PAGE_FAILED)
			return false;
		any = any || p->pages[i].refused;
	}
	return any;
}

static void ladder_again(struct paging_run *run)
{
	struct paging *p = run->p;

	p->base_ms = run->now_ms + PAGING_RETRY_MS;
	p->step = p->cycle = 0;
	p->at_end = false;
	ladder_timer(run, p->base_ms);
	run->dirty = true;
	if (p->retries++ == 0)
		say_retry(run, p->base_ms);
}

/* Waits for those who were called last, then gives up aloud. */
static void ladder_end(struct paging_run *run)
{
	struct paging *p = run->p;
	int64_t wait = paging_wait_ms(run->sev), last = 0;

	for (unsigned i = 0; i < p->n_reaches; i++)
		if (p->reaches[i].due_ms > 0 && p->reaches[i].due_ms + wait > last)
			last = p->reaches[i].due_ms + wait;
	for (unsigned i = 0; i < p->n_pages; i++)
		if (p->pages[i].epoch == p->epoch && p->pages[i].state != PAGE_FAILED &&
			p->pages[i].at_ms + wait > last)
			last = p->pages[i].at_ms + wait;
	if (last > run->now_ms) {
		ladder_timer(run, last);
		return;
	}
	if (run->now_ms < p->started_ms + PAGING_RETRY_FOR_MS && all_refused(p)) {
		ladder_again(run);
		return;
	}
	p->state = PAGING_EXHAUSTED;
	ladder_timer(run, 0);
	run->dirty = true;
	say_exhausted(run);
	log_paging(run, "paging_exhausted", "");
}

/* Outside the plan's hours only urgent pages go out: the rest of the ladder is put off until they
 * open, with its own distances. */
static bool ladder_waits(struct paging_run *run, int64_t due_ms)
{
	int64_t opens = run->now_ms;

	if (!paging_urgent(run, 1))
		opens = plan_opens(run->cx->plan, run->now_ms);
	if (opens <= run->now_ms)
		return false;
	run->p->base_ms += opens - due_ms;
	ladder_timer(run, opens);
	say_waits(run, opens);
	return true;
}

void ladder_run(struct paging_run *run, bool forward)
{
	struct paging *p = run->p;
	const struct plan_ladder *ladder = plan_ladder(run->cx->plan, p->ladder);

	if (p->state != PAGING_RUNNING)
		return;
	while (!p->at_end) {
		const struct plan_step *s;
		int64_t due;

		if (!ladder || p->step >= ladder->n || p->steps_run >= PAGING_STEPS_MAX) {
			p->at_end = true;
			break;
		}
		s = &ladder->steps[p->step];
		due = p->base_ms + s->after_ms;
		if (s->repeat_from == 0 && !step_counts(s, run)) {
			p->step++;
			continue;
		}
		if (run->now_ms < due && !(forward && s->repeat_from == 0)) {
			ladder_timer(run, due);
			return;
		}
		if (s->repeat_from == 0 && ladder_waits(run, due))
			return;
		if (run->pages >= PAGING_RUN_MAX / 2) {
			ladder_timer(run, run->now_ms + 1000);
			return;
		}
		p->steps_run++;
		if (s->repeat_from > 0) {
			step_repeat(p, ladder, s, due);
			continue;
		}
		p->step++;
		if (s->ticket)
			ticket_open(run, s->ticket);
		/* A ticket alone reaches nobody, and changes nothing about who is called next. */
		if (s->n_page == 0)
			continue;
		forward = !step_run(run, s, run->now_ms - due > PAGING_LATE_MS);
	}
	ladder_end(run);
}

void ladder_unreached(struct paging_run *run, unsigned ladder_run_n)
{
	struct paging *p = run->p;

	if (ladder_run_n == 0 || ladder_run_n != p->last_run || p->state != PAGING_RUNNING)
		return;
	for (unsigned i = 0; i < p->n_reaches; i++)
		if (p->reaches[i].run == ladder_run_n && p->reaches[i].failed < p->reaches[i].n_ways)
			return; /* somebody else of this step has a page that may have arrived */
	ladder_run(run, true);
}
