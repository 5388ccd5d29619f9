/* delivery.c - HTTP mode (to be filled in). */
#include "delivery.h"

#include <stdlib.h>

#include "envelope.h"
#include "fake.h"

struct delivery {
	int unused;
};

struct delivery *delivery_new(const char *url, const char *secret)
{
	(void)url;
	(void)secret;
	return NULL;
}

void delivery_free(struct delivery *d)
{
	free(d);
}

void delivery_send(struct fake *f, uint64_t serial, const char *type, json_t *payload, int attempt)
{
	(void)type;
	(void)payload;
	(void)attempt;
	envelope_failed(f, serial);
}

void delivery_stop(struct fake *f)
{
	(void)f;
}
