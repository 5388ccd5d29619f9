/* main.c - finds the subcommand. No logic. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "bot/cli.h"

static const struct {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"run", "run the bot", cli_run},
	{"check", "say what is wrong with a plan, and how to mend it", cli_check},
	{"oncall", "say who is on call by a plan, now or at another time", cli_oncall},
	{"rehearse", "play an incident in virtual time: who is paged when", cli_rehearse},
	{"render", "show what a template makes of its data", cli_render},
	{"manifest", "print the Slack app manifest", cli_manifest},
	{"doctor", "say what is wrong with the surroundings, and how to mend it", cli_doctor},
	{"audit", "verify the hash chains of the logs", cli_audit},
};

static void usage(FILE *out)
{
	size_t i;

	fputs("tocsin runs a launch and its incidents from chat.\n\nUsage: tocsin COMMAND [OPTIONS]\n\n", out);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
	fputs("  version   print the version\n\n"
	      "`tocsin COMMAND --help` tells more. Exit codes: 0 all is well; 1 something is not, and\n"
	      "stderr says what; 2 the command line is wrong.\n", out);
}

static int dispatch(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(word, commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	if (strcmp(word, "version") == 0 || strcmp(word, "--version") == 0) {
		puts("tocsin " TOCSIN_VERSION);
		return 0;
	}
	if (strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		usage(stdout);
		return 0;
	}
	if (*word)
		fprintf(stderr, "tocsin: there is no command \"%s\"\n\n", word);
	usage(stderr);
	return 2;
}

int main(int argc, char **argv)
{
	int code;

	/* Numbers and times are written the same everywhere: the process never leaves the C locale. */
	setlocale(LC_ALL, "C");
	code = dispatch(argc, argv);
	/* A manifest or a report cut short by a full disk must not look whole to a script. */
	if ((fflush(stdout) != 0 || ferror(stdout)) && code == 0) {
		fprintf(stderr, "tocsin: standard output cannot be written: %s\n", strerror(errno));
		return 1;
	}
	return code;
}
