/*
 * http_client.c - see http_client.h.
 *
 * curl tells which sockets to watch (on_curl_socket) and when to be called again (on_curl_timer);
 * uv tells back (on_poll, on_timer). Finished transfers are drained after every one of those, and
 * only there, so that no callback of ours runs inside curl.
 *
 * Mail is different: libcurl waits in a blocking read for the answer to the end of a message, in
 * the multi interface too. So each mail has a worker thread of uv, two at a time: the pool also
 * resolves names, which a slow mail server must not hold up.
 */
#include "bot/http_client.h"

#include <curl/curl.h>
#include <stdlib.h>

#include "bot/http_transfer.h"
#include "tocsin/err.h"

#define TRANSFERS_MAX 512
#define MAILS_AT_ONCE 2

/* One socket that curl wants watched. */
struct watch {
	struct watch *next, **link;
	struct http_client *client;
	curl_socket_t fd;
	uv_poll_t poll;
};

struct http_client {
	uv_loop_t *loop;
	CURLM *multi;
	uv_timer_t timer;
	struct transfer *transfers, **transfers_end; /* oldest first */
	struct watch *watches;
	size_t running;
	size_t mails;        /* in a worker thread */
	size_t open_handles; /* of uv, worker threads included */
	unsigned long last_id;
	unsigned draining;   /* depth of callbacks: close waits for them */
	bool closing;
};

static void client_destroy_when_done(struct http_client *c);

static void transfer_link(struct http_client *c, struct transfer *t)
{
	t->link = c->transfers_end;
	*c->transfers_end = t;
	c->transfers_end = &t->next;
	c->running++;
}

static void transfer_unlink(struct transfer *t)
{
	struct http_client *c = t->client;

	*t->link = t->next;
	if (t->next)
		t->next->link = t->link;
	else
		c->transfers_end = t->link;
	t->next = NULL;
	t->link = NULL;
	c->running--;
}

/* Hands out what has finished. Callbacks may send, cancel and close. */
static void drain(struct http_client *c)
{
	CURLMsg *msg;
	int left;

	c->draining++;
	while (!c->closing && (msg = curl_multi_info_read(c->multi, &left))) {
		struct transfer *t;
		CURLcode code = msg->data.result;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		curl_multi_remove_handle(c->multi, t->easy);
		transfer_unlink(t);
		transfer_answer(t, code);
		transfer_free(t);
	}
	c->draining--;
	if (c->closing)
		client_destroy_when_done(c);
}

/* ---- the loop ---- */

static void on_watch_closed(uv_handle_t *h)
{
	struct watch *w = h->data;
	struct http_client *c = w->client;

	free(w);
	c->open_handles--;
	client_destroy_when_done(c);
}

static void watch_close(struct watch *w)
{
	*w->link = w->next;
	if (w->next)
		w->next->link = w->link;
	uv_poll_stop(&w->poll);
	uv_close((uv_handle_t *)&w->poll, on_watch_closed);
}

static void on_poll(uv_poll_t *p, int status, int events)
{
	struct watch *w = p->data;
	struct http_client *c = w->client;
	int flags = 0, running;

	if (status < 0)
		flags = CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	if (c->closing)
		return;
	curl_multi_socket_action(c->multi, w->fd, flags, &running);
	drain(c);
}

static void on_timer(uv_timer_t *timer)
{
	struct http_client *c = timer->data;
	int running;

	if (c->closing)
		return;
	curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	drain(c);
}

static struct watch *watch_new(struct http_client *c, curl_socket_t fd)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->client = c;
	w->fd = fd;
	if (uv_poll_init_socket(c->loop, &w->poll, fd) < 0) {
		free(w);
		return NULL;
	}
	w->poll.data = w;
	w->next = c->watches;
	w->link = &c->watches;
	if (w->next)
		w->next->link = &w->next;
	c->watches = w;
	c->open_handles++;
	return w;
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *ud, void *socket_ud)
{
	struct http_client *c = ud;
	struct watch *w = socket_ud;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w) {
			curl_multi_assign(c->multi, fd, NULL);
			watch_close(w);
		}
		return 0;
	}
	if (!w) {
		w = watch_new(c, fd);
		if (!w)
			return -1;
		curl_multi_assign(c->multi, fd, w);
	}
	if (what != CURL_POLL_OUT)
		events |= UV_READABLE;
	if (what != CURL_POLL_IN)
		events |= UV_WRITABLE;
	return uv_poll_start(&w->poll, events, on_poll) < 0 ? -1 : 0;
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *ud)
{
	struct http_client *c = ud;

	(void)multi;
	if (c->closing || timeout_ms < 0)
		uv_timer_stop(&c->timer);
	else
		uv_timer_start(&c->timer, on_timer, (uint64_t)timeout_ms, 0);
	return 0;
}

