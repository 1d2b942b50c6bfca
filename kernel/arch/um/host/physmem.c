// SPDX-License-Identifier: GPL-2.0
/*
 * Physmem. A memfd needs no file system: /dev/shm may be tiny, noexec or
 * missing. It is created without MFD_EXEC where the host knows the
 * difference (6.3), which vm.memfd_noexec=1 and 2 both accept; mapping it
 * executable is possible all the same.
 *
 * The mapping is shared, takes no swap reservation, is left out of core dumps
 * and is not inherited by fork: the zygote never sees it.
 *
 * vmalloc and module areas are reserved without access, so that no mmap of
 * libc or a driver lands there; host_kmap() replaces pieces of the
 * reservation, host_kunmap() puts it back. Neighbouring reservations merge
 * into one host mapping again.
 *
 * The heap (brk) starts at random up to 1 GiB above the program (since host
 * 6.9) and so may lie in the module area. That area is reserved in chunks;
 * where one is in use it is left alone and host_kmap() refuses it.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../abi/host.h"
#include "../abi/host_vcpu.h"
#include "allow.h"
#include "cmdline.h"
#include "diag.h"
#include "physmem.h"

HOST_ALLOW(mmap);
HOST_ALLOW(munmap);
HOST_ALLOW(madvise);
HOST_ALLOW(fallocate);

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define PAGE 4096ull

static int physmem_fd = -1;
static u64 physmem_bytes;

#define CHUNK		(16ull << 20)
#define CHUNKS		((UM_MODULES_END - UM_MODULES_START) / CHUNK)
static_assert(CHUNKS <= 64, "one bit each");
static u64 chunks_in_use;	/* of the module area, by others */

