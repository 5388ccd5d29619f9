/* json_in.c - see json_in.h. */
#include "tocsin/json_in.h"

#include <jansson.h>

#include "tocsin/arena.h"

static void tree_free(void *tree)
{
	json_decref((json_t *)tree);
}

struct json_t *json_in_load(struct arena *a, const char *text, size_t len)
{
	json_t *tree = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);

	if (!tree)
		return NULL;
	arena_defer(a, tree_free, tree);
	return json_is_object(tree) ? tree : NULL;
}

struct json_t *json_in_get(const struct json_t *object, const char *key)
{
	return json_object_get(object, key);
}

const char *json_in_str(const struct json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

int64_t json_in_int(const struct json_t *object, const char *key)
{
	return (int64_t)json_integer_value(json_object_get(object, key));
}

bool json_in_bool(const struct json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}
