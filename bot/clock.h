/*
 * clock.h - the house clock. Real time by default; a start and a speed exist for drills and the
 * demo only (main refuses them against a real workspace).
 */
#ifndef TOCSIN_BOT_CLOCK_H
#define TOCSIN_BOT_CLOCK_H

#include <stdint.h>

struct clock {
	int64_t base_real_ms; /* monotonic */
	int64_t base_house_ms;
	double speed;
};

/* start_ms 0: now. speed 1.0: real time. */
void clock_init(struct clock *c, int64_t start_ms, double speed);
int64_t clock_now_ms(const struct clock *c);
/* How long in real milliseconds until the house clock shows at_ms; 0 when it does already. */
int64_t clock_real_delay_ms(const struct clock *c, int64_t at_ms);
int64_t clock_wall_ms(void);      /* the system's wall clock */
int64_t clock_monotonic_ms(void); /* for time-outs */
int64_t clock_lease_ms(void);     /* goes on while the machine sleeps: what others see of us */
#endif
