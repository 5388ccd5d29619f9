/*
 * ws_conn.c - see ws_conn.h.
 *
 * lws rules that shaped this (Debian's 4.1.6): a callback that returns -1 closes without a close
 * frame, so callbacks only note what is wanted and `kick` carries it out in a uv callback. The end
 * of a connection is told in three ways, and WSI_DESTROY always comes last, in a later turn.
 */
#include "bot/slack/ws_conn.h"

#include <libwebsockets.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "bot/clock.h"
#include "bot/log.h"
#include "bot/slack/api.h"
#include "bot/slack/ws_url.h"
#include "bot/slack/ws_vhost.h"
#include "tocsin/arena.h"
#include "tocsin/err.h"
#include "tocsin/json_in.h"

#define ARENA_LIMIT ((size_t)32 * 1024 * 1024)
#define RX_CHUNK 65536
#define FRAMES_PER_WRITEABLE 64

struct frame {
	struct frame *next;
	size_t len;
	unsigned char data[]; /* LWS_PRE bytes, then the text */
};

struct ws_conn {
	struct ws_conn_options o;
	uint64_t id;
	enum ws_conn_state state;
	enum ws_conn_end end;
	char why[160];
	char host[128];
	int64_t retry_after_ms;
	int64_t live_since_ms;
	int64_t deadline_ms;   /* of the current state; LIVE: the next ping */
	int64_t last_in_ms;
	bool want_ping;
	bool want_close;
	bool closed_cleanly;   /* the close frame is out or the peer's came in */
	bool told;             /* on_gone() was called */
	bool freed;            /* ws_conn_free() was called */

	uint64_t call_id;      /* apps.connections.open under way */
	bool resolving;
	uv_getaddrinfo_t resolve;
	struct ws_url url;
	struct lws *wsi;
	bool wsi_alive;        /* WSI_DESTROY has not come yet */
	uv_timer_t kick;
	bool kick_open;

	struct buf in;
	bool in_too_large;
	struct frame *out, **out_end;
	size_t out_n, out_bytes;
};

static void ws_conn_destroy_when_done(struct ws_conn *c)
{
	if (c->freed && !c->resolving && !c->wsi_alive && !c->kick_open)
		free(c);
}

static void on_kick(uv_timer_t *timer);

static void kick(struct ws_conn *c)
{
	if (!c->freed)
		uv_timer_start(&c->kick, on_kick, 0, 0);
}

static void end_with(struct ws_conn *c, enum ws_conn_end end, const char *why)
{
	if (!*c->why) { /* the first reason is the true one */
		snprintf(c->why, sizeof(c->why), "%s", why);
		c->end = end;
	}
	c->want_close = true;
	kick(c);
}

static void release(struct ws_conn *c)
{
	struct frame *f;

	while ((f = c->out)) {
		c->out = f->next;
		free(f);
	}
	c->out_end = &c->out;
	c->out_n = c->out_bytes = 0;
	buf_release(&c->in);
	ws_url_release(&c->url);
}

/* ---- the end ---- */

/* Closes what still stands. In a uv callback, never inside lws. */
static void shut(struct ws_conn *c)
{
	static const char bye[] = "bye";

	if (c->call_id) {
		slack_api_cancel(c->o.api, c->call_id);
		c->call_id = 0;
	}
	if (c->resolving)
		uv_cancel((uv_req_t *)&c->resolve);
	if (c->wsi && c->wsi_alive) {
		struct lws *wsi = c->wsi;
		unsigned char text[sizeof(bye)];

		c->wsi = NULL;
		memcpy(text, bye, sizeof(bye));
		if (c->state >= WS_CONN_WAIT_HELLO && !c->closed_cleanly)
			lws_close_reason(wsi, LWS_CLOSE_STATUS_GOINGAWAY, text, sizeof(bye) - 1);
		lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
	}
}

