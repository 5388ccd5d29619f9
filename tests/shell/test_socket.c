/*
 * test_socket.c - Socket Mode against the fake Slack: refreshes, cuts, silence, refusals, rubbish.
 * Waits are for events; the short times only decide how soon they come.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <libwebsockets.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bot/http_client.h"
#include "bot/log.h"
#include "bot/lws_house.h"
#include "bot/slack/api.h"
#include "bot/slack/slack_in.h"
#include "bot/slack/socket.h"
#include "bot/slack/ws_url.h"
#include "support_fake.h"
#include "support_peer.h"
#include "tocsin/arena.h"
#include "tocsin/request.h"

struct world {
	uv_loop_t loop;
	struct lws_house *lws;
	struct http_client *http;
	struct slack_api *api;
	struct slack_sockets *sockets;
	struct fake *fake;
	struct peer *peer;
	unsigned live, lives[64], n_lives, envelopes, problems;
	char problem[64], text[256];
	bool hold;                 /* keep the next envelope's acknowledgement back */
	uint64_t held_socket;
	char held_id[128];
	uv_timer_t beat;           /* a turn now and then: what is waited for may be a timer's work */
	const char *tls_name;
	int tls_port;
	const char *upgrade;       /* what the peer answers to an upgrade; NULL: nothing */
};

static bool is_family(const char *name)
{
	return !strcmp(name, "incident");
}

static const struct slack_identity me = { "U0TOCSIN", "B0TOCSIN", "", is_family };

static void acknowledge(struct world *w, uint64_t socket, const char *id)
{
	char text[256];
	int n = snprintf(text, sizeof(text), "{\"envelope_id\":\"%s\"}", id);

	slack_sockets_ack(w->sockets, socket, text, (size_t)n);
}

static void on_envelope(void *ud, uint64_t socket, struct arena *arena_owned,
	const struct slack_in *in)
{
	struct world *w = ud;

	w->envelopes++;
	if (in->req)
		snprintf(w->text, sizeof(w->text), "%s", in->req->text);
	if (w->hold) {
		w->hold = false;
		w->held_socket = socket;
		snprintf(w->held_id, sizeof(w->held_id), "%s", in->envelope_id);
	} else {
		acknowledge(w, socket, in->envelope_id);
	}
	arena_free(arena_owned);
	uv_stop(&w->loop);
}

static void on_live(void *ud, unsigned live)
{
	struct world *w = ud;

	w->live = live;
	if (w->n_lives < 64)
		w->lives[w->n_lives++] = live;
	uv_stop(&w->loop);
}

static void on_problem(void *ud, const char *code)
{
	struct world *w = ud;

	w->problems++;
	snprintf(w->problem, sizeof(w->problem), "%s", code);
	uv_stop(&w->loop);
}

static void on_beat(uv_timer_t *timer)
{
	(void)timer;
}

static int world_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	log_setup(getenv("TEST_LOG") ? LOG_DEBUG : LOG_ERROR, LOG_LOGFMT);
	uv_loop_init(&w->loop);
	uv_timer_init(&w->loop, &w->beat);
	uv_timer_start(&w->beat, on_beat, 5, 5);
	w->http = http_client_new(&w->loop, NULL);
	w->lws = lws_house_new(&w->loop, NULL);
	*state = w;
	return w->http && w->lws ? 0 : -1;
}

static int fake_up(void **state)
{
	struct world *w;

	if (world_up(state) < 0)
		return -1;
	w = *state;
	w->fake = fake_start(&w->loop, w->http, NULL);
	w->api = slack_api_new(&w->loop, w->http, fake_api(w->fake), FAKE_BOT_TOKEN, NULL);
	return w->api ? 0 : -1;
}

static int world_down(void **state)
{
	struct world *w = *state;
	int left;

	if (w->sockets)
		slack_sockets_close(w->sockets);
	if (w->api)
		slack_api_close(w->api);
	if (w->peer)
		peer_close(w->peer);
	uv_close((uv_handle_t *)&w->beat, NULL);
	http_client_close(w->http);
	left = lws_house_finish(w->lws);
	left |= uv_loop_close(&w->loop);
	if (w->fake)
		left |= fake_stop(w->fake);
	free(w);
	return left;
}

