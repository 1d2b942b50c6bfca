/* SPDX-License-Identifier: GPL-2.0 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "imgtool/progress.h"

#define BAR 30

static const char *what;
static uint64_t next; /* milliseconds */
static bool on, shown;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void progress_begin(const char *name, bool quiet)
{
	what = name;
	on = !quiet && isatty(STDERR_FILENO);
	shown = false;
	next = on ? now() + 1000 : 0;
}

void progress_show(uint64_t done, uint64_t of)
{
	static const char bar[] = "##############################";
	double part = of ? (double)done / (double)of : 1;
	int n;

	if (!on || now() < next)
		return;
	next = now() + 200;
	shown = true;
	if (part > 1)
		part = 1;
	n = (int)(part * BAR);
	fprintf(stderr, "\r%s [%.*s%*s] %3d%%", what, n, bar, BAR - n, "",
		(int)(part * 100));
	fflush(stderr);
}

void progress_end(void)
{
	if (shown)
		fputs("\r\033[K", stderr);
	on = shown = false;
}
