// SPDX-License-Identifier: GPL-2.0
/*
 * A guest kernel that does what its command line says, a word at a time; with
 * main() and the rest of the host side this is a program like `linux`. For the
 * shell cases.
 *
 *	say		print the boot information
 *	lock		host_lockdown()
 *	start		make the umid folder, print its pid file's name
 *	once=FILE	if FILE exists go on behind the next `end`, else make it
 *	end
 *	exit=N, abort, fault, killed, reboot, fatal
 *	fds		print the descriptors that a program we execute would get
 *	shadow		look at the shadow memory's ends
 *	child		leave a child process that sleeps, print its pid
 *	serve		wait for signals, print the pending bits, until TERM
 *	deaf		the same, for ever
 */
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/arch/um/abi/guest.h"
#include "kernel/arch/um/host/backend.h"
#include "kernel/arch/um/host/con_term.h"
#include "kernel/arch/um/host/umid.h"
#include "kernel/arch/um/host/window.h"

__asm__(".pushsection .text\n"
	".include \"kernel/arch/um/host/window.S\"\n"
	".include \"kernel/arch/um/host/switch.S\"\n"
	".popsection\n");

const char guest_release_text[] = "6.12.0-fake";
const char guest_config_text[] = "CONFIG_FAKE=y\n";

const u64 guest_shadow_bytes = UM_SHADOW_BYTES;

static struct vcpu_area area;

void guest_irq_entry(void)
{
	abort();
}

int guest_kernel_fault(struct guest_fault *f)
{
	(void)f;
	return -1;
}

void backend_init(int fd, u64 bytes, unsigned int ncpus,
		  const struct backend_options *o)
{
	(void)fd;
	(void)bytes;
	(void)ncpus;
	(void)o;
}

bool backend_stops_unsure(void)
{
	return false;
}

const char *backend_name(void)
{
	return "fake";
}

void backend_child_died(void)
{
}

void backend_shutdown(void)
{
}

void backend_stop_guests(bool stop)
{
	(void)stop;
}

void backend_fix_window(ucontext_t *uc)
{
	greg_t *r = uc->uc_mcontext.gregs;

	if (r[REG_RIP] >= (greg_t)host_window_start &&
	    r[REG_RIP] < (greg_t)host_window_end)
		r[REG_RIP] = (greg_t)host_window_out;
}

void con_term_restore(void)
{
}

void con_term_resume(void)
{
}

static void say(const struct host_boot_info *i)
{
	printf("mem %lu initrd %lu at %lu ncpus %u cmdline [%s] backend %s\n",
	       i->physmem_bytes, i->initrd_bytes, i->initrd_gpa, i->ncpus,
	       i->cmdline, i->backend);
}

static void serve(bool deaf)
{
	u32 bits = 0;

	printf("serving\n");
	while (deaf || !(bits & VCPU_PENDING_TERM)) {
		fflush(stdout);
		host_vcpu_idle(&area);
		bits = __atomic_exchange_n(&area.pending, 0, __ATOMIC_SEQ_CST);
		printf("pending %u\n", bits);
	}
}

static void leave_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		close(1);
		close(2);
		for (;;)
			pause();
	}
	printf("child %d\n", pid);
}

static void fds(void)
{
	int fd;

	printf("fds");
	for (fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) == 0)	/* there, not close-on-exec */
			printf(" %d", fd);
	printf("\n");
}

static bool exists(const char *file)
{
	if (access(file, F_OK) == 0)
		return true;
	close(open(file, O_CREAT | O_WRONLY, 0600));
	return false;
}

static bool skipping;

/* The shadow: zero, writable, from end to end. */
static void shadow(void)
{
	volatile char *first = (char *)UM_SHADOW_START;
	volatile char *last = first + UM_SHADOW_BYTES - 1;
	int before = *first + *last;

	*first = 1;
	*last = 2;
	printf("shadow %d %d\n", before, *first + *last);
}

static void word(const struct host_boot_info *i, const char *w)
{
	if (skipping)
		skipping = strcmp(w, "end") != 0;
	else if (!strncmp(w, "once=", 5))
		skipping = exists(w + 5);
	else if (!strcmp(w, "say"))
		say(i);
	else if (!strcmp(w, "lock"))
		printf("lockdown %d\n", host_lockdown());
	else if (!strcmp(w, "start"))
		printf("umid %d %s\n", umid_make(), umid_files()[0]);
	else if (!strncmp(w, "exit=", 5))
		host_exit(atoi(w + 5));
	else if (!strcmp(w, "abort"))
		host_abort();
	else if (!strcmp(w, "fault"))
		*(volatile int *)0x1230 = 0;
	else if (!strcmp(w, "killed"))
		kill(getpid(), SIGKILL);
	else if (!strcmp(w, "reboot"))
		host_reboot(0);
	else if (!strcmp(w, "fatal"))
		host_fatal("fake", "thing", 2);
	else if (!strcmp(w, "fds"))
		fds();
	else if (!strcmp(w, "shadow"))
		shadow();
	else if (!strcmp(w, "child"))
		leave_child();
	else if (!strcmp(w, "serve"))
		serve(false);
	else if (!strcmp(w, "deaf"))
		serve(true);
}

void guest_start(const struct host_boot_info *info)
{
	static char line[4096];
	char *w, *save;

	area.self = (u64)&area;
	host_vcpu_init(&area);
	snprintf(line, sizeof(line), "%s", info->cmdline);
	for (w = strtok_r(line, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		fflush(stdout);
		word(info, w);
	}
	fflush(stdout);
	host_exit(0);
}
