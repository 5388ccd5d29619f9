/*
 * manifest.h - the Slack app that tocsin needs: its commands, events and least scopes.
 */
#ifndef TOCSIN_BOT_SLACK_MANIFEST_H
#define TOCSIN_BOT_SLACK_MANIFEST_H

#include <stddef.h>

struct buf;

/* Bot scopes, with what each is for; ends with a NULL scope. `tocsin doctor` compares with it. */
struct manifest_scope {
	const char *scope;
	const char *why;
};
extern const struct manifest_scope manifest_scopes[];

#define MANIFEST_NAME_MAX 35

/* Writes the app manifest as JSON. name: at most MANIFEST_NAME_MAX characters. http_url: base of
 * the request URLs ("https://bot.example.com"), NULL: Socket Mode. */
void manifest_print(struct buf *out, const char *name, const char *http_url);
#endif
