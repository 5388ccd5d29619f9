/* md_tape.c - see md_tape.h. */
#include "handlers/text/md_tape.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/utf8.h"

#define STRINGS_MAX (8u * 1024 * 1024)

/* --- entities ------------------------------------------------------------------------------------ */

static const struct { const char *name, *text; } entities[] = {
	{"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}, {"nbsp", "\xc2\xa0"},
	{"ndash", "\xe2\x80\x93"}, {"mdash", "\xe2\x80\x94"}, {"hellip", "\xe2\x80\xa6"},
	{"bull", "\xe2\x80\xa2"}, {"middot", "\xc2\xb7"}, {"rarr", "\xe2\x86\x92"},
	{"larr", "\xe2\x86\x90"}, {"times", "\xc3\x97"}, {"copy", "\xc2\xa9"},
	{"deg", "\xc2\xb0"}, {"euro", "\xe2\x82\xac"},
};

static size_t named_entity(const char *name, size_t len, char *out)
{
	size_t i, n;

	for (i = 0; i < sizeof(entities) / sizeof(*entities); i++) {
		if (strlen(entities[i].name) != len || memcmp(name, entities[i].name, len) != 0)
			continue;
		n = strlen(entities[i].text);
		memcpy(out, entities[i].text, n);
		return n;
	}
	return 0;
}

size_t md_entity(const char *s, size_t len, char *out)
{
	uint32_t code = 0, base = 10;
	size_t i = 2;

	if (len < 4 || s[0] != '&' || s[len - 1] != ';')
		return 0;
	if (s[1] != '#')
		return named_entity(s + 1, len - 2, out);
	if (s[i] == 'x' || s[i] == 'X') {
		base = 16;
		i++;
	}
	for (; i + 1 < len && code <= 0x10ffff; i++)
		code = code * base +
			(uint32_t)(s[i] <= '9' ? s[i] - '0' : (s[i] | 0x20) - 'a' + 10);
	/* The last range stands for something else here (guard.h). */
	if (code == 0 || code > 0x10ffff || (code >= 0xfdd0 && code <= 0xfdef))
		code = 0xfffd;
	return utf8_encode(code, out);
}

/* --- recording ----------------------------------------------------------------------------------- */

static bool strings_add(struct md_tape *t, const char *s, size_t len)
{
	size_t cap = t->strings_cap ? t->strings_cap : 512;
	char *more;

	if (len > STRINGS_MAX - t->strings_len)
		return false;
	while (cap < t->strings_len + len)
		cap *= 2;
	if (cap != t->strings_cap) {
		more = realloc(t->strings, cap);
		if (!more) {
			t->no_memory = true;
			return false;
		}
		t->strings = more;
		t->strings_cap = cap;
	}
	if (len)
		memcpy(t->strings + t->strings_len, s, len);
	t->strings_len += len;
	return true;
}

/* An attribute's text; *at is where it begins in the strings. */
static bool attribute_add(struct md_tape *t, const MD_ATTRIBUTE *attr, size_t *at)
{
	unsigned i;
	char small[8];
	size_t n;

	*at = t->strings_len;
	for (i = 0; attr->text && attr->size && attr->substr_offsets[i] < attr->size; i++) {
		const char *s = attr->text + attr->substr_offsets[i];
		size_t len = attr->substr_offsets[i + 1] - attr->substr_offsets[i];

		if (attr->substr_types[i] == MD_TEXT_NULLCHAR) {
			s = "\xef\xbf\xbd";
			len = 3;
		} else if (attr->substr_types[i] == MD_TEXT_ENTITY && (n = md_entity(s, len, small))) {
			s = small;
			len = n;
		}
		if (!strings_add(t, s, len))
			return false;
	}
	return strings_add(t, "", 1);
}

static struct md_event *event_add(struct md_tape *t, enum md_event_kind kind, int type)
{
	struct md_event *e;

	if (t->n == MD_EVENTS_MAX)
		return NULL;
	if (t->n == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 128;

		e = realloc(t->events, cap * sizeof(*e));
		if (!e) {
			t->no_memory = true;
			return NULL;
		}
		t->events = e;
		t->cap = cap;
	}
	e = &t->events[t->n++];
	memset(e, 0, sizeof(*e));
	e->kind = kind;
	e->type = type;
	return e;
}

static int on_md4c_enter_block(MD_BLOCKTYPE type, void *detail, void *ctx)
{
	struct md_tape *t = ctx;
	struct md_event *e = event_add(t, MD_ENTER_BLOCK, type);
	const MD_BLOCK_LI_DETAIL *li = detail;

	if (!e)
		return 1;
	switch (type) {
	case MD_BLOCK_OL:
		e->number = ((const MD_BLOCK_OL_DETAIL *)detail)->start;
		break;
	case MD_BLOCK_LI:
		e->number = li->is_task ? (unsigned char)li->task_mark : 0;
		break;
	case MD_BLOCK_H:
		e->number = ((const MD_BLOCK_H_DETAIL *)detail)->level;
		break;
	case MD_BLOCK_TABLE:
		e->number = ((const MD_BLOCK_TABLE_DETAIL *)detail)->col_count;
		break;
	case MD_BLOCK_CODE:
		if (attribute_add(t, &((const MD_BLOCK_CODE_DETAIL *)detail)->lang, &e->title))
			break;
		t->n--; /* half an event is none */
		return 1;
	default:
		break;
	}
	return 0;
}

static int on_md4c_leave_block(MD_BLOCKTYPE type, void *detail, void *ctx)
{
	(void)detail;
	return !event_add(ctx, MD_LEAVE_BLOCK, type);
}

static int on_md4c_enter_span(MD_SPANTYPE type, void *detail, void *ctx)
{
	struct md_tape *t = ctx;
	struct md_event *e = event_add(t, MD_ENTER_SPAN, type);
	const MD_SPAN_A_DETAIL *a = detail; /* an image's detail has the same shape */

	if (!e)
		return 1;
	if (type != MD_SPAN_A && type != MD_SPAN_IMG)
		return 0;
	if (attribute_add(t, &a->href, &e->href) && attribute_add(t, &a->title, &e->title))
		return 0;
	t->n--;
	return 1;
}

static int on_md4c_leave_span(MD_SPANTYPE type, void *detail, void *ctx)
{
	(void)detail;
	return !event_add(ctx, MD_LEAVE_SPAN, type);
}

static int on_md4c_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE len, void *ctx)
{
	struct md_event *e = event_add(ctx, MD_TEXT, type);

	if (!e)
		return 1;
	e->text = text; /* into the Markdown, or a constant of md4c */
	e->len = len;
	return 0;
}

