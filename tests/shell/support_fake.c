/* support_fake.c - see support_fake.h. */
#include "support_fake.h"

#include <assert.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bot/http_client.h"

struct fake {
	uv_loop_t *loop;
	struct http_client *http;
	pid_t pid;
	FILE *out;
	char base[128], api[160];
};

struct ask {
	struct fake *f;
	json_t **answer;
};

struct fake *fake_start(uv_loop_t *loop, struct http_client *http, const char *const *args)
{
	struct fake *f = calloc(1, sizeof(*f));
	const char *argv[16] = { BUILD_DIR "/tests/fake_slack", "--port", "0", "--quiet" };
	char line[256];
	int fds[2], n = 4;

	assert(f && pipe(fds) == 0);
	while (args && *args && n < 15)
		argv[n++] = *args++;
	f->loop = loop;
	f->http = http;
	f->pid = fork();
	assert(f->pid >= 0);
	if (f->pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	close(fds[1]);
	f->out = fdopen(fds[0], "r");
	assert(f->out && fgets(line, sizeof(line), f->out));
	assert(sscanf(line, "fake_slack: listening on %120s", f->base) == 1);
	snprintf(f->api, sizeof(f->api), "%s/api/", f->base);
	return f;
}

const char *fake_api(const struct fake *f)
{
	return f->api;
}

static void on_answer(void *ud, const struct http_answer *a)
{
	struct ask *ask = ud;

	*ask->answer = json_loadb(a->body, a->body_len, 0, NULL);
	if (!*ask->answer || !json_is_true(json_object_get(*ask->answer, "ok"))) {
		fprintf(stderr, "fake slack: fate %d status %ld: %s\n", a->fate, a->status, a->body);
		abort();
	}
	uv_stop(ask->f->loop);
	free(ask);
}

static void send_to(struct fake *f, const char *method, const char *path, const char *body,
	json_t **answer)
{
	struct ask *ask = calloc(1, sizeof(*ask));
	char url[512];
	struct http_request r = { .method = method, .url = url, .body = body,
		.body_len = body ? strlen(body) : 0, .allow_http = true, .timeout_ms = 60000,
		.answer_max = (size_t)32 * 1024 * 1024 };

	assert(ask);
	ask->f = f;
	ask->answer = answer;
	*answer = NULL;
	snprintf(url, sizeof(url), "%s/admin/%s", f->base, path);
	if (!http_client_send(f->http, &r, on_answer, ask, NULL))
		abort();
}

void fake_begin(struct fake *f, const char *path, const char *body, json_t **answer)
{
	send_to(f, "POST", path, body, answer);
}

json_t *fake_end(struct fake *f, json_t **answer)
{
	while (!*answer)
		uv_run(f->loop, UV_RUN_DEFAULT);
	return *answer;
}

json_t *fake_post(struct fake *f, const char *path, const char *body, ...)
{
	char *text;
	json_t *answer;
	va_list ap;

	va_start(ap, body);
	if (vasprintf(&text, body, ap) < 0)
		abort();
	va_end(ap);
	send_to(f, "POST", path, text, &answer);
	free(text);
	return fake_end(f, &answer);
}

void fake_do(struct fake *f, const char *path, const char *body, ...)
{
	char *text;
	json_t *answer;
	va_list ap;

	va_start(ap, body);
	if (vasprintf(&text, body, ap) < 0)
		abort();
	va_end(ap);
	send_to(f, "POST", path, text, &answer);
	free(text);
	json_decref(fake_end(f, &answer));
}

json_t *fake_get(struct fake *f, const char *path)
{
	json_t *answer;

	send_to(f, "GET", path, NULL, &answer);
	return fake_end(f, &answer);
}

long long fake_counter(struct fake *f, const char *name)
{
	json_t *all = fake_get(f, "counters");
	long long n = (long long)json_integer_value(json_object_get(all, name));

	json_decref(all);
	return n;
}

size_t fake_complaints(struct fake *f)
{
	json_t *all = fake_get(f, "complaints");
	const json_t *list = json_object_get(all, "complaints");
	size_t i, n = 0;

	for (i = 0; i < json_array_size(list); i++) {
		const json_t *c = json_array_get(list, i);
		char *text;

		if (!strcmp(json_string_value(json_object_get(c, "kind")), "limit"))
			continue;
		text = json_dumps(c, 0);
		fprintf(stderr, "fake slack complains: %s\n", text);
		free(text);
		n++;
	}
	json_decref(all);
	return n;
}

int fake_stop(struct fake *f)
{
	int status = 0, code;

	kill(f->pid, SIGTERM);
	waitpid(f->pid, &status, 0);
	code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	fclose(f->out);
	free(f);
	return code;
}
