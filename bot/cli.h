/*
 * cli.h - the subcommands. Each gets its own argv (argv[0] is the subcommand's name) and returns
 * the exit code: 0 all is well, 1 it says on stderr what is not, 2 the command line is wrong.
 */
#ifndef TOCSIN_BOT_CLI_H
#define TOCSIN_BOT_CLI_H

int cli_run(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_render(int argc, char **argv);
int cli_manifest(int argc, char **argv);
int cli_doctor(int argc, char **argv);
int cli_audit(int argc, char **argv);
int cli_oncall(int argc, char **argv);
int cli_rehearse(int argc, char **argv);
#endif
