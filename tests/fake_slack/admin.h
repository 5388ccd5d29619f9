/*
 * admin.h - /admin/...: what tests and the page use to act and to look. See README.md.
 */
#ifndef FAKE_SLACK_ADMIN_H
#define FAKE_SLACK_ADMIN_H

#include <jansson.h>

struct fake;
struct request;

void admin_dispatch(struct fake *f, struct request *r, const char *name);
json_t *admin_counters(const struct fake *f);

#endif
