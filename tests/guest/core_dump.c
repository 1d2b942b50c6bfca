// SPDX-License-Identifier: GPL-2.0
/* A core file: ELF header, segments, notes with the registers of each thread.
 */
#include "tap.h"
#include <dirent.h>
#include <elf.h>
#include <pthread.h>
#include <sys/procfs.h>
#include <sys/user.h>

#define PATTERN "/proc/sys/kernel/core_pattern"
static char marker[8192] = "marker in the data segment";

static void *waiter(void *v)
{
	*(volatile int *)v = 1;
	for (;;)
		pause();
	return NULL;
}

static int crash(void *v)
{
	struct rlimit rl = {RLIM_INFINITY, RLIM_INFINITY};
	volatile int up = 0;
	pthread_t t;

	if (setrlimit(RLIMIT_CORE, &rl) < 0)
		return 1;
	prctl(PR_SET_DUMPABLE, 1);
	memcpy(marker + 5000, "second page", 12);
	if (v) {
		pthread_create(&t, NULL, waiter, (void *)&up);
		wait_for(&up, 1, 5000);
	}
	static const double x87 = 1.25;
	static const unsigned long vec[2] = {0x1111222233334444UL,
					     0x5555666677778888UL};
	__asm__ volatile(
		"fldl %0\n\tmovups %1, %%xmm7\n\t"
		"mov $0x1234567812345678, %%r12\n\tmov $0x2345, %%rbx\n\t"
		"mov $0x77, %%rax\n\tud2" ::"m"(x87),
		"m"(vec)
		: "rax", "rbx", "r12", "xmm7");
	return 2;
}

/* The core file in the current directory, whatever number it carries. */
static int open_core(void)
{
	DIR *d = opendir(".");
	struct dirent *e;
	int fd = -1;

	while (d && (e = readdir(d)))
		if (!strncmp(e->d_name, "core", 4)) {
			fd = open(e->d_name, O_RDONLY);
			unlink(e->d_name);
		}
	if (d)
		closedir(d);
	return fd;
}

static char *core;
static size_t core_len;

/* The bytes the core holds for an address, or NULL. */
static char *at(unsigned long va, size_t n)
{
	Elf64_Ehdr *h = (Elf64_Ehdr *)core;
	Elf64_Phdr *p = (Elf64_Phdr *)(core + h->e_phoff);

	for (int i = 0; i < h->e_phnum; i++)
		if (p[i].p_type == PT_LOAD && va >= p[i].p_vaddr &&
		    va + n <= p[i].p_vaddr + p[i].p_filesz &&
		    p[i].p_offset + p[i].p_filesz <= core_len)
			return core + p[i].p_offset + (va - p[i].p_vaddr);
	return NULL;
}

static void check_regs(struct elf_prstatus *ps)
{
	struct user_regs_struct r;

	memcpy(&r, &ps->pr_reg, sizeof r);
	eq((long)r.r12, 0x1234567812345678, "r12");
	eq((long)r.rbx, 0x2345, "rbx");
	eq((long)r.rax, 0x77, "rax");
	eq((long)r.cs, 0x33, "cs");
	eq(ps->pr_cursig, SIGILL, "pr_cursig");
	char *ip = at(r.rip, 2);
	/* text may be left out of a core: a file holds it */
	ok(!ip || !memcmp(ip, "\x0f\x0b", 2),
	   "rip points to the ud2, if text is in the core");
	ok(r.rip >= 0x1000 && at(r.rsp, 64) != NULL,
	   "rsp points into a segment of the core");
}

