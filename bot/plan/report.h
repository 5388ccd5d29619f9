/*
 * report.h - what was found in a plan: each finding with its place, what is wrong and how to mend
 * it, and the text of the files so that a place can be shown.
 *
 * Values that are secret are masked before a line is shown. Not more than REPORT_MAX findings are
 * kept; the last one then says how it goes on.
 */
#ifndef TOCSIN_PLAN_REPORT_H
#define TOCSIN_PLAN_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPORT_MAX 500

struct arena;
struct buf;

enum finding_level { FINDING_NOTICE, FINDING_WARNING, FINDING_ERROR };

struct finding {
	enum finding_level level;
	const char *file;
	unsigned line;   /* from 1; 0: the file as a whole */
	unsigned column; /* from 1, in characters */
	const char *what;
	const char *mend; /* "" when there is nothing to do */
	size_t order;     /* as they came */
};

struct plan_report {
	struct arena *arena; /* everything here lives in it */
	struct finding *items;
	size_t n;
	size_t count[3];     /* by level, those left out included */
	struct report_file *files;
	struct report_mask *masks;
};

/* NULL when out of memory. */
struct plan_report *plan_report_new(void);
void plan_report_free(struct plan_report *r); /* NULL is allowed */

/* All strings are copied. */
void plan_report_add(struct plan_report *r, enum finding_level level, const char *file,
	unsigned line, unsigned column, const char *what, const char *mend);

/* Says that memory ran out; takes none itself. */
void plan_report_no_memory(struct plan_report *r);

/* Text of a file, copied, to show lines from. */
void plan_report_file(struct plan_report *r, const char *file, const char *text, size_t len);
bool plan_report_has_file(const struct plan_report *r, const char *file);
/* Characters that are never shown: from (line, column) up to, not including, (line2, column2). */
void plan_report_mask(struct plan_report *r, const char *file, unsigned line, unsigned column,
	unsigned line2, unsigned column2);

/* By file (in the order of plan_report_file()), line and column. */
void plan_report_sort(struct plan_report *r);

/* Like a good compiler: place, level, what; the line with a caret; how to mend it. */
void plan_report_text(const struct plan_report *r, struct buf *out);
/* One JSON object: {"findings": [...], "errors": 1, ...}. */
void plan_report_json(const struct plan_report *r, struct buf *out);
/* "2 errors, 3 warnings, 1 notice"; "nothing to mend" when there is none. */
void plan_report_summary(const struct plan_report *r, struct buf *out);

const char *finding_level_name(enum finding_level level);
#endif
