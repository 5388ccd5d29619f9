/*
 * mustache_node.h - the compiled form of a template: a flat list of nodes in reading order.
 *
 * A section node knows where its end is, so rendering walks forward and jumps. Standalone lines
 * are gone by now; what begins a line of the template says so, for the indentation of partials.
 */
#ifndef TOCSIN_TEXT_MUSTACHE_NODE_H
#define TOCSIN_TEXT_MUSTACHE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum node_kind {
	NODE_TEXT,
	NODE_VALUE,    /* {{x}} */
	NODE_RAW,      /* {{{x}}}, {{&x}} */
	NODE_SECTION,  /* {{#x}} */
	NODE_INVERTED, /* {{^x}} */
	NODE_PARTIAL   /* {{>x}} */
};

struct node {
	enum node_kind kind;
	bool line_start;     /* TEXT: begins at the start of a line */
	const char *text;    /* TEXT: the text; PARTIAL: white space to put before each line */
	size_t len;
	const char **parts;  /* the name split at its dots; n_parts == 0: "." */
	size_t n_parts;
	uint32_t end;        /* SECTION, INVERTED: index of the first node after it */
	unsigned line;
	unsigned column;
};

struct mustache {
	const char *name;
	const struct node *nodes;
	uint32_t n;
};

#endif
