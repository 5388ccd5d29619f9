/* snapshot.c - see snapshot.h. A handful of facts: a list is faster than anything clever. */
#include "tocsin/snapshot.h"

#include <string.h>

#include "tocsin/arena.h"

struct entry {
	struct entry *next;
	struct fact fact;
};

struct snapshot {
	struct arena *arena;
	struct entry *entries;
};

struct snapshot *snapshot_new(struct arena *a)
{
	struct snapshot *s = ARENA_NEW(a, struct snapshot);

	s->arena = a;
	return s;
}

void snapshot_add(struct snapshot *s, const struct fact *f)
{
	struct entry *e;

	for (e = s->entries; e; e = e->next) {
		if (strcmp(e->fact.key, f->key) == 0) {
			e->fact = *f;
			return;
		}
	}
	e = ARENA_NEW(s->arena, struct entry);
	e->fact = *f;
	e->next = s->entries;
	s->entries = e;
}

const struct fact *snapshot_get(const struct snapshot *s, const char *key)
{
	static const struct fact not_loaded = {.key = "", .state = FACT_NOT_LOADED, .value = ""};
	const struct entry *e;

	for (e = s->entries; e; e = e->next)
		if (strcmp(e->fact.key, key) == 0)
			return &e->fact;
	return &not_loaded;
}
