/* zones.c - time zones by name, from the system's tzdata. Each file is read once per plan. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/plan/walk.h"
#include "tocsin/arena.h"
#include "tocsin/err.h"
#include "tocsin/zone.h"

#define ZONE_FILE_MAX 65536
#define ZONE_NAMES_MAX 1000

struct zone_entry {
	struct zone_entry *next;
	const char *name;
	const struct zone *zone; /* NULL: there is none of that name */
};

static const char *zone_dir(void)
{
	const char *dir = getenv("TZDIR");

	return dir && *dir == '/' ? dir : "/usr/share/zoneinfo";
}

/* Letters, digits and _+- in parts divided by single slashes: nothing that leaves the folder. */
static bool plausible_name(const char *name)
{
	size_t len = strlen(name);

	return len && len < 64 && name[0] != '/' && name[len - 1] != '/' && !strstr(name, "//") &&
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/") == len;
}

static const struct zone *zone_by_name(struct walk *w, const char *name)
{
	struct zone_entry *e;
	const char *why;
	char *bytes;
	size_t len;

	for (e = w->zones; e; e = e->next)
		if (strcmp(e->name, name) == 0)
			return e->zone;
	e = ARENA_NEW(w->arena, struct zone_entry);
	e->name = name;
	e->next = w->zones;
	w->zones = e;
	if (!plausible_name(name))
		return NULL;
	bytes = read_whole_file(w->arena, arena_printf(w->arena, "%s/%s", zone_dir(), name),
		ZONE_FILE_MAX, &len, &why);
	if (bytes)
		e->zone = zone_parse(w->arena, name, bytes, len, NULL);
	return e->zone;
}

/* "New_York" or "america/new york": the name that was meant, or NULL. */
static const char *nearest_zone(struct walk *w, const char *text)
{
	const char *names[ZONE_NAMES_MAX];
	const char *why;
	size_t n = 0, len;
	char *table = read_whole_file(w->arena, arena_printf(w->arena, "%s/tzdata.zi", zone_dir()),
		(size_t)1 << 20, &len, &why);

	/* "Z America/New_York ..." and "L America/New_York US/Eastern" */
	for (char *line = table; line && *line && n < ZONE_NAMES_MAX;) {
		char *end = strchr(line, '\n');

		if (end)
			*end = '\0';
		if (strncmp(line, "Z ", 2) == 0 && strchr(line, '/')) {
			line += 2;
			line[strcspn(line, " ")] = '\0';
			names[n++] = line;
		}
		line = end ? end + 1 : NULL;
	}
	for (size_t i = 0; i < n; i++) { /* the city alone */
		const char *city = strrchr(names[i], '/');

		if (city && value_nearest(text, (const char *[]){city + 1}, 1) &&
			strlen(text) + 2 >= strlen(city + 1))
			return names[i];
	}
	return value_nearest(text, names, n);
}

const struct zone *walk_zone(struct walk *w, const struct node *n, const char **name)
{
	const char *text = walk_text(w, n, WALK_NAME_MAX);
	const struct zone *z;
	const char *near;

	if (!text)
		return NULL;
	if (name)
		*name = text;
	if (strcmp(text, "UTC") == 0)
		return NULL;
	z = zone_by_name(w, text);
	if (z)
		return z;
	/* "PST" is near to many names, and none of them is meant */
	near = strlen(text) > 4 ? nearest_zone(w, text) : NULL;
	walk_error(w, n, say(w, "\"%s\" is not a time zone", value_quote(text).text),
		near ? say(w, "did you mean %s? Write the name as in the IANA list", near)
		     : "write the name as in the IANA list: America/Los_Angeles, Europe/Berlin, UTC");
	return NULL;
}
