/* calendar_value.c - see calendar_value.h. */
#include "handlers/wire/calendar_value.h"

#include <stdlib.h>
#include <strings.h>

#include "tocsin/calendar.h"
#include "tocsin/zone.h"

#define DAY_S 86400
#define LENGTH_MAX_S ((int64_t)3660 * DAY_S)

static bool digits(const char *s, size_t n, int *out)
{
	*out = 0;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		*out = *out * 10 + (s[i] - '0');
	}
	return true;
}

bool calendar_stamp(const char *s, size_t len, int64_t *clock_s, bool *date, bool *utc)
{
	struct local_time t = {0};

	*utc = len == 16 && (s[15] == 'Z' || s[15] == 'z');
	*date = len == 8;
	if ((len != 8 && len != 15 && !*utc) || !digits(s, 4, &t.year) || !digits(s + 4, 2, &t.month) ||
		!digits(s + 6, 2, &t.day))
		return false;
	if (!*date && ((s[8] != 'T' && s[8] != 't') || !digits(s + 9, 2, &t.hour) ||
		!digits(s + 11, 2, &t.minute) || !digits(s + 13, 2, &t.second)))
		return false;
	if (t.second == 60)
		t.second = 59;
	if (t.year < 1900 || t.year > 9000 || !local_time_valid(&t))
		return false;
	*clock_s = day_number(t.year, t.month, t.day) * DAY_S + t.hour * 3600 + t.minute * 60 + t.second;
	return true;
}

int64_t calendar_duration(const char *s)
{
	int64_t sum = 0, n;
	bool time = false, any = false;

	if (*s++ != 'P')
		return -1;
	while (*s) {
		if (*s == 'T' && !time) {
			time = true;
			s++;
			continue;
		}
		for (n = 0; *s >= '0' && *s <= '9' && n < 100000; s++, any = true)
			n = n * 10 + (*s - '0');
		if (*s == 'W' && !time)
			sum += n * 7 * DAY_S;
		else if (*s == 'D' && !time)
			sum += n * DAY_S;
		else if (*s == 'H' && time)
			sum += n * 3600;
		else if (*s == 'M' && time)
			sum += n * 60;
		else if (*s == 'S' && time)
			sum += n;
		else
			return -1;
		if (sum > LENGTH_MAX_S)
			return -1;
		s++;
	}
	return any ? sum : -1;
}

int calendar_weekday(const char *s)
{
	static const char names[] = "SUMOTUWETHFRSA";

	for (int i = 0; i < 7; i++)
		if (strncasecmp(s, names + 2 * (size_t)i, 2) == 0)
			return i;
	return -1;
}

bool calendar_days(struct calendar_rule *rule, const char *s)
{
	do {
		char *rest;
		long nth = strtol(s, &rest, 10);
		int day = calendar_weekday(rest);

		if (day < 0 || nth < -5 || nth > 5 || (nth && (rule->nth || rule->days)) || (!nth && rule->nth))
			return false;
		if (nth) {
			rule->nth = (int)nth;
			rule->nth_day = day;
		} else {
			rule->days |= 1u << day;
		}
		s = rest + 2;
	} while (*s++ == ',');
	return s[-1] == '\0';
}

bool calendar_number(const char *s, unsigned max, unsigned *out)
{
	char *rest;
	unsigned long n = strtoul(s, &rest, 10);

	*out = (unsigned)n;
	return *s >= '0' && *s <= '9' && !*rest && n >= 1 && n <= max;
}
