// SPDX-License-Identifier: GPL-2.0
/*
 * Time: the host's CLOCK_MONOTONIC is the clock source (kernel/tsc.c), a host
 * timer per vcpu the event device.
 */
#include <linux/clocksource.h>
#include <linux/clockchips.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/sched/clock.h>
#include <linux/timekeeping.h>
#include <asm/um.h>
#include <abi/host.h>

static u64 read_host_clock(struct clocksource *cs)
{
	return um_clock_monotonic();
}

static struct clocksource host_clocksource = {
	.name	= "host",
	.rating	= 400,
	.read	= read_host_clock,
	.mask	= CLOCKSOURCE_MASK(64),
	.flags	= CLOCK_SOURCE_IS_CONTINUOUS | CLOCK_SOURCE_VALID_FOR_HRES,
};

void um_clocksource_no_vdso(void)
{
	host_clocksource.vdso_clock_mode = VDSO_CLOCKMODE_NONE;
}

/* Counts from the start of the guest kernel: the time since boot is taken
 * from it, too. */
static u64 start_time;

void __init um_time_start(void)
{
	start_time = host_clock_monotonic();
}

unsigned long long notrace sched_clock(void)
{
	return um_clock_monotonic() - start_time;
}

void read_persistent_clock64(struct timespec64 *ts)
{
	*ts = ns_to_timespec64(host_clock_realtime());
}

static int set_next_event(unsigned long delta, struct clock_event_device *evt)
{
	host_timer_set(host_clock_monotonic() + delta);
	return 0;
}

static int set_shutdown(struct clock_event_device *evt)
{
	host_timer_set(0);
	return 0;
}

static DEFINE_PER_CPU(struct clock_event_device, host_timer) = {
	.name			= "host-timer",
	.features		= CLOCK_EVT_FEAT_ONESHOT,
	.rating			= 400,
	.set_next_event		= set_next_event,
	.set_state_shutdown	= set_shutdown,
	.set_state_oneshot	= set_shutdown,
	.set_state_oneshot_stopped = set_shutdown,
};

void um_timer_interrupt(void)
{
	struct clock_event_device *evt = this_cpu_ptr(&host_timer);

	um_tsc_tick();
	if (evt->event_handler)
		evt->event_handler(evt);
}

void um_timer_cpu_init(void)
{
	struct clock_event_device *evt = this_cpu_ptr(&host_timer);

	evt->cpumask = cpumask_of(smp_processor_id());
	clockevents_config_and_register(evt, NSEC_PER_SEC, 1000, LONG_MAX);
}

void __init time_init(void)
{
	if (um_tsc_start())
		host_clocksource.vdso_clock_mode = VDSO_CLOCKMODE_UM_TSC;
	clocksource_register_hz(&host_clocksource, NSEC_PER_SEC);
	um_timer_cpu_init();
}

/* Delays need no calibration: they read the clock. */
void calibrate_delay(void)
{
	loops_per_jiffy = NSEC_PER_SEC / HZ;
}

void __ndelay(unsigned long nsecs)
{
	u64 end = host_clock_monotonic() + nsecs;

	while (host_clock_monotonic() < end)
		cpu_relax();
}
EXPORT_SYMBOL(__ndelay);
