/* pager_plan.h - a plan in C for the tests of roster, paging, reminders and alerts. */
#ifndef TOCSIN_TESTS_PAGER_PLAN_H
#define TOCSIN_TESTS_PAGER_PLAN_H

#include "tocsin/plan.h"

#define MINUTE ((int64_t)60 * 1000)
#define HOUR (60 * MINUTE)
#define T0 ((int64_t)1769587200000) /* 2026-01-28 08:00 UTC, a whole minute */

/*
 * People ada, ben, chloe (chat, mail, phone), dev (Teams and mail), exec (phone only), mia (pagerduty,
 * then the webhook bridge), nemo (no address at all).
 * On call "engineering": ada primary T0 .. +8 h, ben primary +8 h .. +16 h, chloe backup T0 .. +4 h;
 * fallback eng-manager [ada, ben]. "night": nobody ever, fallback "engineering". "void": no fallback.
 * "ring-a" and "ring-b": nobody, each the other's fallback.
 */
extern const struct plan test_plan;
#endif
