// SPDX-License-Identifier: GPL-2.0
/* --help, --version, --showconfig. Before guest_start: stdio is fine here. */
#define _GNU_SOURCE 1
#include <stdio.h>

#include "cmdline.h"

/*
 * Supplied by the guest kernel's image where it was built with them: its
 * release (`uname -r`) and the text of its .config, NUL terminated.
 */
extern const char guest_release_text[] __attribute__((weak));
extern const char guest_config_text[] __attribute__((weak));

static const char help[] =
"Usage: linux [OPTION | KERNEL-PARAMETER]... [-- INIT-ARGUMENT...]\n"
"Runs a Linux kernel as an ordinary program.\n"
"\n"
"  mem=SIZE         memory of the guest: number and K, M, G or T (512M)\n"
"  ncpus=N          vcpus, 1 to 64 (1)\n"
"  initrd=FILE      initial RAM disk\n"
"  umid=NAME        name of this instance; its folder holds its pid\n"
"  uml_dir=FOLDER   where that folder is made (~/.uml)\n"
"  noreboot         a reboot ends the program\n"
"  --help           this text\n"
"  --version        release of the kernel inside\n"
"  --showconfig     configuration of the kernel inside\n"
"\n"
"For tests and debugging:\n"
"  um_nosync        wake the kernel's thread without the scheduler's hint\n"
"  um_nokillable    do without killable waits for notifications\n"
"  um_trap          do without seccomp listeners\n"
"  um_nolockdown    leave the program's own system calls unrestricted\n"
"  um_tracelockdown name each system call the restriction denies\n"
"  um_nosupervisor  one process less: no clean-up after SIGKILL\n"
"\n"
"Everything else is the kernel's: root=, rootfstype=, init=, console=, quiet,\n"
"ubdN=FILE, conN=CHANNEL, sslN=CHANNEL, chanN=fd:N, hostfs=DIR, panic=N, ...\n";

/* Weak symbols that nobody defines have address 0. */
static bool there(const char *volatile symbol)
{
	return symbol != NULL;
}

static int show_config(void)
{
	if (!there(guest_config_text)) {
		fprintf(stderr, "--showconfig: no configuration inside: build with CONFIG_IKCONFIG=y\n");
		return 1;
	}
	fputs(guest_config_text, stdout);
	return 0;
}

int cmdline_show(enum cmdline_action action)
{
	int ret = 0;

	if (action == CMDLINE_HELP)
		fputs(help, stdout);
	else if (action == CMDLINE_VERSION)
		puts(there(guest_release_text) ? guest_release_text : "unknown");
	else
		ret = show_config();
	if (fflush(stdout) || ferror(stdout)) {
		perror("standard output");
		return 1;
	}
	return ret;
}
