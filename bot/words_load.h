/*
 * words_load.h - the words of a plan: the built-in templates and the plan's own folder.
 */
#ifndef TOCSIN_BOT_WORDS_LOAD_H
#define TOCSIN_BOT_WORDS_LOAD_H

#define WORDS_FILES_MAX 500            /* templates in the plan's folder */
#define WORDS_FILE_BYTES (256 * 1024)  /* of one of them */

struct err;
struct words;

/* Reads every *.md, *.txt and *.html below dir (NULL: built-in words only) and compiles all. A
 * faulty template is left out and noted, see words_check(). NULL with err set when dir cannot be
 * read, a bound is passed, or memory is out. The caller frees it with words_free(). */
struct words *words_load(const char *dir, struct err *err);
#endif
