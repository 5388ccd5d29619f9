/* test_http_client.c - what the HTTP client says became of a request, against a scripted peer. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/http_client.h"
#include "bot/net_address.h"
#include "support_peer.h"
#include "tocsin/err.h"

struct world {
	uv_loop_t loop;
	struct http_client *client;
	struct peer *peer;
	char url[64];
};

struct seen {
	unsigned calls;
	enum http_fate fate;
	long status, retry_after_ms;
	bool too_large;
	size_t body_len;
	char body[256], error[256], scopes[128], type[64];
	long long date_s;
	struct world *then_close; /* closes the client inside the callback */
	uv_loop_t *loop;
};

static int world_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	uv_loop_init(&w->loop);
	w->client = http_client_new(&w->loop, NULL);
	w->peer = peer_new(&w->loop);
	snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%d/x", peer_port(w->peer));
	*state = w;
	return w->client ? 0 : -1;
}

static int world_down(void **state)
{
	struct world *w = *state;
	int left;

	http_client_close(w->client);
	peer_close(w->peer);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	left = uv_loop_close(&w->loop);
	free(w);
	return left;
}

static void on_answer(void *ud, const struct http_answer *a)
{
	struct seen *s = ud;

	s->calls++;
	s->fate = a->fate;
	s->status = a->status;
	s->retry_after_ms = a->retry_after_ms;
	s->too_large = a->too_large;
	s->body_len = a->body_len;
	s->date_s = a->date_s;
	snprintf(s->body, sizeof(s->body), "%s", a->body);
	snprintf(s->error, sizeof(s->error), "%s", a->error);
	snprintf(s->scopes, sizeof(s->scopes), "%s", a->scopes);
	snprintf(s->type, sizeof(s->type), "%s", a->content_type);
	if (s->then_close)
		http_client_close(s->then_close->client);
	if (s->loop)
		uv_stop(s->loop);
}

static void run_until(struct world *w, const unsigned *calls, unsigned n)
{
	while (*calls < n)
		assert_true(uv_run(&w->loop, UV_RUN_DEFAULT));
}

static struct seen post(struct world *w, const struct http_request *r)
{
	struct seen s = { .loop = &w->loop };

	assert_true(http_client_send(w->client, r, on_answer, &s, NULL) > 0);
	assert_int_equal(s.calls, 0);
	run_until(w, &s.calls, 1);
	return s;
}

static struct http_request request_to(struct world *w)
{
	static const char *const headers[] = { "Content-Type: application/json", NULL };

	return (struct http_request){ .method = "POST", .url = w->url, .headers = headers,
		.body = "{\"a\":1}", .body_len = 7, .allow_http = true };
}

static void answers_with_status_headers_and_body(void **state)
{
	struct world *w = *state;
	struct http_request r = request_to(w);
	struct seen s;

	peer_expect(w->peer, PEER_SEND,
		"HTTP/1.1 429 X\r\nRetry-After: 7\r\nX-OAuth-Scopes: chat:write,commands\r\n"
		"Date: Wed, 28 Jan 2026 14:30:00 GMT\r\nContent-Type: application/json\r\n"
		"Content-Length: 4\r\n\r\nwait", 0);
	s = post(w, &r);
	assert_int_equal(s.fate, HTTP_ANSWERED);
	assert_int_equal(s.status, 429);
	assert_int_equal(s.retry_after_ms, 7000);
	assert_string_equal(s.body, "wait");
	assert_string_equal(s.scopes, "chat:write,commands");
	assert_string_equal(s.type, "application/json");
	assert_true(s.date_s == 1769610600);
	assert_non_null(strstr(peer_request(w->peer, 0), "POST /x HTTP/1.1"));
	assert_non_null(strstr(peer_request(w->peer, 0), "\r\n\r\n{\"a\":1}"));
	assert_null(strstr(peer_request(w->peer, 0), "Expect"));
}

