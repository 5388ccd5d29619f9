/*
 * web_private.h - shared by the files of bot/web/ that serve routes.
 */
#ifndef TOCSIN_BOT_WEB_WEB_PRIVATE_H
#define TOCSIN_BOT_WEB_WEB_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/web/http_server.h"
#include "bot/web/web.h"

#define WEB_DEADLINE_MS 8000 /* for a task behind a request: senders give up after ten seconds */

struct web {
	struct web_options o;
	struct http_server *server; /* NULL once closed */
	struct slack *slack;
	struct slack_wait *slack_calls;
	size_t waiting;             /* callbacks that will still come */
	bool closing;
};

/* A callback of tasks will come / has come. web_done() may free w. */
void web_wait(struct web *w);
void web_done(struct web *w);

void web_health(void *ud, const struct web_request *req);
void web_ready(void *ud, const struct web_request *req);
void web_metrics(void *ud, const struct web_request *req);
void web_slack(void *ud, const struct web_request *req);
void web_slack_forget_all(struct web *w);
void web_alerts(void *ud, const struct web_request *req);
void web_twilio(void *ud, const struct web_request *req);
void web_pagerduty(void *ud, const struct web_request *req);
void web_ack(void *ud, const struct web_request *req);

/* {"status":"error","error":TEXT} and the like. headers: as in struct web_answer. */
void web_answer_json(struct web *w, uint64_t id, int status, const char *json, const char *headers);
#endif
