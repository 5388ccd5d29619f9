/* fuzz_twilio.c - what Twilio or a stranger posts: forms, addresses, replies; and XML of any text. */
#include <stdlib.h>
#include <string.h>

#include "bot/reach/twilio_wire.h"
#include "tocsin/arena.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check_xml(const char *xml)
{
	const char *s;

	if (!xml)
		return;
	/* Whatever was said, there is one response, and it ends. */
	s = strstr(xml, "<Response>");
	if (!s || strstr(s + 1, "<Response>") || strcmp(xml + strlen(xml) - 11, "</Response>") != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct arena *a = arena_new((size_t)64 << 20);
	const char *text, *id, *signature;
	struct twilio_ref ref, back;

	if (size > 65536)
		size = 65536;
	text = arena_strndup(a, (const char *)data, size);
	signature = twilio_sign(a, "token", "https://ops.example.com/x", (const char *)data, size);
	if (signature && !twilio_verify(a, "token", "https://ops.example.com/x", (const char *)data, size, signature))
		abort();
	if (signature && twilio_verify(a, "other", "https://ops.example.com/x", (const char *)data, size, signature))
		abort();
	twilio_verify(a, "token", text, "", 0, "");
	if (twilio_ref_read(a, text, &ref)) {
		/* What was read can be written, and reads the same. */
		const char *url = twilio_url(a, "https://ops.example.com", "phone", "gather", &ref);

		if (!twilio_ref_read(a, strchr(url, '?') + 1, &back) || strcmp(ref.entity, back.entity) != 0 ||
			strcmp(ref.note, back.note) != 0 || strcmp(ref.person, back.person) != 0 || ref.turn != back.turn)
			abort();
	}
	check_xml(twiml_ask(a, text, text));
	check_xml(twiml_message(a, size < 8000 ? text : ""));
	if (sms_is_ack(a, text, &id) &&
		(strlen(id) > 40 || strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_#") != strlen(id)))
		abort();
	sms_is_stop(text);
	arena_free(a);
	return 0;
}
