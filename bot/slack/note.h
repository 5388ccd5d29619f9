/*
 * note.h - something said to one person beside an acknowledgement, by whatever way is open: the
 * response_url, an ephemeral message in the place, at last a direct message. Each refusal leads to
 * the next way; nobody is left without an answer because the bot is not in a channel.
 */
#ifndef TOCSIN_BOT_SLACK_NOTE_H
#define TOCSIN_BOT_SLACK_NOTE_H

#include <stdbool.h>
#include <stddef.h>

struct slack_api;
struct slack_note;

/* The notes that are under way; one list per intake. */
struct slack_notes {
	struct slack_api *api;
	struct slack_note *first;
};

struct slack_note_to {
	const char *user;
	const char *channel;      /* "" when the place is not known */
	const char *thread;       /* "" */
	const char *response_url; /* "" when there is none */
	bool all;                 /* everybody in the place may see it */
	const char *trace;        /* for the log, or NULL */
};

/* message: a JSON object with "text" and "blocks". Everything is copied. */
void slack_note_send(struct slack_notes *notes, const struct slack_note_to *to, const char *message,
	size_t len);
/* Forgets what is under way; before the slack_api is closed. */
void slack_notes_release(struct slack_notes *notes);
#endif
