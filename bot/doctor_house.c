/* doctor_house.c - what `tocsin doctor` looks at on this machine: the plan, its templates, Redis. */
#include "bot/doctor.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "bot/clock.h"
#include "bot/plan/plan_load.h"
#include "bot/store/redis_sync.h"
#include "bot/store/store_check.h"
#include "bot/store/store_url.h"
#include "bot/words_load.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/plan.h"
#include "tocsin/render.h"

#define FAULTS_SHOWN 5
#define SKEW_MS 2000
#define SLOW_US 20000
#define DISK_WANTED ((unsigned long long)256 * 1024 * 1024)

/* --- plan ------------------------------------------------------------------------------------------ */

static void say_findings(struct doctor *d, struct plan_report *r, enum finding_level level)
{
	unsigned shown = 0;
	size_t i;

	for (i = 0; i < r->n && shown < FAULTS_SHOWN; i++) {
		const struct finding *f = &r->items[i];

		if (f->level != level)
			continue;
		shown++;
		doctor_say(d, level == FINDING_ERROR ? DOCTOR_FAIL : DOCTOR_WARN, "plan", f->mend,
			"%s:%u:%u: %s", f->file, f->line, f->column, f->what);
	}
	if (r->count[level] > shown)
		doctor_say(d, level == FINDING_ERROR ? DOCTOR_FAIL : DOCTOR_WARN, "plan", "tocsin check shows all",
			"and %zu more", r->count[level] - shown);
}

static void check_words(struct doctor *d, const struct plan *plan)
{
	struct err e = {0};
	struct words *words = words_load(plan->template_dir, &e);
	struct buf faults;
	size_t n;

	if (!words) {
		doctor_say(d, DOCTOR_FAIL, "words", "see docs/templates.md", "%s", e.text);
		return;
	}
	buf_init(&faults, 65536);
	n = words_check(words, &faults);
	if (n)
		doctor_say(d, DOCTOR_FAIL, "words", "tocsin check shows all", "%zu faults in templates: %.*s", n,
			(int)strcspn(buf_text(&faults), "\n"), buf_text(&faults));
	else
		doctor_say(d, DOCTOR_OK, "words", NULL, "every template renders");
	buf_release(&faults);
	words_free(words);
}

struct plan *doctor_plan(struct doctor *d, const char *path)
{
	struct plan_report *r = plan_report_new();
	struct plan *plan;

	if (!r) {
		doctor_say(d, DOCTOR_FAIL, "plan", NULL, "out of memory");
		return NULL;
	}
	plan = plan_load(path, r);
	if (plan)
		plan_lint(plan, clock_wall_ms(), r);
	plan_report_sort(r);
	say_findings(d, r, FINDING_ERROR);
	say_findings(d, r, FINDING_WARNING);
	if (plan) {
		doctor_say(d, DOCTOR_OK, "plan", NULL, "%s: %zu people, %zu severities, %zu ladders, %zu channels",
			path, plan->n_people, plan->n_severities, plan->n_ladders, plan->n_channels);
		check_words(d, plan);
	}
	plan_report_free(r);
	return plan;
}

/* --- Redis ------------------------------------------------------------------------------------------- */

/* The value of a CONFIG GET, or NULL when the server does not tell. */
static char *config_get(struct redisContext *c, const char *name)
{
	redisReply *r = redisCommand(c, "CONFIG GET %s", name);
	char *value = NULL;

	if (r && r->type == REDIS_REPLY_ARRAY && r->elements == 2 && r->element[1]->str)
		value = strdup(r->element[1]->str);
	freeReplyObject(r);
	return value;
}

static void check_keeping(struct doctor *d, struct redisContext *c, const char *shown)
{
	redisReply *info = redisCommand(c, "INFO");
	char *fsync = config_get(c, "appendfsync"), *save = config_get(c, "save");
	char warning[2048] = "";

	if (info && info->type == REDIS_REPLY_STRING) {
		store_check_warn(info->str, fsync, save, warning, sizeof(warning));
		if (*warning)
			doctor_say(d, DOCTOR_WARN, "redis", "see \"What it needs\" in docs/operating.md", "%s", warning);
		else
			doctor_say(d, DOCTOR_OK, "redis", NULL, "%s keeps what it is given", shown);
	} else {
		doctor_say(d, DOCTOR_WARN, "redis", "allow the command INFO for this user",
			"it does not tell how it is set up");
	}
	free(save);
	free(fsync);
	freeReplyObject(info);
}