static void start(struct world *w, unsigned count, const char *token, struct slack_times times)
{
	struct slack_sockets_options o = { .loop = &w->loop, .lws = lws_house_context(w->lws),
		.api = w->api, .app_token = token, .plain_ok = true, .count = count, .me = &me,
		.times = times, .on_envelope = on_envelope, .on_live = on_live,
		.on_problem = on_problem, .ud = w };

	w->sockets = slack_sockets_new(&o, NULL);
	assert_non_null(w->sockets);
}

static void run_until_live(struct world *w, unsigned live)
{
	while (w->live != live)
		uv_run(&w->loop, UV_RUN_DEFAULT);
}

static const struct slack_times quick = { .backoff_ms = 20, .backoff_max_ms = 100,
	.drain_ms = 200, .degraded_ms = 50 };

/* Types a command; true when it was acknowledged. */
static bool slash(struct world *w, const char *text)
{
	json_t *r = fake_post(w->fake, "slash",
		"{\"user\":\"U0ADA\",\"channel\":\"C0WARROOM\",\"command\":\"/incident\",\"text\":\"%s\"}",
		text);
	bool acked = json_is_true(json_object_get(r, "acked"));

	json_decref(r);
	return acked && !strcmp(w->text, text);
}

static void wanted_number_of_sockets_and_envelopes_on_all(void **state)
{
	struct world *w = *state;
	char text[16];
	int i;

	start(w, 3, FAKE_APP_TOKEN, quick);
	run_until_live(w, 3);
	assert_int_equal(slack_sockets_live(w->sockets), 3);
	assert_int_equal(slack_sockets_foreign(w->sockets), 0);
	for (i = 0; i < 9; i++) {
		snprintf(text, sizeof(text), "show %d", i);
		assert_true(slash(w, text));
	}
	assert_int_equal(fake_counter(w->fake, "sockets_opened"), 3);
	assert_int_equal(fake_complaints(w->fake), 0);
}

static void refresh_makes_the_successor_first(void **state)
{
	struct world *w = *state;
	unsigned i;

	start(w, 1, FAKE_APP_TOKEN, quick);
	run_until_live(w, 1);
	fake_do(w->fake, "fault", "{\"kind\":\"disconnect\",\"reason\":\"refresh_requested\","
		"\"close_ms\":-1}");
	fake_do(w->fake, "wait", "{\"what\":\"sockets\",\"count\":2}");
	assert_true(slash(w, "while both are open"));
	while (fake_counter(w->fake, "sockets_closed") < 1) /* drained, then closed by us */
		uv_run(&w->loop, UV_RUN_NOWAIT);
	assert_true(slash(w, "after the change"));
	for (i = 0; i < w->n_lives; i++)
		assert_int_equal(w->lives[i], 1); /* never without */
	assert_int_equal(slack_sockets_reconnects(w->sockets), 1);
	assert_int_equal(fake_counter(w->fake, "sockets_opened"), 2);
}

static void drop(struct world *w, const char *how)
{
	fake_do(w->fake, "fault", "{\"kind\":\"drop_socket\",\"how\":\"%s\"}", how);
}

static void cut_connections_come_back(void **state)
{
	struct world *w = *state;

	start(w, 2, FAKE_APP_TOKEN, quick);
	run_until_live(w, 2);
	drop(w, "cut");
	run_until_live(w, 0);
	run_until_live(w, 2);
	drop(w, "close");
	run_until_live(w, 0);
	run_until_live(w, 2);
	assert_true(slash(w, "ack"));
}

static void silent_connections_are_noticed(void **state)
{
	struct world *w = *state;
	struct slack_times t = quick;

	t.ping_ms = 50;
	t.dead_ms = 200;
	start(w, 1, FAKE_APP_TOKEN, t);
	run_until_live(w, 1);
	drop(w, "silent");
	run_until_live(w, 0);
	run_until_live(w, 1);
	assert_true(slash(w, "ack"));
}

