/* commands_doc.h - the text of docs/commands.md, made from the tables that the bot runs by. Used by
 * the tool that writes the page and by the test that it is current, so it is all in this header. */
#ifndef TOCSIN_TESTS_COMMANDS_DOC_H
#define TOCSIN_TESTS_COMMANDS_DOC_H

#include <string.h>

#include "tocsin/buf.h"
#include "tocsin/handler.h"

/* "|" would end a cell of a table. */
static inline void commands_doc_cell(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if (*s == '|')
			buf_char(b, '\\');
		buf_char(b, *s);
	}
}

static inline void commands_doc_aliases(struct buf *b, const char *s)
{
	while (*s) {
		size_t n = strcspn(s, " ");

		buf_printf(b, "`%.*s`", (int)n, s);
		s += n + strspn(s + n, " ");
		if (*s)
			buf_str(b, ", ");
	}
}

static inline void commands_doc_family(struct buf *b, const struct family *f)
{
	buf_printf(b, "## /%s\n\n%s.\n\n| Command | What it does | Who may |\n|---|---|---|\n", f->name,
		f->summary);
	for (const struct verb *v = f->verbs; v->name; v++) {
		buf_printf(b, "| `%s", v->name);
		if (*v->args) {
			buf_char(b, ' ');
			commands_doc_cell(b, v->args);
		}
		buf_str(b, "` | ");
		commands_doc_cell(b, v->summary);
		buf_printf(b, " | %s |\n", v->who);
	}
	buf_str(b, "\n");
	for (const struct verb *v = f->verbs; v->name; v++) {
		buf_printf(b, "### %s\n\n%s.\n\n```\n%s\n```\n\n", v->name, v->summary, v->example);
		if (*v->aliases) {
			buf_str(b, "Also: ");
			commands_doc_aliases(b, v->aliases);
			buf_str(b, ".\n\n");
		}
	}
}

static inline void commands_doc(struct buf *b)
{
	buf_str(b, "# Commands\n\n"
		"This page is made from the tables that the bot runs by (`tests/tools/commands_md.c`); a test\n"
		"fails when it is not current.\n\n"
		"Every command can be typed behind its slash command, written as `@tocsin ack` in the thread or\n"
		"channel of an incident, or pressed as a button; all take the same way and mean the same.\n\n"
		"- **ID** is `INC-42`, `inc42`, `#42` or, where no text follows, just `42`. Without one the incident\n"
		"  of this thread or channel is meant. Where several are open the bot asks which one; it never\n"
		"  guesses.\n"
		"- **SEVERITY** is a key of the plan in any case (`p0`, `P0`). `SEV1` is the worst severity of the\n"
		"  plan, `SEV2` the next (so is `sev 2`); in a plan that says SEV itself, `P0` is the worst.\n"
		"- **PERSON** is picked after typing `@`, or a key or name of the plan.\n"
		"- Curly quotes, long dashes and odd spaces, as telephones and editors make them, are understood.\n"
		"- Who may is the default; `incident.allow` in the plan says otherwise for single commands.\n\n");
	for (size_t i = 0; families[i]; i++)
		commands_doc_family(b, families[i]);
	while (b->len > 1 && b->data[b->len - 1] == '\n' && b->data[b->len - 2] == '\n')
		buf_truncate(b, b->len - 1);
}
#endif
