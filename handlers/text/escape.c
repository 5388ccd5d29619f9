/* escape.c - values that stay values: see mustache.h (modes) and guard.h. */
#include "tocsin/mustache.h"

#include <stdbool.h>
#include <string.h>

#include "handlers/text/guard.h"
#include "tocsin/buf.h"
#include "tocsin/utf8.h"

/* Order is the code point: U+FDD0 + index. */
static const char guarded[] = "\n\t !\"#&'()*+-.:<=>[\\]_`{|}~@";

_Static_assert(sizeof(guarded) - 1 <= 32, "there are 32 code points for it");

const char *guard_bytes(char c)
{
	static const char table[32][4] = {
#define G(n) {(char)0xef, (char)0xb7, (char)(0x90 + (n)), 0}
		G(0), G(1), G(2), G(3), G(4), G(5), G(6), G(7), G(8), G(9), G(10), G(11), G(12),
		G(13), G(14), G(15), G(16), G(17), G(18), G(19), G(20), G(21), G(22), G(23), G(24),
		G(25), G(26), G(27), G(28), G(29), G(30), G(31)
#undef G
	};
	const char *p = c ? strchr(guarded, c) : NULL;

	return p ? table[p - guarded] : NULL;
}

char guard_char(const char *s, size_t len)
{
	unsigned n;

	if (len < 3 || (unsigned char)s[0] != 0xef || (unsigned char)s[1] != 0xb7)
		return 0;
	n = (unsigned char)s[2] - 0x90u;
	return n < sizeof(guarded) - 1 ? guarded[n] : 0;
}

size_t guard_decode(char *s, size_t len, char newline)
{
	char *out = memchr(s, 0xef, len), *in = out, *end = s + len;
	char c;

	if (!out)
		return len;
	while (in < end) {
		c = guard_char(in, (size_t)(end - in));
		if (c) {
			*out++ = c == '\n' ? newline : c;
			in += 3;
		} else {
			*out++ = *in++;
		}
	}
	return (size_t)(out - s);
}

static void html_add(struct buf *out, const char *s, size_t len)
{
	const char *end = s + len, *plain = s;
	const char *entity;

	for (; s < end; s++) {
		switch (*s) {
		case '&': entity = "&amp;"; break;
		case '<': entity = "&lt;"; break;
		case '>': entity = "&gt;"; break;
		case '"': entity = "&quot;"; break;
		case '\'': entity = "&#39;"; break;
		default: continue;
		}
		buf_add(out, plain, (size_t)(s - plain));
		buf_str(out, entity);
		plain = s + 1;
	}
	buf_add(out, plain, (size_t)(s - plain));
}

/* --- what both Markdown modes take out or replace ------------------------------------------------ */

/*
 * Looks at what is not plain ASCII: returns the bytes taken and sets *as to what replaces them (NULL:
 * nothing does, they stay). Line separators of any kind are new lines; the marks that turn the
 * direction of whatever follows are dropped, because they would reach past the value.
 */
