/* fault.c - see fault.h. */
#include "bot/fault.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	int armed;
	enum fault_point point;
	unsigned long left;
} fault;

const char *fault_name(unsigned index)
{
#define FAULT_NAME(name) #name,
	static const char *const names[] = {FAULT_POINTS(FAULT_NAME)};
#undef FAULT_NAME

	return index < FAULT_POINT_COUNT ? names[index] : NULL;
}

int fault_setup(const char *text)
{
	const char *colon = text ? strchr(text, ':') : NULL;
	unsigned i;

	if (!text)
		return 0;
	if (!colon)
		return -1;
	for (i = 0; i < FAULT_POINT_COUNT; i++) {
		const char *name = fault_name(i);

		if (strlen(name) == (size_t)(colon - text) &&
			strncmp(name, text, strlen(name)) == 0) {
			fault.armed = 1;
			fault.point = (enum fault_point)i;
			fault.left = strtoul(colon + 1, NULL, 10);
			return fault.left > 0 ? 0 : -1;
		}
	}
	return -1;
}

void fault_pass(enum fault_point point)
{
	if (fault.armed && fault.point == point && --fault.left == 0)
		kill(getpid(), SIGKILL);
}
