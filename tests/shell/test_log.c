/* test_log.c - what an operator reads on stderr: escaped, masked, one line per happening. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <jansson.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bot/log.h"

static char text[131072]; /* what stderr got since the last capture */
static int file = -1, real_stderr = -1;

static void capture_begin(void)
{
	assert_int_equal(ftruncate(file, 0), 0);
	lseek(file, 0, SEEK_SET);
	dup2(file, STDERR_FILENO);
}

static const char *capture_end(void)
{
	ssize_t n = pread(file, text, sizeof(text) - 1, 0);

	dup2(real_stderr, STDERR_FILENO);
	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

static const char *line_of(const char *name, const char *value)
{
	capture_begin();
	log_write(LOG_INFO, "test", NULL, "said", name, value, NULL);
	return capture_end();
}

static unsigned count_lines(const char *s)
{
	unsigned n = 0;

	for (; *s; s++)
		n += *s == '\n';
	return n;
}

static void test_logfmt_line(void **state)
{
	const char *s;

	(void)state;
	log_setup(LOG_INFO, LOG_LOGFMT);
	capture_begin();
	log_write(LOG_WARN, "slack", "7f3a", "socket is live", "socket", "1", "left out", NULL, "host",
		"a b", NULL);
	s = capture_end();
	assert_int_equal(strncmp(s, "ts=20", 5), 0);
	assert_non_null(strstr(s, "Z level=warn area=slack id=7f3a msg=\"socket is live\" socket=1 host=\"a b\"\n"));
	assert_null(strstr(s, "left out"));
}

static void test_level_filters(void **state)
{
	(void)state;
	log_setup(LOG_WARN, LOG_LOGFMT);
	assert_string_equal(line_of("a", "b"), "");
	log_setup(LOG_INFO, LOG_LOGFMT);
	assert_non_null(strstr(line_of("a", "b"), " a=b\n"));
}

static void test_words_of_levels_and_formats(void **state)
{
	enum log_level level;
	enum log_format format;

	(void)state;
	assert_true(log_level_parse("debug", &level));
	assert_int_equal(level, LOG_DEBUG);
	assert_true(log_level_parse("Warning", &level));
	assert_int_equal(level, LOG_WARN);
	assert_false(log_level_parse("loud", &level));
	assert_true(log_format_parse("json", &format));
	assert_int_equal(format, LOG_JSON);
	assert_false(log_format_parse("xml", &format));
}

/* Whatever a person types, it stays one line, and their text stays inside the quotes. */
static void test_typed_text_forges_no_line(void **state)
{
	const char *evil = "x\" msg=fake\nts=2026 level=error msg=\"forged\r\x1b[2J \xe2\x80\xa8 \xe2\x80\xae \xff end";
	const char *s;
	json_t *json;

	(void)state;
	log_setup(LOG_INFO, LOG_LOGFMT);
	s = line_of("title", evil);
	assert_int_equal(count_lines(s), 1);
	assert_non_null(strstr(s, "title=\"x\\\" msg=fake\\nts=2026 level=error msg=\\\"forged\\r\\u001b[2J "
		"\\u2028 \\u202e \xef\xbf\xbd end\"\n"));
	log_setup(LOG_INFO, LOG_JSON);
	s = line_of("title", evil);
	assert_int_equal(count_lines(s), 1);
	json = json_loads(s, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	assert_non_null(strstr(json_string_value(json_object_get(json, "title")), "\nts=2026"));
	assert_string_equal(json_string_value(json_object_get(json, "msg")), "said");
	json_decref(json);
	log_setup(LOG_INFO, LOG_LOGFMT);
}

static void test_secrets_are_masked(void **state)
{
	static const char *const cases[][2] = {
		{"xoxb-123-456-abcDEF", "xoxb-***"},
		{"use xapp-1-A0-77-abc now", "\"use xapp-*** now\""},
		{"whsec_bm90IGEgc2VjcmV0", "whsec_***"},
		{"Authorization: Bearer abc.def", "\"Authorization: Bearer ***\""},
		{"https://hooks.slack.com/commands/T1/2/xyz", "https://hooks.slack.com/***"},
		{"wss://x.slack.com/link/?ticket=99-aa&app_id=1", "\"wss://x.slack.com/link/?ticket=***&app_id=1\""},
		{"redis://bot:hunter22@db:6379/0", "redis://***@db:6379/0"},
		{"http://127.0.0.1:9/ack?t=abc.def", "\"http://127.0.0.1:9/ack?t=***\""},
		{"the word xoxb- alone", "\"the word xoxb- alone\""},
		{"mail ada@example.com", "\"mail ada@example.com\""},
		{"https://example.com/a@b", "https://example.com/a@b"},
	};
	char want[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(want, sizeof(want), " v=%s\n", cases[i][1]);
		if (!strstr(line_of("v", cases[i][0]), want))
			fail_msg("%s gave %s", cases[i][0], text);
	}
	assert_non_null(strstr(line_of("password", "open sesame"), " password=***\n"));
}

static void test_hidden_values_are_masked_anywhere(void **state)
{
	char many[32];
	int i;

	(void)state;
	log_hide("correct-horse");
	log_hide("short");
	log_hide(NULL);
	assert_non_null(strstr(line_of("v", "a(correct-horse)b"), " v=a(***)b\n"));
	assert_non_null(strstr(line_of("v", "short"), " v=short\n"));
	/* At the bound the oldest gives way, the newest are masked. */
	for (i = 0; i < 64; i++) {
		snprintf(many, sizeof(many), "rotated-secret-%02d", i);
		log_hide(many);
	}
	assert_non_null(strstr(line_of("v", "rotated-secret-00"), " v=***\n"));
	assert_non_null(strstr(line_of("v", "rotated-secret-63"), " v=***\n"));
	assert_non_null(strstr(line_of("v", "correct-horse"), " v=correct-horse\n"));
	log_hide_none();
	assert_non_null(strstr(line_of("v", "rotated-secret-63"), " v=rotated-secret-63\n"));
}

/* A cut never shows the first half of a secret. */
static void test_long_values_are_cut(void **state)
{
	static char big[2000001];
	const char *s;

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	s = line_of("v", big);
	assert_true(strlen(s) < 3000);
	assert_non_null(strstr(s, "[1997952 bytes more]"));
	memset(big, ' ', 2044);
	memmove(big + 2044, "correct-horse-battery", 22);
	log_hide("correct-horse-battery");
	s = line_of("v", big);
	assert_null(strstr(s, "corr"));
	log_hide_none();
}

static void test_too_many_pairs_are_cut(void **state)
{
	static char v[2001];
	const char *s;

	(void)state;
	memset(v, '\n', 2000);
	capture_begin();
	log_write(LOG_INFO, "t", NULL, "m", "a", v, "b", v, "c", v, "d", v, "e", v, "f", v, "g", v, "h", v,
		"i", v, NULL);
	s = capture_end();
	assert_int_equal(count_lines(s), 1);
	assert_true(strlen(s) <= 32768);
	assert_non_null(strstr(s, " cut=yes\n"));
}

static void test_int_slots(void **state)
{
	const char *a = log_int(-5), *b = log_int(9223372036854775807LL);

	(void)state;
	assert_string_equal(a, "-5");
	assert_string_equal(b, "9223372036854775807");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_logfmt_line),
		cmocka_unit_test(test_level_filters),
		cmocka_unit_test(test_words_of_levels_and_formats),
		cmocka_unit_test(test_typed_text_forges_no_line),
		cmocka_unit_test(test_secrets_are_masked),
		cmocka_unit_test(test_hidden_values_are_masked_anywhere),
		cmocka_unit_test(test_long_values_are_cut),
		cmocka_unit_test(test_too_many_pairs_are_cut),
		cmocka_unit_test(test_int_slots),
	};

	file = memfd_create("log", 0);
	real_stderr = dup(STDERR_FILENO);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
