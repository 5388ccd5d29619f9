/*
 * log.h - one line per happening on stderr, as logfmt or JSON, with an id per request.
 *
 * Values are escaped, so that nothing a person typed can forge a line, and everything that looks
 * like a secret (xoxb-, xapp-, whsec_, response URLs, socket tickets, bearer tokens) is masked.
 */
#ifndef TOCSIN_BOT_LOG_H
#define TOCSIN_BOT_LOG_H

#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_LOGFMT, LOG_JSON };

void log_setup(enum log_level least, enum log_format format);
bool log_level_parse(const char *word, enum log_level *level);
bool log_format_parse(const char *word, enum log_format *format);

/* Masks this text wherever it appears in a value: the secrets that were handed to us. The newest 64
 * of at least 8 characters are kept; NULL is ignored. */
void log_hide(const char *secret);
void log_hide_none(void); /* forgets them: end of the program */

/* log_write(LOG_INFO, "slack", trace or NULL, "socket is live", "socket", "1", "host", host, NULL)
 * area: who speaks; message: constant text; then pairs of name and value, ended by NULL. A NULL
 * value is left out. */
void log_write(enum log_level level, const char *area, const char *trace, const char *message, ...)
	__attribute__((sentinel));

/* Appends s with secrets masked and control characters escaped, at most 2 KiB of it: for what others
 * said and an operator reads elsewhere than in the log. */
struct buf;
void log_mask(struct buf *out, const char *s);

/* Number as text for log_write: lives until 8 further calls. Loop thread only. */
const char *log_int(long long n);
#endif