static size_t odd_bytes(const char *s, size_t len, const char **as)
{
	unsigned char c = (unsigned char)s[0];
	size_t n, i;
	uint32_t code;

	*as = NULL;
	if (c == '\r') {
		*as = "\n";
		return len > 1 && s[1] == '\n' ? 2 : 1;
	}
	if (c == '\v' || c == '\f') {
		*as = "\n";
		return 1;
	}
	if (c < 0x20 || c == 0x7f) {
		*as = "";
		return 1;
	}
	if (c == 0xef || c == 0xe2 || c == 0xc2) {
		code = utf8_decode(s, len, &n);
		if (code == 0x85 || code == 0x2028 || code == 0x2029)
			*as = "\n";
		else if ((code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
			(code >= 0x80 && code < 0xa0))
			*as = "";
		else if (code >= 0xfdd0 && code <= 0xfdef)
			*as = "\xef\xbf\xbd";
		return n;
	}
	for (i = 1; i < len && (unsigned char)s[i] >= 0x80; i++) {
		c = (unsigned char)s[i];
		if (c == 0xef || c == 0xe2 || c == 0xc2)
			break;
	}
	return i;
}

static bool plain_ascii(char c)
{
	return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\t';
}

/* Whether nothing that stays is before `at`, digits aside when they are to be skipped. */
static bool leading(const char *s, size_t at, bool skip_digits)
{
	size_t i;

	for (i = 0; i < at; i++) {
		if (skip_digits && s[i] >= '0' && s[i] <= '9')
			continue;
		if (s[i] >= ' ' && s[i] < 0x7f)
			return false; /* everything else might be one that is dropped */
	}
	return true;
}

/*
 * Whether the character at `at` needs hiding. Some mean something at the start of a line only; a
 * value has no new lines left, so that can be its own start only.
 */
static bool active(const char *s, size_t at, size_t len)
{
	char next = at + 1 < len ? s[at + 1] : 0;

	switch (s[at]) {
	case ':': /* schemes that some readers turn into links */
		return !at || !(next == ' ' || (next >= '0' && next <= '9') ||
			((next | 0x20) >= 'a' && (next | 0x20) <= 'z'));
	case '-': case '+': case '=':
		return leading(s, at, false);
	case '.': /* "1." at the start, "www." anywhere */
		return leading(s, at, true) || (at >= 3 && strncasecmp(s + at - 3, "www", 3) == 0);
	default:
		return true;
	}
}

static void guard_add(struct buf *out, const char *s, size_t len)
{
	size_t i = 0, plain = 0, n;
	const char *as;

	while (i < len) {
		n = 1;
		if (plain_ascii(s[i])) {
			as = guard_bytes(s[i]);
			/* A colon always: a value must not bring a link's scheme along. */
			if (as && s[i] != ':' && !active(s, i, len))
				as = NULL;
		} else {
			n = odd_bytes(s + i, len - i, &as);
			if (as && *as == '\n')
				as = guard_bytes('\n');
		}
		if (as) {
			buf_add(out, s + plain, i - plain);
			buf_str(out, as);
			plain = i + n;
		}
		i += n;
	}
	buf_add(out, s + plain, i - plain);
}

/* --- real Markdown ------------------------------------------------------------------------------- */

static bool space_needs_hiding(const char *s, size_t at, size_t len)
{
	const char *as = "";
	size_t next = at + 1;

	while (next < len && !plain_ascii(s[next]) && as && !*as) {
		size_t n = odd_bytes(s + next, len - next, &as);

		if (as && !*as)
			next += n; /* dropped: what is behind it counts */
	}
	return leading(s, at, false) || next == len || s[next] == ' ';
}

/*
 * What c at `at` is written as, or NULL for itself. New lines become a character reference: a line
 * break that no block structure sees. So does the back-tick, because inside a code span a backslash
 * would not stop it.
 */
static const char *markdown_escape(const char *s, size_t at, size_t len, char small[3])
{
	switch (s[at]) {
	case '\n':
		return "&#10;";
	case '`':
		return "&#96;";
	case ' ':
		return space_needs_hiding(s, at, len) ? "&#32;" : NULL;
	case '\t':
		return "&#9;";
	default:
		if (!guard_bytes(s[at]) || !active(s, at, len))
			return NULL;
		small[0] = '\\';
		small[1] = s[at];
		small[2] = '\0';
		return small;
	}
}

static void markdown_add(struct buf *out, const char *s, size_t len)
{
	size_t i = 0, plain = 0, n;
	const char *as;
	char small[3];

	while (i < len) {
		n = 1;
		as = plain_ascii(s[i]) ? markdown_escape(s, i, len, small) : NULL;
		if (!plain_ascii(s[i])) {
			n = odd_bytes(s + i, len - i, &as);
			if (as && *as == '\n')
				as = "&#10;";
		}
		if (as) {
			buf_add(out, s + plain, i - plain);
			buf_str(out, as);
			plain = i + n;
		}
		i += n;
	}
	buf_add(out, s + plain, i - plain);
}

void escape_add(struct buf *out, enum escape_mode mode, const char *s, size_t len)
{
	switch (mode) {
	case ESCAPE_HTML:
		html_add(out, s, len);
		return;
	case ESCAPE_GUARD:
		guard_add(out, s, len);
		return;
	case ESCAPE_MARKDOWN:
		markdown_add(out, s, len);
		return;
	case ESCAPE_NONE:
		break;
	}
	buf_add(out, s, len);
}
