/*
 * pager_signature.h - is a webhook from PagerDuty? "v1=HEX[,v1=HEX...]": one part must fit; there are
 * two while a secret is being rotated. Pure but for the crypto library.
 */
#ifndef TOCSIN_BOT_WEB_PAGER_SIGNATURE_H
#define TOCSIN_BOT_WEB_PAGER_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>

#define PAGER_SIGNATURES_MAX 16 /* parts that are looked at */

/* body: the raw bytes; header: X-PagerDuty-Signature. Constant time in the secret. */
bool pager_verify(const char *secret, const char *body, size_t len, const char *header);
#endif
