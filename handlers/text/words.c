/* words.c - the set of templates, and the way from a name and data to a message. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/text/words_set.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/builtin_templates.h"
#include "tocsin/err.h"
#include "tocsin/form.h"
#include "tocsin/message.h"
#include "tocsin/mustache.h"
#include "tocsin/render.h"
#include "tocsin/utf8.h"

#define WORDS_BYTES_MAX ((size_t)256 * 1024 * 1024)
#define DATA_BYTES_MAX ((size_t)16 * 1024 * 1024)

/* --- loading --------------------------------------------------------------------------------------- */

const struct word *words_find(const struct words *w, const char *name)
{
	size_t lo = 0, hi = w->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = strcmp(name, w->items[mid].name);

		if (c == 0)
			return &w->items[mid];
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

static void add_fault(struct words *w, const char *text)
{
	struct word_fault *f = ARENA_NEW(w->arena, struct word_fault);

	f->text = arena_strdup(w->arena, text);
	*w->fault_tail = f;
	w->fault_tail = &f->next;
	w->n_faults++;
}

static const char sample_lead[] = "{{! sample:";

/*
 * A template may begin with {{! sample: {...} }}. The JSON may hold "}}" itself, so this comment is
 * taken off before Mustache sees the text. Returns where the rest begins, 0: there is no sample.
 */
static size_t sample_read(const char *text, size_t len, size_t *sample_len)
{
	size_t i = sizeof(sample_lead) - 1, end;
	json_error_t je;
	json_t *j;

	if (len < i || memcmp(text, sample_lead, i) != 0)
		return 0;
	j = json_loadb(text + i, len - i, JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, &je);
	if (!j)
		return 0;
	json_decref(j);
	*sample_len = (size_t)je.position;
	end = i + *sample_len;
	while (end < len && strchr(" \t\r\n", text[end]) && text[end])
		end++;
	if (end + 2 > len || text[end] != '}' || text[end + 1] != '}')
		return 0;
	end += 2;
	if (end < len && text[end] == '\r')
		end++;
	if (end < len && text[end] == '\n')
		end++;
	return end;
}

struct mustache *template_parse(struct arena *a, const char *path, const char *text, size_t len,
	const char **sample, struct err *e)
{
	size_t sample_len = 0, body = sample_read(text, len, &sample_len), i;
	unsigned line = 1;

	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) { /* some editors put it there */
		text += 3;
		len -= 3;
		body = sample_read(text, len, &sample_len);
	}
	for (i = 0; i < body; i++)
		line += text[i] == '\n';
	if (sample)
		*sample = body ? arena_strndup(a, text + sizeof(sample_lead) - 1, sample_len) : "";
	return mustache_parse_at(a, path, line, text + body, len - body, e);
}

/* Text that is no UTF-8 was most likely saved in an old encoding. */
static bool encoding_good(struct words *w, const char *path, const char *text, size_t len)
{
	unsigned line = 1, column = 1;
	size_t i = 0, n;

	for (; i < len && (n = utf8_length(text + i, len - i)); i += n) {
		column++;
		if (text[i] == '\n') {
			line++;
			column = 1;
		}
	}
	if (i == len)
		return true;
	add_fault(w, arena_printf(w->arena, "%s:%u:%u: this byte is no UTF-8: save the file as UTF-8",
		path, line, column));
	return false;
}

static bool compile(struct words *w, struct word *word, const char *path, const char *text, size_t len)
{
	struct err e = {0};
	const char *sample;
	struct mustache *m;

	if (!encoding_good(w, path, text, len))
		return false;
	m = template_parse(w->arena, path, text, len, &sample, &e);
	if (!m) {
		add_fault(w, e.text);
		return false;
	}
	word->path = arena_strdup(w->arena, path);
	if (*sample || !word->sample) /* an override without one is tried with the built-in's */
		word->sample = sample;
	word->sample_bad = !*sample && len >= sizeof(sample_lead) - 1 &&
		!memcmp(text, sample_lead, sizeof(sample_lead) - 1);
	word->compiled = m;
	return true;
}

static void add_override(struct words *w, const struct words_source *s)
{
	union { const struct word *in; struct word *out; } found = {.in = words_find(w, s->name)};

	/* A name of the plan's own has no place where it would be asked for: most likely misspelt. It
	 * may still be a partial of another override, so it is loaded (and words_check() looks). */
	if (!found.out) {
		found.out = &w->items[w->n];
		memset(found.out, 0, sizeof(*found.out));
		found.out->name = arena_strdup(w->arena, s->name);
		if (!compile(w, found.out, s->path, s->text, s->len))
			return;
		found.out->foreign = true;
		w->n++;
		qsort(w->items, w->n, sizeof(*w->items), words_order);
		return;
	}
	compile(w, found.out, s->path, s->text, s->len);
}

int words_order(const void *a, const void *b)
{
	return strcmp(((const struct word *)a)->name, ((const struct word *)b)->name);
}

static const struct mustache *find_partial(void *ctx, const char *name)
{
	const struct word *w = words_find(ctx, name);

	return w ? w->compiled : NULL;
}

