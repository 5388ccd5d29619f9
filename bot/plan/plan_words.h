/*
 * plan_words.h - the words of a plan: the built-in templates, and those of its own folder in their
 * place.
 *
 * A file DIR/incident/root.md takes the place of the built-in template "incident/root". At most
 * PLAN_TEMPLATES_MAX files, of PLAN_TEMPLATE_BYTES each; hidden files are passed over.
 */
#ifndef TOCSIN_PLAN_WORDS_H
#define TOCSIN_PLAN_WORDS_H

#define PLAN_TEMPLATES_MAX 500
#define PLAN_TEMPLATE_BYTES (256 * 1024)

struct plan;
struct plan_report;
struct words;

/*
 * Faults of the templates go to the report (may be NULL), with their places; a faulty one is left
 * out and the built-in one stays. NULL only when out of memory. The caller frees: words_free().
 */
struct words *plan_words(const struct plan *p, struct plan_report *report);
#endif
