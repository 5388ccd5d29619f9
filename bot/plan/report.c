/* report.c - see report.h. */
#include "bot/plan/report.h"

#include <stdlib.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/json_out.h"
#include "tocsin/utf8.h"

#define REPORT_BYTES ((size_t)96 * 1024 * 1024)
#define SHOWN_CHARS 120 /* of a source line */

struct report_file {
	struct report_file *next;
	const char *name;
	const char *text;
	size_t len;
	size_t number;
};

struct report_mask {
	struct report_mask *next;
	const char *file;
	unsigned line, column, line2, column2;
};

struct plan_report *plan_report_new(void)
{
	struct arena *a = arena_new(REPORT_BYTES);
	struct plan_report *r;

	if (!a)
		return NULL;
	if (setjmp(*arena_recovery(a))) {
		arena_free(a);
		return NULL;
	}
	r = ARENA_NEW(a, struct plan_report);
	r->arena = a;
	r->items = ARENA_ARRAY(a, struct finding, REPORT_MAX);
	arena_recovery_clear(a);
	return r;
}

void plan_report_free(struct plan_report *r)
{
	if (r)
		arena_free(r->arena);
}

void plan_report_add(struct plan_report *r, enum finding_level level, const char *file,
	unsigned line, unsigned column, const char *what, const char *mend)
{
	struct finding *f;

	r->count[level]++;
	if (r->n == REPORT_MAX)
		return;
	f = &r->items[r->n];
	f->level = level;
	f->file = arena_strdup(r->arena, file);
	f->line = line;
	f->column = column;
	f->order = r->n++;
	if (r->n == REPORT_MAX) {
		f->what = "this is the last finding that is shown; there are more";
		f->mend = "mend the ones above and check again";
		return;
	}
	f->what = arena_strdup(r->arena, what);
	f->mend = arena_strdup(r->arena, mend);
}

void plan_report_no_memory(struct plan_report *r)
{
	r->count[FINDING_ERROR]++;
	if (r->n == REPORT_MAX)
		return;
	r->items[r->n] = (struct finding){FINDING_ERROR, "plan", 0, 0, "there is not enough memory to read it",
		"make the plan smaller, or give the bot more memory", r->n};
	r->n++;
}

void plan_report_file(struct plan_report *r, const char *file, const char *text, size_t len)
{
	struct report_file *f = ARENA_NEW(r->arena, struct report_file);

	f->name = arena_strdup(r->arena, file);
	f->text = arena_strndup(r->arena, text, len);
	f->len = len;
	f->number = r->files ? r->files->number + 1 : 1;
	f->next = r->files;
	r->files = f;
}

void plan_report_mask(struct plan_report *r, const char *file, unsigned line, unsigned column,
	unsigned line2, unsigned column2)
{
	struct report_mask *m = ARENA_NEW(r->arena, struct report_mask);

	*m = (struct report_mask){r->masks, arena_strdup(r->arena, file), line, column, line2, column2};
	r->masks = m;
}

