/* SPDX-License-Identifier: GPL-2.0 */
/* What the stores of tests have in common: vectors, and chance that repeats. */
#ifndef TESTS_UNIT_DRIVERS_IOTEST_H
#define TESTS_UNIT_DRIVERS_IOTEST_H

#include <sys/uio.h>

#include <abi/types.h>

/* A small generator of its own, so that runs repeat. */
u32 random_below(u32 n);
void random_seed(u32 seed);

u64 vec_total(const struct iovec *iov, int n);
/* Copies len bytes from p into the vector, or from there to p. */
void vec_copy(const struct iovec *iov, unsigned char *p, u64 len, bool in);

#endif
