/* test_cli_render.c - `tocsin render` as a person uses it: files in, standard output, exit status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bot/cli.h"

static char dir[64];
static char out[65536], err[65536];

static const char *in_dir(const char *name)
{
	static char paths[64][256];
	static unsigned next;
	char *path = paths[next++ % 64];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static const char *file(const char *name, const char *text)
{
	const char *path = in_dir(name);
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	fclose(f);
	return path;
}

static void slurp(const char *name, char *to, size_t size)
{
	FILE *f = fopen(in_dir(name), "rb");
	size_t n = fread(to, 1, size - 1, f);

	to[n] = '\0';
	fclose(f);
}

/* Runs the command with both outputs in files. Returns the exit status. */
static int run(const char *const *args)
{
	char *argv[16] = {NULL};
	int argc, fds[2], saved[2], rc, i;

	argv[0] = (char *)(uintptr_t)"render";
	for (argc = 1; args[argc - 1]; argc++)
		argv[argc] = (char *)(uintptr_t)args[argc - 1];
	fflush(stdout);
	fflush(stderr);
	for (i = 0; i < 2; i++) {
		fds[i] = open(in_dir(i ? "stderr" : "stdout"), O_CREAT | O_TRUNC | O_WRONLY, 0600);
		saved[i] = dup(i + 1);
		dup2(fds[i], i + 1);
		close(fds[i]);
	}
	rc = cli_render(argc, argv);
	fflush(stdout);
	fflush(stderr);
	for (i = 0; i < 2; i++) {
		dup2(saved[i], i + 1);
		close(saved[i]);
	}
	slurp("stdout", out, sizeof(out));
	slurp("stderr", err, sizeof(err));
	return rc;
}

#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

static unsigned run_spec(const char *name)
{
	char path[512];
	json_t *doc, *test, *text;
	const char *partial;
	unsigned n = 0;
	size_t i;

	snprintf(path, sizeof(path), "%s/unit/mustache-spec/%s", TESTS_DIR, name);
	doc = json_load_file(path, 0, NULL);
	assert_non_null(doc);
	json_array_foreach(json_object_get(doc, "tests"), i, test) {
		char partials[64];
		char *data = json_dumps(json_object_get(test, "data"), JSON_ENCODE_ANY);

		snprintf(partials, sizeof(partials), "p%s%zu", name, i);
		mkdir(in_dir(partials), 0700);
		json_object_foreach(json_object_get(test, "partials"), partial, text) {
			char at[128];

			snprintf(at, sizeof(at), "%s/%s", partials, partial);
			file(at, json_string_value(text));
		}
		assert_int_equal(RUN(file("t", json_string_value(json_object_get(test, "template"))),
			file("d", data), "--escape", "html", "--partials", in_dir(partials)), 0);
		assert_string_equal(out, json_string_value(json_object_get(test, "expected")));
		free(data);
		n++;
	}
	json_decref(doc);
	return n;
}

static void specification_through_the_command(void **state)
{
	(void)state;
	assert_int_equal(run_spec("comments.json") + run_spec("delimiters.json") +
		run_spec("interpolation.json") + run_spec("inverted.json") + run_spec("partials.json") +
		run_spec("sections.json"), 112);
}

static void every_stage(void **state)
{
	const char *t = file("m.md", "{{! sample: {\"x\": {\"y\": 1}} }}\n# {{x}}\n\n[A](<action:b {{x}}>)");
	const char *d = file("m.json", "{\"x\": \"a_b *c*\"}");

	(void)state;
	assert_int_equal(RUN(t, d), 0);
	assert_string_equal(out, "# a\\_b \\*c\\*\n\n[A](<action:b a\\_b \\*c\\*>)");
	assert_int_equal(RUN(t, d, "--escape", "none"), 0);
	assert_string_equal(out, "# a_b *c*\n\n[A](<action:b a_b *c*>)");
	assert_int_equal(RUN("--for", "text", t, d), 0);
	assert_string_equal(out, "a_b *c*\n\nA: /b a_b *c*\n");
	assert_int_equal(RUN("--for=html", t, d), 0);
	assert_string_equal(out, "<h1>a_b *c*</h1>\n<p class=\"buttons\"><span class=\"button\">A: "
		"<code>/b a_b *c*</code></span></p>\n");
	assert_int_equal(RUN(t, d, "--for", "markdown"), 0);
	assert_string_equal(out, "# a_b \\*c\\*\n\nA: `/b a_b *c*`\n");
	assert_int_equal(RUN(t, d, "--for", "slack"), 0);
	assert_string_equal(out, "{\"text\":\"a_b *c*\",\"blocks\":[{\"type\":\"header\",\"text\":{\"type\":\"plain_text\","
		"\"text\":\"a_b *c*\"}},{\"type\":\"actions\",\"elements\":[{\"type\":\"button\",\"action_id\":\"do\",\"text\":"
		"{\"type\":\"plain_text\",\"text\":\"A\"},\"value\":\"b a_b *c*\"}]}]}\n");
	assert_int_equal(RUN(file("f.md", "[Q](<input:q text>)"), d, "--for", "slack"), 0);
	assert_non_null(strstr(out, "\"type\":\"modal\""));
	assert_string_equal(err, "");
}

