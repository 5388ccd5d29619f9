/* fuzz_zone.c - any bytes as a time zone file, then times there and back. */
#include <stdint.h>
#include <stdlib.h>

#include "tocsin/arena.h"
#include "tocsin/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct arena *a = arena_new(4u << 20);
	struct zone *z;

	if (!a)
		return 0;
	z = zone_parse(a, "fuzz", data, len, NULL);
	for (int64_t year = 1900; z && year < 2100; year += 7) {
		int64_t ms = day_number((int)year, 3, 8) * 86400000 + 123;
		struct local_time t;

		zone_to_local(z, ms, &t);
		if (!local_time_valid(&t))
			abort();
		zone_to_utc_ms(z, &t);
	}
	arena_free(a);
	return 0;
}
