/*
 * systemd.h - telling the service manager how we are: one datagram each to $NOTIFY_SOCKET.
 *
 * Without that variable nothing is sent and every call succeeds.
 */
#ifndef TOCSIN_BOT_SYSTEMD_H
#define TOCSIN_BOT_SYSTEMD_H

#include <stdbool.h>
#include <stdint.h>

/* Sends state lines as they are: "READY=1", "STOPPING=1", "WATCHDOG=1". 1: sent, 0: nobody listens,
 * -1: could not be sent (errno). */
int systemd_notify(const char *state);

/* READY=1 with a status line for `systemctl status`; line breaks in it become spaces. */
int systemd_ready(const char *status);
int systemd_status(const char *status);
int systemd_stopping(void);
int systemd_watchdog(void);

/* RELOADING=1 with the monotonic time that Type=notify-reload wants; systemd_ready() ends it. */
int systemd_reloading(void);

/* How often systemd_watchdog() must be called: half of what the manager allows; 0: no watchdog. */
int64_t systemd_watchdog_interval_ms(void);
#endif