static void check_notes(char *n, size_t len, int threads)
{
	int status = 0, fp = 0, xstate = 0, info = 0, auxv = 0, file = 0,
	    first = 1;
	size_t o = 0;

	while (o + sizeof(Elf64_Nhdr) <= len) {
		Elf64_Nhdr *h = (Elf64_Nhdr *)(n + o);
		char *desc = (char *)(h + 1) + ((h->n_namesz + 3) & ~3U);

		o += sizeof *h + ((h->n_namesz + 3) & ~3U) +
		     ((h->n_descsz + 3) & ~3U);
		if (o > len)
			break;
		switch (h->n_type) {
		case NT_PRSTATUS:
			eq(h->n_descsz, sizeof(struct elf_prstatus),
			   "size of NT_PRSTATUS");
			if (first)
				check_regs((struct elf_prstatus *)desc);
			first = 0;
			status++;
			break;
		case NT_FPREGSET:
			eq(h->n_descsz, sizeof(struct user_fpregs_struct),
			   "size of NT_FPREGSET");
			if (!fp++) {
				struct user_fpregs_struct *f = (void *)desc;
				static const unsigned char st0[10] = {
					0, 0, 0, 0, 0, 0, 0, 0xa0, 0xff, 0x3f};

				ok(!memcmp(f->st_space, st0, 10),
				   "st(0) is 1.25");
				ok(f->xmm_space[28] == 0x33334444 &&
					   f->xmm_space[31] == 0x55556666,
				   "xmm7");
			}
			break;
		case NT_X86_XSTATE:
			if (!xstate++) {
				ok(h->n_descsz >= 512 + 64,
				   "size of NT_X86_XSTATE: %u", h->n_descsz);
				ok((*(uint64_t *)(desc + 464) & 3) == 3,
				   "its sw_reserved has xcr0");
				ok((*(uint64_t *)(desc + 512) & 3) == 3,
				   "its xstate_bv has x87 and SSE");
			}
			break;
		case NT_PRPSINFO:
			ok(!strncmp(((struct elf_prpsinfo *)desc)->pr_fname,
				    "core_dump", 9),
			   "NT_PRPSINFO's name");
			info++;
			break;
		case NT_SIGINFO:
			eq(((siginfo_t *)desc)->si_signo, SIGILL, "NT_SIGINFO");
			break;
		case NT_AUXV:
			auxv++;
			break;
		case NT_FILE:
			file++;
			break;
		}
	}
	eq(status, threads, "NT_PRSTATUS of each thread");
	eq(fp, threads, "NT_FPREGSET of each thread");
	eq(info, 1, "NT_PRPSINFO");
	eq(auxv, 1, "NT_AUXV");
	eq(file, 1, "NT_FILE");
	if (xstate)
		eq(xstate, threads, "NT_X86_XSTATE of each thread");
	else
		ok(0, "NT_X86_XSTATE");
}

static void dump(int threads)
{
	int st = in_child(crash, threads > 1 ? "" : NULL), fd;
	struct stat sb = {0};

	tap_note("a process of %d threads", threads);
	eq(st & 0x7f, SIGILL, "died by SIGILL");
	ok(WCOREDUMP(st) != 0, "with a core");
	fd = open_core();
	if (!ok(fd >= 0 && fstat(fd, &sb) == 0 && sb.st_size > 4096,
		"core file: %ld bytes", (long)sb.st_size))
		return;
	core_len = (size_t)sb.st_size;
	core = mmap(NULL, core_len, PROT_READ, MAP_PRIVATE, fd, 0);
	Elf64_Ehdr *h = (Elf64_Ehdr *)core;
	ok(!memcmp(h->e_ident, ELFMAG, 4) &&
		   h->e_ident[EI_CLASS] == ELFCLASS64 && h->e_type == ET_CORE &&
		   h->e_machine == EM_X86_64,
	   "an x86-64 ELF core");
	Elf64_Phdr *p = (Elf64_Phdr *)(core + h->e_phoff);
	ok(h->e_phnum > 3 && p[0].p_type == PT_NOTE &&
		   p[0].p_offset + p[0].p_filesz <= core_len,
	   "the first of %d segments is the notes", h->e_phnum);
	check_notes(core + p[0].p_offset, p[0].p_filesz, threads);
	char *m = at((unsigned long)marker, sizeof marker);
	ok(m && !strcmp(m, "marker in the data segment") &&
		   !strcmp(m + 5000, "second page"),
	   "data, as the process had it");
	unsigned long hi = 0;
	for (int i = 1; i < h->e_phnum; i++)
		if (p[i].p_type == PT_LOAD &&
		    p[i].p_vaddr < 0xffff000000000000UL &&
		    p[i].p_vaddr + p[i].p_memsz > hi)
			hi = p[i].p_vaddr + p[i].p_memsz;
	ok(hi <= 0x7ffffffff000UL, "no segment outside the address space");
	munmap(core, core_len);
	close(fd);
}

static int no_core(void *v)
{
	struct rlimit rl = {0, 0};

	(void)v;
	setrlimit(RLIMIT_CORE, &rl);
	raise(SIGABRT);
	return 1;
}

int main(void)
{
	char old[256] = "";
	const char *d;
	int fd;

	tap_start(60);
	need_proc();
	fd = open(PATTERN, O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, old, sizeof old - 1) : 0;
	close(fd);
	int ours = n > 0 && strncmp(old, "core", 4) != 0;
	if (ours) {
		fd = open(PATTERN, O_WRONLY);
		if (fd < 0 || write(fd, "core", 4) != 4)
			skip_all(
				"core_pattern sends cores elsewhere, and can't be set");
		close(fd);
	}
	d = chdir_tmp();
	dump(1);
	dump(2);
	int st = in_child(no_core, NULL);
	ok((st & 0x7f) == SIGABRT && !WCOREDUMP(st), "RLIMIT_CORE 0: no core");
	eq(open_core(), -1, "and no file");
	rmdir_tmp(d);
	if (ours) {
		fd = open(PATTERN, O_WRONLY);
		if (fd >= 0 && write(fd, old, (size_t)n) != n)
			tap_note("core_pattern not put back");
		close(fd);
	}
	return tap_done();
}
