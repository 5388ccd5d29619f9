/* err.c - see err.h. */
#include "tocsin/err.h"

#include <stdio.h>

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (!e || e->code != ERR_NONE)
		return -1;
	e->code = code;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return -1;
}

void err_clear(struct err *e)
{
	e->code = ERR_NONE;
	e->text[0] = '\0';
}

const char *err_code_name(enum err_code code)
{
	static const char *const names[] = {
		[ERR_NONE] = "none", [ERR_USAGE] = "usage", [ERR_INVALID] = "invalid",
		[ERR_LIMIT] = "limit", [ERR_UPSTREAM] = "upstream", [ERR_CONFIG] = "config",
		[ERR_MEMORY] = "memory", [ERR_BUG] = "bug",
	};

	return names[code];
}
