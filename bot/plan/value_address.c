/* value_address.c - see value.h: phones, mail addresses, URLs, ids and keys. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "bot/plan/value.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool fault(struct value_fault *f, const char *text, const char *what, const char *mend)
{
	snprintf(f->what, sizeof(f->what), "\"%s\" %s", value_quote(text).text, what);
	snprintf(f->mend, sizeof(f->mend), "%s", mend);
	return false;
}

bool value_phone(const char *text, struct value_fault *f)
{
	size_t len = strlen(text);
	char plain[40];
	size_t n = 0, bare;

	if (text[0] == '+' && len >= 8 && len <= 16 && text[1] != '0' &&
		strspn(text + 1, DIGITS) == len - 1)
		return true;
	fault(f, text, "is not a phone number that can be dialled from anywhere",
		"write + and the country code, digits only: \"+15550100001\"");
	for (const char *p = text; *p && n < sizeof(plain) - 1; p++)
		if (isdigit((unsigned char)*p) || (*p == '+' && p == text))
			plain[n++] = *p;
	plain[n] = '\0';
	bare = plain[0] == '+';
	if (bare && plain[1] != '0' && n >= 8 && n <= 16 && strspn(text, DIGITS "+-(). /") == len)
		snprintf(f->mend, sizeof(f->mend), "write it without spaces and signs: \"%s\"", plain);
	return false;
}

/* Labels of letters, digits and -, none of them empty. */
static bool host_name(const char *p, size_t len)
{
	size_t label = 0;

	for (size_t i = 0; i < len; i++) {
		if (p[i] == '.') {
			if (!label || p[i - 1] == '-')
				return false;
			label = 0;
			continue;
		}
		if (!isalnum((unsigned char)p[i]) && p[i] != '-' && p[i] != '_')
			return false;
		if ((!label && p[i] == '-') || ++label > 63)
			return false;
	}
	return len && len <= 253 && label;
}

bool value_mail(const char *text, struct value_fault *f)
{
	const char *at = strchr(text, '@');
	size_t local = at ? (size_t)(at - text) : 0;

	if (local && local <= 64 && strspn(text, LOWER UPPER DIGITS "!#$%&'*+/=?^_`{|}~.-") == local &&
		text[0] != '.' && text[local - 1] != '.' && host_name(at + 1, strlen(at + 1)) &&
		strchr(at + 1, '.'))
		return true;
	return fault(f, text, "is not a mail address", "write the address alone: ada@example.com");
}

/* Host part of scheme://host[:port]...; false when there is none. */
static bool url_host(const char *text, const char **host, size_t *len)
{
	const char *p = strstr(text, "://");
	const char *end;

	if (!p)
		return false;
	p += 3;
	end = p + strcspn(p, "/?#");
	if (*p == '[') {
		const char *close = memchr(p, ']', (size_t)(end - p));

		if (!close)
			return false;
		*host = p + 1;
		*len = (size_t)(close - p) - 1;
		return *len > 0;
	}
	*host = p;
	*len = strcspn(p, ":/?#");
	return *len > 0;
}

static bool scheme_allowed(const char *text, const char *schemes)
{
	const char *colon = strstr(text, "://");
	size_t n = colon ? (size_t)(colon - text) : 0;

	for (const char *p = schemes; n && *p; p += strspn(p, " ")) {
		size_t word = strcspn(p, " ");

		if (word == n && strncasecmp(p, text, n) == 0)
			return true;
		p += word;
	}
	return false;
}

static bool port_valid(const char *host, size_t len)
{
	const char *p = host + len;
	unsigned port = 0;

	if (*p == ']')
		p++;
	if (*p != ':')
		return true;
	for (p++; isdigit((unsigned char)*p); p++) {
		port = port * 10 + (unsigned)(*p - '0');
		if (port > 65535)
			return false;
	}
	return port > 0 && (!*p || strchr("/?#", *p));
}

static bool ip6_literal(const char *host, size_t len)
{
	struct in6_addr addr;
	char text[64];

	if (len >= sizeof(text))
		return false;
	memcpy(text, host, len);
	text[len] = '\0';
	return inet_pton(AF_INET6, text, &addr) == 1;
}

