/*
 * log.c - see log.h.
 *
 * A value goes through three steps: secrets masked, cut to VALUE_MAX bytes, then escaped for the
 * format. The line leaves in one write, so lines of several processes on one stderr do not mix.
 */
#include "bot/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <strings.h>
#include <unistd.h>

#include "tocsin/buf.h"
#include "tocsin/json_out.h"
#include "tocsin/utf8.h"

#define VALUE_MAX 2048
#define LINE_MAX_BYTES 32768
#define HIDDEN_MAX 64
#define HIDDEN_SHORTEST 8 /* shorter ones would mask ordinary words */
#define MASK "***"

static enum log_level least_level = LOG_INFO;
static enum log_format line_format = LOG_LOGFMT;
static char *hidden[HIDDEN_MAX];
static size_t hidden_next;

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_setup(enum log_level least, enum log_format format)
{
	least_level = least;
	line_format = format;
}

bool log_level_parse(const char *word, enum log_level *level)
{
	size_t i;

	for (i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
		if (strcasecmp(word, level_names[i]) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	}
	if (strcasecmp(word, "warning") == 0) {
		*level = LOG_WARN;
		return true;
	}
	return false;
}

bool log_format_parse(const char *word, enum log_format *format)
{
	if (strcasecmp(word, "logfmt") == 0)
		*format = LOG_LOGFMT;
	else if (strcasecmp(word, "json") == 0)
		*format = LOG_JSON;
	else
		return false;
	return true;
}

void log_hide(const char *secret)
{
	size_t i;

	if (!secret || strlen(secret) < HIDDEN_SHORTEST)
		return;
	for (i = 0; i < HIDDEN_MAX; i++)
		if (hidden[i] && strcmp(hidden[i], secret) == 0)
			return;
	/* The oldest gives way: after many reloads these are secrets that were rotated out. */
	free(hidden[hidden_next]);
	hidden[hidden_next] = strdup(secret);
	hidden_next = (hidden_next + 1) % HIDDEN_MAX;
}

void log_hide_none(void)
{
	size_t i;

	for (i = 0; i < HIDDEN_MAX; i++) {
		free(hidden[i]);
		hidden[i] = NULL;
	}
	hidden_next = 0;
}

static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		(c != '\0' && strchr("-_.~+/=%:", c) != NULL);
}

/* What gives a secret away, and how much of the text before it stays readable. */
static const struct {
	const char *mark;
	size_t least; /* this many token characters must follow, else it is just the word */
} marks[] = {
	{"xoxb-", 4}, {"xoxp-", 4}, {"xoxa-", 4}, {"xoxr-", 4}, {"xoxs-", 4}, {"xoxe.", 4},
	{"xoxe-", 4}, {"xapp-", 4}, {"xwfp-", 4}, {"whsec_", 4}, {"whsk_", 4}, {"Bearer ", 4},
	{"Basic ", 8}, {"ticket=", 4}, {"ticket_id=", 4}, {"/ack?t=", 1}, {"hooks.slack.com/", 1},
	{"hooks.slack-gov.com/", 1}, {"/commands/T", 4}, {"/actions/T", 4}, {"/response/", 4},
	{"token=", 4}, {"password=", 1}, {"secret=", 1}, {"upload/v1/", 4},
};

/* Length of a secret that starts with a mark at s; 0: none. *keep: how much of it is shown. */
static size_t marked_secret(const char *s, size_t len, size_t *keep)
{
	size_t i, n, k;

	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		k = strlen(marks[i].mark);
		if (len < k || strncasecmp(s, marks[i].mark, k) != 0)
			continue;
		for (n = k; n < len && is_token_char(s[n]); n++)
			;
		if (n - k >= marks[i].least) {
			*keep = k;
			return n;
		}
	}
	return 0;
}

static size_t hidden_secret(const char *s, size_t len)
{
	size_t i, n;

	for (i = 0; i < HIDDEN_MAX; i++) {
		if (!hidden[i])
			continue;
		n = strlen(hidden[i]);
		if (n <= len && memcmp(s, hidden[i], n) == 0)
			return n;
	}
	return 0;
}

/* "://user:password@host": how long "user:password" is; 0: there is none. */
static size_t url_credentials(const char *s, size_t len)
{
	size_t i, at = 0;

	for (i = 0; i < len && s[i] > ' ' && s[i] != '/' && s[i] != '?' && s[i] != '"'; i++)
		if (s[i] == '@')
			at = i;
	return at;
}

/* Stops when b holds VALUE_MAX bytes and returns how much of s was read. The cut is made in the
 * masked text: cutting first could leave half a secret that no longer looks like one. */
