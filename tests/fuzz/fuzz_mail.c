/* fuzz_mail.c - mails made of any words: no byte of them leaves its place. */
#include <stdlib.h>
#include <string.h>

#include "bot/reach/mail_message.h"
#include "tocsin/buf.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* ASCII only, lines end with CR LF and are no longer than 998; no more header fields than ours. */
static void check(const char *s)
{
	unsigned column = 0, fields = 0;
	bool head = true;

	for (; *s; s++) {
		if (*s == '\r' && s[1] == '\n') {
			if (column == 0)
				head = false;
			column = 0;
			s++;
			continue;
		}
		if (*s == '\n' || *s == '\r' || (unsigned char)*s >= 0x80 || ++column > 998)
			abort();
		if (head && column == 1 && *s != ' ')
			fields++;
	}
	if (fields != 11)
		abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	char *text = malloc(size + 1);
	struct mail_message m = {.from = "t@example.com", .from_name = text, .to = "a@example.com", .to_name = text,
		.subject = text, .text = text, .html = text, .id = "<1@example.com>", .thread_id = "<0@example.com>"};
	struct buf out;

	memcpy(text, data, size);
	text[size] = '\0';
	buf_init(&out, 1u << 22);
	if (mail_build(&m, &out, NULL) == 0)
		check(buf_text(&out));
	buf_release(&out);
	free(text);
	return 0;
}
