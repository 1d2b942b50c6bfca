/* SPDX-License-Identifier: GPL-2.0 */
/* Locks on image files, against other kernels and other tools. */
#ifndef UBD_HOST_LOCK_H
#define UBD_HOST_LOCK_H

#include <stddef.h>

#include <abi/types.h>

/*
 * Locks the whole file for as long as fd is open: for writing, or for reading
 * beside other readers. 0; -EAGAIN if somebody else has it, who is then named
 * in holder ("process 123 (linux)"); another -errno where the file system has
 * no locks. Waits for nobody, but a second for one that cannot be seen: it may be
 * a process that is ending.
 */
int lock_image(int fd, bool writing, char *holder, size_t size);

#endif
