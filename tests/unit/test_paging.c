/* test_paging.c - acknowledging stops everything; expiry, hands, tell, by hand, pagers; and random
 * courses of events, in which nothing promised here may ever break. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "../support/pager.h"
#include "../support/pager_plan.h"

static struct pager w;

static int teardown(void **state)
{
	(void)state;
	pager_release(&w);
	return 0;
}

static void begin(const char *severity)
{
	pager_init(&w, &test_plan, severity, T0);
	pager_start(&w);
}

static bool says(const char *template_name, const char *text)
{
	const struct pager_send *s = pager_last(&w, template_name);

	return s && strstr(s->send.data, text);
}

/* --- one page ------------------------------------------------------------------------------ */

static void test_page(void **state)
{
	const struct send *s;

	(void)state;
	begin("succession");
	s = &pager_last(&w, "page/chat")->send;
	assert_int_equal(s->lane, LANE_PAGE);
	assert_string_equal(s->key, "INC-42/page/2");
	assert_string_equal(s->entity, "incident:INC-42");
	assert_string_equal(s->guard, "e1");
	assert_string_equal(s->note, "page:2");
	assert_string_equal(s->user, "U0BEN");
	assert_string_equal(s->ref, "INC-42/page/2");
	assert_true(s->report);
	/* Chloé Roy is next: a silent Slack is given up after a minute. */
	assert_int_equal(s->not_after_ms, T0 + MINUTE);
	assert_true(says("page/chat", "\"why\":\"ghost-then-ben\""));
}

static void test_mail_carries_the_link(void **state)
{
	const struct send *s;

	(void)state;
	begin("P0");
	s = &pager_last(&w, "page/mail")->send;
	assert_string_equal(s->op, "mail");
	assert_string_equal(s->person, "ada");
	assert_string_equal(s->ack, "incident ack INC-42");
	assert_int_equal(s->lane, LANE_PAGE);
}

/* One line in the thread that changes: posted once, then updated. */
static void test_status_line(void **state)
{
	size_t posts = 0, updates = 0;

	(void)state;
	begin("P0");
	assert_true(says("page/status", "\"sent\":true"));
	pager_deliver(&w);
	assert_true(says("page/status", "\"accepted\":true"));
	pager_until(&w, T0 + 8 * MINUTE);
	for (size_t i = 0; i < w.n_sends; i++) {
		const struct send *s = &w.sends[i].send;

		if (strcmp(s->template_name, "page/status") != 0)
			continue;
		assert_string_equal(s->ref, "INC-42/pages");
		posts += strcmp(s->op, "chat.post") == 0;
		updates += strcmp(s->op, "chat.update") == 0;
	}
	assert_int_equal(posts, 1);
	assert_true(updates >= 3);
}

/* --- acknowledging ------------------------------------------------------------------------- */

static void test_ack(void **state)
{
	size_t from;

	(void)state;
	begin("P0");
	pager_until(&w, T0 + 12 * MINUTE);
	from = w.n_sends;
	pager_ack(&w, "chloe");
	assert_int_equal(w.inc->paging.state, PAGING_ACKED);
	assert_true(says("page/acked", "Chloé Roy"));
	assert_true(says("page/acked", "\"not_paged\":false"));
	/* Both direct messages lose their buttons and say who has it. */
	assert_int_equal(pager_count(&w, "page/chat_done"), 2);
	assert_true(says("page/chat_done", "\"mine\":true"));
	assert_string_equal(pager_status(&w),
		"ada mail accepted, ada chat accepted, ada phone failed, chloe chat acked");
	assert_int_equal(pager_timer_due(&w, "ladder"), 0);
	assert_int_equal(pager_timer_due(&w, "reach:2"), 0);
	assert_int_equal(pager_timer_due(&w, "ackexpiry"), T0 + 42 * MINUTE);
	pager_until(&w, T0 + 40 * MINUTE);
	assert_string_equal(pager_pages(&w, from), "");
}

/* Acknowledged while a page is on its way: stale before it is sent, or closed when it arrives. */
static void test_ack_in_flight(void **state)
{
	struct pager_send *s = NULL;

	(void)state;
	begin("succession");
	pager_ack(&w, "chloe");
	assert_int_equal(pager_count(&w, "page/chat_done"), 0);
	assert_string_equal(pager_status(&w), "exec phone failed, ben chat stopped");
	pager_deliver(&w);
	for (size_t i = 0; i < w.n_sends; i++)
		if (strcmp(w.sends[i].send.note, "page:2") == 0)
			s = &w.sends[i];
	assert_non_null(s);
	assert_int_equal(s->fate, FATE_STALE);

	/* The other order: Slack had it already. */
	s->fate = FATE_PENDING;
	s->send.guard = "";
	w.first_pending = 0;
	pager_deliver(&w);
	assert_int_equal(pager_count(&w, "page/chat_done"), 1);
	assert_true(says("page/chat_done", "Chloé Roy"));
}