/* ---- mail ---- */

static void mail_start(struct http_client *c);

static void on_mail_work(uv_work_t *work)
{
	struct transfer *t = work->data;

	t->code = curl_easy_perform(t->easy);
}

static void on_mail_done(uv_work_t *work, int status)
{
	struct transfer *t = work->data;
	struct http_client *c = t->client;

	c->mails--;
	c->open_handles--;
	t->working = false;
	if (t->link) { /* else cancelled */
		c->draining++;
		transfer_unlink(t);
		transfer_answer(t, status < 0 ? CURLE_ABORTED_BY_CALLBACK : t->code);
		c->draining--;
	}
	transfer_free(t);
	if (!c->closing)
		mail_start(c);
	client_destroy_when_done(c);
}

/* Gives waiting mails to the pool, oldest first. */
static void mail_start(struct http_client *c)
{
	struct transfer *t;

	for (t = c->transfers; t && c->mails < MAILS_AT_ONCE; t = t->next) {
		if (!t->mail || t->working)
			continue;
		t->work.data = t;
		t->working = true;
		c->mails++;
		c->open_handles++;
		uv_queue_work(c->loop, &t->work, on_mail_work, on_mail_done);
	}
}

/* ---- requests ---- */

unsigned long http_client_send(struct http_client *c, const struct http_request *req,
	http_answer_fn fn, void *ud, struct err *err)
{
	struct transfer *t;

	if (c->closing) {
		err_set(err, ERR_BUG, "the HTTP client is closed");
		return 0;
	}
	if (c->running >= TRANSFERS_MAX) {
		err_set(err, ERR_LIMIT, "%d transfers are running", TRANSFERS_MAX);
		return 0;
	}
	t = transfer_new(req);
	if (!t) {
		err_set(err, ERR_MEMORY, "the request could not be set up");
		return 0;
	}
	t->client = c;
	t->fn = fn;
	t->ud = ud;
	if (!t->mail && curl_multi_add_handle(c->multi, t->easy) != CURLM_OK) {
		transfer_free(t);
		err_set(err, ERR_MEMORY, "the transfer could not be started");
		return 0;
	}
	t->id = ++c->last_id;
	transfer_link(c, t);
	if (t->mail)
		mail_start(c);
	return t->id;
}

static void transfer_cancel(struct transfer *t)
{
	transfer_unlink(t);
	if (t->working) {
		atomic_store(&t->abandoned, true);
		return;
	}
	if (!t->mail)
		curl_multi_remove_handle(t->client->multi, t->easy);
	transfer_free(t);
}

void http_client_cancel(struct http_client *c, unsigned long id)
{
	struct transfer *t;

	for (t = c->transfers; t; t = t->next)
		if (t->id == id) {
			transfer_cancel(t);
			return;
		}
}

size_t http_client_running(const struct http_client *c)
{
	return c->running;
}

/* ---- life ---- */

struct http_client *http_client_new(uv_loop_t *loop, struct err *err)
{
	struct http_client *c = calloc(1, sizeof(*c));

	if (!c) {
		err_set(err, ERR_MEMORY, "out of memory");
		return NULL;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT); /* counted by curl: cheap after the first */
	c->loop = loop;
	c->transfers_end = &c->transfers;
	c->multi = curl_multi_init();
	if (!c->multi) {
		free(c);
		err_set(err, ERR_MEMORY, "curl could not be set up");
		return NULL;
	}
	uv_timer_init(loop, &c->timer);
	c->timer.data = c;
	c->open_handles = 1;
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, 32L);
	return c;
}

static void client_destroy_when_done(struct http_client *c)
{
	if (c->closing && c->open_handles == 0 && c->draining == 0)
		free(c);
}

static void on_timer_closed(uv_handle_t *h)
{
	struct http_client *c = h->data;

	c->open_handles--;
	client_destroy_when_done(c);
}

void http_client_close(struct http_client *c)
{
	if (!c || c->closing)
		return;
	c->closing = true;
	while (c->transfers)
		transfer_cancel(c->transfers);
	curl_multi_cleanup(c->multi);
	c->multi = NULL;
	while (c->watches)
		watch_close(c->watches);
	uv_close((uv_handle_t *)&c->timer, on_timer_closed);
	curl_global_cleanup();
}
