/* burst.c - many slash commands at once, and how long each acknowledgement took. */
#include "burst.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libwebsockets.h>

#include "fake.h"
#include "http.h"
#include "hub.h"
#include "socket.h"
#include "workspace.h"

#define ID_PREFIX "b0000000-0000-4000-8000-"
#define ID_DIGITS 12
#define BATCH_BYTES (256u << 10)
#define SLOTS_MAX 65536u

/* Text of an envelope for one person; the digits at the offsets change each time. */
struct template {
	char *text;
	size_t bytes, id_at, trigger_at;
};

struct slot {
	uint64_t sent_ns;
	uint32_t serial; /* of the command in flight; tells a late answer from the right one */
	bool busy;
};

struct burst {
	uint64_t request;
	uint32_t total, sent, acked, lost, with_payload, slot_count, ready_count;
	struct slot *slots;
	uint32_t *ready; /* stack of free slots */
	uint32_t *latency_ns;
	struct template *templates;
	size_t template_count;
	uint64_t started_ns, last_ack_ns;
	size_t share; /* what one socket may take at the start */
	unsigned char *batch;
	uv_timer_t timer;
	bool done;
};

static void burst_free(struct burst *b)
{
	for (size_t i = 0; i < b->template_count; i++)
		free(b->templates[i].text);
	free(b->templates);
	free(b->slots);
	free(b->ready);
	free(b->latency_ns);
	free(b->batch);
	free(b);
}

static void on_burst_closed(uv_handle_t *handle)
{
	burst_free(handle->data);
}

static int latency_order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double percentile_us(const struct burst *b, double share)
{
	size_t at = (size_t)((double)b->acked * share);

	if (!b->acked)
		return 0;
	return (double)b->latency_ns[at < b->acked ? at : b->acked - 1] / 1000;
}

static void burst_end(struct fake *f)
{
	struct burst *b = f->burst;
	struct request *r = http_find(f, b->request);
	double seconds = (double)(b->last_ack_ns - b->started_ns) / 1e9, sum = 0;

	qsort(b->latency_ns, b->acked, sizeof(*b->latency_ns), latency_order);
	for (uint32_t i = 0; i < b->acked; i++)
		sum += b->latency_ns[i] / 1000.0;
	f->count.envelopes_sent += b->sent;
	f->count.acked += b->acked;
	f->count.unacked += b->lost;
	if (r)
		http_answer_json_owned(r, 200, json_pack(
			"{s:b, s:i, s:i, s:i, s:i, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "ok", 1, "sent",
			(int)b->sent, "acked", (int)b->acked, "lost", (int)b->lost, "with_payload",
			(int)b->with_payload, "seconds", seconds, "per_second",
			seconds > 0 ? b->acked / seconds : 0, "p50_us", percentile_us(b, 0.5), "p90_us",
			percentile_us(b, 0.9), "p99_us", percentile_us(b, 0.99), "p999_us",
			percentile_us(b, 0.999), "max_us", percentile_us(b, 1), "mean_us",
			b->acked ? sum / b->acked : 0));
	f->burst = NULL;
	uv_close((uv_handle_t *)&b->timer, on_burst_closed);
}

void burst_stop(struct fake *f)
{
	if (f->burst)
		burst_end(f);
}

static void wake_all(struct fake *f)
{
	for (struct socket *s = f->hub->sockets; s; s = s->next)
		if (s->live && !s->silent)
			socket_want_write(s);
}

/* Gives up on what has not been acknowledged in time, and keeps the rest going. */
static void on_burst_timer(uv_timer_t *timer)
{
	struct fake *f = timer->loop->data;
	struct burst *b = f->burst;
	uint64_t now = clock_steady_ns(), limit = (uint64_t)f->tune.ack_ms * 1000000;

	for (uint32_t i = 0; i < b->slot_count; i++)
		if (b->slots[i].busy && now - b->slots[i].sent_ns > limit) {
			b->slots[i].busy = false;
			b->lost++;
			b->ready[b->ready_count++] = i;
		}
	if (b->acked + b->lost >= b->total || !hub_socket(f, 0))
		burst_end(f);
	else
		wake_all(f);
}

