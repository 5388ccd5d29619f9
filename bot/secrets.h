/*
 * secrets.h - secrets from the environment: NAME itself, or a file that NAME_FILE names.
 *
 * Both set is an error, so that nobody wonders which one counts. What was read is registered with
 * log_hide(), so it never shows in a log line.
 */
#ifndef TOCSIN_BOT_SECRETS_H
#define TOCSIN_BOT_SECRETS_H

#include <stddef.h>

#define SECRET_MAX 8192 /* bytes of one secret */

struct err;

/* 1: *value is the secret (the caller frees it with secret_free()), white space around it removed;
 * 0: not set, *value NULL; -1 with err set: both are set, the file cannot be read, is empty, too
 * long, or holds a line break or another control character inside. */
int secret_from_env(const char *name, char **value, struct err *err);

/* A file's secret, by the same rules; what: how messages name it. 0 or -1. */
int secret_from_file(const char *path, const char *what, char **value, struct err *err);

/* Overwrites and frees it. NULL is allowed. */
void secret_free(char *value);
#endif