static size_t add_masked(struct buf *b, const char *s, size_t len)
{
	size_t i = 0, n, keep;

	while (i < len && b->len < VALUE_MAX) {
		if ((n = hidden_secret(s + i, len - i)) > 0) {
			buf_str(b, MASK);
			i += n;
		} else if ((n = marked_secret(s + i, len - i, &keep)) > 0) {
			buf_add(b, s + i, keep);
			buf_str(b, MASK);
			i += n;
		} else if (len - i > 3 && memcmp(s + i, "://", 3) == 0) {
			buf_str(b, "://");
			i += 3;
			n = url_credentials(s + i, len - i);
			if (n > 0) {
				buf_str(b, MASK);
				i += n;
			}
		} else {
			n = utf8_length(s + i, len - i);
			n = n ? n : 1;
			buf_add(b, s + i, n);
			i += n;
		}
	}
	return i;
}

static bool is_secret_name(const char *name)
{
	static const char *const words[] = {"token", "password", "secret", "authorization",
		"routing_key", "cookie", "trigger_id", "response_url"};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(name, words[i]) == 0)
			return true;
	return false;
}

/* Control characters of C1, line separators and direction marks: a terminal would obey them. */
static bool is_unsafe(uint32_t c)
{
	return (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0x200e || c == 0x200f ||
		(c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

static void add_escaped(struct buf *b, const char *s, size_t len, bool quoted)
{
	size_t i = 0, n;
	uint32_t c;
	char out[4];

	while (i < len) {
		c = utf8_decode(s + i, len - i, &n);
		i += n;
		if (quoted && (c == '"' || c == '\\'))
			buf_printf(b, "\\%c", (int)c);
		else if (c == '\n')
			buf_str(b, "\\n");
		else if (c == '\r')
			buf_str(b, "\\r");
		else if (c == '\t')
			buf_str(b, "\\t");
		else if (c < 0x20 || is_unsafe(c))
			buf_printf(b, "\\u%04x", c);
		else
			buf_add(b, out, utf8_encode(c, out));
	}
}

void log_mask(struct buf *out, const char *s)
{
	struct buf clean;

	buf_init(&clean, (size_t)VALUE_MAX * 2);
	add_masked(&clean, s, strlen(s));
	add_escaped(out, buf_text(&clean), clean.len, false);
	buf_release(&clean);
}

static bool is_bare(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
			return false;
	}
	return len > 0;
}

static void add_pair(struct buf *line, bool first, const char *name, const char *value)
{
	struct buf clean;
	size_t len = strlen(value), cut = len;

	buf_init(&clean, (size_t)VALUE_MAX * 2);
	if (is_secret_name(name))
		buf_str(&clean, MASK);
	else
		cut = add_masked(&clean, value, len);
	if (cut < len)
		buf_printf(&clean, "[%zu bytes more]", len - cut);
	if (!first)
		buf_char(line, line_format == LOG_JSON ? ',' : ' ');
	if (line_format == LOG_JSON)
		buf_printf(line, "\"%s\":\"", name);
	else
		buf_printf(line, "%s=", name);
	if (line_format == LOG_LOGFMT && is_bare(buf_text(&clean), clean.len)) {
		buf_add(line, buf_text(&clean), clean.len);
	} else {
		if (line_format == LOG_LOGFMT)
			buf_char(line, '"');
		add_escaped(line, buf_text(&clean), clean.len, true);
		buf_char(line, '"');
	}
	buf_release(&clean);
}

static void add_time(char *out, size_t size)
{
	struct timespec now;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, size - n, ".%03ldZ", now.tv_nsec / 1000000);
}

static void write_all(const char *s, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDERR_FILENO, s, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* a full or closed stderr costs the line, never the daemon */
		s += n;
		len -= (size_t)n;
	}
}

void log_write(enum log_level level, const char *area, const char *trace, const char *message, ...)
{
	int kept_errno = errno;
	struct buf line;
	char when[48];
	const char *name, *value;
	size_t whole;
	va_list ap;

	if (level < least_level)
		return;
	buf_init(&line, LINE_MAX_BYTES);
	add_time(when, sizeof(when));
	if (line_format == LOG_JSON)
		buf_char(&line, '{');
	add_pair(&line, true, "ts", when);
	add_pair(&line, false, "level", level_names[level]);
	add_pair(&line, false, "area", area);
	if (trace && *trace)
		add_pair(&line, false, "id", trace);
	add_pair(&line, false, "msg", message);
	va_start(ap, message);
	while ((name = va_arg(ap, const char *)) != NULL) {
		value = va_arg(ap, const char *);
		whole = line.len;
		if (value)
			add_pair(&line, false, name, value);
		if (line.failed || line.len > LINE_MAX_BYTES - 64) {
			line.failed = false;
			buf_truncate(&line, whole);
			add_pair(&line, false, "cut", "yes");
			break;
		}
	}
	va_end(ap);
	buf_str(&line, line_format == LOG_JSON ? "}\n" : "\n");
	write_all(buf_text(&line), line.len);
	buf_release(&line);
	errno = kept_errno;
}

const char *log_int(long long n)
{
	static char slots[8][24];
	static unsigned next;
	char *s = slots[next++ % 8];

	snprintf(s, sizeof(slots[0]), "%lld", n);
	return s;
}
