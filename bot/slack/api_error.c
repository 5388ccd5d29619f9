/* api_error.c - see api_error.h. */
#include "bot/slack/api_error.h"

#include <stddef.h>
#include <string.h>

static bool listed(const char *const *list, const char *code)
{
	for (; *list; list++)
		if (!strcmp(*list, code))
			return true;
	return false;
}

enum slack_error_class slack_error_class(const char *code)
{
	static const char *const later[] = {
		"ratelimited", "rate_limited", "too_many_requests", "team_added_to_org",
		"message_limit_exceeded", NULL,
	};
	static const char *const ambiguous[] = {
		"fatal_error", "internal_error", "service_unavailable", "request_timeout", NULL,
	};
	static const char *const token[] = {
		"not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired",
		"not_allowed_token_type", "user_removed_from_team", "team_disabled", "forbidden_team",
		"no_permission", "org_login_required", "access_denied", "ekm_access_denied",
		"enterprise_is_restricted", "team_access_not_granted", "two_factor_setup_required",
		"accesslimited", NULL,
	};

	if (listed(later, code))
		return SLACK_ERROR_LATER;
	if (listed(ambiguous, code))
		return SLACK_ERROR_AMBIGUOUS;
	if (listed(token, code))
		return SLACK_ERROR_TOKEN;
	return SLACK_ERROR_DEFINITE;
}

bool slack_error_is_success(const char *code)
{
	static const char *const list[] = {
		"already_pinned", "already_reacted", "already_in_channel", "already_archived", NULL,
	};

	return listed(list, code);
}

bool slack_error_is_content(const char *code)
{
	static const char *const list[] = {
		"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long",
		"msg_too_large", "no_text", "metadata_too_large", "invalid_metadata_format",
		"invalid_metadata_schema", "attachment_payload_limit_exceeded", "block_mismatch", NULL,
	};

	return listed(list, code);
}

bool slack_error_is_trigger(const char *code, const char *messages)
{
	static const char *const list[] = {
		"expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id", "trigger_expired",
		"trigger_exchanged", NULL,
	};

	return listed(list, code) || (!strcmp(code, "invalid_arguments") &&
		strstr(messages, "trigger_id") != NULL);
}

const char *slack_error_advice(const char *code)
{
	static const struct {
		const char *code, *advice;
	} list[] = {
		{ "not_authed", "set SLACK_BOT_TOKEN (xoxb-...) and SLACK_APP_TOKEN (xapp-...)" },
		{ "invalid_auth", "the token is not known to Slack: copy it again from the app's settings" },
		{ "not_allowed_token_type", "the two tokens are swapped: SLACK_BOT_TOKEN is the one that "
			"starts with xoxb-, SLACK_APP_TOKEN with xapp-" },
		{ "account_inactive", "the app was removed from the workspace: install it again" },
		{ "token_revoked", "the token was revoked: install the app again and set the new token" },
		{ "token_expired", "token rotation is switched on for the app: switch it off, tocsin does "
			"not renew tokens" },
		{ "missing_scope", "add the scope to the app (`tocsin manifest` has them all) and install "
			"it again" },
		{ "not_in_channel", "invite the bot to the channel: /invite @tocsin" },
		{ "channel_not_found", "check the channel's id in the plan; a private channel is not found "
			"until the bot is invited" },
		{ "is_archived", "the channel is archived: unarchive it or change the plan" },
		{ "too_many_websockets", "more than ten sockets are open for this app: look for other "
			"processes with its token" },
		{ "link_disabled", "Socket Mode is switched off in the app's settings" },
		{ "restricted_action", "a setting of the workspace forbids it to apps" },
	};
	size_t i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (!strcmp(list[i].code, code))
			return list[i].advice;
	return "";
}
