// SPDX-License-Identifier: GPL-2.0
/*
 * System calls from the stub's own syscall instructions, with numbers of our
 * choice: whatever they do must be done by the guest kernel, never the host.
 * The trap flag brings the result back: a SIGTRAP comes at the instruction,
 * the next signal behind it (one instruction later, or where a ret leads),
 * with rax.
 */
#include "attack.h"
#include <sched.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <ucontext.h>

static unsigned long insn, seen_rip;
static sigjmp_buf back;
static volatile long result;
static volatile int how, there;
extern char insn_landing[];
__asm__(".text\ninsn_landing: ud2\n");

static void catch (int sig, siginfo_t *si, void *ucv)
{
	ucontext_t *uc = ucv;
	unsigned long ip = (unsigned long)uc->uc_mcontext.gregs[REG_RIP];

	(void)si;
	if (sig == SIGTRAP && !there) {
		there = ip == insn;
		return; /* TF stays set in the frame */
	}
	how = there ? SIGTRAP : sig;
	seen_rip = ip;
	result = (long)uc->uc_mcontext.gregs[REG_RAX];
	siglongjmp(back, 1);
}

/*
 * The trap comes one instruction late, and after some calls of the stub that
 * one loads eax through r12: r12 points here, so that we can tell.
 */
#define HIDDEN 0x5ca1ab1e
__attribute__((used)) unsigned int hidden[2048];

/* SIGTRAP: rax is in result. Another signal: the instruction didn't get that
 * far. */
static __attribute__((noinline)) int call_at(long nr, const long *arg)
{
	static const int sigs[] = {SIGTRAP, SIGSEGV, SIGILL,
				   SIGBUS,  SIGSYS,  SIGFPE};
	struct sigaction sa = {.sa_flags = SA_SIGINFO | SA_ONSTACK};

	sa.sa_sigaction = catch;
	for (size_t i = 0; i < sizeof sigs / sizeof *sigs; i++)
		sigaction(sigs[i], &sa, NULL);
	how = there = 0;
	if (sigsetjmp(back, 1))
		return how;
	__asm__ volatile("	mov 24(%[arg]), %%r10\n"
			 "	mov 32(%[arg]), %%r8\n"
			 "	mov 40(%[arg]), %%r9\n"
			 "	lea insn_landing(%%rip), %%r11\n"
			 "	lea hidden(%%rip), %%r12\n"
			 "	mov $32, %%ecx\n"
			 "1:	push %%r11\n"
			 "	loop 1b\n"
			 "	pushf\n"
			 "	orl $0x100, (%%rsp)\n"
			 "	popf\n"
			 "	jmp *%[ip]\n"
			 :
			 : "a"(nr), "D"(arg[0]), "S"(arg[1]),
			   "d"(arg[2]), [arg] "b"(arg), [ip] "r"(insn)
			 : "rcx", "r8", "r9", "r10", "r11", "r12", "memory", "cc");
	return -1;
}

enum check {
	C_NONE,
	C_PID,
	C_PPID,
	C_UNAME,
	C_FD,
	C_MMAP,
	C_MUNMAP,
	C_MPROTECT,
	C_FORK,
	C_GONE
};
static const char *const check_name[] = {"",
					 "a pid that isn't ours",
					 "a parent that isn't ours",
					 "another kernel's uname",
					 "a descriptor we don't have",
					 "a mapping we don't have",
					 "an unmap the guest didn't do",
					 "a protection the guest didn't set",
					 "a child we don't have",
					 "life after exit"};

static char ubuf[1024];
static unsigned char lost[8 * 4096] __attribute__((aligned(4096)));

static int in_maps(unsigned long a)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long lo, hi;
	char b[512], prot[8];
	int n = 0;

	while (f && fgets(b, sizeof b, f))
		if (sscanf(b, "%lx-%lx %7s", &lo, &hi, prot) == 3 && a >= lo &&
		    a < hi)
			n = prot[1] == 'w' ? 2 : 1;
	if (f)
		fclose(f);
	return n;
}

struct probe {
	const char *name;
	long nr;
	long arg[6];
	enum check check;
};

