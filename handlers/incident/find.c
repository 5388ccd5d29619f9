/* find.c - which incident a command means: the one it names, or the one of this place. Never a
 * guess: several are a choice for the asker. */
#include "handlers/incident/verbs.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "tocsin/arena.h"
#include "tocsin/plan.h"
#include "tocsin/snapshot.h"

#define CHOICES_MAX 10
#define PAGED_LOOK_MAX 20 /* newest open incidents among which a reply is looked for */
/* A button carries its whole command line, and platforms bound that. */
#define COMMAND_MAX 1200

/* --- ids ---------------------------------------------------------------------------------- */

/* "INC-{n}" -> "INC-" and "". */
static void format_split(struct context *cx, const char **prefix, const char **suffix)
{
	const char *format = cx->plan->incident.id_format;
	const char *n;

	if (!format || !(n = strstr(format, "{n}"))) {
		*prefix = "INC-";
		*suffix = "";
		return;
	}
	*prefix = arena_strndup(cx->arena, format, (size_t)(n - format));
	*suffix = n + 3;
}

const char *id_format(struct context *cx, int64_t number)
{
	const char *prefix, *suffix;

	format_split(cx, &prefix, &suffix);
	return arena_printf(cx->arena, "%s%" PRId64 "%s", prefix, number, suffix);
}

/* Digits only, 1 to 12 of them, no sign; leading zeros are forgiven. -1: no number. */
static int64_t number_of(const char *s, size_t len)
{
	int64_t n = 0;

	if (len < 1 || len > 12)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		n = n * 10 + (s[i] - '0');
	}
	return n;
}

const char *id_typed(struct context *cx, const char *word, bool bare_ok)
{
	const char *prefix, *suffix;
	size_t len = strlen(word), p, s;
	int64_t n;

	while (len && strchr(":,.;", word[len - 1]))
		len--;
	format_split(cx, &prefix, &suffix);
	p = strlen(prefix);
	s = strlen(suffix);
	if (*word == '#' && (n = number_of(word + 1, len - 1)) > 0)
		return id_format(cx, n);
	if (p + s > 0 && len > p + s && strncasecmp(word, prefix, p) == 0 &&
		strncasecmp(word + len - s, suffix, s) == 0 &&
		(n = number_of(word + p, len - p - s)) > 0)
		return id_format(cx, n);
	/* "inc42": people leave the dash out. */
	if (p > 1 && !s && prefix[p - 1] == '-' && len > p - 1 &&
		strncasecmp(word, prefix, p - 1) == 0 && (n = number_of(word + p - 1, len - p + 1)) > 0)
		return id_format(cx, n);
	if (bare_ok && (n = number_of(word, len)) > 0)
		return id_format(cx, n);
	return "";
}

/* --- places ------------------------------------------------------------------------------- */

const struct fact *fact_want(struct context *cx, const char *key)
{
	const struct fact *f = snapshot_get(cx->snap, key);

	if (f->state == FACT_NOT_LOADED)
		effects_need(cx->out, key);
	return f;
}

static const char *platform_name(enum platform p)
{
	return p == PLATFORM_TEAMS ? "teams" : "slack";
}

const struct fact *thread_link(struct context *cx, const struct place *at)
{
	if (!*at->channel || !*at->thread)
		return NULL;
	return fact_want(cx, arena_printf(cx->arena, "link:thread:%s:%s:%s",
		platform_name(at->platform), at->channel, at->thread));
}

const struct fact *room_link(struct context *cx, const struct place *at)
{
	if (!*at->channel)
		return NULL;
	return fact_want(cx, arena_printf(cx->arena, "link:room:%s:%s", platform_name(at->platform),
		at->channel));
}

const char *id_of_link(struct context *cx, const struct fact *link)
{
	(void)cx;
	if (!link || link->state != FACT_KNOWN || strncmp(link->value, "incident:", 9) != 0)
		return NULL;
	return link->value + 9;
}

/* --- choosing ------------------------------------------------------------------------------ */

/* The command line again, with this id: what a button of the picker runs. NULL: too long. */
static const char *command_with(struct context *cx, const struct call *call, const char *id)
{
	const char *rest = call->next < call->args.n ?
		call->args.source + call->args.items[call->next].at : "";
	struct buf b;

	if (strlen(rest) > COMMAND_MAX)
		return NULL;
	buf_init_arena(&b, cx->arena, COMMAND_MAX + 128);
	buf_printf(&b, "incident %s %s", incident_verbs[call->verb].name, id);
	if (*rest)
		buf_char(&b, ' ');
	for (; *rest; rest++)
		buf_char(&b, (char)(strchr("\n\r\t", *rest) ? ' ' : *rest));
	return buf_text(&b);
}

/* One line per incident, with its button; what is not loaded yet is asked for. */
static enum step choices(struct context *cx, const struct call *call, struct data *d,
	const char *const *ids, size_t n)
{
	size_t shown = 0;
	enum step step = STEP_DONE;
	bool buttons = false;

	json_out_array(&d->j, "choices");
	for (size_t i = 0; i < n && shown < CHOICES_MAX; i++) {
		struct incident *inc;
		const char *command;

		if (incident_load(cx, ids[i], &inc) == STEP_NEED) {
			step = STEP_NEED;
			shown++;
			continue;
		}
		if (!inc)
			continue;
		shown++;
		command = command_with(cx, call, inc->id);
		json_out_object(&d->j, NULL);
		json_out_str(&d->j, "id", inc->id);
		json_out_str(&d->j, "title", args_cut(cx->arena, inc->title, 60));
		json_out_str(&d->j, "severity", inc->severity);
		json_out_str(&d->j, "status", incident_status_name(inc->status));
		json_out_bool(&d->j, "drill", inc->drill);
		buttons = command != NULL;
		if (command)
			json_out_str(&d->j, "command", command);
		json_out_object_end(&d->j);
	}
	json_out_array_end(&d->j);
	if (n > shown)
		json_out_int(&d->j, "more", (int64_t)(n - shown));
	json_out_str(&d->j, "verb", incident_verbs[call->verb].name);
	json_out_bool(&d->j, "any", shown > 0);
	json_out_bool(&d->j, "buttons", buttons);
	return step;
}

