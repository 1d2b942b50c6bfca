// SPDX-License-Identifier: GPL-2.0
/* /sys/kernel/debug/um/counters: what the host side and the page-fault handler
 * have counted since the start, a name and a number a line. kernel/doc/counters.md
 * says what of. */
#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/seq_file.h>
#include <asm/um.h>
#include <abi/host_vcpu.h>

#define MAX_COUNTERS 64

static u64 soft_faults(void)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(um_soft_faults, cpu);
	return sum;
}

static int counters_show(struct seq_file *m, void *unused)
{
	struct host_counter c[MAX_COUNTERS];
	int i, n = host_counters(c, ARRAY_SIZE(c));

	for (i = 0; i < n; i++)
		seq_printf(m, "%s %llu\n", c[i].name, c[i].value);
	seq_printf(m, "faults_soft %llu\n", soft_faults());
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
