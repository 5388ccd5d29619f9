/*
 * store_check.c - is this server one that keeps our promises? What makes it unusable is told at
 * once (store_check_info); what weakens a promise becomes a warning for /healthz and doctor.
 */
#include "bot/store/store_check.h"

#include <stdlib.h>
#include <string.h>

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
