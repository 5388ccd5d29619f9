/*
 * ticket_wire.h - tickets of ServiceNow, Jira and GitHub: what is sent to look for one and to open
 * one, and what their answers say. Pure.
 *
 * None of the three knows a repeat by a key, so we look before we open: by correlation id, by label,
 * by a first line of the body that only we write.
 */
#ifndef TOCSIN_BOT_REACH_TICKET_WIRE_H
#define TOCSIN_BOT_REACH_TICKET_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "tocsin/plan.h"

#define GITHUB_URL "https://api.github.com"
#define TICKET_TEXT_UNITS 4000
#define TICKET_LINK_MAX 500

struct arena;

struct ticket {
	const char *id;      /* the incident's: "INC-42" */
	const char *title;   /* one line */
	const char *text;    /* plain; data of people is in it */
	bool urgent;
};

struct ticket_call {
	const char *method, *url;
	const char *body;       /* NULL for GET */
	const char *headers[6]; /* ends with NULL; with the right to do it */
};

/* In arena. c: a connection of one of the three kinds, as the plan loads it. */
void ticket_search(struct arena *a, const struct plan_connection *c, const char *id,
	struct ticket_call *out);
void ticket_create(struct arena *a, const struct plan_connection *c, const struct ticket *t,
	struct ticket_call *out);

struct ticket_found {
	const char *number; /* "OPS-24", "INC0010042", "#7"; "" : not said */
	const char *link;   /* "" : none that is safe to show */
};

enum ticket_answer {
	TICKET_THERE,   /* `out` says which */
	TICKET_NONE,
	TICKET_UNREAD   /* no answer of such a system: a page to sign in, say */
};

/* The body of a 2xx answer to ticket_search() and to ticket_create(). */
enum ticket_answer ticket_search_read(struct arena *a, const struct plan_connection *c, const char *id,
	const char *body, size_t len, struct ticket_found *out);
enum ticket_answer ticket_create_read(struct arena *a, const struct plan_connection *c,
	const char *body, size_t len, struct ticket_found *out);
#endif
