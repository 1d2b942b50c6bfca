// SPDX-License-Identifier: GPL-2.0
/* From the host side's main() to start_kernel(). */
#include <linux/init.h>
#include <linux/initrd.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/screen_info.h>
#include <linux/start_kernel.h>
#include <linux/utsname.h>
#include <linux/sched/task_stack.h>
#include <linux/random.h>
#include <asm/kasan.h>
#include <asm/sections.h>
#include <asm/setup.h>
#include <asm/um.h>
#include "../drivers/console.h"
#include <abi/guest.h>

struct vcpu_area um_vcpu[NR_CPUS];
const struct host_boot_info *um_boot;
static char command_line[COMMAND_LINE_SIZE];

static void __init start_on_init_stack(void)
{
	start_kernel();
	unreachable();
}

static void __init init_vcpu_areas(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		um_vcpu[cpu].self = (u64)&um_vcpu[cpu];
		um_vcpu[cpu].cpu = cpu;
		um_vcpu[cpu].current_task = (u64)&init_task;
	}
}

const u64 guest_shadow_bytes = IS_ENABLED(CONFIG_KASAN) ? UM_SHADOW_BYTES : 0;

void __init guest_start(const struct host_boot_info *info)
{
	um_boot = info;
	um_time_start();
	init_vcpu_areas();
	host_vcpu_init(&um_vcpu[0]);
	host_vcpu_text_range((u64)_stext, (u64)_etext);
	host_vcpu_text_range(MODULES_VADDR, MODULES_END);
	um_run_on_stack(task_pt_regs(&init_task), start_on_init_stack);
}

static void __init set_possible_cpus(void)
{
	unsigned int cpu, n = min_t(unsigned int, um_boot->ncpus, NR_CPUS);

	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		set_cpu_possible(cpu, cpu < n);
		set_cpu_present(cpu, cpu < n);
	}
	if (n < um_boot->ncpus)
		pr_warn("ncpus=%u: this kernel was built for %u\n", um_boot->ncpus, n);
}

static void __init reserve_initrd(void)
{
#ifdef CONFIG_BLK_DEV_INITRD
	if (!um_boot->initrd_bytes)
		return;
	memblock_reserve(um_boot->initrd_gpa, um_boot->initrd_bytes);
	initrd_start = (unsigned long)__va(um_boot->initrd_gpa);
	initrd_end = initrd_start + um_boot->initrd_bytes;
#endif
}

static void __init seed_random(void)
{
	u8 seed[64];

	if (!host_random(seed, sizeof(seed)))
		add_bootloader_randomness(seed, sizeof(seed));
	memzero_explicit(seed, sizeof(seed));
}

void __init setup_arch(char **cmdline_p)
{
	um_physmem_bytes = um_boot->physmem_bytes;
	um_reboot_init();
	um_console_early();
	kasan_init();
	strscpy(command_line, um_boot->cmdline, sizeof(command_line));
	strscpy(boot_command_line, um_boot->cmdline, COMMAND_LINE_SIZE);
	*cmdline_p = command_line;
	setup_initial_init_mm(_stext, _etext, _edata, _end);

	memblock_add(0, um_physmem_bytes);
	/* page 0: a physical address of 0 means "none" in places */
	memblock_reserve(0, PAGE_SIZE);
	reserve_initrd();
	parse_early_param();
	set_possible_cpus();
	um_setup_memory();
	pr_info("um: host Linux %s, back end %s, %u vcpus\n",
		um_boot->host_release, um_boot->backend, um_boot->ncpus);
	seed_random();
}

/* The drivers have opened what the command line names: from here on the
 * kernel process keeps to its allow-list of host calls. */
static int __init um_lockdown(void)
{
	int err = host_lockdown();

	if (err)
		pr_err("lockdown: host: error %d: the kernel process may make any call\n",
		       err);
	return 0;
}
late_initcall_sync(um_lockdown);
