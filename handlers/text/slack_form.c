/* slack_form.c - a form as a Slack modal view. */
#include <string.h>

#include "handlers/text/render_common.h"
#include "handlers/text/slack_mrkdwn.h"
#include "handlers/text/slack_object.h"
#include "tocsin/arena.h"
#include "tocsin/err.h"
#include "tocsin/form.h"
#include "tocsin/json_out.h"
#include "tocsin/render.h"
#include "tocsin/utf8.h"

#define VIEW_BLOCKS_MAX 100
#define VIEW_BYTES_MAX 240000 /* Slack takes 250 kB */
#define TITLE_UNITS 24
#define LABEL_UNITS 2000
#define PLACEHOLDER_UNITS 150
#define OPTION_UNITS 75
#define INPUT_UNITS 3000
#define SECTION_UNITS 3000

struct view {
	struct json_out *j;
	const struct render_options *o;
	struct arena *arena;
	size_t blocks; /* still free, those of the questions to come not counted */
};

/* What an option is sent back as: its value, or the start of it. */
static const char *option_value(struct view *v, const char *value)
{
	size_t len = strlen(value), fits = utf16_prefix(value, len, OPTION_UNITS);

	return fits == len ? value : arena_strndup(v->arena, value, fits);
}

static void option_add(struct view *v, const char *key, const struct form_option *o)
{
	json_out_object(v->j, key);
	slack_plain_object(v->j, v->arena, "text", *o->label ? o->label : o->value, OPTION_UNITS);
	json_out_str(v->j, "value", option_value(v, o->value));
	json_out_object_end(v->j);
}

static void choice_add(struct view *v, const struct form_field *f)
{
	size_t i;

	json_out_str(v->j, "type", "static_select");
	json_out_array(v->j, "options");
	for (i = 0; i < f->n_options; i++)
		option_add(v, NULL, &f->options[i]);
	json_out_array_end(v->j);
	for (i = 0; f->initial && i < f->n_options; i++)
		if (!strcmp(f->options[i].value, f->initial)) {
			option_add(v, "initial_option", &f->options[i]);
			break;
		}
}

static void text_input_add(struct view *v, const struct form_field *f)
{
	size_t max = f->max_length ? f->max_length : INPUT_UNITS, len;

	json_out_str(v->j, "type", "plain_text_input");
	json_out_bool(v->j, "multiline", f->kind == FIELD_MULTILINE);
	if (f->min_length && f->min_length <= max)
		json_out_int(v->j, "min_length", f->min_length);
	json_out_int(v->j, "max_length", (int64_t)max);
	if (f->initial) {
		len = utf16_prefix(f->initial, strlen(f->initial), max);
		json_out_strn(v->j, "initial_value", f->initial, len);
	}
}

