/*
 * page.h - the workspace page: its files, what one viewer sees, and the stream of changes.
 */
#ifndef FAKE_SLACK_PAGE_H
#define FAKE_SLACK_PAGE_H

struct fake;
struct request;

void page_dispatch(struct fake *f, struct request *r);

#endif
