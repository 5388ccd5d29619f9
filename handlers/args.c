/* args.c - see args.h. */
#include "tocsin/args.h"

#include <string.h>
#include <strings.h>

#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/plan.h"
#include "tocsin/utf8.h"

#define PLAIN_MAX ((size_t)256 * 1024)

static bool is_space(uint32_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xa0 || c == 0x1680 ||
		(c >= 0x2000 && c <= 0x200b) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
		c == 0x205f || c == 0x3000 || c == 0xfeff;
}

/* Characters that have no business in a text that others read: they hide or turn it around. */
static bool is_unwanted(uint32_t c)
{
	return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0) || c == 0x200b ||
		c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
		(c >= 0x2060 && c <= 0x2069) || c == 0xfeff || c == 0xfffe || c == 0xffff;
}

static bool is_double_quote(uint32_t c)
{
	return c == '"' || c == 0x201c || c == 0x201d || c == 0x201e || c == 0xab || c == 0xbb;
}

static bool is_single_quote(uint32_t c)
{
	return c == '\'' || c == 0x2018 || c == 0x2019;
}

/* One of Slack's escapes at s: the character, and how many bytes it took; else 0. */
static char unescape(const char *s, size_t len, size_t *n)
{
	static const struct {
		const char *text;
		char c;
	} table[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}};

	for (size_t i = 0; i < 3; i++) {
		*n = strlen(table[i].text);
		if (len >= *n && memcmp(s, table[i].text, *n) == 0)
			return table[i].c;
	}
	return 0;
}

static const char *unescaped(struct arena *a, const char *s, size_t len)
{
	char *out = arena_alloc(a, len + 1), *p = out;
	size_t n;

	while (len) {
		char c = unescape(s, len, &n);

		if (!c) {
			c = *s;
			n = 1;
		}
		*p++ = c;
		s += n;
		len -= n;
	}
	return out;
}

static bool is_id(const char *s, size_t n)
{
	if (n < 2 || n > 64)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= 'A' && s[i] <= 'Z') || (s[i] >= '0' && s[i] <= '9')))
			return false;
	return true;
}

static bool starts(const char *s, size_t n, const char *with)
{
	return n >= strlen(with) && memcmp(s, with, strlen(with)) == 0;
}

/* A platform token at s ("<@U1|ada>"): fills in arg and answers its length; 0 when it is none. */
static size_t token_read(struct arena *a, const char *s, size_t len, struct arg *arg)
{
	const char *end, *bar;
	size_t n, head;

	if (len < 4 || *s != '<' || !(end = memchr(s, '>', len)))
		return 0;
	n = (size_t)(end - s - 1);
	s++;
	bar = memchr(s, '|', n);
	head = bar ? (size_t)(bar - s) : n;
	arg->label = bar ? unescaped(a, bar + 1, n - head - 1) : "";
	if (*s == '@' && is_id(s + 1, head - 1)) {
		arg->kind = ARG_USER;
		arg->text = arena_strndup(a, s + 1, head - 1);
	} else if (*s == '#' && is_id(s + 1, head - 1)) {
		arg->kind = ARG_CHANNEL;
		arg->text = arena_strndup(a, s + 1, head - 1);
	} else if (starts(s, head, "!subteam^") && is_id(s + 9, head - 9)) {
		arg->kind = ARG_GROUP;
		arg->text = arena_strndup(a, s + 9, head - 9);
	} else if (starts(s, head, "!here") || starts(s, head, "!channel") ||
		starts(s, head, "!everyone")) {
		arg->kind = ARG_SPECIAL;
		arg->text = arena_strndup(a, s + 1, head - 1);
	} else if (starts(s, head, "http://") || starts(s, head, "https://") ||
		starts(s, head, "mailto:")) {
		arg->kind = ARG_LINK;
		arg->text = unescaped(a, s, head);
	} else {
		return 0;
	}
	return n + 2;
}

