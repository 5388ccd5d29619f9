/*
 * value.h - the small languages inside a plan's values: durations, times, addresses.
 *
 * Each reader returns true, or false with the fault filled in: what is wrong and what to write
 * instead. Pure: no file, no clock.
 */
#ifndef TOCSIN_PLAN_VALUE_H
#define TOCSIN_PLAN_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zone;

struct value_fault {
	char what[300];
	char mend[300];
};

/* What somebody typed, safe to print: control characters as spaces, cut after 60 bytes. */
struct quoted {
	char text[80];
};
struct quoted value_quote(const char *text);

/* "90s", "10m", "1h30m", "2d", "1w"; at most ten years. */
bool value_duration(const char *text, int64_t *ms, struct value_fault *f);
/* "2026-01-28T09:00", with ":30", "Z" or "+02:00" behind it, or a date alone (its midnight).
 * zone NULL: UTC. Local times that come twice or never: see zone_to_utc_ms(). */
bool value_time(const char *text, const struct zone *zone, int64_t *ms, struct value_fault *f);
bool value_bool(const char *text, bool *out, struct value_fault *f);
bool value_count(const char *text, unsigned min, unsigned max, unsigned *out,
	struct value_fault *f);

bool value_phone(const char *text, struct value_fault *f); /* E.164 */
bool value_mail(const char *text, struct value_fault *f);
/* schemes: space separated, "https http". Credentials in the URL are refused without being shown. */
bool value_url(const char *text, const char *schemes, struct value_fault *f);
/* Does it hold a user or password ("//user:password@host")? */
bool value_url_has_user(const char *text);
/* Does the URL name a private, loopback or link-local address, or localhost? */
bool value_url_private(const char *text);

/* The key of a person, group, ladder...: letters, digits, - and _; at most 64. */
bool value_key(const char *text, struct value_fault *f);
/* Slack ids by their first letter: "C" (channels, also G), "U" (people, also W), "S" (user groups). */
bool value_slack_id(const char *text, char kind, struct value_fault *f);

/* The nearest of n words, NULL when none is near enough to be meant. */
const char *value_nearest(const char *text, const char *const *words, size_t n);
#endif
