/* source.c - the files of a plan: read, included, merged into one map. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bot/plan/plan_load.h"
#include "bot/plan/walk.h"
#include "tocsin/arena.h"

struct seen_file {
	dev_t dev;
	ino_t ino;
	const char *path;
	bool open; /* being read: a second time is a circle */
};

struct merge {
	struct walk *w;
	struct node *root;
	size_t cap;         /* of root->items */
	size_t nodes_used;
	unsigned depth;
	struct seen_file seen[PLAN_FILES_MAX];
	size_t n_seen;
};

char *read_whole_file(struct arena *a, const char *path, size_t max, size_t *len, const char **why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char *text = NULL;
	ssize_t n;

	*len = 0;
	*why = NULL;
	if (fd < 0 || fstat(fd, &st) < 0) {
		*why = errno == ENOENT ? "there is no such file" : errno == EACCES
				? "it may not be read by this user" : "it cannot be opened";
	} else if (!S_ISREG(st.st_mode)) {
		*why = "it is not a file";
	} else if ((size_t)st.st_size > max) {
		*why = arena_printf(a, "it is larger than %zu bytes", max);
	}
	if (*why) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	close(fd);
	/* Opened again below, after the allocation: running out of memory must not leak it. */
	text = arena_alloc(a, (size_t)st.st_size + 1);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	while (fd >= 0 && *len < (size_t)st.st_size) {
		n = read(fd, text + *len, (size_t)st.st_size - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		*len += (size_t)n;
	}
	if (fd < 0 || (*len < (size_t)st.st_size && *len == 0))
		*why = "it cannot be read";
	if (fd >= 0)
		close(fd);
	return *why ? NULL : text;
}

static void push_pair(struct merge *m, struct node *map, size_t *cap, struct node *k, struct node *v)
{
	if (map->n == *cap) {
		size_t more = *cap ? *cap * 2 : 16;
		struct node **items = ARENA_ARRAY(m->w->arena, struct node *, 2 * more);

		if (map->n)
			memcpy(items, map->items, 2 * map->n * sizeof(*items));
		map->items = items;
		*cap = more;
	}
	map->items[2 * map->n] = k;
	map->items[2 * map->n + 1] = v;
	map->n++;
}

/* Two files have the section: entries side by side. Which are there twice is told at the end. */
static void merge_section(struct merge *m, size_t at, struct node *key, struct node *value)
{
	struct node *first_key = node_key(m->root, at), *first = node_value(m->root, at);
	struct node *both;
	size_t cap = 0;

	if (node_blank(value))
		return;
	if (node_blank(first)) {
		m->root->items[2 * at] = key;
		m->root->items[2 * at + 1] = value;
		return;
	}
	if (first->kind != NODE_MAP || value->kind != NODE_MAP) {
		walk_error(m->w, key,
			say(m->w, "the key \"%s\" is also at %s:%u:%u", value_quote(key->text).text,
				first_key->file, first_key->line, first_key->column),
			"keep one of them");
		return;
	}
	both = ARENA_NEW(m->w->arena, struct node);
	*both = *first;
	both->items = NULL;
	both->n = 0;
	for (size_t i = 0; i < first->n; i++)
		push_pair(m, both, &cap, node_key(first, i), node_value(first, i));
	for (size_t i = 0; i < value->n; i++)
		push_pair(m, both, &cap, node_key(value, i), node_value(value, i));
	m->root->items[2 * at + 1] = both;
}

static void merge_key(struct merge *m, struct node *key, struct node *value)
{
	for (size_t i = 0; i < m->root->n; i++) {
		if (strcmp(node_key(m->root, i)->text, key->text) == 0 &&
			strcmp(node_key(m->root, i)->file, key->file) != 0) {
			merge_section(m, i, key, value);
			return;
		}
	}
	push_pair(m, m->root, &m->cap, key, value);
}

static void merge_file(struct merge *m, const char *path, const struct node *from, bool quiet);

static const char *escape_glob(struct arena *a, const char *dir, size_t len)
{
	char *out = arena_alloc(a, 2 * len + 1), *p = out;

	for (size_t i = 0; i < len; i++) {
		if (strchr("*?[\\", dir[i]))
			*p++ = '\\';
		*p++ = dir[i];
	}
	return out;
}

static void glob_release(void *ptr)
{
	globfree(ptr);
}

static void include_one(struct merge *m, const struct node *n)
{
	struct walk *w = m->w;
	const char *pattern = walk_text(w, n, 1000);
	const char *slash = strrchr(n->file, '/');
	bool many = pattern && strpbrk(pattern, "*?[") != NULL;
	glob_t *g;

	if (!pattern)
		return;
	if (!w->files) {
		walk_error(w, n, "other files are not included here", "put everything into one file");
		return;
	}
	if (!many) {
		if (*pattern != '/' && slash)
			pattern = arena_printf(w->arena, "%.*s/%s", (int)(slash - n->file), n->file,
				pattern);
		merge_file(m, pattern, n, false);
		return;
	}
	if (*pattern != '/' && slash)
		pattern = arena_printf(w->arena, "%s/%s",
			escape_glob(w->arena, n->file, (size_t)(slash - n->file)), pattern);
	g = ARENA_NEW(w->arena, glob_t);
	arena_defer(w->arena, glob_release, g);
	if (glob(pattern, 0, NULL, g) != 0 || g->gl_pathc == 0) {
		walk_warning(w, n, say(w, "no file matches \"%s\"", value_quote(n->text).text),
			"look at the path: it is relative to the file that includes");
		return;
	}
	for (size_t i = 0; i < g->gl_pathc; i++)
		merge_file(m, arena_strdup(w->arena, g->gl_pathv[i]), n, true);
}

static void include_all(struct merge *m, const struct node *list)
{
	struct walk_list items;

	if (!walk_list(m->w, list, true, PLAN_FILES_MAX, &items))
		return;
	if (m->depth == PLAN_INCLUDE_DEPTH) {
		walk_error(m->w, list,
			say(m->w, "includes are nested more than %d deep", PLAN_INCLUDE_DEPTH),
			"include the files from the first one");
		return;
	}
	m->depth++;
	for (size_t i = 0; i < items.n; i++)
		include_one(m, items.items[i]);
	m->depth--;
}

static void check_version(struct merge *m, const struct node *root, bool needed)
{
	const struct node *n = node_get(root, "tocsin");

	if (n && n->kind == NODE_SCALAR && strcmp(n->text, "1") == 0)
		return;
	if (n)
		walk_error(m->w, n, "this is not a version of the plan language that is known here",
			"write tocsin: 1");
	else if (needed)
		walk_error(m->w, root, "the plan does not say which language it is written in",
			"write tocsin: 1 as its first line");
}

static bool merge_text(struct merge *m, const char *path, const char *text, size_t len, bool main)
{
	struct walk *w = m->w;
	const struct node *root;

	plan_report_file(w->report, path, text, len);
	root = node_parse(w->arena, path, text, len, &m->nodes_used, w->report);
	if (!root)
		return false;
	if (root->kind != NODE_MAP) {
		walk_error(w, root, say(w, "a plan is a map of sections, and this is %s",
			node_kind_name(root)), "begin with tocsin: 1");
		return false;
	}
	check_version(m, root, main);
	for (size_t i = 0; i < root->n; i++) {
		const char *key = node_key(root, i)->text;

		/* "x-shifts: &early ...": a place for anchors, read by nobody else */
		if (strncmp(key, "x-", 2) == 0)
			continue;
		if (strcmp(key, "include") != 0 && (strcmp(key, "tocsin") != 0 || main))
			merge_key(m, node_key(root, i), node_value(root, i));
	}
	include_all(m, node_get(root, "include"));
	return true;
}

/* quiet: found by a pattern; a file that was read already is passed over. */
static bool first_time(struct merge *m, const char *path, const struct stat *st,
	const struct node *from, bool quiet)
{
	struct walk *w = m->w;

	for (size_t i = 0; i < m->n_seen; i++) {
		struct seen_file *s = &m->seen[i];

		if (s->dev != st->st_dev || s->ino != st->st_ino)
			continue;
		if (!quiet)
			walk_error(w, from,
				s->open ? say(w, "%s includes itself in a circle", s->path)
					: say(w, "%s is included twice", s->path),
				"include each file once");
		return false;
	}
	if (m->n_seen == PLAN_FILES_MAX) {
		walk_error(w, from, say(w, "the plan has more than %d files", PLAN_FILES_MAX),
			"put several of them into one");
		return false;
	}
	m->seen[m->n_seen++] = (struct seen_file){st->st_dev, st->st_ino, path, true};
	return true;
}

/* from: the entry of `include`, NULL for the plan itself. */
static void merge_file(struct merge *m, const char *path, const struct node *from, bool quiet)
{
	struct walk *w = m->w;
	const char *why = NULL;
	struct stat st;
	size_t len, me;
	char *text;

	if (stat(path, &st) == 0 && !first_time(m, path, &st, from, quiet))
		return;
	me = m->n_seen;
	text = read_whole_file(w->arena, path, PLAN_FILE_MAX, &len, &why);
	if (!text) {
		const char *what = say(w, "%s cannot be read: %s", path, why);

		if (from)
			walk_error(w, from, what,
				"look at the path: it is relative to the file that includes");
		else
			plan_report_add(w->report, FINDING_ERROR, path, 0, 0,
				say(w, "the plan cannot be read: %s", why), "look at the path");
		return;
	}
	merge_text(m, path, text, len, !from);
	m->seen[me - 1].open = false;
}

static const struct node *finish(struct merge *m)
{
	for (size_t i = 0; i < m->root->n; i++)
		node_check_duplicates(m->w->arena, m->w->report, node_value(m->root, i), true);
	return m->root;
}

static struct merge *merge_new(struct walk *w, const char *path)
{
	struct merge *m = ARENA_NEW(w->arena, struct merge);

	m->w = w;
	m->root = ARENA_NEW(w->arena, struct node);
	*m->root = (struct node){.kind = NODE_MAP, .file = path, .line = 1, .column = 1, .text = ""};
	return m;
}

const struct node *source_read(struct walk *w, const char *path)
{
	struct merge *m = merge_new(w, path);

	merge_file(m, path, NULL, false);
	return finish(m);
}

const struct node *source_read_text(struct walk *w, const char *label, const char *text, size_t len)
{
	struct merge *m = merge_new(w, label);

	if (len > PLAN_FILE_MAX) {
		plan_report_add(w->report, FINDING_ERROR, label, 0, 0,
			say(w, "the plan is larger than %zu bytes", PLAN_FILE_MAX), "shorten it");
		return m->root;
	}
	merge_text(m, label, text, len, true);
	return finish(m);
}
