/*
 * mustache.h - the template language: Mustache as its published specification says it, to the
 * byte (comments, delimiters, interpolation, inverted sections, partials, sections, standalone
 * lines). The optional modules (lambdas, inheritance, dynamic names) are not there: a template
 * that uses one is refused with a place and a way out.
 *
 * A template is compiled once and never changes: many renders may share it. Bounds: sections
 * nest MUSTACHE_SECTIONS_MAX deep, partials MUSTACHE_PARTIALS_MAX, one render writes at most
 * MUSTACHE_OUTPUT_MAX bytes and takes at most MUSTACHE_STEPS_MAX steps.
 */
#ifndef TOCSIN_MUSTACHE_H
#define TOCSIN_MUSTACHE_H

#include <stddef.h>

#define MUSTACHE_SECTIONS_MAX 32
#define MUSTACHE_PARTIALS_MAX 32
#define MUSTACHE_OUTPUT_MAX ((size_t)1024 * 1024)
#define MUSTACHE_STEPS_MAX 1000000

struct arena;
struct buf;
struct err;
struct json_t; /* jansson */
struct mustache;

/* What {{x}} does to a value; {{{x}}} and {{&x}} never do anything to it. */
enum escape_mode {
	ESCAPE_MARKDOWN, /* the value reads as itself in Markdown and is no markup there */
	ESCAPE_HTML,     /* as the specification says: & < > " and ' */
	ESCAPE_NONE,
	ESCAPE_GUARD     /* as MARKDOWN, but only message_parse() can read it back: holds in code
	                    spans, code blocks and link targets too. What words_message() uses */
};

/*
 * Compiles text. name is for error texts ("incident/root.md"), copied like everything else into
 * the arena, which must outlive the template. NULL with err set to "NAME:LINE:COLUMN: what is
 * wrong, what to write instead" (line and column count from 1, columns in characters).
 */
struct mustache *mustache_parse(struct arena *a, const char *name, const char *text, size_t len,
	struct err *e);
/* The same for text that begins at the given line of its file. */
struct mustache *mustache_parse_at(struct arena *a, const char *name, unsigned line,
	const char *text, size_t len, struct err *e);

/* Finds a partial; NULL: there is none (the tag then yields nothing, as specified). */
typedef const struct mustache *(*mustache_partial_fn)(void *ctx, const char *name);

/*
 * Appends the result to out. data is borrowed; any JSON value. partial may be NULL. Falsey are
 * null, false, 0, "", [] and what is missing. Numbers print as JSON writes them (85, 1.21), lists and
 * objects as compact JSON. Returns 0, or -1 with err set (a bound was reached).
 */
int mustache_render(const struct mustache *m, const struct json_t *data,
	mustache_partial_fn partial, void *partial_ctx, enum escape_mode mode, struct buf *out,
	struct err *e);

/* Calls fn for the name of each partial tag, with its place in the file. */
void mustache_each_partial(const struct mustache *m,
	void (*fn)(void *ctx, const char *name, unsigned line, unsigned column), void *ctx);

/* Appends a value escaped as {{x}} would. */
void escape_add(struct buf *out, enum escape_mode mode, const char *s, size_t len);
#endif
