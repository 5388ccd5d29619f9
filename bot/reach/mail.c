/*
 * mail.c - op "mail": the template as a mail with a text and an HTML part, to one person.
 *
 * The button for the entry's `ack` command becomes a signed link; other commands stay text. The
 * Message-ID is made of the idempotency key, so a receiver that sees a repeat can drop it.
 */
#include <string.h>

#include "bot/clock.h"
#include "bot/reach/attempt.h"
#include "bot/reach/mail_message.h"
#include "bot/web/ack_link.h"
#include "bot/web/link_key.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/json_out.h"
#include "tocsin/message.h"
#include "tocsin/mustache.h"
#include "tocsin/plan.h"
#include "tocsin/render.h"

#define MAIL_MAX (1u << 20)
#define PART_MAX ((size_t)256 * 1024)

struct ack_button {
	const char *command; /* of the entry */
	const char *url;     /* NULL: no signed links (no public_url in the plan) */
	bool used;
};

static const char *button_url(void *ctx, const char *command)
{
	struct ack_button *b = ctx;

	if (!b->url || strcmp(command, b->command) != 0)
		return NULL;
	b->used = true;
	return b->url;
}

static const struct plan_connection *smtp_connection(const struct plan *p)
{
	size_t i;

	for (i = 0; i < p->n_connections; i++)
		if (p->connections[i].kind == PLAN_CONN_SMTP)
			return &p->connections[i];
	return NULL;
}

/* Both parts of a message, appended to what they hold. */
static void put_parts(struct attempt *a, const struct outgoing *o, const struct message *m,
	struct ack_button *button, struct buf *text, struct buf *html)
{
	const struct words *words = a->reach->o.words(a->reach->o.ud);
	struct resolver who;
	struct render_options ro = {.who = &who, .phrases = words_phrases(words), .button_url = button_url,
		.button_ctx = button, .tz = o->plan->timezone};

	resolver_slack(&who, o->plan);
	text_render(m, &ro, text);
	html_render(m, &ro, html);
}

/* A template that has no button for the command gets it at its end: the mail can always be
 * answered. */
static void put_missing_button(struct attempt *a, const struct outgoing *o, struct ack_button *button,
	struct buf *text, struct buf *html)
{
	const struct words *words = a->reach->o.words(a->reach->o.ud);
	struct message *m;
	struct json_out j;
	struct buf data;

	if (!button->url || button->used)
		return;
	buf_init_arena(&data, a->arena, 4096);
	json_out_init(&j, &data);
	json_out_object(&j, NULL);
	json_out_str(&j, "ack", button->command);
	json_out_object_end(&j);
	m = words_message(words, a->arena, "reach/ack_link", buf_text(&data), NULL);
	if (!m)
		return;
	buf_str(text, "\n\n");
	put_parts(a, o, m, button, text, html);
}

static const char *html_page(struct attempt *a, const char *subject, const char *body)
{
	struct json_out j;
	struct buf data;
	const char *page;

	buf_init_arena(&data, a->arena, PART_MAX * 2);
	json_out_init(&j, &data);
	json_out_object(&j, NULL);
	json_out_str(&j, "subject", subject);
	json_out_str(&j, "body", body);
	json_out_object_end(&j);
	page = words_text(a->reach->o.words(a->reach->o.ud), a->arena, "reach/mail.html", buf_text(&data),
		ESCAPE_HTML, NULL);
	return page ? page : body;
}

/* 0; -1 when it was settled. */
static int sign_button(struct attempt *a, const struct outgoing *o, const struct plan_person *person,
	struct ack_button *button)
{
	const struct ack_link_key *key = link_key_get(a->reach->o.link_key);
	struct ack_link link = {.command = o->send->ack, .person = person->key,
		.expires_ms = clock_now_ms(a->reach->o.clock) + ACK_LINK_LIFE_MS};
	const char *token;

	button->command = o->send->ack;
	if (!*o->send->ack || !o->plan->public_url || !a->reach->o.link_key)
		return 0;
	if (!key) {
		attempt_settle(a, SENT_LATER, "no_link_key", "the key for signed links is not loaded yet");
		return -1;
	}
	token = ack_link_sign(a->arena, key, &link, NULL);
	if (token)
		button->url = ack_link_url(a->arena, o->plan->public_url, token);
	return 0;
}

static void judge_mail(struct attempt *a, const struct http_answer *answer, struct sent *r)
{
	if (answer->status >= 200 && answer->status < 300) {
		r->outcome = SENT_ACCEPTED;
		return;
	}
	r->outcome = answer->status >= 500 ? SENT_REFUSED : SENT_LATER;
	r->error = arena_printf(a->arena, "smtp_%ld", answer->status);
	r->detail = answer->error ? arena_strdup(a->arena, answer->error) : "";
}

static void transfer(struct attempt *a, const struct outgoing *o, const struct plan_connection *conn,
	struct mail_message *m)
{
	struct http_request req = {.method = "POST", .url = conn->url, .mail_from = m->from,
		.mail_to = m->to, .user = conn->user, .password = conn->password,
		.allow_http = conn->private_ok, .refuse_private = !conn->private_ok, .timeout_ms = 30000};
	struct err err = {0};
	struct buf body;

	buf_init_arena(&body, a->arena, MAIL_MAX);
	m->id = mail_id(a->arena, o->send->key, m->from);
	if (*o->send->entity)
		m->thread_id = mail_id(a->arena, o->send->entity, m->from);
	if (mail_build(m, &body, &err) < 0) {
		attempt_settle(a, SENT_REFUSED, "bad_address", arena_strdup(a->arena, err.text));
		return;
	}
	req.body = body.data;
	req.body_len = body.len;
	attempt_send(a, &req, judge_mail);
}

void mail_begin(struct attempt *a, const struct outgoing *o)
{
	const struct plan_connection *conn = smtp_connection(o->plan);
	const struct plan_person *person = plan_person(o->plan, o->send->person);
	struct ack_button button = {0};
	struct mail_message m = {.from_name = "tocsin", .date_ms = clock_wall_ms()};
	struct message *message;
	struct err err = {0};
	struct buf text, html;

	if (!conn || !conn->url || !conn->from) {
		attempt_settle(a, SENT_REFUSED, "no_mail_connection",
			"the plan has no connection of kind smtp with url and from");
		return;
	}
	if (!person || !person->mail) {
		attempt_settle(a, SENT_REFUSED, "no_address", "the plan has no mail address for this person");
		return;
	}
	message = words_message(a->reach->o.words(a->reach->o.ud), a->arena, o->send->template_name,
		o->send->data, &err);
	if (!message) {
		attempt_settle(a, SENT_REFUSED, "bad_template", arena_strdup(a->arena, err.text));
		return;
	}
	if (sign_button(a, o, person, &button) < 0)
		return;
	buf_init_arena(&text, a->arena, PART_MAX);
	buf_init_arena(&html, a->arena, PART_MAX);
	put_parts(a, o, message, &button, &text, &html);
	put_missing_button(a, o, &button, &text, &html);
	m.from = conn->from;
	m.to = person->mail;
	m.to_name = person->name;
	m.subject = *message_title(message) ? message_title(message) : "tocsin";
	m.text = buf_text(&text);
	m.html = html_page(a, m.subject, buf_text(&html));
	transfer(a, o, conn, &m);
}
