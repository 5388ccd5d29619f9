/* fault.c - the faults that wait to be played, and playing them. */
#include "fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "http.h"
#include "socket.h"

struct fault {
	struct fault *next;
	char kind[32], method[64], error[64];
	int64_t count, skip, status, delay_ms, retry_after;
};

struct fault_list {
	struct fault *first;
};

struct fault_list *faults_new(void)
{
	return calloc(1, sizeof(struct fault_list));
}

void faults_reset(struct fault_list *list)
{
	while (list->first) {
		struct fault *next = list->first->next;

		free(list->first);
		list->first = next;
	}
}

void faults_free(struct fault_list *list)
{
	if (list)
		faults_reset(list);
	free(list);
}

/* Kinds that spoil the answer of a method. After: the method does its work first. */
static const struct fault_kind {
	const char *kind;
	bool after;
} fault_kinds[] = {
	{ "delay", true },       { "status", false },      { "hang", false },
	{ "cut", true },         { "cut_early", false },   { "malformed", true },
	{ "error", false },      { "done_status", true },  { "done_hang", true },
	{ "done_cut", true },
};

static const struct fault_kind *fault_kind_find(const char *kind)
{
	for (size_t i = 0; i < sizeof(fault_kinds) / sizeof(fault_kinds[0]); i++)
		if (!strcmp(fault_kinds[i].kind, kind))
			return &fault_kinds[i];
	return NULL;
}

/* Faults of the sockets happen at once. Returns how many sockets, or -1 when unknown. */
static int socket_fault(struct fake *f, const char *kind, json_t *in)
{
	int socket = (int)json_number(in, "socket", -1), count = (int)json_number(in, "count", 1);

	if (!strcmp(kind, "disconnect"))
		return hub_disconnect(f, socket,
				      *json_text(in, "reason") ? json_text(in, "reason") : "refresh_requested",
				      (int)json_number(in, "close_ms", 10000));
	if (!strcmp(kind, "drop_socket"))
		return hub_drop(f, socket, *json_text(in, "how") ? json_text(in, "how") : "cut");
	if (!strcmp(kind, "refuse_sockets")) {
		hub_refuse(f, (int)json_number(in, "status", 503), count);
		return count;
	}
	if (hub_spoil(f, kind, count) == 0)
		return count;
	return -1;
}

void fault_add(struct fake *f, struct request *r, json_t *in)
{
	const char *kind = json_text(in, "kind");
	struct fault *fault, **tail = &f->faults->first;
	int done;

	if (!strcmp(kind, "clear")) {
		faults_reset(f->faults);
		hub_reset(f);
		http_answer_json_owned(r, 200, json_pack("{s:b}", "ok", 1));
		return;
	}
	if (!fault_kind_find(kind)) {
		done = socket_fault(f, kind, in);
		http_answer_json_owned(r, done < 0 ? 400 : 200,
				       done < 0 ? json_pack("{s:b, s:s}", "ok", 0, "error",
							    "unknown_fault_kind") :
				       json_pack("{s:b, s:i}", "ok", 1, "affected", done));
		return;
	}
	fault = calloc(1, sizeof(*fault));
	snprintf(fault->kind, sizeof(fault->kind), "%s", kind);
	snprintf(fault->method, sizeof(fault->method), "%s",
		 *json_text(in, "method") ? json_text(in, "method") : "*");
	fault->count = json_number(in, "count", 1);
	fault->skip = json_number(in, "skip", 0);
	fault->status = json_number(in, "status", strcmp(kind, "done_status") ? 500 : 503);
	fault->delay_ms = json_number(in, "delay_ms", strcmp(kind, "delay") ? 0 : 1000);
	fault->retry_after = json_number(in, "retry_after", 1);
	snprintf(fault->error, sizeof(fault->error), "%s", json_text(in, "error"));
	while (*tail)
		tail = &(*tail)->next;
	*tail = fault;
	http_answer_json_owned(r, 200, json_pack("{s:b}", "ok", 1));
}

