/* socket.c - the app's sockets: admission, frames in and out, pings, disconnects. */
#include "socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>

#include <libwebsockets.h>

#include "burst.h"
#include "envelope.h"
#include "fake.h"
#include "hub.h"

#define MESSAGE_MAX (4u << 20)
#define TICKETS_MAX 64

struct hub *hub_new(void)
{
	return calloc(1, sizeof(struct hub));
}

void hub_free(struct fake *f, struct hub *hub)
{
	if (!hub)
		return;
	envelopes_release(f, hub);
	free(hub);
}

void hub_ticket(struct fake *f, char out[40])
{
	struct hub *hub = f->hub;
	char hex[40];

	random_hex(hex, 32);
	snprintf(out, 40, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
	memcpy(hub->tickets[hub->ticket_next++ % TICKETS_MAX], out, 40);
}

static bool ticket_use(struct hub *hub, const char *ticket)
{
	for (size_t i = 0; i < TICKETS_MAX && *ticket; i++)
		if (!strcmp(hub->tickets[i], ticket)) {
			hub->tickets[i][0] = '\0';
			return true;
		}
	return false;
}

int hub_admit(struct fake *f, const char *path, const char *ticket)
{
	struct hub *hub = f->hub;

	if (f->stopping)
		return 503;
	if (hub->refuse_count > 0) {
		hub->refuse_count--;
		f->count.faults_played++;
		return hub->refuse_status;
	}
	if (strcmp(path, "/link/") != 0 && strcmp(path, "/link") != 0) {
		fake_complain(f, "refused", "socket", "not_found", "upgrade of %s", path);
		return 404;
	}
	if (!ticket_use(hub, ticket)) {
		fake_complain(f, "refused", "socket", "invalid_ticket",
			      "a ticket opens one socket, once; ask apps.connections.open each time");
		return 403;
	}
	return 101;
}

static struct frame *frame_new(enum frame_kind kind, const char *bytes, size_t count)
{
	struct frame *frame = malloc(sizeof(*frame) + LWS_PRE + count + 1);

	frame->next = NULL;
	frame->kind = kind;
	frame->bytes = count;
	memcpy(frame->data + LWS_PRE, bytes, count);
	frame->data[LWS_PRE + count] = '\0';
	return frame;
}

void socket_push(struct socket *s, enum frame_kind kind, const char *bytes, size_t count)
{
	struct frame *frame = frame_new(kind, bytes, count);

	if (s->last)
		s->last->next = frame;
	else
		s->first = frame;
	s->last = frame;
	lws_callback_on_writable(s->wsi);
}

void socket_push_json_owned(struct socket *s, json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_ESCAPE_SLASH);

	socket_push(s, FRAME_TEXT, text, strlen(text));
	free(text);
	json_decref(json);
}

void socket_want_write(struct socket *s)
{
	lws_callback_on_writable(s->wsi);
}

struct lws *socket_wsi(const struct socket *s)
{
	return s->wsi;
}

size_t hub_open(const struct fake *f)
{
	size_t n = 0;

	for (const struct socket *s = f->hub->sockets; s; s = s->next)
		n++;
	return n;
}

size_t hub_live(const struct fake *f)
{
	size_t n = 0;

	for (const struct socket *s = f->hub->sockets; s; s = s->next)
		n += s->live && !s->silent;
	return n;
}

static json_t *debug_info(const struct fake *f)
{
	return json_pack("{s:s, s:i, s:i}", "host", "applink-fake-1", "build_number", 54,
			 "approximate_connection_time", f->tune.connection_time);
}

static void on_ping_timer(uv_timer_t *timer)
{
	struct fake *f = timer->data;

	for (struct socket *s = f->hub->sockets; s; s = s->next)
		if (!s->silent)
			socket_push(s, FRAME_PING, "Ping from applink-fake-1", 24);
}

static void hub_pings(struct fake *f)
{
	struct hub *hub = f->hub;

	if (!hub->ping_ready) {
		uv_timer_init(&f->loop, &hub->ping);
		hub->ping.data = f;
		hub->ping_ready = true;
	}
	uv_timer_start(&hub->ping, on_ping_timer, (uint64_t)f->tune.ping_ms, (uint64_t)f->tune.ping_ms);
}

struct socket *hub_accept(struct fake *f, struct lws *wsi)
{
	struct hub *hub = f->hub;
	struct socket *s = calloc(1, sizeof(*s));
	size_t open = hub_open(f) + 1;
	struct socket **tail = &hub->sockets;

