/*
 * guard.h - how {{x}} keeps a value from being Markdown on its way to the message model.
 *
 * Backslashes would do in a paragraph, but not in a code span or a code block. So each character
 * that Markdown gives a meaning is written as one of the 32 code points U+FDD0..U+FDEF, which
 * Unicode keeps for a program's own use; the Markdown parser sees letters, and message_parse()
 * turns them back into what they stand for. Where a value itself holds one, it becomes U+FFFD.
 */
#ifndef TOCSIN_TEXT_GUARD_H
#define TOCSIN_TEXT_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/* The character that the three bytes at s stand for, or 0. */
char guard_char(const char *s, size_t len);

/* The guard's three bytes for c, or NULL when c needs none. */
const char *guard_bytes(char c);

/* Turns guards back, in place. Returns the new length. newline: what a guarded new line becomes. */
size_t guard_decode(char *s, size_t len, char newline);

#endif