static void retry_after_as_a_date_counts_from_the_answer(void **state)
{
	struct world *w = *state;
	struct http_request r = request_to(w);
	struct seen s;

	peer_expect(w->peer, PEER_SEND,
		"HTTP/1.1 503 X\r\nDate: Wed, 28 Jan 2026 14:30:00 GMT\r\n"
		"Retry-After: Wed, 28 Jan 2026 14:30:30 GMT\r\nContent-Length: 0\r\n\r\n", 0);
	s = post(w, &r);
	assert_int_equal(s.retry_after_ms, 30000);
	peer_expect(w->peer, PEER_SEND,
		"HTTP/1.1 503 X\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n", 0);
	s = post(w, &r);
	assert_int_equal(s.retry_after_ms, -1);
	peer_expect(w->peer, PEER_SEND, "HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n", 0);
	s = post(w, &r);
	assert_int_equal(s.retry_after_ms, -1);
}

static void redirects_are_told_not_followed(void **state)
{
	struct world *w = *state;
	struct http_request r = request_to(w);
	char answer[256];
	struct seen s;

	snprintf(answer, sizeof(answer),
		"HTTP/1.1 302 X\r\nLocation: %s/there\r\nContent-Length: 0\r\n\r\n", w->url);
	peer_expect(w->peer, PEER_SEND, answer, 0);
	s = post(w, &r);
	assert_int_equal(s.status, 302);
	assert_int_equal(peer_requests(w->peer), 1);
}

static void body_is_capped_at_its_bound(void **state)
{
	struct world *w = *state;
	struct http_request r = request_to(w);
	struct seen s;

	r.answer_max = 8;
	peer_expect(w->peer, PEER_SEND, "HTTP/1.1 200 X\r\nContent-Length: 8\r\n\r\n12345678", 0);
	s = post(w, &r);
	assert_false(s.too_large);
	assert_int_equal(s.body_len, 8);
	peer_expect(w->peer, PEER_SEND, "HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\n123456789", 0);
	s = post(w, &r);
	assert_true(s.too_large);
	assert_int_equal(s.fate, HTTP_ANSWERED);
	assert_int_equal(s.status, 200);
}

static void refused_connection_was_not_sent(void **state)
{
	struct world *w = *state;
	struct http_request r = request_to(w);
	struct seen s;

	r.url = "http://127.0.0.1:1/";
	s = post(w, &r);
	assert_int_equal(s.fate, HTTP_NOT_SENT);
	assert_true(s.error[0]);
}

static void tls_failure_was_not_sent(void **state)
{
	struct world *w = *state;
	struct http_request r = request_to(w);
	char url[64];
	struct seen s;

	/* Speaks plain text where TLS is wanted. */
	snprintf(url, sizeof(url), "https://127.0.0.1:%d/", peer_port(w->peer));
	r.url = url;
	peer_expect(w->peer, PEER_CUT_EARLY, NULL, 0);
	s = post(w, &r);
	assert_int_equal(s.fate, HTTP_NOT_SENT);
}

static void bad_urls_and_schemes_were_not_sent(void **state)
{
	struct world *w = *state;
	static const char *const urls[] = { "", "nonsense://x/", "file:///etc/passwd", "http://" };
	size_t i;

	for (i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct http_request r = request_to(w);
		struct seen s;

		r.url = urls[i];
		s = post(w, &r);
		assert_int_equal(s.fate, HTTP_NOT_SENT);
	}
}

static void plain_http_needs_permission(void **state)
{
	struct world *w = *state;
	struct http_request r = request_to(w);
	struct seen s;

	r.allow_http = false;
	s = post(w, &r);
	assert_int_equal(s.fate, HTTP_NOT_SENT);
	assert_int_equal(peer_connections(w->peer), 0);
}

static void cut_after_the_request_is_unknown(void **state)
{
	struct world *w = *state;
	struct http_request r = request_to(w);
	struct seen s;

	peer_expect(w->peer, PEER_CUT, NULL, 0);
	s = post(w, &r);
	assert_int_equal(s.fate, HTTP_UNKNOWN);
	peer_expect(w->peer, PEER_SEND_CUT, "HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\nhal", 0);
	s = post(w, &r);
	assert_int_equal(s.fate, HTTP_UNKNOWN);
}

