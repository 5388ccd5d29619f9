/*
 * test_words_load.c - the plan's own templates: taken, refused, bounded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bot/words_load.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/message.h"
#include "tocsin/render.h"

static char dir[64];

static void put(const char *name, const char *text, size_t len)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	fclose(f);
}

static int setup(void **state)
{
	char path[256];

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/tocsin-words-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/system", dir);
	return mkdir(path, 0700);
}

static int teardown(void **state)
{
	static const char *const names[] = {"system/busy.md", "system/broken.md", "big.md", "notes.doc", "system"};
	char path[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		remove(path);
	}
	return rmdir(dir);
}

static char *text_of(const struct words *w, const char *name)
{
	static char out[1024];
	struct arena *a = arena_new(1 << 20);
	struct err e = {0};
	struct message *m = words_message(w, a, name, "{\"ref\":\"r\"}", &e);
	struct buf b;

	assert_non_null(m);
	buf_init(&b, sizeof(out) - 1);
	text_render(m, NULL, &b);
	snprintf(out, sizeof(out), "%s", buf_text(&b));
	buf_release(&b);
	arena_free(a);
	return out;
}

static void own_words_win_and_others_stay(void **state)
{
	struct err e = {0};
	struct words *w;
	struct buf faults;

	(void)state;
	put("system/busy.md", "Moment, bitte. {{ref}}", 22);
	put("notes.doc", "{{#broken", 9); /* no template: not read */
	w = words_load(dir, &e);
	assert_non_null(w);
	assert_string_equal(text_of(w, "system/busy"), "Moment, bitte. r");
	assert_non_null(strstr(text_of(w, "system/broken"), "Something broke"));
	buf_init(&faults, 4096);
	assert_int_equal(words_check(w, &faults), 0);
	buf_release(&faults);
	words_free(w);
}

static void faulty_word_is_named_with_its_place(void **state)
{
	struct err e = {0};
	struct words *w;
	struct buf faults;

	(void)state;
	put("system/busy.md", "Wait\n{{#ref}}never closed", 25);
	w = words_load(dir, &e);
	assert_non_null(w);
	buf_init(&faults, 4096);
	assert_int_equal(words_check(w, &faults), 1);
	assert_non_null(strstr(buf_text(&faults), "system/busy.md:2:"));
	buf_release(&faults);
	/* Until it is mended people get the built-in words. */
	assert_non_null(strstr(text_of(w, "system/busy"), "turned away"));
	words_free(w);
}

static void bounds_are_told(void **state)
{
	struct err e = {0};
	char *big = calloc(1, WORDS_FILE_BYTES + 1);

	(void)state;
	assert_non_null(big);
	memset(big, 'x', WORDS_FILE_BYTES + 1);
	put("big.md", big, WORDS_FILE_BYTES + 1);
	free(big);
	assert_null(words_load(dir, &e));
	assert_non_null(strstr(e.text, "big.md"));
	err_clear(&e);
	assert_null(words_load("/nonexistent/words", &e));
	assert_non_null(strstr(e.text, "/nonexistent/words"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(own_words_win_and_others_stay, setup, teardown),
		cmocka_unit_test_setup_teardown(faulty_word_is_named_with_its_place, setup, teardown),
		cmocka_unit_test_setup_teardown(bounds_are_told, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
