/* value.c - see value.h: durations, times, numbers. Addresses are in value_address.c. */
#include "bot/plan/value.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tocsin/utf8.h"
#include "tocsin/zone.h"

#define MINUTE_MS 60000LL
#define DURATION_MAX_MS (3653LL * 24 * 60 * MINUTE_MS)
#define DURATION_MEND "write a number with its unit: 90s, 10m, 1h30m, 2d, 1w"
#define TIME_MEND "write 2026-01-28T09:00, or 2026-01-28T09:00Z, or 2026-01-28T09:00+01:00"

struct quoted value_quote(const char *text)
{
	struct quoted q;
	size_t n = 0, len = strlen(text);

	for (size_t i = 0; i < len;) {
		size_t step = utf8_length(text + i, len - i);
		unsigned char c = (unsigned char)text[i];

		if (n + (step ? step : 1) > 60) {
			memcpy(q.text + n, "...", 3);
			n += 3;
			break;
		}
		if (!step || c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)text[i + 1] < 0xa0)) {
			q.text[n++] = ' ';
			i += step ? step : 1;
			continue;
		}
		memcpy(q.text + n, text + i, step);
		n += step;
		i += step;
	}
	q.text[n] = '\0';
	return q;
}

static bool duration_fault(const char *text, struct value_fault *f)
{
	size_t digits = strspn(text, "0123456789");
	char unit = 0;

	snprintf(f->what, sizeof(f->what), "\"%s\" is not a duration", value_quote(text).text);
	if (digits && digits < 8 && !text[digits]) {
		snprintf(f->mend, sizeof(f->mend), "write the unit: %ss, %sm, %sh or %sd", text, text, text,
			text);
		return false;
	}
	/* "10 minutes" */
	if (digits && digits < 8) {
		const char *p = text + digits + strspn(text + digits, " ");

		if (*p && strchr("smhdw", tolower((unsigned char)*p)) && strspn(p, "smhdwinuteorayckSMHDW") == strlen(p))
			unit = (char)tolower((unsigned char)*p);
	}
	if (unit)
		snprintf(f->mend, sizeof(f->mend), "write %.*s%c", (int)digits, text, unit);
	else
		snprintf(f->mend, sizeof(f->mend), DURATION_MEND);
	return false;
}

bool value_duration(const char *text, int64_t *ms, struct value_fault *f)
{
	static const char units[] = "wdhms";
	static const int64_t unit_ms[] = {MINUTE_MS * 60 * 24 * 7, MINUTE_MS * 60 * 24, MINUTE_MS * 60,
		MINUTE_MS, 1000};
	size_t next = 0; /* units come from the largest to the smallest, each once */
	int64_t total = 0;
	const char *p = text;

	if (!*p)
		return duration_fault(text, f);
	while (*p) {
		int64_t v = 0;
		const char *unit;

		if (!isdigit((unsigned char)*p))
			return duration_fault(text, f);
		for (; isdigit((unsigned char)*p); p++) {
			v = v * 10 + (*p - '0');
			if (v > DURATION_MAX_MS)
				v = DURATION_MAX_MS;
		}
		unit = *p ? strchr(units + next, *p) : NULL;
		if (!unit)
			return duration_fault(text, f);
		next = (size_t)(unit - units) + 1;
		p++;
		if (v > DURATION_MAX_MS / unit_ms[next - 1] || total + v * unit_ms[next - 1] > DURATION_MAX_MS) {
			snprintf(f->what, sizeof(f->what), "\"%s\" is longer than ten years",
				value_quote(text).text);
			snprintf(f->mend, sizeof(f->mend), DURATION_MEND);
			return false;
		}
		total += v * unit_ms[next - 1];
	}
	*ms = total;
	return true;
}

/* n digits; moves p. */
static bool digits(const char **p, int n, int *out)
{
	*out = 0;
	for (int i = 0; i < n; i++, (*p)++) {
		if (!isdigit((unsigned char)**p))
			return false;
		*out = *out * 10 + (**p - '0');
	}
	return true;
}

