/*
 * form.h - a form: a message with questions in it (docs/templates.md, "Forms").
 *
 * `[How many users?](<input:impact text required> "a rough number will do")` is a question;
 * the list that follows a choice holds its options. `[Declare](form:submit)` and
 * `[Cancel](form:close)` name the two buttons.
 */
#ifndef TOCSIN_FORM_H
#define TOCSIN_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FORM_FIELDS_MAX 60
#define FORM_OPTIONS_MAX 100

enum field_kind { FIELD_TEXT, FIELD_MULTILINE, FIELD_CHOICE, FIELD_PERSON, FIELD_DATE_TIME };

struct form_option {
	const char *value; /* at most 75 UTF-16 units */
	const char *label;
};

struct form_field {
	const char *id;    /* what the answer comes back under: a-z A-Z 0-9 _ - . */
	const char *label;
	const char *hint;        /* or NULL */
	const char *placeholder; /* or NULL */
	const char *initial;     /* or NULL; DATE_TIME: epoch seconds; PERSON: person key or user id */
	enum field_kind kind;
	bool required;
	unsigned min_length; /* TEXT, MULTILINE; 0: none */
	unsigned max_length; /* 0: the platform's own (3000) */
	struct form_option *options; /* CHOICE */
	size_t n_options;
	size_t n_dropped;  /* options past FORM_OPTIONS_MAX: left out */
};

struct err;
struct message;
struct phrases;

/* A form is a message whose blocks may be BLOCK_INPUT. Borrowed from it. */
struct form {
	const struct message *body; /* in reading order; the title is its header */
	const char *title;
	const char *submit;
	const char *close;
	const struct form_field **fields;
	size_t n_fields;
};

/* name is for error texts; phrases give the buttons' labels where the message has none. NULL with
 * err set: no question in it, more than FORM_FIELDS_MAX, or one id twice. In the message's arena. */
struct form *form_from_message(const struct message *m, const char *name,
	const struct phrases *phrases, struct err *e);
#endif
