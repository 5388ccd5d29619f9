/* test_http_server.c - HTTP in: what each kind of request gets back, at and past every bound. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bot/web/http_server.h"
#include "support_talk.h"
#include "tocsin/err.h"

static uv_loop_t loop;
static struct http_server *server;
static uint64_t waiting[512];
static size_t n_waiting;

static void on_echo(void *ud, const struct web_request *req)
{
	struct web_answer a = {.status = 200, .body = req->body, .len = req->body_len};

	(void)ud;
	if (req->head->method != HTTP_POST) {
		a.body = req->head->query;
		a.len = strlen(a.body);
	}
	web_answer(server, req->id, &a);
}

static void on_later(void *ud, const struct web_request *req)
{
	(void)ud;
	waiting[n_waiting++] = req->id;
}

static void on_below(void *ud, const struct web_request *req)
{
	(void)ud;
	web_answer_text(server, req->id, 200, req->rest);
}

static void on_large(void *ud, const struct web_request *req)
{
	static char big[3 << 20];
	struct web_answer a = {.status = 200, .body = big, .len = sizeof(big)};

	(void)ud;
	memset(big, 'x', sizeof(big));
	web_answer(server, req->id, &a);
}

static void open_server(const struct http_server_options *limits)
{
	static const struct web_route routes[] = {
		{"/echo", on_echo, NULL, HTTP_GET | HTTP_POST, METRIC_ROUTE_OTHER},
		{"/later", on_later, NULL, HTTP_GET, METRIC_ROUTE_OTHER},
		{"/below/", on_below, NULL, HTTP_GET, METRIC_ROUTE_OTHER},
		{"/large", on_large, NULL, HTTP_GET, METRIC_ROUTE_OTHER},
	};
	struct http_server_options o = *limits;
	struct err err = {0};
	size_t i;

	o.loop = &loop;
	o.listen = "127.0.0.1:0";
	server = http_server_open(&o, &err);
	assert_non_null(server);
	for (i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		assert_int_equal(http_server_route(server, &routes[i]), 0);
	n_waiting = 0;
}

static int setup(void **state)
{
	const struct http_server_options defaults = {0};

	(void)state;
	uv_loop_init(&loop);
	open_server(&defaults);
	return 0;
}

/* Every test ends by asserting that the loop closes empty: no handle is forgotten. */
static int teardown(void **state)
{
	(void)state;
	http_server_close(server);
	uv_run(&loop, UV_RUN_DEFAULT);
	return uv_loop_close(&loop);
}

static void reopen(const struct http_server_options *limits)
{
	http_server_close(server);
	uv_run(&loop, UV_RUN_DEFAULT);
	open_server(limits);
}

static const char *once(const char *bytes)
{
	return talk_once(&loop, http_server_address(server), bytes, 0);
}

static void assert_status(const char *answer, const char *status)
{
	char want[64];

	snprintf(want, sizeof(want), "HTTP/1.1 %s", status);
	if (strncmp(answer, want, strlen(want)) != 0)
		fail_msg("wanted %s, got: %.200s", status, answer);
}

