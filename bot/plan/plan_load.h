/*
 * plan_load.h - from YAML to struct plan, with every fault told at once.
 *
 * A plan is one block of memory, never changed after it was loaded, and reference counted: the
 * shell holds one reference to the plan in force, each task holds the one it began with. Loop
 * thread only.
 */
#ifndef TOCSIN_PLAN_LOAD_H
#define TOCSIN_PLAN_LOAD_H

#include <stddef.h>
#include <stdint.h>

#include "bot/plan/report.h"

struct plan;

/* Bounds. One more is an error that names the bound. */
#define PLAN_FILE_MAX ((size_t)1024 * 1024) /* bytes of one file */
#define PLAN_FILES_MAX 64           /* files of one plan */
#define PLAN_INCLUDE_DEPTH 8
#define PLAN_NODES_MAX 100000       /* values, each use of an alias counted as a copy */
#define PLAN_DEPTH_MAX 24           /* maps and lists inside one another */
#define PLAN_ANCHORS_MAX 200
#define PLAN_SECRET_MAX ((size_t)16384) /* bytes of one secret */

/* Where secrets that cannot be read are merely noted: `tocsin check --without-secrets`, for a CI
 * machine that has none. */
#define PLAN_WITHOUT_SECRETS 1u

/* Reads the file and what it includes. NULL when the report holds an error (older findings in the
 * report count, so begin with an empty one). The caller owns one reference. */
struct plan *plan_load(const char *path, struct plan_report *report);
struct plan *plan_load_flags(const char *path, unsigned flags, struct plan_report *report);

/* The same from memory. label stands in messages for the path. `include` and ${file:...} are
 * refused and no file but the time zones' is read. */
struct plan *plan_load_text(const char *label, const char *text, size_t len,
	struct plan_report *report);

struct plan *plan_ref(struct plan *p); /* returns p */
void plan_unref(struct plan *p);       /* NULL is allowed */

/* What a lead would say about a plan that loads: people who cannot be reached, steps that lead
 * nowhere, gaps in the next 30 days. Adds to the report. */
void plan_lint(const struct plan *p, int64_t now_ms, struct plan_report *report);
#endif
