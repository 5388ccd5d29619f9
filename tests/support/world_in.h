/* world_in.h - the inside of world.h: what is kept, shared by its two files. */
#ifndef TOCSIN_TESTS_WORLD_IN_H
#define TOCSIN_TESTS_WORLD_IN_H

#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/render.h"
#include "world.h"

#define WORLD_MAX 4096 /* of everything that is kept in a list */

struct doc {
	const char *id, *json, *guard;
	int64_t version;
};

struct pair { /* links, counters, refs: name -> value */
	const char *name, *value, *more;
};

struct member {
	const char *index, *value;
	int64_t score;
};

struct entry {
	const char *id, *json;
};

struct timer {
	const char *id;
	int64_t due_ms;
};

struct promise {
	struct send send;
	bool done;
};

struct button_there {
	const char *label, *command;
};

struct posted {
	const char *channel, *thread, *ts, *ref, *text;
	const char *seen_by; /* platform user: only this one; "" : everybody */
	struct button_there buttons[24];
	size_t n_buttons;
};

struct open_form {
	const char *user, *command;
	struct place where;
};

struct world {
	struct arena *keep;
	const struct plan *plan;
	struct words *words;
	int64_t now_ms;
	struct doc docs[WORLD_MAX];
	size_t n_docs;
	struct pair links[WORLD_MAX];
	size_t n_links;
	struct pair refs[WORLD_MAX];
	size_t n_refs;
	struct member members[WORLD_MAX];
	size_t n_members;
	struct entry entries[WORLD_MAX * 4];
	size_t n_entries;
	struct timer timers[WORLD_MAX];
	size_t n_timers;
	struct promise promises[WORLD_MAX * 4];
	size_t n_promises, next_promise;
	bool delivering;
	struct posted posts[WORLD_MAX * 4];
	size_t n_posts;
	struct open_form form;
	struct pair broken[32];
	size_t n_broken;
	int64_t count;
	unsigned next_id, next_ts, next_room, conflicts;
	struct buf lines, faults;
	size_t mark;
};

void world_fault(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void world_line(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *world_keep(struct world *w, const char *s);
struct doc *world_doc_find(struct world *w, const char *id);
const char *pair_get(const struct pair *list, size_t n, const char *name, const char **more);
/* world_chat.c */
void world_deliver(struct world *w); /* everything that is promised */
const char *world_render(struct world *w, const char *template_name, const char *data,
	struct posted *buttons);
#endif
