/* sign.c - see sign.h. */
#include "bot/sign.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

#include "tocsin/buf.h"

static const char standard_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
	unsigned char out[HMAC_SHA256_BYTES])
{
	unsigned n = 0;

	if (!HMAC(EVP_sha256(), key, (int)key_len, data, len, out, &n) || n != HMAC_SHA256_BYTES)
		return -1;
	return 0;
}

int hmac_sha1(const void *key, size_t key_len, const void *data, size_t len,
	unsigned char out[HMAC_SHA1_BYTES])
{
	unsigned n = 0;

	if (!HMAC(EVP_sha1(), key, (int)key_len, data, len, out, &n) || n != HMAC_SHA1_BYTES)
		return -1;
	return 0;
}

static void encode(struct buf *out, const unsigned char *p, size_t len, const char *alphabet, bool pad)
{
	size_t i, k, n;

	for (i = 0; i < len; i += 3) {
		unsigned v = (unsigned)p[i] << 16;

		k = len - i < 3 ? len - i : 3;
		if (k > 1)
			v |= (unsigned)p[i + 1] << 8;
		if (k > 2)
			v |= p[i + 2];
		for (n = 0; n <= k; n++)
			buf_char(out, alphabet[v >> (18 - 6 * n) & 63]);
		for (; pad && n < 4; n++)
			buf_char(out, '=');
	}
}

void base64_encode(struct buf *out, const void *data, size_t len)
{
	encode(out, data, len, standard_alphabet, true);
}

void base64url_encode(struct buf *out, const void *data, size_t len)
{
	encode(out, data, len, url_alphabet, false);
}

/* Unpadded text of one alphabet. */
static long decode(const char *s, size_t len, const char *alphabet, unsigned char *out, size_t room)
{
	size_t i, n = 0;
	unsigned v = 0, bits = 0;

	if (len % 4 == 1)
		return -1;
	for (i = 0; i < len; i++) {
		const char *at = s[i] ? strchr(alphabet, s[i]) : NULL;

		if (!at)
			return -1;
		v = v << 6 | (unsigned)(at - alphabet);
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		if (n == room)
			return -1;
		out[n++] = (unsigned char)(v >> bits);
		v &= (1U << bits) - 1;
	}
	return v ? -1 : (long)n;
}

long base64_decode(const char *s, size_t len, unsigned char *out, size_t room)
{
	size_t pad = 0;

	if (len % 4 != 0)
		return -1;
	while (pad < 2 && pad < len && s[len - 1 - pad] == '=')
		pad++;
	return decode(s, len - pad, standard_alphabet, out, room);
}

long base64url_decode(const char *s, size_t len, unsigned char *out, size_t room)
{
	return decode(s, len, url_alphabet, out, room);
}

bool equal_constant_time(const void *a, size_t a_len, const void *b, size_t b_len)
{
	return a_len == b_len && CRYPTO_memcmp(a, b, a_len) == 0;
}

int random_bytes(void *out, size_t len)
{
	return getrandom(out, len, 0) == (ssize_t)len ? 0 : -1;
}

int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

void hex_encode(const unsigned char *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < len; i++) {
		out[2 * i] = digits[data[i] >> 4];
		out[2 * i + 1] = digits[data[i] & 15];
	}
	out[2 * len] = '\0';
}
