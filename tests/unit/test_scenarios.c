/* test_scenarios.c - plays every file of tests/scenarios; see README there for the language. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <inttypes.h>
#include <string.h>

#include "../support/world.h"

#define LINE_MAX_BYTES 4096
#define FILES_MAX 200

struct player {
	struct world *w;
	const char *file;
	unsigned line;
	char last_ts[64];
	char answer[65536];
	bool looked; /* the last step was an expectation */
	unsigned expectations;
};

static void wrong(struct player *p, const char *what)
{
	/* cmocka's own messages are cut after a few lines. */
	printf("%s:%u: %s\n--- since the last step:\n%s---\n", p->file, p->line, what,
		world_lines(p->w));
	fail();
}

static int64_t duration(struct player *p, const char *s)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (*end == 's')
		return n * 1000;
	if (*end == 'm')
		return n * MINUTE_MS;
	if (*end == 'h')
		return n * 60 * MINUTE_MS;
	wrong(p, "a duration is 90s, 10m or 2h");
	return 0;
}

/* Moves past `word` and a space; false when the line does not begin with it. */
static bool eat(const char **s, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*s, word, n) != 0 || ((*s)[n] && (*s)[n] != ' '))
		return false;
	*s += n;
	while (**s == ' ')
		(*s)++;
	return true;
}

/* A line with this beginning that holds the text; a newline inside a message is no new line. */
static bool happened(struct player *p, const char *kind, const char *text)
{
	const char *at = world_lines(p->w);
	static const char *const kinds[] = {"answer ", "post ", "update ", "dm ", "page ", "mail ", "room ",
		"pin ", "invite ", "group ", "topic ", "bookmark ", "stale ", "failed ", "webhook ", "pagerduty "};

	while (*at) {
		const char *end = at, *found;

		/* To the next line that begins a record. */
		do {
			end = strchr(end, '\n');
			end = end ? end + 1 : at + strlen(at);
			bool begins = !*end;

			for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !begins; i++)
				begins = strncmp(end, kinds[i], strlen(kinds[i])) == 0;
			if (begins)
				break;
		} while (*end);
		found = strstr(at, text);
		if (strncmp(at, kind, strlen(kind)) == 0 && found && found + strlen(text) <= end)
			return true;
		at = end;
	}
	return false;
}

/* "post C0WARROOM: text" style: what comes before ": " must begin the record. */
static void expect(struct player *p, const char *s, bool yes)
{
	char kind[256];
	const char *colon;
	char what[LINE_MAX_BYTES + 64];

	p->expectations++;
	if (eat(&s, "message")) { /* message INC-1/root: text */
		colon = strstr(s, ": ");
		if (!colon || (size_t)(colon - s) >= sizeof(kind))
			wrong(p, "write: expect message REF: TEXT");
		snprintf(kind, sizeof(kind), "%.*s", (int)(colon - s), s);
		if ((strstr(world_message(p->w, kind), colon + 2) != NULL) != yes) {
			snprintf(what, sizeof(what), "message %s is:\n%s", kind, world_message(p->w, kind));
			wrong(p, what);
		}
		return;
	}
	if (eat(&s, "nothing")) {
		if (*world_lines(p->w))
			wrong(p, "something happened");
		return;
	}
	colon = strstr(s, ": ");
	if (!colon) {
		if (happened(p, "", s) != yes)
			wrong(p, yes ? "did not happen" : "happened");
		return;
	}
	snprintf(kind, sizeof(kind), "%.*s", (int)(colon - s), s);
	if (happened(p, kind, colon + 2) != yes)
		wrong(p, yes ? "did not happen" : "happened");
}

static void remember(struct player *p, const char *answer)
{
	if (!answer)
		wrong(p, "there is no such button or form");
	snprintf(p->answer, sizeof(p->answer), "%s", answer);
}

