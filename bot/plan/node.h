/*
 * node.h - a YAML file as a tree in which every value knows its place.
 *
 * What is stricter than YAML: keys are plain text, the same key twice is an error, one document
 * per file, no tags, no merge keys. Aliases share the anchor's node; an alias inside its own
 * anchor is an error. Bounds are in plan_load.h.
 */
#ifndef TOCSIN_PLAN_NODE_H
#define TOCSIN_PLAN_NODE_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct plan_report;

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
	enum node_kind kind;
	bool quoted;         /* a scalar in quotes, or a block: never a number, true or null */
	bool open;           /* still being read */
	unsigned line, column;   /* from 1 */
	unsigned line2, column2; /* scalars: just behind the end */
	const char *file;
	const char *text;    /* scalars; may hold no NUL inside */
	struct node **items; /* lists; maps: key, value, key, value */
	size_t n;            /* items of a list, pairs of a map */
	size_t weight;       /* values below and itself, aliases as copies */
};

/* Reads one file's bytes. NULL when it is no YAML at all or a bound was passed (told in the
 * report); faults such as a key twice are told and the tree is returned. An empty file is an empty
 * map. The tree lives in the arena; *nodes_used counts against PLAN_NODES_MAX. */
struct node *node_parse(struct arena *a, const char *file, const char *text, size_t len,
	size_t *nodes_used, struct plan_report *report);

static inline struct node *node_key(const struct node *map, size_t i)
{
	return map->items[2 * i];
}

static inline struct node *node_value(const struct node *map, size_t i)
{
	return map->items[2 * i + 1];
}

/* Tells every key that stands in the map twice. across: only those from two different files (the
 * others were told when their file was read). */
void node_check_duplicates(struct arena *a, struct plan_report *report, const struct node *map,
	bool across);

/* The value of a key, NULL when it is not there or map is NULL or no map. */
struct node *node_get(const struct node *map, const char *key);
/* The key itself, for its place. */
struct node *node_get_key(const struct node *map, const char *key);

/* Nothing written: an empty plain scalar, ~ or null. NULL is blank too. */
bool node_blank(const struct node *n);

/* "a list", "a map", "nothing" or "text", for messages. */
const char *node_kind_name(const struct node *n);
#endif
