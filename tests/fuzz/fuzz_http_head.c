/*
 * fuzz_http_head.c - heads and form bodies of HTTP requests: any bytes, no crash; what is accepted has
 * the shape that routes rely on.
 */
#include <stdlib.h>
#include <string.h>

#include "bot/web/http_head.h"
#include "tocsin/utf8.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check(int ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct http_head head;
	const char *why;
	char *bytes = malloc(size + 1), out[64];
	size_t n, i;
	int status;

	memcpy(bytes, data, size);
	bytes[size] = '\0';
	http_form_get(bytes, size, "t", out, sizeof(out));
	n = http_head_find(bytes, size, 0);
	/* Found at once or found later: the same place. */
	for (i = 1; i < size && i < 64; i++)
		check(http_head_find(bytes, size, i) == n || i + 1 >= n);
	if (n > 0) {
		status = http_head_parse(bytes, n, &head, &why);
		check(status == 0 || (status >= 400 && status < 600));
		if (status == 0) {
			check(head.path[0] == '/' && utf8_valid(head.path, strlen(head.path)));
			check(head.n_headers <= HTTP_HEADERS_MAX);
			for (i = 0; i < head.n_headers; i++)
				check(head.headers[i].name[0] && !strpbrk(head.headers[i].value, "\r\n"));
		} else {
			check(why[0] != '\0');
		}
	}
	free(bytes);
	return 0;
}
