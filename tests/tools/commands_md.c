/* commands_md.c - prints docs/commands.md from the tables of verbs: commands_md > docs/commands.md */
#include <stdio.h>

#include "tests/support/commands_doc.h"
#include "tocsin/buf.h"

int main(void)
{
	struct buf b;

	buf_init(&b, (size_t)1 << 20);
	commands_doc(&b);
	fputs(buf_text(&b), stdout);
	buf_release(&b);
	return 0;
}
