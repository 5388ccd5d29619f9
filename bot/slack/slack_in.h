/*
 * slack_in.h - what Slack says, as requests: Socket Mode frames and the payloads of signed HTTP
 * requests. Pure: bytes in, structs in the arena out; no clock, no socket, no log.
 *
 * Text is handed on as Slack sent it (tokens like <@U1|ada> and &amp; included): the core's args.c
 * undoes that. Unknown frames, types and members are tolerated; what is of no use to us becomes an
 * envelope without a request, which is acknowledged and forgotten.
 */
#ifndef TOCSIN_BOT_SLACK_IN_H
#define TOCSIN_BOT_SLACK_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;
struct json_t;
struct request;

#define SLACK_FRAME_MAX ((size_t)4 * 1024 * 1024) /* bytes of one frame or HTTP body */
#define SLACK_DEPTH_MAX 100                       /* brackets inside brackets */
#define SLACK_FIELDS_MAX 100                      /* answers of one form; a view has 100 blocks */

/* Who we are, as auth.test says. Strings are "" while unknown. */
struct slack_identity {
	const char *bot_user; /* "U0TOCSIN" */
	const char *bot_id;   /* "B0TOCSIN" */
	const char *app_id;
	bool (*is_family)(const char *name); /* whether a command family has this name */
};

enum slack_in_kind {
	SLACK_IN_UNKNOWN,    /* a type of frame that we do not know: log and ignore */
	SLACK_IN_HELLO,
	SLACK_IN_DISCONNECT,
	SLACK_IN_ENVELOPE,   /* to be acknowledged */
	SLACK_IN_CHALLENGE   /* HTTP: url_verification */
};

enum slack_reason {
	SLACK_REASON_REFRESH, /* refresh_requested, warning, and whatever is new */
	SLACK_REASON_DISABLED,
	SLACK_REASON_TOO_MANY
};

/* Which kind of answer fits. */
enum slack_ask {
	SLACK_ASK_NOTHING, /* nobody waits: an event, something ignored */
	SLACK_ASK_SLASH,   /* a message in the acknowledgement; a form by trigger */
	SLACK_ASK_ACTION,  /* a message by response_url; a form by trigger */
	SLACK_ASK_VIEW,    /* view_submission: a response_action, a message elsewhere */
	SLACK_ASK_MENTION  /* an ephemeral message in the thread */
};

struct slack_in {
	enum slack_in_kind kind;
	const char *type;          /* "events_api"; HELLO, DISCONNECT, CHALLENGE: "" */
	const char *sub_type;      /* "app_mention", "block_actions", "": for the log */

	/* HELLO */
	unsigned num_connections;
	int64_t connection_s;      /* how long it will live, 0: not said */
	const char *host;
	const char *app_id;
	/* DISCONNECT: num_connections (0: not said) and host as well */
	enum slack_reason reason;
	const char *reason_text;
	/* CHALLENGE */
	const char *challenge;

	/* ENVELOPE */
	const char *envelope_id;   /* "" over HTTP */
	bool accepts_payload;      /* the acknowledgement may carry an answer */
	unsigned retry;
	struct request *req;       /* NULL: acknowledge and forget, `ignored` says why */
	const char *ignored;       /* "" or a constant text for the log */
	enum slack_ask ask;
	const char *trigger_id;    /* "" when no form can be opened */
	const char *response_url;  /* "" when there is none */
};

/* A Socket Mode frame. 0, or -1 with err set (ERR_INVALID, ERR_LIMIT): not JSON, too large, too
 * deep, an envelope without an id. Allocates in the arena only. */
int slack_in_frame(struct arena *a, const char *bytes, size_t len,
	const struct slack_identity *me, struct slack_in *out, struct err *err);

enum slack_body { SLACK_BODY_JSON, SLACK_BODY_FORM };

/* The body of a signed HTTP request, the same way. ssl_check is an envelope without a request. */
int slack_in_body(struct arena *a, const char *bytes, size_t len, enum slack_body kind,
	const struct slack_identity *me, struct slack_in *out, struct err *err);

/*
 * Where a form was asked for, to be carried through its view in private_metadata (a view has no
 * channel): text for slack_render_form(), in the arena.
 */
const char *slack_in_place(struct arena *a, const struct request *req);
#endif
