// SPDX-License-Identifier: GPL-2.0
/*
 * Why the guest kernel has ended before the command did: a panic, an error it
 * gave on standard error, a signal, or the host's shortage of memory. For the
 * last, the host keeps a count of such kills, for the machine in /proc/vmstat
 * and for a control group in its memory.events.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "imgtool/msg.h"
#include "imgtool/run/run.h"
#include "imgtool/size.h"

static long kills_before;
static char group[4200]; /* our cgroup's folder, or "" */

static FILE *open_in_group(const char *name)
{
	char path[4300];

	if (!*group)
		return NULL;
	snprintf(path, sizeof(path), "%s/%s", group, name);
	return fopen(path, "re");
}

/* The number after KEY in FILE, of lines "key number". Closes FILE. */
static long number_of(FILE *file, const char *key)
{
	char line[256], name[64];
	long value, result = 0;

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %ld", name, &value) == 2 &&
		    !strcmp(name, key))
			result = value;
	fclose(file);
	return result;
}

static long count_kills(void)
{
	long n = number_of(fopen("/proc/vmstat", "re"), "oom_kill");

	if (!n)
		n = number_of(open_in_group("memory.events"), "oom_kill");
	return n;
}

static void find_group(void)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[4096];

	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "0::/", 4))
			snprintf(group, sizeof(group), "/sys/fs/cgroup%s",
				 line + 3);
	}
	fclose(file);
}

void death_prepare(void)
{
	find_group();
	kills_before = count_kills();
}

/* The control group's limit as ", limit SIZE", or "". Static. */
static const char *group_limit(void)
{
	static char text[64];
	char size[16];
	uint64_t bytes;
	FILE *file = open_in_group("memory.max");

	text[0] = 0;
	if (!file)
		return text;
	if (fscanf(file, "%" SCNu64, &bytes) == 1)
		snprintf(text, sizeof(text), " (limit of this control group: %s)",
			 size_format(bytes, size));
	fclose(file);
	return text;
}

/* The signal that killed the kernel: of the process itself, or as a parent
 * process in it passes it on. 0: none. */
static int killed_by(int status)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status);
	if (WEXITSTATUS(status) > 128 && WEXITSTATUS(status) < 128 + NSIG)
		return WEXITSTATUS(status) - 128;
	return 0;
}

static bool out_of_memory(int signo)
{
	return signo == SIGKILL && count_kills() > kills_before;
}

static void explain_memory(const struct run_options *options)
{
	char size[16];

	msg_error(options->image, "the host has run out of memory and killed the guest%s; it was given --mem %s",
		  group_limit(), size_format(options->mem, size));
}

static void explain_status(int status, const struct run_options *options,
			   bool started)
{
	int signo = killed_by(status);

	if (signo)
		msg_error(options->image,
			  "the guest kernel was killed by signal %d (%s)",
			  signo, strsignal(signo));
	else
		msg_error(options->image,
			  "the guest has ended before the command %s (status %d)",
			  started ? "did" : "was started",
			  WEXITSTATUS(status));
	console_show_tail();
}

void death_explain(const struct guest *guest, const struct run_options *options,
		   bool started)
{
	int signo = killed_by(guest->status);
	char *panic = console_panic();
	char *complaint = console_complaint();

	if (out_of_memory(signo)) {
		explain_memory(options);
	} else if (panic) {
		msg_error(options->image, "guest kernel panic: %s", panic);
		console_show_tail();
	} else if (complaint && !signo && WEXITSTATUS(guest->status)) {
		msg_error(options->image, "%s", complaint);
	} else {
		explain_status(guest->status, options, started);
	}
	free(panic);
	free(complaint);
}
