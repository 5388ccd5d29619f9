/* builtin_templates.h - the words in templates/, built into the program. */
#ifndef TOCSIN_BUILTIN_TEMPLATES_H
#define TOCSIN_BUILTIN_TEMPLATES_H

#include <stddef.h>

struct builtin_template {
	const char *name; /* path below templates/ without ".md": "incident/root"; other endings stay */
	const char *text;
	size_t len;
};

extern const struct builtin_template builtin_templates[]; /* sorted by name, ends with a NULL name */
extern const size_t builtin_templates_count;
#endif
