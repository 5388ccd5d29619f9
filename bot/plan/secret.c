/*
 * secret.c - ${NAME} from the environment and ${file:PATH} from a file.
 *
 * A value that came from outside is never quoted in a message, and one that stands in the plan in
 * clear is masked wherever its line is shown. Log lines mask them too (log_hide()).
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "bot/log.h"
#include "bot/plan/plan_load.h"
#include "bot/plan/walk.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"

/* Length of the reference that begins at p ("${NAME}" or "${file:PATH}"); 0 when there is none. */
static size_t reference_length(const char *p)
{
	const char *q = p + 2;

	if (p[0] != '$' || p[1] != '{')
		return 0;
	if (strncmp(q, "file:", 5) == 0) {
		const char *end = strchr(q + 5, '}');

		return end && end > q + 5 ? (size_t)(end - p) + 1 : 0;
	}
	if (!isalpha((unsigned char)*q) && *q != '_')
		return 0;
	while (isalnum((unsigned char)*q) || *q == '_')
		q++;
	return *q == '}' ? (size_t)(q - p) + 1 : 0;
}

bool secret_pattern(const char *text)
{
	for (const char *p = strchr(text, '$'); p; p = strchr(p + 1, '$'))
		if (reference_length(p))
			return true;
	return false;
}

static void tell_missing(struct walk *w, const struct node *n, bool missing_ok, const char *what,
	const char *mend)
{
	if ((w->flags & PLAN_WITHOUT_SECRETS) || missing_ok)
		walk_notice(w, n, what, mend);
	else
		walk_error(w, n, what, mend);
}

static const char *from_file(struct walk *w, const struct node *n, const char *name, bool missing_ok)
{
	const char *slash = strrchr(n->file, '/');
	const char *path = name, *why;
	size_t len;
	char *text;

	if (!w->files) {
		walk_error(w, n, "${file:...} is not read here", "use ${NAME}");
		return NULL;
	}
	if (*name != '/' && slash) /* relative to the file that says so */
		path = arena_printf(w->arena, "%.*s/%s", (int)(slash - n->file), n->file, name);
	text = read_whole_file(w->arena, path, PLAN_SECRET_MAX, &len, &why);
	if (!text) {
		tell_missing(w, n, missing_ok,
			say(w, "the secret in the file %s cannot be read: %s", value_quote(path).text, why),
			"make the file, readable by the user whom the bot runs as");
		return NULL;
	}
	while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		text[--len] = '\0';
	if (!len || strlen(text) != len) {
		tell_missing(w, n, missing_ok,
			say(w, "the file %s holds no secret", value_quote(path).text),
			"put the secret there, as text in one line");
		return NULL;
	}
	return text;
}

static const char *look_up(struct walk *w, const struct node *n, const char *ref, size_t len,
	bool missing_ok)
{
	char *name = arena_strndup(w->arena, ref + 2, len - 3);
	const char *value;

	if (strncmp(name, "file:", 5) == 0)
		return from_file(w, n, name + 5, missing_ok);
	value = getenv(name);
	if (value && *value && strlen(value) <= PLAN_SECRET_MAX)
		return value;
	tell_missing(w, n, missing_ok,
		say(w, "the environment variable %.80s is %s", name,
			!value       ? "not set"
			: !*value    ? "empty"
				     : "longer than a secret may be"),
		say(w, "set %.80s where the bot is started, or write ${file:PATH}", name));
	return NULL;
}

/* Like walk_text(), with the references in place. *outside: some of it was read from elsewhere. */
static const char *expand(struct walk *w, const struct node *n, bool missing_ok, bool *outside)
{
	struct buf out;
	bool missing = false;

	*outside = false;
	if (node_blank(n))
		return NULL;
	if (n->kind != NODE_SCALAR || !secret_pattern(n->text))
		return walk_text(w, n, WALK_TEXT_MAX);
	*outside = true;
	buf_init_arena(&out, w->arena, 4 * PLAN_SECRET_MAX);
	for (const char *p = n->text; *p;) {
		size_t len = reference_length(p);
		const char *value;

		if (!len) {
			buf_char(&out, *p++);
			continue;
		}
		value = look_up(w, n, p, len, missing_ok);
		if (value)
			buf_str(&out, value);
		missing |= !value;
		p += len;
	}
	if (out.failed && !missing) {
		walk_error(w, n, "the value is too long once its secrets are read", "shorten it");
		return NULL;
	}
	return missing ? NULL : buf_text(&out);
}

const char *walk_secret(struct walk *w, const struct node *n, enum secret_kind kind, bool missing_ok)
{
	const char *text;
	bool outside;

	if (kind == SECRET_HIDDEN && !node_blank(n) && n->kind == NODE_SCALAR && !*n->text) {
		/* Taken at its word it would be a lock that every key opens. */
		walk_error(w, n, "this secret is empty",
			"write \"${NAME}\" and set NAME where the bot is started, or leave the key out");
		return NULL;
	}
	if (kind == SECRET_HIDDEN && !node_blank(n) && n->kind == NODE_SCALAR &&
		!secret_pattern(n->text)) {
		walk_mask(w, n);
		walk_warning(w, n, "this secret stands in the plan for everybody to read",
			"move it out: write \"${NAME}\" and set NAME where the bot is started, or "
			"\"${file:PATH}\"");
	}
	text = expand(w, n, missing_ok, &outside);
	for (const char *p = text; p && *p; p++) {
		if ((unsigned char)*p >= 0x20 && *p != 0x7f)
			continue;
		walk_error(w, n, "the value holds a line break or a control character",
			"keep it to one line of text");
		return NULL;
	}
	if (text && kind == SECRET_HIDDEN)
		log_hide(text);
	return text;
}

const char *walk_secret_url(struct walk *w, const struct node *n, const char *schemes,
	bool missing_ok)
{
	bool outside;
	const char *text = expand(w, n, missing_ok, &outside);
	struct value_fault f;

	if (!text || value_url(text, schemes, &f))
		return text;
	if (outside)
		walk_error(w, n, "what was read for this is not an address that can be used here",
			say(w, "it must begin with %.*s:// and be one plain address",
				(int)strcspn(schemes, " "), schemes));
	else
		walk_fault(w, n, &f);
	if (value_url_has_user(n->text))
		walk_mask(w, n);
	return NULL;
}
