/* lint.c - see plan_lint() in plan_load.h. */
#include "bot/plan/plan_load.h"

void plan_lint(const struct plan *p, int64_t now_ms, struct plan_report *report)
{
	(void)p;
	(void)now_ms;
	(void)report;
}
