/*
 * chain.h - the hash chain that makes a log tamper-evident.
 *
 * hash = SHA-256 in hex of: hash before it, newline, sequence number, newline, time, newline,
 * entry. The first entry has number 1 and follows CHAIN_START. An entry is kept as
 * "seq time hash entry" with single spaces.
 */
#ifndef TOCSIN_BOT_STORE_CHAIN_H
#define TOCSIN_BOT_STORE_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHAIN_HASH_LEN 64
#define CHAIN_START "0000000000000000000000000000000000000000000000000000000000000000"

struct chain; /* the digest's workspace */

struct chain *chain_new(void); /* NULL: no memory, or no SHA-256 */
void chain_free(struct chain *c);

/* hash gets CHAIN_HASH_LEN digits and a NUL; before may be the same memory. false: the digest
 * failed, which leaves hash undefined. */
bool chain_next(struct chain *c, const char *before, int64_t seq, int64_t time_ms,
	const char *entry, size_t entry_len, char hash[CHAIN_HASH_LEN + 1]);

/* A kept entry taken apart; pointers into text. false: it has not that form. */
struct chain_entry {
	int64_t seq;
	int64_t time_ms;
	const char *hash; /* CHAIN_HASH_LEN digits, not terminated */
	const char *entry;
	size_t entry_len;
};
bool chain_parse(const char *text, size_t len, struct chain_entry *out);
#endif
