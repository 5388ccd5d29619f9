/*
 * slack_judge.h - would Slack take this? The checker of the fake Slack, and a look at what it does
 * not look at: tokens, entities and code fences that are whole.
 */
#ifndef TESTS_SUPPORT_SLACK_JUDGE_H
#define TESTS_SUPPORT_SLACK_JUDGE_H

#include <jansson.h>

/* Fails the test when Slack would refuse it. The caller owns the parsed JSON. */
json_t *judge_message(const char *json); /* {"text": ..., "blocks": [...]} */
json_t *judge_view(const char *json);    /* a modal */

/* A member that is a string, "" when it is not there. */
const char *judge_text(const json_t *object, const char *key);

#endif
