/*
 * mail_message.h - the bytes of a mail (RFC 5322, MIME): headers that nothing can break out of, a
 * text and an HTML part. Pure.
 */
#ifndef TOCSIN_BOT_REACH_MAIL_MESSAGE_H
#define TOCSIN_BOT_REACH_MAIL_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAIL_ADDRESS_MAX 254
#define MAIL_SUBJECT_MAX 250 /* bytes of UTF-8; longer ones are cut */

struct arena;
struct buf;
struct err;

struct mail_message {
	const char *from, *from_name; /* names may be "" */
	const char *to, *to_name;
	const char *subject;
	const char *text;
	const char *html;
	const char *id;         /* what mail_id() made */
	const char *thread_id;  /* the first mail of its kind, made up: mails of one incident stay together */
	int64_t date_ms;        /* wall clock */
};

/* "local@example.com": ASCII, one "@", nothing that could end a header or an SMTP command. */
bool mail_address_ok(const char *address);

/* "<INC-42/page/7@example.com>" from an idempotency key and the sender's address. */
const char *mail_id(struct arena *a, const char *key, const char *from);

/* Appends the message. 0, or -1 with err set: ERR_INVALID for an address, ERR_LIMIT when out is full. */
int mail_build(const struct mail_message *m, struct buf *out, struct err *err);
#endif
