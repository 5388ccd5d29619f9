/*
 * web_ack.c - /ack: the page behind the signed link in a mail.
 *
 * Looking at it changes nothing: mail scanners open every link. Its one button posts the token
 * back; that becomes a command of the person in the token. Each look has a number of its own, so a
 * button pressed twice acts once, while the same link works again on the next page.
 */
#include <jansson.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "bot/clock.h"
#include "bot/log.h"
#include "bot/sign.h"
#include "bot/tasks.h"
#include "bot/web/ack_link.h"
#include "bot/web/link_key.h"
#include "bot/web/web_private.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/json_out.h"
#include "tocsin/message.h"
#include "tocsin/mustache.h"
#include "tocsin/plan.h"
#include "tocsin/render.h"
#include "tocsin/request.h"

#define PAGE_BYTES (8u << 20)
#define BODY_MAX (256u << 10)
#define NONCE_BYTES 16

/* What a page is made of. */
struct page {
	struct web *web;
	struct arena *arena;
	const struct plan *plan;
	struct ack_link link;
	const char *person_name;
	const char *token;      /* not "": show the button */
	const char *n;
};

static const char *hex_nonce(struct arena *a)
{
	unsigned char bytes[NONCE_BYTES];
	char *hex = arena_alloc(a, 2 * NONCE_BYTES + 1);

	if (random_bytes(bytes, sizeof(bytes)) < 0)
		memset(bytes, 0, sizeof(bytes)); /* no style then, and nothing worse */
	hex_encode(bytes, sizeof(bytes), hex);
	return hex;
}

/* "incident ack INC-42": what the button is about; "" when it is another command. */
static const char *acked(const struct page *p)
{
	const char *s = strstr(p->link.command, " ack ");

	return s ? s + 5 : "";
}

/* Data for the templates: what the link says. */
static const char *page_data(const struct page *p, bool refused, bool failed)
{
	struct json_out j;
	struct buf b;

	buf_init_arena(&b, p->arena, 8192);
	json_out_init(&j, &b);
	json_out_object(&j, NULL);
	json_out_str(&j, "person", p->person_name ? p->person_name : p->link.person);
	json_out_str(&j, "command", p->link.command);
	json_out_bool(&j, "ack", *acked(p) != '\0');
	json_out_str(&j, "about", acked(p));
	json_out_bool(&j, "refused", refused);
	json_out_bool(&j, "failed", failed);
	json_out_object_end(&j);
	return buf_text(&b);
}

/* Renders a template as HTML to the end of out; its title, "" when it could not be rendered. */
static const char *add_template(const struct page *p, const char *name, const char *data, struct buf *out)
{
	const struct words *words = p->web->o.words(p->web->o.ud);
	struct message *m = words_message(words, p->arena, name, data, NULL);
	struct render_options ro = {.no_buttons = true, .phrases = words_phrases(words)};
	struct resolver who;

	if (!m)
		return "";
	resolver_slack(&who, p->plan);
	ro.who = &who;
	html_render(m, &ro, out);
	return message_title(m);
}

static void answer_page(const struct page *p, uint64_t id, int status, const char *title,
	const struct buf *body)
{
	const char *nonce = hex_nonce(p->arena), *html;
	struct web_answer a = {.status = status, .type = "text/html; charset=utf-8"};
	struct json_out j;
	struct buf data;

	buf_init_arena(&data, p->arena, (size_t)BODY_MAX * 2);
	json_out_init(&j, &data);
	json_out_object(&j, NULL);
	json_out_str(&j, "title", *title ? title : "tocsin");
	json_out_str(&j, "nonce", nonce);
	json_out_strn(&j, "body", buf_text(body), body->len);
	json_out_bool(&j, "ack", *acked(p) != '\0');
	if (p->token) {
		json_out_object(&j, "ask");
		json_out_str(&j, "token", p->token);
		json_out_str(&j, "n", p->n);
		json_out_object_end(&j);
	}
	json_out_object_end(&j);
	html = words_text(p->web->o.words(p->web->o.ud), p->arena, "web/page.html", buf_text(&data),
		ESCAPE_HTML, NULL);
	a.body = html ? html : buf_text(body);
	a.len = strlen(a.body);
	a.csp = arena_printf(p->arena, "default-src 'none'; style-src 'nonce-%s'; form-action 'self'; "
		"base-uri 'none'; frame-ancestors 'none'", nonce);
	if (status == 503)
		a.headers = "Retry-After: 5\r\n";
	if (p->web->server)
		web_answer(p->web->server, id, &a);
}

