/* redis_tls.c - see redis_tls.h. */
#include "bot/store/redis_tls.h"

#include <stdio.h>
#include <stdlib.h>

#ifdef TOCSIN_HIREDIS_TLS

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdint.h>

struct redis_tls {
	SSL_CTX *ctx;
};

bool redis_tls_possible(void)
{
	return true;
}

struct redis_tls *redis_tls_new(void)
{
	struct redis_tls *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->ctx = SSL_CTX_new(TLS_client_method());
	if (!t->ctx || SSL_CTX_set_default_verify_paths(t->ctx) != 1 ||
		SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION) != 1) {
		redis_tls_free(t);
		return NULL;
	}
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
	return t;
}

void redis_tls_free(struct redis_tls *t)
{
	if (!t)
		return;
	SSL_CTX_free(t->ctx);
	free(t);
}

/* hiredis' own contexts check the chain but not the name: so the SSL object is made here. */
static bool host_expect(SSL *ssl, const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	/* SSL_set_tlsext_host_name() by hand: the macro casts const away. */
	return SSL_set1_host(ssl, host) == 1 && SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME,
		TLSEXT_NAMETYPE_host_name, (void *)(uintptr_t)host) == 1;
}

int redis_tls_begin(struct redis_tls *t, struct redisContext *c, const char *host, char *why,
	size_t size)
{
	SSL *ssl = t ? SSL_new(t->ctx) : NULL;

	if (!ssl || !host_expect(ssl, host)) {
		snprintf(why, size, "TLS cannot be set up");
	} else if (redisInitiateSSL(c, ssl) != REDIS_OK) {
		snprintf(why, size, "TLS: %s", c->errstr);
	} else {
		return 0; /* ssl belongs to the connection */
	}
	SSL_free(ssl);
	return -1;
}

#else

bool redis_tls_possible(void)
{
	return false;
}

struct redis_tls *redis_tls_new(void)
{
	return NULL;
}

void redis_tls_free(struct redis_tls *t)
{
	(void)t;
}

int redis_tls_begin(struct redis_tls *t, struct redisContext *c, const char *host, char *why,
	size_t size)
{
	(void)t;
	(void)c;
	(void)host;
	snprintf(why, size, "TLS is not possible in this build");
	return -1;
}

#endif
