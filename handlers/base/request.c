/* request.c - an empty request: no string is NULL. */
#include "tocsin/request.h"

#include <string.h>

void request_init(struct request *r)
{
	memset(r, 0, sizeof(*r));
	r->id = r->trace = "";
	r->who.user = r->who.name = "";
	r->where.channel = r->where.thread = "";
	r->place_name = r->family = r->text = r->message_ts = r->timer = "";
	r->pager = "";
	r->delivery.entity = r->delivery.key = r->delivery.op = r->delivery.note = "";
	r->delivery.channel = r->delivery.ts = r->delivery.error = r->delivery.detail = "";
	r->alert.source = r->alert.key = r->alert.episode = r->alert.severity = "";
	r->alert.title = r->alert.link = r->alert.service = r->alert.description = "";
}