/* One word or quoted text from *at on; stops at the space or quote behind it. */
static void word_read(struct args *out, size_t *at, struct arg *arg)
{
	const char *s = out->source;
	size_t n, i = *at, e;
	uint32_t c = utf8_decode(s + i, out->len - i, &n);
	bool twice = is_double_quote(c), once = is_single_quote(c);
	struct buf b;
	char esc;

	buf_init_arena(&b, out->arena, PLAIN_MAX);
	if (twice || once)
		i += n;
	else if (c == 0x2013 || c == 0x2014) {
		buf_str(&b, "--");
		i += n;
	}
	while (i < out->len) {
		c = utf8_decode(s + i, out->len - i, &n);
		if (twice && is_double_quote(c)) {
			i += n;
			break;
		}
		if (once && is_single_quote(c)) {
			size_t m = 0;

			/* An apostrophe inside a word does not end it. */
			if (i + n >= out->len || is_space(utf8_decode(s + i + n, out->len - i - n, &m))) {
				i += n;
				break;
			}
		}
		if (!twice && !once && (is_space(c) || (c == '<' && i > *at)))
			break;
		esc = unescape(s + i, out->len - i, &e);
		if (esc) {
			buf_char(&b, esc);
			i += e;
		} else {
			if (!is_unwanted(c))
				buf_add(&b, s + i, n);
			i += n;
		}
	}
	arg->text = buf_text(&b);
	arg->kind = starts(arg->text, b.len, "https://") || starts(arg->text, b.len, "http://") ?
		ARG_LINK : ARG_WORD;
	arg->label = "";
	*at = i;
}

/* A quote that is never closed is a character, not a delimiter. */
static bool quote_closes(const struct args *out, size_t at, bool twice)
{
	size_t n, m;
	uint32_t c;

	utf8_decode(out->source + at, out->len - at, &n);
	for (at += n; at < out->len; at += n) {
		c = utf8_decode(out->source + at, out->len - at, &n);
		if (twice && is_double_quote(c))
			return true;
		if (!twice && is_single_quote(c) && (at + n >= out->len ||
			is_space(utf8_decode(out->source + at + n, out->len - at - n, &m))))
			return true;
	}
	return false;
}

void args_parse(struct args *out, struct arena *a, const char *text)
{
	size_t i = 0, n;

	memset(out, 0, sizeof(*out));
	out->arena = a;
	out->source = text;
	out->len = strlen(text);
	while (out->n < ARGS_MAX) {
		struct arg *arg = &out->items[out->n];
		uint32_t c;

		while (i < out->len && is_space(utf8_decode(text + i, out->len - i, &n)))
			i += n;
		if (i >= out->len)
			break;
		arg->at = i;
		out->n++;
		n = token_read(a, text + i, out->len - i, arg);
		if (n) {
			i += n;
			continue;
		}
		c = utf8_decode(text + i, out->len - i, &n);
		if ((is_double_quote(c) || is_single_quote(c)) &&
			!quote_closes(out, i, is_double_quote(c))) {
			size_t from = i;

			i += n;
			if (i < out->len && !is_space((unsigned char)text[i]))
				word_read(out, &i, arg);
			arg->kind = ARG_WORD;
			arg->text = arena_printf(a, "%.*s%s", (int)n, text + from, arg->text ? arg->text : "");
			arg->label = "";
			continue;
		}
		word_read(out, &i, arg);
	}
	out->end = i;
}

/* --- free text --------------------------------------------------------------------------- */

static void token_write(struct buf *b, const struct plan *plan, const struct arg *arg)
{
	const struct plan_person *p;

	switch (arg->kind) {
	case ARG_USER:
		p = plan ? plan_person_by_slack(plan, arg->text) : NULL;
		buf_printf(b, "@%s", p ? p->name : *arg->label ? arg->label : arg->text);
		return;
	case ARG_CHANNEL:
		buf_printf(b, "#%s", *arg->label ? arg->label : arg->text);
		return;
	case ARG_GROUP:
		buf_printf(b, "%s%s", *arg->label == '@' ? "" : "@", *arg->label ? arg->label : arg->text);
		return;
	case ARG_SPECIAL:
		buf_printf(b, "@%s", arg->text);
		return;
	case ARG_LINK:
		buf_str(b, starts(arg->text, strlen(arg->text), "mailto:") ? arg->text + 7 : arg->text);
		return;
	case ARG_WORD:
		buf_str(b, arg->text);
		return;
	}
}

