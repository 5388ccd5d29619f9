/* slack_object.h - the small objects of Block Kit that messages and forms share. */
#ifndef TOCSIN_TEXT_SLACK_OBJECT_H
#define TOCSIN_TEXT_SLACK_OBJECT_H

#include <stdbool.h>
#include <stddef.h>

#define SLACK_BUTTON_UNITS 75

struct arena;
struct buf;
struct json_out;

/* Escaped text of at most `units`; cut it ends in "…". false: it was cut. */
bool slack_plain(struct buf *out, const char *text, size_t units);

/* A plain_text object of at most `units`. */
void slack_plain_object(struct json_out *j, struct arena *a, const char *key, const char *text,
	size_t units);

#endif
