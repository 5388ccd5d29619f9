/*
 * api_error.h - what Slack's error codes mean for the call that got them. Pure.
 */
#ifndef TOCSIN_BOT_SLACK_API_ERROR_H
#define TOCSIN_BOT_SLACK_API_ERROR_H

#include <stdbool.h>

enum slack_error_class {
	SLACK_ERROR_DEFINITE,  /* no, and it will stay no */
	SLACK_ERROR_LATER,     /* not taken: wait and try again */
	SLACK_ERROR_AMBIGUOUS, /* it may have happened */
	SLACK_ERROR_TOKEN      /* the token or the workspace is the trouble: every call will fail */
};

/* Codes that nobody has listed are definite: Slack answered, and said no. */
enum slack_error_class slack_error_class(const char *code);

/* What we wanted is the case already: "already_pinned". */
bool slack_error_is_success(const char *code);

/* Our own message was not to Slack's liking: shorter and plainer may do. */
bool slack_error_is_content(const char *code);

/* A code, or one of the messages of response_metadata, says that a trigger_id is too old. */
bool slack_error_is_trigger(const char *code, const char *messages);

/* For an operator: what to do about a code, "" when there is nothing to say. */
const char *slack_error_advice(const char *code);
#endif
