/* render_common.h - what the renderers share. */
#ifndef TOCSIN_TEXT_RENDER_COMMON_H
#define TOCSIN_TEXT_RENDER_COMMON_H

#include <stdbool.h>
#include <stddef.h>

#include "tocsin/buf.h"
#include "tocsin/message.h"
#include "tocsin/render.h"

/* The resolver's answer for a mention (PERSON, USER, CHANNEL); members NULL when it knows nothing. */
struct resolved render_resolve(const struct render_options *o, const struct span *s);

/* What a reader of plain text sees for a mention: "@Ada Park", "#war-room". */
void render_mention_text(const struct render_options *o, const struct span *s, struct buf *out);

/* A time as text, by the caller's function or in UTC. */
void render_time_text(const struct render_options *o, const struct span *s, struct buf *out);

/* Plain text of spans, mentions resolved. */
void render_spans_text(const struct render_options *o, const struct span *s, struct buf *out);

extern const struct render_options render_defaults;

const char *phrase(const char *given, const char *sign);

#endif
