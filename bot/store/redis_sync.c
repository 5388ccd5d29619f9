/* redis_sync.c - see redis_sync.h. */
#include "bot/store/redis_sync.h"

#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/time.h>

#include "bot/store/redis_tls.h"
#include "bot/store/store_check.h"
#include "bot/store/store_url.h"
#include "tocsin/err.h"

/* False, with err set, unless the reply is a good one. Frees it. */
static bool fine(redisContext *c, redisReply *r, const struct store_url *url, const char *what,
	struct err *err)
{
	bool good = r && r->type != REDIS_REPLY_ERROR;

	if (!good)
		err_set(err, ERR_UPSTREAM, "Redis at %s: %s: %s", url->shown, what, r ? r->str : c->errstr);
	freeReplyObject(r);
	return good;
}

static bool greet(redisContext *c, const struct store_url *url, struct err *err)
{
	char why[256];
	redisReply *r;
	bool good = true;

	if (*url->user)
		good = fine(c, redisCommand(c, "AUTH %s %s", url->user, url->password), url, "AUTH", err);
	else if (*url->password)
		good = fine(c, redisCommand(c, "AUTH %s", url->password), url, "AUTH", err);
	if (good && url->db)
		good = fine(c, redisCommand(c, "SELECT %u", url->db), url, "SELECT", err);
	if (!good)
		return false;
	r = redisCommand(c, "INFO");
	if (r && r->type == REDIS_REPLY_STRING && store_check_info(r->str, why, sizeof(why)) < 0) {
		err_set(err, ERR_UPSTREAM, "Redis at %s: %s", url->shown, why);
		good = false;
	}
	return fine(c, r, url, "INFO", err) && good;
}

static bool tls_begin(redisContext *c, const struct store_url *url, struct err *err)
{
	struct redis_tls *tls = redis_tls_new();
	char why[256];
	bool good = redis_tls_begin(tls, c, url->host, why, sizeof(why)) == 0;

	redis_tls_free(tls); /* the connection keeps what it needs */
	if (!good)
		err_set(err, ERR_UPSTREAM, "Redis at %s: %s", url->shown, why);
	return good;
}

redisContext *redis_sync_connect(const struct store_url *url, struct err *err)
{
	const struct timeval patience = {.tv_sec = 5};
	redisContext *c;

	signal(SIGPIPE, SIG_IGN); /* hiredis writes with write(2): EPIPE tells it enough */
	if (*url->path)
		c = redisConnectUnixWithTimeout(url->path, patience);
	else
		c = redisConnectWithTimeout(url->host, (int)url->port, patience);
	if (!c || c->err) {
		err_set(err, ERR_UPSTREAM, "Redis at %s cannot be reached: %s", url->shown,
			c ? c->errstr : "out of memory");
		goto fail;
	}
	redisSetTimeout(c, patience);
	if (url->tls && !tls_begin(c, url, err))
		goto fail;
	if (!greet(c, url, err))
		goto fail;
	return c;
fail:
	if (c)
		redisFree(c);
	return NULL;
}