static void test_ack_by_somebody_else(void **state)
{
	(void)state;
	begin("P0");
	pager_deliver(&w);
	pager_ack(&w, "ben");
	assert_true(says("page/acked", "\"not_paged\":true"));
	assert_string_equal(pager_status(&w), "ada mail accepted");
}

static void test_change_of_hands(void **state)
{
	(void)state;
	begin("P0");
	pager_ack(&w, "ben");
	w.now_ms += MINUTE;
	pager_ack(&w, "ben");
	assert_int_equal(pager_count(&w, "page/acked"), 1); /* no news */
	assert_int_equal(pager_timer_due(&w, "ackexpiry"), T0 + 31 * MINUTE);
	pager_ack(&w, "ada");
	assert_int_equal(pager_count(&w, "page/acked"), 2);
	assert_true(says("page/acked", "\"before\":\"Ben Ortiz\""));
}

/* --- expiry -------------------------------------------------------------------------------- */

static void test_expiry(void **state)
{
	size_t from;

	(void)state;
	begin("P0");
	pager_ack(&w, "ben");
	from = w.n_sends;
	pager_until(&w, T0 + 30 * MINUTE - 1);
	assert_int_equal(pager_count(&w, "page/expired"), 0);
	pager_until(&w, T0 + 30 * MINUTE);
	assert_int_equal(pager_count(&w, "page/expired"), 1);
	assert_true(says("page/expired", "Ben Ortiz"));
	assert_string_equal(pager_pages(&w, from), "ada:mail");
	assert_int_equal(w.inc->paging.state, PAGING_RUNNING);
	assert_false(incident_is_acked(w.inc));
	/* The ladder counts from the beginning. */
	assert_int_equal(pager_timer_due(&w, "ladder"), T0 + 40 * MINUTE);
}

static void test_activity_pushes_back(void **state)
{
	(void)state;
	begin("P0");
	pager_ack(&w, "ben");
	pager_until(&w, T0 + 20 * MINUTE);
	pager_activity(&w);
	assert_int_equal(pager_timer_due(&w, "ackexpiry"), T0 + 50 * MINUTE);
	/* A firing that was on its way when the timer moved. */
	w.now_ms = T0 + 30 * MINUTE;
	pager_fire(&w, "ackexpiry");
	assert_int_equal(pager_count(&w, "page/expired"), 0);
	assert_int_equal(pager_timer_due(&w, "ackexpiry"), T0 + 50 * MINUTE);
	pager_until(&w, T0 + 50 * MINUTE);
	assert_int_equal(pager_count(&w, "page/expired"), 1);
}

static void test_no_expiry(void **state)
{
	(void)state;
	begin("P2");
	pager_ack(&w, "ben");
	assert_int_equal(pager_timer_due(&w, "ackexpiry"), 0);
}

/* --- the end, severity --------------------------------------------------------------------- */

static void test_stop(void **state)
{
	size_t from;

	(void)state;
	begin("P0");
	pager_until(&w, T0 + 12 * MINUTE);
	from = w.n_sends;
	pager_stop(&w, "resolved");
	assert_int_equal(pager_count(&w, "page/chat_done"), 2);
	assert_true(says("page/chat_done", "\"over\":true"));
	pager_until(&w, T0 + 3 * HOUR);
	assert_string_equal(pager_pages(&w, from), "");
	assert_int_equal(pager_count(&w, "page/exhausted"), 0);
	assert_int_equal(pager_timer_due(&w, "ladder"), 0);
}

static void test_severity(void **state)
{
	(void)state;
	begin("P3");
	assert_string_equal(pager_pages(&w, 0), "");
	pager_severity(&w, "P0");
	assert_string_equal(pager_pages(&w, 0), "ada:mail");
	assert_int_equal(w.inc->paging.state, PAGING_RUNNING);
	pager_ack(&w, "ada");
	/* Worse, but somebody has it: only the expiry follows. */
	pager_severity(&w, "P1");
	assert_string_equal(pager_pages(&w, 0), "ada:mail");
	assert_int_equal(pager_timer_due(&w, "ackexpiry"), T0 + 2 * HOUR);
	assert_int_equal(w.inc->paging.state, PAGING_ACKED);
}

