/* clock.c - see clock.h. */
#include "bot/clock.h"

#include <stdbool.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic_ms(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_lease_ms(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

/* Real time follows the system's wall clock through its corrections: several instances and a
 * machine that slept must agree on "now". A drill's clock runs on the monotonic one, so that no
 * correction is multiplied by its speed. */
static bool follows_wall(const struct clock *c)
{
	return c->base_house_ms == 0;
}

void clock_init(struct clock *c, int64_t start_ms, double speed)
{
	bool real = start_ms == 0 && !(speed < 1.0) && !(speed > 1.0);

	c->speed = speed > 0 ? speed : 1.0;
	c->base_real_ms = clock_monotonic_ms();
	c->base_house_ms = real ? 0 : start_ms ? start_ms : clock_wall_ms();
}

int64_t clock_now_ms(const struct clock *c)
{
	if (follows_wall(c))
		return clock_wall_ms();
	return c->base_house_ms + (int64_t)((double)(clock_monotonic_ms() - c->base_real_ms) * c->speed);
}

int64_t clock_real_delay_ms(const struct clock *c, int64_t at_ms)
{
	int64_t left = at_ms - clock_now_ms(c);
	double real;

	if (left <= 0)
		return 0;
	if (follows_wall(c))
		return left;
	real = (double)left / c->speed;
	/* Rounded up: a timer that wakes a moment early would find nothing due and spin. */
	return (int64_t)real + 1;
}
