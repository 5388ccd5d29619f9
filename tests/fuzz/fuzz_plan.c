/* fuzz_plan.c - any bytes as a plan: read, linted, printed. No file is read but the time zones'. */
#include <stdint.h>
#include <stdlib.h>

#include "bot/plan/plan_load.h"
#include "tocsin/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct plan_report *r = plan_report_new();
	struct plan *p;
	struct buf out;

	if (!r)
		return 0;
	p = plan_load_text("fuzz.yaml", (const char *)data, len, r);
	/* a plan comes out exactly when there is no error */
	if ((p == NULL) != (r->count[FINDING_ERROR] > 0))
		abort();
	if (p)
		plan_lint(p, 1769612400000, r);
	plan_report_sort(r);
	buf_init(&out, 16u << 20);
	plan_report_text(r, &out);
	plan_report_json(r, &out);
	buf_release(&out);
	plan_unref(p);
	plan_report_free(r);
	return 0;
}