	s->wsi = wsi;
	s->id = ++hub->serial;
	s->opened_ns = clock_steady_ns();
	f->count.sockets_opened++;
	while (*tail)
		tail = &(*tail)->next;
	*tail = s;
	if (!hub->ping_ready)
		hub_pings(f);
	if (open > (size_t)f->tune.max_sockets) {
		fake_complain(f, "rule", "socket", "too_many_websockets", "%zu sockets at once", open);
		socket_push_json_owned(s, json_pack("{s:s, s:s, s:i, s:o, s:{s:s}}", "type", "disconnect",
						    "reason", "too_many_websockets", "num_connections",
						    (int)open, "debug_info", debug_info(f),
						    "connection_info", "app_id", hub_app_id(f)));
		s->closing = true;
		socket_close_later(f, s, 200, "close");
		return s;
	}
	s->live = true;
	socket_push_json_owned(s, json_pack("{s:s, s:i, s:o, s:{s:s}}", "type", "hello", "num_connections",
					    (int)open, "debug_info", debug_info(f), "connection_info",
					    "app_id", hub_app_id(f)));
	fake_changed(f, "sockets", NULL, NULL);
	envelopes_socket_open(f);
	return s;
}

/* Frames that only bytes on the wire can make: after this lws knows nothing of them. */
static int wire_write(struct socket *s, const unsigned char *bytes, size_t count)
{
	int fd = lws_get_socket_fd(s->wsi);
	size_t done = 0;

	while (done < count) {
		ssize_t n = send(fd, bytes + done, count - done, MSG_DONTWAIT | MSG_NOSIGNAL);
		struct pollfd p = { .fd = fd, .events = POLLOUT };

		if (n > 0)
			done += (size_t)n;
		else if (poll(&p, 1, 1000) <= 0)
			return -1;
	}
	return 0;
}

static int frame_write(struct socket *s, struct frame *frame)
{
	static const enum lws_write_protocol kinds[] = {
		[FRAME_TEXT] = LWS_WRITE_TEXT,
		[FRAME_BINARY] = LWS_WRITE_BINARY,
		[FRAME_PING] = LWS_WRITE_PING,
	};

	if (frame->kind == FRAME_WIRE)
		return wire_write(s, frame->data + LWS_PRE, frame->bytes);
	return lws_write(s->wsi, frame->data + LWS_PRE, frame->bytes, kinds[frame->kind]) < 0 ? -1 : 0;
}

int hub_write(struct fake *f, struct socket *s)
{
	while (s->first) {
		struct frame *frame = s->first;

		if (lws_send_pipe_choked(s->wsi) || lws_partial_buffered(s->wsi)) {
			lws_callback_on_writable(s->wsi);
			return 0;
		}
		s->first = frame->next;
		if (!s->first)
			s->last = NULL;
		if (!s->silent && frame_write(s, frame) < 0) {
			free(frame);
			return -1;
		}
		s->frames_out++;
		free(frame);
	}
	if (f->burst && s->live && !s->silent)
		return burst_write(f, s);
	return 0;
}

int hub_receive(struct fake *f, struct socket *s, const char *in, size_t bytes)
{
	if (s->silent)
		return 0;
	if (lws_frame_is_binary(s->wsi))
		fake_complain(f, "rule", "socket", "binary_frame", "%zu bytes", bytes);
	if (!s->in_bytes && lws_is_final_fragment(s->wsi) && !lws_remaining_packet_payload(s->wsi)) {
		s->frames_in++;
		envelope_receive(f, s, in, bytes);
		return 0;
	}
	if (s->in_bytes + bytes > MESSAGE_MAX) {
		fake_complain(f, "refused", "socket", "frame_too_large", "over %u bytes", MESSAGE_MAX);
		return -1;
	}
	if (s->in_bytes + bytes + 1 > s->in_size) {
		s->in_size = (s->in_bytes + bytes + 1) * 2;
		s->in = realloc(s->in, s->in_size);
	}
	memcpy(s->in + s->in_bytes, in, bytes);
	s->in_bytes += bytes;
	if (lws_is_final_fragment(s->wsi) && !lws_remaining_packet_payload(s->wsi)) {
		s->frames_in++;
		envelope_receive(f, s, s->in, s->in_bytes);
		s->in_bytes = 0;
	}
	return 0;
}

void hub_closed(struct fake *f, struct socket *s)
{
	for (struct socket **p = &f->hub->sockets; *p; p = &(*p)->next)
		if (*p == s) {
			*p = s->next;
			break;
		}
	if (f->hub->next == s)
		f->hub->next = NULL;
	while (s->first) {
		struct frame *next = s->first->next;

		free(s->first);
		s->first = next;
	}
	f->count.sockets_closed++;
	burst_socket_closed(f, s);
	free(s->in);
	free(s);
	fake_changed(f, "sockets", NULL, NULL);
}

/* One socket by its place among the open ones. */
static struct socket *socket_at(const struct fake *f, int index)
{
	struct socket *s = f->hub->sockets;

	while (s && index-- > 0)
		s = s->next;
	return s;
}

struct socket *socket_next(struct fake *f)
{
	struct hub *hub = f->hub;
	struct socket *s = hub->next ? hub->next : hub->sockets, *start = s;

	while (s && (!s->live || s->closing)) {
		s = s->next ? s->next : hub->sockets;
		if (s == start)
			return NULL;
	}
	if (s)
		hub->next = s->next;
	return s;
}

