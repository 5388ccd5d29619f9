/* function.c - see function.h. */
#include "bot/store/function.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define MARK "@DIGEST@"

char *function_text(char digest[FUNCTION_DIGEST_LEN + 1])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char sum[EVP_MAX_MD_SIZE];
	const char *mark = strstr(function_source, MARK);
	size_t before = mark ? (size_t)(mark - function_source) : function_source_bytes;
	size_t after = mark ? before + strlen(MARK) : before;
	unsigned i;
	char *text;

	if (EVP_Digest(function_source, function_source_bytes, sum, NULL, EVP_sha256(), NULL) != 1)
		return NULL;
	for (i = 0; i < FUNCTION_DIGEST_LEN; i++)
		digest[i] = hex[i % 2 ? sum[i / 2] & 15 : sum[i / 2] >> 4];
	digest[i] = '\0';
	text = malloc(function_source_bytes + FUNCTION_DIGEST_LEN + 1);
	if (!text)
		return NULL;
	memcpy(text, function_source, before);
	memcpy(text + before, digest, FUNCTION_DIGEST_LEN);
	memcpy(text + before + FUNCTION_DIGEST_LEN, function_source + after,
		function_source_bytes - after + 1);
	return text;
}
