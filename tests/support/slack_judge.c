/* slack_judge.c - see slack_judge.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/slack_judge.h"

#include "tests/fake_slack/blocks.c"
#include "tests/fake_slack/elements.c"

#include "tocsin/utf8.h"

/* --- what the checker takes from the rest of the fake Slack ------------------------------------- */

const char *json_text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

bool json_flag(const json_t *object, const char *key, bool fallback)
{
	const json_t *v = json_object_get(object, key);

	return json_is_boolean(v) ? json_is_true(v) : fallback;
}

int64_t json_number(const json_t *object, const char *key, int64_t fallback)
{
	const json_t *v = json_object_get(object, key);

	return json_is_integer(v) ? json_integer_value(v) : fallback;
}

void json_put(json_t *object, const char *key, const char *value)
{
	json_object_set_new(object, key, json_string(value));
}

void random_hex(char *out, size_t len)
{
	memset(out, '0', len);
	out[len] = '\0';
}

/* --- the judges ------------------------------------------------------------------------------------ */

const char *judge_text(const json_t *object, const char *key)
{
	return json_text(object, key);
}

/* mrkdwn whose tokens are whole: <...>, entities, code fences, UTF-8. */
static void judge_mrkdwn(const char *s, bool shown)
{
	const char *p, *end;
	unsigned fences = 0;

	assert_true(utf8_valid(s, strlen(s)));
	for (p = s; *p; p++) {
		if (*p == '<') {
			end = strpbrk(p + 1, "<>");
			if (!end || *end != '>')
				fail_msg("a token is cut: %.60s", p);
			if (!strchr("@#!hm", p[1]))
				fail_msg("not one of our tokens: %.60s", p);
			p = end;
		} else if (*p == '&') {
			if (strncmp(p, "&amp;", 5) && strncmp(p, "&lt;", 4) && strncmp(p, "&gt;", 4))
				fail_msg("an entity is cut: %.20s", p);
		} else if (*p == '>') {
			if (p != s && p[-1] != '\n')
				fail_msg("a bare > in %s", s);
		} else if (!strncmp(p, "```", 3)) {
			fences++;
			p += 2;
		}
	}
	if (shown && fences % 2)
		fail_msg("a code fence is open: %s", s);
}

static void judge_texts(const json_t *j)
{
	const char *key;
	json_t *v;
	size_t i;

	if (json_is_object(j)) {
		if (!strcmp(json_text(j, "type"), "mrkdwn")) {
			assert_true(json_is_true(json_object_get(j, "verbatim")));
			judge_mrkdwn(json_text(j, "text"), true);
		}
		json_object_foreach((json_t *)(uintptr_t)j, key, v)
			judge_texts(v);
	}
	json_array_foreach(j, i, v)
		judge_texts(v);
}

json_t *judge_message(const char *json)
{
	json_error_t je;
	json_t *j = json_loads(json, JSON_REJECT_DUPLICATES, &je), *errors = json_array();
	size_t i, chars;
	json_t *e;

	if (!j)
		fail_msg("no JSON: %s", je.text);
	chars = blocks_check(json_object_get(j, "blocks"), BLOCKS_MESSAGE, "/blocks", errors);
	json_array_foreach(errors, i, e)
		print_error("%s\n", json_string_value(e));
	assert_int_equal(json_array_size(errors), 0);
	assert_true(chars <= 10000);
	assert_in_range(text_units(json_text(j, "text")), 1, 4000);
	judge_mrkdwn(json_text(j, "text"), false); /* for notifications only */
	judge_texts(json_object_get(j, "blocks"));
	json_decref(errors);
	return j;
}

json_t *judge_view(const char *json)
{
	json_error_t je;
	json_t *j = json_loads(json, JSON_REJECT_DUPLICATES, &je), *errors = json_array();
	size_t i;
	json_t *e;

	if (!j)
		fail_msg("no JSON: %s", je.text);
	view_check(j, BLOCKS_MODAL, errors);
	json_array_foreach(errors, i, e)
		print_error("%s\n", json_string_value(e));
	assert_int_equal(json_array_size(errors), 0);
	judge_texts(json_object_get(j, "blocks"));
	json_decref(errors);
	return j;
}