static void on_kick(uv_timer_t *timer)
{
	struct ws_conn *c = timer->data;

	if (c->want_close && c->state != WS_CONN_GONE) {
		shut(c);
		c->state = WS_CONN_GONE;
		c->deadline_ms = INT64_MAX;
	}
	if (c->state == WS_CONN_GONE && !c->told && !c->freed) {
		c->told = true;
		c->o.owner.on_gone(c->o.owner.ud, c);
	}
}

static void on_kick_closed(uv_handle_t *h)
{
	struct ws_conn *c = h->data;

	c->kick_open = false;
	ws_conn_destroy_when_done(c);
}

void ws_conn_close(struct ws_conn *c, const char *why)
{
	if (c->state == WS_CONN_GONE)
		return;
	end_with(c, WS_CONN_END_LOST, why);
	shut(c);
	c->state = WS_CONN_GONE;
	c->deadline_ms = INT64_MAX;
}

void ws_conn_free(struct ws_conn *c)
{
	if (c->freed)
		return;
	shut(c);
	c->state = WS_CONN_GONE;
	c->freed = true;
	release(c);
	uv_close((uv_handle_t *)&c->kick, on_kick_closed);
}

/* ---- frames in ---- */

static void on_frame(struct ws_conn *c)
{
	struct arena *a = arena_new(ARENA_LIMIT);
	struct slack_in in;
	struct err err = { 0 };

	if (!a || setjmp(*arena_recovery(a))) {
		log_write(LOG_ERROR, "slack", NULL, "out of memory for a frame", NULL);
		arena_free(a);
		return;
	}
	if (slack_in_frame(a, buf_text(&c->in), c->in.len, c->o.me, &in, &err) < 0) {
		log_write(LOG_WARN, "slack", NULL, "frame cannot be read", "why", err.text, NULL);
		arena_free(a);
		return;
	}
	arena_recovery_clear(a);
	switch (in.kind) {
	case SLACK_IN_HELLO:
		if (c->state == WS_CONN_WAIT_HELLO) {
			snprintf(c->host, sizeof(c->host), "%s", in.host);
			c->state = WS_CONN_LIVE;
			c->live_since_ms = clock_monotonic_ms();
			c->deadline_ms = c->live_since_ms + c->o.times.ping_ms;
			c->o.owner.on_hello(c->o.owner.ud, c, &in);
		}
		break;
	case SLACK_IN_DISCONNECT:
		log_write(LOG_INFO, "slack", NULL, "slack asks to disconnect", "socket",
			log_int((long long)c->id), "reason", in.reason_text, "host", in.host, NULL);
		if (in.reason == SLACK_REASON_DISABLED)
			end_with(c, WS_CONN_END_DISABLED, "link_disabled");
		else if (in.reason == SLACK_REASON_TOO_MANY)
			end_with(c, WS_CONN_END_TOO_MANY, "too_many_websockets");
		else if (c->state == WS_CONN_WAIT_HELLO)
			end_with(c, WS_CONN_END_LOST, "told to disconnect before hello");
		else
			c->o.owner.on_refresh(c->o.owner.ud, c);
		break;
	case SLACK_IN_ENVELOPE:
		c->o.owner.on_envelope(c->o.owner.ud, c, a, &in);
		return;
	case SLACK_IN_UNKNOWN:
	case SLACK_IN_CHALLENGE:
		log_write(LOG_INFO, "slack", NULL, "frame of an unknown type", "type", in.type, NULL);
		break;
	}
	arena_free(a);
}

