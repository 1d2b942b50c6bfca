/* SPDX-License-Identifier: GPL-2.0 */
/* An edit that is interrupted ends at the next step, and writes back. */
#include <signal.h>
#include <stddef.h>

#include "imgtool/edit/copy.h"

static const int fatal[] = { SIGHUP, SIGINT, SIGTERM };
static volatile sig_atomic_t caught;
static bool installed;

static void on_signal(int number)
{
	caught = number;
}

void interrupted_begin(void)
{
	struct sigaction old, new = { .sa_handler = on_signal,
				      .sa_flags = SA_RESTART };
	size_t i;

	if (installed)
		return;
	installed = true;
	sigemptyset(&new.sa_mask);
	for (i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		if (!sigaction(fatal[i], NULL, &old) &&
		    old.sa_handler == SIG_DFL)
			sigaction(fatal[i], &new, NULL);
}

bool interrupted(void)
{
	return caught;
}

void interrupted_end(void)
{
	if (caught) {
		signal(caught, SIG_DFL);
		raise(caught);
	}
}
