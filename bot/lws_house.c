/*
 * lws_house.c - see lws_house.h.
 *
 * lws on a foreign loop destroys itself in two steps: the first call closes what is open and needs
 * further turns of the loop, the second frees the context.
 */
#include "bot/lws_house.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

#include "bot/log.h"
#include "tocsin/err.h"

struct lws_house {
	uv_loop_t *loop;
	struct lws_context *context; /* lws sets this to NULL when the context is really gone */
	bool closing;
};

static void on_lws_log(int level, const char *line)
{
	char text[512];
	size_t n;
	enum log_level as = LOG_DEBUG;

	/* "[2026/01/28 09:00:00:1234] N: text\n" */
	if (*line == '[') {
		const char *end = strchr(line, ']');

		if (end)
			line = end + 1;
		while (*line == ' ')
			line++;
		if (*line && line[1] == ':')
			line += 2;
		while (*line == ' ')
			line++;
	}
	n = strcspn(line, "\r\n");
	if (n >= sizeof(text))
		n = sizeof(text) - 1;
	memcpy(text, line, n);
	text[n] = '\0';
	if (level == LLL_ERR)
		as = LOG_WARN; /* never fatal for us: whoever owns the connection says what it means */
	else if (level == LLL_WARN)
		as = LOG_INFO;
	log_write(as, "lws", NULL, "library", "line", text, NULL);
}

struct lws_house *lws_house_new(uv_loop_t *loop, struct err *err)
{
	struct lws_context_creation_info ci;
	struct lws_house *h = calloc(1, sizeof(*h));
	void *loops[1] = { loop };

	if (!h) {
		err_set(err, ERR_MEMORY, "out of memory");
		return NULL;
	}
	h->loop = loop;
	lws_set_log_level(LLL_ERR | LLL_WARN | LLL_NOTICE, on_lws_log);
	unsetenv("http_proxy");
	memset(&ci, 0, sizeof(ci));
	ci.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
		LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
	ci.foreign_loops = loops;
	ci.port = CONTEXT_PORT_NO_LISTEN;
	ci.gid = (gid_t)-1;
	ci.uid = (uid_t)-1;
	ci.pcontext = &h->context;
	ci.pt_serv_buf_size = 32768;
	ci.max_http_header_data2 = 16384;
	ci.timeout_secs = 10;
	h->context = lws_create_context(&ci);
	if (!h->context) {
		err_set(err, ERR_UPSTREAM,
			"libwebsockets could not be set up: is its libuv plugin (libwebsockets-evlib-uv) installed?");
		free(h);
		return NULL;
	}
	return h;
}

struct lws_context *lws_house_context(const struct lws_house *h)
{
	return h->closing ? NULL : h->context;
}

void lws_house_close(struct lws_house *h)
{
	if (!h || h->closing)
		return;
	h->closing = true;
	lws_context_destroy(h->context);
}

static void on_forgotten_closed(uv_handle_t *handle)
{
	free(handle);
}

/* A TCP connect that timed out leaves its poll handle behind (lws 4.1). */
static void close_forgotten(uv_handle_t *handle, void *ud)
{
	(void)ud;
	if (handle->type == UV_POLL && !uv_is_closing(handle))
		uv_close(handle, on_forgotten_closed);
}

int lws_house_finish(struct lws_house *h)
{
	uv_loop_t *loop = h->loop;

	lws_house_close(h);
	uv_run(loop, UV_RUN_DEFAULT);
	if (h->context) {
		lws_context_destroy(h->context);
		uv_run(loop, UV_RUN_DEFAULT);
	}
	uv_walk(loop, close_forgotten, NULL);
	uv_run(loop, UV_RUN_DEFAULT);
	lws_set_log_level(0, NULL);
	free(h);
	return uv_loop_alive(loop) ? UV_EBUSY : 0;
}
