/*
 * slack_event.c - see slack_event.h.
 *
 * A message that mentions the bot arrives twice, as app_mention and as message: the second is left
 * to the first. A mention at the start is a command line; a mention in the middle of a sentence is
 * a message like any other, and belongs into the incident's timeline.
 */
#include "bot/slack/slack_event.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>

#include "bot/slack/slack_in.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/json_in.h"
#include "tocsin/request.h"

#define FILES_MAX 10
#define FAMILY_MAX 32

static struct request *request_new(struct arena *a, enum request_kind kind)
{
	struct request *r = ARENA_NEW(a, struct request);

	request_init(r);
	r->kind = kind;
	r->source = SOURCE_MENTION;
	r->who.platform = r->where.platform = PLATFORM_SLACK;
	return r;
}

/* The mention <@U..> or <@U..|name> of `user` at s: its length, 0 when there is none. */
static size_t mention_at(const char *s, const char *user)
{
	size_t n = strlen(user);
	const char *end;

	if (!n || s[0] != '<' || s[1] != '@' || strncmp(s + 2, user, n))
		return 0;
	if (s[2 + n] == '>')
		return n + 3;
	if (s[2 + n] != '|')
		return 0;
	end = strchr(s, '>');
	return end ? (size_t)(end - s) + 1 : 0;
}

static bool mentions(const char *text, const char *user)
{
	const char *s;

	for (s = strstr(text, "<@"); s; s = strstr(s + 2, "<@"))
		if (mention_at(s, user))
			return true;
	return false;
}

static size_t white(const char *s)
{
	size_t n = 0;

	for (;;) {
		if (s[n] == ' ' || s[n] == '\n' || s[n] == '\t' || s[n] == '\r')
			n++;
		else if (!strncmp(s + n, "\xc2\xa0", 2)) /* no-break space */
			n += 2;
		else
			return n;
	}
}

/* "rollback checkout": the first word names a family, or all of it is for /incident. */
static void set_command(struct arena *a, struct request *r, const char *line,
	const struct slack_identity *me)
{
	char word[FAMILY_MAX + 1];
	const char *from = line;
	size_t n = 0;

	if (*from == '/')
		from++;
	while (n < FAMILY_MAX && from[n] && !white(from + n)) {
		word[n] = (char)tolower((unsigned char)from[n]);
		n++;
	}
	word[n] = '\0';
	r->kind = REQUEST_COMMAND;
	if (n && me->is_family && me->is_family(word)) {
		r->family = arena_strdup(a, word);
		r->text = from + n + white(from + n);
	} else {
		r->family = "incident";
		r->text = line;
	}
}

/* Files have no place in the text; their links are part of what was said. */
static const char *with_files(struct arena *a, const char *text, const json_t *files)
{
	struct buf b;
	size_t i, n = json_array_size(files);

	if (!n)
		return text;
	buf_init_arena(&b, a, 64 * 1024);
	buf_str(&b, text);
	for (i = 0; i < n && i < FILES_MAX; i++) {
		const json_t *f = json_array_get(files, i);
		const char *link = json_in_str(f, "permalink"), *name = json_in_str(f, "name");

		if (!*link || strpbrk(link, "<>| \n"))
			continue;
		buf_printf(&b, "%s<%s|", b.len ? "\n" : "", link);
		for (; *name; name++)
			if (!strchr("<>|\n\r", *name))
				buf_char(&b, *name);
		buf_char(&b, '>');
	}
	return b.failed ? text : buf_text(&b);
}

/* What a message and a mention have in common. NULL: not a person's message, out says why. */
static struct request *said(struct arena *a, const json_t *e, const struct slack_identity *me,
	struct slack_in *out)
{
	struct request *r = request_new(a, REQUEST_MESSAGE);