static void partials_are_found(void **state)
{
	const char *d = file("d.json", "{}");

	(void)state;
	mkdir(in_dir("sub"), 0700);
	file("sub/a", "[a]");
	file("sub/b.md", "[b]");
	file("sub/c.mustache", "[c]");
	file("outside.md", "[outside]");
	assert_int_equal(RUN(file("sub/t.md", "{{>a}}{{>b}}{{>c}}{{>none}}{{>../outside}}{{>/etc/passwd}}"), d), 0);
	assert_string_equal(out, "[a][b][c]");
	assert_int_equal(RUN(file("t.md", "{{>a}}{{>b}}{{>render/confirm-yes}}"), d, "--partials", in_dir("sub")), 0);
	assert_string_equal(out, "[a][b]");
	assert_int_equal(RUN(file("t.md", "{{>render/confirm-yes}}"), d), 0);
	assert_string_equal(out, "Yes\n");
}

static void faults_have_a_place(void **state)
{
	const char *good = file("good.md", "x"), *d = file("d.json", "{}");
	char want[512];

	(void)state;
	assert_int_equal(RUN(file("bad.md", "a\n {{#b}}"), d), 1);
	snprintf(want, sizeof(want), "%s:2:2: section \"b\" is never closed: write {{/b}}\n", in_dir("bad.md"));
	assert_string_equal(err, want);
	assert_string_equal(out, "");
	assert_int_equal(RUN(good, file("bad.json", "{\"a\":\n}")), 1);
	snprintf(want, sizeof(want), "%s:2:1: this is no JSON: ", in_dir("bad.json"));
	assert_int_equal(strncmp(err, want, strlen(want)), 0);
	assert_int_equal(RUN(file("p.md", "{{>bad}}"), d), 1);
	snprintf(want, sizeof(want), "%s:2:2: section \"b\" is never closed: write {{/b}}\n", in_dir("bad.md"));
	assert_string_equal(err, want);
	assert_int_equal(RUN(file("self.md", "{{>self}}"), d), 1);
	assert_non_null(strstr(err, "self.md:1:1: partials nest at most 32 deep"));
	assert_int_equal(RUN(in_dir("nothing.md"), d), 1);
	snprintf(want, sizeof(want), "%s: cannot be opened\n", in_dir("nothing.md"));
	assert_string_equal(err, want);
	assert_int_equal(RUN(dir, d), 1);
	assert_non_null(strstr(err, "cannot be read"));
	assert_int_equal(RUN(file("f2.md", "[S](<input:s choice>)"), d, "--for", "slack"), 1);
	assert_non_null(strstr(err, "has nothing to choose"));
}

static void wrong_usage(void **state)
{
	const char *t = file("t.md", "x"), *d = file("d.json", "{}");

	(void)state;
	assert_int_equal(RUN(t), 2);
	assert_int_equal(strncmp(err, "usage: tocsin render", 20), 0);
	assert_int_equal(RUN(t, d, d), 2);
	assert_int_equal(RUN(t, d, "--for", "pager"), 2);
	assert_string_equal(err, "tocsin render: --for does not know \"pager\": write slack, text, html, markdown\n");
	assert_int_equal(RUN(t, d, "--escape", "all"), 2);
	assert_string_equal(err, "tocsin render: --escape does not know \"all\": write markdown, html, none\n");
	assert_int_equal(RUN(t, d, "--nothing"), 2);
	assert_int_equal(RUN(t, d, "--for"), 2);
	assert_int_equal(RUN("--help"), 0);
	assert_int_equal(strncmp(out, "usage: tocsin render", 20), 0);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/tocsin-render-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		execlp("rm", "rm", "-rf", dir, (char *)NULL);
		_exit(127);
	}
	return waitpid(child, NULL, 0) == child ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(specification_through_the_command),
		cmocka_unit_test(every_stage),
		cmocka_unit_test(partials_are_found),
		cmocka_unit_test(faults_have_a_place),
		cmocka_unit_test(wrong_usage),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
