/*
 * banned.h - library calls that have no place here, turned into compile errors.
 *
 * Forced into every translation unit by the build (-include). What to use instead: buf_* and
 * arena_printf() for text, snprintf() with a size, gmtime_r() in the shell, never the process's
 * locale or time zone.
 */
#ifndef TOCSIN_BANNED_H
#define TOCSIN_BANNED_H

/* The system headers declare these names; they must be read before the poison. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok strtok_r gets
#pragma GCC poison localtime localtime_r gmtime ctime ctime_r asctime asctime_r mktime
#pragma GCC poison atoi atol atoll atof rand srand tmpnam mktemp system popen alloca
#endif