bool value_url_has_user(const char *text)
{
	const char *rest = strstr(text, "://");

	return rest && memchr(rest + 3, '@', strcspn(rest + 3, "/?#"));
}

bool value_url(const char *text, const char *schemes, struct value_fault *f)
{
	const char *host;
	size_t len;

	if (value_url_has_user(text)) {
		snprintf(f->what, sizeof(f->what), "the address holds a user or password");
		snprintf(f->mend, sizeof(f->mend),
			"take it out; where one is needed there are `user`, `password` and `token`");
		return false;
	}
	if (!scheme_allowed(text, schemes)) {
		fault(f, text, "is not an address that can be used here", "");
		snprintf(f->mend, sizeof(f->mend), "begin with %.*s://", (int)strcspn(schemes, " "),
			schemes);
		return false;
	}
	if (strlen(text) > 2000)
		return fault(f, text, "is longer than 2000 characters", "use a shorter address");
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f || strchr("\"<>\\^`|", *p))
			return fault(f, text, "holds a character that cannot stand in an address",
				"write it percent-encoded: a space is %20");
	if (!url_host(text, &host, &len) || !port_valid(host, len) ||
		(host[-1] == '[' ? !ip6_literal(host, len) : !host_name(host, len)))
		return fault(f, text, "has no valid host", "write it as https://host.example.com/path");
	return true;
}

static bool private_ip4(uint32_t ip)
{
	return ip >> 24 == 10 || ip >> 24 == 127 || ip >> 24 == 0 || ip >> 20 == 0xac1 ||
		ip >> 16 == 0xc0a8 || ip >> 16 == 0xa9fe || ip >> 22 == 0x191; /* 100.64/10 */
}

bool value_url_private(const char *text)
{
	struct in6_addr six;
	struct in_addr four;
	const char *host;
	char name[256];
	size_t len;

	if (!url_host(text, &host, &len) || len >= sizeof(name))
		return false;
	memcpy(name, host, len);
	name[len] = '\0';
	if (strcasecmp(name, "localhost") == 0 ||
		(len > 10 && strcasecmp(name + len - 10, ".localhost") == 0))
		return true;
	if (inet_pton(AF_INET, name, &four) == 1)
		return private_ip4(ntohl(four.s_addr));
	if (inet_pton(AF_INET6, name, &six) != 1)
		return false;
	return IN6_IS_ADDR_LOOPBACK(&six) || IN6_IS_ADDR_UNSPECIFIED(&six) ||
		IN6_IS_ADDR_LINKLOCAL(&six) || (six.s6_addr[0] & 0xfe) == 0xfc;
}

bool value_key(const char *text, struct value_fault *f)
{
	size_t len = strlen(text);

	if (!len || len > 64 || strspn(text, LOWER UPPER DIGITS "-_") != len || *text == '-')
		return fault(f, text, "cannot be a key",
			"keys are letters (a to z), digits, - and _, at most 64, beginning with a letter "
			"or digit; a display name goes into `name`");
	return true;
}

bool value_slack_id(const char *text, char kind, struct value_fault *f)
{
	const char *what, *mend, *first;
	size_t len = strlen(text);

	switch (kind) {
	case 'C':
		first = "CG";
		what = "is not a Slack channel id";
		mend = "write the id, not the name: in Slack open the channel's details, it is at the "
		       "bottom (C0123ABCD)";
		break;
	case 'U':
		first = "UW";
		what = "is not a Slack member id";
		mend = "write the id, not the name: in Slack open the profile, menu, Copy member ID "
		       "(U0123ABCD)";
		break;
	default:
		first = "S";
		what = "is not a Slack user group id";
		mend = "write the group's id (S0123ABCD); it is at the end of the group's address in Slack";
		break;
	}
	if (len < 3 || len > 32 || !strchr(first, *text) || strspn(text, UPPER DIGITS) != len)
		return fault(f, text, what, mend);
	return true;
}