static void on_data(struct ws_conn *c, struct lws *wsi, const char *data, size_t len)
{
	c->last_in_ms = clock_monotonic_ms();
	if (lws_frame_is_binary(wsi))
		return;
	if (!c->in_too_large) {
		buf_add(&c->in, data, len);
		if (c->in.failed) {
			c->in_too_large = true;
			buf_release(&c->in);
		}
	}
	if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi))
		return;
	if (c->in_too_large)
		log_write(LOG_WARN, "slack", NULL, "frame is too large and was dropped", NULL);
	else if (c->state != WS_CONN_GONE && !c->want_close)
		on_frame(c);
	c->in_too_large = false;
	if (c->in.cap > RX_CHUNK) { /* one large view must not cost its size for ever */
		buf_release(&c->in);
		buf_init(&c->in, SLACK_FRAME_MAX);
	} else if (c->in.max) {
		buf_reset(&c->in);
	} else {
		buf_init(&c->in, SLACK_FRAME_MAX);
	}
}

/* ---- frames out ---- */

static int write_ping(struct lws *wsi)
{
	unsigned char ping[LWS_PRE + 6];

	memcpy(ping + LWS_PRE, "tocsin", 6);
	return lws_write(wsi, ping + LWS_PRE, 6, LWS_WRITE_PING);
}

static void on_writeable(struct ws_conn *c, struct lws *wsi)
{
	int budget = FRAMES_PER_WRITEABLE;

	if (c->want_ping) {
		c->want_ping = false;
		if (write_ping(wsi) < 0) {
			end_with(c, WS_CONN_END_LOST, "write failed");
			return;
		}
	}
	while (c->out && budget-- > 0 && !lws_partial_buffered(wsi) && !lws_send_pipe_choked(wsi)) {
		struct frame *f = c->out;
		int written;

		c->out = f->next;
		if (!c->out)
			c->out_end = &c->out;
		c->out_n--;
		c->out_bytes -= f->len;
		written = lws_write(wsi, f->data + LWS_PRE, f->len, LWS_WRITE_TEXT);
		free(f);
		if (written < 0) {
			end_with(c, WS_CONN_END_LOST, "write failed");
			return;
		}
	}
	if (c->out)
		lws_callback_on_writable(wsi);
}

bool ws_conn_writable(const struct ws_conn *c)
{
	return (c->state == WS_CONN_LIVE || c->state == WS_CONN_DRAINING) && c->wsi && !c->want_close;
}

bool ws_conn_write(struct ws_conn *c, const char *text, size_t len)
{
	struct frame *f;

	if (!ws_conn_writable(c))
		return false;
	if (c->out_n >= WS_CONN_FRAMES_MAX || c->out_bytes + len > WS_CONN_BYTES_MAX) {
		end_with(c, WS_CONN_END_LOST, "the peer takes nothing any more");
		return false;
	}
	f = malloc(sizeof(*f) + LWS_PRE + len);
	if (!f)
		return false;
	f->next = NULL;
	f->len = len;
	memcpy(f->data + LWS_PRE, text, len);
	*c->out_end = f;
	c->out_end = &f->next;
	c->out_n++;
	c->out_bytes += len;
	lws_callback_on_writable(c->wsi);
	return true;
}

size_t ws_conn_unwritten(const struct ws_conn *c)
{
	return ws_conn_writable(c) ? c->out_n : 0;
}

/* ---- lws ---- */

static void set_deadline(struct ws_conn *c, int64_t ms)
{
	c->deadline_ms = clock_monotonic_ms() + ms;
	c->o.owner.on_deadline(c->o.owner.ud, c);
}

