/* mail_message.c - see mail_message.h. */
#include "bot/reach/mail_message.h"

#include <string.h>
#include <time.h>

#include "bot/sign.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/utf8.h"

#define LINE_MOST 76
#define WORD_BYTES 42 /* of UTF-8 in one encoded word: 56 of base64 and 12 around it */

/* "=_" cannot occur in quoted-printable text, so no part can hold the boundary. */
#define BOUNDARY "=_tocsin_part"

bool mail_address_ok(const char *address)
{
	const char *at = strchr(address, '@'), *s;
	size_t len = strlen(address);

	if (!at || at == address || !at[1] || len > MAIL_ADDRESS_MAX || strchr(at + 1, '@'))
		return false;
	for (s = address; *s; s++)
		if ((unsigned char)*s <= ' ' || (unsigned char)*s >= 0x7f || strchr("<>()[]\\,;:\"", *s))
			return false;
	return true;
}

const char *mail_id(struct arena *a, const char *key, const char *from)
{
	const char *at = strchr(from, '@');
	struct buf b;
	const char *s;

	buf_init_arena(&b, a, 1024);
	buf_char(&b, '<');
	for (s = key; *s; s++) {
		if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') ||
			strchr("-_/+=", *s))
			buf_char(&b, *s);
		else
			buf_printf(&b, "~%02x", (unsigned char)*s);
	}
	buf_printf(&b, "@%s>", at ? at + 1 : "localhost");
	return buf_text(&b);
}

/* Only what may stand in a header as it is. */
static bool is_plain(const char *s, size_t len)
{
	size_t i, word = 0;

	for (i = 0; i < len; i++) {
		if ((unsigned char)s[i] < ' ' || (unsigned char)s[i] >= 0x7f)
			return false;
		word = s[i] == ' ' ? 0 : word + 1;
		if (word > 60)
			return false; /* could not be folded */
	}
	return !strstr(s, "=?");
}

/* RFC 2047: base64 words of whole characters, one to a line. column: what the line holds already. */
static void put_encoded(struct buf *out, const char *s, size_t len)
{
	struct buf word;
	size_t i = 0, n;
	bool first = true;

	buf_init(&word, WORD_BYTES + 8);
	while (i < len) {
		buf_reset(&word);
		while (i < len && word.len < WORD_BYTES - 4) {
			n = utf8_length(s + i, len - i);
			if (n == 0 || (n == 1 && ((unsigned char)s[i] < ' ' || s[i] == 0x7f)))
				buf_str(&word, n ? " " : "\xef\xbf\xbd"); /* controls, broken bytes */
			else
				buf_add(&word, s + i, n);
			i += n ? n : 1;
		}
		buf_str(out, first ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?");
		base64_encode(out, word.data, word.len);
		buf_str(out, "?=");
		first = false;
	}
	buf_release(&word);
}

static void put_subject(struct buf *out, const char *subject)
{
	size_t len = strlen(subject), column = 9, word;
	const char *s = subject;

	/* Cut between characters. */
	if (len > MAIL_SUBJECT_MAX)
		for (len = MAIL_SUBJECT_MAX; len > 0 && ((unsigned char)subject[len] & 0xc0) == 0x80; len--)
			;
	buf_str(out, "Subject: ");
	if (!is_plain(subject, len)) {
		put_encoded(out, subject, len);
		buf_str(out, "\r\n");
		return;
	}
	while (s < subject + len) {
		word = strcspn(s, " ");
		if (word > (size_t)(subject + len - s))
			word = (size_t)(subject + len - s);
		word += strspn(s + word, " ");
		if (word > (size_t)(subject + len - s))
			word = (size_t)(subject + len - s);
		if (column + word > LINE_MOST && column > 9) {
			buf_str(out, "\r\n ");
			column = 1;
		}
		buf_add(out, s, word);
		column += word;
		s += word;
	}
	buf_str(out, "\r\n");
}

static void put_address(struct buf *out, const char *header, const char *name, const char *address)
{
	const char *s;

	buf_printf(out, "%s: ", header);
	if (!*name) {
		buf_printf(out, "%s\r\n", address);
		return;
	}
	if (is_plain(name, strlen(name))) {
		buf_char(out, '"');
		for (s = name; *s; s++) {
			if (*s == '"' || *s == '\\')
				buf_char(out, '\\');
			buf_char(out, *s);
		}
		buf_char(out, '"');
	} else {
		put_encoded(out, name, strlen(name));
	}
	buf_printf(out, "\r\n <%s>\r\n", address);
}

/* RFC 2045, 6.7: lines of at most 76, CRLF at their ends, no blank before one. */
static void put_quoted_printable(struct buf *out, const char *s)
{
	size_t column = 0;

	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		bool blank_at_end = (c == ' ' || c == '\t') && (s[1] == '\n' || s[1] == '\0' || s[1] == '\r');
		bool literal = (c >= ' ' && c < 0x7f && c != '=' && !blank_at_end) || (c == '\t' && !blank_at_end);

		if (c == '\n' || (c == '\r' && s[1] == '\n')) {
			buf_str(out, "\r\n");
			column = 0;
			s += c == '\r';
			continue;
		}
		if (column + (literal ? 1 : 3) > LINE_MOST - 1) {
			buf_str(out, "=\r\n");
			column = 0;
		}
		if (literal)
			buf_char(out, (char)c);
		else
			buf_printf(out, "=%02X", c);
		column += literal ? 1 : 3;
	}
	buf_str(out, "\r\n");
}

static void put_part(struct buf *out, const char *type, const char *text)
{
	buf_printf(out, "--%s\r\nContent-Type: %s; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n\r\n", BOUNDARY, type);
	put_quoted_printable(out, text);
}

static void put_date(struct buf *out, int64_t date_ms)
{
	time_t s = (time_t)(date_ms / 1000);
	char text[64];
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S +0000", &tm);
	buf_printf(out, "Date: %s\r\n", text);
}

int mail_build(const struct mail_message *m, struct buf *out, struct err *err)
{
	if (!mail_address_ok(m->from))
		return err_set(err, ERR_INVALID, "\"%s\" is no mail address to send from", m->from);
	if (!mail_address_ok(m->to))
		return err_set(err, ERR_INVALID, "\"%s\" is no mail address", m->to);
	put_address(out, "From", m->from_name, m->from);
	put_address(out, "To", m->to_name, m->to);
	put_subject(out, m->subject);
	put_date(out, m->date_ms);
	buf_printf(out, "Message-ID: %s\r\n", m->id);
	if (m->thread_id && strcmp(m->thread_id, m->id) != 0)
		buf_printf(out, "In-Reply-To: %s\r\nReferences: %s\r\n", m->thread_id, m->thread_id);
	/* Stops answering machines from answering us (RFC 3834). */
	buf_str(out, "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: multipart/alternative; boundary=\"" BOUNDARY "\"\r\n\r\n");
	put_part(out, "text/plain", m->text);
	put_part(out, "text/html", m->html);
	buf_str(out, "--" BOUNDARY "--\r\n");
	return out->failed ? err_set(err, ERR_LIMIT, "the mail is too large") : 0;
}
