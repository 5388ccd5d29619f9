/*
 * test_mail.c - mails: the bytes by the rules, read back by Python's own parser, and the way through
 * a real SMTP server (aiosmtpd) and through answers that a server may give.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bot/reach/mail_message.h"
#include "bot/web/ack_link.h"
#include "support_peer.h"
#include "support_reach.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"

#define PYTHON "/usr/bin/python3"
#define SECRET "a secret of this test, long enough"

static struct arena *arena;
static struct reach_house house;

static int setup(void **state)
{
	(void)state;
	arena = arena_new(1 << 24);
	reach_house_open(&house, SECRET);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	reach_house_close(&house);
	arena_free(arena);
	return 0;
}

static struct mail_message sample(void)
{
	return (struct mail_message){.from = "tocsin@example.com", .from_name = "tocsin",
		.to = "chloe@example.com", .to_name = "Chlo\xc3\xa9 Roy", .subject = "P0 INC-42: Checkout",
		.text = "you are paged", .html = "<p>you are paged</p>", .id = "<INC-42/page/7@example.com>",
		.thread_id = "<incident~3aINC-42@example.com>", .date_ms = 1769616000000};
}

static const char *build(const struct mail_message *m)
{
	struct buf b;

	buf_init_arena(&b, arena, 1 << 20);
	assert_int_equal(mail_build(m, &b, NULL), 0);
	return buf_text(&b);
}

/* Every line ends with CR LF and is short; headers hold nothing but ASCII. */
static void assert_well_formed(const char *s)
{
	size_t column = 0;
	bool head = true;

	for (; *s; s++) {
		if (*s == '\r') {
			assert_int_equal(s[1], '\n');
			head = head && column > 0;
			column = 0;
			s++;
			continue;
		}
		assert_int_not_equal(*s, '\n');
		assert_true(!head || ((unsigned char)*s >= ' ' && (unsigned char)*s < 0x7f));
		assert_true((unsigned char)*s < 0x80);
		if (++column > 78)
			fail_msg("a line is too long: %.90s", s - 77);
	}
}

static void test_headers(void **state)
{
	struct mail_message m = sample();
	const char *s = build(&m);

	(void)state;
	assert_well_formed(s);
	assert_non_null(strstr(s, "From: \"tocsin\"\r\n <tocsin@example.com>\r\n"));
	assert_non_null(strstr(s, "To: =?UTF-8?B?Q2hsb8OpIFJveQ==?=\r\n <chloe@example.com>\r\n"));
	assert_non_null(strstr(s, "\r\nSubject: P0 INC-42: Checkout\r\n"));
	assert_non_null(strstr(s, "\r\nDate: Wed, 28 Jan 2026 16:00:00 +0000\r\n"));
	assert_non_null(strstr(s, "\r\nMessage-ID: <INC-42/page/7@example.com>\r\n"));
	assert_non_null(strstr(s, "\r\nReferences: <incident~3aINC-42@example.com>\r\n"));
	assert_non_null(strstr(s, "\r\nAuto-Submitted: auto-generated\r\n"));
}

static void test_nothing_breaks_out_of_a_header(void **state)
{
	struct mail_message m = sample();
	const char *s;

	(void)state;
	m.subject = "down\r\nBcc: eve@example.com\r\n\r\nforged body";
	m.to_name = "Ada\"\r\nX-Forged: yes\\ <a@b>";
	s = build(&m);
	assert_well_formed(s);
	assert_null(strstr(s, "\r\nBcc:"));
	assert_null(strstr(s, "\r\nX-Forged"));
	m = sample();
	m.subject = "=?UTF-8?B?Zm9yZ2Vk?= already encoded";
	assert_null(strstr(build(&m), "Subject: =?UTF-8?B?Zm9yZ2Vk?="));
}

static void test_addresses(void **state)
{
	static const char *const bad[] = {"", "ada", "@example.com", "ada@", "a@b@c", "ada@example.com\r\nRCPT TO:<x@y>",
		"ada park@example.com", "<ada@example.com>", "ada@ex\xc3\xa4mple.com", "a,b@example.com"};
	char longest[300];
	struct mail_message m = sample();
	struct err err = {0};
	struct buf b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(mail_address_ok(bad[i]));
	assert_true(mail_address_ok("ada.park+oncall@mail.example.com"));
	memset(longest, 'a', sizeof(longest));
	memcpy(longest + MAIL_ADDRESS_MAX - 12, "@example.com", 13);
	assert_true(mail_address_ok(longest));
	memset(longest, 'a', sizeof(longest));
	memcpy(longest + MAIL_ADDRESS_MAX - 11, "@example.com", 13);
	assert_false(mail_address_ok(longest));
	buf_init_arena(&b, arena, 1 << 20);
	m.to = bad[5];
	assert_int_equal(mail_build(&m, &b, &err), -1);
	assert_int_equal(err.code, ERR_INVALID);
	assert_string_equal(mail_id(arena, "a b\r\n<x>", "t@example.com"), "<a~20b~0d~0a~3cx~3e@example.com>");
}

