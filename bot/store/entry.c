/* entry.c - see entry.h. */
#include "bot/store/entry.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "tocsin/buf.h"

#define LENGTH_MAX ((size_t)16 * 1024 * 1024)

/* Letters are for ever: entries outlive the program that wrote them. */
static const struct {
	char letter;
	size_t offset;
} texts[] = {
	{'o', offsetof(struct send, op)},
	{'k', offsetof(struct send, key)},
	{'e', offsetof(struct send, entity)},
	{'g', offsetof(struct send, guard)},
	{'n', offsetof(struct send, note)},
	{'c', offsetof(struct send, to.channel)},
	{'t', offsetof(struct send, to.thread)},
	{'T', offsetof(struct send, thread_ref)},
	{'u', offsetof(struct send, user)},
	{'r', offsetof(struct send, ref)},
	{'m', offsetof(struct send, template_name)},
	{'d', offsetof(struct send, data)},
	{'P', offsetof(struct send, person)},
	{'v', offsetof(struct send, via)},
	{'a', offsetof(struct send, arg)},
	{'l', offsetof(struct send, link)},
	{'U', offsetof(struct send, users)},
	{'A', offsetof(struct send, ack)},
};
#define TEXTS (sizeof(texts) / sizeof(texts[0]))

static const char **text_of(struct send *s, size_t i)
{
	return (const char **)(void *)((char *)s + texts[i].offset);
}

/* "d123:" and the text and ",". */
static void field_add(struct buf *out, char letter, const char *s, size_t len)
{
	char head[24], *p = head + sizeof(head);
	size_t n = len;

	*--p = ':';
	do
		*--p = (char)('0' + n % 10);
	while (n /= 10);
	*--p = letter;
	buf_add(out, p, (size_t)(head + sizeof(head) - p));
	buf_add(out, s, len);
	buf_char(out, ',');
}

static void number_add(struct buf *out, char letter, int64_t value)
{
	char text[24];

	if (value)
		field_add(out, letter, text, (size_t)snprintf(text, sizeof(text), "%" PRId64, value));
}

void entry_encode(const struct send *send, int64_t created_ms, struct buf *out)
{
	struct send copy = *send;
	size_t i;

	buf_str(out, "1,");
	for (i = 0; i < TEXTS; i++) {
		const char *s = *text_of(&copy, i);

		if (s && *s)
			field_add(out, texts[i].letter, s, strlen(s));
	}
	number_add(out, 'p', send->to.platform);
	number_add(out, 'R', send->report);
	number_add(out, 'B', send->broadcast);
	number_add(out, 'x', send->not_after_ms);
	number_add(out, 'C', created_ms);
}

static int64_t number_read(const char *s)
{
	int64_t value = 0;
	bool negative = *s == '-';
	int n;

	for (n = negative, s += negative; *s >= '0' && *s <= '9' && n < 18; s++, n++)
		value = value * 10 + (*s - '0');
	return negative ? -value : value;
}

static void field_set(struct send *send, int64_t *created_ms, char letter, const char *value)
{
	int64_t number;
	size_t i;

	for (i = 0; i < TEXTS; i++) {
		if (texts[i].letter == letter) {
			*text_of(send, i) = value;
			return;
		}
	}
	number = number_read(value);
	switch (letter) {
	case 'p':
		if (number >= PLATFORM_NONE && number <= PLATFORM_TEAMS)
			send->to.platform = (enum platform)number;
		break;
	case 'R':
		send->report = number != 0;
		break;
	case 'B':
		send->broadcast = number != 0;
		break;
	case 'x':
		send->not_after_ms = number;
		break;
	case 'C':
		*created_ms = number;
		break;
	default:
		break;
	}
}

bool entry_decode(char *text, size_t len, struct send *send, int64_t *created_ms)
{
	char *p = text, *end = text + len;
	size_t i;

	memset(send, 0, sizeof(*send));
	*created_ms = 0;
	for (i = 0; i < TEXTS; i++)
		*text_of(send, i) = "";
	if (len < 2 || memcmp(p, "1,", 2) != 0)
		return false;
	for (p += 2; p < end;) {
		char letter = *p++;
		size_t n = 0;

		if (p == end || *p < '0' || *p > '9')
			return false;
		while (p < end && *p >= '0' && *p <= '9' && n <= LENGTH_MAX)
			n = n * 10 + (size_t)(*p++ - '0');
		if (p == end || *p++ != ':' || n >= (size_t)(end - p) || p[n] != ',')
			return false;
		p[n] = '\0';
		if (strlen(p) != n)
			return false; /* a zero byte inside would cut the text short */
		field_set(send, created_ms, letter, p);
		p += n + 1;
	}
	return *send->op != '\0';
}
