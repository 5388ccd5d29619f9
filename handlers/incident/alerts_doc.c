/* alerts_doc.c - the alerts inside an incident's document (alerts.h). */
#include "tocsin/alerts.h"

#include <jansson.h>
#include <string.h>

#include "tocsin/arena.h"
#include "tocsin/json_in.h"
#include "tocsin/json_out.h"

void alerts_encode(struct json_out *j, const struct incident_alerts *al)
{
	json_out_array(j, "items");
	for (unsigned i = 0; i < al->n; i++) {
		const struct incident_alert *it = &al->items[i];

		json_out_object(j, NULL);
		json_out_str(j, "source", it->source);
		json_out_str(j, "key", it->key);
		json_out_str(j, "episode", it->episode);
		json_out_str(j, "title", it->title);
		json_out_str(j, "link", it->link);
		json_out_str(j, "severity", it->severity);
		json_out_bool(j, "firing", it->firing);
		json_out_int(j, "since", it->since_ms);
		json_out_int(j, "said", it->said_ms);
		json_out_int(j, "repeats", it->repeats);
		json_out_object_end(j);
	}
	json_out_array_end(j);
	json_out_int(j, "more", al->more);
	json_out_int(j, "more_firing", al->more_firing);
	json_out_bool(j, "suggested", al->suggested);
	json_out_int(j, "posts", al->posts);
}

static unsigned get_unsigned(const json_t *o, const char *key)
{
	int64_t v = json_in_int(o, key);

	return v > 0 && v <= INT32_MAX ? (unsigned)v : 0;
}

void alerts_decode(struct arena *a, const struct json_t *o, struct incident_alerts *al)
{
	const json_t *list = json_in_get(o, "items"), *item;
	size_t i;

	memset(al, 0, sizeof(*al));
	if (json_array_size(list) > 0)
		al->items = ARENA_ARRAY(a, struct incident_alert, ALERTS_MAX);
	json_array_foreach(list, i, item) {
		struct incident_alert *it;

		if (al->n == ALERTS_MAX)
			break;
		it = &al->items[al->n++];
		it->source = json_in_str(item, "source");
		it->key = json_in_str(item, "key");
		it->episode = json_in_str(item, "episode");
		it->title = json_in_str(item, "title");
		it->link = json_in_str(item, "link");
		it->severity = json_in_str(item, "severity");
		it->firing = json_in_bool(item, "firing");
		it->since_ms = json_in_int(item, "since");
		it->said_ms = json_in_int(item, "said");
		it->repeats = get_unsigned(item, "repeats");
	}
	al->more = get_unsigned(o, "more");
	al->more_firing = get_unsigned(o, "more_firing");
	al->suggested = json_in_bool(o, "suggested");
	al->posts = get_unsigned(o, "posts");
}
