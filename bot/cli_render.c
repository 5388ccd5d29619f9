/*
 * cli_render.c - `tocsin render FILE DATA.json`: what a template becomes, at every stage.
 *
 * Without --for it prints the Mustache output and nothing else; with --for, what that platform is
 * sent. A line of its own is for people, so --for ends with a new line and the bare output does not.
 */
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/cli.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/builtin_templates.h"
#include "tocsin/err.h"
#include "tocsin/form.h"
#include "tocsin/message.h"
#include "tocsin/mustache.h"
#include "tocsin/render.h"

#define FILE_BYTES_MAX (4u * 1024 * 1024)
#define ARENA_BYTES_MAX (256u * 1024 * 1024)
#define PARTIALS_MAX 1000

enum { DONE = 0, FAULT = 1, USAGE = 2 };

struct job {
	struct arena *arena;
	const char *file, *data, *platform, *escape, *partials;
	const char *text;
	size_t len;
	struct words *words;
	struct { const char *name; const struct mustache *m; } cache[PARTIALS_MAX];
	size_t n_cache;
	struct err partial_err;
};

static const char usage_text[] =
	"usage: tocsin render FILE DATA.json [--for slack|text|html|markdown]\n"
	"                     [--escape markdown|html|none] [--partials DIR]\n"
	"\n"
	"Shows what a template becomes with the given data (\"-\" reads it from standard input).\n"
	"\n"
	"  --for PLATFORM   what is sent there; a template with questions in it becomes a form on slack.\n"
	"                   Without it: the Mustache output as it is\n"
	"  --escape MODE    how {{x}} is written: markdown (default), html, or none\n"
	"  --partials DIR   where {{> name}} is looked for: as DIR/name, then with .md, .mustache, .html\n"
	"                   or .txt. Without it: beside FILE, then among the built-in templates\n"
	"\n"
	"Exit status: 0 done, 1 the template or the data is at fault, 2 wrong usage.\n";

static int fault(const char *text)
{
	fprintf(stderr, "%s\n", text);
	return FAULT;
}

/* A whole file in the arena, NULL when it cannot be read (errno-style text in *why). */
static char *file_read(struct arena *a, const char *path, size_t *len, const char **why)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "rb") : stdin;
	struct buf out;
	char piece[16384];
	size_t n;

	*why = "cannot be opened";
	if (!f)
		return NULL;
	buf_init_arena(&out, a, FILE_BYTES_MAX);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(&out, piece, n);
	*why = ferror(f) ? "cannot be read" : out.failed ? "is larger than 4 MiB" : NULL;
	if (f != stdin)
		fclose(f);
	*len = out.len;
	return *why ? NULL : arena_strndup(a, buf_text(&out), out.len);
}

static void drop_json(void *j)
{
	json_decref(j);
}

static json_t *data_read(struct job *job)
{
	const char *why, *text;
	json_error_t je;
	json_t *j;
	size_t len;

	text = file_read(job->arena, job->data, &len, &why);
	if (!text) {
		fprintf(stderr, "%s: %s\n", job->data, why);
		return NULL;
	}
	j = json_loadb(text, len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &je);
	if (!j) {
		fprintf(stderr, "%s:%d:%d: this is no JSON: %s\n", job->data, je.line, je.column,
			je.text);
		return NULL;
	}
	arena_defer(job->arena, drop_json, j);
	return j;
}

/* A name may not climb out of the folder. */
static bool name_inside(const char *name)
{
	return name[0] != '/' && strcmp(name, "..") != 0 && strncmp(name, "../", 3) != 0 &&
		!strstr(name, "/../") && !(strlen(name) >= 3 && !strcmp(name + strlen(name) - 3, "/.."));
}

static const char *partial_dir(struct job *job)
{
	const char *slash;

	if (job->partials)
		return job->partials;
	slash = strrchr(job->file, '/');
	return slash ? arena_strndup(job->arena, job->file, (size_t)(slash - job->file)) : ".";
}

static const char *builtin_text(const char *name, size_t *len)
{
	size_t i;

	for (i = 0; i < builtin_templates_count; i++)
		if (!strcmp(builtin_templates[i].name, name)) {
			*len = builtin_templates[i].len;
			return builtin_templates[i].text;
		}
	return NULL;
}

static const struct mustache *partial_load(struct job *job, const char *name)
{
	static const char *const endings[] = {"", ".md", ".mustache", ".html", ".txt"};
	const char *text = NULL, *why, *path = name;
	size_t i, len;

	for (i = 0; name_inside(name) && i < sizeof(endings) / sizeof(*endings) && !text; i++) {
		path = arena_printf(job->arena, "%s/%s%s", partial_dir(job), name, endings[i]);
		text = file_read(job->arena, path, &len, &why);
	}
	if (!text && !job->partials) {
		text = builtin_text(name, &len);
		path = arena_printf(job->arena, "templates/%s.md", name);
	}
	return text ? template_parse(job->arena, path, text, len, NULL, &job->partial_err) : NULL;
}