/* "ada in war-room: /incident P0 x", "ben presses Acknowledge", "ada submits title=x;..." */
static void person_does(struct player *p, const char *s)
{
	char who[64], where[128];
	size_t n = strcspn(s, " ");
	const char *colon;

	snprintf(who, sizeof(who), "%.*s", (int)n, s);
	s += n;
	while (*s == ' ')
		s++;
	if (eat(&s, "presses")) {
		remember(p, world_press(p->w, who, s));
	} else if (eat(&s, "submits")) {
		remember(p, world_submit(p->w, who, s));
	} else if (eat(&s, "reacts")) { /* reacts pushpin in thread INC-1 */
		char emoji[64];

		n = strcspn(s, " ");
		snprintf(emoji, sizeof(emoji), "%.*s", (int)n, s);
		s += n;
		while (*s == ' ')
			s++;
		if (!eat(&s, "in"))
			wrong(p, "write: NAME reacts EMOJI in PLACE");
		world_react(p->w, who, s, emoji, p->last_ts);
	} else if (eat(&s, "in") && (colon = strstr(s, ": "))) {
		snprintf(where, sizeof(where), "%.*s", (int)(colon - s), s);
		s = colon + 2;
		if (eat(&s, "/incident") || strncmp(s, "/oncall", 7) == 0)
			remember(p, world_type(p->w, who, where, s));
		else if (eat(&s, "@tocsin"))
			remember(p, world_command(p->w, SOURCE_MENTION, who, where, s, false));
		else
			snprintf(p->last_ts, sizeof(p->last_ts), "%s", world_say(p->w, who, where, s));
	} else {
		wrong(p, "I do not know what that person does");
	}
}

static void play_line(struct player *p, const char *s)
{
	char what[128];
	size_t n;

	if (eat(&s, "expect")) {
		p->looked = true;
		if (eat(&s, "no"))
			expect(p, s, false);
		else
			expect(p, s, true);
		return;
	}
	world_mark(p->w);
	if (eat(&s, "advance")) {
		world_advance(p->w, duration(p, s));
	} else if (eat(&s, "sleep")) {
		world_sleep(p->w, duration(p, s));
	} else if (eat(&s, "look")) {
		world_look(p->w);
	} else if (eat(&s, "conflict")) {
		world_conflict(p->w, (unsigned)strtoul(s, NULL, 10));
	} else if (eat(&s, "break")) {
		n = strcspn(s, " ");
		snprintf(what, sizeof(what), "%.*s", (int)n, s);
		world_break(p->w, what, s + n + strspn(s + n, " "));
	} else if (eat(&s, "mend")) {
		world_break(p->w, s, "");
	} else {
		person_does(p, s);
	}
	if (*world_faults(p->w))
		wrong(p, world_faults(p->w));
}

static void play(const char *path, const char *name)
{
	struct player *p = calloc(1, sizeof(*p));
	char line[LINE_MAX_BYTES];
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	p->w = world_new(&world_plan);
	p->file = name;
	while (fgets(line, sizeof(line), f)) {
		size_t n = strcspn(line, "\n");
		const char *s = line;

		line[n] = '\0';
		p->line++;
		while (*s == ' ' || *s == '\t')
			s++;
		if (*s && *s != '#')
			play_line(p, s);
	}
	fclose(f);
	if (!p->expectations)
		fail_msg("%s expects nothing", name);
	world_free(p->w);
	free(p);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void test_scenarios(void **state)
{
	DIR *dir = opendir(TESTS_DIR "/scenarios");
	char *names[FILES_MAX];
	struct dirent *e;
	size_t n = 0;
	const char *only = getenv("SCENARIO");

	(void)state;
	assert_non_null(dir);
	while ((e = readdir(dir)) && n < FILES_MAX) {
		size_t len = strlen(e->d_name);

		if (len > 4 && strcmp(e->d_name + len - 4, ".txt") == 0 && (!only || strstr(e->d_name, only)))
			names[n++] = strdup(e->d_name);
	}
	closedir(dir);
	assert_true(n > 0);
	qsort(names, n, sizeof(names[0]), by_name);
	for (size_t i = 0; i < n; i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/scenarios/%s", TESTS_DIR, names[i]);
		print_message("%s\n", names[i]);
		play(path, names[i]);
		free(names[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_scenarios)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