static void test_answers(void **state)
{
	struct talk *t;
	const char *s;

	(void)state;
	s = once("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
	assert_status(s, "200 OK");
	assert_non_null(strstr(s, "\r\n\r\nhello"));
	assert_non_null(strstr(s, "X-Content-Type-Options: nosniff\r\n"));
	assert_non_null(strstr(s, "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"));
	assert_non_null(strstr(s, "Connection: keep-alive\r\n"));
	s = once("GET /below/a%20b/c HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_non_null(strstr(s, "200 OK: a b/c\n"));
	assert_status(once("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"), "404");
	assert_status(once("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "404");
	s = once("POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
	assert_status(s, "405");
	assert_non_null(strstr(s, "\r\nAllow: GET, HEAD\r\n"));
	s = once("DELETE /echo HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_status(s, "405");
	assert_non_null(strstr(s, "\r\nAllow: GET, HEAD, POST\r\n"));
	t = talk_new(&loop, http_server_address(server));
	talk_send(t, "HEAD /echo?abc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 0);
	talk_wait_closed(t);
	s = talk_text(t);
	assert_status(s, "200");
	assert_non_null(strstr(s, "Content-Length: 3\r\n"));
	assert_string_equal(strstr(s, "\r\n\r\n"), "\r\n\r\n");
	talk_free(t);
}

/* What proxies and senders could read in two ways, and what is no HTTP at all. */
static void test_malformed_requests_are_told(void **state)
{
	static const char *const cases[][2] = {
		{"400", "hello\r\n\r\n"},
		{"400", "GET /echo\r\n\r\n"},
		{"400", "GET echo HTTP/1.1\r\nHost: x\r\n\r\n"},
		{"400", "GET /echo HTTP/1.1\nHost: x\n\n"},
		{"400", "GET /echo HTTP/1.1\r\nHost: x\n\r\n"},
		{"400", "GET /echo HTTP/1.1\r\n\r\n"},
		{"400", "GET /echo HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"},
		{"400", "GET /echo HTTP/1.1\r\nHost : x\r\n\r\n"},
		{"400", "GET /echo HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n"},
		{"400", "GET /echo HTTP/1.1\r\nHost: x\r\nA: \x01\r\n\r\n"},
		{"400", "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n"},
		{"400", "GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n"},
		{"400", "GET /%ff%fe HTTP/1.1\r\nHost: x\r\n\r\n"},
		{"400", "GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n"},
		{"400", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello"},
		{"400", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n"},
		{"400", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\n"},
		{"400", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"},
		{"411", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
		{"501", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n"},
		{"413", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n"},
		{"417", "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: tea\r\nContent-Length: 1\r\n\r\n"},
		{"505", "GET /echo HTTP/2.0\r\nHost: x\r\n\r\n"},
		{"400", "\x16\x03\x01\x02\n\r\n"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *s = once(cases[i][1]);

		assert_status(s, cases[i][0]);
		assert_non_null(strstr(s, "Connection: close\r\n"));
	}
	assert_status(talk_once(&loop, http_server_address(server),
		"GET /e\0cho HTTP/1.1\r\nHost: x\r\n\r\n", 33), "400");
}

static void test_odd_but_right_requests(void **state)
{
	const char *s;

	(void)state;
	assert_status(once("\r\n\r\nGET /echo HTTP/1.1\r\nhOsT:x \r\nX:\r\n\r\n"), "200");
	s = once("GET /echo?q=1 HTTP/1.0\r\n\r\n");
	assert_status(s, "200");
	assert_non_null(strstr(s, "Connection: close\r\n"));
	assert_status(once("GET http://x/echo HTTP/1.1\r\nHost: x\r\n\r\n"), "200");
	s = once("GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, Close\r\n\r\n");
	assert_non_null(strstr(s, "Connection: close\r\n"));
}

static void test_head_bounds(void **state)
{
	static char text[HTTP_HEAD_MAX + 1024];
	const char *start = "GET /echo HTTP/1.1\r\nHost: x\r\nLong: ";
	size_t n = strlen(start), i;

	(void)state;
	/* Exactly HTTP_HEAD_MAX bytes pass. */
	memset(text, 'a', sizeof(text));
	memcpy(text, start, n);
	memcpy(text + HTTP_HEAD_MAX - 4, "\r\n\r\n", 5);
	assert_status(talk_once(&loop, http_server_address(server), text, HTTP_HEAD_MAX), "200");
	/* One more does not, whether its end has come or not. */
	memset(text + HTTP_HEAD_MAX - 4, 'a', 5);
	memcpy(text + HTTP_HEAD_MAX - 3, "\r\n\r\n", 5);
	assert_status(talk_once(&loop, http_server_address(server), text, HTTP_HEAD_MAX + 1), "431");
	memset(text + HTTP_HEAD_MAX - 3, 'a', 5);
	assert_status(talk_once(&loop, http_server_address(server), text, sizeof(text)), "431");
	/* Headers by number: 64 with Host. */
	n = (size_t)snprintf(text, sizeof(text), "GET /echo HTTP/1.1\r\nHost: x\r\n");
	for (i = 0; i < HTTP_HEADERS_MAX - 1; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "H%zu: v\r\n", i);
	snprintf(text + n, sizeof(text) - n, "\r\n");
	assert_status(once(text), "200");
	snprintf(text + n, sizeof(text) - n, "One: more\r\n\r\n");
	assert_status(once(text), "431");
	/* The address. */
	n = (size_t)snprintf(text, sizeof(text), "GET /echo?");
	memset(text + n, 'q', HTTP_TARGET_MAX - 6);
	snprintf(text + n + HTTP_TARGET_MAX - 6, 64, " HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_status(once(text), "200");
	memset(text + n, 'q', HTTP_TARGET_MAX - 5);
	snprintf(text + n + HTTP_TARGET_MAX - 5, 64, " HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_status(once(text), "414");
}

static void post(char *text, size_t size, size_t body, size_t *len)
{
	int n = snprintf(text, size, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", body);

	memset(text + n, 'b', body);
	*len = (size_t)n + body;
}

static void test_body_bounds(void **state)
{
	size_t size = (1u << 20) + 4096, len;
	char *text = malloc(size);
	const char *s;

	(void)state;
	post(text, size, 1u << 20, &len);
	s = talk_once(&loop, http_server_address(server), text, len);
	assert_status(s, "200");
	assert_non_null(strstr(s, "Content-Length: 1048576\r\n"));
	/* One byte more is refused before the body is waited for, and the sender gets to read that. */
	post(text, size, (1u << 20) + 1, &len);
	assert_status(talk_once(&loop, http_server_address(server), text, len), "413");
	free(text);
}

static void test_expect_continue(void **state)
{
	struct talk *t = talk_new(&loop, http_server_address(server));

	(void)state;
	talk_send(t, "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", 0);
	assert_true(talk_wait(t, "HTTP/1.1 100 Continue\r\n\r\n"));
	assert_null(strstr(talk_text(t), "200 OK"));
	talk_send(t, "ok", 0);
	assert_true(talk_wait(t, "\r\n\r\nok"));
	talk_free(t);
}

/* Requests sent ahead are answered one after another, in order, though the first waits. */
static void test_pipelining(void **state)
{
	struct talk *t = talk_new(&loop, http_server_address(server));
	const char *s;

	(void)state;
	talk_send(t, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n"
		"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\ntwo"
		"GET /echo?three HTTP/1.1\r\nHost: x\r\n\r\n", 0);
	while (n_waiting < 1)
		uv_run(&loop, UV_RUN_ONCE);
	assert_string_equal(talk_text(t), "");
	assert_int_equal(http_server_working(server), 1);
	web_answer_text(server, waiting[0], 200, "one");
	assert_true(talk_answers(t, 3));
	s = strstr(talk_text(t), "200 OK: one\n");
	assert_non_null(s);
	s = strstr(s, "\r\n\r\ntwo");
	assert_non_null(s);
	assert_non_null(strstr(s, "\r\n\r\nthree"));
	assert_int_equal(http_server_working(server), 0);
	/* A second answer to the same request is dropped. */
	web_answer_text(server, waiting[0], 200, "again");
	talk_send(t, "GET /echo?four HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 0);
	talk_wait_closed(t);
	assert_null(strstr(talk_text(t), "again"));
	assert_non_null(strstr(talk_text(t), "four"));
	talk_free(t);
}

static void test_request_arrives_byte_by_byte(void **state)
{
	const char *text = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
	struct talk *t = talk_new(&loop, http_server_address(server));
	size_t i;

	(void)state;
	for (i = 0; text[i]; i++) {
		talk_send(t, text + i, 1);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	assert_true(talk_wait(t, "\r\n\r\nhello"));
	talk_free(t);
}

/* The asker goes away while the answer is being made: it is dropped, nothing else happens. */
static void test_answer_to_someone_gone(void **state)
{
	struct talk *t = talk_new(&loop, http_server_address(server));

	(void)state;
	talk_send(t, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n", 0);
	while (n_waiting < 1)
		uv_run(&loop, UV_RUN_ONCE);
	talk_free(t);
	web_answer_text(server, waiting[0], 200, "nobody reads this");
	while (http_server_connections(server) > 0)
		uv_run(&loop, UV_RUN_ONCE);
	web_answer_text(server, waiting[0], 200, "still nobody");
	web_answer_text(server, 12345678, 200, "no such request");
	assert_status(once("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n"), "200");
}

static void test_slow_peers_are_told_and_let_go(void **state)
{
	const struct http_server_options limits = {.head_ms = 40, .body_ms = 40, .idle_ms = 40,
		.answer_ms = 40, .write_ms = 40};
	struct talk *t;

	(void)state;
	reopen(&limits);
	t = talk_new(&loop, http_server_address(server));
	talk_send(t, "GET /echo HTTP/1.1\r\nHost: x\r\nSlow", 0);
	talk_wait_closed(t);
	assert_status(talk_text(t), "408");
	talk_free(t);
	t = talk_new(&loop, http_server_address(server));
	talk_send(t, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel", 0);
	talk_wait_closed(t);
	assert_status(talk_text(t), "408");
	talk_free(t);
	t = talk_new(&loop, http_server_address(server));
	talk_send(t, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n", 0);
	talk_wait_closed(t);
	assert_status(talk_text(t), "504");
	talk_free(t);
	/* Silence after connecting, and between two requests: closed without a word. */
	t = talk_new(&loop, http_server_address(server));
	talk_wait_closed(t);
	assert_string_equal(talk_text(t), "");
	talk_free(t);
}

static void test_peer_that_does_not_read(void **state)
{
	const struct http_server_options limits = {.write_ms = 40};
	struct talk *t;

	(void)state;
	reopen(&limits);
	t = talk_new(&loop, http_server_address(server));
	talk_read_stop(t);
	talk_send(t, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n", 0);
	while (http_server_connections(server) == 0)
		uv_run(&loop, UV_RUN_ONCE);
	while (http_server_connections(server) > 0)
		uv_run(&loop, UV_RUN_ONCE);
	talk_free(t);
}

/* A crowd that only holds connections open keeps nobody out. */
static void test_full_house_gives_way(void **state)
{
	const struct http_server_options limits = {.connections_max = 8};
	struct talk *crowd[8];
	size_t i;

	(void)state;
	reopen(&limits);
	for (i = 0; i < 8; i++) {
		crowd[i] = talk_new(&loop, http_server_address(server));
		talk_send(crowd[i], "GET /echo HTTP/1.1\r\nHost: x\r\nSlow", 0);
		while (http_server_connections(server) <= i)
			uv_run(&loop, UV_RUN_ONCE);
	}
	assert_status(once("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n"), "200");
	talk_wait_closed(crowd[0]); /* the one that waited longest */
	for (i = 0; i < 8; i++)
		talk_free(crowd[i]);
}

/* More than there are slots, all in one turn: whoever comes behind them waits and is answered. */
static void test_rush_turns_nobody_away(void **state)
{
	const struct http_server_options limits = {.connections_max = 8};
	struct sockaddr_in where;
	int crowd[64];
	size_t i;

	(void)state;
	reopen(&limits);
	assert_int_equal(uv_ip4_addr("127.0.0.1", (int)strtol(strchr(http_server_address(server), ':') + 1, NULL, 10), &where), 0);
	for (i = 0; i < 64; i++) { /* the kernel takes them; the loop does not run */
		crowd[i] = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(connect(crowd[i], (struct sockaddr *)&where, sizeof(where)), 0);
	}
	assert_status(once("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n"), "200");
	for (i = 0; i < 64; i++)
		close(crowd[i]);
	assert_true(http_server_connections(server) <= 8 + 1);
}

/* When all of them are being worked on, the next one hears so. */
static void test_busy_house_says_so(void **state)
{
	const struct http_server_options limits = {.connections_max = 2};
	struct talk *a, *b;
	const char *s;

	(void)state;
	reopen(&limits);
	a = talk_new(&loop, http_server_address(server));
	b = talk_new(&loop, http_server_address(server));
	talk_send(a, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n", 0);
	talk_send(b, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n", 0);
	while (n_waiting < 2)
		uv_run(&loop, UV_RUN_ONCE);
	s = once("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_status(s, "503");
	assert_non_null(strstr(s, "Retry-After: 5\r\n"));
	web_answer_text(server, waiting[0], 200, "fine");
	assert_true(talk_wait(a, "fine"));
	talk_free(a);
	talk_free(b);
}

/* All bodies together are bounded, not only each of them. */
static void test_bytes_held_are_bounded(void **state)
{
	const struct http_server_options limits = {.held_max = 300000};
	size_t size = 300000, len;
	char *text = malloc(size);
	struct talk *a = NULL;

	(void)state;
	reopen(&limits);
	a = talk_new(&loop, http_server_address(server));
	post(text, size, 200000, &len);
	talk_send(a, text, len - 1);
	while (http_server_connections(server) < 1)
		uv_run(&loop, UV_RUN_ONCE);
	/* The first is nearly whole; a second of the same size finds no room. */
	for (int i = 0; i < 200; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	assert_status(talk_once(&loop, http_server_address(server), text, len), "503");
	talk_send(a, "b", 1);
	assert_true(talk_answers(a, 1));
	assert_status(talk_text(a), "200");
	talk_free(a);
	/* What was held is given back. */
	assert_status(talk_once(&loop, http_server_address(server), text, len), "200");
	free(text);
}

static void test_stop_lets_work_finish(void **state)
{
	struct talk *busy = talk_new(&loop, http_server_address(server));
	struct talk *idle = talk_new(&loop, http_server_address(server)), *late;

	(void)state;
	talk_send(busy, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n", 0);
	while (n_waiting < 1 || http_server_connections(server) < 2)
		uv_run(&loop, UV_RUN_ONCE);
	http_server_stop(server);
	talk_wait_closed(idle);
	late = talk_new(&loop, http_server_address(server));
	assert_true(talk_closed(late));
	web_answer_text(server, waiting[0], 200, "finished");
	talk_wait_closed(busy);
	assert_non_null(strstr(talk_text(busy), "Connection: close\r\n"));
	assert_non_null(strstr(talk_text(busy), "200 OK: finished"));
	talk_free(busy);
	talk_free(idle);
	talk_free(late);
}

static void test_listen_addresses(void **state)
{
	static const char *const bad[] = {"", "8080", "example.com:80", "127.0.0.1:", "127.0.0.1:99999",
		"127.0.0.1:8o", "[::1:80", "1.2.3:80", ":-1"};
	static const char *const good[] = {"127.0.0.1:8080", ":0", "*:1", "localhost:80", "[::]:65535"};
	struct http_server_options o = {.loop = &loop};
	struct sockaddr_storage addr;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err_clear(&err);
		assert_int_equal(http_listen_parse(bad[i], &addr, &err), -1);
		assert_non_null(strstr(err.text, "127.0.0.1:8080"));
	}
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(http_listen_parse(good[i], &addr, NULL), 0);
	/* Taken: told by name, and nothing is left behind. */
	o.listen = http_server_address(server);
	err_clear(&err);
	assert_null(http_server_open(&o, &err));
	assert_non_null(strstr(err.text, "address already in use"));
}

static void test_form_values(void **state)
{
	const char *form = "a=1&t=x%2By+z&empty=&t=second&bad=%4&long=123456789&nul=%00";
	char out[8];

	(void)state;
	assert_int_equal(http_form_get(form, strlen(form), "t", out, sizeof(out)), 1);
	assert_string_equal(out, "x+y z");
	assert_int_equal(http_form_get(form, strlen(form), "empty", out, sizeof(out)), 1);
	assert_string_equal(out, "");
	assert_int_equal(http_form_get(form, strlen(form), "none", out, sizeof(out)), 0);
	assert_int_equal(http_form_get(form, strlen(form), "bad", out, sizeof(out)), -1);
	assert_int_equal(http_form_get(form, strlen(form), "long", out, sizeof(out)), -1);
	assert_int_equal(http_form_get(form, strlen(form), "nul", out, sizeof(out)), -1);
	assert_int_equal(http_form_get("", 0, "a", out, sizeof(out)), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_answers), T(test_malformed_requests_are_told), T(test_odd_but_right_requests),
		T(test_head_bounds), T(test_body_bounds), T(test_expect_continue), T(test_pipelining),
		T(test_request_arrives_byte_by_byte), T(test_answer_to_someone_gone),
		T(test_slow_peers_are_told_and_let_go), T(test_peer_that_does_not_read),
		T(test_full_house_gives_way),
		T(test_rush_turns_nobody_away), T(test_busy_house_says_so), T(test_bytes_held_are_bounded),
		T(test_stop_lets_work_finish), T(test_listen_addresses), T(test_form_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
