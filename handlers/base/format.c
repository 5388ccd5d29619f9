/* format.c - see format.h. */
#include "tocsin/format.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct out {
	char *to;
	size_t size; /* at least 1 */
	size_t len;  /* as if there were room for all */
};

static void put(struct out *o, const char *s, size_t n)
{
	if (o->len + n < o->size)
		memcpy(o->to + o->len, s, n);
	else if (o->len + 1 < o->size)
		memcpy(o->to + o->len, s, o->size - 1 - o->len);
	o->len += n;
}

static void put_number(struct out *o, uint64_t value, unsigned base, bool negative)
{
	char digits[24], *p = digits + sizeof(digits);

	do
		*--p = "0123456789abcdef"[value % base];
	while (value /= base);
	if (negative)
		*--p = '-';
	put(o, p, (size_t)(digits + sizeof(digits) - p));
}

/* What one conversion says: "" (int), 'l' (long, size_t), 'L' (long long). */
static char size_read(const char **fmt)
{
	if ((*fmt)[0] == 'l' && (*fmt)[1] == 'l') {
		*fmt += 2;
		return 'L';
	}
	if (**fmt == 'l' || **fmt == 'z') {
		++*fmt;
		return 'l';
	}
	return 0;
}

/* *ap is ours alone. False: not for us. */
static bool convert(struct out *o, const char **fmt, va_list *ap)
{
	bool cut = (*fmt)[0] == '.' && (*fmt)[1] == '*' && (*fmt)[2] == 's';
	int most = 0;
	const char *s;
	int64_t n;
	char size, c;

	if (cut) {
		*fmt += 2;
		most = va_arg(*ap, int);
	}
	size = size_read(fmt);
	switch (*(*fmt)++) {
	case 's':
		s = size ? NULL : va_arg(*ap, const char *);
		if (!s || most < 0)
			return false;
		put(o, s, cut ? strnlen(s, (size_t)most) : strlen(s));
		return true;
	case 'c':
		if (size)
			return false;
		c = (char)va_arg(*ap, int);
		put(o, &c, 1);
		return true;
	case 'd':
	case 'i':
		n = size == 'L' ? va_arg(*ap, long long) : size ? va_arg(*ap, long) : va_arg(*ap, int);
		put_number(o, n < 0 ? 0 - (uint64_t)n : (uint64_t)n, 10, n < 0);
		return true;
	case 'u':
	case 'x':
		put_number(o, size == 'L' ? va_arg(*ap, unsigned long long) :
			size ? va_arg(*ap, unsigned long) : va_arg(*ap, unsigned), (*fmt)[-1] == 'u' ? 10 : 16,
			false);
		return true;
	case '%':
		put(o, "%", 1);
		return !size;
	default:
		return false;
	}
}

int format_text(char *out, size_t size, const char *fmt, va_list ap)
{
	struct out o = {.to = out, .size = size};
	const char *p = fmt;
	bool fine = size > 0;
	va_list mine;

	va_copy(mine, ap);
	while (fine && *p) {
		size_t n = (size_t)(strchrnul(p, '%') - p);

		put(&o, p, n);
		p += n;
		if (*p) {
			p++;
			fine = convert(&o, &p, &mine);
		}
	}
	va_end(mine);
	if (!fine)
		return vsnprintf(out, size, fmt, ap);
	out[o.len < size ? o.len : size - 1] = '\0';
	return (int)o.len;
}
