/* reminders_doc.c - planned reminders inside an incident's document (reminders.h). */
#include "tocsin/reminders.h"

#include <jansson.h>
#include <string.h>

#include "tocsin/json_in.h"
#include "tocsin/json_out.h"

static const char *const names[REMIND_KINDS] = {
	"update", "fix", "coordinator", "ack", "postmortem", "checklist",
};

const char *reminder_name(enum reminder_kind kind)
{
	return names[kind];
}

void reminders_encode(struct json_out *j, const struct reminders *r)
{
	for (int i = 0; i < REMIND_KINDS; i++) {
		const struct reminder *item = &r->items[i];

		if (item->due_ms == 0 && item->since_ms == 0 && item->sent == 0)
			continue;
		json_out_object(j, names[i]);
		json_out_int(j, "due", item->due_ms);
		if (item->base_ms != item->due_ms)
			json_out_int(j, "base", item->base_ms);
		json_out_int(j, "since", item->since_ms);
		json_out_int(j, "sent", item->sent);
		json_out_object_end(j);
	}
}

void reminders_decode(struct arena *a, const struct json_t *o, struct reminders *r)
{
	(void)a;
	memset(r, 0, sizeof(*r));
	for (int i = 0; i < REMIND_KINDS; i++) {
		const json_t *item = json_in_get(o, names[i]);
		int64_t sent = json_in_int(item, "sent");

		r->items[i].due_ms = json_in_int(item, "due");
		r->items[i].base_ms = json_in_int(item, "base");
		if (r->items[i].base_ms == 0)
			r->items[i].base_ms = r->items[i].due_ms;
		r->items[i].since_ms = json_in_int(item, "since");
		r->items[i].sent = sent > 0 && sent < INT32_MAX ? (unsigned)sent : 0;
	}
}
