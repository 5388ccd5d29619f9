/*
 * when.h - moments as people type them.
 *
 *   now, 2h, +90m, in 2h                  counted from the moment before
 *   18:00, 9am, 9:30pm                    the next time the clock shows it
 *   today 18:00, tomorrow, fri 9:00       weekdays: the next one that is still to come
 *   2026-12-24, 2026-12-24 18:00, 2026-12-24T18:00, with Z or +01:00
 *   @1798761600                           seconds since 1970, as buttons have them
 *
 * A day alone is its begin, or as the end of a span its end. Words like "from", "to", "until", "at"
 * and a dash between two moments are passed over.
 */
#ifndef TOCSIN_WHEN_H
#define TOCSIN_WHEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct args;
struct zone;

enum when_result {
	WHEN_OK,
	WHEN_MISSING, /* nothing is left to read */
	WHEN_UNCLEAR, /* the word at *at is no moment */
	WHEN_NO_DAY,  /* a day or time that does not exist: 2026-02-30, 25:00 */
	WHEN_ORDER    /* the span ends before it begins */
};

/* Reads one moment from item *at on, which is moved behind it (or onto the word that is wrong).
 * after_ms: what relative moments count from; end: a day alone means its end. */
enum when_result when_read(const struct args *args, size_t *at, const struct zone *zone,
	int64_t after_ms, bool end, int64_t *ms);

/* FROM TO; the second counts from the first. */
enum when_result when_span(const struct args *args, size_t *at, const struct zone *zone,
	int64_t now_ms, int64_t *from_ms, int64_t *to_ms);

/* "90m", "1h30m", "2d", "1w"; false: it is none. At most ten years. */
bool when_duration(const char *text, int64_t *ms);

#endif