/* Our pings keep an idle connection alive: nothing is reconnected without a reason. */
static void idle_connections_are_left_alone(void **state)
{
	struct world *w = *state;
	struct slack_times t = quick;
	int i;

	t.ping_ms = 20;
	t.dead_ms = 400;
	start(w, 1, FAKE_APP_TOKEN, t);
	run_until_live(w, 1);
	for (i = 0; i < 3; i++) { /* three long polls of 300 ms that find nothing */
		json_t *r = fake_post(w->fake, "wait", "{\"what\":\"message\",\"contains\":\"never\","
			"\"timeout_ms\":300}");

		json_decref(r);
	}
	assert_int_equal(fake_counter(w->fake, "sockets_opened"), 1);
	assert_int_equal(w->n_lives, 1);
}

static void refused_upgrades_are_tried_again(void **state)
{
	struct world *w = *state;

	fake_do(w->fake, "fault", "{\"kind\":\"refuse_sockets\",\"count\":3,\"status\":409}");
	start(w, 1, FAKE_APP_TOKEN, quick);
	run_until_live(w, 1);
	assert_true(slash(w, "ack"));
	assert_int_equal(w->problems, 0);
}

static void failing_opens_are_tried_again(void **state)
{
	struct world *w = *state;

	fake_do(w->fake, "fault", "{\"kind\":\"status\",\"method\":\"apps.connections.open\","
		"\"status\":503,\"count\":2}");
	start(w, 1, FAKE_APP_TOKEN, quick);
	run_until_live(w, 1);
	assert_int_equal(w->problems, 0);
}

static void refused_token_is_a_problem_that_can_end(void **state)
{
	struct world *w = *state;

	fake_do(w->fake, "fault", "{\"kind\":\"error\",\"method\":\"apps.connections.open\","
		"\"error\":\"invalid_auth\",\"count\":2}");
	start(w, 1, FAKE_APP_TOKEN, quick);
	while (!w->problems)
		uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_string_equal(w->problem, "invalid_auth");
	run_until_live(w, 1); /* somebody mended it */
	assert_string_equal(w->problem, "");
}

static void wrong_kind_of_token_is_a_problem(void **state)
{
	struct world *w = *state;

	start(w, 1, FAKE_BOT_TOKEN, quick);
	while (!w->problems)
		uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_string_equal(w->problem, "not_allowed_token_type");
	assert_int_equal(w->live, 0);
}

static void switched_off_and_too_many(void **state)
{
	struct world *w = *state;

	start(w, 1, FAKE_APP_TOKEN, quick);
	run_until_live(w, 1);
	fake_do(w->fake, "fault", "{\"kind\":\"disconnect\",\"reason\":\"link_disabled\"}");
	while (!w->problems)
		uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_string_equal(w->problem, "link_disabled");
	run_until_live(w, 1);
	w->problems = 0;
	fake_do(w->fake, "fault", "{\"kind\":\"disconnect\",\"reason\":\"too_many_websockets\"}");
	while (!w->problems)
		uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_string_equal(w->problem, "too_many_websockets");
	run_until_live(w, 1);
}

static void rubbish_is_survived(void **state)
{
	static const char *const frames[] = {
		"{\"kind\":\"text\",\"text\":\"\"}",
		"{\"kind\":\"text\",\"text\":\"no json\"}",
		"{\"kind\":\"text\",\"text\":\"[1,2,3]\"}",
		"{\"kind\":\"text\",\"text\":\"{\\\"type\\\":\\\"brand_new\\\"}\"}",
		"{\"kind\":\"text\",\"text\":\"{\\\"type\\\":\\\"interactive\\\",\\\"payload\\\":{}}\"}",
		"{\"kind\":\"text\",\"text\":\"{\\\"type\\\":\\\"hello\\\"}\"}",
		"{\"kind\":\"binary\",\"text\":\"abc\"}",
		"{\"kind\":\"ping\",\"text\":\"Ping from applink-1\"}",
		"{\"kind\":\"text\",\"repeat\":\"[\",\"count\":100000}",
		"{\"kind\":\"text\",\"repeat\":\"x\",\"count\":5000000}",
	};
	struct world *w = *state;
	size_t i;

	start(w, 1, FAKE_APP_TOKEN, quick);
	run_until_live(w, 1);
	for (i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		char text[32];

		fake_do(w->fake, "raw_frame", "%s", frames[i]);
		snprintf(text, sizeof(text), "after %zu", i);
		assert_true(slash(w, text));
	}
	assert_int_equal(fake_counter(w->fake, "sockets_opened"), 1);
}

