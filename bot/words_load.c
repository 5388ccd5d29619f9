/* words_load.c - see words_load.h. */
#include "bot/words_load.h"

#include <errno.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tocsin/err.h"
#include "tocsin/render.h"

struct pile {
	struct words_source items[WORDS_FILES_MAX];
	size_t n;
	size_t root_len;
	struct err *err;
};

/* nftw() has no argument for us. */
static struct pile *pile;

static bool is_template(const char *path)
{
	static const char *const endings[] = {".md", ".txt", ".html"};
	size_t i, len = strlen(path);

	for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t n = strlen(endings[i]);

		if (len > n && strcmp(path + len - n, endings[i]) == 0)
			return true;
	}
	return false;
}

static char *read_whole(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *text = f ? malloc(WORDS_FILE_BYTES + 1) : NULL;

	if (!text) {
		if (f)
			fclose(f);
		return NULL;
	}
	*len = fread(text, 1, WORDS_FILE_BYTES + 1, f);
	if (ferror(f) || *len > WORDS_FILE_BYTES) {
		errno = ferror(f) ? EIO : EFBIG;
		free(text);
		text = NULL;
	} else {
		text[*len] = '\0';
	}
	fclose(f);
	return text;
}

static int on_file(const char *path, const struct stat *st, int type, struct FTW *where)
{
	struct words_source *s = &pile->items[pile->n];
	char *name, *dot;
	size_t len;

	(void)st;
	(void)where;
	if (type != FTW_F || !is_template(path))
		return 0;
	if (pile->n == WORDS_FILES_MAX)
		return err_set(pile->err, ERR_LIMIT, "more than %d templates", WORDS_FILES_MAX);
	name = strdup(path + pile->root_len);
	s->text = read_whole(path, &len);
	if (!name || !s->text) {
		err_set(pile->err, ERR_CONFIG, "%s: %s", path, strerror(errno));
		free(name);
		return -1;
	}
	dot = strrchr(name, '.');
	if (strcmp(dot, ".md") == 0)
		*dot = '\0'; /* as the built-in names */
	s->name = name;
	s->path = strdup(path);
	s->len = len;
	pile->n++;
	return s->path ? 0 : err_set(pile->err, ERR_MEMORY, "out of memory");
}

static void drop(const char *s)
{
	free((void *)(uintptr_t)s);
}

struct words *words_load(const char *dir, struct err *err)
{
	struct pile p = {.err = err};
	struct words *w = NULL;
	size_t i;
	int rc = 0;

	if (dir) {
		p.root_len = strlen(dir) + (dir[strlen(dir) - 1] != '/');
		pile = &p;
		rc = nftw(dir, on_file, 16, FTW_PHYS);
		pile = NULL;
		if (rc < 0)
			err_set(err, ERR_CONFIG, "%s: %s", dir, strerror(errno));
	}
	if (rc == 0) {
		w = words_new(p.items, p.n);
		if (!w)
			err_set(err, ERR_MEMORY, "out of memory");
	}
	for (i = 0; i < p.n; i++) {
		drop(p.items[i].name);
		drop(p.items[i].path);
		drop(p.items[i].text);
	}
	return w;
}
