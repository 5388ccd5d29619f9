/*
 * json_in.h - reads stored JSON: a document of ours that a later version may have written.
 *
 * A missing or mistyped member is not an error; it answers the neutral value. Strings are
 * borrowed from the tree, which lives as long as the arena.
 */
#ifndef TOCSIN_JSON_IN_H
#define TOCSIN_JSON_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct json_t;

/* Whether more than `most` brackets stand inside one another: asked before text from outside is
 * parsed, because the parser recurses. */
bool json_in_too_deep(const char *text, size_t len, unsigned most);

/* The tree of a JSON text, released with the arena; NULL when it is not one JSON object. */
struct json_t *json_in_load(struct arena *a, const char *text, size_t len);

const char *json_in_str(const struct json_t *object, const char *key); /* "" when absent */
int64_t json_in_int(const struct json_t *object, const char *key);     /* 0 when absent */
bool json_in_bool(const struct json_t *object, const char *key);       /* false when absent */
struct json_t *json_in_get(const struct json_t *object, const char *key); /* NULL when absent */
#endif