static const struct mustache *find_partial(void *ctx, const char *name)
{
	struct job *job = ctx;
	size_t i;

	for (i = 0; i < job->n_cache; i++)
		if (!strcmp(job->cache[i].name, name))
			return job->cache[i].m;
	if (job->n_cache == PARTIALS_MAX)
		return NULL;
	i = job->n_cache++;
	job->cache[i].name = arena_strdup(job->arena, name);
	job->cache[i].m = NULL; /* while it is being looked for */
	job->cache[i].m = partial_load(job, name);
	return job->cache[i].m;
}

static int print(const struct buf *out, bool line)
{
	if (out->failed)
		return fault("the result is too large");
	fwrite(buf_text(out), 1, out->len, stdout);
	if (line && (!out->len || out->data[out->len - 1] != '\n'))
		putchar('\n');
	return fflush(stdout) ? fault("standard output cannot be written") : DONE;
}

static bool asks(const struct message *m)
{
	const struct block *b;

	for (b = m->blocks; b; b = b->next)
		if (b->kind == BLOCK_INPUT)
			return true;
	return false;
}

static int show(struct job *job, const struct buf *markdown)
{
	struct message *m = message_parse(job->arena, buf_text(markdown), markdown->len);
	struct render_options o = {.phrases = words_phrases(job->words)};
	struct err e = {0};
	struct form *f;
	struct buf out;

	buf_init_arena(&out, job->arena, 16 * 1024 * 1024);
	if (!strcmp(job->platform, "text")) {
		text_render(m, &o, &out);
	} else if (!strcmp(job->platform, "html")) {
		html_render(m, &o, &out);
	} else if (!strcmp(job->platform, "markdown")) {
		markdown_render(m, &o, &out);
	} else if (asks(m)) {
		f = form_from_message(m, job->file, o.phrases, &e);
		if (!f || slack_render_form(f, &o, "preview", "", &out, &e) < 0)
			return fault(e.text);
	} else {
		slack_render(m, &o, &out, NULL);
	}
	return print(&out, true);
}

static enum escape_mode mode_of(const struct job *job)
{
	if (!strcmp(job->escape, "html"))
		return ESCAPE_HTML;
	if (!strcmp(job->escape, "none"))
		return ESCAPE_NONE;
	return job->platform ? ESCAPE_GUARD : ESCAPE_MARKDOWN;
}

static int render(struct job *job)
{
	struct err e = {0};
	const char *why;
	struct mustache *m;
	struct buf out;
	json_t *data;

	job->text = file_read(job->arena, job->file, &job->len, &why);
	if (!job->text) {
		fprintf(stderr, "%s: %s\n", job->file, why);
		return FAULT;
	}
	m = template_parse(job->arena, job->file, job->text, job->len, NULL, &e);
	if (!m)
		return fault(e.text);
	data = data_read(job);
	if (!data)
		return FAULT;
	buf_init_arena(&out, job->arena, MUSTACHE_OUTPUT_MAX + FILE_BYTES_MAX);
	if (mustache_render(m, data, find_partial, job, mode_of(job), &out, &e) < 0)
		return fault(e.text);
	if (job->partial_err.code)
		return fault(job->partial_err.text);
	return job->platform ? show(job, &out) : print(&out, false);
}

static int render_guarded(struct job *job)
{
	if (setjmp(*arena_recovery(job->arena)))
		return fault("out of memory: the template or its data is too large");
	return render(job);
}

static bool one_of(const char *what, const char *value, const char *const *choices)
{
	size_t i;

	for (i = 0; choices[i]; i++)
		if (!strcmp(value, choices[i]))
			return true;
	fprintf(stderr, "tocsin render: %s does not know \"%s\": write", what, value);
	for (i = 0; choices[i]; i++)
		fprintf(stderr, "%s %s", i ? "," : "", choices[i]);
	fputc('\n', stderr);
	return false;
}

static int options_read(struct job *job, int argc, char **argv)
{
	static const char *const platforms[] = {"slack", "text", "html", "markdown", NULL};
	static const char *const escapes[] = {"markdown", "html", "none", NULL};
	static const struct option options[] = {
		{"for", required_argument, NULL, 'f'}, {"escape", required_argument, NULL, 'e'},
		{"partials", required_argument, NULL, 'p'}, {"help", no_argument, NULL, 'h'}, {0},
	};
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage_text, stdout);
			return DONE;
		}
		if (c == '?')
			return USAGE;
		*(c == 'f' ? &job->platform : c == 'e' ? &job->escape : &job->partials) = optarg;
	}
	if ((job->platform && !one_of("--for", job->platform, platforms)) ||
		!one_of("--escape", job->escape, escapes))
		return USAGE;
	if (argc - optind != 2) {
		fputs(usage_text, stderr);
		return USAGE;
	}
	job->file = argv[optind];
	job->data = argv[optind + 1];
	return -1;
}

int cli_render(int argc, char **argv)
{
	struct job *job = calloc(1, sizeof(*job));
	int rc;

	if (!job)
		return fault("out of memory");
	job->escape = "markdown";
	rc = options_read(job, argc, argv);
	if (rc < 0) {
		job->arena = arena_new(ARENA_BYTES_MAX);
		job->words = words_new(NULL, 0);
		rc = job->arena && job->words ? render_guarded(job) : fault("out of memory");
		words_free(job->words);
		arena_free(job->arena);
	}
	free(job);
	return rc;
}
