/* slack_object.c - see slack_object.h. */
#include "handlers/text/slack_object.h"

#include <string.h>

#include "handlers/text/slack_mrkdwn.h"
#include "tocsin/buf.h"
#include "tocsin/json_out.h"

bool slack_plain(struct buf *out, const char *text, size_t units)
{
	size_t start = out->len, len = strlen(text);

	if (slack_escape(out, text, len, units))
		return true;
	buf_truncate(out, start);
	slack_escape(out, text, len, units - 1);
	while (out->len > start && out->data[out->len - 1] == ' ')
		buf_truncate(out, out->len - 1);
	buf_str(out, "\xe2\x80\xa6");
	return false;
}

void slack_plain_object(struct json_out *j, struct arena *a, const char *key, const char *text,
	size_t units)
{
	struct buf out;

	buf_init_arena(&out, a, 65536);
	slack_plain(&out, text, units);
	json_out_object(j, key);
	json_out_str(j, "type", "plain_text");
	json_out_strn(j, "text", buf_text(&out), out.len);
	json_out_object_end(j);
}