static void test_long_subjects(void **state)
{
	static char subject[4000];
	struct mail_message m = sample();
	size_t i;

	(void)state;
	m.subject = subject;
	memset(subject, 'x', sizeof(subject) - 1); /* one word that cannot be folded */
	assert_well_formed(build(&m));
	for (i = 0; i < sizeof(subject) - 1; i += 6)
		subject[i] = ' ';
	assert_well_formed(build(&m));
	for (i = 0; i + 4 < sizeof(subject); i += 4)
		memcpy(subject + i, "\xf0\x9f\x94\xa5", 4);
	assert_well_formed(build(&m));
	memset(subject, '\xff', sizeof(subject) - 1);
	assert_well_formed(build(&m));
}

/* Runs a program with stdin from text; its output, "" when it failed. */
static const char *run_python(const char *script, const char *input)
{
	static char out[200000];
	int in[2], from[2], status;
	size_t len = 0;
	ssize_t n;
	pid_t child, feeder;

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(from), 0);
	child = fork();
	if (child == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		close(in[1]);
		close(from[0]);
		execl(PYTHON, "python3", "-c", script, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(from[1]);
	feeder = fork(); /* both ways at once: neither pipe may fill up */
	if (feeder == 0) {
		close(from[0]);
		for (len = strlen(input); len > 0 && (n = write(in[1], input, len)) > 0; input += n)
			len -= (size_t)n;
		_exit(0);
	}
	close(in[1]);
	while ((n = read(from[0], out + len, sizeof(out) - 1 - len)) > 0)
		len += (size_t)n;
	out[len] = '\0';
	close(from[0]);
	waitpid(feeder, &status, 0);
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	return out;
}

/* Python's parser, which had no part in making it, reads what we meant. */
static void test_read_back_by_another_parser(void **state)
{
	static const char script[] =
		"import sys, email, email.policy\n"
		"m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.SMTP)\n"
		"assert not m.defects, m.defects\n"
		"out = [m['subject'], str(m['to']), m['from'].addresses[0].addr_spec,\n"
		"  m.get_body(('plain',)).get_content(), m.get_body(('html',)).get_content()]\n"
		"sys.stdout.buffer.write('\\x1f'.join(out).replace('\\r', '').encode())\n";
	struct mail_message m = sample();
	const char *s;

	(void)state;
	m.subject = "P0 INC-42: Bezahlung fällt aus, und zwar überall, seit heute früh um 5 Uhr – 🔥🔥🔥 wirklich überall";
	m.to_name = "Chloé \"C\" Roy";
	m.text = "Line one = one\n.\nA dot above; a very long line follows here: lorem ipsum dolor sit amet "
		"consectetur adipiscing elit é 🔥 end \t\nhttps://x.example.com/ack?t=abc.def_-\n\n--=_tocsin_part--\nlast ";
	m.html = "<p class=\"a\">é &amp; = 🔥</p>\n<a href=\"https://x.example.com/ack?t=abc=\">Acknowledge</a>";
	s = run_python(script, build(&m));
	assert_string_equal(s, "P0 INC-42: Bezahlung fällt aus, und zwar überall, seit heute früh um 5 Uhr – 🔥🔥🔥 wirklich überall\x1f"
		"\"Chloé \\\"C\\\" Roy\" <chloe@example.com>\x1ftocsin@example.com\x1f"
		"Line one = one\n.\nA dot above; a very long line follows here: lorem ipsum dolor sit amet "
		"consectetur adipiscing elit é 🔥 end \t\nhttps://x.example.com/ack?t=abc.def_-\n\n--=_tocsin_part--\nlast \x1f"
		"<p class=\"a\">é &amp; = 🔥</p>\n<a href=\"https://x.example.com/ack?t=abc=\">Acknowledge</a>");
}

static char smtp_url[64];
static struct plan_connection connection = {.key = "mail", .kind = PLAN_CONN_SMTP, .kind_name = "smtp",
	.url = smtp_url, .from = "tocsin@example.com", .private_ok = true};
static const struct plan_person people[] = {
	{.key = "ada", .name = "Ada Park", .mail = "ada@example.com", .timezone = NULL},
	{.key = "exec", .name = "Eve Stone"},
	{.key = "odd", .name = "Odd One", .mail = "odd one@example.com"},
};
static struct plan plan = {.connections = &connection, .n_connections = 1, .people = people, .n_people = 3,
	.timezone = "UTC", .public_url = "https://tocsin.example.com/bot/"};

static struct send page(const char *person)
{
	return (struct send){.lane = LANE_PAGE, .op = "mail", .key = "INC-42/page/7", .person = person,
		.entity = "incident:INC-42", .template_name = "page/mail", .ack = "incident ack INC-42",
		.data = "{\"id\":\"INC-42\",\"severity\":\"P0\",\"title\":\"Checkout <b>returns</b> 500s\","
			"\"to\":{\"name\":\"Ada Park\",\"person\":\"ada\"},\"page\":7,\"why\":\"engineering.primary\"}"};
}

static int free_port(void)
{
	uv_tcp_t tcp;
	struct sockaddr_in addr;
	int len = sizeof(addr);

	uv_tcp_init(&house.loop, &tcp);
	uv_ip4_addr("127.0.0.1", 0, &addr);
	uv_tcp_bind(&tcp, (const struct sockaddr *)&addr, 0);
	uv_tcp_getsockname(&tcp, (struct sockaddr *)&addr, &len);
	uv_close((uv_handle_t *)&tcp, NULL);
	uv_run(&house.loop, UV_RUN_NOWAIT);
	return ntohs(addr.sin_port);
}

/* aiosmtpd prints each mail to its output. Ready when it takes connections. */
static pid_t start_sink(int port, int *out)
{
	char where[32];
	int from[2], probe;
	struct sockaddr_in addr;
	pid_t child;

	assert_int_equal(pipe(from), 0);
	snprintf(where, sizeof(where), "127.0.0.1:%d", port);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(from[1], STDOUT_FILENO);
		execl(PYTHON, "python3", "-u", "-m", "aiosmtpd", "-n", "-l", where, (char *)NULL);
		_exit(127);
	}
	close(from[1]);
	*out = from[0];
	uv_ip4_addr("127.0.0.1", port, &addr);
	for (;;) {
		probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(probe, (const struct sockaddr *)&addr, sizeof(addr)) == 0)
			break;
		close(probe);
		assert_int_equal(waitpid(child, NULL, WNOHANG), 0); /* it is still coming up */
		usleep(20000);
	}
	close(probe);
	return child;
}

