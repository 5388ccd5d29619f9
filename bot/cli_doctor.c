/* cli_doctor.c - `tocsin doctor`: for now it only says that it is not there yet. */
#include "bot/cli.h"
int cli_doctor(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 2;
}
