/* test_commands.c - the tables of verbs: complete, without clashes, and docs/commands.md is current. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "../support/commands_doc.h"
#include "../support/world.h"

static void test_doc_is_current(void **state)
{
	FILE *f = fopen(SOURCE_DIR "/docs/commands.md", "r");
	static char have[1 << 20];
	struct buf want;

	(void)state;
	assert_non_null(f);
	have[fread(have, 1, sizeof(have) - 1, f)] = '\0';
	fclose(f);
	buf_init(&want, (size_t)1 << 20);
	commands_doc(&want);
	if (strcmp(buf_text(&want), have) != 0)
		fail_msg("docs/commands.md is not current: run commands_md > docs/commands.md");
	buf_release(&want);
}

static void next_name(const char **s, char name[64])
{
	size_t n = strcspn(*s, " ");

	snprintf(name, 64, "%.*s", (int)n, *s);
	*s += n + strspn(*s + n, " ");
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; families[i]; i++)
		for (const struct verb *v = families[i]->verbs; v->name; v++) {
			assert_non_null(v->run);
			assert_true(isupper((unsigned char)v->summary[0]));
			assert_true(v->summary[strlen(v->summary) - 1] != '.');
			assert_true(strlen(v->summary) < 90);
			assert_int_equal(v->example[0], '/');
			assert_memory_equal(v->example + 1, families[i]->name, strlen(families[i]->name));
			assert_true(*v->who);
		}
}

/* No word means two things. */
static void test_no_clash(void **state)
{
	char all[256][64];

	(void)state;
	for (size_t f = 0; families[f]; f++) {
		size_t n = 0;

		for (const struct verb *v = families[f]->verbs; v->name; v++) {
			const char *aliases = v->aliases;

			snprintf(all[n++], 64, "%s", v->name);
			while (*aliases)
				next_name(&aliases, all[n++]);
		}
		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; k < i; k++)
				if (strcasecmp(all[i], all[k]) == 0)
					fail_msg("/%s: \"%s\" stands twice", families[f]->name, all[i]);
	}
}

/* Every example of the table does something: none is answered with "I do not know". */
static void test_examples(void **state)
{
	(void)state;
	for (const struct verb *v = families[1]->verbs; v->name; v++) {
		struct world *w = world_new(&world_plan);
		const char *answer = world_type(w, "ada", "war-room", v->example);

		if (!*answer || strstr(answer, "do not know") || strstr(answer, "do not understand") ||
			strstr(answer, "There is no schedule"))
			fail_msg("%s: %s", v->example, answer);
		assert_string_equal(world_faults(w), "");
		world_free(w);
	}
	for (const struct verb *v = families[0]->verbs; v->name; v++) {
		struct world *w = world_new(&world_plan);
		const char *answer;

		world_type(w, "ada", "war-room", "P1 something is wrong");
		if (strcmp(v->name, "reopen") == 0 || strcmp(v->name, "close") == 0 ||
			strcmp(v->name, "done") == 0 || strcmp(v->name, "postmortem") == 0)
			world_type(w, "ada", "war-room", "resolve");
		if (strcmp(v->name, "done") == 0)
			world_type(w, "ada", "war-room", "close");
		answer = world_type(w, "ada", "war-room", v->example + strlen("/incident "));
		if (strstr(answer, "do not know"))
			fail_msg("%s: %s", v->example, answer);
		assert_string_equal(world_faults(w), "");
		world_free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doc_is_current), cmocka_unit_test(test_rows),
		cmocka_unit_test(test_no_clash),       cmocka_unit_test(test_examples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
