/* web.c - see web.h: the list of routes, and the life of it all. */
#include "bot/web/web.h"

#include <stdlib.h>
#include <string.h>

#include "bot/web/web_private.h"
#include "tocsin/err.h"

static void web_free_when_done(struct web *w)
{
	if (w->closing && w->waiting == 0)
		free(w);
}

void web_wait(struct web *w)
{
	w->waiting++;
}

void web_done(struct web *w)
{
	w->waiting--;
	web_free_when_done(w);
}

void web_answer_json(struct web *w, uint64_t id, int status, const char *json, const char *headers)
{
	struct web_answer a = {.status = status, .type = "application/json", .body = json,
		.len = strlen(json), .headers = headers};

	if (w->server)
		web_answer(w->server, id, &a);
}

struct web *web_open(const struct web_options *o, struct err *err)
{
	const struct web_route routes[] = {
		{"/healthz", web_health, NULL, HTTP_GET, METRIC_ROUTE_HEALTH},
		{"/readyz", web_ready, NULL, HTTP_GET, METRIC_ROUTE_READY},
		{"/metrics", web_metrics, NULL, HTTP_GET, METRIC_ROUTE_METRICS},
		{"/slack/", web_slack, NULL, HTTP_POST, METRIC_ROUTE_SLACK},
		{"/alerts/", web_alerts, NULL, HTTP_POST, METRIC_ROUTE_ALERTS},
		{"/twilio/", web_twilio, NULL, HTTP_POST, METRIC_ROUTE_TWILIO},
		{"/pagerduty/", web_pagerduty, NULL, HTTP_POST, METRIC_ROUTE_PAGERDUTY},
		{"/ack", web_ack, NULL, HTTP_GET | HTTP_POST, METRIC_ROUTE_ACK},
	};
	struct http_server_options so = {.loop = o->loop, .listen = o->listen};
	struct web *w = calloc(1, sizeof(*w));
	struct web_route r;
	size_t i;

	if (!w) {
		err_set(err, ERR_MEMORY, "out of memory");
		return NULL;
	}
	w->o = *o;
	w->server = http_server_open(&so, err);
	if (!w->server) {
		free(w);
		return NULL;
	}
	for (i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		r = routes[i];
		r.ud = w;
		http_server_route(w->server, &r);
	}
	return w;
}

void web_set_slack(struct web *w, struct slack *slack)
{
	if (!slack)
		web_slack_forget_all(w);
	w->slack = slack;
}

const char *web_address(const struct web *w)
{
	return http_server_address(w->server);
}

unsigned web_port(const struct web *w)
{
	return (unsigned)strtoul(strrchr(web_address(w), ':') + 1, NULL, 10);
}

void web_stop(struct web *w)
{
	http_server_stop(w->server);
}

size_t web_in_flight(const struct web *w)
{
	return http_server_working(w->server);
}

void web_close(struct web *w)
{
	if (!w || w->closing)
		return;
	web_slack_forget_all(w);
	http_server_close(w->server);
	w->server = NULL;
	w->closing = true;
	web_free_when_done(w);
}
