/* store_keys.c - see store_keys.h. */
#include "bot/store/store_keys.h"

#include <string.h>

#include "tocsin/err.h"

int store_keys_init(struct store_keys *k, const char *workspace, struct err *err)
{
	static const char *const fixed[KEYS_FIXED] = {"timers", "leases", "links", "counts", "refs",
		"out:page", "out:chat", "out:call"};
	size_t n = strlen(workspace), i;

	if (n == 0 || n > STORE_WORKSPACE_MAX ||
		strspn(workspace, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") != n)
		return err_set(err, ERR_CONFIG, "workspace \"%.64s\": use 1 to %d letters, digits and _ . -",
			workspace, STORE_WORKSPACE_MAX);
	snprintf(k->prefix, sizeof(k->prefix), "tocsin:{%s}:", workspace);
	k->prefix_len = strlen(k->prefix);
	for (i = 0; i < KEYS_FIXED; i++)
		snprintf(k->fixed[i], sizeof(k->fixed[i]), "%s%s", k->prefix, fixed[i]);
	snprintf(k->wake, sizeof(k->wake), "%swake", k->prefix);
	return 0;
}