static bool have_sink(void)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		execl(PYTHON, "python3", "-c", "import importlib.util as u, sys\n"
			"sys.exit(u.find_spec('aiosmtpd') is None)", (char *)NULL);
		_exit(1);
	}
	waitpid(child, &status, 0);
	if (status == 0)
		return true;
	if (getenv("CI"))
		fail_msg("aiosmtpd is missing: install the package python3-aiosmtpd");
	return false;
}

/* The whole way: rendered, signed, through a real server; the link in the mail is good for Ada. */
static void test_real_server_takes_it(void **state)
{
	static char got[65536], joined[65536];
	struct ack_link_key key;
	struct ack_link link;
	struct send s = page("ada");
	const char *p, *t;
	size_t len = 0, n = 0;
	pid_t sink;
	int out, status;

	(void)state;
	if (!have_sink())
		skip();
	status = free_port();
	sink = start_sink(status, &out);
	snprintf(smtp_url, sizeof(smtp_url), "smtp://127.0.0.1:%d", status);
	reach_house_deliver(&house, &plan, &s);
	assert_string_equal(house.error, "");
	assert_int_equal(house.outcome, SENT_ACCEPTED);
	while (!strstr(got, "END MESSAGE")) {
		ssize_t k = read(out, got + len, sizeof(got) - 1 - len);

		assert_true(k > 0);
		len += (size_t)k;
		got[len] = '\0';
	}
	kill(sink, SIGTERM);
	waitpid(sink, &status, 0);
	close(out);
	assert_non_null(strstr(got, "Subject: P0 INC-42: Checkout <b>returns</b> 500s"));
	assert_non_null(strstr(got, "Message-ID: <INC-42/page/7@example.com>"));
	assert_non_null(strstr(got, "ada@example.com"));
	/* Undo the soft line breaks; then the link can be read. */
	for (p = got; *p; p++) {
		if (*p == '=' && p[1] == '\n')
			p++;
		else
			joined[n++] = *p;
	}
	joined[n] = '\0';
	t = strstr(joined, "https://tocsin.example.com/bot/ack?t=3D");
	assert_non_null(t);
	t += strlen("https://tocsin.example.com/bot/ack?t=3D");
	ack_link_key_derive(&key, SECRET, strlen(SECRET));
	n = strcspn(t, " \r\n\"<>)");
	assert_int_equal(ack_link_verify(arena, &key, t, n, clock_wall_ms(), &link), ACK_LINK_GOOD);
	assert_string_equal(link.person, "ada");
	assert_string_equal(link.command, "incident ack INC-42");
	/* What was typed is text in the HTML part, not markup. */
	assert_non_null(strstr(joined, "&lt;b&gt;returns"));
	assert_null(strstr(strstr(joined, "text/html"), "<b>returns"));
}