static void digits_put(char *at, uint64_t value)
{
	static const char hex[] = "0123456789abcdef";

	for (int i = ID_DIGITS - 1; i >= 0; i--, value >>= 4)
		at[i] = hex[value & 15];
}

static uint64_t triggers; /* of all bursts: a trigger id comes once, or the app takes it for a repetition */

/* Appends one envelope as a WebSocket frame; returns its length. */
static size_t frame_put(struct burst *b, unsigned char *out, uint32_t slot)
{
	struct template *t = &b->templates[b->sent % b->template_count];
	uint64_t id = (uint64_t)slot << 32 | b->sent;
	size_t head = 4;

	digits_put(t->text + t->id_at, id);
	digits_put(t->text + t->trigger_at, ++triggers);
	out[0] = 0x81;
	if (t->bytes < 126) {
		out[1] = (unsigned char)t->bytes;
		head = 2;
	} else {
		out[1] = 126;
		out[2] = (unsigned char)(t->bytes >> 8);
		out[3] = (unsigned char)t->bytes;
	}
	memcpy(out + head, t->text, t->bytes);
	b->slots[slot].serial = b->sent++;
	b->slots[slot].busy = true;
	return head + t->bytes;
}

static int wire_send(int fd, const unsigned char *bytes, size_t count)
{
	size_t done = 0;

	while (done < count) {
		ssize_t n = send(fd, bytes + done, count - done, MSG_DONTWAIT | MSG_NOSIGNAL);
		struct pollfd p = { .fd = fd, .events = POLLOUT };

		if (n > 0)
			done += (size_t)n;
		else if (poll(&p, 1, 1000) <= 0)
			return -1; /* the app has not read for a second: the frame is torn */
	}
	return 0;
}

int burst_write(struct fake *f, struct socket *s)
{
	struct burst *b = f->burst;
	size_t used = 0, taken = 0;
	uint64_t now = clock_steady_ns();

	if (lws_partial_buffered(s->wsi)) {
		socket_want_write(s);
		return 0;
	}
	while (b->ready_count && b->sent < b->total && taken < b->share &&
	       used + b->templates[0].bytes + 64 < BATCH_BYTES) {
		uint32_t slot = b->ready[--b->ready_count];

		used += frame_put(b, b->batch + used, slot);
		b->slots[slot].sent_ns = now;
		taken++;
	}
	if (!used)
		return 0;
	s->frames_out++;
	return wire_send(lws_get_socket_fd(s->wsi), b->batch, used);
}

static int hex_read(const char *at, uint64_t *value)
{
	*value = 0;
	for (int i = 0; i < ID_DIGITS; i++) {
		char c = at[i];

		if (c >= '0' && c <= '9')
			*value = *value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			*value = *value << 4 | (uint64_t)(c - 'a' + 10);
		else
			return -1;
	}
	return 0;
}

bool burst_receive(struct fake *f, struct socket *s, const char *text, size_t bytes)
{
	struct burst *b = f->burst;
	const char *at = memmem(text, bytes, ID_PREFIX, sizeof(ID_PREFIX) - 1);
	uint64_t id;
	uint32_t slot;

	if (!at || at + sizeof(ID_PREFIX) - 1 + ID_DIGITS > text + bytes ||
	    hex_read(at + sizeof(ID_PREFIX) - 1, &id) < 0)
		return false;
	slot = (uint32_t)(id >> 32);
	if (slot >= b->slot_count || !b->slots[slot].busy || b->slots[slot].serial != (uint32_t)id)
		return true; /* too late: it has been given up */
	b->last_ack_ns = clock_steady_ns();
	{
		uint64_t took = b->last_ack_ns - b->slots[slot].sent_ns;

		b->latency_ns[b->acked++] = took > UINT32_MAX ? UINT32_MAX : (uint32_t)took;
	}
	/* {"envelope_id":"..."} is 54 bytes, with an empty payload 67. */
	b->with_payload += bytes > 68;
	b->slots[slot].busy = false;
	b->ready[b->ready_count++] = slot;
	if (b->acked + b->lost >= b->total) {
		if (!b->done)
			uv_timer_start(&b->timer, on_burst_timer, 0, 100);
		b->done = true;
	} else if (b->sent < b->total) {
		socket_want_write(s);
	}
	return true;
}