static void person_add(struct view *v, const struct form_field *f)
{
	struct span s = {.kind = SPAN_PERSON, .text = "", .target = f->initial};
	struct resolved r = {NULL, NULL};

	json_out_str(v->j, "type", "users_select");
	if (!f->initial)
		return;
	r = render_resolve(v->o, &s);
	if (!r.id && strspn(f->initial, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == strlen(f->initial) &&
		(f->initial[0] == 'U' || f->initial[0] == 'W'))
		r.id = f->initial;
	if (r.id)
		json_out_str(v->j, "initial_user", r.id);
}

static void time_add(struct view *v, const struct form_field *f)
{
	char *end;
	long long t;

	json_out_str(v->j, "type", "datetimepicker");
	if (!f->initial)
		return;
	t = strtoll(f->initial, &end, 10);
	if (!*end && t >= 1000000000LL && t <= 9999999999LL) /* Slack takes ten digits */
		json_out_int(v->j, "initial_date_time", t);
}

static void input_add(struct view *v, const struct form_field *f)
{
	json_out_object(v->j, NULL);
	json_out_str(v->j, "type", "input");
	json_out_str(v->j, "block_id", f->id);
	slack_plain_object(v->j, v->arena, "label", *f->label ? f->label : f->id, LABEL_UNITS);
	if (f->hint)
		slack_plain_object(v->j, v->arena, "hint", f->hint, LABEL_UNITS);
	json_out_bool(v->j, "optional", !f->required);
	json_out_object(v->j, "element");
	switch (f->kind) {
	case FIELD_CHOICE:
		choice_add(v, f);
		break;
	case FIELD_PERSON:
		person_add(v, f);
		break;
	case FIELD_DATE_TIME:
		time_add(v, f);
		break;
	default:
		text_input_add(v, f);
		break;
	}
	json_out_str(v->j, "action_id", "value");
	if (f->placeholder && f->kind != FIELD_DATE_TIME)
		slack_plain_object(v->j, v->arena, "placeholder", f->placeholder, PLACEHOLDER_UNITS);
	json_out_object_end(v->j);
	json_out_object_end(v->j);
}

/* Text between the questions: one section each, cut where it is too long. */
static void text_add(struct view *v, const struct block *b)
{
	struct span code = {.kind = SPAN_CODE, .text = b->code, .len = strlen(b->code)};
	struct mrkdwn w;

	if (!v->blocks)
		return;
	mrkdwn_init(&w, v->o, v->arena, SECTION_UNITS);
	if (b->kind == BLOCK_ITEM)
		mrkdwn_text(&w, "\xe2\x80\xa2 ", 4);
	mrkdwn_spans(&w, b->kind == BLOCK_CODE ? &code : b->spans);
	mrkdwn_end(&w);
	if (!w.text.len)
		return;
	v->blocks--;
	json_out_object(v->j, NULL);
	json_out_str(v->j, "type", b->kind == BLOCK_CONTEXT ? "context" : "section");
	if (b->kind == BLOCK_CONTEXT)
		json_out_array(v->j, "elements");
	json_out_object(v->j, b->kind == BLOCK_CONTEXT ? NULL : "text");
	json_out_str(v->j, "type", "mrkdwn");
	json_out_strn(v->j, "text", buf_text(&w.text), w.text.len);
	json_out_bool(v->j, "verbatim", true);
	json_out_object_end(v->j);
	if (b->kind == BLOCK_CONTEXT)
		json_out_array_end(v->j);
	json_out_object_end(v->j);
}

static void block_add(struct view *v, const struct block *b)
{
	switch (b->kind) {
	case BLOCK_INPUT:
		input_add(v, b->field);
		break;
	case BLOCK_DIVIDER:
		if (v->blocks) {
			v->blocks--;
			json_out_object(v->j, NULL);
			json_out_str(v->j, "type", "divider");
			json_out_object_end(v->j);
		}
		break;
	case BLOCK_HEADER: case BLOCK_BUTTONS: case BLOCK_FIELDS: case BLOCK_TABLE:
		break; /* the title is elsewhere; the others have no place in a form */
	default:
		text_add(v, b);
		break;
	}
}

int slack_render_form(const struct form *f, const struct render_options *o,
	const char *callback_id, const char *private_metadata, struct buf *out, struct err *e)
{
	struct json_out j;
	struct view v = {.j = &j, .o = o ? o : &render_defaults, .arena = f->body->arena,
		.blocks = VIEW_BLOCKS_MAX - f->n_fields};
	const struct block *b;
	size_t start = out->len;

	if (utf16_units(callback_id, strlen(callback_id)) > 255)
		return err_set(e, ERR_LIMIT, "a form's command is longer than 255 characters");
	if (utf16_units(private_metadata, strlen(private_metadata)) > 3000)
		return err_set(e, ERR_LIMIT, "a form's metadata is longer than 3000 characters");
	json_out_init(&j, out);
	json_out_object(&j, NULL);
	json_out_str(&j, "type", "modal");
	json_out_str(&j, "callback_id", callback_id);
	json_out_str(&j, "private_metadata", private_metadata);
	slack_plain_object(&j, v.arena, "title", *f->title ? f->title : "tocsin", TITLE_UNITS);
	slack_plain_object(&j, v.arena, "submit", f->submit, TITLE_UNITS);
	slack_plain_object(&j, v.arena, "close", f->close, TITLE_UNITS);
	json_out_array(&j, "blocks");
	for (b = f->body->blocks; b; b = b->next)
		block_add(&v, b);
	json_out_array_end(&j);
	json_out_object_end(&j);
	if (out->failed || out->len - start > VIEW_BYTES_MAX)
		return err_set(e, ERR_LIMIT, "a form is longer than the 250 kB that Slack takes");
	return 0;
}