static void on_established(struct ws_conn *c)
{
	if (c->state != WS_CONN_CONNECTING)
		return;
	c->state = WS_CONN_WAIT_HELLO;
	c->last_in_ms = clock_monotonic_ms();
	set_deadline(c, c->o.times.hello_ms);
}

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct ws_conn *c = user;

	switch (reason) { /* reasons of the vhost have no connection; the default is theirs */
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		on_established(c);
		break;
	case LWS_CALLBACK_CLIENT_RECEIVE:
		on_data(c, wsi, in, len);
		break;
	case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
		c->last_in_ms = clock_monotonic_ms();
		break;
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		if (c->state != WS_CONN_GONE)
			on_writeable(c, wsi);
		break;
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		end_with(c, WS_CONN_END_LOST, in ? in : "connection failed");
		break;
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		c->closed_cleanly = true;
		end_with(c, WS_CONN_END_LOST, "closed by slack");
		break;
	case LWS_CALLBACK_CLIENT_CLOSED:
	case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
		end_with(c, WS_CONN_END_LOST, "connection lost");
		break;
	case LWS_CALLBACK_WSI_DESTROY:
		if (!c)
			break;
		c->wsi = NULL;
		c->wsi_alive = false;
		if (c->freed) {
			ws_conn_destroy_when_done(c);
			break;
		}
		end_with(c, WS_CONN_END_LOST, "connection lost");
		break;
	default:
		break;
	}
	return 0;
}

static const struct lws_protocols protocols[] = {
	{ .name = "slack", .callback = on_lws, .rx_buffer_size = RX_CHUNK },
	{ .name = NULL },
};

static void connect_to(struct ws_conn *c, const char *address)
{
	struct lws_client_connect_info ci;

	memset(&ci, 0, sizeof(ci));
	ci.context = c->o.context;
	ci.vhost = ws_vhost_get(c->o.vhosts, c->o.context, protocols, c->url.host, c->url.tls);
	if (!ci.vhost) {
		end_with(c, WS_CONN_END_LOST, "the WebSocket client could not be set up");
		return;
	}
	ci.address = address;
	ci.port = c->url.port;
	ci.host = c->url.host;
	ci.path = c->url.path;
	ci.ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT | (c->url.tls ? LCCSCF_USE_SSL : 0);
	ci.alpn = "http/1.1";
	ci.local_protocol_name = "slack";
	ci.userdata = c;
	ci.pwsi = &c->wsi;
	c->state = WS_CONN_CONNECTING;
	set_deadline(c, c->o.times.connect_ms);
	c->wsi_alive = true;
	if (!lws_client_connect_via_info(&ci)) {
		c->wsi = NULL;
		c->wsi_alive = false; /* destroyed already, if it ever was */
		end_with(c, WS_CONN_END_LOST, "connection failed");
	}
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
	struct ws_conn *c = req->data;
	struct addrinfo *ai;
	char address[64] = "";
	unsigned n = 0, pick;

	c->resolving = false;
	if (c->freed || c->state != WS_CONN_RESOLVING) {
		uv_freeaddrinfo(list);
		ws_conn_destroy_when_done(c);
		return;
	}
	for (ai = list; status == 0 && ai; ai = ai->ai_next)
		n++;
	if (!n) {
		uv_freeaddrinfo(list);
		end_with(c, WS_CONN_END_LOST, status ? uv_strerror(status) : "no address");
		return;
	}
	pick = c->o.attempt % n;
	for (ai = list; pick; pick--)
		ai = ai->ai_next;
	if (ai->ai_family == AF_INET6)
		uv_ip6_name((struct sockaddr_in6 *)(void *)ai->ai_addr, address, sizeof(address));
	else
		uv_ip4_name((struct sockaddr_in *)(void *)ai->ai_addr, address, sizeof(address));
	uv_freeaddrinfo(list);
	connect_to(c, address);
}

static void resolve(struct ws_conn *c)
{
	char proxy[512];
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };

	ws_proxy_for(c->url.host, proxy, sizeof(proxy));
	if (c->url.tls && *proxy) { /* which finds the name itself; perhaps nobody here can */
		connect_to(c, c->url.host);
		return;
	}
	c->state = WS_CONN_RESOLVING;
	set_deadline(c, c->o.times.connect_ms);
	c->resolve.data = c;
	if (uv_getaddrinfo(c->o.loop, &c->resolve, on_resolved, c->url.host, NULL, &hints) < 0)
		end_with(c, WS_CONN_END_LOST, "the name cannot be resolved");
	else
		c->resolving = true;
}