static const struct report_file *find_file(const struct plan_report *r, const char *name)
{
	for (const struct report_file *f = r->files; f; f = f->next)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

bool plan_report_has_file(const struct plan_report *r, const char *file)
{
	return find_file(r, file) != NULL;
}

static int compare_numbers(size_t a, size_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_findings(const void *pa, const void *pb, void *ctx)
{
	const struct finding *a = pa, *b = pb;
	const struct report_file *fa = find_file(ctx, a->file), *fb = find_file(ctx, b->file);
	int c = compare_numbers(fa ? fa->number : 0, fb ? fb->number : 0);

	if (!c)
		c = compare_numbers(a->line, b->line);
	if (!c)
		c = compare_numbers(a->column, b->column);
	return c ? c : compare_numbers(a->order, b->order);
}

void plan_report_sort(struct plan_report *r)
{
	size_t n = r->n == REPORT_MAX ? r->n - 1 : r->n; /* "there are more" stays the last */

	qsort_r(r->items, n, sizeof(*r->items), compare_findings, r);
}

const char *finding_level_name(enum finding_level level)
{
	static const char *const names[] = {"notice", "warning", "error"};

	return names[level];
}

static bool masked(const struct plan_report *r, const char *file, unsigned line, unsigned column)
{
	for (const struct report_mask *m = r->masks; m; m = m->next) {
		if (strcmp(m->file, file) != 0 || line < m->line || line > m->line2)
			continue;
		if (line == m->line && column < m->column)
			continue;
		if (line == m->line2 && column >= m->column2)
			continue;
		return true;
	}
	return false;
}

static const char *line_start(const struct report_file *f, unsigned line)
{
	const char *p = f->text, *end = f->text + f->len;

	while (line > 1 && p < end) {
		p = memchr(p, '\n', (size_t)(end - p));
		if (!p)
			return NULL;
		p++;
		line--;
	}
	return line > 1 ? NULL : p;
}

/* The line, cut to a window around the column, and a caret below. Control characters become
 * spaces: a plan cannot play with the operator's terminal. A secret is eight stars, whatever its
 * length. */
static void show_line(const struct plan_report *r, const struct report_file *f,
	const struct finding *at, struct buf *out)
{
	const char *p = line_start(f, at->line), *end = f->text + f->len;
	unsigned first = at->column > SHOWN_CHARS - 30 ? at->column - (SHOWN_CHARS - 30) : 1;
	unsigned shown = first > 1 ? 3 : 0, caret = 0;
	bool was_secret = false;

	if (!p)
		return;
	buf_printf(out, "%6u | %s", at->line, first > 1 ? "..." : "");
	for (unsigned column = 1; p < end && *p != '\n' && *p != '\r'; column++) {
		size_t n;
		uint32_t code = utf8_decode(p, (size_t)(end - p), &n);
		bool secret = masked(r, f->name, at->line, column);

		if (column >= first + SHOWN_CHARS) {
			buf_str(out, "...");
			break;
		}
		if (column == at->column)
			caret = shown;
		if (column >= first && (!secret || !was_secret)) {
			if (secret)
				buf_str(out, "********");
			else if (code < 0x20 || (code >= 0x7f && code < 0xa0))
				buf_char(out, ' ');
			else
				buf_add(out, p, n);
			shown += secret ? 8 : 1;
		}
		was_secret = secret;
		p += n;
	}
	buf_printf(out, "\n       | %*s^\n", (int)(caret ? caret : at->column > 1 ? shown : 0), "");
}

void plan_report_text(const struct plan_report *r, struct buf *out)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct finding *f = &r->items[i];
		const struct report_file *file = find_file(r, f->file);

		buf_str(out, f->file);
		if (f->line)
			buf_printf(out, ":%u:%u", f->line, f->column);
		buf_printf(out, ": %s: %s\n", finding_level_name(f->level), f->what);
		if (f->line && file)
			show_line(r, file, f, out);
		if (*f->mend)
			buf_printf(out, "       = %s\n", f->mend);
	}
}

void plan_report_json(const struct plan_report *r, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out);
	json_out_object(&j, NULL);
	json_out_array(&j, "findings");
	for (size_t i = 0; i < r->n; i++) {
		const struct finding *f = &r->items[i];

		json_out_object(&j, NULL);
		json_out_str(&j, "level", finding_level_name(f->level));
		json_out_str(&j, "file", f->file);
		json_out_int(&j, "line", f->line);
		json_out_int(&j, "column", f->column);
		json_out_str(&j, "what", f->what);
		json_out_str(&j, "mend", f->mend);
		json_out_object_end(&j);
	}
	json_out_array_end(&j);
	json_out_int(&j, "errors", (int64_t)r->count[FINDING_ERROR]);
	json_out_int(&j, "warnings", (int64_t)r->count[FINDING_WARNING]);
	json_out_int(&j, "notices", (int64_t)r->count[FINDING_NOTICE]);
	json_out_object_end(&j);
	buf_char(out, '\n');
}

void plan_report_summary(const struct plan_report *r, struct buf *out)
{
	static const char *const names[] = {"notice", "warning", "error"};
	bool any = false;

	for (int level = FINDING_ERROR; level >= FINDING_NOTICE; level--) {
		if (!r->count[level])
			continue;
		buf_printf(out, "%s%zu %s%s", any ? ", " : "", r->count[level], names[level],
			r->count[level] == 1 ? "" : "s");
		any = true;
	}
	if (!any)
		buf_str(out, "nothing to mend");
}
