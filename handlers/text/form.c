/* form.c - a message with questions in it becomes a form. */
#include "tocsin/form.h"

#include <string.h>

#include "handlers/text/render_common.h"
#include "tocsin/arena.h"
#include "tocsin/err.h"
#include "tocsin/message.h"

static bool id_taken(const struct form *f, const char *id)
{
	size_t i;

	for (i = 0; i < f->n_fields; i++)
		if (!strcmp(f->fields[i]->id, id))
			return true;
	return false;
}

struct form *form_from_message(const struct message *m, const char *name,
	const struct phrases *phrases, struct err *e)
{
	struct form *f = ARENA_NEW(m->arena, struct form);
	const struct block *b;

	f->body = m;
	f->title = message_title(m);
	f->submit = phrase(m->submit, phrase(phrases ? phrases->form_submit : NULL, "\xe2\x9c\x93"));
	f->close = phrase(m->close, phrase(phrases ? phrases->form_close : NULL, "\xe2\x9c\x95"));
	f->fields = ARENA_ARRAY(m->arena, const struct form_field *, FORM_FIELDS_MAX);
	for (b = m->blocks; b; b = b->next) {
		if (b->kind != BLOCK_INPUT)
			continue;
		if (f->n_fields == FORM_FIELDS_MAX) {
			err_set(e, ERR_LIMIT, "form \"%s\" asks more than %d questions", name,
				FORM_FIELDS_MAX);
			return NULL;
		}
		if (id_taken(f, b->field->id)) {
			err_set(e, ERR_INVALID, "form \"%s\" asks \"%s\" twice: give each an id of its own",
				name, b->field->id);
			return NULL;
		}
		if (b->field->kind == FIELD_CHOICE && !b->field->n_options) {
			err_set(e, ERR_INVALID, "choice \"%s\" of form \"%s\" has nothing to choose: "
				"write a list below it", b->field->id, name);
			return NULL;
		}
		f->fields[f->n_fields++] = b->field;
	}
	if (!f->n_fields) {
		err_set(e, ERR_INVALID, "form \"%s\" asks nothing: write [Question](<input:id text>)", name);
		return NULL;
	}
	return f;
}