static enum step ask_which(struct context *cx, struct call *call, const char *template_name,
	const struct fact *ids)
{
	struct data d;

	data_begin(cx, &d);
	json_out_str(&d.j, "channel", cx->req->where.channel);
	if (choices(cx, call, &d, ids->items, ids->n) == STEP_NEED)
		return STEP_NEED;
	return answer_refused(cx, template_name, &d);
}

/* Which of this channel's two lists counts for the verb; NULL: still loading. */
static const struct fact *candidates(struct context *cx, enum pick pick)
{
	const char *channel = cx->req->where.channel;
	const struct fact *open, *done;

	open = fact_want(cx, arena_printf(cx->arena, "index:incident:place:%s", channel));
	done = fact_want(cx, arena_printf(cx->arena, "index:incident:resolved:%s", channel));
	if (open->state == FACT_NOT_LOADED || done->state == FACT_NOT_LOADED)
		return NULL;
	if (pick == PICK_DONE && done->n > 0)
		return done;
	if (pick == PICK_ANY && open->n == 0)
		return done;
	/* "ack" where the only one was resolved a moment ago: the verb says so. */
	if (pick == PICK_OPEN && open->n == 0 && done->n == 1)
		return done;
	return open;
}

static enum step load_or_refuse(struct context *cx, struct call *call, const char *id)
{
	enum step step = incident_load(cx, id, &call->inc);

	if (step == STEP_DONE && !call->inc)
		return refuse_with(cx, "incident/unknown_id", "id", id);
	return step;
}

/* "Reply ACK INC-42 or ACK INC-43." */
static enum step refuse_which(struct context *cx, const struct call *call, const char *const *ids, size_t n)
{
	struct data d;

	data_begin(cx, &d);
	json_out_str(&d.j, "verb", incident_verbs[call->verb].name);
	json_out_bool(&d.j, "several", n > 1);
	json_out_array(&d.j, "choices");
	for (size_t i = 0; i < n; i++) {
		json_out_object(&d.j, NULL);
		json_out_bool(&d.j, "comma", i > 0);
		json_out_str(&d.j, "id", ids[i]);
		json_out_object_end(&d.j);
	}
	json_out_array_end(&d.j);
	return answer_refused(cx, "incident/which_paged", &d);
}

/* Is this person being paged for it, since the newest beginning? */
static bool is_paged(const struct incident *inc, const char *person)
{
	const struct paging *p = &inc->paging;

	for (unsigned i = 0; i < p->n_pages; i++)
		if (p->pages[i].epoch == p->epoch && strcmp(p->pages[i].person, person) == 0)
			return true;
	return false;
}

/* Somebody answers a text message, which is nowhere: the one open incident that they are paged for,
 * else they are asked for its id. */
static enum step find_paged(struct context *cx, struct call *call)
{
	const struct fact *all = fact_want(cx, "rindex:incident:open");
	const char *ids[CHOICES_MAX];
	enum step step = STEP_DONE;
	size_t n = 0;

	if (all->state == FACT_NOT_LOADED)
		return STEP_NEED;
	for (size_t i = 0; i < all->n && i < PAGED_LOOK_MAX; i++) {
		struct incident *inc;

		if (incident_load(cx, all->items[i], &inc) == STEP_NEED)
			step = STEP_NEED;
		else if (inc && is_paged(inc, cx->req->who.person->key) && n < CHOICES_MAX)
			ids[n++] = inc->id;
	}
	if (step == STEP_NEED)
		return step;
	if (n == 1)
		return load_or_refuse(cx, call, ids[0]);
	return refuse_which(cx, call, ids, n);
}

enum step call_find(struct context *cx, struct call *call, enum pick pick)
{
	const struct fact *thread, *room, *list, *all;
	const char *id;

	if (pick == PICK_NONE)
		return STEP_DONE;
	if (*call->id)
		return load_or_refuse(cx, call, call->id);
	if (!*cx->req->where.channel && cx->req->source == SOURCE_LINK && cx->req->who.person)
		return find_paged(cx, call);
	if (!*cx->req->where.channel)
		return refuse_with(cx, "incident/need_id", "verb", incident_verbs[call->verb].name);
	thread = thread_link(cx, &cx->req->where);
	room = room_link(cx, &cx->req->where);
	list = candidates(cx, pick);
	if ((thread && thread->state == FACT_NOT_LOADED) || room->state == FACT_NOT_LOADED || !list)
		return STEP_NEED;
	id = id_of_link(cx, thread);
	if (!id)
		id = id_of_link(cx, room);
	if (!id && list->n == 1)
		id = list->items[0];
	if (id)
		return load_or_refuse(cx, call, id);
	if (list->n > 1)
		return ask_which(cx, call, "incident/pick", list);
	all = fact_want(cx, "rindex:incident:open");
	if (all->state == FACT_NOT_LOADED)
		return STEP_NEED;
	return ask_which(cx, call, "incident/none_here", all);
}
