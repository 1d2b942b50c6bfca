// SPDX-License-Identifier: GPL-2.0
/*
 * More than one vcpu: each is a host thread. An inter-processor interrupt is
 * a bit in the target's word here, VCPU_PENDING_IPI in its area, and a kick.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/smp.h>
#include <linux/sched.h>
#include <linux/sched/hotplug.h>
#include <linux/sched/mm.h>
#include <linux/sched/task_stack.h>
#include <linux/irq_work.h>
#include <linux/delay.h>
#include <asm/um.h>
#include <abi/host.h>

enum { IPI_RESCHEDULE, IPI_CALL, IPI_STOP };

static DEFINE_PER_CPU(atomic_t, ipi_bits);

static void send_ipi(int cpu, int ipi)
{
	struct vcpu_area *area = &um_vcpu[cpu];

	atomic_or(BIT(ipi), per_cpu_ptr(&ipi_bits, cpu));
	/* whoever set the bit first kicks */
	if (!(atomic_fetch_or(VCPU_PENDING_IPI, (atomic_t *)&area->pending) &
	      VCPU_PENDING_IPI))
		host_vcpu_kick(area);
}

void um_handle_ipi(void)
{
	int bits = atomic_xchg(this_cpu_ptr(&ipi_bits), 0);

	if (bits & BIT(IPI_RESCHEDULE))
		scheduler_ipi();
	if (bits & BIT(IPI_CALL))
		generic_smp_call_function_interrupt();
	irq_work_run();
	if (bits & BIT(IPI_STOP)) {
		set_cpu_online(smp_processor_id(), false);
		local_irq_disable();
		for (;;) {
			um_this_vcpu()->pending = 0;
			host_vcpu_idle(um_this_vcpu());
		}
	}
}

void arch_smp_send_reschedule(int cpu)
{
	send_ipi(cpu, IPI_RESCHEDULE);
}

void arch_send_call_function_single_ipi(int cpu)
{
	send_ipi(cpu, IPI_CALL);
}

void arch_send_call_function_ipi_mask(const struct cpumask *mask)
{
	int cpu;

	for_each_cpu(cpu, mask)
		send_ipi(cpu, IPI_CALL);
}

void smp_send_stop(void)
{
	int cpu, tries = 1000;

	for_each_online_cpu(cpu)
		if (cpu != smp_processor_id())
			send_ipi(cpu, IPI_STOP);
	while (num_online_cpus() > 1 && tries--)
		udelay(100);
}

/* First code of a secondary vcpu, on its idle task's stack. */
static void secondary_start(void)
{
	unsigned int cpu = smp_processor_id();

	current->active_mm = &init_mm;
	mmgrab_lazy_tlb(&init_mm);
	notify_cpu_starting(cpu);
	um_timer_cpu_init();
	set_cpu_online(cpu, true);
	local_irq_enable();
	cpu_startup_entry(CPUHP_AP_ONLINE_IDLE);
}

/* ---- taken offline, by sysfs ---- */

#ifdef CONFIG_HOTPLUG_CPU
/* The host thread stays, and sleeps. Set by itself, cleared by __cpu_up(). */
static DEFINE_PER_CPU(bool, parked);

bool arch_cpu_is_hotpluggable(int cpu)
{
	return cpu != 0;	/* it has the interrupts of descriptors */
}

int __cpu_disable(void)
{
	set_cpu_online(smp_processor_id(), false);
	return 0;
}

/* Every kick is ignored until the vcpu is wanted again. */
static void sleep_parked(struct vcpu_area *area)
{
	for (;;) {
		xchg(&area->pending, 0);
		if (!this_cpu_read(parked))
			return;
		host_vcpu_idle(area);
	}
}

void __noreturn arch_cpu_idle_dead(void)
{
	idle_task_exit();
	local_irq_disable();
	this_cpu_write(parked, true);
	cpuhp_ap_report_dead();
	sleep_parked(um_this_vcpu());
	asm volatile("movq %0, %%rsp\n\t"
		     "xorl %%ebp, %%ebp\n\t"
		     "call *%1"
		     : : "r" (task_pt_regs(current)), "r" (secondary_start));
	unreachable();
}

/* False: it has never run. */
static bool unpark(unsigned int cpu)
{
	struct vcpu_area *area = &um_vcpu[cpu];

	if (!per_cpu(parked, cpu))
		return false;
	per_cpu(parked, cpu) = false;
	atomic_or(VCPU_PENDING_IPI, (atomic_t *)&area->pending);
	host_vcpu_kick(area);
	return true;
}
#else
static bool unpark(unsigned int cpu)
{
	return false;
}
#endif

static int start_vcpu(unsigned int cpu, struct task_struct *idle)
{
	struct vcpu_area *area = &um_vcpu[cpu];
	int err;

	area->current_task = (u64)idle;
	area->percpu_offset = per_cpu_offset(cpu);
	area->irq_on = 0;
	area->pending = 0;
	/* as if called: the stack is 8 off an aligned address at entry */
	err = host_vcpu_start(area, task_pt_regs(idle), secondary_start);
	if (err)
		pr_err("vcpu %u: host thread: error %d\n", cpu, err);
	return err;
}

int __cpu_up(unsigned int cpu, struct task_struct *idle)
{
	int err = unpark(cpu) ? 0 : start_vcpu(cpu, idle);

	if (err)
		return err;
	while (!cpu_online(cpu))
		cpu_relax();
	return 0;
}

void __init smp_prepare_boot_cpu(void)
{
	um_vcpu[0].percpu_offset = per_cpu_offset(0);
}

void __init smp_prepare_cpus(unsigned int max_cpus)
{
	um_sched_init();
}

void __init smp_cpus_done(unsigned int max_cpus)
{
}
