/* slack_mrkdwn.c - see slack_mrkdwn.h. */
#include "handlers/text/slack_mrkdwn.h"

#include <inttypes.h>
#include <string.h>

#include "handlers/text/render_common.h"
#include "tocsin/arena.h"
#include "tocsin/utf8.h"

#define LABEL_UNITS 300 /* of a link; a longer one is cut */
#define URL_UNITS 2000  /* of a link; a longer one is text */
#define PIECE_BYTES 16384

void mrkdwn_init(struct mrkdwn *w, const struct render_options *o, struct arena *a, size_t limit)
{
	memset(w, 0, sizeof(*w));
	w->o = o;
	w->limit = limit;
	buf_init_arena(&w->text, a, PIECE_BYTES);
}

static const char *entity_of(char c, size_t *units)
{
	switch (c) {
	case '&': *units = 5; return "&amp;";
	case '<': *units = 4; return "&lt;";
	case '>': *units = 4; return "&gt;";
	default: return NULL;
	}
}

/* Bytes at s that need no thought: plain ASCII other than & < > ` and white space. */
static size_t plain_run(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c <= 0x20 || c >= 0x7f || c == '&' || c == '<' || c == '>' || c == '`')
			break;
	}
	return i;
}

bool slack_escape(struct buf *out, const char *s, size_t len, size_t units)
{
	size_t i = 0, n, u, used = 0;
	const char *entity;

	while (i < len) {
		u = 1;
		entity = entity_of(s[i], &u);
		n = 1;
		if (!entity && utf8_decode(s + i, len - i, &n) > 0xffff)
			u = 2;
		if (used + u > units)
			return false;
		used += u;
		if (entity)
			buf_str(out, entity);
		else
			buf_add(out, s + i, n);
		i += n;
	}
	return true;
}

/* --- pieces -------------------------------------------------------------------------------------- */

static void trim_end(struct mrkdwn *w)
{
	while (w->text.len) {
		char c = w->text.data[w->text.len - 1];

		if (c != ' ' && c != '\n')
			break;
		buf_truncate(&w->text, w->text.len - 1);
		w->units--;
	}
	if (w->space > w->text.len)
		w->space = 0;
}

/* What stands at the start of each piece before any text. */
static size_t lead_bytes(const struct mrkdwn *w)
{
	return w->n_open + (w->prefix ? strlen(w->prefix) : 0);
}

static void close_styles(struct mrkdwn *w)
{
	unsigned i;

	for (i = w->n_open; i-- > 0;)
		buf_char(&w->text, w->open[i]);
	w->units += w->n_open;
}

static void open_styles(struct mrkdwn *w)
{
	if (w->prefix) {
		buf_str(&w->text, w->prefix);
		w->units += strlen(w->prefix);
	}
	buf_add(&w->text, w->open, w->n_open);
	w->units += w->n_open;
	w->space = 0;
}

/* The piece is full: hands it over and begins the next one with what came after the last space. */
static void next_piece(struct mrkdwn *w)
{
	const char *rest = "";
	size_t rest_len = 0, rest_units = 0;

	if (w->full)
		return;
	if (w->space && w->space < w->text.len && w->piece) {
		rest_len = w->text.len - w->space;
		rest_units = w->units - w->space_units;
		rest = arena_strndup(w->text.arena, w->text.data + w->space, rest_len);
	}
	if (w->space) {
		buf_truncate(&w->text, w->space);
		w->units = w->space_units;
	}
	trim_end(w);
	if (!w->piece) {
		buf_str(&w->text, "\xe2\x80\xa6");
		w->units++;
		close_styles(w);
		w->full = true;
		return;
	}
	close_styles(w);
	if (w->text.len > lead_bytes(w) + w->n_open)
		w->limit = w->piece(w->ctx, buf_text(&w->text), w->units);
	buf_reset(&w->text);
	w->units = 0;
	if (w->limit < lead_bytes(w) + w->n_open + rest_units + 8) {
		w->full = true;
		return;
	}
	open_styles(w);
	buf_add(&w->text, rest, rest_len);
	w->units += rest_units;
}

/* Room for `units` more? Else a new piece is begun. One unit is kept for the "…" of a last piece. */
static bool room(struct mrkdwn *w, size_t units)
{
	size_t reserve = w->n_open + (w->piece ? 0 : 1);

	if (w->full)
		return false;
	if (w->units + units + reserve <= w->limit)
		return true;
	next_piece(w);
	if (w->full || w->units + units + reserve <= w->limit)
		return !w->full;
	/* What came along from the last piece is in the way: it goes out by itself. */
	w->space = 0;
	next_piece(w);
	return !w->full && w->units + units + reserve <= w->limit;
}

/* At the start of a piece white space says nothing. */
static void add_space(struct mrkdwn *w, char c)
{
	if (w->text.len <= lead_bytes(w) || !room(w, 1) || w->text.len <= lead_bytes(w))
		return;
	buf_char(&w->text, c);
	w->units++;
	w->space = w->text.len;
	w->space_units = w->units;
}

