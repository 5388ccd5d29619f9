/*
 * net_address.h - which network addresses a stranger's URL may not lead to.
 */
#ifndef TOCSIN_BOT_NET_ADDRESS_H
#define TOCSIN_BOT_NET_ADDRESS_H

#include <stdbool.h>

struct sockaddr;

/* True for loopback, private, shared, link-local, multicast, reserved and unspecified addresses,
 * for IPv6 forms that carry such an IPv4 address (mapped, NAT64, 6to4), and for any family that
 * is not IP. */
bool net_address_private(const struct sockaddr *sa);

/* The same for a literal ("10.0.0.1", "fe80::1%eth0"); text that is no address is private. */
bool net_address_private_text(const char *text);

/* "localhost", 127.0.0.0/8 or ::1 (with or without brackets): a host name as in a URL. */
bool net_host_loopback(const char *host);
#endif
