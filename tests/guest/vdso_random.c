// SPDX-License-Identifier: GPL-2.0
/* The vDSO's getrandom: numbers without a system call, others after a fork,
 * and in a time namespace, whose data pages are the other way round. */
#include "tap.h"
#include "forbid.h"
#include <elf.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/utsname.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

typedef ssize_t getrandom_fn(void *buffer, size_t len, unsigned flags,
			     void *state, size_t state_len);

/* struct vgetrandom_opaque_params of <linux/random.h> */
struct params {
	uint32_t size, prot, flags, reserved[13];
};

static getrandom_fn *vdso_getrandom;
static struct params params;
static void *state;

/* The function of this name in the vDSO; NULL if there is none. */
static getrandom_fn *find(const char *name)
{
	const char *base = (const char *)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Ehdr *head = (const Elf64_Ehdr *)base;
	const Elf64_Phdr *ph;
	const Elf64_Dyn *dyn = NULL;
	const Elf64_Sym *symbols = NULL;
	const char *names = NULL;
	const uint32_t *hash = NULL;

	if (!base)
		return NULL;
	ph = (const Elf64_Phdr *)(base + head->e_phoff);
	for (int i = 0; i < head->e_phnum; i++)
		if (ph[i].p_type == PT_DYNAMIC)
			dyn = (const Elf64_Dyn *)(base + ph[i].p_offset);
	for (; dyn && dyn->d_tag != DT_NULL; dyn++) {
		const char *at = base + dyn->d_un.d_ptr;

		if (dyn->d_tag == DT_SYMTAB)
			symbols = (const Elf64_Sym *)at;
		else if (dyn->d_tag == DT_STRTAB)
			names = at;
		else if (dyn->d_tag == DT_HASH)
			hash = (const uint32_t *)at;
	}
	for (uint32_t i = 0; symbols && names && hash && i < hash[1]; i++)
		if (symbols[i].st_shndx != SHN_UNDEF &&
		    !strcmp(names + symbols[i].st_name, name))
			return (getrandom_fn *)(uintptr_t)(base + symbols[i].st_value);
	return NULL;
}

/* Linux 6.11 and later. */
static int has_by_release(void)
{
	struct utsname u;
	int major = 0, minor = 0;

	uname(&u);
	sscanf(u.release, "%d.%d", &major, &minor);
	return major > 6 || (major == 6 && minor >= 11);
}

static ssize_t draw(void *buffer, size_t len)
{
	return vdso_getrandom(buffer, len, 0, state, params.size);
}

/* The first draw fetches a key; dies of a call after that. */
static int without_calls(void *v)
{
	unsigned char b[333];

	(void)v;
	if (draw(b, 1) != 1)
		return 1;
	if (forbid_call(SYS_getrandom))
		return 2;
	for (size_t i = 0; i < 1000; i++)
		if (draw(b, i % sizeof b) != (ssize_t)(i % sizeof b))
			return 3;
	return 0;
}

static int in_namespace(void *v)
{
	if (unshare(CLONE_NEWTIME))
		return 10;
	return in_child(without_calls, v) != 0;
}

static int all_bytes_vary(void)
{
	unsigned char seen[200] = {0}, b[200];

	for (int k = 0; k < 10; k++) {
		draw(b, sizeof b);
		for (size_t i = 0; i < sizeof b; i++)
			seen[i] |= b[i];
	}
	for (size_t i = 0; i < sizeof seen; i++)
		if (!seen[i])
			return 0;
	return 1;
}

/* Parent and children, from one state. */
static void forks(void)
{
	uint64_t (*numbers)[2] = shared_alloc(4096), own[2];
	int good = 1;

	for (int i = 0; i < 20; i++) {
		pid_t p;

		draw(own, sizeof own);
		p = tap_fork();
		if (!p)
			_exit(draw(numbers[i], sizeof *numbers) != sizeof *numbers);
		draw(own, sizeof own);
		good &= tap_wait(p) == 0 && memcmp(own, numbers[i], sizeof own);
		for (int k = 0; k < i; k++)
			good &= !!memcmp(numbers[k], numbers[i], sizeof own);
	}
	ok(good, "a child's numbers are neither its parent's nor its sibling's");
}

int main(void)
{
	unsigned char own[8];

	tap_start(60);
	vdso_getrandom = find("__vdso_getrandom");
	if (!vdso_getrandom) {
		if (!has_by_release())
			skip_all("this kernel is older than getrandom in the vDSO");
		ok(0, "the vDSO has getrandom");
		return tap_done();
	}
	eq(vdso_getrandom(NULL, 0, 0, &params, ~0UL), 0, "it tells what it wants");
	state = mmap(NULL, 4096, (int)params.prot, (int)params.flags, -1, 0);
	if (!ok(params.size && params.size <= 4096 && state != MAP_FAILED,
		"and gets its state"))
		return tap_done();
	eq(draw(NULL, 0), 0, "no bytes");
	ok(all_bytes_vary(), "each byte varies");
	eq(vdso_getrandom(own, sizeof own, ~0U, state, params.size), -EINVAL,
	   "unknown flags");
	eq(in_child(without_calls, NULL), 0, "without a system call");
	if (access("/proc/self/timens_offsets", F_OK))
		skip("in a time namespace", "this kernel has none");
	else if (getuid())
		skip("in a time namespace", "not root");
	else
		eq(in_child(in_namespace, NULL), 0, "in a time namespace");
	forks();
	return tap_done();
}
