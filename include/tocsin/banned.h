/*
 * banned.h - library calls that have no place here, turned into compile errors.
 *
 * Forced into every translation unit by the build (-include). What to use instead: buf_* and
 * arena_printf() for text, snprintf() with a size, gmtime_r() in the shell, never the process's
 * locale or time zone.
 */
#ifndef TOCSIN_BANNED_H
#define TOCSIN_BANNED_H

/* The system headers declare these names; they must be read before the bans. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TOCSIN_BANNED(f) sorry_##f##_is_a_banned_function

#undef strcpy
#define strcpy(...) TOCSIN_BANNED(strcpy)
#undef strcat
#define strcat(...) TOCSIN_BANNED(strcat)
#undef strncpy
#define strncpy(...) TOCSIN_BANNED(strncpy)
#undef strncat
#define strncat(...) TOCSIN_BANNED(strncat)
#undef sprintf
#define sprintf(...) TOCSIN_BANNED(sprintf)
#undef vsprintf
#define vsprintf(...) TOCSIN_BANNED(vsprintf)
#undef strtok
#define strtok(...) TOCSIN_BANNED(strtok)
#undef strtok_r
#define strtok_r(...) TOCSIN_BANNED(strtok_r)
#undef gets
#define gets(...) TOCSIN_BANNED(gets)
#undef localtime
#define localtime(...) TOCSIN_BANNED(localtime)
#undef localtime_r
#define localtime_r(...) TOCSIN_BANNED(localtime_r)
#undef gmtime
#define gmtime(...) TOCSIN_BANNED(gmtime)
#undef ctime
#define ctime(...) TOCSIN_BANNED(ctime)
#undef ctime_r
#define ctime_r(...) TOCSIN_BANNED(ctime_r)
#undef asctime
#define asctime(...) TOCSIN_BANNED(asctime)
#undef asctime_r
#define asctime_r(...) TOCSIN_BANNED(asctime_r)
#undef mktime
#define mktime(...) TOCSIN_BANNED(mktime)
#undef atoi
#define atoi(...) TOCSIN_BANNED(atoi)
#undef atol
#define atol(...) TOCSIN_BANNED(atol)
#undef atoll
#define atoll(...) TOCSIN_BANNED(atoll)
#undef atof
#define atof(...) TOCSIN_BANNED(atof)
#undef rand
#define rand(...) TOCSIN_BANNED(rand)
#undef srand
#define srand(...) TOCSIN_BANNED(srand)
#undef tmpnam
#define tmpnam(...) TOCSIN_BANNED(tmpnam)
#undef mktemp
#define mktemp(...) TOCSIN_BANNED(mktemp)
#undef system
#define system(...) TOCSIN_BANNED(system)
#undef popen
#define popen(...) TOCSIN_BANNED(popen)
#endif
