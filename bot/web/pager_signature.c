/* pager_signature.c - see pager_signature.h. */
#include "bot/web/pager_signature.h"

#include <string.h>

#include "bot/sign.h"

bool pager_verify(const char *secret, const char *body, size_t len, const char *header)
{
	unsigned char mac[HMAC_SHA256_BYTES];
	char want[2 * HMAC_SHA256_BYTES + 1];
	bool good = false;

	if (!*secret || hmac_sha256(secret, strlen(secret), body, len, mac) < 0)
		return false;
	hex_encode(mac, sizeof(mac), want);
	for (size_t i = 0; *header && i < PAGER_SIGNATURES_MAX; i++) { /* all are compared, whichever fits */
		size_t n = strcspn(header, ","), blank = strspn(header, " ");

		if (n > blank + 3 && strncmp(header + blank, "v1=", 3) == 0)
			good |= equal_constant_time(header + blank + 3, n - blank - 3, want, strlen(want));
		header += n + (header[n] == ',');
	}
	return good;
}
