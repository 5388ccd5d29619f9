/* web_slack.c - /slack/...: Slack's signed requests, handed to bot/slack as they came. */
#include <stdlib.h>
#include <string.h>

#include "bot/slack/slack.h"
#include "bot/web/web_private.h"

/* One request that Slack's side is working on. */
struct slack_wait {
	struct slack_wait *next, **link; /* web.slack_calls */
	struct web *web;
	uint64_t request, receipt;
};

static void call_free(struct slack_wait *c)
{
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	free(c);
}

static void on_slack_answer(void *ud, int status, const char *content_type, const char *body,
	size_t body_len)
{
	struct slack_wait *c = ud;
	struct web_answer a = {.status = status, .type = content_type && *content_type ? content_type : NULL,
		.body = body, .len = body_len};

	if (c->web->server)
		web_answer(c->web->server, c->request, &a);
	call_free(c);
}

void web_slack_forget_all(struct web *w)
{
	struct slack_wait *c, *next;

	for (c = w->slack_calls; c; c = next) {
		next = c->next;
		if (w->slack)
			slack_http_forget(w->slack, c->receipt);
		free(c);
	}
	w->slack_calls = NULL;
}

static const char *header(const struct web_request *req, const char *name)
{
	const char *v = http_head_get(req->head, name);

	return v ? v : "";
}

void web_slack(void *ud, const struct web_request *req)
{
	struct web *w = ud;
	struct slack_http_request r = {
		.timestamp = header(req, "x-slack-request-timestamp"),
		.signature = header(req, "x-slack-signature"),
		.content_type = header(req, "content-type"),
		.retry_num = header(req, "x-slack-retry-num"),
		.body = req->body,
		.body_len = req->body_len,
	};
	struct slack_wait *c;

	if (!w->slack) {
		web_answer_text(w->server, req->id, 503, "Slack is not set up yet");
		return;
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		web_answer_text(w->server, req->id, 503, "out of memory");
		return;
	}
	c->web = w;
	c->request = req->id;
	c->next = w->slack_calls;
	c->link = &w->slack_calls;
	if (c->next)
		c->next->link = &c->next;
	w->slack_calls = c;
	c->receipt = slack_http_receive(w->slack, &r, on_slack_answer, c);
}
