// SPDX-License-Identifier: GPL-2.0
/*
 * Clocks and timers. Each vcpu has one host timer on CLOCK_MONOTONIC whose
 * signal goes to its thread. Clock reads go through the host's vdso and need
 * no system call where the host's clock source allows.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "../abi/host.h"
#include "allow.h"
#include "counters.h"
#include "diag.h"
#include "place.h"
#include "signals.h"
#include "vcpu_thread.h"

HOST_ALLOW(clock_gettime);
HOST_ALLOW(timer_create);
HOST_ALLOW(timer_settime);
HOST_ALLOW(getrandom);

#define NSEC 1000000000ull

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static u64 clock_read(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * NSEC + ts.tv_nsec;
}

u64 host_clock_monotonic(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

bool host_clock_by_tsc(void)
{
	static const char *const good[] = {
		"tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "xen",
	};
	char name[64];
	ssize_t n;
	size_t i;
	int fd;

	fd = open("/sys/devices/system/clocksource/clocksource0/current_clocksource",
		  O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	n = read(fd, name, sizeof(name) - 1);
	close(fd);
	if (n <= 0)
		return true;
	name[n] = 0;
	name[strcspn(name, "\n")] = 0;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!strcmp(name, good[i]))
			return true;
	return false;
}

u64 host_clock_realtime(void)
{
	return clock_read(CLOCK_REALTIME);
}

void timer_init(struct vcpu_host *v)
{
	struct sigevent ev = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = SIG_TIMER,
	};

	ev.sigev_notify_thread_id = gettid();
	if (timer_create(CLOCK_MONOTONIC, &ev, &v->timer))
		host_fatal("vcpu timer", "timer_create (see ulimit -i)", errno);
}

/*
 * The handler forgets the deadline, so setting the same one again after it
 * has passed fires again. Between comparison and return the timer may expire:
 * then the bit is set, which is what the caller wants.
 */
void timer_expired(struct vcpu_host *v)
{
	v->deadline = 0;
	vcpu_ticks();
	__atomic_fetch_or(&v->area->pending, VCPU_PENDING_TIMER, __ATOMIC_SEQ_CST);
}

void host_timer_set(u64 deadline)
{
	struct vcpu_host *v = vcpu_self;
	struct itimerspec its = { 0 };

	if (__atomic_load_n(&v->deadline, __ATOMIC_RELAXED) == deadline)
		return;
	/* before the call: the signal may come before it returns */
	__atomic_store_n(&v->deadline, deadline, __ATOMIC_RELAXED);
	its.it_value.tv_sec = deadline / NSEC;
	its.it_value.tv_nsec = deadline % NSEC;
	count(C_TIMERS);
	timer_settime(v->timer, TIMER_ABSTIME, &its, NULL);
}

int host_random(void *buf, u64 len)
{
	char *p = buf;

	while (len) {
		ssize_t n = getrandom(p, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= n;
	}
	return 0;
}
