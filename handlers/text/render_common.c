/* render_common.c - mentions, times and plain text, the same for every renderer. */
#include "handlers/text/render_common.h"

#include <inttypes.h>
#include <string.h>

#include "tocsin/plan.h"

const struct render_options render_defaults;

const char *phrase(const char *given, const char *sign)
{
	return given && *given ? given : sign;
}

struct resolved render_resolve(const struct render_options *o, const struct span *s)
{
	const struct resolver *who = o->who;
	struct resolved r = {NULL, NULL};
	bool (*ask)(void *, const char *, struct resolved *) = NULL;

	if (who)
		ask = s->kind == SPAN_PERSON ? who->person : s->kind == SPAN_USER ? who->user
			: who->channel;
	if (ask && !ask(who->ctx, s->target, &r))
		r.id = r.name = NULL;
	return r;
}

void render_mention_text(const struct render_options *o, const struct span *s, struct buf *out)
{
	struct resolved r = render_resolve(o, s);
	const char *name = r.name, *label = s->text;
	char sign = s->kind == SPAN_CHANNEL ? '#' : '@';

	if (!name || !*name)
		name = *label ? label : s->target;
	if (*name != sign)
		buf_char(out, sign);
	buf_str(out, name);
}

/* Civil date from days since 1970-01-01; no C library, because its functions know a time zone. */
static void civil(int64_t days, int64_t *y, unsigned *m, unsigned *d)
{
	int64_t era, doe, yoe, doy, mp;

	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	doe = days - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
	*m = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
	*y = yoe + era * 400 + (*m <= 2);
}

void time_text_utc(void *ctx, int64_t epoch_s, const char *tz, struct buf *out)
{
	int64_t days = epoch_s / 86400, rest = epoch_s % 86400, y;
	unsigned m, d;

	(void)ctx;
	(void)tz;
	if (rest < 0) {
		rest += 86400;
		days--;
	}
	civil(days, &y, &m, &d);
	buf_printf(out, "%04" PRId64 "-%02u-%02u %02d:%02d UTC", y, m, d, (int)(rest / 3600),
		(int)(rest / 60 % 60));
}

void render_time_text(const struct render_options *o, const struct span *s, struct buf *out)
{
	char utc[64], *clock;
	struct buf whole;

	if (o->time_text) {
		o->time_text(o->time_ctx, s->time_s, o->tz, out);
		return;
	}
	buf_init(&whole, sizeof(utc) - 1);
	time_text_utc(NULL, s->time_s, NULL, &whole);
	snprintf(utc, sizeof(utc), "%s", buf_text(&whole));
	buf_release(&whole); /* before anything that may jump */
	clock = strchr(utc, ' '); /* "2026-01-28 17:00 UTC" */
	if (clock && s->style == TIME_DATE)
		*clock = '\0';
	buf_str(out, clock && s->style == TIME_CLOCK ? clock + 1 : utc);
}

void render_spans_text(const struct render_options *o, const struct span *s, struct buf *out)
{
	for (; s; s = s->next) {
		switch (s->kind) {
		case SPAN_TEXT: case SPAN_CODE:
			buf_add(out, s->text, s->len);
			break;
		case SPAN_BREAK:
			buf_char(out, '\n');
			break;
		case SPAN_PERSON: case SPAN_USER: case SPAN_CHANNEL:
			render_mention_text(o, s, out);
			break;
		case SPAN_TIME:
			render_time_text(o, s, out);
			break;
		default:
			render_spans_text(o, s->children, out);
			break;
		}
	}
}

/* --- the plan's people and channels ------------------------------------------------------------- */

static bool plan_resolve_person(void *ctx, const char *key, struct resolved *out)
{
	const struct plan_person *p = plan_person(ctx, key);

	if (!p)
		return false;
	out->id = p->slack;
	out->name = p->name;
	return true;
}

static bool plan_resolve_user(void *ctx, const char *id, struct resolved *out)
{
	const struct plan_person *p = plan_person_by_slack(ctx, id);

	if (!p)
		return false;
	out->id = p->slack;
	out->name = p->name;
	return true;
}

static bool plan_resolve_channel(void *ctx, const char *key, struct resolved *out)
{
	const struct plan_channel *c = plan_channel(ctx, key);

	if (!c)
		c = plan_channel_by_slack(ctx, key);
	if (!c)
		return false;
	out->id = c->slack;
	out->name = c->key;
	return true;
}

void resolver_slack(struct resolver *r, const struct plan *plan)
{
	union { const struct plan *in; void *out; } borrowed = {.in = plan}; /* never written through */

	r->ctx = borrowed.out;
	r->person = plan_resolve_person;
	r->user = plan_resolve_user;
	r->channel = plan_resolve_channel;
}
