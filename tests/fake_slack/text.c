/* text.c - what a person types, as Slack passes it on. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "workspace.h"

struct growing {
	char *text;
	size_t n, size;
};

static void growing_add(struct growing *g, const char *text, size_t n)
{
	if (g->n + n + 1 > g->size) {
		g->size = (g->n + n + 1) * 2;
		g->text = realloc(g->text, g->size);
	}
	memcpy(g->text + g->n, text, n);
	g->n += n;
	g->text[g->n] = '\0';
}

static void growing_puts(struct growing *g, const char *text)
{
	growing_add(g, text, strlen(text));
}

/* "<@U0BEN>" and the like: what the client makes of a picked name. Returns its length or 0. */
static size_t token_length(const char *text)
{
	const char *end;

	if (text[0] != '<' || !strchr("@#!h", text[1]) || !text[1])
		return 0;
	if (text[1] == 'h' && strncmp(text + 1, "http", 4) != 0)
		return 0;
	end = strpbrk(text + 1, "<>\n");
	return end && *end == '>' ? (size_t)(end - text) + 1 : 0;
}

static size_t word_length(const char *text)
{
	size_t n = 0;

	while (isalnum((unsigned char)text[n]) || strchr("-_.", text[n] ? text[n] : ' '))
		n++;
	while (n && text[n - 1] == '.')
		n--;
	return n;
}

static bool name_known(const struct workspace *ws, struct growing *g, const char *at, size_t n)
{
	const char *id;
	json_t *one;

	if (*at == '#') {
		for (size_t i = 0; i < ws->channel_count; i++) {
			const struct channel *ch = ws->channels[i];

			if (!ch->is_im && strlen(ch->name) == n && !strncmp(ch->name, at + 1, n)) {
				growing_puts(g, "<#");
				growing_puts(g, ch->id);
				growing_puts(g, "|");
				growing_puts(g, ch->is_private ? "" : ch->name);
				growing_puts(g, ">");
				return true;
			}
		}
		return false;
	}
	json_object_foreach(ws->users, id, one) {
		const char *name = json_text(one, "name");

		if (strlen(name) == n && !strncmp(name, at + 1, n)) {
			growing_puts(g, "<@");
			growing_puts(g, id);
			growing_puts(g, ">");
			return true;
		}
	}
	json_object_foreach(ws->usergroups, id, one) {
		const char *name = json_text(one, "handle");

		if (strlen(name) == n && !strncmp(name, at + 1, n)) {
			growing_puts(g, "<!subteam^");
			growing_puts(g, id);
			growing_puts(g, "|@");
			growing_puts(g, name);
			growing_puts(g, ">");
			return true;
		}
	}
	for (const char *const *word = (const char *const[]){ "here", "channel", "everyone", NULL };
	     *word; word++)
		if (strlen(*word) == n && !strncmp(*word, at + 1, n)) {
			growing_puts(g, "<!");
			growing_puts(g, *word);
			growing_puts(g, ">");
			return true;
		}
	return false;
}

char *text_escape_typed(const struct workspace *ws, const char *typed)
{
	struct growing g = { 0 };

	growing_puts(&g, "");
	for (const char *p = typed; *p;) {
		size_t n = token_length(p);

		if (n) {
			growing_add(&g, p, n);
			p += n;
			continue;
		}
		n = (*p == '@' || *p == '#') && (p == typed || !isalnum((unsigned char)p[-1])) ?
			word_length(p + 1) : 0;
		if (n && name_known(ws, &g, p, n)) {
			p += n + 1;
			continue;
		}
		if (*p == '&')
			growing_puts(&g, "&amp;");
		else if (*p == '<')
			growing_puts(&g, "&lt;");
		else if (*p == '>')
			growing_puts(&g, "&gt;");
		else
			growing_add(&g, p, 1);
		p++;
	}
	return g.text;
}

static void rich_text_add(json_t *elements, const char *text, size_t n)
{
	struct growing g = { 0 };

	if (!n)
		return;
	for (size_t i = 0; i < n;) {
		if (!strncmp(text + i, "&amp;", 5)) {
			growing_puts(&g, "&");
			i += 5;
		} else if (!strncmp(text + i, "&lt;", 4)) {
			growing_puts(&g, "<");
			i += 4;
		} else if (!strncmp(text + i, "&gt;", 4)) {
			growing_puts(&g, ">");
			i += 4;
		} else {
			growing_add(&g, text + i++, 1);
		}
	}
	json_array_append_new(elements, json_pack("{s:s, s:s}", "type", "text", "text", g.text));
	free(g.text);
}

/* "U0BEN|ben>" -> an element of the given kind with the id alone. */
static json_t *rich_id(const char *type, const char *key, const char *id)
{
	return json_pack("{s:s, s:s%}", "type", type, key, id, strcspn(id, "|>"));
}

json_t *text_rich_blocks(const char *text)
{
	json_t *elements = json_array();
	const char *plain = text;

	for (const char *p = text; *p;) {
		size_t n = token_length(p);
		json_t *one = NULL;

		if (!n) {
			p++;
			continue;
		}
		rich_text_add(elements, plain, (size_t)(p - plain));
		if (p[1] == '@')
			one = rich_id("user", "user_id", p + 2);
		else if (p[1] == '#')
			one = rich_id("channel", "channel_id", p + 2);
		else if (!strncmp(p, "<!subteam^", 10))
			one = rich_id("usergroup", "usergroup_id", p + 10);
		else if (p[1] == '!')
			one = rich_id("broadcast", "range", p + 2);
		else
			one = rich_id("link", "url", p + 1);
		json_array_append_new(elements, one);
		p += n;
		plain = p;
	}
	rich_text_add(elements, plain, strlen(plain));
	return json_pack("[{s:s, s:s, s:[{s:s, s:o}]}]", "type", "rich_text", "block_id", "rt", "elements",
			 "type", "rich_text_section", "elements", elements);
}
