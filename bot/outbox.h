/*
 * outbox.h - promises become deliveries.
 *
 * Entries are claimed lane by lane from the store and leave it only when a receiver has accepted
 * them, refused them for good, or their time is over; the commit that says so is the one that
 * removes them. Within the chat and call lanes the entries of one entity go in order; pages go
 * side by side. A chat.update that a newer one has overtaken is dropped, and a page whose guard
 * no longer holds is dropped: both are looked up just before sending.
 */
#ifndef TOCSIN_BOT_OUTBOX_H
#define TOCSIN_BOT_OUTBOX_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "tocsin/effects.h"

/* Entries of one lane that one process holds; more wait in Redis. Pages: room for a storm of them
 * to one person, who hears one a second, in which somebody else's page must still be found. */
#define OUTBOX_HELD_MAX 256
#define OUTBOX_CHAT_HELD_MAX 1024 /* a channel takes one message a second: a flood in one must not hold up another */
#define OUTBOX_PAGES_HELD_MAX 512
#define OUTBOX_SENDERS_MAX 8

struct clock;
struct outbox;
struct plan;
struct sender;
struct store;
struct tasks;

struct outbox_options {
	uv_loop_t *loop;
	struct store *store;
	struct tasks *tasks;
	const struct clock *clock;
	struct plan *(*plan_take)(void *ud);
	void (*plan_give)(void *ud, struct plan *plan);
	void *ud;
};

struct outbox *outbox_new(const struct outbox_options *o);
/* The sender is borrowed and must outlive the outbox. Returns -1 past OUTBOX_SENDERS_MAX. */
int outbox_add_sender(struct outbox *ob, struct sender *sender);
/* There may be something new in these lanes: bit 1 << lane. */
#define OUTBOX_ALL_LANES ((1u << LANES) - 1)
void outbox_wake(struct outbox *ob, unsigned lanes);
/* Claims nothing any more; what is with a receiver is waited for. */
void outbox_stop(struct outbox *ob);
size_t outbox_in_flight(const struct outbox *ob);
/* After the senders', the store's and the tasks' close. */
void outbox_close(struct outbox *ob);
#endif
