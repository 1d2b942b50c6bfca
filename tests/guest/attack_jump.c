// SPDX-License-Identifier: GPL-2.0
/*
 * Jump to every byte of the stub's executable pages, with random registers. A
 * child catches what it can and goes on to the next byte; when it dies or
 * hangs, the next child starts behind that byte.
 */
#include "attack.h"

struct regs {
	unsigned long r[16]; /* rax rbx rcx rdx rsi rdi rbp rsp r8 ... r15 */
	unsigned long target, flags;
};

struct regs jump_regs;
void jump(void);
__asm__(".text\n"
	"jump:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	pushq jump_regs+136(%rip)\n"
	"	popf\n"
	"	mov jump_regs(%rip), %rax\n"
	"	mov jump_regs+8(%rip), %rbx\n"
	"	mov jump_regs+16(%rip), %rcx\n"
	"	mov jump_regs+24(%rip), %rdx\n"
	"	mov jump_regs+32(%rip), %rsi\n"
	"	mov jump_regs+40(%rip), %rdi\n"
	"	mov jump_regs+48(%rip), %rbp\n"
	"	mov jump_regs+56(%rip), %rsp\n"
	"	mov jump_regs+64(%rip), %r8\n"
	"	mov jump_regs+72(%rip), %r9\n"
	"	mov jump_regs+80(%rip), %r10\n"
	"	mov jump_regs+88(%rip), %r11\n"
	"	mov jump_regs+96(%rip), %r12\n"
	"	mov jump_regs+104(%rip), %r13\n"
	"	mov jump_regs+112(%rip), %r14\n"
	"	mov jump_regs+120(%rip), %r15\n"
	"	jmp *jump_regs+128(%rip)\n");

static size_t list[64];
static int n_pages;
static unsigned long *scratch;

/* A value an attacker would choose: noise, small, a pointer of ours or the
 * stub's. */
static unsigned long value(void)
{
	switch (rnd() % 8) {
	case 0:
		return rnd();
	case 1:
		return rnd() % 512;
	case 2:
		return 0;
	case 3:
		return ~0UL - rnd() % 600;
	case 4:
		return STUB_START + rnd() % (32 * PG);
	case 5:
		return STUB_START + list[rnd() % (unsigned)n_pages] * PG +
		       rnd() % PG;
	default:
		return (unsigned long)scratch + rnd() % 60000;
	}
}

/* A system call that would end or disturb the harness itself. */
static int unwanted(unsigned long nr)
{
	static const unsigned char bad[] = {
		SYS_kill,	   SYS_tkill & 0xff,   SYS_tgkill & 0xff,
		SYS_reboot & 0xff, SYS_vhangup & 0xff, SYS_ptrace};

	nr &= 0xffffffff;
	for (size_t i = 0; i < sizeof bad; i++)
		if ((nr & 0xff) == bad[i])
			return 1;
	return nr == SYS_clone || nr == SYS_fork || nr == SYS_vfork ||
	       nr == SYS_clone3 || nr == SYS_unlink || nr == SYS_rename ||
	       nr == SYS_sethostname;
}

static __attribute__((noinline)) int try_jump(void)
{
	return FAULT_TRY(jump());
}

static int jumper(void *v)
{
	long from = *(long *)v, end = (long)n_pages * (long)PG;
	struct rlimit rl = {16 << 20, 16 << 20};

	setrlimit(RLIMIT_FSIZE, &rl);
	/* random system calls: without rights over the machine they run on */
	if (getuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
		return 1;
	scratch = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	rnd_state += (unsigned long)from * 0x9e3779b97f4a7c15UL;
	/* nothing in here belongs to anyone but this child */
	for (int fd = 0; fd < 10; fd++)
		close(fd);
	use_altstack();
	fault_setup();
	for (long k = from; k < end; k++) {
		amap->progress = (int)k;
		for (int i = 0; i < 16; i++)
			jump_regs.r[i] = value();
		if (unwanted(jump_regs.r[0]))
			jump_regs.r[0] = SYS_getpid;
		if (rnd() % 4)
			jump_regs.r[7] = (unsigned long)scratch + 32768;
		for (int i = 0; i < 8192; i += 1 + (int)(rnd() & 15))
			scratch[i] = value();
		jump_regs.flags = 0x202 | (rnd() & 0xcd5);
		jump_regs.target =
			STUB_START + list[k / (long)PG] * PG + (size_t)k % PG;
		try_jump();
	}
	amap->done = 1;
	return 0;
}

/* Children one after another until all bytes were tried. */
static void round_of(int round)
{
	long from = 0, end = (long)n_pages * (long)PG, hung = 0, died = 0,
	     stuck = 0;

	amap->done = 0;
	rnd_state += (unsigned long)round;
	while (from < end && !amap->done) {
		pid_t p = tap_fork();
		int last = -1, st = 0;
		uint64_t t = now_ns(CLOCK_MONOTONIC);

		if (p == 0) {
			setpgid(0, 0);
			fault_quiet = 1;
			_exit(jumper(&from));
		}
		amap->progress = (int)from;
		for (;;) {
			if (waitpid(p, &st, WNOHANG) == p) {
				died++;
				break;
			}
			if (amap->progress != last) {
				last = amap->progress;
				t = now_ns(CLOCK_MONOTONIC);
			} else if (now_ns(CLOCK_MONOTONIC) - t >
				   (hung < 50 ? 200000000U : 30000000U)) {
				hung++;
				kill(p, SIGKILL);
				stuck += tap_wait(p) < 0;
				break;
			}
			usleep(500);
		}
		kill(-p, SIGKILL);
		from = amap->progress + 1;
	}
	char b[64];
	snprintf(b, sizeof b, "round %d, %ld bytes", round, end);
	tap_note("%s: %ld children died, %ld hung", b, died, hung);
	all_well(0, b);
	eq(stuck, 0, "each could be killed");
}

int main(int argc, char **argv)
{
	attack_start(argc, argv, 300, 1);
	attack_probe();
	for (size_t i = 0; i < MAP_PAGES && n_pages < 64; i++)
		if (amap->x[i])
			list[n_pages++] = i;
	if (!ok(n_pages > 0, "executable stub pages found: %d", n_pages))
		return tap_done();
	int rounds = argc > 1 && atoi(argv[1]) > 0 ? atoi(argv[1]) : 2;
	for (int i = 0; i < rounds; i++)
		round_of(i);
	return tap_done();
}