/* --- told, not paged ----------------------------------------------------------------------- */

static void test_tell(void **state)
{
	(void)state;
	begin("P0");
	/* Ada is being paged, Ben and Chloé are told by mail, Eve Stone only by telephone. */
	assert_int_equal(pager_count(&w, "page/tell"), 2);
	assert_int_equal(pager_last(&w, "page/tell")->send.lane, LANE_CALL);
	assert_string_equal(pager_last(&w, "page/tell")->send.guard, "");
	assert_string_equal(pager_last(&w, "page/tell")->send.ack, "");
	assert_int_equal(pager_count(&w, "page/not_told"), 1);
	/* Once: neither a repeat nor another severity tells them again. */
	pager_ack(&w, "ada");
	pager_severity(&w, "P0");
	pager_until(&w, T0 + 5 * HOUR);
	assert_int_equal(pager_count(&w, "page/tell"), 2);
}

static void test_tell_moves_on(void **state)
{
	(void)state;
	pager_init(&w, &test_plan, "P0", T0);
	w.broken[w.n_broken++] = "mail";
	pager_start(&w);
	pager_deliver(&w);
	assert_int_equal(pager_count(&w, "page/tell"), 4);
	assert_string_equal(pager_last(&w, "page/tell")->send.op, "chat.post");
	assert_int_equal(pager_last(&w, "page/tell")->send.lane, LANE_CHAT);
}

/* --- by hand ------------------------------------------------------------------------------- */

