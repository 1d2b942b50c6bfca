// SPDX-License-Identifier: GPL-2.0
/*
 * Start of the program. Order matters:
 *
 *   command line, probes   one process; errors end it with status 1
 *   supervisor             forks; from here on in the kernel process
 *   signals, physmem       handlers are in place, signals still blocked
 *   back end               forks the zygote: while there is one thread only
 *   events                 first other thread
 *   guest_start()          the boot vcpu is this thread
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <unistd.h>

#include "../abi/guest.h"
#include "../abi/host.h"
#include "backend.h"
#include "cmdline.h"
#include "diag.h"
#include "event.h"
#include "exit.h"
#include "lockdown.h"
#include "physmem.h"
#include "probe_host.h"
#include "signals.h"
#include "supervise.h"
#include "umid.h"

static struct host_options options;

static void parse(int argc, char **argv)
{
	struct cmdline_error err;

	if (cmdline_parse(argc, argv, &options, &err)) {
		diag_say(err.what, err.object, err.reason);
		_exit(1);
	}
	if (options.action != CMDLINE_RUN)
		_exit(cmdline_show(options.action));
}

static void make_umid(void)
{
	/* asked for by name: another instance's is an error, the lack of a
	 * place for it is none */
	if (options.umid && umid_make() == -EAGAIN)
		host_exit(1);
}

static void fill_info(struct host_boot_info *info)
{
	info->physmem_bytes = options.mem;
	info->ncpus = options.ncpus;
	info->cmdline = options.guest;
	info->host_release = probe_host_release();
	info->vsyscall_prot = probe_vsyscall();
	if (options.initrd)
		physmem_load_initrd(options.initrd, &info->initrd_gpa,
				    &info->initrd_bytes);
}

static void start_backend(int memfd, struct host_boot_info *info)
{
	struct backend_options o = {
		.no_sync = options.nosync,
		.no_killable = options.nokillable,
		.trap = options.trap,
	};

	backend_init(memfd, options.mem, options.ncpus, &o);
	info->backend = backend_name();
	info->stops_unsure = backend_stops_unsure();
}

int main(int argc, char **argv)
{
	static struct host_boot_info info;
	int memfd;

	parse(argc, argv);
	probe_host(options.mem);
	umid_init(&options);
	supervise_start(&options, argv, umid_files());
	signals_early();
	signals_install();
	exit_set_reboot(options.noreboot, argv);
	lockdown_options(options.nolockdown, options.tracelockdown);
	probe_raise_nofile();
	memfd = physmem_init(options.mem);
	physmem_shadow(guest_shadow_bytes);
	fill_info(&info);
	start_backend(memfd, &info);
	event_init();
	make_umid();
	guest_start(&info);
}