struct socket *hub_socket(const struct fake *f, size_t i)
{
	size_t live = 0;

	for (struct socket *s = f->hub->sockets; s; s = s->next)
		live += s->live && !s->closing && !s->silent;
	if (!live)
		return NULL;
	i %= live;
	for (struct socket *s = f->hub->sockets; s; s = s->next)
		if (s->live && !s->closing && !s->silent && i-- == 0)
			return s;
	return NULL;
}

static void socket_end(struct socket *s, const char *how)
{
	struct lws *wsi = s->wsi;

	if (!strcmp(how, "silent")) {
		/* As when a NAT forgets the flow: nothing comes, nothing goes, no end is told. */
		s->silent = true;
		s->live = false;
		lws_rx_flow_control(wsi, 0);
		fake_changed(lws_context_user(lws_get_context(wsi)), "sockets", NULL, NULL);
		return;
	}
	if (!strcmp(how, "cut")) {
		struct linger hard = { .l_onoff = 1, .l_linger = 0 };

		setsockopt(lws_get_socket_fd(wsi), SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	} else {
		unsigned char reason[] = "fake";

		lws_close_reason(wsi, LWS_CLOSE_STATUS_GOINGAWAY, reason, 4);
	}
	lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
}

struct closing {
	uint64_t id;
	char how[16];
};

static void closing_run(struct fake *f, void *arg)
{
	const struct closing *c = arg;

	for (struct socket *s = f->hub->sockets; s; s = s->next)
		if (s->id == c->id) {
			socket_end(s, c->how);
			return;
		}
}

void socket_close_later(struct fake *f, struct socket *s, int ms, const char *how)
{
	struct closing *c = calloc(1, sizeof(*c));

	c->id = s->id;
	snprintf(c->how, sizeof(c->how), "%s", how);
	later_run(f, (uint64_t)ms, closing_run, c, free);
}

int hub_disconnect(struct fake *f, int index, const char *reason, int close_ms)
{
	int n = 0;

	for (struct socket *s = index < 0 ? f->hub->sockets : socket_at(f, index); s;
	     s = index < 0 ? s->next : NULL) {
		socket_push_json_owned(s, json_pack("{s:s, s:s, s:{s:s}}", "type", "disconnect", "reason",
						    reason, "debug_info", "host", "applink-fake-1"));
		s->leaving = true;
		if (close_ms >= 0)
			socket_close_later(f, s, close_ms, "close");
		n++;
	}
	return n;
}

int hub_drop(struct fake *f, int index, const char *how)
{
	int n = 0;

	for (struct socket *s = index < 0 ? f->hub->sockets : socket_at(f, index); s;
	     s = index < 0 ? s->next : NULL) {
		s->live = false;
		socket_close_later(f, s, 0, how);
		n++;
	}
	return n;
}

void hub_reset(struct fake *f)
{
	hub_refuse(f, 0, 0);
	hub_spoil(f, "duplicate_envelope", 0);
	hub_spoil(f, "out_of_order", 0);
	for (struct socket *s = f->hub->sockets; s; s = s->next)
		if (s->silent) /* a dead one would not even notice that its client has gone */
			socket_close_later(f, s, 0, "cut");
}

int hub_raw(struct fake *f, int index, const char *kind, const char *bytes, size_t count)
{
	struct socket *s = index < 0 ? socket_next(f) : socket_at(f, index);

	if (!s)
		return -1;
	socket_push(s, !strcmp(kind, "binary") ? FRAME_BINARY :
		    !strcmp(kind, "ping") ? FRAME_PING :
		    !strcmp(kind, "wire") ? FRAME_WIRE : FRAME_TEXT, bytes, count);
	return 0;
}

void hub_refuse(struct fake *f, int status, int count)
{
	f->hub->refuse_status = status;
	f->hub->refuse_count = count;
}

json_t *hub_json(const struct fake *f)
{
	json_t *list = json_array();

	for (const struct socket *s = f->hub->sockets; s; s = s->next)
		json_array_append_new(list, json_pack("{s:I, s:b, s:b, s:b, s:I, s:I, s:I}", "id",
						      (json_int_t)s->id, "live", s->live, "leaving",
						      s->leaving, "silent", s->silent, "frames_in",
						      (json_int_t)s->frames_in, "frames_out",
						      (json_int_t)s->frames_out, "age_ms",
						      (json_int_t)((clock_steady_ns() - s->opened_ns) /
								   1000000)));
	return list;
}

static void on_ping_closed(uv_handle_t *handle)
{
	(void)handle;
}

void hub_stop(struct fake *f)
{
	if (f->hub->ping_ready)
		uv_close((uv_handle_t *)&f->hub->ping, on_ping_closed);
	f->hub->ping_ready = false;
	while (f->hub->sockets) {
		struct socket *s = f->hub->sockets;

		socket_end(s, "close");
		if (f->hub->sockets == s) /* lws ends it in its own time */
			f->hub->sockets = s->next;
	}
}
