/* build_link.c - links, and what their schemes turn them into: buttons, mentions, times. */
#include "handlers/text/message_build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/text/guard.h"
#include "tocsin/arena.h"
#include "tocsin/utf8.h"

#define URL_BYTES_MAX 65536

/* A copy with the guards turned back and everything on one line. */
static char *decoded(struct build *b, const char *s)
{
	size_t len = strlen(s), i;
	char *copy = arena_strndup(b->arena, s, len);

	len = guard_decode(copy, len, ' ');
	copy[len] = '\0';
	for (i = 0; i < len; i++)
		if ((unsigned char)copy[i] < 0x20 || copy[i] == 0x7f)
			copy[i] = ' ';
	return copy;
}

/* --- what a link can be -------------------------------------------------------------------------- */

static const char *after(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncasecmp(s, prefix, n) == 0 ? s + n : NULL;
}

/* The link goes; what it said stays in its place. */
static void unwrap(struct build *b, struct span *s, struct span **where)
{
	*where = s->children;
	while (*where)
		where = &(*where)->next;
	b->tail = where;
}

static void take_out(struct build *b, struct span **where)
{
	*where = NULL;
	b->tail = where;
}

/* Mentions and times: the label is plain text. */
static void become(struct build *b, struct span *s, enum span_kind kind, const char *target)
{
	s->kind = kind;
	s->text = spans_text(b->arena, s->children);
	s->len = strlen(s->text);
	s->children = NULL;
	s->target = target;
}

static bool time_read(const char *spec, int64_t *seconds, enum time_style *style)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(spec, &end, 10);
	if (end == spec || errno || v > 99999999999999LL || v < -99999999999LL)
		return false;
	if (v >= 100000000000LL)
		v /= 1000; /* that many can only be milliseconds */
	*seconds = v;
	*style = TIME_FULL;
	if (!*end)
		return true;
	if (!strcmp(end, ":date"))
		*style = TIME_DATE;
	else if (!strcmp(end, ":clock") || !strcmp(end, ":time"))
		*style = TIME_CLOCK;
	else if (!strcmp(end, ":ago"))
		*style = TIME_AGO;
	else
		return false;
	return true;
}

/* "primary", "danger", "confirm: Really?", or both with the style first. */
static void button_title(struct build *b, struct button *bt, const char *title)
{
	const char *rest;

	if ((rest = after(title, "primary")))
		bt->primary = true;
	else if ((rest = after(title, "danger")))
		bt->danger = true;
	else
		rest = title;
	while (*rest == ' ' || *rest == ',')
		rest++;
	if ((rest = after(rest, "confirm:"))) {
		while (*rest == ' ')
			rest++;
		bt->confirm = *rest ? decoded(b, rest) : NULL;
	}
}

static void build_button(struct build *b, struct span *s, const char *command, const char *title)
{
	struct button *bt = ARENA_NEW(b->arena, struct button);
	char *label = arena_strdup(b->arena, spans_text(b->arena, s->children)), *p;

	for (p = label; *p; p++)
		if (*p == '\n')
			*p = ' ';
	while (*command == ' ' || *command == '/')
		command++;
	bt->command = command;
	bt->label = *label ? label : command;
	button_title(b, bt, title);
	*b->button_tail = bt;
	b->button_tail = &bt->next;
}

/* Writes what must not stand in a URL as %XX. NULL: not a URL that we let through. */
static const char *url_clean(struct build *b, const char *url)
{
	struct buf out;
	size_t i, len = strlen(url);

	if (!after(url, "http://") && !after(url, "https://") && !after(url, "mailto:"))
		return NULL;
	if (!utf8_valid(url, len))
		return NULL;
	for (i = 0; i < len; i++)
		if ((unsigned char)url[i] <= 0x20 || strchr("<>|\"\\^`{}", url[i]) || url[i] == 0x7f)
			break;
	if (i == len)
		return url;
	buf_init_arena(&out, b->arena, URL_BYTES_MAX * 3);
	for (i = 0; i < len; i++) {
		if ((unsigned char)url[i] <= 0x20 || strchr("<>|\"\\^`{}", url[i]) || url[i] == 0x7f)
			buf_printf(&out, "%%%02X", (unsigned char)url[i]);
		else
			buf_char(&out, url[i]);
	}
	return buf_text(&out);
}

void build_link(struct build *b, struct span *s, struct span **where, const char *href,
	const char *title)
{
	const char *rest, *plain = decoded(b, href);

	/* The scheme is read before the guards are turned back: a value cannot bring one along. */
	if ((rest = after(href, "action:"))) {
		build_button(b, s, decoded(b, rest), title);
		take_out(b, where);
	} else if (after(href, "input:") || after(href, "form:")) {
		if (build_form_link(b, s, href, title))
			take_out(b, where);
		else
			unwrap(b, s, where);
	} else if (!strcasecmp(href, "links:")) {
		*where = NULL;
		b->tail = build_urls(b, where, s->children);
	} else if (after(href, "person:")) {
		become(b, s, SPAN_PERSON, plain + strlen("person:"));
	} else if (after(href, "user:")) {
		become(b, s, SPAN_USER, plain + strlen("user:"));
	} else if (after(href, "channel:")) {
		become(b, s, SPAN_CHANNEL, plain + strlen("channel:"));
	} else if (after(href, "time:") && time_read(plain + strlen("time:"), &s->time_s, &s->style)) {
		become(b, s, SPAN_TIME, "");
	} else {
		s->target = url_clean(b, plain);
		if (!s->target)
			unwrap(b, s, where);
	}
}
