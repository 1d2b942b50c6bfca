// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "iotest.h"

static u32 state = 1;

void random_seed(u32 seed)
{
	state = seed ? seed : 1;
}

u32 random_below(u32 n)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % n;
}

u64 vec_total(const struct iovec *iov, int n)
{
	u64 sum = 0;

	while (n--)
		sum += (iov++)->iov_len;
	return sum;
}

void vec_copy(const struct iovec *iov, unsigned char *p, u64 len, bool in)
{
	for (; len; iov++) {
		u64 part = iov->iov_len < len ? iov->iov_len : len;

		if (in)
			memcpy(iov->iov_base, p, part);
		else
			memcpy(p, iov->iov_base, part);
		p += part;
		len -= part;
	}
}