static void acknowledgement_takes_another_socket_when_its_own_is_gone(void **state)
{
	struct world *w = *state;
	json_t *answer;

	start(w, 2, FAKE_APP_TOKEN, quick);
	run_until_live(w, 2);
	w->hold = true;
	fake_begin(w->fake, "slash", "{\"user\":\"U0ADA\",\"channel\":\"C0WARROOM\",\"command\":"
		"\"/incident\",\"text\":\"hold\"}", &answer);
	while (!*w->held_id)
		uv_run(&w->loop, UV_RUN_DEFAULT);
	drop(w, "cut");
	run_until_live(w, 0);
	acknowledge(w, w->held_socket, w->held_id); /* kept until a socket is live */
	fake_end(w->fake, &answer);
	assert_true(json_is_true(json_object_get(answer, "acked")));
	json_decref(answer);
}

static void somebody_else_is_noticed(void **state)
{
	struct world *w = *state;
	struct slack_sockets *first;

	start(w, 1, FAKE_APP_TOKEN, quick);
	run_until_live(w, 1);
	first = w->sockets;
	w->live = 0;
	start(w, 1, FAKE_APP_TOKEN, quick);
	run_until_live(w, 1);
	assert_int_equal(slack_sockets_foreign(w->sockets), 1);
	assert_int_equal(slack_sockets_foreign(first), 0);
	slack_sockets_close(first);
}

/* ---- a server that is no Slack ---- */

static char *odd_server(void *ud, const char *request)
{
	struct world *w = ud;
	char body[256];

	if (!strncmp(request, "POST", 4)) {
		snprintf(body, sizeof(body), "{\"ok\":true,\"url\":\"ws:\\/\\/127.0.0.1:%d\\/link?ticket=x\"}",
			peer_port(w->peer));
		return peer_http(200, "", body);
	}
	if (w->upgrade && !strcmp(w->upgrade, "101")) {
		unsigned char sha[SHA_DIGEST_LENGTH], key64[64];
		const char *key = strstr(request, "Sec-WebSocket-Key: ") + 19;
		char joined[128], *text;

		snprintf(joined, sizeof(joined), "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
		SHA1((unsigned char *)joined, strlen(joined), sha);
		EVP_EncodeBlock(key64, sha, sizeof(sha));
		if (asprintf(&text, "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
			"Sec-WebSocket-Accept: %s\r\n\r\n", key64) < 0)
			abort();
		return text;
	}
	return w->upgrade ? strdup(w->upgrade) : NULL;
}

static void meet_odd_server(struct world *w, const char *upgrade, size_t connections)
{
	struct slack_times t = quick;
	char base[64];

	w->upgrade = upgrade;
	w->peer = peer_new(&w->loop);
	peer_on_request(w->peer, odd_server, w);
	snprintf(base, sizeof(base), "http://127.0.0.1:%d/api/", peer_port(w->peer));
	w->api = slack_api_new(&w->loop, w->http, base, "xoxb-x", NULL);
	t.connect_ms = t.hello_ms = 100;
	start(w, 1, "xapp-x", t);
	while (peer_connections(w->peer) < connections)
		uv_run(&w->loop, UV_RUN_ONCE);
	assert_int_equal(w->live, 0);
	assert_non_null(strstr(peer_request(w->peer, 1), "GET /link?ticket=x HTTP/1.1"));
	assert_null(strstr(peer_request(w->peer, 1), "Sec-WebSocket-Protocol"));
	assert_null(strstr(peer_request(w->peer, 1), "Sec-WebSocket-Extensions"));
}

static void server_that_never_upgrades(void **state)
{
	meet_odd_server(*state, NULL, 4);
}

static void server_that_redirects(void **state)
{
	meet_odd_server(*state, "HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:1/\r\n"
		"Content-Length: 0\r\n\r\n", 4);
}

static void server_that_says_forbidden(void **state)
{
	meet_odd_server(*state, "HTTP/1.1 403 X\r\nContent-Length: 2\r\n\r\nno", 4);
}

static void server_that_never_says_hello(void **state)
{
	meet_odd_server(*state, "101", 4);
}

/* ---- TLS ---- */

static int on_server(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
	size_t len)
{
	static const char hello[] = "{\"type\":\"hello\",\"num_connections\":1}";
	unsigned char buffer[LWS_PRE + sizeof(hello)];

	(void)user;
	(void)in;
	(void)len;
	if (reason == LWS_CALLBACK_ESTABLISHED) {
		lws_callback_on_writable(wsi);
	} else if (reason == LWS_CALLBACK_SERVER_WRITEABLE) {
		memcpy(buffer + LWS_PRE, hello, sizeof(hello) - 1);
		lws_write(wsi, buffer + LWS_PRE, sizeof(hello) - 1, LWS_WRITE_TEXT);
	}
	return 0;
}

/* A certificate for "localhost" that signs itself, and its key. */
static void make_certificate(const char *cert_path, const char *key_path)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost");
	FILE *f;

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0);
	X509_set_issuer_name(cert, name);
	X509_add_ext(cert, san, -1);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	f = fopen(cert_path, "w");
	PEM_write_X509(f, cert);
	fclose(f);
	f = fopen(key_path, "w");
	PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
	X509_EXTENSION_free(san);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static char *tls_open(void *ud, const char *request)
{
	struct world *w = ud;
	char body[256];

	(void)request;
	snprintf(body, sizeof(body), "{\"ok\":true,\"url\":\"wss:\\/\\/%s:%d\\/link\"}", w->tls_name,
		w->tls_port);
	return peer_http(200, "", body);
}