/* Is this result the guest's? */
static int is_guests(const struct probe *p, long r)
{
	struct utsname u;
	char b[64], path[64];
	int st;

	if (r < 0 && r > -4096)
		return 1;
	switch (p->check) {
	case C_PID:
		return r == getpid();
	case C_PPID:
		return r == getppid();
	case C_UNAME:
		return uname(&u) == 0 && !memcmp(ubuf, &u, sizeof u);
	case C_FD:
		snprintf(path, sizeof path, "/proc/self/fd/%ld", r);
		return readlink(path, b, sizeof b) > 0;
	case C_MMAP:
		return in_maps((unsigned long)r) != 0;
	case C_MUNMAP:
		fault_setup();
		return !in_maps((unsigned long)lost + 4096) &&
		       fault_read(lost + 4096) == SIGSEGV;
	case C_MPROTECT:
		fault_setup();
		return in_maps((unsigned long)lost + 3 * 4096) == 1 &&
		       fault_write(lost + 3 * 4096, 1) == SIGSEGV;
	case C_FORK:
		if (r == 0)
			_exit(0);
		return waitpid((pid_t)r, &st, __WALL) == (pid_t)r;
	case C_GONE:
		return 0;
	default:
		return 1;
	}
}

/* Did the instruction at ip put r into rax? */
static int hides(unsigned long ip, long r)
{
	const unsigned char *code = (const unsigned char *)ip;
	unsigned int imm;

	memcpy(&imm, code + 1, sizeof imm);
	return r == HIDDEN || (code[0] == 0xb8 && r == imm);
}

/* Exit status: 0 no answer, 1 the guest's, 2 refused, 50 somebody else's. */
static int attack(void *v)
{
	struct probe *p = v;
	pid_t me = getpid();

	use_altstack();
	lost[4096] = lost[3 * 4096] = 1;
	for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
		hidden[i] = HIDDEN;
	int h = call_at(p->nr, p->arg);
	long r = result;

	if (getpid() != me)
		_exit(0); /* a fork's child */
	amap->out[0] = r;
	amap->out[1] = (long)seen_rip;
	if (h != SIGTRAP)
		return 0;
	if (seen_rip != insn + 2 && hides(insn + 2, r))
		return 2;
	if (r < 0 && r > -4096)
		return 2;
	return is_guests(p, r) ? 1 : 50;
}

static const char file[] = "stub-made-this";
#define CWD AT_FDCWD