	r->who.user = json_in_str(e, "user");
	r->where.channel = json_in_str(e, "channel");
	r->message_ts = json_in_str(e, "ts");
	r->where.thread = json_in_str(e, "thread_ts");
	if (!*r->who.user || !*r->where.channel || !*r->message_ts) {
		out->ignored = "a message without an author or a place";
		return NULL;
	}
	if (!strcmp(r->who.user, me->bot_user) || *json_in_str(e, "bot_id")) {
		out->ignored = "written by a bot";
		return NULL;
	}
	r->id = arena_printf(a, "slack:m:%s:%s", r->where.channel, r->message_ts);
	r->text = with_files(a, json_in_str(e, "text"), json_in_get(e, "files"));
	return r;
}

static void mention_parse(struct arena *a, const json_t *e, const struct slack_identity *me,
	struct slack_in *out)
{
	struct request *r = said(a, e, me, out);
	const char *text;
	size_t n;

	if (!r)
		return;
	out->req = r;
	text = json_in_str(e, "text");
	text += white(text);
	n = mention_at(text, me->bot_user);
	if (!n && !*me->bot_user && text[0] == '<' && text[1] == '@')
		n = strcspn(text, ">") + (strchr(text, '>') ? 1 : 0); /* before auth.test answered */
	if (!n)
		return;
	text += n;
	text += white(text);
	if (*text == ':' || *text == ',') /* "@tocsin: ack" */
		text += 1 + white(text + 1);
	set_command(a, r, text, me);
	out->ask = SLACK_ASK_MENTION;
}

static void message_parse(struct arena *a, const json_t *e, const struct slack_identity *me,
	struct slack_in *out)
{
	const char *sub = json_in_str(e, "subtype");
	struct request *r;

	if (*sub && strcmp(sub, "thread_broadcast") && strcmp(sub, "file_share")) {
		out->ignored = "a kind of message that says nothing";
		return;
	}
	r = said(a, e, me, out);
	if (!r)
		return;
	if (!strcmp(json_in_str(e, "channel_type"), "im")) {
		const char *text = json_in_str(e, "text");
		size_t n;

		text += white(text);
		n = mention_at(text, me->bot_user);
		text += n;
		set_command(a, r, text + white(text), me);
		out->ask = SLACK_ASK_MENTION;
	} else if (mentions(r->text, me->bot_user)) {
		out->ignored = "arrives as a mention, too";
		return;
	}
	out->req = r;
}

static void reaction_parse(struct arena *a, const json_t *e, const struct slack_identity *me,
	struct slack_in *out)
{
	struct request *r = request_new(a, REQUEST_REACTION);
	const json_t *item = json_in_get(e, "item");

	r->who.user = json_in_str(e, "user");
	r->text = json_in_str(e, "reaction");
	r->where.channel = json_in_str(item, "channel");
	r->message_ts = json_in_str(item, "ts");
	if (!*r->who.user || !*r->text || !*r->where.channel || !*r->message_ts) {
		out->ignored = "a reaction to something that is no message";
		return;
	}
	if (!strcmp(r->who.user, me->bot_user)) {
		out->ignored = "our own reaction";
		return;
	}
	r->id = arena_printf(a, "slack:r:%s:%s:%s:%s:%s", r->where.channel, r->message_ts, r->text,
		r->who.user, json_in_str(e, "event_ts"));
	out->req = r;
}

void slack_event_parse(struct arena *a, const struct json_t *payload,
	const struct slack_identity *me, struct slack_in *out)
{
	const json_t *e = json_in_get(payload, "event");

	/* app_rate_limited has no event inside. */
	out->sub_type = e ? json_in_str(e, "type") : json_in_str(payload, "type");
	if (!strcmp(out->sub_type, "app_mention"))
		mention_parse(a, e, me, out);
	else if (!strcmp(out->sub_type, "message"))
		message_parse(a, e, me, out);
	else if (!strcmp(out->sub_type, "reaction_added"))
		reaction_parse(a, e, me, out);
	else
		out->ignored = "no handler listens to this event";
}
