/* test_slack_blocks.c - what Slack is sent: the look of it, and its limits at any length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>

#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/message.h"
#include "tocsin/render.h"

static const char *slack(struct arena *a, const char *markdown)
{
	struct buf out;

	buf_init_arena(&out, a, 1 << 20);
	slack_render(message_parse(a, markdown, strlen(markdown)), NULL, &out, NULL);
	return buf_text(&out);
}

static void looks_right(void **state)
{
	struct arena *a = arena_new(1 << 20);

	(void)state;
	assert_string_equal(slack(a, "# INC-42 Checkout\n\nHello **you** & <all>\n\n- one\n- two\n\n"
		"| | |\n|---|---|\n| Severity | P0 |\n\n[Acknowledge](<action:incident ack INC-42> \"primary\") "
		"[Mine](<action:incident role>)\n\n> by [10:30](time:1769618400)\n"),
		"{\"text\":\"INC-42 Checkout\\n\\nHello you &amp; &lt;all&gt;\\n\\n- one\\n- two\\n\\nSeverity: P0\\n\\nby 2026-01-28 16:40 UTC\","
		"\"blocks\":[{\"type\":\"header\",\"text\":{\"type\":\"plain_text\",\"text\":\"INC-42 Checkout\"}},"
		"{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"Hello *you* &amp; &lt;all&gt;\\n\\n\xe2\x80\xa2 one\\n\xe2\x80\xa2 two\",\"verbatim\":true}},"
		"{\"type\":\"section\",\"fields\":[{\"type\":\"mrkdwn\",\"text\":\"*Severity*\\nP0\",\"verbatim\":true}]},"
		"{\"type\":\"actions\",\"elements\":["
		"{\"type\":\"button\",\"action_id\":\"do\",\"text\":{\"type\":\"plain_text\",\"text\":\"Acknowledge\"},\"value\":\"incident ack INC-42\",\"style\":\"primary\"},"
		"{\"type\":\"button\",\"action_id\":\"do#2\",\"text\":{\"type\":\"plain_text\",\"text\":\"Mine\"},\"value\":\"incident role\"}]},"
		"{\"type\":\"context\",\"elements\":[{\"type\":\"mrkdwn\",\"text\":\"by <!date^1769618400^{date_short_pretty} {time}|10:30>\",\"verbatim\":true}]}]}");
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looks_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