/* What `render/NAME` says as one line of plain text; NULL when there is no such template. */
static const char *phrase_load(struct words *w, const char *name)
{
	struct message *m = words_has(w, name) ? words_message(w, w->arena, name, NULL, NULL) : NULL;
	struct buf out;

	if (!m)
		return NULL;
	buf_init_arena(&out, w->arena, 4096);
	text_render(m, NULL, &out);
	return buf_text(&out);
}

static void load(struct words *w, const struct words_source *overrides, size_t n)
{
	char path[512];
	size_t i;

	w->items = ARENA_ARRAY(w->arena, struct word, builtin_templates_count + n + 1);
	for (i = 0; i < builtin_templates_count; i++) {
		const struct builtin_template *t = &builtin_templates[i];
		struct word *word = &w->items[w->n];

		memset(word, 0, sizeof(*word));
		word->name = t->name;
		snprintf(path, sizeof(path), strchr(t->name, '.') ? "templates/%s" : "templates/%s.md",
			t->name);
		if (compile(w, word, path, t->text, t->len))
			w->n++;
	}
	qsort(w->items, w->n, sizeof(*w->items), words_order);
	for (i = 0; i < n; i++)
		add_override(w, &overrides[i]);
	words_gather(w);
	w->phrases.shortened = phrase_load(w, "render/shortened");
	w->phrases.full_text = phrase_load(w, "render/full-text");
	w->phrases.confirm_title = phrase_load(w, "render/confirm-title");
	w->phrases.confirm_yes = phrase_load(w, "render/confirm-yes");
	w->phrases.confirm_no = phrase_load(w, "render/confirm-no");
	w->phrases.form_submit = phrase_load(w, "render/form-submit");
	w->phrases.form_close = phrase_load(w, "render/form-close");
}

static bool load_or_fail(struct words *w, const struct words_source *overrides, size_t n)
{
	if (setjmp(*arena_recovery(w->arena)))
		return false;
	load(w, overrides, n);
	arena_recovery_clear(w->arena);
	return true;
}

struct words *words_new(const struct words_source *overrides, size_t n)
{
	struct words *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->fault_tail = &w->faults;
	w->arena = arena_new(WORDS_BYTES_MAX);
	if (!w->arena || !load_or_fail(w, overrides, n)) {
		words_free(w);
		return NULL;
	}
	return w;
}

void words_free(struct words *w)
{
	if (!w)
		return;
	arena_free(w->arena);
	free(w);
}

/* --- use ------------------------------------------------------------------------------------------- */

bool words_has(const struct words *w, const char *name)
{
	return words_find(w, name) != NULL;
}

const struct phrases *words_phrases(const struct words *w)
{
	return &w->phrases;
}

void words_each(const struct words *w,
	void (*fn)(void *ctx, const char *name, const char *path, const char *sample), void *ctx)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		fn(ctx, w->items[i].name, w->items[i].path, w->items[i].sample);
}

static void drop_json(void *j)
{
	json_decref(j);
}

/* The data, freed with the arena. NULL with err set. */
static json_t *data_load(struct arena *a, const struct word *word, const char *data_json, struct err *e)
{
	json_error_t je = {0};
	struct buf picked;
	json_t *j = NULL;

	buf_init_arena(&picked, a, DATA_BYTES_MAX);
	if (data_json && words_pick(word, data_json, &picked))
		j = json_loadb(picked.data, picked.len, 0, NULL);
	if (!j)
		j = data_json && *data_json ? json_loads(data_json, 0, &je) : json_object();
	if (!j) {
		err_set(e, ERR_INVALID, "data for \"%s\" is no JSON: line %d, column %d: %s", word->name,
			je.line, je.column, je.text);
		return NULL;
	}
	arena_defer(a, drop_json, j);
	return j;
}

static int expand(const struct words *w, struct arena *a, const char *name, const char *data_json,
	enum escape_mode mode, struct buf *out, struct err *e)
{
	union { const struct words *in; void *out; } borrowed = {.in = w}; /* never written through */
	const struct word *word = words_find(w, name);
	json_t *data;

	if (!word)
		return err_set(e, ERR_BUG, "there is no template \"%s\"", name);
	data = data_load(a, word, data_json, e);
	if (!data)
		return -1;
	buf_init_arena(out, a, MUSTACHE_OUTPUT_MAX + 65536);
	return mustache_render(word->compiled, data, find_partial, borrowed.out, mode, out, e);
}

struct message *words_message(const struct words *w, struct arena *a, const char *template_name,
	const char *data_json, struct err *e)
{
	struct buf out = {0};

	if (expand(w, a, template_name, data_json, ESCAPE_GUARD, &out, e) < 0)
		return NULL;
	return message_parse(a, buf_text(&out), out.len);
}

struct form *words_form(const struct words *w, struct arena *a, const char *template_name,
	const char *data_json, struct err *e)
{
	struct message *m = words_message(w, a, template_name, data_json, e);

	return m ? form_from_message(m, template_name, words_phrases(w), e) : NULL;
}

char *words_text(const struct words *w, struct arena *a, const char *template_name,
	const char *data_json, int escape_mode, struct err *e)
{
	struct buf out = {0};

	if (expand(w, a, template_name, data_json, (enum escape_mode)escape_mode, &out, e) < 0)
		return NULL;
	return arena_strndup(a, buf_text(&out), out.len);
}
