/*
 * store_keys.h - every key name in Redis is made here.
 *
 * All keys of a workspace W begin with "tocsin:{W}:" and so share a slot of a cluster:
 *
 *   doc:ID      hash: v "version:entries", d the document, g guard, h hash of the newest log entry
 *   log:ID      list: "seq time hash entry", oldest first
 *   index:NAME  sorted set
 *   links       hash: name -> target
 *   counts      hash: name -> number last taken
 *   timers      sorted set: timer id by due time; while leased by the lease's end, which ends in .5
 *   leases      hash: timer id -> "lease's score, time it was due at"
 *   refs        hash: "r:REF" -> channel, newline, message; "n:REF" -> key of its newest update
 *   out:page, out:chat, out:call   streams with consumer group "tocsin": promised deliveries
 *   seen:ID     string, expires: the answer given to a request
 *   wake        channel: an instance tells the others that there is work
 */
#ifndef TOCSIN_BOT_STORE_KEYS_H
#define TOCSIN_BOT_STORE_KEYS_H

#include <stddef.h>

#include "tocsin/effects.h"

struct err;

#define STORE_WORKSPACE_MAX 64

/* In the order in which tocsin.lua expects them. */
enum store_fixed_key { KEY_TIMERS, KEY_LEASES, KEY_LINKS, KEY_COUNTS, KEY_REFS, KEY_OUT,
	KEYS_FIXED = KEY_OUT + LANES };

struct store_keys {
	char prefix[STORE_WORKSPACE_MAX + 16]; /* "tocsin:{acme}:" */
	size_t prefix_len;
	char fixed[KEYS_FIXED][STORE_WORKSPACE_MAX + 32];
	char wake[STORE_WORKSPACE_MAX + 32];
};

/* 0, or -1 with err set: a workspace name is 1 to STORE_WORKSPACE_MAX letters, digits, _ . - */
int store_keys_init(struct store_keys *k, const char *workspace, struct err *err);

/* The middle part of keys that carry a name of their own. */
#define KEY_DOC "doc:"
#define KEY_LOG "log:"
#define KEY_INDEX "index:"
#define KEY_SEEN "seen:"

/* Prefixes of fields in refs. */
#define FIELD_REF "r:"
#define FIELD_NEWEST "n:"
#endif
