#define _GNU_SOURCE
#include "CHostGuardShims.h"

#include <stddef.h>

int hg_getopt(int argc, char **argv, const char *shorts, const struct option *longs, int first, const char **value,
	      int *next)
{
	int code;

	/* 0 makes glibc begin anew, and look at POSIXLY_CORRECT again. */
	if (first)
		optind = 0;
	optarg = NULL;
	code = getopt_long(argc, argv, shorts, longs, NULL);
	*value = optarg;
	*next = optind;
	return code;
}
