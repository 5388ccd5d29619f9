/*
 * bench_commit.c - how many commits a second, and how far that is from what Redis itself can do.
 *
 * A commit is what declaring an incident writes: document, log entry, two timers, two links, an
 * index, two promised messages, the request's record. First through the store (one connection,
 * DEPTH commits under way at any time), then the very same call by redis-benchmark on the same
 * server with the same pipelining; in turns, so that what else the machine does meets both.
 *
 *   bench_commit [-n COMMITS] [-r ROUNDS] [-f always|everysec] [-d DEPTH,...] [-u URL] [-i RUN]
 *
 * With -u the server stays as it is: -i, another number each time, makes ids that are not there
 * yet, to see what a server that holds much already does.
 */
#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "bot/log.h"
#include "bot/store/function.h"
#include "bot/store/server.h"
#include "bot/store/store.h"
#include "bot/store/store_keys.h"
#include "tocsin/arena.h"
#include "tocsin/effects.h"
#include "tocsin/err.h"
#include "tocsin/snapshot.h"

#define NOW INT64_C(1800000000000)
#define DEPTH_MAX 4000
#define ROUNDS_MAX 99

static const char doc[] = "{\"number\":42,\"title\":\"Checkout returns 500s for a third of all carts\","
	"\"severity\":\"P0\",\"status\":\"open\",\"roles\":{\"coordinator\":\"ada\",\"comms\":\"ben\"},"
	"\"place\":{\"channel\":\"C0WARROOM\",\"thread\":\"1769618400.000100\"},\"declared\":1800000000000,"
	"\"collect\":{\"impact\":\"All buyers in Europe\",\"since\":\"10:30\",\"change\":\"release 812\"},"
	"\"pages\":[{\"person\":\"dev\",\"step\":1,\"at\":1800000000000,\"state\":\"sent\"}]}";
static const char entry[] = "{\"kind\":\"declared\",\"by\":\"ada\",\"text\":\"Checkout returns 500s\"}";
static const char data[] = "{\"id\":\"INC-42\",\"title\":\"Checkout returns 500s for a third of all "
	"carts\",\"severity\":\"P0\",\"coordinator\":\"ada\",\"due\":1800000900}";

struct bench {
	uv_loop_t loop;
	struct store *store;
	bool ready, server_ready;
	long n, sent, done, failed;
	unsigned depth;
	unsigned run;
	struct arena *arena;
	uint64_t *begun;    /* per slot */
	uint32_t *taken_us; /* per commit */
};

static void on_state(void *ud, bool ready)
{
	((struct bench *)ud)->ready = ready;
}

static void on_server_ready(void *ud)
{
	((struct bench *)ud)->server_ready = true;
}

static void declare(struct bench *b, uintptr_t slot);

struct slot {
	struct bench *bench;
	uint64_t begun;
};

static struct slot slots[DEPTH_MAX];

static void on_commit(void *ud, const struct store_answer *a)
{
	struct slot *slot = ud;
	struct bench *b = slot->bench;

	if (a->status != STORE_OK)
		b->failed++;
	b->taken_us[b->done++] = (uint32_t)((uv_hrtime() - slot->begun) / 1000);
	if (b->sent < b->n)
		declare(b, (uintptr_t)(slot - slots));
}

static void send_add(struct effects *e, const char *key, const char *id, enum lane lane)
{
	const struct send send = {.lane = lane, .op = "chat.post", .key = key, .entity = id,
		.to = {PLATFORM_SLACK, "C0WARROOM", ""}, .ref = key, .template_name = "incident/declared",
		.data = data};

	effects_send(e, &send);
}

static void declare(struct bench *b, uintptr_t slot)
{
	char id[64], doc_key[80], request[64], name[96];
	struct effects e;
	struct commit c = {.request_id = request, .reply = "{\"kind\":\"public\"}", .effects = &e,
		.now_ms = NOW};
	struct fact f = {.key = doc_key, .state = FACT_ABSENT, .head = "", .guard = ""};
	long n = b->sent++;

	arena_reset(b->arena);
	effects_init(&e, b->arena);
	c.facts = snapshot_new(b->arena);
	snprintf(id, sizeof(id), "incident:INC-%u-%ld", b->run, n);
	snprintf(doc_key, sizeof(doc_key), "doc:%s", id);
	snprintf(request, sizeof(request), "slack:Ev0%u-%ld", b->run, n);
	snapshot_add((struct snapshot *)(uintptr_t)c.facts, &f);
	effects_put(&e, id, 0, doc, "open:1");
	effects_log(&e, id, entry);
	snprintf(name, sizeof(name), "%s/ack", id);
	effects_timer(&e, name, NOW + 300000 + n);
	snprintf(name, sizeof(name), "%s/update", id);
	effects_timer(&e, name, NOW + 900000 + n);
	snprintf(name, sizeof(name), "thread:slack:C0WARROOM:%ld", n);
	effects_link(&e, name, id);
	snprintf(name, sizeof(name), "incident:%s", id);
	effects_link(&e, name, id);
	effects_index(&e, "open", id, n);
	snprintf(name, sizeof(name), "%s/root", id);
	send_add(&e, name, id, LANE_CHAT);
	snprintf(name, sizeof(name), "%s/page/1", id);
	send_add(&e, name, id, LANE_PAGE);
	slots[slot].begun = uv_hrtime();
	store_commit(b->store, &c, on_commit, &slots[slot]);
}

