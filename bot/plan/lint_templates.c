/* lint_templates.c - the templates of the plan's own folder: do they parse, render, and override? */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "bot/plan/lint.h"
#include "bot/words_load.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/render.h"

#define FAULTS_BYTES ((size_t)1024 * 1024)

/* The path as the plan writes it; the text goes to the report, so that the line can be shown. */
static const char *shown_path(struct lint *l, const char *path)
{
	const char *dir = l->plan->template_dir, *shown, *why;
	size_t len = strlen(dir), bytes;
	char *text;

	if (strncmp(path, dir, len) != 0 || path[len] != '/')
		return path; /* a built-in one */
	shown = lint_say(l, "%s%s", l->box->template_shown, path + len);
	text = read_whole_file(l->arena, path, WORDS_FILE_BYTES, &bytes, &why);
	if (text && !plan_report_has_file(l->report, shown))
		plan_report_file(l->report, shown, text, bytes);
	return shown;
}

/* "FILE:LINE:COLUMN: what is wrong" */
static void tell_fault(struct lint *l, char *line)
{
	unsigned long row, column;
	char *at = line, *end;

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
		plan_report_add(l->report, FINDING_ERROR, shown_path(l, line), (unsigned)row,
			(unsigned)column, end + 1 + strspn(end + 1, " "), "");
		return;
	}
	lint_add(l, FINDING_ERROR, lint_key(l, "templates", NULL), line, "");
}

static void words_drop(void *ptr)
{
	words_free(ptr);
}

void lint_templates(struct lint *l)
{
	struct err err = {0};
	struct words *words;
	struct buf faults;
	char *text;

	if (!l->plan->template_dir)
		return; /* the built-in ones have tests of their own */
	words = words_load(l->plan->template_dir, &err);
	if (!words) {
		lint_add(l, FINDING_ERROR, lint_key(l, "templates", NULL),
			lint_say(l, "the templates cannot be read: %s", err.text), "look at the folder");
		return;
	}
	arena_defer(l->arena, words_drop, words);
	buf_init_arena(&faults, l->arena, FAULTS_BYTES);
	words_check(words, &faults);
	text = arena_strdup(l->arena, buf_text(&faults));
	while (*text) {
		char *end = text + strcspn(text, "\n"), *next = *end ? end + 1 : end;

		*end = '\0';
		if (*text)
			tell_fault(l, text);
		text = next;
	}
}
