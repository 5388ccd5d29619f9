/* support_reach.c - see support_reach.h. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support_reach.h"

#include <string.h>

#include "bot/http_client.h"
#include "bot/reach/reach.h"
#include "bot/web/http_server.h"
#include "bot/web/link_key.h"
#include "tocsin/err.h"
#include "tocsin/render.h"

static const struct words *words_of(void *ud)
{
	struct reach_house *h = ud;

	return h->words;
}

static void put(char *out, size_t size, const char *value)
{
	snprintf(out, size, "%s", value ? value : "");
}

static void on_call(void *ud, const struct web_request *req)
{
	struct reach_house *h = ud;
	struct taken_call *c = &h->taken[h->n_taken % TAKEN_MAX];
	struct web_answer a = {.status = h->status, .body = h->answer ? h->answer : "",
		.headers = h->headers};

	h->n_taken++;
	memset(c, 0, sizeof(*c));
	put(c->method, sizeof(c->method), req->head->method_name);
	put(c->path, sizeof(c->path), req->head->path);
	put(c->id, sizeof(c->id), http_head_get(req->head, "webhook-id"));
	put(c->at, sizeof(c->at), http_head_get(req->head, "webhook-timestamp"));
	put(c->signature, sizeof(c->signature), http_head_get(req->head, "webhook-signature"));
	put(c->query, sizeof(c->query), req->head->query);
	put(c->authorization, sizeof(c->authorization), http_head_get(req->head, "authorization"));
	put(c->type, sizeof(c->type), http_head_get(req->head, "content-type"));
	assert_true(req->body_len < sizeof(c->body));
	memcpy(c->body, req->body, req->body_len);
	c->len = req->body_len;
	a.len = strlen(a.body);
	web_answer(h->receiver, req->id, &a);
}

void reach_house_open(struct reach_house *h, const char *secret)
{
	struct http_server_options so = {.listen = "127.0.0.1:0"};
	struct web_route route = {"/hook", on_call, h, HTTP_GET | HTTP_POST, METRIC_ROUTE_OTHER};
	struct web_route below = {"/hook/", on_call, h, HTTP_GET | HTTP_POST, METRIC_ROUTE_OTHER};
	struct reach_options ro = {.words = words_of, .ud = h, .clock = &h->clock};
	struct err err = {0};

	memset(h, 0, sizeof(*h));
	uv_loop_init(&h->loop);
	clock_init(&h->clock, 0, 1.0);
	h->status = 200;
	h->words = words_new(NULL, 0);
	h->http = http_client_new(&h->loop, &err);
	assert_non_null(h->http);
	so.loop = &h->loop;
	h->receiver = http_server_open(&so, &err);
	assert_non_null(h->receiver);
	http_server_route(h->receiver, &route);
	http_server_route(h->receiver, &below);
	snprintf(h->url, sizeof(h->url), "http://%s/hook", http_server_address(h->receiver));
	if (secret)
		h->link_key = link_key_new(&h->loop, NULL, &h->clock, secret, &err);
	ro.loop = &h->loop;
	ro.http = h->http;
	ro.link_key = h->link_key;
	h->sender = reach_new(&ro, &err);
	assert_non_null(h->sender);
}

void reach_house_close(struct reach_house *h)
{
	h->sender->close(h->sender->self);
	http_client_close(h->http);
	http_server_close(h->receiver);
	link_key_close(h->link_key);
	uv_run(&h->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&h->loop), 0);
	words_free(h->words);
}

static void on_sent(void *ud, const struct sent *r)
{
	struct reach_house *h = ud;

	h->told = true;
	h->times_told++;
	h->outcome = r->outcome;
	h->retry_after_ms = r->retry_after_ms;
	put(h->channel, sizeof(h->channel), r->channel);
	put(h->error, sizeof(h->error), r->error);
	put(h->detail, sizeof(h->detail), r->detail);
	uv_stop(&h->loop);
}

static void fill(const char **s)
{
	if (!*s)
		*s = "";
}

void reach_house_send(struct reach_house *h, const struct plan *plan, struct send *send)
{
	struct outgoing o = {.send = send, .created_ms = 1769616000123, .attempt = 1, .plan = plan,
		.ref_channel = "", .ref_ts = ""};

	fill(&send->entity);
	fill(&send->guard);
	fill(&send->note);
	fill(&send->template_name);
	fill(&send->data);
	fill(&send->person);
	fill(&send->via);
	fill(&send->arg);
	fill(&send->ack);
	h->told = false;
	h->sender->send(h->sender->self, &o, on_sent, h);
}

void reach_house_deliver(struct reach_house *h, const struct plan *plan, struct send *send)
{
	reach_house_send(h, plan, send);
	assert_false(h->told); /* never inside the call */
	while (!h->told)
		uv_run(&h->loop, UV_RUN_DEFAULT);
}