static void test_by_hand(void **state)
{
	static const struct {
		const char *target;
		enum paging_found found;
		const char *pages;
	} cases[] = {
		{"ben", PAGING_FOUND, "ben:chat"},
		{"<@U0BEN>", PAGING_FOUND, "ben:chat"},
		{"@ben", PAGING_FOUND, "ben:chat"},
		{"eng-manager", PAGING_FOUND, "ada:mail"},
		{"engineering.backup", PAGING_FOUND, "chloe:chat"},
		{"coordinator", PAGING_FOUND, "chloe:chat"},
		{"night", PAGING_FOUND, "ada:mail"}, /* the fallback, and the gap is said */
		{"void", PAGING_NOBODY, ""},
		{"empty", PAGING_NOBODY, ""},
		{"exec", PAGING_UNREACHABLE, ""},
		{"nemo", PAGING_UNREACHABLE, ""},
		{"whoever", PAGING_UNKNOWN, ""},
		{"<@U0STRANGER>", PAGING_UNKNOWN, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pager_init(&w, &test_plan, "P3", T0);
		pager_page(&w, cases[i].target, "we need you");
		assert_int_equal(w.found, cases[i].found);
		assert_string_equal(pager_pages(&w, 0), cases[i].pages);
		if (w.found != PAGING_FOUND)
			assert_int_equal(w.out.n, 0);
		pager_release(&w);
	}
	begin("P3");
	pager_page(&w, "night", "we need you");
	assert_int_equal(pager_count(&w, "page/gap"), 1);
	assert_true(says("page/mail", "\"why\":\"we need you\",\"by_hand\":true,\"asker\":\"Mia Novak\""));
}

/* While somebody has it the expert can still be called, and answering does not bring the ladder. */
static void test_by_hand_while_acked(void **state)
{
	(void)state;
	begin("P0");
	pager_ack(&w, "ada");
	pager_page(&w, "chloe", "");
	pager_deliver(&w);
	assert_string_equal(pager_status(&w), "ada mail stopped, chloe chat accepted");
	pager_until(&w, T0 + 4 * MINUTE);
	assert_int_equal(pager_timer_due(&w, "reach:2"), T0 + 5 * MINUTE);
	pager_ack(&w, "chloe");
	assert_int_equal(pager_timer_due(&w, "reach:2"), 0);
}

/* --- PagerDuty, webhook -------------------------------------------------------------------- */

static size_t pager_events(const char *arg)
{
	size_t n = 0;

	for (size_t i = 0; i < w.n_sends; i++)
		n += strcmp(w.sends[i].send.op, "pagerduty") == 0 && strcmp(w.sends[i].send.arg, arg) == 0;
	return n;
}

static void test_pagerduty(void **state)
{
	(void)state;
	begin("pager");
	assert_string_equal(pager_pages(&w, 0), "mia:pagerduty");
	assert_true(says("page/pagerduty", "\"dedup_key\":\"INC-42\""));
	pager_until(&w, T0 + MINUTE);
	assert_string_equal(pager_pages(&w, 0), "mia:pagerduty mia:bridge");
	assert_string_equal(pager_last(&w, "page/webhook")->send.arg, "incident.page");
	pager_ack(&w, "mia");
	assert_int_equal(pager_events("acknowledge"), 1);
	assert_int_equal(pager_events("resolve"), 0);
	/* Expired: a new alert, because an acknowledged one would swallow the trigger; and of another
	 * name, because nothing says which of the two arrives first. */
	pager_until(&w, T0 + 31 * MINUTE);
	assert_int_equal(pager_events("resolve"), 1);
	assert_int_equal(pager_events("trigger"), 2);
	assert_true(says("page/pagerduty", "\"dedup_key\":\"INC-42/2\""));
	pager_stop(&w, "resolved");
	assert_int_equal(pager_events("resolve"), 2);
	pager_stop(&w, "closed");
	assert_int_equal(pager_events("resolve"), 2);
}

/* Who told us is not told again: it would come back, and back. */
static void test_pagerduty_hears_no_echo(void **state)
{
	(void)state;
	begin("pager");
	pager_deliver(&w);
	w.teller = "pagerduty";
	pager_ack(&w, "Sam Example");
	assert_int_equal(pager_events("acknowledge"), 0);
	assert_int_equal(w.inc->paging.state, PAGING_ACKED);
	pager_stop(&w, "resolved");
	assert_int_equal(pager_events("resolve"), 0);
	assert_int_equal(w.inc->paging.alert, 1); /* over there it is over all the same */
	assert_int_equal(w.inc->paging.n_pagers, 0);
	pager_release(&w);
	begin("pager");
	pager_deliver(&w);
	w.teller = "another";
	pager_ack(&w, "Sam Example");
	assert_int_equal(pager_events("acknowledge"), 1);
}

static void test_pagerduty_refuses(void **state)
{
	(void)state;
	pager_init(&w, &test_plan, "pager", T0);
	w.broken[w.n_broken++] = "pagerduty";
	pager_start(&w);
	pager_deliver(&w);
	assert_string_equal(pager_status(&w), "mia pagerduty failed, mia bridge accepted");
}

/* The trigger was with PagerDuty when somebody acknowledged: it is told again. */
static void test_pagerduty_overtaken(void **state)
{
	(void)state;
	begin("pager");
	pager_ack(&w, "ben");
	assert_int_equal(pager_events("acknowledge"), 1);
	for (size_t i = 0; i < w.n_sends; i++)
		w.sends[i].send.guard = "";
	pager_deliver(&w);
	assert_int_equal(pager_events("acknowledge"), 2);
	assert_int_equal(pager_last(&w, "page/pagerduty")->send.lane, LANE_CALL);
}

static void test_pagerduty_not_told(void **state)
{
	(void)state;
	begin("pager");
	pager_deliver(&w);
	w.broken[w.n_broken++] = "pagerduty";
	pager_ack(&w, "ben");
	pager_deliver(&w);
	assert_int_equal(pager_count(&w, "page/pager_failed"), 1);
	assert_true(says("page/pager_failed", "\"resolve\":false"));
}

/* Slack and the mail server are down for twenty minutes, longer than the ladder knows names. */
static void test_outage(void **state)
{
	(void)state;
	pager_init(&w, &test_plan, "succession", T0);
	w.broken[w.n_broken++] = "chat.post";
	w.broken[w.n_broken++] = "mail";
	pager_start(&w);
	pager_until(&w, T0 + 20 * MINUTE);
	assert_int_equal(pager_count(&w, "page/exhausted"), 0);
	assert_int_equal(pager_count(&w, "page/retry"), 1);
	w.n_broken = 0;
	pager_until(&w, T0 + 26 * MINUTE);
	assert_non_null(strstr(pager_status(&w), "ben chat accepted"));
	pager_until(&w, T0 + 2 * HOUR);
	assert_int_equal(pager_count(&w, "page/exhausted"), 1);
	pager_release(&w);

	/* For good: after an hour it is said that nobody is left. */
	pager_init(&w, &test_plan, "succession", T0);
	w.broken[w.n_broken++] = "chat.post";
	pager_start(&w);
	pager_until(&w, T0 + HOUR + PAGING_RETRY_MS);
	assert_int_equal(pager_count(&w, "page/exhausted"), 1);
	assert_int_equal(pager_count(&w, "page/retry"), 1);
	assert_int_equal(w.n_timers, 0);
}

/* --- random courses ------------------------------------------------------------------------ */

static uint64_t seed;

static uint32_t roll(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

static size_t checked;

/* After every step: once somebody has it, nobody is paged unless by hand; no timer of the ladder is
 * left; nothing ticks when the incident is over. */
static void check_step(struct pager *p)
{
	const struct paging *pg = &p->inc->paging;

	checked++;
	assert_true(pg->n_pages <= PAGING_PAGES_MAX);
	assert_true(pg->n_reaches <= PAGING_REACH_MAX);
	if (pg->state == PAGING_STOPPED || pg->state == PAGING_ACKED)
		assert_int_equal(pager_timer_due(p, "ladder"), 0);
	if (pg->state == PAGING_STOPPED) {
		assert_int_equal(pager_timer_due(p, "ackexpiry"), 0);
		assert_int_equal(pg->n_reaches, 0);
	}
	/* Running means: something will happen by itself, or it has been said that nothing will. */
	if (pg->state == PAGING_RUNNING)
		assert_int_not_equal(pager_timer_due(p, "ladder"), 0);
	for (size_t i = 0; i < pg->n_reaches; i++) {
		char name[32];

		snprintf(name, sizeof(name), "reach:%u", pg->reaches[i].n);
		assert_int_equal(pager_timer_due(p, name), pg->reaches[i].due_ms);
	}
	/* A page of this step carries the epoch that is stored by the same commit. */
	for (size_t i = 0; i < p->out.n; i++) {
		const struct effect *f = &p->out.items[i];
		char guard[32];

		if (f->kind != EFFECT_SEND || f->send.lane != LANE_PAGE || !*f->send.guard)
			continue;
		snprintf(guard, sizeof(guard), "e%lld", (long long)pg->epoch);
		assert_string_equal(f->send.guard, guard);
	}
}

static const char *const all_severities[] = {
	"P0", "P1", "P2", "P3", "ghosts", "succession", "gap", "pager", "rounds", "lost",
};

static void break_some(void)
{
	static const char *const ways[] = {"mail", "chat.post", "pagerduty", "webhook", "U0ADA", "ada", "U0BEN"};

	w.n_broken = 0;
	while (w.n_broken < 4 && roll(2) == 0)
		w.broken[w.n_broken++] = ways[roll(7)];
}

static void one_move(void)
{
	static const char *const people[] = {"ada", "ben", "chloe", "mia", "stranger"};
	static const char *const strays[] = {"ladder", "reach:1", "reach:2", "reach:9", "ackexpiry"};

	switch (roll(10)) {
	case 0:
		pager_ack(&w, people[roll(5)]);
		return;
	case 1:
		pager_page(&w, people[roll(4)], "please");
		return;
	case 2:
		pager_activity(&w);
		return;
	case 3:
		pager_severity(&w, all_severities[roll(10)]);
		return;
	case 4:
		pager_fire(&w, strays[roll(5)]);
		return;
	case 5:
		pager_downtime(&w, w.now_ms + roll(300) * MINUTE);
		return;
	case 6:
		w.hold = roll(2) == 0;
		return;
	case 7:
		break_some();
		return;
	default:
		pager_until(&w, w.now_ms + roll(40) * MINUTE / 2);
		return;
	}
}

static void check_stopped(void)
{
	size_t from;

	/* Acknowledged at any moment: nothing of the ladder goes out until it expires. */
	w.now_ms += 1;
	pager_ack(&w, "dev");
	from = w.n_sends;
	pager_until(&w, w.now_ms + 29 * MINUTE);
	assert_string_equal(pager_pages(&w, from), "");
	for (size_t i = 0; i < from; i++)
		if (*w.sends[i].send.guard && w.sends[i].epoch < w.inc->paging.epoch)
			assert_int_not_equal(w.sends[i].fate, FATE_PENDING);
	pager_stop(&w, "resolved");
	from = w.n_sends;
	pager_until(&w, w.now_ms + 100 * HOUR);
	assert_string_equal(pager_pages(&w, from), "");
}

static void test_random(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 120; round++) {
		seed = round * 7919 + 1;
		pager_init(&w, &test_plan, all_severities[round % 10], T0 + roll(1200) * MINUTE);
		w.after = check_step;
		break_some();
		pager_start(&w);
		for (unsigned i = 0; i < 25; i++)
			one_move();
		w.hold = false;
		check_stopped();
		pager_release(&w);
	}
	assert_true(checked > 2500);
	pager_init(&w, &test_plan, "P3", T0);
}

/* Left alone, every ladder reaches somebody or says that it could not; with a bounded number of
 * pages, whatever fails. */
static void test_never_silent(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 100; round++) {
		size_t pages = 0;

		seed = round + 1;
		pager_init(&w, &test_plan, all_severities[round % 10], T0 + roll(1500) * MINUTE);
		w.after = check_step;
		break_some();
		pager_start(&w);
		pager_until(&w, w.now_ms + 100 * HOUR);
		for (size_t i = 0; i < w.n_sends; i++)
			pages += strncmp(w.sends[i].send.note, "page:", 5) == 0;
		assert_true(pages <= 150);
		if (w.inc->paging.state != PAGING_IDLE) {
			assert_int_equal(w.inc->paging.state, PAGING_EXHAUSTED);
			assert_int_equal(pager_count(&w, "page/exhausted"), 1);
		}
		pager_release(&w);
	}
	pager_init(&w, &test_plan, "P3", T0);
}

