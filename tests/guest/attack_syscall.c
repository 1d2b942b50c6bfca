// SPDX-License-Identifier: GPL-2.0
/*
 * The stub region through system calls: it can't be mapped, unmapped,
 * protected, moved, read, or written; pointers into it are bad addresses.
 */
#include "attack.h"
#include <linux/futex.h>
#include <poll.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/user.h>

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static unsigned long at[] = {STUB_START,
			     STUB_START + PG,
			     STUB_START + 4 * PG,
			     STUB_START + 0x200000,
			     STUB_START + 0x10000000,
			     STUB_END - PG};

/* Fails, with one of two errors. */
#define refused(call, e1, e2, what, a)                                      \
	do {                                                                \
		errno = 0;                                                  \
		long r_ = (long)(call);                                     \
		ok(r_ == -1 && (errno == (e1) || errno == (e2)),            \
		   "%s at %#lx refused: %ld, %s", what, (unsigned long)(a), \
		   r_, strerror(errno));                                    \
	} while (0)

static void mapping(unsigned long a)
{
	char *own = mmap(NULL, 4 * PG, PROT_READ | PROT_WRITE, ANON, -1, 0);
	char *p = (char *)a;

	refused(mmap(p, PG, PROT_READ | PROT_WRITE, ANON | MAP_FIXED, -1, 0),
		ENOMEM, EINVAL, "mmap", a);
	refused(mmap(p, PG, PROT_READ, ANON | MAP_FIXED_NOREPLACE, -1, 0),
		ENOMEM, EINVAL, "mmap NOREPLACE", a);
	refused(mmap(p - 16 * PG, 32 * PG, PROT_READ, ANON | MAP_FIXED, -1, 0),
		ENOMEM, EINVAL, "mmap across", a);
	refused(munmap(p, PG), EINVAL, ENOMEM, "munmap", a);
	refused(munmap(p - PG, 2 * PG), EINVAL, ENOMEM, "munmap across", a);
	refused(mprotect(p, PG, PROT_READ | PROT_WRITE | PROT_EXEC), ENOMEM,
		EINVAL, "mprotect", a);
	refused(mremap(own, PG, PG, MREMAP_MAYMOVE | MREMAP_FIXED, p), EINVAL,
		ENOMEM, "mremap to", a);
	refused(mremap(p, PG, 2 * PG, MREMAP_MAYMOVE), EFAULT, EINVAL,
		"mremap of", a);
	refused(madvise(p, PG, MADV_DONTNEED), ENOMEM, EINVAL, "madvise", a);
	refused(mlock(p, PG), ENOMEM, EINVAL, "mlock", a);
	refused(msync(p, PG, MS_SYNC), ENOMEM, EINVAL, "msync", a);
	unsigned char v[4];
	refused(mincore(p, PG, v), ENOMEM, EINVAL, "mincore", a);
	refused(syscall(SYS_remap_file_pages, p, PG, 0, 0, 0), EINVAL, ENOMEM,
		"remap_file_pages", a);
	ok((unsigned long)syscall(SYS_brk, a + PG) < STUB_START,
	   "brk to %#lx refused", a);
	char *h = mmap(p, PG, PROT_READ, ANON, -1, 0);
	ok(h == MAP_FAILED || (unsigned long)h + PG <= STUB_START,
	   "mmap with a hint goes elsewhere: %p", (void *)h);
	if (h != MAP_FAILED)
		munmap(h, PG);
	munmap(own, 4 * PG);
}

static void pointers(unsigned long a)
{
	char *p = (char *)a;
	int fd[2], mem = open("/proc/self/mem", O_RDWR);
	char b[64];
	long n;

	if (pipe(fd) < 0)
		exit(1);
	refused(write(fd[1], p, 16), EFAULT, EFAULT, "write from", a);
	if (write(fd[1], "0123456789abcdef", 16) != 16)
		exit(1);
	refused(read(fd[0], p, 16), EFAULT, EFAULT, "read to", a);
	n = pread(mem, b, 16, (off_t)a);
	ok(n <= 0, "/proc/self/mem read at %#lx refused: %ld", a, n);
	n = pwrite(mem, "x", 1, (off_t)a);
	ok(n <= 0, "/proc/self/mem write at %#lx refused: %ld", a, n);
	struct iovec l = {b, 16}, r = {p, 16};
	refused(process_vm_readv(getpid(), &l, 1, &r, 1, 0), EFAULT, EFAULT,
		"process_vm_readv", a);
	refused(process_vm_writev(getpid(), &l, 1, &r, 1, 0), EFAULT, EFAULT,
		"process_vm_writev", a);
	refused(syscall(SYS_clock_gettime, CLOCK_TAI, p), EFAULT, EFAULT,
		"clock_gettime to", a);
	refused(open(p, O_RDONLY), EFAULT, EFAULT, "open of a name", a);
	refused(syscall(SYS_rt_sigaction, SIGUSR1, p, NULL, 8), EFAULT, EFAULT,
		"sigaction", a);
	refused(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, p, 8), EFAULT,
		EFAULT, "sigprocmask", a);
	refused(syscall(SYS_futex, p, FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT,
		EFAULT, "futex", a);
	refused(syscall(SYS_getcwd, p, 64), EFAULT, EFAULT, "getcwd", a);
	refused(syscall(SYS_poll, p, 1, 0), EFAULT, EFAULT, "poll", a);
	refused(syscall(SYS_execve, "/proc/self/exe", p, NULL), EFAULT, EFAULT,
		"execve argv", a);
	refused(syscall(SYS_nanosleep, p, NULL), EFAULT, EFAULT, "nanosleep",
		a);
	/* a buffer of ours that runs on into the region */
	refused(syscall(SYS_getrandom, STUB_START - 8, 64, 0) == -1 ? -1 : 0,
		EFAULT, EFAULT, "getrandom across", STUB_START);
	close(mem);
	close(fd[0]);
	close(fd[1]);
}

