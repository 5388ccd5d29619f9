/*
 * people.h - acting as a person of the workspace: typing, pressing, filling in.
 *
 * The admin API and the page both come through here. Each function answers the request itself,
 * at once or when the app has acknowledged.
 */
#ifndef FAKE_SLACK_PEOPLE_H
#define FAKE_SLACK_PEOPLE_H

#include <jansson.h>

struct fake;
struct request;
struct channel;

void people_slash(struct fake *f, struct request *r, json_t *in);
void people_message(struct fake *f, struct request *r, json_t *in);
void people_press(struct fake *f, struct request *r, json_t *in);
void people_submit(struct fake *f, struct request *r, json_t *in);
void people_close_view(struct fake *f, struct request *r, json_t *in);
void people_react(struct fake *f, struct request *r, json_t *in);
void people_join(struct fake *f, struct request *r, json_t *in);
void people_leave(struct fake *f, struct request *r, json_t *in);
void people_home(struct fake *f, struct request *r, json_t *in);

/* Checks and shows a message that came as the answer to a command or through a response_url. */
const char *people_show_answer(struct fake *f, struct channel *ch, const char *user, json_t *message,
			       const char *where, const char *thread_ts);

/* Finds who and where; answers 404 and returns NULL when unknown. */
const char *people_user(struct fake *f, struct request *r, json_t *in);
struct channel *people_channel(struct fake *f, struct request *r, json_t *in);
void people_fail(struct request *r, const char *error, const char *detail);

/* {"id","name","username","team_id"} as in payloads. */
json_t *people_json(struct fake *f, const char *user);

#endif
