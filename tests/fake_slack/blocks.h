/*
 * blocks.h - Block Kit as strict as Slack checks it: limits, required and unknown fields.
 *
 * Pure: no state, no I/O. Errors come out in Slack's own wording with a JSON pointer.
 */
#ifndef FAKE_SLACK_BLOCKS_H
#define FAKE_SLACK_BLOCKS_H

#include <stddef.h>

#include <jansson.h>

enum blocks_place { BLOCKS_MESSAGE, BLOCKS_MODAL, BLOCKS_HOME };

/*
 * Checks an array of blocks; path is its JSON pointer ("/blocks"). Appends a string per fault to
 * errors. Returns the number of characters of text in all blocks together.
 */
size_t blocks_check(json_t *blocks, enum blocks_place place, const char *path, json_t *errors);

/* Checks a whole view; fills errors as above. Returns a Slack error code, or NULL when good. */
const char *view_check(json_t *view, enum blocks_place place, json_t *errors);

/* Gives blocks and elements that have none a block_id or action_id. */
void blocks_complete(json_t *blocks);

/* Length of text in UTF-16 units, the careful reading of "characters". */
size_t text_units(const char *text);

#endif