/* Starts a server with TLS, and a client that believes in it or not. */
static void meet_tls_server(struct world *w, const char *name, bool trusted)
{
	static const struct lws_protocols protocols[] = { { .name = "slack-tls", .callback = on_server },
		{ .name = NULL } };
	static struct slack_times t;
	struct lws_context_creation_info ci = { 0 };
	char dir[] = "/tmp/tocsin-tls-XXXXXX", cert[64], key[64], base[64];
	struct lws_vhost *server;

	assert_non_null(mkdtemp(dir));
	snprintf(cert, sizeof(cert), "%s/cert.pem", dir);
	snprintf(key, sizeof(key), "%s/key.pem", dir);
	make_certificate(cert, key);
	ci.port = 0;
	ci.iface = "127.0.0.1";
	ci.protocols = protocols;
	ci.vhost_name = "tls-server";
	ci.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_DISABLE_IPV6;
	ci.ssl_cert_filepath = cert;
	ci.ssl_private_key_filepath = key;
	server = lws_create_vhost(lws_house_context(w->lws), &ci);
	assert_non_null(server);
	w->tls_port = lws_get_vhost_listen_port(server);
	w->tls_name = name;
	w->peer = peer_new(&w->loop);
	peer_on_request(w->peer, tls_open, w);
	snprintf(base, sizeof(base), "http://127.0.0.1:%d/api/", peer_port(w->peer));
	w->api = slack_api_new(&w->loop, w->http, base, "xoxb-x", NULL);
	if (trusted)
		setenv("SSL_CERT_FILE", cert, 1);
	t = quick;
	start(w, 1, "xapp-x", t);
	while (peer_requests(w->peer) < 3 && !w->live)
		uv_run(&w->loop, UV_RUN_ONCE);
	unsetenv("SSL_CERT_FILE");
	unlink(cert);
	unlink(key);
	rmdir(dir);
}

static void tls_server_that_we_trust(void **state)
{
	struct world *w = *state;

	meet_tls_server(w, "localhost", true);
	assert_int_equal(w->live, 1);
}

static void tls_server_with_an_unknown_certificate(void **state)
{
	struct world *w = *state;

	meet_tls_server(w, "localhost", false);
	assert_int_equal(w->live, 0);
}

static void tls_server_with_another_name(void **state)
{
	struct world *w = *state;

	meet_tls_server(w, "127.0.0.1", true);
	assert_int_equal(w->live, 0);
}

static char *proxy_answer(void *ud, const char *request)
{
	struct world *w = ud;

	return strncmp(request, "POST", 4) ? peer_http(502, "", "") : tls_open(w, request);
}

