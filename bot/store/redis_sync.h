/*
 * redis_sync.h - a plain blocking connection, for the subcommands that do one thing and end
 * (audit, doctor). Never used while a loop runs.
 */
#ifndef TOCSIN_BOT_STORE_REDIS_SYNC_H
#define TOCSIN_BOT_STORE_REDIS_SYNC_H

struct err;
struct redisContext;
struct store_url;

/* Connected, authenticated, database selected, version 7 or newer. Five seconds for each step.
 * NULL with err set. Free with redisFree(). */
struct redisContext *redis_sync_connect(const struct store_url *url, struct err *err);
#endif
