/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers as people write them on a command line. */
#ifndef IMGTOOL_SIZE_H
#define IMGTOOL_SIZE_H

#include <stdint.h>

/*
 * Bytes: digits with an optional K, M, G, T or P (powers of 1024; either
 * case; "iB" or "B" may follow). 0, -EINVAL, or -ERANGE over 2^63-1.
 */
int size_parse(const char *text, uint64_t *bytes);

/* "10.5 MiB", with at most four digits. OUT has 16 bytes. Returns OUT. */
char *size_format(uint64_t bytes, char *out);

/* "UID:GID", both numbers below 2^32-1. 0 or -EINVAL. */
int owner_parse(const char *text, uint32_t *uid, uint32_t *gid);

/* A number of seconds since 1970, as SOURCE_DATE_EPOCH. 0 or -EINVAL. */
int epoch_parse(const char *text, int64_t *seconds);

#endif
