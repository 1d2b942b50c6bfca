// SPDX-License-Identifier: GPL-2.0
/* /sys/kernel/debug/um/counters: what the host side has counted since the
 * start, a name and a number a line. kernel/doc/counters.md says what of. */
#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/seq_file.h>
#include <asm/um.h>
#include <abi/host_vcpu.h>

#define MAX_COUNTERS 64

static int counters_show(struct seq_file *m, void *unused)
{
	struct host_counter c[MAX_COUNTERS];
	int i, n = host_counters(c, ARRAY_SIZE(c));

	for (i = 0; i < n; i++)
		seq_printf(m, "%s %llu\n", c[i].name, c[i].value);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

static int __init counters_init(void)
{
	debugfs_create_file("counters", 0400, debugfs_create_dir("um", NULL),
			    NULL, &counters_fops);
	return 0;
}
late_initcall(counters_init);
