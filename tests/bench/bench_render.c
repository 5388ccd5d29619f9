/*
 * bench_render.c - what it costs to turn a template and its data into what Slack is sent.
 *
 * Usage: bench_render [TEMPLATE...]: microseconds for each stage, the best of several rounds.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/message.h"
#include "tocsin/render.h"

#define ROUNDS 20
#define TIMES 500

enum stage { STAGE_TEXT, STAGE_MESSAGE, STAGE_SLACK, STAGES };

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static size_t once(const struct words *w, struct arena *a, const char *name, const char *sample,
	enum stage stage)
{
	struct err e = {0};
	struct buf out;

	if (stage == STAGE_TEXT)
		return strlen(words_text(w, a, name, sample, 0, &e));
	if (stage == STAGE_MESSAGE)
		return words_message(w, a, name, sample, &e)->n_blocks;
	buf_init_arena(&out, a, 1 << 20);
	slack_render(words_message(w, a, name, sample, &e), NULL, &out, NULL);
	return out.len;
}

static void bench(const struct words *w, const char *name, const char *sample)
{
	double best[STAGES] = {1e9, 1e9, 1e9}, start, us;
	struct arena *a = arena_new(64 << 20);
	size_t bytes = 0;
	int stage, round, i;

	for (round = 0; round < ROUNDS; round++)
		for (stage = 0; stage < STAGES; stage++) {
			start = now_us();
			for (i = 0; i < TIMES; i++) {
				bytes = once(w, a, name, sample, (enum stage)stage);
				arena_reset(a);
			}
			us = (now_us() - start) / TIMES;
			if (us < best[stage])
				best[stage] = us;
		}
	printf("%-28s %8.1f %8.1f %8.1f %8zu\n", name, best[STAGE_TEXT], best[STAGE_MESSAGE],
		best[STAGE_SLACK], bytes);
	arena_free(a);
}

struct choice {
	const struct words *w;
	int argc;
	char **argv;
};

static void bench_chosen(void *ctx, const char *name, const char *path, const char *sample)
{
	const struct choice *c = ctx;
	int i;

	(void)path;
	for (i = 1; i < c->argc; i++)
		if (!strcmp(c->argv[i], name))
			break;
	if (*sample && (c->argc < 2 || i < c->argc))
		bench(c->w, name, sample);
}

int main(int argc, char **argv)
{
	struct words *w = words_new(NULL, 0);
	struct choice c = {w, argc, argv};

	printf("%-28s %8s %8s %8s %8s\n", "template", "mustache", "+model", "+slack", "bytes");
	words_each(w, bench_chosen, &c);
	words_free(w);
	return 0;
}
