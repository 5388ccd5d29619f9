/*
 * inputs.h - the values of inputs in views and messages, as a person fills them in.
 *
 * Turns short values of a test ("sev1", ["a","b"], "U0BEN") into the objects that Slack puts
 * into state.values and actions, and holds back what Slack's own client would not send.
 */
#ifndef FAKE_SLACK_INPUTS_H
#define FAKE_SLACK_INPUTS_H

#include <jansson.h>

/*
 * The state object of one element: {"type":..,"value":..} etc. given is a string, an array of
 * strings, null, or already such an object. Returns NULL when no option has that value.
 */
json_t *input_state(json_t *element, json_t *given);

/* What an element holds before anybody touches it. */
json_t *input_initial(json_t *element);

/*
 * state.values of all inputs in blocks; given is {block_id: {action_id: value}}, with
 * {block_id: value} and {action_id: value} understood too. Faults that the client shows
 * (missing, too short) go into errors by block_id.
 */
json_t *input_values(json_t *blocks, json_t *given, json_t *before, json_t *errors);

/* The interactive element with this action_id, label or value; any of the three may be "". */
json_t *input_find(json_t *blocks, const char *action_id, const char *text, const char *value,
		   json_t **block);

#endif
