/* fake.c - what all parts share: complaints, delayed calls, clocks, JSON helpers. */
#include "fake.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "http.h"

#define COMPLAINTS_MAX 2000

int64_t clock_wall_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

uint64_t clock_steady_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void tuning_init(struct tuning *t)
{
	*t = (struct tuning){
		.ack_ms = 3000,
		.trigger_ms = 3000,
		.retry_ms = { 500, 60000, 300000 },
		.ping_ms = 10000,
		.max_sockets = 10,
		.response_uses = 5,
		.response_ms = 30 * 60 * 1000,
		.post_burst = 5,
		.connection_time = 18060,
		.own_events = true,
	};
}

void fake_log(struct fake *f, const char *format, ...)
{
	va_list args;
	FILE *out = f->log ? f->log : stderr;

	if (f->opt.quiet && !f->log)
		return;
	if (!f->log)
		fputs("fake_slack: ", out);
	va_start(args, format);
	vfprintf(out, format, args);
	va_end(args);
	fputc('\n', out);
	if (f->log)
		fflush(out);
}

void fake_complain(struct fake *f, const char *kind, const char *where, const char *error,
		   const char *format, ...)
{
	char detail[1000];
	va_list args;

	if (!f->opt.strict && !strcmp(kind, "rule"))
		return;
	f->dirty = true;
	va_start(args, format);
	vsnprintf(detail, sizeof(detail), format, args);
	va_end(args);
	/* The cut may have fallen into the middle of a character, which JSON cannot carry. */
	for (size_t n = strlen(detail); n; n--) {
		json_t *probe = json_string(detail);

		json_decref(probe);
		if (probe)
			break;
		detail[n - 1] = '\0';
	}
	if (json_array_size(f->complaints) < COMPLAINTS_MAX)
		json_array_append_new(f->complaints,
				      json_pack("{s:I, s:s, s:s, s:s, s:s}", "at_ms",
						(json_int_t)(clock_wall_us() / 1000), "kind", kind,
						"where", where, "error", error, "detail", detail));
	if (strcmp(kind, "benign") != 0)
		fake_log(f, "complaint: %s: %s: %s: %s", kind, where, error, detail);
}

void fake_changed(struct fake *f, const char *what, const char *channel, const char *user)
{
	char line[300];

	f->change++;
	snprintf(line, sizeof(line), "{\"what\":\"%s\",\"channel\":\"%s\",\"user\":\"%s\"}", what,
		 channel ? channel : "", user ? user : "");
	http_stream_send(f, line);
	f->dirty = true;
}

struct later {
	struct fake *fake;
	uv_timer_t timer;
	void (*fn)(struct fake *f, void *arg);
	void (*drop)(void *arg);
	void *arg;
	struct later *next, **link; /* link: what points to this one */
};

static void on_later_closed(uv_handle_t *handle)
{
	free(handle->data);
}

/* There may be tens of thousands: no search. */
static void later_unlink(struct later *l)
{
	*l->link = l->next;
	if (l->next)
		l->next->link = l->link;
}

static void on_later_timer(uv_timer_t *timer)
{
	struct later *l = timer->data;

	later_unlink(l);
	l->fn(l->fake, l->arg);
	if (l->drop)
		l->drop(l->arg);
	uv_close((uv_handle_t *)timer, on_later_closed);
}

void later_run(struct fake *f, uint64_t ms, void (*fn)(struct fake *f, void *arg), void *arg,
	       void (*drop)(void *arg))
{
	struct later *l;

	if (f->stopping) {
		if (drop)
			drop(arg);
		return;
	}
	l = calloc(1, sizeof(*l));
	l->fake = f;
	l->fn = fn;
	l->drop = drop;
	l->arg = arg;
	l->timer.data = l;
	l->next = f->laters;
	l->link = &f->laters;
	if (l->next)
		l->next->link = &l->next;
	f->laters = l;
	uv_timer_init(&f->loop, &l->timer);
	uv_update_time(&f->loop);
	uv_timer_start(&l->timer, on_later_timer, ms, 0);
}

void later_release(struct fake *f)
{
	while (f->laters) {
		struct later *l = f->laters;

		f->laters = l->next;
		if (l->drop)
			l->drop(l->arg);
		uv_close((uv_handle_t *)&l->timer, on_later_closed);
	}
}

const char *json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

bool json_flag(const json_t *object, const char *key, bool fallback)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_boolean(value))
		return json_is_true(value);
	if (json_is_string(value))
		return !strcmp(json_string_value(value), "true") || !strcmp(json_string_value(value), "1");
	return fallback;
}

int64_t json_number(const json_t *object, const char *key, int64_t fallback)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_integer(value))
		return json_integer_value(value);
	if (json_is_string(value) && *json_string_value(value))
		return strtoll(json_string_value(value), NULL, 10);
	return fallback;
}

void json_put(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, json_string(text));
}

void random_hex(char *out, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[64];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		memset(bytes, 7, sizeof(bytes));
	for (size_t i = 0; i < n; i++)
		out[i] = digits[bytes[i % sizeof(bytes)] & 15];
	out[n] = '\0';
}