static struct probe probes[] = {
	{"getpid", SYS_getpid, {0}, C_PID},
	{"gettid", SYS_gettid, {0}, C_PID},
	{"getppid", SYS_getppid, {0}, C_PPID},
	{"uname", SYS_uname, {(long)ubuf}, C_UNAME},
	{"openat of /etc/passwd",
	 SYS_openat,
	 {CWD, (long)"/etc/passwd", O_RDONLY},
	 C_FD},
	{"openat to create",
	 SYS_openat,
	 {CWD, (long)file, O_CREAT | O_RDWR, 0600},
	 C_FD},
	{"socket", SYS_socket, {AF_INET, SOCK_STREAM, 0}, C_FD},
	{"memfd_create", SYS_memfd_create, {(long)"x", 0}, C_FD},
	{"dup", SYS_dup, {1}, C_FD},
	{"mmap",
	 SYS_mmap,
	 {0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0},
	 C_MMAP},
	{"mmap of fd 3", SYS_mmap, {0, 4096, 3, MAP_SHARED, 3, 0}, C_MMAP},
	{"mmap over the stub",
	 SYS_mmap,
	 {STUB_START, 65536, 7, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0},
	 C_MMAP},
	{"munmap of ours", SYS_munmap, {(long)lost + 4096, 4096}, C_MUNMAP},
	{"mprotect of ours",
	 SYS_mprotect,
	 {(long)lost + 3 * 4096, 4096, PROT_READ},
	 C_MPROTECT},
	{"munmap of the stub", SYS_munmap, {STUB_START, 1 << 24}, C_NONE},
	{"mprotect of the stub",
	 SYS_mprotect,
	 {STUB_START, 1 << 21, 7},
	 C_NONE},
	{"munmap of everything", SYS_munmap, {0x10000, 0x7ffffffe0000}, C_NONE},
	{"fork", SYS_fork, {0}, C_FORK},
	{"clone", SYS_clone, {SIGCHLD}, C_FORK},
	{"kill 1 with 0", SYS_kill, {1, 0}, C_NONE},
	{"kill of our group", SYS_kill, {0, SIGUSR1}, C_NONE},
	{"exit", SYS_exit, {3}, C_GONE},
	{"exit_group", SYS_exit_group, {3}, C_GONE},
	{"execve", SYS_execve, {(long)"/bin/sh", 0, 0}, C_GONE},
	{"prctl dumpable", SYS_prctl, {PR_SET_DUMPABLE, 1}, C_NONE},
	{"seccomp", SYS_seccomp, {1, 8, 0}, C_NONE},
	{"rt_sigaction", SYS_rt_sigaction, {SIGUSR1, (long)lost, 0, 8}, C_NONE},
	{"rt_sigprocmask",
	 SYS_rt_sigprocmask,
	 {SIG_BLOCK, (long)lost, 0, 8},
	 C_NONE},
	{"sigaltstack", SYS_sigaltstack, {(long)lost, 0}, C_NONE},
	{"rseq", SYS_rseq, {(long)lost, 32, 0, 0}, C_NONE},
	{"set_robust_list", SYS_set_robust_list, {(long)lost, 24}, C_NONE},
	{"close_range", SYS_close_range, {3, ~0L, 0}, C_NONE},
	{"ioctl of notify", SYS_ioctl, {3, 0xc0182101, (long)lost}, C_NONE},
	{"pidfd_getfd", SYS_pidfd_getfd, {3, 0, 0}, C_NONE},
	{"process_vm_readv of 1",
	 SYS_process_vm_readv,
	 {1, (long)lost, 1, (long)lost, 1, 0},
	 C_NONE},
	{"futex wait on the stub",
	 SYS_futex,
	 {STUB_START, 0, 0, (long)&(struct timespec){0, 1000}},
	 C_NONE},
	{"a huge number", 1L << 40, {0}, C_NONE},
	{"-1", -1, {0}, C_NONE},
	{"x32 getpid", SYS_getpid | 1 << 30, {0}, C_PID},
};

int main(int argc, char **argv)
{
	static const unsigned char code[] = {0x0f, 0x05};
	int found = 0, answers = 0;
	struct stat sb;

	attack_start(argc, argv, 240, 1);
	attack_probe();
	const char *d = chdir_tmp();
	for (int k = 0; k < 64; k++) {
		insn = (unsigned long)find_code(code, 2, k);
		if (!insn)
			break;
		found++;
		int gone = 0, none = 0, guests = 0, refused = 0;
		for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
			int st = attack_run(attack, &probes[i], 1000);

			if (st == EXITED(50))
				ok(0,
				   "syscall at %#lx, %s: %s: rax %ld, rip %#lx",
				   insn, probes[i].name,
				   check_name[probes[i].check], amap->out[0],
				   amap->out[1]);
			else if (st == -2)
				ok(0, "syscall at %#lx, %s: can't be killed",
				   insn, probes[i].name);
			none += st == EXITED(0);
			guests += st == EXITED(1);
			refused += st == EXITED(2);
			gone += st != EXITED(0) && st != EXITED(1) &&
				st != EXITED(2);
		}
		answers += guests;
		tap_note(
			"syscall at %#lx: %d the guest's, %d refused, %d no answer, %d ended the child",
			insn, guests, refused, none, gone);
		all_well(0, "system calls from the stub");
	}
	ok(found > 0, "syscall instructions found in the stub: %d", found);
	tap_note("%d calls were answered by the guest", answers);
	/* what was made, was made in the guest's file system: then it is
	 * visible here */
	if (stat(file, &sb) == 0) {
		tap_note("a file was created, in the guest");
		unlink(file);
	}
	rmdir_tmp(d);
	return tap_done();
}
