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

bool json_in_too_deep(const char *text, size_t len, unsigned most)
{
	unsigned depth = 0;
	bool in_string = false;
	size_t i;

	for (i = 0; i < len; i++) {
		if (in_string) {
			if (text[i] == '\\')
				i++;
			else if (text[i] == '"')
				in_string = false;
		} else if (text[i] == '"') {
			in_string = true;
		} else if (text[i] == '{' || text[i] == '[') {
			if (++depth > most)
				return true;
		} else if ((text[i] == '}' || text[i] == ']') && depth) {
			depth--;
		}
	}
	return false;
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