void burst_socket_closed(struct fake *f, struct socket *s)
{
	(void)s;
	if (f->burst)
		wake_all(f);
}

static void template_make(struct fake *f, struct template *t, json_t *in, const char *user,
			  struct channel *ch)
{
	struct workspace *ws = f->ws;
	char url[400];
	json_t *envelope;

	snprintf(url, sizeof(url), "%s/commands/%s/burst/1", f->base_url, ws->team_id);
	envelope = json_pack("{s:s, s:{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s},"
			     " s:s, s:b}", "envelope_id", ID_PREFIX "000000000000", "payload", "token",
			     "deprecated-verification-token", "team_id", ws->team_id, "team_domain",
			     ws->team_domain, "channel_id", ch->id, "channel_name", ch->name, "user_id", user,
			     "user_name", user_name(ws, user), "command", json_text(in, "command"), "text",
			     json_text(in, "text"), "api_app_id", ws->app_id, "is_enterprise_install",
			     "false", "response_url", url, "trigger_id",
			     "1111111111111.2222222222222.burst000000000000", "type", "slash_commands",
			     "accepts_response_payload", 1);
	t->text = json_dumps(envelope, JSON_COMPACT | JSON_ESCAPE_SLASH);
	t->bytes = strlen(t->text);
	t->id_at = (size_t)(strstr(t->text, ID_PREFIX) - t->text) + sizeof(ID_PREFIX) - 1;
	t->trigger_at = (size_t)(strstr(t->text, ".burst000000000000") - t->text) + 6;
	json_decref(envelope);
}

static void templates_make(struct fake *f, struct burst *b, json_t *in, struct channel *ch)
{
	json_t *users = json_object_get(in, "users"), *one;
	size_t i;

	b->template_count = json_array_size(users) ? json_array_size(users) : 1;
	b->templates = calloc(b->template_count, sizeof(*b->templates));
	if (!json_array_size(users))
		template_make(f, b->templates, in, *json_text(in, "user") ? json_text(in, "user") : "U0ADA", ch);
	json_array_foreach(users, i, one)
		template_make(f, &b->templates[i], in, json_string_value(one), ch);
}

void burst_start(struct fake *f, struct request *r, json_t *in)
{
	const char *channel = *json_text(in, "channel") ? json_text(in, "channel") : "C0WARROOM";
	struct channel *ch = channel_find(f->ws, channel);
	int64_t n = json_number(in, "n", 1000), flight = json_number(in, "concurrency", 32);
	size_t sockets = hub_open(f);
	const char *wrong = f->burst ? "busy" : !hub_socket(f, 0) ? "no_socket" : !ch ? "channel_not_found" :
		n < 1 || n > 50000000 || flight < 1 || flight > SLOTS_MAX ? "bad_numbers" :
		json_string_length(json_object_get(in, "text")) > 20000 ? "text_too_long" : NULL;
	struct burst *b;

	if (wrong) {
		http_answer_json_owned(r, 400, json_pack("{s:b, s:s}", "ok", 0, "error", wrong));
		return;
	}
	b = calloc(1, sizeof(*b));
	b->request = r->id;
	b->total = (uint32_t)n;
	b->slot_count = (uint32_t)(flight < n ? flight : n);
	b->slots = calloc(b->slot_count, sizeof(*b->slots));
	b->ready = calloc(b->slot_count, sizeof(*b->ready));
	b->latency_ns = calloc((size_t)n, sizeof(*b->latency_ns));
	b->batch = malloc(BATCH_BYTES + 65536);
	while (b->ready_count < b->slot_count) {
		b->ready[b->ready_count] = b->slot_count - 1 - b->ready_count;
		b->ready_count++;
	}
	b->share = (b->slot_count + sockets - 1) / sockets;
	templates_make(f, b, in, ch);
	f->burst = b;
	uv_timer_init(&f->loop, &b->timer);
	b->timer.data = b;
	uv_timer_start(&b->timer, on_burst_timer, 100, 100);
	b->started_ns = b->last_ack_ns = clock_steady_ns();
	wake_all(f);
}
