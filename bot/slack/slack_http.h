/*
 * slack_http.h - signed HTTP requests from Slack: is it really Slack, and what does it say? Pure.
 */
#ifndef TOCSIN_BOT_SLACK_HTTP_H
#define TOCSIN_BOT_SLACK_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/slack/slack_in.h"

#define SLACK_SIGNATURE_WINDOW_S 300

/*
 * The v0 signature: HMAC-SHA256 over "v0:<timestamp>:<raw body>" with the signing secret as text.
 * timestamp, signature: header values as received, "" when absent. now_s: the wall clock. False
 * for anything odd, also for a timestamp more than five minutes off, either way.
 */
bool slack_signature_ok(const char *secret, const char *timestamp, const char *signature,
	const char *body, size_t body_len, int64_t now_s);

/* "application/json; charset=utf-8" is JSON, everything else a form. */
enum slack_body slack_body_kind(const char *content_type);
#endif
