/*
 * slack_slash.h - a short way in for what comes most and is plainest: the frame of a slash command.
 *
 * Reads such a frame in one pass, without a tree. It knows only flat members, ASCII and simple
 * escapes; of anything else it says "not mine", and jansson reads the frame as before, with the
 * same result. Faults are therefore never told here.
 */
#ifndef TOCSIN_BOT_SLACK_SLASH_H
#define TOCSIN_BOT_SLACK_SLASH_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* "" for what is not there. */
struct slack_slash {
	const char *app_id, *command, *text, *user_id, *user_name, *channel_id, *channel_name;
	const char *trigger_id, *response_url;
};

struct slack_slash_frame {
	const char *envelope_id;
	bool accepts_payload;
	struct slack_slash slash;
};

/* True: it is the frame of a slash command, with an envelope id, and all of it was read; strings
 * are in the arena. False: read it the long way. */
bool slack_slash_read(struct arena *a, const char *bytes, size_t len, struct slack_slash_frame *out);
#endif