static void proxy_is_asked_for_the_name(void **state)
{
	struct world *w = *state;
	char base[64], proxy[64];

	w->peer = peer_new(&w->loop);
	w->tls_name = "wss-primary.slack.example";
	w->tls_port = 443;
	peer_on_request(w->peer, proxy_answer, w);
	snprintf(base, sizeof(base), "http://127.0.0.1:%d/api/", peer_port(w->peer));
	snprintf(proxy, sizeof(proxy), "http://ada:pw@127.0.0.1:%d/", peer_port(w->peer));
	setenv("HTTPS_PROXY", proxy, 1);
	w->api = slack_api_new(&w->loop, w->http, base, "xoxb-x", NULL);
	start(w, 1, "xapp-x", quick);
	while (peer_requests(w->peer) < 2)
		uv_run(&w->loop, UV_RUN_ONCE);
	unsetenv("HTTPS_PROXY");
	assert_non_null(strstr(peer_request(w->peer, 1), "CONNECT wss-primary.slack.example:443 "));
	assert_non_null(strstr(peer_request(w->peer, 1), "authorization: basic YWRhOnB3"));
	assert_int_equal(w->live, 0);
}

static void names_without_a_proxy(void **state)
{
	(void)state;
	assert_true(ws_url_no_proxy("*", "slack.com"));
	assert_true(ws_url_no_proxy("a.example, slack.com", "wss-primary.slack.com"));
	assert_true(ws_url_no_proxy(".SLACK.com", "slack.com"));
	assert_false(ws_url_no_proxy("", "slack.com"));
	assert_false(ws_url_no_proxy("lack.com,com.", "slack.com"));
}

static void addresses(void **state)
{
	struct ws_url u;

	(void)state;
	assert_int_equal(ws_url_parse(&u, "wss://wss-primary.slack.com/link/?ticket=1&app_id=2#x"), 0);
	assert_true(u.tls);
	assert_string_equal(u.host, "wss-primary.slack.com");
	assert_int_equal(u.port, 443);
	assert_string_equal(u.path, "/link/?ticket=1&app_id=2");
	ws_url_release(&u);
	assert_int_equal(ws_url_parse(&u, "ws://[::1]:8080?x"), 0);
	assert_string_equal(u.host, "::1");
	assert_int_equal(u.port, 8080);
	assert_string_equal(u.path, "/?x");
	ws_url_release(&u);
	assert_int_equal(ws_url_parse(&u, "https://slack.com/"), -1);
	assert_int_equal(ws_url_parse(&u, "wss://"), -1);
	assert_int_equal(ws_url_parse(&u, "wss://a:0/"), -1);
	assert_int_equal(ws_url_parse(&u, "wss://a:65536/"), -1);
	assert_int_equal(ws_url_parse(&u, "wss://a:b/"), -1);
	assert_int_equal(ws_url_parse(&u, "wss://[::1/"), -1);
	assert_int_equal(ws_url_parse(&u, "wss://u@a/"), -1);
	assert_int_equal(ws_url_parse(&u, "wss://a/\r\nX: y"), -1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fake_up, world_down)
#define O(f) cmocka_unit_test_setup_teardown(f, world_up, world_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(wanted_number_of_sockets_and_envelopes_on_all), T(refresh_makes_the_successor_first),
		T(cut_connections_come_back), T(silent_connections_are_noticed),
		T(idle_connections_are_left_alone), T(refused_upgrades_are_tried_again),
		T(failing_opens_are_tried_again), T(refused_token_is_a_problem_that_can_end),
		T(wrong_kind_of_token_is_a_problem), T(switched_off_and_too_many),
		T(rubbish_is_survived), T(acknowledgement_takes_another_socket_when_its_own_is_gone),
		T(somebody_else_is_noticed), O(server_that_never_upgrades), O(server_that_redirects),
		O(server_that_says_forbidden), O(server_that_never_says_hello),
		O(tls_server_that_we_trust), O(tls_server_with_an_unknown_certificate),
		O(tls_server_with_another_name), O(proxy_is_asked_for_the_name),
		cmocka_unit_test(names_without_a_proxy), cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