static void answer_template(const struct page *p, uint64_t id, int status, const char *name)
{
	struct buf body;
	const char *title;

	buf_init_arena(&body, p->arena, BODY_MAX);
	title = add_template(p, name, page_data(p, false, false), &body);
	answer_page(p, id, status, title, &body);
}

/* The button was pressed and a task is at it. */
struct press {
	struct web *web;
	uint64_t request;
	char command[ACK_LINK_COMMAND_MAX + 1];
	char person[129];
};

static int status_of(const struct answer *answer)
{
	switch (answer->kind) {
	case ANSWER_DONE:
		return 200;
	case ANSWER_REFUSED:
		return 409;
	case ANSWER_BROKEN:
		return 500;
	default:
		return 503;
	}
}

static void show_result(const struct press *press, const struct answer *answer, struct arena *a,
	const struct plan *plan)
{
	struct page p = {.web = press->web, .arena = a, .plan = plan,
		.link = {.command = press->command, .person = press->person}};
	const struct plan_person *person = plan_person(plan, press->person);
	bool shown = answer->reply.kind == REPLY_PRIVATE || answer->reply.kind == REPLY_PUBLIC;
	bool refused = answer->kind == ANSWER_REFUSED;
	const char *title;
	struct buf body;

	p.person_name = person ? person->name : NULL;
	buf_init_arena(&body, p.arena, BODY_MAX);
	if (shown) {
		title = add_template(&p, "web/ack_result", page_data(&p, refused,
			!refused && answer->kind != ANSWER_DONE), &body);
		add_template(&p, answer->reply.template_name, answer->reply.data, &body);
	} else {
		title = add_template(&p, "web/ack_done", page_data(&p, false, false), &body);
	}
	answer_page(&p, press->request, status_of(answer), title, &body);
}

/* An arena of its own: the task's belongs to its handler, and its way out of memory too. */
static void on_task_answer(void *ud, const struct answer *answer)
{
	struct press *press = ud;
	struct web *w = press->web;
	struct plan *plan;
	struct arena *a;

	metrics_inc1(METRIC_ACK_LINKS, answer->kind == ANSWER_DONE ? METRIC_ACK_USED : METRIC_ACK_FAILED);
	if (w->server) {
		plan = w->o.plan_take(w->o.ud);
		a = arena_new(PAGE_BYTES);
		if (a && setjmp(*arena_recovery(a)) == 0) {
			show_result(press, answer, a, plan);
			arena_recovery_clear(a);
		} else {
			web_answer_text(w->server, press->request, answer->kind == ANSWER_DONE ? 200 : 503,
				answer->kind == ANSWER_DONE ? "done" : "please try again");
		}
		arena_free(a);
		w->o.plan_give(w->o.ud, plan);
	}
	free(press);
	web_done(w);
}

/* The request's own arena: the task owns it. */
static bool submit(struct press *press, const char *token, const char *n)
{
	struct arena *a = arena_new(PAGE_BYTES);
	unsigned char mac[HMAC_SHA256_BYTES];
	char hex[2 * HMAC_SHA256_BYTES + 1];
	struct request *req;
	const char *space;

	if (!a)
		return false;
	if (setjmp(*arena_recovery(a))) {
		arena_free(a);
		return false;
	}
	req = ARENA_NEW(a, struct request);
	request_init(req);
	hmac_sha256(n, strlen(n), token, strlen(token), mac);
	hex_encode(mac, 16, hex);
	space = strchr(press->command, ' ');
	req->kind = REQUEST_COMMAND;
	req->source = SOURCE_LINK;
	req->id = arena_printf(a, "link:%s", hex);
	req->who.platform = PLATFORM_NONE;
	req->who.user = arena_printf(a, "person:%s", press->person);
	req->family = arena_strndup(a, press->command,
		space ? (size_t)(space - press->command) : strlen(press->command));
	req->text = arena_strdup(a, space ? space + 1 : "");
	arena_recovery_clear(a);
	tasks_submit(press->web->o.tasks, a, req, NULL, WEB_DEADLINE_MS, on_task_answer, press);
	return true;
}

