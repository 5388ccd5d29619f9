/*
 * task_reply.h - an answer as it is remembered with a request's id, so that a redelivery gets the
 * first answer again.
 */
#ifndef TOCSIN_BOT_TASK_REPLY_H
#define TOCSIN_BOT_TASK_REPLY_H

struct arena;
struct reply;

/* In the arena; "" when it is too long to be remembered (256 KiB). */
const char *task_reply_encode(struct arena *a, const struct reply *r);
/* What cannot be read becomes REPLY_NONE. */
void task_reply_decode(struct arena *a, const char *text, struct reply *r);
#endif
