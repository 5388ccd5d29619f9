/*
 * md_tape.h - Markdown as a list of events, recorded from md4c.
 *
 * md4c has memory of its own while it parses, so its callbacks must not jump out of it (as an arena
 * does when it is full). They only record; whoever builds something from it replays the tape.
 */
#ifndef TOCSIN_TEXT_MD_TAPE_H
#define TOCSIN_TEXT_MD_TAPE_H

#include <md4c.h>
#include <stdbool.h>
#include <stddef.h>

/* More than this is no message: the tape ends there. */
#define MD_EVENTS_MAX 400000
#define MD_BYTES_MAX (2u * 1024 * 1024)

enum md_event_kind { MD_ENTER_BLOCK, MD_LEAVE_BLOCK, MD_ENTER_SPAN, MD_LEAVE_SPAN, MD_TEXT };

struct md_event {
	enum md_event_kind kind;
	int type;        /* MD_BLOCKTYPE, MD_SPANTYPE or MD_TEXTTYPE */
	unsigned number; /* list: start; heading: level; table: columns; task: its mark or 0 */
	const char *text; /* TEXT: into the Markdown that was parsed */
	size_t len;
	size_t href, title; /* A, IMG: offsets into `strings`; CODE: title is the language */
};

struct md_tape {
	struct md_event *events;
	size_t n, cap;
	char *strings; /* attributes, entities decoded, NUL-terminated */
	size_t strings_len, strings_cap;
	bool no_memory;
};

struct arena;

/*
 * Records. The tape is freed with the arena (md_tape_free() frees it earlier); markdown must live as
 * long as the tape is used. Out of memory jumps, as arena_alloc() does.
 */
struct md_tape *md_tape_record(struct arena *a, const char *markdown, size_t len);

void md_tape_free(struct md_tape *t);

/* Decodes an entity ("&amp;") to out (room for 8). Returns its bytes, 0: it is none that we know. */
size_t md_entity(const char *s, size_t len, char *out);

#endif