json_t *faults_json(const struct fault_list *list)
{
	json_t *out = json_array();

	for (const struct fault *x = list->first; x; x = x->next)
		json_array_append_new(out, json_pack("{s:s, s:s, s:I}", "kind", x->kind, "method", x->method,
						     "count", (json_int_t)x->count));
	return out;
}

/* Takes one use of the first fault that fits; copies it out since it may be used up. */
static bool fault_take(struct fake *f, const char *method, bool after, struct fault *out)
{
	for (struct fault **p = &f->faults->first; *p; p = &(*p)->next) {
		struct fault *x = *p;

		if (fault_kind_find(x->kind)->after != after ||
		    (strcmp(x->method, "*") != 0 && strcmp(x->method, method) != 0))
			continue;
		if (x->skip > 0) {
			x->skip--;
			continue;
		}
		*out = *x;
		if (--x->count <= 0) {
			*p = x->next;
			free(x);
		}
		f->count.faults_played++;
		return true;
	}
	return false;
}

struct late_answer {
	uint64_t request;
	json_t *answer;
	int status;
};

static void late_drop(void *arg)
{
	struct late_answer *late = arg;

	json_decref(late->answer);
	free(late);
}

static void late_run(struct fake *f, void *arg)
{
	const struct late_answer *late = arg;
	struct request *r = http_find(f, late->request);

	if (r)
		http_answer_json_owned(r, late->status, json_incref(late->answer));
}

static void answer_later_owned(struct fake *f, struct request *r, int status, int64_t ms, json_t *answer)
{
	struct late_answer *late = calloc(1, sizeof(*late));

	late->request = r->id;
	late->answer = answer;
	late->status = status;
	later_run(f, (uint64_t)ms, late_run, late, late_drop);
}

static void status_answer(struct fake *f, struct request *r, const struct fault *x)
{
	char seconds[24];

	if (x->status == 429) {
		snprintf(seconds, sizeof(seconds), "%lld", (long long)x->retry_after);
		http_header(r, "retry-after", seconds);
		answer_later_owned(f, r, 429, x->delay_ms, json_pack("{s:b, s:s}", "ok", 0, "error",
								     "ratelimited"));
		return;
	}
	http_answer(r, (int)x->status, "text/html", "<html><body>Server error</body></html>", 38);
}

bool fault_play(struct fake *f, struct request *r, const char *method)
{
	struct fault x;

	if (!f->faults->first || !fault_take(f, method, false, &x))
		return false;
	if (!strcmp(x.kind, "status"))
		status_answer(f, r, &x);
	else if (!strcmp(x.kind, "error"))
		http_answer_json_owned(r, 200, json_pack("{s:b, s:s}", "ok", 0, "error",
							 *x.error ? x.error : "internal_error"));
	else if (!strcmp(x.kind, "cut_early")) {
		r->spoil = SPOIL_CUT_EARLY;
		http_answer(r, 200, "text/plain", "", 0);
	}
	return true; /* "hang": nobody ever answers */
}

bool fault_answer_owned(struct fake *f, struct request *r, const char *method, json_t *answer)
{
	struct fault x;

	if (!f->faults->first || !fault_take(f, method, true, &x))
		return false;
	if (!strcmp(x.kind, "delay")) {
		answer_later_owned(f, r, 200, x.delay_ms, answer);
		return true;
	}
	if (!strcmp(x.kind, "cut")) {
		r->spoil = SPOIL_CUT;
		return false;
	}
	if (!strcmp(x.kind, "malformed")) {
		r->spoil = SPOIL_MALFORMED;
		return false;
	}
	json_decref(answer);
	if (!strcmp(x.kind, "done_status"))
		status_answer(f, r, &x);
	if (!strcmp(x.kind, "done_cut")) {
		r->spoil = SPOIL_CUT_EARLY;
		http_answer(r, 200, "text/plain", "", 0);
	}
	return true;
}
