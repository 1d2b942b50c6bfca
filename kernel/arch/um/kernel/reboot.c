// SPDX-License-Identifier: GPL-2.0
/*
 * The end: halt and power off leave with the status written to
 * /proc/exitcode (0 unless set), reboot runs the program again, panic is
 * non-zero (kernel.panic as anywhere: panic=N reboots after N seconds,
 * negative at once, 0 leaves for good here since nobody could look at a
 * stopped machine).
 */
#include <linux/reboot.h>
#include <linux/pm.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/panic_notifier.h>
#include <linux/console.h>
#include <linux/uaccess.h>
#include <linux/init.h>
#include <linux/ctype.h>
#include <asm/um.h>
#include <abi/host.h>

#define PANIC_STATUS 134	/* what a shell shows for SIGABRT */

static int exit_status;

void (*pm_power_off)(void);
EXPORT_SYMBOL(pm_power_off);

static void leave(int status)
{
	smp_send_stop();
	console_flush_on_panic(CONSOLE_FLUSH_PENDING);
	host_exit(um_status_with_findings(status));
}

void machine_halt(void)
{
	leave(exit_status);
}

void machine_power_off(void)
{
	leave(exit_status);
}

void machine_restart(char *cmd)
{
	smp_send_stop();
	/* a panic leaves this set; where there is no reboot it must show */
	host_reboot(oops_in_progress ? PANIC_STATUS : exit_status);
}

static int leave_on_panic(struct notifier_block *nb, unsigned long event, void *msg)
{
	if (panic_timeout)
		return NOTIFY_DONE;	/* panic() waits, then restarts */
	leave(PANIC_STATUS);
	return NOTIFY_DONE;
}

static struct notifier_block panic_nb = {
	.notifier_call	= leave_on_panic,
	.priority	= INT_MIN,
};

/* ---- /proc/exitcode ---- */

static int exitcode_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%d\n", exit_status);
	return 0;
}

static int exitcode_open(struct inode *inode, struct file *file)
{
	return single_open(file, exitcode_show, NULL);
}

static ssize_t exitcode_write(struct file *file, const char __user *buf,
			      size_t count, loff_t *pos)
{
	int status, err = kstrtoint_from_user(buf, count, 0, &status);

	if (err)
		return err;
	exit_status = status & 0xff;
	return count;
}

static const struct proc_ops exitcode_ops = {
	.proc_open	= exitcode_open,
	.proc_read	= seq_read,
	.proc_lseek	= seq_lseek,
	.proc_release	= single_release,
	.proc_write	= exitcode_write,
};

/* From setup_arch(): a panic may come early. */
void __init um_reboot_init(void)
{
	atomic_notifier_chain_register(&panic_notifier_list, &panic_nb);
	pm_power_off = machine_power_off;
}

static int __init init_exitcode(void)
{
	if (!proc_create("exitcode", 0600, NULL, &exitcode_ops))
		pr_warn("exitcode: proc: cannot create\n");
	return 0;
}
late_initcall(init_exitcode);