static int open_memfd(void)
{
	int fd = memfd_create("um-physmem", MFD_CLOEXEC | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("um-physmem", MFD_CLOEXEC);
	if (fd < 0)
		host_fatal("physmem", "memfd_create", errno);
	return fd;
}

static void fatal_map(const char *what, u64 start, u64 bytes, int err)
{
	struct diag_line l;

	diag_start(&l);
	diag_str(&l, what);
	diag_str(&l, ": ");
	diag_size(&l, bytes);
	diag_str(&l, " at ");
	diag_hex(&l, start);
	diag_str(&l, ": ");
	if (err == EEXIST)
		diag_str(&l, "addresses in use on this host");
	else if (err == ENOMEM)
		diag_str(&l, "no address space: raise `ulimit -v`, or lower mem=");
	else
		diag_str(&l, diag_strerror(err));
	diag_end(&l);
	host_exit(1);
}

static void *map_fixed(const char *what, u64 start, u64 bytes, int prot,
		       int flags, int fd)
{
	void *p = mmap((void *)start, bytes, prot,
		       flags | MAP_FIXED_NOREPLACE | MAP_NORESERVE, fd, 0);

	if (p == MAP_FAILED)
		fatal_map(what, start, bytes, errno);
	return p;
}

static void reserve_vmalloc(void)
{
	map_fixed("vmalloc area", UM_VMALLOC_START,
		  UM_VMALLOC_END - UM_VMALLOC_START, PROT_NONE,
		  MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void reserve_modules(void)
{
	u32 i;

	for (i = 0; i < CHUNKS; i++)
		if (mmap((void *)(UM_MODULES_START + i * CHUNK), CHUNK, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
			 MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
			chunks_in_use |= 1ull << i;
	if (__builtin_popcountll(chunks_in_use) > (int)CHUNKS / 2)
		fatal_map("module area", UM_MODULES_START,
			  UM_MODULES_END - UM_MODULES_START, errno);
}

int physmem_init(u64 bytes)
{
	void *p;

	physmem_fd = open_memfd();
	if (ftruncate(physmem_fd, bytes))
		host_fatal("physmem", errno == EFBIG ?
			   "file size limit (ulimit -f) below mem=" :
			   "memfd size", errno);
	p = map_fixed("physmem", UM_PHYSMEM_START, bytes,
		      PROT_READ | PROT_WRITE, MAP_SHARED, physmem_fd);
	if (madvise(p, bytes, MADV_DONTFORK) || madvise(p, bytes, MADV_DONTDUMP))
		host_fatal("physmem", "madvise", errno);
	reserve_modules();
	reserve_vmalloc();
	physmem_bytes = bytes;
	return physmem_fd;
}

void physmem_shadow(u64 bytes)
{
	void *p;

	if (!bytes)
		return;
	p = map_fixed("shadow memory", UM_SHADOW_START, bytes,
		      PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	/* a huge page would be 16 MiB of memory of which little is used */
	madvise(p, bytes, MADV_NOHUGEPAGE);
	if (madvise(p, bytes, MADV_DONTFORK) || madvise(p, bytes, MADV_DONTDUMP))
		host_fatal("shadow memory", "madvise", errno);
}

void host_shadow_release(u64 start, u64 len)
{
	if (madvise((void *)start, len, MADV_DONTNEED))
		memset((void *)start, 0, len);
}

bool physmem_covers(u64 addr)
{
	return addr - UM_PHYSMEM_START < physmem_bytes;
}

/* ---- initrd ---- */

static void read_all(int fd, const char *file, char *to, u64 bytes)
{
	while (bytes) {
		ssize_t n = read(fd, to, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			host_fatal("initrd", file, errno);
		if (n == 0) {
			diag_say("initrd", file, "shrank while it was read");
			host_exit(1);
		}
		to += n;
		bytes -= n;
	}
}

static u64 initrd_size(int fd, const char *file)
{
	struct stat st;

	if (fstat(fd, &st))
		host_fatal("initrd", file, errno);
	if (!S_ISREG(st.st_mode)) {
		diag_say("initrd", file, "not a regular file");
		host_exit(1);
	}
	if ((u64)st.st_size + CMDLINE_MEM_MIN > physmem_bytes) {
		diag_say("initrd", file, "does not fit: raise mem=");
		host_exit(1);
	}
	return st.st_size;
}

void physmem_load_initrd(const char *file, u64 *gpa, u64 *bytes)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		host_fatal("initrd", file, errno);
	*bytes = initrd_size(fd, file);
	*gpa = (physmem_bytes - *bytes) & ~(PAGE - 1);
	read_all(fd, file, (char *)UM_PHYSMEM_START + *gpa, *bytes);
	close(fd);
}

/* ---- while the guest runs ---- */

static int host_prot(u32 prot)
{
	return (prot & HOST_PROT_READ ? PROT_READ : 0) |
	       (prot & HOST_PROT_WRITE ? PROT_WRITE : 0) |
	       (prot & HOST_PROT_EXEC ? PROT_EXEC : 0);
}

static bool in_range(u64 va, u64 len, u64 start, u64 end)
{
	return va >= start && va <= end && len <= end - va;
}

static bool module_range(u64 va, u64 len)
{
	u64 chunk, last;

	if (!len || !in_range(va, len, UM_MODULES_START, UM_MODULES_END))
		return false;
	last = (va + len - 1 - UM_MODULES_START) / CHUNK;
	for (chunk = (va - UM_MODULES_START) / CHUNK; chunk <= last; chunk++)
		if (chunks_in_use >> chunk & 1)
			return false;
	return true;
}

static bool kmap_range(u64 va, u64 len)
{
	return in_range(va, len, UM_VMALLOC_START, UM_VMALLOC_END) ||
	       module_range(va, len);
}

int host_kmap(u64 va, u64 gpa, u64 len, u32 prot)
{
	if (!kmap_range(va, len) || !in_range(gpa, len, 0, physmem_bytes))
		return -EINVAL;
	if (mmap((void *)va, len, host_prot(prot),
		 MAP_SHARED | MAP_FIXED | MAP_NORESERVE, physmem_fd, gpa) == MAP_FAILED)
		return -errno;
	return 0;
}

void host_kunmap(u64 va, u64 len)
{
	if (!kmap_range(va, len))
		return;
	/* Cannot fail but at the host's limit on mappings, where splitting
	 * one is refused; the guest kernel then goes on with a stale one. */
	if (mmap((void *)va, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
		 MAP_FIXED | MAP_NORESERVE, -1, 0) == MAP_FAILED)
		diag_err("host_kunmap", "vm.max_map_count", errno);
}

int host_physmem_release(u64 gpa, u64 len)
{
	if (!in_range(gpa, len, 0, physmem_bytes))
		return -EINVAL;
	if (fallocate(physmem_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      gpa, len))
		return -errno;
	return 0;
}
