/* page.c - serves the page's files and what a person sees in a channel. */
#include "page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "http.h"
#include "people.h"
#include "socket.h"
#include "workspace.h"

#define SHOWN_MAX 200 /* newest messages of a channel */
#define FILE_MAX (1u << 20)

static const struct page_file {
	const char *path, *name, *type;
} page_files[] = {
	{ "/", "index.html", "text/html; charset=utf-8" },
	{ "/index.html", "index.html", "text/html; charset=utf-8" },
	{ "/page/style.css", "style.css", "text/css; charset=utf-8" },
	{ "/page/app.js", "app.js", "text/javascript; charset=utf-8" },
	{ "/page/blocks.js", "blocks.js", "text/javascript; charset=utf-8" },
	{ "/page/mrkdwn.js", "mrkdwn.js", "text/javascript; charset=utf-8" },
	{ "/page/modal.js", "modal.js", "text/javascript; charset=utf-8" },
	{ "/page/dom.js", "dom.js", "text/javascript; charset=utf-8" },
	{ "/favicon.ico", "icon.svg", "image/svg+xml" },
	{ "/page/icon.svg", "icon.svg", "image/svg+xml" },
};

static void file_send(struct fake *f, struct request *r, const struct page_file *file)
{
	char path[600], *text;
	size_t n;
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", f->opt.page_dir, file->name);
	in = fopen(path, "rb");
	if (!in) {
		http_answer(r, 404, "text/plain", "not found", 9);
		return;
	}
	text = malloc(FILE_MAX);
	n = fread(text, 1, FILE_MAX, in);
	fclose(in);
	http_header(r, "content-security-policy",
		    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
		    "img-src 'self' https: data:; form-action 'none'; base-uri 'none'; "
		    "frame-ancestors 'none'");
	http_header(r, "x-content-type-options", "nosniff");
	http_header(r, "referrer-policy", "no-referrer");
	http_header(r, "cache-control", "no-cache");
	http_answer(r, 200, file->type, text, n);
	free(text);
}

static bool visible(const struct channel *ch, const char *user)
{
	if (ch->is_im)
		return !strcmp(ch->name, user);
	return !ch->is_private || channel_has(ch, user);
}

static json_t *channel_row(const struct workspace *ws, const struct channel *ch, const char *user)
{
	json_t *row = channel_json(ws, ch);
	const char *last = "";

	for (size_t i = ch->count; i > 0 && !*last; i--) {
		const struct message *m = ch->messages[i - 1];

		if (!m->deleted && strcmp(json_text(m->body, "user"), user) != 0 &&
		    strncmp(json_text(m->body, "subtype"), "channel_", 8) != 0 &&
		    (!*m->thread_ts || !strcmp(m->thread_ts, m->ts)))
			last = m->ts;
	}
	json_put(row, "last_ts", last);
	json_object_set_new(row, "joined", json_boolean(channel_has(ch, user)));
	return row;
}

static void selection_add(struct fake *f, json_t *out, struct channel *ch, const char *user,
			  const char *thread)
{
	json_t *list = json_array(), *replies = json_array(), *mine = json_array(), *pins = json_array();
	json_t *one;
	size_t i;

	for (i = ch->count; i > 0 && json_array_size(list) < SHOWN_MAX; i--) {
		const struct message *m = ch->messages[i - 1];
		bool reply = *m->thread_ts && strcmp(m->thread_ts, m->ts) != 0;

		if (m->deleted)
			continue;
		if (!reply || !strcmp(json_text(m->body, "subtype"), "thread_broadcast"))
			json_array_append(list, m->body);
	}
	for (i = 0; i < ch->count && *thread; i++)
		if (!ch->messages[i]->deleted && (!strcmp(ch->messages[i]->thread_ts, thread) ||
						  !strcmp(ch->messages[i]->ts, thread)))
			json_array_append(replies, ch->messages[i]->body);
	json_array_foreach(f->ws->ephemerals, i, one)
		if (!strcmp(json_text(one, "user"), user) && !strcmp(json_text(one, "channel"), ch->id))
			json_array_append(mine, one);
	json_array_foreach(ch->pins, i, one) {
		const struct message *m = message_find(ch, json_string_value(one));

		if (m)
			json_array_append(pins, m->body);
	}
	json_object_set_new(out, "messages", list);
	json_object_set_new(out, "replies", replies);
	json_object_set_new(out, "ephemerals", mine);
	json_object_set_new(out, "pins", pins);
	json_object_set(out, "bookmarks", ch->bookmarks);
}

/* GET /page/view?user=&channel=&thread=: all that one person sees now. */
static void view_send(struct fake *f, struct request *r)
{
	const char *user = people_user(f, r, r->query);
	json_t *channels, *views, *out;
	struct channel *ch;

	if (!user)
		return;
	channel_im(f->ws, user);
	ch = channel_find(f->ws, json_text(r->query, "channel"));
	channels = json_array();
	views = json_array();
	for (size_t i = 0; i < f->ws->channel_count; i++)
		if (visible(f->ws->channels[i], user))
			json_array_append_new(channels, channel_row(f->ws, f->ws->channels[i], user));
	for (struct view *v = f->ws->views; v; v = v->next)
		if (!strcmp(v->user, user)) {
			json_t *one = view_json(f->ws, v, true);

			if (v->errors)
				json_object_set(one, "errors", v->errors);
			json_array_append_new(views, one);
		}
	out = json_pack("{s:b, s:s, s:s, s:s, s:O, s:O, s:O, s:o, s:o, s:b, s:s}", "ok", 1, "team",
			f->ws->team_name, "bot_user", f->ws->bot_user, "user", user, "users", f->ws->users,
			"usergroups", f->ws->usergroups, "commands", f->ws->commands, "channels", channels,
			"views", views, "connected", hub_live(f) > 0 || f->delivery != NULL, "label",
			f->opt.page_label ? f->opt.page_label : "");
	if (ch && visible(ch, user))
		selection_add(f, out, ch, user, json_text(r->query, "thread"));
	http_answer_json_owned(r, 200, out);
}

void page_dispatch(struct fake *f, struct request *r)
{
	if (!strcmp(r->path, "/page/view")) {
		view_send(f, r);
		return;
	}
	if (!strcmp(r->path, "/page/events")) {
		http_header(r, "cache-control", "no-store");
		http_stream_open(r);
		return;
	}
	if (!strcmp(r->path, "/healthz")) {
		http_answer(r, 200, "text/plain", "ok\n", 3);
		return;
	}
	for (size_t i = 0; i < sizeof(page_files) / sizeof(page_files[0]); i++)
		if (!strcmp(page_files[i].path, r->path)) {
			file_send(f, r, &page_files[i]);
			return;
		}
	/* Permalinks lead to the page, which opens the message by itself. */
	if (!strncmp(r->path, "/archives/", 10)) {
		file_send(f, r, &page_files[0]);
		return;
	}
	http_answer(r, 404, "text/plain", "not found", 9);
}