static void drop(void *tape)
{
	struct md_tape *t = tape;

	free(t->events);
	free(t->strings);
	t->events = NULL;
	t->strings = NULL;
	t->n = 0;
}

void md_tape_free(struct md_tape *t)
{
	drop(t);
}

/* md4c lets NULs through in some places (code spans); here none arrives. */
static const char *without_nuls(struct arena *a, const char *s, size_t *len)
{
	size_t i, n = 0;
	char *copy, *out;

	for (i = 0; i < *len; i++)
		n += !s[i];
	if (!n)
		return s;
	out = copy = arena_alloc(a, *len + 2 * n + 1);
	for (i = 0; i < *len; i++) {
		if (s[i]) {
			*out++ = s[i];
		} else {
			memcpy(out, "\xef\xbf\xbd", 3);
			out += 3;
		}
	}
	*len += 2 * n;
	return copy;
}

struct md_tape *md_tape_record(struct arena *a, const char *markdown, size_t len)
{
	static const MD_PARSER parser = {
		.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS | MD_FLAG_NOHTML |
			MD_FLAG_PERMISSIVEURLAUTOLINKS | MD_FLAG_NOINDENTEDCODEBLOCKS,
		.enter_block = on_md4c_enter_block, .leave_block = on_md4c_leave_block,
		.enter_span = on_md4c_enter_span, .leave_span = on_md4c_leave_span,
		.text = on_md4c_text,
	};
	struct md_tape *t = ARENA_NEW(a, struct md_tape);

	arena_defer(a, drop, t);
	if (len > MD_BYTES_MAX)
		len = MD_BYTES_MAX;
	markdown = without_nuls(a, markdown, &len);
	/* -1 is md4c's own lack of memory; 1 is ours, or the end of the tape. */
	if (md_parse(markdown, (MD_SIZE)len, &parser, t) < 0 || t->no_memory)
		arena_alloc(a, (size_t)-1);
	return t;
}