static bool literal(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

/* "Z", "+01:00", "-0500"; sets *given. */
static bool read_utc_offset(const char **p, bool *given, int *offset_s)
{
	int sign = **p == '-' ? -1 : 1, h, m;

	*given = false;
	if (!**p)
		return true;
	*given = true;
	*offset_s = 0;
	if (literal(p, 'Z') || literal(p, 'z'))
		return !**p;
	if (**p != '+' && **p != '-')
		return false;
	(*p)++;
	if (!digits(p, 2, &h))
		return false;
	literal(p, ':');
	if (!digits(p, 2, &m) || h > 14 || m > 59)
		return false;
	*offset_s = sign * (h * 3600 + m * 60);
	return !**p;
}

bool value_time(const char *text, const struct zone *zone, int64_t *ms, struct value_fault *f)
{
	struct local_time t = {0};
	const char *p = text;
	bool with_offset = false;
	int offset_s = 0;

	if (!digits(&p, 4, &t.year) || !literal(&p, '-') || !digits(&p, 2, &t.month) ||
		!literal(&p, '-') || !digits(&p, 2, &t.day))
		goto bad;
	if (*p == 'T' || *p == 't' || *p == ' ') {
		p++;
		if (!digits(&p, 2, &t.hour) || !literal(&p, ':') || !digits(&p, 2, &t.minute))
			goto bad;
		if (literal(&p, ':') && !digits(&p, 2, &t.second))
			goto bad;
		if (!read_utc_offset(&p, &with_offset, &offset_s))
			goto bad;
	}
	if (*p)
		goto bad;
	if (!local_time_valid(&t)) {
		snprintf(f->what, sizeof(f->what), "\"%s\" is not a time that exists",
			value_quote(text).text);
		snprintf(f->mend, sizeof(f->mend), "%s",
			t.hour == 24 ? "midnight is 00:00 of the next day"
				     : "look at the month, the day and the hour");
		return false;
	}
	*ms = zone_to_utc_ms(with_offset ? NULL : zone, &t) - offset_s * 1000LL;
	return true;
bad:
	snprintf(f->what, sizeof(f->what), "\"%s\" is not a time", value_quote(text).text);
	snprintf(f->mend, sizeof(f->mend), TIME_MEND);
	return false;
}

bool value_bool(const char *text, bool *out, struct value_fault *f)
{
	if (strcasecmp(text, "true") == 0 || strcasecmp(text, "yes") == 0) {
		*out = true;
		return true;
	}
	if (strcasecmp(text, "false") == 0 || strcasecmp(text, "no") == 0) {
		*out = false;
		return true;
	}
	snprintf(f->what, sizeof(f->what), "\"%s\" is neither true nor false", value_quote(text).text);
	snprintf(f->mend, sizeof(f->mend), "write true or false");
	return false;
}

bool value_count(const char *text, unsigned min, unsigned max, unsigned *out, struct value_fault *f)
{
	unsigned long v = 0;
	const char *p = text;

	while (isdigit((unsigned char)*p) && v <= max)
		v = v * 10 + (unsigned long)(*p++ - '0');
	if (!*text || *p || v < min || v > max) {
		snprintf(f->what, sizeof(f->what), "\"%s\" is not a whole number from %u to %u",
			value_quote(text).text, min, max);
		snprintf(f->mend, sizeof(f->mend), "write a number such as %u", min > 1 ? min : 1);
		return false;
	}
	*out = (unsigned)v;
	return true;
}

/* Edits from a to b (insert, drop, change, swap neighbours), case aside; at most limit + 1. */
static unsigned distance(const char *a, const char *b, unsigned limit)
{
	enum { MAX = 48 };
	unsigned row[3][MAX + 1];
	size_t na = strlen(a), nb = strlen(b);

	if (na > MAX || nb > MAX || (na > nb ? na - nb : nb - na) > limit)
		return limit + 1;
	for (size_t j = 0; j <= nb; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned *now = row[i % 3], *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
			unsigned v = up[j - 1] + !same;

			if (up[j] + 1 < v)
				v = up[j] + 1;
			if (now[j - 1] + 1 < v)
				v = now[j - 1] + 1;
			if (i > 1 && j > 1 && tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 2]) &&
				tolower((unsigned char)a[i - 2]) == tolower((unsigned char)b[j - 1]) &&
				up2[j - 2] + 1 < v)
				v = up2[j - 2] + 1;
			now[j] = v;
		}
	}
	return row[na % 3][nb];
}

const char *value_nearest(const char *text, const char *const *words, size_t n)
{
	size_t len = strlen(text);
	unsigned limit = len <= 4 ? 1 : len <= 7 ? 2 : 3, best = limit + 1;
	const char *found = NULL;

	for (size_t i = 0; i < n; i++) {
		unsigned d = distance(text, words[i], limit);

		if (d < best && d < strlen(words[i])) {
			best = d;
			found = words[i];
		}
	}
	if (found)
		return found;
	for (size_t i = 0; len >= 3 && i < n; i++) /* "engineering-manager" for "eng" */
		if (strncasecmp(words[i], text, len) == 0 ||
			(strlen(words[i]) >= 4 && strncasecmp(words[i], text, strlen(words[i])) == 0))
			return words[i];
	return NULL;
}