static const char *deliver_to_peer(const char *refusal, struct send *s)
{
	static char got[65536];
	struct peer *p = peer_new(&house.loop);

	peer_speak_smtp(p, refusal, false);
	snprintf(smtp_url, sizeof(smtp_url), "smtp://127.0.0.1:%d", peer_port(p));
	reach_house_deliver(&house, &plan, s);
	snprintf(got, sizeof(got), "%s", peer_request(p, 0));
	peer_close(p);
	return got;
}

static void test_what_answers_mean(void **state)
{
	struct send s = page("ada");

	(void)state;
	deliver_to_peer("550 no such user\r\n", &s);
	assert_int_equal(house.outcome, SENT_REFUSED);
	assert_string_equal(house.error, "smtp_550");
	s = page("ada");
	deliver_to_peer("451 try again later\r\n", &s);
	assert_int_equal(house.outcome, SENT_LATER);
	assert_string_equal(house.error, "smtp_451");
	s = page("ada");
	deliver_to_peer(NULL, &s);
	assert_int_equal(house.outcome, SENT_ACCEPTED);
	snprintf(smtp_url, sizeof(smtp_url), "smtp://127.0.0.1:1");
	s = page("ada");
	reach_house_deliver(&house, &plan, &s);
	assert_int_equal(house.outcome, SENT_LATER);
	assert_string_equal(house.error, "unreachable");
}

/* A template of the plan's own without a button, and one without a public address. */
static void test_link_is_always_there_or_never(void **state)
{
	struct send s = page("ada");

	(void)state;
	s.template_name = "page/tell"; /* has no button */
	assert_non_null(strstr(deliver_to_peer(NULL, &s), "/bot/ack?t=3D"));
	s = page("ada");
	s.template_name = "page/tell";
	s.ack = "";
	assert_null(strstr(deliver_to_peer(NULL, &s), "/ack?t"));
	plan.public_url = NULL;
	s = page("ada");
	assert_null(strstr(deliver_to_peer(NULL, &s), "/ack?t"));
	plan.public_url = "https://tocsin.example.com/bot/";
	assert_int_equal(house.outcome, SENT_ACCEPTED);
}

static void test_faulty_entries(void **state)
{
	static const struct plan empty = {.timezone = "UTC", .people = people, .n_people = 3};
	struct send s = page("exec");

	(void)state;
	reach_house_deliver(&house, &plan, &s);
	assert_int_equal(house.outcome, SENT_REFUSED);
	assert_string_equal(house.error, "no_address");
	s = page("odd");
	reach_house_deliver(&house, &plan, &s);
	assert_int_equal(house.outcome, SENT_REFUSED);
	assert_string_equal(house.error, "bad_address");
	s = page("ada");
	reach_house_deliver(&house, &empty, &s);
	assert_string_equal(house.error, "no_mail_connection");
	s = page("ada");
	s.template_name = "no/such";
	reach_house_deliver(&house, &plan, &s);
	assert_int_equal(house.outcome, SENT_REFUSED);
	assert_string_equal(house.error, "bad_template");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_headers), T(test_nothing_breaks_out_of_a_header), T(test_addresses),
		T(test_long_subjects), T(test_read_back_by_another_parser), T(test_real_server_takes_it),
		T(test_what_answers_mean), T(test_link_is_always_there_or_never), T(test_faulty_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
