// SPDX-License-Identifier: GPL-2.0
/* /proc/cpuinfo: the host's CPU, as the cpuid instruction tells it. */
#include <linux/seq_file.h>
#include <linux/cpumask.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <asm/cpuid.h>
#include <asm/um.h>
#include <abi/host.h>

static void model_name(char *buf)
{
	u32 i;

	strscpy(buf, "unknown", 49);
	if (!cpuid_has(0x80000004))
		return;
	for (i = 0; i < 3; i++)
		cpuid_regs(0x80000002 + i, 0, (u32 *)(buf + 16 * i));
	buf[48] = 0;
}

static int show_cpuinfo(struct seq_file *m, void *v)
{
	unsigned long cpu = (unsigned long)v - 1;
	char name[52];
	u32 r[4];

	model_name(name);
	cpuid_regs(1, 0, r);
	seq_printf(m, "processor\t: %lu\n", cpu);
	seq_puts(m, "vendor_id\t: User Mode Linux\n");
	seq_printf(m, "cpu family\t: %u\n", ((r[0] >> 8) & 0xf) + ((r[0] >> 20) & 0xff));
	seq_printf(m, "model\t\t: %u\n", ((r[0] >> 4) & 0xf) | ((r[0] >> 12) & 0xf0));
	seq_printf(m, "model name\t: %s\n", name);
	seq_printf(m, "host\t\t: Linux %s x86_64\n", um_boot->host_release);
	seq_printf(m, "mode\t\t: %s\n\n", um_boot->backend);
	return 0;
}

static void *c_start(struct seq_file *m, loff_t *pos)
{
	*pos = cpumask_next(*pos - 1, cpu_online_mask);
	return *pos < nr_cpu_ids ? (void *)(*pos + 1) : NULL;
}

static void *c_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return c_start(m, pos);
}

static void c_stop(struct seq_file *m, void *v)
{
}

const struct seq_operations cpuinfo_op = {
	.start	= c_start,
	.next	= c_next,
	.stop	= c_stop,
	.show	= show_cpuinfo,
};
