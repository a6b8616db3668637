#ifndef CHOSTGUARD_SHIMS_H
#define CHOSTGUARD_SHIMS_H

#include <getopt.h>

/* getopt_long(3), whose state is in globals that Swift must not touch. First: begins with a command line. value: of an
 * option that has one, else NULL. next: where the operands begin, once -1 is returned. */
int hg_getopt(int argc, char **argv, const char *shorts, const struct option *longs, int first, const char **value,
	      int *next);

#endif
