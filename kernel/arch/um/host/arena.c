// SPDX-License-Identifier: GPL-2.0
/*
 * The arena: a sparse memfd, mapped whole in the kernel process, from which
 * control pages and stub slots of all guest processes are cut. Pieces are of
 * one size. The stub code has a memfd of its own, sealed.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "allow.h"
#include "../abi/layout.h"
#include "backend_priv.h"

HOST_ALLOW(fallocate);

#define ARENA_START	((u8 *)UM_ARENA_START)
#define ARENA_PIECES	(1u << 17)
#define ARENA_BYTES	((u64)ARENA_PIECES * STUB_SLOT_SIZE)

static struct spin lock;
static u32 next_piece, nr_free;
static u32 *free_pieces;
static int stub_fd;

/* Without MFD_EXEC: mapping it executable works under any vm.memfd_noexec. */
static int make_memfd(const char *name, unsigned int flags)
{
	int fd = memfd_create(name, flags | MFD_CLOEXEC | 8 /* MFD_NOEXEC_SEAL */);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, flags | MFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int make_stub(void)
{
	size_t len = stub_end - stub_begin;
	int fd = make_memfd("um-stub", MFD_ALLOW_SEALING);

	if (fd < 0)
		return fd;
	if (len > STUB_CODE_SIZE || ftruncate(fd, STUB_CODE_SIZE) ||
	    pwrite(fd, stub_begin, len, 0) != (ssize_t)len ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)) {
		close(fd);
		return -EIO;
	}
	return fd;
}

int arena_init(void)
{
	int fd = make_memfd("um-arena", 0);
	void *p;

	if (fd < 0)
		return fd;
	if (ftruncate(fd, ARENA_BYTES))
		return -errno;
	p = mmap(ARENA_START, ARENA_BYTES, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, fd, 0);
	if (p != ARENA_START)
		return p == MAP_FAILED ? -errno : -EEXIST;
	madvise(p, ARENA_BYTES, MADV_DONTFORK);
	madvise(p, ARENA_BYTES, MADV_DONTDUMP);
	backend.arena_fd = fd;
	free_pieces = malloc(ARENA_PIECES * sizeof(*free_pieces));
	if (!free_pieces)
		return -ENOMEM;
	stub_fd = make_stub();
	return stub_fd < 0 ? stub_fd : 0;
}

int arena_stub_fd(void)
{
	return stub_fd;
}

void *arena_ptr(s64 offset)
{
	return ARENA_START + offset;
}

s64 arena_alloc(void)
{
	s64 piece = -1;

	spin_lock(&lock);
	if (nr_free)
		piece = free_pieces[--nr_free];
	else if (next_piece < ARENA_PIECES)
		piece = next_piece++;
	spin_unlock(&lock);
	return piece < 0 ? -ENOMEM : piece * STUB_SLOT_SIZE;
}

void arena_free(s64 offset)
{
	if (fallocate(backend.arena_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      offset, STUB_SLOT_SIZE))
		memset(arena_ptr(offset), 0, STUB_SLOT_SIZE);
	spin_lock(&lock);
	free_pieces[nr_free++] = offset / STUB_SLOT_SIZE;
	spin_unlock(&lock);
}
