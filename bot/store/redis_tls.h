/*
 * redis_tls.h - rediss://: TLS under a hiredis connection, where the installed hiredis can (1.0
 * and later, with its libhiredis_ssl; the build looks for it). The server's certificate must be
 * valid for the host of the address and signed by an authority that the system trusts
 * (SSL_CERT_FILE and SSL_CERT_DIR name others).
 */
#ifndef TOCSIN_BOT_STORE_REDIS_TLS_H
#define TOCSIN_BOT_STORE_REDIS_TLS_H

#include <stdbool.h>
#include <stddef.h>

struct redisContext;
struct redis_tls;

bool redis_tls_possible(void); /* in this build */

/* What all connections share: the trusted authorities. NULL: no memory, or not possible. */
struct redis_tls *redis_tls_new(void);
void redis_tls_free(struct redis_tls *t);

/* Right after the socket was made, before anything is sent. host: a name or an address. 0, or -1
 * with why. */
int redis_tls_begin(struct redis_tls *t, struct redisContext *c, const char *host, char *why,
	size_t size);
#endif
