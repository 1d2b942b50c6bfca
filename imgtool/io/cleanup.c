/* SPDX-License-Identifier: GPL-2.0 */
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "imgtool/io/cleanup.h"

static const int fatal[] = { SIGHUP, SIGINT, SIGTERM, SIGPIPE };
static const char *volatile doomed;

static void at_exit(void)
{
	const char *path = doomed;

	doomed = NULL;
	if (path)
		unlink(path);
}

static void on_signal(int number)
{
	at_exit();
	signal(number, SIG_DFL);
	raise(number);
}

/* Signals that are ignored (nohup) stay ignored. */
static void install(void)
{
	struct sigaction old, new = { .sa_handler = on_signal };
	size_t i;

	sigemptyset(&new.sa_mask);
	for (i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		if (!sigaction(fatal[i], NULL, &old) &&
		    old.sa_handler == SIG_DFL)
			sigaction(fatal[i], &new, NULL);
	atexit(at_exit);
}

void cleanup_add(const char *path)
{
	static bool installed;

	if (!installed)
		install();
	installed = true;
	doomed = path;
}

void cleanup_remove(void)
{
	doomed = NULL;
}
