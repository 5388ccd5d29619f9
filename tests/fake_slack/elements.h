/*
 * elements.h - the parts of blocks: text objects, options, buttons, selects, inputs.
 *
 * Used by blocks.c only. A check collects faults and goes on, so that one answer names them all.
 */
#ifndef FAKE_SLACK_ELEMENTS_H
#define FAKE_SLACK_ELEMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "blocks.h"

#define CHECK_PATH 300

struct check {
	json_t *errors;
	json_t *ids; /* block_ids seen */
	enum blocks_place place;
	size_t chars, markdown;
	int inputs, focused;
};

enum text_kind { TEXT_PLAIN, TEXT_ANY };

enum element_place { PLACE_ACTIONS, PLACE_ACCESSORY, PLACE_CONTEXT, PLACE_INPUT };

void check_fail(struct check *c, const char *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Makes a JSON pointer; one too long is cut: it is only shown. */
void path_make(char out[CHECK_PATH], const char *format, ...) __attribute__((format(printf, 2, 3)));
bool string_among(const char *text, const char *const *words);
/* allowed is a list of words with spaces between. */
void keys_check(struct check *c, json_t *object, const char *path, const char *allowed);
void string_check(struct check *c, json_t *object, const char *key, const char *path,
		  size_t max, bool required);
void id_check(struct check *c, json_t *object, const char *key, const char *path);
void list_check(struct check *c, json_t *object, const char *key, const char *path, size_t min,
		size_t max);
void text_object_check(struct check *c, json_t *text, const char *path, enum text_kind kind,
		       size_t max);
void text_check(struct check *c, json_t *object, const char *key, const char *path,
		enum text_kind kind, size_t max, bool required);
void element_check(struct check *c, json_t *e, const char *path, enum element_place place);

#endif
