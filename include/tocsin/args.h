/*
 * args.h - what a person typed behind a command, as words.
 *
 * People type on telephones and in editors that improve on them: curly quotes are quotes, a long
 * dash at the start of a word is "--", odd spaces are spaces. Slack's own tokens (<@U1|ada>,
 * <#C1|dev>, <!here>, <https://x|label>) become one word each, and its &amp; &lt; &gt; are undone
 * after they were split off. Free text keeps its characters and loses control characters and
 * direction overrides.
 */
#ifndef TOCSIN_ARGS_H
#define TOCSIN_ARGS_H

#include <stdbool.h>
#include <stddef.h>

/* More words than this are not split: they are part of the free text only. */
#define ARGS_MAX 32

struct arena;
struct plan;
struct plan_person;
struct plan_severity;

enum arg_kind {
	ARG_WORD,
	ARG_USER,    /* text: platform id "U0ADA", label: "ada" or "" */
	ARG_CHANNEL, /* text: "C0DEV" */
	ARG_GROUP,   /* text: "S0ONCALL", a user group */
	ARG_SPECIAL, /* text: "here", "channel", "everyone" */
	ARG_LINK     /* text: the URL */
};

struct arg {
	enum arg_kind kind;
	const char *text;
	const char *label;
	size_t at; /* where it begins in the source */
};

struct args {
	struct arena *arena;
	const char *source;
	size_t len;
	struct arg items[ARGS_MAX];
	size_t n;
	size_t end; /* source is split up to here */
};

void args_parse(struct args *out, struct arena *a, const char *text);

/* Everything from item `from` on as one readable text: tokens become "@Ada Park", "#dev", URLs;
 * surrounding quotes are dropped. one_line: line ends become spaces. "" when nothing is left.
 * plan (for names) may be NULL. */
const char *args_rest(const struct args *args, size_t from, const struct plan *plan, bool one_line);

/* The same for a whole text. */
const char *args_plain(struct arena *a, const struct plan *plan, const char *text, bool one_line);

/* Text that was never escaped (a form's answer, an alert's title): only what hides or turns text
 * around goes, and odd spaces become plain ones. */
const char *args_clean(struct arena *a, const char *text, bool one_line);

/* Cut to at most `chars` characters; a cut text ends with an ellipsis (which counts). */
const char *args_cut(struct arena *a, const char *text, size_t chars);

bool args_word_is(const struct arg *arg, const char *word); /* case folds, ASCII */

/*
 * A severity as people type it, in one word ("p0", "SEV-1", "sev1:") or two ("sev 1"). The plan's
 * own key wins. Else SEV counts from 1, the plan's worst (SEV0 is the worst too), and P counts from
 * 0. *words: how many items were used. NULL: not a severity.
 */
const struct plan_severity *args_severity(const struct args *args, size_t at,
	const struct plan *plan, size_t *words);

enum args_person { ARGS_PERSON_NONE, ARGS_PERSON_KNOWN, ARGS_PERSON_FOREIGN, ARGS_PERSON_UNCLEAR };

/*
 * A person from item `at` on: a mention, the plan's key ("ada", "@ada"), or a name in full or a
 * first name that only one has. KNOWN: *person is set. FOREIGN: a mention of somebody whom the plan
 * does not list (the item has id and label). UNCLEAR: several have that name. *words: items used.
 */
enum args_person args_person(const struct args *args, size_t at, const struct plan *plan,
	const struct plan_person **person, size_t *words);
#endif
