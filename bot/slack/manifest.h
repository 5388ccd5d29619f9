/*
 * manifest.h - the Slack app as Slack must know it: commands, scopes, events.
 */
#ifndef TOCSIN_BOT_SLACK_MANIFEST_H
#define TOCSIN_BOT_SLACK_MANIFEST_H

struct buf;

struct slack_scope {
	const char *name;
	const char *what_for;
};

/* What the bot token must have; ends with a NULL name. */
extern const struct slack_scope slack_scopes[];

/* Appends the manifest. http: base URL of signed requests, NULL for Socket Mode. */
void slack_manifest(struct buf *out, const char *name, const char *http);
#endif