/* curl would send the request again on a fresh connection: the receiver may have acted already. */
static void kept_connection_that_dies_is_not_repeated(void **state)
{
	struct world *w = *state;
	struct http_request r = request_to(w);
	struct seen s;

	peer_expect(w->peer, PEER_SEND, "HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n", 0);
	s = post(w, &r);
	assert_int_equal(s.fate, HTTP_ANSWERED);
	peer_expect(w->peer, PEER_CUT, NULL, 0);
	s = post(w, &r);
	assert_int_equal(s.fate, HTTP_UNKNOWN);
	assert_int_equal(peer_requests(w->peer), 2);
}

static void silence_is_unknown_after_the_timeout(void **state)
{
	struct world *w = *state;
	struct http_request r = request_to(w);
	struct seen s;

	r.timeout_ms = 50;
	peer_expect(w->peer, PEER_SILENT, NULL, 0);
	s = post(w, &r);
	assert_int_equal(s.fate, HTTP_UNKNOWN);
}

static void private_addresses_are_refused(void **state)
{
	struct world *w = *state;
	struct http_request r = request_to(w);
	struct seen s;

	peer_expect(w->peer, PEER_SEND, "HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n", 0);
	s = post(w, &r); /* leaves a connection that could be used again */
	assert_int_equal(s.status, 200);
	r.refuse_private = true;
	s = post(w, &r);
	assert_int_equal(s.fate, HTTP_NOT_SENT);
	assert_string_equal(s.error, "the address is a private one");
	assert_int_equal(peer_requests(w->peer), 1);
}

static void cancelled_transfers_stay_silent(void **state)
{
	struct world *w = *state;
	struct http_request r = request_to(w);
	struct seen cancelled = { 0 }, other = { 0 };
	unsigned long id = http_client_send(w->client, &r, on_answer, &cancelled, NULL);

	assert_int_equal(http_client_running(w->client), 1);
	http_client_cancel(w->client, id);
	http_client_cancel(w->client, id);
	http_client_cancel(w->client, 999);
	assert_int_equal(http_client_running(w->client), 0);
	other = post(w, &r);
	assert_int_equal(other.status, 404);
	assert_int_equal(cancelled.calls, 0);
}

static void bound_of_transfers_is_told(void **state)
{
	struct world *w = *state;
	struct http_request r = request_to(w);
	static struct seen seen[513];
	struct err err = { 0 };
	size_t i;

	for (i = 0; i < 512; i++)
		assert_true(http_client_send(w->client, &r, on_answer, &seen[i], &err) > 0);
	assert_int_equal(http_client_send(w->client, &r, on_answer, &seen[512], &err), 0);
	assert_int_equal(err.code, ERR_LIMIT);
	/* world_down() closes with all of them waiting */
}

static void closing_inside_a_callback_ends_the_rest(void **state)
{
	struct world *w = *state;
	struct http_request r = request_to(w);
	struct seen first = { .then_close = w, .loop = &w->loop }, second = first;

	http_client_send(w->client, &r, on_answer, &first, NULL);
	http_client_send(w->client, &r, on_answer, &second, NULL);
	run_until(w, &first.calls, 1);
	uv_run(&w->loop, UV_RUN_NOWAIT);
	assert_int_equal(first.calls + second.calls, 1);
	w->client = http_client_new(&w->loop, NULL); /* for world_down() */
}

static void header_injection_is_refused(void **state)
{
	struct world *w = *state;
	static const char *const bad[] = { "X-Evil: a\r\nX-Other: b", NULL };
	struct http_request r = request_to(w);
	struct seen s = { 0 };
	struct err err = { 0 };

	r.headers = bad;
	assert_int_equal(http_client_send(w->client, &r, on_answer, &s, &err), 0);
	assert_true(err.code != ERR_NONE);
}

static struct http_request mail_to(struct world *w, char *url, size_t size)
{
	snprintf(url, size, "smtp://127.0.0.1:%d", peer_port(w->peer));
	return (struct http_request){ .url = url, .mail_from = "bot@example.com",
		.mail_to = "ada@example.com", .body = "Subject: hi\r\n\r\n.dot\r\n", .body_len = 21,
		.allow_http = true };
}