/* A long incident: the document, the pages listed and the effects of one step stay bounded. */
static void test_bounds(void **state)
{
	size_t longest = 0;

	(void)state;
	begin("P0");
	w.after = check_step;
	for (int i = 0; i < 60; i++) {
		pager_page(&w, i % 2 ? "chloe" : "ben", "again");
		pager_deliver(&w);
		pager_downtime(&w, w.now_ms + HOUR);
		pager_ack(&w, "ada");
		pager_downtime(&w, w.now_ms + HOUR);
		if (strlen(w.doc) > longest)
			longest = strlen(w.doc);
	}
	assert_int_equal(w.inc->paging.n_pages, PAGING_PAGES_MAX);
	assert_true(w.inc->paging.pages_dropped > 0);
	assert_true(says("page/status", "\"earlier\":"));
	assert_true(longest < 32768);
	assert_true(w.max_effects <= 160);
}

/* What is stored by something else, or damaged, never hurts. */
static void test_decode_foreign(void **state)
{
	static const char *const paging[] = {
		"{}", "{\"state\":5,\"reaches\":{},\"pages\":[1,null,{}]}",
		"{\"state\":\"running\",\"ladder\":\"production\",\"step\":4000000,\"next\":1}",
		"{\"state\":\"running\",\"ladder\":\"production\",\"step\":-4,\"at_end\":true}",
		("{\"state\":\"running\",\"reaches\":[{\"n\":1,\"person\":\"gone\",\"way\":7,\"due\":5,"
		"\"ways\":[{\"via\":\"chat\"}]},{\"n\":2,\"due\":5,\"person\":\"ada\",\"rest\":[7,\"gone\"]}]}"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(paging) / sizeof(paging[0]); i++) {
		pager_init(&w, &test_plan, "P0", T0);
		free(w.doc);
		assert_true(asprintf(&w.doc, "{\"id\":\"INC-42\",\"status\":\"investigating\",\"severity\":\"P0\","
			"\"paging\":%s}", paging[i]) > 0);
		pager_fire(&w, "ladder");
		pager_fire(&w, "reach:1");
		pager_fire(&w, "reach:2");
		pager_fire(&w, "ackexpiry");
		pager_until(&w, T0 + 9 * HOUR);
		pager_ack(&w, "ada");
		pager_stop(&w, "resolved");
		assert_int_equal(w.inc->paging.state, PAGING_STOPPED);
		pager_release(&w);
	}
	pager_init(&w, &test_plan, "P3", T0);
}

#define T(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_page), T(test_mail_carries_the_link), T(test_status_line), T(test_ack),
		T(test_ack_in_flight), T(test_ack_by_somebody_else), T(test_change_of_hands), T(test_expiry),
		T(test_activity_pushes_back), T(test_no_expiry), T(test_stop), T(test_severity), T(test_tell),
		T(test_tell_moves_on), T(test_by_hand), T(test_by_hand_while_acked), T(test_pagerduty),
		T(test_pagerduty_hears_no_echo), T(test_pagerduty_refuses), T(test_pagerduty_overtaken), T(test_pagerduty_not_told), T(test_outage), T(test_random), T(test_never_silent), T(test_bounds),
		T(test_decode_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
