/*
 * lws_house.h - the one libwebsockets context of the process, on the app's own loop.
 *
 * Made by main before anybody needs it; the Slack sockets and the HTTP server each add a vhost of
 * their own. lws has no signal handlers of its own here, its log goes through log.h, and whatever
 * looks like a secret is masked there.
 */
#ifndef TOCSIN_BOT_LWS_HOUSE_H
#define TOCSIN_BOT_LWS_HOUSE_H

#include <stdbool.h>
#include <uv.h>

struct err;
struct lws_context;
struct lws_house;

/* Proxy for outgoing WebSockets is taken from HTTPS_PROXY / NO_PROXY by whoever makes the client
 * vhost; `http_proxy` is hidden from lws here, because lws would use it for every connection. */
struct lws_house *lws_house_new(uv_loop_t *loop, struct err *err);

/* Borrowed. NULL after lws_house_close(). */
struct lws_context *lws_house_context(const struct lws_house *h);

/*
 * First half of the end: starts destroying the context (every wsi gets its last callbacks now or
 * in the next turns). Close connections properly before (ws close frames), they are cut here.
 */
void lws_house_close(struct lws_house *h);

/*
 * Second half, after every other handle of the loop was closed: runs the loop dry, finishes the
 * context, closes poll handles that lws forgets after a connect time-out, and frees h. Only for the
 * one who owns the loop. Returns what uv_loop_close() would find: 0 when nothing is left.
 */
int lws_house_finish(struct lws_house *h);
#endif
