/* build_form.c - questions of a form: `[Label](<input:ID KIND ...> "hint")` and their options. */
#include "handlers/text/message_build.h"

#include <stdlib.h>
#include <string.h>

#include "handlers/text/guard.h"
#include "tocsin/arena.h"
#include "tocsin/form.h"

#define WORDS_MAX 16

static char *decoded(struct build *b, const char *s, size_t len)
{
	char *copy = arena_strndup(b->arena, s, len);

	copy[guard_decode(copy, len, '\n')] = '\0';
	return copy;
}

/*
 * Splits at spaces that the template wrote (a value's own spaces are guarded); quotes hold words
 * together. Words are decoded.
 */
static size_t words_split(struct build *b, const char *s, const char *words[WORDS_MAX])
{
	size_t n = 0, len;
	struct buf w;

	while (n < WORDS_MAX) {
		char quote = 0;

		while (*s == ' ' || *s == '\t' || *s == '\n')
			s++;
		if (!*s)
			break;
		buf_init_arena(&w, b->arena, 65536);
		for (; *s && (quote || (*s != ' ' && *s != '\t' && *s != '\n')); s++) {
			if (quote ? *s == quote : *s == '"' || *s == '\'')
				quote = quote ? 0 : *s;
			else
				buf_char(&w, *s);
		}
		len = w.len;
		words[n++] = len ? decoded(b, w.data, len) : "";
	}
	return n;
}

static bool id_good(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");

	return n > 0 && n <= 200 && !s[n];
}

static bool kind_read(const char *s, enum field_kind *kind)
{
	static const struct { const char *name; enum field_kind kind; } kinds[] = {
		{"text", FIELD_TEXT}, {"multiline", FIELD_MULTILINE}, {"choice", FIELD_CHOICE},
		{"person", FIELD_PERSON}, {"time", FIELD_DATE_TIME}, {"datetime", FIELD_DATE_TIME},
	};
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(s, kinds[i].name)) {
			*kind = kinds[i].kind;
			return true;
		}
	return false;
}

static unsigned length_read(const char *s)
{
	unsigned long v = strtoul(s, NULL, 10);

	return v > 3000 ? 3000 : (unsigned)v;
}

static bool option_word(struct form_field *f, const char *w)
{
	if (!strcmp(w, "required"))
		f->required = true;
	else if (!strncmp(w, "initial=", 8))
		f->initial = w[8] ? w + 8 : NULL;
	else if (!strncmp(w, "placeholder=", 12))
		f->placeholder = w[12] ? w + 12 : NULL;
	else if (!strncmp(w, "max=", 4))
		f->max_length = length_read(w + 4);
	else if (!strncmp(w, "min=", 4))
		f->min_length = length_read(w + 4);
	else
		return false;
	return true;
}

bool build_form_link(struct build *b, struct span *s, const char *href, const char *title)
{
	const char *words[WORDS_MAX];
	struct form_field *f;
	struct block *in;
	size_t n, i;

	if (!strcasecmp(href, "form:submit") || !strcasecmp(href, "form:close")) {
		const char **at = strcasecmp(href, "form:submit") ? &b->m->close : &b->m->submit;

		*at = spans_text(b->arena, s->children);
		return true;
	}
	if (strncasecmp(href, "input:", 6) != 0)
		return false;
	n = words_split(b, href + 6, words);
	f = ARENA_NEW(b->arena, struct form_field);
	if (n < 2 || !id_good(words[0]) || !kind_read(words[1], &f->kind))
		return false;
	f->id = words[0];
	f->label = spans_text(b->arena, s->children);
	f->hint = *title ? decoded(b, title, strlen(title)) : NULL;
	for (i = 2; i < n; i++)
		if (!option_word(f, words[i]))
			return false;
	in = ARENA_NEW(b->arena, struct block);
	in->kind = BLOCK_INPUT;
	in->field = f;
	*b->input_tail = in;
	b->input_tail = &in->next;
	b->options_for = f->kind == FIELD_CHOICE ? f : NULL;
	return true;
}

static void trim(const char **s, size_t *len)
{
	while (*len && (**s == ' ' || **s == '\t' || **s == '\n')) {
		(*s)++;
		(*len)--;
	}
	while (*len && ((*s)[*len - 1] == ' ' || (*s)[*len - 1] == '\n'))
		(*len)--;
}

/* "P1 = Core functionality broken", or one text that is both. */
void build_option(struct build *b, const char *raw, size_t len, bool chosen)
{
	struct form_field *f = b->options_for;
	const char *sign = NULL, *value, *label;
	size_t value_len, label_len, i;
	struct form_option *o;

	for (i = 1; i + 2 < len && !sign; i++)
		if (raw[i] == '=' && raw[i - 1] == ' ' && raw[i + 1] == ' ')
			sign = raw + i;
	value = label = raw;
	value_len = label_len = len;
	if (sign) {
		value_len = (size_t)(sign - raw);
		label = sign + 1;
		label_len = len - value_len - 1;
	}
	trim(&value, &value_len);
	trim(&label, &label_len);
	if (!f || !value_len)
		return;
	if (f->n_options == FORM_OPTIONS_MAX) {
		f->n_dropped++;
		return;
	}
	if (!f->options)
		f->options = ARENA_ARRAY(b->arena, struct form_option, FORM_OPTIONS_MAX);
	o = &f->options[f->n_options++];
	o->value = decoded(b, value, value_len);
	o->label = decoded(b, label, label_len);
	if (chosen)
		f->initial = o->value;
}
