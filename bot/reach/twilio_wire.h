/*
 * twilio_wire.h - what passes between us and Twilio: forms, signatures of callbacks, addresses of
 * callbacks, and the XML that tells a call what to do. Pure but for the crypto library.
 */
#ifndef TOCSIN_BOT_REACH_TWILIO_WIRE_H
#define TOCSIN_BOT_REACH_TWILIO_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#define TWILIO_URL "https://api.twilio.com"
#define TWILIO_FIELDS_MAX 128  /* of a callback; it has about thirty */
#define TWILIO_TWIML_MAX 4000  /* characters; theirs */
#define TWILIO_SMS_UNITS 1500  /* theirs is 1600 */
#define TWILIO_SAY_UNITS 600   /* a minute of talk */
#define TWILIO_TURNS 3         /* how often a call asks for a key */

struct arena;
struct buf;

/* Appends text as a form's or query's value: everything but letters, digits and -_.~ encoded. */
void query_encode(struct buf *out, const char *text);
/* Appends NAME=VALUE, behind an "&" unless it is the first of a form. */
void query_add(struct buf *out, const char *name, const char *value);

/*
 * Is the callback from whoever holds the account's auth token? url: as Twilio called it, from the
 * configured public address, query and all; body: the form's bytes. The default port may be in the
 * URL that was signed, or not. Constant time in the token.
 */
bool twilio_verify(struct arena *a, const char *token, const char *url, const char *body, size_t len,
	const char *signature);
/* The signature itself: for tests and the other side. NULL when the body is malformed or has more
 * than TWILIO_FIELDS_MAX fields. */
const char *twilio_sign(struct arena *a, const char *token, const char *url, const char *body, size_t len);

/* What a callback is about; carried in its address, which the signature covers. */
struct twilio_ref {
	const char *entity; /* "incident:INC-42" */
	const char *note;   /* "page:7" */
	const char *person; /* plan key */
	const char *op;     /* "sms" or "phone" */
	unsigned turn;      /* of a call's questions, from 1 */
};

/* PUBLIC_URL/twilio/CONNECTION/WHAT?... */
const char *twilio_url(struct arena *a, const char *public_url, const char *connection, const char *what,
	const struct twilio_ref *ref);
/* Reads the query again. False: something is missing or malformed. Strings in arena. */
bool twilio_ref_read(struct arena *a, const char *query, struct twilio_ref *out);

/* A call that says the text and waits for a key, which is posted to `action`; action NULL: says it
 * and hangs up. NULL: longer than TWILIO_TWIML_MAX. Control characters are left out. */
const char *twiml_ask(struct arena *a, const char *text, const char *action);
/* Answers a text message; text "": says nothing. */
const char *twiml_message(struct arena *a, const char *text);

/*
 * A person's reply by text message: is it an acknowledgement, and of which? Returns true with *id
 * the code as it was typed (letters, digits, "-", "_", "#"; at most 40), or "" for none.
 */
bool sms_is_ack(struct arena *a, const char *body, const char **id);
/* STOP and its kin: Twilio answers those itself, and sends nothing to that number any more. */
bool sms_is_stop(const char *body);
#endif