static const char *plain(struct arena *a, const struct plan *plan, const char *s, size_t len,
	bool one_line, bool escaped)
{
	bool gap = false; /* a space is owed */
	struct buf b;
	struct arg arg;
	size_t i = 0, n;

	buf_init_arena(&b, a, PLAIN_MAX);
	while (i < len && b.len < PLAIN_MAX - 1024) {
		uint32_t c;
		char esc;

		if (escaped && s[i] == '<' && (n = token_read(a, s + i, len - i, &arg)) != 0) {
			if (gap && b.len)
				buf_char(&b, ' ');
			gap = false;
			token_write(&b, plan, &arg);
			i += n;
			continue;
		}
		c = utf8_decode(s + i, len - i, &n);
		if (is_space(c) && (one_line || c != '\n')) {
			gap = true;
		} else if (c == '\n') {
			gap = false;
			if (b.len)
				buf_char(&b, '\n');
		} else if (!is_unwanted(c)) {
			if (gap && b.len && b.data[b.len - 1] != '\n')
				buf_char(&b, ' ');
			gap = false;
			esc = '\0';
			if (escaped)
				esc = unescape(s + i, len - i, &n);
			if (esc) {
				buf_char(&b, esc);
			} else {
				char out[4];

				utf8_decode(s + i, len - i, &n);
				buf_add(&b, out, utf8_encode(c, out));
			}
		}
		i += n;
	}
	while (b.len && b.data[b.len - 1] == '\n')
		buf_truncate(&b, b.len - 1);
	return buf_text(&b);
}

const char *args_plain(struct arena *a, const struct plan *plan, const char *text, bool one_line)
{
	return plain(a, plan, text, strlen(text), one_line, true);
}

const char *args_clean(struct arena *a, const char *text, bool one_line)
{
	return plain(a, NULL, text, strlen(text), one_line, false);
}

/* "“Checkout is down”" -> "Checkout is down"; quotes inside stay. */
static const char *unquoted(struct arena *a, const char *s)
{
	size_t len = strlen(s), first, at, n, last = 0;

	if (!len || !is_double_quote(utf8_decode(s, len, &first)))
		return s;
	for (at = first; at < len; at += n)
		if (is_double_quote(utf8_decode(s + at, len - at, &n)))
			break;
	last = at;
	if (at >= len || at + n != len)
		return s;
	return arena_strndup(a, s + first, last - first);
}

const char *args_rest(const struct args *args, size_t from, const struct plan *plan, bool one_line)
{
	size_t at = from < args->n ? args->items[from].at : args->end;

	return unquoted(args->arena,
		plain(args->arena, plan, args->source + at, args->len - at, one_line, true));
}

const char *args_cut(struct arena *a, const char *text, size_t chars)
{
	size_t len = strlen(text), at = 0, n, keep = 0;

	for (size_t i = 0; at < len; i++) {
		if (i == chars)
			return arena_printf(a, "%.*s\xe2\x80\xa6", (int)keep, text);
		if (i == chars - 1)
			keep = at;
		utf8_decode(text + at, len - at, &n);
		at += n;
	}
	return text;
}

bool args_word_is(const struct arg *arg, const char *word)
{
	return arg->kind == ARG_WORD && strcasecmp(arg->text, word) == 0;
}

/* --- severities -------------------------------------------------------------------------- */

