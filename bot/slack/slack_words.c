/* slack_words.c - see slack_words.h. */
#include "bot/slack/slack_words.h"

#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/effects.h"
#include "tocsin/err.h"
#include "tocsin/json_out.h"
#include "tocsin/plan.h"
#include "tocsin/render.h"

static void options(const struct slack_words *w, struct resolver *who, struct render_options *o)
{
	*o = (struct render_options){ .phrases = words_phrases(w->words) };
	if (w->plan) {
		resolver_slack(who, w->plan);
		o->who = who;
		o->tz = w->plan->timezone;
	}
}

int slack_words_message(const struct slack_words *w, const char *template_name, const char *data,
	struct json_out *j, struct err *err)
{
	struct message *m = words_message(w->words, w->arena, template_name, data, err);
	struct resolver who;
	struct render_options o;

	if (!m)
		return -1;
	options(w, &who, &o);
	slack_render_members(m, &o, j, NULL);
	return 0;
}

const char *slack_words_plain(const struct slack_words *w, const char *template_name,
	const char *data, size_t units, struct err *err)
{
	struct message *m = words_message(w->words, w->arena, template_name, data, err);
	struct resolver who;
	struct render_options o;
	struct buf b;

	if (!m)
		return NULL;
	options(w, &who, &o);
	o.no_buttons = true;
	o.max_units = units;
	buf_init_arena(&b, w->arena, SLACK_BODY_MAX);
	text_render(m, &o, &b);
	return buf_text(&b);
}

const char *slack_words_escape(struct arena *a, const char *text, size_t len)
{
	struct buf b;
	size_t i;

	buf_init_arena(&b, a, SLACK_BODY_MAX);
	for (i = 0; i < len; i++) {
		if (text[i] == '&')
			buf_str(&b, "&amp;");
		else if (text[i] == '<')
			buf_str(&b, "&lt;");
		else if (text[i] == '>')
			buf_str(&b, "&gt;");
		else
			buf_char(&b, text[i]);
	}
	return buf_text(&b);
}

int slack_words_form(const struct slack_words *w, const struct reply *reply, const char *place,
	struct buf *out, struct err *err)
{
	struct form *f = words_form(w->words, w->arena, reply->template_name, reply->data, err);
	struct resolver who;
	struct render_options o;

	if (!f)
		return -1;
	options(w, &who, &o);
	return slack_render_form(f, &o, reply->command, place, out, err);
}
