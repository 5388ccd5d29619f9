/*
 * entry.h - a promised delivery as the outbox keeps it: fields of a struct send as text.
 *
 * "1," then for every field that is not empty: a letter, its length in decimal, ":", its bytes,
 * ",". Unknown letters are passed over, so an older bot can read what a newer one wrote.
 */
#ifndef TOCSIN_BOT_STORE_ENTRY_H
#define TOCSIN_BOT_STORE_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tocsin/effects.h"

struct buf;

void entry_encode(const struct send *send, int64_t created_ms, struct buf *out);

/* Takes text apart in place: it is changed, and send points into it. The lane is not part of it.
 * false: not in this form; send is then undefined. */
bool entry_decode(char *text, size_t len, struct send *send, int64_t *created_ms);
#endif
