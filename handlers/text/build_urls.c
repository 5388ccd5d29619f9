/*
 * build_urls.c - `[{{text}}](links:)`: web addresses that somebody typed can be pressed.
 *
 * What is pressed is what is read: the label of such a link is its target, to the letter.
 */
#include <string.h>

#include "handlers/text/message_build.h"
#include "tocsin/arena.h"

#define URL_MAX 2000

static bool letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static size_t scheme_at(const char *s)
{
	if (!strncmp(s, "https://", 8))
		return 8;
	return strncmp(s, "http://", 7) ? 0 : 7;
}

/* Bytes of the address at s, 0 when there is none. Full stops and brackets around it are not its own. */
static size_t url_length(const char *s)
{
	size_t scheme = scheme_at(s), n, i;
	int open = 0;

	if (!scheme)
		return 0;
	n = scheme + strcspn(s + scheme, " \t\n<>\"|`\\^{}");
	for (i = 0; i < n; i++)
		open += s[i] == '(' ? 1 : s[i] == ')' ? -1 : 0;
	while (n > scheme && strchr(".,;:!?'*_~])", s[n - 1])) {
		if (s[n - 1] == ')') {
			if (open >= 0)
				break; /* it closes one of the address's own */
			open++;
		}
		n--;
	}
	return n > scheme && n <= URL_MAX && (letter(s[scheme]) || (unsigned char)s[scheme] >= 0x80 ||
		s[scheme] == '[') ? n : 0;
}

static struct span **add(struct build *b, struct span **at, enum span_kind kind, const char *text,
	size_t len)
{
	struct span *s;

	if (!len)
		return at;
	s = ARENA_NEW(b->arena, struct span);
	s->kind = kind;
	s->target = "";
	s->text = arena_strndup(b->arena, text, len);
	s->len = len;
	*at = s;
	return &s->next;
}

static struct span **split(struct build *b, struct span **at, const struct span *s)
{
	const char *from = s->text, *p;
	struct span *link;
	size_t n;

	for (p = s->text; *p; p += n ? n : 1) {
		n = p > s->text && letter(p[-1]) ? 0 : url_length(p);
		if (!n)
			continue;
		at = add(b, at, SPAN_TEXT, from, (size_t)(p - from));
		link = ARENA_NEW(b->arena, struct span);
		link->kind = SPAN_LINK;
		link->text = "";
		link->target = arena_strndup(b->arena, p, n);
		add(b, &link->children, SPAN_TEXT, p, n);
		*at = link;
		at = &link->next;
		from = p + n;
	}
	return add(b, at, SPAN_TEXT, from, (size_t)(p - from));
}

struct span **build_urls(struct build *b, struct span **at, struct span *children)
{
	struct span *s, *next;

	for (s = children; s; s = next) {
		next = s->next;
		if (s->kind == SPAN_TEXT) {
			at = split(b, at, s);
			continue;
		}
		*at = s;
		s->next = NULL;
		at = &s->next;
	}
	return at;
}
