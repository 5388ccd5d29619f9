/*
 * calendar_span.c - for each line "ZONE START RULE FROM TO" (FROM, TO: Unix seconds) prints when the
 * occurrences of an hour begin that overlap the span. tests/shell/test_calendar_rules.py compares.
 */
#include <stdio.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/calendar.h"
#include "tocsin/zone.h"

static const struct zone *find_zone(void *ud, const char *name)
{
	static unsigned char bytes[65536];
	char path[256];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
	f = fopen(path, "rb");
	if (!f)
		return NULL;
	len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	return zone_parse(ud, name, bytes, len, NULL);
}

static void answer(struct arena *a, const char *zone, const char *start, const char *rule, long long from,
	long long to)
{
	const char *text = arena_printf(a, "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;TZID=%s:%s\nDURATION:PT1H\n"
		"RRULE:%s\nEND:VEVENT\nEND:VCALENDAR\n", zone, start, rule);
	struct calendar_occurrence *o;
	struct calendar c;
	bool more;
	size_t n;

	if (calendar_read(a, text, strlen(text), NULL, find_zone, a, &c, NULL) < 0 || c.n != 1) {
		printf("unread\n");
		return;
	}
	n = calendar_expand(a, &c, from * 1000, to * 1000, &o, &more);
	for (size_t i = 0; i < n; i++)
		printf("%lld ", (long long)(o[i].from_ms / 1000));
	printf("\n");
}

int main(void)
{
	char line[1024], zone[64], start[64], rule[300];
	long long from, to;

	while (fgets(line, sizeof(line), stdin)) {
		struct arena *a = arena_new((size_t)64 << 20);

		if (sscanf(line, "%63s %63s %299s %lld %lld", zone, start, rule, &from, &to) == 5)
			answer(a, zone, start, rule, from, to);
		arena_free(a);
	}
	return 0;
}
