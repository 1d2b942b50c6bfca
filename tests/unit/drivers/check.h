/* SPDX-License-Identifier: GPL-2.0 */
/* Checks for unit tests of driver code: a failed one is told and counted, the
 * test goes on. */
#ifndef TESTS_UNIT_DRIVERS_CHECK_H
#define TESTS_UNIT_DRIVERS_CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

extern int check_failures;

static inline bool check_at(bool ok, const char *file, int line,
			    const char *what)
{
	if (ok)
		return true;
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
	check_failures++;
	return false;
}

#define CHECK(cond)	check_at((cond), __FILE__, __LINE__, #cond)

static inline void check_int_at(long long got, long long want,
				const char *file, int line, const char *what)
{
	if (got == want)
		return;
	fprintf(stderr, "%s:%d: %s is %lld, not %lld\n", file, line, what, got,
		want);
	check_failures++;
}

#define CHECK_INT(got, want) \
	check_int_at((got), (want), __FILE__, __LINE__, #got)

/* text contains part */
#define CHECK_HAS(text, part)						\
	do {								\
		if (!CHECK(strstr((text), (part))))			\
			fprintf(stderr, "\tit is: %s\n", (text));	\
	} while (0)

/* What stubs.c has seen. */
extern int stub_events;		/* calls of host_event_raise() */
extern char stub_written[4096];	/* all of host_early_write() */
extern int stub_writes;

#endif