static int tracee(void *v)
{
	(void)v;
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	return 3;
}

/* Through ptrace on a child. */
static void by_ptrace(unsigned long a)
{
	pid_t p = tap_fork();
	int st;

	if (p == 0)
		_exit(tracee(NULL));
	waitpid(p, &st, 0);
	refused((errno = 0,
		 ptrace(PTRACE_PEEKDATA, p, a, 0) == -1 && errno ? -1 : 0),
		EIO, EFAULT, "PEEKDATA", a);
	refused(ptrace(PTRACE_POKEDATA, p, a, 0xccccccccL), EIO, EFAULT,
		"POKEDATA", a);
	/* its rip into the stub: it may die, no more */
	struct user_regs_struct r;
	ptrace(PTRACE_GETREGS, p, 0, &r);
	r.rip = a;
	ptrace(PTRACE_SETREGS, p, 0, &r);
	ptrace(PTRACE_CONT, p, 0, 0);
	for (int i = 0; i < 300 && waitpid(p, &st, WNOHANG) != p; i++)
		usleep(1000);
	kill(p, SIGKILL);
	ok(tap_wait(p) >= -1, "a tracee sent to %#lx", a);
}

static int stack_in_stub(void *v)
{
	__asm__ volatile(
		"mov %0, %%rsp\n\tmov $39, %%eax\n\tsyscall\n\tpush %%rax\n\tud2" ::
			"r"(v)
		: "memory");
	return 1;
}

static int base_in_stub(void *v)
{
	syscall(SYS_arch_prctl, 0x1001, v); /* ARCH_SET_GS */
	long r;
	__asm__ volatile("mov %%gs:0, %0\n\tmov %0, %%gs:0"
			 : "=r"(r)::"memory");
	return 0;
}

/* A mapping right below, grown towards it. */
static void below(void)
{
	char *p =
		mmap((void *)(STUB_START - 4 * PG), 4 * PG,
		     PROT_READ | PROT_WRITE, ANON | MAP_FIXED_NOREPLACE, -1, 0);

	if (p == MAP_FAILED) {
		tap_note("the last pages below the stub can't be mapped: %s",
			 strerror(errno));
		return;
	}
	refused(mremap(p, 4 * PG, 8 * PG, 0), ENOMEM, EFAULT,
		"mremap grows into", STUB_START);
	memset(p, 1, 4 * PG);
	eq(p[4 * PG - 1], 1, "the last byte below the stub is ours");
	munmap(p, 4 * PG);
}

int main(int argc, char **argv)
{
	attack_start(argc, argv, 120, 1);
	if (attack_fake)
		skip_all("look-alike pages are the process's own");
	for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
		mapping(at[i]);
		pointers(at[i]);
		by_ptrace(at[i]);
		all_well(attack_run(stack_in_stub, (void *)(at[i] + 2048),
				    2000),
			 "rsp in the stub");
		all_well(attack_run(base_in_stub, (void *)at[i], 2000),
			 "gs base in the stub");
	}
	refused(munmap((void *)(STUB_START - 0x100000),
		       STUB_END - STUB_START + 0x100000),
		EINVAL, ENOMEM, "munmap of it all", STUB_START);
	refused(mmap((void *)0x600000000000, 0x200000000000, PROT_NONE,
		     ANON | MAP_FIXED | MAP_NORESERVE, -1, 0),
		ENOMEM, EINVAL, "mmap over it all", STUB_START);
	below();
	all_well(0, "after all");
	return tap_done();
}
