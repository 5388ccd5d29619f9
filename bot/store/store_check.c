/*
 * store_check.c - is this server one that keeps our promises? What makes it unusable is told at
 * once (store_check_info); what weakens a promise becomes a warning for /healthz and doctor.
 */
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bot/log.h"
#include "bot/store/redis_conn.h"
#include "bot/store/store_check.h"
#include "bot/store/store_private.h"

/* Value of "name:value" in INFO's text, up to the line's end; "" when it is not there. */
static const char *info_get(const char *info, const char *name, char *out, size_t size)
{
	size_t n = strlen(name);
	const char *p = info;

	out[0] = '\0';
	while (p && *p) {
		if (strncmp(p, name, n) == 0 && p[n] == ':') {
			p += n + 1;
			snprintf(out, size, "%.*s", (int)strcspn(p, "\r\n"), p);
			break;
		}
		p = strchr(p, '\n');
		if (p)
			p++;
	}
	return out;
}

int store_check_info(const char *info, char *why, size_t size)
{
	char value[64];

	info_get(info, "redis_version", value, sizeof(value));
	if (strtol(value, NULL, 10) < 7) {
		snprintf(why, size, "Redis %s is too old: tocsin needs version 7 or newer", value);
		return -1;
	}
	info_get(info, "loading", value, sizeof(value));
	if (strcmp(value, "1") == 0) {
		snprintf(why, size, "Redis is still reading its data from disk");
		return -1;
	}
	info_get(info, "role", value, sizeof(value));
	if (*value && strcmp(value, "master") != 0) {
		snprintf(why, size, "this Redis is a replica (role %s): give the address of the master",
			value);
		return -1;
	}
	return 0;
}

static void add(char *out, size_t size, const char *text)
{
	size_t n = strlen(out);

	snprintf(out + n, size - n, "%s%s", n ? " " : "", text);
}

void store_check_warn(const char *info, const char *appendfsync, const char *save, char *out,
	size_t size)
{
	char value[64];

	out[0] = '\0';
	info_get(info, "aof_enabled", value, sizeof(value));
	if (strcmp(value, "0") == 0 && save && !*save)
		add(out, size, "Redis keeps nothing on disk: a restart loses every incident and timer. "
			"Set \"appendonly yes\" (CONFIG SET appendonly yes, then CONFIG REWRITE).");
	else if (strcmp(value, "0") == 0)
		add(out, size, "Redis only saves snapshots: a crash loses the minutes since the last one. "
			"Set \"appendonly yes\" (CONFIG SET appendonly yes, then CONFIG REWRITE).");
	else if (appendfsync && strcmp(appendfsync, "no") == 0)
		add(out, size, "Redis leaves it to the system when to write its log to disk: a power cut "
			"can lose half a minute. Set \"appendfsync always\" or \"everysec\".");
	info_get(info, "aof_last_write_status", value, sizeof(value));
	if (*value && strcmp(value, "ok") != 0)
		add(out, size, "Redis cannot write its append-only file: look at the disk's free space and "
			"at Redis' own log.");
	info_get(info, "rdb_last_bgsave_status", value, sizeof(value));
	if (*value && strcmp(value, "ok") != 0)
		add(out, size, "Redis could not save its last snapshot: look at the disk's free space and at "
			"Redis' own log.");
	info_get(info, "maxmemory_policy", value, sizeof(value));
	if (*value && strcmp(value, "noeviction") != 0) {
		char text[256];

		info_get(info, "maxmemory", text, sizeof(text));
		if (strcmp(text, "0") != 0) {
			snprintf(text, sizeof(text), "Redis may throw data away when memory is short "
				"(maxmemory-policy %s). Set it to \"noeviction\".", value);
			add(out, size, text);
		}
	}
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
			add(s->warning, sizeof(s->warning), text);
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
