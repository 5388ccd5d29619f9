/* chain.c - see chain.h. */
#include "bot/store/chain.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct chain {
	EVP_MD *sha256;
	EVP_MD_CTX *ctx;
};

struct chain *chain_new(void)
{
	struct chain *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL); /* once: the look-up costs more than a hash */
	c->ctx = EVP_MD_CTX_new();
	if (!c->sha256 || !c->ctx) {
		chain_free(c);
		return NULL;
	}
	return c;
}

void chain_free(struct chain *c)
{
	if (!c)
		return;
	EVP_MD_CTX_free(c->ctx);
	EVP_MD_free(c->sha256);
	free(c);
}

bool chain_next(struct chain *c, const char *before, int64_t seq, int64_t time_ms,
	const char *entry, size_t entry_len, char hash[CHAIN_HASH_LEN + 1])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char sum[EVP_MAX_MD_SIZE];
	char head[CHAIN_HASH_LEN + 64];
	int n, i;

	n = snprintf(head, sizeof(head), "%.*s\n%" PRId64 "\n%" PRId64 "\n", CHAIN_HASH_LEN, before,
		seq, time_ms);
	if (EVP_DigestInit_ex2(c->ctx, c->sha256, NULL) != 1 ||
		EVP_DigestUpdate(c->ctx, head, (size_t)n) != 1 ||
		EVP_DigestUpdate(c->ctx, entry, entry_len) != 1 ||
		EVP_DigestFinal_ex(c->ctx, sum, NULL) != 1)
		return false;
	for (i = 0; i < CHAIN_HASH_LEN; i++)
		hash[i] = hex[i % 2 ? sum[i / 2] & 15 : sum[i / 2] >> 4];
	hash[i] = '\0';
	return true;
}

/* Digits and one space; at most 18 digits, so that it cannot overflow. */
static const char *number_parse(const char *p, const char *end, int64_t *out)
{
	const char *first = p;

	*out = 0;
	while (p < end && *p >= '0' && *p <= '9' && p - first < 18)
		*out = *out * 10 + (*p++ - '0');
	return p > first && p < end && *p == ' ' ? p + 1 : NULL;
}

bool chain_parse(const char *text, size_t len, struct chain_entry *out)
{
	const char *p = text, *end = text + len;

	p = number_parse(p, end, &out->seq);
	if (!p)
		return false;
	p = number_parse(p, end, &out->time_ms);
	if (!p || end - p < CHAIN_HASH_LEN + 1 || p[CHAIN_HASH_LEN] != ' ')
		return false;
	out->hash = p;
	out->entry = p + CHAIN_HASH_LEN + 1;
	out->entry_len = (size_t)(end - out->entry);
	return true;
}
