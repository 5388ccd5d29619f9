/* test_metrics.c - the metrics page: counts, the text format, and promtool's opinion of it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/wait.h>
#include <unistd.h>

#include "bot/metrics.h"
#include "bot/sender.h"
#include "bot/tasks.h"
#include "tocsin/buf.h"

static struct buf page;

static const char *print(void)
{
	buf_reset(&page);
	metrics_print(&page);
	assert_false(page.failed);
	return buf_text(&page);
}

static int setup(void **state)
{
	(void)state;
	metrics_reset();
	buf_init(&page, 1 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_release(&page);
	return 0;
}

static void test_counts_by_label(void **state)
{
	const char *s;

	(void)state;
	metrics_inc2(METRIC_REQUESTS, REQUEST_ALERT, ANSWER_BROKEN);
	metrics_inc2(METRIC_REQUESTS, REQUEST_COMMAND, ANSWER_DONE);
	metrics_inc2(METRIC_REQUESTS, REQUEST_COMMAND, ANSWER_DONE);
	metrics_inc2(METRIC_SENDS, metric_op_of("chat.post"), SENT_UNKNOWN);
	metrics_inc2(METRIC_SENDS, metric_op_of("pagerduty"), SENT_ACCEPTED);
	metrics_set(METRIC_OUTBOX_ENTRIES, LANE_CALL, 7);
	s = print();
	assert_non_null(strstr(s, "\ntocsin_requests_total{kind=\"command\",outcome=\"done\"} 2\n"));
	assert_non_null(strstr(s, "\ntocsin_requests_total{kind=\"alert\",outcome=\"broken\"} 1\n"));
	assert_non_null(strstr(s, "\ntocsin_requests_total{kind=\"timer\",outcome=\"busy\"} 0\n"));
	assert_non_null(strstr(s, "\ntocsin_sends_total{op=\"chat\",outcome=\"unknown\"} 1\n"));
	assert_non_null(strstr(s, "\ntocsin_sends_total{op=\"pagerduty\",outcome=\"accepted\"} 1\n"));
	assert_non_null(strstr(s, "\ntocsin_outbox_entries{lane=\"call\"} 7\n"));
	assert_non_null(strstr(s, "tocsin_build_info{version=\"" TOCSIN_VERSION "\"} 1\n"));
	assert_int_equal(s[strlen(s) - 1], '\n');
}

static void test_label_outside_its_set_is_not_counted(void **state)
{
	(void)state;
	metrics_add(METRIC_REQUESTS, REQUEST_KINDS, 0, 1);
	metrics_add(METRIC_REQUESTS, 0, 99, 1);
	metrics_add(METRIC_STORE_COMMITS, 1, 0, 1);
	metrics_observe(METRIC_TIMER_LATE, 1, 0.5);
	assert_null(strstr(print(), "_total{kind=\"command\",outcome=\"done\"} 1"));
	assert_non_null(strstr(print(), "\ntocsin_store_commits_total 0\n"));
	assert_non_null(strstr(print(), "\ntocsin_timer_lateness_seconds_count 0\n"));
}

static void test_histogram_is_cumulative(void **state)
{
	const char *s;

	(void)state;
	metrics_observe(METRIC_REQUEST_SECONDS, REQUEST_COMMAND, 0.001);
	metrics_observe(METRIC_REQUEST_SECONDS, REQUEST_COMMAND, 0.004);
	metrics_observe(METRIC_REQUEST_SECONDS, REQUEST_COMMAND, 99.0);
	s = print();
	assert_non_null(strstr(s, "seconds_bucket{kind=\"command\",le=\"0.001\"} 1\n"));
	assert_non_null(strstr(s, "seconds_bucket{kind=\"command\",le=\"0.0025\"} 1\n"));
	assert_non_null(strstr(s, "seconds_bucket{kind=\"command\",le=\"0.005\"} 2\n"));
	assert_non_null(strstr(s, "seconds_bucket{kind=\"command\",le=\"30\"} 2\n"));
	assert_non_null(strstr(s, "seconds_bucket{kind=\"command\",le=\"+Inf\"} 3\n"));
	assert_non_null(strstr(s, "seconds_count{kind=\"command\"} 3\n"));
	assert_non_null(strstr(s, "seconds_sum{kind=\"command\"} 99.00"));
	assert_true(metrics_get(METRIC_REQUEST_SECONDS, REQUEST_COMMAND, 0) > 2.5);
}

static void test_own_process_is_measured(void **state)
{
	(void)state;
	print();
	assert_true(metrics_get(METRIC_RESIDENT_BYTES, 0, 0) > 100000);
	assert_true(metrics_get(METRIC_CPU_SECONDS, 0, 0) > 0);
}

/* Debian's package "prometheus" brings promtool; CI has it and sets CI. */
static void test_promtool_has_no_complaint(void **state)
{
	char path[] = "/tmp/tocsin-metrics-XXXXXX";
	const char *s;
	int fd, status;
	pid_t child;

	(void)state;
	if (access("/usr/bin/promtool", X_OK) != 0) {
		if (getenv("CI"))
			fail_msg("promtool is missing: install the package prometheus");
		skip();
	}
	metrics_inc2(METRIC_REQUESTS, REQUEST_COMMAND, ANSWER_DONE);
	metrics_observe(METRIC_REQUEST_SECONDS, REQUEST_TIMER, 0.3);
	s = print();
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, s, page.len), (ssize_t)page.len);
	lseek(fd, 0, SEEK_SET);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		dup2(fd, STDIN_FILENO);
		execl("/usr/bin/promtool", "promtool", "check", "metrics", (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	close(fd);
	unlink(path);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_counts_by_label, setup, teardown),
		cmocka_unit_test_setup_teardown(test_label_outside_its_set_is_not_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_histogram_is_cumulative, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own_process_is_measured, setup, teardown),
		cmocka_unit_test_setup_teardown(test_promtool_has_no_complaint, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
