/* net_address.c - see net_address.h. The ranges are those of the IANA special-purpose registries. */
#include "bot/net_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

static bool v4_private(const uint8_t a[4])
{
	uint32_t ip = (uint32_t)a[0] << 24 | (uint32_t)a[1] << 16 | (uint32_t)a[2] << 8 | a[3];
	static const struct {
		uint32_t net;
		unsigned bits;
	} ranges[] = {
		{ 0x00000000, 8 },  /* this host */
		{ 0x0a000000, 8 },  /* private */
		{ 0x64400000, 10 }, /* shared by carriers */
		{ 0x7f000000, 8 },  /* loopback */
		{ 0xa9fe0000, 16 }, /* link-local, cloud metadata */
		{ 0xac100000, 12 }, /* private */
		{ 0xc0000000, 24 }, /* protocol assignments */
		{ 0xc0000200, 24 }, /* documentation */
		{ 0xc0a80000, 16 }, /* private */
		{ 0xc6120000, 15 }, /* benchmarks */
		{ 0xc6336400, 24 }, /* documentation */
		{ 0xcb007100, 24 }, /* documentation */
		{ 0xe0000000, 3 },  /* multicast, reserved, broadcast */
	};
	size_t i;

	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if ((ip ^ ranges[i].net) >> (32 - ranges[i].bits) == 0)
			return true;
	return false;
}

static bool v6_private(const uint8_t a[16])
{
	static const uint8_t zero[16];
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };

	if (!memcmp(a, mapped, 12) || !memcmp(a, nat64, 12))
		return v4_private(a + 12);
	if (!memcmp(a, zero, 12))
		return true; /* ::, ::1 and the old IPv4-compatible form */
	if (a[0] == 0x20 && a[1] == 0x02)
		return v4_private(a + 2); /* 6to4 */
	if (a[0] == 0x00 && a[1] == 0x64 && a[2] == 0xff && a[3] == 0x9b)
		return true; /* local NAT64 */
	/* Only 2000::/3 is global; unique-local, link-local and multicast lie outside of it. */
	if ((a[0] & 0xe0) != 0x20)
		return true;
	return a[0] == 0x20 && a[1] == 0x01 && a[2] == 0x0d && a[3] == 0xb8; /* documentation */
}

bool net_address_private(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof(in));
		return v4_private((const uint8_t *)&in.sin_addr);
	}
	if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof(in6));
		return v6_private(in6.sin6_addr.s6_addr);
	}
	return true;
}

bool net_address_private_text(const char *text)
{
	char plain[INET6_ADDRSTRLEN + 1];
	uint8_t a[16];
	size_t n = strcspn(text, "%");

	if (n >= sizeof(plain))
		return true;
	memcpy(plain, text, n);
	plain[n] = '\0';
	if (inet_pton(AF_INET, plain, a) == 1)
		return v4_private(a);
	if (inet_pton(AF_INET6, plain, a) == 1)
		return v6_private(a);
	return true;
}

bool net_host_loopback(const char *host)
{
	uint8_t a[4];

	if (!strcasecmp(host, "localhost") || !strcmp(host, "::1") || !strcmp(host, "[::1]"))
		return true;
	return inet_pton(AF_INET, host, a) == 1 && a[0] == 127;
}
