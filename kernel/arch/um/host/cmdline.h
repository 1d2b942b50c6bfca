/* SPDX-License-Identifier: GPL-2.0 */
/* The host's part of the command line. */
#ifndef UM_HOST_CMDLINE_H
#define UM_HOST_CMDLINE_H

#include "../abi/types.h"

#define CMDLINE_MEM_DEFAULT	(512ull << 20)
#define CMDLINE_MEM_MIN		(16ull << 20)
/* The guest kernel's COMMAND_LINE_SIZE, with the NUL. */
#define CMDLINE_GUEST_SIZE	4096

enum cmdline_action {
	CMDLINE_RUN,
	CMDLINE_HELP,
	CMDLINE_VERSION,
	CMDLINE_SHOWCONFIG,
};

struct host_options {
	enum cmdline_action action;
	u64 mem;		/* bytes, whole pages */
	u32 ncpus;
	const char *initrd;	/* file, or NULL */
	const char *umid;	/* name, or NULL: made up when needed */
	const char *uml_dir;	/* folder, or NULL: ~/.uml */
	bool noreboot;		/* a reboot ends the process with status 0 */
	bool nosupervisor;	/* the kernel is the process that was started */
	bool nolockdown;	/* host_lockdown() does nothing */
	bool tracelockdown;	/* denied calls are named on stderr */
	bool nosync;		/* back end: no SYNC_WAKE_UP */
	bool nokillable;	/* back end: no WAIT_KILLABLE_RECV */
	bool trap;		/* back end: no listeners */
	char guest[CMDLINE_GUEST_SIZE]; /* everything else, for the guest */
};

/* What is wrong with the command line: `what: object: reason`. */
struct cmdline_error {
	const char *what;
	const char *object;
	const char *reason;
};

/* Parses argv[1..]; keeps pointers into argv, changes nothing there. Returns 0,
 * or -EINVAL with *err filled. The last of repeated options counts. */
int cmdline_parse(int argc, char *const argv[], struct host_options *o,
		  struct cmdline_error *err);

/* A size like 512M: digits (decimal, 0x, 0 octal), then nothing or one of
 * K M G T in either case. Returns 0 or -EINVAL (malformed) or -ERANGE. */
int cmdline_size(const char *s, u64 *bytes);

/* --help, --version, --showconfig: prints on stdout. Returns exit status. */
int cmdline_show(enum cmdline_action action);

#endif
