/*
 * api.h - the Web API: one table of methods, and what their implementations share.
 *
 * api.c checks token, scope, rate and arguments by the table; the functions behind it only see
 * calls that are well formed.
 */
#ifndef FAKE_SLACK_API_H
#define FAKE_SLACK_API_H

#include <stdbool.h>

#include <jansson.h>

struct fake;
struct request;
struct channel;
struct message;
struct view;

struct call {
	struct fake *f;
	struct request *request;
	const struct method *method;
	json_t *args;        /* never NULL */
	const json_t *scopes; /* of the token */
	json_t *warnings;    /* array, may stay empty */
};

/* Returns the answer without "ok" (which is added), or one made by call_fail(). */
typedef json_t *method_fn(struct call *c);

enum token_kind { TOKEN_BOT, TOKEN_APP };

enum method_flag {
	METHOD_FORM = 1,   /* does not read JSON bodies */
	METHOD_BY_CHANNEL = 2, /* rate is counted per channel */
};

struct method {
	const char *name;
	int per_minute;
	enum token_kind token;
	unsigned int flags;
	const char *scopes; /* any of these words will do; "" for none */
	const char *args;   /* "channel*:id text:str blocks:list": * is required */
	method_fn *fn;
};

/* The whole /api/METHOD request: answers it. */
void api_dispatch(struct fake *f, struct request *r, const char *name);
/* POST to a response_url. */
void api_response_url(struct fake *f, struct request *r);
/* POST of the bytes of a file. */
void api_upload(struct fake *f, struct request *r);

json_t *call_fail(struct call *c, const char *error);
bool call_has_scope(const struct call *c, const char *scope);
/* The channel named by args[key]; on failure *error is the answer. member: the bot must be in. */
struct channel *call_channel(struct call *c, const char *key, bool member, json_t **error);

/*
 * Checks text, blocks, attachments and metadata of a message in any way it can come. Returns an
 * error code or NULL; faults are noted as complaints. call_check_message() makes the answer.
 */
const char *api_message_check(struct fake *f, json_t *message, const char *where, bool update);
json_t *call_check_message(struct call *c, bool update);

const char *api_view_replace(struct fake *f, struct view *v, json_t *view, const char *where);
const char *api_view_push(struct fake *f, const char *user, const char *on, json_t *view,
			  const char *where);

/* Cuts a list into a page by limit and cursor; owned list in, page out, cursor into answer. */
json_t *call_page_owned(struct call *c, json_t *list, int64_t fallback, json_t *answer);

extern const struct method methods_chat[], methods_conversations[], methods_other[], methods_views[];

#endif
