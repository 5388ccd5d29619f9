/* fuzz_calendar.c - hostile calendars: read within bounds, and what comes out is in order. */
#include <stdlib.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/calendar.h"
#include "tocsin/utf8.h"
#include "tocsin/zone.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static const struct zone *no_zone(void *ud, const char *name)
{
	(void)ud, (void)name;
	return NULL;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const int64_t year_ms = INT64_C(366) * 24 * 3600 * 1000;
	struct arena *a = arena_new((size_t)256 << 20);
	struct calendar c;

	if (size > 65536)
		size = 65536;
	if (calendar_read(a, (const char *)data, size, NULL, no_zone, NULL, &c, NULL) == 0) {
		int64_t from = INT64_C(1790000000000);
		struct calendar_occurrence *o;
		bool more;
		size_t n = calendar_expand(a, &c, from, from + year_ms, &o, &more);

		for (size_t i = 0; i < n; i++)
			if (o[i].to_ms <= o[i].from_ms || o[i].to_ms <= from || o[i].from_ms >= from + year_ms ||
				(i && o[i].from_ms < o[i - 1].from_ms) || o[i].event->hidden || o[i].event->cancelled)
				abort();
		for (size_t i = 0; i < c.n; i++)
			if (!utf8_valid(c.events[i].summary, strlen(c.events[i].summary)))
				abort();
	}
	arena_free(a);
	return 0;
}
