/*
 * snapshot.h - the facts that were loaded for a handler.
 *
 * A look-up answers known, absent or not loaded yet. On "not loaded" the handler asks with
 * effects_need() and returns STEP_NEED; it is run again, from the top, with the answer.
 *
 * Fact keys (what the shell can load without knowing what it means):
 *   doc:ID              a document: value is its JSON, version its version. ID = "incident:INC-42"
 *   link:NAME           a short string that something points at: "thread:slack:C1:17.5" -> "incident:INC-42"
 *   index:NAME          a sorted set: items ascending by score, at most FACT_ITEMS_MAX
 *   rindex:NAME         the same, descending (newest first)
 *   log:ID              the document's log, oldest first, at most FACT_ITEMS_MAX newest entries (JSON each)
 *   done:REQUEST-ID     the remembered first answer to a request (the shell's own)
 *   count:NAME          the number to use next; each task gets another one
 */
#ifndef TOCSIN_SNAPSHOT_H
#define TOCSIN_SNAPSHOT_H

#include <stddef.h>
#include <stdint.h>

#define FACT_ITEMS_MAX 500

enum fact_state { FACT_NOT_LOADED, FACT_ABSENT, FACT_KNOWN };

struct fact {
	const char *key;
	enum fact_state state;
	int64_t version;          /* doc: version (>= 1); count: the number */
	const char *value;        /* doc, link */
	size_t len;
	const char *const *items; /* index, log */
	size_t n;

	/* The shell's own, for doc: facts; handlers leave them alone. */
	const char *head; /* hash of the newest log entry: 64 hex digits, "" for none */
	int64_t seq;      /* how many log entries there are */
	const char *guard;
};

struct arena;
struct snapshot;

struct snapshot *snapshot_new(struct arena *a);

/* Adds or replaces a fact; strings are borrowed (they live in the task's arena). */
void snapshot_add(struct snapshot *s, const struct fact *f);

/* Never NULL: an unknown key answers FACT_NOT_LOADED. Borrowed from the snapshot. */
const struct fact *snapshot_get(const struct snapshot *s, const char *key);
#endif
