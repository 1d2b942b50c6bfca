// SPDX-License-Identifier: GPL-2.0
/*
 * CONFIG_UM_FINDINGS: what the kernel's own checks have found (locks, warnings,
 * bad pages) is no mere line in a log that nobody reads: at the end the log goes
 * to stderr, and the exit status is FINDINGS_STATUS whatever else it would be.
 */
#include <linux/debug_locks.h>
#include <linux/kmsg_dump.h>
#include <linux/panic.h>
#include <asm/um.h>
#include <abi/host.h>

#define FINDINGS_STATUS	99
#define TAINTS		(BIT(TAINT_WARN) | BIT(TAINT_BAD_PAGE) | BIT(TAINT_DIE) | \
			 BIT(TAINT_SOFTLOCKUP))

static bool checks_are_off(void)
{
	return IS_ENABLED(CONFIG_LOCKDEP) && !debug_locks;
}

static void show_log(void)
{
	static char line[1024];
	struct kmsg_dump_iter iter;
	size_t len;

	kmsg_dump_rewind(&iter);
	while (kmsg_dump_get_line(&iter, false, line, sizeof(line), &len))
		host_early_write(line, len);
}

int um_status_with_findings(int status)
{
	static const char text[] = "um: checks: something was found: its messages are above\n";

	if (!checks_are_off() && !(get_taint() & TAINTS))
		return status;
	show_log();
	host_early_write(text, sizeof(text) - 1);
	return FINDINGS_STATUS;
}
