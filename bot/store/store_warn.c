/*
 * store_warn.c - asks a connected server how it is set up, and keeps what store_check.c has to
 * say about that. Nothing waits for it.
 */
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "bot/log.h"
#include "bot/store/redis_conn.h"
#include "bot/store/store_check.h"
#include "bot/store/store_private.h"

static void warning_add(char *out, size_t size, const char *text)
{
	size_t n = strlen(out);

	snprintf(out + n, size - n, "%s%s", n ? " " : "", text);
}

/* Collected over several answers; lives until the last one. */
struct check {
	struct store *s;
	char *info;
	char fsync[32], save[128];
	bool config; /* CONFIG GET was answered: managed servers refuse it */
};

static void on_redis_check_info(redisAsyncContext *ac, void *reply, void *priv)
{
	const redisReply *r = reply;
	struct check *k = priv;

	(void)ac;
	if (r && r->type == REDIS_REPLY_STRING)
		k->info = strdup(r->str);
}

static void on_redis_check_config(redisAsyncContext *ac, void *reply, void *priv)
{
	const redisReply *r = reply;
	struct check *k = priv;
	size_t i;

	(void)ac;
	if (!r || r->type != REDIS_REPLY_ARRAY)
		return;
	for (i = 0; i + 1 < r->elements; i += 2) {
		const char *name = r->element[i]->str, *value = r->element[i + 1]->str;

		if (strcmp(name, "appendfsync") == 0)
			snprintf(k->fsync, sizeof(k->fsync), "%s", value);
		else if (strcmp(name, "save") == 0)
			snprintf(k->save, sizeof(k->save), "%s", value);
		k->config = true;
	}
}

/* Another version's library beside ours: fine while bots are being replaced, worth telling. */
static void libraries_look(struct store *s, const redisReply *r)
{
	size_t i, j;
	long newest = FUNCTION_VERSION;

	for (i = 0; i < r->elements; i++) {
		const redisReply *library = r->element[i];

		for (j = 0; j + 1 < library->elements; j += 2) {
			const char *name = library->element[j + 1]->str;
			long version;

			if (strcmp(library->element[j]->str, "library_name") != 0 ||
				strncmp(name, "tocsin_v", 8) != 0)
				continue;
			version = strtol(name + 8, NULL, 10);
			if (version > newest)
				newest = version;
		}
	}
	s->newer[0] = '\0';
	if (newest > FUNCTION_VERSION)
		snprintf(s->newer, sizeof(s->newer), "tocsin_v%ld", newest);
}

static void on_redis_check_libraries(redisAsyncContext *ac, void *reply, void *priv)
{
	const redisReply *r = reply;
	struct check *k = priv;
	struct store *s = k->s;
	char before[sizeof(s->warning)];
	char text[256];

	(void)ac;
	if (r && s->phase != PHASE_CLOSING && k->info) {
		if (r->type == REDIS_REPLY_ARRAY)
			libraries_look(s, r);
		snprintf(before, sizeof(before), "%s", s->warning);
		store_check_warn(k->info, k->config ? k->fsync : NULL, k->config ? k->save : NULL,
			s->warning, sizeof(s->warning));
		if (*s->newer) {
			snprintf(text, sizeof(text), "A newer tocsin uses this Redis too (function library "
				"%s, ours is %s): replace this one soon.", s->newer, FUNCTION_LIBRARY);
			warning_add(s->warning, sizeof(s->warning), text);
		}
		if (*s->warning && strcmp(before, s->warning) != 0)
			log_write(LOG_WARN, "store", NULL, "Redis may not keep what tocsin promises", "redis",
				s->url.shown, "why", s->warning, NULL);
	}
	free(k->info);
	free(k);
}

void store_check_start(struct store *s)
{
	redisAsyncContext *ac = redis_conn_context(s->main);
	struct check *k = ac ? calloc(1, sizeof(*k)) : NULL;

	if (!k)
		return;
	k->s = s;
	/* All three or none: hiredis refuses commands only while it disconnects. */
	if (redisAsyncCommand(ac, on_redis_check_info, k, "INFO") != REDIS_OK) {
		free(k);
		return;
	}
	redisAsyncCommand(ac, on_redis_check_config, k, "CONFIG GET appendfsync");
	redisAsyncCommand(ac, on_redis_check_config, k, "CONFIG GET save");
	redisAsyncCommand(ac, on_redis_check_libraries, k, "FUNCTION LIST LIBRARYNAME tocsin_v*");
}