static void check_clock(struct doctor *d, struct redisContext *c)
{
	int64_t before = clock_wall_ms(), after, theirs, skew;
	redisReply *r = redisCommand(c, "TIME");

	after = clock_wall_ms();
	if (r && r->type == REDIS_REPLY_ARRAY && r->elements == 2) {
		theirs = strtoll(r->element[0]->str, NULL, 10) * 1000 +
			strtoll(r->element[1]->str, NULL, 10) / 1000;
		skew = theirs < before ? before - theirs : theirs > after ? theirs - after : 0;
		if (skew > SKEW_MS)
			doctor_say(d, DOCTOR_WARN, "clock", "set both clocks by NTP (timedatectl set-ntp true)",
				"this machine and the one of Redis differ by %lld s", (long long)skew / 1000);
	}
	freeReplyObject(r);
}

static void check_speed(struct doctor *d, struct redisContext *c)
{
	int64_t best = INT64_MAX, start, took;
	struct timespec t;
	int i;

	for (i = 0; i < 5; i++) {
		clock_gettime(CLOCK_MONOTONIC, &t);
		start = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
		freeReplyObject(redisCommand(c, "PING"));
		clock_gettime(CLOCK_MONOTONIC, &t);
		took = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000 - start;
		best = took < best ? took : best;
	}
	if (best > SLOW_US)
		doctor_say(d, DOCTOR_WARN, "redis", "put Redis nearer: Slack waits for the commit",
			"an answer takes %lld ms at best", (long long)best / 1000);
}

static void check_server(struct doctor *d, const char *text)
{
	struct store_url url;
	struct redisContext *c;
	struct err e = {0};

	if (store_url_parse(text, &url, &e) < 0) {
		doctor_say(d, DOCTOR_FAIL, "redis", "REDIS_URL is redis://user:password@host:port/db or unix:///path",
			"%s", e.text);
		return;
	}
	c = redis_sync_connect(&url, &e);
	if (!c) {
		doctor_say(d, DOCTOR_FAIL, "redis", "is it running, and may this machine and user reach it?", "%s",
			e.text);
		return;
	}
	doctor_say(d, DOCTOR_OK, "redis", NULL, "%s answers", url.shown);
	check_keeping(d, c, url.shown);
	check_clock(d, c);
	check_speed(d, c);
	redisFree(c);
}

static bool in_path(const char *program)
{
	const char *path = getenv("PATH"), *end;
	char file[1024];

	for (; path && *path; path = *end ? end + 1 : end) {
		end = path + strcspn(path, ":");
		snprintf(file, sizeof(file), "%.*s/%s", (int)(end - path), path, program);
		if (access(file, X_OK) == 0)
			return true;
	}
	return false;
}

/* The folder, or where it will be made. */
static void check_folder(struct doctor *d, const char *dir)
{
	struct statvfs fs;
	char parent[1024];
	struct stat st;
	char *slash;

	snprintf(parent, sizeof(parent), "%s", dir);
	while (stat(parent, &st) < 0 && errno == ENOENT) {
		slash = strrchr(parent, '/');
		if (!slash) {
			snprintf(parent, sizeof(parent), ".");
			break;
		}
		*(slash == parent ? slash + 1 : slash) = '\0';
	}
	if (access(parent, W_OK | X_OK) < 0) {
		doctor_say(d, DOCTOR_FAIL, "redis", "give the user of tocsin this folder, or choose another with --data",
			"the data folder %s cannot be written: %s", dir, strerror(errno));
		return;
	}
	if (statvfs(parent, &fs) == 0 && (unsigned long long)fs.f_bavail * fs.f_frsize < DISK_WANTED)
		doctor_say(d, DOCTOR_WARN, "redis", "make room: below 32 MB tocsin records nothing any more",
			"only %llu MB are free in %s", (unsigned long long)fs.f_bavail * fs.f_frsize >> 20, parent);
	else
		doctor_say(d, DOCTOR_OK, "redis", NULL, "the embedded Redis keeps its data in %s", dir);
}

static void check_embedded(struct doctor *d, const char *dir)
{
	char full[4096], url[4200];
	struct stat st;

	if (!in_path("redis-server")) {
		doctor_say(d, DOCTOR_FAIL, "redis", "apt install redis-server, or set REDIS_URL",
			"the embedded Redis needs the program redis-server");
		return;
	}
	check_folder(d, dir);
	if (!realpath(dir, full))
		return;
	snprintf(url, sizeof(url), "%.4000s/redis.sock", full);
	if (stat(url, &st) < 0)
		return; /* tocsin does not run now */
	snprintf(url, sizeof(url), "unix://%.4000s/redis.sock", full);
	check_server(d, url);
}

void doctor_redis(struct doctor *d, const char *redis_url, const char *data_dir)
{
	if (redis_url)
		check_server(d, redis_url);
	else
		check_embedded(d, data_dir);
}
