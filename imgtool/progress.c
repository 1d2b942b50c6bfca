/* SPDX-License-Identifier: GPL-2.0 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "imgtool/msg.h"
#include "imgtool/progress.h"
#include "imgtool/size.h"

#define BAR 30

static const char *what;
static uint64_t next; /* milliseconds */
static bool on, shown;
static uint64_t sum, expected;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void progress_begin(const char *name)
{
	what = name;
	on = !msg_is_quiet() && isatty(STDERR_FILENO);
	shown = false;
	sum = expected = 0;
	next = on ? now() + 1000 : 0;
}

void progress_show(uint64_t done, uint64_t of)
{
	static const char bar[] = "##############################";
	double part = of ? (double)done / (double)of : 1;
	char text[16];
	int n;

	if (!on || now() < next)
		return;
	next = now() + 200;
	shown = true;
	if (!of) {
		fprintf(stderr, "\r\033[K%s %s", what,
			size_format(done, text));
		fflush(stderr);
		return;
	}
	if (part > 1)
		part = 1;
	n = (int)(part * BAR);
	fprintf(stderr, "\r%s [%.*s%*s] %3d%%", what, n, bar, BAR - n, "",
		(int)(part * 100));
	fflush(stderr);
}

void progress_expect(uint64_t of)
{
	expected = of;
}

void progress_add(uint64_t bytes)
{
	if (!on)
		return;
	sum += bytes;
	progress_show(sum, expected);
}

void progress_hide(void)
{
	if (shown)
		fputs("\r\033[K", stderr);
	shown = false;
}

void progress_end(void)
{
	progress_hide();
	on = false;
}
