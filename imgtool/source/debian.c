/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mmdebstrap writes a tar to a pipe; what it says goes to our standard error.
 * It finds out by itself how to do without root (a user namespace, or
 * fakeroot). A tar that ends well is no sign of success: its status is, which
 * is looked at when the pipe ends, before what was read counts as complete.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "imgtool/msg.h"
#include "imgtool/source/debian.h"

#define PROGRAM "mmdebstrap"

const char *debian_set_suite(struct debian *debian, const char *suite)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.-_/";

	if (!*suite || *suite == '-' || suite[strspn(suite, allowed)])
		return "not a suite like bookworm";
	debian->suite = suite;
	return NULL;
}

const char *debian_set_variant(struct debian *debian, const char *variant)
{
	static const char *const variants[] = {
		"extract", "custom", "essential", "apt", "required", "minbase",
		"buildd", "important", "debootstrap", "-", "standard",
	};
	size_t i;

	for (i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		if (!strcmp(variant, variants[i])) {
			debian->variant = variant;
			return NULL;
		}
	}
	return "not a variant of mmdebstrap, like apt, minbase or important";
}

const char *debian_add_include(struct debian *debian, const char *packages)
{
	if (!*packages)
		return "not names of packages";
	debian->include = mem_grow(debian->include, debian->include_count,
				   &debian->include_capacity, sizeof(char *));
	debian->include[debian->include_count++] = packages;
	return NULL;
}

const char *debian_add_mirror(struct debian *debian, const char *mirror)
{
	if (!*mirror || *mirror == '-')
		return "not a mirror, like http://deb.debian.org/debian";
	debian->mirrors = mem_grow(debian->mirrors, debian->mirror_count,
				   &debian->mirror_capacity, sizeof(char *));
	debian->mirrors[debian->mirror_count++] = mirror;
	return NULL;
}

void debian_free(struct debian *debian)
{
	free(debian->include);
	free(debian->mirrors);
}

/* A list with a NULL behind; what is in [*OWN_FROM, *OWN_TO) is own memory. */
static const char **make_arguments(const struct debian *debian,
				   size_t *own_from, size_t *own_to)
{
	size_t most = debian->include_count + debian->mirror_count + 8;
	const char **args = mem_zalloc(most * sizeof(char *));
	size_t n = 0, i;

	args[n++] = PROGRAM;
	if (msg_is_quiet() || !isatty(STDERR_FILENO))
		args[n++] = "--quiet";
	args[n++] = "--format=tar";
	*own_from = n;
	args[n++] = mem_printf("--variant=%s", debian->variant ?: "minbase");
	for (i = 0; i < debian->include_count; i++)
		args[n++] = mem_printf("--include=%s", debian->include[i]);
	*own_to = n;
	args[n++] = debian->suite;
	args[n++] = "-";
	for (i = 0; i < debian->mirror_count; i++)
		args[n++] = debian->mirrors[i];
	return args;
}

__attribute__((noreturn))
static void run(const char **args, int out)
{
	int null = open("/dev/null", O_RDONLY);

	signal(SIGXFSZ, SIG_DFL);
	if (null >= 0 && dup2(null, 0) == 0 && dup2(out, 1) == 1)
		execvp(PROGRAM, (char *const *)args);
	_exit(127);
}

static bool is_installed(void)
{
	char *path = mem_strdup(getenv("PATH") ?: "/usr/bin:/bin");
	char *save, *dir, *file;
	bool found = false;

	for (dir = strtok_r(path, ":", &save); dir && !found;
	     dir = strtok_r(NULL, ":", &save)) {
		file = mem_printf("%s/" PROGRAM, dir);
		found = !access(file, X_OK);
		free(file);
	}
	free(path);
	return found;
}

int source_read_debian(struct import *import, const struct debian *debian)
{
	size_t own_from, own_to;
	struct source *source;
	int pipes[2];
	const char **args;
	pid_t pid;

	if (!is_installed())
		return msg_error(PROGRAM, "is not installed; apt-get install "
				 PROGRAM);
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return msg_errno(PROGRAM, errno, "cannot be started");
	args = make_arguments(debian, &own_from, &own_to);
	fflush(NULL);
	pid = fork();
	if (!pid)
		run(args, pipes[1]);
	close(pipes[1]);
	while (own_from < own_to)
		free((char *)args[own_from++]);
	free(args);
	source = source_add(import, PROGRAM, pipes[0]);
	source->program = pid;
	if (pid < 0)
		return msg_errno(PROGRAM, errno, "cannot be started");
	if (source_read_archive(import, source) < 0)
		return -1;
	return source_end_program(source);
}

int source_end_program(struct source *source)
{
	int status;

	if (source->program <= 0)
		return source->failed ? -1 : 0;
	while (waitpid(source->program, &status, 0) < 0) {
		if (errno != EINTR) {
			status = 0;
			break;
		}
	}
	source->program = 0;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	source->failed = true;
	if (WIFEXITED(status))
		return msg_error(source->name, "failed with status %d; nothing "
				 "was made", WEXITSTATUS(status));
	return msg_error(source->name, "was ended by signal %d; nothing was "
			 "made", WTERMSIG(status));
}