/*
 * Back-ticks in text that somebody typed: pairs may stay (that is code, as meant), but an odd one, or
 * two in a row, would pair with ours and swallow the mention between them. They become a look-alike.
 */
static bool tick_hidden(const char *s, size_t at, size_t len)
{
	size_t i, later = 0, earlier = 0;

	if ((at && s[at - 1] == '`') || (at + 1 < len && s[at + 1] == '`'))
		return true;
	for (i = 0; i < len; i++) {
		bool alone = s[i] == '`' && !(i && s[i - 1] == '`') && !(i + 1 < len && s[i + 1] == '`');

		earlier += alone && i < at;
		later += alone && i > at;
	}
	return later == 0 && earlier % 2 == 0;
}

static void add_character(struct mrkdwn *w, const char *s, size_t n, const char *as, size_t units)
{
	if (!room(w, units))
		return;
	if (as)
		buf_str(&w->text, as);
	else
		buf_add(&w->text, s, n);
	w->units += units;
}

void mrkdwn_text(struct mrkdwn *w, const char *s, size_t len)
{
	size_t i = 0, n, units;
	const char *as;

	while (i < len && !w->full) {
		n = w->units + w->n_open + 1; /* taken, or kept for what ends the piece */
		n = n < w->limit ? w->limit - n : 0;
		n = plain_run(s + i, len - i < n ? len - i : n);
		if (n) {
			buf_add(&w->text, s + i, n);
			w->units += n;
			i += n;
			continue;
		}
		if (s[i] == ' ' || s[i] == '\n' || s[i] == '\t') {
			add_space(w, s[i] == '\t' ? ' ' : s[i]);
			i++;
			continue;
		}
		units = n = 1;
		as = entity_of(s[i], &units);
		if (!as && utf8_decode(s + i, len - i, &n) > 0xffff)
			units = 2;
		if (s[i] == '`' && len < 20000 && tick_hidden(s, i, len))
			as = "\xcb\x8b";
		if ((unsigned char)s[i] >= 0x20) /* a control character says nothing */
			add_character(w, s + i, n, as, units);
		i += n;
	}
}

/* Something that must stay whole. */
static void add_atom(struct mrkdwn *w, const struct buf *atom)
{
	size_t units = utf16_units(buf_text(atom), atom->len);

	if (atom->failed || !room(w, units))
		return;
	buf_add(&w->text, buf_text(atom), atom->len);
	w->units += units;
}

void mrkdwn_break(struct mrkdwn *w)
{
	if (w->text.len <= lead_bytes(w) || !room(w, 2 * lead_bytes(w) + 2) ||
		w->text.len <= lead_bytes(w))
		return;
	close_styles(w);
	buf_char(&w->text, '\n');
	w->units++;
	open_styles(w);
	/* A cut is good here, but what follows must not bring its styles along twice. */
	if (!w->n_open && !w->prefix) {
		w->space = w->text.len;
		w->space_units = w->units;
	}
}

void mrkdwn_end(struct mrkdwn *w)
{
	if (w->full)
		return;
	trim_end(w);
	if (w->piece && w->text.len)
		w->limit = w->piece(w->ctx, buf_text(&w->text), w->units);
	if (w->piece) {
		buf_reset(&w->text);
		w->units = 0;
		w->space = 0;
	}
}

/* --- spans --------------------------------------------------------------------------------------- */

static bool platform_id(const char *s, const char *first)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

	return n > 1 && n <= 64 && !s[n] && strchr(first, *s);
}

static void add_mention(struct mrkdwn *w, const struct span *s)
{
	struct resolved r = render_resolve(w->o, s);
	bool channel = s->kind == SPAN_CHANNEL;
	struct buf out;

	if (!r.id && s->kind != SPAN_PERSON)
		r.id = s->target; /* it may be an id already */
	buf_init_arena(&out, w->text.arena, 4096);
	if (r.id && platform_id(r.id, channel ? "CGD" : "UW")) {
		buf_printf(&out, "<%c%s>", channel ? '#' : '@', r.id);
		add_atom(w, &out);
		return;
	}
	render_mention_text(w->o, s, &out);
	mrkdwn_text(w, buf_text(&out), out.len);
}

static void add_time(struct mrkdwn *w, const struct span *s)
{
	static const char *const formats[] = {
		[TIME_FULL] = "{date_short_pretty} {time}", [TIME_DATE] = "{date_short_pretty}",
		[TIME_CLOCK] = "{time}", [TIME_AGO] = "{ago}",
	};
	struct buf out, label;
	char *p;

	buf_init_arena(&label, w->text.arena, 4096);
	/* For a client that knows no dates: "10:30" will do, "then" would not. */
	if (s->len < 200 && s->text[strcspn(s->text, "0123456789")])
		buf_add(&label, s->text, s->len);
	else
		render_time_text(w->o, s, &label);
	for (p = label.data; p && *p; p++)
		if (*p == '|' || *p == '^' || *p == '\n')
			*p = ' '; /* they would end the fallback */
	buf_init_arena(&out, w->text.arena, 4096);
	buf_printf(&out, "<!date^%" PRId64 "^%s|", s->time_s, formats[s->style]);
	slack_escape(&out, buf_text(&label), label.len, LABEL_UNITS);
	buf_char(&out, '>');
	add_atom(w, &out);
}

