/*
 * calendar_value.h - the small languages inside iCalendar's values. Pure; private to the reader.
 */
#ifndef TOCSIN_WIRE_CALENDAR_VALUE_H
#define TOCSIN_WIRE_CALENDAR_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct calendar_rule;

/* "20261120" or "20261120T090000", with "Z". Seconds of a wall clock; false: malformed. */
bool calendar_stamp(const char *s, size_t len, int64_t *clock_s, bool *date, bool *utc);
/* "PT8H", "P1W", "P1DT12H": seconds, at most ten years; -1: malformed or longer. */
int64_t calendar_duration(const char *s);
/* "MO" and what follows: 0 is Sunday; -1: none. */
int calendar_weekday(const char *s);
/* "MO,WE" or "-1SU" into the rule; false: malformed, or both kinds at once. */
bool calendar_days(struct calendar_rule *rule, const char *s);
/* 1 to max. */
bool calendar_number(const char *s, unsigned max, unsigned *out);
#endif