/* ---- the beginning ---- */

static void on_opened(void *ud, const struct slack_reply *r)
{
	struct ws_conn *c = ud;

	c->call_id = 0;
	if (c->state != WS_CONN_OPENING)
		return;
	c->retry_after_ms = r->retry_after_ms;
	if (r->verdict != SLACK_OK) {
		bool fatal = r->token_trouble || (r->verdict == SLACK_REFUSED && r->status == 200);

		end_with(c, fatal ? WS_CONN_END_FATAL : WS_CONN_END_LOST, r->error);
		return;
	}
	if (ws_url_parse(&c->url, json_in_str(r->body, "url")) < 0 || (!c->url.tls && !c->o.plain_ok)) {
		end_with(c, WS_CONN_END_LOST, "slack sent no address that can be used");
		return;
	}
	resolve(c);
}

struct ws_conn *ws_conn_new(const struct ws_conn_options *o, uint64_t id)
{
	struct ws_conn *c = calloc(1, sizeof(*c));
	struct slack_call call = { .method = "apps.connections.open", .token = o->app_token,
		.form = true, .urgent = true, .timeout_ms = o->times.open_ms };

	if (!c)
		return NULL;
	c->o = *o;
	c->id = id;
	c->retry_after_ms = -1;
	c->out_end = &c->out;
	c->deadline_ms = clock_monotonic_ms() + o->times.open_ms + 5000;
	buf_init(&c->in, SLACK_FRAME_MAX);
	uv_timer_init(o->loop, &c->kick);
	c->kick.data = c;
	c->kick_open = true;
	c->call_id = slack_api_call(o->api, &call, on_opened, c);
	if (!c->call_id)
		end_with(c, WS_CONN_END_LOST, "too many calls are waiting");
	return c;
}

/* ---- time ---- */

int64_t ws_conn_deadline_ms(const struct ws_conn *c)
{
	return c->deadline_ms;
}

void ws_conn_tick(struct ws_conn *c, int64_t now_ms)
{
	if (now_ms < c->deadline_ms || c->state == WS_CONN_GONE)
		return;
	if (c->state < WS_CONN_LIVE) {
		ws_conn_close(c, c->state == WS_CONN_WAIT_HELLO ? "no hello in time" : "no connection in time");
		return;
	}
	if (now_ms - c->last_in_ms >= c->o.times.dead_ms) {
		c->closed_cleanly = true; /* nobody is there to read a close frame */
		ws_conn_close(c, "no sign of life");
		return;
	}
	if (now_ms - c->last_in_ms >= c->o.times.ping_ms && c->wsi) {
		c->want_ping = true;
		lws_callback_on_writable(c->wsi);
		c->deadline_ms = now_ms + c->o.times.ping_ms;
	} else {
		c->deadline_ms = c->last_in_ms + c->o.times.ping_ms;
	}
	if (c->deadline_ms > c->last_in_ms + c->o.times.dead_ms)
		c->deadline_ms = c->last_in_ms + c->o.times.dead_ms;
}

/* ---- looking ---- */

uint64_t ws_conn_id(const struct ws_conn *c)
{
	return c->id;
}

enum ws_conn_state ws_conn_state(const struct ws_conn *c)
{
	return c->state;
}

enum ws_conn_end ws_conn_end(const struct ws_conn *c)
{
	return c->end;
}

const char *ws_conn_why(const struct ws_conn *c)
{
	return c->why;
}

int64_t ws_conn_retry_after_ms(const struct ws_conn *c)
{
	return c->retry_after_ms;
}

int64_t ws_conn_live_since_ms(const struct ws_conn *c)
{
	return c->live_since_ms;
}

const char *ws_conn_host(const struct ws_conn *c)
{
	return c->host;
}

void ws_conn_set_draining(struct ws_conn *c)
{
	if (c->state == WS_CONN_LIVE)
		c->state = WS_CONN_DRAINING;
}
