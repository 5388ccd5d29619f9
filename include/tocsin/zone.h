/*
 * zone.h - local time in a named zone, from the bytes of a TZif file (RFC 8536).
 *
 * The shell reads the file (bot/plan/zones.c); this part computes. Nothing here looks at the
 * process's own zone. A NULL zone means UTC. Years 1 to 9999.
 */
#ifndef TOCSIN_ZONE_H
#define TOCSIN_ZONE_H

#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;
struct zone;

struct local_time {
	int year;
	int month;   /* 1 to 12 */
	int day;     /* 1 to 31 */
	int hour;
	int minute;
	int second;
	int weekday; /* 0 = Sunday; ignored as input */
};

/* name is copied; data is not kept. NULL with err set when the bytes are no TZif file. */
struct zone *zone_parse(struct arena *a, const char *name, const void *data, size_t len,
	struct err *err);

const char *zone_name(const struct zone *z); /* "Europe/Berlin"; "UTC" for NULL */

/* Seconds east of UTC at that moment. */
int zone_offset_s(const struct zone *z, int64_t utc_ms);

void zone_to_local(const struct zone *z, int64_t utc_ms, struct local_time *out);

/* A local time that comes twice (clocks go back) is the first of the two; one that does not exist
 * (clocks go forward) is read with the offset from before the gap, so 02:30 becomes 03:30.
 * The fields must be in range; see local_time_valid(). */
int64_t zone_to_utc_ms(const struct zone *z, const struct local_time *t);

/* The same with the wall clock as one number: seconds from 1970-01-01 00:00 by that clock. */
int64_t zone_clock_s(const struct zone *z, int64_t utc_ms);
int64_t zone_clock_to_utc_ms(const struct zone *z, int64_t clock_s);

/* Is this a day of the calendar and a time of the day (24:00 is not)? */
int local_time_valid(const struct local_time *t);

/* Days since 1970-01-01 of a calendar day, and back. */
int64_t day_number(int year, int month, int day);
void day_from_number(int64_t days, int *year, int *month, int *day);
#endif