static void carry_out(const struct page *p, uint64_t id, const char *token, const char *n)
{
	struct press *press = calloc(1, sizeof(*press));

	if (press) {
		press->web = p->web;
		press->request = id;
		snprintf(press->command, sizeof(press->command), "%s", p->link.command);
		snprintf(press->person, sizeof(press->person), "%s", p->link.person);
		web_wait(p->web);
		if (submit(press, token, n))
			return;
		web_done(p->web);
		free(press);
	}
	web_answer_text(p->web->server, id, 503, "out of memory; nothing was recorded");
}

/* Token and number, from the query or the form. The token's text, or NULL. */
static const char *read_form(const struct web_request *req, struct arena *a, const char **n)
{
	bool post = req->head->method == HTTP_POST;
	const char *text = post ? req->body : req->head->query;
	size_t len = post ? req->body_len : strlen(text);
	char *token = arena_alloc(a, ACK_LINK_TOKEN_MAX + 1), *number = arena_alloc(a, 65);

	*n = number;
	if (http_form_get(text, len, "t", token, ACK_LINK_TOKEN_MAX + 1) != 1)
		return NULL;
	if (post && (http_form_get(text, len, "n", number, 65) != 1 || !*number))
		return NULL;
	return token;
}

static void show_or_act(struct page *p, const struct web_request *req)
{
	const struct ack_link_key *key = link_key_get(p->web->o.link_key);
	const struct plan_person *person;
	enum ack_link_verdict verdict = ACK_LINK_FORGED;
	const char *n, *token = read_form(req, p->arena, &n);

	if (!key) {
		web_answer_text(p->web->server, req->id, p->web->o.link_key ? 503 : 404,
			p->web->o.link_key ? "not ready yet, please try again" : "there are no such links here");
		return;
	}
	if (token)
		verdict = ack_link_verify(p->arena, key, token, strlen(token), clock_now_ms(p->web->o.clock),
			&p->link);
	if (verdict != ACK_LINK_GOOD) {
		metrics_inc1(METRIC_ACK_LINKS, verdict == ACK_LINK_EXPIRED ? METRIC_ACK_EXPIRED
			: METRIC_ACK_INVALID);
		answer_template(p, req->id, verdict == ACK_LINK_EXPIRED ? 410 : 400,
			verdict == ACK_LINK_EXPIRED ? "web/ack_expired" : "web/ack_invalid");
		return;
	}
	person = plan_person(p->plan, p->link.person);
	if (!person) {
		metrics_inc1(METRIC_ACK_LINKS, METRIC_ACK_INVALID);
		answer_template(p, req->id, 403, "web/ack_stranger");
		return;
	}
	p->person_name = person->name;
	if (req->head->method == HTTP_POST) {
		carry_out(p, req->id, token, n);
		return;
	}
	metrics_inc1(METRIC_ACK_LINKS, METRIC_ACK_SHOWN);
	p->token = token;
	p->n = hex_nonce(p->arena);
	answer_template(p, req->id, 200, "web/ack");
}

void web_ack(void *ud, const struct web_request *req)
{
	struct web *w = ud;
	struct plan *plan = w->o.plan_take(w->o.ud);
	struct arena *a = arena_new(PAGE_BYTES);
	struct page p = {.web = w, .arena = a, .plan = plan, .link = {.command = "", .person = ""}};

	if (!a || setjmp(*arena_recovery(a))) {
		web_answer_text(w->server, req->id, 503, "out of memory; nothing was recorded");
	} else {
		show_or_act(&p, req);
		arena_recovery_clear(a);
	}
	arena_free(a);
	w->o.plan_give(w->o.ud, plan);
}