static int us_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
		(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* Commits a second through the store. */
static double store_run(struct bench *b)
{
	double cpu = cpu_seconds(), took;
	uint64_t begin = uv_hrtime();
	unsigned i;

	b->run++;
	b->sent = b->done = b->failed = 0;
	for (i = 0; i < b->depth && b->sent < b->n; i++) {
		slots[i].bench = b;
		declare(b, i);
	}
	while (b->done < b->n)
		uv_run(&b->loop, UV_RUN_ONCE);
	took = (double)(uv_hrtime() - begin) / 1e9;
	cpu = cpu_seconds() - cpu;
	qsort(b->taken_us, (size_t)b->n, sizeof(b->taken_us[0]), us_compare);
	printf("%6u %10.0f/s  p50 %6u us  p99 %6u us  cpu %5.1f us each  failed %ld\n", b->depth,
		(double)b->n / took, b->taken_us[b->n / 2], b->taken_us[b->n * 99 / 100],
		cpu * 1e6 / (double)b->n, b->failed);
	fflush(stdout);
	return (double)b->n / took;
}

/* A line of its CSV: the command, which may hold anything, and seven numbers, the rate first. */
static double rate_read(char *line)
{
	char *p = line + strlen(line);
	int commas = 0;

	while (p > line && commas < 7)
		if (*--p == ',')
			commas++;
	return commas == 7 && p[1] == '"' ? strtod(p + 2, NULL) : 0;
}

/* The same by redis-benchmark; __rand_int__ makes ids that were not there. */
static double redis_run(struct bench *b, const char *socket)
{
	static const char *const rest[] = {"1", "tocsin:{bench}:wake", "",
		"000043", "000005", "90000000", "{\"kind\":\"public\"}", "1", "", "000000", "8", "v", "1:1", "d", doc, "g",
		"open:1", "h", "0000000000000000000000000000000000000000000000000000000000000000", "1",
		"1 1800000000000 0000000000000000000000000000000000000000000000000000000000000000 "
		"{\"kind\":\"declared\",\"by\":\"ada\",\"text\":\"Checkout returns 500s\"}",
		"", "0", "0", "", "000000", "000004", "1800000300000", "incident:INC-__rand_int__/ack",
		"1800000900000", "incident:INC-__rand_int__/update", "000000", "000004",
		"thread:slack:C0WARROOM:__rand_int__", "incident:INC-__rand_int__",
		"incident:incident:INC-__rand_int__", "incident:INC-__rand_int__", "000000", "000001", "42",
		"incident:INC-__rand_int__", "000002", "1", data, "0", data};
	static const char *const own[] = {"tocsin:{bench}:seen:slack:Ev__rand_int__",
		"tocsin:{bench}:doc:incident:INC-__rand_int__", "tocsin:{bench}:log:incident:INC-__rand_int__",
		"tocsin:{bench}:index:open"};
	char count[16], depth[16], n_keys[16], *line = NULL, *argv[96];
	struct store_keys keys;
	int fds[2], n = 0;
	size_t i, size = 0;
	double rate = 0;
	pid_t pid;
	FILE *out;

	store_keys_init(&keys, "bench", NULL);
	snprintf(count, sizeof(count), "%ld", b->n);
	snprintf(depth, sizeof(depth), "%u", b->depth);
	snprintf(n_keys, sizeof(n_keys), "%d", KEYS_FIXED + 4);
#define ARG(s) argv[n++] = (char *)(uintptr_t)(s)
	ARG("redis-benchmark"); ARG("-s"); ARG(socket); ARG("-n"); ARG(count); ARG("-P"); ARG(depth);
	ARG("-c"); ARG("1"); ARG("-r"); ARG("100000000000"); ARG("--csv");
	ARG("FCALL"); ARG(FUNCTION_NAME("commit")); ARG(n_keys);
	for (i = 0; i < KEYS_FIXED; i++)
		ARG(keys.fixed[i]);
	for (i = 0; i < 4; i++)
		ARG(own[i]);
	for (i = 0; i < sizeof(rest) / sizeof(rest[0]); i++)
		ARG(rest[i]);
	argv[n] = NULL;
#undef ARG
	if (pipe(fds) < 0)
		return 0;
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(fds[1]);
	out = fdopen(fds[0], "r");
	while (getline(&line, &size, out) > 0)
		rate = rate_read(line);
	free(line);
	fclose(out);
	waitpid(pid, NULL, 0);
	return rate;
}

static int double_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* ROUNDS_MAX at most of ours and theirs in turns. */
static void compare(struct bench *b, const char *socket, unsigned rounds)
{
	double ours[ROUNDS_MAX], theirs[ROUNDS_MAX], ratio[ROUNDS_MAX];
	unsigned i;

	for (i = 0; i < rounds; i++) {
		ours[i] = store_run(b);
		theirs[i] = socket ? redis_run(b, socket) : 0;
		ratio[i] = theirs[i] > 0 ? ours[i] / theirs[i] : 0;
	}
	qsort(ours, rounds, sizeof(*ours), double_compare);
	qsort(theirs, rounds, sizeof(*theirs), double_compare);
	qsort(ratio, rounds, sizeof(*ratio), double_compare);
	printf("%6u under way, medians: %.0f/s, redis-benchmark %.0f/s, ratio %.2f\n", b->depth,
		ours[rounds / 2], theirs[rounds / 2], ratio[rounds / 2]);
	fflush(stdout);
}

static int on_nftw_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int main(int argc, char **argv)
{
	struct bench b = {.n = 10000};
	struct server_options so = {.fsync = "everysec", .on_ready = on_server_ready, .ud = &b};
	struct store_options o = {.workspace = "bench", .instance = "bench", .on_state = on_state, .ud = &b};
	char dir[] = "/tmp/tocsin-bench-XXXXXX", *depths = NULL, fallback[] = "1,16,64,256,1024", *next;
	struct server *server = NULL;
	struct err err = {0};
	unsigned long rounds = 7;
	int c;

	while ((c = getopt(argc, argv, "n:r:f:d:u:i:")) != -1) {
		switch (c) {
		case 'n':
			b.n = strtol(optarg, NULL, 10);
			break;
		case 'r':
			rounds = strtoul(optarg, NULL, 10);
			break;
		case 'f':
			so.fsync = optarg;
			break;
		case 'd':
			depths = optarg;
			break;
		case 'u':
			o.url = optarg;
			break;
		case 'i':
			b.run = (unsigned)strtoul(optarg, NULL, 10);
			break;
		default:
			return 2;
		}
	}
	if (b.n < 1 || rounds < 1 || rounds > ROUNDS_MAX)
		return 2;
	log_setup(LOG_WARN, LOG_LOGFMT);
	uv_loop_init(&b.loop);
	b.arena = arena_new((size_t)1 << 20);
	b.taken_us = calloc((size_t)b.n, sizeof(b.taken_us[0]));
	if (!o.url) {
		so.data_dir = mkdtemp(dir);
		server = server_start(&b.loop, &so, &err);
		while (server && !b.server_ready)
			uv_run(&b.loop, UV_RUN_ONCE);
		o.url = server ? server_url(server) : "";
	}
	b.store = err.code ? NULL : store_open(&b.loop, &o, &err);
	if (!b.store) {
		fprintf(stderr, "bench_commit: %s\n", err.text);
		return 1;
	}
	while (!b.ready)
		uv_run(&b.loop, UV_RUN_ONCE);
	printf("%ld commits a round, fsync %s\n", b.n, so.fsync);
	for (next = depths ? depths : fallback; *next;) {
		b.depth = (unsigned)strtoul(next, &next, 10);
		next += *next == ',';
		if (b.depth == 0 || b.depth > DEPTH_MAX)
			return 2;
		compare(&b, server ? server_url(server) + strlen("unix://") : NULL, (unsigned)rounds);
	}
	store_close(b.store);
	server_stop(server, NULL, NULL);
	uv_run(&b.loop, UV_RUN_DEFAULT);
	arena_free(b.arena);
	free(b.taken_us);
	if (server)
		nftw(dir, on_nftw_remove, 16, FTW_DEPTH | FTW_PHYS);
	return b.failed ? 1 : 0;
}
