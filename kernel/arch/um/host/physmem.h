/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest physical memory: one memfd, mapped whole at UM_PHYSMEM_START, and the
 * reserved ranges (vmalloc, modules) into which pieces of it are mapped again.
 */
#ifndef UM_HOST_PHYSMEM_H
#define UM_HOST_PHYSMEM_H

#include "../abi/types.h"

/* Makes and maps physmem and reserves the ranges. Ends the program with a
 * message when the host refuses. Returns the memfd, close-on-exec. */
int physmem_init(u64 bytes);

/* The guest kernel's shadow memory (guest.h). As physmem_init(). */
void physmem_shadow(u64 bytes);

/* Loads the file to the end of physmem, page aligned; ends the program with a
 * message when that is impossible. */
void physmem_load_initrd(const char *file, u64 *gpa, u64 *bytes);

/* True if addr lies in the direct map: a SIGBUS there means that the host
 * could not supply a page. */
bool physmem_covers(u64 addr);

#endif
