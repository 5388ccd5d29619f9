/* plan_words.c - see plan_words.h. */
#include "bot/plan/plan_words.h"

#include <ctype.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bot/plan/report.h"
#include "bot/plan/walk.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/plan.h"
#include "tocsin/render.h"

#define SCRATCH_BYTES (256u * 1024 * 1024)
#define FAULTS_BYTES (1024 * 1024)

struct loader {
	const struct plan *plan;
	struct plan_report *report; /* or NULL */
	struct arena *arena;
	const char *shown; /* the folder as the plan writes it */
	struct words_source *sources;
	size_t n;
};

static void tell(struct loader *ld, enum finding_level level, const char *path, const char *what,
	const char *mend)
{
	if (ld->report)
		plan_report_add(ld->report, level, path, 0, 0, what, mend);
}

/* "incident/root.md" is called "incident/root"; other endings stay. NULL: no template. */
static const char *template_name(struct loader *ld, const char *below)
{
	size_t len = strlen(below);

	if (len > 3 && strcmp(below + len - 3, ".md") == 0)
		return arena_strndup(ld->arena, below, len - 3);
	if ((len > 5 && strcmp(below + len - 5, ".html") == 0) ||
		(len > 4 && strcmp(below + len - 4, ".txt") == 0))
		return below;
	return NULL;
}

static void load_one(struct loader *ld, const char *path)
{
	const char *below = path + strlen(ld->plan->template_dir) + 1, *why, *name, *shown;
	struct stat st;
	size_t len;
	char *text;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return;
	shown = arena_printf(ld->arena, "%s/%s", ld->shown, below);
	name = template_name(ld, below);
	if (!name) {
		tell(ld, FINDING_WARNING, shown, "this is not a template",
			"templates end in .md, .html or .txt; take other files out of the folder");
		return;
	}
	if (ld->n == PLAN_TEMPLATES_MAX) {
		tell(ld, FINDING_ERROR, shown, "there are more than 500 templates in this folder",
			"take out those that change nothing");
		return;
	}
	text = read_whole_file(ld->arena, path, PLAN_TEMPLATE_BYTES, &len, &why);
	if (!text) {
		tell(ld, FINDING_ERROR, shown,
			arena_printf(ld->arena, "the template cannot be read: %s", why), "look at the file");
		return;
	}
	if (ld->report)
		plan_report_file(ld->report, shown, text, len);
	ld->sources[ld->n++] = (struct words_source){name, shown, text, len};
}

static void glob_release(void *ptr)
{
	globfree(ptr);
}

static void load_folder(struct loader *ld)
{
	static const char *const depths[] = {"*", "*/*", "*/*/*"};
	const char *dir = ld->plan->template_dir;
	const char *safe = escape_glob(ld->arena, dir, strlen(dir));

	for (size_t d = 0; d < sizeof(depths) / sizeof(*depths); d++) {
		glob_t *g = ARENA_NEW(ld->arena, glob_t);

		arena_defer(ld->arena, glob_release, g);
		if (glob(arena_printf(ld->arena, "%s/%s", safe, depths[d]), 0, NULL, g) != 0)
			continue;
		for (size_t i = 0; i < g->gl_pathc; i++)
			load_one(ld, g->gl_pathv[i]);
	}
}

/* "FILE:LINE:COLUMN: what is wrong" */
static void tell_fault(struct loader *ld, char *line)
{
	char *at = line, *end;
	unsigned long row, column;

	for (; (at = strchr(at, ':')); at++) {
		if (!isdigit((unsigned char)at[1]))
			continue;
		row = strtoul(at + 1, &end, 10);
		if (*end != ':' || !isdigit((unsigned char)end[1]))
			continue;
		column = strtoul(end + 1, &end, 10);
		if (*end != ':')
			continue;
		*at = '\0';
		plan_report_add(ld->report, FINDING_ERROR, line, (unsigned)row, (unsigned)column,
			end + 1 + strspn(end + 1, " "), "");
		return;
	}
	tell(ld, FINDING_ERROR, ld->shown, line, "");
}

static void tell_faults(struct loader *ld, const struct words *words)
{
	struct buf faults;
	char *text;

	buf_init_arena(&faults, ld->arena, FAULTS_BYTES);
	words_check(words, &faults);
	text = arena_strdup(ld->arena, buf_text(&faults));
	while (*text) {
		char *end = text + strcspn(text, "\n"), *next = *end ? end + 1 : end;

		*end = '\0';
		if (*text)
			tell_fault(ld, text);
		text = next;
	}
}

struct words *plan_words(const struct plan *p, struct plan_report *report)
{
	struct arena *a = arena_new(SCRATCH_BYTES);
	struct words *volatile words = NULL;
	struct loader *ld;

	if (!a)
		return NULL;
	if (setjmp(*arena_recovery(a)) || (report && setjmp(*arena_recovery(report->arena)))) {
		if (report)
			arena_recovery_clear(report->arena);
		arena_free(a);
		words_free(words);
		return NULL;
	}
	ld = ARENA_NEW(a, struct loader);
	ld->plan = p;
	ld->report = report;
	ld->arena = a;
	ld->shown = ((const struct plan_box *)p)->template_shown;
	ld->sources = ARENA_ARRAY(a, struct words_source, PLAN_TEMPLATES_MAX);
	if (p->template_dir)
		load_folder(ld);
	words = words_new(ld->sources, ld->n);
	if (words && report && p->template_dir)
		tell_faults(ld, words);
	if (report)
		arena_recovery_clear(report->arena);
	arena_free(a);
	return words;
}
