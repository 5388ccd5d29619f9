/*
 * format.h - vsnprintf() for what the hot path prints: a third of its instructions.
 *
 * Plain %s %.*s %c %d %i %u %x with h, l, ll, z or none, and %%; anything else (width, other
 * precision, floating point) goes to vsnprintf() itself. Same result, same return value.
 */
#ifndef TOCSIN_FORMAT_H
#define TOCSIN_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

int format_text(char *out, size_t size, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));
#endif
