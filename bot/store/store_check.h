/*
 * store_check.h - reads what a server says of itself. Pure; the store and doctor use it.
 */
#ifndef TOCSIN_BOT_STORE_STORE_CHECK_H
#define TOCSIN_BOT_STORE_STORE_CHECK_H

#include <stddef.h>

/* 0, or -1 with why: this server cannot be used (too old, a replica, still loading). */
int store_check_info(const char *info, char *why, size_t size);

/* Why promises may not hold on this server, each with how to mend it; "" when they do.
 * info: INFO's text. appendfsync, save: from CONFIG GET, NULL when that was not allowed. */
void store_check_warn(const char *info, const char *appendfsync, const char *save, char *out,
	size_t size);
#endif
