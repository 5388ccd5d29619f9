/*
 * events.h - what happens in the workspace, and who is told of it.
 *
 * Every change that the app or a person makes goes through here, so that the state, the open
 * pages, the waiting tests and the app's event subscriptions always agree.
 */
#ifndef FAKE_SLACK_EVENTS_H
#define FAKE_SLACK_EVENTS_H

#include <stdbool.h>

#include <jansson.h>

struct fake;
struct channel;
struct message;

/* Adds a message (body owned) and tells everybody. */
struct message *event_post_owned(struct fake *f, struct channel *ch, json_t *body,
				 const char *thread_ts);
void event_message_changed(struct fake *f, struct channel *ch, struct message *m, json_t *before);
void event_message_deleted(struct fake *f, struct channel *ch, struct message *m);
/* Adds a member; inviter may be "". */
void event_join(struct fake *f, struct channel *ch, const char *user, const char *inviter);
void event_reaction(struct fake *f, struct channel *ch, struct message *m, const char *user,
		    const char *name, bool added);
void event_home_opened(struct fake *f, const char *user);
/* A small grey line such as "Ada set the topic". */
void event_system_line(struct fake *f, struct channel *ch, const char *user, const char *subtype,
		       const char *text);
/* Shows something to one person only; fields as in chat.postEphemeral. Borrowed result. */
json_t *event_ephemeral(struct fake *f, struct channel *ch, const char *user, json_t *args,
			const char *kind);

#endif