static void mail_is_taken_or_refused(void **state)
{
	struct world *w = *state;
	char url[64];
	struct http_request r = mail_to(w, url, sizeof(url));
	struct seen s;

	peer_speak_smtp(w->peer, NULL, true); /* and QUIT must not hold the loop */
	s = post(w, &r);
	assert_int_equal(s.fate, HTTP_ANSWERED);
	assert_int_equal(s.status, 250);
	assert_non_null(strstr(peer_request(w->peer, 0), "Subject: hi\r\n\r\n..dot"));
	peer_speak_smtp(w->peer, "550 no such user\r\n", true);
	s = post(w, &r);
	assert_int_equal(s.fate, HTTP_ANSWERED);
	assert_int_equal(s.status, 550);
	assert_int_equal(peer_requests(w->peer), 1);
}

static void mails_wait_for_each_other_and_end_with_the_client(void **state)
{
	struct world *w = *state;
	char url[64];
	struct http_request r = mail_to(w, url, sizeof(url));
	struct seen seen[5] = { 0 };
	unsigned long id = 0;
	size_t i;

	peer_speak_smtp(w->peer, NULL, false);
	for (i = 0; i < 5; i++) {
		seen[i].loop = &w->loop;
		id = http_client_send(w->client, &r, on_answer, &seen[i], NULL);
		assert_true(id > 0);
	}
	http_client_cancel(w->client, id);
	for (i = 0; i < 4; i++) {
		run_until(w, &seen[i].calls, 1);
		assert_int_equal(seen[i].status, 250);
	}
	assert_int_equal(seen[4].calls, 0);
	http_client_send(w->client, &r, on_answer, &seen[4], NULL);
}

static void mail_without_tls_needs_permission(void **state)
{
	struct world *w = *state;
	char url[64];
	struct http_request r = mail_to(w, url, sizeof(url));
	struct seen s;

	peer_speak_smtp(w->peer, NULL, false);
	r.allow_http = false;
	s = post(w, &r);
	assert_true(s.fate != HTTP_ANSWERED || s.status >= 400);
	assert_int_equal(peer_requests(w->peer), 0);
}

static void address_ranges(void **state)
{
	static const struct {
		const char *text;
		bool is_private;
	} cases[] = {
		{ "127.0.0.1", true }, { "10.255.255.255", true }, { "11.0.0.0", false },
		{ "172.15.255.255", false }, { "172.16.0.0", true }, { "172.31.255.255", true },
		{ "172.32.0.0", false }, { "192.168.1.1", true }, { "169.254.169.254", true },
		{ "100.64.0.1", true }, { "100.128.0.1", false }, { "0.0.0.0", true },
		{ "224.0.0.1", true }, { "255.255.255.255", true }, { "93.184.216.34", false },
		{ "::1", true }, { "::", true }, { "fe80::1%eth0", true }, { "fd00::1", true },
		{ "ff02::1", true }, { "2606:2800:220:1::1", false }, { "::ffff:10.0.0.1", true },
		{ "::ffff:93.184.216.34", false }, { "64:ff9b::7f00:1", true },
		{ "2002:7f00:1::", true }, { "2001:db8::1", true }, { "words", true }, { "", true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (net_address_private_text(cases[i].text) != cases[i].is_private)
			fail_msg("%s", cases[i].text);
	assert_true(net_host_loopback("LocalHost"));
	assert_true(net_host_loopback("127.9.9.9"));
	assert_true(net_host_loopback("[::1]"));
	assert_false(net_host_loopback("localhost.example.com"));
	assert_false(net_host_loopback("127.0.0.1.example.com"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_up, world_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(answers_with_status_headers_and_body), T(retry_after_as_a_date_counts_from_the_answer),
		T(redirects_are_told_not_followed), T(body_is_capped_at_its_bound),
		T(refused_connection_was_not_sent), T(tls_failure_was_not_sent),
		T(bad_urls_and_schemes_were_not_sent), T(plain_http_needs_permission),
		T(cut_after_the_request_is_unknown), T(kept_connection_that_dies_is_not_repeated),
		T(silence_is_unknown_after_the_timeout), T(private_addresses_are_refused),
		T(cancelled_transfers_stay_silent), T(bound_of_transfers_is_told),
		T(closing_inside_a_callback_ends_the_rest), T(header_injection_is_refused),
		T(mail_is_taken_or_refused), T(mails_wait_for_each_other_and_end_with_the_client), T(mail_without_tls_needs_permission), T(address_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
