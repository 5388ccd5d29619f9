/* zone.c - see zone.h. Transitions from the file, and its last line (a POSIX TZ rule) after them. */
#include "tocsin/zone.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/err.h"

#define DAY_S 86400
#define TRANSITIONS_MAX 4096
#define HEADER 44

enum rule_kind { RULE_MONTH, RULE_JULIAN, RULE_DAY };

/* When in a year the clocks change: "M3.2.0/2". */
struct rule {
	enum rule_kind kind;
	int month, week, weekday; /* RULE_MONTH */
	int day;                  /* RULE_JULIAN: 1 to 365, never 29 February; RULE_DAY: 0 to 365 */
	int time_s;               /* local time of that day; may be negative or past midnight */
};

struct posix_rule {
	bool given;
	bool has_dst;
	int std_s, dst_s; /* seconds east of UTC */
	struct rule start, end;
};

struct zone {
	const char *name;
	size_t n;
	int64_t *at_s;    /* ascending */
	int *offset_s;    /* from at_s[i] on */
	int first_s;      /* before the first transition */
	struct posix_rule after;
};

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

int64_t day_number(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = floor_div(y, 400);
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void day_from_number(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + 719468;
	int64_t era = floor_div(z, 146097);
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = (int)(yoe + era * 400 + (*month <= 2));
}

static bool leap_year(int y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static int month_days(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && leap_year(year) ? 29 : days[month - 1];
}

int local_time_valid(const struct local_time *t)
{
	return t->year >= 1 && t->year <= 9999 && t->month >= 1 && t->month <= 12 && t->day >= 1 &&
		t->day <= month_days(t->year, t->month) && t->hour >= 0 && t->hour <= 23 &&
		t->minute >= 0 && t->minute <= 59 && t->second >= 0 && t->second <= 59;
}

/* --- the POSIX rule after the last transition --- */

static bool read_number(const char **p, int max, int *out)
{
	int v = 0;

	if (**p < '0' || **p > '9')
		return false;
	while (**p >= '0' && **p <= '9') {
		v = v * 10 + (*(*p)++ - '0');
		if (v > max)
			return false;
	}
	*out = v;
	return true;
}

/* "[+-]hh[:mm[:ss]]" */
static bool read_hms(const char **p, int *out_s)
{
	int sign = 1, part[3] = {0, 0, 0};

	if (**p == '+' || **p == '-')
		sign = *(*p)++ == '-' ? -1 : 1;
	if (!read_number(p, 167, &part[0]))
		return false;
	for (int i = 1; i < 3 && **p == ':'; i++) {
		(*p)++;
		if (!read_number(p, 59, &part[i]))
			return false;
	}
	*out_s = sign * (part[0] * 3600 + part[1] * 60 + part[2]);
	return true;
}

static bool skip_abbreviation(const char **p)
{
	const char *start = *p;

	if (**p == '<') {
		while (**p && **p != '>')
			(*p)++;
		return *(*p) && *(*p)++ == '>';
	}
	while ((**p >= 'A' && **p <= 'Z') || (**p >= 'a' && **p <= 'z'))
		(*p)++;
	return *p - start >= 3;
}

static bool read_rule(const char **p, struct rule *r)
{
	if (*(*p)++ != ',')
		return false;
	if (**p == 'M') {
		(*p)++;
		r->kind = RULE_MONTH;
		if (!read_number(p, 12, &r->month) || r->month < 1 || *(*p)++ != '.')
			return false;
		if (!read_number(p, 5, &r->week) || r->week < 1 || *(*p)++ != '.')
			return false;
		if (!read_number(p, 6, &r->weekday))
			return false;
	} else if (**p == 'J') {
		(*p)++;
		r->kind = RULE_JULIAN;
		if (!read_number(p, 365, &r->day) || r->day < 1)
			return false;
	} else {
		r->kind = RULE_DAY;
		if (!read_number(p, 365, &r->day))
			return false;
	}
	r->time_s = 7200;
	if (**p != '/')
		return true;
	(*p)++;
	return read_hms(p, &r->time_s);
}

static bool posix_parse(const char *text, struct posix_rule *r)
{
	const char *p = text;

	if (!skip_abbreviation(&p) || !read_hms(&p, &r->std_s))
		return false;
	r->std_s = -r->std_s; /* POSIX counts west */
	r->given = true;
	if (!*p)
		return true;
	if (!skip_abbreviation(&p))
		return false;
	r->dst_s = r->std_s + 3600;
	if (*p != ',') {
		if (!read_hms(&p, &r->dst_s))
			return false;
		r->dst_s = -r->dst_s;
	}
	r->has_dst = true;
	return read_rule(&p, &r->start) && read_rule(&p, &r->end) && !*p;
}

/* Local seconds since 1970 at which the rule applies in that year. */
static int64_t rule_local_s(const struct rule *r, int year)
{
	int64_t first;
	int day;

	switch (r->kind) {
	case RULE_JULIAN:
		day = r->day - 1 + (leap_year(year) && r->day >= 60);
		return (day_number(year, 1, 1) + day) * DAY_S + r->time_s;
	case RULE_DAY:
		return (day_number(year, 1, 1) + r->day) * DAY_S + r->time_s;
	case RULE_MONTH:
		break;
	}
	first = day_number(year, r->month, 1);
	/* 1970-01-01 was a Thursday (4) */
	day = (int)((r->weekday - (first + 4) % 7 + 14) % 7) + (r->week - 1) * 7;
	while (day >= month_days(year, r->month))
		day -= 7;
	return (first + day) * DAY_S + r->time_s;
}

static int posix_offset_s(const struct posix_rule *r, int64_t utc_s)
{
	int year, month, day;
	int64_t start, end;
	bool dst;

	if (!r->has_dst)
		return r->std_s;
	day_from_number(floor_div(utc_s + r->std_s, DAY_S), &year, &month, &day);
	start = rule_local_s(&r->start, year) - r->std_s;
	end = rule_local_s(&r->end, year) - r->dst_s;
	if (start < end)
		dst = utc_s >= start && utc_s < end;
	else
		dst = utc_s >= start || utc_s < end;
	return dst ? r->dst_s : r->std_s;
}

/* --- the file --- */

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const unsigned char *p)
{
	return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

struct counts {
	size_t utc, std, leap, time, type, chars;
};

static bool read_header(const unsigned char *p, size_t len, struct counts *c)
{
	size_t *out[] = {&c->utc, &c->std, &c->leap, &c->time, &c->type, &c->chars};

	if (len < HEADER || memcmp(p, "TZif", 4) != 0)
		return false;
	for (size_t i = 0; i < 6; i++) {
		*out[i] = be32(p + 20 + 4 * i);
		if (*out[i] > TRANSITIONS_MAX)
			return false;
	}
	return c->type >= 1;
}

static size_t block_size(const struct counts *c, size_t time_size)
{
	return c->time * (time_size + 1) + c->type * 6 + c->chars + c->leap * (time_size + 4) +
		c->std + c->utc;
}

static bool read_offset(const unsigned char *types, size_t i, int *out)
{
	int32_t v = (int32_t)be32(types + 6 * i);

	if (v < -DAY_S * 2 || v > DAY_S * 2)
		return false;
	*out = v;
	return true;
}

static bool read_block(struct arena *a, struct zone *z, const unsigned char *p,
	const struct counts *c)
{
	const unsigned char *index = p + c->time * 8;
	const unsigned char *types = index + c->time;

	z->n = c->time;
	z->at_s = ARENA_ARRAY(a, int64_t, c->time);
	z->offset_s = ARENA_ARRAY(a, int, c->time);
	for (size_t i = 0; i < c->time; i++) {
		z->at_s[i] = be64(p + 8 * i);
		if (index[i] >= c->type || !read_offset(types, index[i], &z->offset_s[i]))
			return false;
		if (i && z->at_s[i] <= z->at_s[i - 1])
			return false;
	}
	return read_offset(types, 0, &z->first_s);
}

static bool read_footer(struct arena *a, struct zone *z, const unsigned char *p, size_t len)
{
	const unsigned char *end;

	if (len < 2 || p[0] != '\n')
		return false;
	end = memchr(p + 1, '\n', len - 1);
	if (!end)
		return false;
	if (end == p + 1)
		return true; /* no rule: the last transition stays */
	return posix_parse(arena_strndup(a, (const char *)p + 1, (size_t)(end - p) - 1), &z->after);
}

struct zone *zone_parse(struct arena *a, const char *name, const void *data, size_t len,
	struct err *err)
{
	struct zone *z = ARENA_NEW(a, struct zone);
	const unsigned char *p = data;
	struct counts c;
	size_t skip;

	z->name = arena_strdup(a, name);
	if (!read_header(p, len, &c) || p[4] < '2')
		goto bad; /* version 1 ends in 2037 and nobody writes it any more */
	skip = HEADER + block_size(&c, 4);
	if (skip > len || !read_header(p + skip, len - skip, &c))
		goto bad;
	p += skip + HEADER;
	len -= skip + HEADER;
	skip = block_size(&c, 8);
	if (skip > len || !read_block(a, z, p, &c) || !read_footer(a, z, p + skip, len - skip))
		goto bad;
	return z;
bad:
	err_set(err, ERR_INVALID, "%s is not a time zone file (TZif version 2 or later)", name);
	return NULL;
}

/* --- questions --- */

const char *zone_name(const struct zone *z)
{
	return z ? z->name : "UTC";
}

static int offset_at(const struct zone *z, int64_t utc_s)
{
	size_t low = 0, high;

	if (!z)
		return 0;
	high = z->n;
	if (z->after.given && (z->n == 0 || utc_s >= z->at_s[z->n - 1]))
		return posix_offset_s(&z->after, utc_s);
	while (low < high) { /* the number of transitions that have happened */
		size_t mid = (low + high) / 2;

		if (z->at_s[mid] <= utc_s)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? z->offset_s[low - 1] : z->first_s;
}

int zone_offset_s(const struct zone *z, int64_t utc_ms)
{
	return offset_at(z, floor_div(utc_ms, 1000));
}

void zone_to_local(const struct zone *z, int64_t utc_ms, struct local_time *out)
{
	int64_t s = floor_div(utc_ms, 1000);
	int64_t local = s + offset_at(z, s);
	int64_t days = floor_div(local, DAY_S);
	int rest = (int)(local - days * DAY_S);

	day_from_number(days, &out->year, &out->month, &out->day);
	out->hour = rest / 3600;
	out->minute = rest / 60 % 60;
	out->second = rest % 60;
	out->weekday = (int)(((days + 4) % 7 + 7) % 7);
}

int64_t zone_clock_s(const struct zone *z, int64_t utc_ms)
{
	int64_t s = floor_div(utc_ms, 1000);

	return s + offset_at(z, s);
}

int64_t zone_clock_to_utc_ms(const struct zone *z, int64_t local)
{
	int before = offset_at(z, local - DAY_S); /* no two changes lie within two days */
	int after = offset_at(z, local + DAY_S);
	int64_t first = local - before;
	int64_t second = local - after;

	if (offset_at(z, first) == before && (first <= second || offset_at(z, second) != after))
		return first * 1000;
	if (offset_at(z, second) == after)
		return second * 1000;
	return first * 1000; /* skipped: the offset from before the gap */
}

int64_t zone_to_utc_ms(const struct zone *z, const struct local_time *t)
{
	return zone_clock_to_utc_ms(z, day_number(t->year, t->month, t->day) * DAY_S +
		t->hour * 3600LL + t->minute * 60LL + t->second);
}