static void add_link(struct mrkdwn *w, const struct span *s)
{
	struct buf out, label;
	size_t i;

	buf_init_arena(&label, w->text.arena, 65536);
	render_spans_text(w->o, s->children, &label);
	if (!label.len)
		buf_str(&label, s->target);
	for (i = 0; i < label.len; i++)
		if (label.data[i] == '\n')
			label.data[i] = ' ';
	if (utf16_units(s->target, strlen(s->target)) > URL_UNITS) {
		mrkdwn_text(w, buf_text(&label), label.len);
		return;
	}
	buf_init_arena(&out, w->text.arena, 65536);
	buf_char(&out, '<');
	slack_escape(&out, s->target, strlen(s->target), URL_UNITS * 5);
	buf_char(&out, '|');
	if (!slack_escape(&out, buf_text(&label), label.len, LABEL_UNITS))
		buf_str(&out, "\xe2\x80\xa6");
	buf_char(&out, '>');
	if (utf16_units(buf_text(&out), out.len) > 2900) /* a URL full of & */
		mrkdwn_text(w, buf_text(&label), label.len);
	else
		add_atom(w, &out);
}

static bool style_open(const struct mrkdwn *w, char mark)
{
	return memchr(w->open, mark, w->n_open) != NULL;
}

/* Slack takes "* x *" as it stands: white space at the edges must be outside the marks. */
static void add_styled(struct mrkdwn *w, const struct span *s, char mark)
{
	const struct span *c = s->children;
	bool space;

	if (!c || style_open(w, mark) || w->n_open == MRKDWN_STYLES) {
		mrkdwn_spans(w, c);
		return;
	}
	if (c->kind == SPAN_TEXT && c->len && c->text[0] == ' ')
		add_space(w, ' ');
	if (!room(w, 4)) /* the mark, a character, the closing mark */
		return;
	buf_char(&w->text, mark);
	w->units++;
	w->open[w->n_open++] = mark;
	w->space = 0;
	if (c->kind == SPAN_TEXT) {
		size_t lead = 0;

		while (lead < c->len && c->text[lead] == ' ')
			lead++;
		mrkdwn_text(w, c->text + lead, c->len - lead);
		c = c->next;
	}
	mrkdwn_spans(w, c);
	if (w->full && !w->piece)
		return; /* next_piece() closed it */
	w->n_open--;
	if (w->full)
		return;
	space = w->text.len && w->text.data[w->text.len - 1] == ' ';
	trim_end(w);
	if (w->text.len && w->text.data[w->text.len - 1] == mark && w->text.len == lead_bytes(w) + 1) {
		buf_truncate(&w->text, w->text.len - 1); /* nothing came in between */
		w->units--;
	} else {
		buf_char(&w->text, mark);
		w->units++;
	}
	w->space = 0;
	if (space)
		add_space(w, ' ');
}

/* A span of code must be whole, on one line and free of back-ticks; else it is plain text. */
static void add_code(struct mrkdwn *w, const struct span *s)
{
	struct buf out;

	if (!s->len)
		return;
	if (memchr(s->text, '`', s->len) || s->len > 1000) {
		mrkdwn_text(w, s->text, s->len);
		return;
	}
	buf_init_arena(&out, w->text.arena, 8192);
	buf_char(&out, '`');
	slack_escape(&out, s->text, s->len, 5000);
	buf_char(&out, '`');
	if (utf16_units(buf_text(&out), out.len) > 1900)
		mrkdwn_text(w, s->text, s->len);
	else
		add_atom(w, &out);
}

void mrkdwn_spans(struct mrkdwn *w, const struct span *s)
{
	for (; s && !w->full; s = s->next) {
		switch (s->kind) {
		case SPAN_TEXT:
			mrkdwn_text(w, s->text, s->len);
			break;
		case SPAN_BREAK:
			mrkdwn_break(w);
			break;
		case SPAN_CODE:
			add_code(w, s);
			break;
		case SPAN_BOLD:
			add_styled(w, s, '*');
			break;
		case SPAN_ITALIC:
			add_styled(w, s, '_');
			break;
		case SPAN_STRIKE:
			add_styled(w, s, '~');
			break;
		case SPAN_LINK:
			add_link(w, s);
			break;
		case SPAN_TIME:
			add_time(w, s);
			break;
		default:
			add_mention(w, s);
			break;
		}
	}
}

void mrkdwn_quote(struct mrkdwn *w, const struct span *s)
{
	if (!room(w, 8))
		return;
	w->prefix = "> ";
	buf_str(&w->text, w->prefix);
	w->units += strlen(w->prefix);
	w->space = 0; /* a cut before the sign would bring it along twice */
	mrkdwn_spans(w, s);
	w->prefix = NULL;
}
