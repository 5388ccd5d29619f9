/* load.c - see plan_load.h: from a path to a plan. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bot/plan/plan_load.h"
#include "bot/plan/walk.h"
#include "tocsin/arena.h"

#define PLAN_BYTES ((size_t)192 * 1024 * 1024)

struct plan *plan_ref(struct plan *p)
{
	((struct plan_box *)p)->refs++;
	return p;
}

void plan_unref(struct plan *p)
{
	struct plan_box *box = (struct plan_box *)p;

	if (box && --box->refs == 0)
		arena_free(box->arena); /* the box itself lives there */
}

/* `templates`: a folder, relative to the file that says so. */
static void load_template_dir(struct walk *w)
{
	const struct node *n = node_get(w->root, "templates");
	const char *text = walk_text(w, n, 1000), *path = text, *slash;
	char *full;
	struct stat st;

	if (!text)
		return;
	slash = strrchr(n->file, '/');
	if (*text != '/' && slash)
		path = arena_printf(w->arena, "%.*s/%s", (int)(slash - n->file), n->file, text);
	if (!w->files) {
		walk_error(w, n, "no folder is read here", "leave `templates` out");
		return;
	}
	full = realpath(path, NULL);
	if (full) {
		arena_defer(w->arena, free, full);
		if (stat(full, &st) == 0 && S_ISDIR(st.st_mode)) {
			w->plan->template_dir = full;
			w->box->template_shown = path;
			return;
		}
	}
	walk_error(w, n, say(w, "there is no folder %s", value_quote(path).text),
		"make it, or take the line out: the built-in templates are used then");
}

static void load_head(struct walk *w)
{
	const struct node *url = node_get(w->root, "public_url");
	const char *text = walk_text(w, node_get(w->root, "name"), WALK_NAME_MAX);
	size_t len;

	w->plan->name = text ? text : "tocsin";
	w->plan->timezone = "UTC";
	w->zone = w->plan->zone = walk_zone(w, node_get(w->root, "timezone"), &w->plan->timezone);
	walk_time(w, node_get(w->root, "launch_at"), w->zone, &w->plan->launch_at_ms);
	text = walk_secret_url(w, url, "https http", false);
	if (text && strpbrk(text, "?#")) {
		walk_error(w, url, "`public_url` is the base of links and has no ? or #",
			"write it as https://bot.example.com");
		text = NULL;
	}
	for (len = text ? strlen(text) : 0; len && text[len - 1] == '/';)
		len--;
	if (text)
		w->plan->public_url = arena_strndup(w->arena, text, len);
	load_template_dir(w);
}

static void load_all(struct walk *w)
{
	if (!w->root->n)
		return; /* told already, or an empty file: what follows would only add noise */
	walk_map(w, w->root, &keys_top);
	load_head(w);
	load_channels(w);
	load_people(w);
	load_groups(w);
	load_connections(w);
	load_reach(w);
	load_hours(w);
	load_events(w);
	load_oncall(w);
	load_ladders(w);
	load_severities(w);
	load_incident(w);
	load_alerts(w);
	walk_check_refs(w);
}

struct plan *load_plan(struct arena *a, const char *path, const char *text, size_t len,
	unsigned flags, struct plan_report *report)
{
	struct plan_box *box;
	struct walk *w;

	if (setjmp(*arena_recovery(a)) || setjmp(*arena_recovery(report->arena))) {
		arena_recovery_clear(report->arena);
		plan_report_no_memory(report);
		arena_free(a);
		return NULL;
	}
	box = ARENA_NEW(a, struct plan_box);
	w = ARENA_NEW(a, struct walk);
	box->arena = a;
	box->refs = 1;
	box->plan.path = arena_strdup(a, path);
	*w = (struct walk){.box = box, .plan = &box->plan, .arena = a, .report = report, .flags = flags,
		.files = !text, .refs_end = &w->refs};
	box->root = w->root = text ? source_read_text(w, box->plan.path, text, len)
				   : source_read(w, box->plan.path);
	load_all(w);
	arena_recovery_clear(report->arena);
	arena_recovery_clear(a);
	if (report->count[FINDING_ERROR]) {
		arena_free(a);
		return NULL;
	}
	return &box->plan;
}

static struct plan *load(const char *path, const char *text, size_t len, unsigned flags,
	struct plan_report *report)
{
	struct arena *a = arena_new(PLAN_BYTES);

	if (!a) {
		plan_report_no_memory(report);
		return NULL;
	}
	return load_plan(a, path, text, len, flags, report);
}

struct plan *plan_load_flags(const char *path, unsigned flags, struct plan_report *report)
{
	return load(path, NULL, 0, flags, report);
}

struct plan *plan_load(const char *path, struct plan_report *report)
{
	return load(path, NULL, 0, 0, report);
}

struct plan *plan_load_text(const char *label, const char *text, size_t len,
	struct plan_report *report)
{
	return load(label, text, len, 0, report);
}