/* "SEV-1:" -> "sev", 1. False when the word is not letters and one number. */
static bool split_severity(const char *s, char letters[12], unsigned *number, bool *has_number)
{
	size_t n = 0;
	unsigned digits = 0;

	for (; (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z'); s++) {
		if (n == 11)
			return false;
		letters[n++] = (char)(*s | 0x20);
	}
	letters[n] = '\0';
	if (n && (*s == '-' || *s == '_' || *s == '.'))
		s++;
	*number = 0;
	for (; *s >= '0' && *s <= '9'; s++, digits++)
		*number = digits < 3 ? *number * 10 + (unsigned)(*s - '0') : 999;
	*has_number = digits > 0;
	while (*s == ':' || *s == ',' || *s == '.')
		s++;
	return !*s;
}

static bool is_one_of(const char *s, const char *a, const char *b, const char *c)
{
	return strcmp(s, a) == 0 || strcmp(s, b) == 0 || strcmp(s, c) == 0;
}

static const struct plan_severity *severity_of(const struct plan *plan, const char *letters,
	unsigned number)
{
	/* Not "S3": that is a product's name more often than a severity. */
	bool sev = strcmp(letters, "sev") == 0 || strcmp(letters, "severity") == 0;
	char own[12];
	unsigned own_number;
	bool has;

	if (!sev && !is_one_of(letters, "p", "prio", "priority"))
		return NULL;
	/* The same family as the plan's keys: the number is meant as written. */
	for (size_t i = 0; i < plan->n_severities; i++)
		if (split_severity(plan->severities[i].key, own, &own_number, &has) && has &&
			own_number == number && (sev ? is_one_of(own, "sev", "severity", "s") :
			is_one_of(own, "p", "prio", "priority")))
			return &plan->severities[i];
	if (plan->n_severities && split_severity(plan->severities[0].key, own, &own_number, &has) &&
		has && (sev ? is_one_of(own, "sev", "severity", "s") :
		is_one_of(own, "p", "prio", "priority")))
		return NULL;
	if (sev && number)
		number--;
	return number < plan->n_severities ? &plan->severities[number] : NULL;
}

const struct plan_severity *args_severity(const struct args *args, size_t at,
	const struct plan *plan, size_t *words)
{
	const struct plan_severity *sev;
	char letters[12], none[12];
	unsigned number;
	bool has;
	size_t len;
	const char *s;

	*words = 1;
	if (at >= args->n || args->items[at].kind != ARG_WORD)
		return NULL;
	s = args->items[at].text;
	len = strlen(s);
	while (len && (s[len - 1] == ':' || s[len - 1] == ','))
		len--;
	sev = plan_severity(plan, arena_strndup(args->arena, s, len));
	if (sev)
		return sev;
	if (!split_severity(s, letters, &number, &has))
		return NULL;
	if (has)
		return severity_of(plan, letters, number);
	/* "sev 1": only the words that mean nothing else. */
	if (is_one_of(letters, "sev", "severity", "priority") && at + 1 < args->n &&
		args->items[at + 1].kind == ARG_WORD &&
		split_severity(args->items[at + 1].text, none, &number, &has) && has && !*none) {
		*words = 2;
		return severity_of(plan, letters, number);
	}
	return NULL;
}

/* --- people ------------------------------------------------------------------------------ */

/* ASCII case folds; other letters must be as in the plan. */
static bool name_begins(const char *name, const char *with, size_t n)
{
	return strncasecmp(name, with, n) == 0 && (name[n] == '\0' || name[n] == ' ');
}

/* Names of `least` to `most` words, the longest first: "Ada Park" before "Ada". */
static enum args_person by_name(const struct args *args, size_t at, const struct plan *plan,
	size_t least, size_t most, const struct plan_person **person, size_t *words)
{
	const char *first = args->items[at].text;
	size_t found = 0;

	if (*first == '@')
		first++;
	for (size_t k = most < args->n - at ? most : args->n - at; k >= least; k--) {
		struct buf b;

		buf_init_arena(&b, args->arena, 512);
		buf_str(&b, first);
		for (size_t i = 1; i < k; i++)
			buf_printf(&b, " %s", args->items[at + i].text);
		found = 0;
		for (size_t i = 0; i < plan->n_people && b.len; i++) {
			const char *name = plan->people[i].name;

			if (!name || !name_begins(name, b.data, b.len) || (k > 1 && name[b.len]))
				continue;
			*person = &plan->people[i];
			found++;
			if (!name[b.len]) { /* the whole name */
				found = 1;
				break;
			}
		}
		*words = k;
		if (found)
			return found == 1 ? ARGS_PERSON_KNOWN : ARGS_PERSON_UNCLEAR;
	}
	*words = 1;
	return ARGS_PERSON_NONE;
}

enum args_person args_person(const struct args *args, size_t at, const struct plan *plan,
	const struct plan_person **person, size_t *words)
{
	const struct arg *arg;
	const char *key;

	*words = 1;
	*person = NULL;
	if (at >= args->n)
		return ARGS_PERSON_NONE;
	arg = &args->items[at];
	if (arg->kind == ARG_USER) {
		*person = plan_person_by_slack(plan, arg->text);
		return *person ? ARGS_PERSON_KNOWN : ARGS_PERSON_FOREIGN;
	}
	if (arg->kind != ARG_WORD)
		return ARGS_PERSON_NONE;
	/* "ben novak" is not the person whose key is "ben". */
	if (by_name(args, at, plan, 2, 4, person, words) == ARGS_PERSON_KNOWN)
		return ARGS_PERSON_KNOWN;
	key = *arg->text == '@' ? arg->text + 1 : arg->text;
	for (size_t i = 0; i < plan->n_people; i++)
		if (strcasecmp(plan->people[i].key, key) == 0) {
			*person = &plan->people[i];
			return ARGS_PERSON_KNOWN;
		}
	return by_name(args, at, plan, 1, 1, person, words);
}
