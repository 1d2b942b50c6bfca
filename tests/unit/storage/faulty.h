/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host's calls on image files, failing on request: the linker puts these
 * between the program and the C library (faulty_ldflags).
 */
#ifndef TESTS_UNIT_STORAGE_FAULTY_H
#define TESTS_UNIT_STORAGE_FAULTY_H

#include <stdatomic.h>

#include <abi/types.h>

enum {
	FAULT_OPEN	= 1,	/* open, link, rename */
	FAULT_LOOK	= 2,	/* fstat, lseek */
	FAULT_READ	= 4,
	FAULT_WRITE	= 8,
	FAULT_SYNC	= 16,
	FAULT_ROOM	= 32,	/* fallocate, ftruncate */
	FAULT_TIMES	= 64,	/* futimens, fchmod */
	FAULT_ALL	= 127,
};

struct faulty {
	atomic_uint kinds;	/* which calls count */
	atomic_int left;	/* the call that fails, from 1; 0: none */
	atomic_bool on;		/* and all after it */
	atomic_int err;		/* errno */
	atomic_bool shorten;	/* reads and writes move a part */
	atomic_bool lazy;	/* syncs do nothing: there is no power cut */
	atomic_int calls;	/* counted */
	atomic_uint hit;	/* kinds that failed */
};

extern struct faulty faulty;

/* No faults; counts from 0. */
void faulty_none(void);
/* The call'th of these kinds fails. */
void faulty_fail(u32 kinds, int call, bool on, int err);

#endif
